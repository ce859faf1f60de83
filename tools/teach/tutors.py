"""The tutors' book: what the assignments ask, with solutions, rubrics and mistakes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import nbformat

from grader.assignments import source
from grader.assignments.known_mistakes import Mistake, read_catalogue
from grader.assignments.source import Assignment, SourceCell
from grader.assignments.worked import read_reasons
from grader.notebook.cells import grade_id, is_answer, is_test, marks, task_of
from tools.teach.documents import render_document


class TutorPart(NamedTuple):
    """One thing in the order of the notebook; `kind` says how it is shown."""

    kind: str  # text, solution, answer, mistakes, mutants
    name: str
    text: str = ""
    points: float = 0
    mistakes: tuple[Mistake, ...] = ()
    why: str = ""  # a solution is as it is


def collect_parts(assignment: Assignment) -> list[TutorPart]:
    """What a tutor reads of an assignment.

    Raises ValueError if a catalogue cannot be read.
    """
    points = {c.name: c.options["points"] for c in assignment.of("test").values()}
    reasons = read_reasons(assignment)
    found = [_make_part(cell, points) for cell in assignment.cells]
    return [
        part._replace(why=reasons.get(part.name, "") if part.kind == "solution" else "")
        for part in found
        if part
    ]


def _make_part(cell: SourceCell, points: dict[str, Any]) -> TutorPart | None:
    if cell.kind in ("text", "answer"):
        return TutorPart(
            cell.kind, cell.name, cell.source, cell.options.get("points", 0)
        )
    if cell.kind == "solution":
        code = _mark_solution(cell.source)
        return TutorPart("solution", cell.name, code, points.get(cell.name, 0))
    if cell.kind in ("mistakes", "mutants"):
        return TutorPart(cell.kind, cell.name, mistakes=tuple(read_catalogue(cell)))
    return None


def _mark_solution(code: str) -> str:
    """Code whose marks say which part is the learner's."""
    code = code.replace("### BEGIN SOLUTION", "# the learner's part:")
    return "\n".join(li for li in code.split("\n") if "### END SOLUTION" not in li)


def collect_notebook_parts(name: str) -> list[TutorPart]:
    """What a tutor reads of an assignment that is nbgrader's own notebooks."""
    found = []
    for path in sorted(source.folder_of(name).glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        tests = [cell for cell in cells if is_test(cell)]
        points = {task_of(grade_id(one) or ""): _read_points(one) for one in tests}
        for cell in cells:
            task = grade_id(cell)
            written = is_answer(cell)
            if not task or (cell.cell_type == "markdown" and not written):
                if cell.cell_type == "markdown":
                    found.append(TutorPart("text", "", cell.source))
            elif written:
                kind = "answer" if cell.cell_type == "markdown" else "solution"
                worth = _read_points(cell) or points.get(task, 0)
                found.append(TutorPart(kind, task, _mark_solution(cell.source), worth))
    return found


def _read_points(cell: nbformat.NotebookNode) -> float:
    return float(marks(cell).get("points") or 0)


def tutors_document(course: str, names: Iterable[str]) -> str:
    """The book of these assignments as one HTML file."""
    texts = {*source.list_assignments()}
    books = [
        (
            name,
            collect_parts(source.read(name))
            if name in texts
            else collect_notebook_parts(name),
        )
        for name in names
    ]
    return render_document("tutors.html", "For tutors", course=course, books=books)
