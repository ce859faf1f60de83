"""The GRU cell, by hand; its parity and gradients stand in test_rnn, test_bptt."""

import numpy as np
import pytest

from rnncore.gru import gru_cell, gru_cell_vjp


def test_one_step_by_hand():
    # r = sigmoid(ln 3) = 3/4, z = 1/2, n = tanh(1 + 3/4 * 2)
    a_x = np.array([[np.log(3), 0.0, 1.0]])
    a_h = np.array([[0.0, 0.0, 2.0]])
    (h,), _ = gru_cell(a_x, a_h, (np.full((1, 1), 0.4),))
    expected = 0.5 * np.tanh(2.5) + 0.5 * 0.4
    np.testing.assert_allclose(h, [[expected]], rtol=1e-15)


def test_a_saturated_update_gate_carries_h_and_its_gradient():
    a = np.array([[0.0, 40.0, 0.3]])
    h = np.array([[0.7]])
    (after,), cache = gru_cell(a, a, (h,))
    np.testing.assert_allclose(after, h, rtol=1e-15)
    _, _, (d_h,) = gru_cell_vjp((h,), cache)
    np.testing.assert_allclose(d_h, h, rtol=1e-15)


def test_the_reset_gate_multiplies_the_product_and_not_the_state():
    a_h = np.array([[-40.0, -40.0, 5.0]])  # r = 0: a_h's part of n is gone
    a_x = np.zeros((1, 3))
    (h,), _ = gru_cell(a_x, a_h, (np.ones((1, 1)),))
    np.testing.assert_allclose(h, [[0.0]], atol=1e-15)


def test_a_state_of_two_parts_is_refused():
    a = np.zeros((1, 3))
    with pytest.raises(
        ValueError, match=r"state: expected 1 array\(s\), got 2"
    ):
        gru_cell(a, a, (np.zeros((1, 1)),) * 2)
