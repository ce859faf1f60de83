"""Backpropagation through time: the loop of `rnn`, from its last step."""

from collections.abc import Callable

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_backward,
    check_shape,
    from_numpy,
    to_numpy,
)
from rnncore.rnn import Params, Readout, State, Tape, unroll

__all__ = [
    "bptt",
    "check_gradient",
    "numerical_gradient",
    "readout_vjp",
    "relu_cell_vjp",
    "rnn_cell_vjp",
    "rows",
    "truncated_bptt",
]


def __dir__() -> list[str]:
    return __all__


def rnn_cell_vjp(d_state: State, h: Array) -> tuple[Array, Array, State]:
    """Backward through `rnn_cell`: d_a = d_h (1 - h^2).

    Shapes: d_state ((B, H),); h (B, H)
        -> d_a_x (B, H); d_a_h (B, H); d_state
    """
    (d_h,) = d_state
    d_a = d_h * (1 - h * h)  # tanh' = 1 - tanh^2
    return d_a, d_a, (0.0,)  # h_{t-1} is reached through a_h alone


def relu_cell_vjp(d_state: State, h: Array) -> tuple[Array, Array, State]:
    """Backward through `relu_cell`: d_h where the unit was active, else 0.

    Shapes: d_state ((B, H),); h (B, H)
        -> d_a_x (B, H); d_a_h (B, H); d_state
    """
    xp = array_namespace(h)
    (d_h,) = d_state
    d_a = xp.where(h > 0, d_h, xp.zeros_like(d_h))
    return d_a, d_a, (0.0,)


def bptt(
    cell_vjp: Callable,
    params: Params,
    tape: Tape,
    d_y: Array,
    d_state: State,
) -> tuple[Params, Array, State]:
    """Backpropagation through time: the same loop, from the last step back.

    Takes the gradients of every output and of the last state; returns
    those of the weights, of the input and of the first state.

    Shapes: d_y (T, B, H); d_state ((B, H), ...)
        -> d_params; d_x (T, B, D); d_state ((B, H), ...)

    Raises ValueError where a shape, dtype or device does not fit the tape.
    Source: Werbos 1990.
    """
    check_backward(tape.state, len(tape.caches), d_y, d_state)
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_h = d_h + d_y[t, ...]  # from step t+1 and from y_t
        d_ax, d_ah, (d_h, *d_memory) = cell_vjp(
            (d_h, *d_memory), tape.caches[t]
        )
        d_h = d_ah @ params.W_h + d_h  # through W_h, and past it
        d_state = (d_h, *d_memory)
        d_a_x.append(d_ax)
        d_a_h.append(d_ah)
    one = all(a is b for a, b in zip(d_a_x, d_a_h, strict=True))
    d_a_x = xp.stack(d_a_x[::-1])
    d_a_h = d_a_x if one else xp.stack(d_a_h[::-1])
    h_before = xp.stack(tape.h_before)
    d_params = Params(  # all steps share the weights: gradients add up
        W_x=rows(d_a_x).T @ rows(tape.x),
        W_h=rows(d_a_h).T @ rows(h_before),
        b_x=xp.sum(d_a_x, axis=(0, 1)),
        b_h=xp.sum(d_a_h, axis=(0, 1)),
    )
    return d_params, d_a_x @ params.W_x, d_state


def readout_vjp(
    d_logits: Array, weights: Readout, y: Array
) -> tuple[Readout, Array]:
    """Backward through `readout`: gradients of its weights and of y.

    Shapes: d_logits (T, B, K); y (T, B, H)
        -> d_W_y (K, H); d_b_y (K,); d_y (T, B, H)

    Raises ValueError where a shape does not fit.
    """
    check_shape("d_logits", d_logits, *y.shape[:2], weights.W_y.shape[0])
    xp = array_namespace(d_logits)
    d_W_y = rows(d_logits).T @ rows(y)
    d_b_y = xp.sum(d_logits, axis=(0, 1))
    return Readout(d_W_y, d_b_y), d_logits @ weights.W_y


def truncated_bptt(
    cell: Callable,
    cell_vjp: Callable,
    params: Params,
    x: Array,
    state: State,
    d_y: Array,
    window: int,
) -> tuple[Params, State]:
    """The sum of the gradients of windows that share no backward path.

    The state is carried from window to window, so that the outputs are
    those of `unroll`; the gradient stops at each window's first step.

    Shapes: x (T, B, D); state ((B, H), ...); d_y (T, B, H)
        -> d_params; state ((B, H), ...)

    Raises ValueError where the window is below 1 or a shape does not fit.
    Source: Williams & Peng 1990, with h = h'.
    """
    if window < 1:
        raise ValueError(f"window: expected at least 1, got {window}")
    check_shape("x", x, "T", "B", params.W_x.shape[1])
    T, B, _ = x.shape
    check_shape("d_y", d_y, T, B, params.W_h.shape[1])
    xp = array_namespace(x)
    total = Params(*(xp.zeros_like(w) for w in params))
    for start in range(0, T, window):
        part = slice(start, min(start + window, T))
        _, state, tape = unroll(cell, params, x[part, ...], state)
        nothing = tuple(xp.zeros_like(s) for s in state)
        d_params, _, _ = bptt(
            cell_vjp, params, tape, d_y[part, ...], nothing
        )
        total = Params(
            *(a + b for a, b in zip(total, d_params, strict=True))
        )
    return total, state


def numerical_gradient(
    f: Callable[[Array], float], x: Array, step: float = 1e-6
) -> np.ndarray:
    """(f(x + step) - f(x - step)) / (2 step), one entry of x at a time.

    `f` gets a shifted copy each time; x itself stays as it is.
    """
    start = to_numpy(x)
    d_x = np.zeros(start.shape)
    for index in np.ndindex(*start.shape):
        values = []
        for sign in (1, -1):
            moved = start.copy()
            moved[index] += sign * step
            values.append(float(f(from_numpy(moved, x))))
        d_x[index] = (values[0] - values[1]) / (2 * step)
    return d_x


def check_gradient(
    f: Callable[[Array], float],
    x: Array,
    d_x: Array,
    name: str = "d_x",
    tolerance: float = 1e-6,
) -> float:
    """Compare d_x with finite differences of f; return the largest error.

    The error is relative to the largest entry of the numerical gradient,
    or absolute where that is below 1.

    Raises AssertionError naming the entry, and both numbers; ValueError
    unless x is float64, the only dtype that finite differences can judge.
    """
    if "float64" not in str(x.dtype):
        raise ValueError(f"x: expected float64, got {x.dtype}")
    check_shape(name, d_x, *x.shape)
    numerical, actual = numerical_gradient(f, x), to_numpy(d_x)
    error = np.abs(actual - numerical) / max(1.0, np.abs(numerical).max())
    worst = tuple(
        int(k) for k in np.unravel_index(error.argmax(), error.shape)
    )
    if not error[worst] <= tolerance:  # also where it is not a number
        raise AssertionError(
            f"{name}{list(worst)}: expected {numerical[worst]:.8g} "
            f"(finite differences), got {actual[worst]:.8g}"
        )
    return float(error[worst])


def rows(a: Array) -> Array:
    """All steps of all sequences, as the rows of one matrix.

    Shapes: a (T, B, D) -> rows (T*B, D)
    """
    return array_namespace(a).reshape(a, (-1, a.shape[-1]))
