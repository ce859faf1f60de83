"""How sure a score of few cases is: intervals of 95 %."""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

LEVEL = 0.95
DRAWS = 1000


def wilson(
    right: int, cases: int, level: float = LEVEL
) -> tuple[float, float]:
    """The interval of a share, from 0 to 1, of which so many were right.

    Raises ValueError unless 0 <= right <= cases, with a case at least.
    Source: Wilson 1927.
    """
    if not 0 <= right <= cases or cases < 1:
        raise ValueError(
            f"right, cases: expected 0 to at least 1 case, got {right} "
            f"of {cases}"
        )
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = right / cases
    centre = share + z**2 / (2 * cases)
    half = z * np.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2))
    scale = 1 + z**2 / cases
    low, high = (centre - half) / scale, (centre + half) / scale
    return max(float(low), 0.0), min(float(high), 1.0)


def bootstrap(
    score: Callable[[np.ndarray], float],
    cases: int,
    rng: np.random.Generator,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> tuple[float, float]:
    """The interval of any score: of cases drawn again, with repetition.

    `score` is asked for the places (N,) of the cases that were drawn.

    Raises ValueError where there is no case.
    Source: Efron 1979, percentiles.
    """
    return _draw_blocks(score, cases, rng, draws, level, 1)


def block_bootstrap(
    score: Callable[[np.ndarray], float],
    cases: int,
    rng: np.random.Generator,
    draws: int = DRAWS,
    level: float = LEVEL,
    least: int = 1,
) -> tuple[float, float]:
    """The interval of a score of cases in order, neighbours being alike.

    Blocks of neighbours are drawn, as long as the cube root of all cases,
    but of `least` cases; the last case is followed by the first.

    Raises ValueError where there is no case.
    Source: Politis and Romano 1992, circular blocks.
    """
    block = min(max(round(max(cases, 0) ** (1 / 3)), least), cases)
    return _draw_blocks(score, cases, rng, draws, level, block)


def _draw_blocks(
    score: Callable[[np.ndarray], float],
    cases: int,
    rng: np.random.Generator,
    draws: int,
    level: float,
    block: int,
) -> tuple[float, float]:
    """The interval of a score of blocks that are drawn with repetition."""
    if cases < 1:
        raise ValueError(f"cases: expected at least 1, got {cases}")
    count = -(-cases // block)

    def draw() -> np.ndarray:
        begins = rng.integers(cases, size=(count, 1))
        return ((begins + np.arange(block)) % cases).ravel()[:cases]

    return _middle([score(draw()) for _ in range(draws)], level)


def _middle(found: list[float], level: float) -> tuple[float, float]:
    """The ends of the share `level` in the middle."""
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
