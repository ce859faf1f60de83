"""The options by which a command reads a table."""

from typing import Any

from rnncore.apps.forecast.reading import Reading
from rnncore.apps.spine.options import add_flag, add_option

OWN = Reading._field_defaults


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
    add_option(train, "--separator", "between columns", OWN["separator"])
    add_option(train, "--encoding", "of FILE", OWN["encoding"], outside=True)
    add_option(train, "--date-format", "such as %%d.%%m.%%Y", OWN["date_format"])
    what = "a row is a step, whatever lies between the dates"
    add_flag(train, "--gaps", what)
