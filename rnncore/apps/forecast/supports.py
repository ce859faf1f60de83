"""What values a table can have at all, and a forecast with it.

Counts are whole numbers from 0: no quantile of them is -0.3 or 1.7, and
they have networks of their own. Measures from 0 on and shares of a whole
are learnt as roots and as log odds: see `rnncore.forecast.plan.bend`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rnncore.apps.forecast.forking import (
    FIRST,
    Forking,
    Reading,
    Series,
    ask_forking,
    build_forking,
    choose_head,
    measure_loss,
    read_at,
    train_forking,
)
from rnncore.forecast.backtest import Method
from rnncore.forecast.counts import count_head
from rnncore.forecast.plan import COUNTS, POSITIVE, REAL, SHARE, ForecastPlan
from rnncore.forecast.windows import Split
from rnncore.storage.files import Refused
from rnncore.train import Fit

if TYPE_CHECKING:
    import pandas as pd

INFLATED = "counts, more zeros"
HEADS = {COUNTS: count_head(), INFLATED: count_head(inflated=True)}
STEPS = 300  # updates, at most: more gain nothing
EVERY = 50  # from one evaluation to the next


def is_counted(plan: ForecastPlan) -> bool:
    """Whether the values are counts, which have networks of their own."""
    return plan.support in HEADS


def tell_support(frame: pd.DataFrame, support: str = COUNTS) -> str:
    """A line on what was chosen, how it is undone, and what to compare."""
    values = frame.to_numpy(dtype=float)
    zeros = np.mean(values[~np.isnan(values)] == 0)
    if support == SHARE:
        return (
            "values from 0 to 1: forecast as shares of a whole, in log "
            "odds (--support real)"
        )
    if support == POSITIVE:
        return (
            f"no value below 0, {zeros:.0%} of them 0: forecast as roots, "
            "and never below 0 (--support real)"
        )
    told = (
        f"whole numbers from 0, {zeros:.0%} of them 0: forecast as counts "
        "(--support real)"
    )
    if zeros > 0.5:
        told += "; by MASE always 0 would be the best: compare CRPS"
    return told


def settle(quantiles: np.ndarray, support: str) -> np.ndarray:
    """Quantiles that the support has: of counts whole, and none below 0.

    For means of several forecasts, and for methods that know no support.
    """
    if support in (REAL, POSITIVE, SHARE):
        return quantiles
    return np.maximum(np.round(quantiles), 0)


def choose_zeros(series: Series, plan: ForecastPlan, split: Split, seed: int) -> str:
    """With more zeros or without: what says the validation part better."""
    names = [*HEADS]
    known = Series(series.values[: split.validation.stop], series.known, series.past)
    best = choose_head(
        known,
        [*HEADS.values()],
        plan.horizon,
        split.training.stop,
        **_training_of(plan),
        seed=seed,
    )
    return names[best]


def build(plan: ForecastPlan, F: int, seed: int) -> Forking:
    """The network of a plan for counts, with its first weights."""
    head = HEADS[plan.support]
    return build_forking(plan.cell, F, plan.units, plan.horizon, head.P, seed)


def train(
    series: Series, plan: ForecastPlan, split: Split, seed: int, **schedule: Any
) -> tuple[Forking, Fit]:
    """From the training part; the validation part keeps the best weights.

    `schedule` is what `train_forking` takes besides.
    """
    stop = split.training.stop
    before = Series(series.values[:stop], series.known, series.past)
    return train_forking(
        before,
        HEADS[plan.support],
        plan.horizon,
        seed=seed,
        held_out=_held_out(series, plan, split),
        **(_training_of(plan) | {"evaluate_every": EVERY} | schedule),
    )


def refit(
    series: Series, plan: ForecastPlan, steps: int, seed: int, **schedule: Any
) -> Forking:
    """From all rows, for as many updates as `train` found best."""
    return train_forking(
        series,
        HEADS[plan.support],
        plan.horizon,
        seed=seed,
        **(_training_of(plan) | {"steps": steps} | schedule),
    )[0]


def measure_untrained(
    series: Series, plan: ForecastPlan, split: Split, seed: int
) -> float:
    """What `train` judges by, of the network with its first weights."""
    module = build(plan, series.known.shape[-1], seed)
    reading = _held_out(series, plan, split)
    with torch.no_grad():
        return float(measure_loss(module, HEADS[plan.support], reading))


def as_method(
    module: Forking,
    plan: ForecastPlan,
    levels: Sequence[float],
    known: np.ndarray,
    past: int = 0,
) -> Method:
    """The network as a method of the back-test, for one series.

    `known` are the covariates, as far ahead as it is asked.

    Shapes: known (N, F)
    """

    def method(values: np.ndarray, horizon: int) -> np.ndarray:
        if horizon != plan.horizon:
            raise ValueError(f"horizon: expected {plan.horizon}, got {horizon}")
        one = Series(values[:, None], known[:, None], past)
        reading = read_at(one, [len(values)], horizon)
        out = ask_forking(module, reading)
        found = HEADS[plan.support].quantiles(out, levels)
        return found[..., 0].cpu().numpy().astype(float)

    return method


def _training_of(plan: ForecastPlan) -> dict[str, Any]:
    steps = min(plan.steps, STEPS)
    return {"cell": plan.cell, "H": plan.units, "steps": steps}


def _held_out(series: Series, plan: ForecastPlan, split: Split) -> Reading:
    """The validation part's targets, of the series that are old enough."""
    part, K = split.validation, plan.horizon
    old = series.begins <= part.start - FIRST
    if not old.any():
        raise Refused(f"no series has {FIRST} steps before the validation part")
    known = Series(series.values[: part.stop, old], series.known[:, old], series.past)
    return read_at(known, range(part.start, part.stop - K + 1, K), K)
