"""A GRU whose update gate starts slow: one constant is all that is new.

    python -m rnncore memory-ruler examples/capstone/slow_start.py

With SHIFT = 0 it is the GRU.
"""

import numpy as np

from rnncore.lstm import gates, sigmoid

G = 3
SHIFT = 2.0  # with sums near 0 the gate keeps sigmoid(2) = 0.88


def slow_start_cell(a_x, a_h, state):
    """h_t = (1 - z) n + z h_{t-1}, with z = sigmoid(a_z + SHIFT)."""
    (h_before,) = state
    x_r, x_z, x_n = gates(a_x, 3)
    h_r, h_z, h_n = gates(a_h, 3)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z + SHIFT)
    n = np.tanh(x_n + r * h_n)
    return ((1 - z) * n + z * h_before,), (r, z, n, h_n, h_before)


def slow_start_cell_vjp(d_state, cache):
    """Backward through `slow_start_cell`: a constant has no gradient."""
    (d_h,) = d_state
    r, z, n, h_n, h_before = cache
    d_n = d_h * (1 - z) * (1 - n * n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * h_n * r * (1 - r)
    d_a_x = np.concatenate([d_r, d_z, d_n], axis=-1)
    d_a_h = np.concatenate([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)
