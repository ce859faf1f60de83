"""Train cells on tasks with a known lag, and record how they score.

For every task, start and lag one held-out score a seed:
"lags.adding.uniform.50". A gated cell's runs end as soon as the task is
solved, at a held-out score below 0.01, and write down after how many steps
that was ("lags.adding.lstm.50.steps"; the most where it was not). The plain
cells take about ten minutes: `lags "*.uniform.*" "*.orthogonal.*"
"*.identity.*"`. Where RUNS asks for the flow, a run also writes how its
best weights carry gradients: growth rates over 100 steps, with the task's
input and without any, before and after training, and a plain cell's
spectral radius.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

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
from rnncore.rnn import Params, init_params, init_readout, readout, unroll, zero_state
from rnncore.train import Fit
from tools.train.runner import Asked, Found, Training, fitted, founds


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


class Run(NamedTuple):
    """What is trained, and how long."""

    task: str
    start: str
    lag: int
    steps: int
    rate: float
    flow: bool = False


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
GATED = {"lstm": Start(CELLS["LSTM"], None, 1.0), "gru": Start(CELLS["GRU"], None)}
STARTS = PLAIN | GATED
LONG = 4000, 3e-3  # steps, rate
RUNS = {
    f"{task}.{start}.{lag}": Run(
        task,
        start,
        lag,
        TASKS[task].steps,
        TASKS[task].learning_rate,
        flow=(task, lag) == ("adding", 20),
    )
    for task in TASKS
    for start in PLAIN
    for lag in TASKS[task].lags
}
RUNS |= {
    "adding.lstm.50": Run("adding", "lstm", 50, *LONG),
    "adding.lstm.100": Run("adding", "lstm", 100, *LONG),
    "adding.lstm.200": Run("adding", "lstm", 200, *LONG),
    "adding.gru.200": Run("adding", "gru", 200, *LONG),
    "adding.gru.400": Run("adding", "gru", 400, *LONG),
    "copy.lstm.10": Run("copy", "lstm", 10, 1000, 1e-3),
    "copy.lstm.20": Run("copy", "lstm", 20, 1000, 1e-3),
    "copy.lstm-long.10": Run("copy", "lstm", 10, *LONG),
    "copy.lstm-long.20": Run("copy", "lstm", 20, *LONG),
    "copy.lstm-long.30": Run("copy", "lstm", 30, *LONG),
    "copy.lstm-long.50": Run("copy", "lstm", 50, *LONG),
    "copy.gru-long.30": Run("copy", "gru", 30, *LONG),
}
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
    found = {"radius": spectral_radius(layer.W_h)} if start.cell.G == 1 else {}
    for name, heard in ("rate", x[:100]), ("silent", 0 * x[:100]):
        state = tuple(1e-6 + s for s in zero_state(layer, 4, start.cell.parts))
        _, state, tape = unroll(cell, layer, heard, state)
        norms = jacobian_norms(state_jacobians(cell_vjp, layer, tape, state))
        rates = growth_rate(norms)
        found[name] = float(np.prod(rates) ** (1 / rates.size))
    return found


def train_task(
    task: Task,
    lag: int,
    loss_and_gradient: Callable,
    params: Any,
    outputs: Callable[[Any, np.ndarray, int], np.ndarray],
    *,
    seed: int,
    rng: np.random.Generator,
    steps: int,
    rate: float,
    until_solved: bool,
) -> Fit:
    """One run; `outputs(params, x, last)` are those of the last steps."""
    held_out = np.random.default_rng(10_000 + seed)
    x, targets = task.batch(held_out, lag, 1000)
    x = x.astype(np.float32)
    scores: list[float] = []

    def evaluate(params: Any) -> float:
        y = outputs(params, x, len(targets))
        scores.append(task.score(y, targets))
        return scores[-1]

    def to_the_end(steps: Iterable[int]) -> Iterable[int]:
        for step in steps:
            if until_solved and min(scores, default=1) < SOLVED:
                return
            yield step

    return fitted(
        loss_and_gradient,
        params,
        lambda rng, step: task.batch(rng, lag, 64),
        rate,
        steps,
        rng,
        evaluate=evaluate,
        evaluate_every=250,
        progress=to_the_end,
    )[0]


def train(name: str, run: Run, seed: int, asked: Asked) -> Iterator[Found]:
    """One run: its score, for a gated cell its steps, and its flow."""
    task, start = TASKS[run.task], STARTS[run.start]
    steps, gated = asked.steps or run.steps, start.cell.G > 1
    rng = np.random.default_rng(seed)
    params = first_params(start, task, rng)

    def outputs(params: Any, x: np.ndarray, last: int) -> np.ndarray:
        layer, out = params
        nothing = zero_state(layer, x.shape[1], start.cell.parts)
        y, _, _ = unroll(start.cell.forward, layer, x, nothing)
        return readout(out, y[-last:])

    result = train_task(
        task,
        run.lag,
        loss_at_the_end(
            start.cell.forward, start.cell.vjp, *task.loss, start.cell.parts
        ),
        params,
        outputs,
        seed=seed,
        rng=rng,
        steps=steps,
        rate=run.rate,
        until_solved=gated,
    )
    protocol = f"one a seed; {steps} steps of Adam at {run.rate:g}"
    protocol += f" at most, to a score below {SOLVED:g}" * gated
    values: dict[str, Any] = {"": min(result.history.score)}
    if gated:
        values["steps"] = len(result.history.loss)
    if run.flow:
        values["flow"] = {
            "before": flow(task, start, params),
            "after": flow(task, start, result.params),
        }
    units = {
        "": f"{task.unit}, {protocol}",
        "steps": f"steps, {protocol}",
        "flow": f"spectral radius, factor a step, {protocol}",
    }
    yield from founds(f"lags.{name}", values, units)


TRAINING = Training(
    "lags", __doc__, {n: partial(train, n, run) for n, run in RUNS.items()}
)
