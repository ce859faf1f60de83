"""Axes: marks in the numbers' own units, drawn when the figure is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

CYCLE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666"]
DASHES = ["-", "--", "-.", ":", "-", "--", "-."]
DASH = {"-": "", "--": "7 4", "-.": "8 3 2 3", ":": "2 3", "none": "", "": ""}
LETTERS = {"k": "black", "w": "white", "r": "red", "g": "green", "b": "blue"}
WORDS = {"solid": "-", "dashed": "--", "dotted": ":", "dashdot": "-.", "None": "none"}
SIGNS = {"times": "×", "to": "→", "infty": "∞", "cdot": "·", "leq": "≤", "sqrt": "√"}
GREEK = ["alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu"]
GREEK += ["rho", "sigma", "tau", "phi", "omega", "partial", "pi", "eta"]
SIGNS |= dict(zip(GREEK, "αβγδεθλμρστφω∂πη", strict=True))
VIRIDIS = [(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)]
Place = Callable[[Any, Any], tuple[np.ndarray, np.ndarray]]


def colour(given: Any, otherwise: str = "black") -> str:
    """A colour as SVG writes it."""
    if given is None:
        return otherwise
    if isinstance(given, str):
        if re.fullmatch(r"C\d", given):
            return CYCLE[int(given[1]) % len(CYCLE)]
        if re.fullmatch(r"[01]?\.\d+|[01]", given):
            return f"rgb({','.join([str(round(255 * float(given)))] * 3)})"
        return LETTERS.get(given, given.removeprefix("tab:"))
    red, green, blue = (round(255 * float(part)) for part in [*given][:3])
    return f"rgb({red},{green},{blue})"


def text(
    x: float, y: float, words: Any, anchor: str, size: float = 13, extra: str = ""
) -> str:
    """Words at a place; of formulas, letters, signs and lowered parts."""
    lines = []
    for number, line in enumerate(str(words).split("\n")):
        shown = escape(line)
        for name, sign in SIGNS.items():
            shown = shown.replace(f"\\{name}", sign)
        if "$" in shown:
            low = r'<tspan baseline-shift="sub" font-size="75%">\1</tspan>'
            shown = re.sub(r"_\{([^}]*)\}|_(\w)", low.replace("1", "1\\2"), shown)
            shown = re.sub(r"\^\{([^}]*)\}", r"^\1", shown)
            shown = re.sub(r"\\[a-z]+|[${}]", "", shown)
        lines.append(f'<tspan x="{x:.1f}" dy="{1.2 * bool(number)}em">{shown}</tspan>')
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
        f"{extra}>{''.join(lines)}</text>"
    )


class Mark:
    """One line, row of points, area or word, with its colours."""

    def __init__(self, kind: str, x: Any, y: Any, style: dict[str, Any]) -> None:
        self.kind, self.style = kind, style
        self.x = np.atleast_1d(np.asarray(x, float))
        self.y = np.atleast_1d(np.asarray(y, float))
        self.name = str(style.get("label") or "")
        self.name = "" if self.name.startswith("_") else self.name

    def get_color(self) -> str:
        """The colour, for what should match it."""
        return str(self.style["color"])

    def get_label(self) -> str:
        """The name in the legend."""
        return self.name

    def stroke(self) -> str:
        """Colour, width and dashes of a line."""
        style = self.style
        dashes = DASH.get(style.get("ls", "-"), "")
        return (
            f'fill="none" stroke="{style["color"]}" stroke-width="{style["lw"]:g}" '
            f'stroke-dasharray="{dashes}" opacity="{style["alpha"]:g}"'
        )

    def fill(self) -> str:
        """Colours of an area."""
        style = self.style
        return (
            f'fill="{style.get("face", style["color"])}" '
            f'stroke="{style.get("edge", "none")}" '
            f'stroke-width="{style["lw"]:g}" opacity="{style["alpha"]:g}"'
        )

    def key(self, x: float, y: float) -> str:
        """The mark in the legend."""
        if self.kind == "area":
            return f'<path d="M{x} {y - 5}h28v10h-28z" {self.fill()}/>'
        line = self.style.get("ls") != "none" and self.kind != "points"
        drawn = f'<path d="M{x} {y}h28" {self.stroke()}/>' if line else ""
        return drawn + self.points([x + 14], [y])

    def points(self, x: Any, y: Any) -> str:
        """A sign at each place, where the mark has one."""
        sign, size = self.style.get("marker"), self.style["ms"]
        if sign in (None, "none", "", " "):
            return ""
        r, out = size / 2, []
        for a, b in zip(x, y, strict=True):
            if not np.isfinite(a + b):
                continue
            if sign in ("o", ".", ","):
                small = r / 2 if sign != "o" else r
                shape = f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{small:g}" '
            elif sign in ("x", "+"):
                way = f"l{r} {r}m{-r} 0l{r} {-r}" if sign == "x" else f"h{2 * r}"
                shape = (
                    f'<path d="M{a - r:.1f} {b:.1f}{way}" stroke="{self.get_color()}" '
                )
            else:
                way = {
                    "^": f"m0 {-r}l{r} {2 * r}h{-2 * r}z",
                    "v": f"m0 {r}l{r} {-2 * r}h{-2 * r}z",
                    "D": f"m0 {-r}l{r} {r}l{-r} {r}l{-r} {-r}z",
                }.get(str(sign), f"m{-r} {-r}h{2 * r}v{2 * r}h{-2 * r}z")
                shape = f'<path d="M{a:.1f} {b:.1f}{way}" '
            out.append(f"{shape}{self.fill()}/>")
        return "".join(out)


class Rectangle:
    """A box, from its lower left corner."""

    def __init__(self, xy: Any, width: float, height: float, **style: Any) -> None:
        (x, y), self.style = xy, style
        self.x = np.array([x, x + width, x + width, x])
        self.y = np.array([y, y, y + height, y + height])


class Circle(Rectangle):
    """A circle round a place."""

    def __init__(self, xy: Any, radius: float = 5, **style: Any) -> None:
        (x, y), self.style = xy, style
        turn = np.linspace(0, 2 * np.pi, 49)
        self.x, self.y = x + radius * np.cos(turn), y + radius * np.sin(turn)


class Spines:
    """The frame's sides, all of which or none are shown."""

    def __init__(self, ax: Axes) -> None:
        self.ax = ax

    def __getitem__(self, which: Any) -> Spines:
        return self

    def set_visible(self, on: bool) -> None:
        """Show the frame, or leave it out."""
        self.ax.framed = on


class Axes:
    """One pair of axes and what is drawn in it."""

    def __init__(self, figure: Any) -> None:
        self.figure = figure
        self.marks: list[Mark] = []
        self.title = self.xlabel = self.ylabel = ""
        self.log = {"x": False, "y": False}
        self.limits: dict[str, Any] = {"x": (None, None), "y": (None, None)}
        self.ticks: dict[str, Any] = {"x": None, "y": None}
        self.shared: dict[str, list[Axes]] = {"x": [], "y": []}
        self.on = self.framed = True
        self.equal = False
        self.lines = 0
        self.left_out: list[str] = []
        self.spines = Spines(self)

    # ------------------------------------------------------------- marks

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

    # ---------------------------------------------------------- settings

    def set(self, **given: Any) -> None:
        """Title, labels, limits, scales and ticks."""
        for key, value in given.items():
            getattr(self, f"set_{key}")(value)

    def set_title(self, words: str, **_: Any) -> None:
        """Words above."""
        self.title = words

    def set_xlabel(self, words: str, **_: Any) -> None:
        """What is below."""
        self.xlabel = words

    def set_ylabel(self, words: str, **_: Any) -> None:
        """What is on the left."""
        self.ylabel = words

    def set_xlim(self, *given: Any) -> None:
        """The first and the last number below."""
        self.limits["x"] = given[0] if len(given) == 1 else given

    def set_ylim(self, *given: Any) -> None:
        """The lowest and the highest number on the left."""
        self.limits["y"] = given[0] if len(given) == 1 else given

    def set_xscale(self, how: str) -> None:
        """Linear or log."""
        self.log["x"] = how == "log"

    def set_yscale(self, how: str) -> None:
        """Linear or log."""
        self.log["y"] = how == "log"

    def set_xticks(self, at: Any, labels: Any = None, **_: Any) -> None:
        """Which numbers stand below, and as what."""
        self.ticks["x"] = (list(at), None if labels is None else list(labels))

    def set_yticks(self, at: Any, labels: Any = None, **_: Any) -> None:
        """Which numbers stand on the left, and as what."""
        self.ticks["y"] = (list(at), None if labels is None else list(labels))

    def set_xticklabels(self, labels: Any, **_: Any) -> None:
        """What the numbers below are called."""
        self.ticks["x"] = (
            (self.ticks["x"] or ([],))[0],
            [str(label) for label in labels],
        )

    def set_yticklabels(self, labels: Any, **_: Any) -> None:
        """What the numbers on the left are called."""
        self.ticks["y"] = (
            (self.ticks["y"] or ([],))[0],
            [str(label) for label in labels],
        )

    def set_aspect(self, how: Any, **_: Any) -> None:
        """Equal: a circle is round."""
        self.equal = how == "equal"

    def axis(self, how: str) -> None:
        """Off: no frame, no numbers."""
        self.on = self.on and how != "off"
        self.equal = self.equal or how == "equal"

    def set_axis_off(self) -> None:
        """No frame, no numbers."""
        self.on = False

    def legend(self, *given: Any, **style: Any) -> None:
        """The names of the marks, above the figure."""
        self.figure.legend(*given, ncols=style.get("ncols", 3))

    def get_legend_handles_labels(self) -> tuple[list[Mark], list[str]]:
        """The marks that have names, and the names."""
        marks = [mark for mark in self.marks if mark.name]
        return marks, [mark.name for mark in marks]

    def minorticks_off(self) -> None:
        """There are none."""

    def tick_params(self, **_: Any) -> None:
        """Ticks have one length here."""

    def grid(self, *_: Any, **__: Any) -> None:
        """There is none."""

    def margins(self, *_: Any, **__: Any) -> None:
        """Margins have one width here."""

    def leave_out(self, name: str) -> Callable[..., Any]:
        """A method that remembers that it drew nothing."""

        def nothing(*_: Any, **__: Any) -> Nothing:
            self.left_out.append(name)
            return Nothing()

        return nothing

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.leave_out(name)

    # ----------------------------------------------------------- drawing

    def span(self, side: str) -> tuple[float, float]:
        """The first and last number of a side, with a margin where free."""
        first, last = self.limits[side]
        if first is not None and last is not None:
            return float(first), float(last)
        rows = [getattr(m, side) for ax in [self, *self.shared[side]] for m in ax.marks]
        every = np.concatenate([np.zeros(0), *rows])
        every = every[np.isfinite(every) & ((every > 0) | (not self.log[side]))]
        if every.size == 0:
            every = np.array([1.0, 10.0] if self.log[side] else [0.0, 1.0])
        low, high = self._scaled(np.array([every.min(), every.max()]), side)
        if high == low:
            low, high = low - 0.5, high + 0.5
        room = 0.05 * (high - low)
        low, high = low - room, high + room
        if self.log[side]:
            low, high = 10.0**low, 10.0**high
        return (
            float(low if first is None else first),
            float(high if last is None else last),
        )

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
            powers = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
            every = max(1, len(powers) // 5)
            return [(10.0**p, f"{10.0**p:g}") for p in powers[::every]]
        rough = (high - low) / 5
        power = 10 ** np.floor(np.log10(rough))
        gap = power * min((1, 2, 5, 10), key=lambda m: abs(m * power - rough))
        first, last = np.ceil(low / gap - 1e-9), np.floor(high / gap + 1e-9)
        return [(k * gap, f"{k * gap:g}") for k in np.arange(first, last + 1)]

    def svg(self, left: float, top: float, right: float, bottom: float) -> str:
        """The axes, in a part of the figure."""
        (x0, x1), (y0, y1) = self.span("x"), self.span("y")
        if self.on:
            words = [label for _, label in self._tick_list("y", y0, y1)]
            left += 26 + 7 * max(map(len, words), default=0) + 18 * bool(self.ylabel)
            bottom -= 24 + 18 * bool(self.xlabel)
        top, right = top + (24 if self.title else 8), right - 10
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
        return "".join(parts)

    def _frame(self, place: Place, box: Any, xs: Any, ys: Any) -> str:
        left, top, right, bottom = box
        middle = (left + right) / 2
        parts = [text(middle, top - 8, self.title, "middle", 14)] if self.title else []
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
                parts.append(f'<path d="M{x:.1f} {bottom:.1f}v5" {line}/>')
                parts.append(text(x, bottom + 18, label, "middle", 12))
        for value, label in self._tick_list("y", *ys):
            y = float(place(xs[0], value)[1])
            if top - 1 <= y <= bottom + 1:
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


class Nothing:
    """What a call that drew nothing gives; it may be asked for more."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: Nothing()


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


# ------------------------------------------------------------ each kind


def _path(x: Any, y: Any) -> str:
    words, pen = [], "M"
    for a, b in zip(x, y, strict=True):
        words.append(f"{pen}{a:.1f} {b:.1f}" if np.isfinite(a + b) else "")
        pen = "L" if np.isfinite(a + b) else "M"
    return "".join(words)


def _line(mark: Mark, place: Place, box: Any) -> str:
    x, y = place(mark.x, mark.y)
    y = np.clip(y, box[1] - 2000, box[3] + 2000)
    drawn = (
        ""
        if mark.style["ls"] == "none"
        else f'<path d="{_path(x, y)}" {mark.stroke()}/>'
    )
    return drawn + mark.points(x, y)


def _points(mark: Mark, place: Place, _: Any) -> str:
    return mark.points(*place(mark.x, mark.y))


def _area(mark: Mark, place: Place, _: Any) -> str:
    return f'<path d="{_path(*place(mark.x, mark.y))}z" {mark.fill()}/>'


def _arrow(mark: Mark, place: Place, _: Any) -> str:
    x, y = place(mark.x, mark.y)
    along = np.array([x[1] - x[0], y[1] - y[0]])
    a, b = 8 * along / max(float(np.hypot(*along)), 1e-9)
    tips = [(x[1] - a + s * b / 2, y[1] - b - s * a / 2) for s in (1, -1)]
    corners = " ".join(f"{p:.1f},{q:.1f}" for p, q in [(x[1], y[1]), *tips])
    head = f'<polygon points="{corners}" fill="{mark.get_color()}"/>'
    return f'<path d="{_path(x, y)}" {mark.stroke()}/>{head}'


def _across(mark: Mark, place: Place, box: Any) -> str:
    y = float(place(1, mark.y[0])[1])
    return f'<path d="M{box[0]:.1f} {y:.1f}H{box[2]:.1f}" {mark.stroke()}/>'


def _upright(mark: Mark, place: Place, box: Any) -> str:
    x = float(place(mark.x[0], 1)[0])
    return f'<path d="M{x:.1f} {box[1]:.1f}V{box[3]:.1f}" {mark.stroke()}/>'


def _span(mark: Mark, place: Place, box: Any) -> str:
    a, b = place(mark.x, 1)[0]
    return (
        f'<path d="M{a:.1f} {box[1]:.1f}H{b:.1f}V{box[3]:.1f}H{a:.1f}z" {mark.fill()}/>'
    )


def _text(mark: Mark, place: Place, box: Any) -> str:
    style = mark.style
    x, y = float(mark.x[0]), float(mark.y[0])
    if style.get("transform") is None:
        (x, y) = (float(v) for v in place(x, y))
    else:  # shares of the axes' width and height
        x, y = box[0] + x * (box[2] - box[0]), box[3] - y * (box[3] - box[1])
    size = style.get("fontsize") or 11
    size = 1.3 * (size if isinstance(size, int | float) else 10)
    lines = str(style["words"]).count("\n")
    lower = {"center": 0.35 - 0.6 * lines, "top": 0.85, "bottom": -0.2 - 1.2 * lines}
    y += size * lower.get(style.get("va", ""), -1.2 * lines)
    anchor = {"center": "middle", "right": "end"}.get(style.get("ha", ""), "start")
    return text(x, y, style["words"], anchor, size, f'fill="{mark.get_color()}"')


def _picture(mark: Mark, place: Place, box: Any) -> str:
    numbers = mark.style["numbers"]
    low = mark.style.get("vmin", np.nanmin(numbers))
    high = mark.style.get("vmax", np.nanmax(numbers))
    rows, columns = numbers.shape[:2]
    (left, right), (bottom, top) = mark.x, mark.y
    x, _ = place(np.linspace(left, right, columns + 1), 1)
    _, y = place(1, np.linspace(top, bottom, rows + 1))
    shares = np.clip((numbers - low) / max(high - low, 1e-300), 0, 1)
    parts = []
    for i in range(rows):
        for j in range(columns):
            wide, high_ = abs(x[j + 1] - x[j]), abs(y[i + 1] - y[i])
            at = min(x[j], x[j + 1]), min(y[i], y[i + 1])
            parts.append(
                f'<rect x="{at[0]:.1f}" y="{at[1]:.1f}" width="{wide + 0.3:.1f}" '
                f'height="{high_ + 0.3:.1f}" fill="{_heat(shares[i, j])}"/>'
            )
    return "".join(parts)


def _heat(share: Any) -> str:
    at = np.linspace(0, 1, len(VIRIDIS))
    parts = (np.interp(share, at, part) for part in zip(*VIRIDIS, strict=True))
    return f"rgb({','.join(str(round(float(part))) for part in parts)})"


DRAW = {"line": _line, "points": _points, "area": _area, "arrow": _arrow}
DRAW |= {"across": _across, "upright": _upright, "span": _span, "text": _text}
DRAW |= {"picture": _picture}
ORDER = {"picture": 0, "span": 1, "area": 1, "across": 2, "upright": 2, "line": 2}
ORDER |= {"points": 2, "arrow": 3, "text": 3}
