"""The stacks that chapter 8 compares: their gradients, and a short run."""

import numpy as np
import pytest

from rnncore.backend import tree_map
from rnncore.bptt import check_gradient
from rnncore.rnn import zero_state
from tools.train import runner
from tools.train.tasks import depth
from tools.train.tasks.depth import Model, backward, forward, init


@pytest.mark.parametrize("residual", [False, True])
def test_gradients_are_those_of_finite_differences(rng, residual):
    form = depth.Form(3, 4, residual)
    model = tree_map(np.float64, init(rng, form, K=5))
    x = rng.normal(size=(3, depth.B, 5))
    d_y = rng.normal(size=(3, depth.B, 4))
    states = [zero_state(p, depth.B) for p in model.layers]
    _, _, tapes = forward(model, x, states, residual)
    d_layers = backward(model, tapes, d_y, residual)
    for k, layer in enumerate(model.layers):

        def loss(W_x, k=k, layer=layer):
            changed = [*model.layers]
            changed[k] = layer._replace(W_x=W_x)
            other = Model(changed, model.readout)
            y, _, _ = forward(other, x, states, residual)
            return float((y * d_y).sum())

        check_gradient(loss, layer.W_x, d_layers[k].W_x, f"layer {k}")


def test_a_residual_stack_adds_to_what_it_reads(rng):
    form = depth.Form(3, 4, residual=True)
    model = tree_map(np.float64, init(rng, form, K=4))
    silent = [tree_map(np.zeros_like, p) for p in model.layers[1:]]
    model = Model([model.layers[0], *silent], model.readout)
    x = rng.normal(size=(3, depth.B, 4))
    states = [zero_state(p, depth.B) for p in model.layers]
    y, _, _ = forward(model, x, states, residual=True)
    lowest = Model(model.layers[:1], model.readout)
    expected, _, _ = forward(lowest, x, states[:1], residual=True)
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


def test_twenty_steps_learn_and_write_nothing(tmp_path):
    path = tmp_path / "m.json"
    words = ["residual", "--check", "--path", str(path)]
    runner.main(depth.TRAINING, words)
    assert not path.exists()
    form, rate = depth.FORMS["residual"], depth.RATES[0]
    few, _, _ = depth.train_one(form, rate, 0, 20, "check")
    none, _, _ = depth.train_one(form, 1e-9, 0, 1, "check")
    assert few < none - 0.5
