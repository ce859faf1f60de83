"""What a cell of a notebook is, by the marks that nbgrader keeps in its metadata.

nbgrader.utils has a part of this, and takes seconds to import.
"""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode

from grader import untrusted


def read_marks(cell: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a cell as it was handed in: nbgrader's marks, if it has any."""
    found = untrusted.nbgrader_metadata(cell.get("metadata", {}).get("nbgrader"))
    return {"nbgrader": found} if found is not None else {}


def marks(cell: NotebookNode) -> dict[str, Any]:
    """nbgrader's marks of a cell; empty for one of a learner's own."""
    found: dict[str, Any] = cell.metadata.get("nbgrader", {})
    return found


def grade_id(cell: NotebookNode) -> str | None:
    """The name that nbgrader knows a cell by."""
    name = marks(cell).get("grade_id")
    return name if isinstance(name, str) and name else None


def task_of(name: str) -> str:
    """The task's name: without the prefix that all tests share."""
    return name.removeprefix("test_").removeprefix("test-")


def is_graded(cell: NotebookNode) -> bool:
    """Whether the cell gives points: by its tests, or by a person."""
    return bool(marks(cell).get("grade"))


def is_answer(cell: NotebookNode) -> bool:
    """Whether a learner writes into the cell."""
    return bool(marks(cell).get("solution"))


def is_test(cell: NotebookNode) -> bool:
    """Whether the cell is a test that gives points."""
    return is_graded(cell) and not is_answer(cell)


def is_manual(cell: NotebookNode) -> bool:
    """Whether the cell is an answer to which a person gives points."""
    return is_graded(cell) and is_answer(cell)


def is_task(cell: NotebookNode) -> bool:
    """Whether the cell is a task of nbgrader's, whose answer is written below it."""
    return bool(marks(cell).get("task"))


def is_locked(cell: NotebookNode) -> bool:
    """Whether the cell is marked as the assignment's own."""
    return bool(marks(cell).get("locked"))


def cell_points(cell: NotebookNode) -> float:
    """The most points that a graded cell gives."""
    points: float = marks(cell)["points"]
    return points
