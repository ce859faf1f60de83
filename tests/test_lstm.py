"""The LSTM cell, by hand; its parity and gradients stand in test_rnn, test_bptt."""

import numpy as np
import pytest
from arrays import assert_close

from rnncore.backend import to_numpy
from rnncore.lstm import gates, lstm_cell, lstm_cell_vjp, sigmoid


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
