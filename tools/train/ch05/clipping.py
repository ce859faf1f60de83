"""What does clipping the gradient do for Adam, and what a shorter memory?

The adding problem of length 40 with ReLU units whose recurrent matrix begins
as the identity, so that gradients explode now and then. "adam" compares the
free optimiser with the clipped one; rate and threshold are tuned alike. A free
run has no threshold and is made once for all of them. "memory": no threshold,
and a smaller beta_2, each at its own best rate. The score is the error after
the last step as a share of that of always answering 1; a run that is no longer
finite has none. Five seeds; about eight minutes of one core.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from tqdm import tqdm

from rnncore.backend import tree_map
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.tasks import adding_problem, loss_at_the_end
from rnncore.optim import Tree, adam
from rnncore.rnn import readout, unroll, zero_state
from rnncore.train import Schedule, fit
from tools.train.ch05.lags import PLAIN, TASKS, first_network
from tools.train.runner import Measurement, Options, Training

T, H, B, STEPS, HELD_OUT = 40, 32, 16, 800, 1000
SEEDS = (0, 1, 2, 3, 4)
RATES = [0.001, 0.003, 0.01]
BETA_2 = 0.999  # Adam's usual one
SHORTER = {f"beta_2 {beta:g}": beta for beta in (0.99, 0.9, 0.5)}
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
def run(
    beta_2: float, rate: float, threshold: float | None, seed: int, steps: int
) -> Tree:
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
            optimizer=adam(rate, beta_2=beta_2),
            schedule=Schedule(steps, threshold),
            rng=rng,
        ).params


def train(
    beta_2: float, clips: bool, setting: Setting, seed: int, steps: int
) -> Trained:
    """One run; validation and test set belong to the seed."""
    threshold = setting["threshold"] if clips else None
    params = run(beta_2, setting["rate"], threshold, seed, steps)
    with np.errstate(over="ignore", invalid="ignore"):
        validation, test = (measure_score(k + seed, params) for k in (10_000, 20_000))
    if not np.isfinite([validation, test]).all():
        raise FloatingPointError(f"scores are {validation} and {test}")
    tqdm.write(f"{beta_2:g} {setting} {clips} {seed}: {validation:.3f}")
    return Trained(validation, steps, lambda: test)


def run_study(
    name: str,
    contenders: dict[str, Callable],
    grid: dict[str, list[float]],
    asked: Options,
) -> Iterator[Measurement]:
    """One comparison of ways to meet a long gradient."""
    found = compare(
        contenders,
        grid,
        steps=asked.steps or STEPS,
        seeds=SEEDS,
        headline=True,
        extensions=1,
    )
    unit = "error after the last step, as a share of that of always answering 1"
    yield Measurement(f"clipping.{name}", to_json(found), unit, list(SEEDS))


STUDIES = {
    "adam": partial(
        run_study,
        "adam",
        {
            "free": partial(train, BETA_2, False),
            "clipped": partial(train, BETA_2, True),
        },
        {"rate": RATES, "threshold": THRESHOLDS},
    ),
    "memory": partial(
        run_study,
        "memory",
        {name: partial(train, beta, False) for name, beta in SHORTER.items()},
        {"rate": RATES},
    ),
}
TRAINING = Training("clipping", __doc__, {}, STUDIES)
