"""Made-up tasks whose answer lies a known number of steps back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncore.backend import Array, array_namespace, from_numpy
from rnncore.bptt import bptt, readout_vjp
from rnncore.rnn import readout, unroll, zero_state

ADDING_BASELINE = 1 / 6
"""Squared error of always answering 1: the variance of a sum of two
independent uniform numbers, 1/12 + 1/12."""

SWAPS: dict[int, tuple[list[tuple], list[tuple]]] = {
    2: ([(0, 1), (1, 0)], [(0, 1), (1, 0)]),
    3: (
        [(1, 0, 2), (0, 2, 1), (2, 1, 0)],
        [(0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2), (0, 2, 1), (2, 1, 0)],
    ),
}
"""What each input of `swap_problem` does, and all orders, even ones first:
the thing that comes to place i is the one that lay at place order[i]."""


def adding_problem(
    rng: np.random.Generator, T: int, B: int
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of which two are marked, and the sum of these two.

    The first marker lies in the first half of the sequence, the second in
    the second half; the sum is asked for at the last step.

    Shapes: -> x (T, B, 2); targets (1, B, 1)

    Raises ValueError where T is below 2.
    Source: Arjovsky et al. 2016; in Hochreiter & Schmidhuber 1997 numbers
    lie in [-1, 1] and both markers in the first half.
    """
    if T < 2:
        raise ValueError(f"T: expected at least 2, got {T}")
    x = np.zeros((T, B, 2))
    x[..., 0] = rng.uniform(size=(T, B))
    every = np.arange(B)
    x[rng.integers(0, T // 2, B), every, 1] = 1
    x[rng.integers(T // 2, T, B), every, 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(0)[None, :, None]


def copy_problem(
    rng: np.random.Generator, lag: int, B: int, K: int = 8, length: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Symbols, then a wait, and the symbols to be said again in order.

    `length` symbols of K come in; `lag` steps after each of them it is to
    be said. Between lie blanks (input K); a signal (input K + 1) at each
    step of the answer says that it is time. So x is (lag + length, B,
    K + 2), and the targets (length, B) belong to the last steps.

    Raises ValueError where lag is below length: then the answer would
    begin before the question has ended.
    Source: Hochreiter & Schmidhuber 1997; in this form Arjovsky et al.
    2016.
    """
    if lag < length:
        raise ValueError(f"lag: expected at least {length}, got {lag}")
    targets = rng.integers(0, K, (length, B))
    symbols = np.full((lag + length, B), K)
    symbols[:length] = targets
    symbols[lag:] = K + 1
    return np.eye(K + 2)[symbols], targets


def swap_problem(
    rng: np.random.Generator, T: int, B: int, things: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Things that are swapped, two at a time: how do they lie at each step?

    Two things: input 0 leaves them as they are, 1 swaps them, and the
    target is the parity of the ones so far. Three things: the inputs swap
    the first two, the last two, the outer two; the target is one of the
    6 orders, numbered so that the first three are reached by an even
    number of swaps.

    Shapes: -> x (T, B, things); targets (T, B)

    Raises ValueError unless there are two or three things.
    """
    if things not in SWAPS:
        raise ValueError(f"things: expected 2 or 3, got {things}")
    moves, orders = SWAPS[things]
    drawn = rng.integers(0, len(moves), (T, B))
    numbers = {order: k for k, order in enumerate(orders)}
    after = np.array(
        [
            [numbers[tuple(order[i] for i in move)] for move in moves]
            for order in orders
        ]
    )  # after[order, input]
    targets = np.empty((T, B), int)
    now = np.zeros(B, int)
    for t, inputs in enumerate(drawn):
        now = targets[t] = after[now, inputs]
    return np.eye(len(moves))[drawn], targets


def bits_problem(
    rng: np.random.Generator, T: int, B: int, bits: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Pulses of 1 or -1, a tenth of all inputs, and the last one of each.

    The first step has a pulse in every input.

    Shapes: -> x (T, B, bits); targets (T, B, bits)

    Source: the flip-flops of Sussillo & Barak 2013.
    """
    x = rng.choice([-1.0, 0.0, 1.0], (T, B, bits), p=[0.05, 0.9, 0.05])
    x[0] = rng.choice([-1.0, 1.0], (B, bits))
    targets = x.copy()
    for t in range(1, T):
        targets[t] = np.where(x[t] == 0, targets[t - 1], x[t])
    return x, targets


def counting_problem(
    rng: np.random.Generator, T: int, B: int, most: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Steps of 1, -1 or 0, half of them 0, and the sum so far.

    A step that would leave -most to most is replaced by 0.

    Shapes: -> x (T, B, 1); targets (T, B, 1)
    """
    x, targets = np.zeros((T, B, 1)), np.zeros((T, B, 1))
    total = np.zeros((B, 1))
    for t in range(T):
        step = rng.choice([-1.0, 0.0, 1.0], (B, 1), p=[0.25, 0.5, 0.25])
        x[t] = np.where(abs(total + step) > most, 0.0, step)
        total = total + x[t]
        targets[t] = total
    return x, targets


def loss_at_the_end(
    cell: Callable,
    cell_vjp: Callable,
    loss: Callable,
    loss_vjp: Callable,
    parts: int = 1,
) -> Callable[[Any, Any, Any], tuple[Array, Any, Any]]:
    """What `fit` asks for, where only the last steps have a target."""

    def loss_and_gradient(params, batch, carry):
        layer, out = params
        x, targets = (from_numpy(a, layer.W_x) for a in batch)
        nothing = zero_state(layer, x.shape[1], parts)
        y, _, tape = unroll(cell, layer, x, nothing)
        silent = y.shape[0] - targets.shape[0]
        last = y[silent:, ...]
        value, cache = loss(readout(out, last), targets)
        d_out, d_last = readout_vjp(loss_vjp(1.0, cache), out, last)
        xp = array_namespace(y)
        d_y = xp.concat([xp.zeros_like(y[:silent, ...]), d_last])
        d_layer, _, _ = bptt(cell_vjp, layer, tape, d_y, nothing)
        return value, (d_layer, d_out), carry

    return loss_and_gradient
