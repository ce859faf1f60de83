"""Train plain, LSTM and GRU cells with as many weights as each other.

Three tasks, three seeds. Every run of a task gets the same time of one
core: as many steps as fit, by the time that one step takes on a quiet
machine. Held-out scores stand at common steps, so that chapter 7 can
compare at equal steps and at equal time; under five minutes. "resets" times
the GRU that resets before its product against the one that resets after it,
and trains nothing.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import tree_map
from rnncore.bptt import bptt
from rnncore.cells import CELLS as KNOWN
from rnncore.cells import Cell
from rnncore.characters import Model, held_out_bits, next_character
from rnncore.data.tasks import loss_at_the_end
from rnncore.gru import bptt_reset_before, unroll_reset_before
from rnncore.rnn import init_params, init_readout, readout, unroll, zero_state
from rnncore.text.model import contiguous_windows
from tools.train.runner import Asked, Found, Training, fitted, founds
from tools.train.tasks import lags
from tools.train.tasks.chars import python_text


class Task(NamedTuple):
    """What one task asks `fit` for, given a cell and its units."""

    D: int
    K: int
    H: int  # of the GRU; the others get as many weights
    rate: float
    loss: Callable[[Cell], Callable]
    batch: Callable[[np.random.Generator, int], Any]
    carry: Callable[[Any, Cell], Any]
    score: Callable[[Cell, Any], float]  # lower is better
    unit: str


CELLS = {"plain": KNOWN["RNN_TANH"], "lstm": KNOWN["LSTM"], "gru": KNOWN["GRU"]}
SECONDS = 7  # a run
REPEATS = 40  # of what is timed
POINTS = 8  # evaluations of the slowest cell
ADDING, COPY = 40, 15  # length; lag


def task_at_the_end(like: lags.Task, lag: int, H: int) -> Task:
    """A task of chapter 5 with another lag and smaller batches."""
    D, _, K = like.sizes
    x, targets = like.batch(np.random.default_rng(99), lag, 1000)
    x = x.astype(np.float32)

    def loss(c: Cell) -> Callable:
        run = loss_at_the_end(c.forward, c.vjp, *like.loss, c.parts)

        def loss_and_gradient(model: Model, batch: Any, carry: Any) -> Any:
            value, gradient, carry = run(tuple(model), batch, carry)
            return value, Model(*gradient), carry

        return loss_and_gradient

    def score(c: Cell, model: Model) -> float:
        zero = zero_state(model.cell, 1000, c.parts)
        y, _, _ = unroll(c.forward, model.cell, x, zero)
        last = readout(model.readout, y[-len(targets) :])
        return like.score(last, targets)

    return Task(
        D,
        K,
        H,
        3e-3,
        loss,
        lambda rng, step: like.batch(rng, lag, 32),
        lambda model, c: None,
        score,
        like.unit,
    )


def characters() -> Task:
    """The next character of Python source, as in chapter 4."""
    B, T = 16, 32
    text = python_text(B, 64)
    held_out, K = text.held_out[:257], len(text.alphabet)

    def score(c: Cell, model: Model) -> float:
        state = zero_state(model.cell, held_out.shape[1], c.parts)
        return held_out_bits(c.forward, model, held_out, state)

    return Task(
        K,
        K,
        64,
        5e-3,
        lambda c: next_character(c.forward, c.vjp),
        contiguous_windows(text.rows, T),
        lambda model, c: zero_state(model.cell, B, c.parts),
        score,
        "bits per held-out character",
    )


TASKS: dict[str, Callable[[], Task]] = {
    "adding": partial(task_at_the_end, lags.TASKS["adding"], ADDING, 48),
    "copy": partial(task_at_the_end, lags.TASKS["copy"], COPY, 64),
    "characters": characters,
}


def weights(G: int, D: int, H: int, K: int) -> int:
    """Numbers in a layer with G gates and in its readout."""
    return G * H * (D + H + 2) + K * (H + 1)


def units(G: int, task: Task) -> int:
    """The most units with no more weights than the task's GRU has."""
    most = weights(3, task.D, task.H, task.K)
    H = 1
    while weights(G, task.D, H + 1, task.K) <= most:
        H += 1
    return H


def first_model(task: Task, c: Cell, H: int, rng: np.random.Generator) -> Model:
    """Weights in float32; the gate that keeps starts at sigmoid(1)."""
    layer = init_params(rng, task.D, H, c.G)
    if c.G > 1:  # f of an LSTM and z of a GRU: both second
        layer.b_x[H : 2 * H] = 1
        layer.b_h[H : 2 * H] = 0
    model = Model(layer, init_readout(rng, H, task.K))
    return tree_map(lambda w: w.astype(np.float32), model)


def train(
    task: Task, c: Cell, H: int, seed: int, steps: int, every: int
) -> tuple[list[float], float]:
    """The best held-out score so far, every so many steps; seconds."""
    rng = np.random.default_rng(seed)
    model = first_model(task, c, H, rng)
    result, seconds = fitted(
        task.loss(c),
        model,
        task.batch,
        task.rate,
        steps,
        rng,
        carry=task.carry(model, c),
        evaluate=(lambda m: task.score(c, m)) if every else None,
        evaluate_every=every or steps,
    )
    return np.minimum.accumulate(result.history.score).tolist(), seconds


class Plan(NamedTuple):
    """A cell for a task: its units, and how long a step takes."""

    task: Task
    H: dict[str, int]
    milliseconds: dict[str, float]
    every: int  # steps between two scores, of all cells


def milliseconds(task: Task, c: Cell, H: int) -> float:
    """One step of training: the shortest of twelve short runs."""
    runs = [train(task, c, H, k, steps=5, every=0)[1] for k in range(12)]
    return 1000 * min(runs) / 5


@cache
def plan(name: str) -> Plan:
    """What all cells of a task have in common."""
    task = TASKS[name]()
    H = {k: units(c.G, task) for k, c in CELLS.items()}
    ms = {k: milliseconds(task, c, H[k]) for k, c in CELLS.items()}
    every = max(1, int(1000 * SECONDS / max(ms.values()) / POINTS))
    return Plan(task, H, ms, every)


def compare(name: str, kind: str, seed: int, asked: Asked) -> Iterator[Found]:
    """One cell on one task, and what came out."""
    task, sizes, ms, every = plan(name)
    c, H, key = CELLS[kind], sizes[kind], f"cells.{name}.{kind}"
    steps = max(1, int(1000 * SECONDS / ms[kind] / every)) * every
    scores, _ = train(task, c, H, seed, asked.steps or steps, every)
    unit = f"{task.unit}, the best so far, one list a seed; "
    yield Found(f"{key}.scores", scores, f"{unit}Adam at {task.rate:g}")
    unit = "ms a step of training, one core"
    yield Found(f"{key}.milliseconds", ms[kind], unit, 0)
    count = weights(c.G, task.D, H, task.K)
    values = {"every": every, "units": H, "weights": count}
    kinds = {"every": "steps", "units": "", "weights": "numbers"}
    yield from founds(key, values, kinds, None)


def time_resets(asked: Asked) -> Iterator[Found]:
    """Both GRUs, forward and backward apart: milliseconds, the shortest."""
    rng = np.random.default_rng(0)
    for B, H in (1, 64), (32, 64), (32, 256):
        for way, best in reset_times(rng, 32, B, 32, H).items():
            unit = "ms for 32 steps, forward and backward, one core"
            yield Found(f"cells.reset_{way}.{B}.{H}", best, unit, 0)


def reset_times(
    rng: np.random.Generator, T: int, B: int, D: int, H: int
) -> dict[str, list[float]]:
    """Of both ways, forward and backward."""
    params = init_params(rng, D, H, 3)
    params = tree_map(lambda w: w.astype(np.float32), params)
    x = rng.normal(size=(T, B, D)).astype(np.float32)
    d_y = np.ones((T, B, H), np.float32)
    h = zero_state(params, B)
    cell, vjp, _, _ = CELLS["gru"]
    ways: dict[str, tuple[Callable, Callable]] = {
        "after": (
            lambda: unroll(cell, params, x, h),
            lambda tape, state: bptt(vjp, params, tape, d_y, state),
        ),
        "before": (
            lambda: unroll_reset_before(params, x, h),
            lambda tape, state: bptt_reset_before(params, tape, d_y, state),
        ),
    }
    taken: dict[str, list[list[float]]] = {way: [] for way in ways}
    for _ in range(REPEATS):  # in turn: a disturbance hits both
        for way, (forward, backward) in ways.items():
            begun = time.process_time()
            _, state, tape = forward()
            half = time.process_time()
            backward(tape, state)
            end = time.process_time()
            taken[way].append([half - begun, end - half])
    return {
        way: (1000 * np.min(pairs, axis=0)).tolist() for way, pairs in taken.items()
    }


TRAINING = Training(
    "cells",
    __doc__,
    {
        f"{name}.{kind}": partial(compare, name, kind)
        for name in TASKS
        for kind in CELLS
    },
    {"resets": time_resets},
)
