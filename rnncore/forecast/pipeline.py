"""A file's series from end to end: train, back-test, forecast, draw.

What `python -m rnncore forecast` does. One network learns from all value
columns of a table, each window in units of its own past.
"""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from rnncore.application import Score, cooling, seeded, spread_of
from rnncore.forecast.backtest import (
    Method,
    Outcome,
    Progress,
    backtest,
    score_table,
)
from rnncore.forecast.classical import (
    arima,
    ask_linear,
    best_linear,
    drift,
    ets,
    with_past_errors,
)
from rnncore.forecast.covariates import calendar
from rnncore.forecast.heads import Head, quantile_head
from rnncore.forecast.models import Direct
from rnncore.forecast.panel import Covariates
from rnncore.forecast.plan import ForecastPlan, parts_of
from rnncore.forecast.seasons import season_waves, two_seasons
from rnncore.forecast.segments import Beside
from rnncore.forecast.training import as_tensors, ask, train_forecaster
from rnncore.forecast.windows import (
    Split,
    Windows,
    cut,
    join,
    origins,
    scaled_by_past,
    unscaled,
)
from rnncore.sequence import persistence, seasonal_naive
from rnncore.storage.files import Refused
from rnncore.storage.weights import load_module, save_weights
from rnncore.train import Fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
MANY = 8  # series: more are not shown one by one
ORIGINS, FEWEST = 150, 20  # of a back-test: see `origins_of`
CALM = 0.05  # of a series' spread: the least of a window's
KIND = "forecast"  # what `save_weights` writes down


def covariates_of(
    frame: pd.DataFrame,
    ahead: int,
    longer: int = 1,
    beside: Covariates | None = None,
    name: str | None = None,
) -> np.ndarray:
    """What is known of the table's dates and of `ahead` more dates.

    That is the calendar, a season of `longer` steps, and what stands
    beside the series of this name; of what is known of the past alone, 0
    for the steps to come.
    """
    index, steps = frame.index, len(frame) + ahead
    parts = []
    if index.freq is not None:  # else rows are steps: dates say little
        index = pd.date_range(index[0], periods=steps, freq=index.freq)
        parts.append(calendar(index))
    if longer > 1:
        of = index if len(index) == steps else pd.RangeIndex(steps)
        parts.append(season_waves(of, longer))
    if beside is not None:
        rows = beside.rows[str(name)][:steps]
        more = steps - len(rows)
        if more and rows.shape[1] > beside.past:
            raise Refused(
                f"the table has {len(rows) - len(frame)} rows after the "
                f"last value, forecasts need {ahead}, with what is known "
                "ahead (--known) and no value"
            )
        parts.append(np.pad(rows, ((0, more), (0, 0))))
    return np.concatenate([np.empty((steps, 0)), *parts], axis=1)


def begin_of(values: np.ndarray) -> int:
    """The step at which a series begins: NaN stands before it.

    Shapes: values (N,)
    """
    return int(np.isnan(values).argmin())


def windows_of(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    part: range,
    beside: Covariates | None = None,
) -> Windows:
    """All windows of all columns whose targets lie in the part, scaled.

    Raises Refused where there is none: all series begin too late.
    """
    starts = origins(part, plan.history, plan.horizon)
    cuts = []
    for name in frame:
        values = frame[name].to_numpy()
        own = starts[starts - plan.history >= begin_of(values)]
        if not len(own):
            continue
        known = covariates_of(frame, 0, plan.longer, beside, name)
        found = cut(values, own, plan.history, plan.horizon, known)
        cuts.append(_hide_unknown(found, beside))
    if not cuts:
        raise Refused(
            f"no series has {plan.history} steps before each part: a "
            "shorter --history or --horizon"
        )
    return scaled_by_past(join(cuts))[0]


def _hide_unknown(windows: Windows, beside: Covariates | None) -> Windows:
    """The windows without what is not known ahead: 0 in its place."""
    if beside is None or not beside.past:
        return windows
    known = windows.known.copy()
    known[..., -beside.past :] = 0
    return windows._replace(known=known)


def build(plan: ForecastPlan, F: int, seed: int) -> torch.nn.Module:
    """The network of a plan, a line beside it, with its first weights."""
    with seeded(seed):
        network = _alone(plan, F)
        return Beside(network, plan.history, plan.horizon, head().P)


def _alone(plan: ForecastPlan, F: int) -> Direct:
    """The network without the line."""
    return Direct(plan.cell, F, plan.units, plan.horizon, head().P)


def head() -> Head:
    """Seven quantiles."""
    return quantile_head(LEVELS)


def train(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    split: Split,
    *,
    beside: Covariates | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    **schedule: Any,
) -> tuple[torch.nn.Module, Fit]:
    """One network for all columns, from the split's training part.

    The validation part says when to stop; the test part is not touched.
    `schedule` is what a `Schedule` has beside the plan, such as a
    checkpoint.
    """
    training = windows_of(frame, plan, split.training, beside)
    validation = windows_of(frame, plan, split.validation, beside)
    module = build(plan, training.known.shape[2], seed).to(device)
    fit = train_forecaster(
        module,
        head(),
        training,
        validation,
        rng=np.random.default_rng(seed),
        steps=plan.steps,
        batch=plan.batch,
        optimizer=cooling(plan.rate, plan.steps, 1.0),
        **schedule,
    )
    return module, fit


def untrained_loss(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    split: Split,
    *,
    beside: Covariates | None = None,
    seed: int = 0,
) -> float:
    """What `train` judges by, of the network with its first weights."""
    windows = windows_of(frame, plan, split.validation, beside)
    module = build(plan, windows.known.shape[2], seed)
    out = ask(module, windows)
    return float(head().loss(out, as_tensors(windows, out).target))


def network(
    module: torch.nn.Module,
    plan: ForecastPlan,
    known: np.ndarray,
    beside: Covariates | None = None,
) -> Method:
    """A trained network as a method of the back-test, in quantiles.

    `known` holds the covariates from the first date on, and as far ahead
    as it will be asked; `beside` says which of them to hide there.
    """

    def method(values: np.ndarray, horizon: int) -> np.ndarray:
        if horizon != plan.horizon:
            raise ValueError(
                f"horizon: expected {plan.horizon}, got {horizon}"
            )
        window, scaler = _last_window(values, plan, known, beside)
        out = ask(module, window)
        said = head().quantiles(out, LEVELS).cpu().numpy()
        return unscaled(said, scaler)[..., 0]

    return method


def linear(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    split: Split,
    beside: Covariates | None = None,
) -> Callable[[np.ndarray], Method]:
    """A linear autoregression from the very windows of the network.

    What is returned makes a method of a series' covariates, as `network`
    takes them. Its quantiles are those of its errors on the validation
    part.
    """
    validation = windows_of(frame, plan, split.validation, beside)
    training = windows_of(frame, plan, split.training, beside)
    model = best_linear(training, validation)
    errors = validation.target - ask_linear(model, validation)

    def of(known: np.ndarray) -> Method:
        def method(values: np.ndarray, horizon: int) -> np.ndarray:
            window, scaler = _last_window(values, plan, known, beside)
            said = ask_linear(model, window)
            quantiles = with_past_errors(said, errors, LEVELS)
            return unscaled(quantiles, scaler)[..., 0]

        return method

    return of


def baselines(plan: ForecastPlan) -> dict[str, Method]:
    """What needs no training beforehand, by name."""
    recent = max(200, 8 * plan.period, 3 * plan.longer)  # older: little
    season = (0, 1, 1, plan.period) if 1 < plan.period <= 12 else (0,) * 4
    found: dict[str, Method] = {"persistence": persistence}
    if plan.period > 1:
        found["seasonal naive"] = partial(
            seasonal_naive, period=plan.period
        )
    if plan.longer > 1:
        seasons = plan.period, plan.longer
        found[f"seasonal naive, {plan.longer}"] = partial(
            seasonal_naive, period=plan.longer
        )
        if plan.period > 1:
            found["both seasons and ETS"] = lambda values, horizon: (
                two_seasons(values[-recent:], horizon, seasons, LEVELS)
            )
    found["drift"] = drift
    found["ETS"] = lambda values, horizon: ets(
        values[-recent:], horizon, plan.period, LEVELS
    )
    found["ARIMA"] = lambda values, horizon: arima(
        values[-recent:], horizon, (2, 1, 1), season, LEVELS
    )
    return found


class Comparison(NamedTuple):
    """A back-test: its scores, and its errors one by one.

    `errors` of a method, by series and origin, are in the unit of MASE,
    those of several networks under the name of their mean forecast; NaN
    where a series begins too late.
    """

    table: pd.DataFrame  # a row each series and method
    errors: dict[str, np.ndarray]


def origins_of(
    frame: pd.DataFrame, plan: ForecastPlan, most: int | None = None
) -> np.ndarray:
    """The steps at which forecasts of the test part begin, evenly spread.

    As many as follow each other without an overlap, at most `most`; by
    default `ORIGINS` over all series together, but `FEWEST` of each, for
    ETS and ARIMA are fitted at every one.
    """
    test = parts_of(frame, plan).test
    every = origins(test, plan.history, plan.horizon)
    if most is None:
        share = max(ORIGINS // len(frame.columns), FEWEST)
        most = min(share, max(len(test) // plan.horizon, 1))
    chosen = np.linspace(0, len(every) - 1, min(most, len(every)))
    return every[np.unique(chosen.round().astype(int))]


def overlap(
    frame: pd.DataFrame, plan: ForecastPlan, most: int | None = None
) -> int:
    """How many neighbouring forecasts have a step in common; 1: none."""
    apart = np.diff(origins_of(frame, plan, most))
    return int(-(-plan.horizon // np.median(apart))) if len(apart) else 1


def compare(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    modules: Sequence[torch.nn.Module],
    *,
    beside: Covariates | None = None,
    most: int | None = None,
    progress: Progress | None = None,
    among: Sequence[str] | None = None,
) -> Comparison:
    """The back-test table: each column, each method, on the test part.

    Of the baselines all are there, or those that are named in `among`;
    all are asked at `origins_of`. The network's scores are those of
    several seeds, as `Score`: mean and spread. Below them stand those of
    the seeds' mean forecast, which is what `forecast` gives.
    """
    split = parts_of(frame, plan)
    starts = origins_of(frame, plan, most)
    line = "linear autoregression"
    by_line = None
    if among is None or line in among:
        by_line = linear(frame, plan, split, beside)
    seeds = [f"network {k}" for k in range(len(modules))]
    tables: dict[str, pd.DataFrame] = {}
    errors: dict[str, list] = {}
    for name in scored(frame, plan):
        known = covariates_of(frame, 0, plan.longer, beside, name)
        values = frame[name].to_numpy()
        first = begin_of(values)
        methods = {
            method: _from(run, first)
            for method, run in baselines(plan).items()
        }
        if by_line is not None:
            methods[line] = by_line(known)
        if among is not None:
            methods = {method: methods[method] for method in among}
        for seed, module in zip(seeds, modules, strict=True):
            methods[seed] = network(module, plan, known, beside)
        own = starts[starts >= first + _count_least_steps(plan)]
        actual, outcomes = backtest(
            values, methods, own, plan.horizon, LEVELS, progress
        )
        unit = values[first : split.training.stop]
        table = score_table(actual, outcomes, unit, LEVELS)
        tables[name] = _with_spread(table, seeds, plan.cell)
        several = [outcomes.pop(seed) for seed in seeds]
        if several:
            outcomes[predict_row(plan, modules)] = _mean_outcome(several)
        if len(several) > 1:
            means = score_table(actual, outcomes, unit, LEVELS).iloc[-1:]
            tables[name] = pd.concat([tables[name], means.astype(object)])
        step = np.abs(np.diff(unit)).mean()
        late = np.full(len(starts) - len(own), np.nan)
        for method, one in outcomes.items():
            each = np.abs(one.point - actual).mean(axis=0) / step
            errors.setdefault(method, []).append([*late, *each])
    return Comparison(
        pd.concat(tables, names=["series", "method"]),
        {method: np.array(rows) for method, rows in errors.items()},
    )


def predict_row(
    plan: ForecastPlan, modules: Sequence[torch.nn.Module]
) -> str:
    """The row of what `forecast` gives: of several networks their mean."""
    return f"{plan.cell}, their mean" if len(modules) > 1 else plan.cell


def differences(errors: np.ndarray, rival: np.ndarray) -> np.ndarray:
    """By origin, how much more one method errs than a rival does.

    Their mean is the difference of both methods' mean scores: series
    with fewer origins weigh as much as the others.

    Shapes: errors (S, B); rival (S, B) -> differences (B,)
    """
    apart = errors - rival
    asked = (~np.isnan(apart)).sum(axis=1, keepdims=True)
    weighed = np.nan_to_num(apart) / (asked * len(apart))
    return weighed.sum(axis=0) * apart.shape[1]


def _mean_outcome(several: Sequence[Outcome]) -> Outcome:
    """The mean of what several networks say, quantile by quantile."""
    quantiles = [q for _, q in several if q is not None]  # of all of them
    point = np.mean([one.point for one in several], axis=0)
    return Outcome(point, np.mean(quantiles, axis=0))


def scored(frame: pd.DataFrame, plan: ForecastPlan) -> list[str]:
    """The series that a back-test is possible for.

    They begin early enough, and move in the training part: else there is
    no unit for their errors.

    Raises Refused where there is none.
    """
    split = parts_of(frame, plan)
    last = split.test.stop - plan.horizon
    found = []
    for name in frame:
        values = frame[name].to_numpy()
        first = begin_of(values)
        unit = values[first : split.training.stop]
        if (
            first + _count_least_steps(plan) <= last
            and len(set(unit.tolist())) > 1
        ):
            found.append(name)
    if not found:
        raise Refused(
            "no series moves in the training part and has "
            f"{_count_least_steps(plan)} steps before the test's end: "
            "nothing can be scored"
        )
    return found


def _count_least_steps(plan: ForecastPlan) -> int:
    """Steps of a series before the first origin that it is scored at."""
    second = 2 * plan.longer if plan.longer > 1 else 1
    return max(plan.history, plan.period, second)


def _from(method: Method, first: int) -> Method:
    """The method, asked without the steps before a series begins."""
    return lambda values, horizon: method(values[first:], horizon)


def as_text(table: pd.DataFrame) -> str:
    """The table for a terminal, numbers with three digits.

    Of more than MANY series it has the means.
    """
    if table.index.nlevels > 1:
        series = table.index.get_level_values("series").unique()
        if len(series) > MANY:
            means = table.map(_mean_of).groupby("method", sort=False).mean()
            table = pd.concat(
                {f"mean of {len(series)}": means}, names=["series"]
            )

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


def forecast_ahead(
    frame: pd.DataFrame,
    plan: ForecastPlan,
    module: torch.nn.Module,
    beside: Covariates | None = None,
) -> dict[str, pd.DataFrame]:
    """For each column the quantiles of the steps after the table's end.

    Raises Refused where a series has fewer steps than are read, or what is
    known ahead is not there.
    """

    def quantiles(name: str) -> np.ndarray:
        values = frame[name].to_numpy()
        if len(values) - begin_of(values) < plan.history:
            raise Refused(
                f"{name}: {len(values) - begin_of(values)} rows are fewer "
                f"than the {plan.history} that the model reads"
            )
        known = covariates_of(
            frame, plan.horizon, plan.longer, beside, name
        )
        method = network(module, plan, known, beside)
        return method(values, plan.horizon)

    step = frame.index.freq
    dates: Any = range(len(frame), len(frame) + plan.horizon)
    if step is not None:
        dates = pd.date_range(
            frame.index[-1], periods=plan.horizon + 1, freq=step
        )[1:]
    return {
        name: pd.DataFrame(
            quantiles(name).T,
            index=pd.Index(dates, name=frame.index.name),
            columns=[f"{level:g}" for level in LEVELS],
        )
        for name in frame
    }


def draw(
    frame: pd.DataFrame,
    said: dict[str, pd.DataFrame],
    back: int,
    actual: pd.DataFrame | None = None,
) -> "Figure":
    """The last `back` values of each column, the forecast, what followed.

    Of more than MANY columns the first ones.
    """
    import matplotlib.pyplot as plt
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    from rnncore.display import BLUE, use_style

    use_style()
    said = dict([*said.items()][:MANY])
    fig, axes = plt.subplots(
        len(said), 1, figsize=(7.6, 2.9 * len(said)), squeeze=False
    )
    for ax, (name, q) in zip(axes[:, 0], said.items(), strict=True):
        seen = frame[name].iloc[-back:]
        x = seen.index
        if frame.index.freq is None:
            x = np.arange(len(frame) - len(seen), len(frame))
        ax.plot(x, seen, color="#111111", label="seen")
        ax.plot(q.index, q["0.5"], "--", color=BLUE, label="median")
        if actual is not None:
            ax.plot(q.index, actual[name], "k.", label="what came")
        for low, high, alpha in [
            ("0.05", "0.95", 0.2),
            ("0.25", "0.75", 0.3),
        ]:
            share = f"{float(high) - float(low):.0%}"
            ax.fill_between(
                q.index,
                q[low],
                q[high],
                color=BLUE,
                alpha=alpha,
                lw=0,
                label=f"{share} within",
            )
        ax.set(ylabel=name)
        if frame.index.freq is not None:
            locator = AutoDateLocator(maxticks=7)
            ax.xaxis.set_major_locator(locator)
            concise = ConciseDateFormatter(
                locator,
                show_offset=ax is axes[-1, 0],  # the same below each
            )
            ax.xaxis.set_major_formatter(concise)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, ncols=4, loc="outside upper center")
    return fig


def save(
    path: str | os.PathLike,
    modules: Sequence[torch.nn.Module],
    plan: ForecastPlan,
    about: dict[str, Any],
) -> None:
    """The networks of all seeds, with what is needed to forecast."""
    own = {
        "kind": KIND,
        "plan": plan._asdict(),
        "F": _covariates_read(modules[0]),
        "networks": len(modules),
        "line": True,
    }
    save_weights(path, torch.nn.ModuleList(modules), {**about, **own})


def _covariates_read(module: Any) -> int:
    """F of a network with a line beside it."""
    return module.network.sizes[0]


def load(
    path: str | os.PathLike,
) -> tuple[list[torch.nn.Module], ForecastPlan, dict[str, Any]]:
    """What `save` wrote.

    Raises Refused naming the file where it holds something else.
    """
    modules, about = load_module(path, KIND, _networks, "forecaster")
    return list(modules), ForecastPlan(**about["plan"]), about


def _networks(about: dict[str, Any]) -> torch.nn.ModuleList:
    plan = ForecastPlan(**about["plan"])
    F, count = about["F"], about["networks"]
    if "line" not in about:  # of a version whose networks had none
        return torch.nn.ModuleList(_alone(plan, F) for _ in range(count))
    return torch.nn.ModuleList(build(plan, F, 0) for _ in range(count))


def _last_window(
    values: np.ndarray,
    plan: ForecastPlan,
    known: np.ndarray,
    beside: Covariates | None = None,
):
    """The window whose origin is the step after the last value."""
    T = len(values)
    padded = np.concatenate([values, np.zeros(plan.horizon)])
    window = cut(
        padded,
        np.array([T]),
        plan.history,
        plan.horizon,
        known[: T + plan.horizon],
    )
    return scaled_by_past(
        _hide_unknown(window, beside), CALM * np.nanstd(values)
    )


def _with_spread(
    table: pd.DataFrame, seeds: list[str], cell: str
) -> pd.DataFrame:
    """The rows of the seeds as one row of scores with their spread."""
    found = table.drop(index=seeds).astype(object)
    if seeds:
        row: dict[str, Score] = {
            name: spread_of(table.loc[seeds, name].tolist())
            for name in table
        }
        found.loc[cell] = row
    return found
