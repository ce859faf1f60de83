"""Drawings that follow the reader's theme: on a dark page their ink is light.

A drawing holds a second style, which counts where the <img> around it has the
colour scheme "dark". Black, white and greys change places, pale tints become
deep ones, and the colours that mean something stay as they are, as do pictures
within a drawing. One whose shades of grey are numbers keeps its light card; a
slider's pictures, which are no drawings, are turned by course.css.
"""

import base64
import colorsys
import io
import re

import numpy as np
from PIL import Image

PAGE = "#14181e"  # behind the text of a dark page, as in course.css
INK = 0.92  # lightness of what was black
COLOUR = re.compile(r"(?:fill|stroke): (#[0-9a-f]{6})")
GREY = 0.12  # chroma below which a colour is one
GREYS = 9  # of a drawing; more are a scale
PALE = 0.8  # lightness of a tint, which has dark letters upon it
INSIDE = re.compile(r'<image\b[^>]*"data:image/png;base64,([^"]+)"')
SCHEME = "(prefers-color-scheme: dark)"


def has_dark_colours(svg: str) -> bool:
    """Whether a drawing of matplotlib's can be shown on a dark page."""
    greys = {colour for colour in COLOUR.findall(svg) if _measure_chroma(colour) < GREY}
    if any(_is_light_grey(base64.b64decode(png)) for png in INSIDE.findall(svg)):
        return False
    return 0 < len(greys) <= GREYS


def darken_drawing(svg: str) -> str:
    """The drawing with its colours on a dark page."""
    if not has_dark_colours(svg):
        return svg
    rules = [f"svg{{fill:{darken_colour('#000000')}}}"]  # which matplotlib leaves out
    for colour in sorted(set(COLOUR.findall(svg))):
        if (other := darken_colour(colour)) != colour:
            rules += [
                f'[style*="{what}: {colour}"]{{{what}:{other}!important}}'
                for what in ("fill", "stroke")
            ]
    style = f'<style media="{SCHEME}">{"".join(rules)}</style>'
    before, end, after = svg.rpartition("</svg>")
    return f"{before}{style}{end}{after}"


def darken_colour(colour: str) -> str:
    """What a colour of a light drawing is in a dark one."""
    if colour == "#ffffff":
        return PAGE
    hue, light, saturation = colorsys.rgb_to_hls(*_split_colour(colour))
    if _measure_chroma(colour) >= GREY and light <= PALE:
        return colour
    paper = colorsys.rgb_to_hls(*_split_colour(PAGE))[1]
    now = colorsys.hls_to_rgb(hue, INK + (paper - INK) * light, min(saturation, 0.5))
    return "#" + "".join(f"{round(255 * part):02x}" for part in now)


def _is_light_grey(png: bytes) -> bool:
    """Whether a picture would be a white hole in a dark page."""
    with Image.open(io.BytesIO(png)) as picture:
        colours = np.asarray(picture.convert("RGB"), dtype=float) / 255
    chroma = colours.max(axis=-1) - colours.min(axis=-1)
    return bool(chroma.mean() < GREY and colours.mean() > 0.5)


def _split_colour(colour: str) -> list[float]:
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def _measure_chroma(colour: str) -> float:
    return max(_split_colour(colour)) - min(_split_colour(colour))
