"""The command `forecast`: forecasts for the columns of your table."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncore.commands import common, runs
from rnncore.commands.common import Facts, note, operand, option, run_later
from rnncore.commands.runs import Later
from rnncore.storage.files import Refused, whole_file

if TYPE_CHECKING:
    import pandas as pd

KIND = "forecast"
TRAIN = (
    "forecast train sales.csv --date day --value sold"
    " --horizon 14 --model sales.safetensors"
)
AHEAD = "forecast forecast sales.safetensors sales.csv"
EVALUATE = "forecast evaluate sales.safetensors sales.csv --plot sales.svg"
TABLE = (
    "sales.csv has a header, one row per step, a date column and one or "
    "more columns of numbers. Dates may have an offset from UTC; hours are "
    "then counted and forecast in UTC."
)
READING = ("date", "value", "separator", "encoding", "date_format", "gaps")


def add(commands: Any) -> None:
    """Add `forecast train`, `forecast forecast`, `forecast evaluate`."""
    about = (
        "forecasts of the columns of any CSV file, and how good they are"
    )
    examples = TRAIN, EVALUATE, f"{AHEAD} --plot ahead.svg"
    parts = common.group(commands, KIND, about, examples, TABLE)
    _add_train(parts)
    about = "what comes after the table's end"
    ahead = parts.add("forecast", _forecast, about, AHEAD)
    operand(ahead, "model")
    operand(ahead, "file")
    what = "write it as a table"
    option(ahead, "--out", what, kind=Path, metavar="FILE.csv")
    about = "the back-test on the last fifth of a table, beside baselines"
    evaluate = runs.add_evaluate(parts, APP, about, EVALUATE, "file")
    _add_plot(ahead)
    common.add_device(ahead)
    _add_plot(evaluate)
    _add_origins(evaluate)


def _add_train(parts: common.Group) -> None:
    count = common.whole_number
    train = runs.add_train(parts, APP, "learn from a table", TRAIN, "file")
    column: dict[str, Any] = {"metavar": "COLUMN", "required": True}
    option(train, "--date", "of the dates", **column)
    what = "of the numbers: one network learns from all of them"
    option(train, "--value", what, nargs="+", **column)
    option(train, "--horizon", "steps ahead", kind=count, required=True)
    chosen = "(default: chosen by the dates)"
    what = f"steps that are read before a forecast {chosen}"
    option(train, "--history", what, kind=count)
    what = f"steps of a season, 1 for none {chosen}"
    option(train, "--period", what, kind=count)
    option(train, "--separator", "between columns", ",")
    option(train, "--encoding", "of FILE", "utf-8", outside=True)
    option(train, "--date-format", "such as %%d.%%m.%%Y", "ISO8601")
    what = "a row is a step, whatever lies between the dates"
    common.flag(train, "--gaps", what)
    option(train, "--cell", default="GRU", choices=["RNN", "LSTM", "GRU"])
    what = (
        "networks that are trained, for the spread of the scores; "
        "forecasts are their mean"
    )
    option(train, "--seeds", what, 3)
    runs.add_training(train, hidden=32, batch=64, steps=400, rate=0.003)
    _add_plot(train)
    _add_origins(train)


def _add_origins(parser: Any) -> None:
    option(parser, "--origins", "at most, of the back-test", 20)


def _add_plot(parser: Any) -> None:
    option(parser, "--plot", "draw into a .png or .svg file", kind=Path)
    common.add_force(parser)


def _read(arguments: Namespace) -> tuple[tuple, Facts]:
    """The table, how it is read, the plan, and how many origins count."""
    reading = {name: getattr(arguments, name) for name in READING}
    frame = _table(arguments.file, reading)
    plan = _plan(arguments, frame)
    known = plan._asdict() | reading | {"data": _print_of(frame)}
    return (frame, reading, plan, arguments.origins), known


def _fit(
    arguments: Namespace, data: tuple, run: runs.Run, device: Any
) -> tuple[Any, Facts]:
    """One network per seed, and what is known of the table."""
    from rnncore.forecast import study

    frame, reading, plan, _ = data
    split = study.parts_of(frame, plan)
    modules: list[Any] = []
    taken = 0
    about = {"reading": reading, "rows": len(frame)}
    about["split"] = {
        name: [str(frame.index[k]) for k in (part.start, part.stop - 1)]
        for name, part in split._asdict().items()
    }
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        bar = common.Bar(f"seed {seed}")
        module, fit = study.train(
            frame,
            plan,
            split,
            seed=seed,
            device=device,
            checkpoint=run.folder / f"seed-{seed}.npz",
            progress=bar,
            stop=run.stop(bar),
            keep=lambda m: run.keep(([*modules, m], plan, frame), about),
        )
        modules.append(module)
        taken += len(fit.history.loss)
        run.seconds()
        if run.is_cut:
            break
    return (modules, plan, frame), about | {"steps": taken}


def _score(model: Any, data: tuple) -> tuple[Facts, Later]:
    modules, plan, frame = model
    return _scores(frame, plan, modules, data[-1])


def _forecast(arguments: Namespace) -> int:
    _check_outputs(arguments)
    path = common.model_file(arguments.model, KIND)
    frame = _table(arguments.file, _reading(path))
    modules, plan, _ = common.load_model(arguments, KIND, LOAD)
    if len(frame) < plan.history:
        raise Refused(
            f"{arguments.file}: {len(frame)} rows are fewer than the "
            f"{plan.history} that the model reads"
        )
    import pandas as pd

    from rnncore.forecast import study

    said = _ahead(frame, plan, modules)
    table = pd.concat(said, names=["series"])
    if arguments.out:
        with whole_file(arguments.out) as file:
            file.write(table.to_csv().encode())
    if arguments.plot:
        back = max(3 * plan.horizon, plan.history)
        _save_figure(arguments.plot, study.draw(frame, said, back))
    print(table.to_string(float_format="{:.6g}".format))
    return 0


def _again(
    arguments: Namespace, model: Any, about: Facts
) -> tuple[Facts, Later]:
    """The back-test on a table that may have grown since."""
    from rnncore.forecast.plan import plan_for

    modules, plan = model
    frame = _table(arguments.file, about["reading"])
    with common.refuse_in_words(arguments.file):
        plan_for(
            frame, plan.horizon, history=plan.history, period=plan.period
        )
    known = about["settings"]["data"]
    if _print_of(frame.iloc[: about["rows"]]) != known:
        note(
            f"{arguments.file} does not begin with the table that was "
            "trained on: the model may have seen rows that it is scored on"
        )
    return _scores(frame, plan, modules, arguments.origins)


def _check_outputs(arguments: Namespace) -> None:
    """Raise Refused now, not after minutes of training."""
    if arguments.plot:
        common.output_file(arguments.plot, arguments.force, ".png", ".svg")
    if getattr(arguments, "out", None):
        common.output_file(arguments.out, arguments.force, ".csv")


def _reading(path: Path) -> Facts:
    """How the table is read that a model learned from.

    Raises Refused where the model does not say.
    """
    from rnncore.storage.weights import read_about

    reading = read_about(path, KIND).get("reading")
    if not isinstance(reading, dict) or set(reading) != set(READING):
        raise Refused(
            f"{path}: no forecaster: it does not say what it read"
        )
    return reading


def _table(path: Path, reading: Facts) -> "pd.DataFrame":
    from rnncore.forecast.table import read_table

    reading = {**reading}
    date, value = reading.pop("date"), reading.pop("value")
    return read_table(path, date, value, **reading)


def _plan(arguments: Namespace, frame: "pd.DataFrame") -> Any:
    """What is not given is chosen by the table."""
    from rnncore.forecast.plan import plan_for

    names = "history", "period", "cell", "steps", "batch", "rate"
    given = {name: getattr(arguments, name) for name in names}
    given["units"] = arguments.hidden
    with common.refuse_in_words(arguments.file):
        return plan_for(frame, arguments.horizon, **given)


def _print_of(frame: "pd.DataFrame") -> str:
    """By which a table is recognised again."""
    names = "\n".join([str(frame.index.name), *map(str, frame.columns)])
    dates = frame.index.to_numpy().astype("datetime64[ns]").tobytes()
    return common.fingerprint(
        names.encode() + dates + frame.to_numpy().tobytes()
    )


def _scores(
    frame: "pd.DataFrame", plan: Any, modules: list, most: int
) -> tuple[Facts, Later]:
    """The table, as text and as the numbers that count."""
    from rnncore.forecast import study

    def compare(among: Any) -> Facts:
        bar = common.Bar("back-test", "forecast")
        plan_of = {"most": most, "progress": bar, "among": among}
        table = study.compare(frame, plan, modules, **plan_of)
        mase = table["MASE"].unstack("method")
        own = mase.pop(plan.cell).map(lambda score: score.mean)
        text, scores = study.as_text(table), study.list_scores(table)
        found: Facts = {"table": text, "scores": scores}
        found["score"] = float(own.mean())
        if len(mase.columns):
            found["baseline"] = float(mase.astype(float).mean().min())
        return found

    part = study.parts_of(frame, plan).test
    days = frame.index[[part.start, part.stop - 1]]
    first, last = (str(day).removesuffix(" 00:00:00") for day in days)
    test = f"steps of the last fifth, {first} to {last}, that training did "
    later = {"the baselines": lambda found: found | compare(None)}
    return compare([]) | {"test": f"{test}not see"}, later


def _ahead(
    frame: "pd.DataFrame", plan: Any, modules: list
) -> dict[str, "pd.DataFrame"]:
    """The mean of what all networks say."""
    from rnncore.forecast import study

    said = [study.forecast_ahead(frame, plan, m) for m in modules]
    return {
        name: sum(one[name] for one in said) / len(said) for name in said[0]
    }


def _plot_back(arguments: Namespace) -> None:
    """Draw the last forecast of the back-test, and what came."""
    from rnncore.forecast import study

    if arguments.plot is None:
        return
    modules, plan, about = study.load(arguments.model)
    frame = _table(arguments.file, about["reading"])
    before, came = frame.iloc[: -plan.horizon], frame.iloc[-plan.horizon :]
    said = _ahead(before, plan, modules)
    back = max(3 * plan.horizon, plan.history)
    figure = study.draw(before, said, back, came)
    _save_figure(arguments.plot, figure)


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
    lines = [
        f"back-test on {about['test']}; MASE and CRPS in units of the",
        "mean error of persistence in training",
    ]
    return common.Described(network, about["table"], lines)


SAVE = run_later("forecast.study.save")
LOAD = run_later("forecast.study.load")
APP = runs.Application(
    KIND,
    _read,
    _fit,
    _score,
    _again,
    SAVE,
    LOAD,
    _show,
    check=_check_outputs,
    after=_plot_back,
    hint="more rows, another --period or a longer --history",
)
