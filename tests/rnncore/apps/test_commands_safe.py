"""What holds for all commands: nothing is lost, and a refusal is quick."""

import contextlib
import io
import json
import signal
import subprocess
import sys
import types
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from rnncore import __main__, train
from rnncore.apps.spine import common, runs
from rnncore.apps.text.estimator import TextModel
from rnncore.storage.files import Refused
from tests.helpers.commands import (
    APPLICATIONS,
    ENV,
    ROOT,
    Killed,
    broken_off,
    run,
    shell,
    shown_help,
    weights,
)
from tests.helpers.sales import sales, write

pytestmark = pytest.mark.slow

TINY = {"hidden": 8, "batch": 4, "window": 8, "steps": 20}
FEW = ["--hidden", 8, "--steps", 3]


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("The cat sat on a mat. It slept.\n" * 90)
    return path


def is_kept(path, capsys, *words):
    """A command leaves the file as it is, and takes it with --force."""
    before = path.read_bytes()
    code, _, err = run(capsys, *words)
    assert code == 2
    assert f"{path}: it is there already; --force replaces it\n" in err
    assert path.read_bytes() == before
    code, _, err = run(capsys, *words, "--force")
    assert code == 0, err
    assert path.read_bytes() != before


def test_a_forecast_does_not_replace_its_table(tmp_path, capsys):
    table = write(tmp_path / "sales.csv", sales())
    model, figure = tmp_path / "m.safetensors", tmp_path / "a.svg"
    words = ["forecast", "train", table, "--date", "day", "--value", "sold"]
    words += ["--horizon", 3, "--model", model, *FEW]
    assert run(capsys, *words)[0] == 0
    figure.write_text("dear to somebody")
    evaluate = ["forecast", "evaluate", model, table]
    is_kept(figure, capsys, *evaluate, "--plot", figure)
    is_kept(
        table, capsys, "forecast", "forecast", model, table, "--out", table
    )


@pytest.mark.parametrize("ending", [".mid", ".musicxml", ".wav"])
def test_a_sample_of_music_replaces_no_file(tmp_path, capsys, ending):
    path = (tmp_path / "new").with_suffix(ending)
    path.write_text("dear to somebody")
    out = ["--out", tmp_path / "new.mid", "--bars", 1, "--wav"]
    is_kept(path, capsys, "music", "sample", "music_voices", *out)


def test_a_drawn_film_replaces_no_file(tmp_path, capsys):
    path = tmp_path / "film.mp4"
    path.write_text("dear to somebody")
    is_kept(path, capsys, "video", "draw", path)


@pytest.mark.parametrize("ending", [".mov", ".avi", ".mkv", ".mpg"])
def test_a_film_is_drawn_into_each_container(tmp_path, capsys, ending):
    path = tmp_path / f"film{ending}"
    assert run(capsys, "video", "draw", path)[0] == 0
    model = "--model", "video_actions"
    assert run(capsys, "video", "classify", path, *model)[0] == 0
    code, _, err = run(capsys, "video", "draw", tmp_path / "film.webm")
    assert code == 2
    assert "expected a file that ends in .mp4 or .mov" in err


def test_a_poster_replaces_no_file(tmp_path, capsys):
    path = tmp_path / "poster.svg"
    path.write_text("dear to somebody")
    words = ["memory-ruler", ROOT / "examples/my_cell.py"]
    code, _, err = run(capsys, *words, "--poster", path)
    assert code == 2
    assert f"{path}: it is there already; --force replaces it" in err
    assert path.read_text() == "dear to somebody"


def test_a_model_does_not_replace_what_it_learns_from(
    book, tmp_path, capsys
):
    path = book.rename(tmp_path / "book.safetensors")
    before = path.read_bytes()
    code, _, err = run(capsys, "text", "train", path, "--model", path)
    assert code == 2
    assert f"--model: {path} is what is to be learned from" in err
    assert path.read_bytes() == before


def test_a_run_s_end_deletes_no_file_of_others(book, tmp_path):
    model = tmp_path / "m.safetensors"
    folder = tmp_path / "m.safetensors.run"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear to somebody")
    TextModel(**TINY).fit(book, path=model)
    assert [p.name for p in folder.iterdir()] == ["letter.txt"]


def test_every_command_that_writes_a_file_has_force(capsys):
    writing = {("memory-ruler",)}
    for name, parts in APPLICATIONS.items():
        for part in parts:
            text = shown_help(capsys, name, part)
            if "--out" in text or "--plot" in text or part == "draw":
                writing.add((name, part))
    assert len(writing) == 5
    for words in writing:
        assert "--force" in shown_help(capsys, *words)


# a batch


@pytest.fixture
def recordings(tmp_path):
    """Two that can be heard, and one before and between them."""
    names = ["broken.wav", "a.wav", "none.wav", "b.wav"]
    paths = [tmp_path / name for name in names]
    paths[0].write_bytes(b"RIFF, but not really")
    for path in paths[1], paths[3]:
        wavfile.write(path, 8000, np.zeros(8000, np.int16))
    return paths


def test_a_batch_of_recordings_goes_on_and_tells_what_failed(
    recordings, capsys
):
    broken, a, none, b = recordings
    code, out, err = run(capsys, "speech", "transcribe", *recordings)
    assert code == 1
    assert out == f"{a}\t\n{b}\t\n"
    told = err.splitlines()[-3:]
    assert told[0].startswith(f"{broken}: ")
    assert told[1:] == [f"{none}: there is no such file", "2 files failed"]


def test_a_batch_without_a_failure_ends_well(recordings, capsys):
    _, a, _, b = recordings
    assert run(capsys, "speech", "transcribe", a, b)[0] == 0


def test_lines_that_are_no_text_are_told_at_the_end(capsys, monkeypatch):
    piped = types.SimpleNamespace(
        buffer=io.BytesIO(b"twenty-four\n\xff\nthirty-one\n")
    )
    monkeypatch.setattr(sys, "stdin", piped)
    code, out, err = run(capsys, "translate", "translate", "translate_dot")
    assert code == 1
    first, failed, last = out.splitlines()
    assert failed == ""
    assert first
    assert last
    assert "line 2: not utf-8: " in err
    assert err.endswith("1 line failed\n")


# interrupted


def interrupted(monkeypatch, step, how):
    """From now on a training breaks off before this step."""

    def call(bar, todo):
        for k in todo:
            if k == step:
                raise how
            yield k

    monkeypatch.setattr(common.Bar, "__call__", call)


@pytest.mark.parametrize(
    ("how", "status"),
    [(KeyboardInterrupt(), 130), (__main__.Terminated(), 143)],
)
def test_what_breaks_off_before_its_first_evaluation_goes_on(
    book, tmp_path, capsys, monkeypatch, how, status
):
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    words = ["text", "train", book, *FEW, "--steps", 9, "--model"]
    assert run(capsys, *words, whole)[0] == 0
    soon = partial(train.Schedule, save_every=0.0)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "Schedule", soon)
        interrupted(patch, 7, how)
        code, _, err = run(capsys, *words, broken)
    assert code == status
    assert "interrupted; the same command goes on from here" in err
    code, _, err = run(capsys, *words, broken)
    assert code == 0
    assert "goes on after step 7" in err
    assert weights(broken) == weights(whole)


def test_sigterm_leaves_a_checkpoint_and_no_half_a_file(
    book, tmp_path, capsys
):
    model = tmp_path / "m.safetensors"
    folder = tmp_path / "m.safetensors.run"
    words = ["text", "train", book, "--hidden", 4]
    words += ["--steps", 100_000, "--model", model]
    err = broken_off(signal.SIGTERM, folder / "run.npz", *words)
    assert "interrupted; the same command goes on from here" in err
    left = {path.name for path in folder.iterdir()}
    assert left <= {"run.npz", "plan.json", "seconds"}
    assert model.exists()  # of the best weights so far


def test_a_run_that_is_killed_while_it_is_deleted_is_in_nobody_s_way(
    book, tmp_path, monkeypatch
):
    """Whichever file was the last to go."""
    unlink = Path.unlink
    for allowed in range(4):
        model = tmp_path / f"{allowed}.safetensors"
        left = iter(range(allowed))

        def killed(path, left=left, **how):
            if next(left, None) is None:
                raise Killed
            unlink(path, **how)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", killed)
            with contextlib.suppress(Killed):
                TextModel(**TINY).fit(book, path=model)
        found = TextModel(**TINY).fit(book, path=model)
        assert "the network" in found.compare().index


def test_seconds_that_are_none_are_told(book, tmp_path):
    folder = tmp_path / "m.safetensors.run"
    folder.mkdir()
    (folder / "seconds").write_text("soon")
    with pytest.raises(Refused, match="seconds: damaged"):
        TextModel(**TINY).fit(book, path=tmp_path / "m.safetensors")


# quick to say no, and in words

IMPORTED = """
import json, sys
from rnncore.__main__ import main
try:
    code = main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
slow = {"torch", "pandas", "music21", "matplotlib", "scipy.signal", "av"}
print(json.dumps([code, sorted(slow & set(sys.modules))]))
"""


def imported(folder, *words):
    """The exit status, what was imported, and stderr."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=ENV,
    )
    return *json.loads(done.stdout.splitlines()[-1]), done.stderr


COLUMNS = ["--date", "day", "--value", "sold", "--horizon", 3]
CLASSIFY = ["video", "classify", "--model", "video_actions"]
READERS = {"torch", "pandas", "matplotlib", "av"}  # of a file's content
QUICK = {
    "help": (["--help"], 0, set()),
    "help of a part": (["text", "train", "--help"], 0, set()),
    "no part": (["video"], 2, set()),
    "empty text": (["text", "train", "empty", "--model", "m"], 2, set()),
    "short text": (["text", "train", "short", "--model", "m"], 2, READERS),
    "no device": (["text", "sample", "m", "--device", "tpu"], 2, set()),
    "no model": (["text", "sample", "text_cobol"], 2, set()),
    "broken model": (["text", "sample", "broken.safetensors"], 2, set()),
    "another model": (["text", "sample", "music_voices"], 2, set()),
    "empty table": (
        ["forecast", "train", "empty", *COLUMNS, "--model", "m"],
        2,
        set(),
    ),
    "short table": (
        ["forecast", "train", "short.csv", *COLUMNS, "--model", "m"],
        2,
        READERS,
    ),
    "few rows": (
        ["forecast", "train", "few.csv", *COLUMNS, "--model", "m"],
        2,
        READERS,
    ),
    "no music": (["music", "train", "nothing", "--model", "m"], 2, READERS),
    "music that is there": (
        ["music", "sample", "music_voices", "--out", "new.mid"],
        2,
        set(),
    ),
    "no pairs": (
        ["translate", "train", "short", "--model", "m"],
        2,
        READERS,
    ),
    "no lines": (
        ["translate", "translate", "translate_dot", "none"],
        2,
        set(),
    ),
    "no recordings": (
        ["speech", "train", "nothing", "--model", "m"],
        2,
        READERS,
    ),
    "no sound": (["speech", "transcribe", "none.wav"], 2, set()),
    "no films": (["video", "train", "nothing", "--model", "m"], 2, READERS),
    "no model of films": (["video", "classify", "empty"], 2, READERS),
    "no film": ([*CLASSIFY, "none.mp4"], 2, set()),
    "a broken film": ([*CLASSIFY, "empty"], 2, READERS),
    "no cell": (["memory-ruler", "none.py"], 2, set()),
}


@pytest.mark.parametrize("case", QUICK)
def test_a_refusal_does_not_wait_for_what_it_does_not_need(tmp_path, case):
    words, status, needed = QUICK[case]
    (tmp_path / "nothing").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "short").write_text("one line\n")
    (tmp_path / "new.mid").touch()
    (tmp_path / "broken.safetensors").write_bytes(b"no weights")
    write(tmp_path / "short.csv", sales(5))
    write(tmp_path / "few.csv", sales(12))
    words = ["m.safetensors" if w == "m" else w for w in words]
    code, found, err = imported(tmp_path, *words)
    assert code == status
    assert set(found) <= needed, err
    if words[-1] != "--help" and len(words) > 1:
        assert err.count("\n") == 1


def test_an_error_of_the_system_is_told_in_words(book, tmp_path):
    locked = tmp_path / "locked"
    locked.write_text("m")
    model = locked / "m.safetensors"
    done = shell("text", "train", book, "--model", model)
    assert done.returncode == 2
    assert "Errno" not in done.stderr
    error = PermissionError(13, "Permission denied", "a.txt")
    assert common.reason_of(error) == "a.txt: Permission denied"


def test_what_is_no_film_is_told_without_a_number(tmp_path, capsys):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"this is a text, not a film\n" * 9)
    _, _, err = run(capsys, *CLASSIFY, path)
    told = "no film: Invalid data found when processing input"
    assert err == f"video classify: {path}: {told}\n"


def test_drums_alone_are_told_as_such(tmp_path, capsys):
    from music21 import instrument, note, stream

    folder = tmp_path / "perc"
    folder.mkdir()
    part = stream.Part([instrument.Woodblock()])
    part.append([note.Unpitched() for _ in range(8)])
    part.write("musicxml", folder / "drums.musicxml")
    (folder / "broken.mid").write_bytes(b"MThd, but not really")
    model = tmp_path / "m.safetensors"
    code, _, err = run(capsys, "music", "train", folder, "--model", model)
    assert code == 2
    assert f"{folder}: none of 2 files can be learned from\n" in err
    assert "  broken.mid: unreadable: " in err
    assert "  drums.musicxml: there are only drums in it" in err


def test_progress_is_a_line_a_minute_where_there_is_no_terminal(
    capsys, monkeypatch
):
    for minute, lines in ((60.0, 0), (1e-9, 3)):
        monkeypatch.setattr(common, "MINUTE", minute)
        bar = common.Bar("GRU 8")
        for _ in bar(range(3, 6)):
            bar.tell("nats", 1.5)
        begun, *told = capsys.readouterr().err.split("\n")[:-1]
        assert begun == "goes on after step 3"
        assert len(told) == lines
    for step, line in enumerate(told, 4):
        assert line.startswith(f"GRU 8: step {step} of 6, nats 1.5, ")


def test_models_that_never_abstain_say_so(capsys):
    for words in (
        ("translate", "translate"),
        ("video", "classify"),
        ("video", "caption"),
    ):
        assert "never abstains" in shown_help(capsys, *words)
    told = " ".join(shown_help(capsys, "speech", "transcribe").split())
    assert "Unless --least is given, it abstains only from digital" in told
