"""Draws how cells are wired: book/wires/*.svg, from what is computed as well.

    python -m tools.wiring

A cell is a list of nodes in the order in which they are computed. From it
`evaluate` computes a step and `draw` draws it, so that a picture cannot say
what is not computed.
"""

import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib import pyplot as plt

from rnncore.backend import Array
from rnncore.display import GATE_COLORS, GREY, use_style
from rnncore.lstm import sigmoid
from rnncore.rnn import Params, State
from tools import ROOT
from tools.site.postprocess import shorter

FOLDER = ROOT / "book" / "wires"
Point = tuple[float, float]

INK, PAPER, SHADE = "#111111", "#ffffff", "#e9e9e9"
FADED = "#cccccc"  # what a picture of one gate leaves in the background
FREE = "#ffe9a8"  # behind a lane that meets no weights and no squashing
SYMBOLS, FUNCTIONS = 13, 12  # sizes of letters, in points
X_LANE, H_LANE, BOXES, SQUASH = 0.4, 1.1, 2.15, 3.2  # heights
FOOT = 0.24  # how far from a box's middle each of its two inputs enters
ALL = "W_x", "b_x", "W_h", "b_h"


class Wire(NamedTuple):
    """Where a number comes from, and round which corners."""

    start: str
    corners: tuple[Point, ...] = ()
    foot: float = 0.0  # how far beside the node's middle it arrives


class Node(NamedTuple):
    """One operation; its name is the name of what it computes.

    Its kind is "given", "weights", "times", "plus", "less" (1 minus what
    it reads), "sigmoid" or "tanh".
    """

    name: str
    kind: str
    at: Point
    reads: tuple[Wire, ...] = ()
    label: Point | None = None  # where the name is written, if it is
    gate: str = ""  # whose colour it has
    weights: tuple[str, ...] = ()  # which fields of `Params`
    block: int = 0  # and which gate's part of them


class Wiring(NamedTuple):
    """A cell's nodes, and the lane of its memory through them."""

    name: str
    nodes: tuple[Node, ...]
    lane: tuple[str, ...]  # from the memory before the step to that after
    ends: tuple[tuple[Wire, Point], ...]  # what leaves, and where
    top: float
    lit: tuple[str, ...] = ()  # the nodes in the foreground; without any, all

    @property
    def figsize(self) -> Point:
        """Width and height in inches of a figure that holds it."""
        return 5.3, 5.3 * (self.top + 0.6) / 10.4


def _box(name: str, column: float, block: int, lane: tuple[Point, ...] = ()) -> Node:
    """All weights of one gate: they read x_t and h_{t-1}."""
    corners = (1.0, X_LANE), (column + FOOT, X_LANE)
    reads = (
        Wire("h_before", (*lane, (column - FOOT, H_LANE)), -FOOT),
        Wire("x", corners, FOOT),
    )
    at = (column, BOXES)
    return Node(name, "weights", at, reads, weights=ALL, block=block)


RNN = Wiring(
    "the plain cell",
    (
        Node("h_before", "given", (0.0, 2.6), label=(0.5, 3.05)),
        Node("x", "given", (4.7, -0.35), label=(5.15, 0.1)),
        Node("W_h", "weights", (2.6, 2.6), (Wire("h_before"),), weights=("W_h",)),
        Node("W_x", "weights", (4.7, 1.2), (Wire("x"),), weights=("W_x",)),
        Node("b", "weights", (4.7, 4.0), weights=("b_x", "b_h")),
        Node(
            "a", "plus", (4.7, 2.6), (Wire("W_h"), Wire("W_x"), Wire("b")), (5.8, 3.05)
        ),
        Node("h", "tanh", (7.2, 2.6), (Wire("a"),), (9.6, 3.05)),
    ),
    ("h_before", "W_h", "a", "h"),
    ((Wire("h"), (10.0, 2.6)),),
    5.6,
)

LSTM = Wiring(
    "the LSTM",
    (
        Node("c_before", "given", (0.0, 6.5), label=(0.5, 7.15)),
        Node("h_before", "given", (0.0, H_LANE), label=(0.5, 1.5)),
        Node("x", "given", (1.0, -0.35), label=(0.6, -0.1)),
        _box("W^f", 1.9, block=1),
        _box("W^i", 3.8, block=0),
        _box("W^g", 5.6, block=2),
        _box("W^o", 8.3, block=3),
        Node("f", "sigmoid", (1.9, SQUASH), (Wire("W^f"),), (1.5, 4.9), "forget"),
        Node("i", "sigmoid", (3.8, SQUASH), (Wire("W^i"),), (3.45, 4.2), "input"),
        Node("g", "tanh", (5.6, SQUASH), (Wire("W^g"),), (6.0, 4.2), "candidate"),
        Node("o", "sigmoid", (8.3, SQUASH), (Wire("W^o"),), (8.7, 3.9), "output"),
        Node("f c", "times", (1.9, 6.5), (Wire("f"), Wire("c_before"))),
        Node(
            "i g",
            "times",
            (4.7, 5.0),
            (Wire("i", ((3.8, 5.0),)), Wire("g", ((5.6, 5.0),))),
        ),
        Node("c", "plus", (4.7, 6.5), (Wire("f c"), Wire("i g")), (9.6, 7.15)),
        Node("tanh c", "tanh", (7.0, 5.55), (Wire("c", ((7.0, 6.5),)),)),
        Node(
            "h",
            "times",
            (8.3, 4.7),
            (Wire("o"), Wire("tanh c", ((7.0, 4.7),))),
            (9.75, 1.5),
        ),
    ),
    ("c_before", "f c", "c"),
    (
        (Wire("c"), (10.0, 6.5)),
        (Wire("h", ((9.3, 4.7), (9.3, H_LANE))), (10.0, H_LANE)),
    ),
    8.4,
)

_DOWN = (0.5, 7.6), (0.5, H_LANE)  # h_{t-1} from the lane to the weights

GRU = Wiring(
    "the GRU",
    (
        Node("h_before", "given", (0.0, 7.6), label=(0.5, 8.25)),
        Node("x", "given", (1.0, -0.35), label=(0.6, -0.1)),
        _box("W_z", 2.1, 1, _DOWN),
        _box("W_r", 4.0, 0, _DOWN),
        Node(
            "W_{hn}",
            "weights",
            (5.9, BOXES),
            (Wire("h_before", (*_DOWN, (5.9, H_LANE))),),
            weights=("W_h", "b_h"),
            block=2,
        ),
        Node(
            "W_{xn}",
            "weights",
            (8.1, BOXES),
            (Wire("x", ((1.0, X_LANE), (8.1, X_LANE))),),
            weights=("W_x", "b_x"),
            block=2,
        ),
        Node("z", "sigmoid", (2.1, SQUASH), (Wire("W_z"),), (1.7, 4.9), "forget"),
        Node("r", "sigmoid", (4.0, SQUASH), (Wire("W_r"),), (4.8, 4.45), "input"),
        Node("r a", "times", (5.9, 4.05), (Wire("r", ((4.0, 4.05),)), Wire("W_{hn}"))),
        Node("a", "plus", (8.1, 4.05), (Wire("W_{xn}"), Wire("r a"))),
        Node("n", "tanh", (8.1, 5.1), (Wire("a"),), (8.5, 5.78), "candidate"),
        Node("1 - z", "less", (5.0, 6.5), (Wire("z", ((2.1, 6.5),)),)),
        Node("z h", "times", (2.1, 7.6), (Wire("z"), Wire("h_before"))),
        Node("new", "times", (8.1, 6.5), (Wire("1 - z"), Wire("n"))),
        Node("h", "plus", (8.1, 7.6), (Wire("z h"), Wire("new")), (9.6, 8.25)),
    ),
    ("h_before", "z h", "h"),
    ((Wire("h"), (10.0, 7.6)),),
    9.5,
)

CELLS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}  # by the picture's name

_READ = "h_before", "x"
GATES = {  # the LSTM again, one gate at a time
    f"lstm-{gate}": LSTM._replace(lit=(*_READ, *lit), top=7.7)
    for gate, lit in {
        "forget": ("W^f", "f", "c_before", "f c", "c"),
        "input": ("W^i", "i", "W^g", "g", "i g", "c"),
        "output": ("W^o", "o", "c", "tanh c", "h"),
    }.items()
}

OPERATIONS: dict[str, Callable[..., Array]] = {
    "times": np.multiply,
    "plus": lambda *parts: sum(parts),
    "less": lambda a: 1 - a,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
}
MATRICES = {"x": "W_x", "h_before": "W_h"}  # by what they multiply


def evaluate(
    wiring: Wiring, params: Params, x: Array, state: State
) -> dict[str, Array]:
    """What each node of a wiring computes in one step, by its name.

    x has shape (B, D); each part of the state and each value (B, H).
    """
    H = params.W_h.shape[1]
    memory = zip(("h_before", "c_before"), state, strict=False)
    values = {"x": x, **dict(memory)}
    for node in wiring.nodes:
        read = [values[wire.start] for wire in node.reads]
        if node.kind == "weights":
            rows = slice(node.block * H, (node.block + 1) * H)
            use = {w: getattr(params, w)[rows] for w in node.weights}
            terms = [
                values[wire.start] @ use.pop(MATRICES[wire.start]).T
                for wire in node.reads
            ]
            values[node.name] = sum([*terms, *use.values()])
        elif node.kind != "given":
            values[node.name] = OPERATIONS[node.kind](*read)
    return values


def way_back(wiring: Wiring) -> list[tuple[str, str]]:
    """What multiplies a gradient on its way back along the lane.

    A factor is ("times", a gate), ("weights", their name) or ("slope", a
    function); a sum passes a gradient on as it is.
    """
    nodes = {node.name: node for node in wiring.nodes}
    factors = []
    for before, name in pairwise(wiring.lane):
        node = nodes[name]
        if node.kind == "times":
            starts = {wire.start for wire in node.reads}
            (gate,) = starts - {before}
            factors.append(("times", gate))
        elif node.kind == "weights":
            factors.append(("weights", name))
        elif node.kind != "plus":
            factors.append(("slope", node.kind))
    return factors[::-1]


def is_free(wiring: Wiring) -> bool:
    """Whether the lane meets no weights and no squashing function."""
    return all(kind == "times" for kind, _ in way_back(wiring))


def _letters(name: str) -> str:
    """A name as the equations write it."""
    if name.endswith("_before"):
        return f"${name[0]}_{{t-1}}$"
    fixed = name.startswith("W") or name == "b"
    return f"${name}$" if fixed else f"${name}_t$"


# ----------------------------------------------------------------- drawn


def main() -> None:
    """Draw all cells."""
    for name, wiring in (CELLS | GATES).items():
        (FOLDER / f"{name}.svg").write_text(svg(wiring), "utf8")


def svg(wiring: Wiring) -> str:
    """A wiring as a picture in the style of the pages' figures."""
    file = io.StringIO()
    with matplotlib.rc_context():
        use_style()
        fig, ax = plt.subplots(figsize=wiring.figsize)
        draw(ax, wiring)
        fig.savefig(file, format="svg", bbox_inches="tight")
        plt.close(fig)
    return " ".join(shorter(file.getvalue()).split()) + "\n"


HALF = {  # of each shape's width and height
    "weights": (0.54, 0.35),
    "times": (0.42, 0.42),
    "plus": (0.34, 0.34),
    "less": (0.42, 0.42),
    "sigmoid": (0.58, 0.33),
    "tanh": (0.64, 0.33),
    "given": (0.0, 0.0),
}
ARROW = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0}
SIGNS = {"times": "×", "plus": "+", "less": "1−", "sigmoid": "σ"}


def draw(ax: Any, wiring: Wiring) -> None:
    """Draw a wiring on axes of a figure of `wiring.figsize`.

    Boxes are weights, diamonds multiply, circles add, and what has round
    ends squashes.
    """
    ax.set(xlim=(-0.2, 10.2), ylim=(-0.6, wiring.top), aspect="equal")
    ax.axis("off")
    _draw_lane(ax, wiring)
    for route in routes(wiring):
        _draw_route(ax, route)
    for x, y in () if wiring.lit else _forks(wiring):
        ax.plot(x, y, "o", color=INK, markersize=5, zorder=4)
    for node in wiring.nodes:
        faded = bool(wiring.lit) and node.name not in wiring.lit
        color = FADED if faded else GATE_COLORS.get(node.gate, INK)
        if node.kind != "given":
            _draw_shape(ax, node, color)
        if node.label:
            ink = FADED if faded else INK
            _write(ax, *node.label, _letters(node.name), SYMBOLS, ink)


class Route(NamedTuple):
    """A wire as it is drawn, up to the edge of the shape where it ends."""

    start: str
    end: str  # "" where it leaves the cell
    points: list[Point]
    color: str


def routes(wiring: Wiring) -> list[Route]:
    """All wires of a drawing, level or upright between their points."""
    nodes = {node.name: node for node in wiring.nodes}
    found = [
        (wire, node.at, node.name, HALF[node.kind])
        for node in wiring.nodes
        for wire in node.reads
    ]
    found += [(wire, at, "", (0.0, 0.0)) for wire, at in wiring.ends]
    drawn = []
    for wire, (x, y), end, half in found:
        start, x = nodes[wire.start], x + wire.foot
        points = [start.at, *wire.corners]
        a, b = points[-1]
        points.append((x - half[0] * np.sign(x - a), y - half[1] * np.sign(y - b)))
        color = GATE_COLORS.get(start.gate, INK)
        if wiring.lit and not {start.name, end or start.name} <= {*wiring.lit}:
            color = FADED
        drawn.append(Route(start.name, end, points, color))
    return drawn


def _forks(wiring: Wiring) -> set[Point]:
    """Where a wire leaves another that starts at the same node."""
    every = routes(wiring)
    return {
        point
        for one in every
        for other in every
        for point in one.points[1:-1]
        if one.start == other.start and _on(point, other.points)
    }


def _on(point: Point, path: list[Point]) -> bool:
    """Whether a path passes straight through a point."""
    x, y = point
    return any(
        (a == x == c and min(b, d) < y < max(b, d))
        or (b == y == d and min(a, c) < x < max(a, c))
        for (a, b), (c, d) in pairwise(path)
    )


def _draw_lane(ax: Any, wiring: Wiring) -> None:
    """The way of a gradient back, above the lane, and what it meets."""
    free, above = is_free(wiring), wiring.top - 0.75
    if free:
        y = next(n.at[1] for n in wiring.nodes if n.name == wiring.lane[0])
        sides = {"facecolor": FREE, "lw": 0, "zorder": 0}
        ax.fill_between([0, 10], y - 0.3, y + 0.3, **sides)
    if wiring.lit:
        return
    line = ARROW | {"lw": 1.4, "color": GREY, "ls": "--"}
    ax.annotate("", (0, above), (10, above), arrowprops=line)
    told = ", ".join(
        f"× slope of {name}" if kind == "slope" else f"× {_letters(name)}"
        for kind, name in way_back(wiring)
    )
    more = ", nothing else" if free else ""
    words = f"gradient, back along the lane: {told}{more}"
    _write(ax, 5, above + 0.38, words, FUNCTIONS)


def _draw_route(ax: Any, route: Route) -> None:
    across, up = zip(*route.points, strict=True)
    over = route.start == "x"  # with a gap in what it crosses
    level = (1.7 if route.color == FADED else 2) + 0.2 * over
    if over:
        ax.plot(across, up, "-", color=PAPER, lw=6, zorder=level - 0.1)
    ax.plot(across, up, "-", color=route.color, lw=1.8, zorder=level)
    (a, b), (x, y) = route.points[-2:]
    near = x - 0.3 * np.sign(x - a), y - 0.3 * np.sign(y - b)
    line = ARROW | {"lw": 1.8, "color": route.color}
    ax.annotate("", (x, y), near, arrowprops=line, zorder=3)


def _outline(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """A shape's half heights along its width, about its middle."""
    width, height = HALF[kind]
    x = width * np.cos(np.linspace(np.pi, 0, 61))
    if kind == "weights":
        return x, np.full(x.shape, height)
    if kind == "times":
        return x, height * (1 - np.abs(x) / width)
    if kind in ("plus", "less"):
        return x, height * np.sqrt(1 - (x / width) ** 2)
    past = np.maximum(np.abs(x) - (width - height), 0)  # the round ends
    return x, np.sqrt(np.maximum(height**2 - past**2, 0))


def _draw_shape(ax: Any, node: Node, color: str) -> None:
    (x, y), (across, up) = node.at, _outline(node.kind)
    ink = FADED if color == FADED else INK
    ax.fill_between(
        x + across,
        y - up,
        y + up,
        facecolor=SHADE if node.kind == "weights" else PAPER,
        edgecolor=color,
        lw=2 if node.gate else 1.4,
        zorder=5,
    )
    if node.kind == "weights":
        _write(ax, x, y, _letters(node.name), FUNCTIONS, ink)
    else:
        _write(ax, x, y, SIGNS.get(node.kind, node.kind), FUNCTIONS, ink)


def _write(
    ax: Any, x: float, y: float, words: str, size: float, color: str = INK
) -> None:
    at = {"ha": "center", "va": "center", "zorder": 6}
    ax.text(x, y, words, fontsize=size, color=color, **at)


if __name__ == "__main__":
    main()
