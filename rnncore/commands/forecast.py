"""The command `forecast`: the columns of one's own table, ahead."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncore.commands.common import (
    Bar,
    Clock,
    about_run,
    add_device,
    add_training,
    begin,
    describe,
    fingerprint,
    finish,
    group,
    note,
    output_file,
    refusing,
    refusing_file,
    whole_number,
)
from rnncore.files import Refused, whole_file

if TYPE_CHECKING:
    import pandas as pd

KIND = "forecast"
TRAIN = (
    "python -m rnncore forecast train sales.csv --date day --value sold"
    " --horizon 14 --model sales.safetensors"
)
AHEAD = "python -m rnncore forecast forecast sales.safetensors sales.csv"
EVALUATE = (
    "python -m rnncore forecast evaluate sales.safetensors sales.csv"
    " --plot sales.svg"
)
EPILOG = f"""\
example:
  {TRAIN}
  {EVALUATE}
  {AHEAD} --plot ahead.svg

sales.csv has a header, a row a step, a column of dates and one or more
columns of numbers. Interrupted with Ctrl-C or otherwise, the same `train`
goes on where it was.
"""
SETTINGS = (  # all that the outcome depends on, with the table
    *("horizon", "history", "period", "cell", "hidden", "batch"),
    *("steps", "rate", "seed", "seeds", "origins"),
)
READING = ("date", "value", "separator", "encoding", "date_format", "gaps")


def add(commands: Any) -> None:
    """Add `forecast train`, `forecast forecast`, `forecast evaluate`."""
    parts = group(
        commands,
        KIND,
        "forecasts of the columns of any CSV file, and how good they are",
        EPILOG,
    )
    _add_train(parts)
    ahead = parts.add(
        "forecast", _forecast, "what comes after the table's end", AHEAD
    )
    ahead.add_argument("model", metavar="MODEL", type=Path)
    ahead.add_argument("file", metavar="FILE", type=Path)
    ahead.add_argument(
        "--out", type=Path, metavar="FILE.csv", help="write it as a table"
    )
    evaluate = parts.add_evaluate(
        _evaluate,
        "the back-test on the last fifth of a table, beside baselines",
        EVALUATE,
        "file",
    )
    _add_plot(ahead)
    add_device(ahead)
    _add_plot(evaluate)
    _add_origins(evaluate)


def _add_train(parts: Any) -> None:
    train = parts.add("train", _train, "learn from a table", TRAIN)
    train.add_argument("file", metavar="FILE", type=Path)
    train.add_argument(
        "--date", required=True, metavar="COLUMN", help="of the dates"
    )
    train.add_argument(
        "--value",
        required=True,
        nargs="+",
        metavar="COLUMN",
        help="of the numbers: one network learns from all of them",
    )
    train.add_argument(
        "--horizon",
        required=True,
        type=whole_number,
        metavar="N",
        help="steps ahead",
    )
    for name, what in (
        ("--history", "steps that are read before a forecast"),
        ("--period", "steps of a season, 1 for none"),
    ):
        train.add_argument(
            name,
            type=whole_number,
            metavar="N",
            help=f"{what} (default: chosen by the dates)",
        )
    _add_format(train)
    train.add_argument(
        "--cell",
        choices=["RNN", "LSTM", "GRU"],
        default="GRU",
        help="(default: %(default)s)",
    )
    train.add_argument(
        "--seeds",
        type=whole_number,
        default=3,
        metavar="N",
        help="networks that are trained, for the spread of the scores; "
        "forecasts are their mean (default: %(default)s)",
    )
    add_training(train, hidden=32, batch=64, steps=400, rate=0.003)
    _add_plot(train)
    _add_origins(train)


def _add_origins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--origins",
        type=whole_number,
        default=20,
        metavar="N",
        help="at most, of the back-test (default: %(default)s)",
    )


def _add_format(parser: argparse.ArgumentParser) -> None:
    """How the file is written."""
    for name, default, what in (
        ("--separator", ",", "between columns"),
        ("--encoding", "utf-8", "of FILE"),
        ("--date-format", "ISO8601", "such as %%d.%%m.%%Y"),
    ):
        parser.add_argument(
            name, default=default, help=f"{what} (default: %(default)s)"
        )
    parser.add_argument(
        "--gaps",
        action="store_true",
        help="a row is a step, whatever lies between the dates",
    )


def _add_plot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw into a .png or .svg file",
    )


def _train(arguments: argparse.Namespace) -> int:
    """Train, or go on; then the back-test, and write the model."""
    from rnncore import application
    from rnncore.forecast import study

    device = application.choose_device(arguments.device)
    _check_outputs(arguments)
    reading = {name: getattr(arguments, name) for name in READING}
    frame = _read(arguments.file, reading)
    plan = _plan(arguments, frame)
    settings = {name: getattr(arguments, name) for name in SETTINGS}
    settings |= plan._asdict() | reading
    settings |= {"kind": KIND, "data": _print_of(frame)}
    run = begin(arguments.model, settings, arguments.restart)
    if run is None:
        modules, plan, about = study.load(arguments.model)
        _show(arguments.model, about)
        _plot_back(arguments.plot, frame, plan, modules)
        return 0
    split = study.parts_of(frame, plan)
    clock = Clock(run)
    modules, taken = [], 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        with refusing():
            module, fit = study.train(
                frame,
                plan,
                split,
                seed=seed,
                device=device,
                checkpoint=run.folder / f"seed-{seed}.npz",
                progress=Bar(f"seed {seed}"),
            )
        modules.append(module)
        taken += len(fit.history.loss)
        clock.seconds()
    about = about_run(arguments, settings, clock.seconds())
    about |= {"steps": taken, "reading": reading, "rows": len(frame)}
    about["split"] = {
        name: [str(frame.index[k]) for k in (part.start, part.stop - 1)]
        for name, part in split._asdict().items()
    }
    about |= _scores(frame, plan, modules, arguments.origins)
    study.save(arguments.model, modules, plan, frame, about)
    finish(run)
    _show(arguments.model, study.load(arguments.model)[2])
    _plot_back(arguments.plot, frame, plan, modules)
    return 0


def _forecast(arguments: argparse.Namespace) -> int:
    """The quantiles of what comes next."""
    import pandas as pd

    from rnncore import application
    from rnncore.forecast import study

    device = application.choose_device(arguments.device)
    _check_outputs(arguments)
    modules, plan, about = study.load(arguments.model)
    frame = _read(arguments.file, about["reading"])
    if len(frame) < plan.history:
        raise Refused(
            f"{arguments.file}: {len(frame)} rows are fewer than the "
            f"{plan.history} that the model reads"
        )
    modules = [module.to(device) for module in modules]
    said = _ahead(frame, plan, modules)
    table = pd.concat(said, names=["series"])
    print(table.to_string(float_format="{:.6g}".format))
    if arguments.out:
        with whole_file(arguments.out) as file:
            file.write(table.to_csv().encode())
    if arguments.plot:
        back = max(3 * plan.horizon, plan.history)
        _save_figure(arguments.plot, study.draw(frame, said, back))
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    """The back-test table, computed again."""
    from rnncore import application
    from rnncore.forecast import study

    device = application.choose_device(arguments.device)
    _check_outputs(arguments)
    modules, plan, about = study.load(arguments.model)
    frame = _read(arguments.file, about["reading"])
    with refusing_file(arguments.file):
        study.plan_for(
            frame, plan.horizon, history=plan.history, period=plan.period
        )
    known = about["settings"]["data"]
    if _print_of(frame.iloc[: about["rows"]]) != known:
        note(
            f"{arguments.file} does not begin with the table that was "
            "trained on: the model may have seen rows that it is scored on"
        )
    modules = [module.to(device) for module in modules]
    about |= _scores(frame, plan, modules, arguments.origins)
    _show(arguments.model, about)
    _plot_back(arguments.plot, frame, plan, modules)
    return 0


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Raise Refused now, not after minutes of training."""
    if arguments.plot:
        output_file(arguments.plot, ".png", ".svg")
    if getattr(arguments, "out", None):
        output_file(arguments.out, ".csv")


def _read(path: Path, reading: dict[str, Any]) -> "pd.DataFrame":
    from rnncore.forecast.table import read_table

    return read_table(
        path,
        reading["date"],
        reading["value"],
        separator=reading["separator"],
        encoding=reading["encoding"],
        date_format=reading["date_format"],
        gaps=reading["gaps"],
    )


def _plan(arguments: argparse.Namespace, frame: "pd.DataFrame") -> Any:
    """What is not given is chosen by the table."""
    from rnncore.forecast import study

    with refusing_file(arguments.file):
        return study.plan_for(
            frame,
            arguments.horizon,
            history=arguments.history,
            period=arguments.period,
            cell=arguments.cell,
            units=arguments.hidden,
            steps=arguments.steps,
            batch=arguments.batch,
            rate=arguments.rate,
        )


def _print_of(frame: "pd.DataFrame") -> str:
    """By which a table is recognised again."""
    names = "\n".join([str(frame.index.name), *map(str, frame.columns)])
    dates = frame.index.to_numpy().astype("datetime64[ns]").tobytes()
    return fingerprint(names.encode() + dates + frame.to_numpy().tobytes())


def _scores(
    frame: "pd.DataFrame", plan: Any, modules: list, most: int
) -> dict[str, Any]:
    """The table, as text and as the numbers that count."""
    from rnncore.forecast import study

    bar = Bar("back-test", "forecast")
    table = study.compare(frame, plan, modules, most=most, progress=bar)
    bar.close()
    mase = table["MASE"].unstack("method")
    own = mase.pop(plan.cell).map(lambda score: score.mean)
    part = study.parts_of(frame, plan).test
    days = frame.index[[part.start, part.stop - 1]]
    first, last = (str(day).removesuffix(" 00:00:00") for day in days)
    return {
        "table": study.as_text(table),
        "score": float(own.mean()),
        "baseline": float(mase.astype(float).mean().min()),
        "test": f"steps of the last fifth, {first} to {last}, that "
        "training did not see",
    }


def _ahead(
    frame: "pd.DataFrame", plan: Any, modules: list
) -> dict[str, "pd.DataFrame"]:
    """The mean of what all networks say."""
    from rnncore.forecast import study

    said = [study.forecast_ahead(frame, plan, m) for m in modules]
    return {
        name: sum(one[name] for one in said) / len(said) for name in said[0]
    }


def _plot_back(
    path: Path | None, frame: "pd.DataFrame", plan: Any, modules: list
) -> None:
    """Draw the last forecast of the back-test, and what came."""
    from rnncore.forecast import study

    if path is None:
        return
    before, came = frame.iloc[: -plan.horizon], frame.iloc[-plan.horizon :]
    said = _ahead(before, plan, modules)
    back = max(3 * plan.horizon, plan.history)
    _save_figure(path, study.draw(before, said, back, came))


def _save_figure(path: Path, figure: Any) -> None:
    import matplotlib.pyplot as plt

    with whole_file(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower())
    plt.close(figure)
    note(f"drawn: {path}")


def _show(path: Path, about: dict[str, Any]) -> None:
    """What is known of a model, and its back-test."""
    plan = about["plan"]
    network = (
        f"{about['networks']} {plan['cell']} of {plan['units']} units, "
        f"{plan['history']} steps read, {plan['horizon']} ahead, "
        f"a season of {plan['period']}"
    )
    print(describe(path, network, about))
    print(f"back-test on {about['test']}; MASE and CRPS in units of the")
    print("mean error of persistence in training")
    print(about["table"])
