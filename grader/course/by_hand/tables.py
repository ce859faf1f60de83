"""Tables that a person writes by hand: each line, and where it stands."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.course.settings import SetupError
from rnncore.storage.files import composed


def read_lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The place of each line and its cells; nothing if there is no such file.

    Raises SetupError, naming the line, if the file is no CSV of these columns.
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            yield from _read(csv.DictReader(file), path.name, columns)
        except (csv.Error, UnicodeDecodeError) as error:
            raise SetupError(f"{path.name}: expected CSV in UTF-8: {error}") from error


def _read(
    lines: csv.DictReader[str], name: str, columns: Sequence[str]
) -> Iterator[tuple[str, list[str]]]:
    if lines.fieldnames != [*columns]:
        raise SetupError(
            f"{name}: expected the columns {','.join(columns)}, "
            f"got {','.join(lines.fieldnames or [])}"
        )
    for line in lines:
        where = f"{name}, line {lines.line_num}"
        if None in line:  # the key of surplus values
            raise SetupError(
                f"{where}: expected {len(columns)} cells, got more: a text with a "
                "comma stands in quotation marks"
            )
        yield where, [composed(line[column] or "").strip() for column in columns]
