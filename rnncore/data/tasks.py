"""Made-up tasks whose answer lies a known number of steps back."""

import numpy as np

ADDING_BASELINE = 1 / 6
"""Squared error of always answering 1: the variance of a sum of two
independent uniform numbers, 1/12 + 1/12."""


def adding_problem(
    rng: np.random.Generator, T: int, B: int
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of which two are marked, and the sum of these two.

    The first marker lies in the first half of the sequence, the second in
    the second half.

    Shapes: -> x (T, B, 2); target (B, 1)

    Raises ValueError where T is below 2.
    Source: Hochreiter & Schmidhuber 1997; uniform on [0, 1] as Le et al. 2015.
    """
    if T < 2:
        raise ValueError(f"T: expected at least 2, got {T}")
    x = np.zeros((T, B, 2))
    x[..., 0] = rng.uniform(size=(T, B))
    every = np.arange(B)
    x[rng.integers(0, T // 2, B), every, 1] = 1
    x[rng.integers(T // 2, T, B), every, 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(0)[:, None]


def copy_problem(
    rng: np.random.Generator, lag: int, B: int, K: int = 8, length: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Symbols, then a wait, and the symbols to be said again in order.

    `length` symbols of K come in; `lag` steps after each of them it is to
    be said. Between lie blanks (input K); a signal (input K + 1) at each
    step of the answer says that it is time.

    Shapes: -> x (T, B, D); targets (length, B), for the last steps, with
        T = lag + length and D = K + 2

    Raises ValueError where lag is below length: then the answer would
    begin before the question has ended.
    Source: Hochreiter & Schmidhuber 1997; in this form Arjovsky et al. 2016.
    """
    if lag < length:
        raise ValueError(f"lag: expected at least {length}, got {lag}")
    targets = rng.integers(0, K, (length, B))
    symbols = np.full((lag + length, B), K)
    symbols[:length] = targets
    symbols[lag:] = K + 1
    return np.eye(K + 2)[symbols], targets
