"""A small course to grade: two tasks in code, one answer in words."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.isolation import sandbox
from grader.notebook.names import cell_metadata
from rnncore.storage.files import CHECKS, locked
from rnncore.testing.checks_file import unpack_checks
from tests.helpers import ROOT, end_server, free_port

# Learners' code is not run where nothing holds it (see `--no-sandbox`).
NEEDS_SANDBOX = pytest.mark.system(why=sandbox.why_not())
NAME = "demo"
SECRET = "31415.75"  # stands in the hidden tests only
REFERENCE = "reference-27182"  # stands in the reference only
SOLUTIONS = {
    "double": "def double(x):\n    return 2 * x",
    "triple": "def triple(x):\n    return 3 * x",
}
TESTS = {  # points, the visible part, the hidden part
    "test_double": (
        3,
        'assert double(1) == 2, f"double(1): expected 2, got {double(1)}"',
        (
            f"assert double({SECRET}) == 2 * {SECRET}, "
            f"'a fraction: 2 * {SECRET} is expected of double_1'"
        ),
    ),
    "test_triple": (
        2,
        'assert triple(1) == 3, f"triple(1): expected 3, got {triple(1)}"',
        f'assert triple(-{SECRET}) == 3 * -{SECRET}, "triple of less than 0"',
    ),
}


def make_once(factory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the workers of one test run share; the first makes it."""
    base = factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    done = base / f"{name}.done"
    with locked(base / f"{name}.lock"):
        if not done.exists():
            make(base / name)
            done.touch()
    return base / name


def source_notebook() -> NotebookNode:
    """The instructor's notebook, with solutions and hidden tests."""
    cells = [
        new_markdown_cell("# Demo"),
        new_code_cell(
            "import math", metadata=cell_metadata("imports", locked=True)
        ),
    ]
    for task, test in zip(SOLUTIONS, TESTS, strict=True):
        head, body = SOLUTIONS[task].split("\n", 1)
        text = (
            f"{head}\n    ### BEGIN SOLUTION\n{body}  # {REFERENCE}\n"
            "    ### END SOLUTION"
        )
        points, visible, hidden = TESTS[test]
        check = (
            f"{visible}\n### BEGIN HIDDEN TESTS\n{hidden}\n"
            "### END HIDDEN TESTS"
        )
        cells += [
            new_code_cell(
                text, metadata=cell_metadata(task, solution=True)
            ),
            new_code_cell(
                check,
                metadata=cell_metadata(
                    test, grade=True, locked=True, points=points
                ),
            ),
        ]
    cells.append(
        new_markdown_cell(
            "Why?",
            metadata=cell_metadata(
                "why", grade=True, solution=True, points=1
            ),
        )
    )
    for number, cell in enumerate(cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell["id"] = name or f"cell-{number:02}"
    spec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def make_course(root: Path) -> Path:
    """A course's folder in `root`, with this project's configuration."""
    folder = root / "grading" / "source" / NAME
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    nbformat.write(source_notebook(), folder / f"{NAME}.ipynb")
    return root


def solved() -> NotebookNode:
    """What a learner hands in who has solved all of it.

    The metadata are those of the release: nbgrader fills them when it
    generates the assignment, and takes the same for granted later.
    """
    notebook = source_notebook()
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in SOLUTIONS:
            cell.source = SOLUTIONS[name]
        elif name in TESTS:
            cell.source = TESTS[name][1]
        elif name == "why":
            cell.source = "Because."
    return notebook


def nbgrader(
    root: Path, *command: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of nbgrader's own commands in the course's folder."""
    programs = (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=root,
        env=os.environ
        | {"PATH": programs, "PYTHONPATH": str(ROOT)}
        | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def cell_of(notebook: NotebookNode, name: str) -> NotebookNode:
    """The cell that nbgrader knows by `name`."""
    return next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name
    )


def hand_in(
    root: Path,
    student: str,
    content: NotebookNode | str | bytes,
    assignment: str = NAME,
    file: str = "",
) -> Path:
    """Put a notebook, or whatever it is, where submissions lie."""
    folder = root / "grading" / "submitted" / student / assignment
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file or f"{assignment}.ipynb")
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content)
    else:
        nbformat.write(content, path)
    return path


@contextlib.contextmanager
def formgrader(
    root: Path, python: str | Path = sys.executable, path: str = str(ROOT)
) -> Iterator[Callable[..., str]]:
    """nbgrader's formgrader on a course: a function that asks it.

    A `python` of another environment looks for modules in `path` as well.
    """
    port = free_port()
    command = [str(python), "-m", "jupyter_server", "--no-browser"]
    command += [f"--port={port}", "--IdentityProvider.token=secret"]
    server = subprocess.Popen(
        [*command, "--allow-root"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )

    def ask(path: str, method: str = "GET", seconds: float = 20) -> str:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/formgrader{path}",
            headers={"Authorization": "token secret"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.read().decode()

    try:
        patience = time.monotonic() + 60
        while True:
            try:
                ask("/gradebook")
                break
            except urllib.error.URLError:
                assert time.monotonic() < patience
                time.sleep(0.5)
        ask.address = f"http://127.0.0.1:{port}/formgrader"
        yield ask
    finally:
        end_server(server, port)


def told(root, student, assignment=NAME):
    """What the learner reads, without HTML's escapes."""
    folder = root / "grading" / "feedback" / student / assignment
    return unescape((folder / f"{assignment}.html").read_text())


def read_handed_out(path):
    """The text of a file that learners get; the checks are packed."""
    content = path.read_bytes()
    return (
        unpack_checks(content) if path.name == CHECKS else content.decode()
    )
