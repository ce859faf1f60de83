"""The live figures as widgets: what Python works out, and what it refuses."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.figures import bundle, fields, names
from rnncore.gru import gru_cell
from rnncore.lstm import gates, lstm_cell, sigmoid
from rnncore.rnn import (
    Params,
    Readout,
    init_params,
    init_readout,
    readout,
    rnn_cell,
    unroll,
    zero_state,
)
from rnncore.widgets import fates, live, machine, unrolled
from tests.helpers.arrays import assert_close
from tests.helpers.live import STATIC, Figure, served

D, H = 3, 4
TEXT, ALPHABET = "abcabca", "abc"
CACHE = {"lstm": "ifgo", "gru": "rzn"}
LAYERS = {"lstm": (lstm_cell, 4, 2), "gru": (gru_cell, 3, 1)}


def one_unit(w, W_x=1.0, b_x=0.0, b_h=0.0):
    return Params(*map(np.asarray, ([[W_x]], [[w]], [b_x], [b_h])))


def run_of(cell, G, parts, rng):
    """A layer, and what the package's loop makes of the text."""
    params = init_params(rng, D, H, G)
    x = np.eye(D)[["abc".index(letter) for letter in TEXT]][:, None]
    return params, *unroll(cell, params, x, zero_state(params, 1, parts))


# The machine


@pytest.mark.parametrize("name", LAYERS)
def test_the_machine_has_the_numbers_of_the_loop(rng, name):
    cell, G, parts = LAYERS[name]
    params, y, last, tape = run_of(cell, G, parts, rng)
    weights = init_readout(rng, H, D)
    figure = machine(
        cell, params, TEXT, alphabet=ALPHABET, weights=weights, unit=2
    )
    steps = figure.given["steps"]
    assert figure.attributes["cell"] == name
    assert figure.attributes["unit"] == "2"
    assert_close([s["h"] for s in steps], y[:, 0])
    for k, gate in enumerate(CACHE[name]):
        expected = [cache[k][0] for cache in tape.caches]
        assert_close([s[gate] for s in steps], expected)
    if name == "lstm":
        assert_close(steps[-1]["c"], last[1][0])
        assert_close(steps[3]["before"], steps[2]["c"])
    else:
        assert_close(steps[3]["before"], steps[2]["h"])
    e = np.exp(readout(weights, y)[:, 0])
    assert_close(figure.given["next"], e / e.sum(1, keepdims=True))


def test_another_cell_gives_other_numbers(rng):
    def keeps(a_x, a_h, state):
        i, f, g, o = gates(a_x + a_h, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = state[1] + i * g
        return (o * np.tanh(c), c), (i, f, g, o)

    params = init_params(rng, D, H, 4)
    both = [
        machine(cell, params, TEXT, alphabet=ALPHABET).given["steps"]
        for cell in (lstm_cell, keeps)
    ]
    assert_close(both[0][0]["c"], both[1][0]["c"])  # nothing to forget yet
    assert both[0][1]["c"] != both[1][1]["c"]


def test_a_coupled_cell_has_an_input_gate_that_mirrors_the_other(rng):
    def coupled(a_x, a_h, state):
        f, g, o = gates(a_x + a_h, 3)
        f, g, o = sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * state[1] + (1 - f) * g
        return (o * np.tanh(c), c), (f, g, o)

    params = init_params(rng, D, H, 3)
    figure = machine(coupled, params, TEXT, alphabet=ALPHABET, gates="fgo")
    for step in figure.given["steps"]:
        assert_close(np.add(step["i"], step["f"]), np.ones(H))


def test_an_input_that_is_no_text_has_numbers_below_it(rng):
    params = init_params(rng, D, H, 3)
    x = rng.normal(size=(12, D))
    figure = machine(gru_cell, params, x)
    y, _, _ = unroll(gru_cell, params, x[:, None], zero_state(params, 1))
    assert_close([s["h"] for s in figure.given["steps"]], y[:, 0])
    assert figure.given["text"] == "123456789012"
    assert not figure.given["letters"]


def test_weights_of_torch_are_read_as_they_are(rng):
    params = init_params(rng, D, H, 4)
    moved = Params(*(torch.tensor(w, requires_grad=True) for w in params))
    ours, theirs = (
        machine(lstm_cell, p, TEXT, alphabet=ALPHABET).given["steps"]
        for p in (params, moved)
    )
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a["h"], b["h"])


def test_another_text_is_answered_by_the_same_cell(rng):
    params = init_params(rng, D, H, 4)
    figure = machine(lstm_cell, params, TEXT, alphabet=ALPHABET)
    figure.asked = {"text": "cc"}
    again = machine(lstm_cell, params, "cc", alphabet=ALPHABET)
    assert figure.given == again.given
    figure.asked = {"text": "cx"}
    assert figure.given["error"] == (
        "ValueError: text: 'x' is not in the alphabet"
    )
    figure.asked = {"text": "cc"}
    assert figure.given == again.given


def test_an_error_of_the_cell_is_told_in_the_figure(rng):
    asked = []

    def cell(a_x, a_h, state):
        if asked:
            raise ZeroDivisionError("no such step")
        return lstm_cell(a_x, a_h, state)

    params = init_params(rng, D, H, 4)
    figure = machine(cell, params, TEXT, alphabet=ALPHABET)
    asked.append(True)
    figure.asked = {"text": "cc"}
    assert figure.given["error"] == "ZeroDivisionError: no such step"
    assert figure.given["text"] == TEXT


def test_what_is_no_number_has_a_name_in_json(rng):
    params = init_params(rng, D, H, 4)
    params.b_x[0] = np.nan
    step = machine(lstm_cell, params, "a", alphabet="abc").given["steps"][0]
    assert step["i"][0] == "nan"
    assert isinstance(step["i"][1], float)


LSTM = init_params(np.random.default_rng(0), D, H, 4)
PLAIN = init_params(np.random.default_rng(0), D, H)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": 3}, ("cell: expected a function of (a_x, a_h, state), "
         "got int")),
        ({"params": {}}, ("params: expected W_x, W_h, b_x and b_h, "
         "got dict without W_x")),
        ({"params": PLAIN}, ("gates: expected i, f, g and o, without i f, g "
         "and o, or r, z and n, in the order of the cache, got ''")),
        ({"gates": "ifg"}, ("gates: expected i, f, g and o, without i f, g "
         "and o, or r, z and n, in the order of the cache, got 'ifg'")),
        ({"alphabet": "ab"}, "W_x: expected (G*H, 2), got (16, 3)"),
        ({"tokens": "abd"}, "text: 'd' is not in the alphabet"),
        ({"tokens": " "}, "tokens: expected a text, got ' '"),
        ({"tokens": "a" * 41}, "tokens: expected 1 to 40 steps, got 41"),
        ({"tokens": np.ones((5, 2))}, "tokens: expected (T, 3), got (5, 2)"),
        ({"tokens": "a😀"}, ("tokens: expected characters that JavaScript "
         "counts as one, got one beyond U+FFFF")),
        ({"unit": 5}, "unit: expected 1 to 4, got 5"),
        ({"weights": Readout(np.ones((2, H)), np.ones(2))},
         "W_y: expected (3, 4), got (2, 4)"),
        ({"cell": lambda a_x, a_h, state: a_x},
         "cell: expected ((h, ...), cache), got ndarray"),
        ({"cell": lambda a_x, a_h, state: (state, a_x)},
         ("the cell's cache: expected a tuple whose entry 0 is the gate i, "
         "got ndarray")),
        ({"cell": lambda a_x, a_h, state: (state, (a_x,))},
         "the cell's cache[0], gate i: expected (1, 4), got (1, 16)"),
        ({"cell": lambda a_x, a_h, state: (state[:1], ())},
         "cell: expected a state (h, c), got 1 array(s)"),
    ],
)  # fmt: skip
def test_what_no_machine_can_show_is_told(change, message):
    given = {"cell": lstm_cell, "params": LSTM, "tokens": TEXT}
    given = given | {"alphabet": ALPHABET} | change
    with pytest.raises((ValueError, TypeError)) as told:
        machine(**given)
    assert str(told.value) == message


# The unrolled graph


def test_the_graph_has_the_numbers_of_bptt():
    params = one_unit(-0.7, W_x=2.0, b_x=0.1, b_h=-0.3)
    x, target = np.array([0.3, -0.2, 0.5]), np.array([0.5, 0.1, -0.4])
    figure = unrolled(rnn_cell, rnn_cell_vjp, params, x, target, 0.25)
    run = figure.given["run"]
    state = (np.array([[0.25]]),)
    y, last, tape = unroll(rnn_cell, params, x.reshape(3, 1, 1), state)
    d_y = y - target.reshape(3, 1, 1)
    nothing = (np.zeros_like(last[0]),)
    d_params, _, (d_h0,) = bptt(rnn_cell_vjp, params, tape, d_y, nothing)
    assert_close(run["h"], [0.25, *y.ravel()])
    assert_close(run["loss"], (d_y**2).sum() / 2)
    assert_close(run["d_w"], d_params.W_h[0, 0])
    assert_close(sum(run["d_x"]), d_params.b_x[0])
    assert_close(run["back"][1], d_h0[0, 0])
    assert_close(run["check"]["w"], run["d_w"], within=1e-8)
    for t in (1, 2, 3):
        assert_close(run["check"][f"x{t}"], run["d_a"][t], within=1e-8)


def residual_cell(a_x, a_h, state):
    r = np.tanh(a_x + a_h)
    return (state[0] + r,), r


def test_what_goes_past_the_weight_goes_back_too():
    def residual_cell_vjp(d_state, r):
        d_a = d_state[0] * (1 - r * r)
        return d_a, d_a, (d_state[0],)

    figure = unrolled(
        residual_cell, residual_cell_vjp, one_unit(0.6), [0.1, 0.2, 0.3],
        [1, 1, 1],
    )  # fmt: skip
    run = figure.given["run"]
    for t in (1, 2, 3):
        assert_close(run["past"][t], run["d_h"][t])
        assert_close(run["check"][f"x{t}"], run["d_x"][t], within=1e-8)
    assert_close(run["check"]["w"], run["d_w"], within=1e-8)


def test_a_wrong_vjp_differs_from_finite_differences():
    def forgets_the_slope(d_state, h):
        return d_state[0], d_state[0], (0.0,)

    given = (one_unit(0.6), [0.4, 0.2, 0.3], [1, 1, 1])
    right = unrolled(rnn_cell, rnn_cell_vjp, *given).given["run"]
    wrong = unrolled(rnn_cell, forgets_the_slope, *given).given["run"]
    assert_close(wrong["d_a"][3], wrong["d_h"][3])
    assert wrong["d_a"][3] != right["d_a"][3]
    assert wrong["check"] == right["check"]


def test_single_precision_is_checked_in_double():
    params = Params(*(w.astype("float32") for w in one_unit(0.5)))
    run = unrolled(
        rnn_cell, rnn_cell_vjp, params, [0.4, 0.2, 0.3], [1, 1, 1]
    ).given["run"]
    assert_close(run["check"]["w"], run["d_w"], within=1e-8)


def test_without_a_vjp_the_graph_goes_forward():
    given = (one_unit(0.6), [0.4, 0.2, 0.3], [1, 1, 1])
    run = unrolled(residual_cell, None, *given).given["run"]
    assert len(run["h"]) == 4
    assert "d_w" not in run


def test_another_weight_is_answered_by_the_same_cell():
    rest = ([0.4, 0.2, 0.3], [1, 1, 1], 0.1)
    figure = unrolled(rnn_cell, rnn_cell_vjp, one_unit(0.6), *rest)
    figure.asked = figure.given["inputs"] | {"w": -1.5}
    again = unrolled(rnn_cell, rnn_cell_vjp, one_unit(-1.5), *rest)
    assert figure.given == again.given
    figure.asked = figure.given["inputs"] | {"w": 7}
    assert figure.given["error"] == (
        "ValueError: w: expected -5 to 5, got 7"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": None}, ("cell: expected a function of (a_x, a_h, state), "
         "got NoneType")),
        ({"cell_vjp": 1}, ("cell_vjp: expected a function of (d_state, "
         "cache), got int")),
        ({"cell_vjp": lambda d_state, cache: d_state},
         "cell_vjp: expected (d_a_x, d_a_h, d_state), got tuple"),
        ({"cell_vjp": lambda d_state, cache: (0.0, 0.0, 0.0)},
         "cell_vjp: expected d_state as a tuple, got float"),
        ({"cell_vjp": lambda d_state, cache: (np.ones(2), 0.0, (0.0,))},
         "what cell_vjp returns: expected (1, 1), got (2,)"),
        ({"params": PLAIN}, "W_x: expected (1, 1), got (4, 3)"),
        ({"inputs": [1, 2]}, "inputs: expected (3), got (2,)"),
        ({"targets": [1, 2, 3, 4]}, "targets: expected (3), got (4,)"),
        ({"h_0": 6}, "h0: expected -5 to 5, got 6"),
        ({"inputs": [0, np.nan, 0]}, "x2: expected -5 to 5, got nan"),
    ],
)  # fmt: skip
def test_what_no_graph_can_show_is_told(change, message):
    given = {"cell": rnn_cell, "cell_vjp": rnn_cell_vjp}
    given |= {"params": one_unit(0.5), "inputs": [0.1, 0.2, 0.3]}
    with pytest.raises((ValueError, TypeError)) as told:
        unrolled(**given | {"targets": [1, 1, 1]} | change)
    assert str(told.value).replace("(3,)", "(3)") == message


# All others


def test_fates_begins_at_the_radius_of_the_given_weights(rng):
    W_h = rng.normal(size=(6, 6)) / 3
    own = abs(np.linalg.eigvals(W_h)).max()
    figure = fates(W_h)
    assert_close(float(figure.attributes["radius"]), own)
    assert str(W_h[0, 0] / own) in figure._esm
    assert fates(W_h, 2).attributes["radius"] == "2.0"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.ones((2, 3)),), "W_h: expected (2, 2), got (2, 3)"),
        ((np.zeros((2, 2)),), ("W_h: expected an eigenvalue other than 0, "
         "got 0")),
        ((np.full((2, 2), np.inf),), ("W_h: expected finite numbers, "
         "got one that is not")),
        ((np.eye(2), 5), "radius: expected 0.3 to 3, got 5"),
    ],
)  # fmt: skip
def test_weights_without_a_fate_are_told(given, message):
    with pytest.raises(ValueError) as told:  # noqa: PT011
        fates(*given)
    assert str(told.value) == message


def test_a_figure_that_does_not_exist_is_told():
    with pytest.raises(ValueError, match=r"one of .*'cliff'.* got 'cat'"):
        live("cat")
    with pytest.raises(
        ValueError,
        match=r"ring: expected attributes among \['radius', 'angle'\], "
        "got 'size'",
    ):
        live("ring", size=3)


@pytest.mark.parametrize("name", names())
def test_each_figure_is_one_module_that_brings_its_data(name):
    text = live(name)._esm
    assert "import {" not in text
    assert "import.meta" not in text
    assert fields(name)
    stored = 'static data = "' in text or "data/letters" in text
    assert ("const FILES = {};" in text) != stored


def test_two_bundles_have_two_names_and_the_same_has_one():
    first, same = bundle("ring", {}), bundle("ring", {})
    assert first == same
    assert bundle("ring", {"a": 1}).split("\n")[0] != first.split("\n")[0]


def test_importing_the_package_needs_no_widgets():
    script = (
        "import sys; sys.modules['anywidget'] = None\n"
        "import rnncore, rnncore.figures, rnncore.display\n"
        "assert 'ipywidgets' not in sys.modules\n"
        "import rnncore.widgets"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: rnncore.widgets needs anywidget: "
        "python -m pip install 'rnncore[widgets]'"
    )


# In a browser, where a stand-in for the notebook holds the numbers

SHOW = """async ({ esm, attributes, given }) => {
  const url = URL.createObjectURL(
    new Blob([esm], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const kept = { attributes, given }, heard = {};
  const el = document.createElement("div");
  document.body.append(el);
  widget.render({ el, model: {
    get: (name) => kept[name], set: (name, v) => { kept[name] = v; },
    save_changes: () => {}, off: () => {},
    on: (name, act) => { heard[name] = act; },
  } });
  window.kept = kept;
  window.tell = (given) => {
    kept.given = given;
    heard["change:given"]();
  };
}"""


@pytest.fixture(scope="module")
def site():
    with served(STATIC) as address:
        yield address


@pytest.fixture
def shown(browser, site):
    """A function that shows a widget, without a notebook around it."""
    page = browser.new_page(viewport={"width": 720, "height": 900})
    wrong = []
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.goto(f"{site}course.css")

    def show(figure):
        page.evaluate("() => { document.body.innerHTML = ''; }")
        given = {"attributes": figure.attributes, "given": figure.given}
        page.evaluate(SHOW, {"esm": figure._esm, **given})
        page.wait_for_function(
            """() => {
              const says = document.querySelector(".live .says");
              return says?.textContent && !/loading/.test(says.textContent);
            }"""
        )
        return page

    yield show
    page.close()
    assert wrong == []


def says(page):
    text = page.locator(".live .says").first.inner_text()
    return text.replace("−", "-")


@pytest.mark.system
@pytest.mark.parametrize("name", names())
def test_each_figure_says_what_it_says_in_a_page(
    browser, site, shown, name
):
    page = shown(live(name))
    theirs = Figure(browser, site, name)
    assert says(page) == theirs.words
    theirs.page.close()
    assert page.locator(".live [role=alert]").count() == 0
    assert page.locator(".live .foot a").count() == 1  # no link to a state


@pytest.mark.system
def test_the_trained_network_of_the_pages_is_there_too(shown):
    page = shown(live("machine", cell="gru", mode="trained"))
    assert "bits per character" in says(page)


@pytest.mark.system
def test_it_follows_the_notebooks_theme_and_stays_alive_when_moved(shown):
    page = shown(live("ring"))
    dark = """() => {
      document.body.dataset.jpThemeLight = "false";
      return getComputedStyle(document.querySelector(".live"))
        .backgroundColor;
    }"""
    assert page.evaluate(dark) == "rgb(20, 24, 30)"  # as on a dark page
    page.evaluate(
        """() => {
          const figure = document.querySelector(".live");
          const { parentNode } = figure;
          figure.remove();
          parentNode.append(figure);
        }"""
    )
    page.set_viewport_size({"width": 420, "height": 900})
    page.wait_for_function(
        "() => document.querySelector('.live svg.narrow') !== null"
    )
    page.get_by_role("slider", name="Radius").press("Home")
    assert says(page).startswith("Radius 0.00")


@pytest.mark.system
def test_a_value_that_a_figure_does_not_take_is_told(shown):
    page = shown(live("ring", radius=7, angle=2.5))
    assert page.locator("[role=alert]").all_inner_texts() == [
        "radius: expected a number from 0 to 1.1, got 7",
        "angle: expected a whole number from 0 to 180, got 2.5",
    ]


@pytest.mark.system
def test_a_wrong_vjp_is_named_where_it_acts(shown):
    def squared(a_x, a_h, state):
        a = a_x + a_h
        return (a * a,), a

    def squared_vjp(d_state, a):
        d_a = d_state[0] * a  # the 2 is missing
        return d_a, d_a, (0.0,)

    figure = unrolled(
        squared, squared_vjp, one_unit(0.5), [0.5, 0.25, -0.5], [0.5, 0, 1]
    )
    run = figure.given["run"]
    page = shown(figure)
    slider = page.get_by_label("Numbers worked out")
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert says(page) == "Forward, step 1: h₁ = cell(0.50) = 0.25."
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    right, got = run["check"]["x3"], run["d_x"][3]
    assert f"Finite differences give {right:.4f}, not {got:.4f}" in says(
        page
    )
    page.get_by_label("w", exact=True).fill("-0.5")
    page.keyboard.press("Enter")
    assert says(page).startswith("Python is working out")
    assert page.evaluate("kept.asked.w") == -0.5
    figure.asked = page.evaluate("kept.asked")
    page.evaluate("given => tell(given)", figure.given)
    run = figure.given["run"]
    right, got = run["check"]["x3"], run["d_x"][3]
    assert f"give {right:.4f}, not {got:.4f}" in says(page)


@pytest.mark.system
def test_the_machine_says_the_numbers_of_its_cell(shown, rng):
    params = init_params(rng, D, H, 3)
    weights = init_readout(rng, H, D)
    figure = machine(
        gru_cell, params, TEXT, alphabet=ALPHABET, weights=weights, unit=3
    )
    page = shown(figure)
    page.get_by_label("Step t").press("End")
    step = figure.given["steps"][-1]
    z, n, before, h = (step[k][2] for k in ("z", "n", "before", "h"))
    next_ = figure.given["next"][-1]
    assert says(page) == (
        f"Unit 3 after “{TEXT}”: h = z h + (1 - z) n = {z:.2f} × "
        f"{before:.2f} + {1 - z:.2f} × {n:.2f} = {h:.2f}. The whole network "
        f"now expects {ALPHABET[int(np.argmax(next_))]} "
        f"({100 * max(next_):.0f} %)."
    )
    assert not page.get_by_label("The gates are set").is_visible()
    units = page.get_by_role("slider", name="Unit")
    assert units.get_attribute("max") == str(H)
    page.get_by_label("A text to read").fill("ax")
    assert says(page).startswith("Python is working out")
    figure.asked = page.evaluate("kept.asked")
    page.evaluate("given => tell(given)", figure.given)
    assert says(page) == "ValueError: text: 'x' is not in the alphabet"
