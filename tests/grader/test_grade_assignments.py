"""Every assignment of the course, solved and untouched, through the grader."""

import copy
import json
import shutil
from unittest import mock

import nbformat
import pytest
from nbgrader.api import Gradebook

from grader.assignments import builder
from grader.assignments.rules import DEVICE
from grader.commands import grade
from rnncore.storage.files import CHECKS
from rnncore.testing.checks_file import read_checks
from tests.helpers.grading import (
    NEEDS_SANDBOX,
    ROOT,
    hand_in,
    make_once,
    told,
)

pytestmark = [NEEDS_SANDBOX, pytest.mark.weekly, pytest.mark.system]
NAMES = builder.list_assignments()
TORCH = 'device = "cpu"'
# An assignment on torch is on a CPU as it stands: it is graded once.
TRIED = [(name, "own") for name in NAMES]
TRIED += [
    (name, "cpu")
    for name in NAMES
    if all(TORCH not in cell.source for cell in builder.read(name).cells)
]


DEVICES = ["own", pytest.param("cpu", marks=pytest.mark.weekly)]
EACH = pytest.mark.parametrize(
    ("name", "graded"),
    [
        pytest.param(
            name,
            device,
            id=f"{name}-{device}",
            marks=() if device == "own" else pytest.mark.weekly,
        )
        for name, device in TRIED
    ],
    indirect=["graded"],
)


def solved(source, release, device):
    """The release with the source's answers, for a device."""
    right = {cell.id: cell.source for cell in source.cells}
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = right[cell.id]
        if device != "own":
            line = f'device = "{device}"'
            cell.source = DEVICE.sub(line, cell.source)
    return notebook


def committed(assignment):
    """The release's stored results; test_exercises finds them up to date."""
    file = ROOT / "exercises" / assignment.name / CHECKS
    return read_checks(file)["checks"]


@pytest.fixture(scope="module", params=DEVICES)
def graded(request, tmp_path_factory):
    """A device, and a course graded on it; found.json has the points."""
    wanted = request.param

    def make(root):
        root.mkdir()
        shutil.copy(ROOT / "nbgrader_config.py", root)
        for name in NAMES:
            with mock.patch.object(builder, "compute_checks", committed):
                builder.build(name, root)
            file = f"{name}/{name}.ipynb"
            release = nbformat.read(root / "exercises" / file, 4)
            hand_in(root, "blank", release, name)
        for name, device in TRIED:
            if device != wanted:
                continue
            file = f"{name}/{name}.ipynb"
            source = nbformat.read(root / "grading/source" / file, 4)
            release = nbformat.read(root / "exercises" / file, 4)
            hand_in(root, device, solved(source, release, device), name)
        limits = [
            "--cell-seconds=300",
            "--total-seconds=3000",
        ]  # a busy machine
        assert grade.main(["--root", str(root), *limits]) == 0
        found = {name: {} for name in NAMES}
        with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
            for name in NAMES:
                for submission in book.assignment_submissions(name):
                    found[name][submission.student.id] = {
                        grade.name: grade.auto_score
                        for notebook in submission.notebooks
                        for grade in notebook.grades
                        if grade.auto_score is not None
                    }
        (root / "found.json").write_text(json.dumps(found))

    return wanted, make_once(
        tmp_path_factory, f"assignments-{wanted}", make
    )


@pytest.fixture(scope="module")
def points(graded):
    """The automatic points of all, by assignment and learner."""
    _, root = graded
    return json.loads((root / "found.json").read_text())


@EACH
def test_a_solution_gets_all_points(name, graded, points):
    device, _ = graded
    wanted = {
        f"test_{task}": cell.options["points"]
        for task, cell in builder.read(name).of("test").items()
    }
    got = points[name][device]
    assert {task: got[task] for task in wanted} == wanted


@EACH
def test_a_solution_runs_through_and_nothing_is_noticed(name, graded):
    device, root = graded
    page = told(
        root, device, name
    )  # without a network: it is in the sandbox
    assert "Cells of yours that ended in an error" not in page
    assert "What the grader noticed" not in page


@pytest.mark.parametrize("graded", ["own"], indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_release_gets_none(name, graded, points):
    assert not any(points[name]["blank"].values())
