"""How far a price moves: a deviation that goes along as a state.

A price's changes can hardly be forecast, their size can.
"""

import numpy as np

from rnncore.forecast.volatility import smooth_squares


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
