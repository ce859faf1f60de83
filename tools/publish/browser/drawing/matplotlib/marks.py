"""Marks: what is drawn in axes, and its colours, in the numbers' own units."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import numpy as np

from rnncore.display import CYCLE

DASH = {"-": "", "--": "7 4", "-.": "8 3 2 3", ":": "2 3", "none": "", "": ""}
LETTERS = {"k": "black", "w": "white", "r": "red", "g": "#008000", "b": "blue"}
LETTERS |= {"c": "#00bfbf", "m": "#bf00bf", "y": "#bfbf00"}
TABLEAU = {"blue": "#1f77b4", "orange": "#ff7f0e", "green": "#2ca02c"}
TABLEAU |= {"red": "#d62728", "purple": "#9467bd", "brown": "#8c564b"}
TABLEAU |= {"pink": "#e377c2", "gray": "#7f7f7f", "olive": "#bcbd22", "cyan": "#17becf"}
SIGNS = {"times": "×", "to": "→", "infty": "∞", "cdot": "·", "leq": "≤", "sqrt": "√"}
GREEK = ["alpha", "beta", "gamma", "delta", "epsilon", "theta", "lambda", "mu"]
GREEK += ["rho", "sigma", "tau", "phi", "omega", "partial", "pi", "eta"]
SIGNS |= dict(zip(GREEK, "αβγδεθλμρστφω∂πη", strict=True))


def colour(given: Any, otherwise: str = "black") -> str:
    """A colour as SVG writes it."""
    if given is None:
        return otherwise
    if isinstance(given, str):
        if re.fullmatch(r"C\d", given):
            return CYCLE[int(given[1]) % len(CYCLE)]
        if re.fullmatch(r"[01]?\.\d+|[01]", given):
            return f"rgb({','.join([str(round(255 * float(given)))] * 3)})"
        if given.startswith("tab:"):
            return TABLEAU.get(given[4:], "black")
        return LETTERS.get(given, given)
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
            shown = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", shown)
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
        self.counts = kind not in ("text", "arrow")  # for the limits
        self.stuck: dict[str, float] = {}  # edges without a margin beyond

    def ends(self) -> tuple[float, float]:
        """The numbers with the first and the last colour."""
        numbers = self.style["numbers"]
        known = numbers[np.isfinite(numbers)]
        ends = (known.min(), known.max()) if known.size else (0.0, 1.0)
        low, high = self.style.get("vmin"), self.style.get("vmax")
        low, high = ends[0] if low is None else low, ends[1] if high is None else high
        return float(low), float(high)

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
        each = self.style.get("each")  # a colour for each
        if sign in (None, "none", "", " "):
            return ""
        r, out = size / 2, []
        for k, (a, b) in enumerate(zip(x, y, strict=True)):
            if not np.isfinite(a + b):
                continue
            if each:
                self.style |= {"color": each[k % len(each)], "edge": "none"}
                self.style.pop("face", None)
            if sign in ("o", ".", ","):
                small = r / 2 if sign != "o" else r
                shape = f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{small:g}" '
            elif sign in ("x", "+", "_", "|"):
                level, upright = f"m{-r} 0h{2 * r}", f"m0 {-r}v{2 * r}"
                way = {"_": level, "|": upright}.get(sign, f"{level}m{-r} {-r}v{2 * r}")
                if sign == "x":
                    way = f"m{-r} {-r}l{2 * r} {2 * r}m0 {-2 * r}l{-2 * r} {2 * r}"
                out.append(
                    f'<path d="M{a:.1f} {b:.1f}{way}" fill="none" '
                    f'stroke="{self.get_color()}" stroke-width="{self.style["lw"]:g}" '
                    f'opacity="{self.style["alpha"]:g}"/>'
                )
                continue
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
