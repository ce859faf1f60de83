"""Run by test_oldest_numpy with the oldest NumPy first on the path."""

import sys

import numpy as np

from rnncore.bptt import (
    bptt,
    check_gradient,
    readout_vjp,
    rnn_cell_vjp,
    truncated_bptt,
)
from rnncore.cells import CELLS
from rnncore.gradient_flow import (
    orthogonal,
    spectral_radius,
    state_jacobians,
)
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.layers import (
    carry_state,
    dropout_mask,
    stack,
    stack_bptt,
    variational_dropout_mask,
)
from rnncore.losses import (
    cross_entropy,
    cross_entropy_vjp,
    squared_error,
    squared_error_vjp,
)
from rnncore.optim import adam
from rnncore.rnn import (
    init_params,
    init_readout,
    readout,
    rnn_cell,
    unroll,
    zero_state,
)
from rnncore.train import Schedule, fit
from tests.helpers.arrays import assert_close

T, B, D, H, K = 4, 2, 3, 5, 6
rng = np.random.default_rng(0)


def cells():
    for cell, cell_vjp, G, parts in CELLS.values():
        params, x = init_params(rng, D, H, G), rng.normal(size=(T, B, D))
        state, d_y = (
            zero_state(params, B, parts),
            rng.normal(size=(T, B, H)),
        )
        _, _, tape = unroll(cell, params, x, state)
        d_params, d_x, _ = bptt(cell_vjp, params, tape, d_y, state)

        def loss(
            x,
            W_h=params.W_h,
            cell=cell,
            params=params,
            state=state,
            d_y=d_y,
        ):
            y, _, _ = unroll(cell, params._replace(W_h=W_h), x, state)
            return float((y * d_y).sum())

        check_gradient(loss, x, d_x)
        check_gradient(
            lambda w, x=x, loss=loss: loss(x, w), params.W_h, d_params.W_h
        )
        truncated_bptt(cell, cell_vjp, params, x, state, d_y, window=3)
        assert np.isfinite(
            state_jacobians(cell_vjp, params, tape, state)
        ).all()
    assert_close(spectral_radius(orthogonal(rng, H)), 1, within=1e-12)


def deeper():
    one, two = (
        tuple(init_params(rng, D, H, 3) for _ in range(2)),
        init_params(rng, 2 * H, H, 3),
    )
    zero = zero_state(two, B)
    x, d_y = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    x[2:, 0] = np.nan
    for mask in (
        variational_dropout_mask(rng, B, 2 * H, 0.5),
        dropout_mask(rng, T, B, 2 * H, 0.5),
    ):
        states = [(zero, zero), zero]
        y, last, tapes = stack(
            gru_cell, [one, two], x, states, [2, T], [mask]
        )
        _, d_x, _ = stack_bptt(
            gru_cell_vjp, [one, two], tapes, d_y, states, [mask]
        )
        assert np.isfinite(y).all()
        assert np.isfinite(d_x).all()
    assert not carry_state(last[1], [True, True])[0].any()


def training():
    targets = rng.integers(0, K, (T, B))
    x = rng.normal(size=(T, B, D))

    def loss_and_gradient(params, batch, carry):
        y, _, tape = unroll(
            rnn_cell, params[0], x, zero_state(params[0], B)
        )
        loss, cache = cross_entropy(readout(params[1], y), targets)
        d_logits = cross_entropy_vjp(1.0, cache)
        d_out, d_y = readout_vjp(d_logits, params[1], y)
        nothing = zero_state(params[0], B)
        d_cell, _, _ = bptt(rnn_cell_vjp, params[0], tape, d_y, nothing)
        return loss, (d_cell, d_out), carry

    params = (init_params(rng, D, H), init_readout(rng, H, K))
    result = fit(
        loss_and_gradient,
        params,
        lambda rng, step: None,
        optimizer=adam(0.05),
        schedule=Schedule(50),
        rng=rng,
    )
    losses = result.history.loss
    assert losses[-1] < losses[0] / 2
    loss, cache = squared_error(x, 0 * x)
    assert_close(loss, (x**2).mean())
    assert squared_error_vjp(1.0, cache).shape == x.shape


cells()
deeper()
training()
heavy = {"torch", "scipy", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
print(np.__version__)
