"""What a page calls to have marks put into axes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from rnncore.display import CYCLE, GREY

from .colours import mapped, shares
from .marks import LETTERS, Mark, Rectangle, colour
from .ticks import places

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
    turns: dict[str, int]  # how many have their own colour
    words: dict[str, dict[str, int]]
    upside_down: dict[str, bool]

    def numbers(self, side: str, values: Any) -> np.ndarray:
        """Values as numbers; names get the places 0, 1, ... of their side."""
        values = np.asarray(values)
        if values.dtype.kind not in "US" and not (
            values.dtype == object and values.size and isinstance(values.flat[0], str)
        ):
            return values.astype(float)
        places = self.words[side]
        at = [places.setdefault(str(v), len(places)) for v in values.ravel()]
        return np.array(at, float).reshape(values.shape)

    def plot(self, *given: Any, **style: Any) -> list[Mark]:
        """Lines through points."""
        waiting, made = list(given), []
        while waiting:
            first = waiting.pop(0)
            if waiting and not isinstance(waiting[0], str):
                x, y = self.numbers("x", first), self.numbers("y", waiting.pop(0))
            else:
                y = self.numbers("y", first)
                x = np.arange(len(np.atleast_1d(y)))
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

    def step(
        self, x: Any, y: Any, fmt: str = "", where: str = "pre", **style: Any
    ) -> list[Mark]:
        """A line that stays and jumps."""
        style = _short(fmt) | style
        x, y = self.numbers("x", x), np.asarray(y, float)
        half = {"mid": 0.5, "pre": 1.0, "post": 0.0}[where] * np.diff(x, append=x[-1])
        edges = np.repeat(x + np.diff(x, append=x[-1]) - half, 2)[:-1]
        return [self._mark("line", np.r_[x[0], edges], np.repeat(y, 2), style, True)]

    def errorbar(
        self, x: Any, y: Any, yerr: Any = None, xerr: Any = None, **style: Any
    ) -> list[Mark]:
        """A line with the range of each of its points, and caps at its ends."""
        fmt = _short(style.pop("fmt", ""))
        cap, own = style.pop("capsize", 0) or 0, style.pop("ecolor", None)
        x, y = np.atleast_1d(self.numbers("x", x)), np.atleast_1d(self.numbers("y", y))
        made = self.plot(x, y, **(fmt | style))
        bar = {"color": own or made[0].get_color(), "ms": 2 * cap, "ls": "-"}
        for sign, reach, along in ("_", yerr, (0, 1)), ("|", xerr, (1, 0)):
            if reach is None:
                continue
            bar["marker"] = sign if cap else "none"
            less, more = np.broadcast_to(reach, (2, len(y)))
            for a, b, c, d in zip(x, y, less, more, strict=True):
                across, up = along
                self._mark(
                    "line",
                    [a - across * c, a + across * d],
                    [b - up * c, b + up * d],
                    bar,
                )
        return made

    def scatter(self, x: Any, y: Any, s: Any = 36, c: Any = None, **style: Any) -> Mark:
        """Points, of one colour, of a colour each, or coloured by numbers."""
        cmap, ends = (
            style.pop("cmap", None),
            [style.pop(k, None) for k in ("vmin", "vmax")],
        )
        x, y = self.numbers("x", x), self.numbers("y", y)
        style = {"marker": "o", "ms": float(np.mean(s)) ** 0.5} | style
        if c is None or isinstance(c, str):
            return self._mark("points", x, y, style | ({"color": c} if c else {}), True)
        if len(c) != x.size:
            raise ValueError(f"c: expected {x.size} colours, got {len(c)}")
        if isinstance(c[0], str) or np.ndim(c) == 2:
            each = [colour(one) for one in c]
            return self._mark("points", x, y, {**style, "each": each}, True)
        each = [mapped(at, cmap) for at in shares(c, *ends)]
        style |= {"each": each, "cmap": cmap, "numbers": np.asarray(c, float)}
        style |= {"vmin": ends[0], "vmax": ends[1]}
        return self._mark("points", x, y, style, True)

    def bar(
        self, x: Any, height: Any, width: Any = 0.8, bottom: Any = 0, **style: Any
    ) -> list[Mark]:
        """Bars on the x axis."""
        return self._bars("x", x, height, width, bottom, style)

    def barh(
        self, y: Any, width: Any, height: Any = 0.8, left: Any = 0, **style: Any
    ) -> list[Mark]:
        """Bars on the y axis."""
        return self._bars("y", y, width, height, left, style)

    def _bars(
        self,
        side: str,
        at: Any,
        long: Any,
        wide: Any,
        begin: Any,
        style: dict[str, Any],
    ) -> list[Mark]:
        at = np.atleast_1d(self.numbers(side, at))
        turned = style.pop("align", "center") == "edge"
        given = {
            "y" if side == "x" else "x": style.pop(f"{'yx'[side == 'y']}err", None)
        }
        cap = style.pop("capsize", 0)
        colours = style.pop("color", None)
        several = isinstance(colours, list | tuple | np.ndarray) and len(
            colours
        ) == len(at)
        several = several and not isinstance(colours[0], float | int)
        shared = {"color": None if several else colours}
        names, made = style.pop("label", None), []
        rows = np.broadcast_arrays(at, long, wide, begin)
        for k, (a, b, c, d) in enumerate(zip(*rows, strict=True)):
            left = a if turned else a - c / 2
            corners = [left, left + c, left + c, left], [d, d, d + b, d + b]
            own = shared | style | {"label": names}
            own |= {"color": colours[k]} if several else {}
            one = self._mark(
                "area", *(corners if side == "x" else corners[::-1]), own, k == 0
            )
            shared["color"] = shared["color"] or one.get_color()
            one.stuck = {"y" if side == "x" else "x": float(d)}
            made.append(one)
            names = None
        for other, reach in given.items():
            if reach is not None:
                ends = np.broadcast_to(begin, at.shape) + np.asarray(long, float)
                how = {f"{other}err": reach, "fmt": "none", "ecolor": "black"}
                self.errorbar(
                    *((at, ends) if side == "x" else (ends, at)), capsize=cap, **how
                )
        return made

    def hist(
        self, values: Any, bins: Any = 10, histtype: str = "bar", **style: Any
    ) -> tuple[np.ndarray, np.ndarray, list[Mark]]:
        """How many values are in each bin: bars, or with "step" an outline.

        The counts, or densities; the bins' edges; the marks.
        """
        how = {k: style.pop(k, None) for k in ("range", "weights")}
        counts, edges = np.histogram(
            np.ravel(values), bins, density=style.pop("density", False), **how
        )
        if style.pop("cumulative", False):
            counts = np.cumsum(counts)
        if histtype not in ("bar", "step", "stepfilled"):
            raise ValueError(
                f"histtype: expected bar, step or stepfilled, got {histtype}"
            )
        if histtype == "bar":
            made = self.bar(edges[:-1], counts, np.diff(edges), align="edge", **style)
            return counts, edges, made
        x, y = np.repeat(edges, 2), np.r_[0, np.repeat(counts, 2), 0]
        if histtype == "step":
            made = self.plot(x, y, **style)
        else:
            made = [self.fill_between(x, y, **style)]
        made[0].stuck = {"y": 0.0}
        return counts, edges, made

    def stem(self, x: Any, y: Any = None, **style: Any) -> list[Mark]:
        """Lines from 0 to each number, with a point at their ends."""
        if y is None:
            x, y = np.arange(len(x)), x
        x, y = self.numbers("x", x), np.asarray(y, float)
        self.hlines(0, x.min(), x.max(), color="C3")
        self.vlines(x, 0, y, color="C0")
        return self.plot(x, y, "o", **({"color": "C0"} | style))

    def fill_between(self, x: Any, low: Any, high: Any = 0, **style: Any) -> Mark:
        """The area between two curves."""
        x = self.numbers("x", x)
        low, high = np.broadcast_to(low, x.shape), np.broadcast_to(high, x.shape)
        return self._mark(
            "area", np.r_[x, x[::-1]], np.r_[low, high[::-1]], style, True
        )

    def axhline(self, y: float = 0, **style: Any) -> Mark:
        """A line right across."""
        return self._mark("across", [np.nan], [y], {"color": GREY} | style)

    def axvline(self, x: float = 0, **style: Any) -> Mark:
        """A line from top to bottom."""
        return self._mark("upright", [x], [np.nan], {"color": GREY} | style)

    def axvspan(self, low: float, high: float, **style: Any) -> Mark:
        """An area from top to bottom."""
        return self._mark("span", [low, high], [np.nan] * 2, style)

    def axhspan(self, low: float, high: float, **style: Any) -> Mark:
        """An area right across."""
        return self._mark("band", [np.nan] * 2, [low, high], style)

    def broken_barh(self, spans: Any, at: Any, **style: Any) -> list[Mark]:
        """Bars from and of given lengths, in a row from `at[0]`, `at[1]` high."""
        colours = style.pop("facecolors", style.pop("color", None))
        many = isinstance(colours, list | tuple)
        made = []
        for k, (start, long) in enumerate(spans):
            own = colours[k % len(colours)] if many else colours
            low, high = at[0], at[0] + at[1]
            corners = [start, start + long, start + long, start], [low, low, high, high]
            made.append(self._mark("area", *corners, {**style, "color": own}))
        return made

    def invert_xaxis(self) -> None:
        """The largest number on the left."""
        self.upside_down["x"] = not self.upside_down["x"]

    def invert_yaxis(self) -> None:
        """The largest number at the bottom."""
        self.upside_down["y"] = not self.upside_down["y"]

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
        whole = np.asarray(numbers).dtype.kind in "iu" and np.ndim(numbers) == 3
        numbers = np.asarray(numbers, float) / (255 if whole else 1)
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

    def matshow(self, numbers: Any, **style: Any) -> Mark:
        """A matrix as colours, its first row on top."""
        return self.imshow(numbers, **style)

    def pcolormesh(self, *given: Any, **style: Any) -> Mark:
        """Numbers as colours, between evenly spaced edges.

        Raises ValueError for edges that are not evenly spaced.
        """
        style.pop("shading", None)
        numbers = np.asarray(given[-1], float)
        rows, columns = numbers.shape
        sides = given[:2] if len(given) == 3 else (range(columns + 1), range(rows + 1))
        ends = []
        for values, count, axis in zip(sides, (columns, rows), (0, 1), strict=True):
            edges = np.asarray(values, float)
            edges = (
                (edges[0] if axis == 0 else edges[:, 0]) if edges.ndim == 2 else edges
            )
            gap = np.diff(edges)
            if np.ptp(gap) > 1e-6 * np.abs(gap).max():
                raise ValueError("pcolormesh: expected evenly spaced edges")
            half = gap[0] / 2 if len(edges) == count else 0.0
            ends += [edges[0] - half, edges[-1] + half]
        return self.imshow(numbers, extent=tuple(ends), origin="lower", **style)

    def contourf(self, *given: Any, levels: Any = None, **style: Any) -> Mark:
        """Areas between levels of numbers on a grid, drawn in cells."""
        if len(given) in (2, 4):
            *given, levels = given  # type: ignore[assignment]
        numbers = np.asarray(given[-1], float)
        if len(given) == 1:
            x, y = np.arange(numbers.shape[1]), np.arange(numbers.shape[0])
        else:
            x, y = np.asarray(given[0], float), np.asarray(given[1], float)
            x, y = (x[0] if x.ndim == 2 else x), (y[:, 0] if y.ndim == 2 else y)
        fine_x, fine_y = np.linspace(x[0], x[-1], 80), np.linspace(y[0], y[-1], 60)
        fine = np.array([np.interp(fine_x, x, row) for row in numbers])
        fine = np.array([np.interp(fine_y, y, column) for column in fine.T]).T
        low, high = np.nanmin(numbers), np.nanmax(numbers)
        if levels is None or np.ndim(levels) == 0:
            levels = places(low, high, int(levels or 7) + 1)
            gap = levels[1] - levels[0]
            levels = np.r_[levels[0] - gap, levels, levels[-1] + gap]
        levels = np.asarray(levels, float)
        within = (fine >= levels[0]) & (fine <= levels[-1])
        band = np.clip(np.searchsorted(levels, fine, "right") - 1, 0, len(levels) - 2)
        middles = np.where(within, ((levels[1:] + levels[:-1]) / 2)[band], np.nan)
        box = (x[0], x[-1], y[0], y[-1])
        style = {"vmin": levels[0], "vmax": levels[-1]} | style
        return self.imshow(middles, extent=box, origin="lower", **style)

    def _mark(
        self, kind: str, x: Any, y: Any, style: dict[str, Any], turn: bool = False
    ) -> Mark:
        full = {"alpha": 1, "lw": 1.8, "ms": 6} | {
            SHORT.get(key, key): value for key, value in style.items()
        }
        if turn and None in (full.get("color"), full.get("ls")):
            turns = "lines" if kind == "line" else "fills"  # as in Matplotlib
            number = self.turns[turns] % len(CYCLE)
            self.turns[turns] += 1
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
