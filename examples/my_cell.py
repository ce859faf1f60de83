"""A cell of one's own, to be put beside the plain cell, LSTM and GRU:

    python -m rnncore memory-ruler examples/my_cell.py

Change it. A cell with G blocks of columns in a_x and a_h says `G = 3`, one
whose state is (h, c) says `PARTS = 2`; both are 1 where nothing is said.
"""

import numpy as np

G = 1
PARTS = 1
LEAK = 0.1  # the share of the state that is new at each step


def leaky_cell(a_x, a_h, state):
    """h_t = (1 - leak) h_{t-1} + leak tanh(a_x + a_h).

    Source: Jaeger et al. 2007.
    """
    (h,) = state
    n = np.tanh(a_x + a_h)
    return ((1 - LEAK) * h + LEAK * n,), n


def leaky_cell_vjp(d_state, n):
    """Backward through `leaky_cell`: by the tanh, and past it."""
    (d_h,) = d_state
    d_a = LEAK * d_h * (1 - n * n)
    return d_a, d_a, ((1 - LEAK) * d_h,)
