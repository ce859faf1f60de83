"""Compares ways to mark a missing value in a network's input.

Windows of 60 steps of the Mackey-Glass series, of which each step was seen
with a probability of 0.15; a GRU predicts the series 6 steps after the
window. The gaps are filled in four ways: the last value carried on; that, the
mask and the steps since as three inputs; a straight line between what was seen,
inside the window; that, the mask and the steps since. A fifth network sees
every value. Same updates, seeds and learning rates for all; "gaps.study" holds
the comparison, "gaps.simple" the errors without a network. Three seeds, ten
minutes of one core.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.series import mackey_glass
from rnncore.nn import GRU
from tools.train.runner import Measurement, Options, Training, fit_module

WINDOW, AHEAD, SEEN = 60, 6, 0.15
COUNTS = {"train": 3000, "validation": 1000, "test": 1000}  # windows
H, B, UPDATES = 24, 32, 1500
RATES = [0.003, 0.01, 0.03]
UNIT = "root mean squared error, standard deviations"


class Windows(NamedTuple):
    """Windows of a series, what was seen of them, and what follows."""

    x: np.ndarray  # (T, N)
    seen: np.ndarray  # (T, N), bool
    y: np.ndarray  # (N,)


@cache
def make_windows(part: str) -> Windows:
    """One part's windows, standardised; each part has a separate series."""
    seed = list(COUNTS).index(part)
    rng = np.random.default_rng((7, seed))
    N, length = COUNTS[part], WINDOW + AHEAD
    series = (mackey_glass(rng, N + length) - 0.93) / 0.23
    both = np.lib.stride_tricks.sliding_window_view(series, length)[:N].T
    seen = rng.random((WINDOW, N)) < SEEN
    return Windows(both[:WINDOW].copy(), seen, both[-1].copy())


def steps_since(seen: np.ndarray) -> np.ndarray:
    """Steps since a value was seen, from the window's begin on if never yet.

    Shapes: seen (T, N) -> since (T, N)
    """
    since = np.zeros(seen.shape)
    for t in range(1, len(seen)):
        since[t] = np.where(seen[t], 0, since[t - 1] + 1)
    return since


def carry_forward(x: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The last value seen, and 0, the mean, before the first.

    Shapes: x (T, N); seen (T, N) -> filled (T, N)
    """
    filled = np.where(seen, x, 0.0)
    for t in range(1, len(x)):
        filled[t] = np.where(seen[t], x[t], filled[t - 1])
    return filled


def interpolate_gaps(x: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """A straight line between what was seen; the ends are carried.

    A column of which nothing was seen is 0.

    Shapes: x (T, N); seen (T, N) -> filled (T, N)
    """
    filled, at = np.zeros(x.shape), np.arange(len(x))
    for n in range(x.shape[1]):
        if seen[:, n].any():
            known = at[seen[:, n]]
            filled[:, n] = np.interp(at, known, x[known, n])
    return filled


def make_inputs(way: str, part: Windows) -> np.ndarray:
    """What the network reads.

    Shapes: -> inputs (T, N, D)
    """
    filled = {
        "carried": carry_forward,
        "carried, time": carry_forward,
        "interpolated": interpolate_gaps,
        "interpolated, time": interpolate_gaps,
        "every value": lambda x, seen: x,
    }[way](part.x, part.seen)
    if not way.endswith("time"):
        return filled[..., None]
    return np.stack([filled, part.seen, steps_since(part.seen) / 10], axis=-1)


WAYS = "carried", "carried, time", "interpolated", "interpolated, time", "every value"


class Forecaster(nn.Module):
    """A GRU over the window, and a line from its last state."""

    def __init__(self, D: int) -> None:
        super().__init__()
        self.layer, self.out = GRU(D, H), nn.Linear(H, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: x (T, B, D) -> y (B,)."""
        return self.out(self.layer(x)[0][-1])[:, 0]


def root_error(forecast: np.ndarray, y: np.ndarray) -> float:
    """The root of the mean squared error, in standard deviations of y."""
    return float(np.sqrt(np.mean((forecast - y) ** 2)) / y.std())


def train(way: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run, from its seed."""
    torch.manual_seed(seed)
    known = {part: make_windows(part) for part in COUNTS}
    read = {
        part: torch.tensor(make_inputs(way, w), dtype=torch.float32)
        for part, w in known.items()
    }
    goal = torch.tensor(known["train"].y, dtype=torch.float32)
    module = Forecaster(read["train"].shape[-1])

    def next_batch(rng: np.random.Generator, step: int) -> tuple[Tensor, Tensor]:
        n = rng.integers(0, len(goal), B)
        return read["train"][:, n], goal[n]

    def loss(module: nn.Module, batch: tuple, carry: object) -> tuple:
        return nn.functional.mse_loss(module(batch[0]), batch[1]), 0

    def error(part: str) -> float:
        with torch.no_grad():
            return root_error(module(read[part]).numpy(), known[part].y)

    fit_module(module, loss, next_batch, setting["rate"], steps, seed, way)
    return Trained(error("validation"), steps, partial(error, "test"))


def covariances(series: np.ndarray) -> np.ndarray:
    """Of a series with itself, at lags from 0 to that of the forecast.

    Shapes: series (N,) -> covariances (WINDOW + AHEAD,)
    """
    x = series - series.mean()
    lags = range(WINDOW + AHEAD)
    return np.array([x[lag:] @ x[: len(x) - lag] / len(x) for lag in lags])


def krige(known: np.ndarray, mean: float, part: Windows) -> np.ndarray:
    """The best linear forecast from the values seen, at their own times.

    `known` are the covariances by lag.

    Shapes: -> forecasts (N,)

    Source: Matheron 1963.
    """
    forecasts = np.full(len(part.y), mean)
    for n, seen in enumerate(part.seen.T):
        at = np.flatnonzero(seen)
        C = known[abs(at[:, None] - at)]
        c = known[WINDOW - 1 + AHEAD - at]
        forecasts[n] += np.linalg.solve(C, c) @ (part.x[at, n] - mean)
    return forecasts


def without_network() -> dict[str, float]:
    """The errors of the last value, and of kriging."""
    fit, test = make_windows("train"), make_windows("test")
    last = root_error(carry_forward(test.x, test.seen)[-1], test.y)
    forecasts = krige(covariances(fit.y), float(fit.y.mean()), test)
    return {"last value": last, "kriging": root_error(forecasts, test.y)}


def run_study(asked: Options) -> Iterator[Measurement]:
    """All ways with the same updates, rates and seeds."""
    contenders: dict[str, Callable] = {way: partial(train, way) for way in WAYS}
    steps = asked.steps or UPDATES
    found = compare(contenders, {"rate": RATES}, steps=steps, seeds=asked.seeds)
    yield Measurement("gaps.study", to_json(found), UNIT, list(asked.seeds))


def run_simple(asked: Options) -> Iterator[Measurement]:
    """What needs no network."""
    yield Measurement("gaps.simple", without_network(), UNIT, None)


TRAINING = Training("gaps", __doc__, {}, {"study": run_study, "simple": run_simple})
