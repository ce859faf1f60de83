"""The LSTM cell, by hand; its parity and gradients stand in test_rnn, test_bptt."""

import numpy as np
import pytest

from rnncore.backend import to_numpy
from rnncore.lstm import chrono, gates, lstm_cell, lstm_cell_vjp, sigmoid
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import said


def test_one_step_by_hand():
    # i = sigmoid(0) = 1/2, f = sigmoid(ln 3) = 3/4, g = tanh(1), o = 1/2
    a_x = np.array([[0.0, np.log(3), 1.0, 0.0]])
    (h, c), _ = lstm_cell(
        a_x, 0 * a_x, (np.ones((1, 1)), np.full((1, 1), 2.0))
    )
    expected = 0.75 * 2 + 0.5 * np.tanh(1)
    assert_close(c, [[expected]])
    assert_close(h, [[0.5 * np.tanh(expected)]])


def test_an_open_forget_gate_carries_c_and_its_gradient():
    a = np.array([[-40.0, 40.0, 0.0, 0.0]])  # write nothing, keep all
    c = np.array([[0.7]])
    (_, after), cache = lstm_cell(a, 0 * a, (c, c))
    assert_close(after, c)
    _, _, (_, d_c) = lstm_cell_vjp((np.zeros((1, 1)), c), cache)
    assert_close(d_c, c)


def test_the_sigmoid_does_not_overflow(move):
    with np.errstate(all="raise"):
        found = to_numpy(sigmoid(move(np.array([-1e4, 0.0, 1e4]))))
    np.testing.assert_array_equal(found, [0, 0.5, 1])


def test_gates_are_blocks_of_columns():
    r, z = gates(np.arange(8.0).reshape(2, 4), 2)
    np.testing.assert_array_equal(r, [[0, 1], [4, 5]])
    np.testing.assert_array_equal(z, [[2, 3], [6, 7]])


def test_a_cell_without_c_is_refused():
    a = np.zeros((1, 4))
    with pytest.raises(
        ValueError, match=r"state: expected 2 array\(s\), got 1"
    ):
        lstm_cell(a, a, (np.zeros((1, 1)),))


def test_a_c_of_another_size_is_told_in_full():
    a = np.zeros((2, 12))
    h = np.zeros((2, 3))
    assert said(lstm_cell, a, a, (h, h[:1])) == (
        "c: expected (2, 3), got (1, 3)"
    )
    assert said(lstm_cell, a, a, (h,)) == (
        "state: expected 2 array(s), got 1"
    )


def test_one_step_back_by_hand():
    # i = o = 1/2, f = 3/4, g = tanh(1), c_1 = 2 f + i g
    g = np.tanh(1)
    a = np.array([[0.0, np.log(3), 1.0, 0.0]])
    one, two = np.ones((1, 1)), np.full((1, 1), 2.0)
    _, cache = lstm_cell(a, 0 * a, (one, two))
    tanh_c = np.tanh(1.5 + 0.5 * g)
    d_a_x, d_a_h, (d_h, d_c) = lstm_cell_vjp((two, one), cache)
    to_c = 1 + 2 * 0.5 * (1 - tanh_c**2)
    expected = [
        to_c * g * 0.25,
        to_c * 2 * 0.75 * 0.25,
        to_c * 0.5 * (1 - g**2),
        2 * tanh_c * 0.25,
    ]
    assert_close(d_a_x[0], expected)
    np.testing.assert_array_equal(d_a_x, d_a_h)
    assert d_h == 0.0
    assert_close(d_c, [[to_c * 0.75]])


def test_chrono_biases_give_time_constants_up_to_the_longest(rng):
    b = chrono(rng, 2000, 50.0)
    i, f, g, o = np.split(b, 4)
    assert (i == -f).all()
    assert not g.any()
    assert not o.any()
    u = np.exp(f)
    assert 1 <= u.min() < 1.2
    assert 49.8 < u.max() <= 50.000001
    # 2,000 uniform numbers: their mean is known to a hundredth
    assert abs(u.mean() - 25.5) < 1
    kept = sigmoid(f) ** (u + 0.5)  # after so many steps of silence
    assert (abs(kept * np.e - 1) < 0.05).all()


def test_chrono_takes_any_lag_above_one(rng):
    assert 0 <= chrono(rng, 3, 1.5)[3:6].max() <= np.log(1.5)


def test_chrono_refuses_a_lag_that_is_none(rng):
    assert said(chrono, rng, 3, 1.0) == (
        "longest: expected more than 1, got 1.0"
    )
