"""Measure for chapter 18 what a layer without recurrent weights can do.

Trains layers of `rnncore.scan` on the tasks of chapters 5 to 7, with the
tasks and scores of python -m tools.train lags, at one learning rate and until
a held-out score is below 0.01: "limits.adding.1.50" is a score per seed, one
layer, lag 50; beside it ".steps". The runs "ruler.NAME" put the course's other cells on
the poster's axis of memory. "times" measures scan and loop against T on
NumPy, on torch and, where there is one, on a GPU; "threads" torch's again, on
one thread and on two: the processor time of the thread that starts them, which
has the larger share of what is divided. It is asked for with
OMP_WAIT_POLICY=passive in the environment, so that waiting for the other thread
takes no processor time, and other programs do not count.
"""

import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from examples.my_cell import leaky_cell, leaky_cell_vjp
from rnncore.backend import array_namespace, from_numpy, tree_map
from rnncore.bptt import bptt, readout_vjp
from rnncore.cells import CELLS as KNOWN
from rnncore.comparison import ruler
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import init_params, init_readout, readout, unroll, zero_state
from rnncore.scan import (
    Minimal,
    linear_loop,
    linear_scan,
    linear_scan_vjp,
    minimal_layer,
    minimal_layer_vjp,
)
from tools.bench import timing
from tools.train.ch05.lags import SOLVED, TASKS, LagTask
from tools.train.ch07.ruler import copy_lags
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_cell,
    list_measurements,
)

KEEP = -1.0  # of z, at first: an LSTM's forget bias of 1
RATE = 3e-3
UNITS = {"adding": 64, "copy": 128}
SIZES = (1, 64), (32, 128)  # B, H
LENGTHS = tuple(2**k for k in range(2, 11))
CELLS = {
    "leaky": ruler.Cell(leaky_cell, leaky_cell_vjp),
    "relu": KNOWN["RNN_RELU"],
    "minimal": KNOWN["minimal"],
}
REPEATS = 3
THREADS = 1, 2
WIDE_LENGTHS = 64, 256, 1024  # where one thread or more is asked
TURNS = 5  # of each


class LimitRun(NamedTuple):
    """What is trained, and how long."""

    task: str
    layers: int
    lag: int
    steps: int


RUNS = {
    "adding.1.50": LimitRun("adding", 1, 50, 4000),
    "adding.1.100": LimitRun("adding", 1, 100, 4000),
    "adding.2.50": LimitRun("adding", 2, 50, 4000),
    "adding.2.100": LimitRun("adding", 2, 100, 4000),
    "copy.1.10": LimitRun("copy", 1, 10, 2000),
    "copy.2.10": LimitRun("copy", 2, 10, 2000),
}
Network = tuple[list[Minimal], Any]  # layers, and what reads them out


def first_network(
    task: LagTask, H: int, layers: int, rng: np.random.Generator
) -> Network:
    """Weights in float32, drawn as torch.nn's; the gates begin by keeping."""
    D, K = task.D, task.K
    stack = []
    for k in range(layers):
        drawn = init_params(rng, H if k else D, H, 2)
        drawn.b_x[:H] = KEEP
        stack.append(Minimal(drawn.W_x, drawn.b_x))
    network = stack, init_readout(rng, H, K)
    return tree_map(lambda w: w.astype(np.float32), network)


def run_forward(stack: list[Minimal], x: Any) -> tuple[Any, list[Any]]:
    """Layer on layer, from states of zeros."""
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
        y, caches = run_forward(stack, x)
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


def compute_outputs(network: Network, x: np.ndarray, last: int) -> np.ndarray:
    """Of the last steps, for a quarter of the sequences at a time."""
    stack, out = network
    answers = [
        readout(out, run_forward(stack, part)[0][-last:])
        for part in np.split(x, 4, axis=1)
    ]
    return np.concatenate(answers, axis=1)


def train(name: str, run: LimitRun, seed: int, asked: Options) -> Iterator[Measurement]:
    """One run, which ends as soon as the task is solved."""
    task, steps = TASKS[run.task], asked.steps or run.steps
    rng = np.random.default_rng(seed)
    x, targets = task.batch(np.random.default_rng(10_000 + seed), run.lag, 1000)
    x = x.astype(np.float32)
    scores: list[float] = []

    def evaluate(network: Network) -> float:
        scores.append(task.score(compute_outputs(network, x, len(targets)), targets))
        return scores[-1]

    def until_solved(steps: Iterable[int]) -> Iterable[int]:
        for step in steps:
            if min(scores, default=1) < SOLVED:
                return
            yield step

    result, _ = fit_cell(
        loss_at_the_end(*task.loss),
        first_network(task, UNITS[run.task], run.layers, rng),
        lambda rng, step: task.batch(rng, run.lag, 64),
        RATE,
        steps,
        rng,
        evaluate=evaluate,
        evaluate_every=250,
        progress=until_solved,
    )
    history = result.history
    protocol = f"{steps} steps of Adam at {RATE:g} at most, one per seed"
    units = {"": f"held-out {task.unit}, {protocol}", "steps": f"steps, {protocol}"}
    values = {"": min(history.score), "steps": len(history.loss)}
    yield from list_measurements(f"limits.{name}", values, units)


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


def measure_times(asked: Options) -> Iterator[Measurement]:
    """Milliseconds for T steps, forward and backward: the shortest."""
    places: dict[str, Callable] = {"numpy": np.asarray}
    places["torch"] = torch.asarray
    if torch.cuda.is_available():
        places["cuda"] = lambda a: torch.asarray(a, device="cuda")
    yield Measurement("limits.times.lengths", LENGTHS, "steps", None)
    for place, move in places.items():
        device = torch.cuda.get_device_name() if place == "cuda" else ""
        for B, H in SIZES:
            lines = times_by_length(move, B, H, place == "cuda")
            for name, values in lines.items():
                yield Measurement(
                    f"limits.times.{place}.{B}.{H}.{name}",
                    values,
                    f"ms for {LENGTHS} steps, forward and backward, "
                    "float32, one thread; the shortest of "
                    f"{REPEATS} runs in turns",
                    0,
                    device,
                )


def draw_recurrence(
    rng: np.random.Generator, T: int, B: int, H: int, move: Callable
) -> list[Any]:
    """Factors, inputs, a first state, and what comes from above."""
    a = rng.uniform(size=(T, B, H))
    u, d_y = rng.normal(size=(2, T, B, H))
    given = [a, u, np.zeros((B, H)), d_y]
    return [move(v.astype(np.float32)) for v in given]


def run_on_threads(count: int, run: Callable[[], None]) -> None:
    """On so many threads of torch."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        run()
    finally:
        torch.set_num_threads(before)


def measure_threads(asked: Options) -> Iterator[Measurement]:
    """Milliseconds of loop and scan on one thread and on two: the shortest.

    Raises ValueError where waiting would be counted.
    """
    policy = os.environ.get("OMP_WAIT_POLICY", "")
    if policy.lower() != "passive":
        raise ValueError(f"OMP_WAIT_POLICY: expected passive, got {policy!r}")
    B, H = SIZES[-1]
    load = [os.getloadavg()[0]]
    known: dict[str, list[float]] = {}
    for T in WIDE_LENGTHS:
        given = draw_recurrence(np.random.default_rng(0), T, B, H, torch.asarray)
        both = {"loop": loop_both_ways, "scan": scan_both_ways}
        ways = {
            f"{count}.{name}": partial(run_on_threads, count, partial(run, *given))
            for name, run in both.items()
            for count in THREADS
        }
        turns = asked.steps or TURNS
        found = timing.time_in_turns(ways, turns, warm_up=1, clock=time.thread_time)
        for name, taken in found.items():
            known.setdefault(name, []).append(1000 * min(taken))
    load.append(os.getloadavg()[0])
    unit = (
        f"ms for {WIDE_LENGTHS} steps, by threads of torch and way; {B} sequences "
        f"of {H} units, forward and backward, float32; processor time of the "
        "first thread, waiting left out, the shortest in turns; "
        f"mean load before and after: {load[0]:.1f}, {load[1]:.1f}"
    )
    cores = f"CPU, {platform.machine()}, {os.cpu_count()} cores"
    yield Measurement("limits.threads", known, unit, 0, cores)


def times_by_length(
    move: Callable, B: int, H: int, gpu: bool
) -> dict[str, list[float]]:
    """The shortest time of each way at each length."""
    found: dict[str, list[float]] = {"loop": [], "scan": [], "lstm": []}
    for T in LENGTHS:
        rng = np.random.default_rng(0)
        given = draw_recurrence(rng, T, B, H, move)
        params = tree_map(
            lambda w: move(w.astype(np.float32)), init_params(rng, H, H, 4)
        )
        state = zero_state(params, B, 2)
        ways = {
            "loop": partial(loop_both_ways, *given),
            "scan": partial(scan_both_ways, *given),
            "lstm": partial(lstm_both_ways, given[1], params, state, given[3]),
        }
        taken = timing.time_in_turns(
            ways,
            REPEATS,
            wait=torch.cuda.synchronize if gpu else int,
            clock=time.perf_counter if gpu else time.process_time,
        )
        for name, seconds in taken.items():
            found[name].append(1000 * min(seconds))
    return found


TRAINING = Training(
    "limits",
    __doc__,
    {
        **{name: partial(train, name, run) for name, run in RUNS.items()},
        **copy_lags("limits", {f"ruler.{n}": c for n, c in CELLS.items()}),
    },
    {"times": measure_times, "threads": measure_threads},
)
