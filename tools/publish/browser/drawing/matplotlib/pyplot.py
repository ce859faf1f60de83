"""Figures by number of rows and columns; a notebook shows them by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from .figure import Figure
from .marks import Circle, Rectangle

__all__ = ["Circle", "Rectangle", "close", "show", "subplots"]
_open: list[Figure] = []


def subplots(
    nrows: int = 1, ncols: int = 1, squeeze: bool = True, **options: Any
) -> tuple[Figure, Any]:
    """A figure and its axes: one, a row or column, or a grid of them."""
    figure = Figure(nrows, ncols, options)
    _open.append(figure)
    axes: Any = np.empty(nrows * ncols, dtype=object)
    axes[:] = figure.axes
    axes = axes.reshape(nrows, ncols)
    if squeeze and axes.size == 1:
        return figure, axes[0, 0]
    return figure, axes.ravel() if squeeze and 1 in axes.shape else axes


def show() -> None:
    """Show what is open, as a notebook does at the end of a cell."""
    from IPython.display import display

    while _open:
        display(_open.pop(0))


def close(which: Any = None) -> None:
    """Forget a figure, or all of them."""
    if isinstance(which, Figure):
        _open[:] = [figure for figure in _open if figure is not which]
    else:
        _open.clear()


def _show_after_cells() -> None:
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", lambda *_: show())


_show_after_cells()
