"""Times the grader against stock nbgrader, on a class made for it.

    python -m tools.bench.grader.grading [--class-size N] [--rounds R]
                                         [--kinds numpy torch pandas] [--ours] [--save]

Each round grades the same class twice, with `nbgrader autograde` and with
`make grade`, one right after the other, so that both meet the same load.
Stock nbgrader runs the assignments as they are: the tests in the learner's
kernel, one notebook after another, without a sandbox. --ours leaves it out,
for a class that would take it long. What counts is the rate once the first
submission is through; what comes before that is in "all s".
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from grader.notebook.names import cell_metadata
from tools import ROOT
from tools.measurements import record

NAME = "timed"
ASKED = {"numpy": 15, "torch": 30, "pandas": 15}  # times as fast as stock
WORKERS = 2  # as nbgrader_config.py has it
YOUNG_SECONDS = 3
# This course's settings, without what makes nbgrader grade as it does.
STOCK = (ROOT / "nbgrader_config.py").read_text("utf-8").partition("c.Execute")[0]
STOCK += "c.Execute.timeout = 30\n"
IMPORTS = {
    "numpy": "import numpy as np",
    "torch": "import numpy as np\nimport torch",
    "pandas": "import numpy as np\nimport pandas as pd",
}
ARRAY = {
    "numpy": "np.asarray(x)",
    "torch": "torch.as_tensor(x)",
    "pandas": "pd.Series(x)",
}
CHECK = {  # of the result, by what is expected of the array x
    "pandas": "pd.testing.assert_series_equal(pd.Series({0}(x)), pd.Series({1}))"
}
TASKS = {  # name: right, wrong, what the test expects of x
    "double": ("2 * {}", "3 * {}", "2 * x"),
    "centred": ("{0} - {0}.mean()", "{0} - 1", "x - x.mean()"),
    "total": ("{}.sum()", "{}.mean()", "x.sum()"),
    "squares": ("{0} * {0}", "{0} + {0}", "x**2"),
}
HOSTILE = (  # stock nbgrader continues after each of these
    "import numpy.testing\nnumpy.testing.assert_allclose = print",
    "import os\nos._exit(1)",
)


class Timed(NamedTuple):
    """One run of a grader: all of it, and its rate once it had begun."""

    total: float
    each: float
    memory: float  # MB, at the most, with what is shared counted once
    worker: float  # MB of them that belong to one worker alone


def make_assignment(kind: str) -> NotebookNode:
    """Four tasks with a visible and a hidden test each."""
    cells = [new_code_cell(IMPORTS[kind])]
    for task, (right, _, expected) in TASKS.items():
        cells.append(
            new_code_cell(
                f"def {task}(x):\n    ### BEGIN SOLUTION\n"
                f"    x = {ARRAY[kind]}\n    return {right.format('x')}\n"
                "    ### END SOLUTION",
                metadata=cell_metadata(task, solution=True),
            )
        )
        check = "np.testing.assert_allclose(np.asarray({}(x)), {})"
        check = CHECK.get(kind, check).format(task, expected)
        test = (
            f"{IMPORTS[kind]}\nx = np.arange(4.0)\n"
            f"{check}\n### BEGIN HIDDEN TESTS\n"
            f"x = np.random.default_rng(7).normal(size=9)\n{check}\n"
            "### END HIDDEN TESTS"
        )
        cells.append(
            new_code_cell(
                test,
                metadata=cell_metadata(
                    f"test_{task}", grade=True, locked=True, points=2
                ),
            )
        )
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def make_submission(kind: str, release: NotebookNode, number: int) -> str:
    """What learner `number` hands in: of 16, 8 right, 3 wrong, 2 blank."""
    sort = number % 16
    notebook = nbformat.from_dict(release)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name not in TASKS:
            continue
        right, wrong, _ = TASKS[name]
        body = (right if sort < 8 else wrong).format("x")
        if sort in (11, 12):
            continue
        cell.source = f"def {name}(x):\n    x = {ARRAY[kind]}\n    return {body}"
        if sort == 13 and name == "centred":
            cell.source = "def centred(x) return x"
        if sort in (14, 15) and name == "total":
            cell.source = f"{HOSTILE[sort - 14]}\n{cell.source}"
    return nbformat.writes(notebook)


def make_class(root: Path, kind: str, size: int, *, stock: bool) -> None:
    """A course with one assignment, and what its learners handed in."""
    folder = root / "grading" / "source" / NAME
    folder.mkdir(parents=True)
    if stock:
        (root / "nbgrader_config.py").write_text(STOCK, "utf-8")
    else:
        shutil.copy(ROOT / "nbgrader_config.py", root)
    nbformat.write(make_assignment(kind), folder / f"{NAME}.ipynb")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment"]
    subprocess.run(
        [*command, NAME, "--create"],
        cwd=root,
        check=True,
        capture_output=True,
        env=_make_environment(),
    )
    path = root / "exercises" / NAME / f"{NAME}.ipynb"
    release = nbformat.read(path, as_version=4)
    for number in range(size):
        place = root / "grading/submitted" / f"learner_{number:05}" / NAME
        place.mkdir(parents=True)
        text = make_submission(kind, release, number)
        (place / f"{NAME}.ipynb").write_text(text, "utf-8")


def _make_environment() -> dict[str, str]:
    """Programs of this Python first: nbgrader runs alembic by its name."""
    programs = str(Path(sys.executable).parent)
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return os.environ | threads | {"PATH": path, "PYTHONPATH": str(ROOT)}


Rounds = Iterable[tuple[Timed | None, Timed]]


def time_grader(command: list[str], root: Path, mark: str) -> Timed:
    """Run a grader; `mark` matches the line of its output that each
    submission has."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=root,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_make_environment(),
    )
    peak = [0.0, 0.0]
    watcher = threading.Thread(target=_watch, args=[process.pid, peak], daemon=True)
    watcher.start()
    assert process.stdout
    lines, moments = [], []
    for line in process.stdout:
        lines.append(line)
        if re.search(mark, line):
            moments.append(time.perf_counter())
    process.wait()
    total = time.perf_counter() - start
    said = "".join(lines)
    if len(moments) < 2 or "NOT GRADED" in said:
        raise SystemExit(f"{command} did not grade the class:\n{said}")
    each = (moments[-1] - moments[0]) / (len(moments) - 1)
    return Timed(total, each, peak[0], peak[1] / WORKERS)


def _watch(process: int, peak: list[float]) -> None:
    """Look at the memory of a process and its children now and then.

    What is younger than a few seconds works on one submission.
    """
    while psutil.pid_exists(process):
        size = own = 0
        try:
            family = psutil.Process(process).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for member in family:
            try:
                used = member.memory_full_info()
                size += used.pss
                if time.time() - member.create_time() < YOUNG_SECONDS:
                    own += used.uss
            except psutil.Error:  # it has ended meanwhile
                continue
        peak[:] = max(peak[0], size / 1e6), max(peak[1], own / 1e6)
        time.sleep(1)


def run_rounds(
    kind: str, size: int, count: int, *, ours_only: bool
) -> Iterator[tuple[Timed | None, Timed]]:
    """Stock nbgrader and this one, in turn, on fresh copies of a class."""
    for _ in range(count):
        with tempfile.TemporaryDirectory() as scratch:
            root, stock = Path(scratch), None
            if not ours_only:
                make_class(root / "stock", kind, size, stock=True)
                stock = time_grader(
                    [sys.executable, "-m", "nbgrader", "autograde", NAME],
                    root / "stock",
                    r"Sanitizing",
                )
            make_class(root / "ours", kind, size, stock=False)
            ours = time_grader(
                [
                    *(sys.executable, "-u", "-m", "grader", "grade"),
                    *("--root", str(root / "ours")),
                ],
                root / "ours",
                r"^ *\d+ of \d+  learner_",
            )
            yield stock, ours


def report(kind: str, size: int, found: Rounds) -> dict[str, float]:
    """Print one line per round, and return the figures to keep."""
    line = "{:<7}{:>17}{:>16}{:>8}{:>17}{:>15}".format
    print(f"\n{size} submissions, {kind}")
    print(
        line(
            "round",
            "nbgrader, s each",
            "grader, s each",
            "times",
            "nbgrader, all s",
            "grader, all s",
        )
    )
    kept: dict[str, list[float]] = defaultdict(list)
    for number, (stock, ours) in enumerate(found, 1):
        kept["ours"].append(ours.each)
        kept["ours_all"].append(ours.total)
        kept["memory"].append(ours.memory)
        kept["worker"].append(ours.worker)
        shown = ["", "", ""]
        if stock:
            kept["stock"].append(stock.each)
            kept["stock_all"].append(stock.total)
            kept["times"].append(stock.each / ours.each)
            shown[0] = f"{stock.each:.3f}"
            shown[1] = f"{kept['times'][-1]:.1f}"
            shown[2] = f"{stock.total:.1f}"
        each, all_ = f"{ours.each:.3f}", f"{ours.total:.1f}"
        print(line(number, shown[0], each, shown[1], shown[2], all_))
        sys.stdout.flush()
    found_ = {name: statistics.median(v) for name, v in kept.items()}
    if "times" in found_:
        print(f"median: {found_['times']:.1f} times stock, asked ", end="")
        print(f"{ASKED[kind]}; ", end="")
    found_ |= {k: max(kept[k]) for k in ("memory", "worker")}
    print(
        f"memory at most {found_['memory']:.0f} MB, of which one worker's "
        f"own {found_['worker']:.0f} MB"
    )
    return found_ | {"rounds": len(kept["ours"])}


def save(kind: str, size: int, found: dict[str, float]) -> None:
    """Keep the medians for the README and the guide."""
    command = ["make bench-grader", f"SIZE={size}"]
    command += [f"ROUNDS={found['rounds']:.0f}"]
    command += [] if "times" in found else ["OURS=1"]
    command += ["SAVE=1"]
    rounded = {name: round(value, 4) for name, value in found.items()}
    record(
        {f"grader.{kind}.{size}.{k}": v for k, v in rounded.items()},
        unit="seconds; MB; times; count",
        seed=None,
        command=" ".join(command),
        device=f"CPU, {platform.machine()}, {WORKERS} cores",
    )


def main() -> None:
    """Print a table for each kind of assignment."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--class-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", choices=list(ASKED), default=list(ASKED))
    parser.add_argument("--ours", action="store_true")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    size = options.class_size
    for kind in options.kinds:
        made = run_rounds(kind, size, options.rounds, ours_only=options.ours)
        found = report(kind, size, made)
        if options.save:
            save(kind, size, found)


if __name__ == "__main__":
    main()
