"""The command `forecast`: forecasts for the columns of your table."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
import torch

from rnncore.apps.forecast import (
    ahead,
    contest,
    entrants,
    intermittent,
    pipeline,
    report,
    supports,
    tables,
)
from rnncore.apps.forecast import columns_command as columns
from rnncore.apps.forecast import ends_command as ends
from rnncore.apps.forecast.estimator import Forecaster
from rnncore.apps.forecast.options import OTHERS
from rnncore.apps.forecast.panel import Panel, fit_units, scale_covariates
from rnncore.apps.forecast.pipeline import MANY, prefer_season
from rnncore.apps.forecast.storage import load_forecaster, save_forecaster
from rnncore.apps.forecast.supports import tell_support
from rnncore.apps.spine import common, evaluation, inputs, models, runs
from rnncore.apps.spine.common import Facts, note
from rnncore.apps.spine.evaluation import Scores
from rnncore.forecast.plan import (
    COUNTS,
    REAL,
    SHARE,
    ForecastPlan,
    find_support,
    parts_of,
    plan_for,
    read_seasons,
)
from rnncore.forecast.prices import is_price_table, list_faults, list_zeros
from rnncore.forecast.rivals import list_rivals
from rnncore.storage.files import Refused, whole_file
from rnncore.storage.weights import read_about

KIND = "forecast"
PRICES, STUDENT = "prices", "student"  # see `rnncore.forecast.plan`
ENDINGS = ".png", ".svg"
SEGMENTS_ONLY = "segment", "split", "unit", "judge", "dropout", "protocol"
Model = tuple[list[torch.nn.Module], ForecastPlan]


def _choose_app(arguments: Namespace) -> evaluation.Application:
    """Whose network is asked for.

    Raises Refused where an option is of the other one.
    """
    if arguments.network == "segments":
        if arguments.protocol == "ends":
            return ends.APP
        decides = [n for n in arguments.decides if n != "protocol"]
        arguments.decides = decides
        return columns.APP
    why = "only with --network segments"
    runs.leave_out(arguments, SEGMENTS_ONLY, why)
    arguments.decides.remove("network")
    other = {name: getattr(Forecaster, name) for name in OTHERS}
    runs.fill_in(arguments, other)
    return APP


def _train(arguments: Namespace) -> int:
    return runs.learn(_choose_app(arguments), arguments)


def _evaluate(arguments: Namespace) -> int:
    """The scores again, of whichever network."""
    module = _find_other(arguments.model)
    app = module.APP if module else APP
    return evaluation.score_again(app, arguments)


def _find_other(path: Path) -> Any:
    """Whose model it is: of `columns`, of `ends`; None: of neither."""
    known: Facts = read_about(path) if path.is_file() else {}
    others: Facts = {one.KIND: one for one in (columns, ends)}
    return others.get(known.get("kind", ""))


class Data(NamedTuple):
    """A table, how it is read, what is done with it."""

    panel: Panel  # its covariates as the network reads them
    reading: Facts
    plan: Any
    origins: int | None  # of the back-test, at most
    units: Any  # of the covariates: see `fit_units`
    method: str | None  # that was asked for, as `compare` names it


def _read(arguments: Namespace) -> tuple[Data, Facts]:
    """The table, how it is read, the plan, and how many origins count."""
    reading = tables.reading_of(arguments)
    panel = tables.read(arguments.file, reading)
    plan = _make_plan(arguments, panel)
    if plan.support != "real" and arguments.support is None:
        note(tell_support(panel.frame, plan.support))
    known = plan._asdict() | reading | {"data": tables.print_of(panel)}
    units = None
    if panel.beside is not None:
        part = parts_of(panel.frame, plan).training
        units = fit_units(panel.beside, part.stop)
    reading |= {"decimal": panel.decimal}
    _tell_scale(panel.frame, plan, arguments)
    if plan.logs and plan.scale != PRICES and arguments.logs is None:
        note("changes are alike in percent: learnt in logarithms (--logs)")
    method = _name_method(arguments.method, plan, arguments.seeds)
    scaled = _in_units(panel, units)
    data = Data(scaled, reading, plan, arguments.origins, units, method)
    return data, known


def _tell_scale(frame: pd.DataFrame, plan: Any, arguments: Namespace) -> None:
    """What is forecast, and of prices what to look at first."""
    chosen = arguments.scale is None
    if plan.scale == "season" and chosen:
        note(f"learnt as differences of {plan.period} steps, a season (--scale levels)")
    if plan.scale != PRICES:
        if chosen:
            tables.tell_few(list_zeros(frame))
        return
    if chosen:
        note(
            "these look like prices: today's is the middle of each "
            "forecast, around it Student's distribution, which begins at "
            "EWMA's deviation (--scale levels)"
        )
    tables.tell_few(list_faults(frame))


def _name_method(asked: str | None, plan: Any, networks: int) -> str | None:
    """The row of the back-test that is meant; None where none is asked.

    Raises Refused where this table has no such method.
    """
    if asked is None:
        return None
    own = entrants.predict_row(plan, networks)
    rows = [*list_rivals(plan, True), entrants.LINE, own]
    rows.append(entrants.join_row(plan))
    if plan.support.startswith("counts"):
        rows += intermittent.list_rivals(plan.period)
    known = {name.lower(): name for name in rows}
    known |= {"naive": "persistence", "line": entrants.LINE}
    known |= {"network": own, plan.cell.lower(): own}
    known["network and ets"] = entrants.join_row(plan)
    found = known.get(asked.lower().replace("-", " ").replace("_", " "))
    if found is None:
        raise Refused(f"--method: expected one of {', '.join(rows)}, got {asked!r}")
    return found


def _in_units(panel: Panel, units: Any) -> Panel:
    """The table with covariates in these units, if it has any."""
    if panel.beside is None:
        return panel
    return panel._replace(beside=scale_covariates(panel.beside, units))


def _fit(
    arguments: Namespace, data: Data, run: runs.TrainingRun, device: Any
) -> tuple[Model, Facts]:
    """One network per seed, and what is known of the table."""
    frame, plan = data.panel.frame, data.plan
    split = parts_of(frame, plan)
    if plan.support == supports.COUNTS:
        series = pipeline.series_of(frame, plan, data.panel.beside)
        found = supports.choose_zeros(series, plan, split, arguments.seed)
        plan = plan._replace(support=found)
    modules: list[Any] = []
    taken = 0
    best: list[int] = []
    about: Facts = {"reading": data.reading, "rows": len(frame)}
    about |= {"units": data.units}
    about["split"] = {
        name: [str(frame.index[k]) for k in (part.start, part.stop - 1)]
        for name, part in split._asdict().items()
    }
    for given in _list_trainings(arguments, data, run, device, "seed"):
        module, fit = pipeline.train(
            frame,
            plan,
            split,
            keep=lambda m: run.keep(([*modules, m], plan), about),
            **given,
        )
        seed = given["seed"]
        begun = pipeline.untrained_loss(
            frame, plan, split, beside=data.panel.beside, seed=seed
        )
        of = f"in the loss of seed {seed}"
        runs.tell_unlearned(begun, fit.history.score, of)
        modules.append(module)
        best.append(_best_step(fit.history))
        taken += len(fit.history.loss)
        run.seconds()
        if run.is_cut:
            break
    return (modules, plan), about | {"steps": taken, "best_steps": best}


def _list_trainings(
    arguments: Namespace, data: Data, run: runs.TrainingRun, device: Any, what: str
) -> Iterator[Facts]:
    """What the training of each seed is given besides table and plan."""
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        bar = common.Bar(f"{what} {seed}")
        name = f"{what.replace(' ', '-')}-{seed}.npz"
        yield {
            "beside": data.panel.beside,
            "seed": seed,
            "device": device,
            "checkpoint": run.folder / name,
            "progress": bar,
            "stop": run.stop(bar),
        }


def _best_step(history: Any) -> int:
    """The updates after which the kept weights were there."""
    if not history.score:
        return len(history.loss)
    least = history.score.index(min(history.score))
    return int(history.evaluated[least])


def _refit(
    arguments: Namespace,
    data: Data,
    model: Any,
    about: Facts,
    run: runs.TrainingRun,
    device: Any,
) -> Any:
    """Networks from all rows as well, if it is they who forecast."""
    modules, plan = model
    method = about.get("method", plan.cell)
    if not method.startswith(plan.cell) or run.is_cut:
        return model
    note("training once more, on all rows; the scores are those of before")
    final: list[Any] = []
    with run.ending.catch_interrupts():
        every = _list_trainings(arguments, data, run, device, "all rows")
        for steps, given in zip(about["best_steps"], every, strict=False):
            frame = data.panel.frame
            final.append(pipeline.refit(frame, plan, steps, **given))
            if run.is_cut:
                note("ended: forecasts are by the networks of before")
                return model
    about["final"] = len(final)
    return [*modules, *final], plan


def _measure_loss(model: Model, data: Data) -> Scores:
    modules, plan = model
    return _compute_scores(data.panel, plan, modules, data.origins, data.method)


def _run_forecast(arguments: Namespace) -> int:
    """The steps after a table's end: printed, written, drawn."""
    _check_outputs(arguments)
    other = _find_other(arguments.model)
    ahead = other.run_forecast if other else _forecast_ahead
    if other and (arguments.plot or arguments.method):
        name = "plot" if arguments.plot else "method"
        raise Refused(f"--{name}: not of a network that reads segments")
    said = ahead(arguments)
    table = pd.concat(said, names=["series"])
    if arguments.out:
        with whole_file(arguments.out) as file:
            file.write(table.to_csv().encode())
    shown = dict([*said.items()][:MANY])
    text = pd.concat(shown, names=["series"])
    print(text.to_string(float_format=_format_number))
    if len(shown) < len(said):
        more = f"{len(said) - len(shown)} more series"
        print(f"and {more}: --out FILE.csv writes all")
    return 0


def _forecast_ahead(arguments: Namespace) -> dict[str, pd.DataFrame]:
    """What comes next, by the method that was ahead; drawn, if asked."""
    path = inputs.model_file(arguments.model, KIND)
    reading = read_about(path, KIND).get("reading")
    reading = tables.check_reading(path, reading)
    panel = tables.read(arguments.file, reading)
    modules, plan, about = models.load_model(arguments, KIND, load_forecaster)
    panel = _in_units(panel, about.get("units"))
    final = modules[about["networks"] :] or modules
    method = _name_method(arguments.method, plan, len(final))
    method = method or about.get("method")
    method = method or entrants.predict_row(plan, len(final))
    with common.refuse_in_words(arguments.file):
        said, left = ahead.forecast_ahead(
            panel.frame,
            plan,
            method,
            final,
            panel.beside,
            common.Bar("forecast", "series"),
        )
    tables.tell_few([f"{k}: not forecast: {why}" for k, why in left.items()])
    note(f"these are the numbers of: {method}")
    if arguments.plot:
        back = max(3 * plan.horizon, plan.history)
        _save_figure(arguments.plot, pipeline.draw(panel.frame, said, back))
    return said


def _format_number(x: float) -> str:
    """A forecast is no surer than that; whole digits are kept."""
    return f"{x:.0f}" if abs(x) >= 1000 else f"{x:.4g}"


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """The back-test on a table that may have grown since."""
    modules, plan = model
    panel = tables.read(arguments.file, about["reading"])
    with common.refuse_in_words(arguments.file):
        plan_for(
            panel.frame,
            plan.horizon,
            history=plan.history,
            period=plan.period,
            longer=plan.longer,
            logs=plan.logs,
        )
    known = about["settings"]["data"]
    if tables.print_of(panel, about["rows"]) != known:
        note(
            f"{arguments.file} does not begin with the table that was "
            "trained on: the model may have seen rows that it is scored on"
        )
    panel = _in_units(panel, about.get("units"))
    with common.refuse_in_words(arguments.file):
        found, deferred = _compute_scores(
            panel,
            plan,
            modules[: about["networks"]],
            arguments.origins,
            about.get("method"),
            choose=False,
        )
    known = {k: about[k] for k in ("method", "choice") if k in about}
    return found | known, deferred


def _check_outputs(arguments: Namespace) -> None:
    """Raise Refused now, not after minutes of training."""
    if arguments.plot:
        common.output_file(arguments.plot, arguments.force, *ENDINGS)
    if getattr(arguments, "report", None):
        common.output_file(arguments.report, arguments.force, ".html")
    if getattr(arguments, "out", None):
        common.output_file(arguments.out, arguments.force, ".csv")


def _make_plan(arguments: Namespace, panel: Panel) -> Any:
    """A plan in which the table decides what the options leave open."""
    frame = panel.frame
    names = "history", "cell", "steps", "batch", "rate"
    given = {name: getattr(arguments, name) for name in names}
    given["units"] = arguments.hidden
    given["holidays"] = arguments.holidays or ""
    given |= read_seasons(frame, arguments.period)
    with common.refuse_in_words(arguments.file):
        given |= _choose_units(arguments, frame)
        scale = given.pop("scale")
        if scale == PRICES:
            given["period"] = given["period"] or 1
            given["history"] = given["history"] or min(60, len(frame) // 4)
        plan = plan_for(frame, arguments.horizon, **given)
        if scale is None and prefer_season(frame, plan, panel.beside):
            scale = "season"
        plan = plan._replace(scale=scale or plan.scale)
        if plan.scale == PRICES:
            plan = plan._replace(head=STUDENT)
        return _check_scale(plan)


def _choose_units(arguments: Namespace, frame: pd.DataFrame) -> Facts:
    """What values can be, whether they are learnt in logarithms, and how.

    Of prices that is decided by the first look; None is decided later.
    Raises Refused where options exclude each other.
    """
    asked, scale = arguments.support, arguments.scale
    logs = {"yes": True, "no": False}.get(arguments.logs)
    support = find_support(frame, asked)
    if asked == SHARE and logs:
        raise Refused(
            "--support share: expected no --logs yes: shares are learnt in log odds"
        )
    if asked is None and logs and support != COUNTS:
        support = REAL  # who asks for logarithms says what they are
    like_prices = scale is None and asked in (None, REAL)
    if like_prices and support != COUNTS and is_price_table(frame):
        scale = PRICES
    if scale == PRICES:
        return {"support": asked or REAL, "logs": True, "scale": scale}
    if support in (COUNTS, SHARE):
        logs = False
    return {"support": support, "logs": logs, "scale": scale}


def _check_scale(plan: Any) -> Any:
    """Raise Refused where a season's differences do not reach so far."""
    if plan.scale == "season" and not 1 < plan.period >= plan.horizon:
        raise Refused(
            "--scale season: expected a season that is as long as the "
            f"horizon, got {plan.period} and {plan.horizon} steps"
        )
    counted = plan.support == "counts" and plan.scale != "levels"
    if counted or (plan.support != "real" and plan.scale == PRICES):
        raise Refused(
            f"--scale {plan.scale}: expected --support real, got {plan.support}"
        )
    return plan


def _compute_scores(
    panel: Panel,
    plan: Any,
    modules: list,
    most: int | None,
    method: str | None,
    choose: bool = True,
) -> Scores:
    """The table, as text and as the numbers that count.

    With the rivals the method is chosen, unless one is asked for.
    """
    frame = panel.frame
    split = parts_of(frame, plan)
    part = split.test
    names = contest.scored(frame, plan)
    left = [str(name) for name in frame if name not in names]
    if left:
        shown = ", ".join(left[: tables.TOLD])
        more = len(left) - tables.TOLD
        note(
            f"{len(left)} series not scored: too short, ended, or without "
            f"a change before the test: {shown}"
            + (f" and {more} more" if more > 0 else "")
        )
    days = frame.index[[part.start, part.stop - 1]]
    first, last = (str(day).removesuffix(" 00:00:00") for day in days)
    test = f"steps of the last fifth, {first} to {last}, that training did "
    test = f"{test}not see"
    if not names:
        text = "no series moves before the last fifth: nothing is scored"
        method = method or "persistence"
        known = {"table": text, "scores": [], "method": method}
        return known | {"test": test}, {}

    def compare(among: Any) -> Facts:
        bar = common.Bar("back-test", "method")
        found = contest.compare(
            frame,
            plan,
            modules,
            beside=panel.beside,
            most=most,
            progress=bar,
            among=among,
        )
        own = found.errors[entrants.predict_row(plan, len(modules))]
        return {
            "table": contest.as_text(found.table),
            "scores": contest.list_scores(found.table),
            "score": contest.mean_of(own),
        } | _find_rival(found, plan, modules, (frame, plan, most))

    def compare_all(found: Facts) -> Facts:
        slow, chosen = contest.sample(plan, names)
        if len(chosen) < len(names):
            note(f"{' and '.join(slow)}: on {len(chosen)} of {len(names)} series")
        if choose:
            found |= _choose(panel, plan, modules, most, method)
        return found | compare(None)

    return compare([]) | {"test": test}, {"the baselines": compare_all}


def _find_rival(found: Any, plan: Any, modules: list, asked: tuple) -> Facts:
    """The best of the rivals on the test, and how sure its distance is."""
    own = found.errors[entrants.predict_row(plan, len(modules))]
    mean = {
        name: contest.mean_of(one)
        for name, one in found.errors.items()
        if not name.startswith(plan.cell)
    }
    if not mean:
        return {}
    best = min(mean, key=mean.__getitem__)
    apart = contest.differences(own, found.errors[best])
    least = contest.overlap(*asked)
    return {"baseline": mean[best]} | evaluation.paired_interval(
        f"MASE, {best}", apart, least
    )


def _choose(
    panel: Panel, plan: Any, modules: list, most: int | None, method: str | None
) -> Facts:
    """Who forecasts: the one asked for, or the best on validation."""
    frame = panel.frame
    part = parts_of(frame, plan).validation
    if not contest.scored(frame, plan, part):
        note("no series moves before the validation part: none is chosen")
        return {"method": method or "persistence"}
    bar = common.Bar("choosing", "method")
    found = contest.compare(
        frame, plan, modules, part=part, beside=panel.beside, most=most, progress=bar
    )
    least = contest.overlap(frame, plan, most, part)
    able = contest.list_able(found.errors, plan, least)
    losses = {name: found.losses[name] for name in able}
    chosen = contest.choose(losses, plan, least)
    days = frame.index[[part.start, part.stop - 1]]
    first, last = (str(day).removesuffix(" 00:00:00") for day in days)
    choice: Facts = {"part": f"{first} to {last}"}
    choice["best"] = chosen.method
    if plan.scale == PRICES:  # whether one is ahead of today's price
        choice["goes"] = contest.says_where(chosen.method, plan)
    return {
        "method": method or chosen.method,
        "choice": choice | {"scores": chosen.scores},
    }


def _advise(found: Facts) -> str | None:
    """Whose numbers `forecast` gives, and why."""
    method, choice = found.get("method"), found.get("choice")
    if method is None:
        return "`forecast` gives the network's numbers: no rival was compared."
    if choice is None:
        return f"`forecast` gives the numbers of: {method}."
    scores = sorted(choice["scores"].items(), key=lambda item: item[1])
    listed = ", ".join(f"{name} {value:.3f}" for name, value in scores)
    why = "the best there"
    if method != choice["best"]:
        why = f"as asked for; the best there was {choice['best']}"
    elif scores[0][0] != method:
        why = "level with the best there, and simpler"
    said = (
        f"CRPS on the validation part, {choice['part']}: {listed}.\n"
        f"`forecast` gives the numbers of: {method} ({why})."
    )
    if choice.get("goes", True):
        return said
    return f"{said}\nIt does not say where a price will go, but how far."


def _draw_back(arguments: Namespace, about: Facts) -> None:
    """The last forecast of the back-test and what came; the report."""
    if arguments.plot is None and arguments.report is None:
        return
    modules, plan, known = load_forecaster(arguments.model)
    modules = modules[: known["networks"]]  # the test is new to them
    panel = tables.read(arguments.file, about["reading"], lambda line: None)
    panel = _in_units(panel, about.get("units"))
    frame = panel.frame
    before, came = frame.iloc[: -plan.horizon], frame.iloc[-plan.horizon :]
    method = about.get("method")
    method = method or entrants.predict_row(plan, len(modules))
    said, _ = ahead.forecast_ahead(before, plan, method, modules, panel.beside)
    back = max(3 * plan.horizon, plan.history)
    if arguments.plot:
        figure = pipeline.draw(before, said, back, came)
        _save_figure(arguments.plot, figure)
    if arguments.report and not about["scores"]:
        note("no report is written: nothing was scored")
        return
    if arguments.report:
        figure = pipeline.draw(before, said, back, came)
        described = _show(about)
        page = report.make_report(
            arguments.file.name,
            [described.network, *described.lines],
            about["scores"],
            plan.cell,
            figure,
        )
        with whole_file(arguments.report) as file:
            file.write(page.encode())
        note(f"written: {arguments.report}")


def _save_figure(path: Path, figure: Any) -> None:
    with whole_file(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())
    plt.close(figure)
    note(f"drawn: {path}")


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its back-test."""
    plan = about["plan"]
    network = (
        f"{about['networks']} {plan['cell']} of {plan['units']} units, "
        f"{plan['history']} steps read, {plan['horizon']} ahead, "
        f"a season of {plan['period']}"
    )
    if plan.get("longer", 1) > 1:
        network += f" and one of {plan['longer']}"
    season = f"the same {plan['period']} steps before"
    if plan["period"] == 1:
        season = "the value before"
    lines = [
        f"back-test on {about['test']}; MASE, RMSSE, CRPS and bias",
        f"in units of the error of {season}, sMAPE in %",
    ]
    return evaluation.Described(network, about["table"], lines)


APP = evaluation.Application(
    kind=KIND,
    read=_read,
    fit=_fit,
    score=_measure_loss,
    rescore=_score_again,
    save=save_forecaster,
    load=load_forecaster,
    show=_show,
    check=_check_outputs,
    after=_draw_back,
    finish=_refit,
    advise=_advise,
)


PARTS = {"train": _train, "forecast": _run_forecast, "evaluate": _evaluate}
