"""Wide figures, drawn once more for a telephone."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from matplotlib import pyplot as plt

from rnncore.display import use_style
from tools.build import book
from tools.build.live.stills import serve_folder
from tools.build.offline.narrow import (
    WIDTH,
    copy_figure,
    draw_for_both,
    measure_size,
    narrow_figure,
    rows_of,
)
from tools.site import postprocess
from tools.site.outputs.narrow import HELD, KEPT_WIDE, add_narrow_drawing
from tools.site.outputs.sizes import size_of

HTML = book.BUILD / "html"
LETTERS = re.compile(r"scale\((0\.\d+) -0\.\d+\)")  # hundredths of points
LEAST = 8.8  # pixels of a letter on the screen


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def redrawn(fig):
    made = narrow_figure(copy_figure(fig))
    made.draw_without_rendering()
    return made


def columns(fig):
    return max(map(len, rows_of(fig)))


def test_panels_stand_below_one_another_in_reading_order_as_high_as_before():
    fig, axes = plt.subplots(2, 2, figsize=(7.6, 5))
    for k, ax in enumerate(axes.flat):
        ax.plot([k, 1], label="up")
        ax.plot([1, k], label="down")
        ax.set_title(f"panel {k}")
    lines, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(lines, labels, loc="outside upper center", ncols=2)
    fig.suptitle(
        "All four of them, in a line that a telephone has to break"
    )
    fig.draw_without_rendering()
    made = redrawn(fig)
    assert made.get_figwidth() == WIDTH
    panels = [panel for row in rows_of(made) for (panel,) in row]
    assert [p.get_title() for p in panels] == [
        f"panel {k}" for k in range(4)
    ]
    assert columns(made) == 1
    for before, after in zip(axes.flat, panels, strict=True):
        assert abs(measure_size(after)[1] - measure_size(before)[1]) < 0.1
    (legend,) = made.legends
    assert [t.get_text() for t in legend.get_texts()] == ["up", "down"]
    assert "\n" in made.get_suptitle()
    title = made._suptitle.get_window_extent()
    assert not title.overlaps(legend.get_window_extent())


def test_a_panel_has_again_what_its_neighbour_said_for_it():
    fig, axes = plt.subplots(1, 3, figsize=(7.6, 2.4), sharey=True)
    axes[0].set_ylabel("loss")
    assert not axes[1].yaxis.get_tick_params()["labelleft"]
    for ax in redrawn(fig).axes:
        assert ax.get_ylabel() == "loss"
        assert ax.yaxis.get_tick_params()["labelleft"]


def test_a_column_that_shared_its_labels_has_them_in_each_panel():
    fig, axes = plt.subplots(2, 2, figsize=(7.6, 5), sharex=True)
    for ax in axes[1]:
        ax.set_xlabel("step")
    for ax in redrawn(fig).axes:
        assert ax.get_xlabel() == "step"
        assert ax.xaxis.get_tick_params()["labelbottom"]


def test_a_picture_keeps_its_colorbar_beside_it():
    fig, axes = plt.subplots(1, 2, figsize=(7.6, 2.6))
    for ax in axes:
        fig.colorbar(ax.imshow(np.eye(5)), ax=ax)
    made = redrawn(fig)
    one, two, *bars = made.axes
    for ax, bar in zip((one, two), bars, strict=True):
        place, beside = ax.get_position(), bar.get_position()
        assert beside.x0 > place.x1
        assert abs(beside.y0 - place.y0) < 0.1
        assert abs(beside.y1 - place.y1) < 0.1
    assert one.get_position().y0 > two.get_position().y1


def test_a_wide_panel_keeps_its_height_and_its_legend_goes_above():
    fig, ax = plt.subplots(figsize=(7.4, 3))
    for k in range(4):
        ax.plot([k, 1], label=f"a curve with a long name, {k}")
    ax.errorbar([0, 1], [0, 1], 0.1, label="a range")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    fig.draw_without_rendering()
    made = redrawn(fig)
    assert abs(measure_size(made.axes[0])[1] - measure_size(ax)[1]) < 0.1
    assert made.axes[0].get_legend() is None
    (legend,) = made.legends
    box, top = legend.get_window_extent(), made.axes[0].get_window_extent()
    assert box.y0 > top.y1
    assert box.width <= made.bbox.width


def test_twins_stay_in_one_place():
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 3))
    for ax in axes:
        ax.twinx().plot([1, 2])
    made = redrawn(fig)
    assert [len(panel) for row in rows_of(made) for panel in row] == [2, 2]
    assert columns(made) == 1


def test_four_in_a_row_stand_two_abreast_and_frames_stay_where_they_were():
    fig, _ = plt.subplots(1, 4, figsize=(7.6, 2))
    assert [len(row) for row in rows_of(redrawn(fig))] == [2, 2]
    fig, axes = plt.subplots(2, 5, figsize=(7.6, 3))
    for ax in axes.flat:
        ax.imshow(np.eye(4))
        ax.set(xticks=[], yticks=[])
    assert columns(redrawn(fig)) == 5


def test_names_below_an_axis_do_not_touch():
    fig, ax = plt.subplots(figsize=(7.4, 3))
    ax.set_xticks(range(5), ["no mistake", "scaler", "overlap", "stopping",
                             "shuffled windows"])  # fmt: skip
    names = redrawn(fig).axes[0].get_xticklabels()
    boxes = [name.get_window_extent() for name in names]
    assert names[0].get_rotation() or all(
        a.x1 < b.x0 for a, b in pairwise(boxes)
    )


def test_ticks_that_are_integers_stay_so():
    fig, ax = plt.subplots(figsize=(7, 3))
    ax.plot(range(1, 17), range(16))
    ax.set_xlim(0.5, 16.5)
    assert not (redrawn(fig).axes[0].get_xticks() % 1).any()


def test_names_that_stand_upright_do_not_touch():
    fig, ax = plt.subplots(figsize=(7, 3))
    ax.set_xticks(range(22), ["thousand"] * 22, rotation=90)
    names = redrawn(fig).axes[0].get_xticklabels()
    at = [name.get_window_extent().intervalx.mean() for name in names]
    assert names[0].get_fontsize() <= np.diff(at).min() * 72 / fig.dpi + 0.2


def test_words_within_a_panel_do_not_stand_upon_one_another():
    fig, ax = plt.subplots(figsize=(7.4, 3))
    for x, word in enumerate(["training", "validation", "test", "later"]):
        ax.text(x / 5, 0.9, word)
    one, *others = redrawn(fig).axes[0].texts
    boxes = [text.get_window_extent() for text in (one, *others)]
    assert not any(a.overlaps(b) for a, b in pairwise(boxes))


def test_a_word_at_the_end_of_an_arrow_stays_there():
    fig, axes = plt.subplots(1, 3, figsize=(7.6, 2.3))
    for k in range(3):
        axes[0].annotate("", (4 + k, 2), (3, 1),
                         arrowprops={"arrowstyle": "->"})  # fmt: skip
        axes[0].text(4 + k, 2, "end", ha="center", va="center")
    axes[0].set(xlim=(0, 7), ylim=(0, 3))
    texts = redrawn(fig).axes[0].texts
    heights = {t.get_window_extent().y0 for t in texts if t.get_text()}
    assert np.ptp(list(heights)) < 1e-6


def printed(fig):
    from IPython.core.pylabtools import print_figure

    return draw_for_both(print_figure)(fig, "svg")


def test_the_size_of_letters_is_found_in_a_drawing():
    fig, ax = plt.subplots(figsize=(4, 3))
    ax.set_xlabel("step", fontsize=12)
    svg = postprocess.shorten_drawing(printed(fig))
    assert 'id="text_' in svg
    assert {100 * float(s) for s in LETTERS.findall(svg)} == {10, 12}


def test_a_figure_is_not_changed_by_its_second_drawing_nor_shown_again():
    fig, _ = plt.subplots(1, 2, figsize=(7.4, 3))
    before = fig.get_size_inches().tolist(), plt.get_fignums()
    assert len(HELD.findall(printed(fig))) == 1
    assert (fig.get_size_inches().tolist(), plt.get_fignums()) == before
    assert columns(fig) == 2


def test_one_that_is_narrow_or_cannot_be_copied_is_drawn_once():
    fig, ax = plt.subplots(figsize=(4, 3))
    assert not HELD.search(printed(fig))
    fig, ax = plt.subplots(figsize=(7, 3))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value}")
    assert not HELD.search(printed(fig))


def test_the_site_says_which_figure_could_not_be_drawn_and_why(
    tmp_path, capsys
):
    fig, ax = plt.subplots(figsize=(7, 3))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value}")
    (tmp_path / "a.svg").write_text(printed(fig), "utf8")
    picture = '<img alt="One" src="a.svg" />'
    assert (
        add_narrow_drawing(picture, tmp_path / "a.svg", "fig-a") == picture
    )
    said = capsys.readouterr().err
    assert said.startswith("fig-a: not drawn narrow: ")
    assert "lambda" in said


def test_the_page_has_both_drawings_one_text_and_two_sizes(tmp_path):
    fig, _ = plt.subplots(1, 2, figsize=(7.4, 3))
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.svg").write_text(printed(fig), "utf8")
    page = (
        '<figure id="fig-a"><img alt="Two" src="_images/a.svg" /></figure>'
    )
    done = BeautifulSoup(
        postprocess.move_media_to_files(page, "a.html", tmp_path),
        "html.parser",
    )
    source, picture = done.find("source"), done.find("img")
    assert done.find("picture").parent["href"] == "_images/a.svg"
    assert done.decode().count("Two") == 1
    assert source["media"].startswith("screen")
    assert int(source["width"]) < 380
    assert int(picture["width"]) > 700
    other = (tmp_path / source["srcset"]).read_text("utf8")
    assert other.startswith("<?xml")
    whole = (tmp_path / "_images" / "a.svg").read_text("utf8")
    assert not HELD.search(postprocess.shorten_drawing(whole))


def test_a_figure_that_is_kept_wide_is_on_a_page():
    pages = "".join(p.read_text("utf8") for p in book.BOOK.glob("*.md"))
    for name, reason in KEPT_WIDE.items():
        assert f"name: {name}\n" in pages
        assert len(reason) > 10


SCROLLING = """() => [...document.querySelectorAll("a.enlarge")]
  .filter((a) => a.checkVisibility() && !a.closest(".rnn-flipbook")
    && a.scrollWidth > a.clientWidth + 1)
  .map((a) => a.closest("figure")?.id ?? a.getAttribute("href"))"""
SHOWN = """() => [...document.querySelectorAll("a.enlarge img")]
  .filter((i) => i.checkVisibility() && !i.closest(".rnn-flipbook"))
  .map((i) => [i.closest("figure")?.id ?? "", i.currentSrc, i.width])"""


@pytest.mark.system
@pytest.mark.parametrize(
    "path", book.page_paths(), ids=lambda path: path.stem
)
def test_no_picture_scrolls_on_a_telephone_and_its_letters_are_legible(
    browser, path
):
    assert_fits(browser, HTML, path.stem)


def assert_fits(browser, folder: Path, name: str):
    """No static picture of a page scrolls at 342 pixels, all are legible."""
    with serve_folder(folder) as site:
        page = browser.new_page(viewport={"width": 342, "height": 700})
        assert page.goto(f"{site}{name}.html").ok
        page.evaluate("""() => {
          for (const one of document.querySelectorAll("details")) one.open = true;
          for (const one of document.images) one.loading = "eager";
        }""")
        page.wait_for_load_state("networkidle")
        scrolling = set(page.evaluate(SCROLLING))
        shown = page.evaluate(SHOWN)
        page.close()
    assert scrolling <= KEPT_WIDE.keys()
    small = {}
    for figure, source, width in shown:
        file = folder / "_images" / source.rpartition("/")[2]
        if file.suffix != ".svg" or figure in KEPT_WIDE:
            continue
        svg = file.read_text("utf8")
        across, _ = size_of(file)
        points = [100 * float(s) for s in LETTERS.findall(svg)]
        assert points or 'id="text_' not in svg, (
            f"{source}: no letters found"
        )
        pixels = min(points, default=99) * 96 / 72 * width / across
        if pixels < LEAST:
            small[figure or source] = round(pixels, 1)
    assert not small
