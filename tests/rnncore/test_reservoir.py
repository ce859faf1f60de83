"""A reservoir is what was asked for, and its readout the best there is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from rnncore.backend import array_namespace
from rnncore.bptt import check_gradient
from rnncore.gradient_flow import orthogonal, spectral_radius
from rnncore.reservoir import (
    fit_readout,
    init_reservoir,
    leaky,
    memory_curve,
)
from rnncore.rnn import Params, readout, rnn_cell, unroll, zero_state
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import said


def linear(a_x, a_h, state):
    """h_t = a_x + a_h, for results that are known in closed form."""
    return (a_x + a_h,), None


def delay_line(H):
    """Weights with which unit k holds the input of k steps before."""
    W_x = np.eye(H)[:, :1]
    return Params(W_x, np.eye(H, k=-1), np.zeros(H), np.zeros(H))


def test_a_reservoir_has_the_radius_and_scales_that_were_asked_for(rng):
    W_x, W_h, b_x, b_h = init_reservoir(rng, 200, 50, 0.8, 0.5, 0.1)
    assert_close(spectral_radius(W_h), 0.8, amplified=100)
    assert 0.49 < np.abs(W_x).max() <= 0.5
    assert 0.08 < np.abs(b_x).max() <= 0.1
    assert not b_h.any()
    # 10,000 uniform numbers: their mean is within four deviations of 0
    assert abs(W_x.mean()) < 4 * 0.5 / np.sqrt(3 * W_x.size)


def test_a_leak_of_one_is_the_plain_cell(move, rng):
    a_x, a_h, h = move(tuple(rng.normal(size=(3, 2, 4))))
    (found,), _ = leaky(1.0)(a_x, a_h, (h,))
    assert_close(found, rnn_cell(a_x, a_h, (h,))[0][0])


def test_a_leak_mixes_the_old_state_with_the_new():
    one = np.array([[0.5]])
    ((found,), _) = leaky(0.25)(one, one, (np.array([[0.8]]),))
    assert_close(found, [[0.75 * 0.8 + 0.25 * np.tanh(1.0)]])


@pytest.mark.parametrize("leak", [0, -0.1, 1.1, float("nan")])
def test_a_leak_that_is_no_share_is_refused(leak):
    expected = f"leak: expected above 0, at most 1, got {leak}"
    assert said(leaky, leak) == expected


@given(st.integers(0, 2**32), st.sampled_from([1e-6, 1e-2, 10.0]))
def test_ridge_is_scikit_learns(seed, penalty):
    rng = np.random.default_rng(seed)
    y, targets = rng.normal(size=(9, 2, 4)), rng.normal(size=(9, 2, 3))
    found = fit_readout(y, targets, penalty)
    alpha = penalty * 18  # theirs is added to a sum, ours to a mean
    other = Ridge(alpha, solver="svd").fit(
        y.reshape(18, 4), targets.reshape(18, 3)
    )
    assert_close(found.W_y, other.coef_, amplified=100)
    assert_close(found.b_y, other.intercept_, amplified=100)


def test_every_backend_gives_the_same_readout(move, rng):
    y, targets = rng.normal(size=(9, 2, 4)), rng.normal(size=(9, 2, 3))
    expected = fit_readout(y, targets, 0.1)
    y, targets = move((y, targets))
    found = fit_readout(y, targets, 0.1)
    assert_close(found, expected, amplified=10)
    assert array_namespace(found.W_y) is array_namespace(y)


def test_no_other_weights_have_a_lower_penalised_error(rng):
    y, targets = rng.normal(size=(9, 2, 4)), rng.normal(size=(9, 2, 3))
    out = fit_readout(y, targets, 0.1)

    def cost(W_y, b_y):
        miss = readout(out._replace(W_y=W_y, b_y=b_y), y) - targets
        return float((miss**2).sum() / 18 + 0.1 * (W_y**2).sum())

    for name, a, f in [
        ("d_W_y", out.W_y, lambda W_y: cost(W_y, out.b_y)),
        ("d_b_y", out.b_y, lambda b_y: cost(out.W_y, b_y)),
    ]:
        check_gradient(f, a, np.zeros_like(a), name)


def test_states_that_say_the_same_twice_still_have_a_readout(rng):
    y = rng.normal(size=(20, 1, 2))
    twice = np.concatenate([y, y], axis=-1)
    out = fit_readout(twice, y[..., :1], 1e-9)
    assert_close(out.W_y, [[0.5, 0, 0.5, 0]], within=1e-6)


@pytest.mark.parametrize("penalty", [0, -1.0, float("nan")])
def test_a_penalty_that_is_none_is_refused(penalty):
    y = np.ones((3, 2, 4))
    expected = f"penalty: expected above 0, got {penalty}"
    assert said(fit_readout, y, y, penalty) == expected


def test_targets_that_do_not_fit_are_refused():
    y = np.ones((3, 2, 4))
    expected = "targets: expected (3, 2, K), got (2, 2, 4)"
    assert said(fit_readout, y, y[1:], 1.0) == expected
    small = y.astype(np.float32)
    assert "float64 on cpu as y, got float32" in said(
        fit_readout, y, small, 1.0
    )


def test_a_delay_line_remembers_its_length_and_nothing_before(rng):
    H, T = 4, 4000
    x = rng.normal(size=(T, 1, 1))
    params = delay_line(H)
    y, _, _ = unroll(linear, params, x, zero_state(params, 1))
    memory = memory_curve(y, x, 8)
    assert_close(memory[:H], 1.0, within=1e-9)
    # correlations of independent numbers: variance 1 / 1996 each
    assert (memory[H:] < 16 / 1996).all()


def test_a_linear_reservoir_reaches_the_bound_of_h(rng):
    H, T = 10, 20_000
    x = rng.normal(size=(T, 1, 1))
    W_x = rng.uniform(-1, 1, (H, 1))
    zero = np.zeros(H)
    params = Params(W_x, 0.9 * orthogonal(rng, H), zero, zero)
    y, _, _ = unroll(linear, params, x, zero_state(params, 1))
    capacity = memory_curve(y, x, 150).sum()
    # each of 140 lags that are not remembered adds about 1 / 10,000
    assert 0.98 * H < capacity < 1.02 * H


def test_memory_is_told_for_every_backend(move, rng):
    y, x = rng.normal(size=(40, 2, 4)), rng.normal(size=(40, 2, 1))
    expected = memory_curve(y, x, 3)
    y, x = move((y, x))
    assert_close(memory_curve(y, x, 3), expected, amplified=100)


@pytest.mark.parametrize("lags", [0, 6])
def test_too_many_lags_or_none_are_refused(lags):
    y, x = np.ones((8, 1, 2)), np.ones((8, 1, 1))
    expected = f"lags: expected 1 to 5, got {lags}"
    assert said(memory_curve, y, x, lags) == expected
