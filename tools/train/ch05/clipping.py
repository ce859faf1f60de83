"""What does clipping the gradient do for SGD, and what for Adam?

The adding problem of length 40 with ReLU units whose recurrent matrix begins
as the identity, so that gradients explode now and then. "sgd" and "adam" each
compare the free optimiser with the clipped one; rate and threshold are tuned
alike. A free run has no threshold and is made once for all of them. The score
is the error after the last step as a share of that of always answering 1; a
run that is no longer finite has none. Five seeds; about eight minutes of one core.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from tqdm import tqdm

from rnncore.backend import tree_map
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.tasks import adding_problem, loss_at_the_end
from rnncore.optim import Optimizer, Tree, adam, sgd
from rnncore.rnn import readout, unroll, zero_state
from rnncore.train import Schedule, fit
from tools.train.ch05.lags import PLAIN, TASKS, first_network
from tools.train.runner import Measurement, Options, Training

T, H, B, STEPS, HELD_OUT = 40, 32, 16, 800, 1000
SEEDS = (0, 1, 2, 3, 4)
OPTIMIZERS: dict[str, tuple[Callable[[float], Optimizer], list[float]]] = {
    "sgd": (sgd, [0.001, 0.003, 0.01]),
    "adam": (adam, [0.001, 0.003, 0.01]),
}
THRESHOLDS = [0.1, 1.0, 10.0, 30.0]
START, TASK = PLAIN["identity"], TASKS["adding"]


def measure_score(seed: int, params: Tree) -> float:
    """The error on the sequences that a seed draws; 1: says the mean."""
    layer, out = params
    x, targets = adding_problem(np.random.default_rng(seed), T, HELD_OUT)
    y, _, _ = unroll(
        START.cell.forward, layer, x.astype(np.float32), zero_state(layer, HELD_OUT)
    )
    error = np.mean((readout(out, y[-1:]) - targets) ** 2)
    return float(error / np.mean((targets - 1) ** 2))


@cache
def run(name: str, rate: float, threshold: float | None, seed: int, steps: int) -> Tree:
    """The weights after the last step.

    Raises FloatingPointError where they, or what led to them, are not finite.
    """
    rng = np.random.default_rng(seed)
    params = first_network(START, TASK, H, T, rng)
    with np.errstate(over="ignore", invalid="ignore"):
        return fit(
            loss_at_the_end(START.cell.forward, START.cell.vjp, *TASK.loss),
            tree_map(lambda w: w.astype(np.float32), params),
            lambda rng, step: adding_problem(rng, T, B),
            optimizer=OPTIMIZERS[name][0](rate),
            schedule=Schedule(steps, threshold),
            rng=rng,
        ).params


def train(name: str, clips: bool, setting: Setting, seed: int, steps: int) -> Trained:
    """One run; validation and test set belong to the seed."""
    threshold = setting["threshold"] if clips else None
    params = run(name, setting["rate"], threshold, seed, steps)
    with np.errstate(over="ignore", invalid="ignore"):
        validation, test = (measure_score(k + seed, params) for k in (10_000, 20_000))
    if not np.isfinite([validation, test]).all():
        raise FloatingPointError(f"scores are {validation} and {test}")
    tqdm.write(f"{name} {setting} {clips} {seed}: {validation:.3f}")
    return Trained(validation, steps, lambda: test)


def run_study(name: str, asked: Options) -> Iterator[Measurement]:
    """One optimiser, free and clipped."""
    found = compare(
        {"free": partial(train, name, False), "clipped": partial(train, name, True)},
        {"rate": OPTIMIZERS[name][1], "threshold": THRESHOLDS},
        steps=asked.steps or STEPS,
        seeds=SEEDS,
        headline=True,
        extensions=1,
    )
    unit = "error after the last step, as a share of that of always answering 1"
    yield Measurement(f"clipping.{name}", to_json(found), unit, list(SEEDS))


TRAINING = Training(
    "clipping", __doc__, {}, {name: partial(run_study, name) for name in OPTIMIZERS}
)
