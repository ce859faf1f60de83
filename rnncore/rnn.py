"""The recurrent cell, and the loop that every recurrent network runs in."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_layer,
    check_real,
    check_shape,
    check_state,
    device,
)

__all__ = [
    "Params",
    "Readout",
    "State",
    "Tape",
    "init_params",
    "init_readout",
    "readout",
    "relu_cell",
    "rnn_cell",
    "unroll",
    "zero_state",
]


def __dir__() -> list[str]:
    return __all__


State = tuple[Array, ...]  # (h,) or (h, c): the hidden state first


class Params(NamedTuple):
    """Weights of one recurrent layer with G gates (a plain cell: G = 1).

    Shapes: W_x (G*H, D); W_h (G*H, H); b_x (G*H,); b_h (G*H,)
    """

    W_x: Array
    W_h: Array
    b_x: Array
    b_h: Array


class Readout(NamedTuple):
    """Weights of the layer that turns a hidden state into K outputs.

    Shapes: W_y (K, H); b_y (K,)
    """

    W_y: Array
    b_y: Array


class Tape(NamedTuple):
    """What the backward loop needs to know about the forward loop."""

    x: Array  # (T, B, D)
    state: State  # before the first step
    h_before: list[Array]  # T arrays (B, H): the state that step t read
    caches: list[Any]  # T caches, one per step, as the cell left them


def rnn_cell(a_x: Array, a_h: Array, state: State) -> tuple[State, Array]:
    """h_t = tanh(a_x + a_h), the update of a plain recurrent network.

    Shapes: a_x (B, H); a_h (B, H); state ((B, H),)
        -> state ((B, H),); cache (B, H)

    Source: Elman 1990, in form: his units were logistic.
    """
    xp = array_namespace(a_x)
    h = xp.tanh(a_x + a_h)
    return (h,), h


def relu_cell(a_x: Array, a_h: Array, state: State) -> tuple[State, Array]:
    """h_t = max(0, a_x + a_h): a plain cell whose state has no upper bound.

    Shapes: a_x (B, H); a_h (B, H); state ((B, H),)
        -> state ((B, H),); cache (B, H)

    Source: Le, Jaitly & Hinton 2015.
    """
    xp = array_namespace(a_x)
    h = xp.maximum(a_x + a_h, xp.zeros_like(a_x))
    return (h,), h


def unroll(
    cell: Callable, params: Params, x: Array, state: State
) -> tuple[Array, State, Tape]:
    """Run a cell over a sequence; the tape is what `bptt` needs.

    Shapes: x (T, B, D); state ((B, H), ...)
        -> y (T, B, H); state ((B, H), ...); tape

    Raises ValueError where a shape, dtype or device does not fit.
    """
    check_layer(params)
    check_shape("x", x, "T", "B", params.W_x.shape[1])
    check_state(params, x, state)
    xp = array_namespace(x)
    tape = Tape(x, state, [], [])
    y = []
    a = x @ params.W_x.T + params.b_x  # one product for all steps
    for a_x in xp.unstack(a):
        h = state[0]
        a_h = h @ params.W_h.T
        a_h += params.b_h
        state, cache = cell(a_x, a_h, state)
        check_shape("the cell's new h", state[0], *h.shape)
        tape.h_before.append(h)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape


def readout(weights: Readout, y: Array) -> Array:
    """W_y h_t + b_y for every step at once.

    Shapes: y (T, B, H) -> logits (T, B, K)

    Raises ValueError where a shape or dtype does not fit.
    """
    check_shape("y", y, "T", "B", weights.W_y.shape[1])
    check_alike("W_y", weights.W_y, y=y)
    check_real("W_y", weights.W_y)
    return y @ weights.W_y.T + weights.b_y


def init_params(
    rng: np.random.Generator, D: int, H: int, G: int = 1
) -> Params:
    """Weights drawn uniformly from [-1/sqrt(H), 1/sqrt(H)], as torch.nn's.

    Shapes: -> W_x (G*H, D); W_h (G*H, H); b_x (G*H,); b_h (G*H,)
    """
    bound = H**-0.5
    shapes = (G * H, D), (G * H, H), (G * H,), (G * H,)
    return Params(*(rng.uniform(-bound, bound, s) for s in shapes))


def init_readout(rng: np.random.Generator, H: int, K: int) -> Readout:
    """Weights drawn uniformly from [-1/sqrt(H), 1/sqrt(H)].

    Shapes: -> W_y (K, H); b_y (K,)
    """
    bound = H**-0.5
    W_y = rng.uniform(-bound, bound, (K, H))
    return Readout(W_y, rng.uniform(-bound, bound, K))


def zero_state(params: Params, B: int, parts: int = 1) -> State:
    """The state before the first step: `parts` arrays of zeros.

    Shapes: -> state ((B, H), ...)
    """
    xp, W_h = array_namespace(params.W_h), params.W_h
    zero = xp.zeros((B, W_h.shape[1]), dtype=W_h.dtype, device=device(W_h))
    return (zero,) * parts
