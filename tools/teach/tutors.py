"""The tutors' book: what the assignments ask, with solutions, rubrics and mistakes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from grader.assignments.known_mistakes import Mistake, read_catalogue
from grader.assignments.source import Assignment, SourceCell
from grader.assignments.worked import read_reasons
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
        code = cell.source.replace("### BEGIN SOLUTION", "# the learner's part:")
        lines = [li for li in code.split("\n") if "### END SOLUTION" not in li]
        return TutorPart(
            "solution", cell.name, "\n".join(lines), points.get(cell.name, 0)
        )
    if cell.kind in ("mistakes", "mutants"):
        return TutorPart(cell.kind, cell.name, mistakes=tuple(read_catalogue(cell)))
    return None


def tutors_document(course: str, assignments: Iterable[Assignment]) -> str:
    """The book as one HTML file."""
    books = [(one.name, collect_parts(one)) for one in assignments]
    return render_document("tutors.html", "For tutors", course=course, books=books)
