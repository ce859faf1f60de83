"""The small matplotlib of the browser: what it draws stands where it should."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.helpers.arrays import assert_close
from tools.publish.browser.drawing.matplotlib import pyplot as plt

FRAME = re.compile(r"M([\d.]+) ([\d.]+)V([\d.]+)H([\d.]+)")


@pytest.fixture
def axes():
    _, ax = plt.subplots()
    yield ax
    plt.close("all")


def paths(ax, colour):
    """The points of the lines of one colour."""
    root = ElementTree.fromstring(ax.figure.svg())
    return [
        np.array(re.findall(r"[ML]([-\d.]+) ([-\d.]+)", p.get("d")), float)
        for p in root.iter("{http://www.w3.org/2000/svg}path")
        if p.get("stroke") == colour
    ]


def frame(ax):
    found = FRAME.search(ax.figure.svg())
    left, top, bottom, right = map(float, found.groups())
    return left, right, top, bottom


def test_a_line_joins_the_corners_of_its_limits(axes):
    axes.set(xlim=(0, 2), ylim=(-1, 1))
    axes.plot([0, 1, 2], [-1, 0, 1], color="red")
    left, right, top, bottom = frame(axes)
    (line,) = paths(axes, "red")
    middle = [(left + right) / 2, (top + bottom) / 2]
    wanted = np.array([[left, bottom], middle, [right, top]])
    assert_close(line, wanted, within=0.1)  # tenths are written


def test_decades_have_one_length_on_a_logarithmic_axis(axes):
    axes.loglog([1, 10, 100], [1e-3, 1, 1e3], color="red")
    (line,) = paths(axes, "red")
    assert_close(line[1], line.mean(0), within=0.1)


def test_a_logarithmic_axis_has_ticks_at_the_powers_of_its_base(axes):
    axes.plot([1, 16], [1, 16])
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set(xlim=(1, 16), ylim=(1, 16))
    words = re.findall(r">([\d.]+)</tspan>", axes.figure.svg())
    assert words == ["1", "2", "4", "8", "16", "1", "10"]  # across, then up


def test_a_gap_is_left_where_there_is_no_number(axes):
    axes.plot([0, 1, 2, 3], [0, np.nan, 1, 1], color="red")
    (line,) = paths(axes, "red")
    assert len(line) == 3
    drawn = re.search(
        r'd="([^"]*)" fill="none" stroke="red"', axes.figure.svg()
    )
    assert re.findall("[ML]", drawn[1]) == ["M", "M", "L"]


def test_a_cell_without_a_number_has_no_colour(axes):
    axes.imshow([[0.0, np.nan], [1.0, 0.5]])
    assert axes.figure.svg().count('fill="rgb(') == 3


@pytest.mark.filterwarnings("error")
def test_a_picture_without_a_number_has_no_colours(axes):
    axes.imshow(np.full((2, 2), np.nan), vmin=0, vmax=1)
    assert axes.figure.svg().count('fill="rgb(') == 0


def test_an_outline_of_counts_rises_and_falls_with_the_bins(axes):
    _, _, (made,) = axes.hist([0.1, 0.2, 1.5], [0, 1, 2], histtype="step")
    assert made.x.tolist() == [0, 0, 1, 1, 2, 2]
    assert made.y.tolist() == [0, 2, 2, 1, 1, 0]


def test_lines_take_the_course_s_colours_in_turn(axes):
    made = axes.plot([0, 1], [[0, 1], [1, 0]])
    assert [m.get_color() for m in made] == ["#0072B2", "#D55E00"]


def test_a_colour_of_one_s_own_keeps_the_turn_s_dashes(axes):
    first, second = axes.plot([0, 1], [[0, 1], [1, 0]], color="red")
    assert (first.style["ls"], second.style["ls"]) == ("-", "--")
    (bare,) = axes.plot([0, 1], "o")
    assert bare.style["ls"] == "none"


def test_a_picture_has_its_first_row_on_top_unless_it_is_told_lower():
    for origin, first in [("upper", 0), ("lower", 1)]:
        _, ax = plt.subplots()
        ax.imshow([[0.0, 0.0], [1.0, 1.0]], origin=origin)
        root = ElementTree.fromstring(ax.figure.svg())
        boxes = root.findall(".//{http://www.w3.org/2000/svg}rect")
        top = min(boxes, key=lambda box: float(box.get("y")))
        dark = top.get("fill") == "rgb(68,1,84)"
        assert dark == (first == 0)
    plt.close("all")


def test_words_are_words(axes):
    axes.plot([0, 1], label='<script>"&')
    axes.set_title("<b>")
    axes.figure.legend()
    root = ElementTree.fromstring(axes.figure.svg())
    assert not [e for e in root.iter() if e.tag.endswith(("script", "}b"))]
    assert '<script>"&' in "".join(root.itertext())


@pytest.mark.parametrize("name", ["pie", "boxplot", "quiver", "twinx"])
def test_what_is_lacking_says_what_there_is_and_where_the_rest_is(name):
    for asked in (plt, plt.gca(), plt.gcf()):
        with pytest.raises(AttributeError, match=f"^{name}: ") as refused:
            getattr(asked, name)
        assert "small drawing library" in str(refused.value)
        assert "make lab" in str(refused.value)
    plt.close("all")


def test_pyplot_draws_in_the_axes_in_use():
    _, (left, right) = plt.subplots(1, 2)
    plt.plot([1, 2])
    plt.sca(left)
    plt.title("Left")
    assert (len(left.marks), len(right.marks)) == (0, 1)
    assert (left.title, right.title) == ("Left", "")
    plt.close("all")
    assert plt.gca() is not right  # a closed figure is not drawn in
    plt.close("all")
    plt.figure(figsize=(4, 4))
    plt.subplot(2, 1, 2).plot([1])
    assert [len(ax.marks) for ax in plt.gcf().axes] == [0, 1]
    plt.close("all")


def test_a_legend_stays_with_its_axes():
    figure, (left, right) = plt.subplots(1, 2)
    for ax, name in (left, "one"), (right, "two"):
        ax.plot([0, 1], label=name)
        ax.legend()
    root = ElementTree.fromstring(figure.svg())
    at = {
        "".join(e.itertext()): float(e.get("x"))
        for e in root.iter("{http://www.w3.org/2000/svg}text")
    }
    assert at["one"] < figure.width / 2 < at["two"]
    plt.close("all")


def test_no_axis_has_a_minus_0(axes):
    axes.plot([-0.02, 1], [-1, 1])
    assert "-0<" not in axes.figure.svg()
    assert {">0.0<", ">0.00<"} & set(
        re.findall(">0[.0]*<", axes.figure.svg())
    )


def test_a_figure_is_saved_as_svg_and_as_nothing_else(axes, tmp_path):
    axes.plot([0, 1])
    axes.figure.savefig(tmp_path / "a.svg")
    assert (
        ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    )
    with pytest.raises(ValueError, match=r"expected .*\.svg, got png"):
        axes.figure.savefig(str(tmp_path / "a.png"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_an_unknown_map_of_colours_is_refused_with_those_there_are(axes):
    axes.imshow([[0.0, 1.0]], cmap="jet")
    with pytest.raises(
        ValueError, match=r"expected one of viridis, .*'jet'"
    ):
        axes.figure.svg()


def test_one_s_own_colours_are_refused_if_they_are_too_few(axes):
    with pytest.raises(ValueError, match="expected 3 colours, got 2"):
        axes.scatter([1, 2, 3], [1, 2, 3], c=[0.1, 0.2])


def test_a_grid_of_axes_has_matplotlib_s_shapes():
    assert plt.subplots(2, 3)[1].shape == (2, 3)
    assert plt.subplots(1, 3)[1].shape == (3,)
    assert plt.subplots(3, 1)[1].shape == (3,)
    plt.close("all")
