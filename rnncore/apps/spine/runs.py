"""Training runs: begun, ended and gone on with."""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnncore.application import check_device, choose_device, evaluated, train_module
from rnncore.apps.spine.common import Bar, Facts, note, refuse_in_words, tell_read
from rnncore.apps.spine.evaluation import (
    NETWORK,
    Application,
    Deferred,
    Scores,
    add_deferred,
)
from rnncore.apps.spine.watch import Run
from rnncore.optim import adam
from rnncore.storage.files import Refused, locked, whole_file
from rnncore.storage.weights import origin, read_about
from rnncore.train import Schedule

PLAN, CHECKPOINT, SECONDS = "plan.json", "run.npz", "seconds"
CLEARLY = 0.02  # of a score: less is no progress


def learn(
    app: Application,
    options: Any,
    prepare: Callable[[Any], Any],
    path: Path | None = None,
) -> tuple[tuple, Facts, Deferred]:
    """Train, or go on, with what `prepare(options)` makes of the data.

    Returns the model, what is known of it, and the rivals still to be scored:
    none where a path is given, where the model's file is then written.
    """
    check_device(options.device)
    if path is not None:
        check_model(path)
    data, known, lines = prepare(options)
    tell_read(lines)
    wanted = options.get_params()
    settings = {k: wanted[k] for k in wanted.keys() - options.outside}
    settings |= {"kind": app.kind} | known
    device = choose_device(options.device)
    if path is None:
        run = Run(options, settings)
        run.facts["read"] = lines
        return _learn_in_memory(app, options, data, run, device)
    with hold_model(path):
        begun = begin(app, options, settings, path)
        if begun is not None:
            begun.facts["read"] = lines
            model, about, scores = train(app, options, data, begun, device)
            about |= add_deferred(app, *scores)
            model = app.finish(options, data, model, about, begun, device)
            begun.keep(model, about)
            begun.close()
    *found, about = app.load(path)
    return tuple(found), about, {}


def _learn_in_memory(
    app: Application, options: Any, data: Any, run: Run, device: torch.device
) -> tuple[tuple, Facts, Deferred]:
    """The same without a file; what is known is as a file would have it."""
    model, about, (found, deferred) = train(app, options, data, run, device)
    if app.choosing:
        found = add_deferred(app, found, deferred)
    about |= found
    if app.choosing:
        model, deferred = app.finish(options, data, model, about, run, device), {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        app.save(path, *model, run.describe(about))
        return model, read_about(path), {**deferred}


def train(
    app: Application, options: Any, data: Any, run: Run, device: torch.device
) -> tuple[Any, Facts, Scores]:
    """Train a network and score it."""
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
        self, app: Application, options: Any, settings: Facts, path: Path, folder: Path
    ):
        super().__init__(options, settings)
        self.app = app
        self.path = path  # of the model
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
        self.app.save(self.path, *model, known)

    def close(self) -> None:
        """The model is written: delete the rest, unless it can go on."""
        if self.is_cut:
            note("ended before its --steps; the same command goes on")
        else:
            _discard(self.folder)


def begin(
    app: Application, options: Any, settings: Facts, path: Path
) -> TrainingRun | None:
    """Begin or resume a run; None if it is already finished.

    A continued one may have other `steps`. A model without a table is of
    a run that broke off.

    Raises Refused where another run has the same model file.
    """
    folder = path.with_name(path.name + ".run")
    settings = json.loads(json.dumps(settings))  # as it will come back
    if any(folder.glob("*.npz")):  # else nothing is lost
        there = _read_plan(folder / PLAN)
        same = {"steps": settings["steps"]}
        _check_settings(settings, there | same, f"{folder}")
    elif path.exists():
        about = read_about(path, settings["kind"])
        _check_settings(settings, about.get("settings", {}), f"{path}")
        if "table" in about:
            note(f"{path} is already trained; delete it to train it again")
            return None
    folder.mkdir(exist_ok=True)
    with whole_file(folder / PLAN) as file:
        file.write(json.dumps(settings, indent=1).encode())
    return TrainingRun(app, options, settings, path, folder)


def _read_seconds(path: Path) -> float:
    """The seconds spent on earlier parts of an interrupted run."""
    try:
        return float(path.read_bytes()) if path.exists() else 0.0
    except ValueError as error:
        raise Refused(f"{path}: damaged; without it training begins anew") from error


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


def check_model(path: Path) -> None:
    """Raise Refused if no model can be written there."""
    if path.suffix != ".safetensors":
        raise Refused(f"--model: expected NAME.safetensors, got {path}")
    if not path.parent.is_dir():
        raise Refused(f"--model: there is no folder {path.parent}")
    if path.is_dir():
        raise Refused(f"--model: expected a file, got the folder {path}")


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

    network, options = model[0], run.options
    begun = min(evaluated(network, evaluate), trivial)
    result = train_module(
        network,
        loss,
        next_batch,
        optimizer=optimizer or adam(options.rate),
        schedule=Schedule(
            options.steps,
            1.0,
            options.evaluate_every,
            options.patience,
            run.checkpoint,
            bar,
            stop=run.stop(bar),
            keep=lambda _: run.keep(model, about),
        ),
        rng=np.random.default_rng(options.seed),
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
            f"and was {best:.4g} at best. Try more --steps, or from Python a "
            "rate of a quarter or of four times as much"
        )


def _read_plan(path: Path) -> Facts:
    try:
        plan = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        plan = None
    if not isinstance(plan, dict):
        raise Refused(f"{path}: damaged; without it training begins anew")
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
            "choose another --model, or delete that one to train from scratch"
        )
