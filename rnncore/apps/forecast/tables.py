"""How a command reads a table, and what it says of it."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rnncore.apps.forecast.panel import Panel, read_panel
from rnncore.apps.forecast.reading import Reading
from rnncore.apps.spine import common
from rnncore.apps.spine.common import Facts, note
from rnncore.storage.files import Refused, read_text

TOLD = 5  # lines on what was filled, at most


def reading_of(arguments: Namespace) -> Facts:
    """What the options say of the table."""
    return {name: getattr(arguments, name) for name in Reading._fields}


def check_reading(path: Path, reading: Any) -> Facts:
    """How the table was read that a model learned from.

    Raises Refused where the model does not say.
    """
    needed = set(Reading._fields[:6])
    if not isinstance(reading, dict) or not (
        needed <= set(reading) <= set(Reading._fields)
    ):
        raise Refused(f"{path}: no forecaster: it does not say what it read")
    return Reading._field_defaults | reading


def read(path: Path, reading: Facts, tell: Callable[[str], None] = note) -> Panel:
    """The table; filled gaps, and a decimal comma, are reported."""
    how = Reading(**reading)
    with common.name_encoding():
        read_text(path, how.encoding)
    panel = read_panel(path, how)
    if how.decimal is None and panel.decimal == ",":
        tell("numbers have a decimal comma (--decimal)")
    tell_few(panel.told, tell)
    return panel


def tell_few(lines: Sequence[str], tell: Callable[[str], None] = note) -> None:
    """The first lines; of the others how many there are."""
    for line in lines[:TOLD]:
        tell(line)
    if (more := len(lines) - TOLD) > 0:
        tell(f"and {more} more like these")


def print_of(panel: Panel, rows: int | None = None) -> str:
    """The fingerprint of a table, or of its first rows."""
    frame = panel.frame.iloc[:rows]
    names = "\n".join([str(frame.index.name), *map(str, frame.columns)])
    dates = frame.index.to_numpy().astype("datetime64[ns]").tobytes()
    content = names.encode() + dates + frame.to_numpy().tobytes()
    if panel.beside is not None:
        for found in panel.beside.rows.values():
            content += found[: len(frame)].tobytes()
    return common.compute_fingerprint(content)
