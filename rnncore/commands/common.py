"""What the commands share: options, progress, reports."""

import argparse
import contextlib
import hashlib
import importlib
import importlib.util
import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.storage.files import Refused

INSTALLED = Path(sys.argv[0]).stem == "rnncore"  # else a module is run
PROGRAM = "rnncore" if INSTALLED else "python -m rnncore"
Facts = dict[str, Any]  # of a model: its settings, sizes and scores
GOES_ON = (
    "Ctrl-C ends `train` with the best weights so far, a second one at "
    "once. However it ended, the same command goes on where it was."
)
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
        return _add_parser(*given, *notes, run=run)


def add_group(
    commands: Any,
    name: str,
    about: str,
    examples: Sequence[str],
    *notes: str,
    last: str = GOES_ON,
) -> Group:
    """A command that has subcommands."""
    parser = _add_parser(commands, name, about, examples, *notes, last)
    return Group(
        parser.add_subparsers(dest="part", metavar="COMMAND", required=True)
    )


def _add_parser(
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


def parse_positive(text: str) -> float:
    """For argparse: a number above 0."""
    with contextlib.suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(
        f"expected a number above 0, got {text!r}"
    )


def parse_share(text: str) -> float:
    """For argparse: a number from 0 to below 1."""
    with contextlib.suppress(ValueError):
        if 0 <= float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(
        f"expected a number from 0 to below 1, got {text!r}"
    )


LETTERS = {
    parse_positive: "X",
    parse_share: "X",
    Path: "FILE",
}  # of kinds; else N


def _declare(
    parser: Any, name: str, outside: bool = False, **more: Any
) -> None:
    """Add an argument, and record whether a run's outcome depends on it.

    No path is noted: what a file holds has a fingerprint.
    """
    dest = parser.add_argument(name, **more).dest
    if not (outside or more.get("type") is Path):
        noted = parser.get_default("decides") or ()
        parser.set_defaults(decides=(*noted, dest))


def settings_of(arguments: argparse.Namespace) -> Facts:
    """The options that must stay the same when a run is resumed."""
    return {name: getattr(arguments, name) for name in arguments.decides}


def add_operand(
    parser: argparse.ArgumentParser,
    name: str,
    what: str | None = None,
    **more: Any,
) -> None:
    """Add a positional argument: a path."""
    more = {"metavar": name.upper(), "type": Path, "help": what, **more}
    _declare(parser, name, **more)


def add_model(parser: argparse.ArgumentParser, stored: str) -> None:
    """MODEL, which may also be the name of a stored one."""
    what = (
        "a file that `train` wrote, or a model that comes with the course"
    )
    add_operand(parser, "model", f"{what}: {stored}")


def add_option(
    parser: Any,
    name: str,
    what: str = "",
    default: Any = None,
    kind: Callable | None = None,
    **more: Any,
) -> None:
    """An option, of the kind of its default; its help says which.

    With `outside=True` a run continues even if its value changed: the
    outcome does not depend on it, or the data's fingerprint shows it.
    """
    kinds = {int: whole_number, float: parse_positive}
    kind = kind or kinds.get(type(default), str)
    if kind is not str and "metavar" not in more:
        more["metavar"] = LETTERS.get(kind, "N")
    if default is not None and "(default" not in what:
        what = f"{what} (default: %(default)s)".strip()
    more |= {"type": kind, "default": default, "help": what}
    _declare(parser, name, **more)


def add_flag(
    parser: Any, name: str, what: str, outside: bool = False
) -> None:
    """Add an on/off option; `outside` as in `add_option`."""
    _declare(parser, name, outside, action="store_true", help=what)


def add_device(parser: argparse.ArgumentParser) -> None:
    """The options --device and --threads: see `choose_device`."""
    what = "auto, cpu, cuda or cuda:1 (default: a GPU, if any)"
    add_option(parser, "--device", what, "auto", outside=True)
    what = (
        "of the CPU (default: as many as it has cores; where others use "
        "them too, fewer are faster)"
    )
    add_option(parser, "--threads", what, kind=whole_number, outside=True)


def choose_device(arguments: argparse.Namespace) -> Any:
    """The chosen device, with this number of threads.

    Raises Refused where there is no such device.
    """
    import torch

    from rnncore import application

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    return application.choose_device(arguments.device)


def add_force(parser: argparse.ArgumentParser) -> None:
    """The option --force."""
    what = "replace files that are there already"
    add_flag(parser, "--force", what, outside=True)


def add_seed(parser: argparse.ArgumentParser) -> None:
    """The option --seed."""
    what = "the same seed gives the same result"
    add_option(parser, "--seed", what, 0, at_least(0))


def run_later(name: str) -> Callable:
    """A function of the package, whose module is imported when called."""
    module, _, function = name.rpartition(".")

    def call(*given: Any) -> Any:
        found = importlib.import_module(f"rnncore.{module}")
        return getattr(found, function)(*given)

    return call


def load_model(
    arguments: argparse.Namespace, kind: str, load: Callable
) -> Any:
    """What `load` makes of the model's file, on the device asked for.

    The network, or a list of them, comes first.
    """
    from rnncore.application import check_device

    check_device(arguments.device)
    found = load(model_file(arguments.model, kind))
    device = choose_device(arguments)
    several = isinstance(found[0], list)
    for network in found[0] if several else found[:1]:
        network.to(device)
    return found


def compute_fingerprint(content: bytes | str) -> str:
    """The SHA-256 digest by which data are recognised again."""
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


@contextlib.contextmanager
def name_encoding() -> Iterator[None]:
    """Inside, a refusal of a file's bytes names the option that helps."""
    try:
        yield
    except Refused as error:
        if not isinstance(error.__cause__, UnicodeError):
            raise
        what = "--encoding says which it is, such as cp1252"
        raise Refused(f"{error}; {what}") from error


@contextlib.contextmanager
def refuse_in_words(path: Path | None = None) -> Iterator[None]:
    """Turn a ValueError into one line that names the file."""
    try:
        yield
    except ValueError as error:
        where = f"{path}: " if path else ""
        hint = "; --restart trains from scratch"
        damaged = str(error).startswith("checkpoint: ")
        raise Refused(f"{where}{error}{hint * damaged}") from error


class Described(NamedTuple):
    """The description of a model that is printed."""

    network: str  # in a few words
    table: Any  # of pandas, or text
    lines: Sequence[str]  # what it was scored on


def show(path: Path, about: Facts, described: Described) -> None:
    """A model in one line, what it was scored on, and the table."""
    network, table, lines = described
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
        self.shown: dict[str, str] = {}

    def __call__(self, todo: Iterable) -> Iterable:
        first = todo.start if isinstance(todo, range) else 0
        total = todo.stop if isinstance(todo, range) else None
        if total is None and isinstance(todo, Sized):
            total = len(todo)
        if first:
            note(f"goes on after step {first}")
        named = {"desc": self.label, "unit": self.unit}
        self.bar = make_progress_bar(
            todo, total=total, initial=first, **named
        )
        return self.bar

    def tell(self, name: str, value: float) -> float:
        """Show the number of this name at the bar; return it."""
        self.shown[name] = f"{name} {value:.4g}"
        if self.bar is not None:
            beside = ", ".join(self.shown.values())
            self.bar.set_postfix_str(beside, refresh=False)
        return value

    def say(self, text: str) -> None:
        """A line above the bar, which stays whole."""
        if hasattr(self.bar, "external_write_mode"):  # tqdm's
            with self.bar.external_write_mode(sys.stderr):
                note(text)
        else:
            note(text)


def make_progress_bar(todo: Iterable | None = None, **about: Any) -> Any:
    """A bar of tqdm's in a terminal; else, and without tqdm, lines.

    `about` holds arguments of tqdm: desc, unit, total, initial.
    """
    if not (sys.stderr.isatty() and importlib.util.find_spec("tqdm")):
        return Lines(todo, **about)
    from tqdm import tqdm

    return tqdm(todo, dynamic_ncols=True, leave=False, **about)


class Clock:
    """The time, and when a line of progress was last written."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self.now = now  # in seconds
        self.spoken: float | None = None


CLOCK = Clock()  # of all bars: several short ones speak too


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
        self.total, self.first, self.done = total, initial, initial
        self.beside = ""
        self.clock = CLOCK
        self.begun = self.clock.now()
        if self.clock.spoken is None:
            self.clock.spoken = self.begun

    def __iter__(self) -> Iterator:
        for one in self.todo:
            yield one
            self.update()

    def update(self, count: int = 1) -> None:
        """Advance by a number of items."""
        self.done += count
        now, spoken = self.clock.now(), self.clock.spoken
        if spoken is None or now - spoken >= MINUTE:
            self.clock.spoken = now
            of = "" if self.total is None else f" of {self.total}"
            where = f"{self.unit} {self.done}{of}"
            note(f"{self.label}: {where}{self.beside}{self.tell_left(now)}")

    def tell_left(self, now: float) -> str:
        """The time left at this pace: ", 3 min left"."""
        if self.total is None or self.done <= self.first:
            return ""
        pace = (now - self.begun) / (self.done - self.first)
        minutes = pace * max(self.total - self.done, 0) / 60
        if minutes < 100:
            return f", {minutes:.0f} min left"
        return f", {minutes / 60:.1f} h left"

    def set_postfix_str(self, text: str, refresh: bool = False) -> None:
        """Add a text to the next line."""
        self.beside = f", {text}"

    def close(self) -> None:
        """Do nothing: no line is left open."""


def process_each(paths: Sequence[Any], do: Callable[[Any], None]) -> int:
    """Process each item even if others fail; return the exit status.

    Refused items are listed at the end, with reasons; then it is 1. Of
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
    """Report at the end what failed and why; return the exit status."""
    for reason in failed:
        note(reason)
    if failed:
        note(f"{format_count(len(failed), what)} failed")
    return 1 if failed else 0


def reason_of(error: Exception) -> str:
    """An exception's message without the system's error numbers."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)


def note(text: str) -> None:
    """A line on stderr: progress for the user, not part of the result.

    If its reader has gone, work continues.
    """
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        unplug(sys.stderr)


def unplug(stream: Any) -> None:
    """Discard further output once the reader of a pipe has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


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
