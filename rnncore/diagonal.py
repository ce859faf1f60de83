"""A diagonal recurrence that selects: what is written, what is read.

Each of H channels has N numbers of state. How long they last, where the
input is written and what is read all depend on the input, and not on the
state: so the scan of H*N numbers runs it.
"""

from typing import NamedTuple

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_shape,
)
from rnncore.bptt import rows
from rnncore.lstm import sigmoid
from rnncore.scan import Scanned, linear_scan, linear_scan_vjp


class Selective(NamedTuple):
    """Weights of a selective layer; the rows are those of p, b and c.

    Shapes: W_x (H + 2*N, H); b_x (H + 2*N,); log_rate (H, N); skip (H,)
    """

    W_x: Array
    b_x: Array
    log_rate: Array  # of decay, where the step has length 1
    skip: Array  # of the input to the output


def selective_layer(
    params: Selective, x: Array, h: Array
) -> tuple[Array, Array, tuple[Array, ...]]:
    """h = exp(-s r) h + s x b^T and y = h c + skip x, for each channel.

    The step s = softplus(p) of a channel, and the vectors b and c, which
    all channels share, are computed from x_t; the rates r are weights.

    Shapes: x (T, B, H); h (B, H, N) -> y (T, B, H); h (B, H, N); cache

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Gu & Dao 2023, the S6 layer.
    """
    _check(params, x, h)
    B, H, N = h.shape
    xp = array_namespace(x)
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    rate = xp.exp(params.log_rate)
    a = xp.exp(-s[..., None] * rate)
    u = (s * x)[..., None] * b[..., None, :]
    flat = -1, B, H * N
    a, u = xp.reshape(a, flat), xp.reshape(u, flat)
    states, scanned = linear_scan(a, u, xp.reshape(h, flat[1:]))
    states = xp.reshape(states, (-1, B, H, N))
    y = (states @ c[..., None])[..., 0] + params.skip * x
    return y, states[-1, ...], (x, p, b, c, states, *scanned)


def selective_layer_vjp(
    params: Selective, cache: tuple[Array, ...], d_y: Array, d_h: Array
) -> tuple[Selective, Array, Array]:
    """Backward through `selective_layer`; d_h is that of the last state.

    Shapes: d_y (T, B, H); d_h (B, H, N)
        -> d_params; d_x (T, B, H); d_h (B, H, N)

    Raises ValueError where a gradient does not fit the cache.
    """
    x, p, b, c, states, *scanned = cache
    T, B, H, N = states.shape
    check_shape("d_y", d_y, T, B, H)
    check_shape("d_h", d_h, B, H, N)
    check_alike("x", x, d_y=d_y, d_h=d_h)
    xp = array_namespace(x)
    d_states = d_y[..., None] * c[..., None, :]
    last = d_states[-1:, ...] + d_h[None, ...]
    d_states = xp.concat([d_states[:-1, ...], last])
    d_states = xp.reshape(d_states, (T, B, H * N))
    d_a, d_u, d_first = linear_scan_vjp(d_states, Scanned(*scanned))
    d_u = xp.reshape(d_u, (T, B, H, N))
    d_log_a = xp.reshape(d_a * scanned[0], (T, B, H, N))
    s, rate = softplus(p), xp.exp(params.log_rate)
    into = (d_u @ b[..., None])[..., 0]  # what reaches s x
    d_s = into * x - xp.sum(d_log_a * rate, axis=-1)
    d_b = ((s * x)[..., None, :] @ d_u)[..., 0, :]
    d_c = (d_y[..., None, :] @ states)[..., 0, :]
    d_rows = xp.concat([d_s * sigmoid(p), d_b, d_c], axis=-1)
    d_params = Selective(
        W_x=rows(d_rows).T @ rows(x),
        b_x=xp.sum(d_rows, axis=(0, 1)),
        log_rate=-rate * xp.sum(d_log_a * s[..., None], axis=(0, 1)),
        skip=xp.sum(d_y * x, axis=(0, 1)),
    )
    d_x = d_rows @ params.W_x + into * s + d_y * params.skip
    return d_params, d_x, xp.reshape(d_first, (B, H, N))


def softplus(a: Array) -> Array:
    """log(1 + exp(a)), which does not overflow.

    Shapes: a (B, H) -> s (B, H)
    """
    xp = array_namespace(a)
    positive = xp.maximum(a, xp.zeros_like(a))
    return positive + xp.log1p(xp.exp(-xp.abs(a)))


def _check(params: Selective, x: Array, h: Array) -> None:
    """Raise ValueError unless the parts belong together."""
    check_shape("h", h, "B", "H", "N")
    B, H, N = h.shape
    check_shape("x", x, "T", B, H)
    check_shape("W_x", params.W_x, H + 2 * N, H)
    check_shape("b_x", params.b_x, H + 2 * N)
    check_shape("log_rate", params.log_rate, H, N)
    check_shape("skip", params.skip, H)
    check_alike("x", x, h=h, **params._asdict())
