"""When a film's frames are to be shown, and which way up."""

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate, pairwise
from statistics import median
from typing import Any

import numpy as np


def shown_at(times: list[Fraction | None], T: int) -> np.ndarray:
    """Which frames show at T times from the first to the last.

    `times` are those at which each frame begins, and the film's end. At
    a constant rate, and where a time is missing, they are counted.
    """
    last = len(times) - 2
    counted = np.linspace(0, last, T).round().astype(int)
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        return counted
    edges = list(accumulate(known, max))
    step = median(after - before for before, after in pairwise(edges[:-1]))
    if edges[-1] <= edges[-2]:  # how long the last one lasts is not told
        edges[-1] = edges[-2] + step
    pairs = zip(edges, spaced(edges, len(edges)), strict=True)
    if max(abs(edge - even) for edge, even in pairs) <= step / 2:
        return counted
    begun = [bisect_right(edges, time) for time in spaced(edges, T)]
    return np.clip(np.array(begun) - 1, 0, last)


def spaced(edges: list[Fraction], count: int) -> list[Fraction]:
    """Equally spaced times from the first of `edges` to the last."""
    lasts = edges[-1] - edges[0]
    return [edges[0] + lasts * k / max(count - 1, 1) for k in range(count)]


def matrix_of(frame: Any) -> np.ndarray:
    """Which way a frame is to be shown: (x, y) @ matrix (2, 2), y down."""
    for part in frame.side_data:
        if part.type.name == "DISPLAYMATRIX":
            return np.frombuffer(part, np.int32).reshape(3, 3)[:2, :2]
    return np.eye(2)


def turned(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The picture by the nearest of the eight ways to lay it down."""
    (a, b), (c, d) = matrix.tolist()
    across, down = a, d
    if abs(b) > abs(a):
        picture, across, down = picture.swapaxes(0, 1), c, b
    return picture[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]
