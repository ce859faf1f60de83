"""Train plain, LSTM and GRU cells with as many weights as each other.

Three tasks, three seeds. Every run of a task gets the same time of one
core: as many steps as fit, by the time that one step takes on a quiet
machine. Held-out scores stand at common steps, so that chapter 7 can
compare at equal steps and at equal time. Into book/measurements.json under
"cells."; under five minutes. With --resets it times the GRU that resets
before its product against the one that resets after it, and trains nothing.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")

import numpy as np
from tqdm import tqdm

from rnncore.backend import tree_map
from rnncore.bptt import bptt
from rnncore.cells import CELLS as KNOWN
from rnncore.cells import Cell
from rnncore.characters import (
    Model,
    encode,
    held_out_bits,
    lanes,
    next_character,
)
from rnncore.data.tasks import adding_problem, copy_problem, loss_at_the_end
from rnncore.data.text import python_source
from rnncore.gru import (
    bptt_reset_before,
    gru_cell,
    gru_cell_vjp,
    unroll_reset_before,
)
from rnncore.losses import (
    cross_entropy,
    cross_entropy_vjp,
    squared_error,
    squared_error_vjp,
)
from rnncore.optim import adam
from rnncore.rnn import (
    init_params,
    init_readout,
    readout,
    unroll,
    zero_state,
)
from rnncore.train import Schedule, fit
from tools.measurements import PATH, record


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


CELLS = {
    "plain": KNOWN["RNN_TANH"],
    "lstm": KNOWN["LSTM"],
    "gru": KNOWN["GRU"],
}
SEEDS = (0, 1, 2)
POINTS = 8  # evaluations of the slowest cell
ADDING, COPY = 40, 15  # length; lag


def adding() -> Task:
    """The sum of two marked numbers among 40."""
    x, targets = adding_problem(np.random.default_rng(99), ADDING, 1000)
    x = x.astype(np.float32)

    def score(c: Cell, model: Model) -> float:
        y, _, _ = unroll(
            c.forward, model.cell, x, zero_state(model.cell, 1000, c.parts)
        )
        said = readout(model.readout, y[-1:])
        return float(np.mean((said - targets) ** 2))

    return Task(
        2,
        1,
        48,
        3e-3,
        lambda c: at_the_end(c, squared_error, squared_error_vjp),
        lambda rng, step: adding_problem(rng, ADDING, 32),
        lambda model, c: None,
        score,
        "held-out mean squared error",
    )


def copying() -> Task:
    """Five symbols of eight, to be said again fifteen steps later."""
    x, targets = copy_problem(np.random.default_rng(99), COPY, 1000)
    x = x.astype(np.float32)

    def score(c: Cell, model: Model) -> float:
        y, _, _ = unroll(
            c.forward, model.cell, x, zero_state(model.cell, 1000, c.parts)
        )
        said = readout(model.readout, y[COPY:]).argmax(-1)
        return float(np.mean(said != targets))

    return Task(
        10,
        8,
        64,
        3e-3,
        lambda c: at_the_end(c, cross_entropy, cross_entropy_vjp),
        lambda rng, step: copy_problem(rng, COPY, 32),
        lambda model, c: None,
        score,
        "held-out share of wrong symbols",
    )


def characters() -> Task:
    """The next character of Python source, as in chapter 4."""
    source = python_source()
    text = "".join(source.train.values())
    alphabet = "".join(sorted(set(text)))
    B, T = 16, 32
    grid = lanes(encode(text, alphabet), B)
    unseen = encode("".join(source.held_out.values()), alphabet)
    held_out = lanes(unseen, 64)[:257]
    windows = (len(grid) - 1) // T

    def batch(rng: np.random.Generator, step: int) -> np.ndarray:
        at = step % windows * T
        return grid[at : at + T + 1]

    def score(c: Cell, model: Model) -> float:
        state = zero_state(model.cell, held_out.shape[1], c.parts)
        return held_out_bits(c.forward, model, held_out, state)

    return Task(
        len(alphabet),
        len(alphabet),
        64,
        5e-3,
        lambda c: next_character(c.forward, c.vjp),
        batch,
        lambda model, c: zero_state(model.cell, B, c.parts),
        score,
        "bits per held-out character",
    )


TASKS = {"adding": adding, "copy": copying, "characters": characters}


def at_the_end(c: Cell, loss: Callable, loss_vjp: Callable) -> Callable:
    """`loss_at_the_end` for a Model."""
    run = loss_at_the_end(c.forward, c.vjp, loss, loss_vjp, c.parts)

    def loss_and_gradient(model: Model, batch: Any, carry: Any) -> Any:
        value, gradient, carry = run(tuple(model), batch, carry)
        return value, Model(*gradient), carry

    return loss_and_gradient


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


def first_model(
    task: Task, c: Cell, H: int, rng: np.random.Generator
) -> Model:
    """Weights in float32; the gate that keeps starts at sigmoid(1)."""
    layer = init_params(rng, task.D, H, c.G)
    if c.G > 1:  # f of an LSTM and z of a GRU: both second
        layer.b_x[H : 2 * H] = 1
        layer.b_h[H : 2 * H] = 0
    model = Model(layer, init_readout(rng, H, task.K))
    return tree_map(lambda w: w.astype(np.float32), model)


def milliseconds(task: Task, c: Cell, H: int, repeats: int = 12) -> float:
    """One step of training: the shortest of several short runs."""
    model = first_model(task, c, H, np.random.default_rng(0))
    taken = []
    for seed in range(repeats):
        begun = time.process_time()
        fit(
            task.loss(c),
            model,
            task.batch,
            optimizer=adam(task.rate),
            schedule=Schedule(5, clip=1.0),
            rng=np.random.default_rng(seed),
            carry=task.carry(model, c),
        )
        taken.append((time.process_time() - begun) / 5)
    return 1000 * min(taken)


def train(
    task: Task, c: Cell, H: int, seed: int, steps: int, every: int
) -> list[float]:
    """The best held-out score so far, every so many steps."""
    rng = np.random.default_rng(seed)
    model = first_model(task, c, H, rng)
    history = fit(
        task.loss(c),
        model,
        task.batch,
        optimizer=adam(task.rate),
        schedule=Schedule(steps, clip=1.0, evaluate_every=every),
        rng=rng,
        carry=task.carry(model, c),
        evaluate=lambda m: task.score(c, m),
    ).history
    return np.minimum.accumulate(history.score).tolist()


def compare(name: str, seconds: float, path: Path) -> None:
    """All cells on one task, and what came out."""
    task = TASKS[name]()
    size = {k: units(c.G, task) for k, c in CELLS.items()}
    ms = {k: milliseconds(task, c, size[k]) for k, c in CELLS.items()}
    every = max(1, int(1000 * seconds / max(ms.values()) / POINTS))
    for kind, c in CELLS.items():
        steps = max(1, int(1000 * seconds / ms[kind] / every)) * every
        scores = [
            train(task, c, size[kind], seed, steps, every)
            for seed in tqdm(SEEDS, desc=f"{name}, {kind}, {steps} steps")
        ]
        key = f"cells.{name}.{kind}"
        command = f"python -m tools.train cells --seconds {seconds:g}"
        about: dict[str, Any] = {"command": command, "path": path}
        record(
            {f"{key}.scores": scores},
            unit=f"{task.unit}, the best so far, one list a seed; "
            f"Adam at {task.rate:g}",
            seed=list(SEEDS),
            **about,
        )
        record({f"{key}.every": every}, unit="steps", seed=None, **about)
        record(
            {f"{key}.milliseconds": ms[kind]},
            unit="ms a step of training, one core",
            seed=0,
            **about,
        )
        record({f"{key}.units": size[kind]}, unit="", seed=None, **about)
        record(
            {f"{key}.weights": weights(c.G, task.D, size[kind], task.K)},
            unit="numbers",
            seed=None,
            **about,
        )
        ends = ", ".join(f"{s[-1]:.4g}" for s in scores)
        tqdm.write(f"{key}: H = {size[kind]}, {ms[kind]:.1f} ms: {ends}")


def time_resets(path: Path, repeats: int = 40) -> None:
    """Both GRUs, forward and backward apart: milliseconds, the shortest."""
    rng = np.random.default_rng(0)
    T, D = 32, 32
    for B, H in (1, 64), (32, 64), (32, 256):
        params = init_params(rng, D, H, 3)
        params = tree_map(lambda w: w.astype(np.float32), params)
        x = rng.normal(size=(T, B, D)).astype(np.float32)
        d_y = np.ones((T, B, H), np.float32)
        h = zero_state(params, B)
        taken: dict[str, list[list[float]]] = {"after": [], "before": []}
        for _ in range(repeats):  # in turn: a disturbance hits both
            for kind, found in taken.items():
                begun = time.process_time()
                if kind == "after":
                    _, state, tape = unroll(gru_cell, params, x, h)
                    half = time.process_time()
                    bptt(gru_cell_vjp, params, tape, d_y, state)
                else:
                    _, state, tape = unroll_reset_before(params, x, h)
                    half = time.process_time()
                    bptt_reset_before(params, tape, d_y, state)
                end = time.process_time()
                found.append([1000 * (half - begun), 1000 * (end - half)])
        for kind, pairs in taken.items():
            best = np.min(pairs, axis=0).tolist()
            print(B, H, kind, [f"{ms:.2f}" for ms in best])
            record(
                {f"cells.reset_{kind}.{B}.{H}": best},
                unit=f"ms for {T} steps, forward and backward, one core",
                seed=0,
                command="python -m tools.train cells --resets",
                path=path,
            )


def main() -> None:
    """Train what the command line selects."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--task", choices=TASKS, nargs="*", default=TASKS)
    parser.add_argument("--seconds", type=float, default=7, help="a run")
    parser.add_argument("--resets", action="store_true", help="time only")
    parser.add_argument("--path", type=Path, default=PATH)
    chosen = parser.parse_args()
    if chosen.resets:
        time_resets(chosen.path)
        return
    for name in chosen.task:
        compare(name, chosen.seconds, chosen.path)


if __name__ == "__main__":
    main()
