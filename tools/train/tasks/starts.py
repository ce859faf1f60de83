"""Compare starts and cells over a lag, each at its own best rate.

`rnncore.comparison` gives all contenders the same steps, seeds and learning
rates. "adding" (chapter 5): plain cells on the adding problem of length 50,
with "says one" as the control whose output begins at the mean of the answers.
"copy" (chapter 6): the copy problem at lag 20, with three initialisations of
the LSTM's biases. 48 units, batches of 32, five seeds; 16 minutes of one core.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.cells import CELLS, Cell
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.tasks import loss_at_the_end
from rnncore.rnn import readout, unroll, zero_state
from tools.train.runner import Asked, Found, Training, fitted
from tools.train.tasks.lags import PLAIN, TASKS, Start, Task, first_params

H, B, HELD_OUT = 48, 32, 1000
RATES = (0.0003, 0.001, 0.003)
SEEDS = (0, 1, 2, 3, 4)
LOOKS = 10  # at the validation set in a run, whose best weights are kept
Change = Callable[[np.random.Generator, int, Any], None]  # rng, lag, params


class Contender(NamedTuple):
    """A start, and what is changed of its weights before training."""

    start: Start
    change: Change = lambda rng, lag, params: None


class Study(NamedTuple):
    """What is compared, on which task, and how long."""

    task: str
    lag: int
    steps: int
    contenders: dict[str, Contender]


def say_one(rng: np.random.Generator, lag: int, params: Any) -> None:
    """Begin with the answer that training would find first: the mean."""
    params[1].b_y[:] = 1


def forget_by_lag(rng: np.random.Generator, lag: int, params: Any) -> None:
    """One forget bias, the logarithm of the lag, for all units."""
    params[0].b_x[H : 2 * H] = np.log(lag)


def chrono(rng: np.random.Generator, lag: int, params: Any) -> None:
    """Time constants spread up to the lag: Tallec & Ollivier 2018."""
    bias = np.log(rng.uniform(1, lag, H))
    params[0].b_x[: 2 * H] = np.concatenate([-bias, bias])
    params[0].b_h[: 2 * H] = 0


def lstm(change: Change | None = None) -> Contender:
    """An LSTM with a forget bias of 1, or with other biases."""
    start = Start(CELLS["LSTM"], None, 1.0)
    return Contender(start, change) if change else Contender(start)


UNIFORM, ORTHOGONAL = Contender(PLAIN["uniform"]), Contender(PLAIN["orthogonal"])
STUDIES = {
    "adding": Study(
        "adding",
        50,
        6000,
        {
            "uniform": UNIFORM,
            "orthogonal": ORTHOGONAL,
            "says one": ORTHOGONAL._replace(change=say_one),
        },
    ),
    "copy": Study(
        "copy",
        20,
        2000,
        {
            "uniform": UNIFORM,
            "orthogonal": ORTHOGONAL,
            "forget 1": lstm(),
            "forget log lag": lstm(forget_by_lag),
            "chrono": lstm(chrono),
        },
    ),
}


def score(task: Task, cell: Cell, lag: int, seed: int, params: Any) -> float:
    """The held-out score on the sequences that a seed draws."""
    layer, out = params
    x, targets = task.batch(np.random.default_rng(seed), lag, HELD_OUT)
    nothing = zero_state(layer, HELD_OUT, cell.parts)
    y, _, _ = unroll(cell.forward, layer, x.astype(np.float32), nothing)
    return task.score(readout(out, y[-len(targets) :]), targets)


def train(study: Study, name: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run; validation and test set belong to the seed."""
    contender, task = study.contenders[name], TASKS[study.task]
    task = task._replace(sizes=(task.sizes[0], H, task.sizes[2]))
    cell, rng = contender.start.cell, np.random.default_rng(seed)
    params = first_params(contender.start, task, rng)
    contender.change(rng, study.lag, params)
    held_out = partial(score, task, cell, study.lag)
    result, seconds = fitted(
        loss_at_the_end(cell.forward, cell.vjp, *task.loss, cell.parts),
        params,
        lambda rng, step: task.batch(rng, study.lag, B),
        setting["rate"],
        steps,
        rng,
        evaluate=partial(held_out, 10_000 + seed),
        evaluate_every=max(1, steps // LOOKS),
    )
    best = min(result.history.score)
    tqdm.write(f"{name} {setting['rate']:g} {seed}: {best:.4f}, {seconds:.1f} s")
    return Trained(
        best, len(result.history.loss), lambda: held_out(20_000 + seed, result.params)
    )


def run(name: str, asked: Asked) -> Iterator[Found]:
    """One comparison, whole."""
    study = STUDIES[name]
    found = compare(
        {n: partial(train, study, n) for n in study.contenders},
        {"rate": RATES},
        steps=asked.steps or study.steps,
        seeds=SEEDS,
        headline=True,
    )
    yield Found(f"starts.{name}", to_json(found), TASKS[study.task].unit, list(SEEDS))


TRAINING = Training(
    "starts", __doc__, {}, {name: partial(run, name) for name in STUDIES}
)
