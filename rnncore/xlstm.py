"""Gates that are exponentials: sLSTM, a cell, and mLSTM, a matrix memory.

An exponential overflows. So both keep m, the greatest logarithm so far,
and store everything divided by exp(m), which cancels in what is read.
"""

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_parts,
    check_shape,
)
from rnncore.lstm import gates, sigmoid
from rnncore.memory import Steps
from rnncore.rnn import State


def slstm_cell(
    a_x: Array, a_h: Array, state: State
) -> tuple[State, tuple[Array, ...]]:
    """h = o c / n, where c sums what was written and n how strongly.

    The gates stand in the order i, f, z, o; i is an exponential. The
    state is h, c, n, m: the last three start at 0.

    Shapes: a_x (B, 4*H); a_h (B, 4*H);
        state ((B, H), (B, H), (B, H), (B, H))
        -> state ((B, H), (B, H), (B, H), (B, H)); cache

    Raises ValueError where the state does not fit the four gates.
    Source: Beck et al. 2024, with a sigmoid as forget gate.
    """
    xp = array_namespace(a_x)
    h, c_before, n_before, m_before = check_parts(state, 4)
    log_i, a_f, z, o = gates(a_x + a_h, 4)
    check_shape("c", c_before, *z.shape)
    z, o, f = xp.tanh(z), sigmoid(o), sigmoid(a_f)
    log_f = log_sigmoid(a_f) + m_before
    m = xp.maximum(log_f, log_i)
    keep, write = xp.exp(log_f - m), xp.exp(log_i - m)
    c = keep * c_before + write * z
    n = keep * n_before + write
    h = o * c / n
    return (h, c, n, m), (z, o, f, keep, write, c_before, n_before, c, n)


def slstm_cell_vjp(
    d_state: State, cache: tuple[Array, ...]
) -> tuple[Array, Array, State]:
    """Backward through `slstm_cell`; m follows the greater of two.

    Shapes: d_state ((B, H), (B, H), (B, H), (B, H))
        -> d_a_x (B, 4*H); d_a_h (B, 4*H); d_state
    """
    z, o, f, keep, write, c_before, n_before, c, n = cache
    xp = array_namespace(z)
    d_h, d_c, d_n, d_m = d_state
    d_c = d_c + d_h * o / n
    d_n = d_n - d_h * o * c / (n * n)
    d_log_f = (d_c * c_before + d_n * n_before) * keep
    d_log_i = (d_c * z + d_n) * write
    d_m = d_m - d_log_f - d_log_i
    none = xp.zeros_like(d_m)
    d_log_f = d_log_f + xp.where(keep < write, none, d_m)
    d_log_i = d_log_i + xp.where(keep < write, d_m, none)
    d_a = [d_log_i, d_log_f * (1 - f)]
    d_a += [d_c * write * (1 - z * z), d_h * c / n * o * (1 - o)]
    d_a = xp.concat(d_a, axis=-1)
    return d_a, d_a, (0.0, d_c * keep, d_n * keep, d_log_f)


def log_sigmoid(a: Array) -> Array:
    """log of the sigmoid, which keeps its digits where that is near 0.

    Shapes: a (B, H) -> log_gate (B, H)
    """
    xp = array_namespace(a)
    least = xp.minimum(a, xp.zeros_like(a))
    return least - xp.log1p(xp.exp(-xp.abs(a)))


def mlstm_steps(
    q: Array, k: Array, v: Array, log_f: Array, log_i: Array, m: Array
) -> tuple[Steps, Array]:
    """mLSTM as steps of a matrix memory by Hebb's rule, and each m.

    A further value of 1 counts what was written. No factor is above 1.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); log_f (T, B, 1);
        log_i (T, B, 1); m (B, 1) -> steps; m (T, B, 1)

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Beck et al. 2024.
    """
    check_shape("v", v, "T", "B", "V")
    T, B, _ = v.shape
    check_shape("log_f", log_f, T, B, 1)
    check_shape("log_i", log_i, T, B, 1)
    check_shape("m", m, B, 1)
    check_alike("v", v, log_f=log_f, log_i=log_i, m=m)
    xp = array_namespace(v)
    before, after = [], []
    for f, i in zip(xp.unstack(log_f), xp.unstack(log_i), strict=True):
        before.append(m)
        m = xp.maximum(f + m, i)
        after.append(m)
    before, after = xp.stack(before), xp.stack(after)
    v = xp.concat([v, xp.ones_like(log_i)], axis=-1)
    log_a, beta = log_f + before - after, xp.exp(log_i - after)
    return Steps(q, k, v, log_a, beta), after


def mlstm_steps_vjp(
    d_steps: Steps, steps: Steps
) -> tuple[Array, Array, Array, Array, Array]:
    """Backward through `mlstm_steps`, of a loss of what is read alone.

    That does not change with m, so m counts as a constant.

    Shapes: d_steps; steps -> d_q (T, B, K); d_k (T, B, K);
        d_v (T, B, V - 1); d_log_f (T, B, 1); d_log_i (T, B, 1)
    """
    d_q, d_k, d_v, d_log_a, d_beta = d_steps
    return d_q, d_k, d_v[..., :-1], d_log_a, d_beta * steps.beta


def mlstm_read(y: Array, m: Array) -> Array:
    """What a memory gave, divided by how much of it was written.

    Shapes: y (T, B, V); m (T, B, 1) -> h (T, B, V - 1)

    Source: Beck et al. 2024; 1 is exp(-m) in these units.
    """
    xp = array_namespace(y)
    return y[..., :-1] / xp.maximum(xp.abs(y[..., -1:]), xp.exp(-m))


def mlstm_read_vjp(d_h: Array, y: Array, m: Array) -> Array:
    """Backward through `mlstm_read`, with m as a constant.

    Shapes: d_h (T, B, V - 1); y (T, B, V); m (T, B, 1) -> d_y (T, B, V)
    """
    xp = array_namespace(y)
    value, count = y[..., :-1], y[..., -1:]
    size, least = xp.abs(count), xp.exp(-m)
    below = xp.maximum(size, least)
    d_below = -xp.sum(d_h * value, axis=-1, keepdims=True) / below**2
    d_count = xp.where(size > least, d_below * xp.sign(count), 0 * count)
    return xp.concat([d_h / below, d_count], axis=-1)
