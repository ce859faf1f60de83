"""Optimisers: by hand, against torch.optim, over trees of any form."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rnncore.backend import (
    array_namespace,
    named_leaves,
    to_numpy,
    tree_map,
)
from rnncore.optim import (
    adam,
    clip_by_global_norm,
    falling,
    global_norm,
    scheduled,
    sgd,
)
from rnncore.rnn import init_params
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import said

OPTIMIZERS = {
    "sgd": (lambda: sgd(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (
        lambda: sgd(0.1, momentum=0.9),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    ),
    "adam": (lambda: adam(0.1), lambda p: torch.optim.Adam(p, lr=0.1)),
    "adam-betas": (
        lambda: adam(0.02, 0.5, 0.7, 1e-3),
        lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.5, 0.7), eps=1e-3),
    ),
}
ARRAYS = hnp.arrays(
    float,
    hnp.array_shapes(max_dims=3, max_side=4),
    elements=st.floats(-1e3, 1e3, width=32),
)


def bowl(params):
    """The gradient of sum w^4 / 4 - w."""
    return tree_map(lambda w: w * w * w - 1, params)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_are_torchs(move, rng, name):
    ours, theirs = OPTIMIZERS[name]
    optimizer = ours()
    params = init_params(rng, 2, 3)
    tensors = [torch.tensor(w, requires_grad=True) for w in params]
    reference = theirs(tensors)
    params = move(params)
    state = optimizer.init(params)
    for _ in range(50):
        reference.zero_grad()
        sum((w**4 / 4 - w).sum() for w in tensors).backward()
        reference.step()
        params, state = optimizer.update(params, bowl(params), state)
    for w, tensor in zip(params, tensors, strict=True):
        assert_close(w, tensor)


def test_sgd_by_hand(move):
    optimizer = sgd(0.5, momentum=0.5)
    params = move({"w": np.array([1.0])})
    state = optimizer.init(params)
    d_params = move({"w": np.array([2.0])})
    params, state = optimizer.update(params, d_params, state)
    assert float(params["w"][0]) == 0.0  # 1 - 0.5 * 2
    params, state = optimizer.update(params, d_params, state)
    assert float(params["w"][0]) == -1.5  # 0 - 0.5 * (0.5 * 2 + 2)


@given(st.floats(1e-6, 1e6), st.sampled_from([-1, 1]))
def test_adams_first_step_is_the_learning_rate_whatever_the_size(
    size, sign
):
    optimizer = adam(0.25, epsilon=1e-20)
    params = (np.array([1.0]),)
    d_params = (np.array([sign * size]),)
    (moved,), _ = optimizer.update(params, d_params, optimizer.init(params))
    assert_close(moved[0], 1 - sign * 0.25)


@given(ARRAYS, st.sampled_from(sorted(OPTIMIZERS)))
def test_an_update_keeps_form_and_changes_no_argument(w, name):
    optimizer = OPTIMIZERS[name][0]()
    params = {"a": (w, [w + 1]), "b": np.array(2.0)}
    d_params = tree_map(lambda a: a + 1, params)
    state = optimizer.init(params)
    once, state_1 = optimizer.update(params, d_params, state)
    again, state_2 = optimizer.update(params, d_params, state)
    assert [p for p, _ in named_leaves(once)] == ["a.0", "a.1.0", "b"]
    for (_, a), (_, b), (_, p) in zip(
        named_leaves((once, state_1)),
        named_leaves((again, state_2)),
        named_leaves((params, state)),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)  # nothing was changed by once
        assert np.shape(a) == np.shape(p)


def test_float32_stays_float32(move, rng):
    params = move(tree_map(np.float32, init_params(rng, 2, 3)))
    for build, _ in OPTIMIZERS.values():
        optimizer = build()
        moved, _ = optimizer.update(params, params, optimizer.init(params))
        assert all(
            a.dtype == b.dtype for a, b in zip(moved, params, strict=True)
        )


def test_clipping_by_hand(move):
    d_params = move((np.array([3.0]), np.array([[4.0]])))
    same, norm = clip_by_global_norm(d_params, 5.0)
    assert norm == 5.0
    assert [float(xp_max(d)) for d in same] == [3.0, 4.0]
    half, norm = clip_by_global_norm(d_params, 2.5)
    assert norm == 5.0
    assert [float(xp_max(d)) for d in half] == [1.5, 2.0]


def xp_max(a):
    return array_namespace(a).max(a)


@given(st.lists(ARRAYS, min_size=1, max_size=3), st.floats(1e-3, 1e3))
def test_clipping_keeps_the_direction_and_the_limit(arrays, limit):
    clipped, norm = clip_by_global_norm(arrays, limit)
    flat = np.concatenate([a.ravel() for a in arrays])
    assert_close(norm, np.linalg.norm(flat))
    assert global_norm(clipped) <= limit * (1 + 1e-12)
    short = np.concatenate([a.ravel() for a in clipped])
    scale = min(1, limit / norm) if norm else 1
    assert_close(short, flat * scale)


def test_clipping_is_torchs(rng):
    arrays = [rng.normal(size=(3, 4)), rng.normal(size=5)]
    tensors = [torch.zeros(a.shape, dtype=torch.float64) for a in arrays]
    for tensor, a in zip(tensors, arrays, strict=True):
        tensor.grad = torch.tensor(a)
    theirs = torch.nn.utils.clip_grad_norm_(tensors, 0.5)
    clipped, norm = clip_by_global_norm(arrays, 0.5)
    assert_close(norm, theirs.item())
    for tensor, a in zip(tensors, clipped, strict=True):
        # torch divides by norm + 1e-6, we by the norm
        assert_close(a, tensor.grad, within=1e-6 * np.abs(a))


def test_a_huge_gradient_in_float32_has_a_length(move):
    d_params = move((np.full((2, 2), 1e30, np.float32),))
    clipped, norm = clip_by_global_norm(d_params, 1.0)
    assert_close(norm, 2e30, computed_in="float32")
    assert_close(clipped[0], 0.5)


def test_the_length_of_what_is_not_finite_is_not_finite(move):
    ones = np.ones(3)
    for bad in (np.nan, np.inf, -np.inf):
        for order in ((ones, ones * bad), (ones * bad, ones)):
            assert not math.isfinite(global_norm(move(order)))
            left, _ = clip_by_global_norm(move(order), 1.0)
            assert to_numpy(left[0]).tobytes() == order[0].tobytes()
    assert global_norm(move((np.zeros(2),))) == 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: sgd(-0.1), "learning_rate: expected at least 0, got -0.1"),
        (lambda: sgd(math.nan), "learning_rate: .*, got nan"),
        (lambda: sgd(math.inf), "learning_rate: .*, got inf"),
        (lambda: sgd(0.1, 1.0), "momentum: .* and below 1, got 1.0"),
        (lambda: adam(-1), "learning_rate: expected at least 0, got -1"),
        (lambda: adam(0.1, beta_1=1.0), "beta_1: .* below 1, got 1.0"),
        (lambda: adam(0.1, beta_2=-0.1), "beta_2: .* below 1, got -0.1"),
        (lambda: adam(0.1, epsilon=0), "epsilon: expected more than 0"),
        (lambda: clip_by_global_norm((np.ones(1),), 0), "limit: .* got 0"),
        (
            lambda: clip_by_global_norm((np.ones(1),), math.nan),
            "limit: .* got nan",
        ),
    ],
)
def test_numbers_that_make_no_sense_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_trees_that_do_not_fit_are_named(name, rng):
    optimizer = OPTIMIZERS[name][0]()
    for nothing in ((), {}, []):
        with pytest.raises(ValueError, match=r"^params:"):
            optimizer.init(nothing)
    with pytest.raises(ValueError, match=r"params\.0: .* at least 1"):
        optimizer.init((np.ones((0, 2)),))
    with pytest.raises(ValueError, match=r"^params\.0:"):
        optimizer.init((1.0,))
    params = init_params(rng, 2, 3)
    state = optimizer.init(params)
    with pytest.raises(ValueError, match=r"^d_params:"):
        optimizer.update(params, params[:2], state)
    wrong = params._replace(W_h=params.W_h[:, :1])
    message = r"d_params\.W_h: expected \(3, 3\), got \(3, 1\)"
    with pytest.raises(ValueError, match=message):
        optimizer.update(params, wrong, state)
    wrong = tree_map(np.float32, params)
    with pytest.raises(
        ValueError, match=r"d_params\.W_x: expected float64"
    ):
        optimizer.update(params, wrong, state)


@given(ARRAYS)
def test_a_step_of_sgd_goes_down_and_a_rate_of_zero_stays(w):
    for rate in (0.0, 1e-4):
        optimizer = sgd(rate)
        (moved,), _ = optimizer.update((w,), (w,), optimizer.init((w,)))
        assert_close(moved, w * (1 - rate))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: sgd(-1), "learning_rate: expected at least 0, got -1"),
        (
            lambda: sgd(0.1, -0.5),
            "momentum: expected at least 0 and below 1, got -0.5",
        ),
        (
            lambda: adam(math.inf),
            "learning_rate: expected at least 0, got inf",
        ),
        (
            lambda: adam(0.1, 1),
            "beta_1: expected at least 0 and below 1, got 1",
        ),
        (
            lambda: adam(0.1, 0.9, 1.5),
            "beta_2: expected at least 0 and below 1, got 1.5",
        ),
        (
            lambda: adam(0.1, epsilon=0.0),
            "epsilon: expected more than 0, got 0.0",
        ),
        (
            lambda: clip_by_global_norm((np.ones(1),), -1),
            "limit: expected more than 0, got -1",
        ),
    ],
)
def test_refusals_of_the_optimisers_in_full(build, message):
    assert said(build) == message


def test_numbers_at_the_edge_are_allowed():
    w = (np.array([1.0, -2.0]),)
    for optimizer in (sgd(0, 0), adam(0, 0, 0), sgd(1e9, 0.999)):
        optimizer.init(w)
    still, _ = adam(0).update(w, w, adam(0).init(w))
    np.testing.assert_array_equal(still[0], w[0])
    # without memory Adam's step is the sign of the gradient
    optimizer = adam(0.5, 0, 0, epsilon=1e-300)
    (moved,), _ = optimizer.update(w, w, optimizer.init(w))
    np.testing.assert_array_equal(moved, [0.5, -1.5])


def test_adam_remembers_steps_and_means_by_hand():
    optimizer = adam(0.1, beta_1=0.75, beta_2=0.5)
    w = (np.array([1.0]),)
    state = optimizer.init(w)
    assert (state.steps, state.mean[0][0], state.square[0][0]) == (0, 0, 0)
    for steps, d, mean, square in (
        (1, 4.0, 1.0, 8.0),
        (2, 2.0, 1.25, 6.0),
    ):
        w, state = optimizer.update(w, (np.array([d]),), state)
        found = state.steps, state.mean[0][0], state.square[0][0]
        assert found == (steps, mean, square)


def test_a_gradient_just_as_long_as_the_limit_is_left_alone():
    d = (np.array([3.0, 4.0]),)
    left, norm = clip_by_global_norm(d, 5.0)
    assert norm == 5.0
    assert left is d


def test_lengths_below_1_and_without_end():
    assert_close(global_norm((np.array([0.3, 0.4]),)), 0.5)
    for bad in (np.inf, -np.inf):
        assert global_norm((np.array([1.0, bad]),)) == math.inf


def test_a_schedule_gives_each_step_its_rate(move):
    rates = [0.1, 0.02, 0.3]
    asked = []

    def rate(step):
        asked.append(step)
        return rates[step]

    optimizer = scheduled(adam, rate)
    w = move((np.array([1.0]),))
    ours = theirs = w
    state = reference = optimizer.init(w)
    assert asked == [0]
    asked.clear()
    for now in rates:
        ours, state = optimizer.update(ours, bowl(ours), state)
        theirs, reference = adam(now).update(
            theirs, bowl(theirs), reference
        )
        assert_close(ours, theirs)
    assert asked == [0, 1, 2]
    assert state.steps == 3  # a checkpoint knows its place


def test_a_schedule_needs_an_optimizer_that_counts():
    w = (np.array([1.0]),)
    assert said(scheduled(sgd, lambda k: 0.1).init, w) == (
        "optimizer: expected one whose state counts its steps, as adam's, "
        "got tuple"
    )


def test_a_rate_falls_in_a_line_over_the_last_share():
    rate = falling(0.1, steps=10, last=0.5)
    expected = [0.1] * 6 + [0.08, 0.06, 0.04, 0.02, 0.0, 0.0]
    assert_close([rate(k) for k in range(12)], expected)
    line = falling(1.0, steps=4, last=1.0)
    assert_close([line(k) for k in range(4)], [1.0, 0.75, 0.5, 0.25])
    usual = falling(1.0, steps=10)
    assert_close([usual(k) for k in (6, 7, 10)], [1.0, 0.75, 0.0])
    assert falling(0.1, steps=1)(0) == 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps: expected at least 1, got 0"),
        ({"last": 0}, "last: expected above 0, at most 1, got 0"),
        ({"last": 1.5}, "last: expected above 0, at most 1, got 1.5"),
    ],
)
def test_a_fall_that_makes_no_sense_is_refused(change, message):
    assert said(falling, 0.1, **({"steps": 10} | change)) == message
