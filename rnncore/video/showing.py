"""When a film's frames are to be shown, and which way up."""

from typing import Any

import numpy as np


def shown_at(times: list[float | None], T: int) -> np.ndarray:
    """Which frames show at T times from the first to the last.

    `times` are those at which each frame begins, and the film's end. At
    a constant rate, and where a time is missing, they are counted.
    """
    last = len(times) - 2
    counted = np.linspace(0, last, T).round().astype(int)
    if None in times:
        return counted
    edges = np.maximum.accumulate(np.array(times, float))
    step = np.median(np.diff(edges[:-1]))
    if edges[-1] <= edges[-2]:  # how long the last one lasts is not told
        edges[-1] = edges[-2] + step
    constant = np.linspace(edges[0], edges[-1], len(edges))
    if np.abs(edges - constant).max() <= step / 2:
        return counted
    at = np.linspace(edges[0], edges[-1], T)
    return np.clip(np.searchsorted(edges, at, "right") - 1, 0, last)


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
        picture, across, down = picture.T, c, b
    return picture[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]
