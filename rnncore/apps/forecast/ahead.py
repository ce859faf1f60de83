"""The steps after a table's end, by the method that was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from rnncore.apps.forecast.entrants import LINE, Entrant, join_row, list_entrants
from rnncore.apps.forecast.panel import Covariates
from rnncore.apps.forecast.pipeline import begin_of
from rnncore.forecast.backtest import Method, Progress
from rnncore.forecast.plan import ForecastPlan, bend
from rnncore.forecast.rivals import list_rivals
from rnncore.storage.files import Refused


def forecast_ahead(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    method: str,
    modules: Sequence[torch.nn.Module] = (),
    beside: Covariates | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """For each series the quantiles of the steps after the table's end.

    `method` is a row of `compare`. A series that never moved goes on as
    it is. The second dictionary has those that are not forecast, and why.

    Raises Refused where there is none to forecast, or no such method.
    """
    rows = {*list_rivals(plan, True), LINE}
    own = {plan.cell, f"{plan.cell}, their mean"}
    parts = [method]
    if method in own or method == join_row(plan):
        parts = [f"network {k}" for k in range(len(modules))]
        rows |= {*parts}
    entrants = list_entrants(frame, plan, modules, len(frame), beside)
    if not parts or not rows.issuperset(parts):
        known = ", ".join([*list_rivals(plan, True), LINE, plan.cell])
        raise Refused(f"method: expected one of {known}, got {method!r}")
    said, left = {}, {}
    for name in progress([*frame]) if progress else frame:
        values = frame[name].to_numpy(dtype=float)
        why = _why_not(values, plan)
        if why:
            left[name] = why
            continue
        seen = values[begin_of(values) :]
        if (seen == seen[0]).all():
            shape = len(plan.levels), plan.horizon
            said[name] = date_steps(frame, plan, np.full(shape, seen[0]))
            continue
        made = [_enter(entrants, part, name, len(frame)) for part in parts]
        if method == join_row(plan):
            smooth = _enter(entrants, "ETS", name, len(frame))
            made += [smooth] * len(made)  # as much as all networks
        asked = [one for one in made if one is not None]
        if len(asked) < len(made):
            left[name] = f"{method} cannot be fitted to {len(seen)} rows"
            continue
        quantiles = [one(values, plan.horizon) for one in asked]
        said[name] = date_steps(frame, plan, np.mean(quantiles, axis=0))
    if not said:
        name, why = next(iter(left.items()))
        raise Refused(f"{name}: {why}")
    return said, left


def _enter(
    entrants: Mapping[str, Entrant], method: str, name: str, stop: int
) -> Method | None:
    found = entrants.get(method)
    return None if found is None else found(name, stop)


def _why_not(values: np.ndarray, plan: ForecastPlan) -> str:
    """Why a series cannot be forecast; "" where it can."""
    if np.isnan(values[-1]):
        return "it ended before the others"
    if plan.logs and np.nanmin(values) <= 0:
        return "it is forecast in logarithms, and has a value of 0 or less"
    try:
        bend(values, plan.link)
    except Refused as error:
        return str(error)
    return ""


def date_steps(
    frame: pd.DataFrame, plan: ForecastPlan, quantiles: np.ndarray
) -> pd.DataFrame:
    """The steps to come by date, from quantiles (Q, K)."""
    dates = pd.date_range(
        frame.index[-1], periods=plan.horizon + 1, freq=frame.index.freq
    )[1:]
    return pd.DataFrame(
        quantiles.T,
        index=pd.Index(dates, name=frame.index.name),
        columns=[f"{level:g}" for level in plan.levels],
    )
