"""The inputs on which a hidden test compares a function."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from rnncore.testing.checks import hidden_rng, mover

DTYPES = ("float64", "float32")


def hidden_inputs(
    make: Callable[..., dict[str, Any]],
    sizes: Iterable[tuple],
    *places: str,
    rng: np.random.Generator | None = None,
) -> list[dict[str, Any]]:
    """Inputs `make(rng, *size)`, of both float types, at each place.

    `make` returns the arguments by name, as NumPy arrays; every input is
    drawn by itself. A place is "numpy" or a device of torch. Without a
    generator, the grader may choose the seed, as in `hidden_rng`.
    """
    rng = hidden_rng() if rng is None else rng
    return [
        mover(place)(make(rng, *size), dtype)
        for size in sizes
        for dtype in DTYPES
        for place in places
    ]
