"""The points as files that learning management systems take.

`lms.csv` has a row per learner and a column per assignment, which Moodle and
Blackboard import after asking which column is which. `canvas.csv` has the
columns, and the line of possible points, that Canvas wants.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from nbgrader.api import Gradebook, Student

from grader.course.settings import Course
from grader.course.submissions import replace_text
from grader.reports.points import Row, csv_text

LMS_HEAD = ["id", "lms_user_id", "first_name", "last_name", "email"]
CANVAS_HEAD = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]


def write_lms(course: Course, rows: list[Row]) -> None:
    """Write lms.csv and canvas.csv beside the other tables.

    A submission that waits for a person has no points yet: its field is
    empty, which leaves what the system has.
    """
    with Gradebook(course.db_url, course.course_id) as book:
        students = {student.id: student for student in book.students}
        of = {a.name: float(a.max_score) for a in book.assignments}
        points = _points(rows)
        names = sorted(set(of) & {name for p in points.values() for name in p})
        known = [students[who] for who in sorted(points) if who in students]
        lms = [[*LMS_HEAD, *names]]
        canvas: list[list[Any]] = [
            [*CANVAS_HEAD, *names],
            ["    Points Possible", "", "", "", "", *(of[n] for n in names)],
        ]
        for student in known:
            got = [points[student.id].get(name) for name in names]
            lms.append([*_lms(student), *got])
            canvas.append([*_canvas(student), *got])
    replace_text(course.home / "lms.csv", csv_text(lms))
    replace_text(course.home / "canvas.csv", csv_text(canvas))


def _points(rows: list[Row]) -> dict[str, dict[str, Any]]:
    """Points by learner and assignment."""
    points: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        if row.tasks:
            value = "" if row.open else row.points
            points[row.submission.student][row.submission.assignment] = value
    return points


def _lms(student: Student) -> list[Any]:
    return [
        student.id,
        student.lms_user_id or "",
        student.first_name or "",
        student.last_name or "",
        student.email or "",
    ]


def _canvas(student: Student) -> list[Any]:
    full = ", ".join(filter(None, [student.last_name, student.first_name]))
    return [full or student.id, student.lms_user_id or "", "", student.id, ""]
