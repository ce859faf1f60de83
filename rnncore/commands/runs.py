"""Training runs: begun, ended and gone on with."""

import argparse
import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rnncore.commands.common import (
    Bar,
    Facts,
    Group,
    add_device,
    add_flag,
    add_operand,
    add_option,
    add_seed,
    choose_device,
    note,
    parse_positive,
    parse_share,
    refuse_in_words,
    settings_of,
    whole_number,
)
from rnncore.commands.evaluation import (
    NETWORK,
    Application,
    Deferred,
    add_deferred,
    add_scores,
    report,
)
from rnncore.storage.files import Refused, locked, whole_file

PLAN, CHECKPOINT, SECONDS = "plan.json", "run.npz", "seconds"
CLEARLY = 0.02  # of a score: less is no progress
CHOSEN = "(default: chosen by the size of the data)"
LATELY = 50  # steps, over which the loss of training is averaged


def add_train(
    parts: Group,
    app: Application,
    about: str,
    example: str,
    data: str,
    **more: Any,
) -> argparse.ArgumentParser:
    """Add `train`, with the FILE or FOLDER to learn from."""
    parser = parts.add("train", partial(learn, app), about, example)
    add_operand(parser, data, **more)
    return parser


OPTIONS: dict[str, tuple[Callable, str]] = {
    "hidden": (whole_number, "units"),
    "layers": (whole_number, "layers of cells"),
    "window": (whole_number, "steps between two updates"),
    "steps": (whole_number, "updates at most"),
    "batch": (whole_number, "sequences an update"),
    "rate": (parse_positive, "Adam's learning rate"),
    "falls": (
        parse_share,
        "share of the steps, the last ones, in which the rate falls to 0",
    ),
    "dropout": (parse_share, "share of the units left out in training"),
    "evaluate-every": (
        whole_number,
        "updates between two looks at validation (and checkpoints)",
    ),
    "patience": (
        whole_number,
        "stop after so many looks that brought nothing better",
    ),
}


def find_defaults(estimator: type) -> Facts:
    """The options of `train` that an estimator has, and their defaults."""
    from dataclasses import fields

    return {
        field.name: field.default
        for field in fields(estimator)
        if field.name.replace("_", "-") in OPTIONS
    }


def add_training(parser: argparse.ArgumentParser, **defaults: Any) -> None:
    """The options of `train`; those of the network with their defaults.

    None is for what the application chooses by its data.
    """
    what = "the .safetensors file to be written"
    add_option(parser, "--model", what, kind=Path, required=True)
    for name, default in defaults.items():
        name = name.replace("_", "-")
        kind, what = OPTIONS[name]
        what = what if default is not None else f"{what} {CHOSEN}"
        add_option(parser, f"--{name}", what, default, kind)
    what = "end after so long with the best weights so far"
    how: Facts = {"metavar": "N", "outside": True}
    add_option(parser, "--minutes", what, kind=parse_positive, **how)
    add_seed(parser)
    add_device(parser)
    add_scores(parser)
    what = "train from scratch, and replace the model that exists"
    add_flag(parser, "--restart", what, outside=True)


def leave_out(
    arguments: argparse.Namespace, others: Iterable[str], why: str
) -> None:
    """Without the options of the other of a command's two networks.

    They are no settings of its runs. Raises Refused where one is given.
    """
    for name in others:
        value = getattr(arguments, name, None)
        if value is not None and value is not False and value != []:
            raise Refused(f"--{name}: {why}")
    if "decides" in arguments:
        decides = [n for n in arguments.decides if n not in others]
        arguments.decides = decides


def fill_in(arguments: argparse.Namespace, defaults: Facts) -> None:
    """What is not given, as far as the command has such options."""
    for name, value in defaults.items():
        if name in arguments and getattr(arguments, name) is None:
            setattr(arguments, name, value)


def learn(app: Application, arguments: argparse.Namespace) -> int:
    """Train, or go on; write the model; then score it."""
    from rnncore.application import check_device

    app.check(arguments)
    check_device(arguments.device)
    check_model(arguments)
    data, known = app.read(arguments)
    settings = settings_of(arguments) | {"kind": app.kind} | known
    with hold_model(arguments.model):
        run = begin(app, arguments, settings)
        if run is not None:
            device = choose_device(arguments)
            model, about, scores = train(app, arguments, data, run, device)
            about |= add_deferred(app, arguments, *scores)
            model = app.finish(arguments, data, model, about, run, device)
            run.keep(model, about)
            run.close()
    about = app.load(arguments.model)[-1]
    app.after(arguments, about)
    report(app, arguments, about, about)
    return 0


def train(
    app: Application, options: Any, data: Any, run: "Run", device: Any
) -> tuple[Any, Facts, tuple[Facts, Deferred]]:
    """Train a network and score it: what `fit` of an estimator does, too.

    `options` has those of the application as attributes, and a `line` that
    says where they come from.
    """
    from rnncore.storage.weights import origin

    run.facts |= origin(options.line)
    with refuse_in_words(), run.ending.catch_interrupts():
        model, about = app.fit(options, data, run, device)
    run.keep(model, about)
    note(f"scoring {NETWORK} ...")
    return model, about, app.score(model, data)


@contextlib.contextmanager
def hold_model(model: Path) -> Iterator[None]:
    """Inside, no other command trains this model; not after a kill.

    Raises Refused where another command is training it.
    """
    path = model.with_name(f".{model.name}.lock")
    advice = "choose another --model, or wait until it has ended"
    held = f"{model} is being trained by another command: {advice}"
    with locked(path, seconds=0, held=Refused(held)):
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError, PermissionError):
                path.unlink()  # Windows keeps it: it is open


class Ending:
    """Decides when training stops before all its steps are done."""

    def __init__(self, minutes: float | None = None):
        self.begun, self.minutes = time.monotonic(), minutes
        self.wanted = self.announced = False

    def is_reached(self) -> bool:
        """Whether the time is over, or Ctrl-C was pressed."""
        if self.wanted and not self.announced:
            self.announced = True
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
    """A training run in memory."""

    checkpoint: Path | None = None  # where its state is written

    def __init__(self, arguments: Any, settings: Facts):
        self.arguments = arguments
        self.settings = settings  # everything that the outcome depends on
        self.facts: Facts = {"seed": arguments.seed, "settings": settings}
        self.begun = time.perf_counter()
        self.before = 0.0  # seconds in earlier parts
        self.ending = Ending(arguments.minutes)
        self.steps, self.is_cut = 0, False

    def seconds(self) -> float:
        """So far."""
        return self.before + time.perf_counter() - self.begun

    def describe(self, about: Facts) -> Facts:
        """What is known of the model, with how it came to be."""
        facts: Facts = {"steps": self.steps}
        facts |= about | self.facts
        return facts | {"seconds": round(self.seconds(), 1)}

    def keep(self, model: Any, about: Facts) -> None:
        """Nothing: the model is in memory."""

    def stop(self, bar: Bar) -> Callable[[Any], bool]:
        """For `Schedule`: whether to stop; the bar shows the loss."""

        def stop(history: Any) -> bool:
            self.steps = len(history.loss)
            lately = history.loss[-LATELY:]
            bar.tell("loss", sum(lately) / len(lately))
            self.is_cut = self.ending.is_reached()
            return self.is_cut

        return stop


class TrainingRun(Run):
    """A training run on disk."""

    def __init__(
        self,
        app: Application,
        arguments: argparse.Namespace,
        settings: Facts,
        folder: Path,
    ):
        super().__init__(arguments, settings)
        self.app = app
        self.folder = folder  # plan, checkpoint and seconds, until the end
        self.checkpoint = folder / CHECKPOINT  # to continue from
        self.before = _read_seconds(folder / SECONDS)

    def seconds(self) -> float:
        """So far; written down, for the run may break off."""
        now = super().seconds()
        with whole_file(self.folder / SECONDS) as file:
            file.write(f"{now}".encode())
        return now

    def keep(self, model: Any, about: Facts) -> None:
        """Write the model's file; until it is scored, without a table."""
        known = self.describe(about)
        self.app.save(self.arguments.model, *model, known)

    def close(self) -> None:
        """The model is written: delete the rest, unless it can go on."""
        if self.is_cut:
            note("ended before its --steps; the same command goes on")
        else:
            _discard(self.folder)


def begin(
    app: Application, arguments: argparse.Namespace, settings: Facts
) -> TrainingRun | None:
    """Begin or resume a run; None if it is already finished.

    A continued one may have other `steps`. A model without a table is of
    a run that broke off.

    Raises Refused where another run has the same model file.
    """
    model = arguments.model
    settings = json.loads(json.dumps(settings))  # as it will come back
    folder = model.with_name(model.name + ".run")
    if arguments.restart:
        _discard(folder)
    elif any(folder.glob("*.npz")):  # else nothing is lost
        there = _read_plan(folder / PLAN)
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
    return TrainingRun(app, arguments, settings, folder)


def _read_seconds(path: Path) -> float:
    """The seconds spent on earlier parts of an interrupted run."""
    try:
        return float(path.read_bytes()) if path.exists() else 0.0
    except ValueError as error:
        raise Refused(
            f"{path}: damaged; --restart trains from scratch"
        ) from error


def _discard(folder: Path) -> None:
    """Delete a run's files, and no others.

    The checkpoints go first: without them nothing is there to go on with,
    wherever this breaks off.
    """
    for pattern in "*.npz", ".*.part", SECONDS, PLAN:
        for path in folder.glob(pattern):
            path.unlink()
    with contextlib.suppress(OSError):  # none, or others' files are in it
        folder.rmdir()


def check_model(arguments: argparse.Namespace) -> None:
    """Raise Refused if the path is unusable, or that of an input."""
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
    average: float = 0.0,
    trivial: float = float("inf"),
    show: Callable[[Any], str] | None = None,
) -> tuple[tuple, Facts]:
    """`train_module` with the options that every `train` has.

    The network comes first in `model`; `about` is what is to be told of
    it, which comes back with the number of steps. `evaluate(network)` is
    in `unit`, `trivial` what it gives where all is answered alike; a run
    that comes to nothing better is told. The optimizer is Adam unless
    given. `show(network)` is a line that is told at each look.
    """
    import numpy as np

    from rnncore.application import evaluated, train_module
    from rnncore.optim import adam
    from rnncore.train import Schedule

    def measure(network: Any) -> float:
        run.seconds()
        score = bar.tell(unit, evaluate(network))
        if show is not None:
            bar.say(f"{score:.2f} {unit}: {show(network)}")
        return score

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
        evaluate=measure,
        average=average,
    )
    scores = result.history.score  # none: fewer --steps than were done
    tell_unlearned(begun, scores or [evaluated(network, evaluate)], unit)
    return model, about | {"steps": len(result.history.loss)}


def tell_unlearned(
    begun: float, scores: Sequence[float], unit: str
) -> None:
    """Say so if no look at validation was clearly better than its begin."""
    best = min(scores, default=begun)
    if not best < begun - CLEARLY * abs(begun):
        note(
            f"nothing was learned: validation began at {begun:.4g} {unit} "
            f"and was {best:.4g} at best. Try a --rate of a quarter or of "
            "four times as much, or more --steps"
        )


def _read_plan(path: Path) -> Facts:
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
