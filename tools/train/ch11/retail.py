"""Australian retail: 148 series of monthly turnover, each year from the December before.

By the functions of the command `forecast`, with its defaults: the table up to that
December, four series that ended and all, is learnt from; 12 months are forecast by
"network and ETS", the mean of the quantiles of three networks and of ETS. Beside it
stand its parts, and rules. Scores are in units of the series' own yearly change before
that December; intervals of the mean less another method are over series, and over the
20 industries. The scale is the command's choice; a year's "season" is the same in
differences from a year before. About four minutes of one core a year.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from rnncore.apps.forecast.ahead import forecast_ahead
from rnncore.apps.forecast.entrants import LINE, join_row, predict_row
from rnncore.apps.forecast.pipeline import prefer_season, refit, train
from rnncore.comparison.intervals import bootstrap
from rnncore.data.public.series import Turnover, retail_turnover
from rnncore.data.public.store import find
from rnncore.forecast.plan import SEASON, ForecastPlan, parts_of, plan_for
from rnncore.forecast.scores import coverage, crps, smape
from tools.train.runner import SEEDS, Measurement, Options, Training, show_progress

K = 12  # months
KEY = "real.retail"
UNIT = "the series' yearly change; shares"
OURS, PART = "network and ETS", "network"
RIVALS = "ETS", LINE, "theta", "seasonal naive"


class Year(NamedTuple):
    """What came in a year, and what the series were before it.

    Shapes: came (K, S); unit (S,)
    """

    names: list[str]
    industries: list[str]
    came: np.ndarray
    unit: np.ndarray


def read_before(table: Turnover, year: int) -> tuple[pd.DataFrame, Year]:
    """What stood before a year, a column a series; and what came in it."""
    months = table.months.astype("datetime64[M]")
    stop = int(np.flatnonzero(months == np.datetime64(f"{year}-01"))[0])
    dates = pd.date_range(f"{months[0]}-01", periods=stop, freq="MS", name="month")
    frame = pd.DataFrame(table.values[:stop], dates, table.names)
    came = table.values[stop : stop + K]
    alive = np.flatnonzero(~np.isnan(came).any(axis=0))
    before = table.values[:stop, alive]
    unit = np.nanmean(np.abs(before[K:] - before[:-K]), axis=0)
    known = Year(
        [table.names[k] for k in alive],
        [table.industries[k] for k in alive],
        came[:, alive],
        unit,
    )
    return frame.dropna(axis="columns", how="all"), known


def choose_plan(frame: pd.DataFrame, scale: str, steps: int | None) -> ForecastPlan:
    """As the command chooses it, unless scale and updates are given."""
    plan = plan_for(frame, K)
    if not scale:
        scale = SEASON if prefer_season(frame, plan) else plan.scale
    return plan._replace(scale=scale, steps=steps or plan.steps)


def train_networks(frame: pd.DataFrame, plan: ForecastPlan) -> list[torch.nn.Module]:
    """One a seed, of all rows, after as many updates as validation liked best."""
    modules = []
    for seed in SEEDS:
        how: dict[str, Any] = {"seed": seed, "progress": show_progress(f"seed {seed}")}
        _, fit = train(frame, plan, parts_of(frame, plan), **how)
        course = fit.history
        best = int(course.evaluated[int(np.argmin(course.score))])
        modules.append(refit(frame, plan, best, **how))
    return modules


def ask_all(
    frame: pd.DataFrame, plan: ForecastPlan, modules: list[Any], names: list[str]
) -> dict[str, np.ndarray]:
    """What every method forecasts. Shapes: -> quantiles (Q, K, S) each"""
    rows = {OURS: join_row(plan), PART: predict_row(plan, len(modules))}
    said = {}
    for method in (OURS, PART, *RIVALS[1:]):
        row = rows.get(method, method)
        told, _ = forecast_ahead(frame, plan, row, modules)
        said[method] = np.stack([told[name].to_numpy().T for name in names], axis=-1)
    # ETS is slow: it is what is left of the mean of both
    said["ETS"] = 2 * said[OURS] - said[PART]
    return said


def measure_scores(
    said: np.ndarray, levels: tuple[float, ...], year: Year
) -> dict[str, Any]:
    """Scores by series, and shares of all that came within two levels.

    Shapes: said (Q, K, S)
    """
    middle = said[levels.index(0.5)]
    error = middle - year.came
    places = range(len(year.unit))
    each = [crps(year.came[:, [s]], said[:, :, [s]], levels) for s in places]
    found: dict[str, Any] = {
        "mase": np.abs(error).mean(axis=0) / year.unit,
        "crps": np.array(each) / year.unit,
        "smape": smape(year.came, middle),
        "bias": float((error.mean(axis=0) / year.came.mean(axis=0)).mean()),
    }
    for low in (0.025, 0.1):
        ends = said[levels.index(low)], said[levels.index(1 - low)]
        found[f"inside {1 - 2 * low:.0%}"] = coverage(year.came, *ends)
    return found


def find_intervals(apart: np.ndarray, industries: list[str]) -> dict[str, list[float]]:
    """95 % of a mean difference, over series and over industries.

    Shapes: apart (S,)
    """
    of = np.array(industries)
    sums = np.array([[apart[of == one].sum(), (of == one).sum()] for one in {*of}])

    def mean_of_industries(places: np.ndarray) -> float:
        total, count = sums[places].sum(axis=0)
        return float(total / count)

    rng = np.random.default_rng(0)
    over = bootstrap(lambda places: float(apart[places].mean()), len(apart), rng)
    among = bootstrap(mean_of_industries, len(sums), rng)
    return {
        "series": np.round(over, 4).tolist(),
        "industries": np.round(among, 4).tolist(),
    }


def run_year(name: str, asked: Options) -> Iterator[Measurement]:
    """All rows of a year, or of its "season", and the scale that was learnt on."""
    year, _, scale = name.partition(".")
    frame, known = read_before(retail_turnover(), int(year))
    plan = choose_plan(frame, scale, asked.steps)
    said = ask_all(frame, plan, train_networks(frame, plan), known.names)
    key = f"{KEY}.{name}"
    yield Measurement(f"{key}.scale", plan.scale, "chosen", None)
    scores = {
        method: measure_scores(q, tuple(plan.levels), known)
        for method, q in said.items()
    }
    for method in (OURS, PART, *RIVALS):
        yield make_row(f"{key}.{method}", scores[method], scores[OURS], known)


def make_row(
    key: str, scores: Mapping[str, Any], ours: Mapping[str, Any], year: Year
) -> Measurement:
    """A row; "less" are the intervals of our method less this one."""
    value: dict[str, Any] = {
        name: round(float(np.mean(score)), 4) for name, score in scores.items()
    }
    if scores is not ours:
        value["less"] = {
            name: find_intervals(ours[name] - scores[name], year.industries)
            for name in ("mase", "crps")
        }
    return Measurement(key, value | {"series": len(year.unit)}, UNIT, None)


YEARS = {
    name: partial(run_year, name)
    for year in find("aus_retail").split["years"]
    for name in (str(year), f"{year}.season")
}
TRAINING = Training("retail", __doc__, {}, YEARS, KEY)
