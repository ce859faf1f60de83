"""Which days a month has, and whether Easter lies in it."""

from datetime import timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

FIRST, LAST = 1583, 4099  # years in which Easter is known


def trading_days(index: pd.DatetimeIndex) -> np.ndarray:
    """How many Mondays to Sundays each month has, and of Easter how much.

    Easter is the four days from Good Friday to Monday; in all months it
    is the share of them. All less what they are on average.

    Shapes: index (N,) -> covariates (N, 8)
    """
    found = [_count_days(month) for month in index.to_period("M")]
    return np.stack(found) - [*[365.25 / 84] * 7, 1 / 12]


@lru_cache(maxsize=4096)
def _count_days(month: pd.Period) -> np.ndarray:
    """Shapes: -> (8,)"""
    days = month.days_in_month
    counts = np.bincount(
        (month.start_time.day_of_week + np.arange(days)) % 7, minlength=7
    )
    share = 0.0
    if FIRST <= month.year <= LAST and month.month in (3, 4):
        from dateutil.easter import easter

        sunday = easter(month.year)
        holidays = [sunday + timedelta(days=k) for k in (-2, -1, 0, 1)]
        share = sum(day.month == month.month for day in holidays) / 4
    return np.append(counts, share)
