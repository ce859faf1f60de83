"""How many wrong sample answers do the visible tests name or explain?

    python -m grader coverage [NAME]       count; renew rows of book/sample_answers.md
    python -m grader coverage NAME --all   the message about each answer

The answers are read by the module sample_answers.

A test names a mistake by what an answer gave on the visible inputs, not always
on all of them. Whether the cause is the right one is measured: the mistake's own
code runs on the visible and the hidden inputs, as the answer does. If the output
that the test objects to equals the mistake's on all of them, the message is true
of this answer (`is_same_mistake`). Otherwise the answer may make this mistake with
different numbers (a score of -10 instead of -100), or together with another one:
then its record names the mistake, as its author judged it, and every other one
counts as named falsely. Two codes that give the same on all inputs cannot be
distinguished: a message may say only what they have in common.
"""

import argparse
import contextlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from grader import ROOT
from grader.assignments.calling.calls import (
    Call,
    is_among_mistakes,
    is_same_mistake,
    record_calls,
)
from grader.assignments.calling.running import file_of, run_cell, try_cell
from grader.assignments.known_mistakes import Mistake, read_catalogue
from grader.assignments.mistakes import find_lost_properties, points_of, run_by_kernel
from grader.assignments.samples.sample_answers import (
    SampleAnswer,
    list_answered,
    read_answers,
)
from grader.assignments.slips.edits import list_slips
from grader.assignments.source import Assignment, SourceCell, read, test_parts
from rnncore.testing.checks import NO_NAME
from rnncore.testing.closed import closed_book
from rnncore.testing.failure import Failure, failure_of, render
from rnncore.testing.fingerprints import AND_ANOTHER
from rnncore.testing.slips import EPSILON

# Of the answers first written to an assignment, on the tests and catalogues before
# they were extended: how many were wrong, how many of these were named or clear.
FIRST_RUN = ROOT / "solutions" / "sample_answers_first_run.json"
TABLE = ROOT / "book" / "sample_answers.md"
RIGHT = "right"  # how the label of an answer begins that has no mistake
HELPFUL = "named", "clear"
KINDS = (*HELPFUL, "numbers", "hidden", "passes")
HEAD = """\
| assignment | wrong answers | named | clear | numbers alone | \
hidden tests alone | named or clear | at the first run | named falsely |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""
FALSELY = "told falsely"


class Judgement(NamedTuple):
    """What the tests make of an answer.

    `kind` is "named" where the visible test names a known mistake; "clear"
    if it reports another reason than a value: a shape, a dtype, an error, an
    argument that was changed, the test's own words; "numbers" where it only
    shows what differs; "hidden" where the hidden test alone objects; and
    "passes".
    """

    answer: SampleAnswer
    kind: str
    message: str
    named: tuple[str, ...] = ()  # what is said of the mistakes
    false: tuple[str, ...] = ()  # named, and not made


def judge_answers(
    assignment: Assignment, answers: list[SampleAnswer]
) -> Iterator[Judgement]:
    """Judge answers to an assignment, each in a copy of the notebook so far.

    Raises ValueError for an answer to a task that does not exist.
    """
    of_task: dict[str, list[SampleAnswer]] = {}
    for answer in answers:
        of_task.setdefault(answer.task, []).append(answer)
    if unknown := of_task.keys() - assignment.of("test").keys():
        raise ValueError(f"{assignment.name} has no task {', '.join(sorted(unknown))}")
    namespace: dict[str, Any] = {}
    with contextlib.chdir(ROOT / "exercises" / assignment.name):
        for cell in run_by_kernel(assignment):
            source = cell.source
            if cell.kind == "test":
                for answer in of_task.get(cell.name, []):
                    seed_generators()
                    judged = _judge(assignment, cell, answer, namespace)
                    false = find_mistakes_not_made(assignment, cell, judged, namespace)
                    yield judged._replace(false=tuple(false))
                source = "".join(test_parts(assignment, cell))
            run_cell(source, namespace)


def seed_generators() -> None:
    """An answer that draws on its own is judged on one and the same draw."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def _judge(
    assignment: Assignment,
    test: SourceCell,
    answer: SampleAnswer,
    before: dict[str, Any],
) -> Judgement:
    own = dict(before)
    judged = judge_visible(assignment, test, answer, own)
    if judged.kind != "passes":
        return judged
    _, hidden, after = test_parts(assignment, test)
    value, error = try_cell(hidden + after, own)
    full = points_of(test, value, error) == test.options["points"]
    return Judgement(answer, "passes" if full else "hidden", str(error or ""))


def judge_visible(
    assignment: Assignment, test: SourceCell, answer: SampleAnswer, own: dict[str, Any]
) -> Judgement:
    """Judge an answer by the visible test, in a notebook of its own."""
    visible, _, _ = test_parts(assignment, test)
    _, error = try_cell(answer.source, own)
    if not error:
        with closed_book(answer.task, None, file_of(visible)):
            _, error = try_cell(visible, own)
    failures = (
        [failure_of(error)] if error else [*find_lost_properties(test, own).values()]
    )
    if not failures:
        return Judgement(answer, "passes", "")
    message = "\n".join(map(render, failures))
    named = tuple(filter(None, (failure.mistake for failure in failures)))
    return Judgement(answer, classify(failures), message, named)


def find_mistakes_not_made(
    assignment: Assignment, test: SourceCell, judged: Judgement, before: dict[str, Any]
) -> Iterator[str]:
    """What is said of named mistakes that the answer does not make."""
    if not judged.named:
        return
    right = assignment.of("solution")[test.name].source
    known = read_catalogue(assignment.of("mistakes")[test.name])
    known += [slip for slip in list_slips(right) if slip.says != EPSILON]
    calls = record_calls(assignment, test, judged.answer.source, before)

    def calls_of(mistake: Mistake) -> list[list[Call]]:
        return record_calls(assignment, test, mistake.made_in(right), before)

    so_judged = {m.says for m in known if m.name == judged.answer.named}
    for says in find_false_names(judged.named, calls, known, calls_of):
        if says not in so_judged:
            yield says


def find_false_names(
    named: Iterable[str],
    calls: list[list[Call]],
    known: Iterable[Mistake],
    calls_of: Callable[[Mistake], list[list[Call]]],
) -> Iterator[str]:
    """The names that no known mistake of this name bears out.

    Of two that are told together each needs to explain what it spoils. Where
    `calls_of` a mistake are none, it bears out nothing.
    """
    for told in named:
        parts = told.split(AND_ANOTHER)
        edits = {
            says: [its for m in known if m.says == says and (its := calls_of(m))]
            for says in parts
        }
        for says in parts:
            if says == EPSILON:  # of any size: no edit gives its very numbers
                continue
            others = [its for part in parts if part != says for its in edits[part]]
            among = partial(is_among_mistakes, others=others)
            alike = is_same_mistake if len(parts) == 1 else among
            if not any(alike(calls, its) for its in edits[says]):
                yield says


def classify(failures: list[Failure]) -> str:
    """The kind of Judgement that these failures amount to."""
    if any(failure.mistake for failure in failures):
        return "named"
    return "numbers" if all(map(_tells_values_alone, failures)) else "clear"


def _tells_values_alone(failure: Failure) -> bool:
    """Whether only values are reported, or nothing at all."""
    plain = Failure(kind="AssertionError")  # a check without words
    of_values = failure.about == "value" and not failure.changed
    return failure == plain or (of_values and failure.why in ("", NO_NAME))


def read_first_run() -> dict[str, tuple[int, int]]:
    """By the assignment: wrong answers, and how many were named or clear."""
    record = json.loads(FIRST_RUN.read_text("utf-8"))
    return {name: (n["wrong"], n["named or clear"]) for name, n in record.items()}


def format_row(name: str, judged: list[Judgement]) -> str:
    """An assignment's line of the table."""
    wrong = [j for j in judged if not j.answer.label.startswith(RIGHT)]
    count = Counter(j.kind for j in wrong)
    share = sum(count[kind] for kind in HELPFUL) / len(wrong)
    numbers = " | ".join(str(count[kind]) for kind in KINDS[:-1])
    false = sum(bool(j.false) for j in wrong)
    of, helped = read_first_run().get(name, (0, 0))
    first = f"{helped / of:.0%} of {of}" if of else "–"
    parts = name, len(wrong), numbers, f"{share:.0%}", first, false
    return f"| {' | '.join(map(str, parts))} |\n"


def find_unfair(judged: list[Judgement]) -> Iterator[str]:
    """Right answers that do not pass, wrong ones that do, and false causes."""
    for answer, kind, message, _, false in judged:
        about = f"{answer.task}: {answer.label}"
        if (kind == "passes") != answer.label.startswith(RIGHT):
            yield f"{about}: {kind} {message}\n"
        for says in false:
            yield f"{about}: {FALSELY}: {says}\n"


def read_rows() -> dict[str, str]:
    """The table's lines, by the assignment."""
    lines = TABLE.read_text("utf-8").splitlines(keepends=True)[2:]
    return {line.split("|")[1].strip(): line for line in lines}


def main() -> str | None:
    """Judge the answers; say which are judged unfairly."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="assignments; default: all that have")
    parser.add_argument("--all", action="store_true", help="what is told of each")
    options = parser.parse_args()
    answered = list_answered()
    judged = {
        name: list(judge_answers(read(name), read_answers(name)))
        for name in options.names or answered
    }
    every = [one for of_one in judged.values() for one in of_one]
    for one in every if options.all else []:
        print(f"{one.kind}: {one.answer.task}: {one.answer.label}\n{one.message}\n")
    new = {name: format_row(name, of_one) for name, of_one in judged.items()}
    print(HEAD + "".join(new.values()), end="")
    rows = read_rows() | new
    TABLE.write_text(HEAD + "".join(rows.get(name, "") for name in answered), "utf-8")
    return "".join(find_unfair(every)) or None
