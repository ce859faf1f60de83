"""Series that published scores refer to: ETT, rates, M4, sales, shares."""

import csv
import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rnncore.data.public.store import find, path_of
from rnncore.storage.files import Refused, read_text

if TYPE_CHECKING:
    import pandas as pd

ENDS = {"Hourly": 48, "Weekly": 13}  # steps that M4 asks for


class Columns(NamedTuple):
    """Columns of numbers in three parts, in order of time."""

    train: np.ndarray  # (T, D)
    validation: np.ndarray
    test: np.ndarray
    names: list[str]  # D of them


class Ahead(NamedTuple):
    """A series, and what came after it."""

    name: str
    train: np.ndarray  # (T,)
    test: np.ndarray  # (48,) hours or (13,) weeks


class Prices(NamedTuple):
    """Daily prices of shares side by side, NaN where there is none."""

    days: np.ndarray  # (N,) dates
    names: list[str]  # S of them
    close: np.ndarray  # (N, S), dollars, splits taken out
    adjusted: np.ndarray  # the same with dividends put back in
    volume: np.ndarray  # shares traded


class Turnover(NamedTuple):
    """What shops took in a month, industry by industry of each state."""

    months: np.ndarray  # (N,) dates, the first of each
    names: list[str]  # S of them
    industries: list[str]  # of each
    values: np.ndarray  # (N, S), millions of dollars; NaN once one ended


def ett(
    name: str = "ETTh1", folder: str | os.PathLike | None = None
) -> Columns:
    """Hours of a transformer: six loads and its oil's temperature, OT.

    As they were measured, (T, 7), in degrees Celsius OT alone; published
    errors are of z-scores by mean and spread of the training part. T is
    8640, 2880 and 2880. A part's first forecast may read the hours
    before it.

    Raises Refused where the set is not there, or a number is none;
    ValueError for another name than ETTh1 and ETTh2. Source: Zhou et al.
    2021.
    """
    if name not in ("ETTh1", "ETTh2"):
        raise ValueError(f"name: expected ETTh1 or ETTh2, got {name!r}")
    path = path_of("ett", f"ETT-small/{name}.csv", folder)
    head, *rows = csv.reader(read_text(path).splitlines())
    values = _numbers(path, [row[1:] for row in rows])
    split = find("ett").split
    sizes = [split[k] for k in ("train", "validation", "test")]
    ends = np.cumsum(sizes)
    if len(values) < ends[-1]:
        raise Refused(
            f"{path}: expected {ends[-1]} rows, got {len(values)}"
        )
    train, validation, test, _ = np.split(values, ends)
    return Columns(train, validation, test, head[1:])


def exchange_rate(folder: str | os.PathLike | None = None) -> Columns:
    """Eight currencies in US dollars, one row per day, 1990 to 2016.

    (T, 8), T is 4552, 1518 and 1518.

    Raises Refused where the set is not there, or a number is none.
    Source: Lai et al. 2018.
    """
    path = path_of(
        "exchange_rate", "exchange_rate/exchange_rate.txt.gz", folder
    )
    with gzip.open(path, "rt", encoding="ascii") as file:
        values = _numbers(path, list(csv.reader(file)))
    split = find("exchange_rate").split
    shares = np.cumsum([split["train"], split["validation"]])
    ends = (shares * len(values) + 1e-9).astype(int)
    train, validation, test = np.split(values, ends)
    names = "Australia Britain Canada Switzerland China Japan New_Zealand"
    return Columns(train, validation, test, [*names.split(), "Singapore"])


def m4(
    kind: str = "Hourly", folder: str | os.PathLike | None = None
) -> list[Ahead]:
    """The hourly or weekly series of the M4 competition.

    Of different lengths T; 48 hours or 13 weeks are to be forecast.

    Raises Refused where the set is not there, or its files do not agree;
    ValueError for another kind than Hourly and Weekly. Source:
    Makridakis et al. 2020.
    """
    if kind not in ENDS:
        raise ValueError(f"kind: expected Hourly or Weekly, got {kind!r}")
    found = []
    for part in "Train", "Test":
        inner = f"Dataset/{part}/{kind}-{part.lower()}.csv"
        path = path_of("m4", inner, folder)
        _, *rows = csv.reader(read_text(path).splitlines())
        found.append(
            {
                name: _numbers(path, [[v for v in values if v]])[0]
                for name, *values in rows
            }
        )
    train, test = found
    ends = {len(values) for values in test.values()}
    if list(train) != list(test) or ends != {ENDS[kind]}:
        raise Refused(f"{path}: not the series of the training file")
    return [Ahead(name, train[name], test[name]) for name in train]


def m4_table(
    kind: str = "Hourly", folder: str | os.PathLike | None = None
) -> "pd.DataFrame":
    """The same series with their ends, as one long table for `forecast`.

    A row each step, by series: date and value. The dates are made, so
    that all series end together: the competition counts steps.

    Raises what `m4` raises.
    """
    import pandas as pd

    found = []
    for name, train, test in m4(kind, folder):
        values = np.concatenate([train, test])
        step = {"Hourly": "h", "Weekly": "W"}[kind]
        dates = pd.date_range(
            end="2000-12-31", periods=len(values), freq=step
        )
        rows = {"series": name, "date": dates, "value": values}
        found.append(pd.DataFrame(rows))
    return pd.concat(found).set_index("series")


def car_parts(folder: str | os.PathLike | None = None) -> np.ndarray:
    """How many of each car part were sold a month: (51, 2509) from 1998.

    Three quarters of the values are 0. Parts that lack a month are left
    out.

    Raises Refused where the set is not there, or a line is none of month,
    part and a whole number. Source: Hyndman et al. 2008.
    """
    path = path_of("carparts", "carparts.csv", folder)
    _, *rows = csv.reader(read_text(path).splitlines())
    sold: dict[str, dict[str, int]] = {}
    for line, row in enumerate(rows, start=2):
        if len(row) != 3 or not row[2].isdecimal():
            raise Refused(
                f"{path}:{line}: expected month, part and a whole number, "
                f"got {','.join(row)!r}"
            )
        month, part, count = row
        sold.setdefault(part, {})[month] = int(count)
    months = sorted({month for part in sold.values() for month in part})
    found = [s for s in sold.values() if len(s) == len(months)]
    if not found:
        raise Refused(f"{path}: no part has every month")
    return np.array([[s[month] for s in found] for month in months])


def share_prices(folder: str | os.PathLike | None = None) -> Prices:
    """482 American shares, 12 January 2015 to 10 January 2020: (1258, 482).

    As the file has them, with its faults: prices of 0, dates that stand
    twice (the first is taken), dividends taken out twice.

    Raises Refused where the set is not there, or has no such columns.
    """
    import pandas as pd

    path = path_of("sp500", "sp500.csv", folder)
    try:
        rows = pd.read_csv(
            path, parse_dates=["date"], date_format="%Y-%m-%d"
        )
        rows = rows.drop_duplicates(["date", "symbol"])
        close, adjusted, volume = (
            rows.pivot(index="date", columns="symbol", values=name)
            for name in ("close", "adjusted", "volume")
        )
        values = [a.to_numpy(float) for a in (close, adjusted, volume)]
    except (ValueError, KeyError) as error:
        raise Refused(
            f"{path}: expected date, symbol, close, adjusted, volume: "
            f"{error}"
        ) from error
    return Prices(close.index.to_numpy(), [*close.columns], *values)


def retail_turnover(folder: str | os.PathLike | None = None) -> Turnover:
    """Australian retail, April 1982 to December 2018: (441, 152).

    Four series ended in 2010 or 2013; the other 148 have every month.

    Raises Refused where the set is not there, or has no such columns.
    """
    import pandas as pd

    path = path_of("aus_retail", "aus_retail.csv", folder)
    try:
        rows = pd.read_csv(
            path, parse_dates=["Month"], date_format="%Y-%m-%d"
        )
        wide = rows.pivot(
            index="Month", columns="Series ID", values="Turnover"
        )
        of = rows.drop_duplicates("Series ID").set_index("Series ID")
        industries = [str(of["Industry"][name]) for name in wide]
        values = wide.to_numpy(float)
    except (ValueError, KeyError) as error:
        raise Refused(
            f"{path}: expected Month, Series ID, Industry, Turnover: "
            f"{error}"
        ) from error
    names = [str(name) for name in wide]
    return Turnover(wide.index.to_numpy(), names, industries, values)


def _numbers(path: Path, rows: list[list[str]]) -> np.ndarray:
    """Rows of numbers, all of one length; Refused says where not."""
    try:
        values = np.array(rows, dtype=float)
    except ValueError as error:
        raise Refused(f"{path}: expected numbers: {error}") from error
    if values.ndim != 2 or not np.isfinite(values).all():
        raise Refused(f"{path}: expected rows of numbers")
    return values
