"""Transcriber and `speech`: folders of recordings, and single files."""

import re
import shlex
import shutil
import unicodedata

import jiwer
import numpy as np
import pytest
import torch
from scipy.io import wavfile
from scipy.signal import resample_poly

from rnncore import train
from rnncore.apps.speech import command
from rnncore.apps.speech.estimator import Transcriber
from rnncore.apps.speech.folder import read_folder, show, split_speakers
from rnncore.apps.speech.reading import make_reader
from rnncore.apps.speech.recordings import (
    choice_of,
    first_word,
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
from rnncore.speech.model import batch_of
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
    assert "2 that no line names (voice0-000.wav ...)" in str(told.value)
    assert "2 named in the table but not there (line 1: LJ001 ...)" in str(
        told.value
    )
    (folder / "transcripts.tsv").unlink()
    with pytest.raises(Refused, match=r"expected transcripts\.tsv in it"):
        read(folder)
    with pytest.raises(Refused, match="there is no such folder"):
        read(tmp_path / "none")


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

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(train, "write_checkpoint", kill)
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
    wavfile.write(tmp_path / "late.wav", 8000, np.zeros(4000, "f"))
    code, out, err = run(capsys, *words, "--times")
    assert (code, out) == (0, "")
    assert "no words were heard" in err


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


# ---------------------------------------------------------------- its parts


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


def said_by(text, units="auto"):
    """What a network of these transcripts writes."""
    return command._choose_labels(units, text.split(","))


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


@pytest.mark.parametrize("speed", [1, 3])
def test_a_stretched_word_keeps_order_and_loses_speed(speed):
    steps = np.repeat(np.arange(20.0), speed)
    row = stretch_word(np.stack([steps, -steps], axis=1))
    expected = np.stack([np.arange(20.0), -np.arange(20.0)], axis=1).ravel()
    assert (row == expected).all()  # nothing is computed, only chosen
