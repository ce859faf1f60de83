"""The adding and the copy problem ask what they say they ask."""

import hashlib
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.bptt import check_gradient, rnn_cell_vjp
from rnncore.data.tasks import (
    ADDING_BASELINE,
    adding_problem,
    bits_problem,
    copy_problem,
    counting_problem,
    loss_at_the_end,
    swap_problem,
)
from rnncore.losses import (
    cross_entropy,
    cross_entropy_vjp,
    squared_error,
    squared_error_vjp,
)
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import init_params, init_readout, rnn_cell
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close

SOURCED = [
    adding_problem,
    copy_problem,
    partial(swap_problem, things=3),
    bits_problem,
    counting_problem,
]


@given(st.integers(2, 30), st.integers(1, 5), st.integers(0, 2**32))
def test_adding_marks_one_number_in_each_half_and_asks_for_the_sum(
    T, B, seed
):
    x, target = adding_problem(np.random.default_rng(seed), T, B)
    assert x.shape == (T, B, 2)
    assert target.shape == (1, B, 1)
    for b in range(B):
        first, second = np.flatnonzero(x[:, b, 1])
        assert first < T // 2 <= second
        total = x[first, b, 0] + x[second, b, 0]
        # one addition of zeros in between: no rounding at all
        assert target[0, b, 0] == total
    assert set(np.unique(x[..., 1])) <= {0.0, 1.0}


def test_the_best_constant_of_the_adding_problem_errs_by_a_sixth(rng):
    _, target = adding_problem(rng, 10, 200_000)
    # Squared errors lie in [0, 1] with deviation 0.19: the mean of
    # 200,000 of them is within 0.0017 of its limit (four deviations).
    error = np.mean((target - 1) ** 2)
    assert_close(error, ADDING_BASELINE, within=0.0017)


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


@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 2**32))
def test_two_things_lie_as_the_parity_of_their_swaps_says(T, B, seed):
    x, targets = swap_problem(np.random.default_rng(seed), T, B)
    assert x.shape == (T, B, 2)
    np.testing.assert_array_equal(targets, x[..., 1].cumsum(0) % 2)


@given(st.integers(1, 30), st.integers(0, 2**32))
def test_three_things_lie_as_their_swaps_left_them(T, seed):
    x, targets = swap_problem(np.random.default_rng(seed), T, 1, 3)
    assert (x.sum(-1) == 1).all()
    things, seen = ["a", "b", "c"], {}
    for t, k in enumerate(x[:, 0].argmax(-1)):
        i, j = [(0, 1), (1, 2), (0, 2)][k]
        things[i], things[j] = things[j], things[i]
        number = targets[t, 0]
        # one number for one order, and the first three are even
        assert seen.setdefault(number, tuple(things)) == tuple(things)
        assert (number >= 3) == ((t + 1) % 2 == 1)
    assert len(set(seen.values())) == len(seen)


def test_a_bit_is_its_last_pulse(rng):
    x, bits = bits_problem(rng, 60, 3, bits=2)
    assert (x[0] != 0).all()
    assert 0.05 < (x[1:] != 0).mean() < 0.17
    for b in range(3):
        for k in range(2):
            last = 0.0
            for t in range(60):
                last = x[t, b, k] or last
                assert bits[t, b, k] == last


def test_a_count_is_the_sum_so_far_and_stays_in_range(rng):
    x, count = counting_problem(rng, 200, 20, most=2)
    np.testing.assert_array_equal(count, x.cumsum(0))
    assert abs(count).max() == 2
    assert {*x.ravel()} == {-1.0, 0.0, 1.0}


def test_other_numbers_of_things_are_refused(rng):
    with pytest.raises(ValueError, match="things: expected 2 or 3, got 4"):
        swap_problem(rng, 5, 2, 4)


def test_the_same_seed_gives_the_same_tasks():
    for task in adding_problem, copy_problem, swap_problem:
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


@pytest.mark.parametrize(
    ("task", "D", "K", "loss", "loss_vjp"),
    [
        (adding_problem, 2, 1, squared_error, squared_error_vjp),
        (copy_problem, 10, 8, cross_entropy, cross_entropy_vjp),
    ],
)
@pytest.mark.parametrize(
    ("cell", "cell_vjp", "G", "parts"),
    [(rnn_cell, rnn_cell_vjp, 1, 1), (lstm_cell, lstm_cell_vjp, 4, 2)],
)
def test_gradient_of_the_loss_at_the_end(
    task, D, K, loss, loss_vjp, cell, cell_vjp, G, parts, rng
):
    batch = task(rng, 6, 3)
    layer, out = init_params(rng, D, 4, G), init_readout(rng, 4, K)
    f = loss_at_the_end(cell, cell_vjp, loss, loss_vjp, parts)
    _, (d_layer, d_out), carry = f((layer, out), batch, "kept")
    assert carry == "kept"

    def by_W_h(W_h):
        return f((layer._replace(W_h=W_h), out), batch, None)[0]

    def by_b_y(b_y):
        return f((layer, out._replace(b_y=b_y)), batch, None)[0]

    check_gradient(by_W_h, layer.W_h, d_layer.W_h, "d_W_h")
    check_gradient(by_b_y, out.b_y, d_out.b_y, "d_b_y")


def test_loss_at_the_end_is_blind_to_earlier_outputs(rng):
    x, targets = adding_problem(rng, 6, 3)
    layer, out = init_params(rng, 2, 4), init_readout(rng, 4, 1)
    f = loss_at_the_end(
        rnn_cell, rnn_cell_vjp, squared_error, squared_error_vjp
    )
    forgetful = layer._replace(W_h=0 * layer.W_h)
    _, (d_layer, _), _ = f((forgetful, out), (x, targets), None)
    # without memory the one output with a target sees one input alone
    last, _, _ = f((forgetful, out), (x[-1:], targets), None)
    whole, _, _ = f((forgetful, out), (x, targets), None)
    assert last == whole
    _, (d_alone, _), _ = f((forgetful, out), (x[-1:], targets), None)
    assert_close(d_layer.W_x, d_alone.W_x)


@pytest.mark.parametrize("task", SOURCED)
def test_the_numbers_are_those_that_sources_records(task):
    parts = task(np.random.default_rng(0), 20, 8)
    data = b"".join(p.astype("<f8").tobytes() for p in parts)
    found = hashlib.sha256(data).hexdigest()
    data_folder = ROOT / "rnncore/data"
    assert found in (data_folder / "SOURCES.md").read_text()
