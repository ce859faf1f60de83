"""Builds the assignments, and tries each before anybody hands in.

    python -m grader build            all of solutions/ (or those named)
    python -m grader build --check    fail when exercises/ is stale

The source's own solution, and the notebook as it is released, are graded as
`make grade` would grade them. A test that the solution fails stops the build;
so does one that passes where nothing is written, except in notebooks of
nbgrader's own, where it is told. Afterwards `python -m grader mistakes` runs
the known mistakes against the tests.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from grader import ROOT
from grader.assignments import builder
from grader.assignments.source import list_assignments, read
from grader.course import course_file, course_reader
from grader.course.course_file import CourseFile
from grader.run.trial import try_assignment


def main() -> None:
    """Build what is asked for; exit with a message if something is amiss."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="assignments; default: all")
    parser.add_argument(
        "--check", action="store_true", help="fail when exercises/ is stale"
    )
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    course = read_own_course()
    if options.check:
        os.environ.pop("BOOK_ADDRESS", None)  # exercises/ is for any address
    stale: list[str] = []
    built: list[str] = []
    chosen = options.names or builder.list_buildable()
    if not chosen:
        sys.exit(
            f"exercises: expected solutions/NAME/ with a notebook or NAME.py in "
            f"{ROOT}, got none"
        )
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) if options.check else ROOT
        for name in chosen:
            start = time.perf_counter()
            try:
                builder.build(name, root, course)
                heed_trial(name, root)
                builder.give_answers(name, root, course)
            except ValueError as error:
                print(f"exercises: {error}", file=sys.stderr, flush=True)
                continue
            built.append(name)
            if options.check:
                stale += builder.diff_folders(
                    root / "exercises" / name, ROOT / "exercises" / name
                )
            took = time.perf_counter() - start
            print(f"exercises: {name} built and tried in {took:.1f} s", flush=True)
    failed = [name for name in chosen if name not in built]
    if stale:
        sys.exit("".join(stale) + "\nexercises/ is stale: make exercises")
    module = "grader.assignments.mistakes"
    judged = [name for name in built if name in list_assignments()]
    command = [sys.executable, "-m", module, *judged]
    status = subprocess.call(command) if judged else 0
    if failed:
        sys.exit(f"exercises: not built, see above: {', '.join(failed)}")
    sys.exit(status)


def read_own_course() -> CourseFile:
    """What course.toml says; without one, solutions come after one's own tries.

    That is so in the course's public tree: a class's says it in its file.
    """
    path = ROOT / course_file.NAME
    try:
        course = course_reader.read_course_file(path)
    except ValueError as error:
        sys.exit(f"exercises: {error}")
    return course if path.exists() else replace(course, solutions="try")


def heed_trial(name: str, root: Path) -> None:
    """Try what was built; refuse what no right answer could satisfy.

    Raises ValueError with each test at fault, its place and what it says.
    """
    trial = try_assignment(name, root)
    for cell, way in trial.ways.items():
        after = ", after the tests before it" if way.kind == "in order" else ""
        print(f"exercises: {where(name, cell, 0)}: runs inside{after}: {way.reason}")
    inside = len(trial.ways)
    print(
        f"exercises: {name}: {trial.outside} of {trial.outside + inside} tests run "
        f"outside the answer's process, {inside} inside"
    )
    plain = name not in list_assignments()
    lost = [f"{where(name, f.cell, f.line)}: {f.says}" for f in trial.lost]
    given = [
        f"{where(name, cell, 0)}: it gives points where nothing is written"
        for cell in trial.given
    ]
    if not lost and (plain or _is_draft(name)):
        for line in given:
            print(f"exercises: {line}", file=sys.stderr, flush=True)
        return
    if lost or given:
        raise ValueError("\n".join([*lost, *given]))


def _is_draft(name: str) -> bool:
    return name in list_assignments() and read(name).draft


def where(name: str, cell: str, line: int) -> str:
    """A test cell's place in its source; the line, if any, is the cell's."""
    if name in list_assignments():
        test = read(name).of("test").get(cell.removeprefix("test_"))
        if test is not None:
            below = max(line - 1, 1) - 1  # the build has written a line above
            return f"{test.file}:{test.line + below}: {cell}"
    at = f", line {line}" if line else ""
    return f"solutions/{name}: the cell {cell!r}{at}"


if __name__ == "__main__":
    main()
