"""A table as series side by side, with what is known beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnncore.apps.forecast.numerals import fill_gaps, read_numbers
from rnncore.apps.forecast.reading import Reading
from rnncore.apps.forecast.table import (
    check_missing,
    check_order,
    find_steps,
    read_dates,
    read_rows,
)
from rnncore.forecast.seasons import season_of
from rnncore.storage.files import Refused, composed

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 10  # rows


class Covariates(NamedTuple):
    """What stands beside each series: C numbers a step.

    Those known ahead come first; the last `past` columns are known of the
    past alone. Rows (N+A, C) after the series' end are steps to come.
    """

    rows: dict[str, np.ndarray]
    past: int


class Panel(NamedTuple):
    """Series by date, one row per step.

    NaN stands before a series begins, and after it ended.
    """

    frame: pd.DataFrame
    beside: Covariates | None
    decimal: str
    told: list[str]  # what was filled, for the user


def read_panel(path: str | os.PathLike, reading: Reading) -> Panel:
    """The series of a CSV file, and the covariates beside them.

    The rows of a name of `id` need not follow each other. A series may
    begin later than others, and end earlier: then it is NaN to the table's
    end, unless missing rows are 0 (`fill="zero"`). With `known` columns,
    last rows without any value are steps to come. `fill` is by
    `fill_gaps`; its season is that of `season_of`. `gaps` is for shares,
    which are not traded on holidays.

    Raises Refused with the file, and the line where there is one: where
    the file is empty or not in this encoding, a column is missing, a row
    is longer than the header, a date or value is none, dates stand twice,
    fall, or leave gaps.
    """
    import pandas as pd

    path = Path(path)
    columns = reading._replace(
        date=composed(reading.date),
        value=[composed(name) for name in reading.value],
        id=None if reading.id is None else composed(reading.id),
        past=[composed(name) for name in reading.past],
        known=[composed(name) for name in reading.known],
    )
    form = reading.date_format
    rows = read_rows(path, reading.separator, reading.encoding, form)
    _check_columns(path, rows, columns)
    index = read_dates(path, rows[columns.date], form)
    texts = [rows[name] for name in columns.numbers]
    numbers, decimal = read_numbers(path, texts, reading.decimal)
    cells = pd.DataFrame(dict(zip(columns.numbers, numbers, strict=True)))
    cells = cells.set_index(index)
    groups = _groups(path, rows, columns, cells)
    dates = _all_dates(path, groups, reading.gaps)
    fill = reading.fill
    if fill == "season" and season_of(pd.DataFrame(index=dates)) < 2:
        raise Refused(
            f"{path}: --fill season: there is no season of these dates: --fill linear"
        )
    frames = {
        name: _on_dates(path, name, part, rows.loc[lines], dates, columns, fill)
        for name, (part, lines) in groups.items()
    }
    return _panel(path, frames, columns, fill, decimal)


def read_table(
    path: str | os.PathLike, date: str, values: Sequence[str], **reading: Any
) -> pd.DataFrame:
    """The value columns alone, by date; `reading` as `Reading` has it."""
    return read_panel(path, Reading(date, values, **reading)).frame


def _check_columns(path: Path, rows: pd.DataFrame, columns: Reading) -> None:
    """Raise Refused unless each column is there once, and has one use."""
    named = [columns.date, *columns.numbers]
    for name in named + [columns.id] * (columns.id is not None):
        if name in rows.attrs["twice"]:
            raise Refused(
                f"{path}: two columns are called {name!r}: give each its own name"
            )
        if name not in rows:
            raise Refused(
                f"{path}: there is no column {name!r}; "
                f"there are: {', '.join(map(repr, rows.columns))}"
            )
    named += [columns.id] if columns.id is not None else []
    if len(set(named)) < len(named):
        twice = next(name for name in named if named.count(name) > 1)
        raise Refused(f"{path}: the column {twice!r} is asked for twice")
    if not columns.value:
        raise Refused(f"{path}: name at least one column of values")
    if len(rows) < FEWEST:
        raise Refused(f"{path}: expected at least {FEWEST} rows, got {len(rows)}")


def _groups(
    path: Path, rows: pd.DataFrame, columns: Reading, cells: pd.DataFrame
) -> dict[str, tuple[pd.DataFrame, pd.Index]]:
    """The cells of each series with their lines; "" where all are one's."""
    if columns.id is None:
        hint = _id_hint(rows, columns)
        check_order(path, cells.index, rows.index, hint)
        return {"": (cells, rows.index)}
    names = rows[columns.id].fillna("").str.strip()
    if (names == "").any():
        line = rows.index[int((names == "").to_numpy().argmax())]
        raise Refused(
            f"{path}: line {line}: {columns.id}: expected the name of a series, got ''"
        )
    found = {}
    for name, at in names.groupby(names, sort=False).indices.items():
        part, lines = cells.iloc[at], rows.index[at]
        check_order(path, part.index, lines)
        found[str(name)] = part, lines
    return found


def _id_hint(rows: pd.DataFrame, columns: Reading) -> str:
    """The column that tells the series of a long table apart, if any."""
    for name in rows.columns:
        if name in (columns.date, *columns.numbers):
            continue
        if not rows.duplicated([columns.date, name]).any():
            return (
                f"; if {name!r} names series that stand below each other: --id {name}"
            )
    return ""


def _all_dates(
    path: Path, groups: dict[str, tuple[pd.DataFrame, pd.Index]], gaps: bool
) -> pd.DatetimeIndex:
    """The dates of all series, with their step unless there are gaps."""
    import pandas as pd

    frames = [part.index.to_frame(index=False) for part, _ in groups.values()]
    lines = np.concatenate([lines for _, lines in groups.values()])
    every = pd.concat(frames).iloc[:, 0].set_axis(lines)
    every = every.drop_duplicates().sort_values(kind="stable")
    index = pd.DatetimeIndex(every, name=frames[0].columns[0])
    return index if gaps else find_steps(path, index, every.index)


def _on_dates(
    path: Path,
    name: str,
    part: pd.DataFrame,
    texts: pd.DataFrame,
    dates: pd.DatetimeIndex,
    columns: Reading,
    fill: str | None,
) -> pd.DataFrame:
    """A series' cells at all dates; NaN where it has none.

    Raises Refused where one is missing, unless gaps are to be filled,
    except before the first row of one series among several, and after
    its last one.
    """
    if fill is None:
        who = f"{name}: " * bool(name)
        within = np.full(len(dates), True)
        if name:
            within = (dates >= part.index[0]) & (dates <= part.index[-1])
        check_missing(path, who, dates[within].difference(part.index), part.index)
        _check_cells(path, part, texts, columns)
    return part.reindex(dates)


def _check_cells(
    path: Path, part: pd.DataFrame, texts: pd.DataFrame, columns: Reading
) -> None:
    """Raise Refused at an empty cell, but for those of steps to come."""
    ahead = _rows_ahead(part, columns)
    seen = part.iloc[: len(part) - ahead]
    for name in columns.numbers:
        cells = part if name in columns.known else seen
        empty = cells[name].isna().to_numpy()
        if empty.any():
            row = int(empty.argmax())
            way = "--fill linear, last, zero or season fills empty cells"
            if name in columns.value and empty[row:].all():
                way += (
                    "; leave last rows out where they are steps to come, "
                    "or name what is known of them (--known)"
                )
            raise Refused(
                f"{path}: line {texts.index[row]}: {name}: expected a "
                f"number, got {texts[name].iloc[row]!r}; {way}"
            )


def _rows_ahead(part: pd.DataFrame, columns: Reading) -> int:
    """How many last rows have no value: steps to come."""
    if not columns.known:
        return 0
    some = part[list(columns.value)].notna().any(axis=1).to_numpy()
    return len(part) if not some.any() else int(some[::-1].argmax())


def _panel(
    path: Path,
    frames: dict[str, pd.DataFrame],
    columns: Reading,
    fill: str | None,
    decimal: str,
) -> Panel:
    """Series side by side, filled where that is asked for."""
    import pandas as pd

    told: list[str] = []
    ahead = min(_rows_ahead(part, columns) for part in frames.values())
    values: dict[str, pd.Series] = {}
    rows: dict[str, np.ndarray] = {}
    for group, part in frames.items():
        seen = part.iloc[: len(part) - ahead]
        beside = [
            _fill_gaps(part[name], f"{group} {name}".strip(), fill, told)
            for name in columns.known
        ]
        for name in columns.past:
            who = f"{group} {name}".strip()
            found = _fill_gaps(seen[name], who, fill, told)
            beside.append(found.reindex(part.index, fill_value=0))
        for name in columns.value:
            alone = group and len(columns.value) == 1
            who = group if alone else f"{group} {name}".strip()
            values[who] = _fill_gaps(seen[name], who, fill, told, True)
            _tell_end(values[who], who, told)
            if beside:
                table = np.array(beside, dtype=float).T
                rows[who] = np.nan_to_num(table)
    frame = pd.DataFrame(values)
    frame.index = next(iter(frames.values())).index[: len(frame)]
    found = Covariates(rows, len(columns.past)) if rows else None
    return Panel(frame, found, decimal, told)


def _tell_end(values: pd.Series, who: str, told: list[str]) -> None:
    """Say where a series ended before the table does."""
    last = values.last_valid_index()
    if last is None:
        told.append(f"{who}: has no value")
    elif last != values.index[-1]:
        day = str(last).removesuffix(" 00:00:00")
        told.append(
            f"{who}: ended on {day}: it is learnt from, neither scored nor forecast"
        )


def _fill_gaps(
    cells: pd.Series, who: str, fill: str | None, told: list[str], may_end: bool = False
) -> pd.Series:
    """The cells without gaps; what was filled is told.

    After the end of a series that `may_end` only zeros are filled in:
    other values would be invented, and then scored.
    """
    import pandas as pd

    if fill is None:
        return cells
    last = cells.last_valid_index()
    if may_end and fill != "zero" and last is not None:
        known = cells.loc[:last]
        if len(known) < len(cells):
            inside = _fill_gaps(known, who, fill, told)
            return inside.reindex(cells.index)
    period = season_of(cells.to_frame()) if fill == "season" else 1
    numbers = fill_gaps(cells.to_numpy(), fill, period)
    filled = pd.Series(numbers, cells.index)
    new = cells.index[cells.isna() & filled.notna()]
    if len(new):
        first, last = (str(day).removesuffix(" 00:00:00") for day in new[[0, -1]])
        which = first if len(new) == 1 else f"{first} to {last}"
        cell = "cell" if len(new) == 1 else "cells"
        told.append(f"{who}: {len(new)} empty {cell} filled ({fill}), {which}")
    begins = filled.first_valid_index()
    if begins is not None and begins != cells.index[0]:
        day = str(begins).removesuffix(" 00:00:00")
        told.append(f"{who}: begins on {day}")
    return filled


def fit_units(beside: Covariates, rows: int) -> list[list[float]]:
    """Mean and deviation of each covariate in the first rows, over all."""
    every = np.concatenate([found[:rows] for found in beside.rows.values()])
    spread = every.std(axis=0)
    return [every.mean(axis=0).tolist(), np.where(spread > 0, spread, 1).tolist()]


def scale_covariates(
    beside: Covariates, units: Sequence[Sequence[float]]
) -> Covariates:
    """The covariates in units that `fit_units` found."""
    center, spread = np.asarray(units)
    rows = {name: (found - center) / spread for name, found in beside.rows.items()}
    return beside._replace(rows=rows)
