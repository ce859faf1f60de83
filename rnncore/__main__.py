"""One command line for all applications: python -m rnncore COMMAND."""

import argparse
import os
import shlex
import sys

from rnncore.commands import (
    forecast,
    memory_ruler,
    music,
    speech,
    text,
    translate,
    video,
)
from rnncore.files import Refused

PROGRAM = "python -m rnncore"
INSTALL = "python -m pip install '.[apps]' in the course's folder"


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
        code, why = 2, str(error)
    except ModuleNotFoundError as error:
        if str(error.name).startswith("rnncore"):
            raise
        code, why = 2, f"needs {error.name}: {INSTALL}"
    except FloatingPointError as error:
        code, why = 1, f"training broke off: {error}; try a smaller --rate"
    except KeyboardInterrupt:
        more = "; the same command goes on from here"
        code, why = 130, "interrupted" + more * name.endswith("train")
        print(file=sys.stderr)  # below the progress bar
    print(f"{name}: {why}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
