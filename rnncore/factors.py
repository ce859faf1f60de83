"""What a factor may be: layers that differ in a_t of a linear recurrence.

One layer takes the function that makes a factor of a number as an
argument. Two are published: both keep their factors between 0 and 1. One
turns pairs of numbers by an angle. In the last the factor is a matrix,
which keeps, dampens or mirrors one direction that its input names.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_real,
    check_shape,
)
from rnncore.bptt import rows
from rnncore.lstm import gates, sigmoid
from rnncore.scan import Minimal, Scanned, linear_scan, linear_scan_vjp


class Squashing(NamedTuple):
    """A function from any number to a factor, and its vjp."""

    forward: Callable[[Array], Array]  # p -> a
    vjp: Callable[[Array, Array], Array]  # d_a, a -> d_p


def clip(low: float, high: float = 1.0) -> Squashing:
    """The number itself, or the nearer bound where it lies outside.

    Raises ValueError unless low is below high.
    """
    if not low < high:
        raise ValueError(f"low: expected below {high}, got {low}")

    def forward(p):
        xp = array_namespace(p)
        p = xp.where(p < low, xp.full_like(p, low), p)
        return xp.where(p > high, xp.full_like(p, high), p)

    def vjp(d_a, a):  # no slope where a is a bound
        xp = array_namespace(a)
        inside = (low < a) & (a < high)
        return xp.where(inside, d_a, xp.zeros_like(d_a))

    return Squashing(forward, vjp)


SQUASHINGS = {
    "sigmoid": Squashing(sigmoid, lambda d_a, a: d_a * a * (1 - a)),
    "tanh": Squashing(
        lambda p: array_namespace(p).tanh(p),
        lambda d_a, a: d_a * (1 - a * a),
    ),
    "clip": clip(-1.0),
    "clip to [0, 1]": clip(0.0),
}


def diagonal_layer(
    params: Minimal, squashing: Squashing, x: Array, h: Array
) -> tuple[Array, tuple[Array, ...]]:
    """h_t = a h_{t-1} + (1 - |a|) n, where a and n know x_t alone.

    The blocks of the weights stand in the order a, n. With a sigmoid it is
    `minimal_layer`, whose z is this layer's 1 - a.

    Shapes: x (T, B, D); h (B, H) -> y (T, B, H); cache

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Feng et al. 2024; factors below 0: Grazzi et al. 2024.
    """
    _check(params, 2, x, h)
    p, n = gates(x @ params.W_x.T + params.b_x, 2)
    a = squashing.forward(p)
    xp = array_namespace(a)
    y, scanned = linear_scan(a, (1 - xp.abs(a)) * n, h)
    return y, (x, n, *scanned)


def diagonal_layer_vjp(
    params: Minimal,
    squashing: Squashing,
    cache: tuple[Array, ...],
    d_y: Array,
) -> tuple[Minimal, Array, Array]:
    """Backward through `diagonal_layer`: one scan, then two products.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a - xp.sign(a) * n * d_u  # u has the factor in it
    d_p = squashing.vjp(d_a, a)
    d_gates = xp.concat([d_p, (1 - xp.abs(a)) * d_u], axis=-1)
    return *_weights_vjp(params, x, d_gates), d_h


def min_lstm_layer(
    params: Minimal, x: Array, h: Array
) -> tuple[Array, tuple[Array, ...]]:
    """h_t = a h_{t-1} + (1 - a) n with a = f / (f + i): two gates, one sum.

    The blocks of the weights stand in the order f, i, n.

    Shapes: x (T, B, D); h (B, H) -> y (T, B, H); cache

    Raises ValueError where a shape, dtype or device does not fit.
    Source: Feng et al. 2024, the minimal LSTM.
    """
    _check(params, 3, x, h)
    f, i, n = gates(x @ params.W_x.T + params.b_x, 3)
    # f / (f + i) = sigmoid(ln f - ln i), also where both gates are 0
    a = sigmoid(_softplus(-i) - _softplus(-f))
    y, scanned = linear_scan(a, (1 - a) * n, h)
    return y, (x, sigmoid(f), sigmoid(i), n, *scanned)


def min_lstm_layer_vjp(
    params: Minimal, cache: tuple[Array, ...], d_y: Array
) -> tuple[Minimal, Array, Array]:
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_n = (1 - a) * d_u
    d_gates = xp.concat([d * (1 - f), -d * (1 - i), d_n], axis=-1)
    return *_weights_vjp(params, x, d_gates), d_h


class RealGated(NamedTuple):
    """Weights of a real-gated linear recurrent unit.

    Shapes: W_x (2*H, H); b_x (2*H,); decay (H,)
    """

    W_x: Array
    b_x: Array
    decay: Array


SHARPNESS = 8.0


def rg_lru_layer(
    params: RealGated, x: Array, h: Array
) -> tuple[Array, tuple[Array, ...]]:
    """h_t = a h_{t-1} + sqrt(1 - a^2) i x_t, with a = sigmoid(decay)^(8 r).

    The gates stand in the order r, i. The root keeps the size of the state
    when inputs are independent.

    Shapes: x (T, B, H); h (B, H) -> y (T, B, H); cache

    Raises ValueError where a shape, dtype or device does not fit.
    Source: De et al. 2024, the RG-LRU.
    """
    H = h.shape[-1]
    _check(params, 2, x, h)
    check_shape("x", x, "T", h.shape[0], H)
    check_shape("decay", params.decay, H)
    check_alike("W_x", params.W_x, decay=params.decay)
    r, i = (sigmoid(p) for p in gates(x @ params.W_x.T + params.b_x, 2))
    xp = array_namespace(x)
    log_a = -SHARPNESS * _softplus(-params.decay) * r
    a, root = xp.exp(log_a), xp.sqrt(-xp.expm1(2 * log_a))
    y, scanned = linear_scan(a, root * i * x, h)
    return y, (x, r, i, root, *scanned)


def rg_lru_layer_vjp(
    params: RealGated, cache: tuple[Array, ...], d_y: Array
) -> tuple[RealGated, Array, Array]:
    """Backward through `rg_lru_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, H); d_h (B, H)
    """
    x, r, i, root, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    slow = -SHARPNESS * _softplus(-params.decay)
    log_a = slow * r
    # The root's slope is infinite where a is 1; log_a times it is 0 there.
    slope = log_a / _divisor(root)
    d_log = log_a * a * d_a - slope * d_u * i * x * a * a
    d_r = d_log * (1 - r)
    d_i = d_u * root * x * i * (1 - i)
    d_gates = xp.concat([d_r, d_i], axis=-1)
    d_slow = xp.sum(d_log, axis=(0, 1)) / _divisor(slow)
    d_params = RealGated(
        W_x=rows(d_gates).T @ rows(x),
        b_x=xp.sum(d_gates, axis=(0, 1)),
        decay=d_slow * SHARPNESS * sigmoid(-params.decay),
    )
    return d_params, d_gates @ params.W_x + d_u * root * i, d_h


def rotated(p: Array, h: Array) -> Array:
    """Pairs of numbers, each rotated by its angle, in radians.

    The first half of h has the pairs' first numbers, the second half their
    second ones.

    Shapes: p (T, B, N); h (T, B, 2*N) -> h (T, B, 2*N)
    """
    xp = array_namespace(p)
    first, second = gates(h, 2)
    c, s = xp.cos(p), xp.sin(p)
    parts = [c * first - s * second, s * first + c * second]
    return xp.concat(parts, axis=-1)


def summed(p: Array) -> Array:
    """The sums of all angles so far.

    They are taken in float64: of a large float32 the last digit is larger
    than what is left of a turn.

    Shapes: p (T, B, N) -> P (T, B, N)
    """
    xp = array_namespace(p)
    P = xp.cumulative_sum(p, axis=0, dtype=xp.float64)
    return xp.astype(xp.remainder(P, 2 * math.pi), p.dtype)


def turning_layer(
    params: Minimal, squashing: Squashing, x: Array, h: Array
) -> tuple[Array, tuple[Array, ...]]:
    """h_t = a R(p) h_{t-1} + (1 - |a|) n, where R(p) turns pairs by p.

    Seen from a frame that turns along, nothing turns: there the layer is a
    scan with the factors a. The blocks of the weights stand in the order
    a (H/2 rows), p (H/2), n (H).

    Shapes: x (T, B, D); h (B, H) -> y (T, B, H); cache

    Raises ValueError where a shape, dtype or device does not fit, or H is
    odd.
    Source: Lahoti et al. 2026, without its inputs and outputs.
    """
    if h.shape[-1] % 2:
        raise ValueError(f"h: expected pairs, got {h.shape[-1]} numbers")
    _check(params, 2, x, h)
    factors, n = gates(x @ params.W_x.T + params.b_x, 2)
    a, p = gates(factors, 2)
    a, P = squashing.forward(a), summed(p)
    xp = array_namespace(a)
    a = xp.concat([a, a], axis=-1)  # both numbers of a pair
    still, scanned = linear_scan(a, rotated(-P, (1 - xp.abs(a)) * n), h)
    y = rotated(P, still)
    return y, (x, n, P, y, *scanned)


def turning_layer_vjp(
    params: Minimal,
    squashing: Squashing,
    cache: tuple[Array, ...],
    d_y: Array,
) -> tuple[Minimal, Array, Array]:
    """Backward through `turning_layer`: one scan, in the turning frame.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, n, P, y, *scanned = cache
    check_shape("d_y", d_y, *y.shape)
    a, xp = scanned[0], array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(rotated(-P, d_y), Scanned(*scanned))
    d_u = rotated(P, d_u)
    d_a = d_a - xp.sign(a) * n * d_u  # u has the factor in it
    d_P = _around(y, d_y) - _around((1 - xp.abs(a)) * n, d_u)
    d_p = xp.flip(xp.cumulative_sum(xp.flip(d_P, axis=0), axis=0), axis=0)
    of_both, (a, _) = gates(d_a, 2), gates(a, 2)
    d_a = squashing.vjp(of_both[0] + of_both[1], a)
    d_gates = xp.concat([d_a, d_p, (1 - xp.abs(scanned[0])) * d_u], axis=-1)
    return *_weights_vjp(params, x, d_gates), d_h


def _around(h: Array, d_h: Array) -> Array:
    """What a gradient of pairs says of the angle by which they turn."""
    (first, second), (d_first, d_second) = gates(h, 2), gates(d_h, 2)
    return first * d_second - second * d_first


def reflecting_layer(
    params: Minimal, squashing: Squashing, x: Array, h: Array
) -> tuple[Array, tuple]:
    """h_t = h_{t-1} - (1 - a) (k.h_{t-1} - v) k, in each of N groups.

    A group of d numbers has the factor I - (1 - a) k k^T: the part of h
    along the unit vector k is multiplied by a, all else is kept. With
    a = -1 that is a reflection. The weights' rows are d for each group's
    k, then one for each a, then one for each v.

    Shapes: x (T, B, D); h (B, N, d) -> y (T, B, N, d); cache

    Raises ValueError where a shape, dtype or device does not fit.
    Source: the delta rule with values of one number, Schlag et al. 2021;
    a below 0: Grazzi et al. 2024.
    """
    B, N, d = h.shape
    check_shape("W_x", params.W_x, (d + 2) * N, "D")
    check_real("W_x", params.W_x)
    check_shape("b_x", params.b_x, params.W_x.shape[0])
    check_shape("x", x, "T", B, params.W_x.shape[1])
    check_alike("W_x", params.W_x, x=x, h=h, b_x=params.b_x)
    xp = array_namespace(x)
    p = x @ params.W_x.T + params.b_x
    k = xp.reshape(p[..., : N * d], (*p.shape[:2], N, d))
    length = xp.sqrt(xp.sum(k * k, axis=-1, keepdims=True))
    k = k / length
    a = squashing.forward(p[..., N * d : N * (d + 1), None])
    v = p[..., N * (d + 1) :, None]
    y, before = [], []
    for k_t, a_t, v_t in zip(*map(xp.unstack, (k, a, v)), strict=True):
        before.append(h)
        error = xp.sum(k_t * h, axis=-1, keepdims=True) - v_t
        h = h - (1 - a_t) * error * k_t
        y.append(h)
    return xp.stack(y), (x, k, length, a, v, xp.stack(before))


def reflecting_layer_vjp(
    params: Minimal,
    squashing: Squashing,
    cache: tuple[Array, ...],
    d_y: Array,
) -> tuple[Minimal, Array, Array]:
    """Backward through `reflecting_layer`, a step at a time.

    Shapes: d_y (T, B, N, d) -> d_params; d_x (T, B, D); d_h (B, N, d)
    """
    x, k, length, a, v, before = cache
    check_shape("d_y", d_y, *k.shape)
    check_alike("k", k, d_y=d_y)
    xp = array_namespace(d_y)
    d_h, reached = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(d_y.shape[0])):
        d_h = d_h + d_y[t, ...]
        reached.append(d_h)  # what reaches the state after step t
        along = xp.sum(k[t, ...] * d_h, axis=-1, keepdims=True)
        d_h = d_h - (1 - a[t, ...]) * along * k[t, ...]
    d = xp.stack(reached[::-1])
    along = xp.sum(k * d, axis=-1, keepdims=True)
    error = xp.sum(k * before, axis=-1, keepdims=True) - v
    d_k = -(1 - a) * (error * d + along * before)
    d_p = squashing.vjp(error * along, a)
    d_k = (d_k - k * xp.sum(k * d_k, axis=-1, keepdims=True)) / length
    parts = d_k, d_p, (1 - a) * along
    shape = *k.shape[:2], -1
    d_rows = xp.concat([xp.reshape(q, shape) for q in parts], axis=-1)
    return *_weights_vjp(params, x, d_rows), d_h


def _check(params: Minimal | RealGated, G: int, x: Array, h: Array) -> None:
    """Raise ValueError unless the four belong together."""
    check_shape("W_x", params.W_x, G * h.shape[-1], "D")
    check_shape("b_x", params.b_x, params.W_x.shape[0])
    check_shape("x", x, "T", h.shape[0], params.W_x.shape[1])
    check_alike("W_x", params.W_x, x=x, h=h, b_x=params.b_x)


def _weights_vjp(
    params: Minimal, x: Array, d_gates: Array
) -> tuple[Minimal, Array]:
    """Backward through x W_x^T + b_x."""
    xp = array_namespace(x)
    d_params = Minimal(
        W_x=rows(d_gates).T @ rows(x), b_x=xp.sum(d_gates, axis=(0, 1))
    )
    return d_params, d_gates @ params.W_x


def _softplus(p: Array) -> Array:
    """ln(1 + exp(p)), without an overflow: -ln of sigmoid(-p)."""
    xp = array_namespace(p)
    return xp.logaddexp(p, xp.zeros_like(p))


def _divisor(a: Array) -> Array:
    """The number itself, but 1 where it is 0 and so divides a 0."""
    xp = array_namespace(a)
    return xp.where(a == 0, xp.ones_like(a), a)
