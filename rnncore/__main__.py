"""One command line for all applications: python -m rnncore COMMAND."""

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

from rnncore.commands import (
    data,
    forecast,
    memory_ruler,
    music,
    speech,
    text,
    translate,
    video,
)
from rnncore.commands.common import PROGRAM, reason_of
from rnncore.storage.files import Refused, escape_output

CHECKOUT = (Path(__file__).parents[1] / "pyproject.toml").exists()
INSTALL = (
    "python -m pip install '.[apps]' in the course's folder"
    if CHECKOUT
    else "python -m pip install 'rnncore[apps]'"
)


class Terminated(KeyboardInterrupt):
    """SIGTERM: as Ctrl-C, but for the exit status."""


def terminate(number: int, frame: Any) -> None:
    """Handle SIGTERM, so that no half-written file is left behind."""
    raise Terminated


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0, 1 where it failed on its way, 2 where misused."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True
    )
    for module in (
        text,
        forecast,
        music,
        translate,
        speech,
        video,
        data,
        memory_ruler,
    ):
        module.add(commands)
    words = sys.argv[1:] if argv is None else argv
    arguments = parser.parse_args(words)
    arguments.line = f"{PROGRAM} {shlex.join(words)}"
    name = " ".join(
        filter(None, [arguments.command, getattr(arguments, "part", None)])
    )
    try:
        return arguments.run(arguments)
    except BrokenPipeError:  # as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Refused, OSError) as error:
        code, why = 2, reason_of(error)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("rnncore"):
            raise
        code, why = 2, f"needs {error.name}: {INSTALL}"
    except FloatingPointError as error:
        code, why = 1, f"training broke off: {error}; try a smaller --rate"
    except KeyboardInterrupt as error:
        more = "; the same command goes on from here"
        code = 143 if isinstance(error, Terminated) else 130
        why = "interrupted" + more * name.endswith("train")
        if sys.stderr.isatty():
            print(file=sys.stderr)  # below the progress bar
    print(f"{name}: {why}", file=sys.stderr)
    return code


def console() -> int:
    """What `rnncore` and `python -m rnncore` start."""
    escape_output()
    signal.signal(signal.SIGTERM, terminate)
    return main()


if __name__ == "__main__":
    sys.exit(console())
