"""Seasons: those of the calendar, two at a time, and what follows them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncore.backend import check_shape
from rnncore.forecast.classical import ets
from rnncore.forecast.covariates import waves
from rnncore.storage.files import Refused

if TYPE_CHECKING:
    import pandas as pd

BUSINESS = 5  # days of a week
YEAR = 12  # months
SEASONS = {1: 7, 7: 52, 28: 13, 30: 12, 90: 4, 91: 4}  # by days
DAYS = {"day": 1.0, "week": 7.0, "year": 365.25}


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


def steps_in(frame: pd.DataFrame, word: str) -> int:
    """The steps of the table in a "day", a "week" or a "year".

    A year of days has 365, one of weeks 52.

    Raises Refused where rows are steps, or there are no two in it.
    """
    if word not in DAYS:
        raise Refused(
            f"--period: expected a number of steps, {', '.join(DAYS)}, "
            f"got {word!r}"
        )
    if frame.index.freq is None:
        raise Refused(
            f"--period {word}: rows are steps: give the number of them"
        )
    import pandas as pd

    business = isinstance(frame.index.freq, pd.offsets.BusinessDay)
    span = (frame.index[-1] - frame.index[0]) / pd.Timedelta(days=1)
    length = span / (len(frame) - 1)  # of a step, in days, on average
    steps = round(DAYS[word] / length)
    if word == "week" and business:
        steps = BUSINESS
    elif word == "week" and abs(steps * length - DAYS[word]) > 0.01:
        steps = 0  # months have no weeks
    if steps < 2:
        raise Refused(
            f"--period {word}: expected two steps in it, got dates that "
            f"are {length:.3g} days apart"
        )
    return steps


def season_waves(
    index: pd.DatetimeIndex, period: int, start: int = 0
) -> np.ndarray:
    """Two pairs of waves of a season, as covariates.

    Steps of equal length are counted from 1970 on, so that a table that
    begins elsewhere has the same phase; others from `start`.

    Shapes: index (N,) -> covariates (N, 4)

    Raises ValueError where the period is below 2.
    """
    if period < 2:
        raise ValueError(f"period: expected at least 2, got {period}")
    import pandas as pd

    count = np.arange(start, start + len(index), dtype=float)
    offsets = pd.offsets
    equal = offsets.Tick | offsets.Day | offsets.Week
    if isinstance(getattr(index, "freq", None), equal) and len(index) > 1:
        count = (index - pd.Timestamp(0)) / (index[1] - index[0])
        count = np.asarray(count, dtype=float)
    return np.array(waves(count / period, pairs=2)).T


def two_seasons(
    values: np.ndarray,
    horizon: int,
    periods: tuple[int, int],
    levels: Sequence[float] | None = None,
) -> np.ndarray:
    """Both seasons as they last were, and smoothing of what remains.

    With `levels` the quantiles (Q, K).

    Shapes: values (N,) -> predicted (K,)

    Raises ValueError where there are no two seasons of each.
    Source: Bandara, Hyndman & Bergmeir 2021 (MSTL); by statsmodels.
    """
    from statsmodels.tsa.seasonal import MSTL

    check_shape("values", values, "N")
    if len(values) < 2 * max(periods):
        raise ValueError(
            f"values: expected {2 * max(periods)}, two of the longer "
            f"season, got {len(values)}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = MSTL(np.asarray(values, float), periods=sorted(periods)).fit()
    seasons = np.asarray(fit.seasonal).reshape(len(values), -1)
    ahead = np.arange(horizon)
    usual = sum(
        seasons[len(values) - period + ahead % period, k]
        for k, period in enumerate(sorted(periods))
    )
    rest = values - seasons.sum(axis=1)
    return usual + ets(rest, horizon, 1, levels)
