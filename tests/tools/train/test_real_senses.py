"""The trainings on public films and poses, on small made sets."""

import argparse
import io
from importlib import import_module

import numpy as np
import pytest
import torch
from scipy.io import savemat
from scipy.spatial.distance import cdist

from rnncore.apps.estimators import VideoClassifier
from rnncore.apps.spine import runs
from rnncore.apps.video import command as video
from rnncore.apps.video import poses
from rnncore.apps.video import poses_command as video_poses
from rnncore.apps.video.plan import FilmPlan
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401 - fixtures
from tests.helpers.trainings import check
from tools.train import runner
from tools.train.ch16 import avletters, msr_action3d

POSES = "dataset/MSRAction3D/MSRAction3DSkeletonReal3D/"


@pytest.fixture(autouse=True)
def forgotten():
    """No training has kept a set of another test, or keeps this one's."""
    kept = avletters.read_films, msr_action3d.read_motions
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()


def defaults(application, folder):
    """What `train` does where nothing is said."""
    parser = argparse.ArgumentParser()
    add = import_module(f"rnncore.apps.{application.KIND}.options").add
    add(parser.add_subparsers())
    words = [application.KIND, "train", str(folder), "--model", "m"]
    return parser.parse_args(words)


def test_what_the_commands_have_by_default_is_measured(tmp_path):
    given = defaults(video, tmp_path)
    runs.fill_in(given, vars(VideoClassifier()))
    assert video._make_plan(vars(given)) == FilmPlan()
    given = defaults(video, tmp_path)
    video_poses.fill_in(given)
    plan = video_poses._make_plan(vars(given))
    assert plan == poses.PosePlan() == msr_action3d.PLAN
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
    networks = "loop", "bag", "normalised"
    names = *networks, "left.Yi", "nearest", "raw", "rates"
    found = check(avletters.TRAINING, folder, monkeypatch, capsys, *names)
    shares = [f"{network}.right" for network in networks]
    for key in *shares, "left.Yi.right", "nearest":
        assert 0 <= float(found[f"real.avletters.{key}"]) <= 100
    for network in networks:
        films = found[f"real.avletters.{network}.films"]
        assert len(films) == 4
        assert set(films) <= set("01")
        right = 100 * films.count("1") / len(films)
        assert right == float(found[f"real.avletters.{network}.right"])
    assert "real.avletters.rates" in found
    assert 0 < float(found["real.avletters.raw.valid"][1:-1]) < 1


def test_lips_are_shown_at_one_mean_and_contrast(rng):
    frames = torch.as_tensor(rng.uniform(0.2, 0.8, (3, 2, 8, 8)))
    network = avletters.NormalisedClassifier(8, 4, 5, 2)
    seen = network.look(frames)
    assert seen.mean(dim=(2, 3)).abs().max() < 1e-12
    lit = network.look(0.5 * frames + 0.3)
    assert (lit - seen).abs().max() < 0.05 * seen.abs().max()
    least = seen.square().mean(dim=(2, 3)).sqrt().min()
    assert 0.9 < least <= 1


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


def test_the_command_trains_the_row_of_poses(
    skeletons, tmp_path, monkeypatch, capsys
):
    """The same weights as before the command could: in one function."""
    monkeypatch.setenv("RNNCORE_DATA", str(skeletons))
    asked, path = runner.Options(steps=3), tmp_path / "m.safetensors"
    expected, _ = msr_action3d.train_network(
        "loop", poses.is_learned, 1, asked
    )
    folder = skeletons / "msr_action3d" / POSES
    words = ["video", "train", folder, "--model", path, "--seed", 1]
    code, out, err = run(capsys, *words, "--steps", 3, "--device", "cpu")
    assert code == 0, err
    model, about = poses.load_poses(path)
    for name, values in expected.state_dict().items():
        assert_close(model.state_dict()[name], values, within=1e-12)
    people = msr_action3d.select_people(poses.is_asked)
    right = msr_action3d.measure_right(model, people)
    assert_close(about["score"], right)
    assert "10 sequences by people with even numbers" in out
    shown = {row[0]: row[1] for row in about["table"]}
    found = check(
        msr_action3d.TRAINING, skeletons, monkeypatch, capsys, "nearest"
    )
    two = float(found["real.msr_action3d.nearest"])  # --check: of two
    assert two in (0, 50, 100)
    every = poses.nearest_actions(
        msr_action3d.select_people(poses.is_learned), people.joints, 32
    )
    near = 100 * float((every == people.labels).mean())
    assert_close(shown["the nearest sequence, time warped"], near)
    code, again, err = run(capsys, "video", "evaluate", path, folder)
    assert (code, again) == (0, out), err
    told = []
    for file in sorted(folder.glob("*_s0[2468]_*")):
        code, out, err = run(
            capsys, "video", "classify", file, "--model", path
        )
        assert code == 0, err
        told.append(out.startswith(f"{file}: {file.name[:3]}\n"))
    ids = [0, 1, 2, 3, 5, 6, 7, 8]  # but the tenth person's
    said = poses.predict_actions(model, [people.joints[k] for k in ids], 32)
    assert told == (said == people.labels[ids]).tolist()


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
