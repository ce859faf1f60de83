"""More time for single learners, as an instructor writes it into a file."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from grader.course.settings import SetupError
from rnncore.storage.files import composed

COLUMNS = ["learner", "assignment", "days"]
MOST = 3650  # days
Extensions = dict[tuple[str, str], timedelta]


def read_extensions(path: Path, known: Collection[str]) -> Extensions | None:
    """What extensions.csv grants, by learner and assignment; None without it.

    Raises SetupError, naming the line, where the file says something else.
    """
    if not path.exists():
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return _read(csv.DictReader(file), path.name, known)
        except (csv.Error, UnicodeDecodeError) as error:
            raise SetupError(f"{path.name}: expected CSV in UTF-8: {error}") from error


def _read(lines: csv.DictReader[str], name: str, known: Collection[str]) -> Extensions:
    found: Extensions = {}
    if lines.fieldnames != COLUMNS:
        raise SetupError(
            f"{name}: expected the columns {','.join(COLUMNS)}, "
            f"got {','.join(lines.fieldnames or [])}"
        )
    for line in lines:
        where = f"{name}, line {lines.line_num}"
        cells = (composed(line[column] or "") for column in COLUMNS)
        who, what, said = (cell.strip() for cell in cells)
        if what not in known:
            raise SetupError(f"{where}: there is no assignment {what!r}")
        if (who, what) in found:
            raise SetupError(f"{where}: a second extension of {who} {what}")
        found[who, what] = timedelta(days=_days(said, where))
    return found


def _days(said: str, where: str) -> float:
    try:
        days = float(said)
    except ValueError:
        days = math.nan
    if not 0 < days <= MOST:
        raise SetupError(f"{where}: expected days, such as 2 or 0.5, got {said!r}")
    return days
