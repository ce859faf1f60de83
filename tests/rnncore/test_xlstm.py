"""sLSTM and mLSTM against their equations without a stabiliser."""

import numpy as np
import pytest

from rnncore.bptt import bptt, check_gradient
from rnncore.chunks import HEBB, memory_chunks, memory_chunks_vjp
from rnncore.memory import hebb, memory_loop
from rnncore.rnn import Params, unroll, zero_state
from rnncore.xlstm import (
    log_sigmoid,
    mlstm_read,
    mlstm_read_vjp,
    mlstm_steps,
    mlstm_steps_vjp,
    slstm_cell,
    slstm_cell_vjp,
)
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import said


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def recurrent(T=5, B=2, D=3, H=4, seed=0):
    rng = np.random.default_rng(seed)
    shapes = (4 * H, D), (4 * H, H), (4 * H,), (4 * H,)
    params = Params(*(rng.normal(size=shape) for shape in shapes))
    return params, rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))


def test_slstm_is_a_mean_weighted_by_exponentials(move):
    params, x, _ = recurrent()
    y, _, _ = unroll(
        slstm_cell, *move((params, x, zero_state(params, 2, 4)))
    )
    h = c = n = np.zeros((2, 4))
    expected = []
    for x_t in x:
        a = x_t @ params.W_x.T + params.b_x + h @ params.W_h.T + params.b_h
        i, f, z, o = np.split(a, 4, axis=1)
        c = sigmoid(f) * c + np.exp(i) * np.tanh(z)
        n = sigmoid(f) * n + np.exp(i)
        h = sigmoid(o) * c / n
        expected.append(h)
    assert_close(y, np.stack(expected), amplified=8)


def test_slstm_s_gradient_is_that_of_finite_differences():
    params, x, d_y = recurrent()
    first = zero_state(params, 2, 4)
    nothing = tuple(np.zeros_like(s) for s in first)
    _, _, tape = unroll(slstm_cell, params, x, first)
    d_params, d_x, _ = bptt(slstm_cell_vjp, params, tape, d_y, nothing)
    named = {**params._asdict(), "x": x}
    found = {**d_params._asdict(), "x": d_x}
    for name, value in named.items():

        def loss(moved, name=name):
            v = {**named, name: moved}
            at = v.pop("x")
            return float(
                (d_y * unroll(slstm_cell, Params(**v), at, first)[0]).sum()
            )

        assert check_gradient(loss, value, found[name], f"d_{name}") < 1e-7


def test_one_step_of_slstm_by_hand():
    # f = 1/2 halves c = 4 and n = 2; i = e^0 = 1 writes tanh(0) = 0:
    # c = 2, n = 2, and with o = 1/2 h is a half.
    a = np.zeros((1, 4))
    state = tuple(np.full((1, 1), s) for s in (9.0, 4.0, 2.0, 0.0))
    (h, c, n, m), _ = slstm_cell(a, a, state)
    assert_close(
        (h, c, n, m), tuple(np.array([[s]]) for s in (0.5, 2.0, 2.0, 0.0))
    )


def test_exponents_of_a_thousand_overflow_nothing():
    state = tuple(np.zeros((1, 1)) for _ in range(4))
    a = np.array([[1000.0, 1000.0, 1.0, 0.0]])
    (h, *_), cache = slstm_cell(a, 0 * a, state)
    assert_close(h, [[0.5 * np.tanh(1.0)]])
    one = tuple(np.ones((1, 1)) for _ in range(4))
    assert np.isfinite(slstm_cell_vjp(one, cache)[0]).all()
    a = np.array([[-800.0, 0.0, 800.0]])
    assert_close(log_sigmoid(a), [[-800.0, -np.log(2), 0.0]])


def problem(T=7, B=2, K=3, V=4, seed=0):
    rng = np.random.default_rng(seed)
    q, k = rng.normal(size=(2, T, B, K))
    v, d_h = rng.normal(size=(2, T, B, V))
    a_f, log_i = rng.normal(size=(2, T, B, 1))
    return (q, k, v, log_sigmoid(a_f), 2 * log_i), d_h


def unscaled(q, k, v, log_f, log_i):
    """mLSTM as its equations have it, from memories of zeros."""
    T, B, K = q.shape
    C, n = np.zeros((B, v.shape[-1], K)), np.zeros((B, K))
    h = []
    for t in range(T):
        f, i = np.exp(log_f[t]), np.exp(log_i[t])
        C = f[..., None] * C + np.einsum("bv,bk->bvk", i * v[t], k[t])
        n = f * n + i * k[t]
        below = np.abs((n * q[t]).sum(-1, keepdims=True))
        h.append(np.einsum("bvk,bk->bv", C, q[t]) / np.maximum(below, 1))
    return np.stack(h)


@pytest.mark.parametrize("C", [1, 3, 7])
def test_mlstm_is_hebb_s_rule_and_a_quotient(move, C):
    given, _ = problem()
    q = given[0]
    S, m = np.zeros((2, 5, 3)), np.zeros((2, 1))
    moved, S, m = move((given, S, m))
    steps, every_m = mlstm_steps(*moved, m)
    y, _, _ = memory_chunks(HEBB, steps, S, C)
    assert_close(mlstm_read(y, every_m), unscaled(*given), amplified=8)
    looped, _ = memory_loop(hebb, steps, S)
    assert_close(y, looped, amplified=8)
    assert q.shape == (7, 2, 3)


def test_mlstm_s_gradient_is_that_of_finite_differences():
    given, d_h = problem()
    S, m = np.zeros((2, 5, 3)), np.zeros((2, 1))
    steps, every_m = mlstm_steps(*given, m)
    y, _, chunks = memory_chunks(HEBB, steps, S, 3)
    d_y = mlstm_read_vjp(d_h, y, every_m)
    d_steps, _ = memory_chunks_vjp(HEBB, chunks, d_y, 0 * S)
    found = mlstm_steps_vjp(d_steps, steps)
    names = "q", "k", "v", "log_f", "log_i"
    for j, name in enumerate(names):

        def loss(moved, j=j):
            args = [*given]
            args[j] = moved
            return float((d_h * unscaled(*args)).sum())

        assert check_gradient(loss, given[j], found[j], f"d_{name}") < 1e-7


def test_mlstm_with_exponents_of_a_thousand_is_finite():
    (q, k, v, log_f, log_i), d_h = problem()
    S, m = np.zeros((2, 5, 3)), np.zeros((2, 1))
    with np.errstate(under="ignore"):
        steps, every_m = mlstm_steps(q, k, v, log_f, 1000 * log_i, m)
        y, _, _ = memory_chunks(HEBB, steps, S, 3)
        assert (steps.log_a <= 0).all()
        assert (steps.beta <= 1).all()
        with np.errstate(over="ignore"):  # exp(-m) of a small m
            h = mlstm_read(y, every_m)
            d_y = mlstm_read_vjp(d_h, y, every_m)
    assert np.isfinite(h).all()
    assert np.isfinite(d_y).all()


def test_what_does_not_fit_is_named():
    (q, k, v, log_f, log_i), _ = problem()
    told = said(mlstm_steps, q, k, v, log_f[1:], log_i, np.zeros((2, 1)))
    assert told == "log_f: expected (7, 2, 1), got (6, 2, 1)"
    told = said(mlstm_steps, q, k, v, log_f, log_i, np.zeros((1, 1)))
    assert told == "m: expected (2, 1), got (1, 1)"
    state = (np.ones((1, 1)),) * 3
    told = said(slstm_cell, np.ones((1, 4)), np.ones((1, 4)), state)
    assert told == "state: expected 4 array(s), got 3"
