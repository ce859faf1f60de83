"""The rows of a table, its dates and their step; refusals by line."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncore.storage.files import Refused, read_text
from rnncore.storage.limits import LIMITS

if TYPE_CHECKING:
    import pandas as pd

MISSING = 100  # times as many dates as there are, at most
SHORTEST = 28  # days of a month
HOLIDAYS = 0.06  # of the days of a market, at most
WEEKS = 20  # dates that weekdays are told by
MARK = re.compile("sep=(.)\n", re.IGNORECASE)  # a first line of Excel's
DECIMAL = r"\d{4}\.\d*"  # a year, such as 1984.25
WEEK = r"\d{4}-?W\d\d"  # of ISO 8601, such as 2021-W52
QUARTER = r"\d{4}[- ]?Q[1-4]"


def step_of(index: pd.DatetimeIndex) -> pd.DateOffset:
    """The step that the dates go by: the one that fits them all.

    Where none does, the one that leaves the fewest dates missing and
    between its own.
    """

    def count_misfits(step: pd.DateOffset) -> int:
        return len(_compute_dates(index, step).symmetric_difference(index))

    return min(_steps(index), key=count_misfits)


def _steps(index: pd.DatetimeIndex) -> list[pd.DateOffset]:
    """What the step could be, judged by the commonest distances."""
    import pandas as pd

    offsets = pd.offsets
    months = _commonest(np.diff(index.year * 12 + index.month))
    distance = pd.Timedelta(_commonest(np.diff(index.to_numpy())))
    found: list[pd.DateOffset] = []
    if months and (index.day == index.days_in_month).all():
        found.append(offsets.MonthEnd(months))
    elif months:  # relativedelta cuts the day to a short month's last
        last = int(index.day.max())
        day = {"day": last} if last > SHORTEST else {}
        found.append(pd.DateOffset(months=months, **day))
        found.append(offsets.BMonthEnd(months))
        found.append(offsets.BMonthBegin(months))
        week, weekday = (index[0].day - 1) // 7, index[0].day_of_week
        found.append(offsets.LastWeekOfMonth(months, weekday=weekday))
        if week < 4:
            found.append(offsets.WeekOfMonth(months, week=week, weekday=weekday))
    days = distance / pd.Timedelta(days=1)
    if 13 <= days <= 17:  # half a month
        first, last = int(index.day.min()), int(index.day.max())
        if first == 1 < last < SHORTEST:
            found.append(offsets.SemiMonthBegin(day_of_month=last))
        elif first < SHORTEST:
            found.append(offsets.SemiMonthEnd(day_of_month=first))
    if days == 1 and (index.day_of_week < 5).all():
        found.append(offsets.BusinessDay())
    elif days == round(days):
        found.append(offsets.Day(round(days)))
    else:
        found.append(pd.tseries.frequencies.to_offset(distance))
    return found


def _commonest(distances: np.ndarray) -> Any:
    values, counts = np.unique(distances, return_counts=True)
    return values[counts.argmax()]


def _compute_dates(index: pd.DatetimeIndex, step: pd.DateOffset) -> pd.DatetimeIndex:
    import pandas as pd

    return pd.date_range(index[0], index[-1], freq=step)


def read_rows(
    path: Path, separator: str, encoding: str, date_format: str
) -> pd.DataFrame:
    """The file as texts, by the number of their line.

    A first line such as `sep=;`, as Excel has it, names the separator.

    Raises Refused where the file is empty, not in this encoding, or no
    table with a name for each column, or where dates have no such format.
    """
    text = read_text(path, encoding)
    import pandas as pd

    _check_format(date_format)
    first = 2
    if mark := MARK.match(text):
        first, separator, text = 3, mark[1], text[mark.end() :]

    _check_columns(path, text, separator)
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
            f"got the header {rows.columns[0]!r} (--separator)"
        )
    if not isinstance(rows.index, pd.RangeIndex):
        _check_row_names(path, rows, first, date_format)
    rows = rows.set_axis(pd.RangeIndex(first, first + len(rows)))
    rows.attrs["twice"] = _find_twins(text, separator)
    return rows


def _find_twins(text: str, separator: str) -> list[str]:
    """The names that a header has twice; pandas would number them."""
    import pandas as pd

    header = pd.read_csv(
        io.StringIO(text),
        sep=separator,
        dtype=str,
        header=None,
        nrows=1,
        keep_default_na=False,
        skip_blank_lines=False,
    )
    names = Counter(header.iloc[0].str.strip().tolist())
    return [name for name, count in names.items() if count > 1]


def _check_columns(path: Path, text: str, separator: str) -> None:
    """Raise Refused where a table has more columns than are looked at."""
    count = text.partition("\n")[0].count(separator) + 1
    most = LIMITS["table"].parts
    if count > most:
        raise Refused(f"{path}: expected at most {most:,} columns, got {count:,}")


def _check_format(date_format: str) -> None:
    """Raise Refused where pandas reads no date by it."""
    import pandas as pd

    try:
        pd.to_datetime(pd.Series([], dtype=str), format=date_format)
    except (ValueError, re.error) as error:
        raise Refused(f"--date-format {date_format}: {error}") from None


def _check_row_names(
    path: Path, rows: pd.DataFrame, first: int, date_format: str
) -> None:
    """Raise Refused unless a first column without a header is R's names.

    pandas takes it for these where the first row is longer than the
    header. That also happens where a separator ends each row.
    """
    import pandas as pd

    more = rows.index.nlevels
    full = rows.iloc[:, -1].fillna("").str.strip() != ""
    if more == 1 and full.all():
        names = pd.Series(rows.index, dtype=str)
        dates = pd.to_datetime(names, format=date_format, errors="coerce")
        if dates.isna().any():
            return
    fields = rows.shape[1]
    raise Refused(
        f"{path}: line {first}: expected {fields} fields, as the header "
        f"has columns, got {fields + more}: end no row with a separator, "
        "and give each column a name"
    )


def read_dates(path: Path, texts: pd.Series, date_format: str) -> pd.DatetimeIndex:
    """The dates that are written in a column, labelled by its lines.

    Dates with an offset keep the clock's time where it is the same every
    day; others are turned into UTC, in which a change of clocks leaves no
    gap. Decimal years (1984.25) are months, where no two share one; a week
    (2021-W52) or a quarter (2000-Q1) is its first day.

    Raises Refused with the line of a text that is no date.
    """
    import pandas as pd

    if date_format == "ISO8601" and texts.str.fullmatch(DECIMAL).all():
        return _of_decimal_years(path, texts)
    try:
        dates = _parse(texts, date_format)
    except ValueError:  # some differ in their offset from UTC
        return _of_several_offsets(path, texts, date_format)
    _check_dates(path, texts, dates, date_format)
    index = pd.DatetimeIndex(dates, name=texts.name)
    if "%y" in date_format:
        _check_century(path, texts, index)
    return _without_offset(index)


def _parse(texts: pd.Series, date_format: str) -> pd.Series:
    """Dates, NaT where a text is none."""
    import pandas as pd

    if date_format == "ISO8601":
        if texts.str.fullmatch(WEEK).all():
            date_format = "%GW%V%u"
            texts = texts.str.replace("-", "") + "1"
        elif texts.str.fullmatch(QUARTER).all():
            months = 3 * texts.str[-1].astype(int) - 2
            texts = texts.str[:4] + months.map("-{:02d}".format)
    return pd.to_datetime(texts, format=date_format, errors="coerce")


def _of_decimal_years(path: Path, texts: pd.Series) -> pd.DatetimeIndex:
    """Months where no two fall into one, else days."""
    import pandas as pd

    parts = texts.str.split(".", expand=True)
    fractions = ("0." + parts[1]).astype(float)
    if fractions.nunique() > 1 and fractions.max() <= 0.12:
        raise Refused(
            f"{path}: line {texts.index[0]}: expected a decimal year such "
            f"as 1984.25, got {texts.iloc[0]!r}: if these are year and "
            "month, give --date-format %Y.%m"
        )
    years = pd.DatetimeIndex(parts[0] + "-01-01", name=texts.name)
    days = fractions.to_numpy() * np.where(years.is_leap_year, 366, 365)
    # a twelfth of a year, with two digits, may end before its month
    months = (years + pd.to_timedelta(days + 3, unit="D")).to_period("M")
    if not months.has_duplicates:
        return months.to_timestamp()
    return (years + pd.to_timedelta(days, unit="D")).round("D")


def _check_century(path: Path, texts: pd.Series, index: pd.DatetimeIndex) -> None:
    """Raise Refused where a year of two digits is read as one to come."""
    import pandas as pd

    late = index.tz_localize(None) > pd.Timestamp.now() + pd.DateOffset(years=1)
    if late.any():
        row = int(late.argmax())
        raise Refused(
            f"{_at(path, texts, row)}: {texts.iloc[row]!r} would be "
            f"in the year {index[row].year}: write years with four digits, "
            "and %Y"
        )


def _at(path: Path, texts: pd.Series, row: int) -> str:
    return f"{path}: line {texts.index[row]}"


def _check_dates(
    path: Path, texts: pd.Series, dates: pd.Series, date_format: str
) -> None:
    """Raise Refused naming the first text that is no date."""
    if dates.isna().any():
        row = int(dates.isna().to_numpy().argmax())
        example = "2024-01-31" if date_format == "ISO8601" else date_format
        raise Refused(
            f"{_at(path, texts, row)}: expected a date such as "
            f"{example}, got {texts.iloc[row]!r}; --date-format says how "
            "dates are written, such as %d.%m.%Y"
        )


def _of_several_offsets(
    path: Path, texts: pd.Series, date_format: str
) -> pd.DatetimeIndex:
    """As where clocks are changed; every date has to have its offset."""
    import pandas as pd

    def parse(text: str) -> pd.Timestamp:
        return pd.to_datetime(text, format=date_format, errors="coerce")

    dates = pd.Series(map(parse, texts), index=texts.index, dtype=object)
    _check_dates(path, texts, dates, date_format)
    given = np.array([d.tzinfo is not None for d in dates])
    if not given.all():
        row = int((given != given[0]).argmax())
        raise Refused(
            f"{_at(path, texts, row)}: expected all dates with their "
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


def check_order(
    path: Path, index: pd.DatetimeIndex, lines: pd.Index, hint: str = ""
) -> None:
    """Raise Refused unless the dates rise; `hint` helps where two agree."""
    twice = index.duplicated()
    if twice.any():
        row = int(twice.argmax())
        first = int((index == index[row]).argmax())
        raise Refused(
            f"{path}: {index[row]} stands twice, in lines {lines[first]} "
            f"and {lines[row]}{_format_others(int(twice.sum()) - 1)}"
            f"{hint or _clocks(index)}"
        )
    falls = np.flatnonzero(np.diff(index.to_numpy()) < np.timedelta64(0))
    if falls.size:
        row = int(falls[0]) + 1
        raise Refused(
            f"{path}: line {lines[row]}: {index[row]} comes after "
            f"{index[row - 1]}: sort the rows by date"
        )


def _format_others(count: int) -> str:
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


def find_steps(
    path: Path, index: pd.DatetimeIndex, lines: pd.Index
) -> pd.DatetimeIndex:
    """All dates from the first to the last, with their step.

    Raises Refused where a date does not fit the step of the others.
    """
    import pandas as pd

    _check_span(path, index, lines)
    step = step_of(index)
    expected = _compute_dates(index, step)
    between = index.difference(expected)
    if len(between):
        _check_midnights(path, index)
        row = index.get_loc(between[0])
        raise Refused(
            f"{path}: line {lines[row]}: {between[0]} does not fit the "
            f"step of the dates, {_format_step(step)}; fix it, or take "
            "rows as steps (--gaps)"
        )
    return pd.DatetimeIndex(expected, name=index.name, freq=step)


def _check_span(path: Path, index: pd.DatetimeIndex, lines: pd.Index) -> None:
    """Raise Refused where a year is so far off that most dates are missing.

    A date with a wrong year would make all those before it be invented.
    """
    if len(index) < 2:
        return
    # as numbers: 292 years and more are too many nanoseconds
    distances = np.diff(index.to_numpy()).astype(float)
    usual = min(np.median(distances), _commonest(distances))
    count = float(distances.sum() / usual) if usual else 1.0
    most = min(LIMITS["dates"].parts, MISSING * len(index))
    if count > most:
        row = int(distances.argmax())
        raise Refused(
            f"{path}: line {lines[row + 1]}: {index[row + 1]} comes after "
            f"{index[row]}: expected at most {most:,} steps from the first "
            f"date to the last, got {count:,.0f}; fix it, or take rows as "
            "steps (--gaps)"
        )


def check_missing(
    path: Path, who: str, missing: pd.DatetimeIndex, index: pd.DatetimeIndex
) -> None:
    """Raise Refused where dates are missing between those of the index."""
    if not len(missing):
        return
    many = f"{len(missing)} dates are missing, the first is"
    ways = "fill the gap (--fill), or take rows as steps (--gaps)"
    if _is_of_holidays(missing, index):
        ways = (
            "take rows as steps (--gaps), as of prices, without the days "
            "on which nobody trades, or fill the gap (--fill)"
        )
    raise Refused(
        f"{path}: {who}"
        f"{many if len(missing) > 1 else 'one date is missing:'} "
        f"{missing[0]}; {ways}{_clocks(index)}"
    )


def _is_of_holidays(missing: pd.DatetimeIndex, index: pd.DatetimeIndex) -> bool:
    """Whether dates are weekdays, of which a few are missing."""
    few = len(missing) <= HOLIDAYS * len(index)
    weekdays = (index.day_of_week < 5).all() and len(index) >= WEEKS
    return bool(few and weekdays and _is_daily(index))


def _check_midnights(path: Path, index: pd.DatetimeIndex) -> None:
    """Raise Refused where days begin at two times, an hour apart.

    Which days were meant depends on a clock that the file does not name.
    """
    import pandas as pd

    times = sorted(set(index - index.normalize()))
    if len(times) == 2 and times[1] - times[0] <= pd.Timedelta(hours=1):
        early, late = (str(index.normalize()[0] + t)[11:16] for t in times)
        raise Refused(
            f"{path}: some days are at {early} and others at {late}, as "
            "midnight of a clock that is changed twice a year is in UTC: "
            "give the days of that clock, without a time"
        )


def _format_step(step: pd.DateOffset) -> str:
    """Such as D; of several months "months=2"."""
    return step.freqstr.removeprefix("<DateOffset: ").removesuffix(">")
