"""Training runs: begun, ended and gone on with; scored and reported."""

import argparse
import contextlib
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.commands.common import (
    Bar,
    Described,
    Facts,
    Group,
    add_device,
    add_seed,
    choose_device,
    flag,
    load_model,
    note,
    operand,
    option,
    positive,
    refuse_in_words,
    settings_of,
    share,
    show,
    whole_number,
)
from rnncore.storage.files import Refused, whole_file

PLAN, CHECKPOINT, SECONDS = "plan.json", "run.npz", "seconds"
NETWORK = "the network"  # its rows of a table begin so
CLEARLY = 0.02  # of a score: less is no progress
LATELY = 50  # steps, over which the loss of training is told
Later = dict[str, Callable[[Facts], Facts]]  # what else is scored, by name


def add_train(
    parts: Group,
    app: "Application",
    about: str,
    example: str,
    data: str,
    **more: Any,
) -> argparse.ArgumentParser:
    """`train`: the FILE or FOLDER that is learned from."""
    parser = parts.add("train", partial(learn, app), about, example)
    operand(parser, data, **more)
    return parser


def add_evaluate(
    parts: Group,
    app: "Application",
    about: str,
    example: str,
    data: str,
    **more: Any,
) -> argparse.ArgumentParser:
    """`evaluate`: a model, the FILE or FOLDER it is judged by."""
    run = partial(score_again, app)
    parser = parts.add("evaluate", run, about, example)
    operand(parser, "model")
    operand(parser, data, **more)
    _add_scores(parser)
    add_device(parser)
    return parser


def _add_scores(parser: argparse.ArgumentParser) -> None:
    what = "score the network alone, which takes less time"
    flag(parser, "--no-baselines", what, outside=True)
    what = "print the scores as JSON"
    flag(parser, "--json", what, outside=True)


OPTIONS: dict[str, tuple[Callable, str]] = {
    "hidden": (whole_number, "units"),
    "layers": (whole_number, "layers of cells"),
    "window": (whole_number, "steps between two updates"),
    "steps": (whole_number, "updates at most"),
    "batch": (whole_number, "sequences an update"),
    "rate": (positive, "Adam's learning rate"),
    "dropout": (share, "share of the units left out in training"),
    "evaluate-every": (
        whole_number,
        "updates between two looks at validation (and checkpoints)",
    ),
    "patience": (
        whole_number,
        "stop after so many looks that brought nothing better",
    ),
}


def add_training(parser: argparse.ArgumentParser, **defaults: Any) -> None:
    """The options of `train`; those of the network with their defaults."""
    what = "the .safetensors file to be written"
    option(parser, "--model", what, kind=Path, required=True)
    for name, default in defaults.items():
        name = name.replace("_", "-")
        kind, what = OPTIONS[name]
        option(parser, f"--{name}", what, default, kind)
    what = "end after so long with the best weights so far"
    how: Facts = {"metavar": "N", "outside": True}
    option(parser, "--minutes", what, kind=positive, **how)
    add_seed(parser)
    add_device(parser)
    _add_scores(parser)
    what = "train from scratch, and replace the model that exists"
    flag(parser, "--restart", what, outside=True)


class Application(NamedTuple):
    """What `train` and `evaluate` of one application are made of.

    `Data` is what is learned from; `Model` a tuple with the network, or a
    list of them, first: what `load` gives, without its last.
    """

    kind: str  # of the model file
    read: Callable  # arguments -> Data, what knows it again: a fingerprint
    fit: Callable  # arguments, Data, Run, device -> Model, facts
    score: Callable  # Model, Data -> facts with a table, Later
    again: Callable  # arguments, Model, facts -> the same of other data
    save: Callable  # path, *Model, facts: write the file
    load: Callable  # path -> *Model, facts
    show: Callable  # facts -> Described
    check: Callable = lambda arguments: None  # Refused before all else
    after: Callable = lambda arguments, about: None  # and at the end
    hint: str = "more data, more --steps, another --rate"
    higher: bool = False  # of two scores the higher one is better


def learn(app: Application, arguments: argparse.Namespace) -> int:
    """Train, or go on; write the model; then score it."""
    from rnncore.application import check_device
    from rnncore.storage.weights import origin

    app.check(arguments)
    check_device(arguments.device)
    check_model(arguments)
    data, known = app.read(arguments)
    settings = settings_of(arguments) | {"kind": app.kind} | known
    run = begin(app, arguments, settings)
    if run is not None:
        device = choose_device(arguments)
        run.facts |= origin(arguments.line)
        with refuse_in_words(), run.ending.catch_interrupts():
            model, about = app.fit(arguments, data, run, device)
        run.keep(model, about)
        note(f"scoring {NETWORK} ...")
        about |= _with_later(app, arguments, *app.score(model, data))
        run.keep(model, about)
        run.close()
    about = app.load(arguments.model)[-1]
    app.after(arguments, about)
    _report(app, arguments, about, about)
    return 0


def score_again(app: Application, arguments: argparse.Namespace) -> int:
    """The table of scores, computed again."""
    app.check(arguments)
    *model, about = load_model(arguments, app.kind, app.load)
    again = app.again(arguments, model, about)
    found = _with_later(app, arguments, *again)
    app.after(arguments, about | found)
    _report(app, arguments, about | found, found)
    return 0


def add_rows(score: Callable[[], dict[str, Any]]) -> Callable:
    """For `Later`: more rows of the table, numbers or tuples by name."""

    def add(found: Facts) -> Facts:
        rows = [
            (name, *(v if isinstance(v, tuple) else (v,)))
            for name, v in score().items()
        ]
        return found | {"table": [*found["table"], *rows]}

    return add


def _with_later(
    app: Application,
    arguments: argparse.Namespace,
    found: Facts,
    later: Later,
) -> Facts:
    """The scores with those of baselines, if these are wanted.

    Ctrl-C ends it, with what is scored by then.
    """
    left = [] if arguments.no_baselines else list(later)
    try:
        while left:
            note(f"scoring {left[0]} ...")
            found = later[left[0]](found)
            left.pop(0)
    except KeyboardInterrupt as stopped:
        if type(stopped) is not KeyboardInterrupt:  # SIGTERM
            raise
        note(f"not scored: {', '.join(left)}; `evaluate` scores them")
    if isinstance(found["table"], str):
        return found
    rest = [
        row[1] for row in found["table"] if not row[0].startswith(NETWORK)
    ]
    if "score" not in found or not rest:
        return found
    return found | {"baseline": (max if app.higher else min)(rest)}


def share_interval(what: str, right: int, cases: int) -> Facts:
    """For what `score` gives: how sure the network's share is, in %."""
    from rnncore.comparison.intervals import wilson

    if not cases:
        return {}
    low, high = (100 * end for end in wilson(right, cases))
    return {"interval": [f"% {what}", low, high]}


def drawn_interval(
    what: str, score: Callable[[Any], float], cases: int
) -> Facts:
    """The same of any score, by drawing its cases again."""
    import numpy as np

    from rnncore.comparison.intervals import bootstrap

    if not cases:
        return {}
    ends = bootstrap(score, cases, np.random.default_rng(0))
    return {"interval": [what, *ends]}


def _report(
    app: Application,
    arguments: argparse.Namespace,
    about: Facts,
    found: Facts,
) -> None:
    """Print what is known of a model, and what was found."""
    described = app.show(about)
    if "interval" in found:
        what, low, high = found["interval"]
        line = f"95% interval of the network's {what}: "
        lines = [*described.lines, f"{line}{low:.1f} to {high:.1f}"]
        described = described._replace(lines=lines)
    if arguments.json:
        print(_as_json(arguments.model, about, found, described))
        return
    show(arguments.model, about, described)
    tell_loser(app, found)


def _as_json(
    path: Path, about: Facts, found: Facts, described: Described
) -> str:
    """The same for programs; a number that is none is null."""
    table, rows = described.table, about.get("scores", [])
    if not isinstance(table, str):
        table = table.rename_axis("method").reset_index()
        rows = table.to_dict(orient="records")
    for row in rows:
        for name, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                row[name] = None
    content = {"model": str(path), "network": described.network}
    known = "kind", "seed", "steps", "seconds"
    content |= {name: about[name] for name in known if name in about}
    scores = "score", "baseline", "interval"
    content |= {name: found[name] for name in scores if name in found}
    content["about"] = " ".join(described.lines)
    return json.dumps(content | {"scores": rows}, indent=1)


def tell_loser(app: Application, about: Facts) -> None:
    """Say so where a baseline beats the network, and what to try."""
    score, baseline = about.get("score"), about.get("baseline")
    if score is None or baseline is None:
        return
    if score < baseline if app.higher else score > baseline:
        print(
            f"The network is worse than the best baseline, {score:.3f} to "
            f"{baseline:.3f}: use that, or try {app.hint}."
        )


class Ending:
    """When a training ends before its steps do."""

    def __init__(self, minutes: float | None = None):
        self.begun, self.minutes = time.monotonic(), minutes
        self.wanted = self.told = False

    def is_reached(self) -> bool:
        """Whether the time is over, or Ctrl-C was pressed."""
        if self.wanted and not self.told:
            self.told = True
            note("ending with the best weights so far; Ctrl-C: at once")
        late = self.minutes is not None and (
            time.monotonic() - self.begun >= 60 * self.minutes
        )
        return self.wanted or late

    @contextlib.contextmanager
    def catch_interrupts(self) -> Iterator[None]:
        """Inside, Ctrl-C asks for the end; a second one interrupts."""

        def handle(number: int, frame: Any) -> None:
            if self.wanted:
                raise KeyboardInterrupt
            self.wanted = True

        before = signal.getsignal(signal.SIGINT)
        main = threading.current_thread() is threading.main_thread()
        if not main or before in (signal.SIG_IGN, None):
            yield
            return
        signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class Run:
    """A training run on disk."""

    def __init__(
        self,
        app: Application,
        arguments: argparse.Namespace,
        settings: Facts,
        folder: Path,
    ):
        self.app, self.arguments = app, arguments
        self.settings = settings  # all that the outcome depends on
        self.folder = folder  # plan, checkpoint and seconds, until the end
        self.facts: Facts = {"seed": arguments.seed, "settings": settings}
        self.before = _seconds(folder / SECONDS)  # of parts that broke off
        self.begun = time.perf_counter()
        self.ending = Ending(arguments.minutes)
        self.steps, self.is_cut = 0, False

    @property
    def checkpoint(self) -> Path:
        """Where a training that was interrupted goes on."""
        return self.folder / CHECKPOINT

    def seconds(self) -> float:
        """So far; written down, for the run may break off."""
        now = self.before + time.perf_counter() - self.begun
        with whole_file(self.folder / SECONDS) as file:
            file.write(f"{now}".encode())
        return round(now, 1)

    def keep(self, model: Any, about: Facts) -> None:
        """Write the model's file; until it is scored, without a table."""
        told: Facts = {"steps": self.steps}
        told |= about | self.facts
        told["seconds"] = self.seconds()
        self.app.save(self.arguments.model, *model, told)

    def stop(self, bar: Bar) -> Callable[[Any], bool]:
        """For `Schedule`: whether it is enough; the bar tells the loss."""

        def stop(history: Any) -> bool:
            self.steps = len(history.loss)
            lately = history.loss[-LATELY:]
            bar.tell("loss", sum(lately) / len(lately))
            self.is_cut = self.ending.is_reached()
            return self.is_cut

        return stop

    def close(self) -> None:
        """The model is written: delete the rest, unless it can go on."""
        if self.is_cut:
            note("ended before its --steps; the same command goes on")
        else:
            _discard(self.folder)


def begin(
    app: Application, arguments: argparse.Namespace, settings: Facts
) -> Run | None:
    """A run that is begun, or goes on; None where it is finished.

    One that goes on may have other `steps`. A model without a table is of
    a run that broke off.

    Raises Refused where another run has the same model file.
    """
    model = arguments.model
    settings = json.loads(json.dumps(settings))  # as it will come back
    folder = model.with_name(model.name + ".run")
    if arguments.restart:
        _discard(folder)
    elif any(folder.glob("*.npz")):  # else nothing is lost
        there = _plan(folder / PLAN)
        same = {"steps": settings["steps"]}
        _check_settings(settings, there | same, f"{folder}")
    elif model.exists():
        from rnncore.storage.weights import read_about

        about = read_about(model, settings["kind"])
        _check_settings(settings, about.get("settings", {}), f"{model}")
        if "table" in about:
            again = "--restart trains from scratch"
            note(f"{model} is already trained; {again}")
            return None
    folder.mkdir(exist_ok=True)
    with whole_file(folder / PLAN) as file:
        file.write(json.dumps(settings, indent=1).encode())
    return Run(app, arguments, settings, folder)


def _seconds(path: Path) -> float:
    """Of the parts of a run that broke off."""
    try:
        return float(path.read_bytes()) if path.exists() else 0.0
    except ValueError as error:
        raise Refused(
            f"{path}: damaged; --restart trains from scratch"
        ) from error


def _discard(folder: Path) -> None:
    """Delete a run, and no file that is no run's.

    The checkpoints go first: without them nothing is there to go on with,
    wherever this breaks off.
    """
    for pattern in "*.npz", ".*.part", SECONDS, PLAN:
        for path in folder.glob(pattern):
            path.unlink()
    with contextlib.suppress(OSError):  # none, or others' files are in it
        folder.rmdir()


def check_model(arguments: argparse.Namespace) -> None:
    """Raise Refused unless a model can be written, in no input's place."""
    path = arguments.model
    if path.suffix != ".safetensors":
        raise Refused(f"--model: expected NAME.safetensors, got {path}")
    if not path.parent.is_dir():
        raise Refused(f"--model: there is no folder {path.parent}")
    if path.is_dir():
        raise Refused(f"--model: expected a file, got the folder {path}")
    inputs: list[Any] = []
    for name in "file", "captions", "start":
        found = getattr(arguments, name, None)
        inputs += found if isinstance(found, list) else [found]
    given = [one for one in inputs if one and one.exists()]
    if path.exists() and any(map(path.samefile, given)):
        raise Refused(f"--model: {path} is what is to be learned from")


def train_run(
    run: Run,
    model: tuple,
    about: Facts,
    loss: Callable,
    next_batch: Callable,
    evaluate: Callable,
    bar: Bar,
    *,
    unit: str = "nats",
    carry: Any = None,
    optimizer: Any = None,
    trivial: float = float("inf"),
) -> tuple[tuple, Facts]:
    """`train_module` with the options that every `train` has.

    The network comes first in `model`; `about` is what is to be told of
    it, which comes back with the number of steps. `evaluate(network)` is
    in `unit`, `trivial` what it gives where all is answered alike; a run
    that comes to nothing better is told. The optimizer is Adam unless
    given.
    """
    import numpy as np

    from rnncore.application import evaluated, train_module
    from rnncore.optim import adam
    from rnncore.train import Schedule

    def looked(network: Any) -> float:
        run.seconds()
        return bar.tell(unit, evaluate(network))

    network, arguments = model[0], run.arguments
    begun = min(evaluated(network, evaluate), trivial)
    result = train_module(
        network,
        loss,
        next_batch,
        optimizer=optimizer or adam(arguments.rate),
        schedule=Schedule(
            arguments.steps,
            1.0,
            arguments.evaluate_every,
            arguments.patience,
            run.checkpoint,
            bar,
            stop=run.stop(bar),
            keep=lambda _: run.keep(model, about),
        ),
        rng=np.random.default_rng(arguments.seed),
        carry=carry,
        evaluate=looked,
    )
    looks = result.history.score  # none: fewer --steps than were done
    best = min(looks or [evaluated(network, evaluate)])
    if not best < begun - CLEARLY * abs(begun):
        note(
            f"nothing was learned: validation began at {begun:.4g} {unit} "
            f"and was {best:.4g} at best. Try a --rate of a quarter or of "
            "four times as much, or more --steps and --patience"
        )
    return model, about | {"steps": len(result.history.loss)}


def _plan(path: Path) -> Facts:
    try:
        plan = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        plan = None
    if not isinstance(plan, dict):
        raise Refused(f"{path}: damaged; --restart trains from scratch")
    return plan


def _check_settings(wanted: Facts, there: Facts, where: str) -> None:
    """Raise Refused unless a run has the settings that are asked for."""
    for name in sorted(wanted.keys() | there.keys()):
        old, new = there.get(name), wanted.get(name)
        if old == new:
            continue
        how = f"{name} was {old}, now {new}"
        if isinstance(old, str) and len(old) == 64:
            how = f"the {name} have changed since"
        raise Refused(
            f"{where} belongs to another run: {how}; "
            "choose another --model, or --restart to train from scratch"
        )
