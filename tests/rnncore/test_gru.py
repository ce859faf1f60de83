"""The GRU cell, by hand; its parity and gradients stand in test_rnn, test_bptt.

The GRU that resets before its product has loops of its own: they are held
against autograd, finite differences, and the cell where r is 1.
"""

import numpy as np
import pytest
import torch
from hypothesis import given

from rnncore.backend import named_leaves
from rnncore.bptt import bptt, check_gradient
from rnncore.gru import (
    bptt_reset_before,
    gru_cell,
    gru_cell_vjp,
    unroll_reset_before,
)
from rnncore.rnn import Params, unroll
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import KINDS, problem, said, sizes


def test_one_step_by_hand():
    # r = sigmoid(ln 3) = 3/4, z = 1/2, n = tanh(1 + 3/4 * 2)
    a_x = np.array([[np.log(3), 0.0, 1.0]])
    a_h = np.array([[0.0, 0.0, 2.0]])
    (h,), _ = gru_cell(a_x, a_h, (np.full((1, 1), 0.4),))
    expected = 0.5 * np.tanh(2.5) + 0.5 * 0.4
    assert_close(h, [[expected]])


def test_a_saturated_update_gate_carries_h_and_its_gradient():
    a = np.array([[0.0, 40.0, 0.3]])
    h = np.array([[0.7]])
    (after,), cache = gru_cell(a, a, (h,))
    assert_close(after, h)
    _, _, (d_h,) = gru_cell_vjp((h,), cache)
    assert_close(d_h, h)


def test_the_reset_gate_multiplies_the_product_and_not_the_state():
    a_h = np.array([[-40.0, -40.0, 5.0]])  # r = 0: a_h's part of n is gone
    a_x = np.zeros((1, 3))
    (h,), _ = gru_cell(a_x, a_h, (np.ones((1, 1)),))
    assert_close(h, [[0.0]])


def test_a_state_of_two_parts_is_refused():
    a = np.zeros((1, 3))
    with pytest.raises(
        ValueError, match=r"state: expected 1 array\(s\), got 2"
    ):
        gru_cell(a, a, (np.zeros((1, 1)),) * 2)


def before_both_ways(p):
    y, state, tape = unroll_reset_before(p.params, p.x, p.state)
    return y, state, *bptt_reset_before(p.params, tape, p.d_y, p.d_state)


def before_by_autograd(p):
    """Cho's equations gate by gate, and torch's own way back."""
    weights = [torch.tensor(w, requires_grad=True) for w in p.params]
    W_x, W_h, b_x, b_h = (w.chunk(3) for w in weights)
    x = torch.tensor(p.x, requires_grad=True)
    first = torch.tensor(p.state[0], requires_grad=True)
    h, y = first, []
    for x_t in x:
        r, z = (
            torch.sigmoid(x_t @ W_x[k].T + h @ W_h[k].T + b_x[k] + b_h[k])
            for k in (0, 1)
        )
        n = x_t @ W_x[2].T + (r * h) @ W_h[2].T + b_x[2] + b_h[2]
        h = z * h + (1 - z) * torch.tanh(n)
        y.append(h)
    y = torch.stack(y)
    upstream = [torch.asarray(p.d_y), torch.asarray(p.d_state[0])]
    torch.autograd.backward([y, h], upstream)
    d_params = Params(*(w.grad for w in weights))
    return y.detach(), (h.detach(),), d_params, x.grad, (first.grad,)


def assert_alike(got, expected, **tolerance):
    # Of one unit alone, terms of size 1 may cancel.
    assert_close(got, expected, scale=1, **tolerance)


@given(sizes)
def test_reset_before_agrees_with_autograd_at_all_sizes(size):
    p = problem(KINDS["gru"], *size)
    assert_alike(before_both_ways(p), before_by_autograd(p))


def test_reset_before_agrees_with_autograd_on_every_backend(move):
    p = problem(KINDS["gru"])
    assert_alike(before_both_ways(move(p)), before_by_autograd(p))


def test_reset_before_keeps_float32(move):
    p = problem(KINDS["gru"])
    expected = before_both_ways(p)
    single = move(
        type(p)(
            Params(*(w.astype(np.float32) for w in p.params)),
            p.x.astype(np.float32),
            tuple(s.astype(np.float32) for s in p.state),
            p.d_y.astype(np.float32),
            tuple(s.astype(np.float32) for s in p.d_state),
        )
    )
    got = before_both_ways(single)
    for _, leaf in named_leaves(got):
        assert "float32" in str(leaf.dtype)
    assert_alike(got, expected, computed_in="float32")


@pytest.mark.parametrize("name", Params._fields)
def test_reset_before_has_the_gradients_of_finite_differences(name):
    p = problem(KINDS["gru"], T=4, B=2, D=3, H=3)

    def loss(weight):
        params = p.params._replace(**{name: weight})
        y, (h,), _ = unroll_reset_before(params, p.x, p.state)
        return float((y * p.d_y).sum() + (h * p.d_state[0]).sum())

    d_params = before_both_ways(p)[2]
    w = getattr(p.params, name)
    check_gradient(loss, w, getattr(d_params, name), f"d_{name}")


def test_both_resets_agree_where_the_reset_gate_is_open():
    p = problem(KINDS["gru"])
    H = p.params.W_h.shape[1]
    open_gate = [w.copy() for w in p.params]
    for w in open_gate:
        w[:H] = 0
    open_gate[2][:H] = 50.0  # sigmoid(50) is 1 in float64
    p = p._replace(params=Params(*open_gate))
    y, state, tape = unroll(gru_cell, p.params, p.x, p.state)
    after = y, state, *bptt(gru_cell_vjp, p.params, tape, p.d_y, p.d_state)
    assert_alike(before_both_ways(p), after)


def test_reset_before_by_hand():
    # r = 1/2, z = 1/2, n = tanh(2 (1/2 * 0.4)): the reset halves h, not b
    zero = np.zeros((3, 1))
    params = Params(
        zero, np.array([[0.0], [0.0], [2.0]]), zero[:, 0], zero[:, 0]
    )
    x = np.zeros((1, 1, 1))
    y, _, _ = unroll_reset_before(params, x, (np.full((1, 1), 0.4),))
    assert_close(y.item(), 0.5 * np.tanh(0.4) + 0.2)
    biased = params._replace(b_h=np.array([0.0, 0.0, 1.0]))
    y, _, _ = unroll_reset_before(biased, x, (np.full((1, 1), 0.4),))
    assert_close(y.item(), 0.5 * np.tanh(1.4) + 0.2)


def test_the_bias_of_the_candidate_tells_the_two_resets_apart():
    """After: b_hn lies inside the reset, and its gradient is r's share."""
    p = problem(KINDS["gru"])
    d_before = before_both_ways(p)[2]
    np.testing.assert_array_equal(d_before.b_x, d_before.b_h)
    _, _, tape = unroll(gru_cell, p.params, p.x, p.state)
    d_after, _, _ = bptt(gru_cell_vjp, p.params, tape, p.d_y, p.d_state)
    H = p.params.W_h.shape[1]
    assert_close(d_after.b_x[: 2 * H], d_after.b_h[: 2 * H])
    away = d_after.b_x[2 * H :] - d_after.b_h[2 * H :]
    assert np.abs(away).max() > 0.01


def test_reset_before_refuses_what_does_not_fit():
    p = problem(KINDS["gru"])
    with pytest.raises(
        ValueError, match=r"W_h: expected \(18, 6\), got \(6"
    ):
        unroll_reset_before(problem(KINDS["rnn"]).params, p.x, p.state)
    with pytest.raises(ValueError, match=r"x: expected \(T, B, 4\), got"):
        unroll_reset_before(p.params, p.x[..., :3], p.state)
    with pytest.raises(ValueError, match=r"state: expected 1 array\(s\)"):
        unroll_reset_before(p.params, p.x, p.state * 2)
    with pytest.raises(ValueError, match="x: expected float64 on cpu"):
        unroll_reset_before(p.params, p.x.astype(np.float32), p.state)
    _, _, tape = unroll_reset_before(p.params, p.x, p.state)
    with pytest.raises(ValueError, match=r"d_y: expected \(5, 3, 6\), got"):
        bptt_reset_before(p.params, tape, p.d_y[1:], p.d_state)
    with pytest.raises(ValueError, match=r"state: expected 1 array\(s\)"):
        bptt_reset_before(p.params, tape, p.d_y, p.d_state * 2)


def test_refusals_of_the_gru_in_full():
    a = np.zeros((2, 9))
    h = np.zeros((2, 3))
    assert said(gru_cell, a, a, (h[:1],)) == (
        "h: expected (2, 3), got (1, 3)"
    )
    assert said(gru_cell, a, a, (h, h)) == (
        "state: expected 1 array(s), got 2"
    )
    p = problem(KINDS["gru"])
    given = p.params, p.x, p.state
    assert said(unroll_reset_before, *given[:2], p.state * 2) == (
        "state: expected 1 array(s), got 2"
    )
    assert said(unroll_reset_before, p.params, p.x[0], p.state) == (
        "x: expected (T, B, 4), got (3, 4)"
    )
    other = problem(KINDS["lstm"])
    assert said(unroll_reset_before, other.params, p.x, p.state) == (
        "W_h: expected (18, 6), got (24, 6)"
    )
    _, _, tape = unroll_reset_before(*given)
    assert said(
        bptt_reset_before, p.params, tape, p.d_y[1:], p.d_state
    ) == ("d_y: expected (5, 3, 6), got (4, 3, 6)")
