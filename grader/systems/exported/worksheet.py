"""Moodle's grading worksheet and Canvas's gradebook, as they export them.

The worksheet says what an archive of Moodle's doesn't: each number's e-mail
address, and when the work came in. It goes back with the points filled in.
"""

from __future__ import annotations

import contextlib
import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dateutil import parser as dates

from grader import untrusted
from grader.course.roster import Learner
from grader.course.settings import SetupError
from grader.reports.points import lines_text
from rnncore.storage.files import Refused, composed
from rnncore.storage.intake import read_beneath
from rnncore.storage.limits import LIMITS

NUMBER, NAME, EMAIL, GROUP = "Identifier", "Full name", "Email address", "Group"
GRADE, MOST, WHEN = "Grade", "Maximum grade", "Last modified (submission)"
NEEDED = (NUMBER, GRADE, WHEN)
CANVAS = ("Student", "ID", "SIS Login ID")
KEPT = {NUMBER, GRADE, MOST, WHEN, "Last modified (grade)", "Feedback comments"}


@dataclass(frozen=True)
class Sheet:
    """A worksheet: its head, as Moodle wrote it, and its lines by number."""

    path: Path
    head: list[str]
    lines: dict[str, dict[str, str]]

    def name(self, number: str) -> str:
        """The full name; empty where the marking is anonymous."""
        line = self.lines.get(number, {})
        name = line.get(NAME, "")
        return "" if name == line.get(NUMBER) else name

    def email(self, number: str) -> str:
        return self.lines.get(number, {}).get(EMAIL, "")

    def group(self, number: str) -> str:
        """The group with which one hands in, where groups do."""
        return self.lines.get(number, {}).get(GROUP, "")

    def said_when(self, number: str) -> str:
        """When the work came in, in Moodle's words; empty where none did."""
        return self.lines.get(number, {}).get(WHEN, "").strip("- ")


def read_table(path: Path) -> Sheet | list[Learner]:
    """A worksheet of Moodle's, or the learners in a gradebook of Canvas's.

    Raises SetupError where the file is neither.
    """
    head, rows = _read_rows(path)
    if set(NEEDED) <= set(head):
        found = {m[0]: r for r in rows if (m := re.search(r"[0-9]+$", r[NUMBER]))}
        return Sheet(path, head, found)
    if set(CANVAS) <= set(head):
        return [_read_canvas(row) for row in rows if row["ID"].isdecimal()]
    raise SetupError(
        f"{path.name}: expected Moodle's grading worksheet, with the columns "
        f"{', '.join(NEEDED)} (set Moodle to English to export it), or Canvas's "
        f"gradebook, with {', '.join(CANVAS)}; got {', '.join(head)[:200]}"
    )


def find_canvas_column(folder: Path, name: str) -> str:
    """What Canvas's gradebooks beside the exports call an assignment: NAME (991).

    Just the name where none of `folder`/ASSIGNMENT/*.csv has it, or several
    have it with other numbers: Canvas asks then which assignment is meant.
    """
    own, found = re.compile(rf"{re.escape(name)} \([0-9]+\)"), set()
    for path in folder.glob("*/*.csv"):
        with contextlib.suppress(SetupError):  # make collect says what is wrong
            head, _ = _read_rows(path)
            if set(CANVAS) <= set(head):
                found |= {column for column in head if own.fullmatch(column)}
    return found.pop() if len(found) == 1 else name


def _read_rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The head of a table and its lines. Raises SetupError where it is none."""
    try:
        content = read_beneath(path, "", LIMITS["table"].bytes)
        lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        head = [composed(column) for column in lines.fieldnames or []]
        rows = [
            {composed(k or ""): _clean_cell(v) for k, v in r.items()} for r in lines
        ]
    except (csv.Error, UnicodeDecodeError, Refused) as error:
        raise SetupError(f"{path.name}: expected CSV in UTF-8: {error}") from error
    return head, rows


def _clean_cell(value: object) -> str:
    return composed(value).strip() if isinstance(value, str) else ""


def _read_canvas(row: Mapping[str, str]) -> Learner:
    last, _, first = row["Student"].partition(",")
    who = row["SIS Login ID"] or row["Student"]
    return Learner(who, first.strip(), last.strip(), "", row["ID"])


def parse_when(said: str) -> datetime | None:
    """The time that Moodle writes out: Sunday, 1 February 2026, 6:00 PM.

    None where it is no time, or its month is a number that may be its day.
    """
    if not re.search(r"[A-Za-z]{3}", re.sub(r"(?i)\b[ap]m\b", "", said)):
        moment = untrusted.parse_moment(said)
        return moment if re.match(r"[0-9]{4}-", said) else None
    try:
        return dates.parse(said, ignoretz=True)
    except (ValueError, OverflowError):
        return None


def fill_worksheet(sheet: Sheet, points: Mapping[str, float], most: float) -> str:
    """The worksheet's text with these points, by number, in its lines.

    Raises SetupError where Moodle's maximum is another.
    """
    limit = next((c for c in sheet.head if c.lower() == MOST.lower()), "")
    rows: list[list[object]] = [[*sheet.head]]
    for number, line in sheet.lines.items():
        if limit and line[limit] and _parse_number(line[limit]) != most:
            raise SetupError(
                f"{sheet.path.name}: Moodle's maximum is {line[limit]}, the "
                f"assignment's is {most:g}: set it to {most:g} in Moodle, and export "
                "the worksheet anew"
            )
        grade = f"{points[number]:g}" if number in points else line[GRADE]
        row = line | {GRADE: grade}
        as_it_is = {*KEPT, limit}
        rows.append(
            [row[c] if c in as_it_is else untrusted.cell(row[c]) for c in sheet.head]
        )
    return "\ufeff" + lines_text(rows)


def _parse_number(said: str) -> float:
    try:
        return float(said.replace(",", "."))
    except ValueError:
        return math.nan
