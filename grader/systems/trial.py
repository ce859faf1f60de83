"""Tries what is about to be given to a service, with the assignment's own answers.

An export that cannot grade looks like one that can until a class has handed
in. So each is run here once, by the commands that the service will call.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.isolation import sandbox
from grader.notebook.cells import is_test
from grader.systems.tree import split_secrets

SECONDS = 900
MARK = re.compile(r".*### (BEGIN|END) SOLUTION\n?")
SHOWN = 2_000  # characters of what a run said


def read_solved(source: Path) -> NotebookNode:
    """A source notebook with its solutions, and no hidden tests."""
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if is_test(cell):
            cell.source = split_secrets(cell.source)[1]
        cell.source = MARK.sub("", cell.source)
    return notebook


def try_gradescope(archive: Path, name: str) -> None:
    """Grade the assignment's own answers with a zip, as Gradescope does.

    Raises ValueError if they do not get all points of the tests.
    """
    with tempfile.TemporaryDirectory(prefix="trial-") as folder:
        base = Path(folder)
        with zipfile.ZipFile(archive) as file:
            file.extractall(base / "source")
        for part in ("submission", "results"):
            (base / part).mkdir()
        course = base / "source" / "course" / "grading" / "source" / name
        for path in sorted(course.glob("*.ipynb")):
            nbformat.write(read_solved(path), base / "submission" / path.name)
        # the answers are the course's own: they may run without a sandbox
        without = ["--no-sandbox"] if sandbox.why_not() else []
        done = _run(
            ["bash", str(base / "source" / "run_autograder"), *without],
            base,
            {"AUTOGRADER": str(base), "AUTOGRADER_PYTHON": sys.executable},
        )
        results = base / "results" / "results.json"
        page = json.loads(results.read_text("utf-8")) if results.exists() else {}
        tests = page.get("tests", [])
        got = sum(test["score"] for test in tests)
        most = sum(test["max_score"] for test in tests)
        if done.returncode or not page or got != most:
            _refuse(f"{most:g} points and status 0", f"{got:g}", done, page)


def _run(
    command: list[str], place: Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """What a command gave, in an environment that knows nothing of this course."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    try:
        return subprocess.run(
            command,
            cwd=place,
            env=kept | {"PYTHONDONTWRITEBYTECODE": "1"} | env,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"nothing was written: with the assignment's own answers it was expected "
            f"to end within {SECONDS} seconds, and did not"
        ) from error


def _refuse(
    expected: str,
    got: str,
    done: subprocess.CompletedProcess[str],
    page: dict[str, object],
) -> None:
    said = f"{page.get('output', '')}\n{done.stdout}\n{done.stderr}".strip()
    raise ValueError(
        "nothing was written: tried with the assignment's own answers, it was "
        f"expected to give {expected}, got {got} and status {done.returncode}:\n"
        f"{said[-SHOWN:]}"
    )
