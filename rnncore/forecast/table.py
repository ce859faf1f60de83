"""Reading a table with a date column, and refusing what is not one."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rnncore.application import Refused

FEWEST = 10  # rows


def read_table(
    path: str | os.PathLike,
    date: str,
    values: Sequence[str],
    *,
    separator: str = ",",
    encoding: str = "utf-8-sig",
    date_format: str = "ISO8601",
    gaps: bool = False,
) -> pd.DataFrame:
    """The value columns of a CSV file, by date, one row a step.

    With `gaps` each row is a step, whatever lies between the dates, as
    for shares, which are not traded on holidays.

    Raises Refused with the file, and the line where there is one: where
    the file is empty or not in this encoding, a column is missing, a date
    or value is none, dates stand twice, fall, or leave gaps.
    """
    path = Path(path)
    rows = _rows(path, separator, encoding)
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
    if path.is_dir():
        raise Refused(f"{path}: expected a file, got a folder")
    if not path.exists():
        raise Refused(f"{path}: there is no such file")
    try:
        rows = pd.read_csv(
            path,
            sep=separator,
            encoding=encoding,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,  # so that lines can be counted
        )
    except pd.errors.EmptyDataError:
        raise Refused(f"{path}: the file is empty") from None
    except (UnicodeError, LookupError) as error:
        raise Refused(
            f"{path}: not in the encoding {encoding!r}: {error}"
        ) from None
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
    dates = pd.to_datetime(texts, format=date_format, errors="coerce")
    if dates.isna().any():
        row = int(dates.isna().to_numpy().argmax())
        example = "2024-01-31" if date_format == "ISO8601" else date_format
        raise Refused(
            f"{path}: line {_line(row)}: expected a date such as "
            f"{example}, got {texts.iloc[row]!r}"
        )
    if getattr(dates.dtype, "tz", None) is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    return pd.DatetimeIndex(dates, name=texts.name)


def _numbers(path: Path, texts: pd.Series) -> np.ndarray:
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
            f"and {_line(row)}; there are {twice.sum()} such lines"
        )
    falls = np.flatnonzero(np.diff(index.to_numpy()) < np.timedelta64(0))
    if falls.size:
        row = int(falls[0]) + 1
        raise Refused(
            f"{path}: line {_line(row)}: {index[row]} comes after "
            f"{index[row - 1]}: sort the rows by date"
        )


def _regular(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its step, if no date is missing."""
    index, step = frame.index, step_of(frame.index)
    expected = pd.date_range(index[0], index[-1], freq=step)
    missing = expected.difference(index)
    if len(missing):
        raise Refused(
            f"{path}: gaps: {len(missing)} dates are missing, the first is "
            f"{missing[0]}; fill them, or take rows as steps (gaps)"
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
