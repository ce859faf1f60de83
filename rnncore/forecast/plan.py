"""What a study is done with: given, or chosen by the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rnncore.storage.files import Refused

if TYPE_CHECKING:
    import pandas as pd

BUSINESS = 5  # days of a week
YEAR = 12  # months
SEASONS = {1: 7, 7: 52, 28: 13, 30: 12, 90: 4, 91: 4}  # by days


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

    The season by the dates' step, 1 where the table has no two of them;
    the history as two seasons or two horizons, but at most a quarter of
    the rows. A season may be longer than the history: the baselines see
    all rows before a forecast.

    Raises Refused where the table is too short for it.
    """
    rows = len(frame)
    if period is None:
        period = season_of(frame)
        period = period if rows >= 2 * period else 1
    if min(horizon, period) < 1:
        raise Refused(
            f"horizon, period: expected at least 1, got {horizon}, {period}"
        )
    if period > 1 and rows < 2 * period:
        raise Refused(
            f"{rows} rows: a season of {period} steps needs {2 * period}, "
            "two of them"
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
    return Plan(horizon, history, period, **others)


def season_of(frame: pd.DataFrame) -> int:
    """Steps of a season by the dates' step: 24 hours, 7 days, 12 months.

    1 where the step fits into no such season, as two days do not.
    """
    step = frame.index.freq
    if step is None:
        return 1
    import pandas as pd

    offsets = pd.offsets
    first, second = frame.index[:2]
    if isinstance(step, offsets.Tick | offsets.Day | offsets.Week):
        day = pd.Timedelta(days=1)
        a_day, rest = divmod(day, second - first)
        if a_day < 2:
            return SEASONS.get((second - first) / day, 1)
        return 1 if rest else int(a_day)
    if isinstance(step, offsets.BusinessDay):
        return BUSINESS
    if step.freqstr.startswith(("SMS", "SME")):
        return 2 * YEAR
    months = 12 * (second.year - first.year) + second.month - first.month
    return YEAR // months if months and YEAR % months == 0 else 1
