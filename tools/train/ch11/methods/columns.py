"""All columns of a table by one network that reads several steps at once.

Each column is forecast from its own past by the same weights, as in the
literature on long horizons. Source: Zhou et al. 2021.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.application import cooling, seeded, train_module
from rnncore.forecast.heads import mean_head
from rnncore.forecast.training import as_tensors, ask, whole_horizon
from rnncore.forecast.windows import Windows, cut, join, origins
from rnncore.train import Fit, Schedule
from tools.train.ch11.methods.segments import FromLast, Segments

AT_ONCE = 1_000  # windows that are asked for together


class ColumnPlan(NamedTuple):
    """What the network is made with."""

    horizon: int
    history: int = 336
    segment: int = 24  # steps that are read at once
    season: int = 1  # steps that are repeated where it knows nothing
    hidden: int = 64  # units
    keep: float = 1.0  # share of the last state that dropout leaves
    rate: float = 0.005  # before it falls to 0
    batch: int = 32  # windows of each column an update
    steps: int = 300
    looks: int = 8  # at validation


def build_columns(plan: ColumnPlan, seed: int) -> FromLast:
    """A network that reads segments, and counts from the last value."""
    K = plan.horizon
    with seeded(seed):
        part = Segments("GRU", plan.segment, plan.hidden, K, plan.keep)
        return FromLast(K, plan.season, part)


def train_columns(
    values: np.ndarray,
    training: range,
    plan: ColumnPlan,
    *,
    evaluate: Callable[[Any], float],
    seed: int,
    progress: Callable[[Any], Any],
) -> tuple[FromLast, Fit]:
    """The network of a plan with the weights that `evaluate` likes best.

    An update sees `plan.batch` origins, drawn anew, in all columns.
    `values` are (N, C).

    Raises ValueError where the part has no room for a window.
    """
    module = build_columns(plan, seed)
    T, K, like = plan.history, plan.horizon, next(module.parameters())
    at = origins(training, T, K)

    def next_batch(rng: np.random.Generator, step: int) -> Windows:
        some = rng.choice(at, plan.batch)
        return as_tensors(join([cut(v, some, T, K) for v in values.T]), like)

    looks = max(1, plan.steps // plan.looks)
    fit = train_module(
        module,
        whole_horizon(mean_head()),
        next_batch,
        optimizer=cooling(plan.rate, plan.steps),
        schedule=Schedule(plan.steps, 1.0, looks, progress=progress),
        rng=np.random.default_rng(seed),
        evaluate=evaluate,
    )
    return module, fit


def ask_columns(module: torch.nn.Module, windows: Windows) -> np.ndarray:
    """What the network says of each window: (K, B)."""
    said = []
    for i in range(0, windows.target.shape[1], AT_ONCE):
        some = Windows(*(a[:, i : i + AT_ONCE] for a in windows))
        said.append(ask(module, some)[..., 0].numpy())
    return np.concatenate(said, axis=1)


def measure_errors(said: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """The mean squared and the mean absolute error.

    Shapes: said (K, B); target (K, B)
    """
    wrong = np.subtract(said, target, dtype=float)
    return {"mse": float((wrong**2).mean()), "mae": float(np.abs(wrong).mean())}
