"""Many series, each forecast once, at its end, and scored as in M4.

The scores are the M4 competition's: sMAPE in percent, MASE in units of
the seasonal naive's error before the end, and OWA, the mean of both over
those of Naive2; of intervals MSIS. Source: Makridakis et al. 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from rnncore.forecast.rivals import (
    Theta,
    ask_theta,
    is_seasonal,
    repeat_last,
    repeat_season,
    spread_errors,
)
from rnncore.forecast.scores import coverage, crps, interval_score, smape
from rnncore.sequence import seasonal_naive

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)  # of the quantiles
MIDDLE, INSIDE = len(LEVELS) // 2, LEVELS[-1] - LEVELS[0]
Ask = Callable[[np.ndarray], np.ndarray]  # origins (B,) -> said (K, B)
Fit = Callable[[np.ndarray], Ask]  # of the values of one series


class Ends(NamedTuple):
    """N series whose ends are known, and the units of their scores."""

    series: dict[str, np.ndarray]  # what stands before the ends
    came: np.ndarray  # (N, K)
    period: int  # steps of a season; 1 where there is none
    origins: int  # of each series before its end: see `ask_each`
    unit: np.ndarray  # (N,) the seasonal naive's error before the end
    naive2: tuple[float, float]  # its sMAPE and MASE


def cut_ends(
    series: Mapping[str, np.ndarray], horizon: int, period: int, origins: int
) -> Ends:
    """The last steps of each series, what stands before, its units."""
    known = {name: values[:-horizon] for name, values in series.items()}
    came = np.stack([values[-horizon:] for values in series.values()])
    unit = np.array([np.abs(v[period:] - v[:-period]).mean() for v in known.values()])
    blank = Ends(known, came, period, origins, unit, (1.0, 1.0))
    fit = partial(fit_naive2, horizon=horizon, period=period)
    said = ask_ends(fit, known)
    percent, missed, _ = score_series(blank, said)
    return blank._replace(naive2=(percent.mean(), missed.mean()))


def hold_out(ends: Ends) -> Ends:
    """The same series a horizon earlier."""
    return cut_ends(ends.series, ends.came.shape[1], ends.period, ends.origins)


def score_series(
    ends: Ends, said: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """sMAPE, MASE and OWA, (N,) each, of forecasts (N, K)."""
    pairs = zip(ends.came, said, strict=True)
    percent = np.array([smape(*pair) for pair in pairs])
    missed = np.abs(ends.came - said).mean(axis=1) / ends.unit
    owa = (percent / ends.naive2[0] + missed / ends.naive2[1]) / 2
    return percent, missed, owa


def measure_points(ends: Ends, said: np.ndarray) -> dict[str, float]:
    """The same, over all series."""
    found = (float(each.mean()) for each in score_series(ends, said))
    return dict(zip(("smape", "mase", "owa"), found, strict=True))


def find_season(values: np.ndarray, period: int) -> np.ndarray:
    """The factors of a classical decomposition, 1 where there is no season.

    There is one if the competition's test finds it. `values` are (N,).
    """
    from statsmodels.tsa.seasonal import seasonal_decompose

    if not is_seasonal(values, period):
        return np.ones(len(values))
    return seasonal_decompose(values, "multiplicative", period=period).seasonal


def fit_naive2(values: np.ndarray, horizon: int, period: int) -> Ask:
    """The last value without its season, with the seasons to come."""
    factors, ahead = _lay_out_season(values, horizon, period)
    level = values / factors[: len(values)]
    return lambda at: repeat_last(level, at, horizon) * factors[at + ahead]


def fit_theta(values: np.ndarray, horizon: int, period: int) -> Ask:
    """The same of the theta method's forecast: half the trend, smoothed.

    Source: Assimakopoulos & Nikolopoulos 2000; fitted by statsmodels.
    """
    from statsmodels.tsa.forecasting.theta import ThetaModel

    factors, ahead = _lay_out_season(values, horizon, period)
    level = values / factors[: len(values)]
    fit = ThetaModel(level, period=1, deseasonalize=False).fit()
    theta = Theta(float(fit.params["alpha"]), np.zeros(1))

    def ask(at: np.ndarray) -> np.ndarray:
        return ask_theta(theta, level, at, horizon) * factors[at + ahead]

    return ask


def _lay_out_season(
    values: np.ndarray, horizon: int, period: int
) -> tuple[np.ndarray, np.ndarray]:
    """Factors of all steps and those to come; the distances to these."""
    factors = find_season(values, period)
    to_come = seasonal_naive(factors, horizon, period)
    return np.append(factors, to_come), np.arange(horizon)[:, None]


def fit_season(values: np.ndarray, horizon: int, period: int) -> Ask:
    """The last season again."""
    return lambda at: repeat_season(values, at, horizon, period)


def ask_ends(fit: Fit, series: Mapping[str, np.ndarray]) -> np.ndarray:
    """What a method says at the end of each series: (N, K)."""
    every = series.values()
    return np.stack([fit(v)(np.array([len(v)]))[:, 0] for v in every])


class Said(NamedTuple):
    """What a method says of the end, and how far it was off before."""

    point: np.ndarray  # (N, K)
    errors: np.ndarray  # (N, K, origins)


def ask_each(
    fit: Fit, series: Mapping[str, np.ndarray], horizon: int, origins: int
) -> Said:
    """At the end of each, and at the last origins whose steps had come."""
    points, errors = [], []
    for values in series.values():
        ask, N = fit(values), len(values)
        at = np.arange(N - horizon - origins + 1, N - horizon + 1)
        points.append(ask(np.array([N]))[:, 0])
        came = values[at + np.arange(horizon)[:, None]]
        errors.append(came - ask(at))
    return Said(np.stack(points), np.stack(errors))


def ask_before(fit: Fit, ends: Ends) -> Said:
    """The same of what stands before the ends."""
    return ask_each(fit, ends.series, ends.came.shape[1], ends.origins)


def spread_past(said: Said, width: float = 1.0) -> np.ndarray:
    """The quantiles (Q, N, K) of its past errors, around their middle.

    They are `width` times as far from it as the errors were.
    """
    around = np.stack([spread_errors(e, LEVELS) for e in said.errors], 1)
    middle = around[MIDDLE]
    return middle + width * (around - middle)


def find_width(before: Ends, said: Said) -> float:
    """The width with which 95 % of all that came lies inside."""
    around, least = spread_past(said), 1e-9 * before.unit[:, None]
    middle = around[MIDDLE]
    above = np.maximum(around[-1] - middle, least)
    below = np.minimum(around[0] - middle, -least)
    wrong = before.came - said.point - middle
    outside = np.maximum(wrong / above, wrong / below)
    return float(np.quantile(outside, INSIDE))


def measure_spread(ends: Ends, said: Said, width: float) -> dict[str, float]:
    """MSIS, CRPS and bias in units of MASE; the share inside 95 %."""
    unit = ends.unit[:, None]
    came = ends.came / unit
    quantiles = (said.point + spread_past(said, width)) / unit
    low, high = quantiles[0], quantiles[-1]
    return {
        "msis": interval_score(came, low, high, INSIDE),
        "crps": crps(came, quantiles, LEVELS),
        "inside_95": coverage(came, low, high),
        "bias": float((said.point / unit - came).mean()),
        "width": width,
    }


def measure_ends(ends: Ends, said: Said, width: float) -> dict[str, float]:
    """All scores of what a method said."""
    return measure_points(ends, said.point) | measure_spread(ends, said, width)


def judge_method(
    before: Ends, ends: Ends, fits: Sequence[Fit]
) -> tuple[dict[str, float], Said]:
    """The scores of a method, and what it said.

    The first of `fits` knows nothing of the ends of `before`, which say
    how wide its spread has to be; the second is judged.
    """
    held, said = (
        ask_before(fit, some) for fit, some in zip(fits, (before, ends), strict=True)
    )
    return measure_ends(ends, said, find_width(before, held)), said
