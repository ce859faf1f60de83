"""Daily prices of many shares: what is known, what came, how it is judged.

A panel has a row a day and a column a share. Its rows are cut by time: three years
to learn from, one to choose by, the last to be judged on; what is forecast never
crosses a border. Shares of one day move together, so that every interval here is
over days, in blocks of neighbours.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from rnncore.comparison.intervals import block_bootstrap
from rnncore.data.public.series import Prices
from rnncore.forecast.volatility import smooth_squares

WEEK, MONTH, QUARTER, YEAR = 5, 22, 63, 252  # trading days
SEEN = 60  # days that a share has before it is asked
LEAST = 5e-6  # mean square of a week's changes, at least
TENTH = 10  # a rule buys that part of the shares, and sells as many short
BLOCK = 10  # days that are drawn together

Interval = tuple[float, float, float]  # a number, and 95 % of it


class Panel(NamedTuple):
    """Changes of logarithms, what they are followed by, and the parts.

    All are (T, S), NaN where a share has none; `train`, `validation` and `test` say
    which forecasts, made at the end of a day, belong to a part.
    """

    days: np.ndarray
    names: list[str]
    changes: np.ndarray
    trade: np.ndarray  # log of the volume less its month's mean
    spread: np.ndarray  # the deviation known at the end of a day
    next_day: np.ndarray
    next_week: np.ndarray
    size: np.ndarray  # log of the mean square of the next week's changes
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    starts: tuple[int, int]  # of validation and test

    @property
    def market(self) -> np.ndarray:
        """The mean change of each day (T, 1)."""
        return np.nanmean(self.changes, axis=1, keepdims=True)


def repair(prices: Prices) -> Prices:
    """Without prices of 0 and what two symbols had that was something else."""
    names = prices.names
    close, adjusted = prices.close.copy(), prices.adjusted.copy()
    wrong = ~(close > 0)
    days = prices.days.astype("datetime64[D]")
    for symbol, before in ("COL", "2100-01-01"), ("BHF", "2017-07-17"):
        if symbol in names:  # bought in 2018; not listed until then
            wrong[days < np.datetime64(before), names.index(symbol)] = True
    close[wrong] = adjusted[wrong] = np.nan
    has = ~np.isnan(close).all(axis=0)
    return Prices(
        prices.days,
        [n for n, h in zip(names, has, strict=True) if h],
        close[:, has],
        adjusted[:, has],
        prices.volume[:, has],
    )


def find_changes(prices: Prices) -> np.ndarray:
    """Changes of adjusted logarithms (T-1, S); of raw ones if adjusted twice."""
    raw, found = (np.diff(np.log(a), axis=0) for a in (prices.close, prices.adjusted))
    twice = (np.abs(raw - found) > 0.1) & (np.abs(found) > np.abs(raw))
    return np.where(twice, raw, found)


def make_panel(prices: Prices) -> Panel:
    """Parts of three years, one and the rest."""
    changes = find_changes(prices)
    days = pd.DatetimeIndex(prices.days[1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        traded = np.log(prices.volume[1:])
    traded[~np.isfinite(traded)] = np.nan
    first, second = (
        int(days.searchsorted(days[0] + pd.DateOffset(years=n))) for n in (3, 4)
    )
    at = np.arange(len(days))[:, None]
    week = sum_ahead(changes, WEEK)
    seen = np.isfinite(mean_past(changes, SEEN)) & np.isfinite(week)
    return Panel(
        prices.days[1:],
        prices.names,
        changes,
        traded - mean_past(traded, 20),
        smooth_squares(changes),
        sum_ahead(changes, 1),
        week,
        np.log(np.maximum(sum_ahead(changes**2, WEEK), LEAST) / WEEK),
        seen & (at + WEEK < first),
        seen & (at >= first - 1) & (at + WEEK < second),
        seen & (at >= second - 1),
        (first, second),
    )


def mean_past(x: np.ndarray, count: int) -> np.ndarray:
    """Of the last `count` days, today's included; NaN where one is missing."""
    return pd.DataFrame(x).rolling(count).mean().to_numpy()


def sum_ahead(x: np.ndarray, count: int) -> np.ndarray:
    """Of the `count` days that follow."""
    return pd.DataFrame(x).rolling(count).sum().shift(-count).to_numpy()


def list_lags(x: np.ndarray, count: int) -> np.ndarray:
    """Today, the day before, ... Shapes: x (T, S) -> lags (T, S, count)"""
    x = np.nan_to_num(x)
    return np.stack([np.roll(x, k, axis=0) for k in range(count)], axis=-1)


def mean_by_day(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A number for each day that has a share in the mask."""
    days = mask.any(axis=1)
    return np.where(mask, x, 0.0)[days].sum(axis=1) / mask[days].sum(axis=1)


def find_interval(
    score: Callable[[np.ndarray], float], days: int, block: int = BLOCK
) -> Interval:
    """A score of days, by their places, and 95 % of it."""
    rng = np.random.default_rng(0)
    low, high = block_bootstrap(score, days, rng, least=block)
    numbers = score(np.arange(days)), low, high
    return tuple(round(float(v), 5) for v in numbers)  # type: ignore[return-value]


def compare_days(top: np.ndarray, bottom: np.ndarray, block: int = BLOCK) -> Interval:
    """The ratio of two sums over days."""
    return find_interval(lambda k: top[k].mean() / bottom[k].mean(), len(top), block)


def mean_over_days(values: np.ndarray) -> Interval:
    """The mean of numbers by day."""
    return find_interval(lambda k: float(values[k].mean()), len(values))


def measure_sharpe(gains: np.ndarray) -> float:
    """Mean over spread, for a year."""
    return float(gains.mean() / gains.std() * YEAR**0.5)


def fit_line(x: np.ndarray, y: np.ndarray, penalty: float = 0.0) -> Callable:
    """Least squares; what comes back forecasts."""
    x = np.column_stack([np.ones(len(x)), x])
    on = penalty * np.eye(x.shape[1])
    on[0, 0] = 0.0
    w = np.linalg.solve(x.T @ x + on, x.T @ y)
    return lambda x: w[0] + x @ w[1:]


def trade(
    panel: Panel, said: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Buy the highest tenth at a day's close, sell the lowest short, for a day.

    Gains by day before costs, and what is traded, both in units of the capital on
    each side. The price that is paid is the one that the forecast has read.
    """
    simple = np.expm1(np.nan_to_num(panel.changes))
    held = np.zeros(simple.shape[1])
    gains, traded = [], []
    for t in np.flatnonzero(mask.any(axis=1)):
        count = int(mask[t].sum())
        part = count // TENTH
        order = np.argsort(np.where(mask[t], said[t], np.inf), kind="stable")
        now = np.zeros_like(held)
        now[order[count - part : count]] = 1 / part
        now[order[:part]] = -1 / part
        gains.append(now @ simple[t + 1])
        traded.append(np.abs(now - held).sum())
        held = now
    return np.array(gains), np.array(traded)


def describe_sizes(panel: Panel) -> dict[str, np.ndarray]:
    """What lines and the network read of how far a share moves, (T, S, F) each.

    "har": the mean square of a week, a month, a quarter, and today's change (Corsi
    2009); "market": the same of all shares' mean beside it; "ideas": three ideas of
    somebody who knows shares.
    """
    r, s, m = panel.changes, panel.spread, panel.market
    of_market = smooth_squares(m)
    wide = [
        np.broadcast_to(x, r.shape)
        for x in (
            *(log_of(mean_past(m**2, n)) for n in (WEEK, MONTH)),
            2 * np.log(of_market),
            m / of_market,
        )
    ]
    own = [log_of(mean_past(r**2, n)) for n in (WEEK, MONTH, 60)]
    z = r / s
    har = np.stack([*own, np.abs(z)], axis=-1)
    market = np.stack([*own, np.abs(z), 2 * np.log(s), *wide, panel.trade, z], axis=-1)
    calm = np.minimum(r**2, 4 * s**2)  # no single day counts for more
    table = pd.DataFrame(r**2)
    results = table.rolling(WEEK + 2).max().shift(QUARTER - WEEK - 1)
    medians = [table.rolling(n).median().to_numpy() for n in (MONTH, QUARTER)]
    known = panel.train | panel.validation
    usual = np.where(known, panel.size, 0).sum(axis=0) / np.maximum(known.sum(0), 1)
    ideas = np.stack(
        [
            log_of(results.to_numpy()),
            *(log_of(mean_past(calm, n)) for n in (WEEK, MONTH, 60)),
            *map(log_of, medians),
            np.broadcast_to(usual, r.shape),
        ],
        axis=-1,
    )
    return {
        "har": np.nan_to_num(har),
        "market": np.nan_to_num(market),
        "ideas": np.nan_to_num(np.concatenate([market, ideas], axis=-1)),
    }


def log_of(x: np.ndarray) -> np.ndarray:
    """The logarithm; of nothing that of a very calm day."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.log(np.maximum(x, 1e-6))
