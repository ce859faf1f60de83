"""Tables that a person writes by hand: each line, and where it stands."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grader.course.settings import SetupError
from rnncore.storage.files import composed


def read_lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The place of each line and its cells; nothing if there is no such file.

    Raises SetupError, naming the line, if the file is no CSV of these columns.
    """
    if not path.exists():
        return
    with open_table(path) as lines:
        if lines.fieldnames != [*columns]:
            raise SetupError(
                f"{path.name}, line 1: expected the columns {','.join(columns)}, "
                f"got {','.join(lines.fieldnames or [])}"
            )
        for where, line in read_cells(lines, path.name):
            yield where, [line[column] for column in columns]


@contextmanager
def open_table(path: Path) -> Iterator[csv.DictReader[str]]:
    """A table's lines; SetupError, naming the line, if it is no CSV."""
    where = path.name
    try:
        text = path.read_bytes().decode("utf-8-sig")
        lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        try:
            yield lines
        except csv.Error:
            where = f"{path.name}, line {lines.line_num + 1}"
            raise
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        if isinstance(error, UnicodeDecodeError):
            line = error.object.count(b"\n", 0, error.start) + 1
            where = f"{path.name}, line {line}"
        raise SetupError(f"{where}: expected CSV in UTF-8: {error}") from error


def read_cells(
    lines: csv.DictReader[str], name: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """The place of each line, and its cells; SetupError if it has too many."""
    line: dict[Any, str | None]
    for line in lines:
        where = f"{name}, line {lines.line_num}"
        if None in line:  # the key of surplus values
            raise SetupError(
                f"{where}: expected {len(lines.fieldnames or [])} cells, got more: a "
                "text with a comma stands in quotation marks"
            )
        yield where, {head: composed(cell or "").strip() for head, cell in line.items()}
