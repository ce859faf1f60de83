"""A learner's commands where there is no fork, no fcntl and no make."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader import ROOT
from rnncore.commands import lab
from tests.helpers.checking import write
from tests.helpers.grading import NAME
from tests.helpers.own import solve

WITHOUT = ROOT / "tests" / "helpers" / "no_posix"
ENV = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(WITHOUT), str(ROOT)]),
    "PYTHONWARNDEFAULTENCODING": "1",
    "PYTHONWARNINGS": "always::EncodingWarning",
    "PYTHONUTF8": "0",
}
OURS = re.compile(
    rf"^({re.escape(str(ROOT))}/(?:rnncore|tools)/\S+): EncodingWarning",
    re.MULTILINE,
)


def run(*words, folder=ROOT, status=0, **more):
    """What a command prints in such a process; its exit status is asserted.

    No file of the course's is opened in the encoding of the system.
    """
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=ENV | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    assert done.returncode == status, done.stdout[-3000:]
    assert OURS.findall(done.stdout) == []
    return done.stdout


def test_what_is_taken_away_is_not_there():
    code = "import os, fcntl"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=ENV,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "fcntl" in done.stderr
    assert done.returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "status"), [(2, 0), (3, 1)])
def test_an_answer_is_checked(tmp_path, factor, status):
    folder = tmp_path / NAME
    folder.mkdir()
    path = folder / f"{NAME}.ipynb"
    write(path, double=f"def double(x): return {factor} * x")
    said = run(
        "rnncore", "check", str(path), folder=tmp_path, status=status
    )
    assert f"{2 - status} of 2 hold" in said


@pytest.mark.slow
def test_a_process_that_does_not_end_is_ended(tmp_path):
    folder = tmp_path / NAME
    folder.mkdir()
    path = folder / f"{NAME}.ipynb"
    write(path, double="while True: pass")
    said = run("rnncore", "check", str(path), "--seconds", "1", status=1)
    assert "code cell 2 was stopped after 1 s" in said


@pytest.mark.slow
def test_a_package_of_ones_own_is_begun_and_trained(tmp_path):
    place = {"RNNCORE_OWN": str(tmp_path / "my_rnn")}
    begun = run("rnncore", "own", "begin", **place)
    assert "files begun" in begun
    said = run("rnncore", "own", status=1, **place)
    assert "begin with `probability` in my_rnn/sequence.py" in said
    solve(tmp_path / "my_rnn")
    said = run("rnncore", "own", "--seconds", "1", **place)
    assert "bits held out" in said
    assert (tmp_path / "my_rnn" / "network.html").is_file()


@pytest.mark.slow
def test_an_application_trains_and_is_evaluated(tmp_path):
    text = tmp_path / "words.txt"
    text.write_text("ein Wort, zwei Wörter. " * 300, encoding="utf-8")
    model = str(tmp_path / "words.safetensors")
    small = ["--steps", "5", "--hidden", "8"]
    run("rnncore", "text", "train", str(text), "--model", model, *small)
    run("rnncore", "text", "sample", model, "--prompt", "ein ")


@pytest.mark.slow
def test_a_page_is_built():
    plain = {"PYTHONWARNDEFAULTENCODING": ""}  # in a page, it is an error
    said = run("rnncore", "book", "--page", "ch02_cell", **plain)
    assert Path(said.splitlines()[-1]).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("writable", [True, False])
def test_a_lab_whose_folder_cannot_be_written_says_so(
    monkeypatch, capsys, writable
):
    asked = []

    def access(path, mode):
        asked.append((path, mode))
        return writable

    monkeypatch.setattr(lab.os, "access", access)
    lab.warn_of_lost_work()
    said = capsys.readouterr().err
    assert asked == [(ROOT / "exercises", os.W_OK)]
    assert bool(said) is not writable
    assert writable or str(ROOT / "exercises") in said


def test_jupyterlab_starts_in_the_folder_of_the_assignments():
    said = run("rnncore", "lab", "--version")
    assert re.search(r"^\d+\.\d+\.\d+", said, re.MULTILINE)
    said = run("rnncore", "lab", "--show-config")
    assert str(ROOT / "exercises") in said


def test_jupyterlab_starts_where_the_home_cannot_be_written(tmp_path):
    (tmp_path / "home").touch()  # no folder, for root either
    home = str(tmp_path / "home")
    more = {"HOME": home, "USERPROFILE": home, "TMPDIR": str(tmp_path)}
    said = run("rnncore", "lab", "--show-config", **more)
    assert str(ROOT / "exercises") in said


def test_grading_says_that_it_needs_linux():
    said = run("grader", "grade", status=2)
    assert "Linux" in said


# the names of devices, with any ending, and what no file's name may hold
REFUSED = re.compile(
    r'(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|.*[<>:"\\|?*\x00-\x1f].*|.*[. ]'
)


def tracked():
    """The names of the tree's files."""
    skipped = {".venv", ".git", "_build", "__pycache__", "grading"}
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if name not in skipped]
        here = Path(folder).relative_to(ROOT)
        yield from ((here / name).as_posix() for name in files)


@pytest.mark.parametrize(
    "name", ["aux.py", "NUL", "a:b", "what?.md", "end.", "com1.txt"]
)
def test_a_name_that_windows_refuses_is_known(name):
    assert REFUSED.fullmatch(name)


def test_windows_takes_every_name():
    names = list(tracked())
    assert "pyproject.toml" in names
    parts = {part for name in names for part in name.split("/")}
    assert [part for part in parts if REFUSED.fullmatch(part)] == []
    assert len({name.casefold() for name in names}) == len(names)
    assert max(map(len, names)) < 140  # of 260, with the folder's own


def test_every_text_file_is_opened_with_its_encoding():
    folders = ["rnncore", "tools", "grader", "tests"]
    rule = [
        "--preview",
        "--select",
        "PLW1514",
        "--output-format",
        "concise",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "-q", *rule, *folders],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
