"""What a forecast is made with: given, or chosen by the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncore.forecast.seasons import season_of, steps_in
from rnncore.forecast.windows import Split, split_by_time
from rnncore.storage.files import Refused

if TYPE_CHECKING:
    import pandas as pd


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
    horizons, but at most a quarter of the rows. A season may be longer
    than the history: the baselines see all rows before a forecast.

    Raises Refused where the table is too short for it.
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
    if history < 2:
        raise Refused(f"history: expected at least 2, got {history}")
    needed = history + 5 * horizon  # two horizons each to judge on
    if rows < needed:
        raise Refused(
            f"{rows} rows: a horizon of {horizon} and a history of "
            f"{history} need at least {needed}; a shorter --horizon or "
            "--history"
        )
    return ForecastPlan(horizon, history, period, longer=longer, **others)


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
