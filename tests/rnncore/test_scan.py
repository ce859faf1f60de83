"""The scan against the loop, its vjp against finite differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.backend import to_numpy
from rnncore.bptt import bptt, check_gradient
from rnncore.rnn import Params, unroll
from rnncore.scan import (
    Minimal,
    linear_loop,
    linear_scan,
    linear_scan_vjp,
    minimal_cell,
    minimal_cell_vjp,
    minimal_layer,
    minimal_layer_vjp,
)
from tests.helpers.arrays import assert_close


def recurrence(T, B=2, H=3, seed=0):
    """Factors of both signs, inputs and a first state."""
    rng = np.random.default_rng(seed)
    a, u = rng.uniform(-1.2, 1.2, (T, B, H)), rng.normal(size=(T, B, H))
    return a, u, rng.normal(size=(B, H))


def layer(T=6, B=3, D=4, H=2, seed=0):
    """Weights, an input, a first state and an upstream gradient."""
    rng = np.random.default_rng(seed)
    params = Minimal(rng.normal(size=(2 * H, D)), rng.normal(size=2 * H))
    x, h = rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    return params, x, h, rng.normal(size=(T, B, H))


def test_four_steps_by_hand(move):
    a, u = [2.0, 3.0, 0.5, -1.0], [1.0, 0.0, 2.0, 4.0]
    a, u = (move(np.reshape(v, (4, 1, 1))) for v in (a, u))
    y, _ = linear_scan(a, u, move(np.ones((1, 1))))
    np.testing.assert_array_equal(to_numpy(y).ravel(), [3, 9, 6.5, -2.5])


@given(st.integers(1, 70), st.integers(0, 5))
def test_the_scan_gives_the_loop_s_states(T, seed):
    a, u, h = recurrence(T, seed=seed)
    y, _ = linear_scan(a, u, h)
    assert_close(y, linear_loop(a, u, h))


@pytest.mark.parametrize("T", [1, 2, 7, 8])
def test_so_it_does_in_every_library(move, T):
    a, u, h = recurrence(T)
    y, _ = linear_scan(*move((a, u, h)))
    assert_close(y, linear_loop(a, u, h))
    looped = linear_loop(*move((a, u, h)))
    assert_close(looped, linear_loop(a, u, h))


@pytest.mark.parametrize("T", [1, 2, 5, 8])
def test_its_vjp_is_that_of_finite_differences(T):
    given = dict(zip("auh", recurrence(T)))
    d_y = np.random.default_rng(1).normal(size=given["a"].shape)
    _, cache = linear_scan(**given)
    found = linear_scan_vjp(d_y, cache)
    for name, d in zip("auh", found):

        def loss(moved, name=name):
            return float(
                (d_y * linear_loop(**{**given, name: moved})).sum()
            )

        # central differences with a step of 1e-6 are good to about 1e-9
        assert check_gradient(loss, given[name], d, f"d_{name}") < 1e-7


def test_a_later_input_changes_no_earlier_state():
    a, u, h = recurrence(9)
    y, _ = linear_scan(a, u, h)
    a[6:], u[6:] = 7, 7
    after, _ = linear_scan(a, u, h)
    assert_close(after[:6], y[:6])
    assert (np.abs(after[6:] - y[6:]) > 0.1).all()


def test_factors_that_forget_all_lose_nothing_else():
    a, u, h = recurrence(33)
    a[10] = 0  # a division by a product of factors would fail here
    a[11:20] = 1e-200
    with np.errstate(under="ignore"):
        y, _ = linear_scan(a, u, h)
    assert_close(y, linear_loop(a, u, h))
    assert np.isfinite(y).all()


def test_the_layer_is_the_cell_in_the_loop(move):
    params, x, h, d_y = layer()
    H = h.shape[1]
    nothing = np.zeros((2 * H, H)), np.zeros(2 * H)
    as_loop = Params(params.W_x, nothing[0], params.b_x, nothing[1])
    expected, last, tape = unroll(minimal_cell, as_loop, x, (h,))
    d_params, d_x, (d_h,) = bptt(
        minimal_cell_vjp, as_loop, tape, d_y, (0 * last[0],)
    )
    params, x, h, d_y = move((params, x, h, d_y))
    y, cache = minimal_layer(params, x, h)
    found = minimal_layer_vjp(params, cache, d_y)
    wanted = Minimal(d_params.W_x, d_params.b_x), d_x, d_h
    assert_close(y, expected)
    assert_close(found, wanted)


def test_the_layer_s_gradient_is_that_of_finite_differences():
    params, x, h, d_y = layer(T=5)
    given = {**params._asdict(), "x": x, "h": h}
    _, cache = minimal_layer(params, x, h)
    d_params, d_x, d_h = minimal_layer_vjp(params, cache, d_y)
    found = {**d_params._asdict(), "x": d_x, "h": d_h}
    for name, value in given.items():

        def loss(moved, name=name):
            v = {**given, name: moved}
            y, _ = minimal_layer(
                Minimal(v["W_x"], v["b_x"]), v["x"], v["h"]
            )
            return float((d_y * y).sum())

        assert check_gradient(loss, value, found[name], f"d_{name}") < 1e-7


def test_one_step_of_the_cell_by_hand():
    # z = sigmoid(ln 3) = 3/4: a quarter of h = 2, three quarters of n = 10
    a_x = np.array([[np.log(3), 10.0]])
    (h,), _ = minimal_cell(
        a_x, np.full((1, 2), 99.0), (np.full((1, 1), 2.0),)
    )
    assert_close(h, [[8.0]])


def test_what_does_not_fit_is_named():
    a, u, h = recurrence(4)
    with pytest.raises(ValueError, match=r"u: expected \(4, 2, 3\), got"):
        linear_scan(a, u[1:], h)
    with pytest.raises(ValueError, match=r"h: expected \(2, 3\), got"):
        linear_loop(a, u, h[:1])
    with pytest.raises(ValueError, match="h: expected float64"):
        linear_scan(a, u, h.astype("f"))
    _, cache = linear_scan(a, u, h)
    with pytest.raises(ValueError, match=r"d_y: expected \(4, 2, 3\), got"):
        linear_scan_vjp(u[1:], cache)
    params, x, h, _ = layer()
    with pytest.raises(ValueError, match=r"W_x: expected \(6, D\), got"):
        minimal_layer(params, x, np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"x: expected \(T, 3, 4\), got"):
        minimal_layer(params, x[..., :3], h)
    with pytest.raises(ValueError, match=r"h: expected \(3, 2\), got"):
        minimal_cell(np.ones((3, 4)), np.ones((3, 4)), (np.ones((3, 3)),))
