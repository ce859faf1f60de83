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
from rnncore.apps.forecast.scales import count_before, on_scale
from rnncore.apps.forecast.supports import is_counted, settle
from rnncore.comparison.intervals import block_bootstrap
from rnncore.forecast.backtest import Outcome, Progress, backtest, score_table
from rnncore.forecast.plan import PRICES, ForecastPlan, parts_of
from rnncore.forecast.prices import find_deviations
from rnncore.forecast.rivals import list_rivals
from rnncore.forecast.scores import coverage, crps, pinball_loss
from rnncore.forecast.windows import origins
from rnncore.storage.files import Refused

MANY = 8  # series: more are not shown one by one
ORIGINS, FEWEST = 150, 20  # of a back-test: see `origins_of`
RISK = "0.9-risk"  # columns: of counts, and of prices
CALM, WILD = "calm 90%", "wild 90%"
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
    sold = _mean_values(asked)
    tables: dict[str, pd.DataFrame] = {}
    errors: dict[str, np.ndarray] = {}
    losses: dict[str, np.ndarray] = {}
    for k, name in enumerate(names):
        actual, outcomes = asked[name]
        first = begin_of(frame[name].to_numpy())
        unit = frame[name].to_numpy(dtype=float)[first : part.start]
        at = slice(len(starts) - actual.shape[1], None)
        came = Came(actual, unit, _read_days(frame[name], starts[at], plan))
        tables[name], means = _judge(plan, modules, came, outcomes, sold)
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


def _mean_values(
    asked: Mapping[str, tuple[np.ndarray, dict[str, Outcome]]],
) -> dict[str, float]:
    """By method the mean of what came, over the series it was asked for.

    NaN where all was 0.
    """
    came: dict[str, list[float]] = {}
    for actual, outcomes in asked.values():
        for method in outcomes:
            came.setdefault(method, []).append(float(actual.mean()))
    return {method: float(np.mean(means)) or np.nan for method, means in came.items()}


def _read_days(series: pd.Series, starts: np.ndarray, plan: ForecastPlan) -> np.ndarray:
    """The deviation of a price that is known at each origin; else zeros.

    Shapes: starts (B,) -> deviations (B,)
    """
    if plan.scale != PRICES:
        return np.zeros(len(starts))
    logs = on_scale(series.to_numpy(dtype=float), plan)
    return find_deviations(logs)[starts - 1]


class Came(NamedTuple):
    """What came after B origins of a series, and what was known there.

    Shapes: actual (K, B); unit (N,); deviations (B,)
    """

    actual: np.ndarray
    unit: np.ndarray  # the values before the part
    deviations: np.ndarray


def _score(
    came: Came,
    outcomes: Mapping[str, Outcome],
    plan: ForecastPlan,
    sold: Mapping[str, float],
) -> pd.DataFrame:
    """The scores of all tables, and those of counts or of prices.

    Of counts the 0.9-risk: twice the pinball loss at 0.9, over `sold`, the
    mean of all series, so that the mean over series is what the literature
    has. Of prices the coverage from the fifth of the origins at which the
    known deviation was least, and from that at which it was largest.

    Source: 0.9-risk, Salinas et al. 2020.
    """
    actual, unit, deviations = came
    period = period_of(unit, plan)
    table = score_table(actual, outcomes, unit, plan.levels, period)
    levels = [*plan.levels]
    quantiles = {k: one.quantiles for k, one in outcomes.items()}
    if is_counted(plan) and 0.9 in levels:
        at = [levels.index(0.9)]
        table[RISK] = [
            np.nan if q is None
            else 2 * pinball_loss(actual, q[at], [0.9])[0] / sold[name]
            for name, q in quantiles.items()
        ]  # fmt: skip
    if plan.scale == PRICES and {0.05, 0.95} <= {*levels}:
        low, high = levels.index(0.05), levels.index(0.95)
        order, fifth = np.argsort(deviations), -(-len(deviations) // 5)
        for column, b in (CALM, order[:fifth]), (WILD, order[-fifth:]):
            table[column] = [
                np.nan if q is None
                else coverage(actual[:, b], q[low][:, b], q[high][:, b])
                for q in quantiles.values()
            ]  # fmt: skip
    return table


def _judge(
    plan: ForecastPlan,
    modules: Sequence[torch.nn.Module],
    came: Came,
    outcomes: dict[str, Outcome],
    sold: Mapping[str, float],
) -> tuple[pd.DataFrame, dict[str, Outcome]]:
    """The rows of one series, and the outcomes with means for seeds."""
    seeds = [f"network {k}" for k in range(len(modules))]
    rows = _with_spread(_score(came, outcomes, plan, sold), seeds, plan.cell)
    means = {k: v for k, v in outcomes.items() if k not in seeds}
    several = [outcomes[seed] for seed in seeds]
    more = {}
    if several:
        own = predict_row(plan, len(modules))
        means[own] = _mean_outcome(several, plan)
        of = {own: sold[seeds[0]]}
        if len(several) > 1:
            more[own] = means[own]
        if "ETS" in means:
            both = join_row(plan)
            more[both] = means[both] = _mean_outcome([means[own], means["ETS"]], plan)
            of[both] = sold["ETS"]
        if more:
            found = _score(came, more, plan, of).astype(object)
            rows = pd.concat([rows, found])
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


def says_where(method: str, plan: ForecastPlan) -> bool:
    """Whether a method's middle is anything but a price's last value.

    That is the middle of persistence and of the networks for prices; of
    a table that has none every method says where.
    """
    own = {predict_row(plan, networks) for networks in (1, 2)}
    if plan.scale != PRICES:
        return True
    return method not in own and not method.startswith("persistence")


def list_able(
    errors: Mapping[str, np.ndarray], plan: ForecastPlan, least: int
) -> list[str]:
    """The methods that may be chosen: of prices not those that guess.

    What says where a price goes has to be ahead of today's price in
    absolute error by more than chance makes.
    """
    found = []
    for name, error in errors.items():
        if plan.scale == PRICES and says_where(name, plan):
            apart = differences(error, errors["persistence"])
            interval = interval_of(apart, least)
            if interval is None or interval[1] >= 0:
                continue
        found.append(name)
    return found


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


def _mean_outcome(several: Sequence[Outcome], plan: ForecastPlan) -> Outcome:
    """The mean of what several methods say, quantile by quantile."""
    quantiles = [q for _, q in several if q is not None]  # of all of them
    point = np.mean([one.point for one in several], axis=0)
    mean = np.mean(quantiles, axis=0)
    return Outcome(settle(point, plan.support), settle(mean, plan.support))


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
