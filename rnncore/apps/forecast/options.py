"""The options of `forecast`."""

from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.forecast.estimator import Forecaster
from rnncore.apps.forecast.table_options import add_reading
from rnncore.apps.spine.options import (
    OPTIONS,
    Group,
    add_device,
    add_evaluate,
    add_force,
    add_group,
    add_operand,
    add_option,
    add_train,
    add_training,
    mark_read,
    whole_number,
)

TRAIN = (
    "forecast train sales.csv --date day --value sold"
    " --horizon 14 --model sales.safetensors"
)
AHEAD = "forecast forecast sales.safetensors sales.csv"
EVALUATE = "forecast evaluate sales.safetensors sales.csv --plot sales.svg"
TABLE = (
    "sales.csv has a header, one row per step, a date column and one or "
    "more columns of numbers; or, with --id, one row per step and series. "
    "Dates may have an offset from UTC; hours are "
    "then counted and forecast in UTC."
)
NETWORKS = "steps", "segments"
PROTOCOLS = "windows", "ends"
# what has another default where segments are read
OTHERS = {
    "hidden": "64",
    "batch": "32 a column, by ends 64",
    "steps": "300, by ends 2,400",
    "rate": "chosen by validation, by ends 0.006",
}


def add(commands: Any) -> None:
    """Add `forecast train`, `forecast forecast`, `forecast evaluate`."""
    examples = TRAIN, EVALUATE, f"{AHEAD} --plot ahead.svg"
    parts = add_group(commands, "forecast", ABOUT["forecast"], examples, TABLE)
    _add_train(parts)
    about = "what comes after the table's end"
    ahead = parts.add("forecast", about, AHEAD)
    add_operand(ahead, "model")
    add_operand(ahead, "file")
    mark_read(ahead, "file")
    _add_method(ahead, "the one that was ahead in training")
    what = "write it as a table, with all series"
    add_option(ahead, "--out", what, kind=Path, metavar="FILE.csv")
    about = "the back-test on the last fifth of a table, beside baselines"
    evaluate = add_evaluate(parts, about, EVALUATE, "file")
    _add_plot(ahead)
    add_device(ahead)
    _add_plot(evaluate)
    _add_report(evaluate)
    _add_origins(evaluate)


def _add_train(parts: Group) -> None:
    count = whole_number
    train = add_train(parts, "learn from a table", TRAIN, "file")
    add_reading(train)
    add_option(train, "--horizon", "steps ahead", kind=count, required=True)
    chosen = "(default: chosen by the dates)"
    what = f"steps that are read before a forecast {chosen}"
    add_option(train, "--history", what, kind=count)
    what = (
        "a season, or two: steps (1 for none), or day, week, year, as in "
        f"`--period day week` {chosen}"
    )
    add_option(train, "--period", what, nargs="+", metavar="N")
    add_option(train, "--cell", default="GRU", choices=["RNN", "LSTM", "GRU"])
    what = (
        "networks that are trained, for the spread of the scores; what "
        "they forecast is their mean"
    )
    add_option(train, "--seeds", what, 3)
    _add_method(train, "the one that is ahead on the validation part")
    what = (
        "learn in logarithms: changes are then in percent (default: as "
        "the table's changes are)"
    )
    add_option(train, "--logs", what, choices=["yes", "no"])
    what = (
        "the place whose public holidays are known ahead: a country such "
        "as DE, or a part of one such as AU-NSW (pip install '.[holidays]')"
    )
    add_option(train, "--holidays", what, metavar="PLACE")
    what = (
        "what the network reads and says: values, how much they are above "
        "those of a season ago, or a price's changes over their deviation, "
        "with today's price as the middle (default: chosen by the table)"
    )
    scales = ["levels", "season", "prices"]
    add_option(train, "--scale", what, choices=scales)
    what = (
        "what a value can be: any number, from 0 on, a share from 0 to 1, "
        "a whole number from 0 (default: chosen by the table)"
    )
    add_option(
        train, "--support", what, choices=["real", "positive", "share", "counts"]
    )
    _add_network(train)
    add_training(train)
    _add_plot(train)
    _add_report(train)
    _add_origins(train)


def _add_network(train: Any) -> None:
    """The options of the network, and of the other one."""
    what = (
        "steps: one step at a time, its quantiles, beside the dates; "
        "segments: several at once, from each column's own past, by the "
        "protocol of the literature on long horizons"
    )
    names: dict[str, Any] = {"choices": NETWORKS, "metavar": "NAME"}
    add_option(train, "--network", what, NETWORKS[0], **names)
    what = (
        "of segments: windows, all of a part of the rows; ends, the last "
        "horizon of each of many series, learnt in logarithms beside a "
        "straight line, scored as in the M4 competition (default: windows)"
    )
    ways: dict[str, Any] = {"choices": PROTOCOLS, "metavar": "NAME"}
    add_option(train, "--protocol", what, **ways)
    what = "of segments: steps that are read at once (default: a day, a week)"
    add_option(train, "--segment", what, kind=whole_number)
    what = (
        "of segments: rows to learn from, to choose by, to be judged on "
        "(default: three fifths, one, one)"
    )
    three: dict[str, Any] = {"nargs": 3, "metavar": "N"}
    add_option(train, "--split", what, kind=whole_number, **three)
    what = (
        "of segments: a column's, which is the spread of its values, or of "
        "their changes from step to step (default: spread)"
    )
    units: dict[str, Any] = {"choices": ["spread", "change"], "metavar": "NAME"}
    add_option(train, "--unit", what, **units)
    what = (
        "of segments: weights are kept by the squared error of all windows "
        "in these units, or by the RSE of the values (default: mse)"
    )
    judges: dict[str, Any] = {"choices": ["mse", "rse"], "metavar": "NAME"}
    add_option(train, "--judge", what, **judges)
    kind, what = OPTIONS["dropout"]
    what = f"of segments: {what} (default: chosen by validation, by ends none)"
    add_option(train, "--dropout", what, kind=kind)
    for name, other in OTHERS.items():
        kind, what = OPTIONS[name]
        what += f" (default: {getattr(Forecaster, name)}); of segments {other}"
        add_option(train, f"--{name}", what, kind=kind)


def _add_method(parser: Any, chosen: str) -> None:
    what = (
        "whose numbers `forecast` gives: persistence, seasonal naive, "
        "drift, level x season, theta, ETS, ARIMA, line, network, network "
        f"and ETS (default: {chosen})"
    )
    add_option(parser, "--method", what, metavar="NAME")


def _add_origins(parser: Any) -> None:
    what = (
        "at most, of the back-test (default: as many as have no step in "
        "common, 150 over all series, but 20 of each)"
    )
    add_option(parser, "--origins", what, kind=whole_number)


def _add_plot(parser: Any) -> None:
    add_option(parser, "--plot", "draw into a .png or .svg file", kind=Path)
    add_force(parser)


def _add_report(parser: Any) -> None:
    what = "write the scores, with pictures, as one .html page"
    add_option(parser, "--report", what, kind=Path)
