"""Draws a wide figure once more, for the column of a telephone.

An extension of IPython: a page's kernel loads it, and each SVG that a cell
gives then holds, in its metadata, a second drawing if the first is wide. That
one has its panels below one another, its legend above them, and letters of
the same size. tools/site/outputs/narrow.py shows it where it is needed.
"""

import base64
import itertools
import pickle
import re
import warnings
from collections.abc import Callable
from typing import Any

WIDTH = 3.6  # inches; a telephone's column
FITS = 4.5  # inches that such a column shows with legible letters
SMALLEST = 7.5  # points that a letter has
SIDE = 0.7  # inches left of a panel, for ticks and a label
WORDS = re.compile(r"(?:\$[^$]*\$|\S)+")  # a formula is one word


def load_ipython_extension(shell: Any) -> None:
    """Have each figure drawn for both widths."""
    from IPython.core import pylabtools

    pylabtools.print_figure = draw_for_both(pylabtools.print_figure)


def draw_for_both(print_figure: Callable[..., Any]) -> Callable[..., Any]:
    """`print_figure`, whose SVG holds the narrow drawing as well."""

    def print_both(fig: Any, fmt: str = "png", *args: Any, **how: Any) -> Any:
        wide = print_figure(fig, fmt, *args, **how)
        if fmt != "svg" or not wide or fig.get_figwidth() <= FITS:
            return wide
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # of a layout
            try:
                other = print_figure(narrow_figure(copy_figure(fig)), fmt, *args, **how)
            except (UserWarning, pickle.PicklingError) as error:
                kind, left = "not-narrow", str(error)  # the site's step prints it
            else:
                kind, left = "narrow", other
        held = f'<metadata id="{kind}">{base64.b64encode(left.encode()).decode()}'
        before, end, after = wide.rpartition("</svg>")
        return f"{before}{held}</metadata>{end}{after}"

    return print_both


def narrow_figure(made: Any) -> Any:
    """The figure, now as wide as a telephone's column."""
    made.draw_without_rendering()
    for ax in made.axes:
        keep_integers(ax.xaxis)
    rows = rows_of(made)
    panels = [panel for row in rows for panel in row]
    sizes = [measure_size(panel[0]) for panel in panels]
    smaller = WIDTH / made.get_figwidth()
    made.set_figwidth(WIDTH)
    if panels and all(is_bare(panel[0]) for panel in panels):  # frames of a film
        heights = [height * smaller for _, height in sizes]
    else:
        heights = [
            compute_narrow_height(panel[0], *sizes[k]) for k, panel in enumerate(panels)
        ]
        if max(map(len, rows), default=0) > 1:
            rows = stack(made, rows, heights)
            made.set_figheight(made.get_figheight() * len(rows))  # room to begin with
    lift_legends(made, sizes)
    fit_texts(made, max(map(len, rows), default=1))
    fit_ylabels([panel[0] for panel in panels], heights)
    wanted = sum(max(heights[panels.index(panel)] for panel in row) for row in rows)
    for _ in range(2 * bool(rows)):  # the panels keep their height
        made.draw_without_rendering()
        for panel in panels:
            fit_ticks(panel[0])
            part_texts(panel[0])
        made.draw_without_rendering()
        now = sum(
            max(measure_size(panel[0], room=True)[1] for panel in row) for row in rows
        )
        made.set_figheight(made.get_figheight() + wanted - now)
    return made


def copy_figure(fig: Any) -> Any:
    """A figure like this one, which pyplot does not know.

    Raises PicklingError if it holds a function without a name.
    """
    manager, fig.canvas.manager = fig.canvas.manager, None
    try:
        return pickle.loads(pickle.dumps(fig))
    except AttributeError as error:
        raise pickle.PicklingError(str(error)) from error
    finally:
        fig.canvas.manager = manager


def keep_integers(axis: Any) -> None:
    """Let ticks that are integers stay so where fewer fit, as for frames."""
    from matplotlib.ticker import AutoLocator

    locator = axis.get_major_locator()
    if isinstance(locator, AutoLocator) and not (axis.get_majorticklocs() % 1).any():
        locator.set_params(integer=True)


def rows_of(fig: Any) -> list[list[list[Any]]]:
    """The panels in rows; a panel is a list of axes, for twins share a place."""
    places: dict[tuple[float, ...], list[Any]] = {}
    for ax in fig.axes:
        if (spec := ax.get_subplotspec()) is not None:
            left, bottom, _, top = spec.get_position(fig).extents.round(3)
            places.setdefault((-top, left, bottom), []).append(ax)
    rows = itertools.groupby(sorted(places), key=lambda place: place[0])
    return [[places[place] for place in row] for _, row in rows]


def measure_size(ax: Any, *, room: bool = False) -> tuple[float, float]:
    """Width and height in inches of the drawn panel, or of the room that it has."""
    place, fig = ax.get_position(original=room), ax.figure
    return place.width * fig.get_figwidth(), place.height * fig.get_figheight()


def compute_narrow_height(ax: Any, width: float, height: float) -> float:
    """The height that a panel of this size has in the narrow drawing."""
    if ax.get_aspect() == "auto":
        return height
    return height * min(1, (WIDTH - SIDE) / width)


def is_bare(ax: Any) -> bool:
    """Whether the panel is a picture without ticks."""
    ticks = [] if not ax.axison else [*ax.get_xticks(), *ax.get_yticks()]
    return bool(ax.images) and not len(ticks)


def stack(fig: Any, rows: list[Any], heights: list[float]) -> list[Any]:
    """Put the panels below one another; of four or more in a row, two abreast."""
    across = 2 if max(map(len, rows)) > 3 else 1
    label_again(rows)
    panels = [panel for row in rows for panel in row]
    lines = [panels[k : k + across] for k in range(0, len(panels), across)]
    ratios = [max(heights[panels.index(panel)] for panel in line) for line in lines]
    if engine := fig.get_layout_engine():
        engine.set(h_pad=0.08)
    grid = fig.add_gridspec(len(lines), across, height_ratios=ratios)
    for k, panel in enumerate(panels):
        for ax in panel:
            ax.set_subplotspec(grid[k // across, k % across])
            for bar in ax._colorbars:  # a whole row is too long
                place = bar.get_position()
                thin = min(place.width, place.height)
                bar._set_position([place.x0, place.y0, thin, thin])
    return lines


def label_again(rows: list[Any]) -> None:
    """Return the space that a panel left to its neighbour."""
    for row in rows:
        first = row[0][0]
        for panel in row[1:]:
            ax = panel[0]
            if ax.get_shared_y_axes().joined(ax, first):
                ax.yaxis.set_tick_params(labelleft=True)
                ax.set_ylabel(ax.get_ylabel() or first.get_ylabel())
    for above in rows[:-1]:
        for panel in above if max(map(len, rows)) > 1 else []:
            ax = panel[0]
            for last in rows[-1]:
                if ax.get_shared_x_axes().joined(ax, last[0]):
                    ax.xaxis.set_tick_params(labelbottom=True)
                    ax.set_xlabel(ax.get_xlabel() or last[0].get_xlabel())
                    break


def lift_legends(fig: Any, sizes: list[Any]) -> None:
    """Move texts next to the panels, or too large for them, above them."""
    found = list(fig.legends)
    inside = [ax for ax in fig.axes if ax.get_legend() is not None]
    if len(inside) == 1 and sizes and sizes[0][0] > WIDTH:
        found.append(inside[0].get_legend())
    for legend in found:
        labels = [text.get_text() for text in legend.get_texts()]
        handles = handles_of(legend, labels, fig)
        title, ncols = legend.get_title().get_text(), legend._ncols
        legend.remove()
        for columns in range(min(ncols, len(labels)) or 1, 0, -1):
            made = fig.legend(
                handles,
                labels,
                ncols=columns,
                title=title or None,
                loc=f"outside {'lower' if fig._suptitle else 'upper'} center",
            )
            if made.get_window_extent().width <= WIDTH * fig.dpi or columns == 1:
                break
            made.remove()


def handles_of(legend: Any, labels: list[str], fig: Any) -> list[Any]:
    """What a legend's entries stand for."""
    whole: dict[str, Any] = {}
    for ax in fig.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            whole.setdefault(label, handle)
    return [
        whole[label] if isinstance(whole.get(label), tuple) else handle
        for handle, label in zip(legend.legend_handles, labels, strict=True)
    ]


def fit_texts(fig: Any, across: int) -> None:
    """Break titles and labels that are wider than their place."""
    whole = [fig._suptitle, fig._supxlabel, *fig.texts]
    own = [
        text
        for ax in fig.axes
        for text in (ax.title, ax._left_title, ax._right_title, ax.xaxis.label)
    ]
    for text in [*filter(None, whole), *own]:
        room = (WIDTH - SIDE) / across if text in own else WIDTH - 0.1
        break_line(text, room * fig.dpi)


def break_line(text: Any, room: float, *, up: bool = False) -> None:
    """Break a text between words until it fits, where it can."""

    def fits() -> bool:
        box = text.get_window_extent()
        return (box.height if up else box.width) <= room

    words = WORDS.findall(text.get_text())
    if fits():
        return
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        text.set_text(longer)
        if lines and fits():
            lines[-1] = longer
        else:
            lines.append(word)
    text.set_text("\n".join(lines))


def fit_ylabels(axes: list[Any], heights: list[float]) -> None:
    """Break the labels left of panels; low pictures have theirs above."""
    labels = [ax.yaxis.label for ax in axes]
    rooms = [height * axes[0].figure.dpi for height in heights]
    high = [
        label.get_window_extent().height > room
        for label, room in zip(labels, rooms, strict=True)
    ]
    above = any(high) and all(map(is_bare, axes))
    for ax, label, room in zip(axes, labels, rooms, strict=True):
        if above and label.get_text():
            ax.set_title(label.get_text(), loc="left")
            label.set_text("")
        break_line(label, room, up=True)


def fit_ticks(ax: Any) -> None:
    """Break or turn a horizontal axis' labels that touch; upright ones shrink."""
    labels = [label for label in ax.get_xticklabels() if label.get_text()]
    names = [label.get_text() for label in ax.get_xticklabels()]
    if any(label.get_rotation() for label in labels):
        at = [label.get_window_extent().intervalx.mean() for label in labels]
        apart = min(abs(a - b) for a, b in itertools.pairwise(at)) * 72 / ax.figure.dpi
        if labels[0].get_rotation() == 90 and apart < labels[0].get_fontsize():
            ax.tick_params("x", labelsize=max(apart, SMALLEST))
        return
    if not touch(labels):
        return
    if any(" " in name.strip() for name in names):
        ax.set_xticks(ax.get_xticks(), ["\n".join(WORDS.findall(n)) for n in names])
        if not touch([label for label in ax.get_xticklabels() if label.get_text()]):
            return
        ax.set_xticks(ax.get_xticks(), names)
    ax.tick_params("x", rotation=45, labelrotation_mode="xtick")


def touch(labels: list[Any]) -> bool:
    """Whether some line of a label meets the same line of the next one."""

    def lines(label: Any) -> list[tuple[float, float]]:
        whole = label.get_text()
        ends = []
        for line in whole.split("\n"):
            label.set_text(line)
            left, right = label.get_window_extent().intervalx
            ends.append((left, right))
        label.set_text(whole)
        return ends

    found = sorted(map(lines, labels), key=lambda ends: ends[0][0])
    return any(
        one[1] + 6 > other[0]
        for a, b in itertools.pairwise(found)
        for one, other in zip(a, b, strict=False)
    )


def part_texts(ax: Any) -> None:
    """Lower a text inside a panel that stands upon the one before it."""
    from matplotlib.text import Text  # a page that draws nothing needs none
    from matplotlib.transforms import ScaledTranslation

    boxes: list[Any] = []
    for text in ax.texts:
        if not text.get_text():  # an arrow alone
            continue
        box = Text.get_window_extent(text)
        if type(text) is Text and any(box.overlaps(other) for other in boxes):
            down = ScaledTranslation(
                0, -box.height / ax.figure.dpi, ax.figure.dpi_scale_trans
            )
            text.set_transform(text.get_transform() + down)
            box = Text.get_window_extent(text)
        boxes.append(box)
