"""A cell's drawing says what the cell computes, and can be read."""

import re
from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnncore.bptt import rnn_cell_vjp
from rnncore.display import use_style
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import init_params, rnn_cell
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close
from tools import wiring
from tools.wiring import GRU, LSTM, RNN

pytestmark = pytest.mark.slow

matplotlib.use("agg")

BOOK = ROOT / "book"
B, D, H = 3, 5, 4
CELLS = {  # wiring, cell, its vjp, number of gates, parts of the state
    "rnn": (RNN, rnn_cell, rnn_cell_vjp, 1, 1),
    "lstm": (LSTM, lstm_cell, lstm_cell_vjp, 4, 2),
    "gru": (GRU, gru_cell, gru_cell_vjp, 3, 1),
}
PAGES = {"rnn": "ch02_cell", "lstm": "ch06_lstm", "gru": "ch07_gru"}
each_cell = pytest.mark.parametrize("name", CELLS)


def computed(name, seed=0):
    """All values of the drawn step, and those of the package's cell."""
    drawn, cell, _, G, parts = CELLS[name]
    rng = np.random.default_rng(seed)
    params = init_params(rng, D, H, G)
    x = rng.normal(size=(B, D))
    state = tuple(rng.normal(size=(parts, B, H)))
    a_x = x @ params.W_x.T + params.b_x
    a_h = state[0] @ params.W_h.T + params.b_h
    values = wiring.evaluate(drawn, params, x, state)
    return values, cell(a_x, a_h, state)


@each_cell
@pytest.mark.parametrize("seed", range(3))
def test_what_is_drawn_is_what_the_cell_computes(name, seed):
    values, (state, _) = computed(name, seed)
    for part, expected in zip("hc", state, strict=False):
        assert_close(values[part], expected, name=part)


def test_each_gate_is_the_one_that_bears_its_name():
    values, (_, (i, f, g, o, _, _)) = computed("lstm")
    expected = {"i": i, "f": f, "g": g, "o": o}
    assert_close({k: values[k] for k in expected}, expected)
    values, (_, (r, z, n, _, _)) = computed("gru")
    expected = {"r": r, "z": z, "n": n}
    assert_close({k: values[k] for k in expected}, expected)


@each_cell
def test_a_gradient_meets_on_the_lane_what_the_drawing_says(name):
    drawn, _, vjp, _, parts = CELLS[name]
    values, (_, cache) = computed(name)
    part = {"h": 0, "c": 1}[drawn.lane[-1]]
    d_state = [np.zeros((B, H)) for _ in range(parts)]
    d_state[part] = np.random.default_rng(1).normal(size=(B, H))
    d_a_x, _, d_before = vjp(tuple(d_state), cache)
    factors = wiring.way_back(drawn)
    if name == "rnn":  # all of it goes through the slope and the weights
        assert factors == [("slope", "tanh"), ("weights", "W_h")]
        assert not wiring.is_free(drawn)
        assert_close(d_before[0], 0.0)
        slope = 1 - values["h"] ** 2
        assert_close(d_a_x, d_state[0] * slope)
        return
    ((kind, gate),) = factors
    assert kind == "times"
    assert wiring.is_free(drawn)
    assert_close(d_before[part], d_state[part] * values[gate])


def test_a_lane_with_a_squashing_function_is_not_free():
    nodes = tuple(
        node._replace(kind="tanh") if node.name == "c" else node
        for node in LSTM.nodes
    )
    squashed = LSTM._replace(nodes=nodes)
    assert wiring.is_free(LSTM)
    assert not wiring.is_free(squashed)
    assert ("slope", "tanh") in wiring.way_back(squashed)


@each_cell
def test_the_page_shows_its_cell_with_words_and_names_it(name):
    text = (BOOK / f"{PAGES[name]}.md").read_text()
    label = f"fig-wires-{name}"
    begin = f"```{{figure}} wires/{name}.svg\n:name: {label}\n:alt: Wiring"
    assert begin in text
    assert f"{{numref}}`{label}`" in text


@pytest.mark.parametrize("name", wiring.CELLS | wiring.GATES)
def test_the_picture_is_what_would_be_drawn_now(name):
    kept = (wiring.FOLDER / f"{name}.svg").read_text()
    assert kept == wiring.svg((wiring.CELLS | wiring.GATES)[name])


@pytest.mark.parametrize("name", wiring.GATES)
def test_a_picture_of_one_gate_fades_the_others(name):
    drawn = wiring.GATES[name]
    assert set(drawn.lit) <= {node.name for node in LSTM.nodes}
    gates = {
        n.gate: n.name for n in LSTM.nodes if n.gate in wiring.GATE_COLORS
    }
    (mine,) = [gates[g] for g in gates if f"lstm-{g}" == name]
    colors = {
        route.start: route.color
        for route in wiring.routes(drawn)
        if route.start in gates.values()
    }
    assert colors[mine] != wiring.FADED
    others = set(colors) - set(drawn.lit)
    assert others
    assert {colors[one] for one in others} == {wiring.FADED}


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_gates_have_the_colours_of_the_live_machine(name):
    source = (BOOK / "_static" / "live" / "machine.mjs").read_text()
    rows = re.search(rf"  {name}: \[\n(.*?)\n  \],", source, re.DOTALL)[1]
    colours = dict(re.findall(r'\["(\w)", "[^"]*", "(\w+)"', rows))
    gates = {n.name: n.gate for n in CELLS[name][0].nodes if n.gate}
    assert len(gates) == {"lstm": 4, "gru": 3}[name]
    assert gates == {gate: colours[gate] for gate in gates}


# ------------------------------------------------------ is it readable?


@pytest.fixture
def figure(name):
    """A drawn cell: its wiring, its axes, and its texts' boxes."""
    drawn = CELLS[name][0]
    with matplotlib.rc_context():
        use_style()
        fig, ax = plt.subplots(figsize=drawn.figsize)
        wiring.draw(ax, drawn)
        fig.canvas.draw()
        back = ax.transData.inverted()
        boxes = [
            (text.get_text(), back.transform(text.get_window_extent()))
            for text in ax.texts
            if text.get_text()
        ]
        yield drawn, ax, boxes
    plt.close(fig)


def shape_boxes(drawn):
    for node in drawn.nodes:
        if node.kind != "given":
            half = np.array(wiring.HALF[node.kind])
            yield node, np.array([node.at - half, node.at + half])


def overlap(a, b, room=0.0):
    return bool(np.all(a[0] < b[1] + room) and np.all(b[0] < a[1] + room))


def lines(drawn):
    """Every straight piece of every wire, as a box without a width."""
    for route in wiring.routes(drawn):
        for ends in pairwise(route.points):
            ends = np.array(ends)
            yield route, np.array([ends.min(axis=0), ends.max(axis=0)])


@each_cell
def test_wires_are_level_or_upright(name):
    for _, box in lines(CELLS[name][0]):
        assert (np.diff(box, axis=0) == 0).any()
        assert np.diff(box, axis=0).max() > 0.2


@each_cell
def test_no_wire_crosses_a_text(figure):
    drawn, _, boxes = figure
    inside = [box for _, box in shape_boxes(drawn)]
    labels = [
        (words, box)
        for words, box in boxes
        if not any(overlap(box, shape) for shape in inside)
    ]
    assert len(labels) == 1 + sum(n.label is not None for n in drawn.nodes)
    for words, box in labels:
        for route, piece in lines(drawn):
            assert not overlap(box, piece, 0.02), (words, route)


@each_cell
def test_no_two_texts_and_no_two_shapes_overlap(figure):
    drawn, _, boxes = figure
    shapes = [(node.name, box) for node, box in shape_boxes(drawn)]
    for group in boxes, shapes:
        for k, (one, box) in enumerate(group):
            for other, another in group[:k]:
                assert not overlap(box, another, 0.05), (one, other)


@each_cell
def test_a_shapes_text_stays_inside_and_the_rest_inside_the_figure(figure):
    drawn, ax, boxes = figure
    for node, shape in shape_boxes(drawn):
        own = [box for _, box in boxes if overlap(box, shape)]
        assert len(own) == 1, node.name
        assert np.all(own[0][0] > shape[0]), node.name
        assert np.all(own[0][1] < shape[1]), node.name
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for words, box in boxes:
        assert np.all(box[0] > [left, bottom]), words
        assert np.all(box[1] < [right, top]), words


@each_cell
def test_a_wire_meets_no_shape_but_its_own_ends(name):
    drawn = CELLS[name][0]
    for route, piece in lines(drawn):
        for node, shape in shape_boxes(drawn):
            if node.name not in (route.start, route.end):
                assert not overlap(piece, shape), (route, node.name)


@each_cell
def test_wires_that_do_not_belong_together_share_no_stretch(name):
    pieces = list(lines(CELLS[name][0]))
    for one, a in pieces:
        for other, b in pieces:
            if one.start == other.start:
                continue
            common = np.minimum(a[1], b[1]) - np.maximum(a[0], b[0])
            along = common.min() >= 0 and common.max() > 0.01
            assert not along, (one, other)


@each_cell
def test_only_the_input_crosses_other_wires(name):
    """Its crossings have a gap; any other would look like a fork."""
    pieces = list(lines(CELLS[name][0]))
    for one, a in pieces:
        for other, b in pieces:
            if "x" in (one.start, other.start) or one.start == other.start:
                continue
            assert not np.all((a[0] <= b[1]) & (b[0] <= a[1])), (one, other)


@each_cell
def test_letters_are_large_enough_on_a_page_and_on_a_telephone(figure):
    drawn, ax, _ = figure
    points = 72 * drawn.figsize[0]
    for text in ax.texts:
        if text.get_text():
            assert text.get_fontsize() >= 9
            assert text.get_fontsize() * min(1, 480 / points) >= 9
            assert text.get_fontsize() * 240 / points >= 7  # 320 pixels


@each_cell
def test_kinds_of_nodes_have_shapes_of_their_own(name):
    kinds = {n.kind for n in CELLS[name][0].nodes} - {"given"}
    group = {"sigmoid": "squash", "tanh": "squash", "less": "plus"}
    seen = {}
    for kind in kinds:
        x, y = wiring._outline(kind)
        width, height = wiring.HALF[kind]
        form = np.interp([0.2, 0.5, 0.8], x / width, y / height)
        seen.setdefault(group.get(kind, kind), []).append(form)
    forms = [forms[0] for forms in seen.values()]
    for k, form in enumerate(forms):
        for other in forms[:k]:
            assert np.abs(form - other).max() > 0.1
