"""The long short-term memory cell."""

import numpy as np

from rnncore.backend import Array, array_namespace, check_parts, check_shape
from rnncore.rnn import State


def lstm_cell(
    a_x: Array, a_h: Array, state: State
) -> tuple[State, tuple[Array, ...]]:
    """c_t = f c_{t-1} + i g and h_t = o tanh(c_t): forget, write, show.

    The gates stand in the order i, f, g, o.

    Shapes: a_x (B, 4*H); a_h (B, 4*H); state ((B, H), (B, H))
        -> state ((B, H), (B, H)); cache

    Raises ValueError where c does not fit the four gates.
    Source: Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000.
    """
    xp = array_namespace(a_x)
    _, c_before = check_parts(state, 2)
    i, f, g, o = gates(a_x + a_h, 4)
    check_shape("c", c_before, *g.shape)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    c = f * c_before + i * g
    tanh_c = xp.tanh(c)
    return (o * tanh_c, c), (i, f, g, o, tanh_c, c_before)


def lstm_cell_vjp(
    d_state: State, cache: tuple[Array, ...]
) -> tuple[Array, Array, State]:
    """Backward through `lstm_cell`: c's way back meets no matrix.

    Shapes: d_state ((B, H), (B, H))
        -> d_a_x (B, 4*H); d_a_h (B, 4*H); d_state
    """
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)  # from h_t and c_{t+1}
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), the backend's own where it has one.

    Elsewhere as a tanh, so that no exponential overflows.

    Shapes: a (B, H) -> gate (B, H)
    """
    xp = array_namespace(a)
    if hasattr(xp, "sigmoid"):
        return xp.sigmoid(a)
    return 0.5 * (1 + xp.tanh(0.5 * a))


def gates(a: Array, G: int) -> list[Array]:
    """One block of columns per gate.

    Shapes: a (B, 4*H) -> i (B, H); f (B, H); g (B, H); o (B, H)
    """
    H = a.shape[-1] // G
    return [a[..., k * H : (k + 1) * H] for k in range(G)]


def chrono(rng: np.random.Generator, H: int, longest: float) -> np.ndarray:
    """Biases of an LSTM whose time constants reach up to `longest` steps.

    A forget gate of bias log(u) lets 1/e remain after about u + 1/2 steps;
    u is uniform between 1 and `longest`. The input gate has the opposite
    bias, candidate and output gate have none.

    Shapes: -> b (4*H,)

    Raises ValueError where longest is not above 1.
    Source: Tallec & Ollivier 2018.
    """
    if not longest > 1:
        raise ValueError(f"longest: expected more than 1, got {longest}")
    b_f = np.log(rng.uniform(1, longest, H))
    return np.concatenate([-b_f, b_f, np.zeros(2 * H)])
