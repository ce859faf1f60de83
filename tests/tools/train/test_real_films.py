"""The trainings on public films and poses, on small made sets."""

import io

import numpy as np
import pytest
from scipy.io import savemat
from scipy.spatial.distance import cdist

from rnncore.apps.estimators import VideoClassifier
from rnncore.apps.video import command as video
from rnncore.apps.video.plan import FilmPlan
from tests.helpers.arrays import assert_close
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401 - fixtures
from tools import measurements
from tools.train import runner
from tools.train.ch16 import _poses as poses
from tools.train.ch16 import avletters, msr_action3d

POSES = "dataset/MSRAction3D/MSRAction3DSkeletonReal3D/"


@pytest.fixture(autouse=True)
def forgotten():
    """No training has kept a set of another test, or keeps this one's."""
    for function in avletters.read_films, msr_action3d.read_motions:
        function.cache_clear()
    yield
    for function in avletters.read_films, msr_action3d.read_motions:
        function.cache_clear()


def check(training, folder, monkeypatch, capsys, *names):
    """What a training with few steps reports, by key."""
    monkeypatch.setenv("RNNCORE_DATA", str(folder))
    runner.main(training, ["--check", "--steps", "2", *names])
    found = {}
    for line in capsys.readouterr().out.splitlines():
        key, colon, value = line.partition(": ")
        if colon and key.startswith("real."):
            found[key] = value
    for key in found:
        assert measurements.find_page(key) == "ch16_video"
    return found


def test_films_are_learned_as_lips_were():
    films = np.zeros((1, 24, 24, 24))
    plan = video.make_plan(VideoClassifier().get_params(), films)
    assert plan == FilmPlan()
    assert FilmPlan(patience=None) == avletters.PLAN
    assert video.SHARES[0] == avletters.SHARE


def test_letters_of_mouths(there, rng, monkeypatch, capsys):
    files = {}
    for letter in "AB":
        for person in ("Anya", "Yi"):
            for take in (1, 2, 3):
                film = rng.integers(0, 256, (4800, 5)).astype(np.uint8)
                file = io.BytesIO()
                savemat(file, {"vid": film})
                name = f"avletters/Lips/{letter}{take}_{person}-lips.mat"
                files[name] = file.getvalue()
    folder = there("avletters", files)
    networks = "loop", "bag"
    names = *networks, "left.Yi", "nearest", "rates"
    found = check(avletters.TRAINING, folder, monkeypatch, capsys, *names)
    shares = [f"{network}.right" for network in networks]
    for key in *shares, "left.Yi.right", "nearest":
        assert 0 <= float(found[f"real.avletters.{key}"]) <= 100
    assert "real.avletters.rates" in found


def test_a_rate_of_lips_is_searched_without_the_test(monkeypatch):
    films = avletters.Films(*[np.zeros(0)] * 3, np.array([1, 2, 3]))
    monkeypatch.setattr(avletters, "read_films", lambda: films)
    given = []

    def train_network(network, test, seed, rate, asked):
        given.append((seed, test.tolist()))
        return None, {"valid": abs(np.log(rate / 0.02))}

    monkeypatch.setattr(avletters, "train_network", train_network)
    found = avletters.search("bag", runner.Options())
    assert found.chosen == {"rate": 0.02}
    assert not found.edges
    assert [t.setting["rate"] for t in found.tried] == [
        0.002,
        0.004,
        0.008,
        0.02,
        0.05,
    ]
    assert found.test == []
    assert all(one == (0, [False, False, True]) for one in given)


@pytest.fixture
def skeletons(there, rng, monkeypatch):
    """Two actions of ten people, as MSR Action3D has them."""
    files = {}
    for action in (1, 20):
        for person in range(1, 11):
            rows = rng.normal(size=(6 * 20, 4))
            rows[:20] = 0  # nobody is seen in the first frame
            text = "\n".join(" ".join(map(str, row)) for row in rows)
            name = f"a{action:02}_s{person:02}_e01_skeleton3D.txt"
            files[POSES + name] = text.encode()
    return there("msr_action3d", files)


def test_poses_of_people_apart(skeletons, monkeypatch, capsys):
    found = check(msr_action3d.TRAINING, skeletons, monkeypatch, capsys)
    for key in "loop.right", "bag.right", "nearest":
        assert 0 <= float(found[f"real.msr_action3d.{key}"]) <= 100
    joints, labels = msr_action3d.select_people(poses.is_learned)
    assert labels.tolist() == [0] * 5 + [1] * 5
    assert {len(a) for a in joints} == {5}
    assert not joints[0][:, poses.HIP].any()


def test_warping_is_the_cheapest_way_through_both(rng):
    def distance(a, b):
        cost = cdist(a, b)
        total = np.full((len(a) + 1, len(b) + 1), np.inf)
        total[0, 0] = 0
        for i in range(len(a)):
            for j in range(len(b)):
                ways = total[i, j], total[i, j + 1], total[i + 1, j]
                total[i + 1, j + 1] = cost[i, j] + min(ways)
        return total[-1, -1]

    a, others = rng.normal(size=(5, 3)), rng.normal(size=(4, 7, 3))
    found = poses.warped_distances(a, others)
    assert_close(found, [distance(a, b) for b in others])


def test_turned_poses_keep_their_distances(rng, monkeypatch):
    joints = rng.normal(size=(9, 20, 3))
    joints -= joints[:, poses.HIP][:, None]
    for name in "SIZE", "NOISE", "ENDS":
        monkeypatch.setattr(poses, name, 0.0)
    turned = poses.vary_poses(joints, 32, rng)[:, :60].reshape(-1, 20, 3)
    still = poses.compute_features(joints, 32)[:, :60].reshape(-1, 20, 3)
    lengths = (cdist(a[3], a[3]) for a in (turned, still))
    assert_close(*lengths, within=1e-5)
    assert_close(turned[..., 1], still[..., 1])  # y is up
    assert np.abs(turned - still).max() > 0.01
