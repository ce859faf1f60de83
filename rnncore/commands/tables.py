"""How a command reads a table: its options, and what it says of it."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncore.commands import common
from rnncore.commands.common import Facts, add_option, note
from rnncore.storage.files import Refused, read_text

if TYPE_CHECKING:
    from rnncore.forecast.panel import Panel

READING: Facts = {  # with the values that older models had without a word
    "date": None,
    "value": None,
    "separator": ",",
    "encoding": "utf-8",
    "date_format": "ISO8601",
    "gaps": False,
    "id": None,
    "past": [],
    "known": [],
    "fill": None,
    "decimal": None,
}
TOLD = 5  # lines on what was filled, at most


def add_reading(train: Any) -> None:
    """What a table's columns are, and how they are read."""
    column: dict[str, Any] = {"metavar": "COLUMN"}
    add_option(train, "--date", "of the dates", required=True, **column)
    what = "of the numbers: one network learns from all of them"
    add_option(train, "--value", what, nargs="+", required=True, **column)
    what = (
        "with the names of series that stand below each other in one long "
        "table: one network learns from all of them"
    )
    add_option(train, "--id", what, **column)
    what = "of numbers that are known of the past alone, such as visitors"
    add_option(train, "--past", what, [], str, nargs="+", **column)
    what = (
        "of numbers that are also known ahead, such as promotions (0 or "
        "1); last rows without any value have them for the steps to come"
    )
    add_option(train, "--known", what, [], str, nargs="+", **column)
    what = (
        "fill empty cells and missing dates, season: from the same hour of "
        "days around, the same weekday or month; what was filled is told"
    )
    ways = ["linear", "last", "zero", "season"]
    add_option(train, "--fill", what, choices=ways)
    what = "the decimal mark (default: found, if it is clear)"
    add_option(train, "--decimal", what, choices=[".", ","])
    add_option(train, "--separator", "between columns", ",")
    add_option(train, "--encoding", "of FILE", "utf-8", outside=True)
    add_option(train, "--date-format", "such as %%d.%%m.%%Y", "ISO8601")
    what = "a row is a step, whatever lies between the dates"
    common.add_flag(train, "--gaps", what)


def reading_of(arguments: Namespace) -> Facts:
    """What the options say of the table."""
    return {name: getattr(arguments, name) for name in READING}


def check_reading(path: Path, reading: Any) -> Facts:
    """How the table was read that a model learned from.

    Raises Refused where the model does not say.
    """
    needed = set([*READING][:6])
    if not isinstance(reading, dict) or not (
        needed <= set(reading) <= set(READING)
    ):
        raise Refused(
            f"{path}: no forecaster: it does not say what it read"
        )
    return READING | reading


def read(
    path: Path, reading: Facts, tell: Callable[[str], None] = note
) -> "Panel":
    """The table; filled gaps, and a decimal comma, are reported."""
    how = READING | reading
    with common.name_encoding():  # a refusal does not wait for pandas
        read_text(path, how["encoding"])
    from rnncore.forecast.panel import read_panel

    panel = read_panel(path, how.pop("date"), how.pop("value"), **how)
    if reading.get("decimal") is None and panel.decimal == ",":
        tell("numbers have a decimal comma (--decimal)")
    tell_few(panel.told, tell)
    return panel


def tell_few(
    lines: Sequence[str], tell: Callable[[str], None] = note
) -> None:
    """The first lines; of the others how many there are."""
    for line in lines[:TOLD]:
        tell(line)
    if (more := len(lines) - TOLD) > 0:
        tell(f"and {more} more like these")


def print_of(panel: "Panel", rows: int | None = None) -> str:
    """The fingerprint of a table, or of its first rows."""
    frame = panel.frame.iloc[:rows]
    names = "\n".join([str(frame.index.name), *map(str, frame.columns)])
    dates = frame.index.to_numpy().astype("datetime64[ns]").tobytes()
    content = names.encode() + dates + frame.to_numpy().tobytes()
    if panel.beside is not None:
        for found in panel.beside.rows.values():
            content += found[: len(frame)].tobytes()
    return common.compute_fingerprint(content)
