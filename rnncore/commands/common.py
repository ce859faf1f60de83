"""What the commands share: options, runs that can be resumed, reports."""

import argparse
import contextlib
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.files import Refused, whole_file

PLAN, CHECKPOINT = "plan.json", "run.npz"


class Group(NamedTuple):
    """The subcommands of one application, such as `text train`."""

    parsers: Any

    def add(
        self, name: str, run: Callable, about: str, example: str
    ) -> argparse.ArgumentParser:
        """A subcommand with help, an example, and the function it calls."""
        parser = self.parsers.add_parser(
            name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.set_defaults(run=run)
        return parser

    def add_evaluate(
        self, run: Callable, about: str, example: str, data: str
    ) -> argparse.ArgumentParser:
        """`evaluate`: a model, the FILE or FOLDER it is judged by."""
        parser = self.add("evaluate", run, about, example)
        parser.add_argument("model", metavar="MODEL", type=Path)
        parser.add_argument(data, metavar=data.upper(), type=Path)
        add_device(parser)
        return parser


def group(commands: Any, name: str, about: str, epilog: str) -> Group:
    """A command that has subcommands."""
    parser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return Group(
        parser.add_subparsers(dest="part", metavar="COMMAND", required=True)
    )


def whole_number(text: str) -> int:
    """For argparse: an integer of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least 1, got {text!r}"
        )
    return int(text)


def seed_number(text: str) -> int:
    """For argparse: an integer of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"expected a whole number of at least 0, got {text!r}"
        )
    return int(text)


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


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        default="auto",
        help="auto, cpu, cuda or cuda:1 (default: a GPU, if any)",
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed",
        type=seed_number,
        default=0,
        metavar="N",
        help="the same seed gives the same result (default: %(default)s)",
    )


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
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        required=True,
        help="the .safetensors file to be written",
    )
    for name, default in defaults.items():
        kind, what = OPTIONS[name.replace("_", "-")]
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=kind,
            default=default,
            metavar="X" if kind in (positive, share) else "N",
            help=f"{what} (default: %(default)s)",
        )
    add_seed(parser)
    add_device(parser)
    parser.add_argument(
        "--restart",
        action="store_true",
        help="train anew, whatever is there already",
    )


class Run(NamedTuple):
    """A training run on disk."""

    model: Path  # what will be written
    folder: Path  # plan and checkpoint, until then
    settings: dict[str, Any]  # all that the outcome depends on

    @property
    def checkpoint(self) -> Path:
        return self.folder / CHECKPOINT


def begin(
    model: Path, settings: dict[str, Any], restart: bool
) -> Run | None:
    """A run that is begun, or goes on; None where it is finished.

    Raises Refused where another run has the same model file, or there is
    no folder to write it into.
    """
    if model.suffix != ".safetensors":
        raise Refused(f"--model: expected NAME.safetensors, got {model}")
    if not model.parent.is_dir():
        raise Refused(f"--model: there is no folder {model.parent}")
    settings = json.loads(json.dumps(settings))  # as it will come back
    run = Run(model, model.with_name(model.name + ".run"), settings)
    if restart:
        shutil.rmtree(run.folder, ignore_errors=True)
    elif any(run.folder.glob("*.npz")):  # else nothing is lost
        _check_settings(run, _plan(run.folder / PLAN), f"{run.folder}")
    elif model.exists():
        from rnncore.application import load_weights

        _, about = load_weights(model, settings["kind"])
        _check_settings(run, about.get("settings", {}), f"{model}")
        note(f"{model} is trained already; --restart trains anew")
        return None
    run.folder.mkdir(exist_ok=True)
    with whole_file(run.folder / PLAN) as file:
        file.write(json.dumps(settings, indent=1).encode())
    return run


def finish(run: Run) -> None:
    """Remove the checkpoint: the model is written."""
    shutil.rmtree(run.folder)


def fingerprint(content: bytes | str) -> str:
    """By which data are recognised again: SHA-256."""
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """What is not as expected becomes one line for whoever asked."""
    try:
        yield
    except ValueError as error:
        hint = "; --restart trains anew"
        damaged = str(error).startswith("checkpoint: ")
        raise Refused(f"{error}{hint * damaged}") from error


def train_run(
    run: Run,
    arguments: argparse.Namespace,
    module: Any,
    loss: Callable,
    next_batch: Callable,
    progress: Callable,
    **more: Any,
) -> Any:
    """`train_module` with the options that every `train` has.

    Raises Refused where the checkpoint is damaged.
    """
    import numpy as np

    from rnncore.application import train_module
    from rnncore.optim import adam
    from rnncore.train import Schedule

    with refusing():
        return train_module(
            module,
            loss,
            next_batch,
            optimizer=adam(arguments.rate),
            schedule=Schedule(
                arguments.steps,
                1.0,
                arguments.evaluate_every,
                arguments.patience,
                run.checkpoint,
                progress,
            ),
            rng=np.random.default_rng(arguments.seed),
            **more,
        )


def about_run(
    arguments: argparse.Namespace, settings: dict[str, Any], seconds: float
) -> dict[str, Any]:
    """What a model file says of how it was made."""
    from rnncore.application import origin

    return {
        **origin(arguments.line),
        "seed": arguments.seed,
        "seconds": round(seconds, 1),
        "settings": settings,
    }


def describe(path: Path, network: str, about: dict[str, Any]) -> str:
    """A model in one line."""
    return (
        f"{path}: {network}, seed {about['seed']}, {about['steps']} steps "
        f"in {about['seconds']:.0f} s"
    )


def several(count: int, what: str) -> str:
    """ "1 piece", "2 pieces"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def show_table(table: Any) -> str:
    """A pandas table as text, numbers with three decimals."""
    return table.to_string(float_format="{:.3f}".format, na_rep="")


@contextlib.contextmanager
def refusing_file(path: Path) -> Iterator[None]:
    """The same, with the file's name before it."""
    try:
        yield
    except ValueError as error:
        raise Refused(f"{path}: {error}") from error


class Bar:
    """A progress bar on stderr: steps done, and the latest score."""

    def __init__(self, label: str, unit: str = "step"):
        self.label, self.unit = label, unit
        self.bar: Any = None

    def __call__(self, todo: Iterable) -> Iterable:
        from tqdm import tqdm

        first = todo.start if isinstance(todo, range) else 0
        total = todo.stop if isinstance(todo, range) else None
        if total is None and isinstance(todo, Sized):
            total = len(todo)
        if first:
            note(f"goes on after step {first}")
        self.bar = tqdm(
            todo,
            desc=self.label,
            unit=self.unit,
            initial=first,
            total=total,
            dynamic_ncols=True,
            mininterval=0.1 if sys.stderr.isatty() else 5,
            leave=False,
        )
        return self.bar

    def close(self) -> None:
        """Leave nothing behind."""
        if self.bar is not None:
            self.bar.close()

    def tell(self, name: str, value: float) -> float:
        """Show a number beside the bar; give it back."""
        if self.bar is not None:
            self.bar.set_postfix_str(f"{name} {value:.4g}", refresh=False)
        return value


def note(text: str) -> None:
    """A line on stderr: for whoever waits, not part of the result."""
    print(text, file=sys.stderr, flush=True)


class Clock:
    """Seconds since it was made, over all parts of a resumed run."""

    def __init__(self, run: Run):
        self.path = run.folder / "seconds"
        before = self.path.read_text() if self.path.exists() else "0"
        self.before = float(before)
        self.begun = time.perf_counter()

    def seconds(self) -> float:
        """So far; written down, for the run may break off."""
        now = self.before + time.perf_counter() - self.begun
        with whole_file(self.path) as file:
            file.write(f"{now}".encode())
        return now


def model_file(path: Path) -> Path:
    """The path, or the weights of this name that come with the package."""
    from rnncore.application import stored

    named = path.name == str(path) and not path.suffix
    return stored(str(path)) if named and not path.exists() else path


def output_file(path: Path, *endings: str) -> Path:
    """The path, if a file of this kind can be written there.

    Raises Refused.
    """
    if path.suffix.lower() not in endings:
        raise Refused(
            f"{path}: expected a file that ends in {' or '.join(endings)}"
        )
    if not path.parent.is_dir():
        raise Refused(f"{path}: there is no folder {path.parent}")
    return path


def _plan(path: Path) -> dict[str, Any]:
    try:
        plan = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        plan = None
    if not isinstance(plan, dict):
        raise Refused(f"{path}: damaged; --restart trains anew")
    return plan


def _check_settings(run: Run, there: dict[str, Any], where: str) -> None:
    """Raise Refused unless a run has the settings that are asked for."""
    for name in sorted(run.settings.keys() | there.keys()):
        old, new = there.get(name), run.settings.get(name)
        if old == new:
            continue
        how = f"{name} was {old}, now {new}"
        if isinstance(old, str) and len(old) == 64:
            how = f"the {name} have changed since"
        raise Refused(
            f"{where} belongs to another run: {how}; "
            "choose another --model, or --restart to train anew"
        )
