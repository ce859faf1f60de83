"""On which scale a network reads a series, and says what will come.

Values, or how much they are above those of a season ago, each window in
units of its own past.
"""

from typing import NamedTuple

import numpy as np

from rnncore.forecast.heads import Head, quantile_head
from rnncore.forecast.plan import SEASON, ForecastPlan, bend, unbend
from rnncore.forecast.windows import Scaler, Windows, cut, scaled_by_past, unscaled


class Told(NamedTuple):
    """Windows as a network reads them, and what undoes their scale."""

    windows: Windows
    scaler: Scaler  # (B,) each
    base: np.ndarray  # (K, B) that is added at the end

    def undo(self, said: np.ndarray) -> np.ndarray:
        """Shapes: said (..., K, B) -> values (..., K, B)"""
        return unscaled(said, self.scaler) + self.base


def on_scale(values: np.ndarray, plan: ForecastPlan) -> np.ndarray:
    """The values as they are learnt: bent if the plan says so.

    Raises Refused where a value cannot be.
    """
    return bend(values, plan.link)


def off_scale(quantiles: np.ndarray, plan: ForecastPlan) -> np.ndarray:
    """What was said on that scale, in the values' own units."""
    return unbend(quantiles, plan.link)


def count_before(plan: ForecastPlan) -> int:
    """Steps that have to stand before a window's first one."""
    return plan.period if plan.scale == SEASON else 0


def tell_windows(
    values: np.ndarray,
    origins: np.ndarray,
    plan: ForecastPlan,
    known: np.ndarray,
    least: float = 0.0,
) -> Told:
    """Windows of one series at these origins, on the plan's scale.

    `values` are bent if the plan bends them, `known` the covariates;
    values that are not known yet are NaN. `least` is the least spread of
    a window's past.

    `values` are (N,), `origins` (B,), `known` (N, F).
    """
    T, K = plan.history, plan.horizon
    ahead = origins + np.arange(K)[:, None]
    base = np.zeros(ahead.shape)
    if plan.scale == SEASON:
        before = np.full(plan.period, np.nan)
        ago = np.concatenate([before, values[: -plan.period]])
        base = ago[ahead]
        values = values - ago
    found = cut(values, origins, T, K, known)
    windows, scaler = scaled_by_past(found, least)
    return Told(windows, scaler, base)


def head_of(plan: ForecastPlan) -> Head:
    """Quantiles at the plan's levels."""
    return quantile_head(plan.levels)
