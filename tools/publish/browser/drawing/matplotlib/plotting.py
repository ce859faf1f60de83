"""What a page calls to have marks put into axes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .marks import CYCLE, LETTERS, Mark, Rectangle, colour

DASHES = ["-", "--", "-.", ":", "-", "--", "-."]
WORDS = {"solid": "-", "dashed": "--", "dotted": ":", "dashdot": "-.", "None": "none"}
SHORT = {"c": "color", "linestyle": "ls", "linewidth": "lw", "markersize": "ms"}
SHORT |= {"facecolor": "face", "fc": "face", "edgecolor": "edge", "ec": "edge"}
SHORT |= {"horizontalalignment": "ha", "verticalalignment": "va", "size": "fontsize"}


def _short(form: str) -> dict[str, Any]:
    """matplotlib's short form of colour, sign and dashes, such as "k--"."""
    style: dict[str, Any] = {}
    if match := re.search(r"C\d", form):
        style["color"], form = match[0], form.replace(match[0], "")
    for dash in ("--", "-.", "-", ":"):
        if dash in form:
            style["ls"], form = dash, form.replace(dash, "")
            break
    for letter in form:
        style["color" if letter in LETTERS else "marker"] = letter
    if "marker" in style:
        style.setdefault("ls", "none")
    return style


class Plotting:
    """The methods of axes that add marks."""

    marks: list[Mark]
    log: dict[str, bool]
    limits: dict[str, Any]
    lines: int  # so many have taken a colour of their own

    def plot(self, *given: Any, **style: Any) -> list[Mark]:
        """Lines through points."""
        waiting, made = list(given), []
        while waiting:
            first = np.asarray(waiting.pop(0), float)
            if waiting and not isinstance(waiting[0], str):
                x, y = first, np.asarray(waiting.pop(0), float)
            else:
                x, y = np.arange(len(np.atleast_1d(first))), first
            own = dict(style)
            if waiting and isinstance(waiting[0], str):
                own = _short(waiting.pop(0)) | own
            columns = y.T if y.ndim == 2 else [y]
            made += [self._mark("line", x, column, own, True) for column in columns]
        return made

    def semilogy(self, *given: Any, **style: Any) -> list[Mark]:
        """Lines over a logarithmic y axis."""
        self.log["y"] = True
        return self.plot(*given, **style)

    def semilogx(self, *given: Any, **style: Any) -> list[Mark]:
        """Lines over a logarithmic x axis."""
        self.log["x"] = True
        return self.plot(*given, **style)

    def loglog(self, *given: Any, **style: Any) -> list[Mark]:
        """Lines between two logarithmic axes."""
        self.log = {"x": True, "y": True}
        return self.plot(*given, **style)

    def step(self, x: Any, y: Any, where: str = "pre", **style: Any) -> list[Mark]:
        """A line that stays and jumps."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        half = {"mid": 0.5, "pre": 1.0, "post": 0.0}[where] * np.diff(x, append=x[-1])
        edges = np.repeat(x + np.diff(x, append=x[-1]) - half, 2)[:-1]
        return [self._mark("line", np.r_[x[0], edges], np.repeat(y, 2), style, True)]

    def errorbar(self, x: Any, y: Any, yerr: Any, **style: Any) -> list[Mark]:
        """A line with the range of each of its points."""
        fmt = _short(style.pop("fmt", ""))
        style.pop("capsize", None)
        made = self.plot(x, y, **(fmt | style))
        low, high = np.broadcast_to(yerr, (2, len(np.atleast_1d(y))))
        for a, b, c in zip(x, np.asarray(y) - low, np.asarray(y) + high, strict=True):
            bar = {"color": made[0].get_color()}
            self._mark("line", [a, a], [b, c], bar)
        return made

    def scatter(self, x: Any, y: Any, s: Any = 36, c: Any = None, **style: Any) -> Mark:
        """Points."""
        style = {"marker": "o", "color": c, "ms": float(np.mean(s)) ** 0.5} | style
        return self._mark("points", x, y, style, True)

    def bar(self, x: Any, height: Any, width: float = 0.8, **style: Any) -> Mark:
        """Bars on the x axis."""
        x = np.asarray(x, float)
        names = style.pop("label", None)
        for a, b in zip(x, np.broadcast_to(height, x.shape), strict=True):
            corners = [a - width / 2, a + width / 2, a + width / 2, a - width / 2]
            made = self._mark("area", corners, [0, 0, b, b], {**style, "label": names})
            names = None
        return made

    def hist(
        self, values: Any, bins: Any = 10, histtype: str = "bar", **style: Any
    ) -> list[Mark]:
        """How many values lie in each bin: bars, or with "step" an outline."""
        counts, edges = np.histogram(values, bins)
        x, y = np.repeat(edges, 2), np.r_[0, np.repeat(counts, 2), 0]
        if histtype == "step":
            return self.plot(x, y, **style)
        return [self.fill_between(x, y, **style)]

    def fill_between(self, x: Any, low: Any, high: Any = 0, **style: Any) -> Mark:
        """The area between two curves."""
        x = np.asarray(x, float)
        low, high = np.broadcast_to(low, x.shape), np.broadcast_to(high, x.shape)
        return self._mark("area", np.r_[x, x[::-1]], np.r_[low, high[::-1]], style)

    def axhline(self, y: float = 0, **style: Any) -> Mark:
        """A line right across."""
        return self._mark("across", [np.nan], [y], {"color": "#666666"} | style)

    def axvline(self, x: float = 0, **style: Any) -> Mark:
        """A line from top to bottom."""
        return self._mark("upright", [x], [np.nan], {"color": "#666666"} | style)

    def axvspan(self, low: float, high: float, **style: Any) -> Mark:
        """An area from top to bottom."""
        return self._mark("span", [low, high], [np.nan] * 2, style)

    def vlines(
        self, x: Any, low: Any, high: Any, colors: Any = None, **style: Any
    ) -> None:
        """Upright lines between two heights."""
        style = {"color": colors} | style
        for a, b, c in zip(
            *np.broadcast_arrays(np.atleast_1d(x), low, high), strict=True
        ):
            self._mark("line", [a, a], [b, c], style)
            style.pop("label", None)

    def hlines(
        self, y: Any, low: Any, high: Any, colors: Any = None, **style: Any
    ) -> None:
        """Level lines between two places."""
        style = {"color": colors} | style
        for a, b, c in zip(
            *np.broadcast_arrays(np.atleast_1d(y), low, high), strict=True
        ):
            self._mark("line", [b, c], [a, a], style)
            style.pop("label", None)

    def text(self, x: float, y: float, words: Any, **style: Any) -> Mark:
        """Words at a place."""
        return self._mark("text", [x], [y], {**style, "words": words})

    def annotate(self, words: Any, xy: Any, xytext: Any = None, **style: Any) -> None:
        """Words, and an arrow from them to a place."""
        to, start = np.asarray(xy, float), np.asarray(xytext or xy, float)
        inside = style.get("textcoords", style.get("xycoords", "data")) == "data"
        if not inside:
            start = to
        arrow = style.pop("arrowprops", None)
        if arrow is not None:
            line = {k: arrow[k] for k in ("color", "lw", "ls") if k in arrow}
            self._mark("arrow", [start[0], to[0]], [start[1], to[1]], line)
        if words:
            self._mark("text", [start[0]], [start[1]], {**style, "words": words})

    def add_patch(self, patch: Rectangle) -> Rectangle:
        """A box or a circle."""
        self._mark("area", patch.x, patch.y, patch.style)
        return patch

    def imshow(self, numbers: Any, **style: Any) -> Mark:
        """Numbers as colours."""
        numbers = np.asarray(numbers, float)
        rows, columns = numbers.shape[:2]
        lower = style.pop("origin", "upper") == "lower"
        ends = (-0.5, rows - 0.5) if lower else (rows - 0.5, -0.5)
        box = style.pop("extent", None) or (-0.5, columns - 0.5, *ends)
        self.limits = {"x": (box[0], box[1]), "y": (box[2], box[3])}
        return self._mark(
            "picture",
            box[:2],
            box[2:],
            {**style, "numbers": numbers[::-1] if lower else numbers},
        )

    def _mark(
        self, kind: str, x: Any, y: Any, style: dict[str, Any], turn: bool = False
    ) -> Mark:
        full = {"alpha": 1, "lw": 1.8, "ms": 6} | {
            SHORT.get(key, key): value for key, value in style.items()
        }
        if turn and None in (full.get("color"), full.get("ls")):
            number = self.lines % len(CYCLE)
            self.lines += 1
            for key, cycle in ("color", CYCLE), ("ls", DASHES):
                if full.get(key) is None:
                    full[key] = cycle[number]
        given = full.get("ls")
        full["ls"] = WORDS.get(given, given) if isinstance(given, str) else "-"
        full["color"] = colour(full.get("color"), "black" if turn else CYCLE[0])
        for side in "face", "edge":
            if side in full:
                full[side] = colour(full[side])
        full["alpha"] = 1 if full["alpha"] is None else full["alpha"]
        if kind == "text" and style.get("color") is None:
            full["color"] = "#111"
        if kind == "arrow" and style.get("color") is None:
            full["color"] = "black"
        mark = Mark(kind, x, y, full)
        self.marks.append(mark)
        return mark
