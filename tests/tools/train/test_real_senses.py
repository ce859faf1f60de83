"""The trainings on public speech, films and poses, on small made sets."""

import argparse
import io

import numpy as np
import pytest
from scipy.io import savemat, wavfile
from scipy.spatial.distance import cdist

from rnncore.commands import speech, video
from rnncore.estimators import VideoClassifier
from rnncore.speech import cepstra, reading
from rnncore.speech.features import BANDS, standardised
from rnncore.speech.plan import SpeechPlan
from rnncore.video.plan import FilmPlan
from tests.helpers.arrays import assert_close
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401 - fixtures
from tools import measurements
from tools.train import runner
from tools.train.real import an4, avletters, fsdd, msr_action3d

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


def test_an4_is_read_three_ways(there, rng, monkeypatch, capsys):
    files = {"an4/LICENSE": b"Carnegie Mellon University"}
    for part, people in (("train", "abc"), ("test", "d")):
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
    folder = there("an4_mfcc", files)
    found = check(an4.TRAINING, folder, monkeypatch, capsys)
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
    parts = fsdd.parts_of("yweweler", "speech", few=False)
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
    application.add(parser.add_subparsers())
    words = [application.KIND, "train", str(folder), "--model", "m"]
    return parser.parse_args(words)


def test_what_the_commands_have_by_default_is_measured(tmp_path):
    given = defaults(speech, tmp_path)
    given.patience = None
    assert speech._make_plan(given) == SpeechPlan() == fsdd.PLAN
    assert given.normalise == fsdd.DigitPlan().normalise
    assert not given.plain
    given = defaults(video, tmp_path)
    given.frames = VideoClassifier.frames
    given.patience = VideoClassifier.patience
    assert video._make_plan(vars(given)) == FilmPlan()
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
    names = "loop", "bag", "left.Yi", "nearest", "raw"
    found = check(avletters.TRAINING, folder, monkeypatch, capsys, *names)
    for key in "loop.right", "bag.right", "left.Yi.right", "nearest":
        assert 0 <= float(found[f"real.avletters.{key}"]) <= 100
    assert 0 < float(found["real.avletters.raw.valid"][1:-1]) < 1


def test_poses_of_people_apart(there, rng, monkeypatch, capsys):
    files = {}
    for action in (1, 20):
        for person in range(1, 11):
            rows = rng.normal(size=(6 * 20, 4))
            rows[:20] = 0  # nobody is seen in the first frame
            text = "\n".join(" ".join(map(str, row)) for row in rows)
            name = f"a{action:02}_s{person:02}_e01_skeleton3D.txt"
            files[POSES + name] = text.encode()
    folder = there("msr_action3d", files)
    found = check(msr_action3d.TRAINING, folder, monkeypatch, capsys)
    for key in "loop.right", "bag.right", "nearest":
        assert 0 <= float(found[f"real.msr_action3d.{key}"]) <= 100
    joints, labels = msr_action3d.select_people(*msr_action3d.LEARNED)
    assert labels.tolist() == [0] * 5 + [19] * 5
    assert {len(a) for a in joints} == {5}
    assert not joints[0][:, msr_action3d.HIP].any()


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
    found = msr_action3d.warped_distances(a, others)
    assert_close(found, [distance(a, b) for b in others])


def test_turned_poses_keep_their_distances(rng, monkeypatch):
    joints = rng.normal(size=(9, 20, 3))
    joints -= joints[:, msr_action3d.HIP][:, None]
    for name in "SIZE", "NOISE", "ENDS":
        monkeypatch.setattr(msr_action3d, name, 0.0)
    turned = msr_action3d.vary_poses(joints, rng)[:, :60].reshape(-1, 20, 3)
    still = msr_action3d.compute_features(joints)[:, :60].reshape(-1, 20, 3)
    lengths = (cdist(a[3], a[3]) for a in (turned, still))
    assert_close(*lengths, within=1e-5)
    assert_close(turned[..., 1], still[..., 1])  # y is up
    assert np.abs(turned - still).max() > 0.01
