"""How good a forecast was; MASE is chapter 1's, in rnncore.sequence."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rnncore.backend import check_shape


def smape(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Mean of |error| / (half of |actual| + |predicted|), in percent.

    It is 0 to 200; a pair of zeros is no error.

    Raises ValueError where the shapes differ.
    Source: Makridakis 1993.
    """
    check_shape("predicted", predicted, *actual.shape)
    size = (np.abs(actual) + np.abs(predicted)) / 2
    error = np.abs(actual - predicted)
    return 100 * float(np.mean(error / np.where(size > 0, size, 1)))


def pinball_loss(
    actual: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]
) -> np.ndarray:
    """The mean pinball loss of each level's quantiles.

    Shapes: actual (K, B); quantiles (Q, K, B) -> losses (Q,)

    Raises ValueError where a shape does not fit.
    Source: Koenker & Bassett 1978.
    """
    check_shape("quantiles", quantiles, len(levels), *actual.shape)
    level = np.reshape(np.asarray(levels), (-1, 1, 1))
    error = actual - quantiles
    loss = np.maximum(level * error, (level - 1) * error)
    return loss.mean(axis=(1, 2))


def crps(
    actual: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]
) -> float:
    """The continuous ranked probability score, from some quantiles.

    It is twice the integral of the pinball loss over all levels from 0 to
    1; a level stands for those that are nearer to it than to any other.
    In the target's units; if all quantiles are one, the absolute error.

    Shapes: actual (K, B); quantiles (Q, K, B)

    Raises ValueError where a shape does not fit, or unless the levels
    rise between 0 and 1.
    Source: Gneiting & Raftery 2007.
    """
    inside = [0.0, *levels, 1.0]
    if any(a >= b for a, b in pairwise(inside)):
        raise ValueError(
            f"levels: expected numbers that rise between 0 and 1, "
            f"got {tuple(levels)}"
        )
    losses = pinball_loss(actual, quantiles, levels)
    halfway = (np.asarray(levels)[1:] + np.asarray(levels)[:-1]) / 2
    share = np.diff([0.0, *halfway, 1.0])  # of all levels: the sum is 1
    return 2 * float(share @ losses)


def gaussian_crps(
    actual: np.ndarray, mean: np.ndarray, spread: np.ndarray
) -> float:
    """The same score of normal distributions, exactly.

    Shapes: actual (K, B); mean (K, B); spread (K, B)

    Raises ValueError where the shapes differ, or a spread is not positive.
    Source: Gneiting & Raftery 2007, equation 21.
    """
    check_shape("mean", mean, *actual.shape)
    check_shape("spread", spread, *actual.shape)
    if not np.all(spread > 0):
        raise ValueError(
            f"spread: expected more than 0, got {np.min(spread)}"
        )
    z = (actual - mean) / spread
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    below = np.vectorize(math.erf, otypes=[float])(z / math.sqrt(2))
    each = z * below + 2 * density - 1 / math.sqrt(math.pi)
    return float(np.mean(spread * each))


def coverage(
    actual: np.ndarray, low: np.ndarray, high: np.ndarray
) -> float:
    """The share of what came that lay between low and high.

    Raises ValueError where the shapes differ.
    """
    check_shape("low", low, *actual.shape)
    check_shape("high", high, *actual.shape)
    return float(np.mean((low <= actual) & (actual <= high)))


def interval_score(
    actual: np.ndarray, low: np.ndarray, high: np.ndarray, level: float
) -> float:
    """The width of an interval, and a penalty for what lies outside.

    The penalty is 2 / (1 - level) for a unit.

    Least on average where the bounds are the quantiles that cut off half
    of 1 - level each. In units of MASE it is the M4 competition's MSIS.

    Raises ValueError where the shapes differ, or unless the level lies
    between 0 and 1.
    Source: Gneiting & Raftery 2007, equation 43.
    """
    check_shape("low", low, *actual.shape)
    check_shape("high", high, *actual.shape)
    if not 0 < level < 1:
        raise ValueError(
            f"level: expected a number between 0 and 1, got {level}"
        )
    outside = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    return float(np.mean(high - low + 2 / (1 - level) * outside))
