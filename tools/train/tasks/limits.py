"""Measure for chapter 18 what a layer without recurrent weights can do.

    python -m tools.train limits --task adding --layers 1 --lag 50 100 200
    python -m tools.train limits --ruler
    python -m tools.train limits --times

Trains layers of `rnncore.scan` on the tasks of chapters 5 to 7, with the
steps, rate and batches of python -m tools.train lags, three seeds, until a
held-out score is below 0.01: "limits.adding.1.50" is a score a seed, one
layer, lag 50; beside it ".steps". --ruler puts the course's other cells on
the poster's axis of memory ("limits.ruler.relu"). --times measures scan and
loop against T on NumPy, on torch and, where there is one, on a GPU.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")


import numpy as np
import torch
from tqdm import tqdm

from examples.my_cell import leaky_cell, leaky_cell_vjp
from rnncore import ruler
from rnncore.backend import array_namespace, from_numpy, tree_map
from rnncore.bptt import bptt, readout_vjp
from rnncore.cells import CELLS as KNOWN
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.optim import adam
from rnncore.rnn import (
    init_params,
    init_readout,
    readout,
    unroll,
    zero_state,
)
from rnncore.scan import (
    Minimal,
    linear_loop,
    linear_scan,
    linear_scan_vjp,
    minimal_layer,
    minimal_layer_vjp,
)
from rnncore.train import Schedule, fit
from tools.measurements import record
from tools.train.tasks.lags import SEEDS, SOLVED, TASKS, Task

COMMAND = "python -m tools.train limits"
KEEP = -1.0  # of z, at first: an LSTM's forget bias of 1
RATE, STEPS, EVERY = 3e-3, 4000, 250
SIZES = (1, 64), (32, 128)  # B, H
LENGTHS = tuple(2**k for k in range(2, 11))
CELLS = {
    "leaky": ruler.Cell(leaky_cell, leaky_cell_vjp),
    "relu": KNOWN["RNN_RELU"],
    "minimal": KNOWN["minimal"],
}
Network = tuple[list[Minimal], Any]  # layers, and what reads them out


def first_network(
    task: Task, layers: int, rng: np.random.Generator
) -> Network:
    """Weights in float32, drawn as torch.nn's; the gates begin by keeping."""
    D, H, K = task.sizes
    stack = []
    for k in range(layers):
        drawn = init_params(rng, H if k else D, H, 2)
        drawn.b_x[:H] = KEEP
        stack.append(Minimal(drawn.W_x, drawn.b_x))
    network = stack, init_readout(rng, H, K)
    return tree_map(lambda w: w.astype(np.float32), network)


def forward(stack: list[Minimal], x: Any) -> tuple[Any, list[Any]]:
    """Layer upon layer, from states of zeros."""
    caches = []
    for params in stack:
        shape = x.shape[1], params.W_x.shape[0] // 2
        h = from_numpy(np.zeros(shape), params.W_x)
        x, cache = minimal_layer(params, x, h)
        caches.append(cache)
    return x, caches


def loss_at_the_end(loss: Callable, loss_vjp: Callable) -> Callable:
    """What `fit` asks for, where only the last steps have a target."""

    def loss_and_gradient(network: Network, batch: Any, carry: Any) -> Any:
        stack, out = network
        x, targets = (from_numpy(a, out.W_y) for a in batch)
        y, caches = forward(stack, x)
        silent = len(y) - len(targets)
        value, cache = loss(readout(out, y[silent:]), targets)
        d_out, d_last = readout_vjp(loss_vjp(1.0, cache), out, y[silent:])
        d_y = np.concatenate([np.zeros_like(y[:silent]), d_last])
        d_stack = []
        for params, cache in zip(stack[::-1], caches[::-1], strict=True):
            d_params, d_y, _ = minimal_layer_vjp(params, cache, d_y)
            d_stack.append(d_params)
        return value, (d_stack[::-1], d_out), carry

    return loss_and_gradient


def train(
    task: Task, layers: int, lag: int, seed: int, steps: int = STEPS
) -> Any:
    """One run, as python -m tools.train lags trains a gated cell."""
    rng = np.random.default_rng(seed)
    network = first_network(task, layers, rng)
    held_out = np.random.default_rng(10_000 + seed)
    x, targets = task.batch(held_out, lag, 1000)
    scores: list[float] = []

    def evaluate(network: Network) -> float:
        stack, out = network
        said = [
            readout(out, forward(stack, part)[0][-len(targets) :])
            for part in np.split(x.astype(np.float32), 4, axis=1)
        ]
        scores.append(task.score(np.concatenate(said, axis=1), targets))
        return scores[-1]

    def until_solved(steps: Iterable[int]) -> Iterable[int]:
        for step in steps:
            if min(scores, default=1) < SOLVED:
                return
            yield step

    return fit(
        loss_at_the_end(*task.loss),
        network,
        lambda rng, step: task.batch(rng, lag, 64),
        optimizer=adam(RATE),
        schedule=Schedule(
            steps, clip=1.0, evaluate_every=EVERY, progress=until_solved
        ),
        rng=rng,
        evaluate=evaluate,
    )


def train_all(task: str, layers: int, lags: list[int], most: int) -> None:
    """Three seeds at each lag."""
    for lag in lags:
        key, begun = f"limits.{task}.{layers}.{lag}", time.process_time()
        runs = [
            train(TASKS[task], layers, lag, seed, most) for seed in SEEDS
        ]
        scores = [min(run.history.score) for run in runs]
        steps = [len(run.history.loss) for run in runs]
        seconds = time.process_time() - begun
        tqdm.write(f"{key}: {scores} {steps} {seconds:.0f} s")
        protocol = f"{most} steps of Adam at {RATE:g} at most, one a seed"
        for name, values, unit in (
            (key, scores, TASKS[task].unit),
            (f"{key}.steps", steps, "steps"),
        ):
            record(
                {name: values},
                unit=f"{unit}, {protocol}",
                seed=list(SEEDS),
                command=f"{COMMAND} --task {task} --layers {layers} "
                f"--lag {lag} --steps {most}",
            )


def train_ruler() -> None:
    """The longest copy lag of the cells that ruler.json does not have."""
    for name, cell in CELLS.items():
        lags = [
            ruler.longest_lag(
                ruler.updates_by_lag(cell, seed, ruler.BUDGET), ruler.BUDGET
            )
            for seed in tqdm(ruler.SEEDS, desc=name)
        ]
        tqdm.write(f"{name}: {lags}")
        record(
            {f"limits.ruler.{name}": lags},
            unit=f"longest copy lag in {ruler.BUDGET} updates, one a seed",
            seed=list(ruler.SEEDS),
            command=f"{COMMAND} --ruler",
        )


def loop_both_ways(a: Any, u: Any, h: Any, d_y: Any) -> None:
    """Forward and backward, a step at a time."""
    xp = array_namespace(a)
    linear_loop(a, u, h)
    later = xp.concat([a[1:, ...], a[:1, ...]])
    linear_loop(xp.flip(later, axis=0), xp.flip(d_y, axis=0), 0 * h)


def scan_both_ways(a: Any, u: Any, h: Any, d_y: Any) -> None:
    """The same by two scans."""
    _, cache = linear_scan(a, u, h)
    linear_scan_vjp(d_y, cache)


def lstm_both_ways(x: Any, params: Any, state: Any, d_y: Any) -> None:
    """An LSTM as wide, through the course's loops."""
    _, _, tape = unroll(lstm_cell, params, x, state)
    bptt(lstm_cell_vjp, params, tape, d_y, state)


def measure_times(repeats: int = 3) -> None:
    """Milliseconds for T steps, forward and backward: the shortest."""
    places: dict[str, Callable] = {"numpy": np.asarray}
    places["torch"] = torch.asarray
    if torch.cuda.is_available():
        places["cuda"] = lambda a: torch.asarray(a, device="cuda")
    torch.set_num_threads(1)
    record(
        {"limits.times.lengths": LENGTHS},
        unit="steps",
        seed=None,
        command=f"{COMMAND} --times",
    )
    for place, move in places.items():
        for B, H in SIZES:
            lines = times_by_length(move, B, H, place == "cuda", repeats)
            for name, values in lines.items():
                print(place, B, H, name, [f"{v:.3g}" for v in values])
                on = torch.cuda.get_device_name() if place == "cuda" else ""
                record(
                    {f"limits.times.{place}.{B}.{H}.{name}": values},
                    unit=f"ms for {LENGTHS} steps, forward and backward, "
                    "float32, one thread; the shortest of "
                    f"{repeats} runs in turns",
                    seed=0,
                    command=f"{COMMAND} --times",
                    device=on,
                )


def times_by_length(
    move: Callable, B: int, H: int, gpu: bool, repeats: int
) -> dict[str, list[float]]:
    """The shortest time of each way at each length."""
    clock = time.perf_counter if gpu else time.process_time
    wait = torch.cuda.synchronize if gpu else lambda: None
    found: dict[str, list[float]] = {"loop": [], "scan": [], "lstm": []}
    for T in LENGTHS:
        rng = np.random.default_rng(0)
        a = rng.uniform(size=(T, B, H))
        u, d_y = rng.normal(size=(2, T, B, H))
        given = [a, u, np.zeros((B, H)), d_y]
        given = [move(v.astype(np.float32)) for v in given]
        params = tree_map(
            lambda w: move(w.astype(np.float32)), init_params(rng, H, H, 4)
        )
        state = zero_state(params, B, 2)
        ways = {
            "loop": partial(loop_both_ways, *given),
            "scan": partial(scan_both_ways, *given),
            "lstm": partial(
                lstm_both_ways, given[1], params, state, given[3]
            ),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(repeats):
            for name, way in ways.items():
                wait()
                begun = clock()
                way()
                wait()
                taken[name].append(1000 * (clock() - begun))
        for name, values in taken.items():
            found[name].append(min(values))
    return found


def main() -> None:
    """Train or measure what the command line selects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--lag", type=int, nargs="*", default=[])
    parser.add_argument("--steps", type=int, default=STEPS, help="at most")
    parser.add_argument("--ruler", action="store_true")
    parser.add_argument("--times", action="store_true")
    chosen = parser.parse_args()
    if chosen.task:
        train_all(chosen.task, chosen.layers, chosen.lag, chosen.steps)
    if chosen.ruler:
        train_ruler()
    if chosen.times:
        measure_times()


if __name__ == "__main__":
    main()
