"""A cell that lets its own new value decide how much of it is written.

    python -m rnncore memory-ruler examples/capstone/own_gate.py

The command refuses it: its gradient is wrong, and the page says where.
"""

import numpy as np


def own_gate_cell(a_x, a_h, state):
    """h_t = (1 - n^2) h_{t-1} + n^2 n, with n = tanh(a_x + a_h)."""
    (h,) = state
    n = np.tanh(a_x + a_h)
    gate = n * n
    return ((1 - gate) * h + gate * n,), (n, gate, h)


def own_gate_cell_vjp(d_state, cache):
    """Backward through `own_gate_cell`."""
    (d_h,) = d_state
    n, gate, _ = cache
    d_a = d_h * gate * (1 - n * n)
    return d_a, d_a, ((1 - gate) * d_h,)
