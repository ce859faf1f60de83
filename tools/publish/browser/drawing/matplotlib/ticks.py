"""Where the ticks of an axis stand, and what is written at them.

Matplotlib's own way: of 1, 2, 2.5 and 5 times a power of ten, the largest gap
that leaves at least two ticks and the smallest that leaves at most `most`.
"""

from __future__ import annotations

import numpy as np

STEPS = np.array([0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10, 20])


def places(low: float, high: float, most: int) -> np.ndarray:
    """Round numbers from `low` to `high`, with at most `most` gaps."""
    apart = high - low
    middle = (low + high) / 2
    offset = 0.0
    if abs(middle) / apart >= 100:
        offset = np.copysign(10 ** (np.log10(abs(middle)) // 1), middle)
    low, high = low - offset, high - offset
    steps = STEPS * 10 ** (np.log10(apart / most) // 1)
    at = np.empty(0)
    for step in steps[: int(np.nonzero(steps >= apart / most)[0][0]) + 1][::-1]:
        first = (low // step) * step
        one = np.ceil((low - first) / step - 1e-9)
        last = np.floor((high - first) / step + 1e-9)
        at = np.arange(one, last + 1) * step + first
        if len(at) >= 2:
            break
    return at + offset + 0.0  # and no -0


def words(at: np.ndarray) -> list[str]:
    """The numbers with as many decimals as all of them need."""
    if len(at) == 0:
        return []
    at = np.where(np.abs(at) < 1e-12 * np.abs(at).max(), 0.0, at) + 0.0
    span = float(np.ptp(at)) or abs(float(at[0])) or 1.0
    if np.abs(at).max() >= 1e6 or span < 1e-4:
        return [f"{value:g}" for value in at]
    decimals = max(0, int(3 - np.floor(np.log10(span))))
    enough = 1e-3 * 10 ** np.floor(np.log10(span))
    while decimals and np.abs(at - at.round(decimals - 1)).max() < enough:
        decimals -= 1
    return [f"{value:.{decimals}f}" for value in at.round(decimals) + 0.0]
