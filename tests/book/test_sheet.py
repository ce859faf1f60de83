"""The cheat sheet's code and numbers are those of the package."""

import inspect
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

from rnncore import gru, losses, lstm, rnn
from rnncore.apps.estimators import (
    Composer,
    Forecaster,
    TextModel,
    Transcriber,
    Translator,
    VideoClassifier,
)
from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.comparison import ruler
from rnncore.optim import adam
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close

PAGE = (ROOT / "book" / "sheet.md").read_text("utf8")
T, B, D, H, K = 4, 3, 5, 6, 7


def run_code(heading, **given):
    """The names that the code below a heading of the sheet leaves."""
    _, _, rest = PAGE.partition(f"\n## {heading}\n")
    code = re.search(
        r"^```python\n(.*?)^```", rest, re.DOTALL | re.MULTILINE
    )
    names = {"tanh": np.tanh, "exp": np.exp, "log": np.log}
    names |= {"sigmoid": lambda a: 1 / (1 + np.exp(-a)), **given}
    exec(code[1], names)  # noqa: S102
    return SimpleNamespace(**names)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def draw(rng, n, columns=H):
    return [rng.normal(size=(B, columns)) for _ in range(n)]


def test_a_step_and_its_way_back_are_the_loops(rng):
    params = rnn.init_params(rng, D, H)
    x, h = rng.normal(size=(B, D)), rng.normal(size=(B, H))
    d_y = rng.normal(size=(B, H))
    y, _, tape = rnn.unroll(rnn.rnn_cell, params, x[None], (h,))
    nothing = (np.zeros((B, H)),)
    d, d_x, d_state = bptt(rnn_cell_vjp, params, tape, d_y[None], nothing)
    given = {"x": x, "h_before": h, **params._asdict()}
    names = dict.fromkeys(("d_a_x", "d_a_h", "d_h"), np.zeros((B, H)))
    ahead = run_code("One step, and back", **given, **names)
    cell = run_code("Plain cell", a_x=ahead.a_x, a_h=ahead.a_h, d_h=d_y)
    back = {name: getattr(cell, name) for name in names}
    found = run_code("One step, and back", **given, **back)
    assert_close(cell.h, y[0])
    assert_close(found.d_x, d_x[0])
    assert_close(found.d_h_before, d_state[0])
    for name, value in d._asdict().items():
        assert_close(getattr(found, f"d_{name}"), value)


def test_the_lstm_is_the_packages(rng):
    a = rng.normal(size=(B, 4 * H))
    h, c, d_h, d_c = draw(rng, 4)
    (h_new, c_new), cache = lstm.lstm_cell(a, 0 * a, (h, c))
    d_a, _, (_, d_before) = lstm.lstm_cell_vjp((d_h, d_c), cache)
    parts = dict(zip(("a_i", "a_f", "a_g", "a_o"), lstm.gates(a, 4)))
    found = run_code("LSTM", **parts, c_before=c, d_h=d_h, d_c=d_c)
    assert_close(found.h, h_new)
    assert_close(found.c, c_new)
    d = [found.d_i, found.d_f, found.d_g, found.d_o]
    assert_close(np.concatenate(d, axis=-1), d_a)
    assert_close(found.d_c, d_before)


def test_the_gru_is_the_packages(rng):
    a_x, a_h = draw(rng, 2, 3 * H)
    h, d_h = draw(rng, 2)
    (h_new,), cache = gru.gru_cell(a_x, a_h, (h,))
    d_a_x, d_a_h, (d_before,) = gru.gru_cell_vjp((d_h,), cache)
    parts = dict(zip(("x_r", "x_z", "x_n"), lstm.gates(a_x, 3)))
    parts |= dict(zip(("h_r", "h_z", "h_n"), lstm.gates(a_h, 3)))
    found = run_code("GRU", **parts, h_before=h, d_h=d_h)
    assert_close(found.h, h_new)
    d = [found.d_r, found.d_z]
    assert_close(np.concatenate([*d, found.d_n], axis=-1), d_a_x)
    assert_close(np.concatenate([*d, found.d_h_n], axis=-1), d_a_h)
    assert_close(found.d_h, d_before)


def test_the_losses_are_the_packages(rng):
    logits = rng.normal(size=(T, B, K))
    targets = rng.integers(0, K, (T, B))
    y, target = rng.normal(size=(2, T, B, D))
    given = {"logits": logits, "one_hot": np.eye(K)[targets]}
    found = run_code("Losses", **given, y=y, target=target, T=T, B=B)
    loss, cache = losses.cross_entropy(logits, targets)
    assert_close(found.cross_entropy, loss)
    assert_close(found.d_logits, losses.cross_entropy_vjp(1.0, cache))
    loss, cache = losses.squared_error(y, target)
    assert_close(found.squared_error, loss)
    assert_close(found.d_y, losses.squared_error_vjp(1.0, cache))
    assert_close(losses.cross_entropy(0 * logits, targets)[0], np.log(K))


def test_the_default_start_is_the_packages(rng):
    assert PAGE.count(r"uniform in $\pm 1/\sqrt H$") == 2
    H = 400
    many = [*rnn.init_params(rng, 50, H), *rnn.init_readout(rng, H, 500)]
    for w in many:
        assert np.abs(w).max() <= H**-0.5
        assert abs(w.std() - (3 * H) ** -0.5) < 0.1 * (3 * H) ** -0.5


def test_adams_numbers_and_the_limit_are_the_packages():
    said = inspect.signature(adam).parameters
    names = "beta_1", "beta_2", "epsilon"
    b1, b2, epsilon = (said[name].default for name in names)
    assert rf"$\beta_1$ is {b1}, $\beta_2$ is {b2} and" in PAGE
    power = f"10^{{{math.log10(epsilon):.0f}}}"
    assert rf"$\varepsilon$ is ${power}$." in PAGE
    assert f"the usual limit is {ruler.CLIP:g}." in PAGE


KINDS = {
    "text": TextModel,
    "forecast": Forecaster,
    "music": Composer,
    "translate": Translator,
    "speech": Transcriber,
    "video": VideoClassifier,
}


def test_the_default_rates_are_those_of_the_commands():
    table = PAGE.partition("| command |")[2].splitlines()
    commands = re.findall(r"`(\w+)`", table[0])
    rates = re.findall(r"\d\S*", table[2])
    assert len(commands) == len(rates) == 6
    for command, rate in zip(commands, rates):
        assert float(rate) == KINDS[command]().rate, command
