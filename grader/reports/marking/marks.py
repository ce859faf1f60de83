"""Points and comments that a person gives, and who gave them: marks.csv."""

from __future__ import annotations

import fcntl
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from nbgrader.api import Gradebook, MissingEntry

from grader.course.by_hand.tables import read_lines
from grader.course.settings import Course
from grader.course.submissions import replace_text
from grader.notebook.repair import task_of
from grader.reports.points import csv_text

HEAD = ["when", "by", "learner", "assignment", "task", "before", "points", "comment"]
MARKS = "marks.csv"  # who gave what
LONGEST = 5_000  # characters of a comment


@dataclass(frozen=True)
class Shown:
    """What a person saw of a task of one learner when giving the points."""

    learner: str
    points: float
    open: bool


class Outdated(Exception):
    """Another mark was given since; the message says which."""


def enter_marks(
    course: Course,
    assignment: str,
    task: str,
    shown: Sequence[Shown],
    points: float,
    comment: str | None,
    by: str,
) -> None:
    """Give these learners points and a comment for a task: all of them or none.

    Without a comment those that they have stay.

    Raises ValueError if the task has fewer points, Outdated if a learner's
    points are no longer what was shown, and SetupError if marks.csv is not
    what was written.
    """
    if comment and len(comment) > LONGEST:
        raise ValueError(
            f"comment: expected {LONGEST:,} characters at most, got {len(comment):,}"
        )
    with (course.home / ".marks.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before: list[list[object]]
        before = [[*cells] for _, cells in read_lines(course.home / MARKS, HEAD)]
        with course.ledger.transaction() as book:
            for one in shown:
                _enter(book, assignment, task, one, points, comment)
            book.db.commit()
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        what = assignment, task_of(task)
        now = points, comment or ""
        lines = [
            [when, by, s.learner, *what, "" if s.open else s.points, *now]
            for s in shown
        ]
        replace_text(course.home / MARKS, csv_text([HEAD, *before, *lines]))


def _enter(
    book: Gradebook,
    assignment: str,
    task: str,
    shown: Shown,
    points: float,
    comment: str | None,
) -> None:
    where = assignment, assignment, shown.learner
    grade = book.find_grade(task, *where)
    most = float(grade.max_score)
    if not math.isfinite(points) or not 0 <= points <= most:
        raise ValueError(f"points: expected 0 to {most:g}, got {points:g}")
    is_open = bool(grade.needs_manual_grade)
    if is_open != shown.open or float(grade.score) != shown.points:
        now = "no points" if is_open else f"{grade.score:g} points"
        raise Outdated(
            f"{shown.learner} has {now} by now, not what is shown: load the page again"
        )
    grade.manual_score, grade.needs_manual_grade = points, False
    if comment is None:
        return
    for place in dict.fromkeys([task_of(task), task]):  # as the formgrader does
        try:
            book.find_comment(place, *where).manual_comment = comment or None
            break
        except MissingEntry:
            continue
