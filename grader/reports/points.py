"""The class's points, from the gradebook: a table and two CSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import select

from grader.course.settings import Course
from grader.course.submissions import Submission, load_result, replace_text

WIDEST = 22  # characters of a column's head


@dataclass(frozen=True)
class Task:
    """One graded cell; `open`: a person has yet to read it."""

    id: str
    points: float
    of: float
    open: bool
    comment: str = ""


@dataclass(frozen=True)
class Row:
    """A submission's points, as the gradebook has them."""

    submission: Submission
    status: str  # graded, not gradable, failed
    reason: str
    points: float = 0.0
    of: float = 0.0
    penalty: float = 0.0
    open: bool = False
    tasks: list[Task] = field(default_factory=list)


def read_rows(
    course: Course, submissions: Iterable[Submission]
) -> list[Row]:
    """A row for each submission that has been graded.

    Points are the gradebook's: what a person entered counts.
    """
    entered: dict[str, dict[str, Entered]] = {}
    rows = []
    with course.ledger.transaction() as book:
        for submission in submissions:
            result = load_result(course, submission)
            if result is None:
                continue
            name = submission.assignment
            if name not in entered:
                entered[name] = _entered(book, name)
            rows.append(
                _row(
                    submission,
                    result,
                    entered[name].get(submission.student),
                )
            )
    return rows


@dataclass
class Entered:
    """What the gradebook has of one submission."""

    tasks: list[Task] = field(default_factory=list)
    penalty: float = 0.0


def _row(
    submission: Submission, result: dict[str, Any], entered: Entered | None
) -> Row:
    reason = result["reason"] or ""
    status = "graded" if not reason else "not gradable"
    if result["failed"]:
        status = "failed"
    if entered is None:
        return Row(submission, status, reason)
    return Row(
        submission,
        status,
        reason,
        points=sum(task.points for task in entered.tasks) - entered.penalty,
        of=sum(task.of for task in entered.tasks),
        penalty=entered.penalty,
        open=any(task.open for task in entered.tasks),
        tasks=entered.tasks,
    )


def _entered(book: Gradebook, name: str) -> dict[str, Entered]:
    """All that was entered for an assignment, by learner: three queries."""
    try:
        notebook = book.find_notebook(name, name)
    except MissingEntry:
        return {}
    order = [cell.name for cell in notebook.source_cells]
    graded_cells = [*notebook.grade_cells, *notebook.task_cells]
    graded = {cell.id: float(cell.max_score) for cell in graded_cells}
    names = {
        cell.id: cell.name
        for cell in [*graded_cells, *notebook.solution_cells]
    }

    def read(*columns: Any, of: Any) -> Any:
        query = (
            select(Student.id, *columns)
            .join(
                SubmittedAssignment,
                SubmittedAssignment.student_id == Student.id,
            )
            .join(
                SubmittedNotebook,
                SubmittedNotebook.assignment_id == SubmittedAssignment.id,
            )
            .where(SubmittedNotebook.notebook_id == notebook.id)
        )
        if of is not SubmittedNotebook:
            query = query.join(of, of.notebook_id == SubmittedNotebook.id)
        return book.db.execute(query)

    comments = {
        (who, names[cell]): text or ""
        for who, cell, text in read(
            Comment.cell_id, Comment.comment, of=Comment
        )
    }
    found = {
        who: Entered(penalty=float(penalty or 0))
        for who, penalty in read(
            SubmittedNotebook.late_submission_penalty, of=SubmittedNotebook
        )
    }
    columns = (Grade.cell_id, Grade.score, Grade.needs_manual_grade)
    for who, cell, score, is_open in read(*columns, of=Grade):
        task = Task(
            names[cell],
            float(score),
            graded[cell],
            bool(is_open),
            comments.get((who, names[cell]), ""),
        )
        found[who].tasks.append(task)
    for entered in found.values():
        entered.tasks.sort(key=lambda task: order.index(task.id))
    return found


def table(rows: list[Row]) -> str:
    """The points as text: one table an assignment, learners by tasks."""
    names = sorted({row.submission.assignment for row in rows})
    parts = [
        _one_table(
            name, [row for row in rows if row.submission.assignment == name]
        )
        for name in names
    ]
    reasons = [
        f"{row.submission}: {row.reason}" for row in rows if row.reason
    ]
    if reasons:
        parts.append("Not gradable, and why:\n" + "\n".join(reasons))
    return "\n\n".join(parts)


def short(task_id: str) -> str:
    """A task's name without the prefix that all tests share."""
    for prefix in ("test_", "test-"):
        task_id = task_id.removeprefix(prefix)
    return task_id


def _one_table(name: str, rows: list[Row]) -> str:
    widest = max(rows, key=lambda row: len(row.tasks))
    heads = [short(task.id)[:WIDEST] for task in widest.tasks]
    lines = [["learner", *heads, "points"]]
    for row in rows:
        cells = [shown_points(task) for task in row.tasks]
        cells += [""] * (len(heads) - len(cells))
        total = f"{row.points:g}{'+?' if row.open else ''} / {row.of:g}"
        note = "  (see below)" if row.reason else ""
        lines.append([row.submission.student, *cells, total + note])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [
                cell.rjust(width)
                for cell, width in zip(
                    line[1:-1], widths[1:-1], strict=True
                )
            ]
            + [line[-1]]
        )
        for line in lines
    ]
    return "\n".join([name, *text])


def shown_points(task: Task) -> str:
    """Its points, or "?" while a person has yet to read it."""
    return "?" if task.open else f"{task.points:g}"


def write_csv(course: Course, rows: list[Row]) -> None:
    """Write points.csv (lines are submissions) and tasks.csv (tasks)."""
    head = ["learner", "assignment", "points", "of", "late_penalty"]
    lines: list[list[object]] = [[*head, "to_be_read", "status", "reason"]]
    tasks: list[list[object]] = [
        ["learner", "assignment", "task", "points", "of", "to_be_read"]
    ]
    for row in rows:
        who: list[object] = [
            row.submission.student,
            row.submission.assignment,
        ]
        lines.append(
            [
                *who,
                *(row.points, row.of, row.penalty, int(row.open)),
                *(row.status, row.reason),
            ]
        )
        tasks += [
            [*who, task.id, task.points, task.of, int(task.open)]
            for task in row.tasks
        ]
    for name, content in (("points.csv", lines), ("tasks.csv", tasks)):
        replace_text(course.home / name, csv_text(content))


def csv_text(lines: Iterable[Iterable[object]]) -> str:
    """Lines as a CSV file's text that a spreadsheet may open."""
    file = io.StringIO()
    csv.writer(file).writerows([[_cell(v) for v in line] for line in lines])
    return file.getvalue()


def _cell(value: object) -> object:
    """A spreadsheet runs text that starts like a formula: quote it."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@")):
        return f"'{value}"
    return value
