"""The stacks that chapter 8 compares: their gradients, and a short run."""

import numpy as np
import pytest

from rnncore.backend import named_leaves, tree_map
from rnncore.bptt import check_gradient, rnn_cell_vjp
from rnncore.comparison import from_json
from rnncore.layers import stack, stack_bptt
from rnncore.rnn import rnn_cell, zero_state
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


def test_a_stack_without_skips_is_the_printed_one(rng):
    model = tree_map(np.float64, init(rng, depth.Form(3, 5), 4))
    x = rng.normal(size=(6, depth.B, 4))
    d_y = rng.normal(size=(6, depth.B, 5))
    states = [zero_state(p, depth.B) for p in model.layers]
    y, _, tapes = run_forward(model, x, states, False)
    y_, _, tapes_ = stack(rnn_cell, model.layers, x, states)
    assert_close(y_, y)
    printed, _, _ = stack_bptt(
        rnn_cell_vjp, model.layers, tapes_, d_y, states
    )
    compiled = run_backward(model, tapes, d_y, False)
    for p, q in zip(printed, compiled, strict=True):
        for a, b in zip(p, q, strict=True):
            assert_close(b, a, terms=6 * depth.B * 5)


def test_a_scale_multiplies_what_reads_the_characters_alone():
    plain, scaled = (
        init(np.random.default_rng(0), depth.FORMS["residual"], 9, scale)
        for scale in (1.0, 16.0)
    )
    assert_close(scaled.layers[0].W_x, 16 * plain.layers[0].W_x)
    for p, q in zip(plain.layers[1:], scaled.layers[1:], strict=True):
        assert (p.W_x == q.W_x).all()


def test_the_forms_that_are_compared_have_as_many_weights():
    counts = [
        sum(leaf.size for _, leaf in named_leaves(init(rng, form, 97)))
        for rng in [np.random.default_rng(0)]
        for form in depth.FORMS.values()
    ]
    assert max(counts) / min(counts) < 1.01


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
    setting = {"rate": 0.01, "scale": 1.0}
    one, many = (
        depth.train("residual", 1, 20, setting, 0, k) for k in (1, 20)
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
    words = ["forms", "--steps", "4", "--path", str(path)]
    runner.main(depth.TRAINING, words)
    known = {k: e["value"] for k, e in measurements.read(path).items()}
    found, in_time = (
        from_json(known[f"depth.{key}"]) for key in ("updates", "time")
    )
    assert (found.steps, in_time.steps) == (4, 12)
    assert known["depth.time.updates"] == {"wide": 6, "residual": 4}
    drawn = "residual, as drawn"
    assert found.results[drawn] == in_time.results[drawn]
    assert found.results[drawn].chosen["scale"] == 1
    assert known["depth.wide.weights"] == 6 * (97 + 6 + 2) + 97 * 7
