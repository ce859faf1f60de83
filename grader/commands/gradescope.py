"""Packs an assignment's grader for Gradescope: make gradescope ASSIGNMENT=NAME.

The zip is tried with the assignment's own answers before it is written. It holds
hidden tests: only Gradescope and those who teach may have it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grader import ROOT
from grader.assignments import builder
from grader.course.settings import SetupError
from grader.systems.gradescope import write


def main(argv: list[str] | None = None) -> int:
    """Write the zip; return 2 if the assignment does not exist."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", nargs="?", metavar="ASSIGNMENT")
    parser.add_argument("--output", type=Path, metavar="ZIP")
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help="for containers in which bubblewrap cannot make namespaces",
    )
    options = parser.parse_args(argv)
    try:
        name = find_assignment(options.name)
        path = options.output or ROOT / "grading" / "gradescope" / f"{name}.zip"
        write(name, path, sandboxed=not options.no_sandbox)
    except (ValueError, SetupError) as error:
        print(f"make gradescope: {error}", file=sys.stderr)
        return 2
    print(f"Written: {path}\nIt holds hidden tests: upload it, and publish it nowhere.")
    return 0


def find_assignment(name: str | None) -> str:
    """The assignment that was asked for. Raises ValueError."""
    known = builder.list_buildable()
    if name not in known:
        raise ValueError(
            f"ASSIGNMENT: one of {', '.join(known)} is expected, got {name!r}"
        )
    return name


if __name__ == "__main__":
    sys.exit(main())
