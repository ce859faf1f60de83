"""Jacobians of the state against autograd, finite differences and hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore.backend import array_namespace, to_numpy
from rnncore.bptt import (
    bptt,
    numerical_gradient,
    relu_cell_vjp,
    rnn_cell_vjp,
)
from rnncore.gradient_flow import (
    _walk_back,
    glorot,
    gradient_by_lag,
    growth_rate,
    identity,
    jacobian_norms,
    orthogonal,
    scaled_gaussian,
    spectral_radius,
    state_jacobians,
)
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import (
    Params,
    init_params,
    relu_cell,
    rnn_cell,
    unroll,
)
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import KINDS, linear_cell, linear_cell_vjp, said


def setting(rng, G, parts, T=5, B=2, D=3, H=4):
    """Weights, input and a first state other than zero."""
    params = init_params(rng, D, H, G)
    state = tuple(rng.normal(size=(B, H)) for _ in range(parts))
    return params, rng.normal(size=(T, B, D)), state


def linear_jacobians(W_h, T):
    """Jacobians of T linear steps with the recurrent weights W_h."""
    H = W_h.shape[0]
    zero = np.zeros(H)
    params = Params(np.zeros((H, 1)), W_h, zero, zero)
    start = (np.ones((1, H)),)
    _, state, tape = unroll(linear_cell, params, np.zeros((T, 1, 1)), start)
    return state_jacobians(linear_cell_vjp, params, tape, state)


@pytest.mark.parametrize("name", KINDS)
def test_jacobians_agree_with_autograd_at_every_lag(name, rng, move):
    cell, cell_vjp, G, parts, _ = KINDS[name]
    params, x, state = setting(rng, G, parts)
    moved = move(params), move(x), move(state)
    _, last, tape = unroll(cell, *moved)
    actual = to_numpy(state_jacobians(cell_vjp, moved[0], tape, last))
    T, B, H = 5, 2, 4
    assert actual.shape == (T, B, parts * H, parts * H)

    params = Params(*(torch.asarray(w) for w in params))
    x = torch.asarray(x)
    for lag in range(1, T + 1):
        _, at, _ = unroll(
            cell,
            params,
            x[: T - lag] if lag < T else x[:1],
            tuple(torch.asarray(s) for s in state),
        )
        at = tuple(torch.asarray(s) for s in state) if lag == T else at
        for b in range(B):

            def onward(flat, lag=lag, b=b):
                pieces = tuple(flat.reshape(parts, 1, H))
                _, s, _ = unroll(
                    cell, params, x[T - lag :, b : b + 1], pieces
                )
                return torch.cat([part[0] for part in s])

            flat = torch.cat([part[b] for part in at])
            want = torch.autograd.functional.jacobian(onward, flat)
            assert_close(actual[lag - 1, b], want, scale=1)


def test_lstm_jacobian_holds_the_cell_states_own_path(rng):
    params, x, state = setting(rng, 4, 2)
    closed = params._replace(
        W_x=0 * params.W_x, W_h=0 * params.W_h, b_h=0 * params.b_h
    )
    H = 4
    _, last, tape = unroll(lstm_cell, closed, x, state)
    jacobians = state_jacobians(lstm_cell_vjp, closed, tape, last)
    # without W_h nothing is left but c's way back: f at each step
    f = 1 / (1 + np.exp(-closed.b_x[H : 2 * H]))
    for lag in range(1, 6):
        by_h = jacobians[lag - 1, :, :, :H]
        c_by_c = jacobians[lag - 1, :, H:, H:]
        # exact: products with zero
        np.testing.assert_array_equal(by_h, 0 * by_h)
        assert_close(c_by_c, np.stack([np.diag(f**lag)] * 2))


def test_norm_of_the_jordan_block_grows_to_a_hump_before_it_fades():
    W_h = np.array([[0.9, 5.0], [0.0, 0.9]])
    norms = jacobian_norms(linear_jacobians(W_h, 300))[:, 0]
    # W^k is [[.9^k, 5 k .9^(k - 1)], [0, .9^k]]: the corner, 5 k .9^(k-1),
    # is largest at k = 9 and 10, where it is 45 * .9^8 = 19.37; the
    # diagonal, .39 there, adds less than .39^2 / 19 = .008 to the norm
    assert norms.argmax() + 1 in (9, 10)
    assert_close(norms.max(), 45 * 0.9**8, within=0.01)
    assert_close(spectral_radius(W_h), 0.9)
    assert norms[-1] < 1e-9


def test_growth_rate_of_a_linear_cell_tends_to_the_spectral_radius(rng):
    W_h = scaled_gaussian(rng, 6, 1.1)
    far = growth_rate(jacobian_norms(linear_jacobians(W_h, 500)))
    # Gelfand: the rate is off by a constant to the power 1/500; the
    # constant is the eigenvectors' condition, here below 100 = 1.009^500
    assert far.shape == (1,)
    assert_close(far[0], 1.1, within=0.01 * 1.1)


def test_growth_rate_is_zero_where_the_gradient_is():
    norms = np.array([[1.0, 0.5], [0.0, 0.25]])
    assert_close(growth_rate(norms), [0.0, 0.5])


def test_scalar_tanh_by_hand():
    w = 1.5
    one = np.ones(1)
    params = Params(np.zeros((1, 1)), np.array([[w]]), 0 * one, 0 * one)
    start = (np.array([[0.3]]),)
    _, state, tape = unroll(rnn_cell, params, np.zeros((2, 1, 1)), start)
    jacobians = state_jacobians(rnn_cell_vjp, params, tape, state)
    h_1, h_2 = np.tanh(0.45), np.tanh(1.5 * np.tanh(0.45))
    slope_1, slope_2 = w * (1 - h_1**2), w * (1 - h_2**2)
    assert_close(jacobians.ravel(), [slope_2, slope_2 * slope_1])


@pytest.mark.parametrize("name", KINDS)
def test_contributions_by_lag_add_up_to_the_gradient(name, rng, move):
    cell, cell_vjp, G, parts, _ = KINDS[name]
    params, x, state = setting(rng, G, parts)
    d_state = tuple(rng.normal(size=(2, 4)) for _ in range(parts))
    d_y = np.zeros((5, 2, 4))
    params, x, state = move(params), move(x), move(state)
    d_state, d_y = move(d_state), move(d_y)
    _, _, tape = unroll(cell, params, x, state)
    d_params, _, _ = bptt(cell_vjp, params, tape, d_y, d_state)
    by_lag = gradient_by_lag(cell_vjp, params, tape, d_state)
    assert by_lag.shape == (5, G * 4, 4)
    # the same 10 products per entry, added up in another order
    assert_close(to_numpy(by_lag).sum(0), d_params.W_h)


def test_first_entry_of_the_contributions_is_the_last_step(rng):
    params, x, state = setting(rng, 1, 1)
    d_h = rng.normal(size=(2, 4))
    _, _, tape = unroll(rnn_cell, params, x, state)
    by_lag = gradient_by_lag(rnn_cell_vjp, params, tape, (d_h,))

    def last_step_only(W_h):
        h = tape.h_before[-1]
        a = x[-1] @ params.W_x.T + params.b_x + h @ W_h.T + params.b_h
        return float((d_h * np.tanh(a)).sum())

    # central differences of a smooth function: 1e-8 is their accuracy
    assert_close(
        by_lag[0],
        numerical_gradient(last_step_only, params.W_h),
        within=1e-8,
    )


def test_walking_back_keeps_rows_apart(rng):
    params, x, state = setting(rng, 3, 1)
    _, _, tape = unroll(gru_cell, params, x, state)
    many = rng.normal(size=(6, 2, 4))
    together = list(_walk_back(gru_cell_vjp, params, tape, (many,)))
    for k in range(6):
        alone = _walk_back(gru_cell_vjp, params, tape, (many[k],))
        for (_, (d_h,)), (_, (want,)) in zip(together, alone, strict=True):
            # one product of all rows may round otherwise than one of two
            assert_close(d_h[k], want)


@settings(deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(0, 2**32),
)
def test_norm_bounds_every_gradient_that_walks_back(T, B, D, H, seed):
    rng = np.random.default_rng(seed)
    params, x, state = setting(rng, 1, 1, T, B, D, H)
    _, last, tape = unroll(rnn_cell, params, x, state)
    jacobians = state_jacobians(rnn_cell_vjp, params, tape, last)
    norms = jacobian_norms(jacobians)
    assert norms.shape == (T, B)
    d_h = rng.normal(size=(B, H))
    steps = _walk_back(rnn_cell_vjp, params, tape, (d_h,))
    length = np.linalg.norm(d_h, axis=-1)
    for k, (_, (back,)) in enumerate(steps):
        longest = norms[k] * length
        # rounding of a few products of numbers near 1
        assert (np.linalg.norm(back, axis=-1) <= longest + 1e-13).all()


@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_norms_on_every_backend(name, rng, move):
    cell, cell_vjp, G, parts, _ = KINDS[name]
    params, x, state = setting(rng, G, parts)
    params, x, state = move(params), move(x), move(state)
    _, last, tape = unroll(cell, params, x, state)
    jacobians = state_jacobians(cell_vjp, params, tape, last)
    norms = jacobian_norms(jacobians)
    assert array_namespace(norms) is array_namespace(x)
    want = np.linalg.norm(to_numpy(jacobians), 2, axis=(-2, -1))
    # two ways to a singular value of a matrix with entries near 1
    assert_close(norms, want)
    rates = to_numpy(growth_rate(norms))
    assert_close(rates, want[-1] ** (1 / 5))


@given(st.integers(1, 8), st.integers(1, 4), st.integers(0, 2**32))
def test_orthogonal_blocks_keep_every_length(H, G, seed):
    W_h = orthogonal(np.random.default_rng(seed), H, G)
    assert W_h.shape == (G * H, H)
    for block in np.split(W_h, G):
        # QR is backward stable: off by a few times H units of rounding
        assert_close(block.T @ block, np.eye(H))


def test_orthogonal_is_uniform_over_signs():
    # QR alone gives +1 for every matrix of one unit: no reflections
    draws = [
        orthogonal(np.random.default_rng(seed), 1)[0, 0]
        for seed in range(200)
    ]
    # 100 +- 4 standard deviations (7.1)
    assert 72 <= sum(d > 0 for d in draws) <= 128


@given(
    st.integers(1, 8),
    st.floats(0.1, 3),
    st.integers(0, 2**32),
)
def test_scaled_gaussian_has_the_radius_asked_for(H, radius, seed):
    W_h = scaled_gaussian(np.random.default_rng(seed), H, radius)
    assert W_h.shape == (H, H)
    # an eigenvalue of a random matrix moves by its condition, a hundred
    # in the worst of thousands, times as far as the entries
    assert_close(spectral_radius(W_h), radius, amplified=100)


def test_spectral_radius_by_hand(move):
    quarter_turn = np.array([[0.0, -2.0], [2.0, 0.0]])
    # eigenvalues +2i and -2i
    assert_close(spectral_radius(move(quarter_turn)), 2.0)
    far_from_normal = np.array([[0.5, 100.0], [0.0, -0.7]])
    # the entry 100 is rounded, and moves the eigenvalue by as much again
    assert_close(spectral_radius(move(far_from_normal)), 0.7, amplified=100)


def test_identity_keeps_a_positive_state_for_ever():
    W_h = identity(3)
    zero = np.zeros(3)
    params = Params(np.zeros((3, 1)), W_h, zero, zero)
    start = (np.array([[0.1, 0.2, 0.3]]),)
    x = np.zeros((50, 1, 1))
    _, last, tape = unroll(relu_cell, params, x, start)
    # exact: each sum has one term that is not zero
    np.testing.assert_array_equal(last[0], start[0])
    jacobians = state_jacobians(relu_cell_vjp, params, tape, last)
    # exact: so has each of these
    np.testing.assert_array_equal(jacobians[-1, 0], np.eye(3))
    np.testing.assert_array_equal(identity(2, 0.5), [[0.5, 0], [0, 0.5]])


def test_misfits_are_named(rng):
    params, x, state = setting(rng, 1, 1)
    _, last, tape = unroll(rnn_cell, params, x, state)
    with pytest.raises(ValueError, match=r"state\[0\]: expected \(2, 4\)"):
        state_jacobians(rnn_cell_vjp, params, tape, (last[0].T,))
    narrow = (last[0].astype(np.float32),)
    with pytest.raises(ValueError, match="float32"):
        state_jacobians(rnn_cell_vjp, params, tape, narrow)
    with pytest.raises(ValueError, match=r"d_state\[0\]: expected"):
        gradient_by_lag(rnn_cell_vjp, params, tape, (last[0].T,))
    with pytest.raises(ValueError, match=r"W_h: expected \(H, 3\)"):
        spectral_radius(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="jacobians"):
        jacobian_norms(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="norms"):
        growth_rate(np.zeros(3))


def test_refusals_of_the_gradients_flow_in_full(rng):
    params, x, state = setting(rng, 1, 1)
    _, last, tape = unroll(rnn_cell, params, x, state)
    wrong = (last[0].T,)
    assert said(state_jacobians, rnn_cell_vjp, params, tape, wrong) == (
        "state[0]: expected (2, 4), got (4, 2)"
    )
    assert said(gradient_by_lag, rnn_cell_vjp, params, tape, wrong) == (
        "d_state[0]: expected (2, 4), got (4, 2)"
    )
    a = np.zeros((3, 3))
    assert said(jacobian_norms, a) == (
        "jacobians: expected (T, B, H, H), got (3, 3)"
    )
    assert said(growth_rate, a[0]) == "norms: expected (T, B), got (3,)"
    assert said(spectral_radius, a[:, :2]) == (
        "W_h: expected (H, 3), got (3, 2)"
    )


def test_jacobians_lie_where_the_state_lies():
    W = torch.ones((4, 4), device="meta")
    params = Params(W, W, W[0], W[0])
    h = torch.ones((2, 4), device="meta")
    _, last, tape = unroll(rnn_cell, params, h[None], (h,))
    found = state_jacobians(rnn_cell_vjp, params, tape, last)
    assert (found.device, found.dtype) == (h.device, h.dtype)


def test_random_recurrent_weights_are_scattered_around_zero(rng):
    for W_h in (scaled_gaussian(rng, 60), orthogonal(rng, 60)):
        # 3600 numbers with a deviation near 60**-0.5 = 0.129
        assert abs(W_h.mean()) < 0.01
        assert 0.12 < W_h.std() < 0.14
    assert_close(spectral_radius(scaled_gaussian(rng, 5)), 1.0)
    assert orthogonal(rng, 3).shape == (3, 3)
    first, second = np.split(orthogonal(rng, 4, 2), 2)
    assert np.abs(first - second).max() > 0.1  # a draw for each gate


def test_glorots_weights_have_the_variance_between_both_directions(rng):
    W = glorot(rng, 300, 100, 3)
    assert W.shape == (300, 300)
    # 90,000 uniform numbers: their variance is known to 0.5 %
    assert_close(W.var(), 2 / 400, within=0.02 * 2 / 400)
    assert abs(W).max() <= (6 / 400) ** 0.5
    # by the circular law, variance 1 / H has a spectral radius near 1
    assert 0.9 < spectral_radius(glorot(rng, 200, 200)) < 1.1
