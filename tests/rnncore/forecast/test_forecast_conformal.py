"""Intervals that are corrected by their own misses."""

import math

import numpy as np
import pytest

from rnncore.forecast.conformal import follow, margin, miss
from tests.helpers.arrays import assert_close

LEVEL = 0.8


def test_a_miss_is_measured_from_the_nearer_end():
    actual = np.array([[1.0, 5.0, 12.0]])
    low, high = np.full((1, 3), 4.0), np.full((1, 3), 10.0)
    assert miss(actual, low, high).tolist() == [[3.0, -1.0, 2.0]]
    with pytest.raises(ValueError, match="high"):
        miss(actual, low, high[:, :2])


def test_the_margin_is_the_rank_that_one_more_needs():
    misses = np.array([[4.0, 1.0, 3.0, 2.0], [0.0, 0.0, 0.0, 9.0]])
    assert margin(misses, 0.6).tolist() == [3.0, 0.0]  # 3rd of 4
    assert margin(misses, 0.81).tolist() == [math.inf, math.inf]


@pytest.mark.parametrize("B", [9, 30])
def test_one_more_of_the_same_kind_is_held_as_often_as_promised(B):
    rng = np.random.default_rng(B)
    misses = rng.gamma(2, size=(20_000, B + 1))  # the last is to come
    held = (misses[:, -1] <= margin(misses[:, :-1], LEVEL)).mean()
    within = 4 * math.sqrt(LEVEL * (1 - LEVEL) / len(misses))
    assert LEVEL - within < held < LEVEL + 1 / (B + 1) + within


@pytest.mark.parametrize("kind", ["calm", "jump", "trend"])
@pytest.mark.parametrize("rate", [0.03, 0.3])
def test_margins_that_follow_hold_their_share_whatever_comes(kind, rate):
    rng = np.random.default_rng(0)
    misses = rng.uniform(0, 1, (1, 4000))
    if kind == "jump":
        misses[:, 2000:] = 10 * misses[:, 2000:]
    if kind == "trend":
        misses *= np.linspace(0, 10, misses.shape[1])
    margins = follow(misses, LEVEL, rate, np.zeros(1))
    held = (misses <= margins).mean()
    # the sum of all updates is where the margin stands at the end
    bound = (np.abs(misses).max() + rate) / (rate * misses.shape[1])
    assert abs(held - LEVEL) <= bound + rate / 1000


def test_a_margin_moves_when_its_last_step_has_come():
    misses = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    margins = follow(misses, LEVEL, 0.5, np.array([0.0, 2.0]))
    outside, inside = 0.5 * LEVEL, 0.5 * (LEVEL - 1)
    assert_close(margins[0], np.arange(4) * outside)  # a step later
    assert_close(margins[1], 2 + np.array([0, 0, 1, 2]) * inside)


@pytest.mark.parametrize(
    "wrong", [{"level": 1.0}, {"rate": 0.0}, {"first": np.zeros(3)}]
)
def test_what_can_be_no_margin_is_refused(wrong):
    given = {"level": LEVEL, "rate": 0.1, "first": np.zeros(2)} | wrong
    with pytest.raises(ValueError, match=next(iter(wrong))):
        follow(np.ones((2, 5)), **given)
