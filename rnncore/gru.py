"""The gated recurrent unit: a cell that resets after the product, and the
first published form, which resets before it and needs loops of its own."""

from rnncore.backend import (
    Array,
    array_namespace,
    check_backward,
    check_layer,
    check_parts,
    check_shape,
    check_state,
)
from rnncore.bptt import rows
from rnncore.lstm import gates, sigmoid
from rnncore.rnn import Params, State, Tape


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
    """Backward through `gru_cell`: z h_{t-1} bypasses the matrix.

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


def unroll_reset_before(
    params: Params, x: Array, state: State
) -> tuple[Array, State, Tape]:
    """A GRU with n = tanh(a_x + W_hn (r h) + b_hn): no pointwise cell.

    Between its two nonlinearities stands a product with weights, which
    waits for the reset gate; so each step has two products in sequence,
    where `unroll` has one. Gates in the order r, z, n.

    Shapes: x (T, B, D); state ((B, H),)
        -> y (T, B, H); state ((B, H),); tape

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Cho et al. 2014, equations 5 to 8, with biases.
    """
    check_layer(params)
    H = params.W_h.shape[1]
    check_shape("W_h", params.W_h, 3 * H, H)
    check_shape("x", x, "T", "B", params.W_x.shape[1])
    check_state(params, x, state)
    (h,) = check_parts(state, 1)
    W_rz, W_n = params.W_h[: 2 * H, :], params.W_h[2 * H :, :]
    b_rz, b_n = params.b_h[: 2 * H], params.b_h[2 * H :]
    xp = array_namespace(x)
    tape = Tape(x, state, [], [])
    y = []
    a = x @ params.W_x.T + params.b_x
    for a_x in xp.unstack(a):
        x_r, x_z, x_n = gates(a_x, 3)
        h_r, h_z = gates(h @ W_rz.T + b_rz, 2)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        r_h = r * h
        n = xp.tanh(x_n + r_h @ W_n.T + b_n)  # the product that waits for r
        tape.h_before.append(h)
        tape.caches.append((r, z, n, r_h))
        h = n + z * (h - n)
        y.append(h)
    return xp.stack(y), (h,), tape


def bptt_reset_before(
    params: Params, tape: Tape, d_y: Array, d_state: State
) -> tuple[Params, Array, State]:
    """Backward through `unroll_reset_before`, in the opposite order.

    Shapes: d_y (T, B, H); d_state ((B, H),)
        -> d_params; d_x (T, B, D); d_state ((B, H),)

    Raises ValueError where a shape, dtype or device does not fit the tape.
    """
    check_backward(tape.state, len(tape.caches), d_y, d_state)
    (d_h,) = d_state
    xp = array_namespace(d_y)
    H = d_h.shape[-1]
    W_rz, W_n = params.W_h[: 2 * H, :], params.W_h[2 * H :, :]
    d_a = []
    for t in reversed(range(d_y.shape[0])):
        r, z, n, _ = tape.caches[t]
        h_before = tape.h_before[t]
        d_h = d_h + d_y[t, ...]
        d_n = d_h * (1 - z) * (1 - n * n)
        d_z = d_h * (h_before - n) * z * (1 - z)
        d_r_h = d_n @ W_n  # r's gradient waits for this product
        d_r = d_r_h * h_before * r * (1 - r)
        d_rz = xp.concat([d_r, d_z], axis=-1)
        d_h = d_h * z + d_r_h * r + d_rz @ W_rz
        d_a.append(xp.concat([d_rz, d_n], axis=-1))
    d_a = xp.stack(d_a[::-1])
    h = rows(xp.stack(tape.h_before))
    r_h = rows(xp.stack([cache[3] for cache in tape.caches]))
    d_rz, d_n = rows(d_a)[:, : 2 * H], rows(d_a)[:, 2 * H :]
    d_b = xp.sum(d_a, axis=(0, 1))
    d_params = Params(
        W_x=rows(d_a).T @ rows(tape.x),
        W_h=xp.concat([d_rz.T @ h, d_n.T @ r_h]),  # n read r h, not h
        b_x=d_b,
        b_h=d_b,  # b_hn stands outside the reset: as for b_xn
    )
    return d_params, d_a @ params.W_x, (d_h,)
