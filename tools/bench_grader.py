"""Times the grader against stock nbgrader, on a class made for it.

    bench_grader.py [--class-size N] [--rounds R] [--kinds numpy torch]

Each round grades the same class twice, with `nbgrader autograde` and with
`make grade`, one right after the other, so that both meet the same load.
Stock nbgrader runs the assignments as they are: the tests in the learner's
kernel, one notebook after another, without a sandbox.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import psutil
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from grader.source import cell_metadata

NAME = "timed"
ASKED = {"numpy": 8, "torch": 15}  # times as fast as stock
STOCK = """
from pathlib import Path
c = get_config()
root = Path(__file__).resolve().parent
c.CourseDirectory.course_id = "timed"
c.CourseDirectory.root = str(root)
c.CourseDirectory.source_directory = "grading/source"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "grading/submitted"
c.CourseDirectory.autograded_directory = "grading/autograded"
c.CourseDirectory.feedback_directory = "grading/feedback"
c.CourseDirectory.db_url = f"sqlite:///{root}/grading/gradebook.db"
c.Execute.timeout = 30
"""
IMPORTS = {
    "numpy": "import numpy as np",
    "torch": "import numpy as np\nimport torch",
}
ARRAY = {"numpy": "np.asarray(x)", "torch": "torch.as_tensor(x)"}
TASKS = {  # name: right, wrong, what the test expects of x
    "double": ("2 * {}", "3 * {}", "2 * x"),
    "centred": ("{0} - {0}.mean()", "{0} - 1", "x - x.mean()"),
    "total": ("{}.sum()", "{}.mean()", "x.sum()"),
    "squares": ("{0} * {0}", "{0} + {0}", "x**2"),
}
HOSTILE = (  # stock nbgrader goes on after each of these
    "import numpy.testing\nnumpy.testing.assert_allclose = print",
    "import os\nos._exit(1)",
)


class Timed(NamedTuple):
    """One run of a grader: all of it, and its rate once it had begun."""

    total: float
    each: float
    memory: float  # MB, at the most, with what is shared counted once


def assignment(kind: str) -> NotebookNode:
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
        check = check.format(task, expected)
        test = (
            "import numpy as np\nx = np.arange(4.0)\n"
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
    spec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return new_notebook(cells=cells, metadata={"kernelspec": spec})


def submission(kind: str, release: NotebookNode, number: int) -> str:
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
        cell.source = (
            f"def {name}(x):\n    x = {ARRAY[kind]}\n    return {body}"
        )
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
        (root / "nbgrader_config.py").write_text(STOCK)
    else:
        shutil.copy(ROOT / "nbgrader_config.py", root)
    nbformat.write(assignment(kind), folder / f"{NAME}.ipynb")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment"]
    subprocess.run(
        [*command, NAME, "--create"],
        cwd=root,
        check=True,
        capture_output=True,
        env=_environment(),
    )
    path = root / "exercises" / NAME / f"{NAME}.ipynb"
    release = nbformat.read(path, as_version=4)
    for number in range(size):
        place = root / "grading/submitted" / f"learner_{number:05}" / NAME
        place.mkdir(parents=True)
        text = submission(kind, release, number)
        (place / f"{NAME}.ipynb").write_text(text)


def _environment() -> dict[str, str]:
    """Programs of this Python first: nbgrader runs alembic by its name."""
    programs = str(Path(sys.executable).parent)
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return (
        os.environ
        | threads
        | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    )


def timed(command: list[str], root: Path, mark: str) -> Timed:
    """Run a grader; `mark` matches the line of its output that each
    submission has."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=root,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
    )
    peak = [0.0]
    watcher = threading.Thread(
        target=_watch, args=[process.pid, peak], daemon=True
    )
    watcher.start()
    assert process.stdout
    lines, moments = [], []
    for line in process.stdout:
        lines.append(line)
        if re.search(mark, line):
            moments.append(time.perf_counter())
    process.wait()
    total = time.perf_counter() - start
    if len(moments) < 2:
        raise SystemExit(f"{command} graded nothing:\n{''.join(lines)}")
    each = (moments[-1] - moments[0]) / (len(moments) - 1)
    return Timed(total, each, peak[0])


def _watch(process: int, peak: list[float]) -> None:
    """Look at the memory of a process and its children now and then."""
    while psutil.pid_exists(process):
        size = 0
        try:
            family = psutil.Process(process).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for member in family:
            try:
                size += member.memory_full_info().pss
            except psutil.Error:  # it has ended meanwhile
                continue
        peak[0] = max(peak[0], size / 1e6)
        time.sleep(1)


def rounds(
    kind: str, size: int, count: int
) -> Iterator[tuple[Timed, Timed]]:
    """Stock nbgrader and this one, in turn, on fresh copies of a class."""
    for _ in range(count):
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            make_class(root / "stock", kind, size, stock=True)
            stock = timed(
                [sys.executable, "-m", "nbgrader", "autograde", NAME],
                root / "stock",
                r"Converting notebook",
            )
            make_class(root / "ours", kind, size, stock=False)
            grade = str(ROOT / "tools" / "grade.py")
            ours = timed(
                [sys.executable, "-u", grade, "--root", str(root / "ours")],
                root / "ours",
                r"^ *\d+ of \d+  learner_",
            )
            yield stock, ours


def main() -> None:
    """Print a table for each kind of assignment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--class-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--kinds", nargs="+", choices=list(ASKED), default=list(ASKED)
    )
    options = parser.parse_args()
    line = "{:<7}{:>5}{:>16}{:>16}{:>8}{:>16}{:>14}".format
    for kind in options.kinds:
        print(f"\n{options.class_size} submissions, {kind}")
        print(
            line(
                "round",
                "",
                "nbgrader, s each",
                "grader, s each",
                "times",
                "nbgrader, all s",
                "grader, all s",
            )
        )
        ratios, memory = [], []
        found = rounds(kind, options.class_size, options.rounds)
        for number, (stock, ours) in enumerate(found, 1):
            ratios.append(stock.each / ours.each)
            memory.append(ours.memory)
            print(
                line(
                    number,
                    "",
                    f"{stock.each:.3f}",
                    f"{ours.each:.3f}",
                    f"{ratios[-1]:.1f}",
                    f"{stock.total:.1f}",
                    f"{ours.total:.1f}",
                ),
                flush=True,
            )
        print(
            f"median: {statistics.median(ratios):.1f} times stock, asked "
            f"{ASKED[kind]}; memory at most {max(memory):.0f} MB"
        )


if __name__ == "__main__":
    main()
