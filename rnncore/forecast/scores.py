"""How good a forecast was; MASE is chapter 1's, in rnncore.sequence."""

from collections.abc import Sequence

import numpy as np

from rnncore.backend import check_shape


def smape(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Mean of |error| / (half of |actual| + |predicted|): 0 to 2.

    A pair of zeros is no error.

    Raises ValueError where the shapes differ.
    Source: Makridakis 1993.
    """
    check_shape("predicted", predicted, *actual.shape)
    size = (np.abs(actual) + np.abs(predicted)) / 2
    error = np.abs(actual - predicted)
    return float(np.mean(error / np.where(size > 0, size, 1)))


def crps(
    actual: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]
) -> float:
    """Twice the mean pinball loss: an absolute error for distributions.

    With more and more levels it becomes the integral after which it is
    named, the continuous ranked probability score. In the target's units.

    Shapes: actual (K, B); quantiles (Q, K, B)

    Raises ValueError where a shape does not fit.
    Source: Gneiting & Raftery 2007.
    """
    check_shape("quantiles", quantiles, len(levels), *actual.shape)
    level = np.reshape(np.asarray(levels), (-1, 1, 1))
    error = actual - quantiles
    pinball = np.maximum(level * error, (level - 1) * error)
    return 2 * float(np.mean(pinball))


def coverage(
    actual: np.ndarray, low: np.ndarray, high: np.ndarray
) -> float:
    """The share of what came that lay between low and high.

    Raises ValueError where the shapes differ.
    """
    check_shape("low", low, *actual.shape)
    check_shape("high", high, *actual.shape)
    return float(np.mean((low <= actual) & (actual <= high)))
