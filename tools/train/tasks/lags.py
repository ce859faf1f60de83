"""Train cells on tasks with a known lag, and record how they score.

Writes into book/measurements.json, for every task, start and lag, one
held-out score a seed: "lags.adding.uniform.50". The plain cells, which
train where nothing else is said, take about ten minutes. A gated cell is
asked for by name (--start lstm); its runs end as soon as the task is solved,
at a held-out score below 0.01, and write down after how many steps that was
("lags.adding.lstm.50.steps"; the most where it was not). With --forget-bias 2 an LSTM's key is "lstm@2".
With --flow it also writes how the best weights of each run carry gradients:
growth rates over 100 steps, with the task's input and without any, before
and after training, and a plain cell's spectral radius.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.backend import tree_map
from rnncore.cells import CELLS, Cell
from rnncore.data.tasks import adding_problem, copy_problem, loss_at_the_end
from rnncore.gradient_flow import (
    growth_rate,
    identity,
    jacobian_norms,
    orthogonal,
    spectral_radius,
    state_jacobians,
)
from rnncore.losses import (
    cross_entropy,
    cross_entropy_vjp,
    squared_error,
    squared_error_vjp,
)
from rnncore.optim import adam
from rnncore.rnn import (
    Params,
    init_params,
    init_readout,
    readout,
    unroll,
    zero_state,
)
from rnncore.train import Fit, Schedule, fit
from tools.measurements import PATH, record


class Task(NamedTuple):
    """A generator of batches, its loss, and what is written down of it."""

    batch: Callable  # rng, lag, B -> x, targets
    sizes: tuple[int, int, int]  # D, H, K
    loss: tuple[Callable, Callable]
    score: Callable  # outputs and targets of held-out data -> a number
    unit: str
    lags: tuple[int, ...]
    steps: int
    learning_rate: float


class Start(NamedTuple):
    """A cell and what it starts with; torch's weights where W_h is None."""

    cell: Cell
    W_h: Callable[[np.random.Generator, int], np.ndarray] | None
    forget_bias: float | None = None  # in place of torch's, of b_x + b_h


def mean_square(outputs: np.ndarray, targets: np.ndarray) -> float:
    """The mean squared error."""
    return float(np.mean((outputs - targets) ** 2))


def share_wrong(logits: np.ndarray, targets: np.ndarray) -> float:
    """The share of symbols that are not the most probable one."""
    return float(np.mean(logits.argmax(-1) != targets))


TASKS = {
    "adding": Task(
        adding_problem,
        (2, 64, 1),
        (squared_error, squared_error_vjp),
        mean_square,
        "held-out mean squared error",
        (10, 20, 50, 100),
        4000,
        3e-3,
    ),
    "copy": Task(
        copy_problem,
        (10, 128, 8),
        (cross_entropy, cross_entropy_vjp),
        share_wrong,
        "held-out share of wrong symbols",
        (5, 10, 20, 50, 100),
        1000,
        1e-3,
    ),
}
TANH, RELU = CELLS["RNN_TANH"], CELLS["RNN_RELU"]
PLAIN = {
    "uniform": Start(TANH, None),
    "orthogonal": Start(TANH, orthogonal),
    "identity": Start(RELU, lambda rng, H: identity(H)),
}
GATED = {
    "lstm": Start(CELLS["LSTM"], None, 1.0),
    "gru": Start(CELLS["GRU"], None),
}
STARTS = PLAIN | GATED
SEEDS = (0, 1, 2)
SOLVED = 0.01


def first_params(start: Start, task: Task, rng: np.random.Generator) -> Any:
    """Weights in float32; biases zero where W_h is not torch's uniform."""
    D, H, K = task.sizes
    layer = init_params(rng, D, H, start.cell.G)
    out = init_readout(rng, H, K)
    if start.forget_bias is not None:  # an LSTM: the gates are i, f, g, o
        layer.b_x[H : 2 * H] = start.forget_bias
        layer.b_h[H : 2 * H] = 0
    if start.W_h is not None:
        zero = np.zeros(H)
        layer = Params(layer.W_x, start.W_h(rng, H), zero, zero)
    return tree_map(lambda w: w.astype(np.float32), (layer, out))


def flow(task: Task, start: Start, params: Any) -> dict[str, float]:
    """Spectral radius (G = 1), and growth rates over 100 steps of the
    task's input ("rate") and over 100 steps of zeros ("silent")."""
    cell, cell_vjp, _, _ = start.cell
    layer = tree_map(lambda w: w.astype(np.float64), params[0])
    x, _ = task.batch(np.random.default_rng(7), 100, 4)
    found = (
        {"radius": spectral_radius(layer.W_h)} if start.cell.G == 1 else {}
    )
    for name, heard in ("rate", x[:100]), ("silent", 0 * x[:100]):
        state = tuple(
            1e-6 + s for s in zero_state(layer, 4, start.cell.parts)
        )
        _, state, tape = unroll(cell, layer, heard, state)
        norms = jacobian_norms(
            state_jacobians(cell_vjp, layer, tape, state)
        )
        rates = growth_rate(norms)
        found[name] = float(np.prod(rates) ** (1 / rates.size))
    return found


def train(
    task: Task, start: Start, lag: int, seed: int, steps: int, rate: float
) -> tuple[Any, Fit]:
    """The first weights of one run, and its outcome."""
    rng = np.random.default_rng(seed)
    params = first_params(start, task, rng)
    held_out = np.random.default_rng(10_000 + seed)
    x, targets = task.batch(held_out, lag, 1000)
    x = x.astype(np.float32)
    scores: list[float] = []

    def evaluate(params: Any) -> float:
        layer, out = params
        nothing = zero_state(layer, 1000, start.cell.parts)
        y, _, _ = unroll(start.cell.forward, layer, x, nothing)
        scores.append(task.score(readout(out, y[-len(targets) :]), targets))
        return scores[-1]

    def until_solved(steps: Iterable[int]) -> Iterable[int]:
        for step in steps:
            if start.cell.G > 1 and min(scores, default=1) < SOLVED:
                return
            yield step

    result = fit(
        loss_at_the_end(
            start.cell.forward, start.cell.vjp, *task.loss, start.cell.parts
        ),
        params,
        lambda rng, step: task.batch(rng, lag, 64),
        optimizer=adam(rate),
        schedule=Schedule(
            steps, clip=1.0, evaluate_every=250, progress=until_solved
        ),
        rng=rng,
        evaluate=evaluate,
    )
    return params, result


def main() -> None:
    """Train what the command line selects."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=TASKS, nargs="*", default=TASKS)
    parser.add_argument("--start", choices=STARTS, nargs="*", default=PLAIN)
    parser.add_argument("--lag", type=int, nargs="*", help="else all")
    parser.add_argument("--steps", type=int, help="else each task's own")
    parser.add_argument("--rate", type=float, help="else each task's own")
    parser.add_argument(
        "--forget-bias", type=float, default=1.0, help="an LSTM's, at first"
    )
    parser.add_argument("--name", help="in the key, else the start's")
    parser.add_argument("--flow", action="store_true", help="also rates")
    parser.add_argument("--path", type=Path, default=PATH)
    chosen = parser.parse_args()
    runs = [
        (task, start, lag)
        for task in chosen.task
        for start in chosen.start
        for lag in chosen.lag or TASKS[task].lags
    ]
    for task, start, lag in tqdm(runs):
        steps = chosen.steps or TASKS[task].steps
        rate = chosen.rate or TASKS[task].learning_rate
        name = chosen.name or start
        begin, key = STARTS[start], f"lags.{task}.{name}.{lag}"
        bias = chosen.forget_bias
        if begin.forget_bias not in (None, bias):
            begin = begin._replace(forget_bias=bias)
            key = f"lags.{task}.{name}@{bias:g}.{lag}"
        outcomes = [
            train(TASKS[task], begin, lag, seed, steps, rate)
            for seed in SEEDS
        ]
        scores = [min(run.history.score) for _, run in outcomes]
        tqdm.write(f"{key}: {', '.join(f'{s:.4g}' for s in scores)}")
        about: dict[str, Any] = {
            "seed": list(SEEDS),
            "command": " ".join(
                ["python", "-m", "tools.train", "lags", *sys.argv[1:]]
            ),
            "path": chosen.path,
        }
        protocol = f"one a seed; {steps} steps of Adam at {rate:g}"
        if begin.cell.G > 1:
            protocol += f" at most, to a score below {SOLVED:g}"
            taken = [len(run.history.loss) for _, run in outcomes]
            record(
                {f"{key}.steps": taken}, unit=f"steps, {protocol}", **about
            )
        record(
            {key: scores}, unit=f"{TASKS[task].unit}, {protocol}", **about
        )
        if chosen.flow:
            found = [
                {
                    "before": flow(TASKS[task], begin, first),
                    "after": flow(TASKS[task], begin, run.params),
                }
                for first, run in outcomes
            ]
            record(
                {f"{key}.flow": found},
                unit=f"spectral radius, factor a step, {protocol}",
                **about,
            )


if __name__ == "__main__":
    main()
