"""A block applied again and again: its reach, its gradient, its rest."""

import numpy as np
import pytest

from rnncore.backend import tree_map
from rnncore.bptt import check_gradient
from rnncore.depth import (
    Block,
    Iterated,
    answer_after,
    apply_block,
    apply_block_vjp,
    init_iterated,
    iterate,
    iterate_vjp,
    settle,
)
from rnncore.newton import NotConverged
from tests.helpers.arrays import assert_close

T, B, D, H, K = 7, 2, 2, 3, 5


def given(seed=0):
    """A block and its readout in float64, inputs and states."""
    rng = np.random.default_rng(seed)
    net = init_iterated(rng, D, H, K, 2)
    net = tree_map(lambda w: w.astype(float), net)
    return net, rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))


def one_number(back, own, bias=0.0):
    """A block of one number that copies sums of states, up to its tanh."""
    W_1 = np.array([[back, own, 0.0, 0.0], [-back, -own, 0.0, 0.0]])
    return Block(W_1, np.zeros(2), np.array([[1.0, -1]]), np.full(1, bias))


def test_a_step_by_hand():
    x, h = np.zeros((3, 1, 1)), np.array([[[0.5]], [[-1.0]], [[2.0]]])
    found, _ = apply_block(one_number(2.0, 3.0), x, h)
    assert_close(found.ravel(), np.tanh([1.5, 1 - 3, -2 + 6]))


def test_a_position_sees_a_bit_after_as_many_iterations_as_they_are_apart():
    net, x, h = given()
    other = x.copy()
    other[2] += 1
    for times in 1, 2, 3:
        one, two = (iterate(net.block, a, h, times)[0] for a in (x, other))
        differs = (one != two).any(axis=(1, 2))
        near = np.abs(np.arange(T) - 2) < times
        np.testing.assert_array_equal(differs, near)


@pytest.mark.parametrize("times", [1, 3])
def test_the_gradient_is_that_of_differences(times):
    net, x, h = given()
    _, caches = iterate(net.block, x, h, times)
    d_h = np.random.default_rng(1).normal(size=h.shape)
    d_block, d_first = iterate_vjp(net.block, caches, d_h)

    def loss(block, h):
        return float((iterate(block, x, h, times)[0] * d_h).sum())

    check_gradient(lambda v: loss(net.block, v), h, d_first)
    for name, d in d_block._asdict().items():
        check_gradient(
            lambda v, name=name: loss(net.block._replace(**{name: v}), h),
            getattr(net.block, name),
            d,
            name,
        )


def test_so_it_is_in_every_library(move):
    net, x, h = given()
    after, cache = apply_block(net.block, x, h)
    expected = after, *apply_block_vjp(net.block, cache, h)
    block, x, h = move((net.block, x, h))
    after, cache = apply_block(block, x, h)
    assert_close((after, *apply_block_vjp(block, cache, h)), expected)


def test_the_loss_is_that_of_the_last_answers_through_what_is_taped():
    net, x, _ = given()
    targets = np.random.default_rng(2).integers(0, 2, (T, B))
    losses = [answer_after(4, taped)(net, (x, targets), None)
              for taped in (4, 1)]  # fmt: skip
    (whole, d_whole, _), (last, d_last, _) = losses
    assert whole == last

    def loss(W_1):
        block = net.block._replace(W_1=W_1)
        one = Iterated(block, net.out)
        return float(answer_after(4, 4)(one, (x, targets), None)[0])

    check_gradient(loss, net.block.W_1, d_whole.block.W_1)
    before, _ = iterate(net.block, x, np.ones((T, B, H)), 3)

    def loss_of_the_last(W_1):
        block = net.block._replace(W_1=W_1)
        h, _ = apply_block(block, x, before)
        logits = h @ net.out.W_y.T + net.out.b_y
        log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        return -float(
            np.take_along_axis(log_p, targets[..., None], -1).mean()
        )

    check_gradient(loss_of_the_last, net.block.W_1, d_last.block.W_1)


def test_what_settles_is_a_fixed_point():
    x, h = np.zeros((4, 1, 1)), np.ones((4, 1, 1))
    block = one_number(0.3, 0.4, bias=0.5)
    found, count = settle(block, x, h, 100, tolerance=1e-12)
    again, _ = apply_block(block, x, found)
    # what one more application may still move: the tolerance, and rounding
    assert np.abs(again - found).max() < 1e-11
    short, _ = iterate(block, x, h, count - 2)
    assert np.abs(found - short).max() > 1e-12


def test_what_swings_for_ever_is_refused():
    x, h = np.zeros((1, 1, 1)), np.ones((1, 1, 1))
    with pytest.raises(NotConverged, match="after 50 iteration"):
        settle(one_number(0.0, -3.0), x, h, 50)


def test_what_does_not_fit_is_refused_by_name():
    net, x, h = given()
    with pytest.raises(ValueError, match=r"^x:"):
        apply_block(net.block, x[:-1], h)
    with pytest.raises(ValueError, match=r"^h:"):
        apply_block(net.block, x, h[..., 1:])
