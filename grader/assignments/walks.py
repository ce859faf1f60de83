"""How many wrong answers are told by name, that nobody made for the tests?

    python -m grader walks [NAME]       count, and renew rows of book/walks.md
    python -m grader walks NAME --all   what is told about each answer

In solutions/_walks/NAME.py lie whole answers to an assignment's tasks, written by
people who had not seen its catalogue of mistakes (a text cell says where they had),
each below a heading:

    # %% lstm_step_vjp: forgot the path through c
    # %% lstm_step_vjp: right, with einsum

A test names a mistake by what an answer gave on the visible inputs, not always
on all of them. Whether the cause is the right one is measured: the mistake's own
code runs beside the answer, on the visible and the hidden inputs.
Where the output that the test objects to is the mistake's on all of them, what is
told holds of this answer's results (`borne_out`). Else the answer may make this
mistake in numbers of its own (a score of -10 instead of -100), or beside another
one: then its heading ends with the mistake's name, as its reader judged it,

    # %% attend: minus ten [so told: low score]

and every other one counts as named falsely. Two codes that give the same on all
inputs cannot be told apart: a message may say only what they have in common.
"""

import argparse
import ast
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import jupytext
import numpy as np
import torch

from grader import ROOT
from grader.assignments.catalogue import catalogue
from grader.assignments.mistakes import lost, points_of, run_by_kernel, tried
from grader.assignments.source import Assignment, Cell, names, read, test_parts
from grader.assignments.stored import file_of, run_cell
from rnncore import testing
from rnncore.testing.checks import observe
from rnncore.testing.closed import closed_book
from rnncore.testing.failure import Failure, failure_of, render
from rnncore.testing.sketches import Seen, Stored, same_sketch, sketch

WALKS = ROOT / "solutions" / "_walks"
TABLE = ROOT / "book" / "walks.md"
RIGHT = "right"  # how the heading of an answer begins that has no mistake
TOLD = "named", "clear"  # what helps a learner
KINDS = (*TOLD, "numbers", "hidden", "passes")
HEAD = """\
| assignment | wrong answers | named | clear | numbers alone | \
hidden tests alone | named or clear | named falsely |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


class Answer(NamedTuple):
    """Somebody's answer to a task."""

    task: str
    label: str  # how it came about
    source: str
    named: str = ""  # the mistake that its reader knows it makes


class Told(NamedTuple):
    """What the tests make of an answer.

    `kind` is "named" where the visible test names a known mistake; "clear"
    where it tells another reason than a value: a shape, a dtype, an error, an
    argument that was changed, the test's own words; "numbers" where it only
    shows what differs; "hidden" where the hidden test alone objects; and
    "passes".
    """

    answer: Answer
    kind: str
    message: str
    named: tuple[str, ...] = ()  # what is said of the mistakes
    false: tuple[str, ...] = ()  # named, and not made


class Call(NamedTuple):
    """One call in a check: how its result looks, and how the right one."""

    looks: Any
    due: Any


def answers(name: str) -> list[Answer]:
    """The answers to an assignment's tasks.

    Raises ValueError for a heading that is not "task: how it came about".
    """
    path = WALKS / f"{name}.py"
    found = []
    for cell in jupytext.reads(path.read_text(), "py:percent").cells:
        if cell.cell_type != "code":
            continue
        task, colon, label = cell.metadata.get("title", "").partition(": ")
        if not colon:
            raise ValueError(
                f"{path.relative_to(ROOT)}: expected # %% task: how it came about, "
                f"got {task!r} above {cell.source[:40]!r}"
            )
        label, _, named = label.rstrip("]").partition(" [so told: ")
        found.append(Answer(task, label, cell.source, named))
    return found


def walk(assignment: Assignment) -> Iterator[Told]:
    """Each answer, judged in a copy of the notebook so far.

    Raises ValueError for an answer to a task that does not exist.
    """
    of_task: dict[str, list[Answer]] = {}
    for answer in answers(assignment.name):
        of_task.setdefault(answer.task, []).append(answer)
    if unknown := of_task.keys() - assignment.of("test").keys():
        raise ValueError(f"{assignment.name} has no task {', '.join(sorted(unknown))}")
    namespace: dict[str, Any] = {}
    with contextlib.chdir(ROOT / "exercises" / assignment.name):
        for cell in run_by_kernel(assignment):
            source = cell.source
            if cell.kind == "test":
                for answer in of_task.get(cell.name, []):
                    draw_alike()
                    told = _told(assignment, cell, answer, namespace)
                    false = not_made(assignment, cell, told, namespace)
                    yield told._replace(false=tuple(false))
                source = "".join(test_parts(assignment, cell))
            run_cell(source, namespace)


def draw_alike() -> None:
    """An answer that draws on its own is judged on one and the same draw."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def _told(
    assignment: Assignment, test: Cell, answer: Answer, before: dict[str, Any]
) -> Told:
    visible, hidden, after = test_parts(assignment, test)
    own = dict(before)
    _, error = tried(answer.source, own)
    if not error:
        with closed_book(answer.task, None, file_of(visible)):
            _, error = tried(visible, own)
    failures = [failure_of(error)] if error else [*lost(test, own).values()]
    if failures:
        message = "\n".join(map(render, failures))
        named = tuple(filter(None, (failure.mistake for failure in failures)))
        return Told(answer, kind_of(failures), message, named)
    value, error = tried(hidden + after, own)
    full = points_of(test, value, error) == test.options["points"]
    return Told(answer, "passes" if full else "hidden", str(error or ""))


def not_made(
    assignment: Assignment, test: Cell, told: Told, before: dict[str, Any]
) -> Iterator[str]:
    """What is said of named mistakes that the answer does not make."""
    if not told.named:
        return
    known = catalogue(assignment.of("mistakes")[test.name])
    right = assignment.of("solution")[test.name].source
    calls = recorded(assignment, test, told.answer.source, before)
    for says in told.named:
        if not any(
            mistake.name == told.answer.named
            or borne_out(
                calls, recorded(assignment, test, mistake.made_in(right), before)
            )
            for mistake in known
            if mistake.says == says
        ):
            yield says


def recorded(
    assignment: Assignment, test: Cell, source: str, before: dict[str, Any]
) -> list[list[Call]]:
    """What a task's checks see of an answer, visible and hidden ones.

    Each statement of the test runs, whatever the one before it found.
    """
    found: list[list[Call]] = []

    def look(candidate: Any, reference: Any, inputs: Any, *_: Any, **__: Any) -> None:
        if isinstance(reference, Stored):
            due = reference.results
        else:
            due = [observe(reference, args).result for args in inputs]
        found.append(
            [
                Call(sketch(observe(candidate, args)), sketch(Seen(d, [], None)))
                for args, d in zip(inputs, due, strict=True)
            ]
        )

    own = dict(before)
    visible, hidden, after = test_parts(assignment, test)
    check, testing.check = testing.check, look
    try:
        tried(source, own)
        for node in ast.parse(visible + hidden + after).body:
            tried(ast.unparse(node), own)
    finally:
        testing.check = check
    return found


def borne_out(calls: list[list[Call]], mistakes: list[list[Call]]) -> bool:
    """Whether an answer's first wrong output is the mistake's on all inputs.

    A call that raises says nothing where the mistake's does too, and nothing
    after it; where only one of both raises, their ways have parted.
    """
    first = None
    for one, other in zip(calls, mistakes, strict=True):
        for mine, its in zip(one, other, strict=True):
            if same_sketch(mine.looks, its.looks):
                if first is None and not same_sketch(mine.looks, mine.due):
                    first = _first_wrong(mine)
                continue
            a, b = _leaves(mine), _leaves(its)
            if a is None or b is None:
                if (a is None) != (b is None):
                    return False
                continue
            if first is None:
                first = _first_wrong(mine)
            if first is None or len(a) != len(b) or first >= len(a):
                return False
            if not same_sketch(a[first], b[first]):
                return False
    return True


def _leaves(call: Call) -> list[Any] | None:
    """The outputs' looks; None of an error."""
    return None if call.looks[0] == "raises" else call.looks[1]


def _first_wrong(call: Call) -> int | None:
    pairs = zip(_leaves(call) or [], call.due[1], strict=False)
    return next((k for k, (a, b) in enumerate(pairs) if not same_sketch(a, b)), None)


def kind_of(failures: list[Failure]) -> str:
    """What these failures tell a learner: see Told."""
    if any(failure.mistake for failure in failures):
        return "named"
    return "numbers" if all(map(_numbers_alone, failures)) else "clear"


def _numbers_alone(failure: Failure) -> bool:
    """Whether nothing but values is told, or nothing at all."""
    plain = Failure(kind="AssertionError")  # a check without words
    of_values = failure.about == "value" and not failure.changed
    return failure == plain or (of_values and not failure.why)


def row(name: str, found: list[Told]) -> str:
    """An assignment's line of the table."""
    wrong = [t for t in found if not t.answer.label.startswith(RIGHT)]
    count = Counter(told.kind for told in wrong)
    share = sum(count[kind] for kind in TOLD) / len(wrong)
    numbers = " | ".join(str(count[kind]) for kind in KINDS[:-1])
    false = sum(bool(told.false) for told in wrong)
    return f"| {name} | {len(wrong)} | {numbers} | {share:.0%} | {false} |\n"


def unfair(found: list[Told]) -> Iterator[str]:
    """Right answers that do not pass, wrong ones that do, and false causes."""
    for (task, label, *_), kind, message, _, false in found:
        if (kind == "passes") != label.startswith(RIGHT):
            yield f"{task}: {label}: {kind} {message}\n"
        for says in false:
            yield f"{task}: {label}: told falsely: {says}\n"


def walked() -> list[str]:
    """The assignments that have such answers."""
    return [name for name in names() if (WALKS / f"{name}.py").exists()]


def written() -> dict[str, str]:
    """The table's lines, by the assignment."""
    lines = TABLE.read_text().splitlines(keepends=True)[2:]
    return {line.split("|")[1].strip(): line for line in lines}


def main() -> str | None:
    """Walk; what to tell where an answer is judged unfairly."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="assignments; default: all that have")
    parser.add_argument("--all", action="store_true", help="what is told of each")
    options = parser.parse_args()
    found = {name: list(walk(read(name))) for name in options.names or walked()}
    for told in (told for of_one in found.values() for told in of_one if options.all):
        print(f"{told.kind}: {told.answer.task}: {told.answer.label}\n{told.message}\n")
    new = {name: row(name, of_one) for name, of_one in found.items()}
    print(HEAD + "".join(new.values()), end="")
    rows = written() | new
    TABLE.write_text(HEAD + "".join(rows.get(name, "") for name in walked()))
    return "".join(text for of_one in found.values() for text in unfair(of_one)) or None
