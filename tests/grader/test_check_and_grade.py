"""What holds in `make check` holds in `make grade`: every assignment's answers.

Both run the visible tests of the same notebooks: `make check` in the learner's
process, the grader outside of it. A right answer, the known mistakes and
a blank must come to the same points, and fail for the same reason.
"""

from __future__ import annotations

import copy
import tempfile
from itertools import zip_longest

import nbformat
import pytest
from nbgrader.utils import determine_grade

from grader.assignments import builder
from grader.assignments.known_mistakes import find_known_mistakes
from grader.course.settings import Limits
from grader.isolation import sandbox
from grader.isolation.client import Server
from grader.isolation.session import Session
from grader.notebook.cells import grade_id, is_test
from grader.notebook.failures import failure_in
from grader.notebook.names import kinds_of
from grader.run.trial import SOLUTION
from grader.trusted.execute import TrustedExecute
from rnncore.checking import client
from rnncore.testing.failure import Failure
from tests.helpers.grading import ROOT

LIMITS = Limits(cell_seconds=300, total_seconds=3000)  # a busy machine
NAMES = builder.list_assignments()
QUICK = "ch01_sequences"
FIRST = 2  # of the known mistakes of each task, outside the weekly run


@pytest.fixture(scope="module")
def server():
    """What runs the answers for the grader."""
    found = Server(sandbox.NONE)
    yield found
    found.stop()


def read_answers(assignment):
    """The right answers, by task."""
    cells = assignment.of("solution").items()
    return {task: SOLUTION.sub("", cell.source) for task, cell in cells}


def list_changes(assignment, most=None):
    """What is handed in: all right, each task's n-th mistake, blank."""
    right = read_answers(assignment)
    mistakes = {
        task: [
            SOLUTION.sub("", mistake.made_in(cell.source))
            for mistake in find_known_mistakes(assignment, task)
        ][:most]
        for task, cell in assignment.of("solution").items()
    }
    yield right
    for wrong in zip_longest(*mistakes.values()):
        made = dict(zip(mistakes, wrong, strict=True))
        yield right | {task: text for task, text in made.items() if text}
    yield {}


def hand_in(release, answers):
    """The release with some answers."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        cell.source = answers.get(grade_id(cell), cell.source)
    return notebook


def describe(failure):
    """What a failure is about, without the lines of the two sides."""
    return failure.kind, failure.about, failure.what, failure.mistake


def check(path):
    """The points and the first failure of each test, for a learner."""
    cells = client.read_cells(path)
    points = {cell["test"]: cell["points"] for cell in cells}
    with client.Checker(path) as checker:
        answer = checker.ask(cells, LIMITS.total_seconds)
    assert not answer["stopped"]
    found = {}
    for test in answer["tests"]:
        name, got = test["test"], test["got"]
        if got is None:
            got = points[name] if test["holds"] else 0
        failure = test["failure"] and Failure.from_json(test["failure"])
        found[name] = got, failure and describe(failure)
    return found


def grade(notebook, assignment, release, folder, server):
    """The same, as the grader has it."""
    tests = sum(map(is_test, notebook.cells))
    execute = TrustedExecute(
        LIMITS,
        release,
        ROOT / "exercises" / assignment.name,
        b"",
        lambda: Session(
            *(server.path, read_files(assignment), LIMITS),
            tempfile.mkdtemp(
                dir=folder
            ),  # what lies in one is not for the next
            copies=tests + 2,
        ),
        kinds_of(builder.source_notebook(assignment)),
    )
    done, _ = execute.preprocess(copy.deepcopy(notebook), {})
    found = {}
    for cell in filter(is_test, done.cells):
        got, most = determine_grade(cell)
        failure = failure_in(cell) if got != most else None
        found[grade_id(cell)] = got, failure and describe(failure)
    return found


def read_files(assignment):
    """What lies beside the notebook."""
    folder = ROOT / "exercises" / assignment.name
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.suffix != ".ipynb"
    }


def compare(name, changes, server, tmp_path):
    """Hand in each of these; what the two sides say otherwise, and how much."""
    assignment = builder.read(name)
    release = nbformat.read(ROOT / "exercises" / name / f"{name}.ipynb", 4)
    folder = tmp_path / name
    folder.mkdir()
    for file, content in read_files(assignment).items():
        (folder / file).write_bytes(content)
    path = folder / f"{name}.ipynb"
    different, verdicts = [], []
    for answers in changes(assignment):
        notebook = hand_in(release, answers)
        nbformat.write(notebook, path)
        here = check(path)
        there = grade(notebook, assignment, release, tmp_path, server)
        verdicts.append(there)
        different += [
            (
                test,
                answers.get(test.removeprefix("test_")),
                here[test],
                there[test],
            )
            for test in there
            if here[test] != there[test]
        ]
        assert here.keys() == there.keys()
    return different, verdicts


def assert_same(name, most, server, tmp_path):
    """Both sides agree; right answers have all points, a blank has none."""
    different, verdicts = compare(
        name,
        lambda assignment: list_changes(assignment, most),
        server,
        tmp_path,
    )
    assert different == []
    right, *wrong, blank = verdicts
    assert all(failure is None for _, failure in right.values())
    assert all(points == 0 for points, _ in blank.values())
    assert all(
        any(failure for _, failure in verdict.values()) for verdict in wrong
    )


def test_a_chapters_check_and_grade_agree(server, tmp_path):
    assert_same(QUICK, FIRST, server, tmp_path)


@pytest.mark.weekly
@pytest.mark.parametrize("name", NAMES)
def test_every_check_and_grade_agree(name, server, tmp_path):
    assert_same(name, None, server, tmp_path)
