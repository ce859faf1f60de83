"""Who takes part: every method by its name, for any series of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from rnncore.apps.forecast.panel import Covariates
from rnncore.apps.forecast.pipeline import (
    begin_of,
    covariates_of,
    line_split,
    linear,
    network,
)
from rnncore.apps.forecast.scales import count_before, off_scale, on_scale
from rnncore.forecast.backtest import Method
from rnncore.forecast.plan import ForecastPlan
from rnncore.forecast.rivals import Rival, list_rivals
from rnncore.storage.files import Refused

LINE = "linear autoregression"
Entrant = Callable[[str, int], Method | None]  # a series, its history's end


def predict_row(plan: ForecastPlan, networks: int) -> str:
    """The row of the networks' forecast: of several their mean."""
    return f"{plan.cell}, their mean" if networks > 1 else plan.cell


def join_row(plan: ForecastPlan) -> str:
    """The row of the mean of the network's quantiles and of ETS's."""
    return f"{plan.cell} and ETS"


def list_entrants(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    modules: Sequence[torch.nn.Module],
    stop: int,
    beside: Covariates | None = None,
) -> dict[str, Entrant]:
    """All methods by name, from what stands before step `stop`.

    Each makes a method of the back-test for a series, which is fitted to
    the series' history up to a step; None where it cannot be.
    """
    lowest = np.nanmin(frame.to_numpy(dtype=float))
    found: dict[str, Entrant] = {
        name: _enter_rival(frame, plan, rival)
        for name, rival in list_rivals(plan, lowest >= 0).items()
    }
    parts = line_split(plan, stop)
    if parts is not None:
        found[LINE] = _enter_line(frame, plan, parts, beside)
    for k, module in enumerate(modules):
        found[f"network {k}"] = _enter_network(frame, plan, module, beside)
    return found


def _enter_rival(frame: pd.DataFrame, plan: ForecastPlan, rival: Rival) -> Entrant:
    """A rival, on the scale on which all is learnt."""

    def enter(name: str, stop: int) -> Method | None:
        values = frame[name].to_numpy(dtype=float)
        first = begin_of(values)
        if stop - first < rival.least:
            return None
        try:
            method = rival.fit(on_scale(values[first:stop], plan))
        except np.linalg.LinAlgError:  # the series is too regular for it
            return None
        return lambda values, horizon: off_scale(
            method(on_scale(values[first:], plan), horizon), plan
        )

    return enter


def _enter_line(
    frame: pd.DataFrame, plan: ForecastPlan, parts: Any, beside: Covariates | None
) -> Entrant:
    """The straight line; it is fitted when it is first asked."""
    fitted: list[Any] = []

    def enter(name: str, stop: int) -> Method | None:
        if not fitted:
            try:
                fitted.append(linear(frame, plan, parts, beside))
            except Refused:  # every series begins too late for it
                fitted.append(None)
        if fitted[0] is None:
            return None
        ahead = 0 if stop < len(frame) else plan.horizon
        known = covariates_of(frame, ahead, plan.longer, beside, name, plan)
        return fitted[0](known)

    return enter


def _enter_network(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    module: torch.nn.Module,
    beside: Covariates | None,
) -> Entrant:
    def enter(name: str, stop: int) -> Method | None:
        first = begin_of(frame[name].to_numpy())
        if stop - first < plan.history + count_before(plan):
            return None
        ahead = 0 if stop < len(frame) else plan.horizon
        known = covariates_of(frame, ahead, plan.longer, beside, name, plan)
        return network(module, plan, known)

    return enter
