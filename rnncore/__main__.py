"""One command line for all applications: python -m rnncore COMMAND."""

import argparse
import os
import shlex
import sys

from rnncore.commands import forecast, memory_ruler, music, text
from rnncore.files import Refused

PROGRAM = "python -m rnncore"


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0, 1 where it failed on its way, 2 where misused."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True
    )
    for module in (text, forecast, music, memory_ruler):
        module.add(commands)
    words = sys.argv[1:] if argv is None else argv
    arguments = parser.parse_args(words)
    arguments.line = f"{PROGRAM} {shlex.join(words)}"
    name = " ".join(
        filter(None, [arguments.command, getattr(arguments, "part", None)])
    )
    try:
        return arguments.run(arguments)
    except (Refused, OSError) as error:
        if isinstance(error, BrokenPipeError):  # as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except FloatingPointError as error:
        print(
            f"{name}: training broke off: {error}; try a smaller --rate "
            "with --restart",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        hint = "; the same command goes on from here"
        if getattr(arguments, "part", None) != "train":
            hint = ""
        print(f"\n{name}: interrupted{hint}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
