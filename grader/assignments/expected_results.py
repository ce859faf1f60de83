"""Expected results and fingerprints of mistakes, for a released notebook.

The builder finds both by running the cells of the source in this process:
the solution, and then each known mistake, on the visible tests' inputs.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

from grader.assignments.calling.calls import Call, record_calls
from grader.assignments.calling.running import run_cell
from grader.assignments.known_mistakes import (
    Mistake,
    find_known_mistakes,
    read_catalogue,
)
from grader.assignments.parameters import ANOTHERS
from grader.assignments.slips.edits import list_slips
from grader.assignments.slips.sketches import nudge, sketch_slips
from grader.assignments.source import (
    Assignment,
    SourceCell,
    list_other_solutions,
    visible_part,
)
from rnncore import testing
from rnncore.backend import tree_map
from rnncore.testing.fingerprints import (
    SAME_FINGERPRINT,
    Seen,
    Stored,
    decoded,
    encoded,
    is_same_fingerprint,
    without_shapes,
)
from rnncore.testing.mutants import encode_edit
from rnncore.testing.slips import sketch_errors

OTHERS = f"{ANOTHERS}. Yours are those of your own notebook's text."
BOTH = f"{{says}} (It would be right with {ANOTHERS}.)"
SHORT = {"sketches", "slips"}  # hold five or six digits of a number
SAME_DIGITS, SAME_RESULT = 1e-5, 1e-9


class Recorded(Exception):
    """Ends a visible test at its check, whose arguments have been recorded."""


def record_check(
    assignment: Assignment, test: SourceCell, namespace: dict[str, Any]
) -> tuple[Any, list[dict[str, Any]]]:
    """What a visible test hands to its check: candidate and inputs."""

    def record(candidate, reference, inputs, *_more, **_options):
        if reference == test.name:
            raise Recorded(candidate, inputs)

    with mock.patch.multiple(testing, check=record, stored=str):
        try:
            run_cell(visible_part(test), namespace)
        except Recorded as found:
            candidate, inputs = found.args
            return candidate, inputs
    raise ValueError(
        f"{assignment.name}, {test.name}: the visible test must call "
        f'check(..., stored("{test.name}"), ...)'
    )


def compute_checks(assignment: Assignment) -> dict[str, Any]:
    """The right results of the visible checks, and the mistakes' fingerprints.

    Runs the solution on the visible tests' inputs, then each mistake.
    Raises ValueError if two of them cannot be distinguished, or if the
    author's own code fails, with its file and line.
    """
    namespace: dict[str, Any] = {}
    made = {}
    for cell in assignment.cells:
        try:
            if cell.kind in ("code", "solution"):
                run_cell(cell.source, namespace)
            elif cell.kind == "test" and "stored(" in cell.source:
                made[cell.name] = _check_entry(assignment, cell, namespace)
        except Exception as error:  # whatever a cell of an author's raises
            kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
            raise ValueError(f"{cell.file}:{cell.line}: {kind}{error}") from error
    return made


def is_rebuilt(
    made: Any, kept: Any, near: float = SAME_RESULT, most: float = 0.0
) -> bool:
    """Whether two builds' checks are the same up to a processor's rounding.

    Other instructions, and another BLAS, give other last digits. `most` is the
    largest of the numbers that stand in one list.
    """
    if isinstance(made, dict) and isinstance(kept, dict):
        return made.keys() == kept.keys() and all(
            is_rebuilt(made[k], kept[k], SAME_DIGITS if k in SHORT else near)
            for k in made
        )
    if isinstance(made, list) and isinstance(kept, list):
        floats = [abs(n) for n in (*made, *kept) if isinstance(n, float)]
        most = max(floats, default=0.0)  # a sketch's norm is in its list
        return len(made) == len(kept) and all(
            is_rebuilt(a, b, near, most) for a, b in zip(made, kept, strict=True)
        )
    if isinstance(made, float) and isinstance(kept, float):
        return abs(made - kept) <= near * max(abs(made), abs(kept), most)
    return bool(made == kept)


def collect_mutants(assignment: Assignment) -> dict[str, Any]:
    """The wrong versions of printed functions, for the mutant hunts."""
    return {
        name: {
            "of": cell.options["of"],
            "edits": [encode_edit(m.was, m.now) for m in read_catalogue(cell)],
        }
        for name, cell in assignment.of("mutants").items()
    }


def _check_entry(
    assignment: Assignment, test: SourceCell, namespace: dict[str, Any]
) -> dict[str, Any]:
    """The right results of one check, and each mistake's fingerprints."""
    name = test.name
    solution = assignment.of("solution")[name].source
    call = partial(_call_solution, assignment, test, namespace)
    calls = call(solution)
    right = [call.result for call in calls]
    known = {"the solution": [testing.fingerprint_of(c) for c in calls]}
    entry: dict[str, Any] = {"results": [*map(encoded, right)], "mistakes": []}
    stored_right = [*map(decoded, entry["results"])]
    sketches: list[list[float]] = []  # of the known mistakes
    others = find_others(assignment, name) if assignment.variant else []
    entered: dict[str, dict[str, Any]] = {}
    for mistake in [*find_known_mistakes(assignment, name), *others]:
        if not mistake.visible or solution.count(mistake.was) != 1:
            continue  # the second: a draft's, of which the author is warned
        wrong = mistake.made_in(solution)
        calls = call(wrong)
        made = [testing.fingerprint_of(c) for c in calls]
        same = [o for o, seen in known.items() if _is_close(made, seen)]
        if same and mistake in others and same[0] in entered:
            one = entered[same[0]]  # an idea that is right elsewhere
            one["says"] = BOTH.format(says=one["says"].removesuffix(BOTH[6:]))
            continue
        if same:
            raise ValueError(
                f"{assignment.name}, {name}: on the visible inputs "
                f"{mistake.name!r} gives what {same[0]!r} gives; change "
                "them, or mark the mistake [hidden]"
            )
        known[mistake.name] = made
        says = OTHERS if mistake in others else mistake.says
        short = without_shapes(made, stored_right)
        entry["mistakes"].append({"says": says, "sketches": short})
        entered[mistake.name] = entry["mistakes"][-1]
        if sketch := sketch_errors([call.result for call in calls], right):
            sketches.append(sketch)
    nudged = [*map(testing.fingerprint_of, call(solution, nudge))]
    moves = not is_same_fingerprint(nudged, known["the solution"])
    entry["slips"] = sketch_slips(
        list_slips(solution),
        right,
        sketches,
        call,
        call if moves else partial(call, change=nudge),  # at a border, none tells
        lambda edited: _call_all(assignment, test, namespace, edited, right),
    )
    return entry


def _call_all(
    assignment: Assignment,
    test: SourceCell,
    namespace: dict[str, Any],
    source: str,
    right: list[Any],
) -> list[list[Call]]:
    """What an edited solution does with the visible and the hidden inputs."""
    with mock.patch.object(testing, "stored", lambda task: Stored(right, [], task)):
        return record_calls(assignment, test, source, namespace)


def _is_close(made: list[Any], seen: list[Any]) -> bool:
    """Whether two mistakes are so much alike that either might be told."""
    return is_same_fingerprint(made, seen, 10 * SAME_FINGERPRINT)


def find_others(assignment: Assignment, task: str) -> list[Mistake]:
    """The other variants' right answers, as mistakes of this one's."""
    solution = assignment.of("solution")[task]
    return [
        Mistake(f"{ANOTHERS}, {number}", solution.source, text, ANOTHERS, True, 0)
        for number, text in enumerate(list_other_solutions(assignment, task), 1)
    ]


def _call_solution(
    assignment: Assignment,
    test: SourceCell,
    namespace: dict[str, Any],
    source: str,
    change: Callable[[Any], Any] = lambda leaf: leaf,
) -> list[Seen]:
    """What a solution, or an edit of it, does with the visible inputs."""
    own = dict(namespace)
    run_cell(source, own)
    candidate, inputs = record_check(assignment, test, own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [testing.observe(candidate, tree_map(change, args)) for args in inputs]
