"""What does training add to random recurrent weights?

"mackey-glass": plain networks of 50 units say how the Mackey-Glass series goes
on 20 units of time later. Reservoirs, whose readout alone is solved for, are
tuned in spectral radius, input scale and penalty, with two leaks; networks
trained whole by Adam, from torch's weights or from the reservoir that was
chosen, in the learning rate. A linear window of the last 50 values is the
control without a state. All see the same 2,000 values and are chosen on the
next 1,100 and judged on those after. "adding": the reservoirs on the task
"adding" of `starts`, with its units, validation sets and test sets. Five
seeds; about five minutes of one core. "falling": the network trained from
torch's weights with a rate that falls to 0; one minute.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.backend import Array, tree_map
from rnncore.bptt import rnn_cell_vjp
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.series import mackey_glass
from rnncore.data.tasks import adding_problem, loss_at_the_end
from rnncore.losses import squared_error, squared_error_vjp
from rnncore.optim import Optimizer, adam, falling, scheduled
from rnncore.reservoir import fit_readout, init_reservoir, leaky
from rnncore.rnn import (
    Params,
    Readout,
    init_params,
    init_readout,
    readout,
    rnn_cell,
    unroll,
    zero_state,
)
from tools.train.ch05 import lags, starts
from tools.train.runner import Measurement, Options, Training, fit_cell

H, AHEAD, WASHOUT = 50, 20, 100
TRAIN, HELD_OUT = 2000, 1000  # steps, after the washout
UPDATES, B, WINDOW, UNJUDGED = 2000, 16, 60, 20  # of a window's steps
SEQUENCES = 2000  # of the adding problem, to solve a readout from
ADDING = starts.STUDIES["adding"].lag
SEEDS = (0, 1, 2, 3, 4)
LEAKS = {"reservoir": 1.0, "leaky reservoir": 0.3}
GRID = {
    "radius": [0.8, 1.0, 1.25],
    "scale": [0.1, 0.3, 0.9],
    "penalty": [1e-8, 1e-6, 1e-4],
}
RATES = [0.0003, 0.001, 0.003, 0.01]


class SeriesPart(NamedTuple):
    """A stretch of the series, and the same AHEAD later: (T, 1, 1) both."""

    x: Array
    targets: Array


Weights = tuple[Params, Readout]


@cache
def make_parts(seed: int) -> tuple[SeriesPart, SeriesPart, SeriesPart]:
    """To train on, to choose by and to be judged on, one after the other."""
    lengths = [WASHOUT + n + AHEAD for n in (TRAIN, HELD_OUT, HELD_OUT)]
    values = mackey_glass(np.random.default_rng(seed), sum(lengths))
    known = values[: lengths[0]]
    values = ((values - known.mean()) / known.std())[:, None, None]
    pieces = np.split(values, np.cumsum(lengths)[:2])
    train, validation, test = (SeriesPart(p[:-AHEAD], p[AHEAD:]) for p in pieces)
    return train, validation, test


def measure_relative(outputs: Array, part: SeriesPart) -> float:
    """The root of the mean squared error, in standard deviations."""
    targets = part.targets[WASHOUT:]
    return float(np.sqrt(np.mean((outputs - targets) ** 2) / np.var(targets)))


def compute_states(cell: Callable, layer: Params, part: SeriesPart) -> Array:
    """The hidden states of a part, without the washout."""
    y, _, _ = unroll(cell, layer, part.x, zero_state(layer, 1))
    return y[WASHOUT:]


def layer_of(D: int, units: int, setting: Setting, seed: int) -> Params:
    """A reservoir's weights; its biases have the scale of its input."""
    rng, scale = np.random.default_rng(seed), setting["scale"]
    return init_reservoir(rng, D, units, setting["radius"], scale, scale)


@lru_cache(2 * len(SEEDS))  # the penalties share them
def compute_driven_states(
    leak: float, radius: float, scale: float, seed: int
) -> list[Array]:
    """A reservoir's states in the three parts."""
    layer = layer_of(1, H, {"radius": radius, "scale": scale}, seed)
    return [compute_states(leaky(leak), layer, part) for part in make_parts(seed)]


def solve(leak: float, setting: Setting, seed: int, steps: int) -> Trained:
    """A reservoir on the series; `steps` are those of its training part."""
    train, validation, test = make_parts(seed)
    y = compute_driven_states(leak, setting["radius"], setting["scale"], seed)
    out = fit_readout(y[0], train.targets[WASHOUT:], setting["penalty"])
    score = measure_relative(readout(out, y[1]), validation)
    return Trained(score, steps, lambda: measure_relative(readout(out, y[2]), test))


def stack_past(part: SeriesPart) -> Array:
    """The last H values at each step after the washout: (T, 1, H)."""
    T = len(part.x)
    return np.concatenate([part.x[WASHOUT - k : T - k] for k in range(H)], axis=2)


def run_window(setting: Setting, seed: int, steps: int) -> Trained:
    """The control without a state: linear in the last values."""
    train, validation, test = make_parts(seed)
    out = fit_readout(stack_past(train), train.targets[WASHOUT:], setting["penalty"])
    score = measure_relative(readout(out, stack_past(validation)), validation)
    return Trained(
        score, steps, lambda: measure_relative(readout(out, stack_past(test)), test)
    )


def from_torch(seed: int) -> Weights:
    """The weights with which chapter 4 begins."""
    rng = np.random.default_rng(seed)
    return init_params(rng, 1, H), init_readout(rng, H, 1)


def from_reservoir(setting: Setting, seed: int) -> Weights:
    """A reservoir with the readout that was solved for."""
    train, layer = make_parts(seed)[0], layer_of(1, H, setting, seed)
    y = compute_states(rnn_cell, layer, train)
    return layer, fit_readout(y, train.targets[WASHOUT:], setting["penalty"])


def descend(
    first: Callable[[int], Weights],
    setting: Setting,
    seed: int,
    steps: int,
    falls: bool = False,
) -> Trained:
    """All weights by Adam, on windows of the training part.

    The rate is constant, or falls to 0 in the last 40 % of the steps; then
    the compiled loops compute the gradient.
    """
    train, validation, test = make_parts(seed)

    def batch(rng: np.random.Generator, step: int) -> tuple[Array, Array]:
        begin = rng.integers(0, len(train.x) - WINDOW + 1, B)
        at = begin + np.arange(WINDOW)[:, None]
        return train.x[at, 0], train.targets[at[UNJUDGED:], 0]

    def score(weights: Weights, part: SeriesPart) -> float:
        layer, out = weights
        return measure_relative(
            readout(out, compute_states(rnn_cell, layer, part)), part
        )

    def optimizer(rate: float) -> Optimizer:
        return scheduled(adam, falling(rate, steps)) if falls else adam(rate)

    loss = loss_at_the_end(rnn_cell, rnn_cell_vjp, squared_error, squared_error_vjp)
    if falls:
        loss = lags.compiled_loss(lags.TANH, lags.TASKS["adding"])
    result, seconds = fit_cell(
        loss,
        first(seed),
        batch,
        setting["rate"],
        steps,
        np.random.default_rng(seed),
        optimizer=optimizer,
        evaluate=lambda weights: score(weights, validation),
        evaluate_every=max(1, steps // 10),
    )
    found = min(result.history.score)
    tqdm.write(f"{setting['rate']:g} {seed}: {found:.4f}, {seconds:.1f} s")
    done = len(result.history.loss)
    return Trained(found, done, lambda: score(result.params, test))


def seconds_of(train: Callable, setting: Setting, steps: int) -> float:
    """The processor time of one run, nothing of it known before."""
    compute_driven_states.cache_clear()
    begun = time.process_time()
    train(setting, 0, steps)
    return round(time.process_time() - begun, 3)


def run_series(asked: Options) -> Iterator[Measurement]:
    """Mackey-Glass: solved for, window, trained; and how long they take."""
    steps, key = asked.steps or UPDATES, "reservoir.mackey-glass"
    unit = "root mean squared error, in standard deviations of the series"
    common: dict[str, Any] = {"seeds": SEEDS, "headline": True}
    solved = {name: partial(solve, leak) for name, leak in LEAKS.items()}
    fixed = compare(solved, GRID, steps=TRAIN, **common)
    yield Measurement(f"{key}.fixed", to_json(fixed), unit, list(SEEDS))
    penalties = {"penalty": GRID["penalty"]}
    control = compare({"window": run_window}, penalties, steps=TRAIN, **common)
    yield Measurement(f"{key}.window", to_json(control), unit, list(SEEDS))
    chosen = fixed.results["reservoir"].chosen
    firsts: dict[str, Callable[[int], Weights]] = {
        "trained": from_torch,
        "trained from the reservoir": partial(from_reservoir, chosen),
    }
    whole = {name: partial(descend, first) for name, first in firsts.items()}
    found = compare(whole, {"rate": RATES}, steps=steps, **common)
    yield Measurement(f"{key}.trained", to_json(found), unit, list(SEEDS))
    rate = found.results["trained"].chosen
    took = {
        "reservoir": seconds_of(solved["reservoir"], chosen, TRAIN),
        "trained": seconds_of(whole["trained"], rate, steps),
    }
    yield Measurement(f"{key}.seconds", took, "seconds of one core, one run", 0)


def run_falls(asked: Options) -> Iterator[Measurement]:
    """Mackey-Glass: trained as long, with a rate that falls."""
    unit = "root mean squared error, in standard deviations of the series"
    found = compare(
        {"trained": partial(descend, from_torch, falls=True)},
        {"rate": RATES[1:]},
        steps=asked.steps or UPDATES,
        seeds=SEEDS,
        headline=True,
    )
    yield Measurement("reservoir.falling", to_json(found), unit, list(SEEDS))


@lru_cache(2 * len(SEEDS))
def compute_added(
    leak: float, radius: float, scale: float, seed: int
) -> tuple[Params, Array, Array]:
    """A reservoir, its last state in adding problems, and the answers."""
    setting = {"radius": radius, "scale": scale}
    layer = layer_of(2, lags.H, setting, seed)
    lag, rng = ADDING, np.random.default_rng(seed)
    lasts, answers = [], []
    for size in np.diff([*range(0, SEQUENCES, 500), SEQUENCES]):
        x, targets = adding_problem(rng, lag, int(size))
        y, _, _ = unroll(leaky(leak), layer, x, zero_state(layer, int(size)))
        lasts.append(y[-1:])
        answers.append(targets)
    return layer, np.concatenate(lasts, axis=1), np.concatenate(answers, axis=1)


def add(leak: float, setting: Setting, seed: int, steps: int) -> Trained:
    """A reservoir on the adding problem; `steps` are its sequences."""
    layer, y, answers = compute_added(leak, setting["radius"], setting["scale"], seed)
    weights = tree_map(
        lambda w: w.astype(np.float32),
        (layer, fit_readout(y, answers, setting["penalty"])),
    )
    run = partial(unroll, leaky(leak))

    def score(draw: int) -> float:
        return lags.measure_score(lags.TASKS["adding"], run, 1, ADDING, draw, weights)

    return Trained(score(10_000 + seed), steps, lambda: score(20_000 + seed))


def run_adding(asked: Options) -> Iterator[Measurement]:
    """The reservoirs on the adding problem."""
    found = compare(
        {name: partial(add, leak) for name, leak in LEAKS.items()},
        GRID,
        steps=SEQUENCES,
        seeds=SEEDS,
        headline=True,
    )
    unit = "test mean squared error"
    yield Measurement("reservoir.adding", to_json(found), unit, list(SEEDS))


TRAINING = Training(
    "reservoir",
    __doc__,
    {},
    {"mackey-glass": run_series, "falling": run_falls, "adding": run_adding},
)
