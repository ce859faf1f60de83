"""What an instructor knows better than an export: grading/corrections.csv.

A line says, of what came in under a number or a name of the system's, whose
it is, which file counts, or when it was handed in. It holds for every later
export too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from grader import untrusted
from grader.course.by_hand.tables import read_lines
from grader.course.roster import explain_unfit_learner
from grader.course.settings import SetupError

COLUMNS = ["assignment", "handed_in_as", "learner", "file", "time"]


@dataclass(frozen=True)
class Correction:
    """What a line says; what it leaves empty stays as the export has it."""

    learner: str = ""
    file: str = ""
    time: datetime | None = None  # in UTC
    where: str = ""  # its line


Corrections = dict[tuple[str, str], Correction]  # by assignment and name or number


def read_corrections(
    path: Path, known: Collection[str], zone: tzinfo | None
) -> Corrections:
    """What corrections.csv says; nothing where there is no such file.

    A time without a zone is one of `zone`, the course's.

    Raises SetupError, naming the line, where the file says something else.
    """
    found: Corrections = {}
    for where, cells in read_lines(path, COLUMNS):
        assignment, who, learner, file, said = cells
        if assignment not in known:
            raise SetupError(f"{where}: there is no assignment {assignment!r}")
        if not who or not (learner or file or said):
            raise SetupError(
                f"{where}: expected a name or number of the export, and a learner, "
                "a file or a time for it"
            )
        if learner and (why := explain_unfit_learner(learner)):
            raise SetupError(f"{where}: {learner!r} cannot be a learner: {why}")
        if (assignment, who) in found:
            raise SetupError(f"{where}: a second line of {who} {assignment}")
        time = _parse_time(said, where, zone)
        found[assignment, who] = Correction(learner, file, time, where)
    return found


def _parse_time(said: str, where: str, zone: tzinfo | None) -> datetime | None:
    if not said:
        return None
    moment = untrusted.parse_moment(said, zone)
    if moment is None:
        raise SetupError(
            f"{where}: expected a time such as 2026-02-01 18:00:00 UTC, or without a "
            f"zone if course.toml has a time_zone, got {said!r}"
        )
    return moment


def join_corrections(corrections: Iterable[Correction]) -> Correction:
    """What several lines say together of one learner's work.

    Raises SetupError, naming the lines, if they contradict each other.
    """
    said: dict[str, dict[Any, str]] = {"learner": {}, "file": {}, "time": {}}
    for one in corrections:
        for field, values in said.items():
            if value := getattr(one, field):
                values.setdefault(value, one.where)
    for field, values in said.items():
        if len(values) > 1:
            raise SetupError(
                f"{' and '.join(values.values())}: expected one {field}, got "
                f"{' and '.join(map(str, values))}"
            )
    return Correction(**{field: next(iter(of)) for field, of in said.items() if of})
