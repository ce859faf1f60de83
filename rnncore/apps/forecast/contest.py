"""Network and rivals on one table: who is ahead, and who forecasts.

All are scored at the same origins of a part of the table. On the part
before the last fifth the winner is chosen, on the last fifth it is judged
by what had no say in that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from rnncore.application import Score, spread_of
from rnncore.apps.forecast.entrants import Entrant, join_row, list_entrants, predict_row
from rnncore.apps.forecast.panel import Covariates
from rnncore.apps.forecast.pipeline import begin_of
from rnncore.apps.forecast.scales import count_before
from rnncore.comparison.intervals import block_bootstrap
from rnncore.forecast.backtest import Outcome, Progress, backtest, score_table
from rnncore.forecast.plan import ForecastPlan, parts_of
from rnncore.forecast.rivals import list_rivals
from rnncore.forecast.scores import crps
from rnncore.forecast.windows import origins
from rnncore.storage.files import Refused

MANY = 8  # series: more are not shown one by one
ORIGINS, FEWEST = 150, 20  # of a back-test: see `origins_of`
SAMPLE = 30  # series on which slow rivals are scored, at most


class Comparison(NamedTuple):
    """A back-test: its scores, and those of each origin.

    `errors` and `losses` of a method, by series and origin, are in the
    unit of MASE: absolute errors, and CRPS. NaN stands where it was not
    asked; several networks stand under the name of their mean.
    """

    table: pd.DataFrame  # a row each series and method
    errors: dict[str, np.ndarray]
    losses: dict[str, np.ndarray]


class Choice(NamedTuple):
    """Who forecasts, and the mean CRPS of each on the validation part."""

    method: str
    scores: dict[str, float]


def origins_of(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    most: int | None = None,
    part: range | None = None,
) -> np.ndarray:
    """The steps at which forecasts of a part begin, evenly spread.

    The part is the test unless given. As many as follow each other
    without an overlap, at most `most`; by default `ORIGINS` over all
    series together, but `FEWEST` of each.
    """
    part = part or parts_of(frame, plan).test
    every = origins(part, plan.history, plan.horizon)
    if most is None:
        share = max(ORIGINS // len(frame.columns), FEWEST)
        most = min(share, max(len(part) // plan.horizon, 1))
    chosen = np.linspace(0, len(every) - 1, min(most, len(every)))
    return every[np.unique(chosen.round().astype(int))]


def overlap(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    most: int | None = None,
    part: range | None = None,
) -> int:
    """How many neighbouring forecasts have a step in common; 1: none."""
    apart = np.diff(origins_of(frame, plan, most, part))
    return int(-(-plan.horizon // np.median(apart))) if len(apart) else 1


def sample(plan: ForecastPlan, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The slow rivals, and the series on which alone they are scored."""
    slow = [n for n, r in list_rivals(plan, True).items() if r.is_slow]
    chosen = np.linspace(0, len(names) - 1, min(SAMPLE, len(names)))
    return slow, [names[k] for k in np.unique(chosen.round().astype(int))]


def compare(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    modules: Sequence[torch.nn.Module],
    *,
    part: range | None = None,
    beside: Covariates | None = None,
    most: int | None = None,
    progress: Progress | None = None,
    among: Sequence[str] | None = None,
) -> Comparison:
    """The back-test table: each column, each method, on a part.

    The part is the test unless given; what is fitted is fitted to what
    stands before it. Of the rivals all are there, or those that are named
    in `among`; all are asked at `origins_of`, slow ones of a `sample` of
    the series. The network's scores are those of several seeds, as
    `Score`: mean and spread. Below them stand those of the seeds' mean
    forecast, and of its mean with ETS.

    Raises Refused where no series can be scored.
    """
    part = part or parts_of(frame, plan).test
    starts = origins_of(frame, plan, most, part)
    names = scored(frame, plan, part)
    if not names:
        raise Refused(
            "no series moves before the part that is scored, and has "
            f"{_count_least_steps(plan)} steps before its end: nothing "
            "can be scored"
        )
    entrants = list_entrants(frame, plan, modules, part.start, beside)
    nan, (slow, chosen) = np.nan, sample(plan, names)
    of_seeds = [f"network {k}" for k in range(len(modules))]
    todo = [
        (name, method)
        for name in names
        for method in entrants
        if (method not in slow or name in chosen)
        and (among is None or method in [*among, *of_seeds])
    ]
    asked = _ask_all(
        frame, plan, entrants, starts, progress(todo) if progress else todo
    )
    tables: dict[str, pd.DataFrame] = {}
    errors: dict[str, np.ndarray] = {}
    losses: dict[str, np.ndarray] = {}
    for k, name in enumerate(names):
        actual, outcomes = asked[name]
        first = begin_of(frame[name].to_numpy())
        unit = frame[name].to_numpy(dtype=float)[first : part.start]
        at = slice(len(starts) - actual.shape[1], None)
        tables[name], means = _judge(plan, modules, actual, unit, outcomes)
        step = _unit_of(unit, plan)
        for method, one in means.items():
            wrong = np.abs(one.point - actual).mean(axis=0)
            for scores, found in (
                (errors, wrong),
                (losses, _crps_by_origin(actual, one, plan)),
            ):
                if method not in scores:
                    scores[method] = np.full((len(names), len(starts)), nan)
                scores[method][k, at] = found / step
    return Comparison(pd.concat(tables, names=["series", "method"]), errors, losses)


def _ask_all(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    entrants: Mapping[str, Entrant],
    starts: np.ndarray,
    todo: Any,
) -> dict[str, tuple[np.ndarray, dict[str, Outcome]]]:
    """What came, and what each method said, by series."""
    found: dict[str, tuple[np.ndarray, dict[str, Outcome]]] = {}
    for name, entrant in todo:
        values = frame[name].to_numpy(dtype=float)
        own = starts[starts >= begin_of(values) + _count_least_steps(plan)]
        method = entrants[entrant](name, int(own[0]))
        if method is None:
            continue
        actual, outcomes = backtest(
            values, {entrant: method}, own, plan.horizon, plan.levels
        )
        found.setdefault(name, (actual, {}))[1].update(outcomes)
    return found


def _judge(
    plan: ForecastPlan,
    modules: Sequence[torch.nn.Module],
    actual: np.ndarray,
    unit: np.ndarray,
    outcomes: dict[str, Outcome],
) -> tuple[pd.DataFrame, dict[str, Outcome]]:
    """The rows of one series, and the outcomes with means for seeds.

    `actual` came after B origins, `unit` are the values before the part.

    Shapes: actual (K, B); unit (N,)
    """

    def score(asked: Mapping[str, Outcome]) -> pd.DataFrame:
        period = period_of(unit, plan)
        return score_table(actual, asked, unit, plan.levels, period)

    seeds = [f"network {k}" for k in range(len(modules))]
    rows = _with_spread(score(outcomes), seeds, plan.cell)
    means = {k: v for k, v in outcomes.items() if k not in seeds}
    several = [outcomes[seed] for seed in seeds]
    more = {}
    if several:
        own = predict_row(plan, len(modules))
        means[own] = _mean_outcome(several)
        if len(several) > 1:
            more[own] = means[own]
        if "ETS" in means:
            both = join_row(plan)
            more[both] = means[both] = _mean_outcome([means[own], means["ETS"]])
        if more:
            rows = pd.concat([rows, score(more).astype(object)])
    return rows, means


def period_of(unit: np.ndarray, plan: ForecastPlan) -> int:
    """The season of MASE's unit: 1 where two of them are not there."""
    seen = len(unit) > plan.period
    return plan.period if seen and _moves_by(unit, plan.period) else 1


def _moves_by(values: np.ndarray, period: int) -> bool:
    return bool(np.any(values[period:] != values[:-period]))


def _unit_of(unit: np.ndarray, plan: ForecastPlan) -> float:
    """What "the same a season ago" errs by, on average."""
    period = period_of(unit, plan)
    return float(np.abs(unit[period:] - unit[:-period]).mean())


def _crps_by_origin(actual: np.ndarray, one: Outcome, plan: ForecastPlan) -> np.ndarray:
    """Shapes: actual (K, B) -> scores (B,)"""
    if one.quantiles is None:
        return np.abs(one.point - actual).mean(axis=0)
    return np.array(
        [
            crps(actual[:, [b]], one.quantiles[:, :, [b]], plan.levels)
            for b in range(actual.shape[1])
        ]
    )


def differences(errors: np.ndarray, rival: np.ndarray) -> np.ndarray:
    """By origin, how much more one method errs than a rival does.

    Their mean is the difference of both methods' mean scores over the
    series that both were asked for: those with fewer origins weigh as
    much as the others.

    Shapes: errors (S, B); rival (S, B) -> differences (B,)
    """
    apart = errors - rival
    apart = apart[~np.isnan(apart).all(axis=1)]
    asked = (~np.isnan(apart)).sum(axis=1, keepdims=True)
    weighed = np.nan_to_num(apart) / (asked * len(apart))
    return weighed.sum(axis=0) * apart.shape[1]


def mean_of(errors: np.ndarray) -> float:
    """The mean over origins of each series, then over series."""
    asked = errors[~np.isnan(errors).all(axis=1)]
    return float(np.nanmean(asked, axis=1).mean())


def interval_of(apart: np.ndarray, least: int) -> tuple[float, float] | None:
    """95% of a mean difference over origins; None of fewer than two.

    `least` neighbours have a step in common.
    """
    if len(apart) < 2 * least:
        return None
    low, high = block_bootstrap(
        lambda places: float(apart[places].mean()),
        len(apart),
        np.random.default_rng(0),
        least=least,
    )
    return low, high


def choose(losses: Mapping[str, np.ndarray], plan: ForecastPlan, least: int) -> Choice:
    """The lowest mean CRPS; of two that are level, the simpler method.

    Methods are compared on the series that both were asked for. A network
    has to be ahead of the best simple method by more than chance makes,
    if there are origins enough to tell.
    """
    learnt = [n for n in losses if n.startswith(plan.cell)]
    simple = [n for n in losses if n not in learnt]

    def lead(name: str, other: str) -> np.ndarray:
        return differences(losses[name], losses[other])

    def best_of(names: Sequence[str]) -> str:
        best = names[0]
        for name in names[1:]:
            if lead(name, best).mean() < 0:
                best = name
        return best

    scores = {name: mean_of(one) for name, one in losses.items()}
    if not simple or not learnt:
        return Choice(best_of(simple or learnt), scores)
    best, rival = best_of(learnt), best_of(simple)
    apart = lead(best, rival)
    found = interval_of(apart, least)
    ahead = apart.mean() < 0 if found is None else found[1] < 0
    return Choice(best if ahead else rival, scores)


def _mean_outcome(several: Sequence[Outcome]) -> Outcome:
    """The mean of what several methods say, quantile by quantile."""
    quantiles = [q for _, q in several if q is not None]  # of all of them
    point = np.mean([one.point for one in several], axis=0)
    return Outcome(point, np.mean(quantiles, axis=0))


def scored(
    frame: pd.DataFrame, plan: ForecastPlan, part: range | None = None
) -> list[str]:
    """The series that a back-test is possible for.

    They begin early enough and go on to the table's end, and move before
    the part, the test unless given: else their errors have no unit.
    """
    part = part or parts_of(frame, plan).test
    last = part.stop - plan.horizon
    found = []
    for name in frame:
        values = frame[name].to_numpy(dtype=float)
        first = begin_of(values)
        unit = values[first : part.start]
        if (
            not np.isnan(values[-1])
            and first + _count_least_steps(plan) <= last
            and len(set(unit.tolist())) > 1
        ):
            found.append(name)
    return found


def _count_least_steps(plan: ForecastPlan) -> int:
    """Steps of a series before the first origin that it is scored at."""
    second = 2 * plan.longer if plan.longer > 1 else 1
    return max(plan.history + count_before(plan), plan.period, second)


def as_text(table: pd.DataFrame) -> str:
    """The table for a terminal, numbers with three digits.

    Of more than MANY series it has the means.
    """
    if table.index.nlevels > 1:
        series = table.index.get_level_values("series").unique()
        if len(series) > MANY:
            numbers = table.map(_mean_of)
            by_method = numbers.groupby("method", sort=False)
            means = by_method.mean()
            count = by_method.size()
            means.index = [
                name if count[name] == len(series) else
                f"{name} (of {count[name]})"
                for name in means.index
            ]  # fmt: skip
            means.index.name = "method"
            table = pd.concat({f"mean of {len(series)}": means}, names=["series"])

    def shown(value: Any) -> str:
        if isinstance(value, Score):
            return f"{value.mean:.3f} ± {value.spread:.3f}"
        return "" if np.isnan(value) else f"{value:.3f}"

    return table.map(shown).to_string()


def _mean_of(value: Any) -> float:
    return float(value.mean if isinstance(value, Score) else value)


def list_scores(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The table for JSON: a row a method, what is no number is None."""
    found = []
    for (series, method), scores in table.iterrows():
        row: dict[str, Any] = {"series": series, "method": method}
        for name, value in scores.items():
            number = value.mean if isinstance(value, Score) else value
            row[name] = None if np.isnan(number) else float(number)
        found.append(row)
    return found


def _with_spread(table: pd.DataFrame, seeds: list[str], cell: str) -> pd.DataFrame:
    """The rows of the seeds as one row of scores with their spread."""
    found = table.drop(index=seeds).astype(object)
    if seeds:
        row: dict[str, Score] = {
            name: spread_of(table.loc[seeds, name].tolist()) for name in table
        }
        found.loc[cell] = row
    return found
