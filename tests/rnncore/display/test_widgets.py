"""The live figures as widgets: what Python works out, and what it refuses."""

import contextlib
import subprocess
import sys
from types import SimpleNamespace

import IPython
import nbformat
import numpy as np
import pytest
import torch

from grader.assignments import builder
from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.display import widgets
from rnncore.display.widgets import machine, show, unrolled
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import gates, lstm_cell, lstm_cell_vjp, sigmoid
from rnncore.rnn import (
    Params,
    init_params,
    rnn_cell,
    unroll,
    zero_state,
)
from tests.helpers.arrays import assert_close
from tools.build.live.stills import STATIC, serve_folder

D, H = 3, 4
TEXT, ALPHABET = "abcabca", "abc"
LSTM = init_params(np.random.default_rng(0), D, H, 4)
THREE = {"inputs": [0.4, 0.2, 0.3], "targets": [1, 1, 1]}


def one_unit(w):
    return Params(*map(np.asarray, ([[1.0]], [[w]], [0.0], [0.0])))


# The machine


def test_the_machine_has_the_numbers_of_the_loop():
    figure = machine(lstm_cell, LSTM, TEXT, ALPHABET)
    x = np.eye(D)[["abc".index(letter) for letter in TEXT]][:, None]
    y, last, tape = unroll(lstm_cell, LSTM, x, zero_state(LSTM, 1, 2))
    steps = figure.given["steps"]
    assert_close([s["h"] for s in steps], y[:, 0])
    for k, gate in enumerate("ifgo"):
        expected = [cache[k][0] for cache in tape.caches]
        assert_close([s[gate] for s in steps], expected)
    assert_close(steps[-1]["c"], last[1][0])
    assert_close(steps[3]["before"], steps[2]["c"])


def test_another_cell_gives_other_numbers():
    def keeps(a_x, a_h, state):
        i, f, g, o = gates(a_x + a_h, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = state[1] + i * g
        return (o * np.tanh(c), c), (i, f, g, o)

    both = [
        machine(cell, LSTM, TEXT, ALPHABET).given["steps"]
        for cell in (lstm_cell, keeps)
    ]
    assert_close(both[0][0]["c"], both[1][0]["c"])  # nothing to forget yet
    assert both[0][1]["c"] != both[1][1]["c"]


def test_weights_of_torch_are_read_as_they_are(rng):
    params = init_params(rng, D, H, 4)
    moved = Params(*(torch.tensor(w, requires_grad=True) for w in params))
    ours, theirs = (
        machine(lstm_cell, p, TEXT, ALPHABET).given["steps"]
        for p in (params, moved)
    )
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a["h"], b["h"])


def test_another_text_is_answered_by_the_same_cell(rng):
    params = init_params(rng, D, H, 4)
    figure = machine(lstm_cell, params, TEXT, ALPHABET)
    figure.asked = {"text": "cc"}
    again = machine(lstm_cell, params, "cc", ALPHABET)
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
    figure = machine(cell, params, TEXT, ALPHABET)
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": 3}, ("cell: expected a function of (a_x, a_h, state), "
         "got int")),
        ({"alphabet": "ab"}, "W_x: expected (G*H, 2), got (16, 3)"),
        ({"text": "abd"}, "text: 'd' is not in the alphabet"),
        ({"text": " "}, "text: expected letters, got ' '"),
        ({"text": "a" * 41}, "text: expected 1 to 40 letters, got 41"),
        ({"text": "a😀"}, ("text: expected characters that JavaScript "
         "counts as one, got one beyond U+FFFF")),
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
    given = {"cell": lstm_cell, "params": LSTM, "text": TEXT}
    given = given | {"alphabet": ALPHABET} | change
    with pytest.raises((ValueError, TypeError)) as told:
        machine(**given)
    assert str(told.value) == message


# The unrolled graph


def test_the_graph_has_the_numbers_of_bptt():
    x, target = np.array([0.3, -0.2, 0.5]), np.array([0.5, 0.1, -0.4])
    figure = unrolled(
        rnn_cell, rnn_cell_vjp, w=-0.7, inputs=x, targets=target, h_0=0.25
    )
    run = figure.given["run"]
    params = one_unit(-0.7)
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


@pytest.mark.parametrize(
    "layer",
    [
        (rnn_cell, rnn_cell_vjp),
        (gru_cell, gru_cell_vjp, 3),
        (lstm_cell, lstm_cell_vjp, 4, 2),
    ],
)
def test_a_right_vjp_agrees_with_finite_differences(layer):
    run = unrolled(*layer, w=-0.7, **THREE, h_0=0.25).given["run"]
    assert_close(run["check"]["w"], run["d_w"], within=1e-8)
    for t in (1, 2, 3):
        assert_close(run["check"][f"x{t}"], run["d_x"][t], within=1e-8)


def residual_cell(a_x, a_h, state):
    r = np.tanh(a_x + a_h)
    return (state[0] + r,), r


def test_what_goes_past_the_weight_goes_back_too():
    def residual_cell_vjp(d_state, r):
        d_a = d_state[0] * (1 - r * r)
        return d_a, d_a, (d_state[0],)

    figure = unrolled(residual_cell, residual_cell_vjp, w=0.6, **THREE)
    run = figure.given["run"]
    for t in (1, 2, 3):
        assert_close(run["past"][t], run["d_h"][t])
        assert_close(run["check"][f"x{t}"], run["d_x"][t], within=1e-8)
    assert_close(run["check"]["w"], run["d_w"], within=1e-8)


def test_a_wrong_vjp_differs_from_finite_differences():
    def forgets_the_slope(d_state, h):
        return d_state[0], d_state[0], (0.0,)

    given = {"w": 0.6, **THREE}
    right = unrolled(rnn_cell, rnn_cell_vjp, **given).given["run"]
    wrong = unrolled(rnn_cell, forgets_the_slope, **given).given["run"]
    assert_close(wrong["d_a"][3], wrong["d_h"][3])
    assert wrong["d_a"][3] != right["d_a"][3]
    assert wrong["check"] == right["check"]


def test_another_weight_is_answered_by_the_same_cell():
    cells = rnn_cell, rnn_cell_vjp
    figure = unrolled(*cells, w=0.6, **THREE)
    figure.asked = figure.given["inputs"] | {"w": -1.5}
    again = unrolled(*cells, w=-1.5, **THREE)
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
         "cell_vjp: expected d_state as a tuple of 1, got 0.0"),
        ({"cell_vjp": lambda d_state, cache: (np.ones(2), 0.0, (0.0,))},
         "what cell_vjp returns: expected (1, 1), got (2,)"),
        ({"G": 2}, "the cell's new h: expected (1, 1), got (1, 2)"),
        ({"inputs": [1, 2]}, "inputs: expected (3), got (2,)"),
        ({"targets": [1, 2, 3, 4]}, "targets: expected (3), got (4,)"),
        ({"h_0": 6}, "h0: expected -5 to 5, got 6"),
        ({"inputs": [0, np.nan, 0]}, "x2: expected -5 to 5, got nan"),
    ],
)  # fmt: skip
def test_what_no_graph_can_show_is_told(change, message):
    given = {"cell": rnn_cell, "cell_vjp": rnn_cell_vjp}
    with pytest.raises((ValueError, TypeError)) as told:
        unrolled(**given | {"w": 0.5} | THREE | change)
    assert str(told.value).replace("(3,)", "(3)") == message


# In the assignments' notebooks

NOTEBOOKS = {
    "ch03_bptt": "residual_cell_vjp",
    "ch06_lstm": "peephole_cell",
    "ch07_gru": "gru_cell_vjp",
    "capstone": "own_cell",
}


@pytest.fixture
def figure_of(monkeypatch):
    """A function: what an assignment's figure makes of its cells."""

    def run(sources):
        made, names = [], {}
        monkeypatch.setattr(widgets, "show", made.append)
        for source in sources:
            with contextlib.suppress(NotImplementedError):  # "Try it"
                exec(source, names)  # noqa: S102
            if made:
                return names, made[0]
        raise AssertionError("no cell shows a figure")

    return run


def solved(name):
    return [
        cell.source
        for cell in builder.read(name).cells
        if cell.kind in ("code", "solution")
    ]


def released(name):
    path = builder.ROOT / "exercises" / name / f"{name}.ipynb"
    return [
        cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
        and not cell.metadata.get("nbgrader", {}).get("points")
    ]


def test_assignment_6_shows_the_numbers_of_the_learner_s_cell(figure_of):
    names, make = figure_of(solved("ch06_lstm"))
    given = make().given
    x = np.eye(2)[["x-".index(letter) for letter in given["text"]]]
    y, (_, c, _), tape = unroll(
        names["peephole_cell"], names["unit"], x[:, None], names["begin"]
    )
    assert_close([step["h"] for step in given["steps"]], y[:, 0])
    assert_close(given["steps"][-1]["c"], c[0])
    opened = [step["o"][0] for step in given["steps"]]
    assert_close(opened, [cache[3][0, 0] for cache in tape.caches])
    assert opened[0] < 0.01  # as the text says
    assert opened[-1] > 0.9


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("ch03_bptt", "residual_cell, residual_cell_vjp, 1, 1"),
        ("ch05_gradients", "rnn_cell, rnn_cell_vjp, 1, 1"),
        ("ch07_gru", "gru_cell, gru_cell_vjp, 3, 1"),
        ("capstone", "*own_cell()"),
    ],
)
def test_the_graph_shows_the_numbers_of_the_learner_s_vjp(
    figure_of, name, cells
):
    names, make = figure_of(solved(name))
    cell, vjp, G, parts = eval(f"({cells},)", names)
    assert parts == 1
    given = make().given
    inputs, run = given["inputs"], given["run"]
    w, x = inputs["w"], [inputs[f"x{t}"] for t in (1, 2, 3)]
    one, zero = np.ones((G, 1)), np.zeros(G)
    params = Params(one, w * one, zero, zero)
    start = (np.full((1, 1), inputs["h0"]),)
    y, _, tape = unroll(cell, params, np.reshape(x, (3, 1, 1)), start)
    d_y = y - np.reshape([inputs[f"y{t}"] for t in (1, 2, 3)], (3, 1, 1))
    d_params, d_x, _ = bptt(vjp, params, tape, d_y, (np.zeros((1, 1)),))
    assert_close(run["h"][1:], y.ravel())
    assert_close(run["d_x"][1:], d_x.ravel())
    assert_close(run["d_w"], d_params.W_h.sum())


@pytest.fixture
def notebook(monkeypatch):
    """A kernel, as IPython knows it; what it was told to display."""
    shown = []
    kernel = SimpleNamespace(kernel="a kernel")
    monkeypatch.setattr(IPython, "get_ipython", lambda: kernel)
    monkeypatch.setattr(IPython.display, "display", shown.append)
    return shown


@pytest.mark.parametrize(("name", "wanted"), [*NOTEBOOKS.items()])
def test_a_figure_waits_for_the_function_that_it_shows(
    notebook, figure_of, capsys, name, wanted
):
    _, make = figure_of(released(name))
    capsys.readouterr()
    show(make)
    assert capsys.readouterr().out == (
        f"Write {wanted} first, then run this cell again.\n"
    )
    assert notebook == []


def test_a_notebook_shows_the_figure(notebook):
    show(lambda: machine(lstm_cell, LSTM, TEXT, ALPHABET))
    (figure,) = notebook
    assert figure.given["text"] == TEXT


def test_without_a_kernel_a_sentence_says_where_the_figure_is(capsys):
    show(lambda: 1 / 0)
    assert capsys.readouterr().out == (
        "The live figure is shown in JupyterLab, VS Code and Colab, "
        "not here.\n"
    )


def test_in_the_browser_s_notebooks_it_says_the_same(
    notebook, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "platform", "emscripten")
    show(lambda: 1 / 0)
    assert "not here" in capsys.readouterr().out


def test_without_anywidget_it_says_what_to_install():
    script = (
        "import sys; sys.modules['anywidget'] = None\n"
        "import IPython, types\n"
        "kernel = types.SimpleNamespace(kernel=1)\n"
        "IPython.get_ipython = lambda: kernel\n"
        "from rnncore.bptt import rnn_cell_vjp\n"
        "from rnncore.rnn import rnn_cell\n"
        "from rnncore.display.widgets import show, unrolled\n"
        "show(lambda: unrolled(rnn_cell, rnn_cell_vjp, w=1,\n"
        "    inputs=[1, 1, 1], targets=[1, 1, 1]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == (
        "A live figure needs anywidget: python -m pip install anywidget\n"
    )


def test_importing_and_a_sentence_take_no_widgets():
    script = (
        "import sys\n"
        "import rnncore.display.widgets\n"
        "rnncore.display.widgets.show(None)\n"
        "assert not {'ipywidgets', 'anywidget'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


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


@pytest.fixture
def shown(browser):
    """A function that shows a widget, without a notebook around it."""
    with serve_folder(STATIC) as site:
        yield from shown_at(browser, site)


def shown_at(browser, site):
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
def test_it_follows_the_notebooks_theme_and_stays_alive_when_moved(shown):
    page = shown(unrolled(rnn_cell, rnn_cell_vjp, w=0.5, **THREE))
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
    page.get_by_role("button", name="Next").click()
    assert says(page).startswith("Forward, step 1")


@pytest.mark.system
def test_a_wrong_vjp_is_named_where_it_acts(shown):
    def squared(a_x, a_h, state):
        a = a_x + a_h
        return (a * a,), a

    def squared_vjp(d_state, a):
        d_a = d_state[0] * a  # the 2 is missing
        return d_a, d_a, (0.0,)

    figure = unrolled(
        *(squared, squared_vjp),
        w=0.5,
        inputs=[0.5, 0.25, -0.5],
        targets=[0.5, 0, 1],
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
def test_the_machine_says_the_numbers_of_its_cell(shown):
    figure = machine(lstm_cell, LSTM, TEXT, ALPHABET)
    page = shown(figure)
    page.get_by_label("Step t").press("End")
    units = page.get_by_role("slider", name="Unit")
    assert units.get_attribute("max") == str(H)
    units.press("ArrowRight")
    step = figure.given["steps"][-1]
    f, before, i, g, c, h = (
        f"{step[k][1]:.2f}" for k in ("f", "before", "i", "g", "c", "h")
    )
    assert says(page) == (
        f"Unit 2 after “{TEXT}”: c = f c + i g = {f} × {before} + {i} × "
        f"{g} = {c}, of which {h} is shown."
    )
    assert not page.get_by_label("The gates are set").is_visible()
    for text, told in (
        ("bbbb", "Unit 2 after “bbbb”: c = f c + i g"),
        ("ax", "ValueError: text: 'x' is not in the alphabet"),
    ):
        page.get_by_label("A text to read").fill(text)
        page.get_by_label("Step t").press("End")
        assert says(page).startswith("Python is working out")
        figure.asked = page.evaluate("kept.asked")
        page.evaluate("given => tell(given)", figure.given)
        assert says(page).startswith(told)
