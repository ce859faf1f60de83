"""The class's points, from the gradebook: a table and two CSV files."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
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

from grader import untrusted
from grader.course.by_hand.rubric_items import Item, read_given, sum_points
from grader.course.settings import Course, last_version
from grader.course.submissions import Submission, load_result, replace_text
from grader.notebook.cells import task_of
from rnncore.testing.failure import Failure

WIDEST = 22  # characters of a column's head
MARK = "*"  # of a test that ran inside
INSIDE = "its test runs in the answer's own process, whose word these points are"
FAILED = ["kind", "checked", "expected", "got", "mistake", "read", "hidden"]


@dataclass(frozen=True)
class TaskPoints:
    """One graded cell; `open`: a person has yet to read it."""

    id: str
    points: float
    of: float
    open: bool
    comment: str = ""
    failure: Failure | None = None
    others: tuple[Failure, ...] = ()  # where points are split by property
    properties: dict[str, list[float]] = field(default_factory=dict)
    by_hand: bool = False  # a person gave the points
    auto: float | None = None  # what its tests gave
    inside: bool = False  # its test ran in the answer's own process
    items: tuple[Item, ...] = ()  # of the rubric, whose sum a person gave


@dataclass(frozen=True)
class Row:
    """A submission's points, as the gradebook has them."""

    submission: Submission
    status: str  # graded, not gradable, failed
    reason: str
    points: float = 0.0
    of: float = 0.0
    penalty: float = 0.0
    late: float = 0.0  # hours after the due date, extension included
    open: bool = False
    tasks: list[TaskPoints] = field(default_factory=list)
    key: str = ""  # of what was graded; see `key_of`
    version: str = ""  # of the tests
    edition: str = ""  # of the grader

    @property
    def earlier(self) -> float:
        """The points in it that a person gave an earlier answer than this one."""
        return sum(task.points for task in self.tasks if task.open and task.by_hand)


def read_rows(course: Course, submissions: Iterable[Submission]) -> list[Row]:
    """A row for each submission that has been graded.

    Points are the gradebook's: what a person entered counts.
    """
    entered: dict[str, dict[str, Entered]] = {}
    versions: dict[str, str] = {}
    rows = []
    with course.ledger.transaction() as book:
        for submission in submissions:
            result = load_result(course, submission)
            if result is None:
                continue
            name = submission.assignment
            if name not in entered:
                entered[name] = _read_entered(book, name)
                versions[name] = last_version(course.home, name)
            one = entered[name].get(submission.student)
            rows.append(_make_row(submission, result, one, versions[name]))
    return rows


@dataclass
class Entered:
    """What the gradebook has of one submission."""

    tasks: list[TaskPoints] = field(default_factory=list)
    penalty: float = 0.0
    late: float = 0.0


def _make_row(
    submission: Submission,
    result: dict[str, Any],
    entered: Entered | None,
    version: str,
) -> Row:
    reason = result["reason"] or ""
    status = "graded" if not reason else "not gradable"
    if result["failed"]:
        status = "failed"
    if entered is None:
        return Row(submission, status, reason)
    checks = {check["id"]: check for check in result.get("checks", [])}
    tasks = [_add_check(t, checks.get(t.id, {}), reason) for t in entered.tasks]
    return Row(
        submission,
        status,
        reason,
        points=sum(task.points for task in tasks) - entered.penalty,
        of=sum(task.of for task in tasks),
        penalty=entered.penalty,
        late=entered.late,
        open=any(task.open for task in tasks),
        tasks=tasks,
        key=result.get("key", ""),
        version=version,
        edition=result.get("edition", ""),
    )


def _add_check(task: TaskPoints, check: dict[str, Any], reason: str) -> TaskPoints:
    """A task with what its check showed; an older result lacks parts."""
    told = [check.get("failure"), *check.get("others", [])]
    failures = [Failure.from_json(one) for one in told if one and not reason]
    return replace(
        task,
        failure=failures[0] if failures else None,
        others=tuple(failures[1:]),
        properties=check.get("properties", {}),
        inside=bool(check.get("inside")),
    )


def _read_entered(book: Gradebook, name: str) -> dict[str, Entered]:
    """The entries of the gradebook for an assignment, by learner."""
    try:
        notebooks = book.find_assignment(name).notebooks
    except MissingEntry:
        return {}
    found: dict[str, Entered] = {}
    for notebook in sorted(notebooks, key=lambda notebook: notebook.name):
        _add_entered(found, book, notebook)
    of_assignment = SubmittedAssignment.assignment.has(name=name)
    for submission in book.db.scalars(select(SubmittedAssignment).where(of_assignment)):
        if submission.student_id in found:
            found[submission.student_id].late = submission.total_seconds_late / 3600
    return found


def _add_entered(found: dict[str, Entered], book: Gradebook, notebook: Any) -> None:
    """Add what the gradebook has of one of an assignment's notebooks."""
    order = [cell.name for cell in notebook.source_cells]
    graded_cells = [*notebook.grade_cells, *notebook.task_cells]
    graded = {cell.id: float(cell.max_score) for cell in graded_cells}
    names = {cell.id: cell.name for cell in [*graded_cells, *notebook.solution_cells]}

    comments = {
        (who, names[cell]): text or ""
        for who, cell, text in _select(
            book, notebook, Comment.cell_id, Comment.manual_comment, of=Comment
        )
    }
    items = read_given(book, notebook.assignment.name)
    penalty = SubmittedNotebook.late_submission_penalty
    for who, lost in _select(book, notebook, penalty):
        found.setdefault(who, Entered()).penalty += float(lost or 0)
    tasks: dict[str, list[TaskPoints]] = {}
    columns = (
        *(Grade.cell_id, Grade.score, Grade.needs_manual_grade),
        *(Grade.auto_score, Grade.manual_score, Grade.extra_credit),
    )
    for who, cell, score, is_open, auto, *given in _select(
        book, notebook, *columns, of=Grade
    ):
        name, by_hand = names[cell], given != [None, None]
        # below a code cell the formgrader has the comment of both, under its name
        places = dict.fromkeys([name, task_of(name)])
        reasons = items[who, name]
        if is_open or given[0] != sum_points(reasons, graded[cell]):
            reasons = ()
        task = TaskPoints(
            name,
            float(score),
            graded[cell],
            bool(is_open),
            "\n".join(filter(None, [comments.get((who, p)) for p in places])),
            by_hand=by_hand,
            auto=auto if by_hand else None,
            items=reasons,
        )
        tasks.setdefault(who, []).append(task)
    for who, given_to in tasks.items():
        found[who].tasks += sorted(given_to, key=lambda task: order.index(task.id))


def _select(book: Gradebook, notebook: Any, *columns: Any, of: Any = None) -> Any:
    """Columns for each learner who handed in a notebook."""
    query = (
        select(Student.id, *columns)
        .join(SubmittedAssignment, SubmittedAssignment.student_id == Student.id)
        .join(SubmittedNotebook)
        .where(SubmittedNotebook.notebook_id == notebook.id)
    )
    if of is not None:
        query = query.join(of)
    return book.db.execute(query)


def format_table(rows: list[Row]) -> str:
    """The points as text: one table an assignment, learners by tasks."""
    names = sorted({row.submission.assignment for row in rows})
    parts = [
        _one_table(name, [row for row in rows if row.submission.assignment == name])
        for name in names
    ]
    reasons = [
        f"{row.submission}: {untrusted.line(row.reason, 1000)}"
        for row in rows
        if row.reason
    ]
    if reasons:
        parts.append("Not gradable, and why:\n" + "\n".join(reasons))
    return "\n\n".join(parts)


def _one_table(name: str, rows: list[Row]) -> str:
    widest = max(rows, key=lambda row: len(row.tasks))
    heads = [task_of(task.id)[:WIDEST] + MARK * task.inside for task in widest.tasks]
    lines = [["learner", *heads, "points"]]
    for row in rows:
        cells = [format_points(task) for task in row.tasks]
        cells += [""] * (len(heads) - len(cells))
        now = row.points - row.earlier
        total = f"{now:g}{'+?' if row.open else ''} / {row.of:g}"
        before = f"{row.earlier:g} for an earlier answer" if row.earlier else ""
        late = f"{format_hours(row.late)} late" if row.late else ""
        lost = f"{row.penalty:g} taken off" if row.penalty else ""
        note = ", ".join(part for part in (before, late, lost) if part)
        note = f"  {note}" if note else ""
        note += "  (see below)" if row.reason else ""
        lines.append([row.submission.student, *cells, total + note])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [
                cell.rjust(width)
                for cell, width in zip(line[1:-1], widths[1:-1], strict=True)
            ]
            + [line[-1]]
        )
        for line in lines
    ]
    if any(task.inside for task in widest.tasks):
        text.append(f"{MARK} {INSIDE}")
    return "\n".join([name, *text])


def format_points(task: TaskPoints) -> str:
    """Its points, or "?" while a person has yet to read it."""
    return "?" if task.open else f"{task.points:g}"


def format_properties(task: TaskPoints) -> str:
    """What its tests gave for each property: values 2/2, dtype 0/1."""
    parts = task.properties.items()
    return ", ".join(f"{name} {got:g}/{of:g}" for name, (got, of) in parts)


def format_hours(hours: float) -> str:
    """A delay as a person says it: 40 min, 5 h, 3 days."""
    if hours < 1:
        return f"{math.ceil(60 * hours)} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def is_earlier(course: Course, row: Row) -> bool:
    """Whether another edition of the grader, or with other limits, gave the points."""
    return bool(row.tasks) and row.edition != course.edition


def format_earlier(course: Course, rows: Iterable[Row]) -> str:
    """How many points come from an earlier edition, as text; or nothing."""
    counts = Counter(r.submission.assignment for r in rows if is_earlier(course, r))
    if not counts:
        return ""
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return (
        "Graded by an earlier edition of the grader or of rnncore, or with other "
        f"limits: {told} (points.csv says which). make grade AGAIN=1 grades them anew."
    )


def write_csv(course: Course, rows: list[Row]) -> None:
    """Write points.csv (lines are submissions) and tasks.csv (tasks)."""
    head = ["learner", "assignment", "points", "of", "late_penalty", "hours_late"]
    head += ["to_be_read", "earlier_edition", "status", "reason"]
    lines: list[list[object]] = [[*head]]
    head = ["learner", "assignment", "task", "points", "of", "to_be_read"]
    tasks: list[list[object]] = [[*head, *FAILED, "properties"]]
    for row in rows:
        who: list[object] = [row.submission.student, row.submission.assignment]
        lines.append(
            [
                *who,
                *(row.points, row.of, row.penalty, round(row.late, 2)),
                *(int(row.open), int(is_earlier(course, row))),
                *(row.status, row.reason),
            ]
        )
        tasks += [
            [
                *(*who, task.id, task.points, task.of, int(task.open)),
                *_format_failure(task.failure),
                format_properties(task),
            ]
            for task in row.tasks
        ]
    for name, content in (("points.csv", lines), ("tasks.csv", tasks)):
        replace_text(course.home / name, csv_text(content))


def _format_failure(failure: Failure | None) -> list[object]:
    """A failure's fields in the columns FAILED."""
    if failure is None:
        return [""] * len(FAILED)
    return [
        failure.kind,
        failure.checked,
        failure.expected,
        failure.got,
        failure.mistake,
        failure.read.file if failure.read else "",
        int(failure.hidden),
    ]


def csv_text(lines: Iterable[Iterable[object]]) -> str:
    """Lines as a CSV file's text that a spreadsheet may open."""
    return lines_text([untrusted.cell(value) for value in line] for line in lines)


def lines_text(lines: Iterable[Iterable[object]]) -> str:
    """Lines as a CSV file's text, whatever a spreadsheet does with it."""
    file = io.StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue()
