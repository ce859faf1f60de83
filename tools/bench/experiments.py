"""Compares the time of each assignment's experiment with the stated one.

    python -m tools.bench.experiments                        all assignments
    python -m tools.bench.experiments ch11_series --save     as measurements

Each assignment is run with its solutions, in a separate kernel, as a
learner runs it: default threads, and the widgets' first picture drawn. Its
tests are left out, since no experiment depends on them. What is timed are
the cells headed `# %% experiment seconds=30`; a heading without `seconds`
states QUICK. Other work on the machine makes all of it slower.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from grader.assignments.source import Assignment, list_assignments, read
from tools import ROOT
from tools.build.kernels import Manager
from tools.measurements import record

QUICK = 10  # seconds that need no word
LIMIT = 600  # seconds for a cell
THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"


def list_experiments() -> list[str]:
    """The assignments with an experiment; a short one may have none."""
    return [name for name in list_assignments() if read(name).of("experiment")]


def read_stated_seconds(assignment: Assignment) -> int:
    """The seconds that an assignment says its experiment takes at most."""
    cells = [c for c in assignment.cells if c.kind == "experiment"]
    return max(c.options.get("seconds", QUICK) for c in cells)


def make_key(name: str) -> str:
    """The measurement of an assignment's experiment."""
    return f"experiment.{name}.seconds"


def make_notebook(assignment: Assignment) -> nbformat.NotebookNode:
    """All code that the experiment needs; its own cells are tagged."""
    cells = []
    for cell in assignment.cells:
        if cell.kind in ("code", "solution", "experiment"):
            made = nbformat.v4.new_code_cell(cell.source)
            made.metadata["tags"] = [cell.kind]
            cells.append(made)
    return nbformat.v4.new_notebook(cells=cells)


def time_experiment(
    assignment: Assignment, released: Path = ROOT / "exercises"
) -> float:
    """How long the experiment's cells take, all others having run.

    Raises CellExecutionError where a cell fails, and CellTimeoutError.
    """
    made = make_notebook(assignment)
    given = {k: v for k, v in os.environ.items() if k not in THREADS}
    given["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / assignment.name
        shutil.copytree(released / assignment.name, folder)
        client = NotebookClient(
            made,
            timeout=LIMIT,
            kernel_name="python3",
            kernel_manager_class=Manager,
            record_timing=True,
            resources={"metadata": {"path": str(folder)}},
            config=Config({"KernelManager": {"transport_encryption": "auto"}}),
        )
        client.execute(env=given)
    return sum(
        _time_cell(cell.metadata["execution"])
        for cell in made.cells
        if "experiment" in cell.metadata["tags"]
    )


def _time_cell(execution: dict[str, str]) -> float:
    """Seconds between the kernel's two messages about a cell."""
    begun, done = (
        datetime.fromisoformat(execution[name])
        for name in ("iopub.execute_input", "shell.execute_reply")
    )
    return (done - begun).total_seconds()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="assignments; all by default")
    parser.add_argument("--save", action="store_true", help="as measurements")
    given = parser.parse_args()
    late = 0
    for name in given.names or list_experiments():
        assignment = read(name)
        found, most = (
            round(time_experiment(assignment), 1),
            read_stated_seconds(assignment),
        )
        late += found > most
        verdict = "" if found <= most else "  longer than it states"
        print(f"{name:16} {found:6.1f} s of {most:3} s{verdict}", flush=True)
        if given.save:
            record(
                {make_key(name): found},
                unit="s",
                seed=None,
                device=f"CPU, {platform.machine()}, {os.cpu_count()} cores",
                command="python -m tools.bench.experiments --save",
            )
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
