"""The command `forecast`: forecasts for the columns of your table."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncore.commands import ABOUT, common, evaluation, runs, tables
from rnncore.commands.common import (
    Facts,
    add_operand,
    add_option,
    note,
    run_later,
)
from rnncore.commands.evaluation import Deferred
from rnncore.storage.files import whole_file

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from rnncore.forecast.panel import Panel

KIND = "forecast"
TRAIN = (
    "forecast train sales.csv --date day --value sold"
    " --horizon 14 --model sales.safetensors"
)
AHEAD = "forecast forecast sales.safetensors sales.csv"
EVALUATE = "forecast evaluate sales.safetensors sales.csv --plot sales.svg"
TABLE = (
    "sales.csv has a header, one row per step, a date column and one or "
    "more columns of numbers; or, with --id, one row per step and series. "
    "Dates may have an offset from UTC; hours are "
    "then counted and forecast in UTC."
)
ENDINGS = ".png", ".svg"


def add(commands: Any) -> None:
    """Add `forecast train`, `forecast forecast`, `forecast evaluate`."""
    examples = TRAIN, EVALUATE, f"{AHEAD} --plot ahead.svg"
    parts = common.add_group(commands, KIND, ABOUT[KIND], examples, TABLE)
    _add_train(parts)
    about = "what comes after the table's end"
    ahead = parts.add("forecast", _run_forecast, about, AHEAD)
    add_operand(ahead, "model")
    add_operand(ahead, "file")
    what = "write it as a table"
    add_option(ahead, "--out", what, kind=Path, metavar="FILE.csv")
    about = "the back-test on the last fifth of a table, beside baselines"
    evaluate = evaluation.add_evaluate(parts, APP, about, EVALUATE, "file")
    _add_plot(ahead)
    common.add_device(ahead)
    _add_plot(evaluate)
    _add_report(evaluate)
    _add_origins(evaluate)


def _add_train(parts: common.Group) -> None:
    count = common.whole_number
    train = runs.add_train(parts, APP, "learn from a table", TRAIN, "file")
    tables.add_reading(train)
    add_option(train, "--horizon", "steps ahead", kind=count, required=True)
    chosen = "(default: chosen by the dates)"
    what = f"steps that are read before a forecast {chosen}"
    add_option(train, "--history", what, kind=count)
    what = (
        "a season, or two: steps (1 for none), or day, week, year, as in "
        f"`--period day week` {chosen}"
    )
    add_option(train, "--period", what, nargs="+", metavar="N")
    add_option(
        train, "--cell", default="GRU", choices=["RNN", "LSTM", "GRU"]
    )
    what = (
        "networks that are trained, for the spread of the scores; "
        "forecasts are their mean"
    )
    add_option(train, "--seeds", what, 3)
    runs.add_training(train, hidden=32, batch=64, steps=1500, rate=0.003)
    _add_plot(train)
    _add_report(train)
    _add_origins(train)


def _add_origins(parser: Any) -> None:
    what = (
        "at most, of the back-test (default: as many as have no step in "
        "common, 150 over all series, but 20 of each)"
    )
    add_option(parser, "--origins", what, kind=common.whole_number)


def _add_plot(parser: Any) -> None:
    add_option(parser, "--plot", "draw into a .png or .svg file", kind=Path)
    common.add_force(parser)


def _add_report(parser: Any) -> None:
    what = "write the scores, with pictures, as one .html page"
    add_option(parser, "--report", what, kind=Path)


class Data(NamedTuple):
    """A table, how it is read, what is done with it."""

    panel: "Panel"  # its covariates as the network reads them
    reading: Facts
    plan: Any
    origins: int | None  # of the back-test, at most
    units: Any  # of the covariates: see `fit_units`


def _read(arguments: Namespace) -> tuple[Data, Facts]:
    """The table, how it is read, the plan, and how many origins count."""
    from rnncore.forecast.panel import fit_units

    reading = tables.reading_of(arguments)
    panel = tables.read(arguments.file, reading)
    plan = _make_plan(arguments, panel.frame)
    known = plan._asdict() | reading | {"data": tables.print_of(panel)}
    units = None
    if panel.beside is not None:
        from rnncore.forecast.plan import parts_of

        part = parts_of(panel.frame, plan).training
        units = fit_units(panel.beside, part.stop)
    reading |= {"decimal": panel.decimal}
    scaled = _in_units(panel, units)
    return Data(scaled, reading, plan, arguments.origins, units), known


def _in_units(panel: "Panel", units: Any) -> "Panel":
    """The table with covariates in these units, if it has any."""
    from rnncore.forecast.panel import scale_covariates

    if panel.beside is None:
        return panel
    return panel._replace(beside=scale_covariates(panel.beside, units))


def _fit(
    arguments: Namespace, data: Data, run: runs.TrainingRun, device: Any
) -> tuple[Any, Facts]:
    """One network per seed, and what is known of the table."""
    from rnncore.forecast import pipeline
    from rnncore.forecast.plan import parts_of

    frame, plan = data.panel.frame, data.plan
    split = parts_of(frame, plan)
    modules: list[Any] = []
    taken = 0
    about = {"reading": data.reading, "rows": len(frame)}
    about |= {"units": data.units}
    about["split"] = {
        name: [str(frame.index[k]) for k in (part.start, part.stop - 1)]
        for name, part in split._asdict().items()
    }
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        bar = common.Bar(f"seed {seed}")
        module, fit = pipeline.train(
            frame,
            plan,
            split,
            beside=data.panel.beside,
            seed=seed,
            device=device,
            checkpoint=run.folder / f"seed-{seed}.npz",
            progress=bar,
            stop=run.stop(bar),
            keep=lambda m: run.keep(([*modules, m], plan), about),
        )
        begun = pipeline.untrained_loss(
            frame, plan, split, beside=data.panel.beside, seed=seed
        )
        of = f"in the loss of seed {seed}"
        runs.tell_unlearned(begun, fit.history.score, of)
        modules.append(module)
        taken += len(fit.history.loss)
        run.seconds()
        if run.is_cut:
            break
    return (modules, plan), about | {"steps": taken}


def _measure_loss(model: Any, data: Data) -> tuple[Facts, Deferred]:
    modules, plan = model
    return _compute_scores(data.panel, plan, modules, data.origins)


def _run_forecast(arguments: Namespace) -> int:
    from rnncore.storage.weights import read_about

    _check_outputs(arguments)
    path = common.model_file(arguments.model, KIND)
    reading = read_about(path, KIND).get("reading")
    reading = tables.check_reading(path, reading)
    panel = tables.read(arguments.file, reading)
    modules, plan, about = common.load_model(arguments, KIND, LOAD)
    panel = _in_units(panel, about.get("units"))
    import pandas as pd

    from rnncore.forecast import pipeline

    with common.refuse_in_words(arguments.file):
        said = _average_forecasts(panel, plan, modules)
    table = pd.concat(said, names=["series"])
    if arguments.out:
        with whole_file(arguments.out) as file:
            file.write(table.to_csv().encode())
    if arguments.plot:
        back = max(3 * plan.horizon, plan.history)
        _save_figure(arguments.plot, pipeline.draw(panel.frame, said, back))
    print(table.to_string(float_format=_format_number))
    return 0


def _format_number(x: float) -> str:
    """A forecast is no surer than that; whole digits are kept."""
    return f"{x:.0f}" if abs(x) >= 1000 else f"{x:.4g}"


def _score_again(
    arguments: Namespace, model: Any, about: Facts
) -> tuple[Facts, Deferred]:
    """The back-test on a table that may have grown since."""
    from rnncore.forecast.plan import plan_for

    modules, plan = model
    panel = tables.read(arguments.file, about["reading"])
    with common.refuse_in_words(arguments.file):
        plan_for(
            panel.frame,
            plan.horizon,
            history=plan.history,
            period=plan.period,
            longer=plan.longer,
        )
    known = about["settings"]["data"]
    if tables.print_of(panel, about["rows"]) != known:
        note(
            f"{arguments.file} does not begin with the table that was "
            "trained on: the model may have seen rows that it is scored on"
        )
    panel = _in_units(panel, about.get("units"))
    with common.refuse_in_words(arguments.file):
        return _compute_scores(panel, plan, modules, arguments.origins)


def _check_outputs(arguments: Namespace) -> None:
    """Raise Refused now, not after minutes of training."""
    if arguments.plot:
        common.output_file(arguments.plot, arguments.force, *ENDINGS)
    if getattr(arguments, "report", None):
        common.output_file(arguments.report, arguments.force, ".html")
    if getattr(arguments, "out", None):
        common.output_file(arguments.out, arguments.force, ".csv")


def _make_plan(arguments: Namespace, frame: "pd.DataFrame") -> Any:
    """A plan in which the table decides what the options leave open."""
    from rnncore.forecast.plan import plan_for, read_seasons

    names = "history", "cell", "steps", "batch", "rate"
    given = {name: getattr(arguments, name) for name in names}
    given["units"] = arguments.hidden
    given |= read_seasons(frame, arguments.period)
    with common.refuse_in_words(arguments.file):
        return plan_for(frame, arguments.horizon, **given)


def _compute_scores(
    panel: "Panel", plan: Any, modules: list, most: int | None
) -> tuple[Facts, Deferred]:
    """The table, as text and as the numbers that count."""
    from rnncore.forecast import pipeline
    from rnncore.forecast.plan import parts_of

    frame = panel.frame
    left = len(frame.columns) - len(pipeline.scored(frame, plan))
    if left:
        note(
            f"{common.format_count(left, 'series')} not scored: too short, "
            "or without a change in the training part"
        )

    def compare(among: Any) -> Facts:
        bar = common.Bar("back-test", "forecast")
        plan_of = {"most": most, "progress": bar, "among": among}
        table, errors = pipeline.compare(
            frame, plan, modules, beside=panel.beside, **plan_of
        )
        text, scores = pipeline.as_text(table), pipeline.list_scores(table)
        found: Facts = {"table": text, "scores": scores}
        own = errors.pop(pipeline.predict_row(plan, modules))
        mean = {k: float(_mean(one)) for k, one in errors.items()}
        found["score"] = float(_mean(own))
        if mean:
            best = min(mean, key=mean.__getitem__)
            apart = pipeline.differences(own, errors[best])
            found["baseline"] = mean[best]
            share = pipeline.overlap(frame, plan, most)
            rival = f"MASE, {best}"
            found |= evaluation.paired_interval(rival, apart, share)
        return found

    part = parts_of(frame, plan).test
    days = frame.index[[part.start, part.stop - 1]]
    first, last = (str(day).removesuffix(" 00:00:00") for day in days)
    test = f"steps of the last fifth, {first} to {last}, that training did "
    deferred = {"the baselines": lambda found: found | compare(None)}
    return compare([]) | {"test": f"{test}not see"}, deferred


def _mean(errors: "np.ndarray") -> Any:
    """The mean error of each series, then of all."""
    import numpy as np

    return np.nanmean(errors, axis=1).mean()


def _average_forecasts(
    panel: "Panel", plan: Any, modules: list
) -> dict[str, "pd.DataFrame"]:
    """The mean of what all networks say."""
    from rnncore.forecast import pipeline

    said = [
        pipeline.forecast_ahead(panel.frame, plan, m, panel.beside)
        for m in modules
    ]
    return {
        name: sum(one[name] for one in said) / len(said) for name in said[0]
    }


def _draw_back(arguments: Namespace, about: Facts) -> None:
    """The last forecast of the back-test and what came; the report."""
    if arguments.plot is None and arguments.report is None:
        return
    from rnncore.forecast import pipeline, report

    modules, plan, _ = pipeline.load(arguments.model)
    panel = tables.read(arguments.file, about["reading"], lambda line: None)
    panel = _in_units(panel, about.get("units"))
    frame = panel.frame
    before, came = frame.iloc[: -plan.horizon], frame.iloc[-plan.horizon :]
    said = _average_forecasts(panel._replace(frame=before), plan, modules)
    back = max(3 * plan.horizon, plan.history)
    if arguments.plot:
        figure = pipeline.draw(before, said, back, came)
        _save_figure(arguments.plot, figure)
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
    import matplotlib.pyplot as plt

    with whole_file(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())
    plt.close(figure)
    note(f"drawn: {path}")


def _show(about: Facts) -> common.Described:
    """What is known of a model, and its back-test."""
    plan = about["plan"]
    network = (
        f"{about['networks']} {plan['cell']} of {plan['units']} units, "
        f"{plan['history']} steps read, {plan['horizon']} ahead, "
        f"a season of {plan['period']}"
    )
    if plan.get("longer", 1) > 1:
        network += f" and one of {plan['longer']}"
    lines = [
        f"back-test on {about['test']}; MASE and CRPS in units of the",
        "mean error of persistence in training",
    ]
    return common.Described(network, about["table"], lines)


SAVE = run_later("forecast.pipeline.save")
LOAD = run_later("forecast.pipeline.load")
APP = evaluation.Application(
    KIND,
    _read,
    _fit,
    _measure_loss,
    _score_again,
    SAVE,
    LOAD,
    _show,
    check=_check_outputs,
    after=_draw_back,
    hint="more rows, another --period or a longer --history",
)
