"""Drawings on a dark page."""

import io
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image, ImageStat

from rnncore.display import BLUE, GREEN, GREY, ORANGE, VERMILLION, use_style
from tests.helpers import ROOT
from tests.helpers.pages import PAGE
from tools.site import postprocess
from tools.site.outputs import dark

SPARSE = np.where(np.eye(12), 1, np.nan)  # nothing elsewhere


def drawn(draw):
    """What matplotlib writes of a figure, in the book's style."""
    with plt.rc_context():
        use_style()
        fig, ax = plt.subplots(figsize=(3, 2))
        draw(ax)
        file = io.StringIO()
        fig.savefig(file, format="svg")
        plt.close(fig)
    return postprocess.shorten_drawing(file.getvalue())


def curve(ax):
    ax.plot([1, 2, 3], color=BLUE)
    ax.text(1, 2, "in black", color="black")


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
        for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize(
    "ink",
    [
        "#000000",
        "#222222",
        "#444444",
        GREY,
        BLUE,
        GREEN,
        ORANGE,
        VERMILLION,
    ],
)
def test_ink_is_seen_on_the_dark_page(ink):
    other = luminance(dark.darken_colour(ink))
    assert (other + 0.05) / (luminance(dark.PAGE) + 0.05) >= 3


@pytest.mark.parametrize(
    "tint", ["#ffffff", "#e8f1f8", "#ffe9a8", "#dddddd"]
)
def test_letters_on_a_tint_stay_legible(tint):
    letters = luminance(dark.darken_colour("#222222"))
    below = luminance(dark.darken_colour(tint))
    assert (letters + 0.05) / (below + 0.05) >= 4.5


def test_colours_that_mean_something_stay():
    for colour in BLUE, GREEN, ORANGE, VERMILLION:
        assert dark.darken_colour(colour) == colour


def test_a_still_of_a_live_figure_is_dark_too():
    svg = (
        "<svg><style>.dot { fill: #1f2328; }</style>"
        '<rect fill="#ffffff"/><circle class="dot"/></svg>'
    )
    _, rules = dark.darken_drawing(svg).split("<style media")
    assert f'[fill="#ffffff"]{{fill:{dark.PAGE}}}' in rules
    assert f".dot {{ fill: {dark.darken_colour('#1f2328')}; }}" in rules


def test_a_scale_of_greys_is_turned_with_what_it_explains():
    def scale(ax):
        for k in range(20):
            ax.axhline(k, color=str(k / 20))

    svg = drawn(scale)
    assert dark.SCHEME in dark.darken_drawing(svg)


@pytest.mark.parametrize(
    ("shades", "values", "turned"),
    [
        ("viridis", [[0, 1], [1, 1]], 0),
        ("gray_r", [[0, 1], [1, 1]], 0),
        ("gray", [[0, 1], [1, 1]], 1),
        ("Blues", np.eye(12), 1),
        ("viridis_r", SPARSE, 1),
    ],
)
def test_ink_around_a_picture_follows_and_a_light_one_is_turned(
    shades, values, turned
):
    svg = drawn(lambda ax: ax.imshow(values, cmap=shades))
    dark_too = dark.darken_drawing(svg)
    assert dark.SCHEME in dark_too
    assert dark.INSIDE.findall(dark_too) == dark.INSIDE.findall(svg)
    assert dark_too.count('class="turned"') == turned


def test_a_film_beside_a_light_picture_stays_and_a_scale_is_turned():
    def both(ax):
        ax.imshow([[0, 0], [0, 1]], cmap="gray")
        fig = ax.figure
        low = fig.add_axes([0, 0, 0.5, 0.5])
        seen = low.imshow(SPARSE, cmap="viridis_r")
        fig.colorbar(seen)

    assert dark.darken_drawing(drawn(both)).count('class="turned"') == 2


def test_the_page_is_as_dark_as_the_stylesheet_says():
    css = (ROOT / "book" / "_static" / "course.css").read_text("utf8")
    found = re.search(r"--pst-color-background: (#\w{6})", css)
    assert found[1] == dark.PAGE


def test_a_page_says_which_drawings_follow_the_theme(tmp_path):
    (tmp_path / "_images").mkdir()
    for name, text in {"a": drawn(curve), "b": "<svg></svg>"}.items():
        (tmp_path / "_images" / f"{name}.svg").write_text(text, "utf8")
    page = (
        '<img alt="" src="_images/a.svg"><img alt="" src="_images/b.svg">'
    )
    done = postprocess.move_media_to_files(page, "a.html", tmp_path)
    first, second = re.findall(r"<img[^>]*>", done)
    assert "data-themed" in first
    assert "data-themed" not in second


def brightness(browser, site, theme, **window):
    """How light a drawing is in a window, from 0 to 255."""
    link = (
        '<figure><a class="enlarge" href="a.svg">'
        '<img data-themed alt="A curve" src="a.svg" width="288"></a></figure>'
    )
    answers = {
        "page.html": (PAGE.format(link, theme), "text/html"),
        "a.svg": (dark.darken_drawing(drawn(curve)), "image/svg+xml"),
    }

    def answer(route):
        body, kind = answers[route.request.url.rpartition("/")[2]]
        route.fulfill(body=body, content_type=kind)

    page = browser.new_page(**window)
    page.route(re.compile(r"/(page\.html|a\.svg)$"), answer)
    page.goto(f"{site}page.html")
    page.wait_for_load_state("networkidle")
    shot = Image.open(io.BytesIO(page.locator("img").screenshot()))
    page.close()
    return ImageStat.Stat(shot.convert("L")).mean[0]


@pytest.mark.system
@pytest.mark.parametrize("width", [400, 1000])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_a_drawing_is_as_dark_as_its_page(browser, site, width, system):
    window = {
        "viewport": {"width": width, "height": 700},
        "color_scheme": system,
    }
    assert brightness(browser, site, "light", **window) > 230
    assert brightness(browser, site, "dark", **window) < 50
