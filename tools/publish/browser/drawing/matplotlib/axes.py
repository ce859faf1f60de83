"""Axes: marks in the numbers' own units, drawn when the figure is shown."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ticks
from .colours import mapped
from .lacking import refusal
from .marks import Mark, text
from .plotting import Plotting
from .settings import Settings
from .shapes import DRAW, ORDER, Place

FAINT = 'stroke="#ddd" fill="none"'


class Spines:
    """The frame's sides, all of which or none are shown."""

    def __init__(self, ax: Axes) -> None:
        self.ax = ax

    def __getitem__(self, which: Any) -> Spines:
        return self

    def set_visible(self, on: bool) -> None:
        """Show the frame, or leave it out."""
        self.ax.framed = on


class Axes(Plotting, Settings):
    """One pair of axes and what is drawn in it."""

    def __init__(self, figure: Any) -> None:
        self.figure = figure
        self.marks = []
        self.title = self.xlabel = self.ylabel = ""
        self.log = {"x": False, "y": False}
        self.base = {"x": 10.0, "y": 10.0}
        self.limits = {"x": (None, None), "y": (None, None)}
        self.ticks = {"x": None, "y": None}
        self.shared: dict[str, list[Axes]] = {"x": [], "y": []}
        self.on = self.framed = True
        self.equal = False
        self.turns = {"lines": 0, "fills": 0}
        self.names: list[tuple[Mark, str]] = []  # of a separate legend
        self.gridded = False
        self.bars: list[Mark] = []  # colour bars
        self.words: dict[str, dict[str, int]] = {"x": {}, "y": {}}  # categories
        self.upside_down = {"x": False, "y": False}
        self.spines = Spines(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise refusal(name)

    def span(self, side: str) -> tuple[float, float]:
        """The first and last number of a side, with a margin where free."""
        first, last = self.limits[side]
        if first is None or last is None:
            low, high = self._free(side)
            first, last = (
                low if first is None else first,
                high if last is None else last,
            )
        ends = float(first), float(last)
        return ends[::-1] if self.upside_down[side] else ends

    def _free(self, side: str) -> tuple[float, float]:
        """The span of the marks, with Matplotlib's margin but where bars end."""
        marks = [m for ax in [self, *self.shared[side]] for m in ax.marks if m.counts]
        rows = [getattr(m, side) for m in marks]
        every = np.concatenate([np.zeros(0), *rows])
        every = every[np.isfinite(every) & ((every > 0) | (not self.log[side]))]
        if every.size == 0:
            every = np.array([1.0, 10.0] if self.log[side] else [0.0, 1.0])
        ends = [every.min(), every.max()]
        low, high = self._scaled(np.array(ends), side)
        if high == low:
            low, high = low - 0.5, high + 0.5
        room = 0.05 * (high - low)
        stuck = {m.stuck.get(side) for m in marks} - {None}
        low -= 0 if ends[0] in stuck else room
        high += 0 if ends[1] in stuck else room
        return (10.0**low, 10.0**high) if self.log[side] else (float(low), float(high))

    def _scaled(self, numbers: Any, side: str) -> np.ndarray:
        numbers = np.asarray(numbers, float)
        if not self.log[side]:
            return numbers
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.log10(numbers)
        return np.where(np.isfinite(scaled), scaled, np.nan)

    def _tick_list(self, side: str, low: float, high: float) -> list[tuple[float, str]]:
        low, high = min(low, high), max(low, high)
        if self.ticks[side] is not None:
            at, labels = self.ticks[side]
            labels = labels or [f"{value:g}" for value in at]
            return [(float(a), str(b)) for a, b in zip(at, labels, strict=False)]
        if self.log[side]:
            base = self.base[side]
            first, last = np.log10([low, high]) / np.log10(base)
            powers = np.arange(np.ceil(first - 1e-9), np.floor(last + 1e-9) + 1)
            every = max(1, len(powers) // 5)
            return [(base**p, f"{base**p:g}") for p in powers[::every]]
        named = self.words[side]
        if named:
            return [(float(k), word) for word, k in named.items()]
        at = ticks.places(low, high, self._most(side))
        return list(zip(at.tolist(), ticks.words(at), strict=True))

    def _most(self, side: str) -> int:
        """How many gaps between ticks have room, as Matplotlib counts them."""
        width, height = self.figure.part()
        room = 0.775 * width / 40 if side == "x" else 0.77 * height / 26.7
        return int(min(max(room, 1), 9))

    def svg(self, left: float, top: float, right: float, bottom: float) -> str:
        """The axes, in a part of the figure."""
        (x0, x1), (y0, y1) = self.span("x"), self.span("y")
        if self.on:
            words = [label for _, label in self._tick_list("y", y0, y1)]
            left += 26 + 7 * max(map(len, words), default=0) + 18 * bool(self.ylabel)
            bottom -= 24 + 18 * bool(self.xlabel)
        top, right = top + (24 if self.title else 8), right - 10 - 70 * len(self.bars)
        per_row = max(1, int((right - left) // 130))
        top += 20 * -(-len(self.names) // per_row)
        ends = [*self._scaled([x0, x1], "x"), *self._scaled([y0, y1], "y")]
        across, up = (
            (right - left) / (ends[1] - ends[0]),
            (bottom - top) / (ends[3] - ends[2]),
        )
        if self.equal:
            scale = min(abs(across), abs(up))
            middle = (left + right) / 2, (top + bottom) / 2
            wide, high = scale * abs(ends[1] - ends[0]), scale * abs(ends[3] - ends[2])
            left, right = middle[0] - wide / 2, middle[0] + wide / 2
            top, bottom = middle[1] - high / 2, middle[1] + high / 2
            across, up = np.copysign(scale, across), np.copysign(scale, up)

        def place(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
            x, y = self._scaled(x, "x"), self._scaled(y, "y")
            return left + (x - ends[0]) * across, bottom - (y - ends[2]) * up

        box = left, top, right, bottom
        parts = [self._frame(place, box, (x0, x1), (y0, y1))]
        for mark in sorted(
            self.marks, key=lambda m: m.style.get("zorder", ORDER[m.kind])
        ):
            parts.append(DRAW[mark.kind](mark, place, box))
        parts += [_bar(m, right + 14, top, bottom) for m in self.bars]
        for k, (mark, name) in enumerate(self.names):  # above: over no curve
            row, column = divmod(k, per_row)
            x = left + column * (right - left) / per_row
            y = top - 20 * (-(-len(self.names) // per_row) - row) + 10
            parts.append(mark.key(x, y) + text(x + 34, y + 4, name, "start", 12))
        return "".join(parts)

    def _frame(self, place: Place, box: Any, xs: Any, ys: Any) -> str:
        left, top, right, bottom = box
        middle = (left + right) / 2
        above = top - 8 - 20 * -(-len(self.names) // max(1, int((right - left) // 130)))
        parts = [text(middle, above, self.title, "middle", 14)] if self.title else []
        if not self.on:
            return "".join(parts)
        line = 'stroke="#444" fill="none"'
        if self.framed:
            parts.append(
                f'<path d="M{left:.1f} {top:.1f}V{bottom:.1f}H{right:.1f}" {line}/>'
            )
        for value, label in self._tick_list("x", *xs):
            x = float(place(value, ys[0])[0])
            if left - 1 <= x <= right + 1:
                if self.gridded:
                    parts.append(f'<path d="M{x:.1f} {bottom:.1f}V{top:.1f}" {FAINT}/>')
                parts.append(f'<path d="M{x:.1f} {bottom:.1f}v5" {line}/>')
                parts.append(text(x, bottom + 18, label, "middle", 12))
        for value, label in self._tick_list("y", *ys):
            y = float(place(xs[0], value)[1])
            if top - 1 <= y <= bottom + 1:
                if self.gridded:
                    parts.append(f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" {FAINT}/>')
                parts.append(f'<path d="M{left:.1f} {y:.1f}h-5" {line}/>')
                parts.append(text(left - 9, y + 4, label, "end", 12))
        if self.xlabel:
            parts.append(text(middle, bottom + 37, self.xlabel, "middle"))
        if self.ylabel:
            wide = max(
                len(label) for _, label in self._tick_list("y", *ys) or [(0, "")]
            )
            x, y = left - 20 - 7 * wide, (top + bottom) / 2
            turn = f'transform="rotate(-90 {x:.1f} {y:.1f})"'
            parts.append(text(x, y, self.ylabel, "middle", extra=turn))
        return "".join(parts)


def _bar(mark: Mark, x: float, top: float, bottom: float) -> str:
    """The colours of a picture's numbers, and some of the numbers."""
    low, high = mark.ends()
    cells, parts = 64, []
    high_ = (bottom - top) / cells
    for k in range(cells):
        fill = mapped((k + 0.5) / cells, mark.style.get("cmap"))
        y = bottom - (k + 1) * high_
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="12" height="{high_ + 0.3:.1f}" '
            f'fill="{fill}"/>'
        )
    named = mark.style.get("bar_ticks") or (ticks.places(low, high, 5), None)
    at = np.asarray(named[0], float)
    for value, word in zip(at, named[1] or ticks.words(at), strict=True):
        y = bottom - (value - low) / ((high - low) or 1) * (bottom - top)
        parts.append(text(x + 16, y + 4, word, "start", 11))
    said = mark.style.get("bar_label", "")
    if said:
        parts.append(text(x + 16, top - 6, said, "end", 11))
    return "".join(parts)
