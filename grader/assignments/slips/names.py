"""Are slips called what they are? For each that the visible test shows.

    python -m grader slips [NAME ...]            all: minutes for an assignment
    python -m grader slips [NAME ...] --each 20  one of 20

Each slip of a solution is judged as an answer. A name that it is told, and that
is not its own, is false where no edit of that name, a known mistake's or a
slip's, gives the output that the test objects to on all visible and hidden
inputs: the two agree by chance on what the visible test compares, and its inputs
must tell them apart.
"""

import argparse
import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from grader import ROOT
from grader.assignments.calling.calls import Call, record_calls
from grader.assignments.calling.running import Endless, limited, run_cell
from grader.assignments.known_mistakes import Mistake, find_known_mistakes
from grader.assignments.mistakes import run_by_kernel
from grader.assignments.samples.coverage import find_false_names, judge_visible
from grader.assignments.samples.sample_answers import SampleAnswer
from grader.assignments.slips.edits import list_slips
from grader.assignments.source import (
    Assignment,
    SourceCell,
    list_assignments,
    read,
    test_parts,
)

ALL_SECONDS = 20.0  # of computing: an edit on all inputs
HEAD = """\
| assignment | slips that fail visibly | named | by another name | falsely |
| --- | ---: | ---: | ---: | ---: |
"""


class Named(NamedTuple):
    """What the visible test says of a slip that it shows."""

    task: str
    slip: Mistake
    told: tuple[str, ...]  # the names; () where it has none
    false: tuple[str, ...]  # those that no edit of theirs bears out


def judge_slips(assignment: Assignment, each: int = 1) -> Iterator[Named]:
    """Judge the slips, or one of `each`, that fail the visible tests."""
    namespace: dict[str, Any] = {}
    with contextlib.chdir(ROOT / "exercises" / assignment.name):
        for cell in run_by_kernel(assignment):
            source = cell.source
            if cell.kind == "test":
                if "stored(" in source:
                    yield from _judge_task(assignment, cell, namespace, each)
                source = "".join(test_parts(assignment, cell))
            run_cell(source, namespace)


def _judge_task(
    assignment: Assignment, test: SourceCell, before: dict[str, Any], each: int
) -> Iterator[Named]:
    solution = assignment.of("solution")[test.name].source
    slips = [*list_slips(solution)]
    known = [*find_known_mistakes(assignment, test.name), *slips]
    seen: dict[Mistake, list[list[Call]]] = {}  # of an endless one: none

    def calls_of(mistake: Mistake) -> list[list[Call]]:
        if mistake not in seen:
            seen[mistake] = []
            edited = mistake.made_in(solution)
            with contextlib.suppress(Endless), limited(ALL_SECONDS):
                seen[mistake] = record_calls(assignment, test, edited, before)
        return seen[mistake]

    for slip in slips[::each]:
        answer = SampleAnswer(assignment.name, test.name, slip.says, "", slip.now)
        try:
            with limited():
                judged = judge_visible(assignment, test, answer, dict(before))
            other = [name for name in judged.named if name != slip.says]
            calls = calls_of(slip) if other else []
            false = tuple(find_false_names(other, calls, known, calls_of))
        except Endless:
            continue  # it shows itself
        if judged.kind != "passes":
            yield Named(test.name, slip, judged.named, false)


def format_row(name: str, found: list[Named]) -> str:
    """An assignment's line of the table."""
    told = [one for one in found if one.told]
    other = sum(one.slip.says not in one.told for one in told)
    false = sum(bool(one.false) for one in told)
    return f"| {name} | {len(found)} | {len(told)} | {other} | {false} |\n"


def main() -> str | None:
    """Count, and say which names are false."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="assignments; default: all")
    parser.add_argument("--each", type=int, default=1, help="one of so many slips")
    options = parser.parse_args()
    print(HEAD, end="", flush=True)
    wrong = []
    for name in options.names or list_assignments():
        found = [*judge_slips(read(name), options.each)]
        print(format_row(name, found), end="", flush=True)
        wrong += [
            f"{name}: {one.task}: told: {says}\n{one.slip.says}:\n{one.slip.now}\n"
            for one in found
            for says in one.false
        ]
    return "\n".join(wrong) or None
