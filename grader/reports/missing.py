"""Who has not handed in what was due, week by week: missing.csv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from grader.course.course_file import CourseFile
from grader.course.roster import Learner, is_anonymous, read_students
from grader.course.settings import Course
from grader.course.submissions import Submission, replace_text
from grader.reports.points import csv_text
from rnncore.storage.files import composed

HEAD = ["week", "due", "assignment", "learner", "first_name", "last_name", "email"]


@dataclass(frozen=True)
class Missing:
    """What a learner did not hand in; `week` is 0 without a plan, `due` in UTC."""

    week: int
    due: datetime | None
    assignment: str
    learner: Learner


def find_missing(
    file: CourseFile,
    learners: Collection[Learner],
    submissions: Collection[Submission],
    now: datetime,
) -> Iterator[Missing]:
    """Who lacks what was due before `now`, in UTC, and is not excused from it.

    Extensions are included. Without weeks in the course file all counts that
    anybody has handed in. What
    is marked anonymously nobody lacks by name.
    """
    handed_in = {(composed(s.student), s.assignment) for s in submissions}
    plan = [
        (number, week.due, name)
        for number, week in enumerate(file.weeks, 1)
        for name in week.assignments
    ] or [(0, None, name) for name in sorted({name for _, name in handed_in})]
    excused = file.excused
    nameless = {name for who, name in handed_in if is_anonymous(who)}
    named = [learner for learner in learners if not is_anonymous(learner.id)]
    for number, due, name in plan:
        for learner in () if name in nameless else named:
            who = composed(learner.id)
            more = (file.extensions or {}).get((who, name), timedelta())
            over = due + more < now if due else not number
            if over and (who, name) not in handed_in | excused:
                yield Missing(number, due, name, learner)


def write_missing(course: Course, submissions: Collection[Submission]) -> str:
    """Write missing.csv; return the text to print, which may be empty."""
    with course.ledger.transaction() as book:
        people = read_students(book).learners
    came = {s.student for s in submissions}
    learners = [
        learner
        for who, learner in sorted(people.items())
        if learner.known or (who in came and not is_anonymous(who))
    ]
    now = datetime.now(UTC).replace(tzinfo=None)
    found = [*find_missing(course.file, learners, submissions, now)]
    lines: list[list[object]] = [[*HEAD]]
    for m in found:
        due = f"{m.due:%Y-%m-%d %H:%M} UTC" if m.due else ""
        who = m.learner
        person = who.id, who.first_name, who.last_name, who.email
        lines.append([m.week or "", due, m.assignment, *person])
    replace_text(course.home / "missing.csv", csv_text(lines))
    counts = Counter((m.week, m.assignment) for m in found)
    told = [
        f"{count:4}  {f'week {week}: ' if week else ''}{name}"
        for (week, name), count in counts.items()
    ]
    head = f"Not handed in, of {len(learners)} learners (missing.csv says by whom):"
    return "\n".join([head, *told]) if told else ""
