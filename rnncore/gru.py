"""The gated recurrent unit, with the reset applied after the product."""

from rnncore.backend import Array, array_namespace, check_parts, check_shape
from rnncore.lstm import gates, sigmoid
from rnncore.rnn import State


def gru_cell(
    a_x: Array, a_h: Array, state: State
) -> tuple[State, tuple[Array, ...]]:
    """h_t = (1 - z) n + z h_{t-1}, with n = tanh(a_x + r a_h).

    The gates stand in the order r, z, n. The reset gate multiplies the
    product W_h h + b_h, as in cuDNN, not h before the product.

    Shapes: a_x (B, 3*H); a_h (B, 3*H); state ((B, H),)
        -> state ((B, H),); cache

    Raises ValueError where h does not fit the three gates.
    Source: Cho et al. 2014; the reset after the product: cuDNN.
    """
    xp = array_namespace(a_x)
    (h_before,) = check_parts(state, 1)
    x_r, x_z, x_n = gates(a_x, 3)
    h_r, h_z, h_n = gates(a_h, 3)
    check_shape("h", h_before, *x_n.shape)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    r_h = r * h_n  # kept in place of h_n, a view that holds all of a_h
    n = xp.tanh(x_n + r_h)
    h = n + z * (h_before - n)
    return (h,), (r, z, n, r_h, h_before)


def gru_cell_vjp(
    d_state: State, cache: tuple[Array, ...]
) -> tuple[Array, Array, State]:
    """Backward through `gru_cell`: z h_{t-1} is the way past the matrix.

    Shapes: d_state ((B, H),) -> d_a_x (B, 3*H); d_a_h (B, 3*H); d_state
    """
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n * n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)
