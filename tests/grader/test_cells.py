"""What a cell is by nbgrader's marks, and what one without them is."""

import pytest
from nbformat.v4 import new_code_cell

from grader.notebook import cells
from grader.notebook.names import cell_metadata

KINDS = {
    "is_graded": {"grade"},
    "is_answer": {"solution"},
    "is_test": {"grade"},
    "is_manual": {"grade", "solution"},
    "is_task": {"task"},
    "is_locked": {"locked"},
}
ROLES = [
    *(set(), {"grade"}, {"solution"}, {"task"}, {"locked"}),
    *(
        {"grade", "solution"},
        {"grade", "locked"},
        {"grade", "task", "locked"},
    ),
]


def marked(name="test_double", **flags):
    return new_code_cell("1", metadata=cell_metadata(name, **flags))


@pytest.mark.parametrize(
    "roles", ROLES, ids=lambda roles: "-".join(sorted(roles))
)
def test_a_cell_is_what_its_marks_say(roles):
    cell = marked(**dict.fromkeys(roles, True))
    for kind, needed in KINDS.items():
        expected = needed <= roles
        if kind == "is_test":
            expected = expected and "solution" not in roles
        assert getattr(cells, kind)(cell) is expected, kind


def test_a_cell_without_marks_is_a_learners_own():
    cell = new_code_cell("1")
    assert not any(getattr(cells, kind)(cell) for kind in KINDS)
    assert cells.grade_id(cell) is None
    assert cells.marks(cell) == {}
    assert cells.read_marks({"source": "1"}) == {}


def test_a_graded_cell_has_a_name_and_points():
    cell = marked(grade=True, points=2.5)
    assert cells.grade_id(cell) == "test_double"
    assert cells.cell_points(cell) == 2.5
    assert cells.read_marks(cell)["nbgrader"]["grade_id"] == "test_double"


@pytest.mark.parametrize("name", ["", 3, None, ["double"]])
def test_what_is_no_name_names_nothing(name):
    assert cells.grade_id(marked(name)) is None


@pytest.mark.parametrize("name", ["double", "test_double", "test-double"])
def test_a_tests_name_has_its_tasks(name):
    assert cells.task_of(name) == "double"
