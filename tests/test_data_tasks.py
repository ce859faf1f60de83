"""The adding and the copy problem ask what they say they ask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.data.tasks import (
    ADDING_BASELINE,
    adding_problem,
    copy_problem,
)


@given(st.integers(2, 30), st.integers(1, 5), st.integers(0, 2**32))
def test_adding_marks_one_number_in_each_half_and_asks_for_the_sum(
    T, B, seed
):
    x, target = adding_problem(np.random.default_rng(seed), T, B)
    assert x.shape == (T, B, 2)
    assert target.shape == (B, 1)
    for b in range(B):
        first, second = np.flatnonzero(x[:, b, 1])
        assert first < T // 2 <= second
        total = x[first, b, 0] + x[second, b, 0]
        # one addition of zeros in between: no rounding at all
        assert target[b, 0] == total
    assert set(np.unique(x[..., 1])) <= {0.0, 1.0}


def test_the_best_constant_of_the_adding_problem_errs_by_a_sixth(rng):
    _, target = adding_problem(rng, 10, 200_000)
    # Squared errors lie in [0, 1] with deviation 0.19: the mean of
    # 200,000 of them is within 0.0017 of its limit (four deviations).
    error = np.mean((target - 1) ** 2)
    assert error == pytest.approx(ADDING_BASELINE, abs=0.0017)


@given(
    st.integers(1, 6),
    st.integers(0, 20),
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(0, 2**32),
)
def test_copy_asks_for_the_symbol_of_lag_steps_before(
    length, more, B, K, seed
):
    lag = length + more
    rng = np.random.default_rng(seed)
    x, targets = copy_problem(rng, lag, B, K, length)
    assert x.shape == (lag + length, B, K + 2)
    assert targets.shape == (length, B)
    seen = x.argmax(-1)
    assert (x.sum(-1) == 1).all()
    assert (seen[:length] == targets).all()
    assert (seen[length:lag] == K).all()
    assert (seen[lag:] == K + 1).all()
    assert targets.max() < K


def test_the_same_seed_gives_the_same_tasks():
    for task in adding_problem, copy_problem:
        first, second = (
            task(np.random.default_rng(5), 9, 3) for _ in range(2)
        )
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])


def test_impossible_lags_are_refused(rng):
    with pytest.raises(ValueError, match="T: expected at least 2, got 1"):
        adding_problem(rng, 1, 3)
    with pytest.raises(ValueError, match="lag: expected at least 5, got 4"):
        copy_problem(rng, 4, 3)
