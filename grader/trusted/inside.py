"""A test cell that runs in the learner's own process, as nbgrader's do.

Few tests need it: those that look at files which the answer wrote, patch
a library within the answer, or share an object with it. Such a cell runs in
a copy of the learner's process, after all other tests. What it says is the
answer's own word, so a hostile notebook can have the points of this cell.
It can have nothing else: no other test runs after it outside, and of what
it puts out only a failure's kind and line are kept where any test of the
notebook has hidden lines.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from grader import untrusted
from grader.isolation.serialization import WireError, receive, send
from grader.isolation.session import Ended
from grader.notebook.cells import grade_id, is_test
from grader.notebook.failures import INSIDE as KEY
from grader.notebook.failures import fail, hidden_lines, round_points
from grader.trusted.errors import RAISED
from rnncore.testing.failure import Failure

WAYS = "inside", "in order"  # "in order": after the tests before it
LONGEST = 1_000  # characters of an error


@dataclass(frozen=True)
class Way:
    """How a test cell runs where it does not run outside, and why."""

    kind: str  # one of WAYS
    reason: str


def record(cell: NotebookNode, way: Way | None) -> None:
    """Write into a test's cell how it runs; None: outside, as most do.

    A release keeps what its source says.
    """
    cell.metadata.pop(KEY, None)
    if way is not None:
        cell.metadata[KEY] = {"runs": way.kind, "why": way.reason}


def read_ways(release: NotebookNode) -> dict[str, Way]:
    """The test cells of a released notebook that run inside, by name.

    Raises ValueError where a cell says something else.
    """
    found = {}
    for cell in release.cells:
        said = cell.metadata.get(KEY, {})
        if not is_test(cell) or not said:
            continue
        if said.get("runs") not in WAYS:
            raise ValueError(
                f"{grade_id(cell)}: expected a test that runs {' or '.join(WAYS)}, "
                f"got {said.get('runs')!r}"
            )
        found[grade_id(cell) or ""] = Way(said["runs"], str(said.get("why", "")))
    return found


def without_hidden(source: str) -> str:
    """A test's visible lines."""
    hidden = hidden_lines(source)
    lines = source.split("\n")
    return "\n".join(line for n, line in enumerate(lines, 1) if n not in hidden)


def run_inside(
    cell: NotebookNode,
    number: int,
    copy: socket.socket,
    before: Iterable[str],
    allow: Callable[[], float],
    masked: bool,
) -> None:
    """Run a test in a copy of the learner's process; leave its outputs.

    `before` are visible tests that run first, whatever comes of them.
    Each of them, and the test, may take the seconds that `allow` then gives.
    Raises Ended where the process or the time is used up.
    """
    cell.execution_count, cell.outputs = number, []
    for source in before:
        _run(copy, source, number, allow())
    outputs = _run(copy, cell.source, number, allow())
    error = next((o for o in outputs if o.get("output_type") == "error"), None)
    if error is not None:
        fail(cell, _make_failure(cell, error, masked))
        return
    results = [o for o in outputs if o.get("output_type") == "execute_result"]
    points = _read_points(results[0]) if results else None
    if points is not None:
        if masked:
            points = round_points(points)
        data = {"text/plain": f"{points:g}"}
        made = new_output("execute_result", data, execution_count=number)
        cell.outputs.append(made)


def _run(copy: socket.socket, source: str, number: int, seconds: float) -> list[Any]:
    """The outputs of one cell, which may be anything that JSON can write."""
    most, until = 1_000_000, time.monotonic() + seconds
    try:
        send(copy, {"cell": {"source": source, "count": number, "most": most}})
        answer, _ = receive(copy, 11 * most, until)
    except TimeoutError:
        raise Ended("TimeLimit", "used up its time") from None
    except (EOFError, ConnectionError):
        raise Ended("KernelDied", "ended the Python process") from None
    except WireError as error:
        raise Ended("KernelDied", "gave what the grader refuses", str(error)) from None
    outputs = answer.get("outputs")
    if not isinstance(outputs, list):
        raise Ended("KernelDied", "sent no outputs")
    return [output for output in outputs if isinstance(output, dict)]


def _make_failure(cell: NotebookNode, error: dict[str, Any], masked: bool) -> Failure:
    kind = error.get("ename")
    kind = kind if type(kind) is str and kind in RAISED else "AssertionError"
    line = error.get("line")
    line = line if type(line) is int and 0 < line <= cell.source.count("\n") + 1 else 0
    if masked:
        hidden = not line or line in hidden_lines(cell.source)
        return Failure("AssertionError" if hidden else kind, line=line).masked()
    text = untrusted.text(error.get("evalue"), LONGEST).strip()
    return Failure(kind, got=text, line=line)


def _read_points(output: dict[str, Any]) -> float | None:
    """The number that a cell ends with, as nbgrader reads one."""
    data = output.get("data")
    text = data.get("text/plain") if isinstance(data, dict) else None
    try:
        return float(text) if type(text) is str else None
    except ValueError:
        return None


# ------------------------------------------------------ which cells need it


@dataclass(frozen=True)
class Tried:
    """What a source's own solution showed: ways, and tests that it fails."""

    ways: dict[str, Way]
    failing: dict[str, Failure]


def decide_ways(
    names: Iterable[str], run: Callable[[dict[str, Way]], dict[str, Failure]]
) -> Tried:
    """How each test runs: outside if the solution passes it there.

    `run` grades the solution with some tests inside, and gives the failure
    of each that lost points. What fails outside is tried inside, alone and
    then after the tests before it; what fails there too is `failing`.
    """
    names = set(names)
    outside = {n: f for n, f in run({}).items() if n in names}
    ways: dict[str, Way] = {}
    failing = dict(outside)
    for kind in WAYS:
        if not failing:
            break
        tried = {name: Way(kind, _explain(outside[name])) for name in failing}
        still = run(ways | tried)
        ways |= {name: way for name, way in tried.items() if name not in still}
        failing = {name: still[name] for name in tried if name in still}
    return Tried(ways, failing)


def _explain(failure: Failure) -> str:
    """Why a test cannot run outside; no value of it is told."""
    at = f" in line {failure.line}" if failure.line else ""
    return f"outside, the course's own solution fails it{at} ({failure.kind})"
