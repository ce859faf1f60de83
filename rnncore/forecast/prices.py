"""A table of prices: how it is told, what is wrong in it, how far it moves.

A price's changes can hardly be forecast, their size can: so today's price
is the middle of every forecast, and a deviation goes along as a state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncore.forecast.volatility import smooth_squares

if TYPE_CHECKING:
    import pandas as pd

LEAST = 250  # rows of a table that is taken for one of prices
LARGE = 0.3  # a change of a logarithm that wants to be explained
NEAR = 0.05  # of the logarithm of a split's ratio
RATIOS = (2, 3, 4, 5, 7, 10, 15, 20)
STILL = 10  # equal prices in a row
ZEROS = 0.01  # of all values: more are no slips


def is_price_table(frame: pd.DataFrame) -> bool:
    """Whether the columns look like prices, by the first three fifths.

    All values are above 0; changes of the logarithm say nothing of the
    next one, while their sizes do. Of many columns the median counts.
    """
    values = frame.to_numpy(dtype=float)
    rows = len(values) * 3 // 5
    if len(values) < LEAST or not np.nanmin(values) > 0:
        return False
    found = []
    for column in values[:rows].T:
        seen = column[~np.isnan(column)]
        changes = np.diff(np.log(seen))
        changes = changes[np.abs(changes) <= LARGE]  # a split is no change
        if len(changes) < LEAST // 4 or not changes.std() > 0:
            continue
        chance = 2 / np.sqrt(len(changes))
        signed, sizes = (_correlate(x) for x in (changes, np.abs(changes)))
        found.append([abs(signed) / chance, sizes / chance])
    if not found:
        return False
    signed, sizes = np.median(found, axis=0)
    return bool(signed < 1 < sizes)


def _correlate(x: np.ndarray) -> float:
    """The mean autocorrelation at the first five lags; or the first.

    Shapes: x (N,)
    """
    d = x - x.mean()
    at = [d[k:] @ d[: len(d) - k] / (d @ d) for k in range(1, 6)]
    return float(max(at, key=abs))


def list_faults(frame: pd.DataFrame) -> list[str]:
    """What to look at before a table of prices is believed, a line each."""
    found = []
    for name in frame:
        column = frame[name].dropna()
        changes = np.diff(np.log(column.to_numpy(dtype=float)))
        for t in np.flatnonzero(np.abs(changes) > LARGE):
            ratio = _find_ratio(changes[t])
            what = f"looks like a {ratio} split" if ratio else "is large"
            found.append(
                f"{name}: the change to {_name_row(column, int(t) + 1)}, "
                f"{np.expm1(changes[t]):+.0%}, {what}: check it"
            )
        if (run := _longest_run(changes)) >= STILL:
            found.append(f"{name}: {run + 1} equal prices in a row")
    return found


def list_zeros(frame: pd.DataFrame) -> list[str]:
    """The zeros for whose sake alone a table is none of prices."""
    zero = frame == 0
    if not 0 < zero.to_numpy().mean() <= ZEROS:
        return []
    if not is_price_table(frame.mask(zero)):
        return []
    return [
        f"{name}: 0 at {_name_row(frame[name], int(t))} is no price: "
        "without it this looks like a table of prices"
        for name in frame
        for t in np.flatnonzero(zero[name])
    ]


def _find_ratio(change: float) -> str:
    """Such as "7 for 1"; "" where no split is near."""
    for n in RATIOS:
        if abs(abs(change) / np.log(n) - 1) < NEAR:
            return f"{n} for 1" if change < 0 else f"1 for {n}"
    return ""


def _name_row(column: pd.Series, t: int) -> str:
    return str(column.index[t]).removesuffix(" 00:00:00")


def _longest_run(changes: np.ndarray) -> int:
    """How many changes in a row are 0, at most."""
    ends = np.flatnonzero(np.append(np.insert(changes != 0, 0, True), True))
    return int(np.diff(ends).max() - 1)


def find_deviations(logs: np.ndarray) -> np.ndarray:
    """The deviation of a change that each step knows.

    NaN may stand before the first price.

    Shapes: logs (N,) -> deviations (N,)
    """
    first = int(np.isnan(logs).argmin())
    changes = np.diff(logs[first:], prepend=np.nan)
    found = np.full(len(logs), np.nan)
    found[first:] = smooth_squares(changes[:, None])[:, 0]
    return found
