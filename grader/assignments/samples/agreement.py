"""Does `make check` promise the points that `make grade` gives?

    python -m grader agree [NAME ...]             known mistakes and sample answers
    python -m grader agree [NAME ...] --seeds 12  with 12 seeds of the hidden tests
    python -m grader agree [NAME ...] --slips     the slips of the solutions too

A learner sees the visible test, and its points. Where it holds, the hidden inputs
may show no other mistake than those that the catalogue marks [hidden], which
the text warns of. The cells run in this process, as for the known mistakes.
"""

import argparse
import contextlib
import copy
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from unittest import mock

from grader import ROOT
from grader.assignments.calling.running import (
    Endless,
    file_of,
    limited,
    run_cell,
    try_cell,
)
from grader.assignments.known_mistakes import find_known_mistakes
from grader.assignments.mistakes import points_of, run_by_kernel
from grader.assignments.samples.coverage import seed_generators
from grader.assignments.samples.sample_answers import read_answers
from grader.assignments.slips.edits import list_slips
from grader.assignments.source import (
    Assignment,
    SourceCell,
    list_assignments,
    read,
    test_parts,
)
from rnncore.testing.closed import closed_book
from rnncore.testing.failure import Failure, render

SECONDS = 20.0  # of computing: a slip
HEAD = """\
| assignment | answers | equal | hidden by their heading | unequal |
| --- | ---: | ---: | ---: | ---: |
"""


class Written(NamedTuple):
    """An answer to a task, and where it comes from."""

    task: str
    label: str
    source: str
    hidden: bool = False  # a known mistake that its heading marks so


class Compared(NamedTuple):
    """The points of an answer, for its learner and from its grader."""

    answer: Written
    check: float
    grade: tuple[float, ...]  # with each seed
    why: str  # the grader's reason, where it takes points

    @property
    def equal(self) -> bool:
        """Whether each seed gives what the visible test promises."""
        return {*self.grade} == {self.check}


def list_written(assignment: Assignment, task: str) -> Iterator[Written]:
    """The known mistakes and the sample answers."""
    right = assignment.of("solution")[task].source
    for mistake in find_known_mistakes(assignment, task):
        made = mistake.made_in(right)
        yield Written(task, mistake.name, made, not mistake.visible)
    for answer in read_answers(assignment.name):
        if answer.task == task:
            yield Written(task, answer.label, answer.source)


def list_written_slips(assignment: Assignment, task: str) -> Iterator[Written]:
    """The slips of a task's solution, with the edit in their label."""
    for slip in list_slips(assignment.of("solution")[task].source):
        yield Written(task, f"{slip.name}\n{slip.now}", slip.now)


def compare(
    assignment: Assignment, seeds: Sequence[int] = (), slips: bool = False
) -> Iterator[Compared]:
    """Judge each answer in a copy of the notebook so far, as both sides do."""
    namespace: dict[str, Any] = {}
    with contextlib.chdir(ROOT / "exercises" / assignment.name):
        for cell in run_by_kernel(assignment):
            source = cell.source
            if cell.kind == "test":
                for answer in list_written(assignment, cell.name):
                    yield _compare(assignment, cell, answer, namespace, seeds)
                for slip in list_written_slips(assignment, cell.name) if slips else []:
                    with contextlib.suppress(Endless):  # it shows itself
                        with limited(SECONDS):
                            found = _compare(assignment, cell, slip, namespace, seeds)
                        yield found
                source = "".join(test_parts(assignment, cell))
            run_cell(source, namespace)


def _compare(
    assignment: Assignment,
    test: SourceCell,
    answer: Written,
    before: dict[str, Any],
    seeds: Sequence[int],
) -> Compared:
    visible, hidden, after = test_parts(assignment, test)
    seed_generators()
    own = dict(before)
    _, error = try_cell(answer.source, own)
    if not error:
        with closed_book(answer.task, None, file_of(visible)):
            _, error = try_cell(visible, own)
    if error:  # the hidden part, which comes after it, is not reached
        return Compared(answer, 0.0, (0.0,), "")
    check, _ = _finish(test, after, own)
    grades, why = [], ""
    for seed in seeds or (None,):
        chosen = {} if seed is None else {"RNNCORE_SEED": str(seed)}
        with mock.patch.dict(os.environ, chosen):
            points, found = _finish(test, hidden + after, own)
        grades.append(points)
        if points != check:
            why = why or found
    return Compared(answer, check, tuple(grades), why)


def _finish(test: SourceCell, rest: str, before: dict[str, Any]) -> tuple[float, str]:
    """The points that the rest of a test comes to, and why not all."""
    seed_generators()
    own = dict(before)
    if "properties" in own:  # each way loses its own
        own["properties"] = copy.deepcopy(own["properties"])
    value, error = try_cell(rest, own)
    lost: Sequence[Failure] = getattr(value, "failures", ())
    why = [f"{type(error).__name__}: {error}"] if error else map(render, lost)
    return points_of(test, value, error), "\n".join(why)


def format_row(name: str, found: Sequence[Compared]) -> str:
    """An assignment's line of the table."""
    count = Counter(
        "equal" if one.equal else "hidden" if one.answer.hidden else "unequal"
        for one in found
    )
    return (
        f"| {name} | {len(found)} | {count['equal']} | {count['hidden']} | "
        f"{count['unequal']} |\n"
    )


def find_unequal(found: Sequence[Compared]) -> Iterator[str]:
    """The answers whose learner was promised other points, and what shows it."""
    for answer, check, grade, why in found:
        if {*grade} != {check} and not answer.hidden:
            given = ", ".join(f"{points:g}" for points in grade)
            yield f"{answer.task}: {answer.label}: {check:g}, then {given}: {why}"


def main() -> str | None:
    """Count, and say which answers are promised other points."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="assignments; default: all")
    parser.add_argument("--seeds", type=int, default=0, help="so many of them")
    parser.add_argument("--slips", action="store_true", help="the slips too")
    options = parser.parse_args()
    print(HEAD, end="", flush=True)
    unequal = []
    for name in options.names or list_assignments():
        found = [*compare(read(name), range(options.seeds), options.slips)]
        print(format_row(name, found), end="", flush=True)
        unequal += [f"{name}: {said}\n" for said in find_unequal(found)]
    return "\n".join(unequal) or None


if __name__ == "__main__":
    sys.exit(main())
