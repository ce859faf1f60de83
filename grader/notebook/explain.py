"""Says in words what the cells of an executed notebook showed.

What a hidden test says is told without its numbers and its quoted texts:
they are the values that a learner is not to know.
"""

from __future__ import annotations

import re
from typing import TypedDict

from nbformat import NotebookNode
from nbgrader.utils import determine_grade

from grader.notebook.repair import failure, grade_id, is_test
from grader.notebook.said import IN_HIDDEN

HIDDEN, END_HIDDEN = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"
LONGEST = 1500  # characters of one message
OWN_KINDS = {"NotGraded", "TimeLimit", "KernelDied", "NotRun"}
TOLD_ELSEWHERE = {"NotRun", "NotImplementedError"}

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_NUMBER = re.compile(
    r"\b0[xX][0-9a-fA-F]+"
    r"|(?<![A-Za-z_\d.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?j?"
    r"|\b(?:nan|inf)\b"
)
_QUOTED = re.compile(r"""(?<!\w)('[^'\n]*'|"[^"\n]*")(?!\w)""")
QUOTE_NAMES = {"AttributeError", "ImportError", "NameError", "TypeError"}
_OWN_FILE = re.compile(r"\(\d+\.py, line \d+\)")  # IPython's, of a cell


class Check(TypedDict):
    """What one graded cell showed; points None: a person grades it."""

    id: str
    points: float | None
    of: float
    says: str
    hidden: bool


def plain(text: str) -> str:
    """Text without colour codes and control characters."""
    text = _ANSI.sub("", text)
    kept = "".join(c for c in text if c.isprintable() or c in "\n\t")
    return kept if len(kept) <= LONGEST else kept[:LONGEST] + " ..."


def without_values(text: str, kind: str = "AssertionError") -> str:
    """Text with its numbers and quotations replaced: `h_1` stays.

    Some kinds of error quote names of the code, which stay too.
    """
    if kind not in QUOTE_NAMES:
        text = _QUOTED.sub("'...'", text)
    return _NUMBER.sub("#", text)


def settle(cell: NotebookNode) -> None:
    """Make a graded cell's points a matter that nbgrader can decide.

    A result that is no number between 0 and the cell's points would stop
    nbgrader when it saves the grades.
    """
    try:
        points, most = determine_grade(cell)
    except Exception as error:  # noqa: BLE001 - it parses the learner's
        cell.outputs = [
            failure("NotGraded", f"the result cannot be points: {error}")
        ]
        return
    if points is not None and not 0 <= points <= most:
        cell.outputs = [
            failure("NotGraded", f"{points} is not between 0 and {most}")
        ]


def failed_line(cell: NotebookNode, output: NotebookNode) -> int | None:
    """The line of the cell in which the error arose, if it can be told."""
    count = cell.get("execution_count")
    for entry in output.get("traceback", []):
        found = re.search(
            r"Cell In\[(\d+)\], line (\d+)", _ANSI.sub("", entry)
        )
        if found and int(found[1]) == count:
            return int(found[2])
    return None


def error_of(cell: NotebookNode) -> NotebookNode | None:
    """The error that a cell ended in; the grader's own word comes first."""
    errors = [o for o in cell.outputs if o.output_type == "error"]
    ours = [o for o in errors if o.ename in OWN_KINDS]
    return next(iter(ours + errors), None)


def hidden_lines(source: str) -> set[int]:
    """The numbers of the lines between the marks of hidden tests."""
    inside, found = False, set()
    for number, line in enumerate(source.split("\n"), 1):
        inside = (inside or HIDDEN in line) and END_HIDDEN not in line
        if inside:
            found.add(number)
    return found


def in_hidden_part(cell: NotebookNode, output: NotebookNode) -> bool:
    """Whether a failure arose in a hidden test, or may have."""
    hidden = hidden_lines(cell.source)
    if not hidden or output.get("ename") in OWN_KINDS:
        return False
    line = failed_line(cell, output)
    return line is None or line in hidden


def check_of(cell: NotebookNode) -> Check:
    """What a graded cell showed, in words fit for its learner."""
    points, most = determine_grade(cell)
    found = Check(
        id=grade_id(cell) or "",
        points=points,
        of=most,
        says="",
        hidden=False,
    )
    if cell.cell_type != "code" or not is_test(cell):
        return found
    if error := error_of(cell):
        found["hidden"] = in_hidden_part(cell, error)
        found["says"] = _error_text(error, found["hidden"])
    elif text := _stream(cell, "stderr"):
        found["hidden"] = HIDDEN in cell.source
        text = without_values(text) if found["hidden"] else text
        found["says"] = (
            "the test printed to the error stream, which counts as "
            f"failed: {text}"
        )
    elif points != most and HIDDEN not in cell.source:
        found["says"] = _stream(cell, "stdout")
    return found


def _stream(cell: NotebookNode, name: str) -> str:
    texts = [
        output.text
        for output in cell.outputs
        if output.output_type == "stream" and output.name == name
    ]
    return plain("".join(texts)).strip()


def _error_text(output: NotebookNode, hidden: bool) -> str:
    kind, value = plain(output.ename), plain(output.evalue).strip()
    if kind in OWN_KINDS:
        return value
    if hidden:
        value = without_values(value, kind)
    if kind == "NotImplementedError":
        return value or "not written yet"
    if kind == "AssertionError":
        text = value or "a check failed that has no message"
    else:
        text = f"{kind}: {value}" if value else kind
    if hidden:
        text += f"{IN_HIDDEN}# stands for a number, '...' for a text)"
    return text


def own_errors(notebook: NotebookNode) -> list[str]:
    """The learner's cells that ended in an error, and how.

    A cell that only tries what is not written yet is none of them.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    for number, cell in enumerate(cells, 1):
        error = error_of(cell)
        if error is None or is_test(cell) or error.ename in TOLD_ELSEWHERE:
            continue
        lines = [line.strip() for line in cell.source.split("\n")]
        head = next((line for line in lines if line), "")
        line = failed_line(cell, error)
        where = f", line {line}" if line else ""
        value = _OWN_FILE.sub("", plain(error.evalue)).strip()
        found.append(
            f"code cell {number} ({plain(head)[:60]}){where}: "
            + ": ".join(filter(None, [plain(error.ename), value]))
        )
    return found
