"""All columns of a table by one network that reads several steps at once.

The protocol of the literature on long horizons: units of the training
part, each column forecast from its own past by the same weights, every
window of the test part judged. Source: Zhou et al. 2021.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.application import cooling, seeded, train_module
from rnncore.apps.forecast.segments import FromLast, Segments
from rnncore.forecast.heads import mean_head
from rnncore.forecast.plan import NINE, bend, unbend
from rnncore.forecast.training import as_tensors, ask, whole_horizon
from rnncore.forecast.windows import (
    Scaler,
    Split,
    Windows,
    cut,
    fit_scaler,
    join,
    origins,
    scaled,
    unscaled,
)
from rnncore.storage.weights import load_module, save_weights
from rnncore.train import Fit, Schedule

KIND = "forecast, segments"  # of weights
AT_ONCE = 1_000  # windows that are asked for together
# what the validation part chooses from, unless it is given
RATES, KEEPS = (0.002, 0.005, 0.01, 0.02), (0.7, 1.0)
SPREAD, CHANGE = "spread", "change"  # units of a column
MSE, RSE = "mse", "rse"  # of all windows in their units; of the values


class ColumnPlan(NamedTuple):
    """What the network is made with; JSON holds it beside the weights."""

    horizon: int
    history: int = 336
    segment: int = 24  # steps that are read at once
    season: int = 1  # steps that are repeated where it knows nothing
    cell: str = "GRU"
    hidden: int = 64  # units
    keep: float = 1.0  # share of the last state that dropout leaves
    rate: float = 0.005  # before it falls to 0
    batch: int = 32  # windows of each column an update
    steps: int = 300
    looks: int = 8  # at validation
    levels: tuple[float, ...] = NINE  # of the quantiles that are told
    link: str = ""  # what is learnt of a value: see `bend`
    unit: str = SPREAD  # of a column: see `standardise`
    judge: str = MSE  # of the validation part: what weights are kept by


class Standard(NamedTuple):
    """A table's columns in units of their training part."""

    values: np.ndarray  # (N, C)
    scaler: Scaler  # (C,) each
    link: str


def standardise(
    values: np.ndarray, stop: int, link: str = "", unit: str = SPREAD
) -> Standard:
    """Columns in units of what stands before `stop`, bent if asked.

    The unit is their spread, as of z-scores, or that of their changes
    from step to step. `values` are (N, C).

    Raises Refused where a value cannot be bent.
    """
    bent = bend(values, link)
    scaler = fit_scaler(bent[:stop])
    if unit == CHANGE:
        changes = fit_scaler(np.diff(bent[:stop], axis=0))
        scaler = scaler._replace(spread=changes.spread)
    return Standard(scaled(bent, scaler).astype(np.float32), scaler, link)


def restore(said: np.ndarray, columns: Standard) -> np.ndarray:
    """What was said of all columns, in the table's own units.

    `said` is (..., C).
    """
    values: np.ndarray = unscaled(said.astype(float), columns.scaler)
    return unbend(values, columns.link)


def cut_columns(
    values: np.ndarray, part: range, plan: ColumnPlan, every: int = 1
) -> Windows:
    """Windows whose targets are in the part, column after column.

    `values` are (N, C).

    Raises ValueError where the part has no room for a window.
    """
    at = origins(part, plan.history, plan.horizon, every)
    return join([cut(v, at, plan.history, plan.horizon) for v in values.T])


def build_columns(plan: ColumnPlan, seed: int) -> FromLast:
    """A network that reads segments, and counts from the last value."""
    K = plan.horizon
    with seeded(seed):
        part = Segments(plan.cell, plan.segment, plan.hidden, K, plan.keep)
        return FromLast(K, plan.season, part)


def train_columns(
    values: np.ndarray,
    training: range,
    plan: ColumnPlan,
    *,
    evaluate: Callable[[Any], float],
    seed: int,
    device: torch.device | str = "cpu",
    **schedule: Any,
) -> tuple[FromLast, Fit]:
    """The network of a plan with the weights that `evaluate` likes best.

    An update sees `plan.batch` origins, drawn anew, in all columns.
    `schedule` is what a `Schedule` has beside the plan; `values` are
    (N, C).

    Raises ValueError where the part has no room for a window.
    """
    module = build_columns(plan, seed).to(device)
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
        schedule=Schedule(plan.steps, 1.0, looks, **schedule),
        rng=np.random.default_rng(seed),
        evaluate=evaluate,
    )
    return module, fit


def ask_columns(modules: Sequence[torch.nn.Module], windows: Windows) -> np.ndarray:
    """The mean of their forecasts: (K, B)."""
    said = []
    for i in range(0, windows.target.shape[1], AT_ONCE):
        some = Windows(*(a[:, i : i + AT_ONCE] for a in windows))
        each = [ask(module, some)[..., 0] for module in modules]
        said.append(torch.stack(each).mean(dim=0).cpu().numpy())
    return np.concatenate(said, axis=1)


def measure_errors(said: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """The mean squared and the mean absolute error.

    Shapes: said (K, B); target (K, B)
    """
    wrong = np.subtract(said, target, dtype=float)
    return {"mse": float((wrong**2).mean()), "mae": float(np.abs(wrong).mean())}


def measure_rse(
    columns: Standard,
    part: range,
    plan: ColumnPlan,
    predict: Callable[[Windows], np.ndarray],
) -> float:
    """The error of each step of the part, told `horizon` steps before.

    The root of its mean square, over the spread of all values there,
    whichever their column. Source: Lai et al. 2018.
    """
    K, C = plan.horizon, columns.values.shape[1]
    first = max(part.start - K + 1, plan.history)
    windows = cut_columns(columns.values, range(first, part.stop), plan)
    said, came = (
        restore(a[-1].reshape(C, -1).T, columns)
        for a in (predict(windows), windows.target)
    )
    return float(np.sqrt(((said - came) ** 2).mean()) / came.std())


def find_spread(
    said: np.ndarray, target: np.ndarray, C: int, levels: Sequence[float]
) -> np.ndarray:
    """Quantiles of past errors, of each column and step ahead.

    `said` and `target` are (K, B), column after column; the quantiles
    (Q, K, C).
    """
    errors = (target - said).reshape(len(said), C, -1)
    return np.quantile(errors, levels, axis=2)


def save_columns(
    path: str | os.PathLike,
    modules: Sequence[torch.nn.Module],
    plan: ColumnPlan,
    about: dict[str, Any],
) -> None:
    """The networks of all seeds, with what is needed to forecast."""
    own = {"kind": KIND, "plan": plan._asdict(), "networks": len(modules)}
    save_weights(path, torch.nn.ModuleList(modules), {**about, **own})


def load_columns(
    path: str | os.PathLike,
) -> tuple[list[torch.nn.Module], ColumnPlan, dict[str, Any]]:
    """What `save_columns` wrote.

    Raises Refused naming the file where it holds something else.
    """

    def make(about: dict[str, Any]) -> torch.nn.ModuleList:
        plan, count = _plan_of(about), about["networks"]
        return torch.nn.ModuleList(build_columns(plan, 0) for _ in range(count))

    modules, about = load_module(path, KIND, make, "forecaster")
    return list(modules), _plan_of(about), about


def _plan_of(about: dict[str, Any]) -> ColumnPlan:
    plan = ColumnPlan(**about["plan"])
    return plan._replace(levels=tuple(plan.levels))


def split_rows(rows: int, given: Sequence[int] | None = None) -> Split:
    """So many rows to learn from, to choose by and to be judged on.

    Unless they are given three fifths, one and one.

    Raises ValueError where the table has fewer rows, or a part has none.
    """
    if given is None:
        ends = (np.array([0.6, 0.8, 1.0]) * rows + 1e-9).astype(int)
    else:
        ends = np.cumsum(given)
    first, second, last = ends.tolist()
    if last > rows or not 0 < first < second < last:
        least = max(last, 3)
        raise ValueError(f"expected at least {least} rows, got {rows}")
    return Split(range(first), range(first, second), range(second, last))
