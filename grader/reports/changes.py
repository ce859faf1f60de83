"""Which points have changed since the last run, and from what to what.

After a corrected test a class is graded again; this tells it what changed.
`grading/.points.json` has the points as they were last reported,
`changes.csv` every change so far.
"""

from __future__ import annotations

import csv
import json
import time
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from grader.course.submissions import Submission, replace_text
from grader.notebook.repair import task_of
from grader.reports.points import Row, csv_text

HEAD = ["when", "learner", "assignment", "task", "before", "now"]
LATE = "late_penalty"  # in place of a task
MOST = 20  # submissions shown
Told = dict[str, dict[str, dict[str, float]]]  # learner, assignment, task


class Change(NamedTuple):
    """One task's points, or what lateness takes off."""

    submission: Submission
    task: str
    before: float
    now: float


def write_changes(home: Path, rows: list[Row]) -> list[Change]:
    """Add what has changed to changes.csv, and remember how it is now."""
    memory = home / ".points.json"
    told: Told = json.loads(memory.read_text("utf-8")) if memory.exists() else {}
    found = changes(told, rows)
    if found:
        _append(home / "changes.csv", found)
    for row in rows:
        if row.tasks:
            of = told.setdefault(row.submission.student, {})
            of[row.submission.assignment] = _points(row)
    replace_text(memory, json.dumps(told))
    return found


def changes(told: Told, rows: list[Row]) -> list[Change]:
    """What differs from what was told; an answer that waits does not count."""
    return [
        Change(row.submission, task, before[task], points)
        for row in rows
        if (
            before := told.get(row.submission.student, {}).get(
                row.submission.assignment
            )
        )
        for task, points in _points(row).items()
        if before.get(task, points) != points
    ]


def shown_changes(found: list[Change]) -> str:
    """The changes as text, one line per submission."""
    if not found:
        return ""
    lines = [
        f"{submission}: "
        + ", ".join(f"{task_of(c.task)} {c.before:g} -> {c.now:g}" for c in of)
        for submission, of in groupby(found, key=lambda change: change.submission)
    ]
    if len(lines) > MOST:
        lines[MOST:] = [f"and {len(lines) - MOST} more: see changes.csv"]
    return "\n".join(["Points that changed since the last run:", *lines])


def _points(row: Row) -> dict[str, float]:
    read = {task.id: task.points for task in row.tasks if not task.open}
    return {**read, LATE: row.penalty}


def _append(path: Path, found: list[Change]) -> None:
    lines: list[list[object]] = [[*HEAD]]
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            lines = [[*line] for line in csv.reader(file)]
    now = time.strftime("%Y-%m-%d %H:%M")
    lines += [
        [now, c.submission.student, c.submission.assignment, c.task, c.before, c.now]
        for c in found
    ]
    replace_text(path, csv_text(lines))
