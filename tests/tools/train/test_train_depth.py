"""The stacks that chapter 8 compares: their gradients, and a short run."""

import numpy as np
import pytest

from rnncore.backend import tree_map
from rnncore.bptt import check_gradient
from rnncore.comparison import from_json
from rnncore.rnn import zero_state
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch08 import depth
from tools.train.ch08.depth import Model, init, run_backward, run_forward


@pytest.mark.parametrize("residual", [False, True])
def test_gradients_are_those_of_finite_differences(rng, residual):
    form = depth.Form(3, 4, residual)
    model = tree_map(np.float64, init(rng, form, K=5))
    x = rng.normal(size=(3, depth.B, 5))
    d_y = rng.normal(size=(3, depth.B, 4))
    states = [zero_state(p, depth.B) for p in model.layers]
    _, _, tapes = run_forward(model, x, states, residual)
    d_layers = run_backward(model, tapes, d_y, residual)
    for k, layer in enumerate(model.layers):

        def loss(W_x, k=k, layer=layer):
            changed = [*model.layers]
            changed[k] = layer._replace(W_x=W_x)
            other = Model(changed, model.readout)
            y, _, _ = run_forward(other, x, states, residual)
            return float((y * d_y).sum())

        check_gradient(loss, layer.W_x, d_layers[k].W_x, f"layer {k}")


def test_a_residual_stack_adds_to_what_it_reads(rng):
    form = depth.Form(3, 4, residual=True)
    model = tree_map(np.float64, init(rng, form, K=4))
    silent = [tree_map(np.zeros_like, p) for p in model.layers[1:]]
    model = Model([model.layers[0], *silent], model.readout)
    x = rng.normal(size=(3, depth.B, 4))
    states = [zero_state(p, depth.B) for p in model.layers]
    y, _, _ = run_forward(model, x, states, residual=True)
    lowest = Model(model.layers[:1], model.readout)
    expected, _, _ = run_forward(lowest, x, states[:1], residual=True)
    np.testing.assert_array_equal(y, expected)


def test_the_forms_that_are_compared_have_as_many_weights():
    def weights(form, K=97):
        first = form.H * (K + form.H + 2)
        above = form.H * (2 * form.H + 2)
        return first + (form.layers - 1) * above + K * form.H + K

    counts = [
        weights(depth.FORMS[name])
        for name in ("wide", "two", "four", "residual")
    ]
    assert max(counts) / min(counts) < 1.01


def test_a_control_changes_only_what_it_names():
    first = {
        name: depth.init(
            np.random.default_rng(0),
            (depth.FORMS | depth.CONTROLS)[name],
            9,
        )
        for name in ("orthogonal", *depth.CONTROLS)
    }
    plain = first["orthogonal"].layers
    for name in depth.CONTROLS:
        layers = first[name].layers
        assert (layers[0].W_x == plain[0].W_x).all()
        for p, q in zip(layers, plain, strict=True):
            assert (p.b_x == q.b_x).all()
            scale = 0.5 if "halved" in name else 1
            assert (p.W_h == np.float32(scale) * q.W_h).all()
        for p in layers[1:]:
            # float32, sums of 64 products
            assert_close(p.W_x @ p.W_x.T, np.eye(64, dtype="f4"), terms=64)


def test_the_compiled_stack_is_the_printed_one(rng):
    form = depth.CONTROLS["W_x"]._replace(H=5)
    model = tree_map(np.float64, init(rng, form, 4))
    x, d_y = (
        rng.normal(size=(6, depth.B, 4)),
        rng.normal(size=(6, depth.B, 5)),
    )
    states = [zero_state(p, depth.B) for p in model.layers]
    y, _, tapes = run_forward(model, x, states, False)
    y_, _, tapes_ = depth.forward_compiled(model, x, states, False)
    assert_close(y_, y)
    printed = run_backward(model, tapes, d_y, False)
    compiled = depth.backward_compiled(model, tapes_, d_y, False)
    for p, q in zip(printed, compiled, strict=True):
        for a, b in zip(p, q, strict=True):
            assert_close(b, a, terms=6 * depth.B * 5)


@pytest.fixture
def small(monkeypatch):
    """Two narrow forms and few held-out rows."""
    few = {"wide": depth.Form(1, 6), "residual": depth.Form(2, 4, True)}
    held_out = depth.make_data()._replace(
        held_out=depth.make_data().held_out[:5]
    )
    monkeypatch.setattr(depth, "FORMS", few)
    monkeypatch.setattr(depth, "make_data", lambda: held_out)
    depth.run.cache_clear()
    yield
    depth.run.cache_clear()


def test_a_run_learns_and_its_test_is_not_its_validation(small):
    many, one = (
        depth.train("residual", {"rate": 0.01}, 0, k) for k in (20, 1)
    )
    assert many.validation < one.validation - 0.2
    assert many.test() != many.validation
    assert many.steps == 20


@pytest.mark.slow
def test_both_comparisons_are_recorded_and_come_back(
    small, monkeypatch, tmp_path
):
    times = {"wide": 2.0, "residual": 3.0}
    monkeypatch.setattr(depth, "time_updates", lambda: times)
    path = tmp_path / "m.json"
    words = ["updates", "time", "--steps", "4", "--path", str(path)]
    runner.main(depth.TRAINING, words)
    known = {k: e["value"] for k, e in measurements.read(path).items()}
    found = from_json(known["depth.updates"])
    assert (set(found.results), found.steps) == ({"wide", "residual"}, 4)
    in_time = from_json(known["depth.time"])
    assert in_time.steps == 12
    assert known["depth.time.updates"] == {"wide": 6, "residual": 4}
    rate = in_time.grid["rate"][1]
    one, other = (
        c.results["residual"].at(rate=rate).validation
        for c in (found, in_time)
    )
    assert one == other
    assert known["depth.wide.weights"] == 6 * (97 + 6 + 2) + 97 * 7
