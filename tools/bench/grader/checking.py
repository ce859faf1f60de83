"""Times `make check`.

    python -m tools.bench.grader.checking [NAME ...]

Each assignment is checked once as solved, then once more after each task's
cell was changed, as with WATCH=1.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.assignments import builder
from rnncore.checking.client import Checker, read_cells, report
from tools import ROOT


def solve(name: str, notebook: NotebookNode) -> list[NotebookNode]:
    """Write the solutions into a release; the cells that they are in."""
    right = builder.read(name).of("solution")
    cells = []
    for cell in notebook.cells:
        task = cell.metadata.get("nbgrader", {}).get("grade_id")
        if task in right:
            cell.source = right[task].source
            cells.append(cell)
    return cells


def check(checker: Checker) -> float:
    """Seconds of one check.

    Raises SystemExit where a test does not hold.
    """
    start = time.perf_counter()
    cells = read_cells(checker.path)
    answer = checker.ask(cells, seconds=60)
    took = time.perf_counter() - start
    if answer["stopped"] or not all(test["holds"] for test in answer["tests"]):
        raise SystemExit(report(checker.path, cells, answer, took))
    return took


def time_checks(name: str, base: Path) -> tuple[float, float]:
    """Seconds of the first check, and of the slowest one after it."""
    folder = base / name
    shutil.copytree(ROOT / "exercises" / name, folder)
    path = folder / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cells = solve(name, notebook)
    nbformat.write(notebook, path)
    later = []
    with Checker(path, ahead=True) as checker:
        first = check(checker)
        for cell in cells:
            cell.source += "\n# changed"
            nbformat.write(notebook, path)
            if checker.next is not None:  # a learner takes that long to change it
                checker.next.wait()
            later.append(check(checker))
    return first, max(later)


def main() -> None:
    """Print a line for each assignment."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.names or builder.list_assignments():
            first, later = time_checks(name, Path(scratch))
            print(f"{name:20}{first:6.2f} s, then at most {later:.2f} s")
            slowest = max(slowest, later)
    print(f"after the first check: at most {slowest:.2f} s, asked 1")


if __name__ == "__main__":
    main()
