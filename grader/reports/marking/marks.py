"""Points and comments that a person gives, and who gave them: marks.csv."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from grader.course.by_hand.rubric_items import (
    Item,
    give_items,
    list_items,
    pick_items,
    read_given,
    save_item,
    sum_points,
)
from grader.course.by_hand.tables import read_lines
from grader.course.settings import Course
from grader.course.submissions import replace_text
from grader.notebook.cells import task_of
from grader.reports.points import csv_text
from rnncore.storage.files import locked

HEAD = ["when", "by", "learner", "assignment", "task", "before", "points", "comment"]
MARKS = "marks.csv"  # who gave what
LONGEST = 5_000  # characters of a comment


@dataclass(frozen=True)
class Shown:
    """What a person saw of a task of one learner when giving the points."""

    learner: str
    points: float
    open: bool


@dataclass(frozen=True)
class Mark:
    """What a person gives: points, or items of the rubric, whose sum they are."""

    by: str
    points: float | None  # None: the sum of the items; without items, to be read again
    comment: str | None = None  # None: they keep theirs
    items: tuple[int, ...] = ()  # their numbers


class Outdated(Exception):
    """Another mark was given since; the message says which."""


def enter_marks(
    course: Course, assignment: str, task: str, shown: Sequence[Shown], mark: Mark
) -> list[Shown]:
    """Give these learners a mark for a task, all of them or none; what they then have.

    Raises ValueError if the task has fewer points or no such item, Outdated if a
    learner's points are no longer what was shown, and SetupError if marks.csv is
    not what was written.
    """
    if mark.comment and len(mark.comment) > LONGEST:
        raise ValueError(
            f"comment: expected {LONGEST:,} characters at most, "
            f"got {len(mark.comment):,}"
        )
    with _open_marks(course) as (book, lines):
        items = pick_items(list_items(book, assignment, task), mark.items)
        after = [_enter(book, assignment, task, one, mark, items) for one in shown]
        for old, new in zip(shown, after, strict=True):
            lines.append(_format_line(assignment, task, old, new, mark))
    return after


def reprice(
    course: Course, assignment: str, task: str, item: Item, most: float, by: str
) -> int:
    """Add or change an item; how many marks that rest on it changed with it.

    Raises ValueError as `save_item` does, and SetupError if marks.csv is not what
    was written.
    """
    with _open_marks(course) as (book, lines):
        before = read_given(book, assignment)
        save_item(book, assignment, task, item, most)
        after = read_given(book, assignment)
        changed = 0
        for (learner, name), items in before.items():
            if name != task:
                continue
            grade = _find_resting(book, assignment, task, learner, items)
            new = sum_points(after[learner, name], most)
            if grade is None or grade.manual_score == new:
                continue
            old = Shown(learner, float(grade.score), False)
            grade.manual_score = new
            mark = Mark(by, new, f"item: {item.text} ({item.points:g})")
            now = _read_shown(book, grade, learner)
            lines.append(_format_line(assignment, task, old, now, mark))
            changed += 1
    return changed


def _find_resting(
    book: Gradebook, assignment: str, task: str, learner: str, items: Sequence[Item]
) -> Any:
    """The grade of a learner, if it is the sum of these items; else None."""
    try:
        grade = book.find_grade(task, assignment, assignment, learner)
    except MissingEntry:  # what was handed in has been taken out
        return None
    rests = grade.manual_score == sum_points(items, float(grade.max_score))
    return grade if rests and not grade.needs_manual_grade else None


@contextmanager
def _open_marks(course: Course) -> Iterator[tuple[Gradebook, list[list[object]]]]:
    """The gradebook, and a list whose lines are added to marks.csv at the end.

    One command at a time; where the block fails nothing of it is entered.
    """
    with locked(course.home / ".marks.lock"):
        before: list[list[object]]
        before = [[*cells] for _, cells in read_lines(course.home / MARKS, HEAD)]
        lines: list[list[object]] = []
        with course.ledger.transaction() as book:
            yield book, lines
            book.db.commit()
        if lines:
            replace_text(course.home / MARKS, csv_text([HEAD, *before, *lines]))


def _format_line(
    assignment: str, task: str, old: Shown, new: Shown, mark: Mark
) -> list[object]:
    """A line of marks.csv; points are empty where a person is still to give them."""
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    points = ["" if one.open else one.points for one in (old, new)]
    what = old.learner, assignment, task_of(task)
    return [when, mark.by, *what, *points, mark.comment or ""]


def _enter(
    book: Gradebook,
    assignment: str,
    task: str,
    shown: Shown,
    mark: Mark,
    items: Sequence[Item],
) -> Shown:
    where = assignment, assignment, shown.learner
    grade = book.find_grade(task, *where)
    most = float(grade.max_score)
    points = sum_points(items, most) if items else mark.points
    if points is not None and not (math.isfinite(points) and 0 <= points <= most):
        raise ValueError(f"points: expected 0 to {most:g}, got {points:g}")
    is_open = bool(grade.needs_manual_grade)
    if is_open != shown.open or float(grade.score) != shown.points:
        now = "no points" if is_open else f"{grade.score:g} points"
        raise Outdated(
            f"{shown.learner} has {now} by now, not what is shown: load the page again"
        )
    grade.manual_score, grade.needs_manual_grade = points, points is None
    give_items(book, assignment, task, shown.learner, items)
    if mark.comment is not None:
        _comment(book, task, where, mark.comment)
    return _read_shown(book, grade, shown.learner)


def _read_shown(book: Gradebook, grade: Any, learner: str) -> Shown:
    """What a learner has, once a change is in the gradebook."""
    book.db.flush()
    book.db.refresh(grade)
    return Shown(learner, float(grade.score), bool(grade.needs_manual_grade))


def _comment(
    book: Gradebook, task: str, where: tuple[str, str, str], comment: str
) -> None:
    for place in dict.fromkeys([task_of(task), task]):  # as the formgrader does
        try:
            book.find_comment(place, *where).manual_comment = comment or None
            break
        except MissingEntry:
            continue
