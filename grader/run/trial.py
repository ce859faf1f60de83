"""Grades an assignment's own solution, and a blank, as learners' would be.

What a test does in the author's notebook is no promise of what it does here:
the tests run outside the process of what they test. So each assignment is
tried when it is built, through the very path of `make grade`.
"""

from __future__ import annotations

import copy
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from grader import ROOT
from grader.course.home import make_home
from grader.course.settings import CONFIG_NAME, Assignment, Course, load_config
from grader.course.submissions import replace_text
from grader.isolation import sandbox
from grader.notebook.cells import grade_id, is_test
from grader.notebook.failures import Check
from grader.run import processes
from grader.run.grade_one import Job, Report
from grader.trusted.inside import Way, decide_ways, record
from rnncore.testing.failure import Failure, render

SOLUTION = re.compile(r".*### (BEGIN|END) SOLUTION\n?")
SOLVED, BLANK = "solution", "blank"
SECRET = bytes(32)  # the hidden inputs are the same in each build


class Fault(NamedTuple):
    """A test that the source's own solution does not pass."""

    cell: str  # its name
    line: int  # of the cell; 0 if it is not known
    says: str


class Trial(NamedTuple):
    """What grading the assignment's own answers showed."""

    lost: list[Fault]
    given: list[str]  # tests with points where nothing is written
    ways: dict[str, Way]  # the tests that run inside; the rest run outside
    outside: int  # tests that do


def try_assignment(name: str, root: Path) -> Trial:
    """Grade the solution in `root`/grading/source, and the release in `root`.

    A test that the solution fails outside is tried inside; both notebooks say
    afterwards which way each test goes.

    Raises ValueError where one of them cannot be graded at all.
    """
    with tempfile.TemporaryDirectory(prefix="trial-") as scratch:
        course = _make_course(Path(scratch), name, root)
        with course.alone():
            assignment = course.prepare(name, enter=False)
            processes.resume()
            tests = _list_tests(assignment)
            found = _Solved(course, assignment, tests)
            with ThreadPoolExecutor(1) as pool:
                waits = pool.submit(_grade, course, assignment, BLANK, {})
                tried = decide_ways(tests, found.grade)
                blank = waits.result()
            if tried.ways:
                blank = _grade(course, assignment, BLANK, tried.ways)
    for folder in (root / "grading" / "source" / name, root / "exercises" / name):
        _record_ways(folder, tried.ways)
    given = [
        check["id"]
        for check in blank["checks"]
        if check["id"] in tests and check["points"] and check["of"]
    ]
    lost = [found.faults[name] for name in tests if name in tried.failing]
    return Trial(lost, given, tried.ways, len(tests) - len(tried.ways))


class _Solved:
    """Grades the source's own solution, in one way after the other."""

    def __init__(self, course: Course, assignment: Assignment, tests: list[str]):
        self.course, self.assignment, self.tests = course, assignment, tests
        self.faults: dict[str, Fault] = {}  # of each test that ever lost points

    def grade(self, ways: dict[str, Way]) -> dict[str, Failure]:
        """The failure of each test that lost points; see `decide_ways`."""
        report = _grade(self.course, self.assignment, SOLVED, ways)
        found = {}
        for check in report["checks"]:
            name, told = check["id"], check["failure"]
            if name not in self.tests or (check["points"] or 0) >= check["of"]:
                continue
            found[name] = Failure.from_json(told) if told else Failure("NoPoints")
            if name not in self.faults or not found[name].hidden:
                self.faults[name] = Fault(name, *_explain(check, report))
        return found


def _grade(
    course: Course, assignment: Assignment, who: str, ways: dict[str, Way]
) -> Report:
    """Grade one of the two. Raises ValueError where it cannot be done."""
    report = processes.run(_make_job(course, assignment, who, ways))
    if report["reason"]:
        last = report["trace"].strip().rpartition("\n")[2]  # of a fault of ours
        said = f"{report['reason']} {last}".strip()
        raise ValueError(f"{assignment.name}: its {who} is not graded: {said}")
    return report


def _record_ways(folder: Path, ways: dict[str, Way]) -> None:
    """Write into a folder's notebooks how each test runs."""
    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        before = copy.deepcopy(notebook)
        for cell in filter(is_test, notebook.cells):
            record(cell, ways.get(grade_id(cell) or ""))
        if notebook != before:
            replace_text(path, nbformat.writes(notebook) + "\n")


def _make_course(folder: Path, name: str, root: Path) -> Course:
    """A course of one assignment, with the settings of this one."""
    shutil.copy(ROOT / CONFIG_NAME, folder)
    for path in load_config(ROOT).IncludeHeaderFooter.values():
        if Path(path).is_relative_to(ROOT) and Path(path).is_file():
            target = folder / Path(path).relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    source = make_home(folder / "grading") / "source" / name
    shutil.copytree(root / "grading" / "source" / name, source)
    blank = folder / "grading" / "submitted" / BLANK / name
    shutil.copytree(root / "exercises" / name, blank)
    solved = folder / "grading" / "submitted" / SOLVED / name
    shutil.copytree(source, solved)
    for path in solved.glob("*.ipynb"):
        nbformat.write(solve(nbformat.read(path, as_version=4)), path)
    return Course(folder)


def solve(source: NotebookNode) -> NotebookNode:
    """A source notebook as one who solved all of it hands it in."""
    for cell in source.cells:
        cell.source = SOLUTION.sub("", cell.source)
    return source


def _make_job(
    course: Course, assignment: Assignment, who: str, ways: dict[str, Way]
) -> Job:
    """The author's own code needs no sandbox where there is none."""
    missing = course.sandbox != sandbox.NONE and sandbox.why_not()
    return Job(
        course.root,
        who,
        assignment,
        course.submitted / who / assignment.name,
        Path(tempfile.mkdtemp(dir=course.work)),
        course.limits,
        SECRET,
        sandbox=sandbox.NONE if missing else course.sandbox,
        ways=ways,
    )


def _list_tests(assignment: Assignment) -> list[str]:
    """The tests that give points without a person, in order."""
    release = nbformat.read(assignment.release, as_version=4)
    return [name for c in release.cells if is_test(c) and (name := grade_id(c))]


def _explain(check: Check, report: Report) -> tuple[int, str]:
    """The line of a test at which the solution lost points, and why."""
    got = f"the source's own solution gets {check['points'] or 0:g} of {check['of']:g}"
    if not check["failure"]:
        return 0, got
    failure = Failure.from_json(check["failure"])
    said = [render(failure), *report["errors"][:1]]
    return failure.line, f"{got}: {'; '.join(said)}"
