"""Figures by number of rows and columns; a notebook shows them by itself.

What else is called, as plt.plot is, goes to the axes in use: the last ones that
were made, or those that subplot and sca name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import rcParams
from .axes import Axes
from .figure import Figure
from .lacking import refusal
from .marks import Circle, Mark, Rectangle

__all__ = ["Circle", "Rectangle", "close", "rcParams", "show", "subplots"]
_open: list[Figure] = []
_used: list[Axes] = []  # the axes in use, if any
SETS = [
    "title",
    "xlabel",
    "ylabel",
    "xlim",
    "ylim",
    "xscale",
    "yscale",
    "xticks",
    "yticks",
]
OF_FIGURES = ["suptitle", "savefig", "tight_layout", "subplots_adjust"]


def subplots(
    nrows: int = 1, ncols: int = 1, squeeze: bool = True, **options: Any
) -> tuple[Figure, Any]:
    """A figure and its axes: one, a row or column, or a grid of them."""
    options |= options.pop("gridspec_kw", None) or {}
    figure = Figure(nrows, ncols, options)
    _open.append(figure)
    _used[:] = figure.axes[-1:]
    axes: Any = np.empty(nrows * ncols, dtype=object)
    axes[:] = figure.axes
    axes = axes.reshape(nrows, ncols)
    if squeeze and axes.size == 1:
        return figure, axes[0, 0]
    return figure, axes.ravel() if squeeze and 1 in axes.shape else axes


def figure(num: Any = None, **options: Any) -> Figure:
    """A figure of one pair of axes, until subplot asks for more."""
    return subplots(**options)[0]


def gca() -> Axes:
    """The axes in use; a figure is made if there is none."""
    if not _used:
        subplots()
    return _used[0]


def gcf() -> Figure:
    """The figure in use."""
    made: Figure = gca().figure
    return made


def sca(ax: Axes) -> None:
    """Use these axes."""
    _used[:] = [ax]


def subplot(*place: int) -> Axes:
    """Use the axes at a place of a grid: rows, columns and number from 1."""
    rows, columns, number = place if len(place) == 3 else divmod_of(place)
    grid = gcf()
    if (grid.rows, grid.columns) != (rows, columns):
        if any(ax.marks for ax in grid.axes):
            raise ValueError(
                f"subplot: expected the figure's grid of {grid.rows} by "
                f"{grid.columns}, got {rows} by {columns}"
            )
        size = grid.width / 96, grid.height / 96
        grid.__init__(rows, columns, {"figsize": size})  # type: ignore[misc]
    _used[:] = [grid.axes[number - 1]]
    return _used[0]


def divmod_of(place: tuple[int, ...]) -> tuple[int, int, int]:
    """Rows, columns and number of what is written as 211."""
    given = place[0] if place else 111
    return given // 100, given // 10 % 10, given % 10


def colorbar(mark: Mark | None = None, **given: Any) -> Any:
    """The colours of a picture's numbers."""
    coloured = [m for m in gca().marks if "numbers" in m.style]
    if mark is None and not coloured:
        raise ValueError("colorbar: expected a picture or coloured points, got none")
    return gcf().colorbar(mark or coloured[-1], **given)


def show(*_: Any, **__: Any) -> None:
    """Show what is open, as a notebook does at the end of a cell."""
    from IPython.display import display

    _used.clear()
    while _open:
        display(_open.pop(0))


def close(which: Any = None) -> None:
    """Forget a figure, or all of them."""
    if isinstance(which, Figure):
        _open[:] = [figure for figure in _open if figure is not which]
        _used[:] = [ax for ax in _used if ax.figure is not which]
    else:
        _open.clear()
        _used.clear()


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    if name in OF_FIGURES:
        return getattr(gcf(), name)
    if hasattr(Axes, own := f"set_{name}" if name in SETS else name):
        return getattr(gca(), own)
    raise refusal(name)


def _show_after_cells() -> None:
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", lambda *_: show())


_show_after_cells()
