"""The trainings on public speech, on small made sets."""

import io

import numpy as np
import pytest
from scipy.io import wavfile

from rnncore.apps.speech import reading
from rnncore.speech.features import BANDS, standardised
from tests.helpers.arrays import assert_close
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401 - fixtures
from tests.helpers.trainings import check
from tools.train.ch15 import _cepstra as cepstra
from tools.train.ch15 import an4, fsdd


@pytest.fixture(autouse=True)
def forgotten():
    """No training has kept a set of another test, or keeps this one's."""
    kept = an4.read_data, fsdd.read_digits
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()


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
        "unvaried",
        "nearest",
        "linear",
    )
    assert set(found) >= {
        "real.fsdd.linear",
        "real.fsdd.theo.errors",
        "real.fsdd.theo.nearest",
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
