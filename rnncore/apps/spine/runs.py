"""Training runs: begun, ended and gone on with."""

import argparse
import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnncore.application import check_device, evaluated, train_module
from rnncore.apps.spine.common import Bar, Facts, note, refuse_in_words
from rnncore.apps.spine.evaluation import (
    NETWORK,
    Application,
    Scores,
    add_deferred,
    report,
)
from rnncore.apps.spine.models import choose_device
from rnncore.apps.spine.options import settings_of
from rnncore.apps.spine.watch import Run
from rnncore.optim import adam
from rnncore.storage.files import Refused, locked, whole_file
from rnncore.storage.weights import origin, read_about
from rnncore.train import Schedule

PLAN, CHECKPOINT, SECONDS = "plan.json", "run.npz", "seconds"
CLEARLY = 0.02  # of a score: less is no progress


def leave_out(arguments: argparse.Namespace, others: Iterable[str], why: str) -> None:
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
    app: Application, options: Any, data: Any, run: Run, device: torch.device
) -> tuple[Any, Facts, Scores]:
    """Train a network and score it: what `fit` of an estimator does, too.

    `options` has those of the application as attributes, and a `line` that
    says where they come from.
    """
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
        raise Refused(f"{path}: damaged; --restart trains from scratch") from error


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


def tell_unlearned(begun: float, scores: Sequence[float], unit: str) -> None:
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
