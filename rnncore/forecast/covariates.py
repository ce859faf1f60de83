"""What is known of a step before it comes: its place in the calendar."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def calendar(index: "pd.DatetimeIndex") -> np.ndarray:
    """Hour, weekday and time of the year, as far as the dates have them.

    A cycle stands as pairs of sine and cosine, so that midnight lies next
    to 23 h; the weekday as seven switches, since Sunday is not between
    its neighbours. For yearly dates nothing is left, and F is 0.

    Shapes: index (N,) -> covariates (N, F)

    Raises ValueError where there are fewer than two dates.
    """
    if len(index) < 2:
        raise ValueError(f"index: expected 2 dates, got {len(index)}")
    step = (index[1:] - index[:-1]).min().total_seconds() / 86400  # days
    columns = []
    if step < 1:
        minute = index.hour * 60 + index.minute
        columns += waves(np.asarray(minute) / 1440, pairs=3)
    if step < 7:
        weekday = np.asarray(index.day_of_week)
        columns += [(weekday == day).astype(float) for day in range(7)]
    if step < 360:
        columns += waves(
            (np.asarray(index.day_of_year) - 1) / 365.25, pairs=2
        )
    return np.array(columns).T if columns else np.empty((len(index), 0))


def waves(phase: np.ndarray, pairs: int) -> list[np.ndarray]:
    """Sine and cosine of one, two, ... turns a cycle; phase 1 is a turn."""
    return [
        wave(2 * np.pi * turns * phase)
        for turns in range(1, pairs + 1)
        for wave in (np.sin, np.cos)
    ]


class Climate(NamedTuple):
    """What a day of the year is like, in an average year.

    Shapes: w (1+2*pairs,)
    """

    w: np.ndarray


def fit_climate(
    values: np.ndarray, index: "pd.DatetimeIndex", pairs: int = 3
) -> Climate:
    """The smooth yearly curve of least squares: of training alone.

    Shapes: values (N,); index (N,) -> climate
    """
    return Climate(np.linalg.lstsq(_year(index, pairs), values)[0])


def climatology(climate: Climate, index: "pd.DatetimeIndex") -> np.ndarray:
    """The curve at these dates: a forecast that needs no past.

    Shapes: index (N,) -> values (N,)
    """
    return _year(index, len(climate.w) // 2) @ climate.w


def _year(index: "pd.DatetimeIndex", pairs: int) -> np.ndarray:
    phase = (np.asarray(index.day_of_year) - 1) / 365.25
    return np.array([np.ones(len(index)), *waves(phase, pairs)]).T
