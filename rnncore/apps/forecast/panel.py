"""Series side by side in steady steps, with what is known beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rnncore.apps.forecast import steps
from rnncore.apps.spine.common import compute_fingerprint, format_count
from rnncore.storage.files import Refused

FEWEST = 10  # rows
SHOWN = 5  # names and numbers in a line
FAR = 10  # spreads from all others
Covariates = dict[str, np.ndarray]  # by series (N+A, C): A steps to come


class Panel(NamedTuple):
    """Series by date, one row per step, and what is known ahead.

    NaN stands before a series begins, and after it ended.
    """

    frame: pd.DataFrame
    beside: Covariates | None
    known: list[str]  # C names

    def find_lack(self, horizon: int) -> str:
        """What the steps after the table lack; "" where nothing.

        The first date without, and a series that has it not.
        """
        if self.beside is None:
            return ""
        name = self.frame.iloc[-1].first_valid_index()  # one that has not ended
        ahead = len(self.beside[name]) - len(self.frame)
        if ahead >= horizon:
            return ""
        index = self.frame.index
        dates = pd.date_range(index[-1], periods=ahead + 2, freq=index.freq)
        return (
            f"{name}: no {self.known[0]} for {steps.tell_date(dates[-1])}: a forecast "
            f"of {format_count(horizon, 'step')} needs what is known of each (--known)"
        )


def make_panel(frame: Any, known: Any = None) -> Panel:
    """The panel of a table whose index has the dates.

    `known` is a table of what all series know ahead, or one for each
    series by its name. Its index reaches as far after the last row as it
    is known.

    Raises Refused naming the first date, and the series, where a value or
    what is known is missing, or dates have no steady step.
    """
    frame = _check_numbers(frame)
    if len(frame) < FEWEST:
        raise Refused(f"expected at least {FEWEST} rows, got {len(frame)}")
    frame = frame.reindex(steps.complete(frame.index))
    _check_gaps(frame)
    if known is None:
        return Panel(frame, None, [])
    return Panel(frame, *_align(known, frame))


def _check_numbers(given: Any, who: str = "") -> pd.DataFrame:
    """The table, of floats, under names; a refusal begins with `who`.

    Raises Refused where its index has no dates, or a cell is no number.
    """
    frame = given.to_frame() if isinstance(given, pd.Series) else given
    index = getattr(frame, "index", None)
    if not isinstance(index, pd.DatetimeIndex) or not len(frame.columns):
        raise Refused(
            f"{who}expected columns by dates, got {type(given).__name__} with "
            f"{type(index).__name__}: pandas makes dates with `frame.index = "
            "pd.to_datetime(frame.index)` or `frame.to_timestamp()`"
        )
    if index.tz is not None:
        raise Refused(
            f"{who}expected dates without a zone, got {index.tz}: "
            "`frame.tz_convert(None)` has them in UTC"
        )
    frame = frame.rename(columns=str).rename_axis(index=index.name or "date")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise Refused(f"{who}two columns are called {twice!r}")
    try:
        frame = frame.astype(float)
    except (TypeError, ValueError) as error:
        raise Refused(f"{who}expected numbers: {error}") from None
    if np.isinf(frame.to_numpy()).any():
        raise Refused(f"{who}expected numbers, got infinity")
    return frame


def _check_gaps(frame: pd.DataFrame) -> None:
    """Raise Refused where a value is missing.

    A series may begin later than another, and end earlier.
    """
    missing = frame.isna()
    if (empty := missing.all()).any():
        raise Refused(f"{empty.idxmax()}: expected numbers, got empty cells alone")
    gaps = missing & frame.bfill().notna() & frame.ffill().notna()
    ends = {
        0: "the first row: leave out the rows before the first value",
        -1: "the last row: leave out rows of steps to come, or name what is known of "
        "them (--known)",
    }
    for row, which in ends.items():
        if missing.iloc[row].all():
            date = steps.tell_date(frame.index[row])
            raise Refused(f"no value for {date}, {which}")
    if not gaps.any(axis=None):
        return
    name = gaps.any().idxmax()
    more = format_count(int(gaps.sum(axis=None)), "value")
    step = frame.index.freq
    fill = "ffill" if isinstance(step, pd.offsets.BusinessDay) else "interpolate"
    raise Refused(
        f"{name}: no value for {steps.tell_date(gaps[name].idxmax())} ({more} missing "
        f"in all): in pandas `frame.asfreq({steps.spell(step)}).{fill}()` fills them"
    )


def _align(known: Any, frame: pd.DataFrame) -> tuple[Covariates, list[str]]:
    """What is known of each series at all dates, and its names.

    Raises Refused where one lacks what another has.
    """
    of = known if isinstance(known, Mapping) else dict.fromkeys(frame, known)
    if lacking := [name for name in frame if name not in of]:
        raise Refused(f"known: expected a table of {lacking[0]}, got none")
    tables = {id(of[name]): of[name] for name in frame}
    checked = {key: _check_numbers(one, "known: ") for key, one in tables.items()}
    names = [*next(iter(checked.values()))]
    for one in checked.values():
        if [*one] != names or one.index.has_duplicates:
            raise Refused(f"known: expected {', '.join(names)} once for each date")
    last = max([frame.index[-1], *(one.index.max() for one in checked.values())])
    dates = pd.date_range(frame.index[0], last, freq=frame.index.freq)
    filled = {key: one.reindex(dates) for key, one in checked.items()}
    beside: Covariates = {}
    for name in frame:
        table, values = filled[id(of[name])], frame[name]
        first, end = values.first_valid_index(), values.last_valid_index()
        ended = end != frame.index[-1]
        needed = table.loc[first : end if ended else None]
        if (lacks := needed.isna()).any(axis=None):
            column = lacks.any().idxmax()
            day = steps.tell_date(lacks[column].idxmax())
            raise Refused(
                f"{name}: no {column} for {day}: what is known ahead (--known) has "
                f"to reach {steps.tell_date(last)}, as far as of the others"
            )
        beside[name] = np.nan_to_num(table.to_numpy())
    return beside, names


def fit_units(beside: Covariates, rows: int) -> list[list[float]]:
    """Mean and deviation of each covariate in the first rows, over all."""
    every = np.concatenate([found[:rows] for found in beside.values()])
    spread = every.std(axis=0)
    return [every.mean(axis=0).tolist(), np.where(spread > 0, spread, 1).tolist()]


def scale_panel(panel: Panel, units: Sequence[Sequence[float]] | None) -> Panel:
    """The panel with covariates, if any, in units that `fit_units` found."""
    if panel.beside is None:
        return panel
    center, spread = np.asarray(units)
    beside = {name: (rows - center) / spread for name, rows in panel.beside.items()}
    return panel._replace(beside=beside)


def print_of(panel: Panel, rows: int | None = None) -> str:
    """The fingerprint of a panel, or of its first rows."""
    frame = panel.frame.iloc[:rows]
    names = "\n".join([str(frame.index.name), *frame.columns, *panel.known])
    dates = frame.index.to_numpy().astype("datetime64[ns]").tobytes()
    content = names.encode() + dates + frame.to_numpy().tobytes()
    for found in (panel.beside or {}).values():
        content += found[: len(frame)].tobytes()
    return compute_fingerprint(content)


def describe(panel: Panel, name: str, taken: int = 0) -> list[str]:
    """What was read, as it was understood: at most six lines."""
    frame = panel.frame
    first, last = (steps.tell_date(day) for day in frame.index[[0, -1]])
    step = steps.tell_step(frame.index.freq)
    every = f"every {step}"
    if step.startswith("1 "):
        every = f"{'an' if step == '1 hour' else 'a'} {step.removeprefix('1 ')}"
    head = (
        f"{name}: {len(frame)} rows, {first} to {last}, a row {every}; "
        f"{_list_few([*frame], 'series')}"
    )
    if panel.beside is not None:
        ahead = len(next(iter(panel.beside.values()))) - len(frame)
        head += f"; known {format_count(ahead, 'step')} ahead: "
        head += _list_few(panel.known, "columns")
    lines = [head, *(_show_row(frame, row) for row in (0, 1, len(frame) - 1))]
    return [*lines, *_list_notes(frame, taken), *_find_marks(frame)]


def _list_few(names: list[str], what: str) -> str:
    more = f" ... ({len(names)} {what})" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _show_row(frame: pd.DataFrame, row: int) -> str:
    values = frame.iloc[row, :SHOWN]
    shown = ["-" if np.isnan(value) else str(float(value)) for value in values]
    more = " ..." * (len(frame.columns) > SHOWN)
    return f"  {steps.tell_date(frame.index[row])}  {'  '.join(shown)}{more}"


def _list_notes(frame: pd.DataFrame, taken: int) -> list[str]:
    """A line on what is not there: cells, beginnings, ends."""
    late = frame.columns[frame.iloc[0].isna()]
    ended = frame.columns[frame.iloc[-1].isna()]
    notes = [f"{format_count(taken, 'cell')} taken for missing"] * (taken > 0)
    for names, what in (late, "begin later"), (ended, "ended, neither scored nor "):
        if len(names):
            what += "forecast" * what.endswith(" ")
            notes.append(f"{len(names)} series {what}: {_list_few([*names], 'series')}")
    return ["; ".join(notes)] if notes else []


def _find_marks(frame: pd.DataFrame) -> list[str]:
    """A line on a value that repeats far from all others, as -9999 does."""
    for name in frame:
        values = frame[name].dropna().to_numpy()
        for value in {values.min(), values.max()}:
            rest = values[values != value]
            count = len(values) - len(rest)
            if count < 2 or len(rest) < FEWEST or not rest.std() > 0:
                continue
            if abs(value - rest.mean()) > FAR * rest.std():
                line = f"{name}: {count} values of {value:.10g}, far from all others: "
                return [line + f"if they are missing ones, --missing {value:.10g}"]
    return []
