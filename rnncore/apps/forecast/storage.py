"""The file of a forecaster: its networks, its plan, what is known of it."""

import os
from collections.abc import Sequence
from typing import Any

import torch

from rnncore.apps.forecast.pipeline import build
from rnncore.apps.forecast.tables import check_form
from rnncore.forecast.plan import ForecastPlan
from rnncore.storage.files import Refused
from rnncore.storage.weights import load_module, save_weights

KIND = "forecast"  # what `save_weights` writes down
READ = {"step", "known", "series", "rows", "units"}  # beside the form


def save_forecaster(
    path: str | os.PathLike,
    modules: Sequence[Any],
    plan: ForecastPlan,
    about: dict[str, Any],
) -> None:
    """The networks of all seeds, with what is needed to forecast.

    Of them the last `about["final"]` learnt from all rows, and are not
    those that were scored.
    """
    own = {
        "kind": KIND,
        "plan": plan._asdict(),
        "F": modules[0].network.sizes[0],
        "networks": len(modules) - about.get("final", 0),
    }
    save_weights(path, torch.nn.ModuleList(modules), {**about, **own})


def load_forecaster(
    path: str | os.PathLike,
) -> tuple[list[torch.nn.Module], ForecastPlan, dict[str, Any]]:
    """What `save_forecaster` wrote.

    Raises Refused naming the file where it holds something else.
    """
    modules, about = load_module(path, KIND, _networks, "forecaster")
    check_form(path, about.get("form"))
    if lacking := READ - about.keys():
        raise Refused(f"{path}: no forecaster: it does not say {min(lacking)}")
    return list(modules), _plan_of(about), about


def _plan_of(about: dict[str, Any]) -> ForecastPlan:
    plan = ForecastPlan(**about["plan"])
    return plan._replace(levels=tuple(plan.levels))


def _networks(about: dict[str, Any]) -> torch.nn.ModuleList:
    plan = _plan_of(about)
    F, count = about["F"], about["networks"] + about.get("final", 0)
    return torch.nn.ModuleList(build(plan, F, 0) for _ in range(count))
