"""Simple forecasts of many series of counts, most of which are 0.

What a network for counts has to beat: each gives a probability for every
count, from no more than one's own past and a few settings that all series
share. Those are chosen where nothing is scored.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import torch

from rnncore.backend import check_shape
from rnncore.forecast.counts import Counts, count_probabilities, score_counts

START = 12  # values that a level begins with
SMOOTHING = 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3
SPREADS = 0.05, 0.15, 0.5, 1.0, 1.5, 2.5, 3.5
DECAYS = 0.8, 0.85, 0.9, 0.95, 0.98, 1.0
SHARES = 0.5, 0.6, 0.8, 1.0  # of one's own values among all series'
SHRUNK = 5  # seasons that all series' season counts for beside one's own
LEAST = 1e-3  # of a mean
ROWS = 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0  # ends of missed sales
PATIENCE = 2.0, 4.0, 8.0  # missed sales, after which zeros move no level

# Counts (N, S); steps ahead; the largest count
# -> probabilities (K, S, most+1), the last one of all that lies above.
CountMethod = Callable[[np.ndarray, int, int], np.ndarray]


class Rival(NamedTuple):
    """A method with the settings that were chosen for it."""

    setting: tuple[float, ...]
    method: CountMethod


def forecast_nothing(y: np.ndarray, K: int, most: int) -> np.ndarray:
    """Always 0, for sure. Shapes: y (N, S) -> p (K, S, most+1)"""
    p = np.zeros((K, y.shape[1], most + 1))
    p[..., 0] = 1
    return p


def forecast_past_values(
    y: np.ndarray, K: int, most: int, decay: float, own: float, period=1
) -> np.ndarray:
    """Past values with weights decay**age, and a share of all series'.

    With a period, of the same phase alone; age then counts periods.

    Shapes: y (N, S) -> p (K, S, most+1)
    """
    check_shape("y", y, "N", "S")
    found = []
    for k in range(min(K, period)):
        part = y[(len(y) + k) % period :: period]
        weight = decay ** np.arange(len(part))[::-1, None] * np.ones(part.shape)
        counts = part.clip(max=most).astype(int)
        p = np.zeros((y.shape[1], most + 1))
        np.add.at(p, (np.arange(y.shape[1]), counts), weight)
        p /= weight.sum(axis=0)[:, None]
        found.append(own * p + (1 - own) * p.mean(axis=0))
    return np.stack([found[k % len(found)] for k in range(K)])


def forecast_level(
    y: np.ndarray, K: int, most: int, a: float, spread: float
) -> np.ndarray:
    """Exponential smoothing of the counts, negative binomial about it.

    Shapes: y (N, S) -> p (K, S, most+1)
    """
    mean = smooth(y, a, start_levels(y))[None]
    return np.repeat(_negative_binomial(mean, spread, most), K, axis=0)


def forecast_demand(
    y: np.ndarray, K: int, most: int, a: float, spread: float
) -> np.ndarray:
    """How often something is sold times how much then (TSB).

    The chance of a sale is smoothed at every step, its size where there
    is one, so that an item that no one buys any more fades.

    Shapes: y (N, S) -> p (K, S, most+1)

    Source: Teunter, Syntetos & Babai 2011.
    """
    sold = (y > 0).astype(float)
    chance = smooth(sold, a, start_levels(sold))
    sizes = np.where(y > 0, y, np.nan)
    always = np.nanmean(sizes) if (y > 0).any() else 1.0
    kept = (~np.isnan(sizes)).sum(axis=0)
    own = np.where(kept > 0, np.nansum(sizes, axis=0) / np.maximum(kept, 1), always)
    mean = (chance * smooth(sizes, a, own))[None]
    return np.repeat(_negative_binomial(mean, spread, most), K, axis=0)


def forecast_level_and_season(
    y: np.ndarray, K: int, most: int, a: float, spread: float, period: int
) -> np.ndarray:
    """A smoothed level times the phase's share of all that is sold.

    The share is one's own and all series', which counts as `SHRUNK`
    seasons.

    Shapes: y (N, S) -> p (K, S, most+1)
    """
    factor = share_by_phase(y, period)
    rest = y / factor[np.arange(len(y)) % period]
    ahead = factor[(len(y) + np.arange(K)) % period]
    mean = ahead * smooth(rest, a, start_levels(rest))
    return _negative_binomial(mean, spread, most)


def share_by_phase(y: np.ndarray, period: int) -> np.ndarray:
    """A phase's sales in units of a series' mean, shrunk to all series'.

    Shapes: y (N, S) -> factor (period, S)
    """
    phases = np.arange(len(y)) % period
    level = y.mean(axis=0) + LEAST
    total = np.stack([y[phases == k].sum(axis=0) for k in range(period)])
    steps = np.bincount(phases, minlength=period)[:, None]
    pooled = total.sum(axis=1) / (steps * level).sum(axis=1).clip(LEAST)
    pooled = pooled.clip(0.05)[:, None]
    return (total + SHRUNK * level * pooled) / ((steps + SHRUNK) * level)


def forecast_by_missed_sales(
    y: np.ndarray,
    K: int,
    most: int,
    a: float,
    spread: float,
    patience: float,
    period: int,
) -> np.ndarray:
    """Level times phase, times what a table says of so many missed sales.

    Missed are the sales that were to be expected since the last one. Zeros
    beyond `patience` of them leave the level as it is. The table has what
    was then sold, as a share of level times phase: a row for each range of
    missed sales, a column for each step ahead, counted on all of the past.
    What it leaves is a share of zeros.

    Shapes: y (N, S) -> p (K, S, most+1)
    """
    factor = share_by_phase(y, period)
    phases = np.arange(len(y) + K) % period
    level, missed = start_levels(y / factor[phases[: len(y)]]), np.zeros(y.shape[1])
    levels, rows = [level], [np.zeros(y.shape[1], int)]
    for value, share in zip(y, factor[phases], strict=False):
        missed = np.where(value > 0, 0.0, missed + level * share)
        moved = level + a * (value / share - level)
        level = np.where(missed > patience, level, moved)
        levels.append(level)
        rows.append(np.searchsorted(ROWS, missed))
    table = np.ones((len(ROWS) + 1, K))
    for k in range(K):
        row = np.stack(rows[: len(y) - k])
        said = np.stack(levels[: len(y) - k]) * factor[phases[k : len(y)]]
        sold, expected = (
            np.bincount(row.ravel(), each.ravel(), len(table)) for each in (y[k:], said)
        )
        table[:, k] = sold / expected.clip(LEAST)
    here = table[rows[-1]].T.clip(LEAST, 1 - LEAST)
    mean = torch.as_tensor(np.maximum(level * factor[phases[len(y) :]], LEAST))
    odds = torch.logit(torch.as_tensor(1 - here))
    counts = Counts(mean, torch.full_like(mean, spread), odds)
    return count_probabilities(counts, most)


def smooth(y: np.ndarray, a: float, level: np.ndarray) -> np.ndarray:
    """A level that each value moves by a share of what it missed.

    What is NaN moves nothing.

    Shapes: y (N, S); level (S,) -> level (S,)
    """
    for value in y:
        moved = level + a * (value - level)
        level = np.where(np.isnan(value), level, moved)
    return level


def start_levels(y: np.ndarray) -> np.ndarray:
    """The mean of a series' first values, halfway to that of all.

    Shapes: y (N, S) -> level (S,)
    """
    first = np.where((~np.isnan(y)).cumsum(axis=0) <= START, y, np.nan)
    return 0.5 * np.nanmean(first, axis=0) + 0.5 * np.nanmean(y)


def _negative_binomial(mean: np.ndarray, spread: float, most: int) -> np.ndarray:
    means = torch.as_tensor(np.maximum(mean, LEAST))
    none = torch.full_like(means, -torch.inf)
    counts = Counts(means, torch.full_like(means, spread), none)
    return count_probabilities(counts, most)


def list_rivals(period: int = 1) -> dict[str, dict[tuple[float, ...], CountMethod]]:
    """Each method by its name, with every setting that may be chosen."""
    smoothed = [*product(SMOOTHING, SPREADS)]
    past = [*product(DECAYS, SHARES)]

    def each(method: Callable, settings: Sequence, names: str, **more):
        found = {}
        for one in settings:
            chosen = dict(zip(names.split(), one, strict=True))
            found[one] = partial(method, **chosen, **more)
        return found

    found = {
        "always 0": {(): forecast_nothing},
        "past values": each(forecast_past_values, past, "decay own"),
        "SES": each(forecast_level, smoothed, "a spread"),
        "TSB": each(forecast_demand, smoothed, "a spread"),
    }
    if period > 1:
        found["past values, by season"] = each(
            forecast_past_values, past, "decay own", period=period
        )
        found["level x season"] = each(
            forecast_level_and_season, smoothed, "a spread", period=period
        )
    return found


def list_stock_rules(period: int) -> dict[tuple[float, ...], CountMethod]:
    """The table of missed sales, with every setting that may be chosen."""
    settings = product((0.02, 0.05, 0.1), (0.01, 0.05, 0.15, 0.5), PATIENCE)
    return {
        (a, spread, patience): partial(
            forecast_by_missed_sales,
            a=a,
            spread=spread,
            patience=patience,
            period=period,
        )
        for a, spread, patience in settings
    }


def choose_rivals(
    y: np.ndarray,
    origins: Sequence[int],
    K: int,
    rivals: Mapping[str, Mapping[tuple[float, ...], CountMethod]],
) -> dict[str, Rival]:
    """Each method with the settings of least CRPS at these origins.

    A forecast's first step is its origin; it is made from what lies
    before, and scored on the K steps from there on.

    Shapes: y (N, S)
    """
    most = int(y.max())

    def crps(method: CountMethod) -> float:
        scores = []
        for t in origins:
            p = method(y[:t], K, most)
            scores.append(score_counts(y[t : t + K], p).ranked.mean())
        return float(np.mean(scores))

    chosen = {}
    for name, settings in rivals.items():
        best = next(iter(settings))
        if len(settings) > 1:
            tried = {s: crps(method) for s, method in settings.items()}
            best = min(tried, key=tried.__getitem__)
        chosen[name] = Rival(best, settings[best])
    return chosen


def quantiles_of(p: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """For each level the smallest count with so much at or below it.

    Shapes: p (K, S, C) -> quantiles (Q, K, S)
    """
    below = p.cumsum(axis=-1)
    return np.stack([(below < a - 1e-9).sum(axis=-1) for a in levels])
