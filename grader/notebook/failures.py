"""The failures of a notebook's cells: a record in each cell's metadata.

nbgrader reads no points where an error stands among a cell's outputs, so a
record is left as such an output too, in words.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import math
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.utils import determine_grade

from grader.notebook.cells import grade_id, is_test
from grader.notebook.names import OBJECT, find_bound_names
from grader.notebook.sanitise import sanitise_text
from rnncore.testing import compare
from rnncore.testing.compare import GUESS, INF, NAN
from rnncore.testing.failure import Failure, Place, render
from rnncore.testing.properties import declared

HIDDEN, END_HIDDEN = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
LONGEST = 1500  # characters of one field
STEP = 100  # parts of a point that a hidden test may give
KEY = "failure"  # in a cell's metadata
INSIDE = "grader"  # there too: how a test runs; see `grader.trusted.inside`
OTHERS = "failures"  # there too: of the other properties that were lost
LEFT_UNMADE = "it did not get to "  # then names, with commas
MOST_NAMES = 20
BELIEVED = "rests on the answer's own word"  # a remark on a test
WORD, INDEX = re.compile(r"\w+"), re.compile(r"(?<=\w)\[\d{1,2}\]")
CHECKS = Path(compare.__file__).parent
TOLD_ELSEWHERE = {"NotRun", "NotImplementedError"}


class Check(TypedDict):
    """What one graded cell showed; points None: a person grades it."""

    id: str
    points: float | None
    of: float
    failure: dict[str, Any] | None  # a Failure, as JSON
    others: list[dict[str, Any]]  # where points are split: one a property
    properties: dict[str, list[float]]  # points and most of each
    inside: str  # why it ran in the answer's own process; empty if it did not


def note(cell: NotebookNode, failure: Failure, *others: Failure) -> None:
    """Leave the records of failures, with clean and bounded texts."""
    cell.metadata[KEY] = _cut_texts(failure)
    cell.metadata.pop(OTHERS, None)
    if others:
        cell.metadata[OTHERS] = [_cut_texts(other) for other in others]


def _cut_texts(failure: Failure) -> dict[str, Any]:
    texts = {
        name: text if len(text) <= LONGEST else text[:LONGEST] + " ..."
        for name, value in failure._asdict().items()
        if isinstance(value, str) and value
        for text in [sanitise_text(value)]
    }
    return failure.as_json() | texts


def mask(failure: Failure, source: str) -> Failure:
    """The record of a hidden test, in words of the test's own alone.

    What the answer's process chose may tell the test's values: a text that
    neither the test's `source` nor the checks have is *an object*.
    """
    texts, words = _read_words(source)

    def tell(text: str, instead: str = OBJECT) -> str:
        lines = INDEX.sub("", text).split("\n")
        rest = (WORD.findall(line) for line in lines if line not in texts)
        return text if all(map(words.issuperset, rest)) else instead

    masked = failure.masked()
    return masked._replace(
        what=tell(masked.what),
        function=tell(masked.function),
        why=tell(masked.why, instead=""),
    )


def _read_words(source: str) -> tuple[set[str], set[str]]:
    """The texts of a test's source and of the checks, and their words."""
    texts = {*GUESS.split("\n"), NAN, INF}
    with contextlib.suppress(SyntaxError):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.update(node.value.split("\n"))
    words = {*WORD.findall(source)} | _read_words_of_checks()
    return texts, {word for word in words if not word[0].isdigit()}


@cache
def _read_words_of_checks() -> set[str]:
    """All words that the checks of rnncore.testing may say."""
    texts = (path.read_text("utf-8") for path in CHECKS.glob("*.py"))
    return {word for text in texts for word in WORD.findall(text)}


def fail(
    cell: NotebookNode,
    failure: Failure,
    outputs: Iterable[NotebookNode] = (),
    traceback: Iterable[str] = (),
    others: Iterable[Failure] = (),
) -> None:
    """Leave a failure as a record, and as an error after the outputs.

    `others` are told beside it.
    """
    note(cell, failure, *others)
    kind = "AssertionError" if failure.about else failure.kind
    text = render(Failure.from_json(cell.metadata[KEY]))
    lines = [*traceback, f"{kind}: {text}"]
    error = new_output("error", ename=kind, evalue=text, traceback=lines)
    cell.outputs = [*outputs, error]


def failure_in(cell: NotebookNode) -> Failure | None:
    """The record that a cell has, if any."""
    found = cell.metadata.get(KEY)
    return Failure.from_json(found) if found else None


def stand_in(release: NotebookNode, reason: str) -> NotebookNode:
    """The released notebook with every test failed for one reason."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
        if is_test(cell) and cell.cell_type == "code":
            fail(cell, Failure("NotGraded", why=reason))
    return notebook


def settle(cell: NotebookNode) -> None:
    """Make a graded cell's points a matter that nbgrader can decide.

    A result that is more than the cell's points, or empty, would stop
    nbgrader when it saves the grades; for -1 and nan it gives all points.
    """
    try:
        determine_grade(cell)
        if text := _not_from_zero(cell):
            raise ValueError(text)
    except Exception as error:  # noqa: BLE001 - it parses the learner's
        said = "" if hidden_lines(cell.source) else str(error)
        why = "the result cannot be points"
        fail(cell, Failure("NotGraded", why=why, got=said))


def _not_from_zero(cell: NotebookNode) -> str:
    """The cell's result where it is a number, and not one from 0 on."""
    for output in cell.outputs:
        if output.output_type == "execute_result":
            text = "".join(output.data["text/plain"])
            with contextlib.suppress(ValueError):  # a word is no number
                return "" if float(text) >= 0 else text
    return ""


def hidden_lines(source: str) -> set[int]:
    """The numbers of the lines between the marks of hidden tests."""
    inside, found = False, set()
    for number, line in enumerate(source.split("\n"), 1):
        inside = (inside or HIDDEN in line) and END_HIDDEN not in line
        if inside:
            found.add(number)
    return found


def round_points(points: float) -> float:
    """Points of a hidden test, which could tell its values in their digits."""
    return math.floor(points * STEP) / STEP if math.isfinite(points) else points


def is_hidden(source: str, line: int) -> bool:
    """Whether what arose in this line of a test is, or may be, hidden.

    So is what comes after hidden tests: an answer that met their values
    could reveal them there. The line is 0 if it is unknown.
    """
    hidden = hidden_lines(source)
    return bool(hidden) and (not line or line >= min(hidden))


def check_of(cell: NotebookNode, read: Place | None = None) -> Check:
    """What a graded cell showed; `read` is where the book explains it."""
    points, most = determine_grade(cell)
    found = _find_failures(cell) if points != most else []
    told = [failure._replace(read=read).as_json() for failure in found]
    return Check(
        id=grade_id(cell) or "",
        points=points,
        of=most,
        failure=told[0] if told else None,
        others=told[1:],
        properties=_score_properties(cell, points, found),
        inside=str(cell.metadata.get(INSIDE, {}).get("why", "")),
    )


def _find_failures(cell: NotebookNode) -> list[Failure]:
    """What a test has against the answer, the first that counts first."""
    if cell.cell_type != "code" or not is_test(cell):
        return []
    first = failure_in(cell)
    if first is None or (first.costs and _read_stream(cell, "stderr")):
        printed = _find_printed(cell)
        return [printed] if printed else []
    return [first, *map(Failure.from_json, cell.metadata.get(OTHERS, []))]


def _score_properties(
    cell: NotebookNode, points: float | None, found: list[Failure]
) -> dict[str, list[float]]:
    """What each property of a test gave, and could give; without any, {}."""
    of = declared(cell.source) if is_test(cell) else {}
    lost = {failure.costs for failure in found}
    return {
        name: [float(most if points and name not in lost else 0), float(most)]
        for name, most in of.items()
    }


def _find_printed(cell: NotebookNode) -> Failure | None:
    """The failure that the output of a test reports, if there is one."""
    hidden = bool(hidden_lines(cell.source))
    if text := _read_stream(cell, "stderr"):
        why = "the test printed to the error stream, which counts as failed"
        failure = Failure("ErrorStream", why=why, got=text)
        return failure.masked() if hidden else failure
    text = _read_stream(cell, "stdout")
    if hidden or not text:
        return None
    return Failure("PartOfThePoints", got=text)


def _read_stream(cell: NotebookNode, name: str) -> str:
    texts = [
        output.text
        for output in cell.outputs
        if output.output_type == "stream" and output.name == name
    ]
    return sanitise_text("".join(texts)).strip()[:LONGEST]


def own_errors(notebook: NotebookNode) -> list[str]:
    """The learner's cells that ended in an error, and how.

    A cell that only calls an unwritten answer is not one of them.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    for number, cell in enumerate(cells, 1):
        failure = failure_in(cell)
        if not failure or is_test(cell) or failure.kind in TOLD_ELSEWHERE:
            continue
        lines = [line.strip() for line in cell.source.split("\n")]
        head = sanitise_text(next((line for line in lines if line), ""))[:60]
        line = f", line {failure.line}" if failure.line else ""
        missing = _list_unmade(cell.source, failure.line)
        left = f" ({LEFT_UNMADE}{', '.join(missing)})" if missing else ""
        found.append(f"code cell {number} ({head}){line}: {render(failure)}{left}")
    return found


def _list_unmade(source: str, line: int) -> list[str]:
    """The names that a cell would have made from the line of its error on."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names = [
        name
        for node in body
        if line and (node.end_lineno or 0) >= line
        for name in find_bound_names(node)
    ]
    return [*dict.fromkeys(names)][:MOST_NAMES]
