"""Times `make check`.

    python -m tools.bench.grader.checking [--save] [NAME ...]

Each assignment is checked once as solved, then once more after each task's
cell was changed, which is what a learner does who saves and looks.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.assignments import builder
from tools import ROOT
from tools.measurements import record


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


def check(path: Path, home: Path) -> float:
    """Seconds of one check, from the command to its end.

    Raises SystemExit where a test does not hold.
    """
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "rnncore.checking", path],
        env=os.environ | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SystemExit(f"{path.stem}:\n{run.stdout}{run.stderr}")
    return time.perf_counter() - start


def times(name: str, base: Path) -> tuple[float, float]:
    """Seconds of the first check, and of the slowest one after it."""
    folder = base / name
    shutil.copytree(ROOT / "exercises" / name, folder)
    path = folder / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cells = solve(name, notebook)
    nbformat.write(notebook, path)
    first, later = check(path, base), []
    for cell in cells:
        cell.source += "\n# changed"
        nbformat.write(notebook, path)
        later.append(check(path, base))
    return first, max(later)


def main() -> None:
    """Print a line for each assignment."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.names or builder.names():
            first, later = times(name, Path(scratch))
            print(f"{name:20}{first:6.2f} s, then at most {later:.2f} s")
            found[f"check.{name}.first"] = round(first, 2)
            found[f"check.{name}.later"] = round(later, 2)
    slowest = max(v for k, v in found.items() if k.endswith("later"))
    print(f"after the first check: at most {slowest:.2f} s, asked 1")
    if options.save:
        record(found, unit="seconds", seed=None, command="make bench-check SAVE=1")


if __name__ == "__main__":
    main()
