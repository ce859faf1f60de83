"""The comparison that all tests use: what it accepts, what it refuses."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from tests.helpers.arrays import assert_close

FLOATS = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@FLOATS
def test_sums_in_another_order_are_alike(move, rng, dtype):
    A, B = (rng.normal(size=(64, 64)).astype(dtype) for _ in "AB")
    order = rng.permutation(64)
    assert_close(move(A[:, order]) @ move(B[order]), A @ B)
    assert_close(move(A[:, order]) @ move(B[order]), move(A @ B))


@FLOATS
def test_long_sums_need_their_number_of_terms(rng, dtype):
    x = rng.normal(size=10**6).astype(dtype)
    one_by_one = np.cumsum(x)[-1:]
    assert_close(one_by_one, [x.sum(dtype=float)], terms=x.size)


@pytest.mark.parametrize(
    ("dtype", "error"), [(np.float32, 3e-5), (np.float64, 1e-13)]
)
def test_what_is_more_than_rounding_is_refused(move, rng, dtype, error):
    expected = rng.uniform(-1, 1, (5, 3)).astype(dtype)
    expected[0, 0] = 1
    actual = expected.copy()
    actual[2, 1] += error
    with pytest.raises(
        AssertionError, match=r"h\[2, 1\]: expected .* 1 of"
    ):
        assert_close(move(actual), expected, name="h")


def test_the_tolerance_follows_the_whole_array_and_not_one_entry():
    expected = np.array([1e-9, 1.0])
    assert_close(expected + 1e-15, expected)
    with pytest.raises(AssertionError, match="differ"):
        assert_close(expected[:1] + 1e-15, expected[:1])
    assert_close(expected[:1] + 1e-15, expected[:1], scale=1)
    assert_close(1e6 * expected + 1e-9, 1e6 * expected)
    with pytest.raises(AssertionError, match="differ"):
        assert_close(expected + 1e-9, expected)


def test_a_number_near_zero_needs_the_scale_of_what_cancelled():
    left = 0.1 + 0.2 - 0.3
    assert left != 0
    assert_close(0.0, 0.0)
    with pytest.raises(AssertionError, match="0 is allowed"):
        assert_close(left, 0)
    assert_close(left, 0, scale=1)


def test_a_known_amplification_and_a_known_difference_widen_it():
    with pytest.raises(AssertionError, match="differ"):
        assert_close(1 + 1e-12, 1.0)
    assert_close(1 + 1e-12, 1.0, amplified=100)
    assert_close(1.004, 1.0, within=0.005)
    assert_close([1.04, 2.08], [1, 2], within=[0.05, 0.1])
    with pytest.raises(AssertionError, match="differ"):
        assert_close([1.06, 2.08], [1, 2], within=[0.05, 0.1])


def test_dtypes_must_agree_unless_it_is_said_what_was_computed_in(move):
    a = np.array([0.1, 0.2])
    with pytest.raises(
        AssertionError, match="expected float64, got float32"
    ):
        assert_close(move(a.astype("f")), a)
    with pytest.raises(
        AssertionError, match="expected float32, got float64"
    ):
        assert_close(a, move(a.astype("f")))
    assert_close(move(a.astype("f")), a, computed_in="float32")
    assert_close(float(np.float32(0.1)), 0.1, computed_in="float32")
    assert_close(a.astype("f"), [0.1, 0.2])  # a list has no dtype


def test_shapes_must_agree_and_one_number_stands_for_all(move):
    with pytest.raises(AssertionError, match=r"shape \(1, 3\), got \(3,\)"):
        assert_close(move(np.ones(3)), np.ones((1, 3)))
    with pytest.raises(AssertionError, match=r"shape \(1,\), got \(3,\)"):
        assert_close(np.ones(3), [1.0])
    assert_close(move(np.ones(3)), 1)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("wrong", [[NAN, 1, NAN], [0, 1, INF], [0, NAN, 0]])
def test_nan_must_stand_where_it_is_expected(move, wrong):
    assert_close(move(np.array([NAN, 1, 0])), [NAN, 1, 0])
    with pytest.raises(AssertionError, match="too far off"):
        assert_close(move(np.array([NAN, 1, 0])), wrong)
    with pytest.raises(AssertionError, match="too far off"):
        assert_close(move(np.array(wrong, float)), [NAN, 1, 0], within=9)


def test_an_infinity_is_its_like_and_gives_no_tolerance():
    assert_close([INF, -INF, 1], [INF, -INF, 1])
    for other in ([-INF, -INF, 1], [INF, 1e308, 1], [INF, -INF, 1 + 1e-12]):
        with pytest.raises(AssertionError, match="1 of 3 are too far"):
            assert_close([INF, -INF, 1], other)
        with pytest.raises(AssertionError, match="1 of 3 are too far"):
            assert_close(other, [INF, -INF, 1])


class State(NamedTuple):
    """Two arrays of a name each."""

    h: object
    c: object


def test_trees_are_compared_leaf_by_leaf(move):
    h, c = np.ones((2, 3)), np.full(2, 1e9)
    tree = {"state": State(h, c), "out": (h, [c])}
    assert_close(move(tree), tree)
    wrong = {"state": State(h + 1e-9, c), "out": (h, [c])}
    with pytest.raises(
        AssertionError, match=r"result\['state'\]\.h\[0, 0\]"
    ):
        assert_close(move(wrong), tree)
    with pytest.raises(AssertionError, match="expected 2 parts, got 1"):
        assert_close((h,), (h, c))
    with pytest.raises(AssertionError, match="expected a dict, got tuple"):
        assert_close(("a",), {"a": h})
    with pytest.raises(AssertionError, match=r"\['a'\], got \['b'\]"):
        assert_close({"b": h}, {"a": h})


def test_a_tensor_with_a_gradient_is_compared_as_it_is():
    w = torch.ones(3, requires_grad=True)
    assert_close(2 * w, torch.full((3,), 2.0))
