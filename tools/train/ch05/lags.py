"""Compare initialisations and cells over a lag, each at its own best rate.

"adding.20", "copy.50" and so on: a task, and its length or lag. Each is one
comparison by `rnncore.comparison`, so that all contenders have the same steps,
seeds and learning rates. Plain cells differ in their recurrent weights and biases:
uniform as torch.nn's, or orthogonal, Glorot or the identity, with biases of zero;
the identity has ReLU. LSTMs differ in their biases. "copy.50.equal" gives the
orthogonal plain cell as many weights as the LSTM has. Else 48 units, batches of
32, three seeds; forward and backward through the compiled loops. Two more lags,
with five seeds, are in `starts`.

"adding.100" also has, for every run at the chosen rate, the steps after which
a validation score was first below 0.01 (".steps", null: never), and
"adding.20" how its best weights carry gradients (".flow"): growth rates over
100 steps of the task's input and over 100 of zeros, before and after training,
and the spectral radius. About half an hour of one core.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore import fused
from rnncore.backend import from_numpy, tree_map
from rnncore.bptt import readout_vjp
from rnncore.cells import CELLS, Cell
from rnncore.comparison import HEADLINE, Setting, Trained, compare, to_json
from rnncore.data.tasks import adding_problem, copy_problem
from rnncore.fused import cells as equations
from rnncore.gradient_flow import (
    glorot,
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
from rnncore.lstm import chrono
from rnncore.rnn import (
    Params,
    Readout,
    init_params,
    init_readout,
    readout,
    unroll,
    zero_state,
)
from tools.train.runner import Measurement, Options, Training, fit_cell

H, B, HELD_OUT = 48, 32, 1000
LOOKS = 10  # at the validation set in a run, whose best weights are kept
SOLVED = 0.01
Network = tuple[Params, Readout]
Change = Callable[[np.random.Generator, int, Network], Network]  # rng, lag


class LagTask(NamedTuple):
    """A generator of batches, its loss, and what is written down of it."""

    batch: Callable  # rng, lag, B -> x, targets
    D: int
    K: int
    loss: tuple[Callable, Callable]
    score: Callable  # outputs and targets of held-out data -> a number
    unit: str


class Start(NamedTuple):
    """A cell, and what it starts with: torch.nn's weights, then changed."""

    cell: Cell
    equation: Callable  # of the same cell, for the compiled loops
    change: Change = lambda rng, lag, network: network
    H: int | None = None  # if it has another number of units than the others


class LagStudy(NamedTuple):
    """What is compared, and on which task."""

    task: str
    lag: int
    contenders: dict[str, Start]
    steps: int
    rates: tuple[float, ...]
    seeds: tuple[int, ...] = (0, 1, 2)
    also: tuple[str, ...] = ()  # "steps" or "flow", of the chosen runs
    looks: int = LOOKS


class Ended(NamedTuple):
    """What is kept of a run until the rates are chosen."""

    steps: int | None  # to the first score below SOLVED
    before: Network
    after: Network


def mean_square(outputs: np.ndarray, targets: np.ndarray) -> float:
    """The mean squared error."""
    return float(np.mean((outputs - targets) ** 2))


def share_wrong(logits: np.ndarray, targets: np.ndarray) -> float:
    """The share of symbols that are not the most probable one."""
    return float(np.mean(logits.argmax(-1) != targets))


TASKS = {
    "adding": LagTask(
        adding_problem,
        2,
        1,
        (squared_error, squared_error_vjp),
        mean_square,
        "mean squared error",
    ),
    "copy": LagTask(
        copy_problem,
        10,
        8,
        (cross_entropy, cross_entropy_vjp),
        share_wrong,
        "share of wrong symbols",
    ),
}


def change_recurrent(draw: Callable[[np.random.Generator, int], np.ndarray]) -> Change:
    """Other recurrent weights, and biases of zero."""

    def change(rng: np.random.Generator, lag: int, network: Network) -> Network:
        layer, out = network
        H = layer.W_h.shape[1]
        return Params(layer.W_x, draw(rng, H), np.zeros(H), np.zeros(H)), out

    return change


def say_one(rng: np.random.Generator, lag: int, network: Network) -> Network:
    """Orthogonal, and the answer that training would find first: the mean."""
    layer, out = change_recurrent(orthogonal)(rng, lag, network)
    return layer, out._replace(b_y=np.ones_like(out.b_y))


def forget(bias: Callable[[int], float]) -> Change:
    """One forget bias for all units of an LSTM, in place of torch's."""

    def change(rng: np.random.Generator, lag: int, network: Network) -> Network:
        layer, _ = network
        H = layer.W_h.shape[1]
        layer.b_x[H : 2 * H] = bias(lag)
        layer.b_h[H : 2 * H] = 0
        return network

    return change


def spread_biases(rng: np.random.Generator, lag: int, network: Network) -> Network:
    """The biases of `rnncore.lstm.chrono`."""
    layer, out = network
    b_x = chrono(rng, layer.W_h.shape[1], lag)
    return layer._replace(b_x=b_x, b_h=np.zeros_like(b_x)), out


def spread_update(rng: np.random.Generator, lag: int, network: Network) -> Network:
    """The same for a GRU: its update gate keeps over up to `lag` steps."""
    layer, out = network
    H = layer.W_h.shape[1]
    b_x = np.zeros_like(layer.b_x)
    b_x[H : 2 * H] = np.log(rng.uniform(1, lag, H))
    return layer._replace(b_x=b_x, b_h=np.zeros_like(b_x)), out


def count_weights(G: int, D: int, H: int, K: int) -> int:
    """Numbers in a layer with G gates and in its readout."""
    return G * H * (D + H + 2) + K * (H + 1)


def choose_units(G: int, D: int, H: int, K: int, like: int = 3) -> int:
    """The most units with no more weights than H units of `like` gates have."""
    most = count_weights(like, D, H, K)
    H = 1
    while count_weights(G, D, H + 1, K) <= most:
        H += 1
    return H


TANH = Start(CELLS["RNN_TANH"], equations.rnn)
RELU = Start(CELLS["RNN_RELU"], equations.relu)
LSTM = Start(CELLS["LSTM"], equations.lstm)
GRU = Start(CELLS["GRU"], equations.gru)
PLAIN = {
    "uniform": TANH,
    "orthogonal": TANH._replace(change=change_recurrent(orthogonal)),
    "glorot": TANH._replace(change=change_recurrent(lambda rng, H: glorot(rng, H, H))),
    "identity": RELU._replace(change=change_recurrent(lambda _, H: identity(H))),
}
LSTMS = {
    "forget 1": LSTM._replace(change=forget(lambda lag: 1.0)),
    "forget log lag": LSTM._replace(change=forget(np.log)),
    "chrono": LSTM._replace(change=spread_biases),
}
SWAPPED = {  # the matrix of the one with the activation of the other
    "orthogonal, relu": RELU._replace(change=PLAIN["orthogonal"].change),
    "identity, tanh": TANH._replace(change=PLAIN["identity"].change),
}
RELUS = {
    "uniform, relu": RELU,
    "glorot, relu": RELU._replace(change=PLAIN["glorot"].change),
}
EVERY = PLAIN | LSTMS | {"says one": TANH._replace(change=say_one), "gru": GRU}


def select_contenders(*names: str) -> dict[str, Start]:
    """Contenders by name."""
    return {name: EVERY[name] for name in names}


LOW, HIGH = (0.0003, 0.001, 0.003), (0.001, 0.003, 0.009)
STUDIES = {
    f"{study.task}.{study.lag}": study
    for study in (
        LagStudy("adding", 20, PLAIN, 2000, LOW, also=("flow",)),
        LagStudy(
            "adding",
            100,
            select_contenders("identity", "forget 1", "gru"),
            2000,
            HIGH,
            also=("steps",),
        ),
        LagStudy(
            "copy", 50, PLAIN | select_contenders("forget 1", "chrono"), 2000, HIGH
        ),
    )
}
STUDIES["copy.50.equal"] = LagStudy(
    "copy",
    50,
    {"orthogonal": PLAIN["orthogonal"]._replace(H=choose_units(1, 10, H, 8, like=4))},
    2000,
    LOW,
)


def first_network(
    start: Start, task: LagTask, H: int, lag: int, rng: np.random.Generator
) -> Network:
    """Weights in float32."""
    layer = init_params(rng, task.D, H, start.cell.G)
    network = start.change(rng, lag, (layer, init_readout(rng, H, task.K)))
    return tree_map(lambda w: w.astype(np.float32), network)


def compiled_loss(start: Start, task: LagTask) -> Callable:
    """`rnncore.data.tasks.loss_at_the_end`, through the compiled loops."""
    loss, loss_vjp = task.loss

    def loss_and_gradient(network: Network, batch: Any, carry: Any) -> Any:
        layer, out = network
        x, targets = (from_numpy(a, layer.W_x) for a in batch)
        nothing = zero_state(layer, x.shape[1], start.cell.parts)
        y, _, tape = fused.unroll(start.equation, layer, x, nothing)
        assert tape is not None
        silent = len(y) - len(targets)
        value, cache = loss(readout(out, y[silent:]), targets)
        d_y = np.zeros_like(y)
        d_out, d_y[silent:] = readout_vjp(loss_vjp(1.0, cache), out, y[silent:])
        d_layer, _, _ = fused.bptt(
            start.equation, layer, tape, d_y, nothing, d_x=False, spend=True
        )
        return value, (d_layer, d_out), carry

    return loss_and_gradient


def measure_score(
    task: LagTask, run: Callable, parts: int, lag: int, seed: int, network: Network
) -> float:
    """The score on the sequences that a seed draws.

    `run(layer, x, state)` is a loop, whose outputs come first.
    """
    layer, out = network
    x, targets = task.batch(np.random.default_rng(seed), lag, HELD_OUT)
    nothing = zero_state(layer, HELD_OUT, parts)
    y = run(layer, x.astype(np.float32), nothing)[0]
    return task.score(readout(out, y[-len(targets) :]), targets)


def measure_flow(task: LagTask, cell: Cell, network: Network) -> dict[str, float]:
    """A plain cell's spectral radius, and growth rates over 100 steps of the
    task's input ("rate") and over 100 steps of zeros ("silent")."""
    layer = tree_map(lambda w: w.astype(np.float64), network[0])
    x, _ = task.batch(np.random.default_rng(7), 100, 4)
    found = {"radius": spectral_radius(layer.W_h)}
    for name, heard in ("rate", x[:100]), ("silent", 0 * x[:100]):
        state = tuple(1e-6 + s for s in zero_state(layer, 4, cell.parts))
        _, state, tape = unroll(cell.forward, layer, heard, state)
        rates = growth_rate(
            jacobian_norms(state_jacobians(cell.vjp, layer, tape, state))
        )
        found[name] = float(np.prod(rates) ** (1 / rates.size))
    return found


def train(
    study: LagStudy,
    ended: dict[tuple[str, float, int], Ended],
    name: str,
    setting: Setting,
    seed: int,
    steps: int,
) -> Trained:
    """One run; validation and test set belong to the seed."""
    start, task = study.contenders[name], TASKS[study.task]
    rng, rate = np.random.default_rng(seed), setting["rate"]
    before = first_network(start, task, start.H or H, study.lag, rng)
    run = partial(fused.unroll, start.equation, keep=False)
    held_out = partial(measure_score, task, run, start.cell.parts, study.lag)
    with np.errstate(over="ignore", invalid="ignore"):  # it may diverge
        result, seconds = fit_cell(
            compiled_loss(start, task),
            before,
            lambda rng, step: task.batch(rng, study.lag, B),
            rate,
            steps,
            rng,
            evaluate=partial(held_out, 10_000 + seed),
            evaluate_every=max(1, steps // study.looks),
        )
    _, _, looks, scores = result.history
    solved = [k for k, s in zip(looks, scores, strict=True) if s < SOLVED]
    first = int(min(solved)) if solved else None
    ended[name, rate, seed] = Ended(first, before, result.params)
    best = min(scores)
    tqdm.write(f"{name} {rate:g} {seed}: {best:.4f}, {seconds:.1f} s")
    return Trained(
        best, len(result.history.loss), lambda: held_out(20_000 + seed, result.params)
    )


def run(key: str, study: LagStudy, asked: Options) -> Iterator[Measurement]:
    """One complete comparison, and the measurements of the chosen runs."""
    task, seeds = TASKS[study.task], list(study.seeds)
    ended: dict[tuple[str, float, int], Ended] = {}
    found = compare(
        {n: partial(train, study, ended, n) for n in study.contenders},
        {"rate": study.rates},
        steps=asked.steps or study.steps,
        seeds=seeds,
        headline=len(seeds) >= HEADLINE,
    )
    yield Measurement(key, to_json(found), f"test {task.unit}", seeds)
    chosen = {
        n: [ended.get((n, r.chosen["rate"], seed)) for seed in seeds]
        for n, r in found.results.items()
    }
    if "steps" in study.also:
        counts = {n: [e and e.steps for e in runs] for n, runs in chosen.items()}
        unit = f"steps to a validation score below {SOLVED:g}, at the chosen rate"
        yield Measurement(f"{key}.steps", counts, unit, seeds)
    if "flow" in study.also:
        flows = {
            n: [
                {
                    k: measure_flow(task, start.cell, e._asdict()[k])
                    for k in ("before", "after")
                }
                for e in chosen[n]
                if e
            ]
            for n, start in study.contenders.items()
        }
        unit = "spectral radius, factor a step, at the chosen rate"
        yield Measurement(f"{key}.flow", flows, unit, seeds)


TRAINING = Training(
    "lags", __doc__, {}, {n: partial(run, f"lags.{n}", s) for n, s in STUDIES.items()}
)
