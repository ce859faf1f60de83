"""Nothing leaves the device of its arguments.

array-api-strict has a second device, which NumPy cannot read and whose
arrays mix with no others: as a GPU, but on every machine.
"""

import array_api_strict as xp
import numpy as np
import pytest

from rnncore import sequence
from rnncore.backend import device, named_leaves, tree_map
from rnncore.bptt import bptt, readout_vjp, rnn_cell_vjp, truncated_bptt
from rnncore.characters import held_out_bits, init_model, next_character
from rnncore.data.tasks import adding_problem, loss_at_the_end
from rnncore.gradient_flow import (
    gradient_by_lag,
    growth_rate,
    jacobian_norms,
    state_jacobians,
)
from rnncore.losses import (
    cross_entropy,
    cross_entropy_vjp,
    squared_error,
    squared_error_vjp,
)
from rnncore.optim import adam, sgd
from rnncore.rnn import (
    init_params,
    init_readout,
    readout,
    rnn_cell,
    unroll,
    zero_state,
)
from rnncore.train import Schedule, fit
from tests.helpers.oracles import KINDS

FAR = xp.Device("device1")


def far(tree):
    """A tree of NumPy arrays on the far device."""
    return tree_map(lambda a: xp.asarray(a, device=FAR), tree)


def all_far(*trees):
    leaves = [leaf for _, leaf in named_leaves(trees)]
    return bool(leaves) and all(device(leaf) == FAR for leaf in leaves)


def test_the_far_device_is_out_of_reach():
    with pytest.raises(RuntimeError, match="Can't convert array"):
        np.asarray(far(np.ones(3)))
    with pytest.raises(ValueError, match="two different devices"):
        far(np.ones(3)) + xp.ones(3)


@pytest.mark.parametrize("kind", KINDS)
def test_loops_and_losses_stay_on_the_device(kind, rng):
    cell, cell_vjp, G, parts, *_ = KINDS[kind]
    params = far(init_params(rng, 3, 4, G))
    x = far(rng.normal(size=(5, 2, 3)))
    start = zero_state(params, 2, parts)
    y, state, tape = unroll(cell, params, x, start)
    weights = far(init_readout(rng, 4, 6))
    logits = readout(weights, y)
    targets = far(rng.integers(0, 6, (5, 2)))
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(loss, cache)
    d_weights, d_y = readout_vjp(d_logits, weights, y)
    backward = bptt(cell_vjp, params, tape, d_y, state)
    cut = truncated_bptt(cell, cell_vjp, params, x, start, d_y, 2)
    square, error = squared_error(y, xp.zeros_like(y))
    d_square = squared_error_vjp(square, error)
    assert all_far(y, state, loss, d_weights, backward, cut, d_square)
    norms = jacobian_norms(state_jacobians(cell_vjp, params, tape, state))
    by_lag = gradient_by_lag(cell_vjp, params, tape, state)
    assert all_far(norms, growth_rate(norms), by_lag)


def test_training_stays_on_the_device(rng):
    model = far(init_model(rng, 7, 5))
    ids = rng.integers(0, 7, (6, 2))
    start = zero_state(model.cell, 2)
    text = fit(
        next_character(rnn_cell, rnn_cell_vjp),
        model,
        lambda rng, step: ids,
        optimizer=adam(0.01),
        schedule=Schedule(4, clip=0.1, evaluate_every=2),
        rng=rng,
        carry=start,
        evaluate=lambda m: held_out_bits(rnn_cell, m, ids, start),
    )
    adding = fit(
        loss_at_the_end(
            rnn_cell, rnn_cell_vjp, squared_error, squared_error_vjp
        ),
        far((init_params(rng, 2, 4), init_readout(rng, 4, 1))),
        lambda rng, step: adding_problem(rng, 6, 3),
        optimizer=sgd(0.1, momentum=0.9),
        schedule=Schedule(3),
        rng=rng,
    )
    assert all_far(text.params, text.carry, adding.params)


def test_forecasts_stay_on_the_device(rng):
    x = far(rng.normal(size=40))
    model = sequence.fit_autoregression(x, 3)
    assert all_far(
        model,
        sequence.forecast(model, x, 4),
        sequence.seasonal_naive(x, 5, 2),
        sequence.windows(x, 3),
    )
    assert sequence.mase(x[:3], x[1:4], x) > 0
    assert sequence.perplexity(abs(x)) > 1
