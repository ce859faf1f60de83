"""Intervals that hold what they promise, because they are corrected."""

import math

import numpy as np

from rnncore.backend import check_shape


def miss(
    actual: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """How far what came lay outside an interval; below zero: inside.

    Shapes: actual (K, B); low (K, B); high (K, B) -> misses (K, B)

    Raises ValueError where the shapes differ.
    Source: Romano, Patterson & Candes 2019.
    """
    check_shape("low", low, *actual.shape)
    check_shape("high", high, *actual.shape)
    return np.maximum(low - actual, actual - high)


def margin(misses: np.ndarray, level: float) -> np.ndarray:
    """By how much intervals are to be widened, from misses of the past.

    One more miss of the same kind is then at most the margin with a
    probability of at least `level`. Infinite where the misses are too few
    for that.

    Shapes: misses (K, B) -> margins (K,)

    Raises ValueError unless the level lies between 0 and 1.
    Source: Vovk, Gammerman & Shafer 2005.
    """
    _check_level(level)
    check_shape("misses", misses, "K", "B")
    K, B = misses.shape
    rank = math.ceil((B + 1) * level)
    if rank > B:
        return np.full(K, math.inf)
    return np.sort(misses, axis=1)[:, rank - 1]


def follow(
    misses: np.ndarray, level: float, rate: float, first: np.ndarray
) -> np.ndarray:
    """Margins that move as the misses come in, from origin to origin.

    The margin of each step ahead is a number that learns from the pinball
    loss of the misses, by plain gradient descent. Origins are one step
    apart: a forecast of k steps is judged k origins later.

    Shapes: misses (K, B); first (K,) -> margins (K, B)

    Raises ValueError unless the level lies between 0 and 1 and the rate
    above 0, or where a shape does not fit.
    Source: Angelopoulos, Candes & Tibshirani 2023.
    """
    _check_level(level)
    if rate <= 0:
        raise ValueError(f"rate: expected more than 0, got {rate}")
    check_shape("misses", misses, "K", "B")
    check_shape("first", first, len(misses))
    margins = np.empty(misses.shape)
    for k, (came, now) in enumerate(zip(misses, first, strict=True)):
        for b in range(len(came)):
            judged = b - k - 1  # its last step has just come
            if judged >= 0:
                outside = came[judged] > margins[k, judged]
                now = now + rate * (outside - (1 - level))
            margins[k, b] = now
    return margins


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(
            f"level: expected a number between 0 and 1, got {level}"
        )
