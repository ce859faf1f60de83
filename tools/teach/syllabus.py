"""The syllabus: the plan with its dates, what is read, handed in and counted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from grader.assignments.source import Assignment
from grader.course.course_file import CourseFile
from tools.build.contents import LINK, TITLE
from tools.build.export import format_plan
from tools.teach.documents import render_document
from tools.teach.pages import Page, find_answered

MINUTES = re.compile(r"about (\d+) minutes(?:, \d+ points|\.?\*)")


class Line(NamedTuple):
    """An assignment as the syllabus lists it."""

    name: str
    title: str
    points: float
    minutes: int


class Read(NamedTuple):
    """A chapter as the syllabus lists it."""

    title: str
    answers: list[str]


def line_of(assignment: Assignment) -> Line:
    """An assignment's title, points and minutes, from its text."""
    text = assignment.cells[0].source
    title, minutes = TITLE.search(text), MINUTES.search(text)
    points = sum(float(cell.options.get("points", 0)) for cell in assignment.cells)
    return Line(
        assignment.name,
        title[1].partition(": ")[2] or title[1] if title else "",
        points,
        int(minutes[1]) if minutes else 0,
    )


def syllabus_document(
    course: CourseFile,
    title: str,
    pages: Iterable[Page],
    assignments: Iterable[Assignment],
) -> str:
    """The syllabus as one HTML file."""
    pages = [*pages]
    table = format_plan(course, {page.name: page.title for page in pages})
    return render_document(
        "syllabus.html",
        title,
        address=course.book_address,
        plan=LINK.sub(r"\1", table),
        pages=[Read(page.title, find_answered(page)) for page in pages],
        assignments=[line_of(one) for one in assignments],
        shares=course.late_shares,
    )
