"""Usual plots of learners, in the browser's drawing and in Matplotlib itself.

Limits, ticks, heights and colours are compared, in the course's style.
"""

import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as theirs
from matplotlib.colors import to_rgb

from rnncore.display import use_style
from tests.helpers.arrays import assert_close
from tools.publish.browser.drawing.matplotlib import pyplot as ours
from tools.publish.browser.drawing.matplotlib.marks import CYCLE

T = np.arange(50)
WAVE = np.sin(T / 5)
DRAWN = np.random.default_rng(0).normal(size=(200, 2))
GRID = np.arange(12.0).reshape(3, 4) ** 2
CELLS = ["RNN", "LSTM", "GRU"]
SCORES = [0.3, 0.8, 0.7]

PLOTS = {
    "one list": lambda p: p.plot([1, 4, 2]),
    "a curve": lambda p: p.plot(T, WAVE),
    "two curves": lambda p: (p.plot(T, WAVE), p.plot(T, WAVE / 2)),
    "columns": lambda p: p.plot(T, np.stack([WAVE, -WAVE, WAVE**2], 1)),
    "dashes": lambda p: p.plot(T, WAVE, "--"),
    "dashes and points": lambda p: p.plot([1, 2, 3], [3, 1, 2], "--o"),
    "red points": lambda p: p.plot([1, 2, 3], [3, 1, 2], "ro"),
    "named colour": lambda p: p.plot(T, WAVE, color="tab:orange"),
    "small numbers": lambda p: p.plot(T, 1e-3 * WAVE),
    "large numbers": lambda p: p.plot(T, 12_345 * WAVE),
    "far from nought": lambda p: p.plot(T, 1000 + WAVE),
    "a loss": lambda p: p.plot(np.exp(-T / 10) + 0.1, label="train"),
    "limits": lambda p: (p.plot(T, WAVE), p.xlim(0, 20), p.ylim(-2, 2)),
    "one limit": lambda p: (p.plot(T, WAVE), p.ylim(bottom=-3)),
    "ticks": lambda p: (p.plot(T, WAVE), p.xticks([0, 25, 50])),
    "names below": lambda p: p.plot(CELLS, SCORES, "o-"),
    "with a line across": lambda p: (p.plot(T, WAVE), p.axhline(2.0)),
    "an area": lambda p: p.fill_between(T, WAVE - 0.2, WAVE + 0.2),
    "a curve and its area": lambda p: (
        p.plot(T, WAVE),
        p.fill_between(T, WAVE - 0.2, WAVE + 0.2, alpha=0.3),
    ),
    "words far away": lambda p: (p.plot(T, WAVE), p.text(99, 9, "far")),
    "bars": lambda p: p.bar([1, 2, 3], SCORES),
    "bars with names": lambda p: p.bar(CELLS, SCORES),
    "bars in colours": lambda p: p.bar(
        CELLS, SCORES, color=["r", "g", "b"]
    ),
    "two rows of bars": lambda p: (
        p.bar(np.arange(3) - 0.2, SCORES, 0.4),
        p.bar(np.arange(3) + 0.2, SCORES[::-1], 0.4),
    ),
    "stacked bars": lambda p: (
        p.bar(CELLS, SCORES),
        p.bar(CELLS, SCORES, bottom=SCORES),
    ),
    "bars on their side": lambda p: p.barh(CELLS, SCORES),
    "bars below nought": lambda p: p.bar([0, 1, 2], [1, -2, 3]),
    "counts": lambda p: p.hist(DRAWN[:, 0]),
    "densities": lambda p: p.hist(DRAWN[:, 0], bins=30, density=True),
    "counts in a range": lambda p: p.hist(DRAWN[:, 0], 5, range=(0, 2)),
    "points": lambda p: p.scatter(*DRAWN.T),
    "points in a colour": lambda p: p.scatter(*DRAWN.T, color="k"),
    "points by number": lambda p: p.scatter(*DRAWN.T, c=DRAWN[:, 0]),
    "points by plasma": lambda p: p.scatter(
        *DRAWN.T, c=DRAWN[:, 1], cmap="plasma", vmin=-1, vmax=1
    ),
    "points by name": lambda p: p.scatter([0, 1], [1, 0], c=["r", "k"]),
    "a matrix": lambda p: p.imshow(GRID, aspect="auto"),
    "a matrix in greys": lambda p: p.imshow(
        GRID, cmap="gray", vmin=0, vmax=200, aspect="auto"
    ),
    "a mesh": lambda p: p.pcolormesh(GRID),
    "steps": lambda p: p.step(T, WAVE, "--", where="post"),
    "ranges": lambda p: p.errorbar([1, 2, 3], SCORES, 0.1, capsize=3),
}


@pytest.fixture
def drawn():
    """A function that draws a plot in both, and gives both axes."""
    with mpl.rc_context():
        use_style()

        def draw(plot):
            axes = []
            for library in (theirs, ours):
                library.figure(figsize=(7, 5))
                plot(library)
                axes.append(library.gca())
            return axes

        yield draw
        theirs.close("all")
        ours.close("all")


def rgb(colour):
    """Red, green and blue, from 0 to 1, of what SVG or Matplotlib writes."""
    if str(colour).startswith("rgb("):
        return np.array(re.findall(r"\d+", colour), float) / 255
    return np.array(to_rgb(colour))


def within(ticks, limits):
    low, high = sorted(limits)
    room = 1e-9 * (high - low)
    ticks = np.asarray(ticks, float)
    return ticks[(ticks >= low - room) & (ticks <= high + room)]


@pytest.mark.parametrize("name", PLOTS)
def test_limits_and_ticks_are_matplotlib_s(drawn, name):
    wanted, ax = drawn(PLOTS[name])
    for side in "xy":
        limits = getattr(wanted, f"get_{side}lim")()
        own = getattr(ax, f"get_{side}lim")()
        size = max(map(abs, limits))
        assert_close(np.array(own), np.array(limits), within=1e-9 * size)
        want = within(getattr(wanted, f"get_{side}ticks")(), limits)
        got = within(getattr(ax, f"get_{side}ticks")(), limits)
        assert got.shape == want.shape, (side, got, want)
        assert_close(got, want, within=1e-9 * size)


LINES = [*PLOTS][:17]


@pytest.mark.parametrize("name", LINES)
def test_lines_have_matplotlib_s_numbers_and_colours(drawn, name):
    wanted, ax = drawn(PLOTS[name])
    lines = [m for m in ax.marks if m.kind == "line"]
    for line, made in zip(wanted.lines, lines, strict=False):
        x, y = line.get_data(orig=False)
        assert_close(made.x, np.asarray(x, float), within=0)
        assert_close(made.y, np.asarray(y, float), within=0)
        assert_close(
            rgb(made.get_color()), rgb(line.get_color()), within=0.01
        )
        assert (made.style.get("marker") or "none").lower() == str(
            line.get_marker()
        ).lower()
    assert len(lines) == sum(
        len(line.get_xdata()) > 2 for line in wanted.lines
    )


BARS = [n for n in PLOTS if "bars" in n or n[:5] in ("count", "densi")]


@pytest.mark.parametrize("name", BARS)
def test_bars_have_matplotlib_s_places_heights_and_colours(drawn, name):
    wanted, ax = drawn(PLOTS[name])
    made = [m for m in ax.marks if m.kind == "area"]
    assert len(made) == len(wanted.patches)
    for bar, patch in zip(made, wanted.patches, strict=True):
        box = patch.get_bbox()
        corners = np.array(
            [bar.x.min(), bar.y.min(), bar.x.max(), bar.y.max()]
        )
        want = [box.xmin, box.ymin, box.xmax, box.ymax]
        assert_close(corners, np.array(want), within=1e-12)
        face = bar.style.get("face", bar.get_color())
        assert_close(rgb(face), rgb(patch.get_facecolor()), within=0.01)


POINTS = [n for n in PLOTS if n.startswith("points")]


@pytest.mark.parametrize("name", POINTS)
def test_points_have_matplotlib_s_places_and_colours(drawn, name):
    wanted, ax = drawn(PLOTS[name])
    (made,) = ax.marks
    wanted.figure.canvas.draw()  # numbers become colours
    (points,) = wanted.collections
    assert_close(
        np.stack([made.x, made.y], 1), np.asarray(points.get_offsets())
    )
    colours = points.get_facecolors()
    each = made.style.get("each") or [made.get_color()]
    assert len(each) == len(colours)
    for own, want in zip(each, colours, strict=True):
        assert_close(rgb(own), want[:3], within=0.03)  # of mixed colours


@pytest.mark.parametrize(
    "name", ["a matrix", "a matrix in greys", "a mesh"]
)
def test_cells_have_matplotlib_s_colours(drawn, name):
    wanted, ax = drawn(PLOTS[name])
    picture = (wanted.images or wanted.collections)[0]
    want = picture.cmap(picture.norm(GRID))[..., :3].reshape(-1, 3)
    fills = re.findall(r'<rect [^>]*fill="(rgb[^"]*)"', ax.figure.svg())
    got = np.array([rgb(fill) for fill in fills]).reshape(3, 4, 3)
    got = got[::-1] if name == "a mesh" else got  # drawn from the top
    assert_close(got.reshape(-1, 3), want, within=0.03)


def test_there_are_thirty_plots_and_the_course_s_colours():
    assert len(PLOTS) >= 30
    with mpl.rc_context():
        use_style()
        cycle = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    assert [c.lower() for c in CYCLE] == [
        (c if c.startswith("#") else f"#{c}").lower() for c in cycle
    ]
