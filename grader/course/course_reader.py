"""Reads course.toml, and says in which line something is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grader.course.course_file import (
    POLICIES,
    ROSTER,
    SOLUTIONS,
    TOOLS,
    CourseFile,
    Exam,
    Granted,
    Mark,
    Week,
    find_line,
    format_expected,
    is_number,
)
from rnncore.storage.files import composed, read_text

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
    "hours",
    "weeks",
    "extensions",
    "mark",
    "exams",
    "syllabus",
    "short",
    "tasks",
)
WEEK = ("chapters", "assignments", "due")
GRANTS = ("days", "until", "excused")  # one of them
EXTENSION = ("learner", "assignment", *GRANTS)
MARK = ("passes", "drop_lowest", "counts")
EXAM = ("name", "points", "weight")
SLIPS = {  # what is often written and is no TOML, and what is meant
    r"(?m)^\s*\w+\s*=\s*\d{1,2}[./]\s?\d{1,2}[./]": "; a day is written as 2026-10-12",
    r"(?m)^\s*\w+\s*=\s*\d{1,2}:\d\d\s*(#|$)": "; a time is written as 23:59:00",
    r"(?m)^\s*\w+\s*=\s*(?!true\b|false\b|inf\b|nan\b)[^\W\d]": (
        "; a text is written in quotation marks"
    ),
}
MOST_DAYS = 3650  # of an extension, or of a week


def read_course_file(path: Path) -> CourseFile:
    """What a course file says; the defaults if there is none.

    Raises ValueError, naming the line and what was expected there.
    """
    if not path.exists():
        return CourseFile()
    text = ""
    try:
        text = read_text(path)
        found = tomllib.loads(text)
    except (OSError, UnicodeError, ValueError, RecursionError) as error:
        said = "deeply nested" if isinstance(error, RecursionError) else str(error)
        said += "".join(says for form, says in SLIPS.items() if re.search(form, text))
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
            hours=self._number(found, "hours", 168),
            granted=self._granted(found, zone, weeks),
            mark=self._mark(found, weeks),
            exams=self._exams(found),
            policies=self._policies(found),
            short=self._short(found),
            tasks=self._tasks(found),
            text=self.text,
        )

    def _refuse(self, expected: str, got: Any, *path: Any) -> ValueError:
        return ValueError(format_expected(find_line(self.text, *path), expected, got))

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
            if not is_number(share) or not 0 <= share <= before:
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

    def _moment(self, value: Any, path: tuple[Any, ...], key: str = "due") -> datetime:
        if not isinstance(value, datetime):
            moment = "a moment, such as 2026-10-18T23:59:00"
            raise self._refuse(moment, value, *path, key)
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

    def _number(
        self, table: Mapping[str, Any], key: str, most: float, *path: Any
    ) -> float:
        """A number from 0 to `most`; 0 where there is none."""
        value = table.get(key, 0)
        if not is_number(value) or not 0 <= value <= most:
            raise self._refuse(f"a number from 0 to {most:g}", value, *path, key)
        return float(value)

    def _tables(self, found: Mapping[str, Any], name: str) -> list[Any] | None:
        value = found.get(name)
        if value is not None and not isinstance(value, list):
            raise self._refuse(f"[[{name}]]", value, name)
        return value

    def _granted(
        self, found: Mapping[str, Any], zone: ZoneInfo | None, weeks: tuple[Week, ...]
    ) -> tuple[Granted, ...] | None:
        value = self._tables(found, "extensions")
        if value is None:
            return None
        due = {name: week.due for week in weeks for name in week.assignments}
        granted: dict[tuple[str, str], Granted] = {}
        for number, table in enumerate(value):
            path = ("extensions", number)
            self._known(table, EXTENSION, *path)
            who, what = (self._words(table, key, *path) for key in EXTENSION[:2])
            if not who or not (what or due):
                raise self._refuse("a learner and an assignment", table, *path)
            if (who, what) in granted:
                raise self._refuse("one extension of each", f"{who} {what}", *path)
            said = self._grant(table, zone, path)
            needs = said.until and not (due.get(what) if what else any(due.values()))
            if needs:
                raise self._refuse(
                    "until only where weeks have a due date", what, *path
                )
            granted[who, what] = replace(said, learner=who, assignment=what)
        return tuple(granted.values())

    def _grant(
        self, table: Mapping[str, Any], zone: ZoneInfo | None, path: tuple[Any, ...]
    ) -> Granted:
        """What one extension gives: days, another moment, or leave to skip it."""
        said = [key for key in GRANTS if key in table]
        if len(said) != 1:
            got = " and ".join(said) or None
            raise self._refuse(f"one of {', '.join(GRANTS)}", got, *path)
        value = table[said[0]]
        if said == ["days"]:
            if not is_number(value) or not 0 < value <= MOST_DAYS:
                raise self._refuse("days, such as 2 or 0.5", value, *path, "days")
            return Granted("", days=timedelta(days=value))
        if said == ["until"]:
            moment = self._moment(value, path, "until")
            return Granted("", until=self._in_utc(moment, zone, path))
        if value is not True:
            raise self._refuse("excused = true", value, *path, "excused")
        return Granted("", excused=True)

    def _mark(self, found: Mapping[str, Any], weeks: tuple[Week, ...]) -> Mark | None:
        table = found.get("mark")
        if table is None:
            if found.get("exams"):
                raise self._refuse("[mark] beside [[exams]]", None, "exams", 0)
            return None
        self._known(table, MARK, "mark", None)
        at = "mark", None
        passes = self._number(table, "passes", 100, *at)
        counts = table.get("counts", {})
        if not isinstance(counts, dict) or not all(
            is_number(n) and 0 <= n <= MOST_DAYS for n in counts.values()
        ):
            much = "how much assignments count, such as {capstone = 3}"
            raise self._refuse(much, counts, *at, "counts")
        names = [n for w in weeks for n in w.assignments if counts.get(n, 1)]
        drop, most = table.get("drop_lowest", 0), len(names) - 1 if names else MOST_DAYS
        if type(drop) is not int or not 0 <= drop <= most:
            few = f"a whole number from 0 to {max(most, 0)}, which leaves an assignment"
            raise self._refuse(few, drop, *at, "drop_lowest")
        return Mark(passes, drop, dict(counts))

    def _exams(self, found: Mapping[str, Any]) -> tuple[Exam, ...]:
        exams: list[Exam] = []
        for number, table in enumerate(self._tables(found, "exams") or ()):
            path = ("exams", number)
            self._known(table, EXAM, *path)
            name = self._words(table, "name", *path)
            if not name or name in ("learner", *(exam.name for exam in exams)):
                raise self._refuse("a name of its own", name, *path, "name")
            points = self._number(table, "points", 10_000, *path)
            weight = self._number(table, "weight", 100, *path)
            if not points:
                raise self._refuse("the exam's points, such as 60", None, *path)
            exams.append(Exam(name, points, weight))
            if sum(exam.weight for exam in exams) > 100:
                most = "weights of 100 together at most"
                raise self._refuse(most, table["weight"], *path, "weight")
        return tuple(exams)

    def _short(self, found: Mapping[str, Any]) -> bool:
        value = found.get("short", False)
        if not isinstance(value, bool):
            raise self._refuse("true or false", value, "short")
        return value

    def _tasks(self, found: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
        table = found.get("tasks", {})
        if not isinstance(table, dict):
            raise self._refuse("a table of assignments", table, "tasks")
        for name, numbers in table.items():
            right = isinstance(numbers, list) and numbers
            if not right or not all(type(n) is int and n > 0 for n in numbers):
                expected = "numbers of tasks, such as [3, 5]"
                raise self._refuse(expected, numbers, "tasks", None, name)
        return {name: tuple(numbers) for name, numbers in table.items()}

    def _policies(self, found: Mapping[str, Any]) -> dict[str, str]:
        table = found.get("syllabus", {})
        self._known(table, POLICIES, "syllabus", None)
        said = {key: self._words(table, key, "syllabus", None) for key in table}
        if said.get("tools") in TOOLS:
            said["tools"] = TOOLS[said["tools"]]
        return {**POLICIES, **said}
