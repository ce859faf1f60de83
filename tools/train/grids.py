"""Search grids of one number or two, which grow where their best ends them."""

import math
from collections.abc import Callable, Sequence
from functools import cache, partial

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
    most: int = MOST,
) -> Result:
    """Choose a contender's rate with the first seed, then train with all.

    The test is asked once of each run with the chosen rate.
    """

    def score(rate: float) -> float:
        try:
            return train({"rate": rate}, seeds[0], steps).validation
        except FloatingPointError:
            return math.inf  # it diverged

    scores = search_grid(score, list(rates), most)
    best = min(scores, key=scores.__getitem__)
    tests = [train({"rate": best}, seed, steps).test() for seed in seeds]
    tried = [Tried({"rate": rate}, [scores[rate]]) for rate in sorted(scores)]
    edges = [f"rate {best:g}"] if best in (min(scores), max(scores)) else []
    return Result({"rate": best}, tests, tried, edges)


def search_start(
    train: Callable[[Setting, int, int], Trained],
    rates: Sequence[float],
    scales: Sequence[float],
    steps: int,
    seeds: Sequence[int],
) -> tuple[Callable[[float], Result], float]:
    """Choose what multiplies W_x at the start, and the rate with it.

    The first seed chooses the number, which is returned, and for each number
    the rate. The function that is returned trains and tests all seeds from a
    number of those tried; 1 leaves W_x as drawn.
    """
    run = cache(partial(_train_or_diverge, train, steps, seeds[0]))
    found: dict[float, dict[float, float]] = {}

    def score(scale: float) -> float:
        found[scale] = search_grid(lambda rate: run(rate, scale).validation, [*rates])
        return min(found[scale].values())

    by_scale = search_grid(score, [*scales])

    def finish(scale: float) -> Result:
        rate = min(found[scale], key=found[scale].__getitem__)
        chosen = {"rate": rate, "scale": scale}
        more = [_train_or_diverge(train, steps, s, rate, scale) for s in seeds[1:]]
        every = [run(rate, scale), *more]
        tried = [
            Tried({"rate": r, "scale": s}, [score])
            for s in sorted(found)
            for r, score in sorted(found[s].items())
        ]
        at = [t.setting for t in tried].index(chosen)
        tried[at] = Tried(chosen, [one.validation for one in every])
        edges = [f"rate {rate:g}"] if rate in _ends(found[scale]) else []
        if scale != 1 and scale in _ends(by_scale):
            edges.append(f"scale {scale:g}")
        return Result(chosen, [one.test() for one in every], tried, edges)

    return finish, min(by_scale, key=by_scale.__getitem__)


def _ends(scores: dict[float, float]) -> tuple[float, float]:
    return min(scores), max(scores)


def _train_or_diverge(
    train: Callable[[Setting, int, int], Trained],
    steps: int,
    seed: int,
    rate: float,
    scale: float,
) -> Trained:
    try:
        return train({"rate": rate, "scale": scale}, seed, steps)
    except FloatingPointError:
        return Trained(math.inf, steps, lambda: math.inf)
