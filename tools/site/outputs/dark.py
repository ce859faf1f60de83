"""Drawings that follow the reader's theme: on a dark page their ink is light.

A drawing holds a second style, which counts where the <img> around it has the
colour scheme "dark". Black, white and greys change places, pale tints become
deep ones, and the colours that mean something stay as they are. A pale picture
within a drawing is turned as course.css turns a slider's, and its scale with it;
films and dark pictures stay.
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
FILLED = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')  # in a live figure's still
OWN = re.compile(r"<style>(.*?)</style>", re.DOTALL)  # that of such a still
GREY = 0.12  # chroma below which a colour is one
PALE = 0.8  # lightness of a tint, which has dark letters upon it
INSIDE = re.compile(r'<image\b[^>]*"data:image/png;base64,([^"]+)"')
TURN = "image.turned{filter:invert(0.92) hue-rotate(180deg)}"  # as in course.css
SCHEME = "(prefers-color-scheme: dark)"


def has_dark_colours(svg: str) -> bool:
    """Whether a drawing of matplotlib's can be shown on a dark page."""
    return any(_measure_chroma(colour) < GREY for colour in COLOUR.findall(svg))


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
    for own in OWN.findall(svg):
        rules.append(COLOUR.sub(lambda m: m[0][:-7] + darken_colour(m[1]), own))
    for what, colour in sorted(set(FILLED.findall(svg))):
        rules.append(f'[{what}="{colour}"]{{{what}:{darken_colour(colour)}}}')
    pictures = [_measure_picture(png) for png in INSIDE.findall(svg)]
    if any(light > 0.5 and chroma < GREY for light, chroma in pictures):
        rules.append(TURN)
        svg = INSIDE.sub(_mark_turned, svg)
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


def _mark_turned(image: re.Match[str]) -> str:
    """A picture in a drawing, marked unless it is a film."""
    light, chroma = _measure_picture(image[1])
    film = chroma < GREY and light <= 0.5
    return image[0] if film else image[0].replace("<image", '<image class="turned"', 1)


def _measure_picture(png: str) -> tuple[float, float]:
    """Mean lightness and chroma of a picture on white paper."""
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
    colours = np.asarray(paper.convert("RGB"), dtype=float) / 255
    chroma = colours.max(axis=-1) - colours.min(axis=-1)
    return float(colours.mean()), float(chroma.mean())


def _split_colour(colour: str) -> list[float]:
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def _measure_chroma(colour: str) -> float:
    return max(_split_colour(colour)) - min(_split_colour(colour))
