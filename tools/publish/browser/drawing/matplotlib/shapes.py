"""How each kind of mark becomes SVG, once its place in the figure is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .colours import mapped, shares
from .marks import Mark, text

Place = Callable[[Any, Any], tuple[np.ndarray, np.ndarray]]


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


def _band(mark: Mark, place: Place, box: Any) -> str:
    a, b = place(1, mark.y)[1]
    return (
        f'<path d="M{box[0]:.1f} {a:.1f}H{box[2]:.1f}V{b:.1f}H{box[0]:.1f}z" '
        f"{mark.fill()}/>"
    )


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


def rgb(parts: Any) -> str:
    """A colour given as shares of red, green and blue."""
    return f"rgb({','.join(str(round(255 * float(part))) for part in parts[:3])})"


def _picture(mark: Mark, place: Place, box: Any) -> str:
    numbers = mark.style["numbers"]
    if np.isnan(numbers).all():
        return ""
    rows, columns = numbers.shape[:2]
    (left, right), (bottom, top) = mark.x, mark.y
    x, _ = place(np.linspace(left, right, columns + 1), 1)
    _, y = place(1, np.linspace(top, bottom, rows + 1))
    at, cmap = shares(numbers, *mark.ends()), mark.style.get("cmap")
    parts = []
    for i in range(rows):
        for j in range(columns):
            if np.isnan(numbers[i, j]).any():
                continue  # no value, no colour
            fill = rgb(numbers[i, j]) if numbers.ndim == 3 else mapped(at[i, j], cmap)
            wide, high_ = abs(x[j + 1] - x[j]), abs(y[i + 1] - y[i])
            corner = min(x[j], x[j + 1]), min(y[i], y[i + 1])
            parts.append(
                f'<rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{wide + 0.3:.1f}" '
                f'height="{high_ + 0.3:.1f}" fill="{fill}"/>'
            )
    return "".join(parts)


DRAW = {"line": _line, "points": _points, "area": _area, "arrow": _arrow}
DRAW |= {"across": _across, "upright": _upright, "span": _span, "text": _text}
DRAW |= {"picture": _picture, "band": _band}
ORDER = {
    "picture": 0,
    "span": 1,
    "band": 1,
    "area": 1,
    "across": 2,
    "upright": 2,
    "line": 2,
}
ORDER |= {"points": 2, "arrow": 3, "text": 3}
