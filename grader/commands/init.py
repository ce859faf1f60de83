"""Begins a course: its settings, and one assignment to try everything with.

    python -m grader init            in this folder
    python -m grader init FOLDER     in that one, which is made if need be

What is there already stays as it is, and is named.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader import CODE, COURSE_FILE
from grader.course.home import make_home
from grader.course.settings import CONFIG_NAME
from grader.notebook.names import cell_metadata
from rnncore.storage.files import whole_file

EXAMPLE = "example"
COURSE = """\
title = "My course"
time_zone = "Europe/Berlin"  # in which the learners' system writes its times
# late_shares = [0.9, 0.8]   # of the points: one day late, two; then nothing

# [[weeks]]
# assignments = ["example"]
# due = 2026-10-20T12:00:00
"""
IGNORED = """\
# hidden tests, submissions and marks: publish none of them
grading/
.ipynb_checkpoints/
__pycache__/
"""
NEXT = """\
Next, in {folder}:
  {program} build                     the learners' notebook, exercises/{name}/
  {program} check {name:<20}its visible tests, as a learner runs them
  what learners' systems export goes to grading/downloaded/{name}/, then
  {program} collect {name:<18}who handed in what
  {program} grade                     points, and a page for each learner
  {program} mark {name:<21}the written answers, on a page of this machine
  {program} return {name:<19}pages and points, as the system takes them"""


def main(argv: list[str] | None = None) -> int:
    """Write the files; return 2 where the folder cannot hold them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    folder = parser.parse_args(argv).folder.resolve()
    if folder.is_relative_to(CODE):
        print(f"init: {folder} belongs to the grader itself", file=sys.stderr)
        return 2
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in make_files(folder.name).items():
            _write(folder / path, text)
        make_home(folder / "grading")
    except OSError as error:
        print(f"init: {folder}: {error.strerror}", file=sys.stderr)
        return 2
    program = parser.prog.rpartition(" ")[0] or "python -m grader"
    print(NEXT.format(folder=folder, program=program, name=EXAMPLE))
    return 0


def make_files(title: str) -> dict[str, str]:
    """The files of a new course, by their paths in its folder."""
    example = nbformat.writes(make_example())
    return {
        COURSE_FILE: COURSE,
        CONFIG_NAME: make_settings(title),
        ".gitignore": IGNORED,
        f"solutions/{EXAMPLE}/{EXAMPLE}.ipynb": example + "\n",
    }


def make_settings(title: str) -> str:
    """The settings of this course's repository, for a course elsewhere."""
    text = (CODE / CONFIG_NAME).read_text("utf-8")
    own = "sys.path.insert(0, str(ROOT))  # where the package `grader` lies\n"
    if "markbook" in sys.modules:
        finds = "import markbook\n\nmarkbook.prepare()  # finds the package `grader`\n"
    else:
        finds = f"sys.path.insert(0, {str(CODE)!r})  # the package `grader`\n"
    for old, new in ((own, finds), ('course_id = "rnn"', f"course_id = {title!r}")):
        if text.count(old) != 1:
            raise RuntimeError(f"{CONFIG_NAME}: expected {old!r} once")
        text = text.replace(old, new)
    return text


def make_example() -> NotebookNode:
    """A source notebook of nbgrader's: a function, its test, a written answer."""
    cells = [
        new_markdown_cell(
            "# Spread\n\nWrite your answers into the cells that ask for them, run "
            "all cells, and save.",
            id="title",
        ),
        new_markdown_cell(
            "## Task 1 (3 points)\n\nWrite `spread(values)`: the largest number less "
            "the smallest. An empty list has a spread of 0.",
            id="task",
        ),
        _graded(
            new_code_cell(
                "def spread(values):\n    ### BEGIN SOLUTION\n"
                "    return max(values) - min(values) if values else 0\n"
                "    ### END SOLUTION"
            ),
            "spread",
            solution=True,
        ),
        _graded(
            new_code_cell(
                'assert spread([3, 1, 2]) == 2, f"expected 2, got {spread([3, 1, 2])}"'
                "\n### BEGIN HIDDEN TESTS\nassert spread([]) == 0\n"
                "assert spread([-1.5, 1.5]) == 3\n### END HIDDEN TESTS"
            ),
            "test_spread",
            grade=True,
            locked=True,
            points=3,
        ),
        new_markdown_cell(
            "## Task 2 (2 points)\n\nOne value is wrong by a factor of 1000. What "
            "does that do to the spread, and which measure would you use instead?",
            id="question",
        ),
        _graded(
            new_markdown_cell(
                "The spread becomes as large as the error: it depends on two values "
                "only. The interquartile range does not change much."
            ),
            "outlier",
            grade=True,
            solution=True,
            points=2,
        ),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _graded(cell: NotebookNode, name: str, **marks: bool | int) -> NotebookNode:
    cell.id = name
    cell.metadata |= cell_metadata(name, **{"locked": False, **marks})
    return cell


def _write(path: Path, text: str) -> None:
    """Write a file that is not there yet; say so."""
    if path.exists():
        print(f"kept     {path}")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(text.encode())
    print(f"written  {path}")
