"""A cell that adds to its state and never takes away.

    python -m rnncore memory-ruler examples/capstone/adding.py

It is the plain cell with its old state added.
"""

import numpy as np


def adding_cell(a_x, a_h, state):
    """h_t = h_{t-1} + tanh(a_x + a_h)."""
    (h,) = state
    n = np.tanh(a_x + a_h)
    return (h + n,), n


def adding_cell_vjp(d_state, n):
    """Backward through `adding_cell`: by the tanh, and straight past it."""
    (d_h,) = d_state
    d_a = d_h * (1 - n * n)
    return d_a, d_a, (d_h,)
