"""One command line for all applications: python -m rnncore COMMAND."""

import argparse
import sys

from rnncore.commands import memory_ruler
from rnncore.files import Refused


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0, 1 where it found a mistake, 2 where misused."""
    parser = argparse.ArgumentParser(
        prog="python -m rnncore", description=__doc__
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True
    )
    memory_ruler.add(commands)
    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except Refused as refused:
        print(f"{arguments.command}: {refused}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
