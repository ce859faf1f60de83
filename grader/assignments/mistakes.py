"""Run every known mistake against the tests that must catch it.

    python -m grader mistakes [NAME]         fail when one lives, or is not named
    python -m grader mistakes NAME --list    what they are, without running them

The cells of an assignment's source run in this process, with one solution
replaced: milliseconds a mistake, against seconds through nbgrader.
"""

import argparse
import contextlib
import functools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from grader import ROOT
from grader.assignments import builder
from grader.assignments.calling.running import run_cell, try_cell
from grader.assignments.expected_results import find_others
from grader.assignments.known_mistakes import (
    Mistake,
    find_known_mistakes,
    read_catalogue,
)
from grader.assignments.parameters import Values, list_samples
from grader.assignments.rules import DEVICE
from grader.assignments.source import (
    Assignment,
    SourceCell,
    list_assignments,
    list_parameters,
    read,
    test_parts,
)
from rnncore.testing.failure import Failure, render
from rnncore.testing.properties import declared

HEAD = """\
| assignment | mistakes | killed by the hidden tests | \
recognised by the visible tests |
| --- | ---: | ---: | ---: |
"""


class Verdict(NamedTuple):
    """What became of one mistake."""

    task: str
    mistake: str
    killed: bool  # the hidden tests fail, with no fingerprints to help
    recognised: bool | None  # None if the visible inputs do not show it
    message: str  # of the visible test
    loses: tuple[str, ...] = ()  # the properties; (): all points
    expected: tuple[str, ...] = ()  # of them, by the catalogue


class Played(NamedTuple):
    """What a test gave: its points, why not all, and what it left out."""

    points: float
    why: list[str]  # the error, or what each property was lost by
    unmet: set[str]  # properties with points that no check looks at


def play(
    assignment: Assignment, replaced: dict[str, str] | None = None, place: str = "numpy"
) -> dict[str, float]:
    """The points of each test, with some solutions replaced by other text.

    Runs in the folder of the released notebook, as a learner's kernel does.
    """
    played = _run_tests(assignment, replaced, place)
    return {name: test.points for name, test in played.items()}


def find_unearned_points(
    assignment: Assignment, torch_too: bool = True, folder: Path | None = None
) -> Iterator[str]:
    """Where the solution does not get all points, and why not.

    `folder` is where the assignment was built; without it, in exercises/.
    """
    texts = [cell.source for cell in run_by_kernel(assignment)]
    places = ["numpy"]
    if torch_too and any(_set_device(text, "cpu") != text for text in texts):
        places.append("cpu")  # a learner may choose torch
    for place in places:
        for name, played in _run_tests(assignment, None, place, folder).items():
            test = assignment.of("test")[name]
            if played.points != (of := test.options["points"]):
                told = "".join(f": {why}" for why in played.why)
                yield (
                    f"{test.file}:{test.line}: {name}: the solution gets "
                    f'{played.points:g} of {of} points where device = "{place}"{told}'
                )
            elif played.unmet:
                yield (
                    f"{test.file}:{test.line}: {name}: expected a check of each "
                    f"property, got none of {', '.join(sorted(played.unmet))}"
                )


def _run_tests(
    assignment: Assignment,
    replaced: dict[str, str] | None,
    place: str,
    folder: Path | None = None,
) -> dict[str, Played]:
    """Each test, run after the cells before it."""
    namespace: dict[str, Any] = {}
    played = {}
    with contextlib.chdir(folder or ROOT / "exercises" / assignment.name):
        for cell in run_by_kernel(assignment):
            source = _set_device(cell.source, place)
            if cell.kind == "solution" and replaced:
                source = replaced.get(cell.name, source)
            if cell.kind == "test":
                source = "".join(test_parts(assignment, cell))
            value, error = try_cell(source, namespace)
            if cell.kind == "test":
                of = declared(cell.source)
                unmet = of.keys() - namespace["properties"].met if of else set()
                lost = [render(failure) for failure in getattr(value, "failures", ())]
                why = [f"{type(error).__name__}: {error}"] if error else lost
                played[cell.name] = Played(points_of(cell, value, error), why, unmet)
    return played


def stub(cell: SourceCell) -> str:
    """A solution cell as the release has it."""
    before, rest = cell.source.split("### BEGIN SOLUTION")
    after = rest.split("### END SOLUTION")[1]
    return f"{before}raise NotImplementedError{after}"


def judge_mistakes(
    assignment: Assignment, place: str = "numpy", folder: Path | None = None
) -> list[Verdict]:
    """Judge every mistake of an assignment's catalogues.

    `folder` is where it was built; without it, in exercises/.
    """
    namespace: dict[str, Any] = {}
    found: list[Verdict] = []
    with contextlib.chdir(folder or ROOT / "exercises" / assignment.name):
        for cell in run_by_kernel(assignment):
            if cell.kind == "test":
                found += _judge_task(assignment, cell, namespace)
                source = "".join(test_parts(assignment, cell))
            else:
                source = _set_device(cell.source, place)
            run_cell(source, namespace)
    return found


@functools.cache
def judge_assignment(name: str) -> tuple[Verdict, ...]:
    """What became of the mistakes of one assignment."""
    return tuple(judge_mistakes(read(name)))


def format_row(name: str) -> str:
    """An assignment's line of the table."""
    return _format_row(name, judge_assignment(name))


def _format_row(name: str, found: Sequence[Verdict]) -> str:
    killed = sum(v.killed for v in found)
    told = [v for v in found if v.recognised is not None]
    named = sum(bool(v.recognised) for v in told)
    of = "" if len(told) == len(found) else f" of {len(told)}"
    return f"| {name} | {len(found)} | {killed} | {named}{of} |\n"


def format_list(name: str) -> str:
    """An assignment's known mistakes, task by task, as Markdown."""
    assignment = read(name)
    text = f"## {name}\n"
    for task, cell in assignment.of("mistakes").items():
        text += f"\n`{task}`\n\n"
        for mistake in read_catalogue(cell):
            kept = _describe_kept_points(assignment.of("test")[task], mistake)
            text += f"- *{mistake.name}*{kept}: {mistake.says}\n"
    return text


def _describe_kept_points(test: SourceCell, mistake: Mistake) -> str:
    """What points an answer with this mistake keeps, if any."""
    of = declared(test.source)
    if not mistake.costs:
        return ""
    kept = sum(n for name, n in of.items() if name not in mistake.costs)
    return f" (keeps {kept} of {sum(of.values())} points)"


def _judge_task(
    assignment: Assignment, test: SourceCell, before: dict[str, Any]
) -> Iterator[Verdict]:
    """Each mistake of one task, in a copy of the notebook so far."""
    right = assignment.of("solution")[test.name].source
    visible, hidden, after = test_parts(assignment, test)
    others = find_others(assignment, test.name) if assignment.variant else []
    for mistake in [*find_known_mistakes(assignment, test.name), *others]:
        wrong = mistake.made_in(right)
        own = dict(before)
        for source in (visible, wrong):  # the visible part on the solution
            run_cell(source, own)
        value, error = try_cell(hidden + after, own)
        killed = points_of(test, value, error) < test.options["points"]
        own = dict(before)
        run_cell(wrong, own)
        _, told = try_cell(visible, own)
        message = str(
            told or "\n".join(map(render, find_lost_properties(test, own).values()))
        )
        if not told:  # the hidden part continues with the properties lost so far
            _, told = try_cell(hidden + after, own)
        yield Verdict(
            test.name,
            mistake.name,
            killed,
            mistake.says in message if mistake.visible else None,
            message,
            () if told else tuple(find_lost_properties(test, own)),
            mistake.costs,
        )


def find_lost_properties(
    test: SourceCell, namespace: dict[str, Any]
) -> dict[str, Failure]:
    """The properties that a run of a test has found lost."""
    return dict(namespace["properties"].lost) if declared(test.source) else {}


def run_by_kernel(assignment: Assignment) -> Iterator[SourceCell]:
    """The cells that a kernel runs: not the text, nor the mistakes."""
    kinds = ("code", "solution", "test")
    return (c for c in assignment.cells if c.kind in kinds)


def _set_device(source: str, place: str) -> str:
    if place == "numpy":  # as the source has it; on torch that is "cpu"
        return source
    return DEVICE.sub(f'device = "{place}"', source)


def points_of(test: SourceCell, value: Any, error: Exception | None) -> float:
    """The points nbgrader gives: none after an error, a last number, else all."""
    if error:
        return 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return float(test.options["points"])


def main() -> None:
    """Print the chosen assignments' mistakes, or run them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="assignments; default: all")
    parser.add_argument("--list", action="store_true", help="print them; run nothing")
    parser.add_argument(
        "--variants", action="store_true", help="with each value of each parameter"
    )
    options = parser.parse_args()
    chosen = options.names or list_assignments()
    missing = [n for n in chosen if not (ROOT / "exercises" / n).exists()]
    if missing and not options.variants:
        sys.exit(f"{', '.join(missing)}: not built yet: make exercises")
    if options.list:
        print("\n".join(map(format_list, chosen)), end="")
        return
    print(HEAD, end="")
    judge = _judge_variants if options.variants else _judge
    failed = [text for name in chosen for text in judge(name)]
    if failed:
        print("\n" + "\n".join(failed))
        sys.exit("mistakes that live, or are not told by name: see above")


def _judge(name: str) -> Iterator[str]:
    """Print an assignment's row; what must be corrected.

    Of a solution that does not earn all points no mistake is judged. What a
    draft lacks is printed too, and is not yet to be corrected.
    """
    assignment = read(name)
    found = [*find_unearned_points(assignment)]
    if not found:
        print(format_row(name), end="", flush=True)
        found = _list_failings(name, judge_assignment(name))
    if not assignment.draft:
        yield from found
    elif found:
        print("\n".join(["", f"{name} is a draft:", *found]))


def _judge_variants(name: str) -> Iterator[str]:
    """Build variants, in which each value stands; what must be corrected."""
    parameters = list_parameters(name)
    for values in list_samples(parameters) if parameters else []:
        with tempfile.TemporaryDirectory() as built:
            try:
                builder.build(name, Path(built), values)
            except ValueError as error:
                yield f"{values}: {error}"
                continue
            yield from judge_variant(name, values, Path(built))


def judge_variant(name: str, values: Values, root: Path) -> list[str]:
    """Print the row of a variant that was built in `root`; what must be corrected.

    The right answers of other variants are mistakes here, and count among them.
    """
    assignment, folder = read(name, values), root / "exercises" / name
    if found := [*find_unearned_points(assignment, folder=folder)]:
        return found
    verdicts = judge_mistakes(assignment, folder=folder)
    print(_format_row(f"{name} {assignment.variant}", verdicts), end="", flush=True)
    return [f"{values}: {said}" for said in _list_failings(name, verdicts)]


def _list_failings(name: str, verdicts: Sequence[Verdict]) -> list[str]:
    return [
        f"{name}: {v.task}: {v.mistake} {what}\n{v.message}"
        for v in verdicts
        for what in _describe_failings(v)
    ]


def _describe_failings(verdict: Verdict) -> Iterator[str]:
    if not verdict.killed:
        yield "passes the hidden tests"
    if verdict.recognised is False:
        yield "is not told by name in the visible test, which says:"
    if {*verdict.loses} != {*verdict.expected}:
        loses, expected = (
            ", ".join(sorted(names)) or "all points"
            for names in (verdict.loses, verdict.expected)
        )
        yield f"loses {loses}, expected by its heading: {expected}"


if __name__ == "__main__":
    main()
