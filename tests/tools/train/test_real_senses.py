"""The trainings on public speech, films and poses, on small made sets."""

import argparse
import io
from importlib import import_module

import numpy as np
import pytest
import torch
from scipy.io import savemat, wavfile
from scipy.spatial.distance import cdist

from rnncore.apps.estimators import VideoClassifier
from rnncore.apps.speech import reading
from rnncore.apps.spine import runs
from rnncore.apps.video import command as video
from rnncore.apps.video import poses
from rnncore.apps.video import poses_command as video_poses
from rnncore.apps.video.plan import FilmPlan
from rnncore.speech.features import BANDS, standardised
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401 - fixtures
from tools import measurements
from tools.train import runner
from tools.train.ch15 import an4, cepstra, fsdd
from tools.train.ch16 import avletters, msr_action3d

POSES = "dataset/MSRAction3D/MSRAction3DSkeletonReal3D/"


@pytest.fixture(autouse=True)
def forgotten():
    """No training has kept a set of another test, or keeps this one's."""
    kept = (
        an4.read_data,
        fsdd.read_digits,
        avletters.read_films,
        msr_action3d.read_motions,
    )
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
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
        assert measurements.find_page(key) in {
            "ch15_speech",
            "ch16_video",
            "ch16_actions",
        }
    return found


@pytest.fixture
def cepstra_there(there, rng):
    """Eight people to learn from and one to be judged by, as AN4 is."""
    files = {"an4/LICENSE": b"Carnegie Mellon University"}
    for part, people in (("train", "abcdefgh"), ("test", "i")):
        names = [
            f"{part}/f{p}/an{k}-f{p}-b" for p in people for k in (1, 2)
        ]
        said = [f"GO A B ({name.split('/')[-1]})" for name in names]
        for name in names:
            frames = rng.normal(size=(90, 13)).astype(">f4")
            count = np.array([frames.size], ">i4").tobytes()
            files[f"an4/feat/{name}.mfc"] = count + frames.tobytes()
        files[f"an4/etc/an4_{part}.fileids"] = "\n".join(names).encode()
        path = f"an4/etc/an4_{part}.transcription"
        files[path] = "\n".join(said).encode()
    return there("an4_mfcc", files)


def test_an4_is_read_three_ways(cepstra_there, monkeypatch, capsys):
    found = check(an4.TRAINING, cepstra_there, monkeypatch, capsys)
    for name in an4.READINGS:
        assert float(found[f"real.an4.{name}"]) >= 0
        assert float(found[f"real.an4.{name}.letters"]) >= 0
    assert float(found["real.an4.nearest"]) == 0  # all say the same
    assert float(found["real.an4.lexicon.weight"]) in reading.WEIGHTS


def test_a_lexicon_writes_only_its_words(rng):
    texts = ["go a b", "b go"]
    letters = an4.letters_of(texts)
    log_p = np.log(rng.dirichlet(np.ones(letters.size), size=12))
    language = reading.make_bonus(letters, texts, 0.5, spelt=True)
    said = reading.read_beam(log_p, letters, language, {"go", "a", "b"})
    assert said
    assert set(said.split(" ")) <= {"go", "a", "b"}


def test_sure_pauses_are_shortened_and_nothing_else():
    blank = np.log([0.9995, 0.0003, 0.0002])
    letter = np.log([0.2, 0.5, 0.3])
    log_p = np.stack([blank, blank, letter, blank, blank, blank, letter])
    kept = reading.without_pauses(log_p)
    assert_close(kept, np.stack([blank, letter, blank, letter]))


def test_cepstra_become_bands_and_go_back(rng):
    given = rng.normal(size=(30, 13))
    bands = cepstra.smooth_bands(given)
    assert bands.shape == (10, 3 * BANDS)
    k = np.arange(BANDS) + 0.5
    one = np.zeros((1, 13))
    one[0, 2] = 1
    expected = 2 * np.cos(2 * np.pi * k / BANDS)
    assert_close((one @ cepstra.cosines(13))[0], expected)
    # what stays is each cepstrum's course, if all bands vary alike
    alike = standardised(given) @ cepstra.cosines(13)
    back = cepstra.back_to_cepstra(alike.reshape(10, -1))
    expected = standardised(given).astype(np.float32)
    assert_close(back.reshape(30, 13), expected)
    varied = cepstra.varied_cepstra(rng, bands, 9)
    assert varied.shape[1] == 39
    assert len(varied) >= 9
    with pytest.raises(ValueError, match="count: expected 1 to 40, got 41"):
        cepstra.cosines(41)
    with pytest.raises(ValueError, match="features"):
        cepstra.back_to_cepstra(bands[:, :-1])


def test_a_man_is_in_one_part(there, rng, monkeypatch, capsys):
    files = {"README.md": b"digits"}
    for man in fsdd.MEN:
        for digit in range(10):
            file = io.BytesIO()
            sound = rng.integers(-9000, 9000, 3000).astype(np.int16)
            wavfile.write(file, 8000, sound)
            files[f"recordings/{digit}_{man}_0.wav"] = file.getvalue()
            files[f"recordings/{digit}_{man}_1.wav"] = file.getvalue()
    folder = there("fsdd", files)
    found = check(
        fsdd.TRAINING,
        folder,
        monkeypatch,
        capsys,
        "theo",
        "words",
        "unvaried",
        "nearest",
        "linear",
    )
    assert set(found) >= {
        "real.fsdd.linear",
        "real.fsdd.theo.errors",
        "real.fsdd.theo.nearest",
        "real.fsdd.words.valid",
        "real.fsdd.unvaried.test",
        "real.fsdd.nearest.pauses",
    }
    parts = fsdd.parts_of("yweweler", fsdd.heard_level, few=False)
    people = [{one.speaker for one in part} for part in parts]
    assert people[1:] == [{"george"}, {"yweweler"}]
    assert people[0] == {*fsdd.MEN} - people[1] - people[2]


def test_the_linear_rival_reads_order_and_is_chosen_by_the_validation(rng):
    def part(count, speaker, mislabelled=0):
        some = []
        for n in range(count):
            T, up = int(rng.integers(15, 40)), n % 5 == 0
            ramp = np.linspace(-1, 1, T) * (1 if up else -1)
            noisy = ramp[:, None] + rng.normal(size=(T, 3))
            text = "rising" if up != (n < mislabelled) else "falling"
            some.append(fsdd.Recording(f"{n}.wav", text, speaker, noisy))
        return some

    parts = fsdd.RecordingParts(
        part(20, "a", 4), part(40, "b"), part(10, "c")
    )
    wrong, tried = fsdd.linear_errors(parts)
    assert wrong == 0
    best = min(tried, key=tried.get)
    assert set(tried) > set(fsdd.STRENGTHS)
    assert min(tried) < best < max(tried)
    assert tried[best] < min(tried[min(tried)], tried[max(tried)])


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
