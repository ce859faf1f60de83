"""The selective layer against a plain loop and finite differences."""

import numpy as np
import pytest

from rnncore.bptt import check_gradient
from rnncore.diagonal import (
    Selective,
    selective_layer,
    selective_layer_vjp,
    softplus,
)
from rnncore.scan import Minimal, minimal_layer
from tests.helpers.arrays import assert_close

T, B, H, N = 6, 3, 4, 2


def problem(rng):
    """Weights, an input and a first state."""
    params = Selective(
        rng.normal(size=(H + 2 * N, H)),
        rng.normal(size=H + 2 * N),
        rng.normal(size=(H, N)),
        rng.normal(size=H),
    )
    return params, rng.normal(size=(T, B, H)), rng.normal(size=(B, H, N))


def by_hand(params, x, h):
    """One sequence, one step and one channel at a time."""
    y, last = np.empty(x.shape), h.copy()
    for b in range(B):
        for t in range(T):
            row = params.W_x @ x[t, b] + params.b_x
            into, out = row[H : H + N], row[H + N :]
            for k in range(H):
                s = np.log1p(np.exp(row[k]))
                for n in range(N):
                    kept = np.exp(-s * np.exp(params.log_rate[k, n]))
                    last[b, k, n] *= kept
                    last[b, k, n] += s * x[t, b, k] * into[n]
                y[t, b, k] = last[b, k] @ out + params.skip[k] * x[t, b, k]
    return y, last


def test_the_layer_is_its_formula_in_every_library(move, rng):
    params, x, h = problem(rng)
    expected = by_hand(params, x, h)
    d_y, d_h = rng.normal(size=x.shape), rng.normal(size=h.shape)
    wanted = selective_layer_vjp(
        params, selective_layer(params, x, h)[-1], d_y, d_h
    )
    params, x, h, d_y, d_h = move((params, x, h, d_y, d_h))
    y, last, cache = selective_layer(params, x, h)
    assert_close((y, last), expected)
    assert_close(selective_layer_vjp(params, cache, d_y, d_h), wanted)


def test_its_gradient_is_that_of_finite_differences(rng):
    params, x, h = problem(rng)
    y, last, cache = selective_layer(params, x, h)
    d_y, d_last = rng.normal(size=y.shape), rng.normal(size=last.shape)
    d_params, d_x, d_h = selective_layer_vjp(params, cache, d_y, d_last)
    given = {**params._asdict(), "x": x, "h": h}
    found = {**d_params._asdict(), "x": d_x, "h": d_h}
    for key, value in given.items():

        def loss(moved, key=key):
            v = {**given, key: moved}
            weights = Selective(*(v[k] for k in Selective._fields))
            y, last, _ = selective_layer(weights, v["x"], v["h"])
            return float((d_y * y).sum() + (d_last * last).sum())

        # central differences with a step of 1e-6 are good to about 1e-8
        assert check_gradient(loss, value, found[key], f"d_{key}") < 1e-6


def test_one_step_by_hand():
    # p = 0, so s = ln 2; the rate is 1, so half is kept; b = 3, c = 2
    W_x = np.zeros((3, 1))
    params = Selective(
        W_x, np.array([0.0, 3.0, 2.0]), np.zeros((1, 1)), np.array([5.0])
    )
    y, h, _ = selective_layer(
        params, np.full((1, 1, 1), 4.0), np.full((1, 1, 1), 10.0)
    )
    after = 5.0 + np.log(2) * 4 * 3
    assert_close(h, np.full((1, 1, 1), after))
    assert_close(y, np.full((1, 1, 1), 2 * after + 20))


def test_with_one_number_a_channel_it_has_the_gate_of_the_minimal_layer(
    rng,
):
    # N = 1, rate 1: exp(-softplus(p)) = 1 - sigmoid(p) is kept
    _, x, h = problem(rng)
    W, bias = rng.normal(size=(H, H)), rng.normal(size=H)
    rows = np.concatenate([W, np.zeros((2, H))])
    one = Selective(
        rows, np.append(bias, [0.0, 1.0]), np.zeros((H, 1)), np.zeros(H)
    )
    kept, _, _ = selective_layer(one, x, h[..., :1])
    twice = np.concatenate([W, np.zeros((H, H))])
    minimal = Minimal(twice, np.append(bias, np.zeros(H)))
    assert_close(kept, minimal_layer(minimal, x, h[..., 0])[0])


def test_a_softplus_of_a_large_number_is_that_number():
    a = np.array([[-1000.0, 0.0, 1000.0]])
    assert_close(softplus(a), [[0.0, np.log(2), 1000.0]])


def test_what_does_not_fit_is_named(rng):
    params, x, h = problem(rng)
    with pytest.raises(ValueError, match=r"W_x: expected \(10, 4\), got"):
        selective_layer(params, x, np.zeros((B, H, 3)))
    with pytest.raises(ValueError, match=r"x: expected \(T, 3, 4\), got"):
        selective_layer(params, x[..., :2], h)
    with pytest.raises(ValueError, match="skip: expected float64"):
        selective_layer(params._replace(skip=np.ones(H, "f")), x, h)
    cache = selective_layer(params, x, h)[-1]
    with pytest.raises(ValueError, match=r"d_h: expected \(3, 4, 2\), got"):
        selective_layer_vjp(params, cache, x, h[..., 0])
