"""Newton's rounds against the loop, their vjp against `bptt`."""

import math
import warnings

import numpy as np
import pytest

from rnncore.backend import tree_map
from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.cells import CELLS
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.newton import (
    Diagonal,
    NotConverged,
    newton_rounds,
    solve_states,
    solve_states_vjp,
    widen,
)
from rnncore.rnn import init_params, rnn_cell, unroll, zero_state
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import KINDS, problem, said

BOUNDS = {"rnn": (3.0,), "gru": (3.0,), "lstm": (3.0, math.inf)}
GRU = gru_cell, gru_cell_vjp


def far_apart(one, other):
    """The largest difference of two trees of arrays."""
    pairs = []
    tree_map(lambda a, b: pairs.append(np.abs(a - b).max()), one, other)
    return max(pairs)


def diagonal(G=3, D=4, H=5, T=6, B=2, seed=0):
    """Diagonal weights, an input and a first state."""
    rng = np.random.default_rng(seed)
    W_x, _, b_x, b_h = init_params(rng, D, H, G)
    weights = Diagonal(W_x, rng.normal(size=(G, H)), b_x, b_h)
    x, h = rng.normal(size=(T, B, D)), rng.uniform(-1, 1, (B, H))
    return weights, x, (h,)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("T", [1, 2, 9])
def test_the_states_are_those_of_the_loop(name, T):
    forward, vjp, G, parts = CELLS[name]
    rng = np.random.default_rng(0)
    params, x = init_params(rng, 3, 4, G), rng.normal(size=(T, 2, 3))
    state = zero_state(params, 2, parts)
    y, last, solved = solve_states(forward, vjp, params, x, state)
    expected = unroll(forward, params, x, state)[:2]
    assert far_apart((y, last), expected) < 1e-11
    assert 1 <= solved.rounds <= T + 1  # after T all states are exact


@pytest.mark.parametrize("name", BOUNDS)
def test_so_they_are_in_every_library_within_bounds(move, name):
    kind, bounds = KINDS[name], BOUNDS[name]
    p = problem(kind, T=20)
    expected = unroll(kind.cell, p.params, p.x, p.state)[:2]
    params, x, state = move((p.params, p.x, p.state))
    y, last, _ = solve_states(kind.cell, kind.vjp, params, x, state, bounds)
    assert_close((y, last), expected, amplified=64)


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("T", [1, 7, 64])
def test_the_gradient_is_that_of_bptt(name, T):
    kind = KINDS[name]
    p = problem(kind, T=T)
    *_, tape = unroll(kind.cell, p.params, p.x, p.state)
    expected = bptt(kind.vjp, p.params, tape, p.d_y, p.d_state)
    *_, solved = solve_states(
        kind.cell, kind.vjp, p.params, p.x, p.state, BOUNDS[name], T + 1
    )
    found = solve_states_vjp(
        kind.cell, kind.vjp, p.params, solved, p.d_y, p.d_state
    )
    largest = max(np.abs(d).max() for d in expected[0])
    assert far_apart(found, expected) < 1e-12 * max(1, largest)


def test_so_it_is_in_every_library(move):
    weights, x, state = diagonal()
    d_y, d_state = np.ones((6, 2, 5)), (np.ones((2, 5)),)
    *_, solved = solve_states(*GRU, weights, x, state)
    expected = solve_states_vjp(*GRU, weights, solved, d_y, d_state)
    weights, solved, d_y, d_state = move((weights, solved, d_y, d_state))
    found = solve_states_vjp(*GRU, weights, solved, d_y, d_state)
    assert_close(found, expected, amplified=8)


@pytest.mark.parametrize(("cell", "G"), [("RNN_TANH", 1), ("GRU", 3)])
@pytest.mark.parametrize("T", [1, 8, 33])
def test_diagonal_weights_give_what_their_matrices_give(cell, G, T):
    forward, vjp, *_ = CELLS[cell]
    weights, x, state = diagonal(G, T=T)
    y, last, solved = solve_states(forward, vjp, weights, x, state, (1.0,))
    wide = widen(weights)
    expected, end, tape = unroll(forward, wide, x, state)
    assert far_apart((y, last), (expected, end)) < 1e-11
    rng = np.random.default_rng(1)
    d_y, d_state = (
        rng.normal(size=y.shape),
        (rng.normal(size=end[0].shape),),
    )
    d_wide, *others = bptt(vjp, wide, tape, d_y, d_state)
    d_weights, *found = solve_states_vjp(
        forward, vjp, weights, solved, d_y, d_state
    )
    assert far_apart(found, others) < 1e-12
    on_diagonal = d_wide.W_h.reshape(G, 5, 5).diagonal(axis1=1, axis2=2)
    assert_close(d_weights.w_h, on_diagonal)
    assert_close(d_weights.W_x, d_wide.W_x)
    assert_close(d_weights[2:], d_wide[2:])


def test_each_round_makes_one_more_state_exact():
    params, x, state = widen(diagonal(seed=3)[0]), *diagonal(seed=3)[1:]
    params = params._replace(W_h=6 * params.W_h)
    y, _, _ = unroll(gru_cell, params, x, state)
    rounds = newton_rounds(*GRU, params, x, state, (1.0,))
    for k in range(1, 7):
        guess, _ = next(rounds)
        assert np.abs(guess[:k] - y[:k]).max() < 1e-12


def test_one_round_by_hand():
    # tanh'(0) = 1: from a guess of zeros the steps are h + u, a sum
    weights = Diagonal(np.ones((1, 1)), np.ones((1, 1)), *np.zeros((2, 1)))
    x = np.zeros((3, 1, 1))
    state = (np.full((1, 1), 0.5),)
    rounds = newton_rounds(rnn_cell, rnn_cell_vjp, weights, x, state)
    guess, step = next(rounds)
    h = np.tanh(0.5)
    assert_close(guess.ravel(), [h, h, h])
    assert_close(step, h)


def chaotic(T=300, H=8):
    """A tanh network that is chaos: its exponent is above 0."""
    rng = np.random.default_rng(0)
    params = init_params(rng, 2, H)
    params = params._replace(W_h=rng.normal(0, 4 * H**-0.5, (H, H)))
    return params, rng.normal(size=(T, 1, 2)), (np.zeros((1, H)),)


@pytest.mark.parametrize("bounds", [None, (1.0,)])
def test_chaos_is_refused_with_the_step(bounds):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = said(
            solve_states,
            rnn_cell,
            rnn_cell_vjp,
            *chaotic(),
            bounds,
            error=NotConverged,
        )
    assert "after 30 round(s) the last step was still" in text
    assert "the loop (unroll) is exact" in text


def test_it_arrives_even_there_if_there_are_as_many_rounds_as_steps():
    params, x, state = chaotic(T=40)
    y, *_ = solve_states(
        rnn_cell, rnn_cell_vjp, params, x, state, (1.0,), rounds=41
    )
    expected, *_ = unroll(rnn_cell, params, x, state)
    # chaos magnifies rounding: e^(0.3 * 40) times
    assert np.abs(y - expected).max() < 1e-9


def test_bounds_that_the_states_leave_are_refused_not_obeyed():
    weights, x, state = diagonal()
    y, *_ = unroll(gru_cell, widen(weights), x, state)
    bounds = (0.5 * float(np.abs(y).max()),)
    with pytest.raises(NotConverged, match="the last step was still"):
        solve_states(*GRU, weights, x, state, bounds)


def test_what_is_no_number_is_refused():
    weights, x, state = diagonal()
    x[2] = np.nan
    with pytest.raises(NotConverged, match="still inf"):
        solve_states(*GRU, weights, x, state)


def test_what_does_not_fit_is_named():
    weights, x, state = diagonal()
    args = *GRU, weights
    assert "x: expected (T, B, 4)" in said(
        solve_states, *args, x[..., :3], state
    )
    assert "x: expected real floats, got int64" in said(
        solve_states, *args, x.astype(int), state
    )
    assert "rounds: expected at least 1, got 0" in said(
        solve_states, *args, x, state, None, 0
    )
    assert "bounds: expected a list or tuple of 1, got 2" in said(
        solve_states, *args, x, state, (1.0, 1.0)
    )
    assert "bounds: expected above 0" in said(
        solve_states, *args, x, state, (0.0,)
    )
    assert "state: expected 1 array(s), got 2" in said(
        solve_states, *args, x, state * 2
    )
    short = weights._replace(w_h=weights.w_h[:, 1:])
    assert "expected" in said(solve_states, *GRU, short, x, state)
    *_, solved = solve_states(*args, x, state)
    assert "d_y: expected (6, 2, 5), got (5, 2, 5)" in said(
        solve_states_vjp, *args, solved, np.ones((5, 2, 5)), state
    )
    assert "x: expected float64 on cpu as W_x, got float32" in said(
        solve_states, *args, x.astype("f"), state
    )
