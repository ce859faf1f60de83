"""A wide figure's second drawing, shown on a telephone.

tools/build/offline/narrow.py draws it and leaves it in the first one's file.
A browser fetches one of the two; on paper it is the wide one.
"""

import base64
import re
import sys
from pathlib import Path

from tools.site.outputs.sizes import size_of

HELD = re.compile(r'<metadata id="narrow">([^<]*)</metadata>')
LEFT = re.compile(r'<metadata id="not-narrow">([^<]*)</metadata>')
FIGURE = re.compile(r'<figure\b[^>]* id="([\w-]+)"')
SCREEN = "screen and (max-width: 600px)"  # as in course.css

KEPT_WIDE = {  # figures that scroll on a telephone, and why
    "fig-counts": "a letter below each of many steps, which have no room",
    "fig-map": "twenty boxes with names, joined by arrows",
    "fig-bptt-forward": "a number on each of twenty edges, which have no room",
    "fig-lanes": "four windows of a text, which is read from left to right",
    "fig-ruler": "things to be remembered, whose names have no room",
    **dict.fromkeys(
        (
            "fig-wires-rnn",
            "fig-wires-lstm",
            "fig-wires-forget",
            "fig-wires-input",
            "fig-wires-output",
            "fig-wires-gru",
        ),
        "a wiring is read from left to right; a tap opens it alone",
    ),
}


def figure_of(picture: re.Match[str]) -> str:
    """The id of the figure in which a picture stands, or nothing."""
    before = picture.string[: picture.start()]
    opened = before.rfind("<figure")
    if opened < 0 or "</figure>" in before[opened:]:
        return ""
    named = FIGURE.match(before, opened)
    return named[1] if named else ""


def add_narrow_drawing(picture: str, path: Path, figure: str) -> str:
    """An <img>, with its file's narrow drawing, now a file as well, if it has one.

    Prints why there is none if the figure could not be drawn for a telephone.
    """
    svg = path.read_text("utf8") if path.suffix == ".svg" else ""
    if left := LEFT.search(svg):
        why = " ".join(base64.b64decode(left[1]).decode().split())
        print(f"{figure or path.name}: not drawn narrow: {why}", file=sys.stderr)
    held = HELD.search(svg)
    if held is None or figure in KEPT_WIDE:
        return picture
    other = path.with_name(f"{path.stem}-narrow.svg")
    other.write_bytes(base64.b64decode(held[1]))
    size = size_of(other)
    assert size is not None  # matplotlib says it
    source = re.sub(
        r'.* src="([^"]+)\.svg".*', r"\1-narrow.svg", picture, flags=re.DOTALL
    )
    return (
        f'<picture><source media="{SCREEN}" srcset="{source}" '
        f'width="{size[0]:.0f}" height="{size[1]:.0f}">{picture}</picture>'
    )
