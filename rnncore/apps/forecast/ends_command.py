"""What `forecast` does with --protocol ends: many series, at their ends."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from rnncore.apps.forecast import columns_command as columns
from rnncore.apps.forecast import ends_network, tables
from rnncore.apps.forecast.ahead import date_steps
from rnncore.apps.forecast.ends import (
    Ends,
    Fit,
    ask_before,
    ask_each,
    check_positive,
    count_origins,
    find_width,
    fit_naive2,
    fit_season,
    fit_theta,
    judge_method,
    measure_ends,
    score_series,
    spread_past,
)
from rnncore.apps.forecast.ends_network import (
    EndsPlan,
    cut_parts,
    fit_networks,
    plan_line,
    train_twice,
)
from rnncore.apps.spine import common, evaluation, models, runs
from rnncore.apps.spine.common import Facts
from rnncore.apps.spine.evaluation import NETWORK, Scores
from rnncore.comparison.intervals import bootstrap
from rnncore.forecast.seasons import season_of
from rnncore.storage.files import Refused

KIND = "forecast, ends"
SCORES = "owa", "smape", "mase", "msis", "crps", "inside_95", "bias"
COLUMNS = ["OWA", "sMAPE", "MASE", "MSIS", "CRPS", "inside 95%", "bias"]
# of the other protocol
UNUSED = *columns.UNUSED, "split", "unit", "judge", "logs"
Fits = tuple[Fit, Fit]  # before the last horizon, and before the ends
Model = tuple[list[torch.nn.Module], EndsPlan, list[float]]


class Data(NamedTuple):
    """A table, how it is read, and what is done with it."""

    frame: pd.DataFrame
    reading: Facts
    plan: EndsPlan
    parts: tuple[Ends, Ends]  # those that choose, those that are judged


def leave_out(arguments: Namespace) -> None:
    """Without what is not used; Refused where it is given."""
    runs.leave_out(arguments, UNUSED, "not with --protocol ends")


def _read(arguments: Namespace) -> tuple[Data, Facts]:
    """The series, and the plan."""
    reading = tables.reading_of(arguments)
    frame = _read_series(arguments, reading)
    plan = _make_plan(arguments, frame)
    parts = _cut(arguments, frame, plan)
    known: Facts = plan._asdict() | reading
    known["data"] = tables.print_of(columns.as_panel(frame))
    return Data(frame, reading, plan, parts), known


def _read_series(arguments: Namespace, reading: Facts) -> pd.DataFrame:
    """One column a series. Raises Refused where one ended earlier."""
    frame = tables.read(arguments.file, reading).frame
    ended = frame.columns[frame.iloc[-1].isna()]
    if len(ended):
        raise Refused(
            f"{arguments.file}: {ended[0]} ended before the others: "
            "--protocol ends needs series that end together"
        )
    return frame


def _make_plan(arguments: Namespace, frame: pd.DataFrame) -> EndsPlan:
    """A plan in which the dates decide what the options leave open.

    Raises Refused where the steps that are read make up no segments.
    """
    period = season_of(frame)
    S = columns.choose_segment(arguments.segment, period)
    T = arguments.history or S * columns.SEGMENTS
    columns.check_history(T, S)
    if period > T:
        raise Refused(f"--history: expected a season at least, {period} steps, got {T}")
    named = "hidden", "batch", "steps", "rate"
    given = {name: getattr(arguments, name) for name in named}
    given = {k: v for k, v in given.items() if v is not None}
    if arguments.dropout is not None:
        given["keep"] = 1 - arguments.dropout
    plan = EndsPlan(arguments.horizon, T, S, period, cell=arguments.cell)
    return plan._replace(**given)


def _cut(
    arguments: Namespace, frame: pd.DataFrame, plan: EndsPlan
) -> tuple[Ends, Ends]:
    with common.refuse_in_words(arguments.file):
        return cut_parts(_list_series(frame), plan)


def _list_series(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The values of each series, from its first on."""
    return {str(k): frame[k].dropna().to_numpy(float) for k in frame}


def _fit(
    arguments: Namespace, data: Data, run: runs.TrainingRun, device: Any
) -> tuple[Model, Facts]:
    """One network per seed, trained twice, and the widths of spreads."""

    def schedule(seed: int, name: str) -> Facts:
        bar = common.Bar(f"seed {seed}, {name}")
        file = f"seed-{seed}-{name.replace(' ', '-')}.npz"
        own: Facts = {"checkpoint": run.folder / file, "progress": bar}
        return own | {"stop": run.stop(bar)}

    found, validation = [], []
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        given = *data.parts, data.plan, partial(schedule, seed)
        found.append(train_twice(*given, seed=seed, device=device))
        validation.append(found[-1].course[-1])
        run.seconds()
        if run.is_cut:
            break
    held = [one.held for one in found]
    every = [*([one] for one in held), held]
    widths = [_find_width(some, data) for some in every]
    about: Facts = {"reading": data.reading, "rows": len(data.frame)}
    about |= {"validation": validation}
    return ([one.module for one in found], data.plan, widths), about


def _find_width(modules: list, data: Data) -> float:
    before = data.parts[0]
    said = ask_before(fit_networks(modules, data.plan), before)
    return find_width(before, said)


def _measure_loss(model: Model, data: Data) -> Scores:
    return _compute_scores(model, data.parts, data.frame)


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """The scores at the ends that were judged, which may have grown."""
    frame = _read_series(arguments, about["reading"]).iloc[: about["rows"]]
    known = about["settings"]["data"]
    if tables.print_of(columns.as_panel(frame)) != known:
        raise Refused(
            f"{arguments.file}: it does not begin with the table that was trained on"
        )
    return _compute_scores(model, _cut(arguments, frame, model[1]), frame)


def _compute_scores(
    model: Any, parts: tuple[Ends, Ends], frame: pd.DataFrame
) -> Scores:
    """The competition's scores of all series' ends.

    The first row has the mean of the networks' own; what they forecast is
    their mean.
    """
    modules, plan, widths = model
    before, ends = parts

    def measure(some: list, width: float) -> tuple[list, np.ndarray]:
        said = ask_before(fit_networks(some, plan), ends)
        found = measure_ends(ends, said, width)
        return _order(found), score_series(ends, said.point)[2]

    pairs = zip(modules, widths, strict=False)
    every = [measure([one], width) for one, width in pairs]
    scores = np.mean([scores for scores, _ in every], axis=0).tolist()
    table = [(NETWORK, *scores)]
    if len(modules) > 1:
        name = f"{NETWORK}, mean of {len(modules)} forecasts"
        table.append((name, *measure(modules, widths[-1])[0]))
    found: Facts = {"table": table, "score": scores[0]}
    found["test"] = _describe_ends(ends, frame)
    own = np.mean([owa for _, owa in every], axis=0)

    def compare(found: Facts) -> Facts:
        rivals = _list_rivals(before, ends, plan)
        bar = common.Bar("ends", "method")
        asked = {
            name: judge_method(before, ends, rivals[name]()) for name in bar([*rivals])
        }
        rows = [(name, *_order(one)) for name, (one, _) in asked.items()]
        best = min(asked, key=lambda name: asked[name][0]["owa"])
        owa = score_series(ends, asked[best][1].point)[2]
        found |= {"table": [*found["table"], *rows]}
        return found | _paired_interval(f"OWA, {best}", own - owa)

    return found, {"the baselines": compare}


def _order(found: Facts) -> list[float]:
    """The scores in the order of the columns."""
    return [found[name] for name in SCORES]


def _describe_ends(ends: Ends, frame: pd.DataFrame) -> str:
    N, K = ends.came.shape
    first, last = (str(day).removesuffix(" 00:00:00") for day in frame.index[[-K, -1]])
    return f"the last {K} steps of {N} series, {first} to {last}"


def _paired_interval(rival: str, apart: np.ndarray) -> Facts:
    """95 % of a mean difference, the series being drawn again."""
    if len(apart) < 2:
        return {}

    def mean(places: Any) -> float:
        return float(apart[places].mean())

    ends = bootstrap(mean, len(apart), np.random.default_rng(0))
    return {"difference": [rival, len(apart), *ends]}


def _list_rivals(
    before: Ends, ends: Ends, plan: EndsPlan
) -> dict[str, Callable[[], Fits]]:
    """What knows one series, and the line of all, trained alike."""
    K, period = plan.horizon, plan.period

    def rule(fit: Callable, period: int) -> Callable[[], Fits]:
        made = partial(fit, horizon=K, period=period)
        return lambda: (made, made)

    def line() -> Fits:
        own = plan_line(plan)
        bar = common.Bar("linear model")
        found = train_twice(before, ends, own, lambda name: {"progress": bar}, seed=0)
        held, module = (fit_networks([one], own) for one in (found.held, found.module))
        return held, module

    last = f"the last {period} steps" if period > 1 else "the last value"
    return {
        "linear model": line,
        last: rule(fit_season, period),
        "theta": rule(fit_theta, period),
        "Naive2": rule(fit_naive2, period),
    }


def run_forecast(arguments: Namespace) -> dict[str, pd.DataFrame]:
    """Quantiles of the steps after a table's end, by series and date.

    Raises Refused where a series is too short.
    """
    modules, plan, widths, about = models.load_model(
        arguments, KIND, ends_network.load_ends
    )
    reading = tables.check_reading(arguments.model, about.get("reading"))
    frame = _read_series(arguments, reading)
    series = _list_series(frame)
    with common.refuse_in_words(arguments.file):
        check_positive(series)
        origins = count_origins(series, plan.needed)
    fit = fit_networks(modules, plan)
    said = ask_each(fit, series, plan.horizon, origins)
    told = said.point + spread_past(said, widths[-1])  # (Q, N, K)
    return {name: date_steps(frame, plan, told[:, k]) for k, name in enumerate(series)}


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its scores."""
    plan = about["plan"]
    parts = f"{plan['cell']} of {plan['hidden']} units beside a line"
    network = (
        f"{about['networks']} {parts}, {plan['history']} steps read, "
        f"{plan['segment']} at once, {plan['horizon']} ahead"
    )
    before = ", ".join(f"{score:.3f}" for score in about["validation"])
    lines = [
        f"scored on {about['test']}; on as many before: OWA {before}",
        "OWA: sMAPE, in %, and MASE over those of Naive2; MSIS, CRPS and",
        "bias in units of MASE",
    ]
    table = evaluation.list_rows(about, *COLUMNS)
    return evaluation.Described(network, table, lines)


APP = evaluation.Application(
    kind=KIND,
    read=_read,
    fit=_fit,
    score=_measure_loss,
    rescore=_score_again,
    save=ends_network.save_ends,
    load=ends_network.load_ends,
    show=_show,
    check=leave_out,
    cases="series",
)
