"""How many wrong answers are told by name, that nobody made for the tests?

    python -m grader walks              the table, and write book/walks.md
    python -m grader walks NAME --all   what is told about each answer

In solutions/_walks/NAME.py lie whole answers to an assignment's tasks, written by
people who had not seen its catalogue of mistakes (a text cell says where they had),
each below a heading:

    # %% lstm_step_vjp: forgot the path through c
    # %% lstm_step_vjp: right, with einsum
"""

import argparse
import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import jupytext

from grader import ROOT
from grader.assignments.mistakes import lost, points_of, run_by_kernel, tried
from grader.assignments.source import Assignment, Cell, names, read, test_parts
from grader.assignments.stored import file_of, run_cell
from rnncore.testing.closed import closed_book
from rnncore.testing.failure import Failure, failure_of, render

WALKS = ROOT / "solutions" / "_walks"
TABLE = ROOT / "book" / "walks.md"
RIGHT = "right"  # how the heading of an answer begins that has no mistake
TOLD = "named", "clear"  # what helps a learner
KINDS = (*TOLD, "numbers", "hidden", "passes")
HEAD = """\
| assignment | wrong answers | named | clear | numbers alone | \
hidden tests alone | named or clear |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


class Answer(NamedTuple):
    """Somebody's answer to a task."""

    task: str
    label: str  # how it came about
    source: str


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
        found.append(Answer(task, label, cell.source))
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
                    yield _told(assignment, cell, answer, namespace)
                source = "".join(test_parts(assignment, cell))
            run_cell(source, namespace)


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
        return Told(answer, kind_of(failures), "\n".join(map(render, failures)))
    value, error = tried(hidden + after, own)
    full = points_of(test, value, error) == test.options["points"]
    return Told(answer, "passes" if full else "hidden", str(error or ""))


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
    return f"| {name} | {len(wrong)} | {numbers} | {share:.0%} |\n"


def unfair(found: list[Told]) -> Iterator[str]:
    """Right answers that do not pass, and wrong ones that do."""
    for (task, label, _), kind, message in found:
        if (kind == "passes") != label.startswith(RIGHT):
            yield f"{task}: {label}: {kind} {message}\n"


def walked() -> list[str]:
    """The assignments that have such answers."""
    return [name for name in names() if (WALKS / f"{name}.py").exists()]


def main() -> str | None:
    """Walk; what to tell where an answer is judged unfairly."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="assignments; default: all that have")
    parser.add_argument("--all", action="store_true", help="what is told of each")
    options = parser.parse_args()
    found = {name: list(walk(read(name))) for name in options.names or walked()}
    for told in (told for of_one in found.values() for told in of_one if options.all):
        print(f"{told.kind}: {told.answer.task}: {told.answer.label}\n{told.message}\n")
    table = HEAD + "".join(row(name, of_one) for name, of_one in found.items())
    print(table, end="")
    if not options.names:
        TABLE.write_text(table)
    return "".join(text for of_one in found.values() for text in unfair(of_one)) or None
