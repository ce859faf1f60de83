"""Matrix memories against loops written otherwise, and by hand."""

import numpy as np
import pytest

from rnncore.backend import to_numpy
from rnncore.bptt import bptt, check_gradient
from rnncore.memory import (
    Steps,
    delta,
    gated_delta_cell,
    gated_delta_cell_vjp,
    hebb,
    memory_loop,
    unit,
    unit_vjp,
)
from rnncore.rnn import Params, unroll
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import memory, said

RULES = pytest.mark.parametrize("rule", [hebb, delta])


def oracle(rule, steps, S):
    """S_t = S_{t-1} diag(alpha) (1 - beta k k^T) + beta v k^T.

    A product of matrices for one sequence after the other; Hebb's rule
    lacks the second factor. With a rate for each row, a row at a time.
    """
    T, B, K = steps.k.shape
    V = steps.v.shape[-1]
    beta = np.broadcast_to(steps.beta, (T, B, V))
    alpha = np.broadcast_to(np.exp(steps.log_a), (T, B, K))
    y, S = np.zeros((T, B, V)), S.copy()
    for b in range(B):
        for row in range(V):
            for t in range(T):
                k, rate = steps.k[t, b], beta[t, b, row]
                erased = rate * np.outer(k, k) if rule is delta else 0
                keep = np.diag(alpha[t, b]) @ (np.eye(K) - erased)
                written = rate * steps.v[t, b, row] * k
                S[b, row] = S[b, row] @ keep + written
                y[t, b, row] = S[b, row] @ steps.q[t, b]
    return y, S


def test_two_writings_under_one_key_by_hand(move):
    # 3 and then 5 under the key (1, 0): the sum, or what came last.
    one = np.ones((2, 1, 1))
    key = np.concatenate([one, 0 * one], axis=-1)
    value = np.reshape([3.0, 5.0], (2, 1, 1))
    steps = Steps(key, key, value, 0 * one, one)
    steps, S = move((steps, np.zeros((1, 1, 2))))
    for rule, last in (hebb, 8), (delta, 5):
        y, S_last = memory_loop(rule, steps, S)
        np.testing.assert_array_equal(to_numpy(y).ravel(), [3, last])
        np.testing.assert_array_equal(to_numpy(S_last)[0], [[last, 0]])


@RULES
@pytest.mark.parametrize("decays", [1, 3])
@pytest.mark.parametrize("rates", [1, 4])
def test_the_loop_is_a_product_of_matrices(move, rule, decays, rates):
    steps, S = memory(decays=decays, rates=rates)
    y, last = memory_loop(rule, *move((steps, S)))
    assert_close((y, last), oracle(rule, steps, S))


def test_a_rate_of_two_turns_what_stands_under_the_key_around():
    steps, S = memory(T=1)
    still = steps._replace(
        q=steps.k,
        v=0 * steps.v,
        log_a=0 * steps.log_a,
        beta=0 * steps.beta + 2,
    )
    y, last = memory_loop(delta, still, S)
    before = (S @ steps.k[0][..., None])[..., 0]
    assert_close(y[0], -before)
    norms = [np.linalg.norm(m, axis=(1, 2)) for m in (last, S)]
    assert_close(*norms)


def cell_problem(T=4, B=2, D=3, H=3, seed=0):
    rng = np.random.default_rng(seed)
    params = Params(
        rng.normal(size=(5 * H, D)),
        np.zeros((5 * H, H)),
        rng.normal(size=5 * H),
        np.zeros(5 * H),
    )
    x = rng.normal(size=(T, B, D))
    state = rng.normal(size=(B, H)), rng.normal(size=(B, H, H))
    d_y = rng.normal(size=(T, B, H))
    d_state = rng.normal(size=(B, H)), rng.normal(size=(B, H, H))
    return params, x, state, d_y, d_state


def test_the_cell_in_the_loop_of_chapter_2_is_the_delta_rule(move):
    params, x, state, _, _ = cell_problem()
    y, (h, S), _ = unroll(gated_delta_cell, *move((params, x, state)))
    a = x @ params.W_x.T + params.b_x
    q, k, v, alpha, beta = np.split(a, 5, axis=-1)
    alpha, beta = (1 / (1 + np.exp(-gate)) for gate in (alpha, beta))
    k = k / np.linalg.norm(k, axis=-1, keepdims=True)
    steps = Steps(q, k, v, np.log(alpha), beta)
    # a length has 1e-12 under its root: 1e-12 of a key
    expected, last = oracle(delta, steps, state[1])
    assert_close((y, h, S), (expected, expected[-1], last), within=1e-10)


def test_the_cell_s_gradient_is_that_of_finite_differences():
    params, x, state, d_y, d_state = cell_problem()
    _, _, tape = unroll(gated_delta_cell, params, x, state)
    d_params, d_x, (d_h, d_S) = bptt(
        gated_delta_cell_vjp, params, tape, d_y, d_state
    )
    given = {"W_x": params.W_x, "b_x": params.b_x, "x": x, "S": state[1]}
    found = {"W_x": d_params.W_x, "b_x": d_params.b_x, "x": d_x, "S": d_S}
    assert_close(d_h, 0)  # no step reads what was read
    for name, value in given.items():

        def loss(moved, name=name):
            v = {**given, name: moved}
            weights = params._replace(W_x=v["W_x"], b_x=v["b_x"])
            y, last, _ = unroll(
                gated_delta_cell, weights, v["x"], (state[0], v["S"])
            )
            ends = zip(d_state, last)
            return float(
                (d_y * y).sum() + sum((d * s).sum() for d, s in ends)
            )

        # central differences with a step of 1e-6 are good to about 1e-9
        assert check_gradient(loss, value, found[name], f"d_{name}") < 1e-7


def test_the_cell_s_way_back_is_the_same_in_every_library(move):
    params, x, state, d_y, d_state = cell_problem()
    _, _, tape = unroll(gated_delta_cell, params, x, state)
    expected = bptt(gated_delta_cell_vjp, params, tape, d_y, d_state)
    params, x, state, d_y, d_state = move((params, x, state, d_y, d_state))
    _, _, tape = unroll(gated_delta_cell, params, x, state)
    found = bptt(gated_delta_cell_vjp, params, tape, d_y, d_state)
    assert_close(found, expected)


def test_a_key_of_length_zero_writes_nothing():
    k, length = unit(np.zeros((1, 3)))
    np.testing.assert_array_equal(k, 0)
    assert np.isfinite(unit_vjp(np.ones((1, 3)), k, length)).all()


def test_what_does_not_fit_is_named():
    steps, S = memory()
    for change, message in (
        ({"k": steps.k[1:]}, "k: expected (6, 2, 3), got (5, 2, 3)"),
        ({"v": steps.v[:, :1]}, "v: expected (6, 2, V), got (6, 1, 4)"),
        (
            {"log_a": steps.v[..., :2]},
            "log_a: expected (6, 2, 3), got (6, 2, 2)",
        ),
        ({"beta": steps.beta[0]}, "beta: expected (6, 2, 1), got (2, 1)"),
        ({"beta": steps.k}, "beta: expected (6, 2, 4), got (6, 2, 3)"),
    ):
        assert (
            said(memory_loop, hebb, steps._replace(**change), S) == message
        )
    told = said(memory_loop, hebb, steps, S[..., :2])
    assert told == "S: expected (2, 4, 3), got (2, 4, 2)"
    told = said(memory_loop, hebb, steps, S.astype("f"))
    assert "expected float32" in told
    state = np.ones((2, 3)), np.ones((2, 3, 4))
    told = said(gated_delta_cell, np.ones((2, 15)), np.ones((2, 15)), state)
    assert told == "S: expected (2, 3, 3), got (2, 3, 4)"
