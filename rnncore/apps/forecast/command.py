"""The command `forecast`, and the work of its class."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
import torch

from rnncore.apps.forecast import ahead, contest, entrants, pipeline, steps
from rnncore.apps.forecast.estimator import Forecaster
from rnncore.apps.forecast.panel import (
    Panel,
    describe,
    fit_units,
    make_panel,
    print_of,
    scale_panel,
)
from rnncore.apps.forecast.pipeline import MANY, prefer_season
from rnncore.apps.forecast.storage import load_forecaster, save_forecaster
from rnncore.apps.forecast.tables import Form, Table, read_table
from rnncore.apps.spine import common, evaluation, runs, watch
from rnncore.apps.spine.common import Facts, note
from rnncore.apps.spine.estimator import Prepared
from rnncore.apps.spine.evaluation import Scores
from rnncore.forecast.plan import (
    SEASON,
    SHARE,
    ForecastPlan,
    find_support,
    parts_of,
    plan_for,
    read_seasons,
)
from rnncore.forecast.rivals import list_rivals
from rnncore.storage.files import Refused, whole_file

KIND = "forecast"
ENDINGS = ".png", ".svg"
TOLD = 5  # names in a line
Model = tuple[list[torch.nn.Module], ForecastPlan]


class Data(NamedTuple):
    """A table, and what is done with it."""

    panel: Panel  # its covariates as the network reads them
    plan: ForecastPlan
    form: Form
    units: Any  # of the covariates: see `fit_units`
    method: str | None  # that was asked for, as `compare` names it
    origins: int | None  # of the back-test, at most


def tabulate(given: Any, known: Any = None, about: Facts | None = None) -> Table:
    """The table of a frame; that of a file as a model's `about` says."""
    if isinstance(given, Table):
        return given
    if isinstance(given, Path) and about:
        return read_table(given, Form(**about["form"]))
    names = [*map(str, getattr(given, "columns", [getattr(given, "name", "")]))]
    date = str(getattr(getattr(given, "index", None), "name", None) or "date")
    first = next(iter(known.values()), None) if isinstance(known, dict) else known
    beside = [*map(str, getattr(first, "columns", []))]
    return Table(given, known, "frame", Form(date, names, known=beside))


def _look_at(table: Table) -> Panel:
    with common.refuse_in_words(Path(table.name)):
        return make_panel(table.frame, table.known)


def _read_alike(table: Table, about: Facts) -> Panel:
    """The panel of a table that is like the one that was learned from.

    Raises Refused naming what differs.
    """
    panel = _look_at(table)
    step = steps.tell_step(panel.frame.index.freq)
    if step != about["step"]:
        raise Refused(
            f"{table.name}: the model learned from steps of {about['step']}, these "
            f"are of {step}"
        )
    found = {"known ahead": (about["known"], panel.known)}
    if about["form"]["id"] is None:
        found |= {"series": (about["series"], [*panel.frame])}
    for what, (learned, given) in found.items():
        if learned != given:
            raise Refused(
                f"{table.name}: {what}: the model learned from "
                f"{_list_names(learned)}, got {_list_names(given)}"
            )
    with common.refuse_in_words(Path(table.name)):
        return scale_panel(panel, about["units"])


def _list_names(names: list[str]) -> str:
    more = len(names) - TOLD
    text = ", ".join(names[:TOLD]) or "none"
    return text + f" and {more} more" * (more > 0)


def prepare(options: Any, table: Table) -> Prepared:
    """The panel and a plan; what is not chosen is, by the table."""
    panel = _look_at(table)
    lines = describe(panel, table.name, table.taken)
    with common.refuse_in_words(Path(table.name)):
        plan = _make_plan(options, panel)
    units = None
    if panel.beside is not None:
        units = fit_units(panel.beside, parts_of(panel.frame, plan).training.stop)
    known = {"data": print_of(panel), "scale": plan.scale, "form": table.form._asdict()}
    options.history, options.logs, options.support = (
        plan.history, plan.logs, plan.support,
    )  # fmt: skip
    options.period = [plan.period, plan.longer][: 1 + (plan.longer > 1)]
    method = _name_method(options.method, plan, options.seeds)
    scaled = scale_panel(panel, units)
    data = Data(scaled, plan, table.form, units, method, options.origins)
    return Prepared(data, known, lines)


def _make_plan(options: Any, panel: Panel) -> ForecastPlan:
    """A plan in which the table decides what the options leave open."""
    frame, period = panel.frame, options.period
    several = [period] if isinstance(period, int | str) else period
    support = find_support(frame, options.support)
    logs = options.logs
    if support == SHARE and logs:
        raise Refused("logs: expected none of shares, which are learned in log odds")
    if support == SHARE:
        logs = False
    if logs and options.support is None:
        support = "real"  # who asks for logarithms says what they are
    names = "history", "cell", "steps", "batch", "rate"
    given = {name: getattr(options, name) for name in names}
    given |= read_seasons(frame, [*map(str, several or ())])
    given |= {"units": options.hidden, "support": support, "logs": logs}
    plan = plan_for(frame, options.horizon, **given)
    if prefer_season(frame, plan, panel.beside):
        plan = plan._replace(scale=SEASON)
    return plan


def _name_method(asked: str | None, plan: ForecastPlan, networks: int) -> str | None:
    """The row of the back-test that is meant; None where none is asked.

    Raises Refused where this table has no such method.
    """
    if asked is None:
        return None
    own, both = entrants.predict_row(plan, networks), entrants.join_row(plan)
    rows = [*list_rivals(plan, True), entrants.LINE, own, both]
    known = {name: name for name in rows} | {"network": own, "network and ETS": both}
    if asked not in known:
        raise Refused(f"method: expected one of {', '.join(known)}, got {asked!r}")
    return known[asked]


def _fit(
    options: Any, data: Data, run: watch.Run, device: torch.device
) -> tuple[Model, Facts]:
    """One network per seed, and what is known of the table."""
    frame, plan = data.panel.frame, data.plan
    split = parts_of(frame, plan)
    about: Facts = {"form": data.form._asdict(), "units": data.units}
    about |= {"step": steps.tell_step(frame.index.freq), "known": data.panel.known}
    about |= {"rows": len(frame), "series": [*frame]}
    about["split"] = {
        name: [str(frame.index[k]) for k in (part.start, part.stop - 1)]
        for name, part in split._asdict().items()
    }
    modules: list[Any] = []
    taken = 0
    best: list[int] = []
    for given in _list_trainings(options, data, run, device, "seed"):
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
        runs.tell_unlearned(begun, fit.history.score, f"in the loss of seed {seed}")
        modules.append(module)
        best.append(_best_step(fit.history))
        taken += len(fit.history.loss)
        run.seconds()
        if run.is_cut:
            break
    return (modules, plan), about | {"steps": taken, "best_steps": best}


def _list_trainings(
    options: Any, data: Data, run: watch.Run, device: torch.device, what: str
) -> Iterator[Facts]:
    """What the training of each seed is given besides table and plan."""
    for seed in range(options.seed, options.seed + options.seeds):
        bar = common.Bar(f"{what} {seed}")
        path = run.checkpoint
        if path is not None:
            path = path.with_name(f"{what.replace(' ', '-')}-{seed}.npz")
        yield {
            "beside": data.panel.beside,
            "seed": seed,
            "device": device,
            "checkpoint": path,
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
    options: Any,
    data: Data,
    model: Model,
    about: Facts,
    run: watch.Run,
    device: torch.device,
) -> Model:
    """Networks from all rows as well, if it is they who forecast."""
    modules, plan = model
    method = about.get("method", plan.cell)
    if not method.startswith(plan.cell) or run.is_cut:
        return model
    note("training once more, on all rows; the scores are those of before")
    final: list[Any] = []
    with run.ending.catch_interrupts():
        every = _list_trainings(options, data, run, device, "all rows")
        for count, given in zip(about["best_steps"], every, strict=False):
            final.append(pipeline.refit(data.panel.frame, plan, count, **given))
            if run.is_cut:
                note("ended: forecasts are by the networks of before")
                return model
    about["final"] = len(final)
    return [*modules, *final], plan


def _compute_scores(model: Model, data: Data) -> Scores:
    """The scores of a training run; with the rivals the method is chosen."""
    modules, plan = model
    return _score(data.panel, plan, modules, data.origins, data.method)


def score_table(
    model: Model, about: Facts, table: Table, origins: int | None
) -> Scores:
    """The back-test on a table that may have grown since."""
    modules, plan = model
    looked = _look_at(table)
    common.tell_read(describe(looked, table.name, table.taken))
    panel = _read_alike(table, about)
    with common.refuse_in_words(Path(table.name)):
        plan_for(
            panel.frame,
            plan.horizon,
            history=plan.history,
            period=plan.period,
            longer=plan.longer,
            logs=plan.logs,
        )
        if print_of(looked, about["rows"]) != about["settings"]["data"]:
            note(
                f"{table.name} does not begin with the table that was learned from: "
                "the model may have seen rows that it is scored on"
            )
        scored, method = modules[: about["networks"]], about.get("method")
        found, deferred = _score(panel, plan, scored, origins, method, choose=False)
    known = {k: about[k] for k in ("method", "choice") if k in about}
    return found | known, deferred


def _score(
    panel: Panel,
    plan: ForecastPlan,
    modules: list[Any],
    most: int | None,
    method: str | None,
    choose: bool = True,
) -> Scores:
    """The table, as text and as the numbers that count.

    With the rivals the method is chosen, unless one is asked for.
    """
    frame = panel.frame
    part = parts_of(frame, plan).test
    names = contest.scored(frame, plan)
    if left := [name for name in frame if name not in names]:
        note(
            f"{len(left)} series not scored: too short, ended, or without a change "
            f"before the test: {_list_names(left)}"
        )
    days = f"{_tell_days(frame, part)}, that training did not see"
    test = f"steps of the last fifth, {days}"
    if not names:
        text = "no series moves before the last fifth: nothing is scored"
        method = method or "persistence"
        known = {"table": text, "scores": [], "method": method}
        return known | {"test": test}, {}

    def compare(among: Any) -> Facts:
        found = contest.compare(
            frame,
            plan,
            modules,
            beside=panel.beside,
            most=most,
            progress=common.Bar("back-test", "method"),
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


def _tell_days(frame: pd.DataFrame, part: range) -> str:
    first, last = (steps.tell_date(frame.index[k]) for k in (part[0], part[-1]))
    return f"{first} to {last}"


def _find_rival(found: Any, plan: ForecastPlan, modules: list, asked: tuple) -> Facts:
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
    panel: Panel,
    plan: ForecastPlan,
    modules: list[Any],
    most: int | None,
    method: str | None,
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
    chosen = contest.choose(found.losses, plan, least)
    choice = {"part": _tell_days(frame, part), "best": chosen.method}
    return {
        "method": method or chosen.method,
        "choice": choice | {"scores": chosen.scores},
    }


def forecast(model: Model, about: Facts, table: Table) -> pd.DataFrame:
    """Quantiles of what comes after a table, by series and date."""
    modules, plan = model
    panel = _read_alike(table, about)
    final = modules[about["networks"] :] or modules
    method = about.get("method") or entrants.predict_row(plan, len(final))
    with common.refuse_in_words(Path(table.name)):
        if lack := panel.find_lack(plan.horizon):
            raise Refused(lack)
        said, left = ahead.forecast_ahead(
            panel.frame,
            plan,
            method,
            final,
            panel.beside,
            common.Bar("forecast", "series"),
        )
    if left:
        name, why = next(iter(left.items()))
        note(f"{len(left)} series not forecast: {name}: {why}")
    note(f"these are the numbers of: {method}")
    return pd.concat(said, names=["series"])


def _train(arguments: Namespace) -> int:
    given = {name: getattr(arguments, name) for name in Form._fields}
    form = Form(**{name: value for name, value in given.items() if value is not None})
    table = read_table(arguments.file, form)
    return evaluation.train(Forecaster, arguments, table)


def _run_forecast(arguments: Namespace) -> int:
    """The steps after a table's end: printed, written, drawn."""
    _check_outputs(arguments)
    model = Forecaster.load(arguments.model, arguments.device)
    table = tabulate(arguments.file, about=model.about_)
    found = model.predict(table)
    if arguments.out:
        with whole_file(arguments.out) as file:
            file.write(found.to_csv().encode())
    said = {str(name): part.droplevel(0) for name, part in found.groupby(level=0)}
    said = {name: said[name] for name in table.frame if name in said}
    shown = dict([*said.items()][:MANY])
    text = pd.concat(shown, names=["series"])
    print(text.to_string(float_format=_format_number))
    if len(shown) < len(said):
        more = f"{len(said) - len(shown)} more series"
        print(f"and {more}: --out FILE.csv writes all")
    if arguments.plot:
        _draw(arguments.plot, model, _look_at(table).frame, said)
    return 0


def _evaluate(arguments: Namespace) -> int:
    _check_outputs(arguments)
    status = evaluation.evaluate(Forecaster, arguments, arguments.file)
    if arguments.plot:
        _draw_back(arguments)
    return status


def _draw_back(arguments: Namespace) -> None:
    """The last forecast of the back-test, and what came."""
    model = Forecaster.load(arguments.model, arguments.device)
    modules, plan = model._fitted()
    about = model.about_
    panel = _read_alike(tabulate(arguments.file, about=about), about)
    modules = modules[: about["networks"]]  # the test is new to them
    method = about.get("method") or entrants.predict_row(plan, len(modules))
    before, came = (
        panel.frame.iloc[: -plan.horizon],
        panel.frame.iloc[-plan.horizon :],
    )
    said, _ = ahead.forecast_ahead(before, plan, method, modules, panel.beside)
    _draw(arguments.plot, model, before, said, came)


def _draw(
    path: Path,
    model: Forecaster,
    frame: pd.DataFrame,
    said: dict[str, pd.DataFrame],
    came: pd.DataFrame | None = None,
) -> None:
    """Write the figure of a forecast."""
    plan = model._fitted()[1]
    figure = pipeline.draw(frame, said, max(3 * plan.horizon, plan.history), came)
    with whole_file(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())
    plt.close(figure)
    note(f"drawn: {path}")


def _format_number(x: float) -> str:
    """A forecast is no surer than that; whole digits are kept."""
    return f"{x:.0f}" if abs(x) >= 1000 else f"{x:.4g}"


def _check_outputs(arguments: Namespace) -> None:
    """Raise Refused before the work begins."""
    if arguments.plot:
        common.output_file(arguments.plot, arguments.force, *ENDINGS)
    if getattr(arguments, "out", None):
        common.output_file(arguments.out, arguments.force, ".csv")


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
    return (
        f"CRPS on the validation part, {choice['part']}: {listed}.\n"
        f"`forecast` gives the numbers of: {method} ({why})."
    )


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its back-test."""
    plan = ForecastPlan(**about["plan"])
    network = (
        f"{about['networks']} {plan.cell} of {plan.units} units, "
        f"{plan.history} steps read, {plan.horizon} ahead, "
        f"a season of {plan.period}"
    )
    if plan.longer > 1:
        network += f" and one of {plan.longer}"
    if plan.link:
        network += f", learned as the {plan.link}"
    if plan.scale == SEASON:
        network += ", as differences of a season"
    season = f"the same {plan.period} steps before"
    if plan.period == 1:
        season = "the value before"
    lines = [
        f"back-test on {about['test']}; MASE, RMSSE, CRPS and bias",
        f"in units of the error of {season}, sMAPE in %",
    ]
    return evaluation.Described(network, about["table"], lines)


APP = evaluation.Application(
    kind=KIND,
    fit=_fit,
    score=_compute_scores,
    save=save_forecaster,
    load=load_forecaster,
    show=_show,
    finish=_refit,
    choosing=True,
    advise=_advise,
)
PARTS = {"train": _train, "forecast": _run_forecast, "evaluate": _evaluate}
