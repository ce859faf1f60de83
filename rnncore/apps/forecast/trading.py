"""Days of the week in a month, Easter, public holidays: known for years."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rnncore.storage.files import Refused

if TYPE_CHECKING:
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


def public_holidays(index: pd.DatetimeIndex, place: str) -> np.ndarray:
    """How many days of each step are public holidays there.

    Of steps within a day it is 1 on a holiday. The place is a country of
    ISO 3166, such as DE, or a part of one, such as AU-NSW.

    Shapes: index (N,) -> covariates (N, 1)

    Raises Refused where the place is not known, or the package `holidays`
    is not there.
    """
    spans = index.to_period()
    ends = [
        at.to_numpy().astype("datetime64[D]")
        for at in (spans.start_time, spans.end_time)
    ]
    years = range(spans[0].start_time.year, spans[-1].end_time.year + 1)
    days = np.array(sorted(find_holidays(place, years)), "datetime64[D]")
    first = np.searchsorted(days, ends[0], side="left")
    after = np.searchsorted(days, ends[1], side="right")
    return (after - first).astype(float)[:, None]


def find_holidays(place: str, years: range) -> list[date]:
    """The public holidays of a place, in these years.

    Raises Refused where the place is not known, or the package `holidays`
    is not there.
    """
    try:
        from holidays import country_holidays
    except ImportError as error:
        raise Refused(
            "--holidays: the package holidays is missing; pip install "
            "'.[holidays]' brings it"
        ) from error
    country, _, part = place.upper().partition("-")
    try:
        return list(country_holidays(country, subdiv=part or None, years=years))
    except NotImplementedError as error:
        raise Refused(
            "--holidays: expected a country of ISO 3166, such as DE, or a "
            f"part of one, such as AU-NSW, got {place}"
        ) from error
