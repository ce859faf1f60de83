"""A large course on paper, from measured parts: python -m tools.bench.grader.plan.

The parts are the grader's times in book/measurements/ and the
gradebook's block in book/grading.md; the page that shows the plan is
book/grading_services.md, into which --write puts it.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import NamedTuple

from tools import ROOT, generated_blocks
from tools.measurements import read

PAGE = ROOT / "book" / "grading_services.md"
GUIDE = ROOT / "book" / "grading.md"
LEARNERS, ASSIGNMENTS = 5_000, 17
CLASS = 1_000  # learners that were timed
# What nobody measured here; the page names each as assumed.
ENDLESS = 0.01  # of the submissions run until the limit
MINUTES = 1  # that a person takes to read one written answer
ANSWERS = 2  # written answers an assignment
PRICE = 0.05  # an hour of one processor, in the money you like


class Parts(NamedTuple):
    """What one submission, or one run, was measured to take."""

    start: float  # seconds before the first submission is through
    numpy: float  # seconds a submission of an assignment on NumPy
    torch: float  # the same on torch
    enter: float  # seconds to enter one
    report: float  # seconds a submission for tables and pages, in each run
    again: float  # seconds a submission to find that nothing changed
    database: float  # bytes a submission
    files: float  # bytes a submission


def parts() -> Parts:
    """The stored measurements. Raises KeyError where one is missing."""
    known = read()

    def grader(kind: str, what: str) -> float:
        return float(known[f"grader.{kind}.{CLASS}.{what}"]["value"])

    starts = [
        grader(kind, "ours_all") - CLASS * grader(kind, "ours")
        for kind in ("numpy", "torch")
    ]
    book = _gradebook(GUIDE.read_text("utf-8"))
    count = book["count"]
    return Parts(
        max(starts),
        grader("numpy", "ours"),
        grader("torch", "ours"),
        book["enter"] / 1e3,
        book["report"] / count,
        book["again"] / count,
        book["database"] * 1e6 / count,
        book["files"] * 1e6 / count,
    )


def _gradebook(text: str) -> dict[str, float]:
    """SQLite's figures in the guide's block. Raises ValueError."""
    patterns = {
        "count": r"SQLite, (\d+) submissions",
        "enter": r"to enter one: ([\d.]+) ms",
        "report": r"CSV of all: ([\d.]+) s",
        "again": r"nothing changed: ([\d.]+) s",
        "database": r"database ([\d.]+) MB",
        "files": r"files ([\d.]+) MB",
    }
    block = text.partition("<!-- gradebook -->")[2]
    found = {name: re.search(pattern, block) for name, pattern in patterns.items()}
    missing = [name for name, match in found.items() if match is None]
    if missing:
        raise ValueError(f"{GUIDE.name}: the block gradebook lacks {missing}")
    return {name: float(match[1]) for name, match in found.items() if match}


class Plan(NamedTuple):
    """The course; seconds, bytes, hours and money."""

    all: int  # submissions
    run: float  # seconds to execute one assignment of all, two at a time
    enter: float
    report: float  # tables and pages, at the end when all are there
    endless: float  # seconds that endless ones add to an assignment
    database: float  # bytes at the end
    files: float
    hours: float  # of processors, in the whole course
    money: float
    reading: float  # hours of people an assignment
    alone: float  # hours of containers, where each run starts by itself


def plan(part: Parts, limit: float = 300, workers: int = 2) -> Plan:
    """The whole course from the parts; `limit` seconds end a notebook."""
    every = LEARNERS * ASSIGNMENTS
    # the rates were measured with two workers, so they hold two cores
    run = part.start + LEARNERS * max(part.numpy, part.torch)
    endless = LEARNERS * ENDLESS * limit / workers
    enter = LEARNERS * part.enter
    hours = ASSIGNMENTS * ((run + endless) * workers + enter) / 3600
    return Plan(
        every,
        run,
        enter,
        every * part.report,
        endless,
        every * part.database,
        every * part.files,
        hours,
        hours * PRICE,
        LEARNERS * ANSWERS * MINUTES / 60,
        every * part.start / 3600,
    )


def first_to_break(made: Plan) -> list[str]:
    """What costs an assignment most time, the worst first."""
    seconds = {
        "people who read": made.reading * 3600,
        "notebooks that never end": made.endless,
        "execution": made.run,
        "the gradebook": made.enter + made.report,
    }
    return sorted(seconds, key=lambda name: -seconds[name])


def shown(made: Plan) -> str:
    """The plan as a table."""
    rows = [
        ("submissions in all", f"{made.all:,}"),
        ("one assignment, executed on two cores", f"{made.run / 60:.0f} min"),
        ("the same, where one in a hundred never ends (assumed)", _more(made)),
        ("entered into the gradebook, one after another", f"{made.enter / 60:.0f} min"),
        (
            "tables and pages of all, in each run of the last week",
            f"{made.report:.0f} s",
        ),
        ("database at the end (SQLite)", f"{made.database / 1e6:.0f} MB"),
        ("files at the end", f"{made.files / 1e9:.1f} GB"),
        ("processor time of the course", f"{made.hours:.0f} h"),
        (f"its price at {PRICE} an hour (assumed)", f"{made.money:.2f}"),
        ("people, at a minute an answer (assumed)", f"{made.reading:.0f} h each week"),
        (
            "where every run starts by itself (Gradescope), the starts alone",
            f"{made.alone:.0f} h",
        ),
    ]
    lines = [f"| {LEARNERS:,} learners, {ASSIGNMENTS} assignments | |", "| --- | --- |"]
    lines += [f"| {what} | {value} |" for what, value in rows]
    order = ", ".join(first_to_break(made))
    return "\n".join([*lines, "", f"What takes longest, the worst first: {order}."])


def _more(made: Plan) -> str:
    return f"{(made.run + made.endless) / 3600:.1f} h"


def main(argv: list[str] | None = None) -> int:
    """Print the plan; --write puts it into the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(argv)
    text = shown(plan(parts()))
    print(text)
    if options.write:
        generated_blocks.write(PAGE, "plan", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
