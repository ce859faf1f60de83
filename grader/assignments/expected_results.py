"""Expected results and fingerprints of mistakes, for a released notebook.

The builder finds both by running the cells of the source in this process:
the solution, and then each known mistake, on the visible tests' inputs.
"""

import ast
import contextlib
import io
import os
import signal
import sys
import warnings
import zlib
from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import Any, NoReturn
from unittest import mock

from grader.assignments.known_mistakes import (
    Mistake,
    find_known_mistakes,
    read_catalogue,
)
from grader.assignments.parameters import ANOTHERS
from grader.assignments.slips.edits import list_slips
from grader.assignments.source import (
    Assignment,
    SourceCell,
    list_other_solutions,
    visible_part,
)
from rnncore import testing
from rnncore.testing.fingerprints import (
    SAME_FINGERPRINT,
    Seen,
    encoded,
    is_same_fingerprint,
)
from rnncore.testing.mutants import encode_edit
from rnncore.testing.slips import (
    EPSILON,
    NOT_WRONG,
    SOME,
    is_same_sketch,
    sketch_errors,
)
from rnncore.testing.values import without_false_alarms

OTHERS = f"{ANOTHERS}. Yours are those of your own notebook's text."
BOTH = f"{{says}} (It would be right with {ANOTHERS}.)"
SLIP_SECONDS = 2.0  # of computing: a slip that makes a loop endless ends there


def run_cell(source: str, namespace: dict[str, Any]) -> Any:
    """Execute a cell as a kernel does; the value of its last expression.

    A warning is an error: on stderr it would cost all of a test's points.
    """
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        _no_window(),
    ):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-inter")
        try:
            body, end = _compile_cell(source)
            with without_false_alarms():
                exec(body, namespace)  # noqa: S102
                return end and eval(end, namespace)
        finally:
            if "matplotlib.pyplot" in sys.modules:  # as a notebook does
                sys.modules["matplotlib.pyplot"].close("all")


@contextlib.contextmanager
def _no_window() -> Iterator[None]:
    """While it lasts, matplotlib draws into memory."""
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "agg"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("MPLBACKEND", None)
        else:
            os.environ["MPLBACKEND"] = before


@cache  # a cell runs once for each mistake
def _compile_cell(source: str) -> tuple[CodeType, CodeType | None]:
    """A cell's statements, and the expression that it may end with."""
    tree = ast.parse(source)
    end = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        value = ast.Expression(tree.body.pop().value)  # type: ignore
        end = compile(value, file_of(source), "eval")
    return compile(tree, file_of(source), "exec"), end


def file_of(source: str) -> str:
    """The file that a cell's code says it is in."""
    return f"<cell {zlib.crc32(source.encode()):x}>"


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
    calls = _call_solution(assignment, test, namespace, solution)
    right = [call.result for call in calls]
    known = {"the solution": [testing.fingerprint_of(c) for c in calls]}
    entry: dict[str, Any] = {"results": [*map(encoded, right)], "mistakes": []}
    sketches: list[list[float]] = []  # of the known mistakes
    others = find_others(assignment, name) if assignment.variant else []
    entered: dict[str, dict[str, Any]] = {}
    for mistake in [*find_known_mistakes(assignment, name), *others]:
        if not mistake.visible or solution.count(mistake.was) != 1:
            continue  # the second: a draft's, of which the author is warned
        wrong = mistake.made_in(solution)
        calls = _call_solution(assignment, test, namespace, wrong)
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
        entry["mistakes"].append({"says": says, "sketches": made})
        entered[mistake.name] = entry["mistakes"][-1]
        if sketch := sketch_errors([call.result for call in calls], right):
            sketches.append(sketch)
    entry["slips"] = _sketch_slips(assignment, test, namespace, right, sketches)
    return entry


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
    assignment: Assignment, test: SourceCell, namespace: dict[str, Any], source: str
) -> list[Seen]:
    """What a solution, or an edit of it, does with the visible inputs."""
    own = dict(namespace)
    run_cell(source, own)
    candidate, inputs = record_check(assignment, test, own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [testing.observe(candidate, args) for args in inputs]


class Endless(BaseException):
    """Ends a slip; no handler of the code that it is in catches it."""


@contextlib.contextmanager
def limited(seconds: float = SLIP_SECONDS) -> Iterator[None]:
    """Raise Endless where the code inside computes for longer."""

    def stop(*_: Any) -> NoReturn:
        raise Endless

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _sketch_slips(
    assignment: Assignment,
    test: SourceCell,
    namespace: dict[str, Any],
    right: list[Any],
    known: list[list[float]],
) -> dict[str, list[list[float]]]:
    """By the kind, the sketches of slips that are no known mistake's."""
    found: dict[str, list[list[float]]] = {}
    seen = [*known]
    for slip in list_slips(assignment.of("solution")[test.name].source):
        try:
            with limited():
                calls = _call_solution(assignment, test, namespace, slip.now)
            if any(call.error or call.changed for call in calls):
                continue  # the message of these says what it is
            enough = SOME if slip.says == EPSILON else NOT_WRONG
            sketch = sketch_errors([call.result for call in calls], right, enough)
        except (Exception, Endless):  # noqa: BLE001, S112 - a slip that cannot run shows itself
            continue
        if sketch and slip.says == EPSILON:
            found.setdefault(EPSILON, []).append(sketch)
        elif sketch and not any(is_same_sketch(sketch, other) for other in seen):
            seen.append(sketch)
            found.setdefault(slip.says, []).append(sketch)
    return found
