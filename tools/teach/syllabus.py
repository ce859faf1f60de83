"""The syllabus: the plan, what it takes, what is read, handed in and counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from grader.course.course_file import CourseFile
from tools.pages.contents import LINK
from tools.publish.export import format_plan
from tools.teach.documents import render_document
from tools.teach.pages import Page, find_answered
from tools.teach.workload import Work, count_week

HEADS = {  # of the policies of course.toml
    "teacher": "Teacher",
    "office_hours": "Office hours",
    "prerequisites": "What is assumed",
    "collaboration": "Working together",
    "tools": "Language models and other tools",
    "more_time": "More time",
}


class Read(NamedTuple):
    """A chapter as the syllabus lists it."""

    title: str
    answers: list[str]


def list_parts(course: CourseFile, works: Iterable[Work]) -> list[tuple[str, float]]:
    """What the final mark is made of: assignments, each exam; in per cent."""
    if course.mark is None:
        return []
    counts = {w.name: course.mark.counts.get(w.name, 1) for w in works}
    left = 100 - sum(exam.weight for exam in course.exams)
    total = sum(counts.values())
    each = [(f"assignment {name}", left * n / total) for name, n in counts.items() if n]
    return [*each, *((f"exam: {e.name}", e.weight) for e in course.exams)]


def syllabus_document(
    course: CourseFile, title: str, pages: Iterable[Page], works: Collection[Work]
) -> str:
    """The syllabus as one HTML file."""
    pages = [*pages]
    table = format_plan(course, {page.name: page.title for page in pages})
    of = {work.name: work for work in works}
    return render_document(
        "syllabus.html",
        title,
        address=course.book_address,
        plan=LINK.sub(r"\1", table),
        loads=[count_week(week, of) for week in course.weeks],
        pages=[Read(page.title, find_answered(page)) for page in pages],
        assignments=works,
        parts=list_parts(course, works),
        mark=course.mark,
        shares=course.late_shares,
        policies=[(HEADS[key], said) for key, said in course.policies.items() if said],
    )
