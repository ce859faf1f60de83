"""Which layers keep track of what an input changes, and for how long.

The problems are `swap_problem`'s: how two things or three lie after swaps.
A contender is a layer whose first state is learned, under a linear readout.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import tree_map
from rnncore.bptt import bptt, readout_vjp
from rnncore.data.tasks import SWAPS, swap_problem
from rnncore.factors import (
    SQUASHINGS,
    Squashing,
    diagonal_layer,
    diagonal_layer_vjp,
    min_lstm_layer,
    min_lstm_layer_vjp,
    reflecting_layer,
    reflecting_layer_vjp,
    turning_layer,
    turning_layer_vjp,
)
from rnncore.losses import cross_entropy, cross_entropy_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.optim import Optimizer
from rnncore.rnn import (
    Readout,
    init_params,
    init_readout,
    readout,
    unroll,
)
from rnncore.scan import Minimal
from rnncore.train import Fit, Schedule, fit

NUMBERS = 64  # of state, for every contender
GROUP = 8  # of them, where the factor is a matrix
LENGTH = 32  # of the sequences in training
BATCH = 64
ASKED = 16  # steps at a sequence's end that count for the score


class Problem(NamedTuple):
    """What is tracked, and how many inputs and answers there are."""

    draw: Callable  # rng, T, B -> x, targets
    inputs: int
    answers: int


def swapping(things: int) -> Problem:
    """How two things or three lie: `swap_problem`."""
    moves, orders = SWAPS[things]
    draw = partial(swap_problem, things=things)
    return Problem(draw, len(moves), len(orders))


class Contender(NamedTuple):
    """A layer's functions, without its weights."""

    first: Callable  # rng, D -> layer, start
    forward: Callable  # layer, x, state -> y, cache
    vjp: Callable  # layer, cache, d_y -> d_layer, d_state


class Tracker(NamedTuple):
    """What is learned; the start is one sequence's state before step 1."""

    layer: Any
    start: Any
    out: Readout


def _drawn(
    rows: int, start: tuple[int, ...], rng: np.random.Generator, D: int
) -> tuple[Minimal, np.ndarray]:
    """Weights and start from N(0, 1): factors of all kinds at first."""
    layer = Minimal(rng.normal(size=(rows, D)), np.zeros(rows))
    return layer, rng.normal(size=start)


def unit_by_unit(
    layer: Callable, layer_vjp: Callable, squashing: Squashing
) -> Contender:
    """`diagonal_layer` or `turning_layer`: both have two rows a number."""

    def forward(params, x, h):
        return layer(params, squashing, x, h)

    def vjp(params, cache, d_y):
        d_params, _, d_h = layer_vjp(params, squashing, cache, d_y)
        return d_params, d_h

    first = partial(_drawn, 2 * NUMBERS, (NUMBERS,))
    return Contender(first, forward, vjp)


def diagonal(squashing: Squashing) -> Contender:
    """A factor per unit: `diagonal_layer`."""
    return unit_by_unit(diagonal_layer, diagonal_layer_vjp, squashing)


def rotating(squashing: Squashing) -> Contender:
    """A factor and an angle per pair of units: `turning_layer`."""
    return unit_by_unit(turning_layer, turning_layer_vjp, squashing)


def reflecting(squashing: Squashing) -> Contender:
    """A matrix per group of numbers: `reflecting_layer`."""
    N = NUMBERS // GROUP

    def forward(layer, x, h):
        y, cache = reflecting_layer(layer, squashing, x, h)
        return y.reshape(*y.shape[:2], NUMBERS), cache

    def vjp(layer, cache, d_y):
        d_y = d_y.reshape(*d_y.shape[:2], N, GROUP)
        d_layer, _, d_h = reflecting_layer_vjp(layer, squashing, cache, d_y)
        return d_layer, d_h

    first = partial(_drawn, N * (GROUP + 2), (N, GROUP))
    return Contender(first, forward, vjp)


def _min_lstm_vjp(layer, cache, d_y):
    d_layer, _, d_h = min_lstm_layer_vjp(layer, cache, d_y)
    return d_layer, d_h


def _first_lstm(rng, D):
    H = NUMBERS // 2  # h and c together have as many numbers
    layer = init_params(rng, D, H, 4)
    layer.b_x[H : 2 * H] = 1.0  # the forget gate
    return layer, (rng.normal(size=H), rng.normal(size=H))


def _lstm(layer, x, state):
    y, last, tape = unroll(lstm_cell, layer, x, state)
    return y, (tape, tuple(np.zeros_like(s) for s in last))


def _lstm_vjp(layer, cache, d_y):
    tape, nothing = cache
    d_layer, _, d_state = bptt(lstm_cell_vjp, layer, tape, d_y, nothing)
    return d_layer, d_state


CONTENDERS = {
    **{name: diagonal(made) for name, made in SQUASHINGS.items()},
    "minLSTM": Contender(
        partial(_drawn, 3 * NUMBERS, (NUMBERS,)),
        min_lstm_layer,
        _min_lstm_vjp,
    ),
    "LSTM": Contender(_first_lstm, _lstm, _lstm_vjp),
    **{
        f"reflection, {name}": reflecting(SQUASHINGS[name])
        for name in ("sigmoid", "tanh", "clip")
    },
    "turning": rotating(SQUASHINGS["clip"]),
}


def first_tracker(
    contender: Contender, problem: Problem, rng: np.random.Generator
) -> Tracker:
    """A tracker before its training, in float32."""
    layer, start = contender.first(rng, problem.inputs)
    H = NUMBERS // 2 if isinstance(start, tuple) else NUMBERS
    tracker = Tracker(layer, start, init_readout(rng, H, problem.answers))
    return tree_map(lambda w: w.astype(np.float32), tracker)


def states(
    contender: Contender, tracker: Tracker, x: np.ndarray
) -> tuple[np.ndarray, Any]:
    """The states after every step, all sequences from the learned start.

    Shapes: x (T, B, D) -> y (T, B, H); cache
    """
    B = x.shape[1]
    start = tree_map(
        lambda s: np.broadcast_to(s, (B, *s.shape)), tracker.start
    )
    return contender.forward(tracker.layer, x, start)


def tracking_loss(contender: Contender) -> Callable:
    """What `fit` asks for: every step has a target."""

    def loss_and_gradient(tracker, batch, carry):
        x, targets = batch
        y, cache = states(contender, tracker, x)
        loss, c = cross_entropy(readout(tracker.out, y), targets)
        d_logits = cross_entropy_vjp(1.0, c)
        d_out, d_y = readout_vjp(d_logits, tracker.out, y)
        d_layer, d_state = contender.vjp(tracker.layer, cache, d_y)
        d_start = tree_map(lambda d: d.sum(axis=0), d_state)
        return loss, Tracker(d_layer, d_start, d_out), carry

    return loss_and_gradient


def train_tracker(
    contender: Contender,
    problem: Problem,
    optimizer: Optimizer,
    steps: int,
    rng: np.random.Generator,
) -> Fit:
    """Train on sequences of 32 steps, drawn as they are needed."""

    def next_batch(rng, step):
        x, targets = problem.draw(rng, LENGTH, BATCH)
        return x.astype(np.float32), targets

    return fit(
        tracking_loss(contender),
        first_tracker(contender, problem, rng),
        next_batch,
        optimizer=optimizer,
        schedule=Schedule(steps, clip=1.0),
        rng=rng,
    )


def tracked(
    contender: Contender,
    tracker: Tracker,
    problem: Problem,
    T: int,
    rng: np.random.Generator,
    B: int = 128,
) -> tuple[float, float]:
    """Share right, and mean -log p, over the last 16 of T steps."""
    x, targets = problem.draw(rng, T, B)
    y, _ = states(contender, tracker, x.astype(np.float32))
    logits = readout(tracker.out, y[-ASKED:])
    right = np.mean(logits.argmax(axis=-1) == targets[-ASKED:])
    return float(right), float(cross_entropy(logits, targets[-ASKED:])[0])
