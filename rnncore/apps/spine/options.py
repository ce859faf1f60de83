"""What the options of all commands share; and the way to the work.

A command is two files: `options.py` of its folder has what it takes, and
imports nothing that takes long; `command.py` does the work, and `PARTS` there
has a function for each of its parts. `find_work` is the one way between.
"""

import argparse
import contextlib
import importlib
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

INSTALLED = Path(sys.argv[0]).stem == "rnncore"  # else a module is run
PROGRAM = "rnncore" if INSTALLED else "python -m rnncore"
GOES_ON = (
    "Ctrl-C ends `train` with the best weights so far, a second one at "
    "once. However it ended, the same command goes on where it was."
)


class Group(NamedTuple):
    """The subcommands of one application, such as `text train`."""

    parsers: Any

    def add(
        self, name: str, about: str, example: str, *notes: str
    ) -> argparse.ArgumentParser:
        """A subcommand with help and an example."""
        return _add_parser(self.parsers, name, about, [example], *notes)


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
    return Group(parser.add_subparsers(dest="part", metavar="COMMAND", required=True))


def _add_parser(
    commands: Any, name: str, about: str, examples: Sequence[str], *notes: str
) -> argparse.ArgumentParser:
    lines = "\n  ".join(f"{PROGRAM} {example}" for example in examples)
    filled = (textwrap.fill(text, 76) for text in notes)
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog="\n\n".join([f"example:\n  {lines}", *filled]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
    raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")


def parse_share(text: str) -> float:
    """For argparse: a number from 0 to below 1."""
    with contextlib.suppress(ValueError):
        if 0 <= float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(
        f"expected a number from 0 to below 1, got {text!r}"
    )


LETTERS = {parse_positive: "X", parse_share: "X", Path: "FILE"}  # of kinds; else N


def add_operand(
    parser: argparse.ArgumentParser, name: str, what: str | None = None, **more: Any
) -> None:
    """Add a positional argument: a path."""
    more = {"metavar": name.upper(), "type": Path, "help": what, **more}
    parser.add_argument(name, **more)


def add_model(parser: argparse.ArgumentParser, stored: str) -> None:
    """MODEL, which may also be the name of a stored one."""
    what = "a file that `train` wrote, or a model that comes with the course"
    add_operand(parser, "model", f"{what}: {stored}")


def add_option(
    parser: Any,
    name: str,
    what: str = "",
    default: Any = None,
    kind: Callable | None = None,
    **more: Any,
) -> None:
    """An option, of the kind of its default; its help says which."""
    kinds = {int: whole_number, float: parse_positive}
    kind = kind or kinds.get(type(default), str)
    if kind is not str and "metavar" not in more:
        more["metavar"] = LETTERS.get(kind, "N")
    if default is not None and "(default" not in what:
        what = f"{what} (default: %(default)s)".strip()
    parser.add_argument(name, type=kind, default=default, help=what, **more)


def add_flag(parser: Any, name: str, what: str) -> None:
    """Add an on/off option."""
    parser.add_argument(name, action="store_true", help=what)


def add_device(parser: argparse.ArgumentParser) -> None:
    """The option --device: see `choose_device`."""
    what = "auto, cpu, cuda or cuda:1 (default: a GPU, if any)"
    add_option(parser, "--device", what, "auto")


def add_force(parser: argparse.ArgumentParser) -> None:
    """The option --force."""
    add_flag(parser, "--force", "replace files that are there already")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """The option --seed."""
    what = "the same seed gives the same result"
    add_option(parser, "--seed", what, 0, at_least(0))


def find_work(arguments: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    """What does the work that is asked for; its imports take seconds."""
    name = arguments.command.replace("-", "_")
    parts = importlib.import_module(f"rnncore.apps.{name}.command").PARTS
    found: Callable[[argparse.Namespace], int] = parts[getattr(arguments, "part", "")]
    return found


def mark_read(parser: argparse.ArgumentParser, *names: str) -> None:
    """What is to be there before the work begins, if it is given."""
    reads = parser.get_default("reads") or ()
    parser.set_defaults(reads=(*reads, *names))


def add_train(
    parts: Group, about: str, example: str, data: str, **more: Any
) -> argparse.ArgumentParser:
    """Add `train`, with the FILE or FOLDER to learn from, and --model."""
    parser = parts.add("train", about, example)
    add_operand(parser, data, **more)
    mark_read(parser, data)
    what = "the .safetensors file to be written"
    add_option(parser, "--model", what, kind=Path, required=True)
    return parser


EVERYWHERE = "steps", "hidden", "minutes", "seed", "device"  # and --model


def add_settings(parser: Any, estimator: type, *names: str) -> None:
    """These settings of an estimator as options, then those of all.

    Default and sentence are those of its fields. None is chosen by the data.
    """
    known = {field.name: field for field in fields(estimator)}
    for name in (*names, *EVERYWHERE):
        field = known[name]
        more = {**field.metadata}
        what, kind = more.pop("what"), more.pop("kind")
        if field.default is None and name != "minutes" and "(default" not in what:
            what = f"{what} (default: chosen by the data)"
        add_option(
            parser, f"--{name.replace('_', '-')}", what, field.default, kind, **more
        )


def settings_of(arguments: argparse.Namespace, estimator: type) -> dict[str, Any]:
    """The settings of an estimator that a command line has."""
    names = [field.name for field in fields(estimator)]
    return {name: getattr(arguments, name) for name in names if name in arguments}


def add_evaluate(
    parts: Group, about: str, example: str, data: str, **more: Any
) -> argparse.ArgumentParser:
    """`evaluate`: a model, the FILE or FOLDER it is judged by."""
    parser = parts.add("evaluate", about, example)
    add_operand(parser, "model")
    add_operand(parser, data, **more)
    mark_read(parser, data)
    add_flag(parser, "--json", "print the scores as JSON")
    add_device(parser)
    return parser
