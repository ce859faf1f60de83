"""A figure of axes in rows and columns."""

from __future__ import annotations

import base64
from html import escape
from typing import Any, BinaryIO

import numpy as np

from .axes import Axes
from .marks import Mark, text

INCH = 96  # pixels
STRIP = 24  # pixels that a row of names needs


class Figure:
    """Axes in a grid, and the names of their marks above them."""

    def __init__(self, rows: int, columns: int, options: dict[str, Any]) -> None:
        width, height = options.get("figsize") or (7, 3.2)
        self.width, self.height = width * INCH, height * INCH
        self.widths = np.asarray(options.get("width_ratios") or [1] * columns, float)
        self.heights = np.asarray(options.get("height_ratios") or [1] * rows, float)
        self.axes = [Axes(self) for _ in range(rows * columns)]
        self.columns = columns
        self.names: list[tuple[Mark, str]] = []
        self.names_in_a_row = 1
        self.title = ""
        self.share(options.get("sharex"), "x")
        self.share(options.get("sharey"), "y")

    def share(self, how: Any, side: str) -> None:
        """Have axes span the same numbers."""
        for k, one in enumerate(self.axes):
            row, column = divmod(k, self.columns)
            for other in self.axes:
                at = divmod(self.axes.index(other), self.columns)
                same = {"row": at[0] == row, "col": at[1] == column}
                if how and same.get(how, True):
                    one.shared[side].append(other)

    def legend(self, *given: Any, ncols: int = 1, **_: Any) -> None:
        """Put the names of the marks above the axes."""
        if given:
            marks = list(given[0])
            names = given[1] if len(given) > 1 else [m.name for m in marks]
        else:
            marks = [m for ax in self.axes for m in ax.marks if m.name]
            names = [mark.name for mark in marks]
        self.names = list(zip(marks, names, strict=False))
        self.names_in_a_row = ncols

    def suptitle(self, words: str, **_: Any) -> None:
        """A title of the whole figure."""
        self.title = words

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.axes[0].leave_out(name)

    def savefig(self, file: BinaryIO, **_: Any) -> None:
        """Write the figure as SVG."""
        file.write(self.svg().encode())

    def svg(self) -> str:
        """The figure as an SVG element."""
        per_row = max(1, self.names_in_a_row)
        rows = -(-len(self.names) // per_row)
        top = (22 if self.title else 0) + rows * STRIP
        parts = []
        if self.title:
            parts.append(text(self.width / 2, 16, self.title, "middle", size=15))
        for k, (mark, name) in enumerate(self.names):
            row, column = divmod(k, per_row)
            x = 20 + column * (self.width - 40) / per_row
            y = top - (rows - row) * STRIP + 14
            parts.append(mark.key(x, y) + text(x + 36, y + 4, name, "start", size=13))
        x_edges = _edges(self.widths) * self.width
        y_edges = top + _edges(self.heights) * (self.height - top)
        for k, ax in enumerate(self.axes):
            row, column = divmod(k, self.columns)
            parts.append(
                ax.svg(
                    x_edges[column], y_edges[row], x_edges[column + 1], y_edges[row + 1]
                )
            )
        said = "; ".join(f"{ax.title} {ax.ylabel} {ax.xlabel}" for ax in self.axes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:.0f}" '
            f'viewBox="0 0 {self.width:.0f} {self.height:.0f}" role="img" '
            f'aria-label="{escape(said)}" font-family="sans-serif" fill="#111" '
            'style="background:#fff;max-width:100%;height:auto">'
            f"{''.join(parts)}</svg>"
        )

    def _repr_html_(self) -> str:
        code = base64.b64encode(self.svg().encode()).decode()
        said = " ".join(ax.title or ax.ylabel for ax in self.axes).strip()
        left_out = sorted({name for ax in self.axes for name in ax.left_out})
        note = ""
        if left_out:
            note = (
                f"<p>Not drawn here: {', '.join(left_out)}. The book's page has the "
                "whole figure.</p>"
            )
        return (
            f'<img alt="{escape(said or "figure")}" '
            f'src="data:image/svg+xml;base64,{code}">{note}'
        )


def _edges(shares: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(shares)]) / shares.sum()
