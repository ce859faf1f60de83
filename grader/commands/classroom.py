"""GitHub Classroom: a starter repository, and taking in what was pushed.

    make classroom ASSIGNMENT=NAME DIR=path     writes the starter repository
    make classroom ASSIGNMENT=NAME FROM=path    takes in the cloned ones

The repository holds the released notebook, the package, and a workflow that
runs the visible tests at each push, which is tried with the assignment's own
answers before it is written. It holds no hidden test: those who teach
run `make grade` on what `gh classroom clone student-repos` brings.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from grader import ROOT
from grader.commands.gradescope import find_assignment
from grader.course.settings import Course, SetupError
from grader.systems.classroom import collect, start


def main(argv: list[str] | None = None) -> int:
    """Write a starter repository, or take in; 2 where that is refused."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", nargs="?", metavar="ASSIGNMENT")
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    parser.add_argument("--from", type=Path, dest="source", metavar="CLONES")
    parser.add_argument("--root", type=Path, default=ROOT)
    options = parser.parse_args(argv)
    try:
        name = find_assignment(options.name)
        if options.source:
            return _collect(name, options.source, Course(options.root))
        if options.folder in (None, Path("")):
            raise ValueError("say where to: make classroom ASSIGNMENT=NAME DIR=path")
        start(name, options.folder)
    except (ValueError, SetupError) as error:
        print(f"make classroom: {error}", file=sys.stderr)
        return 2
    print(f"The starter repository's files are in {options.folder}")
    return 0


def _collect(name: str, source: Path, course: Course) -> int:
    """Print what was taken in; 1 where a folder was not."""
    taken, refused = collect(name, source, course)
    for line in refused:
        print(line, file=sys.stderr)
    print(f"{len(taken)} taken into {course.submitted}: now make grade")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
