"""How far a price will move: a variance that goes along as a state.

Changes are differences of logarithms, so that 0.01 is about 1 %.
"""

from typing import NamedTuple

import numpy as np

from rnncore.backend import check_shape

KEEP = 0.94  # of the variance of the day before: J. P. Morgan's
FIRST = 20  # steps whose mean square the state begins at
LEAST = 1e-6  # of a deviation, in units of that of all changes


class Garch(NamedTuple):
    """Mean of changes, and the recurrence of their variance.

    v' = rest + push * (change - mean)**2 + keep * v; a change over its
    deviation has Student's distribution with `free` degrees of freedom,
    and variance 1.
    """

    mean: float
    rest: float
    push: float
    keep: float
    free: float


def smooth_squares(changes: np.ndarray, keep: float = KEEP) -> np.ndarray:
    """The deviation that is known at the end of each step.

    v' = keep * v + (1 - keep) * change**2; where a change is NaN, v stays.
    The state begins at the mean square of a column's first `FIRST` changes,
    which these do not know.

    Shapes: changes (N, S) -> deviations (N, S)

    Raises ValueError unless keep lies between 0 and 1.
    Source: RiskMetrics Technical Document, J. P. Morgan 1996.
    """
    check_shape("changes", changes, "N", "S")
    if not 0 < keep < 1:
        raise ValueError(f"keep: expected between 0 and 1, got {keep}")
    squares = np.square(changes)
    known = ~np.isnan(squares)
    begun = known & (known.cumsum(axis=0) <= FIRST)
    v = _mean_known(np.where(begun, squares, np.nan))
    least = LEAST * np.sqrt(v)
    found = np.empty(changes.shape)
    for t, square in enumerate(squares):
        v = np.where(np.isnan(square), v, keep * v + (1 - keep) * square)
        found[t] = v
    return np.maximum(np.sqrt(found), least)


def _mean_known(values: np.ndarray) -> np.ndarray:
    """The mean of each column without NaN; 1 where none is known."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)


def run_garch(garch: Garch, changes: np.ndarray) -> np.ndarray:
    """The variance of the next change, known at the end of each step.

    The state begins at its mean in the long run.

    Shapes: changes (N,) -> variances (N,)

    Source: Bollerslev 1986.
    """
    from scipy.signal import lfilter

    check_shape("changes", changes, "N")
    mean, rest, push, keep, _ = garch
    begun = rest / max(1 - push - keep, LEAST)
    news = rest + push * (changes - mean) ** 2
    return lfilter([1.0], [1.0, -keep], news, zi=[keep * begun])[0]


def fit_garch(changes: np.ndarray) -> Garch:
    """Push, keep and degrees of freedom of the greatest likelihood.

    The mean is that of the changes, and the variance comes back to
    theirs: `rest` follows from the two.

    Shapes: changes (N,) -> garch

    Raises ValueError where there are fewer than 100 changes, or none
    differs.
    Source: Bollerslev 1987; variance targeting, Engle & Mezrich 1996.
    """
    from scipy.optimize import minimize
    from scipy.stats import t

    check_shape("changes", changes, "N")
    variance = float(np.var(changes))
    if len(changes) < 100 or not variance > 0:
        raise ValueError(
            "changes: expected 100 that differ, got "
            f"{len(changes)} of variance {variance:g}"
        )

    def make(x: np.ndarray) -> Garch:
        lasting, part = (1 / (1 + np.exp(-x[:2]))).tolist()
        lasting = min(lasting, 0.9999)
        push, free = lasting * part, 2.01 + float(np.exp(min(x[2], 5)))
        rest, mean = variance * (1 - lasting), float(changes.mean())
        return Garch(mean, rest, push, lasting - push, free)

    def surprise(x: np.ndarray) -> float:
        garch = make(x)
        before = run_garch(garch, changes)[:-1]
        unit = np.sqrt(before * (garch.free - 2) / garch.free)
        z = (changes[1:] - garch.mean) / unit
        return float((np.log(unit) - t.logpdf(z, garch.free)).mean())

    begun = np.array([4.0, -2.5, 1.0])  # lasting 0.98, push 0.075, free 4.7
    found = minimize(surprise, begun, method="Nelder-Mead")
    return make(found.x)
