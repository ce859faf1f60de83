"""What a study is done with: given, or chosen by the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rnncore.files import Refused

if TYPE_CHECKING:
    import pandas as pd

BUSINESS = 5  # days of a week
SEASONS = ((1, 1, 7), (7, 7, 52), (28, 31, 12), (90, 92, 4))


class Plan(NamedTuple):
    """What a study is done with; JSON holds it beside the weights."""

    horizon: int
    history: int
    period: int  # steps of a season; 1 where there is none
    cell: str = "GRU"
    units: int = 32
    steps: int = 400
    batch: int = 64
    rate: float = 3e-3


def plan_for(
    frame: pd.DataFrame,
    horizon: int,
    *,
    history: int | None = None,
    period: int | None = None,
    **others: Any,
) -> Plan:
    """A plan that fits the table; what is not given is chosen.

    The season by the dates' step, the history as two seasons or two
    horizons, but at most a quarter of the rows.

    Raises Refused where the table is too short for it.
    """
    rows = len(frame)
    period = season_of(frame) if period is None else period
    if min(horizon, period) < 1:
        raise Refused(
            f"horizon, period: expected at least 1, got {horizon}, {period}"
        )
    if history is None:
        history = min(max(2 * period, 2 * horizon, 8), max(rows // 4, 2))
    if history < 2:
        raise Refused(f"history: expected at least 2, got {history}")
    needed = history + 5 * horizon  # two horizons each to judge on
    if rows < needed:
        raise Refused(
            f"{rows} rows: a horizon of {horizon} and a history of "
            f"{history} need at least {needed}"
        )
    return Plan(horizon, history, min(period, history), **others)


def season_of(frame: pd.DataFrame) -> int:
    """Steps of a season by the dates' step: 24 hours, 7 days, 12 months.

    1 where the step fits into no such season, as two days do not.
    """
    step = frame.index.freq
    if step is None:
        return 1
    first, second = frame.index[:2]
    days = (second - first).total_seconds() / 86400
    if days < 1:
        return round(1 / days)
    if step.freqstr == "B":
        return BUSINESS
    for low, high, period in SEASONS:
        if low <= days <= high:
            return period
    return 1
