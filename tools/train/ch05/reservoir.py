"""What does training add to random recurrent weights?

"mackey-glass": plain networks of 50 units say how the Mackey-Glass series goes
on 20 units of time later. Reservoirs, whose readout alone is solved for, are
tuned in spectral radius, input scale and penalty, with two leaks. A linear
window of the last 50 values is the control without a state. All see the same
2,000 values and are chosen on the next 1,100 and judged on those after.
"falling": a network trained whole, with a rate that falls to 0. "adding": reservoirs, tuned in the leak too, on
task "adding" of `starts`, with its units, validation sets and test sets.
"parity": they and a trained network say whether the ones among 20 bits are odd
or even. Five seeds; about ten minutes of one core.
"""

from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.backend import Array, tree_map
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.series import mackey_glass
from rnncore.data.tasks import swap_problem
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
SEQUENCES = 2000  # to solve a readout from, where the answer comes at the end
ADDING, BITS = starts.STUDIES["adding"].lag, 20
SEEDS = (0, 1, 2, 3, 4)
LEAKS = {"reservoir": 1.0, "leaky reservoir": 0.3}
GRID = {
    "radius": [0.8, 1.0, 1.25],
    "scale": [0.1, 0.3, 0.9],
    "penalty": [1e-8, 1e-6, 1e-4],
}
ENDS_GRID = {  # of the tasks whose answer comes at the end
    "leak": [0.01, 0.03, 0.1, 0.3, 1.0],
    "radius": [0.5, 0.75, 1.1],
    "scale": [0.3, 1.0, 3.0],
    "penalty": [1e-12, 1e-10, 1e-8],
}
RATES = [0.0003, 0.001, 0.003, 0.01]


def draw_parities(rng: np.random.Generator, T: int, B: int) -> tuple[Array, Array]:
    """Bits, and whether the ones among all of them are odd."""
    x, targets = swap_problem(rng, T, B)
    return x, targets[-1:]


PARITY = lags.TASKS["copy"]._replace(batch=draw_parities, D=2, K=2)


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


def descend(setting: Setting, seed: int, steps: int) -> Trained:
    """All weights by Adam, on windows of the training part, compiled.

    The rate falls to 0 in the last 40 % of the steps.
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
        return scheduled(adam, falling(rate, steps))

    result, seconds = fit_cell(
        lags.compiled_loss(lags.TANH, lags.TASKS["adding"]),
        from_torch(seed),
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


def run_series(asked: Options) -> Iterator[Measurement]:
    """Mackey-Glass: solved for, and the window."""
    key = "reservoir.mackey-glass"
    unit = "root mean squared error, in standard deviations of the series"
    common: dict[str, Any] = {"seeds": SEEDS, "headline": True}
    solved = {name: partial(solve, leak) for name, leak in LEAKS.items()}
    fixed = compare(solved, GRID, steps=TRAIN, **common)
    yield Measurement(f"{key}.fixed", to_json(fixed), unit, list(SEEDS))
    penalties = {"penalty": GRID["penalty"]}
    control = compare({"window": run_window}, penalties, steps=TRAIN, **common)
    yield Measurement(f"{key}.window", to_json(control), unit, list(SEEDS))


def run_falls(asked: Options) -> Iterator[Measurement]:
    """Mackey-Glass: trained, with a rate that falls."""
    unit = "root mean squared error, in standard deviations of the series"
    found = compare(
        {"trained": descend},
        {"rate": RATES[1:]},
        steps=asked.steps or UPDATES,
        seeds=SEEDS,
        headline=True,
    )
    yield Measurement("reservoir.falling", to_json(found), unit, list(SEEDS))


def draw_ends(layer: Params, leak: float, task: str, seed: int, B: int) -> SeriesPart:
    """Last states in B of a task's sequences, and the answers, one row each."""
    asked, T = ENDS[task]
    x, targets = asked.batch(np.random.default_rng(seed), T, B)
    x = x.astype(np.float32)
    (h,) = unroll(leaky(leak), layer, x, zero_state(layer, B))[1]
    return SeriesPart(
        h[None].astype(float), targets if task == "adding" else np.eye(2)[targets]
    )


@lru_cache(2 * len(SEEDS))  # the penalties share them
def compute_ends(
    task: str, leak: float, radius: float, scale: float, seed: int
) -> list[SeriesPart]:
    """To solve a readout from, to choose by, and to be judged on."""
    layer = tree_map(
        lambda w: w.astype(np.float32),
        layer_of(2, lags.H, {"radius": radius, "scale": scale}, seed),
    )
    sizes = {
        seed: SEQUENCES,
        10_000 + seed: lags.HELD_OUT,
        20_000 + seed: lags.HELD_OUT,
    }
    return [draw_ends(layer, leak, task, draw, B) for draw, B in sizes.items()]


def answer(task: str, setting: Setting, seed: int, steps: int) -> Trained:
    """A reservoir that answers at the end; `steps` are its sequences."""
    known, validation, test = compute_ends(
        task, setting["leak"], setting["radius"], setting["scale"], seed
    )
    out = fit_readout(known.x, known.targets, setting["penalty"])

    def score(part: SeriesPart) -> float:
        said, true = readout(out, part.x), part.targets
        if task == "adding":
            return lags.mean_square(said, true)
        return lags.share_wrong(said, true.argmax(-1))

    return Trained(score(validation), steps, lambda: score(test))


def train_parity(setting: Setting, seed: int, steps: int) -> Trained:
    """A plain network that hears at each step whether it is right."""
    rng = np.random.default_rng(seed)
    result, _ = fit_cell(
        lags.compiled_loss(lags.TANH, PARITY),
        lags.first_network(lags.TANH, PARITY, lags.H, BITS, rng),
        lambda rng, step: swap_problem(rng, BITS, lags.B),
        setting["rate"],
        steps,
        rng,
    )

    def score(draw: int) -> float:
        return lags.measure_score(PARITY, unroll_tanh, 1, BITS, draw, result.params)

    found = score(10_000 + seed)
    tqdm.write(f"{setting['rate']:g} {seed}: {found:.3f}")
    return Trained(found, len(result.history.loss), lambda: score(20_000 + seed))


ENDS = {"adding": (lags.TASKS["adding"], ADDING), "parity": (PARITY, BITS)}
unroll_tanh = partial(unroll, rnn_cell)


def run_ends(task: str, unit: str, asked: Options) -> Iterator[Measurement]:
    """The reservoirs, where the answer comes at the end."""
    found = compare(
        {"reservoir": partial(answer, task)},
        ENDS_GRID,
        steps=SEQUENCES,
        seeds=SEEDS,
        headline=True,
        extensions=0 if task == "parity" else 1,  # there all settings guess
    )
    yield Measurement(f"reservoir.{task}", to_json(found), unit, list(SEEDS))


def run_parity(asked: Options) -> Iterator[Measurement]:
    """Reservoirs and a trained network, on bits that turn what is kept."""
    unit = "test share of wrong answers"
    yield from run_ends("parity", unit, asked)
    found = compare(
        {"trained": train_parity},
        {"rate": RATES},
        steps=asked.steps or UPDATES,
        seeds=SEEDS,
        headline=True,
    )
    yield Measurement("reservoir.parity.trained", to_json(found), unit, list(SEEDS))


TRAINING = Training(
    "reservoir",
    __doc__,
    {},
    {
        "mackey-glass": run_series,
        "falling": run_falls,
        "adding": partial(run_ends, "adding", "test mean squared error"),
        "parity": run_parity,
    },
)
