"""The options of `forecast`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.forecast.estimator import Forecaster
from rnncore.apps.forecast.marks import parse_marks, parse_separator
from rnncore.apps.spine.options import (
    Group,
    add_device,
    add_evaluate,
    add_force,
    add_group,
    add_operand,
    add_option,
    add_settings,
    add_train,
    mark_read,
)

TRAIN = (
    "forecast train sales.csv --date day --value sold"
    " --horizon 14 --model sales.safetensors"
)
AHEAD = "forecast forecast sales.safetensors sales.csv"
EVALUATE = "forecast evaluate sales.safetensors sales.csv --plot sales.svg"
FORM = (
    "Takes a table that pandas reads: a header, a column of dates in steady "
    "steps, one or more of numbers; with --id one that names series which stand "
    "below each other. Dates with an offset from UTC are taken in UTC."
)


def add(commands: Any) -> None:
    """Add `forecast train`, `forecast forecast`, `forecast evaluate`."""
    examples = TRAIN, EVALUATE, f"{AHEAD} --plot ahead.svg"
    parts = add_group(commands, "forecast", ABOUT["forecast"], examples, FORM)
    _add_train(parts)
    ahead = parts.add("forecast", "what comes after the table's end", AHEAD)
    add_operand(ahead, "model")
    add_operand(ahead, "file")
    mark_read(ahead, "file")
    what = "write it as a table, with all series"
    add_option(ahead, "--out", what, kind=Path, metavar="FILE.csv")
    _add_plot(ahead)
    add_device(ahead)
    about = "the back-test on the last fifth of a table, beside baselines"
    _add_plot(add_evaluate(parts, about, EVALUATE, "file"))


def _add_train(parts: Group) -> None:
    train = add_train(parts, "learn from a table", TRAIN, "file")
    column: dict[str, Any] = {"metavar": "COLUMN"}
    add_option(train, "--date", "of the dates", required=True, **column)
    what = "of the numbers: one network learns from all of them"
    add_option(train, "--value", what, nargs="+", required=True, **column)
    what = "with the names of series that stand below each other"
    add_option(train, "--id", what, **column)
    what = (
        "of numbers that are known ahead, such as promotions (0 or 1); last rows "
        "without any value have them for the steps to come"
    )
    add_option(train, "--known", what, nargs="+", **column)
    what = "texts that stand for a missing value, such as -9999 . :"
    more: dict[str, Any] = {"nargs": "+", "metavar": "TEXT"}
    add_option(train, "--missing", what, **more)
    what = 'the decimal mark, and after it that of thousands, if any, as ",."'
    add_option(train, "--decimal", what, ".", parse_marks, metavar="MARKS")
    what = "between columns: a character, or tab"
    add_option(train, "--separator", what, ",", parse_separator, metavar="MARK")
    what = "such as %%d.%%m.%%Y (default: 2024-01-31, as ISO 8601)"
    add_option(train, "--date-format", what)
    add_settings(train, Forecaster, "horizon", "period")


def _add_plot(parser: Any) -> None:
    add_option(parser, "--plot", "draw into a .png or .svg file", kind=Path)
    add_force(parser)
