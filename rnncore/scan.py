"""A recurrence that needs no loop: linear in its state, so a scan.

Where h_t = a_t h_{t-1} + u_t and neither a_t nor u_t depends on h, two
steps together are again such a step. So T steps are joined in pairs, the
pairs in pairs; after log2(T) rounds the last state is known, and after
nearly as many more, on the way back, all of them.
"""

from collections.abc import Callable
from operator import mul
from typing import NamedTuple

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_parts,
    check_real,
    check_shape,
)
from rnncore.bptt import rows
from rnncore.lstm import gates, sigmoid
from rnncore.rnn import State


class Minimal(NamedTuple):
    """Weights of a layer that looks at its input alone: there is no W_h.

    Shapes: W_x (2*H, D); b_x (2*H,)
    """

    W_x: Array
    b_x: Array


class Scanned(NamedTuple):
    """What the way back through `linear_scan` needs."""

    a: Array  # (T, B, H)
    h_before: Array  # (T, B, H): the state that step t read


def linear_loop(a: Array, u: Array, h: Array) -> Array:
    """h_t = a_t h_{t-1} + u_t for all t, one step after the other.

    Shapes: a (T, B, H); u (T, B, H); h (B, H) -> y (T, B, H)

    Raises ValueError where a shape, dtype or device does not fit.
    """
    _check(a, u, h)
    xp = array_namespace(a)
    y = []
    for a_t, u_t in zip(xp.unstack(a), xp.unstack(u), strict=True):
        h = a_t * h + u_t
        y.append(h)
    return xp.stack(y)


def linear_scan(a: Array, u: Array, h: Array) -> tuple[Array, Scanned]:
    """The same states as `linear_loop` in about 2 log2(T) rounds.

    Shapes: a (T, B, H); u (T, B, H); h (B, H) -> y (T, B, H); cache

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Blelloch 1990; for recurrent networks Martin & Cundy 2018.
    """
    _check(a, u, h)
    xp = array_namespace(a)
    first = a[:1, ...] * h + u[:1, ...]
    y = joined(a, xp.concat([first, u[1:, ...]]))
    h_before = xp.concat([h[None, ...], y[:-1, ...]])
    return y, Scanned(a, h_before)


def joined(a: Array, u: Array, times: Callable = mul) -> Array:
    """The scan itself, from a state of zeros.

    Steps 1 and 2 are one step with the factor a_2 a_1 and the input
    a_2 u_1 + u_2, and so on: half as many steps, which give every second
    state. The states between follow from those in one step more.

    Shapes: a (T, B, H); u (T, B, H) -> y (T, B, H)
    """
    T = u.shape[0]
    if T == 1:
        return u
    xp = array_namespace(u)
    a_1, u_1 = a[0 : T - 1 : 2, ...], u[0 : T - 1 : 2, ...]
    a_2, u_2 = a[1::2, ...], u[1::2, ...]
    second = joined(times(a_2, a_1), times(a_2, u_1) + u_2, times)
    a_3, u_3 = a[2::2, ...], u[2::2, ...]
    third = times(a_3, second[: a_3.shape[0], ...]) + u_3
    first = xp.concat([u[:1, ...], third])
    y = xp.stack([first[: T // 2, ...], second], axis=1)
    y = xp.reshape(y, (T - T % 2, *u.shape[1:]))
    return xp.concat([y, first[-1:, ...]]) if T % 2 else y


def linear_scan_vjp(
    d_y: Array, cache: Scanned
) -> tuple[Array, Array, Array]:
    """Backward through `linear_scan`: a scan too, from the last step on.

    What reaches h_t is d_y_t and, through step t+1, a_{t+1} times what
    reaches h_{t+1}.

    Shapes: d_y (T, B, H); cache -> d_a (T, B, H); d_u (T, B, H); d_h (B, H)

    Raises ValueError where d_y does not fit the cache.
    """
    a, h_before = cache
    check_shape("d_y", d_y, *a.shape)
    check_alike("a", a, d_y=d_y)
    xp = array_namespace(d_y)
    later = xp.concat([a[1:, ...], a[:1, ...]])  # the last is not used
    d_u = joined(xp.flip(later, axis=0), xp.flip(d_y, axis=0))
    d_u = xp.flip(d_u, axis=0)
    return d_u * h_before, d_u, a[0, ...] * d_u[0, ...]


def minimal_layer(
    params: Minimal, x: Array, h: Array
) -> tuple[Array, tuple[Array, ...]]:
    """h_t = (1 - z) h_{t-1} + z n, where z and n know x_t alone.

    A GRU without its reset gate, its tanh and its recurrent weights, all
    of it as one scan. The gates stand in the order z, n.

    Shapes: x (T, B, D); h (B, H) -> y (T, B, H); cache

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Feng et al. 2024, the minimal GRU.
    """
    check_shape("W_x", params.W_x, 2 * h.shape[-1], "D")
    check_shape("b_x", params.b_x, params.W_x.shape[0])
    check_shape("x", x, "T", h.shape[0], params.W_x.shape[1])
    check_alike("W_x", params.W_x, x=x, h=h, b_x=params.b_x)
    z, n = gates(x @ params.W_x.T + params.b_x, 2)
    z = sigmoid(z)
    y, scanned = linear_scan(1 - z, z * n, h)
    return y, (x, z, n, *scanned)


def minimal_layer_vjp(
    params: Minimal, cache: tuple[Array, ...], d_y: Array
) -> tuple[Minimal, Array, Array]:
    """Backward through `minimal_layer`: one scan, then two products.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, z, n, *scanned = cache
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_z = (d_u * n - d_a) * z * (1 - z)
    d_gates = xp.concat([d_z, d_u * z], axis=-1)
    d_params = Minimal(
        W_x=rows(d_gates).T @ rows(x), b_x=xp.sum(d_gates, axis=(0, 1))
    )
    return d_params, d_gates @ params.W_x, d_h


def minimal_cell(
    a_x: Array, a_h: Array, state: State
) -> tuple[State, tuple[Array, ...]]:
    """The same step as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 2*H); a_h (B, 2*H); state ((B, H),)
        -> state ((B, H),); cache

    Raises ValueError where h does not fit the two gates.
    Source: Feng et al. 2024.
    """
    (h,) = check_parts(state, 1)
    z, n = gates(a_x, 2)
    check_shape("h", h, *n.shape)
    z = sigmoid(z)
    return (h + z * (n - h),), (z, n, h)


def minimal_cell_vjp(
    d_state: State, cache: tuple[Array, ...]
) -> tuple[Array, Array, State]:
    """Backward through `minimal_cell`: the only way to h_{t-1} is past.

    Shapes: d_state ((B, H),) -> d_a_x (B, 2*H); d_a_h (B, 2*H); d_state
    """
    (d_h,) = d_state
    z, n, h = cache
    xp = array_namespace(d_h)
    d_z = d_h * (n - h) * z * (1 - z)
    d_a_x = xp.concat([d_z, d_h * z], axis=-1)
    return d_a_x, xp.zeros_like(d_a_x), (d_h * (1 - z),)


def _check(a: Array, u: Array, h: Array) -> None:
    """Raise ValueError unless the three belong together."""
    check_shape("a", a, "T", "B", "H")
    check_shape("u", u, *a.shape)
    check_shape("h", h, *a.shape[1:])
    check_alike("a", a, u=u, h=h)
    check_real("a", a)
