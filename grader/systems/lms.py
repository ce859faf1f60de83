"""The points as files that learning management systems take.

`lms.csv` has a row per learner and a column per assignment, which Moodle and
Blackboard import after asking which column is which. `canvas.csv` has the
columns, and the line of possible points, that Canvas wants; where its gradebook
lies beside an export, an assignment has Canvas's own name and number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, Student

from grader.course.roster import is_anonymous
from grader.course.settings import Course
from grader.course.submissions import replace_text
from grader.reports.points import Row, csv_text
from grader.systems.exported.collected import load_record
from grader.systems.exported.exports import CANVAS
from grader.systems.exported.worksheet import find_canvas_column

LMS_HEAD = ["id", "lms_user_id", "first_name", "last_name", "email"]
CANVAS_HEAD = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]


def write_lms(
    course: Course,
    rows: list[Row],
    place: Path | None = None,
    missing: float | None = None,
) -> None:
    """Write lms.csv and canvas.csv into a folder, by default that of the other tables.

    All of the roster have a line. The field of a submission that waits for a
    person is empty, which leaves what the system has; what did not come in has
    `missing` points, or an empty field too, as everybody's is who may stand behind
    a name such as Participant_4.
    """
    place, downloaded = place or course.home, course.home / "downloaded"
    with Gradebook(course.db_url, course.course_id) as book:
        students = {student.id: student for student in book.students}
        of = {a.name: float(a.max_score) for a in book.assignments}
        points = _collect_points(rows)
        nameless = {n for who, p in points.items() if is_anonymous(who) for n in p}
        absent = dict.fromkeys(nameless)
        names = sorted(set(of) & {name for p in points.values() for name in p})
        known = [
            student
            for who, student in sorted(students.items())
            if who in points or _format_lms_row(student)[1:] != [""] * 4
        ]
        taken = {s.lms_user_id for s in students.values()}
        numbers = {
            w: n for w, n in _find_numbers(course, rows).items() if n not in taken
        }
        lms = [[*LMS_HEAD, *names]]
        canvas: list[list[Any]] = [
            [*CANVAS_HEAD, *(find_canvas_column(downloaded, n) for n in names)],
            ["    Points Possible", "", "", "", "", *(of[n] for n in names)],
        ]
        for student in known:
            mine = points.get(student.id, {})
            got = [mine.get(name, absent.get(name, missing)) for name in names]
            lms.append([*_format_lms_row(student), *got])
            canvas.append([*_format_canvas_row(student, numbers), *got])
    replace_text(place / "lms.csv", csv_text(lms))
    replace_text(place / "canvas.csv", csv_text(canvas))


def _collect_points(rows: list[Row]) -> dict[str, dict[str, Any]]:
    """Points by learner and assignment."""
    points: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        if row.tasks:
            value = "" if row.open else row.points
            points[row.submission.student][row.submission.assignment] = value
    return points


def _format_lms_row(student: Student) -> list[Any]:
    return [
        student.id,
        student.lms_user_id or "",
        student.first_name or "",
        student.last_name or "",
        student.email or "",
    ]


def _find_numbers(course: Course, rows: list[Row]) -> dict[str, str]:
    """Canvas's number of each learner who handed in alone, from the files' names.

    A group's files carry the number of one of its learners.
    """
    alone = {(r.submission.assignment, r.submission.student): r for r in rows}
    found = {
        (who, number)
        for assignment, of in load_record(course.home).items()
        for who, taken in of.items()
        if (row := alone.get((assignment, who))) and not row.submission.team
        for system, name, number, _ in taken.marks
        if system == CANVAS and not is_anonymous(name)
    }
    whose, has = (Counter(pair[n] for pair in found) for n in (1, 0))
    return {w: number for w, number in found if whose[number] == has[w] == 1}


def _format_canvas_row(student: Student, numbers: dict[str, str]) -> list[Any]:
    full = ", ".join(filter(None, [student.last_name, student.first_name]))
    number = student.lms_user_id or numbers.get(student.id)
    login = "" if number else student.id  # Canvas matches the number first
    return [full or student.id, number, "", login, ""]
