"""What a learner does on a new machine, without make.

It sets up .venv, checks a right and a wrong answer, builds a page and runs
tests of numbers. The hosts run it on Linux, macOS and Windows.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (
    ROOT
    / ".venv"
    / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
)
TESTS = [
    f"tests/rnncore/test_{name}.py"
    for name in ("rnn", "bptt", "lstm", "gru")
]
TEST = "assert double(2) == 4"
FOR_TESTS = ("array-api-strict", "hypothesis", "pytest-timeout")
PINS = ("requirements/dev.txt", "requirements/constraints.txt")


def run(*words: str, status: int = 0, python: Path | str = PYTHON) -> None:
    """Run Python with these words; its exit status has to be this one."""
    print("+ python", *words, flush=True)
    got = subprocess.run(
        [str(python), *words], cwd=ROOT, check=False
    ).returncode
    if got != status:
        sys.exit(f"python {' '.join(words)}: expected {status}, got {got}")


def write_notebook(path: Path, factor: int) -> None:
    """A notebook with one answer and its test."""
    graded = {"grade": True, "grade_id": "test_double", "points": 1}
    cells = [
        (f"def double(x):\n    return {factor} * x", {}),
        (TEST, {"nbgrader": graded}),
    ]
    made = [
        {"cell_type": "code", "source": source, "metadata": about}
        for source, about in cells
    ]
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")


def main() -> None:
    """Go through all steps; the first that fails ends it."""
    run("tools/set_up.py", python=sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / "doubling.ipynb"
        for factor, status in ((2, 0), (3, 1)):
            write_notebook(notebook, factor)
            run("-m", "rnncore", "check", str(notebook), status=status)
    run("-m", "rnncore", "lab", "--version")
    run("-m", "rnncore", "book", "--page", "ch02_cell")
    pinned = [word for pins in PINS for word in ("--constraint", pins)]
    run("-m", "pip", "install", "--quiet", *FOR_TESTS, *pinned)
    run(
        "-m", "pytest", "-q", "-m", "not (slow or system or weekly)", *TESTS
    )


if __name__ == "__main__":
    main()
