"""How long a week takes: its pages and assignments, the core of them and all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import nbformat

from grader import ROOT
from grader.assignments import source
from grader.course.course_file import CourseFile, Week
from grader.notebook.cells import grade_id, marks
from tools.pages import cut
from tools.pages.contents import TITLE
from tools.site import reading

ABOUT = re.compile(r"^\*[^*\n]*\bminutes\b[^*\n]*\*", re.MULTILINE)  # the first line
MINUTES = re.compile(r"(\d+) minutes")
CORE = re.compile(r"^## +(.*?)(?: \([\d.]+ points?\))?\n+\*Core\b", re.MULTILINE)
ALL = 1.5  # as much as the core's hours may all of a week take


class Work(NamedTuple):
    """An assignment: its points, and its minutes, of the core and of all of it."""

    name: str
    title: str
    points: float
    core: int
    minutes: int
    core_tasks: list[str]


class Load(NamedTuple):
    """The minutes of a week: reading, its assignments' core, and all of them."""

    reading: int
    core: int
    whole: int

    @property
    def core_hours(self) -> float:
        """Hours with the core of the assignments alone."""
        return (self.reading + self.core) / 60

    @property
    def hours(self) -> float:
        """Hours with all of the assignments."""
        return (self.reading + self.whole) / 60


def read_work(name: str) -> Work:
    """What an assignment says of itself: a text source, or nbgrader's notebook."""
    if (source.folder_of(name) / f"{name}.py").exists():
        cells = source.read(name).cells
        texts = [cell.source for cell in cells if cell.kind in ("text", "answer")]
        points = sum(float(cell.options.get("points", 0)) for cell in cells)
    else:
        texts, points = _read_notebooks(source.folder_of(name))
    head = texts[0] if texts else ""
    title, about = TITLE.search(head), ABOUT.search(head)
    minutes = [int(number) for number in MINUTES.findall(about[0] if about else "")]
    return Work(
        name,
        title[1].partition(": ")[2] or title[1] if title else "",
        points,
        minutes[0] if minutes else 0,
        minutes[-1] if minutes else 0,
        [found for text in texts for found in CORE.findall(text)],
    )


def _read_notebooks(folder: Path) -> tuple[list[str], float]:
    """The texts and the points of an assignment that is nbgrader's notebook."""
    texts, points = [], 0.0
    for path in sorted(folder.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                texts.append(cell.source)
            if grade_id(cell):
                points += float(marks(cell).get("points") or 0)
    return texts, points


def count_week(week: Week, works: Mapping[str, Work]) -> Load:
    """A week's minutes; pages with those below them, as the book counts them."""
    times = reading.count_times(ROOT / "book").pages
    toc = (ROOT / "book" / "_toc.yml").read_text("utf-8")
    pages = cut.with_sections(toc, {*week.chapters}) if week.chapters else set()
    mine = [works[name] for name in week.assignments]
    return Load(
        sum(times.get(page, 0) for page in pages),
        sum(work.core for work in mine),
        sum(work.minutes for work in mine),
    )


def find_too_long(course: CourseFile, loads: Iterable[Load]) -> list[str]:
    """A line for each week that takes over the hours that the course promises."""
    if not course.hours:
        return []
    told = []
    for number, load in enumerate(loads, 1):
        if load.core_hours > course.hours or load.hours > ALL * course.hours:
            told.append(
                f"week {number}: expected {course.hours:g} hours for the core and "
                f"{ALL * course.hours:g} for all at most, got {load.core_hours:.1f} "
                f"and {load.hours:.1f}"
            )
    return told
