"""The step from one date of a table to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rnncore.storage.files import Refused
from rnncore.storage.limits import LIMITS

TIMES = 100  # as many dates as a table has may stand between its ends
UNITS = {"week": 7 * 86400, "day": 86400, "hour": 3600, "minute": 60, "second": 1}


def find_step(index: pd.DatetimeIndex) -> Any:
    """The step that leaves the fewest dates missing, or between its own.

    That is the commonest distance, business days where there is no
    weekend, or months.
    """

    def count_misfits(step: Any) -> int:
        return len(dates_of(index, step).symmetric_difference(index))

    return min(_list_steps(index), key=count_misfits)


def _list_steps(index: pd.DatetimeIndex) -> list[Any]:
    offsets, day = pd.offsets, pd.Timedelta(days=1)
    found: list[Any] = []
    months = int(_commonest(np.diff(index.year * 12 + index.month)))
    if months and (index.day == index.days_in_month).all():
        found.append(offsets.MonthEnd(months))
    elif months and (index.day == 1).all():
        found.append(offsets.MonthBegin(months))
    elif months:  # the last day of a shorter month
        found.append(pd.DateOffset(months=months, day=int(index.day.max())))
    distance = pd.Timedelta(_commonest(np.diff(index.to_numpy())))
    if distance == day and (index.day_of_week < 5).all():
        found.append(offsets.BusinessDay())
    elif distance % day:
        found.append(pd.tseries.frequencies.to_offset(distance))
    else:
        found.append(offsets.Day(distance // day))
    return found


def _commonest(distances: np.ndarray) -> Any:
    values, counts = np.unique(distances, return_counts=True)
    return values[counts.argmax()]


def dates_of(index: pd.DatetimeIndex, step: Any) -> pd.DatetimeIndex:
    """All dates from the first to the last."""
    return pd.date_range(index[0], index[-1], freq=step, name=index.name)


def complete(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """All dates from the first to the last, with their step.

    Raises Refused naming a date that stands twice, comes after a later
    one, or lies between the others' steps.
    """
    if index.hasnans:
        raise Refused("expected a date in each row, got none in one")
    if (twice := index.duplicated()).any():
        raise Refused(f"{tell_date(index[twice.argmax()])} stands twice")
    falls = np.flatnonzero(np.diff(index.to_numpy()) < np.timedelta64(0))
    if falls.size:
        first, second = map(tell_date, index[falls[0] : falls[0] + 2])
        raise Refused(
            f"{second} comes after {first}: sort the rows by date, in "
            "pandas with `frame.sort_index()`"
        )
    _check_span(index)
    step = find_step(index)
    expected = dates_of(index, step)
    between = index.difference(expected)
    if len(between):
        months = _months_of(step)
        every = f'"{months}MS"' if months else spell(step)
        raise Refused(
            f"{tell_date(between[0])} does not fit the step of the dates, which is "
            f"{tell_step(step)}: in pandas `frame.resample({every}).mean()` makes "
            "steady ones"
        )
    return expected


def _check_span(index: pd.DatetimeIndex) -> None:
    """Raise Refused where one date is so far off that most are missing."""
    distances = np.diff(index.to_numpy()).astype(float)  # too long for ns
    count = distances.sum() / min(np.median(distances), _commonest(distances))
    most = min(LIMITS["dates"].parts, TIMES * len(index))
    if count > most:
        row = int(distances.argmax())
        first, second = map(tell_date, index[row : row + 2])
        raise Refused(
            f"{second} comes after {first}: expected at most {most:,} steps "
            f"from the first date to the last, got {count:,.0f}"
        )


def tell_date(date: Any) -> str:
    """A date, without a time where that is midnight."""
    return str(date).removesuffix(" 00:00:00")


def tell_step(step: Any) -> str:
    """In words: "1 hour", "15 minutes", "1 business day", "3 months"."""
    if isinstance(step, pd.offsets.BusinessDay):
        return _count(step.n, "business day")
    if isinstance(step, pd.offsets.Tick | pd.offsets.Day):
        seconds = (pd.Timestamp(0) + step - pd.Timestamp(0)).total_seconds()
        for unit, length in UNITS.items():
            if seconds % length == 0:
                return _count(int(seconds // length), unit)
        return f"{seconds:g} seconds"
    years, rest = divmod(_months_of(step), 12)
    return _count(12 * years + rest, "month") if rest else _count(years, "year")


def _months_of(step: Any) -> int:
    """The months of a step that goes by months; else 0."""
    if isinstance(step, pd.offsets.MonthEnd | pd.offsets.MonthBegin):
        return int(step.n)
    return int(getattr(step, "kwds", {}).get("months", 0))


def _count(count: int, unit: str) -> str:
    return f"{count} {unit}" + "s" * (count != 1)


def spell(step: Any) -> str:
    """The step as pandas is told it: "D" in quotes, or a DateOffset."""
    if type(step) is pd.DateOffset:
        return "pd.DateOffset({months}, {day})".format(
            **{name: f"{name}={value}" for name, value in step.kwds.items()}
        )
    return f'"{step.freqstr}"'
