"""The course in one file, course.toml: who, what, until when.

    title = "Recurrent networks, winter term"
    time_zone = "Europe/Berlin"
    book_address = "https://example.org/rnn"   # where the learners' book stands
    roster = "grading/roster.csv"
    first_day = 2026-10-12
    days = 7                   # that each entry of `weeks` lasts
    due_time = 23:59:00        # on the last of these days, in the time zone
    late_shares = [0.9, 0.8]   # of the points: one day late, two; then nothing
    solutions = "after"        # worked solutions: "never", "after" nothing can be
                               # handed in any more, "try": after one's own tries
    pages = ["measured"]       # of the book, besides the weeks' and the usual ones
    hours = 6                  # that the core of an entry of `weeks` may take
    short = true               # the short course's book, with pages of book/short.yml

    [[weeks]]
    chapters = ["ch00_backpropagation", "ch01_sequences"]
    assignments = ["ch01_sequences"]
    due = 2026-10-20T12:00:00  # in place of the last day

    [[extensions]]
    learner = "ann"
    assignment = "ch01_sequences"
    days = 2                   # or `until`, a moment, or `excused = true`; without
                               # `assignment` it holds for all of the weeks

    [mark]
    passes = 50                # of 100
    drop_lowest = 1            # of each learner's assignments
    counts = {capstone = 3}    # as much as three others; 0: not at all

    [[exams]]                  # points stand in grading/exams.csv
    name = "final"
    points = 60
    weight = 40                # of the mark's 100; assignments have the rest

    [syllabus]
    teacher = "Ines Weber, ines@example.org"

    [tasks]                    # of an assignment, by their numbers; else it has all
    ch02_cell = [3, 5]

Everything may be left out. Without `weeks` the course has the complete book and
all assignments, and its due dates are those in the gradebook.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

NAME = "course.toml"
ROSTER = "grading/roster.csv"
SOLUTIONS = ("never", "after", "try")
TOOLS = {  # three rules on language models; course.toml names one, or has its own
    "none": (
        "No language model: what you hand in, and every step to it, is yours. For "
        "help there are the hints, each other and the office hours."
    ),
    "explain": (
        "A language model may explain an idea or an error, and is named in the "
        "answer where it did. What you hand in you wrote, and can explain without it."
    ),
    "free": (
        "Any tool may be used, and is named with what was asked of it. You answer for "
        "each line: some are asked to explain theirs, and the exam has no tools."
    ),
}
POLICIES = {  # of the syllabus, with what it says unless the file does
    "teacher": "",
    "office_hours": "",
    "prerequisites": (
        "Python with NumPy, derivatives of functions of several variables, and "
        "matrices. No machine learning is assumed."
    ),
    "collaboration": (
        "Talk about the tasks with each other. Each writes their own answer, and "
        "names those with whom they worked."
    ),
    "tools": TOOLS["explain"],
    "more_time": (
        "Who needs more time, or cannot hand in, writes to the teacher before the due "
        "date; afterwards, only for what could not be foreseen."
    ),
}
Extensions = dict[tuple[str, str], timedelta]


@dataclass(frozen=True)
class Week:
    """What is read and handed in; `due` is in UTC, without saying so."""

    chapters: tuple[str, ...] = ()
    assignments: tuple[str, ...] = ()
    due: datetime | None = None


@dataclass(frozen=True)
class Mark:
    """How the final mark, from 0 to 100, comes about.

    `passes`: from which mark on; 0 where the file doesn't say. `counts`: how much
    an assignment counts among them, 1 unless given.
    """

    passes: float = 0
    drop_lowest: int = 0
    counts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Exam:
    """An exam; `weight` is its part of the mark's 100."""

    name: str
    points: float
    weight: float


@dataclass(frozen=True)
class Granted:
    """What one [[extensions]] says; without `assignment`, of all of the weeks."""

    learner: str
    assignment: str = ""
    days: timedelta | None = None
    until: datetime | None = None  # in UTC, without saying so
    excused: bool = False


@dataclass(frozen=True)
class CourseFile:
    """What course.toml says; as it is without one if nothing is given."""

    title: str = ""
    zone: ZoneInfo | None = None
    book_address: str = ""
    roster: str = ROSTER
    late_shares: tuple[float, ...] = ()
    pages: tuple[str, ...] = ()
    solutions: str = "never"  # one of SOLUTIONS
    weeks: tuple[Week, ...] = ()
    hours: float = 0  # that the core of a week may take; 0: the file doesn't say
    granted: tuple[Granted, ...] | None = None  # None: the file doesn't speak of any
    mark: Mark | None = None  # None: the course has no final mark
    exams: tuple[Exam, ...] = ()
    policies: Mapping[str, str] = field(default_factory=lambda: dict(POLICIES))
    short: bool = False  # whether the book is the short course's
    tasks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    sections: frozenset[tuple[str, str]] | None = None  # of a cut book; None: all
    text: str = field(default="", repr=False)

    @property
    def due_dates(self) -> dict[str, datetime | None]:
        """When each assignment of the weeks is due, in UTC; None: never."""
        return {name: week.due for week in self.weeks for name in week.assignments}

    @property
    def extensions(self) -> Extensions | None:
        """How much later each may hand in; None if the file doesn't speak of any.

        What names the assignment goes before what holds for all.
        """
        if self.granted is None:
            return None
        due, found = self.due_dates, Extensions()
        for one in sorted(self.granted, key=lambda one: bool(one.assignment)):
            for name in [one.assignment] if one.assignment else due:
                at = due.get(name)
                if one.days is not None:
                    found[one.learner, name] = one.days
                elif one.until and at:
                    found[one.learner, name] = max(one.until - at, timedelta())
        return found

    @property
    def excused(self) -> set[tuple[str, str]]:
        """The learners for whose marks an assignment does not count."""
        return {
            (one.learner, name)
            for one in self.granted or ()
            if one.excused
            for name in ([one.assignment] if one.assignment else self.due_dates)
        }

    def find_last_moment(self, name: str) -> datetime | None:
        """When nothing counts that is handed in later; in UTC.

        That is the due date with the longest extension and the late days.
        None where nothing is due.
        """
        if (due := self.due_dates.get(name)) is None:
            return None
        extensions = self.extensions or {}
        longest = [days for (_, of), days in extensions.items() if of == name]
        late = timedelta(days=len(self.late_shares))
        return (due + max(longest, default=timedelta()) + late).replace(tzinfo=UTC)

    def check_assignments(self, known: Collection[str]) -> None:
        """Raise ValueError, naming the line, if an assignment does not exist."""
        for number, week in enumerate(self.weeks):
            for name in week.assignments:
                if name not in known:
                    where = find_line(self.text, "weeks", number, "assignments", name)
                    raise ValueError(format_expected(where, one_of(known), name))
        for number, one in enumerate(self.granted or ()):
            if one.assignment and one.assignment not in known:
                where = find_line(
                    self.text, "extensions", number, "assignment", one.assignment
                )
                raise ValueError(format_expected(where, one_of(known), one.assignment))
        for name in self.mark.counts if self.mark else ():
            if name not in known:
                where = find_line(self.text, "mark", key="counts")
                raise ValueError(format_expected(where, one_of(known), name))
        for name in self.tasks:
            if name not in known:
                where = find_line(self.text, "tasks", key=name)
                raise ValueError(format_expected(where, one_of(known), name))

    def check_learners(self, known: Collection[str]) -> None:
        """Raise ValueError, naming the line, if an extension is nobody's.

        `known` are in Unicode's form NFC.
        """
        for number, one in enumerate(self.granted or ()):
            if one.learner not in known:
                where = find_line(self.text, "extensions", number, "learner")
                close = difflib.get_close_matches(one.learner, known, 3)
                hint = f", such as {' or '.join(close)}" if close else ""
                expected = f"a learner of the roster{hint}"
                raise ValueError(format_expected(where, expected, one.learner))

    def check_pages(self, known: Collection[str]) -> None:
        """Raise ValueError, naming the line, if the book lacks a page."""
        for number, week in enumerate(self.weeks):
            for name in week.chapters:
                if name not in known:
                    where = find_line(self.text, "weeks", number, "chapters", name)
                    raise ValueError(format_expected(where, one_of(known), name))
        for name in self.pages:
            if name not in known:
                where = find_line(self.text, "pages", word=name)
                raise ValueError(format_expected(where, one_of(known), name))


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and math.isfinite(value)


def format_expected(where: str, expected: str, got: Any) -> str:
    """What a refused value is told with."""
    shown = "nothing" if got is None else str(got) if is_number(got) else repr(got)
    if len(shown) > 200:
        shown = f"{shown[:200]}..."
    return f"{where}: expected {expected}, got {shown}"


def one_of(known: Collection[str]) -> str:
    return f"one of {', '.join(sorted(known))}"


def find_line(
    text: str, table: str, number: int | None = None, key: str = "", word: str = ""
) -> str:
    """The line of a key, or of a word of its value; the nearest one to be found."""
    lines = text.splitlines()
    begins = [n for n, line in enumerate(lines) if line.lstrip().startswith("[")]
    heads = [n for n in begins if re.match(rf"\s*\[\[\s*{table}\s*\]\]", lines[n])]
    if number is not None and number < len(heads):
        start = heads[number]
    else:
        start, key = 0, key if number is None and key else table
    found = start
    for n in range(start, len(lines)):
        if re.match(rf"""\s*(["']?){re.escape(key)}\1\s*=""", lines[n]) and key:
            found = n
            break
        if n > start and n in heads:
            break
    if word:
        quoted = (f'"{word}"', f"'{word}'")
        later = range(found, len(lines))
        found = next((n for n in later if any(q in lines[n] for q in quoted)), found)
    return f"{NAME}, line {found + 1}"
