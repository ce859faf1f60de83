"""Nonlinear cells in parallel: guess all states, linearise, scan, again.

Where every step is replaced by its tangent at a guess, the recurrence is
linear, and a scan solves it. The solution is a better guess: Newton's
method for all states at once.
"""

import math
from collections.abc import Callable, Iterator
from operator import matmul
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_backward,
    check_count,
    check_layer,
    check_parts,
    check_real,
    check_shape,
    check_state,
    device,
)
from rnncore.bptt import rows
from rnncore.lstm import gates
from rnncore.rnn import Params, State
from rnncore.rtrl import step_jacobians
from rnncore.scan import joined


class NotConverged(ArithmeticError):
    """The rounds ended before the guesses settled; the loop is exact."""


class Diagonal(NamedTuple):
    """Weights of a layer each of whose units reads itself alone.

    Shapes: W_x (G*H, D); w_h (G, H); b_x (G*H,); b_h (G*H,)
    """

    W_x: Array
    w_h: Array
    b_x: Array
    b_h: Array


class Solved(NamedTuple):
    """What the vjp of `solve_states` needs, and how many rounds it took."""

    x: Array  # (T, B, D)
    state: State  # before the first step
    states: Array  # (T, B, n): all parts of all states, side by side
    rounds: int


def widen(weights: Diagonal) -> Params:
    """The same weights as `unroll` wants them: a diagonal for each gate.

    Shapes: -> W_x (G*H, D); W_h (G*H, H); b_x (G*H,); b_h (G*H,)
    """
    w_h, xp = weights.w_h, array_namespace(weights.w_h)
    one = xp.eye(w_h.shape[1], dtype=w_h.dtype, device=device(w_h))
    W_h = xp.reshape(w_h[:, :, None] * one, (-1, w_h.shape[1]))
    return Params(weights.W_x, W_h, weights.b_x, weights.b_h)


def solve_states(
    cell: Callable,
    cell_vjp: Callable,
    params: Params | Diagonal,
    x: Array,
    state: State,
    bounds: tuple[float, ...] | None = None,
    rounds: int = 30,
    tolerance: float | None = None,
) -> tuple[Array, State, Solved]:
    """The states of `unroll`, by Newton's method instead of a loop.

    Each guess is cut to the `bounds` of the state's parts: 1 for a tanh or
    a GRU that begins within 1, infinity for c of an LSTM. The guesses have
    settled if a round moves none by more than `tolerance`, in units of the
    largest state or 1: eps^(2/3), if nothing else is said.

    Shapes: x (T, B, D); state ((B, H), ...)
        -> y (T, B, H); state ((B, H), ...); solved

    Raises NotConverged where the last of the rounds moved further;
    ValueError where an argument does not fit.
    Source: Lim et al. 2024; with diagonal weights Danieli et al. 2026.
    """
    if rounds < 1:
        raise ValueError(f"rounds: expected at least 1, got {rounds}")
    check_real("x", x)
    xp = array_namespace(x)
    guesses = newton_rounds(cell, cell_vjp, params, x, state, bounds)
    if tolerance is None:
        tolerance = float(xp.finfo(x.dtype).eps) ** (2 / 3)
    for k in range(1, rounds + 1):
        states, step = next(guesses)
        if step <= tolerance * max(1.0, float(xp.max(xp.abs(states)))):
            parts = gates(states, len(state))
            last = tuple(part[-1, ...] for part in parts)
            return parts[0], last, Solved(x, state, states, k)
    raise NotConverged(
        f"after {rounds} round(s) the last step was still {step:.1g}, "
        f"expected at most {tolerance:.1g}; the loop (unroll) is exact"
    )


def newton_rounds(
    cell: Callable,
    cell_vjp: Callable,
    params: Params | Diagonal,
    x: Array,
    state: State,
    bounds: tuple[float, ...] | None = None,
) -> Iterator[tuple[Array, float]]:
    """Without end: a guess of all states, and how far its round would go.

    The guess is cut to the bounds, the step is not: at a bound, a guess
    that is cut back each time would seem to have settled.

    Shapes: x (T, B, D); state ((B, H), ...) -> states (T, B, n); step

    Raises ValueError where an argument does not fit.
    """
    _check(params, x, state, bounds)
    xp, T = array_namespace(x), x.shape[0]
    a_x = x @ params.W_x.T + params.b_x
    first = xp.concat(state, axis=-1)
    h = xp.zeros((T, *first.shape), dtype=x.dtype, device=device(x))
    while True:
        with np.errstate(over="ignore", invalid="ignore"):
            after, J, _ = _linearise(
                cell, cell_vjp, params, a_x, _before(first, h), len(state)
            )
            step = _accumulate(J, after - h)
            h = h + step
        h = xp.where(xp.isfinite(h), h, xp.zeros_like(h))
        if bounds is not None:
            parts = zip(gates(h, len(state)), bounds, strict=True)
            h = xp.concat([xp.clip(a, -b, b) for a, b in parts], axis=-1)
        far = float(xp.max(xp.abs(step)))
        yield h, math.inf if math.isnan(far) else far


def solve_states_vjp(
    cell: Callable,
    cell_vjp: Callable,
    params: Params | Diagonal,
    solved: Solved,
    d_y: Array,
    d_state: State,
) -> tuple[Params | Diagonal, Array, State]:
    """Backward through `solve_states`: one linear scan, and no rounds.

    What reaches state t is d_t and, through step t+1, J_{t+1}^T times what
    reaches state t+1.

    Shapes: d_y (T, B, H); d_state ((B, H), ...)
        -> d_params; d_x (T, B, D); d_state ((B, H), ...)

    Raises ValueError where a gradient does not fit what was solved.
    """
    x, state, states, _ = solved
    check_backward(state, x.shape[0], d_y, d_state)
    xp, parts = array_namespace(d_y), len(state)
    a_x = x @ params.W_x.T + params.b_x
    before = _before(xp.concat(state, axis=-1), states)
    _, J, cache = _linearise(cell, cell_vjp, params, a_x, before, parts)
    J = J if J.ndim == before.ndim else xp.matrix_transpose(J)
    silent = [xp.zeros_like(d_y)] * (parts - 1)
    d_h = xp.concat([d_y, *silent], axis=-1)
    d_last = d_h[-1:, ...] + xp.concat(d_state, axis=-1)[None, ...]
    d_h = xp.concat([d_h[:-1, ...], d_last])
    later = xp.concat([J[1:, ...], J[:1, ...]])  # the last is not used
    d_h = _accumulate(xp.flip(later, axis=0), xp.flip(d_h, axis=0))
    d_h = xp.flip(d_h, axis=0)
    d_parts = tuple(gates(rows(d_h), parts))
    d_a_x, d_a_h, _ = cell_vjp(d_parts, cache)
    d_recurrent = _recurrent_vjp(
        params, d_a_h, gates(rows(before), parts)[0]
    )
    d_params = type(params)(
        rows(d_a_x).T @ rows(x),
        d_recurrent,
        xp.sum(d_a_x, axis=0),
        xp.sum(d_a_h, axis=0),
    )
    d_x = xp.reshape(d_a_x @ params.W_x, x.shape)
    d_first = _apply(J[0, ...], d_h[0, ...])
    return d_params, d_x, tuple(gates(d_first, parts))


def _linearise(
    cell: Callable,
    cell_vjp: Callable,
    params: Params | Diagonal,
    a_x: Array,
    before: Array,
    parts: int,
) -> tuple[Array, Array, Any]:
    """All steps at once, each from the state that is given for it.

    The states after them (T, B, n); their Jacobians J (T, B, n, n), or the
    diagonals (T, B, n); and the cache of the cell for T*B sequences.
    """
    xp, (T, B, n) = array_namespace(before), before.shape
    state = tuple(gates(rows(before), parts))
    h, H = state[0], n // parts
    if isinstance(params, Diagonal):
        a_h = xp.reshape(params.w_h * h[:, None, :], (T * B, -1))
        after, cache = cell(rows(a_x), a_h + params.b_h, state)
        _, d_a_h, (d_h,) = cell_vjp((xp.ones_like(h),), cache)
        d_a_h = xp.reshape(d_a_h, (T * B, -1, H))
        J = d_h + xp.sum(d_a_h * params.w_h, axis=1)
    else:
        a_h = h @ params.W_h.T + params.b_h
        after, cache = cell(rows(a_x), a_h, state)
        _, _, J = step_jacobians(cell_vjp, params, cache, state)
    after = xp.reshape(xp.concat(after, axis=-1), (T, B, n))
    return after, xp.reshape(J, (T, B, *J.shape[1:])), cache


def _recurrent_vjp(
    params: Params | Diagonal, d_a_h: Array, h: Array
) -> Array:
    """The gradient of the recurrent weights; every array has T*B rows."""
    if not isinstance(params, Diagonal):
        return d_a_h.T @ h
    xp = array_namespace(h)
    d_a_h = xp.reshape(d_a_h, (h.shape[0], -1, h.shape[1]))
    return xp.sum(d_a_h * h[:, None, :], axis=0)


def _before(first: Array, h: Array) -> Array:
    """The state that each step reads: (T, B, n)."""
    xp = array_namespace(h)
    return xp.concat([first[None, ...], h[:-1, ...]])


def _apply(J: Array, u: Array) -> Array:
    """J u, for a matrix or for the entries of a diagonal."""
    return J * u if J.ndim == u.ndim else (J @ u[..., None])[..., 0]


def _accumulate(J: Array, u: Array) -> Array:
    """h_t = J_t h_{t-1} + u_t from zeros, by a scan."""
    if J.ndim == u.ndim:
        return joined(J, u)
    return joined(J, u[..., None], matmul)[..., 0]


def _check(
    params: Params | Diagonal, x: Array, state: State, bounds: Any
) -> None:
    """Raise ValueError unless the arguments belong together."""
    if isinstance(params, Diagonal):
        check_shape("w_h", params.w_h, "G", "H")
        check_alike("W_x", params.W_x, w_h=params.w_h)
        check_parts(state, 1)
        params = widen(params)
    check_layer(params)
    check_shape("x", x, "T", "B", params.W_x.shape[1])
    check_state(params, x, state)
    if bounds is None:
        return
    check_count("bounds", bounds, len(state))
    if not all(b > 0 for b in bounds):
        raise ValueError(f"bounds: expected above 0, got {bounds}")
