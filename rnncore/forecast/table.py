"""Reading a table with a date column, and refusing what is not one."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnncore.files import Refused, read_text

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 10  # rows


def read_table(
    path: str | os.PathLike,
    date: str,
    values: Sequence[str],
    *,
    separator: str = ",",
    encoding: str = "utf-8",
    date_format: str = "ISO8601",
    gaps: bool = False,
) -> pd.DataFrame:
    """The value columns of a CSV file, by date, one row per step.

    With `gaps` each row is a step, whatever lies between the dates, as
    for shares, which are not traded on holidays. Dates with an offset
    keep the clock's time where it is the same every day; others are
    turned into UTC, in which a change of clocks leaves no gap.

    Raises Refused with the file, and the line where there is one: where
    the file is empty or not in this encoding, a column is missing, a date
    or value is none, dates stand twice, fall, or leave gaps.
    """
    path = Path(path)
    rows = _rows(path, separator, encoding)
    import pandas as pd

    for name in [date, *values]:
        if name not in rows:
            raise Refused(
                f"{path}: there is no column {name!r}; "
                f"there are: {', '.join(map(repr, rows.columns))}"
            )
    if not values:
        raise Refused(f"{path}: name at least one column of values")
    if len(rows) < FEWEST:
        raise Refused(
            f"{path}: expected at least {FEWEST} rows, got {len(rows)}"
        )
    index = _dates(path, rows[date], date_format)
    columns = {name: _numbers(path, rows[name]) for name in values}
    frame = pd.DataFrame(columns, index=index)
    _check_order(path, index)
    return frame if gaps else _regular(path, frame)


def step_of(index: pd.DatetimeIndex) -> pd.DateOffset:
    """The step that the dates go by, judged by the commonest distance.

    Months, quarters and years differ in length: they are told by it.
    """
    import pandas as pd

    days = np.diff(index.to_numpy()) / np.timedelta64(1, "D")
    common = float(pd.Series(days).mode()[0])
    for low, high, months in [(28, 31, 1), (90, 92, 3), (365, 366, 12)]:
        if low <= common <= high:
            if index.is_month_end.all():
                return pd.offsets.MonthEnd(months)
            return pd.DateOffset(months=months)
    if common == 1 and (index.day_of_week < 5).all():
        return pd.offsets.BusinessDay()
    if common == round(common):
        return pd.offsets.Day(round(common))
    return pd.tseries.frequencies.to_offset(pd.Timedelta(days=common))


def _rows(path: Path, separator: str, encoding: str) -> pd.DataFrame:
    """The file as texts."""
    text = read_text(path, encoding)
    import pandas as pd

    try:
        rows = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,  # so that lines can be counted
        )
    except (pd.errors.ParserError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise Refused(f"{path}: not a table: {reason}") from None
    if rows.shape[1] == 1 and any(s in rows.columns[0] for s in ";\t|"):
        raise Refused(
            f"{path}: expected columns separated by {separator!r}, "
            f"got the header {rows.columns[0]!r}"
        )
    return rows


def _line(row: int) -> int:
    return row + 2  # from 1, and the header


def _dates(
    path: Path, texts: pd.Series, date_format: str
) -> pd.DatetimeIndex:
    import pandas as pd

    try:
        dates = pd.to_datetime(texts, format=date_format, errors="coerce")
    except ValueError:  # some differ in their offset from UTC
        return _of_several_offsets(path, texts, date_format)
    _check_dates(path, texts, dates, date_format)
    return _without_offset(pd.DatetimeIndex(dates, name=texts.name))


def _check_dates(
    path: Path, texts: pd.Series, dates: pd.Series, date_format: str
) -> None:
    """Raise Refused naming the first text that is no date."""
    if dates.isna().any():
        row = int(dates.isna().to_numpy().argmax())
        example = "2024-01-31" if date_format == "ISO8601" else date_format
        raise Refused(
            f"{path}: line {_line(row)}: expected a date such as "
            f"{example}, got {texts.iloc[row]!r}"
        )


def _of_several_offsets(
    path: Path, texts: pd.Series, date_format: str
) -> pd.DatetimeIndex:
    """As where clocks are changed; every date has to have its offset."""
    import pandas as pd

    def parsed(text: str) -> pd.Timestamp:
        return pd.to_datetime(text, format=date_format, errors="coerce")

    dates = pd.Series(map(parsed, texts), index=texts.index, dtype=object)
    _check_dates(path, texts, dates, date_format)
    given = np.array([d.tzinfo is not None for d in dates])
    if not given.all():
        row = int((given != given[0]).argmax())
        raise Refused(
            f"{path}: line {_line(row)}: expected all dates with their "
            f"offset from UTC, or none, got {texts.iloc[row]!r} after "
            f"{texts.iloc[0]!r}"
        )
    clock = pd.DatetimeIndex([d.tz_localize(None) for d in dates])
    if _is_daily(clock):
        return clock.rename(texts.name)
    utc = pd.DatetimeIndex(pd.to_datetime(dates, utc=True))
    return _without_offset(utc.rename(texts.name))


def _without_offset(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Days as the clock tells them, hours as UTC does."""
    if index.tz is None:
        return index
    clock = index.tz_localize(None)
    return clock if _is_daily(clock) else index.tz_convert(None)


def _is_daily(index: pd.DatetimeIndex) -> bool:
    """Whether all are at one time of their days."""
    return len(set(index.time)) == 1


def _numbers(path: Path, texts: pd.Series) -> np.ndarray:
    import pandas as pd

    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        row = int(wrong.argmax())
        raise Refused(
            f"{path}: line {_line(row)}: {texts.name}: expected a number, "
            f"got {texts.iloc[row]!r}"
        )
    return numbers


def _check_order(path: Path, index: pd.DatetimeIndex) -> None:
    twice = index.duplicated()
    if twice.any():
        row = int(twice.argmax())
        first = int((index == index[row]).argmax())
        raise Refused(
            f"{path}: {index[row]} stands twice, in lines {_line(first)} "
            f"and {_line(row)}{_more(int(twice.sum()) - 1)}{_clocks(index)}"
        )
    falls = np.flatnonzero(np.diff(index.to_numpy()) < np.timedelta64(0))
    if falls.size:
        row = int(falls[0]) + 1
        raise Refused(
            f"{path}: line {_line(row)}: {index[row]} comes after "
            f"{index[row - 1]}: sort the rows by date"
        )


def _more(count: int) -> str:
    """How many lines are like the one that is named."""
    if not count:
        return ""
    lines = "line does" if count == 1 else "lines do"
    return f"; {count} more {lines} the same"


def _clocks(index: pd.DatetimeIndex) -> str:
    """What helps where days have hours, and some days 23 or 25."""
    if _is_daily(index):
        return ""
    return (
        "; if clocks were changed then, give each date its offset from "
        "UTC, as in 2024-03-31T03:00+02:00"
    )


def _regular(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its step, if no date is missing."""
    import pandas as pd

    index, step = frame.index, step_of(frame.index)
    expected = pd.date_range(index[0], index[-1], freq=step)
    missing = expected.difference(index)
    if len(missing):
        count = len(missing)
        many = f"{count} dates are missing, the first is"
        raise Refused(
            f"{path}: {many if count > 1 else 'one date is missing:'} "
            f"{missing[0]}; fill the gap, or take rows as steps (--gaps)"
            f"{_clocks(index)}"
        )
    between = index.difference(expected)
    if len(between):
        row = index.get_loc(between[0])
        raise Refused(
            f"{path}: line {_line(row)}: {between[0]} does not fit the "
            f"step of the dates, {step.freqstr}"
        )
    return frame.set_index(
        pd.DatetimeIndex(expected, name=index.name, freq=step)
    )
