"""Losses: by hand, against torch, by finite differences, at the edges."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rnncore.backend import array_namespace, from_numpy, to_numpy
from rnncore.bptt import check_gradient
from rnncore.losses import (
    cross_entropy,
    cross_entropy_vjp,
    log_softmax,
    squared_error,
    squared_error_vjp,
)
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import said

SIZES = st.tuples(*[st.integers(1, 5)] * 3)


def batch(rng, T=4, B=3, K=5):
    return rng.normal(size=(T, B, K)), rng.integers(K, size=(T, B))


def test_two_equal_logits_cost_the_logarithm_of_two(move):
    loss, cache = cross_entropy(
        *move((np.zeros((1, 1, 2)), np.array([[1]])))
    )
    assert float(loss) == math.log(2)
    d_logits = to_numpy(cross_entropy_vjp(1.0, cache))
    assert d_logits.tolist() == [[[0.5, -0.5]]]


def test_cross_entropy_by_hand():
    logits = np.log([[[1.0, 3.0]], [[1.0, 1.0]]])
    loss, cache = cross_entropy(logits, np.array([[1], [0]]))
    assert_close(loss, (math.log(4 / 3) + math.log(2)) / 2)
    expected = [[[0.125, -0.125]], [[-0.25, 0.25]]]
    assert_close(cross_entropy_vjp(1.0, cache), expected)


def test_squared_error_by_hand(move):
    y, targets = move((np.array([[[3.0, 1.0]]]), np.array([[[1.0, 1.0]]])))
    loss, cache = squared_error(y, targets)
    assert float(loss) == 2.0
    assert to_numpy(squared_error_vjp(1.0, cache)).tolist() == [[[2, 0]]]


def test_cross_entropy_is_torchs(move, rng):
    logits, targets = batch(rng)
    want = torch.tensor(logits, requires_grad=True)
    wanted = torch.nn.functional.cross_entropy(
        want.reshape(-1, 5), torch.tensor(targets).reshape(-1)
    )
    wanted.backward()
    loss, cache = cross_entropy(*move((logits, targets)))
    assert_close(float(loss), wanted.item())
    assert_close(cross_entropy_vjp(1.0, cache), want.grad)
    assert_close(log_softmax(move(logits)), torch.log_softmax(want, -1))


def test_squared_error_is_torchs(move, rng):
    y, targets = rng.normal(size=(2, 4, 3, 2))
    want = torch.tensor(y, requires_grad=True)
    wanted = torch.nn.functional.mse_loss(want, torch.tensor(targets))
    wanted.backward()
    loss, cache = squared_error(*move((y, targets)))
    assert_close(float(loss), wanted.item())
    assert_close(squared_error_vjp(1.0, cache), want.grad)


@given(SIZES, st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_gradients_are_finite_differences(sizes, seed, d_loss):
    rng = np.random.default_rng(seed)
    logits, targets = batch(rng, *sizes)
    _, cache = cross_entropy(logits, targets)
    check_gradient(
        lambda a: d_loss * cross_entropy(a, targets)[0],
        logits,
        cross_entropy_vjp(d_loss, cache),
    )
    wanted = rng.normal(size=logits.shape)
    _, error = squared_error(logits, wanted)
    check_gradient(
        lambda a: d_loss * squared_error(a, wanted)[0],
        logits,
        squared_error_vjp(d_loss, error),
    )


@given(
    hnp.arrays(float, SIZES, elements=st.floats(-1e300, 1e300)),
    st.floats(-1e3, 1e3),
)
def test_log_softmax_are_logarithms_of_probabilities(logits, shift):
    log_p = log_softmax(logits)
    assert_close(np.exp(log_p).sum(-1), 1)
    assert (log_p <= 0).all()
    small = logits / 1e300
    moved = log_softmax(small + shift)
    assert_close(moved, log_softmax(small), scale=1 + abs(shift))


@given(SIZES, st.integers(0, 2**32 - 1))
def test_the_gradient_of_each_prediction_sums_to_zero(sizes, seed):
    logits, targets = batch(np.random.default_rng(seed), *sizes)
    _, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    assert_close(d_logits.sum(-1), 0, scale=1)
    at_target = np.take_along_axis(d_logits, targets[..., None], -1)
    assert (at_target <= 0).all()


def test_a_class_ruled_out_costs_nothing_unless_it_was_the_target():
    logits = np.array([[[0.0, 0.0, -np.inf]]])
    loss, cache = cross_entropy(logits, np.array([[0]]))
    assert_close(loss, math.log(2))
    assert cross_entropy_vjp(1.0, cache)[0, 0, 2] == 0
    loss, _ = cross_entropy(logits, np.array([[2]]))
    assert loss == np.inf


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
def test_any_integers_are_targets(move, rng, dtype):
    logits, targets = batch(rng)
    want, _ = cross_entropy(logits, targets)
    loss, _ = cross_entropy(*move((logits, targets.astype(dtype))))
    assert_close(float(loss), float(want))


def test_the_dtype_stays(move, rng):
    logits, targets = batch(rng)
    logits = move(logits.astype(np.float32))
    loss, cache = cross_entropy(logits, move(targets))
    assert loss.dtype == logits.dtype
    assert cross_entropy_vjp(1.0, cache).dtype == logits.dtype
    loss, error = squared_error(
        logits, from_numpy(np.ones((4, 3, 5)), logits)
    )
    assert loss.dtype == squared_error_vjp(1.0, error).dtype == logits.dtype


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((4, 3)), "targets: expected integers, got .*float64"),
        (np.zeros((4, 3), bool), "targets: expected integers, got .*bool"),
        (np.full((4, 3), 5), "targets: expected 0 to 4, got 5"),
        (np.full((4, 3), -1), "targets: expected 0 to 4, got -1"),
        (
            np.zeros((3, 4), int),
            r"targets: expected \(4, 3\), got \(3, 4\)",
        ),
        (np.zeros((4, 3, 1), int), r"targets: expected \(4, 3\), got"),
    ],
)
def test_wrong_targets_are_named(move, rng, wrong, message):
    logits, _ = batch(rng)
    with pytest.raises(ValueError, match=message):
        cross_entropy(move(logits), move(wrong))


def test_targets_of_another_library_are_named(rng):
    logits, targets = batch(rng)
    with pytest.raises(ValueError, match=r"^targets:"):
        cross_entropy(torch.tensor(logits), targets)


def test_wrong_logits_are_named(rng):
    with pytest.raises(ValueError, match=r"logits: expected \(T, B, K\)"):
        cross_entropy(rng.normal(size=(4, 3)), np.zeros((4, 3), int))
    for sizes in (0, 3, 5), (4, 0, 5), (4, 3, 0):
        with pytest.raises(ValueError, match=r"logits: .* at least 1"):
            cross_entropy(np.zeros(sizes), np.zeros(sizes[:2], int))


def test_wrong_regression_targets_are_named(rng):
    y = rng.normal(size=(4, 3, 2))
    with pytest.raises(ValueError, match=r"targets: expected \(4, 3, 2\)"):
        squared_error(y, y[..., :1])
    with pytest.raises(ValueError, match="targets: expected float64"):
        squared_error(y, y.astype(np.float32))
    with pytest.raises(ValueError, match=r"y: .* at least 1"):
        squared_error(y[:0], y[:0])


def test_arguments_stay_as_they_were(rng):
    logits, targets = batch(rng)
    before = logits.copy(), targets.copy()
    _, (log_p, one_hot) = cross_entropy(logits, targets)
    cache_before = log_p.copy(), one_hot.copy()
    cross_entropy_vjp(2.0, (log_p, one_hot))
    for now, then in zip(
        (logits, targets, log_p, one_hot),
        before + cache_before,
        strict=True,
    ):
        assert (now == then).all()


def test_results_stay_on_their_backend(move, rng):
    logits, targets = move(batch(rng))
    loss, cache = cross_entropy(logits, targets)
    xp = array_namespace(logits)
    assert array_namespace(cross_entropy_vjp(loss, cache)) is xp


def test_refusals_of_the_losses_in_full():
    y = np.ones((4, 3, 2))
    whole = np.zeros((4, 3), int)
    for loss, name in ((cross_entropy, "logits"), (squared_error, "y")):
        letter = "K" if name == "logits" else "D"
        assert said(loss, y[0], whole) == (
            f"{name}: expected (T, B, {letter}), got (3, 2)"
        )
    assert said(log_softmax, y[0]) == (
        "logits: expected (T, B, K), got (3, 2)"
    )
    assert said(cross_entropy, y, whole.T) == (
        "targets: expected (4, 3), got (3, 4)"
    )
    assert said(squared_error, y, y[1:]) == (
        "targets: expected (4, 3, 2), got (3, 3, 2)"
    )
    assert said(squared_error, y, y.astype("f")) == (
        "targets: expected float64 on cpu as y, got float32 on cpu"
    )
    y = y + 0j
    assert said(log_softmax, y) == (
        "logits: expected real floats, got complex128"
    )
    assert said(squared_error, y, y) == (
        "y: expected real floats, got complex128"
    )
