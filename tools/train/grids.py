"""Search a grid of one number, which grows where its best ends it."""

import math
from collections.abc import Callable, Sequence

from rnncore.comparison import Result, Setting, Trained, Tried

MOST = 6  # values that are tried


def extend_grid(values: list[float], edge: float) -> float:
    """The next value beyond an edge of the grid, rounded as the others are."""
    low, high = (0, 1) if edge == values[0] else (-1, -2)
    return float(f"{values[low] ** 2 / values[high]:.1g}")


def search_grid(
    score: Callable[[float], float],
    values: list[float] | tuple[float, ...],
    most: int = MOST,
    beyond: Callable[[list[float], float], float] = extend_grid,
) -> dict[float, float]:
    """The score of each value, lower is better; of equal ones the first counts.

    `beyond` finds a value next to the sorted ones, beyond the best of them.
    """
    scores = {value: score(value) for value in values}
    while len(scores) < most:
        best = min(scores, key=scores.__getitem__)
        if min(scores) < best < max(scores):
            break
        further = beyond(sorted(scores), best)
        scores[further] = score(further)
    return scores


def search_rate(
    train: Callable[[Setting, int, int], Trained],
    rates: Sequence[float],
    steps: int,
    seeds: Sequence[int],
) -> Result:
    """Choose a contender's rate with the first seed, then train with all.

    The test is asked once of each run with the chosen rate.
    """

    def score(rate: float) -> float:
        try:
            return train({"rate": rate}, seeds[0], steps).validation
        except FloatingPointError:
            return math.inf  # it diverged

    scores = search_grid(score, list(rates))
    best = min(scores, key=scores.__getitem__)
    tests = [train({"rate": best}, seed, steps).test() for seed in seeds]
    tried = [Tried({"rate": rate}, [scores[rate]]) for rate in sorted(scores)]
    edges = [f"rate {best:g}"] if best in (min(scores), max(scores)) else []
    return Result({"rate": best}, tests, tried, edges)
