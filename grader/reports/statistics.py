"""How each task, and each property of it, went: statistics.csv."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from grader.course.settings import Course
from grader.course.submissions import replace_text
from grader.notebook.cells import task_of
from grader.notebook.task_texts import TaskText, read_tasks
from grader.reports.points import Row, csv_text

HEAD = ["assignment", "task", "property", "of", "learners", "mean", "spread", "full"]
HEAD += ["discrimination", "planned_minutes"]


@dataclass(frozen=True)
class Item:
    """One task (or, with `property`, a part of it) over all learners.

    `mean` and `spread` (the standard deviation) are in points, `full` is the
    share of learners with all of them, `discrimination` the correlation with
    the points that the same learners have elsewhere in the assignment; None if
    there are too few of them, or no differences.
    """

    assignment: str
    task: str
    property: str
    of: float
    learners: int
    mean: float
    spread: float
    full: float
    discrimination: float | None


def find_items(rows: Iterable[Row]) -> list[Item]:
    """Every task and property, in the assignment's order.

    An answer that waits for a person counts nowhere; a task in which any waits
    is left out of what the others are correlated with.
    """
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.tasks:
            by_name[row.submission.assignment].append(row)
    return [
        item for name in sorted(by_name) for item in _collect_items(name, by_name[name])
    ]


def _collect_items(name: str, rows: list[Row]) -> list[Item]:
    waits = {task.id for row in rows for task in row.tasks if task.open}
    got: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    of: dict[tuple[str, str], float] = {}
    for row in rows:
        settled = sum(task.points for task in row.tasks if task.id not in waits)
        for task in row.tasks:
            if task.open:
                continue
            parts = {"": [task.points, task.of], **task.properties}
            rest = settled - (0 if task.id in waits else task.points)
            for part, (points, most) in parts.items():
                key = task_of(task.id), part
                elsewhere = rest + (task.points - points if part else 0)
                got[key].append((points, elsewhere))
                of[key] = most
    return [_make_item(name, *key, of[key], pairs) for key, pairs in got.items()]


def _make_item(
    name: str, task: str, part: str, of: float, pairs: list[tuple[float, float]]
) -> Item:
    points = [p for p, _ in pairs]
    return Item(
        *(name, task, part, of, len(points)),
        mean=statistics.fmean(points),
        spread=statistics.stdev(points) if len(points) > 1 else 0.0,
        full=sum(p >= of for p in points) / len(points),
        discrimination=_compute_correlation(pairs),
    )


def _compute_correlation(pairs: list[tuple[float, float]]) -> float | None:
    if len(pairs) < 3:
        return None
    try:
        return statistics.correlation(*zip(*pairs, strict=True))
    except statistics.StatisticsError:  # one of the two is the same for all
        return None


def write_statistics(course: Course, rows: Iterable[Row]) -> None:
    """Write statistics.csv into the folder of the other tables."""
    lines: list[list[object]] = [[*HEAD]]
    for item in find_items(rows):
        about = read_tasks(course.released(item.assignment)).tasks.get(
            item.task, TaskText()
        )
        r = item.discrimination
        lines.append(
            [
                *(item.assignment, item.task, item.property, item.of, item.learners),
                *(round(item.mean, 3), round(item.spread, 3), round(item.full, 3)),
                "" if r is None else round(r, 3),
                about.minutes or "",
            ]
        )
    replace_text(course.home / "statistics.csv", csv_text(lines))
