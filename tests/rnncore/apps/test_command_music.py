"""python -m rnncore music: folders of scores, new ones as MIDI and sound."""

import re
import shlex
import shutil
import wave
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import music21
import numpy as np
import pytest

from rnncore.apps.music import command
from rnncore.apps.music.estimator import Composer
from rnncore.music import files as music_files
from rnncore.music.files import read_score, write_midi
from rnncore.music.score import transpose
from rnncore.music.split import fingerprint
from rnncore.music.training import load_voices
from rnncore.music.voices import score_nats
from rnncore.storage.weights import load_weights, stored
from tests.helpers.arrays import assert_close
from tests.helpers.commands import (
    cut_off,
    examples,
    run,
    shown_help,
    weights,
)
from tests.helpers.music import airs

pytestmark = pytest.mark.slow

TUNES = 12
TINY = {"hidden": 8, "batch": 4, "window": 16, "transpose": 1}
TINY |= {"steps": 12, "evaluate_every": 4}
FEW = ["--hidden", 8, "--transpose", 1, "--steps", 4]


@pytest.fixture(scope="module", autouse=True)
def parsed_once():
    """music21 takes 0.2 s a tune: equal files are parsed once.

    What cannot be read is tried each time.
    """
    parse, known = music_files._read, {}

    def read(path, frame):
        if not path.is_file():
            return parse(path, frame)
        key = path.name, path.read_bytes(), frame  # the name is the title
        if key not in known:
            known[key] = parse(path, frame)
        found = known[key]
        return found._replace(scores=list(found.scores))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(music_files, "_read", read)
        yield


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """A folder of MIDI files, one of which is none."""
    folder = tmp_path_factory.mktemp("songs")
    for k, tune in enumerate(airs(TUNES)):
        below = folder / "more" if k % 2 else folder
        below.mkdir(exist_ok=True)
        tune.write("midi", below / f"air {k:02}.mid")
    (folder / "broken.mid").write_bytes(b"MThd, but not really")
    (folder / "letter.txt").write_text("no score")
    return folder


@pytest.fixture(scope="module")
def trained(songs):
    """A model, and what was printed on stdout and stderr."""
    from rnncore.__main__ import main

    path = songs.parent / "songs.safetensors"
    words = ["music", "train", songs, "--model", path, *FEW]
    with (
        redirect_stdout(StringIO()) as out,
        redirect_stderr(StringIO()) as err,
    ):
        assert main([str(word) for word in words]) == 0
    return path, out.getvalue(), err.getvalue()


def table(out):
    rows = re.findall(r"^([^:\n]+?) +(\d+\.\d{3})$", out, re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_training_prints_scores_beside_baselines(trained):
    _, out, _ = trained
    assert "GRU of 8 units, 1 voice, seed 0, 4 steps in" in out
    assert re.search(
        r"\d pieces that training did not see, \d+ frames", out
    )
    assert list(table(out)) == [
        "the network",
        "Markov chain",
        "Markov chain, from all keys",
        "how often each note occurs in each voice",
    ]


def test_what_was_read_is_shown_and_what_was_not(trained):
    """Pieces, the first bars of the first, what was left out and why."""
    path, out, err = trained
    shown = err.splitlines()
    assert shown[0].startswith(f"{TUNES} pieces in ")
    assert shown[0].endswith("frames of 0.5 quarter notes, 1 voice")
    assert re.match(r"  .+: ([A-G][♯♭]?\d|-|\.|\|)( |$)", shown[1])
    (left,) = (line for line in shown if line.startswith("left out: "))
    assert "1 no MIDI, MusicXML or ABC by its ending (letter.txt)" in left
    assert "broken.mid" in left
    _, about = load_weights(path)
    assert [about["read"][k] for k in (0, 1, -1)] == [*shown[:2], left]
    assert all(line in out for line in about["read"])


def test_the_bars_that_are_shown_begin_where_the_first_whole_one_does(
    tmp_path,
):
    (tmp_path / "a.abc").write_text("X:1\nL:1/4\nM:3/4\nK:C\nC|DEF|GAB|\n")
    lines = command.read(tmp_path, 1.0).lines
    assert lines[1].endswith(": C4 | D4 E4 F4")


def test_what_the_grid_loses_is_told(tmp_path):
    (tmp_path / "quick.abc").write_text(
        "X:1\nM:4/4\nL:1/16\nK:C\nC3 D C4 C8 |\n"
    )
    lines = command.read(tmp_path, 0.5).lines
    assert "25.0% of the notes are lost" in lines[-1]
    assert "lost" not in command.read(tmp_path, 0.25).lines[-1]


def test_the_file_holds_all_that_is_needed(trained):
    path, out, _ = trained
    _, about = load_weights(path, "music, voices")
    assert about["V"] == 1
    assert about["frame"] == 0.5
    shown = table(out)["the network"]
    assert_close(about["score"], shown, within=6e-4)
    assert about["baseline"] < about["score"]
    assert {"command", "seconds", "date", "torch", "seed"} <= set(about)


def test_the_test_pieces_are_those_that_were_not_seen(trained, songs):
    path, out, _ = trained
    model, about = load_voices(path)
    fresh = []
    for file in sorted(songs.rglob("air*.mid")):
        score = read_score(file)
        if fingerprint(score)[:16] not in about["seen"]:
            fresh.append(score)
    assert 0 < len(fresh) < TUNES / 2
    expected = table(out)["the network"]
    assert_close(score_nats(model, fresh), expected, within=6e-4)
    what, low, high = about["interval"]
    assert what == "nats per frame"
    assert low <= expected <= high


def test_evaluate_gives_the_scores_again(trained, songs, capsys):
    path, out, _ = trained
    code, again, err = run(capsys, "music", "evaluate", path, songs)
    assert (code, again) == (0, out)
    assert "broken.mid" in err


def test_pieces_seen_in_training_are_never_scored(
    trained, songs, tmp_path, capsys
):
    path, _, _ = trained
    _, about = load_voices(path)
    seen = next(
        score
        for score in map(read_score, sorted(songs.rglob("air*.mid")))
        if fingerprint(score)[:16] in about["seen"]
    )
    write_midi(tmp_path / "same.mid", transpose(seen, 2))
    code, _, err = run(capsys, "music", "evaluate", path, tmp_path)
    assert code == 2
    assert "the model has learned from all of it" in err
    new = list(airs(TUNES + 5))[-1]
    new.write("midi", tmp_path / "new.mid")
    code, out, err = run(capsys, "music", "evaluate", path, tmp_path)
    assert code == 0
    assert "scored on 1 piece that training did not see" in out
    assert list(table(out)) == ["the network"]
    assert "no baseline" in err


def test_a_trained_model_is_not_overwritten(trained, songs, capsys):
    path, out, _ = trained
    before = path.read_bytes()
    words = ["music", "train", songs, "--model", path, *FEW]
    code, again, err = run(capsys, *words)
    assert (code, again) == (0, out)
    assert "is already trained; delete it to train it again" in err
    code, _, err = run(capsys, *words, "--frame", 0.25)
    assert code == 2
    assert "frame was 0.5, now 0.25" in err or "data have changed" in err
    assert path.read_bytes() == before


def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(
    songs, tmp_path, capsys, monkeypatch
):
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    Composer(**TINY).fit(songs, path=whole)
    folder = tmp_path / "b.safetensors.run"
    with cut_off(monkeypatch, folder / "run.npz"):
        Composer(**TINY).fit(songs, path=broken)
    assert broken.exists()  # of the best weights so far
    assert len(np.load(folder / "run.npz")["log:loss"]) == 4
    capsys.readouterr()
    Composer(**TINY).fit(songs, path=broken)
    assert "goes on after step 4" in capsys.readouterr().err
    assert weights(broken) == weights(whole)
    assert not folder.exists()


def sample(capsys, trained, tmp_path, *more):
    out = tmp_path / "new.mid"
    words = ["music", "sample", trained[0], "--out", out]
    words += ["--force", *more]
    code, shown, err = run(capsys, *words)
    assert code == 0, err
    return shown.split()


def test_a_sample_is_music_that_others_can_read(trained, tmp_path, capsys):
    files = sample(capsys, trained, tmp_path, "--bars", 4, "--wav")
    assert [Path(f).suffix for f in files] == [".mid", ".musicxml", ".wav"]
    _, about = load_voices(trained[0])
    quarters = 4 * about["bar"] * about["frame"]
    low, high = about["compass"][0]
    for file in files[:2]:
        score = music21.converter.parse(file, forceSource=True)
        notes = list(score.flatten().notes)
        assert notes
        assert all(low <= n.pitch.midi <= high for n in notes)
        assert score.duration.quarterLength <= quarters
    xml = music21.converter.parse(files[1], forceSource=True)
    assert xml.duration.quarterLength == quarters
    with wave.open(files[2]) as sound:
        assert sound.getframerate() == 22_050
        seconds = sound.getnframes() / sound.getframerate()
        assert_close(
            seconds,
            quarters * 60 / about["tempo"],
            within=0.01 * quarters * 60 / about["tempo"],
        )
        samples = np.frombuffer(sound.readframes(10**9), np.int16)
    assert 0.9 < np.abs(samples).max() / 2**15 <= 0.96


def test_a_sample_depends_on_the_seed_alone(trained, tmp_path, capsys):
    made = []
    for seed in 1, 1, 2:
        words = ["--bars", 2, "--seed", seed]
        (midi, _) = sample(capsys, trained, tmp_path, *words)
        made.append(Path(midi).read_bytes())
    assert made[0] == made[1] != made[2]


def test_the_tempo_may_be_chosen(trained, tmp_path, capsys):
    midi, _ = sample(capsys, trained, tmp_path, "--tempo", 132, "--bars", 1)
    assert_close(read_score(midi).tempo, 132, within=0.01)


def test_a_melody_keeps_its_notes_when_it_is_harmonised(
    two_voices, tmp_path, capsys
):
    path, folder = two_voices
    melody = min(folder.glob("*.mid"))
    out = tmp_path / "a.mid"
    words = ["music", "sample", path, "--out", out, "--melody", melody]
    code, _, err = run(capsys, *words)
    assert code == 0, err
    made, given = read_score(out), read_score(melody)
    assert made.pitches.shape[1] == 2
    T = min(len(made.pitches), len(given.pitches))
    np.testing.assert_array_equal(made.pitches[:T, 0], given.pitches[:T, 0])


@pytest.fixture(scope="module")
def two_voices(songs):
    """A folder of rounds, each tune against itself, and a model of it."""
    folder = songs.parent / "rounds"
    folder.mkdir()
    for k, file in enumerate(sorted(songs.rglob("air*.mid"))[:6]):
        tune = read_score(file)
        below = transpose(tune, -12)
        both = tune._replace(
            pitches=np.hstack([tune.pitches, below.pitches]),
            starts=np.hstack([tune.starts, below.starts]),
        )
        write_midi(folder / f"{k}.mid", both)
    path = songs.parent / "rounds.safetensors"
    Composer(**TINY).fit(folder, path=path)
    assert load_voices(path)[1]["V"] == 2
    return path, folder


def test_pieces_with_more_or_fewer_voices_are_told(
    two_voices, songs, tmp_path
):
    _, folder = two_voices
    both = tmp_path / "both"
    shutil.copytree(folder, both)
    shutil.copy(min(songs.rglob("air*.mid")), both / "alone.mid")
    few = TINY | {"steps": 1}
    model = Composer(**few).fit(both)
    told = "learning 2 voices a piece: 1 of 7 pieces have more or fewer"
    assert any(told in line for line in model.about_["read"])
    model = Composer(**few, voices=3).fit(both)
    assert model.about_["V"] == 3
    assert not any("more or fewer" in x for x in model.about_["read"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "a.txt"], "a.txt: expected a file that ends in .mid or"),
        (["--out", "no/a.mid"], "there is no folder no"),
        (["--melody", "no.mid"], "no.mid: there is no such file"),
        (["--device", "cuda:9"], "device: "),
    ],
)
def test_a_sample_that_cannot_be_is_refused(
    trained, tmp_path, capsys, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    words = ["music", "sample", trained[0], "--out", "a.mid", *words]
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_folders_that_hold_no_music_are_refused(songs, tmp_path, capsys):
    def refused(folder, *words):
        model = tmp_path / "m.safetensors"
        words = ["music", "train", folder, "--model", model, *words]
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "")
        assert not model.exists()
        return err

    assert "there is no such folder" in refused(tmp_path / "nowhere")
    (tmp_path / "a.abc").write_text("X:1\n")
    assert "expected a folder, got a file" in refused(tmp_path / "a.abc")
    folder = tmp_path / "songs"
    folder.mkdir()
    assert f"{folder}: there is no file that ends in .mid" in refused(
        folder
    )
    (folder / "a.mid").write_bytes(b"")
    assert (
        f"{folder}: its one file cannot be learned from\n"
        "  a.mid: the file is empty\n"
    ) in refused(folder)
    tune = min(songs.rglob("air*.mid"))
    for k in range(3):
        shutil.copy(tune, folder / f"{k}.mid")
    err = refused(folder)
    assert "left out: 1 the file is empty (a.mid)" in err
    assert (
        f"{folder}: scores: expected at least 3 different pieces, got 1 "
        "among 3"
    ) in err
    model = tmp_path / "m.safetensors"
    with pytest.raises(SystemExit):
        run(
            capsys, "music", "train", songs, "--model", model, "--voices", 0
        )


def test_a_model_of_another_application_is_refused(songs, tmp_path, capsys):
    import torch

    from rnncore.storage.weights import save_weights

    other = tmp_path / "m.safetensors"
    save_weights(other, torch.nn.Linear(2, 2), {"kind": "text"})
    for words in (
        ["evaluate", other, songs],
        ["sample", other, "--out", "a.mid"],
    ):
        code, _, err = run(capsys, "music", *words)
        assert code == 2
        assert (
            "expected a model of 'music, voices', got one of 'text'" in err
        )


def test_the_help_s_examples_work(songs, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "songs"
    folder.mkdir()
    for file in sorted(songs.rglob("air*.mid"))[:5]:
        shutil.copy(file, folder)
    lines = examples(shown_help(capsys, "music"))
    parts = [line.split()[1] for line in lines]
    assert parts == ["train", "sample", "evaluate"]
    for part, line in zip(parts, lines):
        assert examples(shown_help(capsys, "music", part)) == [line]
        few = ["--steps", 2, "--transpose", 0] if part == "train" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err
    for ending in "mid", "musicxml", "wav":
        assert (tmp_path / f"new.{ending}").stat().st_size > 0


def test_the_course_s_own_model_composes_too(songs, tmp_path, capsys):
    midi = tmp_path / "a.mid"
    words = ["music_voices", "--out", midi, "--bars", 1]
    code, _, err = run(capsys, "music", "sample", *words)
    assert code == 0, err
    assert read_score(midi).pitches.shape[1] == 4
    path = stored("music_voices")
    code, _, err = run(capsys, "music", "evaluate", path, songs)
    assert code == 2
    assert "expected one that tells what it saw" in err


@pytest.mark.weekly
def test_four_voices_of_palestrina_beat_what_counts(tmp_path, capsys):
    """A folder that the course does not have, trained as the help says."""
    folder = tmp_path / "masses"
    folder.mkdir()
    for path in music21.corpus.getComposer("palestrina")[:10]:
        score = music21.corpus.parse(path)
        score.write("midi", folder / f"{Path(path).stem}.mid")
    model = tmp_path / "m.safetensors"
    words = ["music", "train", folder, "--model", model, "--steps", 300]
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert "4 voices" in out
    scores = table(out)
    network = scores.pop("the network")
    assert network < min(scores.values())
    new = tmp_path / "new.mid"
    run(capsys, "music", "sample", model, "--out", new, "--bars", 8)
    assert read_score(new).pitches.shape[1] == 4


@pytest.mark.parametrize(("rate", "told"), [(1e-9, True), (0.02, False)])
def test_a_model_of_music_that_learns_nothing_is_noticed(
    songs, capsys, rate, told
):
    more = {"rate": rate, "steps": 60, "transpose": 0}
    Composer(**TINY | more).fit(songs)
    err = capsys.readouterr().err
    assert ("nothing was learned: validation began at" in err) is told
