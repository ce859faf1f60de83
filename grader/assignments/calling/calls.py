"""What a task's checks see of an answer, and whether two answers are one mistake."""

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

from grader.assignments.calling.running import try_cell
from grader.assignments.source import Assignment, SourceCell, test_parts
from rnncore import testing
from rnncore.testing.checks import observe
from rnncore.testing.fingerprints import (
    Seen,
    Stored,
    fingerprint_of,
    is_same_fingerprint,
)


class Call(NamedTuple):
    """One call in a check: fingerprints of its result, and of the right one."""

    fingerprint: Any
    due: Any


def record_calls(
    assignment: Assignment, test: SourceCell, source: str, before: dict[str, Any]
) -> list[list[Call]]:
    """Record what a task's checks see of an answer, visible and hidden ones.

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
                Call(
                    fingerprint_of(observe(candidate, args)),
                    fingerprint_of(Seen(d, [], None)),
                )
                for args, d in zip(inputs, due, strict=True)
            ]
        )

    own = dict(before)
    visible, hidden, after = test_parts(assignment, test)
    check, testing.check = testing.check, look
    try:
        try_cell(source, own)
        for node in ast.parse(visible + hidden + after).body:
            try_cell(ast.unparse(node), own)
    finally:
        testing.check = check
    return found


def is_same_mistake(calls: list[list[Call]], mistakes: list[list[Call]]) -> bool:
    """Whether an answer's first wrong output is the mistake's on all inputs.

    A call that raises says nothing where the mistake's does too, and nothing
    after it; where only one of both raises, their ways have parted.
    """
    first = None
    for one, other in zip(calls, mistakes, strict=True):
        for mine, its in zip(one, other, strict=True):
            if is_same_fingerprint(mine.fingerprint, its.fingerprint):
                if first is None and not is_same_fingerprint(
                    mine.fingerprint, mine.due
                ):
                    first = _first_wrong(mine)
                continue
            a, b = _fingerprint_outputs(mine), _fingerprint_outputs(its)
            if a is None or b is None:
                if (a is None) != (b is None):
                    return False
                continue
            if first is None:
                first = _first_wrong(mine)
            if first is None or len(a) != len(b) or first >= len(a):
                return False
            if not is_same_fingerprint(a[first], b[first]):
                return False
    return True


def is_among_mistakes(
    calls: list[list[Call]],
    mistakes: list[list[Call]],
    others: Sequence[list[list[Call]]] = (),
) -> bool:
    """Whether all outputs that a mistake spoils are as it gives them.

    A call that raises where one of the `others` does, which are told beside
    it, says nothing.
    """
    for k, (one, other) in enumerate(zip(calls, mistakes, strict=True)):
        for n, (mine, its) in enumerate(zip(one, other, strict=True)):
            a, b = _fingerprint_outputs(mine), _fingerprint_outputs(its)
            if a is None or b is None:
                raises = [its, *(beside[k][n] for beside in others)]
                if (a is None) != any(_fingerprint_outputs(r) is None for r in raises):
                    return False
                continue
            if len(a) != len(b) or len(b) != len(its.due[1]):
                return False
            for p, q, due in zip(a, b, its.due[1], strict=True):
                spoilt = not is_same_fingerprint(q, due)
                if spoilt and not is_same_fingerprint(p, q):
                    return False
    return True


def _fingerprint_outputs(call: Call) -> list[Any] | None:
    """The outputs' fingerprints; None where the call raised."""
    return None if call.fingerprint[0] == "raises" else call.fingerprint[1]


def _first_wrong(call: Call) -> int | None:
    pairs = zip(_fingerprint_outputs(call) or [], call.due[1], strict=False)
    return next(
        (k for k, (a, b) in enumerate(pairs) if not is_same_fingerprint(a, b)), None
    )
