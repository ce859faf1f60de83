"""What `forecast` does with --network segments: a table's columns alike."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from rnncore.apps.forecast import columns, tables
from rnncore.apps.forecast.ahead import date_steps
from rnncore.apps.forecast.columns import (
    KEEPS,
    RATES,
    RSE,
    ColumnPlan,
    Standard,
    ask_columns,
    cut_columns,
    find_spread,
    measure_errors,
    measure_rse,
    restore,
    split_rows,
    standardise,
    train_columns,
)
from rnncore.apps.forecast.panel import Panel
from rnncore.apps.spine import common, evaluation, models, runs
from rnncore.apps.spine.common import Facts, format_count
from rnncore.apps.spine.evaluation import NETWORK, Scores
from rnncore.forecast.classical import ask_linear, best_linear
from rnncore.forecast.plan import LOG, bend
from rnncore.forecast.seasons import season_of
from rnncore.forecast.windows import Scaler, Split, Windows, origins, scaled
from rnncore.storage.files import Refused

KIND = "forecast, segments"
COLUMNS = ["MSE", "MAE", "RSE"]
SEGMENTS = 14  # that are read before a forecast, unless a history is given
WEEK = 7  # steps of a segment where the dates have no season
EVERY = 4  # of the origins of the validation part one in so many is asked
# options of the other network
UNUSED = (
    *("method", "scale", "support", "period", "past", "known"),
    *("holidays", "plot", "report", "origins"),
)
Predict = Callable[[Windows], np.ndarray]  # said (K, B)
Model = tuple[list[torch.nn.Module], ColumnPlan]


class Data(NamedTuple):
    """A table, how it is read, and what is done with it."""

    frame: pd.DataFrame
    reading: Facts
    plan: ColumnPlan
    parts: Split
    tries: list[Facts]  # settings of which the validation part chooses one


def leave_out(arguments: Namespace) -> None:
    """Without options of the other network; Refused where one is given."""
    runs.leave_out(arguments, UNUSED, "not with --network segments")


def _read(arguments: Namespace) -> tuple[Data, Facts]:
    """The table, the plan, and what is tried."""
    reading = tables.reading_of(arguments)
    frame = _read_whole(arguments, reading)
    plan, parts = _make_plan(arguments, frame)
    rate, dropout = arguments.rate, arguments.dropout
    rates = RATES if rate is None else (rate,)
    keeps = KEEPS if dropout is None else (1 - dropout,)
    tries: list[Facts] = [{"rate": r, "keep": k} for r in rates for k in keeps]
    if len(tries) == 1:
        plan = plan._replace(**tries[0])
    known: Facts = plan._asdict() | reading | {"tries": len(tries)}
    known |= {"data": tables.print_of(as_panel(frame))}
    known["parts"] = [part.stop for part in parts]
    return Data(frame, reading, plan, parts, tries), known


def _read_whole(arguments: Namespace, reading: Facts) -> pd.DataFrame:
    """The table's columns. Raises Refused where one lacks a value."""
    frame = tables.read(arguments.file, reading).frame
    for name, lacking in frame.isna().sum().items():
        if lacking:
            count = format_count(int(lacking), "value")
            raise Refused(
                f"{arguments.file}: {name} lacks {count}: --network "
                "segments learns whole columns"
            )
    return frame


def as_panel(frame: pd.DataFrame) -> Any:
    """A table without more beside it."""
    return Panel(frame, None, ".", [])


def choose_segment(given: int | None, season: int) -> int:
    """Steps that are read at once: a season, or a week where none is."""
    return given or (season if season > 1 else WEEK)


def check_history(T: int, S: int) -> None:
    """Raise Refused unless segments of S make up the history."""
    if T % S:
        raise Refused(
            f"--history: expected a multiple of --segment, {S} steps, got {T}"
        )


def _make_plan(arguments: Namespace, frame: pd.DataFrame) -> tuple[ColumnPlan, Split]:
    """A plan in which the dates decide what the options leave open.

    Raises Refused where the table is too short for it.
    """
    S = choose_segment(arguments.segment, season_of(frame))
    with common.refuse_in_words(arguments.file):
        parts = split_rows(len(frame), arguments.split)
        most = max(parts.training.stop // 4 // S, 1)
        T = arguments.history or S * min(SEGMENTS, most)
        check_history(T, S)
        for part in parts:
            origins(part, T, arguments.horizon)
    named = "hidden", "batch", "steps"
    given = {name: getattr(arguments, name) for name in named}
    given = {k: v for k, v in given.items() if v is not None}
    link = LOG if arguments.logs == "yes" else ""
    plan = ColumnPlan(arguments.horizon, T, S, cell=arguments.cell)
    unit = arguments.unit or plan.unit
    judge = arguments.judge or plan.judge
    plan = plan._replace(link=link, unit=unit, judge=judge)
    return plan._replace(**given), parts


def _fit(
    arguments: Namespace, data: Data, run: runs.TrainingRun, device: Any
) -> tuple[Model, Facts]:
    """One network per seed: of those that are tried the best."""
    plan, parts = data.plan, data.parts
    values = data.frame.to_numpy(dtype=float)
    own = standardise(values, parts.training.stop, plan.link, plan.unit)
    evaluate = _choose_judge(own, parts.validation, plan)
    modules: list[Any] = []
    about: Facts = {"reading": data.reading, "rows": len(data.frame)}
    about |= {"parts": [part.stop for part in parts], "chosen": []}
    about["scaler"] = [part.tolist() for part in own.scaler]

    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        found = []
        for k, other in enumerate(data.tries):
            name = ", ".join(f"{key} {v:g}" for key, v in other.items())
            bar = common.Bar(f"seed {seed}, {name}")
            module, fit = train_columns(
                own.values,
                parts.training,
                plan._replace(**other),
                evaluate=evaluate,
                seed=seed,
                device=device,
                checkpoint=run.folder / f"seed-{seed}-{k}.npz",
                progress=bar,
                stop=run.stop(bar),
            )
            score = min(fit.history.score, default=float("inf"))
            found.append((score, k, module))
            run.seconds()
            if run.is_cut:
                break
        score, k, module = min(found, key=lambda one: one[:2])
        modules.append(module)
        about["chosen"].append({**data.tries[k], "validation": score})
        if run.is_cut:
            break
    about["errors"] = _find_errors(modules, own, parts, plan)
    return (modules, plan), about


def _choose_judge(
    own: Standard, part: range, plan: ColumnPlan
) -> Callable[[Any], float]:
    """The error of a network on the part by which its weights are kept."""
    if plan.judge == RSE:
        return lambda module: measure_rse(
            own, part, plan, partial(ask_columns, [module])
        )
    held = cut_columns(own.values, part, plan, EVERY)

    def evaluate(module: Any) -> float:
        said = ask_columns([module], held)
        return measure_errors(said, held.target)["mse"]

    return evaluate


def _find_errors(modules: list, own: Standard, parts: Split, plan: ColumnPlan) -> Any:
    """Quantiles of the errors on the validation part, as a list."""
    held = cut_columns(own.values, parts.validation, plan)
    said, C = ask_columns(modules, held), own.values.shape[1]
    found = find_spread(said, held.target, C, plan.levels)
    return found.astype(float).round(6).tolist()


def _measure_loss(model: Model, data: Data) -> Scores:
    return _compute_scores(model, data.frame, data.parts)


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """The scores of the test part of a table that may have grown since."""
    frame = _read_whole(arguments, about["reading"])
    known, rows = about["settings"]["data"], about["rows"]
    if tables.print_of(as_panel(frame.iloc[:rows])) != known:
        raise Refused(
            f"{arguments.file}: it does not begin with the table that was trained on"
        )
    first, second, last = about["parts"]
    last = last if last < rows else len(frame)
    parts = Split(range(first), range(first, second), range(second, last))
    return _compute_scores(model, frame, parts)


def _compute_scores(model: Any, frame: pd.DataFrame, parts: Split) -> Scores:
    """Errors over all windows of the test part, in the plan's units.

    The score is the mean of the networks' own; what they forecast is
    their mean.
    """
    modules, plan = model
    values = frame.to_numpy(dtype=float)
    own = standardise(values, parts.training.stop, plan.link, plan.unit)
    measure = partial(_measure, own, parts.test, plan)
    every = [measure(partial(ask_columns, [one])) for one in modules]
    scores = np.mean([scores for scores, _ in every], axis=0).tolist()
    table = [(NETWORK, *scores)]
    errors = np.mean([errors for _, errors in every], axis=0)
    if len(modules) > 1:
        joined, _ = measure(partial(ask_columns, modules))
        name = f"{NETWORK}, mean of {len(modules)} forecasts"
        table.append((name, *joined))
    days = frame.index[[parts.test.start, parts.test.stop - 1]]
    first, last = (str(day).removesuffix(" 00:00:00") for day in days)
    found: Facts = {"table": table, "score": scores[0]}
    found["test"] = f"{len(errors)} windows a column, {first} to {last}"

    def compare(found: Facts) -> Facts:
        rivals = _list_rivals(own, parts, plan)
        bar = common.Bar("back-test", "method")
        every = {name: measure(rivals[name]) for name in bar([*rivals])}
        rows = [(name, *scores) for name, (scores, _) in every.items()]
        best = min(every, key=lambda name: every[name][0][0])
        apart = errors - every[best][1]
        what = f"squared error, {best}"
        found |= {"table": [*found["table"], *rows]}
        return found | evaluation.paired_interval(what, apart, plan.horizon)

    return found, {"the baselines": compare}


def _measure(
    own: Standard, part: range, plan: ColumnPlan, predict: Predict
) -> tuple[tuple[float, ...], np.ndarray]:
    """The scores of a method, and its squared error at each origin."""
    windows = cut_columns(own.values, part, plan)
    said, C = predict(windows), own.values.shape[1]
    wrong = (said.astype(float) - windows.target) ** 2
    by_origin = wrong.reshape(plan.horizon, C, -1).mean(axis=(0, 1))
    found = measure_errors(said, windows.target)
    rse = measure_rse(own, part, plan, predict)
    return (found["mse"], found["mae"], rse), by_origin


def _list_rivals(own: Standard, parts: Split, plan: ColumnPlan) -> dict[str, Predict]:
    """What needs no network: the last values again, and a straight line."""
    K, S = plan.horizon, plan.segment

    def count_from_last(windows: Any) -> Any:
        last = windows.past[-1:]
        past = windows.past - last
        return windows._replace(past=past, target=windows.target - last[..., 0])

    training, validation = (
        count_from_last(cut_columns(own.values, part, plan)) for part in parts[:2]
    )
    line = best_linear(training, validation)

    def ask_line(windows: Any) -> np.ndarray:
        said = ask_linear(line, count_from_last(windows))
        return said + windows.past[-1, :, 0]

    def repeat(windows: Any, period: int) -> np.ndarray:
        again: np.ndarray = windows.past[np.arange(K) % period - period]
        return again[..., 0]

    return {
        "linear model": ask_line,
        f"the last {S} steps": partial(repeat, period=S),
        "the last value": partial(repeat, period=1),
    }


def run_forecast(arguments: Namespace) -> dict[str, pd.DataFrame]:
    """Quantiles of the steps after a table's end, by column and date.

    Raises Refused where the table lacks a column, or is too short.
    """
    modules, plan, about = models.load_model(arguments, KIND, columns.load_columns)
    reading = tables.check_reading(arguments.model, about.get("reading"))
    frame = _read_whole(arguments, reading)
    scaler = Scaler(*map(np.array, about["scaler"]))
    with common.refuse_in_words(arguments.file):
        bent = bend(frame.to_numpy(dtype=float), plan.link)
        values = scaled(bent, scaler).astype(np.float32)
        own = Standard(values, scaler, plan.link)
        room = np.zeros((plan.horizon, values.shape[1]), np.float32)
        seen = np.concatenate([values, room])
        ahead = range(len(values), len(seen))
        said = ask_columns(modules, cut_columns(seen, ahead, plan))
    spread = np.array(about["errors"])  # (Q, K, C)
    told = restore(said + spread, own)
    return {
        str(name): date_steps(frame, plan, told[..., k]) for k, name in enumerate(frame)
    }


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its scores."""
    plan = about["plan"]
    network = (
        f"{about['networks']} {plan['cell']} of {plan['hidden']} units, "
        f"{plan['history']} steps read, {plan['segment']} at once, "
        f"{plan['horizon']} ahead"
    )
    table = evaluation.list_rows(about, *COLUMNS)
    chosen = [
        f"rate {one['rate']:g}, dropout {1 - one['keep']:.2g}"
        for one in about["chosen"]
    ]
    unit = {"spread": "z-scores", "change": "steps' changes"}[plan["unit"]]
    lines = [
        f"scored on {about['test']}; MSE and MAE in units of {unit}",
        "chosen by validation: " + "; ".join(chosen),
    ]
    return evaluation.Described(network, table, lines)


APP = evaluation.Application(
    kind=KIND,
    read=_read,
    fit=_fit,
    score=_measure_loss,
    rescore=_score_again,
    save=columns.save_columns,
    load=columns.load_columns,
    show=_show,
    check=leave_out,
)
