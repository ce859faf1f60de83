"""python -m rnncore speech: folders of recordings, and single files."""

import re
import shlex
import shutil
import unicodedata
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import jiwer
import numpy as np
import pytest
import torch
from scipy.io import wavfile
from scipy.signal import resample_poly

from rnncore.apps.speech import command
from rnncore.apps.speech.folder import (
    read_folder,
    split_speakers,
)
from rnncore.apps.speech.reading import make_reader
from rnncore.apps.speech.recordings import (
    HEARD,
    choice_of,
    first_word,
    heard_level,
    heard_speech,
    said_frames,
    stretch_word,
    words_of,
)
from rnncore.apps.speech.training import (
    choice_loss,
    count_errors,
    letter_errors,
    needed,
    outputs,
    varied,
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
from rnncore.speech.model import batch_of, load_recognizer
from rnncore.storage.files import Refused
from rnncore.storage.weights import load_weights, stored
from tests.helpers.arrays import assert_close
from tests.helpers.commands import (
    Killed,
    examples,
    run,
    shown_help,
    stopped,
    weights,
)
from tests.helpers.recordings import COUNT, fill, tones

pytestmark = pytest.mark.slow

TINY = ["--hidden", 8, "--layers", 1, "--batch", 4, "--steps", 12]
TINY += ["--evaluate-every", 4, "--speakers", "names"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tones, one recording below, and two files that cannot be used."""
    folder = fill(tmp_path_factory.mktemp("spoken") / "recordings")
    (folder / "more").mkdir()
    for ending in "wav", "txt":
        one = folder / f"voice0-000.{ending}"
        one.rename(folder / "more" / one.name)
    (folder / "broken.wav").write_bytes(b"RIFF, but not really")
    (folder / "broken.txt").write_text("o")
    shutil.copy(folder / "voice1-001.wav", folder / "alone.wav")
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    """A model, and what was printed on stdout and stderr."""
    from rnncore.__main__ import main

    path = folder.parent / "spoken.safetensors"
    words = ["speech", "train", folder, "--model", path, *TINY]
    with (
        redirect_stdout(StringIO()) as out,
        redirect_stderr(StringIO()) as err,
    ):
        assert main([str(word) for word in words]) == 0
    return path, out.getvalue(), err.getvalue()


def table(out):
    """Word errors by row."""
    rows = re.findall(
        r"^(.+?) +(\d+\.\d{3}) +\d+\.\d{3}$", out, re.MULTILINE
    )
    return {name: float(value) for name, value in rows}


def test_training_prints_scores_beside_baselines(trained):
    _, out, _ = trained
    assert "bidirectional LSTM of 8 units, seed 0, 12 steps in" in out
    assert "5 recordings by 1 speaker not used in training" in out
    scores = table(out)
    assert list(scores) == [
        "the network",
        "what the most similar recording says",
        "always the commonest transcript",
        "always nothing",
    ]
    assert scores["always nothing"] == 100


def test_words_said_often_have_a_linear_rival(tmp_path, capsys):
    """Two words as two chirps: a straight line tells them apart."""
    folder = tmp_path / "words"
    rng = np.random.default_rng(0)
    t = np.arange(RATE // 2) / RATE
    for speaker in range(6):
        for k in range(6):
            word, rise = ("up", 3000) if k % 2 else ("down", -3000)
            start = 4000 if rise < 0 else 800
            sound = np.sin(2 * np.pi * (start * t + rise * t**2))
            sound += rng.normal(0, 0.1, len(t))
            place = folder / word
            place.mkdir(parents=True, exist_ok=True)
            path = place / f"v{speaker}-{k}.wav"
            wavfile.write(path, RATE, (8000 * sound).astype(np.int16))
    words = ["speech", "train", folder, "--transcripts", "folders"]
    words += ["--model", tmp_path / "m.safetensors", *TINY]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert table(out)["a linear classifier of 20 moments"] == 0
    assert "network's % word errors: " in out
    assert "network's % letter errors: " in out


def test_signs_make_no_words(tmp_path):
    """Three words, however they are written, are three."""
    ways = "{}", "{}.", "{},", "{}!", '"{}"', "{}…"
    rows = []
    for k, word in enumerate(("one", "Two", "don’t")):
        for n, way in enumerate(ways):
            rng = np.random.default_rng(10 * k + n)
            name = f"{k}-{n}.wav"
            sound = rng.normal(0, 3000, RATE // 4).astype(np.int16)
            wavfile.write(tmp_path / name, RATE, sound)
            rows.append(f"{name}\t{way.format(word)}\n")
    (tmp_path / "transcripts.tsv").write_text("".join(rows), "utf-8")
    texts = [one.text for one in read_folder(tmp_path).recordings]
    assert sorted(set(texts)) == ["don't", "one", "two"]


def test_letters_are_told_with_the_words_that_are_too_rare(capsys):
    texts = ["one two"] * 12 + ["three"] * 3
    assert isinstance(command._choose_labels("auto", texts), Letters)
    err = capsys.readouterr().err
    assert "of 3 words 1, such as 'three', are said fewer than 10" in err


def test_errors_counted_by_recording_are_those_of_all():
    true = ["one two three", "four", "five six"]
    read = ["one too", "four four", "five six"]
    errors, lengths = count_errors(true, read)
    assert errors.tolist() == [2, 1, 0]
    assert lengths.tolist() == [3, 1, 2]
    errors, lengths = count_errors(true, read, letters=True)
    assert_close(
        100 * errors.sum() / lengths.sum(), letter_errors(true, read)
    )


def test_over_several_speakers_the_interval_is_of_speakers():
    true = ["one two"] * 8
    read = ["one two"] * 4 + ["one", "two", "three", ""]
    names = [name for name in "aabbccdd"]
    found = command._draw_intervals(true, read, names)
    assert found["interval"][0] == "% word errors over speakers"
    assert found["intervals"][0][0] == "% letter errors over speakers"
    alone = command._draw_intervals(true, read, ["a"] * 8)
    assert alone["interval"][0] == "% word errors"
    unknown = command._draw_intervals(true, read, list("abcdefgh"))
    assert unknown == alone
    _, low, high = found["interval"]
    _, inner_low, inner_high = alone["interval"]
    assert low < inner_low < inner_high < high


def test_what_cannot_be_used_is_named_and_the_rest_goes_on(trained):
    _, _, err = trained
    assert "broken.wav: no WAV file: " in err
    assert "alone.wav: no alone.txt beside it" in err
    assert f"2 files left out; going on with {COUNT} recordings" in err


def test_the_scores_are_those_of_the_test_speakers(trained, folder):
    path, out, _ = trained
    network, letters, about = load_recognizer(path)
    recordings = read_folder(
        folder, speakers="names", listen=heard_speech
    ).recordings
    parts = RecordingParts(*split_speakers(recordings, 0))
    speakers = [{r.speaker for r in part} for part in parts]
    assert not set.intersection(*speakers)
    assert sum(map(len, parts)) == COUNT
    found = outputs(network, [r.features for r in parts.test])
    read = [written(p, letters) for p in found]
    errors = 100 * jiwer.wer([r.text for r in parts.test], read)
    assert_close(table(out)["the network"], errors, within=6e-4)
    assert_close(about["score"], errors)
    assert {"command", "seconds", "date", "seed"} <= set(about)


def test_speakers_of_other_folders_choose_and_are_scored(
    folder, tmp_path, capsys
):
    parts = dict.fromkeys(("train", "validation", "test"), 0)
    voices = sorted({p.name[:6] for p in folder.glob("voice*.wav")})
    of = dict.fromkeys(voices, "train")
    of |= {voices[-1]: "test", voices[-2]: "validation"}
    for name in parts:
        (tmp_path / name).mkdir()
    for file in folder.rglob("voice*.*"):
        part = of[file.name[:6]]
        shutil.copy(file, tmp_path / part / file.name)
        parts[part] += file.suffix == ".wav"
    twice = next((tmp_path / "test").glob("*.wav"))
    for ending in ".wav", ".txt":
        copy = tmp_path / "train" / f"voice0-twice{ending}"
        shutil.copy(twice.with_suffix(ending), copy)
    path = tmp_path / "m.safetensors"
    words = ["speech", "train", tmp_path / "train", "--model", path, *TINY]
    words += ["--validation", tmp_path / "validation"]
    more = ["--test", tmp_path / "test"]
    code, out, err = run(capsys, *words, *more)
    assert code == 0, err
    assert f"voice0-twice.wav: the same sound as test: {twice.name}" in err
    about = load_weights(path)[1]
    assert about["split"] == parts
    said = f"{parts['test']} recordings"
    assert f"scored on {said} by 1 speaker not used in training" in out
    other = "speech", "evaluate", path
    code, out, _ = run(capsys, *other, tmp_path / "test")
    assert code == 0
    assert_close(table(out)["the network"], about["score"], within=6e-4)
    (tmp_path / "train" / "voice0-twice.wav").unlink()
    code, _, err = run(capsys, *words, "--restart")
    assert code == 0, err  # without --test some of the folder is
    about = load_weights(path)[1]
    code, out, _ = run(capsys, *other, tmp_path / "train")
    assert code == 0
    assert_close(table(out)["the network"], about["score"], within=6e-4)
    code, _, err = run(capsys, *words, *more, "--restart")
    assert code == 0, err
    code, _, err = run(capsys, *other, tmp_path / "train")
    assert code == 2
    assert "expected the folder of --test, or another" in err


def test_letters_are_read_in_known_words_too(folder, tmp_path, capsys):
    path, text = tmp_path / "m.safetensors", tmp_path / "text"
    words = ["speech", "train", folder, "--model", path, *TINY]
    code, out, err = run(capsys, *words, "--units", "letters")
    assert code == 0, err
    name = (
        r"^the network, in words of training, --weight ([\d.]+) +([\d.]+) "
    )
    weight, score = re.search(name, out, re.MULTILINE).groups()
    network, letters, _ = load_recognizer(path)
    parts = RecordingParts(
        *split_speakers(
            read_folder(
                folder, speakers="names", listen=heard_speech
            ).recordings,
            0,
        )
    )
    texts = [r.text for r in parts.train]
    read = make_reader(letters, texts, float(weight), spelt=True)
    found = outputs(network, [r.features for r in parts.test])
    said = [read(log_p) for log_p in found]
    known = {word for line in texts for word in line.split()}
    assert {word for line in said for word in line.split()} <= known
    errors = 100 * jiwer.wer([r.text for r in parts.test], said)
    assert_close(float(score), errors, within=6e-4)
    text.write_text("\n".join(texts))
    file = folder / f"{parts.test[0].name.removesuffix('.wav')}.wav"
    words = ["speech", "transcribe", file, "--model", path, "--words"]
    code, out, err = run(capsys, *words, "--text", text, "--weight", weight)
    assert code == 0, err
    assert out == f"{said[0]}\n"
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "--words: expected --text" in err
    text.write_text("xyz\n")
    code, _, err = run(capsys, *words, "--text", text)
    assert code == 2
    assert "no line can be written in what" in err
    code, _, err = run(capsys, *words[:-1], "--text", text)
    assert code == 2
    assert "no line can be written in what" in err
    model = tmp_path / "words.safetensors"
    train = ["speech", "train", folder, "--model", model, *TINY]
    assert run(capsys, *train, "--units", "words", "--no-baselines")[0] == 0
    words[4] = model
    code, _, err = run(capsys, *words, "--text", text)
    assert code == 2
    assert "writes whole words already" in err


def test_evaluate_gives_the_scores_again(trained, folder, capsys):
    path, out, _ = trained
    code, again, _ = run(capsys, "speech", "evaluate", path, folder)
    assert (code, again) == (0, out)


def test_another_folder_is_scored_without_what_must_have_heard(
    trained, tmp_path, capsys
):
    path, _, _ = trained
    other = fill(tmp_path / "other", 4)
    code, out, err = run(capsys, "speech", "evaluate", path, other)
    assert code == 0
    assert "not the recordings that the model was trained on" in err
    assert list(table(out)) == ["the network", "always nothing"]


@pytest.mark.parametrize("units", ["auto", "one"])
def test_it_learns_what_is_said(units, tmp_path, capsys):
    folder = fill(tmp_path / "r", most=1)
    model = tmp_path / "m.safetensors"
    words = ["--model", model, "--hidden", 16, "--layers", 1]
    words += ["--batch", 8, "--steps", 60, "--rate", 0.02]
    words += ["--speakers", "names", "--evaluate-every", 30]
    words += ["--units", units]
    code, out, _ = run(capsys, "speech", "train", folder, *words)
    assert code == 0
    assert table(out)["the network"] == 0
    rng = np.random.default_rng(9)
    paths = [tmp_path / "o.wav", tmp_path / "i.wav"]
    for path in paths:
        sound = tones(rng, [path.stem])
        wavfile.write(path, 8000, sound.astype("f"))
    words = ["speech", "transcribe", *paths, "--model", model]
    for more in [], ["--beam", 4]:
        code, out, _ = run(capsys, *words, *more)
        read = "".join(f"{path}\t{path.stem}\n" for path in paths)
        assert (code, out) == (0, read)


def test_a_choice_comes_with_the_time_of_its_recording(tmp_path, capsys):
    folder = fill(tmp_path / "r", most=1)
    model = tmp_path / "m.safetensors"
    words = ["--model", model, *TINY, "--units", "one"]
    assert run(capsys, "speech", "train", folder, *words)[0] == 0
    assert load_recognizer(model)[1] == Choice(("i", "o"))
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
    wavfile.write(tmp_path / "late.wav", 8000, np.zeros(4000, "f"))
    code, out, err = run(capsys, *words, "--times")
    assert (code, out) == (0, "")
    assert "no words were heard" in err


def test_a_run_that_broke_off_ends_with_the_same_weights(
    folder, tmp_path, capsys, monkeypatch
):
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    words = ["speech", "train", folder, *TINY, "--patience", 100]
    run(capsys, *words, "--model", whole)
    checkpoint = tmp_path / "b.safetensors.run" / "run.npz"
    words += ["--model", broken]
    stopped(monkeypatch, capsys, Killed, checkpoint, *words)
    assert broken.exists()  # of the best weights so far
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "goes on after step" in err
    assert weights(broken) == weights(whole)


def test_a_finished_run_and_another_one_are_told_apart(
    trained, folder, tmp_path, capsys
):
    path, out, _ = trained
    before = path.read_bytes()
    words = ["speech", "train", folder, "--model", path, *TINY]
    code, again, err = run(capsys, *words)
    assert (code, again) == (0, out)
    assert "is already trained" in err
    code, _, err = run(capsys, *words, "--hidden", 9)
    assert code == 2
    assert "hidden was 8, now 9" in err
    other = fill(tmp_path / "other", 12)
    words[2] = other
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "the data have changed since" in err
    assert path.read_bytes() == before


def test_a_table_says_what_is_said_and_by_whom(tmp_path):
    folder = fill(tmp_path / "r", 4)
    rows = ["voice0-000.wav\tHÉ  ho\tAnna", "voice1-001.wav\tlo\tBert", ""]
    rows += ["voice2-002.wav\tlo lo"]
    (folder / "transcripts.tsv").write_text("\n".join(rows))
    found = read_folder(folder)
    said = {r.name: (r.text, r.speaker) for r in found.recordings}
    assert said == {
        "voice0-000.wav": ("hé ho", "Anna"),
        "voice1-001.wav": ("lo", "Bert"),
        "voice2-002.wav": ("lo lo", "voice2-002.wav"),
    }
    assert found.unreadable == {
        "voice3-003.wav": "no line in transcripts.tsv"
    }
    (folder / "transcripts.tsv").write_text("voice0-000.wav lo\n")
    with pytest.raises(ValueError, match=r"line 1: expected a file, words"):
        read_folder(folder)


def test_a_table_s_names_are_compared_as_they_look(tmp_path):
    folder = fill(tmp_path / "r", 3)
    table = folder / "transcripts.tsv"
    for form, other in ("NFD", "NFC"), ("NFC", "NFD"):
        name = unicodedata.normalize(form, "zoë.wav")
        (folder / "voice0-000.wav").rename(folder / name)
        row = unicodedata.normalize(other, "zoë.wav\tsí\u2028no\tZoë")
        rows = [row, "voice1-001.wav\tlo", "gone.wav\tlo"]
        table.write_text("\n".join(rows), encoding="utf-8")
        found = read_folder(folder)
        one = found.recordings[-1]
        assert (one.name, one.text, one.speaker) == (
            *("zoë.wav", "sí no", "Zoë"),
        )
        assert found.unreadable == {
            "voice2-002.wav": "no line in transcripts.tsv",
            "gone.wav": "transcripts.tsv, line 3: there is no such file",
        }
        (folder / name).rename(folder / "voice0-000.wav")
    table.write_text("voice1-001.wav\tlo\nvoice1-001.wav\tli\n")
    with pytest.raises(ValueError, match="line 2: an earlier line says"):
        read_folder(folder)


@pytest.mark.parametrize(
    "name", ["VOICE0-000", "voice0-000.WAV", '"voice0-000.wav"', "x\\{}"]
)
def test_a_table_s_names_may_be_written_otherwise(tmp_path, name):
    folder = fill(tmp_path / "r", 2)
    if "{}" in name:
        (folder / "x").mkdir()
        wav = folder / "voice0-000.wav"
        wav.rename(folder / "x" / wav.name)
        name = name.format("voice0-000.wav")
    (folder / "transcripts.tsv").write_text(f"{name}\tlo\tAnna\n")
    (one,) = read_folder(folder).recordings
    assert one.name.endswith("voice0-000.wav")
    assert (one.text, one.speaker) == ("lo", "Anna")


def test_a_table_whose_names_are_none_is_shown_beside_the_folder(tmp_path):
    folder = fill(tmp_path / "r", 2)
    table = folder / "transcripts.tsv"
    table.write_text("LJ001\tlo\n")
    told = "has names as 'LJ001', the folder as 'voice0-000.wav'"
    with pytest.raises(Refused, match=told):
        read_folder(folder)
    lines = [f"anna\tvoice{k}-00{k}.wav\tlo\n" for k in range(2)]
    table.write_text("".join(lines))
    with pytest.raises(Refused, match="files' names are in column 2"):
        read_folder(folder)


@pytest.mark.parametrize("level", [0.0, 0.4])
def test_a_recording_without_a_sound_is_left_out(tmp_path, level):
    folder = fill(tmp_path / "r", 3)
    samples = np.full(16_000, level, np.float32)
    wavfile.write(folder / "voice0-000.wav", 16_000, samples)
    found = read_folder(folder)
    assert len(found.recordings) == 2
    why = "there is no sound in it: all samples are equal"
    assert found.unreadable == {"voice0-000.wav": why}


def test_a_folder_s_name_may_be_what_is_said(tmp_path):
    rng = np.random.default_rng(0)
    for name in "o", "i", "_noise_":
        (tmp_path / name).mkdir()
        sound = tones(rng, ["o" if name == "_noise_" else name])
        wavfile.write(tmp_path / name / "ann_1.WAV", 8000, sound)
    found = read_folder(tmp_path, "folders", "names")
    assert [(r.text, r.speaker) for r in found.recordings] == [
        ("i", "ann"),
        ("o", "ann"),
    ]
    assert list(found.unreadable) == ["_noise_/ann_1.WAV"]


def test_the_same_sound_twice_counts_once(tmp_path):
    folder = fill(tmp_path / "r", 3)
    for ending in "wav", "txt":
        one = folder / f"voice0-000.{ending}"
        shutil.copy(one, folder / f"z.{ending}")
    found = read_folder(folder)
    assert len(found.recordings) == 3
    assert found.unreadable == {"z.wav": "the same sound as voice0-000.wav"}


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no sound"),
        (b"ID3\x03 an mp3", "no sound"),
        (None, "there is no such file"),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path, capsys, content, message):
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    code, out, err = run(capsys, "speech", "transcribe", path)
    assert (code, out) == (2, "")
    assert f"speech transcribe: {path}: {message}" in err
    assert err.count("\n") == 1


def test_a_rate_that_no_sound_has_is_refused(tmp_path, capsys):
    path = tmp_path / "a.wav"
    for rate in 7, 2_000_000:
        wavfile.write(path, rate, np.ones(99, np.int16))
        code, _, err = run(capsys, "speech", "transcribe", path)
        assert code == 2
        assert (
            f"expected 1000 to 768000 samples a second, got {rate}" in err
        )


def test_silence_is_told(tmp_path, capsys):
    path = tmp_path / "a.wav"
    wavfile.write(path, 8000, np.zeros(8000, np.int16))
    code, out, err = run(capsys, "speech", "transcribe", path)
    assert (code, out.strip()) == (0, "")
    assert f"{path}: no words were heard" in err


def test_a_folder_that_cannot_be_learned_is_refused(tmp_path, capsys):
    model = ["--model", tmp_path / "m.safetensors", *TINY]
    empty, folder = tmp_path / "empty", tmp_path / "two"
    empty.mkdir()
    fill(folder, 4, 2)
    for given, message in (
        (tmp_path / "none", "there is no such folder"),
        (empty, "there is no recording with a transcript"),
        (folder, "expected at least 3 speakers, got 2"),
    ):
        code, out, err = run(capsys, "speech", "train", given, *model)
        assert (code, out) == (2, "")
        assert f"{given}: {message}" in err
    long = ["--longest", 0.01]
    code, _, err = run(capsys, "speech", "train", folder, *model, *long)
    assert code == 2
    assert "longer than 0.01 s (--longest)" in err
    for path in folder.glob("*.txt"):
        path.write_text("lo " * 99)
    code, _, err = run(capsys, "speech", "train", folder, *model)
    assert code == 2
    assert re.search(r"296 letters in 0\.\d+ s: too many", err)
    assert "no recording can be used" in err


def test_a_model_of_another_application_is_refused(seven, tmp_path, capsys):
    path = tmp_path / "a.wav"
    wavfile.write(path, RATE, seven)
    words = ["speech", "transcribe", path, "--model", "text_python"]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "expected a model of 'speech', got one of 'text'" in err


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
        few = TINY if part == "train" else []
        words = [*shlex.split(line), *map(str, few)]
        code, _, err = run(capsys, *words)
        assert code == 0, err
    assert Path("spoken.safetensors").exists()
    assert load_weights("spoken.safetensors", "speech")[1]["H"] == 8


def said_by(text, units="auto"):
    """What a network of these transcripts writes."""
    from rnncore.apps.speech.command import _choose_labels

    return _choose_labels(units, text.split(","))


def test_words_that_are_said_often_are_learned_as_wholes(capsys):
    often = ",".join(["o", "i o"] * 10)
    assert said_by(often) == Words(("i", "o"))
    assert "learning 2 words as wholes" in capsys.readouterr().err
    assert said_by(often, "letters") == Letters(" io")
    assert said_by(f"{often},once") == Letters(" ceino")
    assert said_by("once", "words") == Words(("once",))


def test_one_word_a_file_is_a_choice(capsys):
    single = ",".join(["o", "i"] * 10)
    assert said_by(single) == Choice(("i", "o"))
    assert "learning 2 words, one a file" in capsys.readouterr().err
    assert said_by(single, "words") == Words(("i", "o"))
    assert said_by(f"{single},once") == Letters("ceino")
    assert said_by("once", "one") == Choice(("once",))
    with pytest.raises(Refused, match="one word a recording, got 'i o'"):
        said_by("o,i o", "one")


def test_a_choice_is_a_number_and_back(rng):
    choice = choice_of(["no", "yes", "no"])
    assert choice == Choice(("no", "yes"))
    assert choice.size == 3
    assert choice.encode("yes") == [2]
    assert choice.decode([2]) == "yes"
    with pytest.raises(ValueError, match="'no yes' is not known"):
        choice.encode("no yes")
    log_p = np.log([[0.9, 0.04, 0.06], [0.1, 0.5, 0.4], [0.8, 0.01, 0.19]])
    assert written(log_p, choice) == "yes"


def test_the_loss_of_a_choice_is_that_of_each_recording_alone(rng):
    """Of the mean logits of its own steps, whatever the padding says."""
    logits = torch.tensor(rng.normal(size=(5, 2, 4)))
    recordings = [rng.normal(size=(n, 3)) for n in (5, 2)]
    batch = batch_of(recordings, [[1], [3]])
    loss, carry = choice_loss(lambda x, lengths: logits, batch, None)
    votes = logits[:, 0].mean(0), logits[:2, 1].mean(0)
    each = [
        -vote[1:].log_softmax(0)[said] for vote, said in zip(votes, (0, 2))
    ]
    assert carry is None
    assert_close(loss, (each[0] + each[1]) / 2)


def test_pauses_before_and_after_are_left_out(rng):
    features = rng.normal(-12, 0.5, (20, 40))
    features[5:9] += 12
    features[8, :30] -= 6  # a soft consonant at the end
    assert said_frames(features) == slice(5, 9)
    seconds = np.arange(4000) / 8000
    word = np.sin(2 * np.pi * 700 * seconds)
    quiet = rng.normal(0, 1e-4, 4000)
    later = np.concatenate([quiet, word, quiet])
    alone = np.concatenate([quiet[:400], word, quiet[:400]])
    one, other = heard_speech(later, 8000), heard_speech(alone, 8000)
    assert len(one) == len(other)
    assert_close(one[1:-1], other[1:-1], within=0.1)
    assert_close(first_word(later, 8000), 0.5, within=0.02)
    assert said_frames(np.zeros((3, 40))) == slice(0, 3)  # silence stays


def test_words_are_numbers_and_back():
    words = words_of(["no one", "on no"])
    assert words == Words(("no", "on", "one"))
    assert words.encode("one no no") == [3, 1, 1]
    assert words.decode([3, 0, 1, 1]) == "one no no"
    assert words.known("no x one") == "no one"
    with pytest.raises(ValueError, match="'x' is not known"):
        words.encode("x")


def test_a_model_of_words_is_read_as_it_was_trained(
    folder, tmp_path, capsys
):
    path = tmp_path / "w.safetensors"
    words = ["--model", path, *TINY, "--units", "words"]
    assert run(capsys, "speech", "train", folder, *words)[0] == 0
    network, known, about = load_recognizer(path)
    assert known == Words(("i", "o"))
    assert network.readout.out_features == 3
    assert about["settings"]["normalise"] == "speech"
    file = folder / "voice1-001.wav"
    log_p = outputs(network, [heard_speech(*read_wav(file))])[0]
    code, out, _ = run(
        capsys, "speech", "transcribe", file, "--model", path
    )
    assert (code, out) == (0, written(log_p, known) + "\n")
    (tmp_path / "text").write_text("o i o\ni o x\n")
    for more in ["--times"], ["--beam", 3], ["--text", tmp_path / "text"]:
        code, _, _ = run(
            capsys, "speech", "transcribe", file, "--model", path, *more
        )
        assert code == 0


def test_a_model_from_before_the_option_hears_as_it_did(
    seven, tmp_path, capsys, monkeypatch
):
    """The course's own: its file does not say what is normalised."""
    _, _, about = load_recognizer(stored("speech_digits"))
    assert "normalise" not in about.get("settings", {})
    wavfile.write(tmp_path / "a.wav", RATE, seven)
    monkeypatch.setitem(HEARD, "recording", None)
    code, out, _ = run(capsys, "speech", "transcribe", tmp_path / "a.wav")
    assert (code, out) == (0, "seven three\n")


def test_the_loser_is_named_and_what_to_try(folder, tmp_path, capsys):
    """A rate of nearly 0 teaches nothing; the nearest is often right."""
    path = tmp_path / "m.safetensors"
    words = ["speech", "train", folder, "--model", path, *TINY]
    words += ["--steps", 2, "--rate", 1e-9]
    code, out, err = run(capsys, *words)
    assert code == 0
    best = min(v for k, v in table(out).items() if k != "the network")
    assert best < table(out)["the network"]
    line = out.splitlines()[-1]
    assert "worse than the best baseline" in line
    assert f"to {best:.3f}" in line
    assert "recordings of more people" in line
    assert "nothing was learned: validation began at " in err
    again = (
        run(capsys, *words)[1],
        run(capsys, "speech", "evaluate", path, folder)[1],
    )
    assert again == (out, out)


def test_a_varied_recording_keeps_the_steps_that_it_needs(rng):
    features = rng.normal(size=(10, 80)).astype(np.float32)
    found = [varied(rng, features, 9) for _ in range(50)]
    assert {len(one) for one in found} == {9, 10, 11, 12}
    assert all(one.dtype == np.float32 for one in found)
    assert all(one.shape[1] == 80 for one in found)
    assert len(varied(rng, features[:1], 3)) == 3
    assert needed([2, 2, 1, 1, 1]) == 8


def test_varied_voices_move_in_time_and_pitch_by_so_much(rng):
    """A ridge at one band and frame, where it is not hidden."""
    features = np.zeros((40, 80), np.float32)
    frames = features.reshape(80, 40)
    frames[39:42, 20] = 9
    peaks = []
    for _ in range(200):
        one = varied(rng, features).reshape(-1, 40)
        if one.max() > 3:
            t, band = np.unravel_index(one.argmax(), one.shape)
            peaks.append((t / 40, band))
    times, bands = map(np.array, zip(*peaks))
    assert 0.75 < times.min() < 0.9
    assert 1.1 < times.max() < 1.25
    assert 17 <= bands.min() <= 18
    assert 22 <= bands.max() <= 24


def test_a_level_changes_nothing_and_a_dull_band_does(rng):
    samples = rng.normal(0, 0.1, 8000)
    loud, quiet = heard_level(samples, 8000), heard_level(samples / 8, 8000)
    assert_close(loud, quiet, within=1e-3)
    assert abs(loud.mean()) < 1e-2
    # bands that a file of 8,000 samples a second does not have
    missing = loud.reshape(-1, 40)[:, 35:]
    assert np.ptp(missing) < 1e-5


@pytest.mark.parametrize("speed", [1, 3])
def test_a_stretched_word_keeps_order_and_loses_speed(speed):
    steps = np.repeat(np.arange(20.0), speed)
    row = stretch_word(np.stack([steps, -steps], axis=1))
    expected = np.stack([np.arange(20.0), -np.arange(20.0)], axis=1).ravel()
    assert (row == expected).all()  # nothing is computed, only chosen


def test_a_recogniser_abstains_below_a_score(tmp_path, capsys):
    (tmp_path / "r").mkdir()
    path = tmp_path / "r" / "a.wav"
    rng = np.random.default_rng(0)
    wavfile.write(path, 8000, tones(rng, ["o", "i"]).astype("f"))
    sure, unsure = (
        run(capsys, "speech", "transcribe", path, "--least", least)
        for least in (0.0, 0.999)
    )
    assert sure[1].strip()
    assert re.search(r"score 0\.\d\d\n", sure[2])
    assert unsure[1].strip() == ""
    assert "below 0.999: nothing is written" in unsure[2]
