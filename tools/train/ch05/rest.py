"""Where does a trained network come to rest?

Plain networks of 24 units keep three bits ("bits") or a count between -5 and 5
("counts") over 25 steps, in batches of 32. Their weights are what is stored,
to five decimals: the page looks for the points at which they rest. Adam,
clipped at 1, not tuned. Three seeds; half a minute of one core.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from rnncore.backend import tree_map
from rnncore.data.tasks import bits_problem, counting_problem
from rnncore.losses import squared_error, squared_error_vjp
from rnncore.optim import adam
from rnncore.rnn import init_params, init_readout
from rnncore.train import Schedule, fit
from tools.train.ch05.lags import TANH, LagTask, Network, compiled_loss, mean_square
from tools.train.runner import Measurement, Options, Training

H, T, B, MOST = 24, 25, 32, 5


def draw_counts(rng: np.random.Generator, T: int, B: int) -> tuple[Any, Any]:
    """Steps, and the sum so far as a share of the most."""
    x, count = counting_problem(rng, T, B, MOST)
    return x, count / MOST


LOSS = squared_error, squared_error_vjp
TASKS = {
    "bits": LagTask(bits_problem, 3, 3, LOSS, mean_square, ""),
    "counts": LagTask(draw_counts, 1, 1, LOSS, mean_square, ""),
}
RATES = {  # of each task, one after the other, and the steps of each
    "bits": ((0.005,), 1000),
    "counts": ((0.005, 0.001, 0.0002), 1500),
}


def train(name: str, seed: int, steps: int | None = None) -> Network:
    """The weights after the last step."""
    task, rng = TASKS[name], np.random.default_rng(seed)
    network = init_params(rng, task.D, H), init_readout(rng, H, task.K)
    rates, planned = RATES[name]
    for rate in rates:
        network = fit(
            compiled_loss(TANH, task),
            network,
            lambda rng, step: task.batch(rng, T, B),
            optimizer=adam(rate),
            schedule=Schedule(steps or planned, clip=1.0),
            rng=rng,
        ).params
    return network


def run(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One network: the arrays of its layer and of its readout."""
    network = tree_map(lambda w: w.round(5), train(name, seed, asked.steps))
    layer, out = ({k: w.tolist() for k, w in p._asdict().items()} for p in network)
    yield Measurement(f"rest.{name}", {"layer": layer, "out": out}, "weights")


TRAINING = Training("rest", __doc__, {n: partial(run, n) for n in TASKS})
