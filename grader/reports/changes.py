"""Which points have changed since the last run, and from what to what.

After a corrected test a class is graded again; this reports what changed.
`grading/.points.json` has the points as they were last reported,
`changes.csv` every change so far.
"""

from __future__ import annotations

import csv
import json
import time
from collections import defaultdict
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from grader.course.submissions import Submission, replace_text
from grader.notebook.cells import task_of
from grader.reports.points import Row, csv_text

HEAD = ["when", "learner", "assignment", "task", "before", "now", "why"]
LATE = "late_penalty"  # in place of a task
MOST = 20  # submissions shown
Memory = dict[str, dict[str, dict[str, Any]]]  # learner, assignment; see `_make_memory`


class Change(NamedTuple):
    """One task's points, or what lateness takes off."""

    submission: Submission
    task: str
    before: float
    now: float
    why: str = ""
    when: str = ""


class Told(NamedTuple):
    """A change as changes.csv reports it."""

    when: str
    task: str
    before: str
    now: str
    why: str


def write_changes(home: Path, rows: list[Row]) -> list[Change]:
    """Add what has changed to changes.csv, and remember how it is now."""
    memory = home / ".points.json"
    told: Memory = json.loads(memory.read_text("utf-8")) if memory.exists() else {}
    now = time.strftime("%Y-%m-%d %H:%M")
    found = [change._replace(when=now) for change in find_changes(told, rows)]
    if found:
        _append(home / "changes.csv", found)
    for row in rows:
        if row.tasks:
            of = told.setdefault(row.submission.student, {})
            of[row.submission.assignment] = _make_memory(row)
    replace_text(memory, json.dumps(told))
    return found


def find_changes(told: Memory, rows: list[Row]) -> list[Change]:
    """What differs from the last report; an ungraded answer does not count."""
    found = []
    for row in rows:
        who, name = row.submission.student, row.submission.assignment
        if before := told.get(who, {}).get(name):
            if not isinstance(before.get("points"), dict):  # of an earlier version
                before = {"points": before}
            points = before["points"]
            found += [
                Change(
                    row.submission,
                    task,
                    points[task],
                    now,
                    _explain_change(task, row, before),
                )
                for task, now in _sum_points(row).items()
                if points.get(task, now) != now
            ]
    return found


def _explain_change(task: str, row: Row, before: dict[str, Any]) -> str:
    """Why a task's points have changed, in words for its learner."""
    if task == LATE:
        return "lateness was counted anew"
    if task in _by_hand(row):
        return "a person gave these points"
    if task in before.get("by_hand", []):
        return "a person took back the points given by hand"
    if before.get("version", row.version) != row.version:
        return "the assignment's tests were corrected"
    if before.get("key", row.key) != row.key:
        return "another notebook was handed in"
    return "it was graded again"


def read_changes(home: Path) -> dict[tuple[str, str], list[Told]]:
    """Every change so far, by learner and assignment, as the file names them."""
    found: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for line in _read_lines(home / "changes.csv"):
        if len(line) >= len(HEAD) - 1:  # an older one doesn't say why
            when, who, name, task, before, now, why = [*line, ""][: len(HEAD)]
            found[who, name].append(Told(when, task, before, now, why))
    return found


def _read_lines(path: Path) -> list[list[str]]:
    """The lines of a table below its head; none where there is no table."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.reader(file)][1:]


def format_changes(found: list[Change]) -> str:
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


def _sum_points(row: Row) -> dict[str, float]:
    read = {task.id: task.points for task in row.tasks if not task.open}
    return {**read, LATE: row.penalty}


def _by_hand(row: Row) -> list[str]:
    return [task.id for task in row.tasks if task.by_hand]


def _make_memory(row: Row) -> dict[str, Any]:
    """What is remembered of a submission until the next run."""
    return {
        "points": _sum_points(row),
        "by_hand": _by_hand(row),
        "key": row.key,
        "version": row.version,
    }


def _append(path: Path, found: list[Change]) -> None:
    lines: list[list[object]] = [[*line] for line in _read_lines(path)]
    lines += [
        [
            *(c.when, c.submission.student, c.submission.assignment),
            *(c.task, c.before, c.now, c.why),
        ]
        for c in found
    ]
    replace_text(path, csv_text([HEAD, *lines]))
