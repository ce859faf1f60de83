"""What the commands share: options, runs that can be resumed, reports."""

import argparse
import contextlib
import hashlib
import importlib
import importlib.util
import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.storage.files import Refused, whole_file

PROGRAM = "python -m rnncore"
PLAN, CHECKPOINT, SECONDS = "plan.json", "run.npz", "seconds"
Facts = dict[str, Any]  # of a model: its settings, sizes and scores
GOES_ON = (
    "Interrupted with Ctrl-C or otherwise, the same `train` goes on where "
    "it was."
)
CLEARLY = 0.02  # of a score: less is no progress
MINUTE = 60.0  # seconds between two lines of progress, but in a terminal


class Group(NamedTuple):
    """The subcommands of one application, such as `text train`."""

    parsers: Any

    def add(
        self,
        name: str,
        run: Callable,
        about: str,
        example: str,
        *notes: str,
    ) -> argparse.ArgumentParser:
        """A subcommand with help, an example, and the function it calls."""
        given = self.parsers, name, about, [example]
        return _parser(*given, *notes, run=run)

    def add_train(
        self, app: "Application", about: str, example: str, data: str
    ) -> argparse.ArgumentParser:
        """`train`: the FILE or FOLDER that is learned from."""
        parser = self.add("train", partial(learn, app), about, example)
        operand(parser, data)
        return parser

    def add_evaluate(
        self, app: "Application", about: str, example: str, data: str
    ) -> argparse.ArgumentParser:
        """`evaluate`: a model, the FILE or FOLDER it is judged by."""
        parser = self.add(
            "evaluate", partial(score_again, app), about, example
        )
        operand(parser, "model")
        operand(parser, data)
        add_device(parser)
        return parser


def group(
    commands: Any,
    name: str,
    about: str,
    examples: Sequence[str],
    *notes: str,
    last: str = GOES_ON,
) -> Group:
    """A command that has subcommands."""
    parser = _parser(commands, name, about, examples, *notes, last)
    return Group(
        parser.add_subparsers(dest="part", metavar="COMMAND", required=True)
    )


def _parser(
    commands: Any,
    name: str,
    about: str,
    examples: Sequence[str],
    *notes: str,
    **defaults: Any,
) -> argparse.ArgumentParser:
    lines = "\n  ".join(f"{PROGRAM} {example}" for example in examples)
    filled = (textwrap.fill(text, 76) for text in notes)
    parser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog="\n\n".join([f"example:\n  {lines}", *filled]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(**defaults)
    return parser


def at_least(low: int) -> Callable[[str], int]:
    """For argparse: an integer of at least this."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {low}, got {text!r}"
            )
        return int(text)

    return number


whole_number = at_least(1)


def positive(text: str) -> float:
    """For argparse: a number above 0."""
    with contextlib.suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(
        f"expected a number above 0, got {text!r}"
    )


def share(text: str) -> float:
    """For argparse: a number from 0 to below 1."""
    with contextlib.suppress(ValueError):
        if 0 <= float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(
        f"expected a number from 0 to below 1, got {text!r}"
    )


LETTERS = {positive: "X", share: "X", Path: "FILE"}  # of kinds; else N


def _declare(
    parser: Any, name: str, outside: bool = False, **more: Any
) -> None:
    """An argument; it is noted whether a run's outcome depends on it.

    No path is noted: what a file holds has a fingerprint.
    """
    dest = parser.add_argument(name, **more).dest
    if not (outside or more.get("type") is Path):
        noted = parser.get_default("decides") or ()
        parser.set_defaults(decides=(*noted, dest))


def settings_of(arguments: argparse.Namespace) -> Facts:
    """The options that must be the same where a run goes on."""
    return {name: getattr(arguments, name) for name in arguments.decides}


def operand(
    parser: argparse.ArgumentParser,
    name: str,
    what: str | None = None,
    **more: Any,
) -> None:
    """A path that is given without a name before it."""
    more = {"metavar": name.upper(), "type": Path, "help": what, **more}
    _declare(parser, name, **more)


def add_model(parser: argparse.ArgumentParser, stored: str) -> None:
    """MODEL, which may also be the name of a stored one."""
    what = (
        "a file that `train` wrote, or a model that comes with the course"
    )
    operand(parser, "model", f"{what}: {stored}")


def option(
    parser: Any,
    name: str,
    what: str = "",
    default: Any = None,
    kind: Callable | None = None,
    **more: Any,
) -> None:
    """An option, of the kind of its default; its help says which.

    With `outside=True` a run goes on though its value is another: the
    outcome does not depend on it, or the data's fingerprint tells.
    """
    kinds = {int: whole_number, float: positive}
    kind = kind or kinds.get(type(default), str)
    if kind is not str and "metavar" not in more:
        more["metavar"] = LETTERS.get(kind, "N")
    if default is not None and "(default" not in what:
        what = f"{what} (default: %(default)s)".strip()
    more |= {"type": kind, "default": default, "help": what}
    _declare(parser, name, **more)


def flag(parser: Any, name: str, what: str, outside: bool = False) -> None:
    """An option that is given or not; `outside` as in `option`."""
    _declare(parser, name, outside, action="store_true", help=what)


def add_device(parser: argparse.ArgumentParser) -> None:
    """The option --device."""
    what = "auto, cpu, cuda or cuda:1 (default: a GPU, if any)"
    option(parser, "--device", what, "auto", outside=True)


def add_force(parser: argparse.ArgumentParser) -> None:
    """The option --force."""
    what = "replace files that are there already"
    flag(parser, "--force", what, outside=True)


def add_seed(parser: argparse.ArgumentParser) -> None:
    """The option --seed."""
    what = "the same seed gives the same result"
    option(parser, "--seed", what, 0, at_least(0))


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
    add_seed(parser)
    add_device(parser)
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
    score: Callable  # Model, Data -> facts: a table beside baselines
    again: Callable  # arguments, Model, facts -> facts: other scores
    save: Callable  # path, *Model, facts: write the file
    load: Callable  # path -> *Model, facts
    show: Callable  # path, facts: print them
    scored: str = ""  # what waits for it is told
    check: Callable = lambda arguments: None  # Refused before all else
    after: Callable = lambda arguments: None  # and at the end
    hint: str = "more data, more --steps, another --rate"
    higher: bool = False  # of two scores the higher one is better


def run_later(name: str) -> Callable:
    """A function of the package, whose module is imported when called."""
    module, _, function = name.rpartition(".")

    def call(*given: Any) -> Any:
        found = importlib.import_module(f"rnncore.{module}")
        return getattr(found, function)(*given)

    return call


def learn(app: Application, arguments: argparse.Namespace) -> int:
    """Train, or go on; then score, and write the model."""
    from rnncore.application import check_device, choose_device
    from rnncore.storage.weights import origin

    app.check(arguments)
    check_device(arguments.device)
    check_model(arguments)
    data, known = app.read(arguments)
    settings = settings_of(arguments) | {"kind": app.kind} | known
    run = begin(arguments, settings)
    if run is not None:
        device = choose_device(arguments.device)
        with refuse_in_words():
            model, about = app.fit(arguments, data, run, device)
        about |= origin(arguments.line) | {"seed": arguments.seed}
        about |= {"settings": run.settings, "seconds": run.seconds()}
        if app.scored:
            note(f"scoring {app.scored} ...")
        about |= app.score(model, data)
        app.save(arguments.model, *model, about)
        _discard(run.folder)  # the model is written
    about = app.load(arguments.model)[-1]
    app.show(arguments.model, about)
    tell_loser(app, about)
    app.after(arguments)
    return 0


def score_again(app: Application, arguments: argparse.Namespace) -> int:
    """The table of scores, computed again."""
    app.check(arguments)
    *model, about = load_model(arguments, app.kind, app.load)
    found = app.again(arguments, model, about)
    app.show(arguments.model, about | found)
    tell_loser(app, found)
    app.after(arguments)
    return 0


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


def load_model(
    arguments: argparse.Namespace, kind: str, load: Callable
) -> Any:
    """What `load` makes of the model's file, on the device asked for.

    The network, or a list of them, comes first.
    """
    from rnncore.application import check_device, choose_device

    check_device(arguments.device)
    found = load(model_file(arguments.model, kind))
    device = choose_device(arguments.device)
    several = isinstance(found[0], list)
    for network in found[0] if several else found[:1]:
        network.to(device)
    return found


class Run(NamedTuple):
    """A training run on disk."""

    folder: Path  # plan, checkpoint and seconds, until the model is there
    settings: Facts  # all that the outcome depends on
    before: float  # seconds, of the parts that broke off
    begun: float

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


def begin(arguments: argparse.Namespace, settings: Facts) -> Run | None:
    """A run that is begun, or goes on; None where it is finished.

    Raises Refused where another run has the same model file.
    """
    model = arguments.model
    settings = json.loads(json.dumps(settings))  # as it will come back
    folder = model.with_name(model.name + ".run")
    if arguments.restart:
        _discard(folder)
    elif any(folder.glob("*.npz")):  # else nothing is lost
        _check_settings(settings, _plan(folder / PLAN), f"{folder}")
    elif model.exists():
        from rnncore.storage.weights import read_about

        about = read_about(model, settings["kind"])
        _check_settings(settings, about.get("settings", {}), f"{model}")
        note(f"{model} is already trained; --restart trains from scratch")
        return None
    folder.mkdir(exist_ok=True)
    with whole_file(folder / PLAN) as file:
        file.write(json.dumps(settings, indent=1).encode())
    before = _seconds(folder / SECONDS)
    return Run(folder, settings, before, time.perf_counter())


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
    inputs = (getattr(arguments, k, None) for k in ("file", "captions"))
    given = [one for one in inputs if one and one.exists()]
    if path.exists() and any(map(path.samefile, given)):
        raise Refused(f"--model: {path} is what is to be learned from")


def fingerprint(content: bytes | str) -> str:
    """By which data are recognised again: SHA-256."""
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


@contextlib.contextmanager
def refuse_in_words(path: Path | None = None) -> Iterator[None]:
    """What is not as expected becomes one line, with a file's name."""
    try:
        yield
    except ValueError as error:
        where = f"{path}: " if path else ""
        hint = "; --restart trains from scratch"
        damaged = str(error).startswith("checkpoint: ")
        raise Refused(f"{where}{error}{hint * damaged}") from error


def train_run(
    run: Run,
    arguments: argparse.Namespace,
    network: Any,
    loss: Callable,
    next_batch: Callable,
    evaluate: Callable,
    bar: "Bar",
    *,
    unit: str = "nats",
    carry: Any = None,
    optimizer: Any = None,
    trivial: float = float("inf"),
) -> Facts:
    """`train_module` with the options that every `train` has.

    `evaluate(network)` is in `unit`, `trivial` what it gives where all is
    answered alike; a run that comes to nothing better is told. The
    optimizer is Adam unless given. Gives the number of steps.
    """
    import numpy as np

    from rnncore.application import evaluated, train_module
    from rnncore.optim import adam
    from rnncore.train import Schedule

    def looked(network: Any) -> float:
        run.seconds()
        return bar.tell(unit, evaluate(network))

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
        ),
        rng=np.random.default_rng(arguments.seed),
        carry=carry,
        evaluate=looked,
    )
    best = min(result.history.score)
    if not best < begun - CLEARLY * abs(begun):
        note(
            f"nothing was learned: validation began at {begun:.4g} {unit} "
            f"and was {best:.4g} at best. Try a --rate of a quarter or of "
            "four times as much, or more --steps and --patience"
        )
    return {"steps": len(result.history.loss)}


def show(
    path: Path, network: str, about: Facts, table: Any, *lines: str
) -> None:
    """A model in one line, what it was scored on, and a pandas table."""
    steps = f", {about['steps']} steps" if "steps" in about else ""
    seconds = f"{about['seconds']:.0f} s"
    print(f"{path}: {network}, seed {about['seed']}{steps} in {seconds}")
    print("\n".join(lines))
    print(table if isinstance(table, str) else show_table(table))


def list_rows(about: Facts, *columns: str) -> Any:
    """The scores as a pandas table: one row per method."""
    import pandas as pd

    found = {name: values for name, *values in about["table"]}
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


def format_count(count: int, what: str) -> str:
    """ "1 piece", "2 pieces"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def show_table(table: Any) -> str:
    """A pandas table as text, numbers with three decimals."""
    return table.to_string(float_format="{:.3f}".format, na_rep="")


class Bar:
    """Progress on stderr: steps done, and the latest score."""

    def __init__(self, label: str, unit: str = "step"):
        self.label, self.unit = label, unit
        self.bar: Any = None

    def __call__(self, todo: Iterable) -> Iterable:
        first = todo.start if isinstance(todo, range) else 0
        total = todo.stop if isinstance(todo, range) else None
        if total is None and isinstance(todo, Sized):
            total = len(todo)
        if first:
            note(f"goes on after step {first}")
        named = {"desc": self.label, "unit": self.unit}
        self.bar = progress(todo, total=total, initial=first, **named)
        return self.bar

    def tell(self, name: str, value: float) -> float:
        """Show a number beside the bar; give it back."""
        if self.bar is not None:
            self.bar.set_postfix_str(f"{name} {value:.4g}", refresh=False)
        return value


def progress(todo: Iterable | None = None, **about: Any) -> Any:
    """A bar of tqdm's in a terminal; else, and without tqdm, lines.

    `about` is what tqdm is told: desc, unit, total, initial.
    """
    if not (sys.stderr.isatty() and importlib.util.find_spec("tqdm")):
        return Lines(todo, **about)
    from tqdm import tqdm

    return tqdm(todo, dynamic_ncols=True, leave=False, **about)


class Lines:
    """One line per minute, in place of tqdm's bar in a file or a pipe."""

    def __init__(
        self,
        todo: Iterable | None,
        desc: str,
        unit: str,
        total: int | None,
        initial: int = 0,
    ):
        self.label, self.unit = desc, unit
        self.todo = () if todo is None else todo
        self.of = "" if total is None else f" of {total}"
        self.done, self.beside = initial, ""
        self.told = time.monotonic()

    def __iter__(self) -> Iterator:
        for one in self.todo:
            yield one
            self.update()

    def update(self, count: int = 1) -> None:
        """So many more are done."""
        self.done += count
        now = time.monotonic()
        if now - self.told >= MINUTE:
            self.told = now
            where = f"{self.unit} {self.done}{self.of}"
            note(f"{self.label}: {where}{self.beside}")

    def set_postfix_str(self, text: str, refresh: bool = False) -> None:
        """What the next line says too."""
        self.beside = f", {text}"

    def close(self) -> None:
        """No line is left to be cleared."""


def each(paths: Sequence[Any], do: Callable[[Any], None]) -> int:
    """Do it for each, whatever becomes of the others: the exit status.

    What is refused is told at the end, with its reason; then it is 1. Of
    one alone, the refusal is the command's.
    """
    if len(paths) == 1:
        do(paths[0])
        return 0
    failed = []
    for path in paths:
        try:
            do(path)
        except BrokenPipeError:  # of the output: there is no reader
            raise
        except (Refused, OSError) as error:
            failed.append(reason_of(error))
    return tell_failed(failed, "file")


def tell_failed(failed: Sequence[str], what: str) -> int:
    """At a batch's end: what failed, and why; the exit status."""
    for reason in failed:
        note(reason)
    if failed:
        note(f"{format_count(len(failed), what)} failed")
    return 1 if failed else 0


def reason_of(error: Exception) -> str:
    """An exception in words, without the system's numbers for it."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)


def note(text: str) -> None:
    """A line on stderr: progress for the user, not part of the result."""
    print(text, file=sys.stderr, flush=True)


def model_file(path: Path, kind: str) -> Path:
    """The path, or the weights of this name that come with the package.

    Raises Refused where there is no model of this kind; torch is not
    needed to see that.
    """
    from rnncore.storage.weights import read_about, stored

    named = path.name == str(path) and not path.suffix
    found = stored(str(path)) if named and not path.exists() else path
    read_about(found, kind)
    return found


def output_file(path: Path, force: bool, *endings: str) -> Path:
    """The path, if a file of this kind can be written there.

    Raises Refused; also where one is there, unless it may be replaced.
    """
    if path.suffix.lower() not in endings:
        raise Refused(
            f"{path}: expected a file that ends in {' or '.join(endings)}"
        )
    if not path.parent.is_dir():
        raise Refused(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise Refused(f"{path}: expected a file, got a folder")
    if path.exists() and not force:
        raise Refused(f"{path}: it is there already; --force replaces it")
    return path


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
