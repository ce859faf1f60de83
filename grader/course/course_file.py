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

    [[weeks]]
    chapters = ["ch00_backpropagation", "ch01_sequences"]
    assignments = ["ch01_sequences"]
    due = 2026-10-20T12:00:00  # in place of the last day

    [[extensions]]
    learner = "ann"
    assignment = "ch01_sequences"
    days = 2

Everything may be left out. Without `weeks` the course has the complete book and
all assignments, and its due dates are those in the gradebook.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rnncore.storage.files import composed, read_text

NAME = "course.toml"
ROSTER = "grading/roster.csv"
KEYS = (
    "title",
    "time_zone",
    "book_address",
    "roster",
    "first_day",
    "days",
    "due_time",
    "late_shares",
    "pages",
    "solutions",
    "weeks",
    "extensions",
)
SOLUTIONS = ("never", "after", "try")
WEEK = ("chapters", "assignments", "due")
EXTENSION = ("learner", "assignment", "days")
MOST_DAYS = 3650  # of an extension, or of a week
Extensions = dict[tuple[str, str], timedelta]


@dataclass(frozen=True)
class Week:
    """What is read and handed in; `due` is in UTC, without saying so."""

    chapters: tuple[str, ...] = ()
    assignments: tuple[str, ...] = ()
    due: datetime | None = None


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
    extensions: Extensions | None = None  # None: the file doesn't speak of any
    text: str = field(default="", repr=False)

    @property
    def due_dates(self) -> dict[str, datetime | None]:
        """When each assignment of the weeks is due, in UTC; None: never."""
        return {name: week.due for week in self.weeks for name in week.assignments}

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
                    where = _find_line(self.text, "weeks", number, "assignments", name)
                    raise ValueError(_format_expected(where, _one_of(known), name))
        for number, (_, name) in enumerate(self.extensions or ()):
            if name not in known:
                where = _find_line(self.text, "extensions", number, "assignment", name)
                raise ValueError(_format_expected(where, _one_of(known), name))

    def check_pages(self, known: Collection[str]) -> None:
        """Raise ValueError, naming the line, if the book lacks a page."""
        for number, week in enumerate(self.weeks):
            for name in week.chapters:
                if name not in known:
                    where = _find_line(self.text, "weeks", number, "chapters", name)
                    raise ValueError(_format_expected(where, _one_of(known), name))
        for name in self.pages:
            if name not in known:
                where = _find_line(self.text, "pages", word=name)
                raise ValueError(_format_expected(where, _one_of(known), name))


def read_course_file(path: Path) -> CourseFile:
    """What a course file says; the defaults if there is none.

    Raises ValueError, naming the line and what was expected there.
    """
    if not path.exists():
        return CourseFile()
    try:
        text = read_text(path)
        found = tomllib.loads(text)
    except (OSError, UnicodeError, ValueError, RecursionError) as error:
        said = "deeply nested" if isinstance(error, RecursionError) else str(error)
        raise ValueError(f"{path.name}: expected TOML in UTF-8: {said}") from error
    return _Reader(text).course(found)


class _Reader:
    """Reads the values, and knows in which line of the text each stands."""

    def __init__(self, text: str):
        self.text = text

    def course(self, found: Mapping[str, Any]) -> CourseFile:
        """All of the file."""
        self._known(found, KEYS)
        zone = self._zone(found)
        weeks = self._weeks(found, zone)
        return CourseFile(
            title=self._words(found, "title"),
            zone=zone,
            book_address=self._address(found),
            roster=self._words(found, "roster") or ROSTER,
            late_shares=self._shares(found),
            pages=self._names(found, "pages"),
            solutions=self._solutions(found, weeks),
            weeks=weeks,
            extensions=self._extensions(found),
            text=self.text,
        )

    def _refuse(self, expected: str, got: Any, *path: Any) -> ValueError:
        return ValueError(_format_expected(_find_line(self.text, *path), expected, got))

    def _known(self, table: Any, keys: Collection[str], *path: Any) -> None:
        if not isinstance(table, dict):
            raise self._refuse(f"a table with {', '.join(keys)}", table, *path)
        for key in table:
            if key not in keys:
                raise self._refuse(f"one of {', '.join(keys)}", key, *path, key)

    def _words(self, table: Mapping[str, Any], key: str, *path: Any) -> str:
        value = table.get(key, "")
        if not isinstance(value, str) or not (value.isprintable() and len(value) < 500):
            raise self._refuse("a text in one line", value, *path, key)
        return composed(value).strip()

    def _names(self, table: Mapping[str, Any], key: str, *path: Any) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._refuse('names, such as ["ch01_sequences"]', value, *path, key)
        for name in value:
            if value.count(name) > 1:
                raise self._refuse("each name once", name, *path, key)
        return tuple(value)

    def _zone(self, found: Mapping[str, Any]) -> ZoneInfo | None:
        name = self._words(found, "time_zone")
        try:
            return ZoneInfo(name) if name else None
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            place = "a place such as Europe/Berlin, or UTC"
            raise self._refuse(place, name, "time_zone") from error

    def _address(self, found: Mapping[str, Any]) -> str:
        url = self._words(found, "book_address").rstrip("/")
        if url and not re.match(r"https?://[^\s/]", url):
            address = "an address that begins with https:// or http://"
            raise self._refuse(address, url, "book_address")
        return url

    def _shares(self, found: Mapping[str, Any]) -> tuple[float, ...]:
        value = found.get("late_shares", [])
        falling = "shares between 0 and 1 that do not grow, such as [0.9, 0.8]"
        if not isinstance(value, list) or len(value) > MOST_DAYS:
            raise self._refuse(falling, value, "late_shares")
        for before, share in zip([1, *value], value, strict=False):
            if not _is_number(share) or not 0 <= share <= before:
                raise self._refuse(falling, value, "late_shares")
        return tuple(map(float, value))

    def _solutions(self, found: Mapping[str, Any], weeks: Collection[Week]) -> str:
        value = found.get("solutions", SOLUTIONS[0])
        if value not in SOLUTIONS:
            raise self._refuse(f"one of {', '.join(SOLUTIONS)}", value, "solutions")
        dated = weeks and all(week.due for week in weeks if week.assignments)
        if value == "after" and not dated:
            expected = "weeks with due dates beside it"
            raise self._refuse(expected, value, "solutions")
        return str(value)

    def _weeks(
        self, found: Mapping[str, Any], zone: ZoneInfo | None
    ) -> tuple[Week, ...]:
        value = found.get("weeks", [])
        if not isinstance(value, list):
            raise self._refuse("[[weeks]]", value, "weeks")
        ends = self._ends(found, len(value))
        weeks, seen = [], {"chapters": set[str](), "assignments": set[str]()}
        for number, table in enumerate(value):
            path = ("weeks", number)
            self._known(table, WEEK, *path)
            names = {key: self._names(table, key, *path) for key in seen}
            for key, before in seen.items():
                for name in names[key]:
                    if name in before:
                        raise self._refuse("each name in one week", name, *path, key)
                before |= set(names[key])
            due = self._moment(table["due"], path) if "due" in table else ends[number]
            weeks.append(Week(**names, due=self._in_utc(due, zone, path)))
        return tuple(weeks)

    def _ends(self, found: Mapping[str, Any], count: int) -> list[datetime | None]:
        """The last moment of each week, in the time zone."""
        first, at = found.get("first_day"), found.get("due_time", time(23, 59))
        days = found.get("days", 7)
        if not isinstance(days, int) or not 0 < days <= MOST_DAYS or days is True:
            raise self._refuse("a number of days, such as 7", days, "days")
        if not isinstance(at, time):
            raise self._refuse("a time, such as 23:59:00", at, "due_time")
        if first is None:
            return [None] * count
        if not isinstance(first, date) or isinstance(first, datetime):
            raise self._refuse("a day, such as 2026-10-12", first, "first_day")
        try:
            ends = [first + timedelta(days=days * (n + 1) - 1) for n in range(count)]
        except OverflowError as error:
            raise self._refuse("a day of these years", first, "first_day") from error
        return [datetime.combine(day, at) for day in ends]

    def _moment(self, value: Any, path: tuple[Any, ...]) -> datetime:
        if not isinstance(value, datetime):
            moment = "a moment, such as 2026-10-18T23:59:00"
            raise self._refuse(moment, value, *path, "due")
        return value

    def _in_utc(
        self, due: datetime | None, zone: ZoneInfo | None, path: tuple[Any, ...]
    ) -> datetime | None:
        if due is None:
            return None
        if due.tzinfo is None and zone is None:
            place = 'time_zone = "Europe/Berlin" or another, since there is a due date'
            raise self._refuse(place, None, *path)
        there = due if due.tzinfo else due.replace(tzinfo=zone)
        try:
            return there.astimezone(UTC).replace(tzinfo=None)
        except OverflowError as error:
            raise self._refuse("a moment of these years", due, *path) from error

    def _extensions(self, found: Mapping[str, Any]) -> Extensions | None:
        value = found.get("extensions")
        if value is None:
            return None
        if not isinstance(value, list):
            raise self._refuse("[[extensions]]", value, "extensions")
        granted: Extensions = {}
        for number, table in enumerate(value):
            path = ("extensions", number)
            self._known(table, EXTENSION, *path)
            who, what = (self._words(table, key, *path) for key in EXTENSION[:2])
            if not who or not what:
                raise self._refuse("a learner and an assignment", table, *path)
            if (who, what) in granted:
                raise self._refuse("one extension of each", f"{who} {what}", *path)
            days = table.get("days")
            if not _is_number(days) or not 0 < days <= MOST_DAYS:
                raise self._refuse("days, such as 2 or 0.5", days, *path, "days")
            granted[who, what] = timedelta(days=days)
        return granted


def _is_number(value: Any) -> bool:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and math.isfinite(value)


def _format_expected(where: str, expected: str, got: Any) -> str:
    shown = "nothing" if got is None else str(got) if _is_number(got) else repr(got)
    if len(shown) > 200:
        shown = f"{shown[:200]}..."
    return f"{where}: expected {expected}, got {shown}"


def _one_of(known: Collection[str]) -> str:
    return f"one of {', '.join(sorted(known))}"


def _find_line(
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
