"""Transcriber and `speech`: folders of recordings, and single files."""

import re
import shlex
import shutil
import unicodedata

import jiwer
import numpy as np
import pytest
from scipy.io import wavfile
from scipy.signal import resample_poly

from rnncore import train
from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.speech.folder import read_folder, show, split_speakers
from rnncore.apps.speech.reading import make_reader
from rnncore.apps.speech.recordings import (
    heard_speech,
)
from rnncore.apps.speech.training import (
    outputs,
    written,
)
from rnncore.data.speech import (
    RATE,
    RecordingParts,
    Sentence,
    digit_strings,
    speak,
)
from rnncore.speech.features import read_wav
from rnncore.speech.letters import Choice, Letters, Words
from rnncore.storage.files import Refused
from rnncore.storage.weights import load_weights
from tests.helpers.arrays import assert_close
from tests.helpers.commands import (
    Killed,
    examples,
    run,
    shown_help,
    weights,
)
from tests.helpers.recordings import COUNT, fill, tones

pytestmark = pytest.mark.slow

TINY = {"hidden": 8, "layers": 1, "batch": 4, "steps": 12}
TINY |= {"evaluate_every": 4, "device": "cpu"}
FEW = ["--hidden", 8, "--layers", 1, "--steps", 3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tones, one recording below, and files that cannot be used."""
    folder = fill(tmp_path_factory.mktemp("spoken") / "recordings")
    (folder / "more").mkdir()
    (folder / "voice0-000.wav").rename(folder / "more" / "voice0-000.wav")
    table = folder / "transcripts.tsv"
    text = table.read_text().replace("voice0-000", "more/voice0-000")
    table.write_text(f"{text}broken.flac\to\ngone.wav\to\n")
    (folder / "broken.flac").write_bytes(b"fLaC, but not really")
    (folder / "notes.txt").write_text("recorded in May")
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    """A model, and the path of its file."""
    path = folder.parent / "spoken.safetensors"
    return Transcriber(**TINY).fit(folder, path=path), path


def read(folder, **how):
    return read_folder(folder, heard_speech, **how)


def parts_of(folder, seed=0):
    return RecordingParts(*split_speakers(read(folder).recordings, seed))


# ------------------------------------------------------------- what is read


def test_a_table_says_what_is_said_and_by_whom(tmp_path):
    folder = fill(tmp_path / "r", 4)
    rows = ["voice0-000.wav\tHÉ  ho!\tAnna", "voice1-001.wav\tlo\tBert", ""]
    rows += ["voice2-002.wav\t“Lo,” lo\t", "gone.wav\tlo", "x\\y.wav\t?"]
    (folder / "x").mkdir()
    (folder / "voice3-003.wav").rename(folder / "x" / "y.wav")
    (folder / "notes.md").write_text("by me")
    (folder / "transcripts.tsv").write_text("\n".join(rows), "utf-16")
    found = read(folder)
    assert [(r.name, r.text, r.speaker) for r in found.recordings] == [
        ("voice0-000.wav", "hé ho", "Anna"),
        ("voice1-001.wav", "lo", "Bert"),
        ("voice2-002.wav", "lo lo", "voice2-002.wav"),
    ]
    assert found.left_out == {
        "notes.md": "that no line names",
        "x/y.wav": "without words",
        "line 5: gone.wav": "named in the table but not there",
    }


def test_what_was_read_is_shown(folder):
    lines = show(read(folder), {})
    assert len(lines) == 5
    assert lines[0].startswith(f"{COUNT} recordings of 0.4 minutes in ")
    assert lines[0].endswith("8,000 samples a second; 6 speakers")
    first, second, *_, last = (r for r in read(folder).recordings)
    for line, one in zip(lines[1:4], (first, second, last)):
        assert f"{one.name}  " in line
        assert line.endswith(f"  {one.text}  speaker {one.speaker}")
    assert "1 that no line names (notes.txt)" in lines[4]
    assert "(line 32: gone.wav)" in lines[4]
    assert "(broken.flac)" in lines[4]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a.wav lo", "no tab"),
        ("1\ta.wav\tlo\tAnna", "4 columns"),
        ("a.wav\tli", "line 1 says something else of a.wav"),
    ],
)
def test_a_line_of_another_form_is_refused(tmp_path, line, told):
    table = tmp_path / "transcripts.tsv"
    table.write_text(f"a.wav\tlo\n\n{line}\n")
    with pytest.raises(Refused, match=f"line 3: .*{told}"):
        read(tmp_path)


def test_a_folder_of_another_form_is_refused(tmp_path):
    folder = fill(tmp_path / "r", 2)
    (folder / "transcripts.tsv").write_text("LJ001\tlo\nLJ002\tlo\n")
    with pytest.raises(Refused) as told:
        read(folder)
    names = "has names as 'LJ001', the folder as 'voice0-000.wav'"
    assert names in str(told.value)
    (folder / "transcripts.tsv").write_text("lo\ta.wav\nlo\tb.wav\n")
    with pytest.raises(Refused, match="no line names a file of"):
        read(folder)
    (folder / "transcripts.tsv").unlink()
    for place in folder, folder / "voice0-000.wav", tmp_path / "none":
        with pytest.raises(
            Refused, match=r"a folder with transcripts\.tsv"
        ):
            read(place)


@pytest.mark.parametrize(
    ("form", "other"), [("NFD", "NFC"), ("NFC", "NFD")]
)
def test_a_table_s_names_are_compared_as_they_look(tmp_path, form, other):
    folder = fill(tmp_path / "r", 1)
    name = unicodedata.normalize(form, "zoë.wav")
    (folder / "voice0-000.wav").rename(folder / name)
    row = unicodedata.normalize(other, "zoë.wav\tsí\u2028no\tZoë")
    (folder / "transcripts.tsv").write_text(row, "utf-8")
    (one,) = read(folder).recordings
    assert one[:3] == ("zoë.wav", "sí no", "Zoë")


def test_what_cannot_be_learned_from_is_left_out(tmp_path):
    folder = fill(tmp_path / "r", 6)
    names = sorted(p.name for p in folder.glob("*.wav"))
    wavfile.write(folder / names[0], 8000, np.full(8000, 0.4, np.float32))
    opposite = np.random.default_rng(0).normal(0, 0.1, 8000)
    opposite = np.stack([opposite, -opposite], 1).astype(np.float32)
    wavfile.write(folder / names[1], 8000, opposite)
    shutil.copy(folder / names[3], folder / names[4])
    long = tones(np.random.default_rng(1), ["o", "i"] * 9)
    wavfile.write(folder / names[5], 8000, long.astype("f"))
    texts = {name: "o" for name in names} | {names[2]: "lo " * 99}
    table = "".join(f"{name}\t{text}\n" for name, text in texts.items())
    (folder / "transcripts.tsv").write_text(table)
    found = read(folder, longest=5)
    assert [r.name for r in found.recordings] == [names[3]]
    assert found.left_out == {
        names[0]: "silent: all samples are equal",
        names[1]: "silent: all samples are equal",
        names[2]: "with more letters than there is time for",
        f"{names[4]}, as {names[3]}": "of the same sound",
        names[5]: "longer than 5 s (--longest)",
    }


def test_too_few_speakers_are_refused(tmp_path):
    folder = fill(tmp_path / "r", 4, 2)
    with pytest.raises(Refused, match="at least 3 speakers, got 2"):
        Transcriber(**TINY).fit(folder)
    files = sorted(folder.glob("*.wav"))
    with pytest.raises(ValueError, match=r"^texts: expected 4, got 1"):
        Transcriber(**TINY).fit(files, ["o"])
    with pytest.raises(ValueError, match=r"^texts: expected what is said"):
        Transcriber(**TINY).fit(files)


# ---------------------------------------------------------- what is learned


def test_the_scores_are_those_of_the_test_speakers(trained, folder):
    model, path = trained
    parts = parts_of(folder)
    speakers = [{r.speaker for r in part} for part in parts]
    assert not set.intersection(*speakers)
    assert sum(map(len, parts)) == COUNT
    network, letters = model._fitted()
    found = outputs(network, [r.features for r in parts.test])
    said = [written(p, letters) for p in found]
    errors = 100 * jiwer.wer([r.text for r in parts.test], said)
    assert_close(model.score(), errors)
    assert list(model.compare().index) == [
        "the network",
        "what the most similar recording says",
        "always the commonest transcript",
        "always nothing",
    ]
    settings = model.about_["settings"]
    assert settings["rate"] == [8000, 8000]
    again = Transcriber.load(path, "cpu")
    assert_close(again.score(folder), errors)
    assert_close(Transcriber(**TINY).fit(folder).score(), errors)


def test_sounds_in_memory_are_learned_as_their_folder(trained, folder):
    model, path = trained
    found = read(folder).recordings
    sounds = [read_wav(folder / one.name) for one in found]
    texts, people = zip(*((r.text, r.speaker) for r in found))
    other = Transcriber(**TINY).fit(sounds, texts, people)
    assert_close(other.score(), model.score())
    files = [folder / one.name for one in found]
    again = Transcriber.load(path, "cpu")
    assert again.predict(files[:3]) == other.predict(sounds[:3])
    assert again.predict([(np.zeros(8000), 8000)]) == [""]
    assert again.predict(files[:1], beam=4)[0].strip()


def test_another_folder_is_scored_without_rivals(trained, tmp_path, capsys):
    _, path = trained
    other = fill(tmp_path / "other", 5)
    name = "voice0-000.wav"
    _, sound = wavfile.read(other / name)
    wavfile.write(other / name, 16_000, resample_poly(sound, 2, 1))
    code, out, err = run(capsys, "speech", "evaluate", path, other)
    assert code == 0
    assert "not what the model was trained on" in out
    assert "always nothing" in out
    assert "most similar" not in out
    assert f"{name}: 16,000 samples a second" in err
    assert "learned from 8,000" in err


def test_speakers_of_other_folders_choose_and_are_scored(folder, tmp_path):
    parts = parts_of(folder)
    for name, part in parts._asdict().items():
        (tmp_path / name).mkdir()
        rows = []
        if name == "train":  # with a recording of the test, too
            part = [*part, parts.test[0]]
        for one in part:
            shutil.copy(folder / one.name, tmp_path / name)
            file = one.name.rpartition("/")[2]
            rows.append(f"{file}\t{one.text}\t{one.speaker}\n")
        (tmp_path / name / "transcripts.tsv").write_text("".join(rows))
    given = {
        "validation": tmp_path / "validation",
        "test": tmp_path / "test",
    }
    model = Transcriber(**TINY).fit(tmp_path / "train", **given)
    counts = {name: len(part) for name, part in parts._asdict().items()}
    assert model.about_["split"] == counts
    copied = "1 of the same sound (train: "
    assert copied in model.about_["read"][4]
    count = counts["validation"]
    assert model.about_["read"][5].startswith(
        f"validation: {count} recordings, 1 speaker; test: "
    )
    assert_close(model.score(tmp_path / "test"), model.score())
    with pytest.raises(Refused, match="has learned from all of it"):
        model.score(tmp_path / "train")


def test_letters_are_read_in_known_words_too(folder, tmp_path, capsys):
    path, text = tmp_path / "m.safetensors", tmp_path / "text"
    model = Transcriber(**TINY, units="letters").fit(folder, path=path)
    (name,) = (n for n in model.compare().index if "in words of" in n)
    weight = float(name.rpartition(" ")[2])
    network, letters = model._fitted()
    parts = parts_of(folder)
    texts = [r.text for r in parts.train]
    reader = make_reader(letters, texts, weight, spelt=True)
    found = outputs(network, [r.features for r in parts.test])
    said = [reader(log_p) for log_p in found]
    known = {word for line in texts for word in line.split()}
    assert {word for line in said for word in line.split()} <= known
    errors = 100 * jiwer.wer([r.text for r in parts.test], said)
    assert_close(model.compare().loc[name, "% word errors"], errors)
    text.write_text("\n".join(texts))
    words = ["speech", "transcribe", folder / parts.test[0].name]
    words += ["--model", path, "--words"]
    more = ["--text", text, "--weight", weight]
    assert run(capsys, *words, *more)[:2] == (0, f"{said[0]}\n")
    assert "--words: expected --text" in run(capsys, *words)[2]
    text.write_text("xyz\n")
    for some in words, words[:-1]:
        code, _, err = run(capsys, *some, "--text", text)
        assert code == 2
        assert "no line can be written in what" in err


WRITTEN = {
    "letters": Letters("io"),
    "one": Choice(("i", "o")),
    "words": Words(("i", "o")),
}


@pytest.mark.parametrize("units", WRITTEN)
def test_it_learns_what_is_said(units, tmp_path):
    folder = fill(tmp_path / "r", most=1)
    more = {"hidden": 16, "batch": 8, "steps": 60, "rate": 0.02}
    more |= {"evaluate_every": 30, "units": units}
    model = Transcriber(**TINY | more).fit(folder)
    assert model.score() == 0
    assert model._fitted()[1] == WRITTEN[units]
    rng = np.random.default_rng(9)
    sounds = [(tones(rng, [word]), 8000) for word in "oi"]
    for beam in 1, 4:
        assert model.predict(sounds, beam) == ["o", "i"]
    assert "a linear classifier of 20 moments" in model.compare().index


def test_a_run_that_broke_off_ends_with_the_same_weights(
    trained, folder, tmp_path, monkeypatch
):
    _, whole = trained
    path = tmp_path / "m.safetensors"
    write = train.write_checkpoint

    def kill(*about):
        write(*about)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(train, "write_checkpoint", kill)
        with pytest.raises(Killed):
            Transcriber(**TINY).fit(folder, path=path)
    assert path.exists()  # of the best weights so far
    other = fill(tmp_path / "other", 12)
    with pytest.raises(Refused, match="the data have changed since"):
        Transcriber(**TINY).fit(other, path=path)
    Transcriber(**TINY).fit(folder, path=path)
    assert weights(path) == weights(whole)


def test_the_help_s_examples_work(
    folder, seven, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder, "recordings")
    wavfile.write("file.wav", RATE, seven)
    lines = examples(shown_help(capsys, "speech"))
    parts = [line.split()[1] for line in lines]
    assert parts == ["train", "transcribe", "evaluate"]
    for part, line in zip(parts, lines):
        assert examples(shown_help(capsys, "speech", part)) == [line]
        few = FEW if part == "train" else []
        words = [*shlex.split(line), *map(str, few)]
        code, _, err = run(capsys, *words)
        assert code == 0, err
    assert load_weights("spoken.safetensors", "speech")[1]["H"] == 8


# ---------------------------------------------------------- what is written


@pytest.fixture(scope="module")
def seven():
    """Two words, as the synthesiser says them."""
    return speak([Sentence("seven three", "en-us+f2")])[0]


@pytest.mark.parametrize(
    ("rate", "channels", "kind"),
    [(22_050, 1, "int16"), (44_100, 2, "float32"), (11_025, 1, "uint8"),
     (48_000, 6, "int32"), (16_000, 2, "int16")],
)  # fmt: skip
def test_a_file_of_any_rate_and_number_of_channels_is_read(
    seven, tmp_path, capsys, rate, channels, kind
):
    sound = resample_poly(seven, rate // 25, RATE // 25)
    sound = np.clip(np.stack([sound] * channels, axis=1), -1, 1)
    if kind == "uint8":
        sound = np.round(sound * 127 + 128)
    elif kind != "float32":
        sound = sound * np.iinfo(kind).max
    wavfile.write(tmp_path / "a.wav", rate, sound.astype(kind))
    code, out, _ = run(capsys, "speech", "transcribe", tmp_path / "a.wav")
    assert (code, out) == (0, "seven three\n")


def test_a_word_comes_with_its_time(seven, tmp_path, capsys):
    path = tmp_path / "a.wav"
    wavfile.write(path, RATE, seven)
    words = ["speech", "transcribe", path, path, "--times"]
    code, out, _ = run(capsys, *words)
    assert code == 0
    lines = out.splitlines()
    assert lines[:2] == lines[2:]
    times = [line.split("\t") for line in lines[:2]]
    assert [w for _, _, w in times] == ["seven", "three"]
    first, second = (float(t) for _, t, _ in times)
    assert 0 <= first < 0.3 < second < len(seven) / RATE


def test_a_text_of_one_s_own_corrects_letters(tmp_path, capsys):
    """The loudest noise, where greedy reading spells no words."""
    rng = np.random.default_rng(0)
    clips = digit_strings(rng, 12, ["en-us+f2", "en+m3"], (2, 4),
                          signal_to_noise=(-3.0, -3.0))  # fmt: skip
    paths = [tmp_path / f"{k}.wav" for k in range(len(clips))]
    for path, clip in zip(paths, clips):
        wavfile.write(path, RATE, clip.samples)
    true = [c.sentence.text for c in clips]
    (tmp_path / "text").write_text("\n".join(
        c.sentence.text for c in digit_strings(rng, 60, ["en"])
    ))  # fmt: skip
    errors = []
    for more in [], ["--text", tmp_path / "text"]:
        code, out, _ = run(capsys, "speech", "transcribe", *paths, *more)
        assert code == 0
        read = [line.partition("\t")[2] for line in out.splitlines()]
        errors.append(jiwer.wer(true, read))
    assert errors[1] < errors[0]


def test_a_choice_comes_with_the_time_of_its_recording(tmp_path, capsys):
    folder = fill(tmp_path / "r", most=1)
    model = tmp_path / "m.safetensors"
    Transcriber(**TINY, units="one").fit(folder, path=model)
    quiet = np.random.default_rng(1).normal(0, 1e-3, 4000)
    late = np.concatenate([quiet, 0.5 * np.sin(np.arange(2000) * 1.4)])
    wavfile.write(tmp_path / "late.wav", 8000, late.astype("f"))
    words = [
        "speech",
        "transcribe",
        tmp_path / "late.wav",
        "--model",
        model,
    ]
    code, out, _ = run(capsys, *words, "--times")
    assert code == 0
    second, word = out.split("\t")
    assert_close(float(second), 0.5, within=0.03)
    assert word in ("i\n", "o\n")
    (tmp_path / "text").write_text("o\ni\n")
    code, _, err = run(capsys, *words, "--text", tmp_path / "text")
    assert code == 2
    assert "--units words or letters" in err


def test_a_recogniser_abstains_below_a_score(tmp_path, capsys):
    path = tmp_path / "a.wav"
    words = ["speech", "transcribe", path]
    sound = tones(np.random.default_rng(0), ["o", "i"])
    wavfile.write(path, 8000, sound.astype("f"))
    sure, unsure = (
        run(capsys, *words, "--least", least) for least in (0.0, 0.999)
    )
    assert sure[1].strip()
    assert re.search(r"score 0\.\d\d\n", sure[2])
    assert unsure[1].strip() == ""
    assert "below 0.999: nothing is written" in unsure[2]
    wavfile.write(path, 8000, np.zeros(8000, np.int16))
    code, out, err = run(capsys, *words, "--times")
    assert (code, out) == (0, "")
    assert "no words were heard" in err
    path.write_bytes(b"ID3\x03 an mp3")
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"speech transcribe: {path}: no sound" in err
