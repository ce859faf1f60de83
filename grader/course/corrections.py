"""What an instructor knows better than an export: grading/corrections.csv.

A line says, of what came in under a number or a name of the system's, whose
it is, which file counts, or when it was handed in. It holds for every later
export too.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader import untrusted
from grader.course.roster import explain_unfit_learner
from grader.course.settings import SetupError
from rnncore.storage.files import composed

COLUMNS = ["assignment", "handed_in_as", "learner", "file", "time"]


@dataclass(frozen=True)
class Correction:
    """What a line says; what it leaves empty stays as the export has it."""

    learner: str = ""
    file: str = ""
    time: datetime | None = None  # in UTC


Corrections = dict[tuple[str, str], Correction]  # by assignment and name or number


def read_corrections(path: Path, known: Collection[str]) -> Corrections:
    """What corrections.csv says; nothing where there is no such file.

    Raises SetupError, naming the line, where the file says something else.
    """
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return _read(csv.DictReader(file), path.name, known)
        except (csv.Error, UnicodeDecodeError) as error:
            raise SetupError(f"{path.name}: expected CSV in UTF-8: {error}") from error


def _read(lines: csv.DictReader[str], name: str, known: Collection[str]) -> Corrections:
    if lines.fieldnames != COLUMNS:
        raise SetupError(
            f"{name}: expected the columns {','.join(COLUMNS)}, "
            f"got {','.join(lines.fieldnames or [])}"
        )
    found: Corrections = {}
    for line in lines:
        where = f"{name}, line {lines.line_num}"
        cells = (composed(line[column] or "").strip() for column in COLUMNS)
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
        found[assignment, who] = Correction(learner, file, _moment(said, where))
    return found


def _moment(said: str, where: str) -> datetime | None:
    if not said:
        return None
    moment = untrusted.parse_moment(said)
    if moment is None:
        raise SetupError(
            f"{where}: expected a time such as 2026-02-01 18:00:00 UTC, got {said!r}"
        )
    return moment
