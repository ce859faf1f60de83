"""The summary that an instructor reads after a run.

The most frequent mistakes that were recognised, the submissions to look
at, with the reasons, and the slowest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from grader.course.settings import Course
from grader.course.submissions import replace_text
from grader.notebook.cells import task_of
from grader.reports.points import Row, csv_text

MOST = 10  # lines of each list
SLOW, SECONDS = 5, 10  # that many, if they took longer


@dataclass(frozen=True)
class Mistake:
    """A known mistake, and how many learners made it."""

    assignment: str
    task: str
    says: str
    count: int


def count_mistakes(rows: Iterable[Row]) -> list[Mistake]:
    """The recognised mistakes, the most frequent first."""
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        for task in row.tasks:
            name = row.submission.assignment
            failures = [task.failure, *task.others] if task.failure else []
            for says in {f.mistake for f in failures if f.mistake}:
                found[name, task_of(task.id), says] += 1
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [Mistake(*key, count) for key, count in ordered]


def format_summary(graded: list[tuple[Row, dict[str, Any]]]) -> str:
    """The lists as text; one that is empty is left out."""
    parts = [
        _format_section("Mistakes recognised most often", _list_mistakes(graded)),
        _format_section("To be looked at, and why", _list_suspicious(graded)),
        _format_section("Slowest", _list_slowest(graded)),
    ]
    return "\n\n".join(part for part in parts if part)


def write_overview(course: Course, graded: list[tuple[Row, dict[str, Any]]]) -> None:
    """Write mistakes.csv and suspicious.csv into the folder of the points."""
    lines: list[list[object]] = [["assignment", "task", "learners", "mistake"]]
    lines += [
        [m.assignment, m.task, m.count, m.says]
        for m in count_mistakes(row for row, _ in graded)
    ]
    replace_text(course.home / "mistakes.csv", csv_text(lines))
    lines = [["learner", "assignment", "reason"]]
    lines += [
        [row.submission.student, row.submission.assignment, reason]
        for row, result in graded
        for reason in result.get("suspicious", [])
    ]
    replace_text(course.home / "suspicious.csv", csv_text(lines))


def _format_section(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *lines]) if lines else ""


def _list_mistakes(graded: list[tuple[Row, dict[str, Any]]]) -> list[str]:
    return [
        f"{m.count:4}  {m.assignment} {m.task}: {m.says}"
        for m in count_mistakes(row for row, _ in graded)[:MOST]
    ]


def _list_suspicious(graded: list[tuple[Row, dict[str, Any]]]) -> list[str]:
    found = [
        (row, result["suspicious"])
        for row, result in graded
        if result.get("suspicious")
    ]
    lines = [
        f"{row.submission}: {'; '.join(reasons[:2])}"
        + (f"; {len(reasons) - 2} more" if len(reasons) > 2 else "")
        for row, reasons in found[:MOST]
    ]
    if len(found) > MOST:
        lines.append(f"and {len(found) - MOST} more: see suspicious.csv")
    return lines


def _list_slowest(graded: list[tuple[Row, dict[str, Any]]]) -> list[str]:
    timed = [(result["seconds"], str(row.submission)) for row, result in graded]
    timed = sorted((t for t in timed if t[0] > SECONDS), reverse=True)[:SLOW]
    return [f"{seconds:7.2f} s  {who}" for seconds, who in timed]
