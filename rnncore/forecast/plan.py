"""What a forecast is made with: given, or chosen by the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rnncore.forecast.seasons import season_of, steps_in
from rnncore.forecast.windows import Split, split_by_time
from rnncore.storage.files import Refused

if TYPE_CHECKING:
    import pandas as pd


# what values can be: anything, 0 and more, 0 to 1
REAL, POSITIVE, SHARE = "real", "positive", "share"
EDGE = 0.005  # of log odds: how far from 0 and 1 a share is moved inside
# what a network reads and says: values, how much more than a season ago,
# or changes of a price in units of their deviation
LEVELS, SEASON, PRICES = "levels", "season", "prices"
# what a network says of a step: quantiles, or how wide a distribution of
# Student's is
QUANTILES, STUDENT = "quantiles", "student"
LOG, ROOT, ODDS = "logarithm", "root", "log odds"
SEVEN = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
YEAR, YEARLY = 365, 360  # days; of a step that is no part of a year
SURE = 2  # of a difference of log likelihoods: less is chance
NINE = (0.025, *SEVEN, 0.975)


class ForecastPlan(NamedTuple):
    """What a forecast is made with; JSON holds it beside the weights."""

    horizon: int
    history: int
    period: int  # steps of a season; 1 where there is none
    cell: str = "GRU"
    units: int = 32
    steps: int = 1500
    batch: int = 64
    rate: float = 3e-3
    longer: int = 1  # steps of a second season; 1 where there is none
    levels: tuple[float, ...] = SEVEN  # of the quantiles
    logs: bool = False  # whether all is learnt in logarithms
    trading: bool = False  # whether they know the days of each month
    year: bool = True  # whether they know the time of the year
    support: str = REAL  # what values can be
    scale: str = LEVELS  # what is read and said: see `scales`
    head: str = QUANTILES  # of prices alone another: see `scales`

    @property
    def link(self) -> str:
        """What all methods see of a value: see `bend`; "": itself."""
        if self.logs:
            return LOG
        return {POSITIVE: ROOT, SHARE: ODDS}.get(self.support, "")


def bend(values: np.ndarray, link: str) -> np.ndarray:
    """Values on a scale that has no end where the values have one.

    That is their logarithm, their root, or the log odds of a share that
    is moved inside by `EDGE`, since 0 and 1 have none.

    Raises Refused where a value is beyond the end.
    Source: log odds, Smithson & Verkuilen 2006.
    """
    if not link:
        return values
    low, high = np.nanmin(values), np.nanmax(values)
    if link == LOG and low <= 0:
        raise Refused(
            f"expected values above 0, got {low:g}: the model is of "
            "logarithms; train again, with logs=False"
        )
    if low < 0 or (link == ODDS and high > 1):
        ends = "0 to 1" if link == ODDS else "0 on"
        raise Refused(
            f"expected values from {ends}, got {low if low < 0 else high:g}"
            ": the model is of such; train again, with support='real'"
        )
    if link == LOG:
        return np.log(values)
    if link == ROOT:
        return np.sqrt(values)
    inside = EDGE + (1 - 2 * EDGE) * np.asarray(values)
    return np.log(inside) - np.log1p(-inside)


def unbend(bent: np.ndarray, link: str) -> np.ndarray:
    """The values again, between their ends."""
    if link == LOG:
        return np.exp(bent)
    if link == ROOT:
        return np.square(np.maximum(bent, 0))
    if link == ODDS:
        inside = (1 + np.tanh(np.asarray(bent) / 2)) / 2
        return ((inside - EDGE) / (1 - 2 * EDGE)).clip(0, 1)
    return bent


def find_support(frame: pd.DataFrame, asked: str | None = None) -> str:
    """What the values can be; what is asked for, if they are that.

    Shares of a whole where all lie from 0 to 1, and changes are alike in
    log odds, more than in size or in percent. Positive where none is
    below 0, and some are 0: of others `logs` tells enough.

    Raises Refused where a value is none of what is asked for.
    """
    values = frame.to_numpy(dtype=float)
    values = values[~np.isnan(values)]
    whole = values == np.round(values)
    wrong = {
        REAL: np.zeros(len(values), bool),
        POSITIVE: values < 0,
        SHARE: (values < 0) | (values > 1),
    }
    if asked is not None:
        if wrong[asked].any():
            expected = {
                POSITIVE: "numbers from 0 on",
                SHARE: "numbers from 0 to 1",
            }
            raise Refused(
                f"support={asked!r}: expected {expected[asked]}, got "
                f"{values[wrong[asked]][0]:g}"
            )
        return asked
    if not wrong[SHARE].any() and not whole.all() and _prefer_odds(frame):
        return SHARE
    return POSITIVE if values.min() == 0 else REAL


def _prefer_odds(frame: pd.DataFrame) -> bool:
    """Whether changes of shares are alike in log odds.

    As `_prefer_logs`; all of shares that are moved inside.
    """
    lead = np.zeros(2)
    early = max(len(frame) * 3 // 5, 2)
    period = season_of(frame)
    for name in frame:
        values = frame[name].to_numpy(dtype=float)[:early]
        inside = EDGE + (1 - 2 * EDGE) * values[~np.isnan(values)]
        if len(inside) - period < 2:
            continue
        logs = np.log(inside)
        odds = logs - np.log1p(-inside)
        slopes = np.zeros(len(inside)), -logs, -logs - np.log1p(-inside)
        own = [
            slope[period:].sum()
            - (len(v) - period)
            * np.log(np.var(v[period:] - v[:-period]))
            / 2
            for v, slope in zip((inside, logs, odds), slopes, strict=True)
            if np.any(v[period:] != v[:-period])
        ]
        if len(own) == 3:
            lead += own[2] - np.array(own[:2])
    return bool((lead > SURE).all())


def plan_for(
    frame: pd.DataFrame,
    horizon: int,
    *,
    history: int | None = None,
    period: int | None = None,
    longer: int | None = None,
    **others: Any,
) -> ForecastPlan:
    """A plan that fits the table; what is not given is chosen.

    The season by the dates' step, 1 where the table has no two of them.
    Where that is a day, a second one is the week, if the table has three
    of them and no season is given. The history is two seasons or two
    horizons, but at most a quarter of the rows, and so few that five
    horizons are left. A season may be longer than the history: the
    baselines see all rows before a forecast.

    All is learnt in logarithms where changes are alike in percent.

    Raises Refused where the table is too short for it, or has no
    logarithms and they are asked for.
    """
    rows = len(frame)
    if period is None:
        period = season_of(frame)
        longer = _week_of(frame, period) if longer is None else longer
        period = period if rows >= 2 * period else 1
    longer = longer or 1
    if min(horizon, period, longer) < 1:
        raise Refused(
            f"horizon, period: expected at least 1, got {horizon}, {period}"
        )
    for season, least in (period, 2), (longer, 3):
        if season > 1 and rows < least * season:
            raise Refused(
                f"{rows} rows: a season of {season} steps needs "
                f"{least * season}, {least} of them; a shorter --period"
            )
    if history is None:
        history = min(max(2 * period, 2 * horizon, 8), max(rows // 4, 2))
        history = max(min(history, rows - 5 * horizon), 2)
    if history < 2:
        raise Refused(f"history: expected at least 2, got {history}")
    needed = history + 5 * horizon  # two horizons each to judge on
    if rows < needed:
        raise Refused(
            f"{rows} rows: a horizon of {horizon} and a history of "
            f"{history} need at least {needed}: a shorter horizon or "
            "history"
        )
    others.setdefault("levels", NINE)
    if others.get("logs") is None:
        others["logs"] = _prefer_logs(frame, period)
    elif others["logs"] and not np.nanmin(frame.to_numpy()) > 0:
        raise Refused(
            "logs: expected values above 0, got "
            f"{np.nanmin(frame.to_numpy()):g}"
        )
    others.setdefault("trading", _is_monthly(frame))
    others.setdefault("year", _has_year(frame))
    return ForecastPlan(horizon, history, period, longer=longer, **others)


def _has_year(frame: pd.DataFrame) -> bool:
    """Whether the first three fifths of the table hold a whole year.

    Else the time of the year would be new to a network wherever it's
    asked. Of dates that go by years there is none to know.
    """
    index = frame.index[: max(len(frame) * 3 // 5, 2)]
    if frame.index.freq is None or len(index) < 2:
        return True
    days = (index - index[0]).total_seconds() / 86400
    return bool(days[-1] >= YEAR or days[1] >= YEARLY)


def _is_monthly(frame: pd.DataFrame) -> bool:
    """Whether the dates go by months."""
    if frame.index.freq is None:
        return False
    months = frame.index.year * 12 + frame.index.month
    return bool((np.diff(months) == 1).all())


def _prefer_logs(frame: pd.DataFrame, period: int) -> bool:
    """Whether changes are alike in percent rather than in size.

    No value is 0 or less, and in the first three fifths of the table the
    changes from season to season are more probable as normal ones of the
    logarithms. Both likelihoods are of the values themselves, so that
    they can be compared.

    Source: Box & Cox 1964.
    """
    lead = 0.0
    early = len(frame) * 3 // 5
    for name in frame:
        values = frame[name].to_numpy(dtype=float)
        if not np.nanmin(values) > 0:
            return False
        values = values[:early]
        values = values[~np.isnan(values)]
        steps = len(values) - period
        if steps < 2:
            continue
        logs = np.log(values)
        spread, of_logs = (
            np.var(v[period:] - v[:-period]) for v in (values, logs)
        )
        if spread > 0 and of_logs > 0:
            lead += steps * np.log(spread / of_logs) / 2
            lead -= logs[period:].sum()
    return bool(lead > SURE)


def parts_of(frame: pd.DataFrame, plan: ForecastPlan) -> Split:
    """The last fifth to test on, the fifth before it to stop by."""
    part = max(len(frame) // 5, 2 * plan.horizon)
    part = min(part, (len(frame) - plan.history - plan.horizon) // 2)
    return split_by_time(len(frame), part, part)


def read_seasons(
    frame: pd.DataFrame, given: Sequence[str] | None
) -> dict[str, int | None]:
    """`period` and `longer` of a plan from one or two numbers or words.

    Raises Refused where there are more, one is no season of this table,
    or both are equal.
    """
    if not given:
        return {"period": None, "longer": None}
    steps = sorted(
        int(one) if one.isdecimal() else steps_in(frame, one)
        for one in given
    )
    if len(steps) > 2 or len(set(steps)) < len(steps) or steps[0] < 1:
        raise Refused(
            "--period: expected one or two different seasons of at least "
            f"one step, got {', '.join(map(str, steps))}"
        )
    return {"period": steps[0], "longer": steps[1] if steps[1:] else 1}


def _week_of(frame: pd.DataFrame, period: int) -> int:
    """The steps of a week where a season is a day; else 1."""
    step = frame.index.freq
    if step is None or period < 2:
        return 1
    a_day = (frame.index[1] - frame.index[0]) * period
    week = 7 * period
    daily = a_day.total_seconds() == 86400
    return week if daily and len(frame) >= 3 * week else 1
