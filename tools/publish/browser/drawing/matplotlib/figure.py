"""A figure of axes in rows and columns."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from .axes import Axes
from .lacking import refusal
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
        self.columns, self.rows = columns, rows
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
        """A title of the entire figure."""
        self.title = words

    def part(self) -> tuple[float, float]:
        """Width and height of one of the axes, about."""
        return self.width / self.columns, self.height / self.rows

    def tight_layout(self, **_: Any) -> None:
        """Nothing overlaps here anyway."""

    def subplots_adjust(self, **_: Any) -> None:
        """Distances are fixed here."""

    def colorbar(self, mark: Mark, ax: Any = None, **given: Any) -> ColourBar:
        """The colours of a picture's numbers, right of its axes."""
        first = ax if isinstance(ax, Axes) or ax is None else np.ravel(ax)[-1]
        owner = first or next((a for a in self.axes if mark in a.marks), self.axes[-1])
        mark.style["bar_label"] = given.get("label", "")
        owner.bars.append(mark)
        made = ColourBar(mark)
        if given.get("ticks") is not None:
            made.set_ticks(given["ticks"])
        return made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise refusal(name)

    def savefig(self, file: Any, **given: Any) -> None:
        """Write the figure as SVG, to a path or an open file.

        Raises ValueError for any other format.
        """
        path = Path(file) if isinstance(file, str | Path) else None
        suffix = path.suffix.removeprefix(".") if path else "svg"
        kind = str(given.get("format") or suffix or "svg").lower()
        if kind != "svg":
            raise ValueError(
                f"savefig: expected a name that ends in .svg, got {kind}: the browser's "
                "small drawing library writes SVG alone. On your own machine, make lab "
                "has all of Matplotlib, and PNG."
            )
        if path:
            path.with_suffix(".svg").write_text(self.svg(), "utf-8")
        else:
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
        return (
            f'<img alt="{escape(said or "figure")}" '
            f'src="data:image/svg+xml;base64,{code}">'
        )


class ColourBar:
    """The colours beside a picture."""

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.ax = self

    def set_label(self, words: str, **_: Any) -> None:
        """What the numbers are."""
        self.mark.style["bar_label"] = words

    set_ylabel = set_title = set_label

    def set_ticks(self, at: Any, labels: Any = None, **_: Any) -> None:
        """Which numbers label the colours."""
        self.mark.style["bar_ticks"] = (list(at), labels and list(map(str, labels)))

    def set_ticklabels(self, labels: Any, **_: Any) -> None:
        """What is written at the numbers."""
        at: list[float] = (self.mark.style.get("bar_ticks") or ([],))[0]
        self.mark.style["bar_ticks"] = (at, list(map(str, labels)))


def _edges(shares: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(shares)]) / shares.sum()
