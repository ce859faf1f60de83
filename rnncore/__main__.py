"""One command line for the course and its applications."""

import argparse
import os
import re
import shlex
import signal
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import rnncore
from rnncore.apps import ABOUT
from rnncore.apps.spine.common import note, reason_of, unplug
from rnncore.apps.spine.options import PROGRAM, find_work
from rnncore.commands import COURSE
from rnncore.storage.files import Refused, escape_output

REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(\[(?P<extras>[\w,]+)\])?[^;]*"
    r"(; *extra *== *[\"'](?P<extra>\w+)[\"'])?$"
)
SHOW_WARNING = warnings.showwarning
SIGPIPE = 13  # its number, also where there is no such signal
CHECKOUT = (Path(__file__).parents[1] / "pyproject.toml").exists()


class Terminated(KeyboardInterrupt):
    """SIGTERM: as Ctrl-C, but for the exit status."""


def terminate(number: int, frame: Any) -> None:
    """Handle SIGTERM, so that no half-written file is left behind."""
    raise Terminated


def describe_install(module: str, command: str) -> str:
    """How to install what a command needs and is not there.

    It names no package of this project, which may be on no index, or not
    be ours there.
    """
    if CHECKOUT:
        return "python -m pip install '.[apps]' in the course's folder"
    from importlib import metadata

    try:
        wanted = _requirements(command)
    except metadata.PackageNotFoundError:
        wanted = set()
    found = {d.name.lower() for d in metadata.distributions()}
    names = sorted(wanted - found) or [module]
    return f"python -m pip install {' '.join(names)}"


def _requirements(extra: str) -> set[str]:
    """The other packages that an extra of this one brings."""
    from importlib import metadata

    names: set[str] = set()
    for line in metadata.requires("rnncore") or ():
        found = REQUIREMENT.match(line)
        if found is None or found["extra"] != extra:
            continue
        if found["name"] == "rnncore":
            extras = found["extras"].split(",")
            names.update(*map(_requirements, extras))
        else:
            names.add(found["name"].lower())
    return names


def show_warning(
    message: Any, category: Any, filename: Any, *more: Any, **where: Any
) -> None:
    """Ours as a line for the user, others as they are."""
    if "rnncore" in Path(filename).parts:
        note(str(message))
    else:
        SHOW_WARNING(message, category, filename, *more, **where)


def read_command(words: list[str]) -> tuple[str, Callable[[], int]]:
    """The command's name, and what runs it."""
    asked = next((word for word in words if not word.startswith("-")), "")
    if words[:1] == [asked] and asked in COURSE:
        return asked, lambda: run_course(asked, words[1:])
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    version = f"rnncore {rnncore.__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True
    )
    for name, (_, about) in COURSE.items():
        commands.add_parser(name, help=about)
    for name, about in ABOUT.items():
        if name == asked:
            module = name.replace("-", "_")
            import_module(f"rnncore.apps.{module}.options").add(commands)
        else:  # another one than is asked for: what it takes is not told
            commands.add_parser(name, help=about)
    if not words:
        return "", lambda: show_help(parser)
    arguments = parser.parse_args(words)
    arguments.line = f"{PROGRAM} {shlex.join(words)}"
    name = " ".join(
        filter(None, [arguments.command, getattr(arguments, "part", None)])
    )
    return name, lambda: run_command(arguments)


def run_command(arguments: argparse.Namespace) -> int:
    """Look at what is given, then import what does the work, and do it."""
    from rnncore.apps.spine.inputs import check_inputs

    check_inputs(arguments)
    return find_work(arguments)(arguments)


def show_help(parser: argparse.ArgumentParser) -> int:
    """What there is, for who names no command."""
    parser.print_help()
    return 0


def run_course(name: str, words: list[str]) -> int:
    """Run a command of the course's; it reads its words itself."""
    for threads in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
        os.environ.setdefault(
            threads, "1"
        )  # several processes, small arrays
    module, _, function = COURSE[name][0].partition(":")
    code: int = getattr(import_module(module), function)(words)
    return code


def main(argv: list[str] | None = None) -> int:
    """Run one command: the exit status.

    0, 1 where it failed on its way, 2 where misused, 141 where nobody
    reads its output any more.
    """
    name, run = read_command(sys.argv[1:] if argv is None else argv)
    try:
        code = run()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # as `| head` does
        unplug(sys.stdout)
        return 128 + SIGPIPE
    except (Refused, OSError) as error:
        code, why = 2, reason_of(error)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("rnncore"):
            raise
        how = describe_install(str(error.name), name.split()[0])
        code, why = 2, f"needs {error.name}: {how}"
    except FloatingPointError as error:
        advice = "try a smaller rate, from Python"
        code, why = 1, f"training broke off: {error}; {advice}"
    except KeyboardInterrupt as error:
        more = "; the same command goes on from here"
        code = 143 if isinstance(error, Terminated) else 130
        why = "interrupted" + more * name.endswith("train")
        if sys.stderr.isatty():
            print(file=sys.stderr)  # below the progress bar
    note(f"{name}: {why}")
    return code


def console() -> int:
    """What `rnncore` and `python -m rnncore` start."""
    escape_output()
    warnings.showwarning = show_warning
    signal.signal(signal.SIGTERM, terminate)
    return main()


if __name__ == "__main__":
    sys.exit(console())
