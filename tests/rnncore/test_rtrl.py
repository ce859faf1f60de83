"""Gradients that travel forward: those of the backward loop, for any cell."""

import numpy as np
import pytest
from hypothesis import given, settings

from rnncore.backend import array_namespace
from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.cells import CELLS
from rnncore.gradient_flow import state_jacobians
from rnncore.rnn import Params, init_params, rnn_cell, unroll
from rnncore.rtrl import (
    influence_vjp,
    no_influence,
    rtrl,
    rtrl_step,
    step_jacobians,
)
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import KINDS, problem, said, sizes

each_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)


def setting(cell, T=5, B=3, D=4, H=6):
    rng = np.random.default_rng(0)
    params = Params(*(2 * w for w in init_params(rng, D, H, cell.G)))
    state = tuple(0.1 + rng.random((B, H)) for _ in range(cell.parts))
    x, d_y = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    return params, x, state, d_y


def backward(cell, params, x, state, d_y):
    _, _, tape = unroll(cell.forward, params, x, state)
    nothing = tuple(np.zeros_like(s) for s in state)
    return bptt(cell.vjp, params, tape, d_y, nothing)[0]


@each_cell
@settings(max_examples=10)
@given(size=sizes)
def test_its_gradient_is_that_of_the_backward_loop(cell, size):
    params, x, state, d_y = setting(cell, *size)
    found, last, _ = rtrl(
        cell.forward,
        cell.vjp,
        params,
        x,
        state,
        no_influence(params, state),
        d_y,
    )
    assert_close(found, backward(cell, params, x, state, d_y))
    assert_close(last, unroll(cell.forward, params, x, state)[1])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_backend_gives_it(kind, move):
    p = problem(kind)
    q = move(p)
    nothing = tuple(np.zeros_like(s) for s in p.state)
    _, _, tape = unroll(kind.cell, p.params, p.x, p.state)
    expected, _, _ = bptt(kind.vjp, p.params, tape, p.d_y, nothing)
    found, _, influence = rtrl(
        kind.cell,
        kind.vjp,
        q.params,
        q.x,
        q.state,
        no_influence(q.params, q.state),
        q.d_y,
    )
    assert_close(found, expected)
    for m in influence:
        assert array_namespace(m) is array_namespace(q.x)


def test_two_scalar_steps_by_hand():
    # h_t = tanh(w h_{t-1} + x_t); m_t = (1 - h_t^2)(h_{t-1} + w m_{t-1})
    w, h, m = 0.5, 0.3, 0.0
    params = Params(*map(np.asarray, ([[1.0]], [[w]], [0.0], [0.0])))
    state = (np.array([[h]]),)
    influence = no_influence(params, state)
    for x in (0.7, -0.2):
        before = h
        h = np.tanh(w * h + x)
        m = (1 - h * h) * (before + w * m)
        state, influence = rtrl_step(
            rnn_cell,
            rnn_cell_vjp,
            params,
            np.array([[x]]),
            state,
            influence,
        )
        assert_close((state[0], influence.W_h), ([[h]], [[[[m]]]]))
    found = influence_vjp(influence, np.array([[2.0]]))
    assert_close(found.W_h, [[2 * m]])


@each_cell
def test_the_parts_of_a_sequence_add_up_to_the_whole(cell):
    params, x, state, d_y = setting(cell)
    expected = backward(cell, params, x, state, d_y)
    influence = no_influence(params, state)
    total = [np.zeros_like(w) for w in params]
    for part in (slice(0, 2), slice(2, 5)):
        found, state, influence = rtrl(
            cell.forward,
            cell.vjp,
            params,
            x[part],
            state,
            influence,
            d_y[part],
        )
        total = [a + b for a, b in zip(total, found, strict=True)]
    assert_close(tuple(total), tuple(expected))


@each_cell
def test_a_steps_jacobian_is_that_of_lag_one(cell):
    params, x, state, _ = setting(cell, T=1)
    _, last, tape = unroll(cell.forward, params, x, state)
    _, _, J = step_jacobians(cell.vjp, params, tape.caches[0], last)
    assert_close(J, state_jacobians(cell.vjp, params, tape, last)[0])


def test_float32_stays_float32():
    params, x, state, d_y = setting(CELLS["GRU"])
    small = [a.astype(np.float32) for a in (*params, x, *state, d_y)]
    params, (x, state, d_y) = Params(*small[:4]), small[4:]
    found, last, influence = rtrl(
        CELLS["GRU"].forward,
        CELLS["GRU"].vjp,
        params,
        x,
        (state,),
        no_influence(params, (state,)),
        d_y,
    )
    kinds = {a.dtype for a in (*found, *last, *influence)}
    assert kinds == {np.dtype(np.float32)}


def test_what_does_not_fit_is_refused():
    cell = CELLS["LSTM"]
    params, x, state, d_y = setting(cell)

    def run(**changes):
        given = {
            "x": x,
            "state": state,
            "influence": no_influence(params, state),
            "d_y": d_y,
        } | changes
        rtrl(cell.forward, cell.vjp, params, *given.values())

    fitting = no_influence(params, state)
    wrong = fitting._replace(W_h=fitting.W_h[:, :6])
    assert (
        said(run, d_y=d_y[1:]) == "d_y: expected (5, 3, 6), got (4, 3, 6)"
    )
    assert said(run, influence=wrong) == (
        "influence.W_h: expected (3, 12, 24, 6), got (3, 6, 24, 6)"
    )
    assert said(run, influence=fitting.W_x).startswith(
        "influence: expected W_x, W_h, b_x, b_h, got"
    )
    assert "x: expected (T, B, 4)" in said(run, x=x[..., 1:])
    assert "float32" in said(run, d_y=d_y.astype(np.float32))
