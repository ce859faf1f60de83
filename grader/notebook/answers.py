"""Where an answer lies: in its cell, or where else people write it.

The released notebook has a cell for each answer. Some learners leave it as it
is and write below it, into a cell of their own; some define above it what the
stub then undoes; some hand in a copy beside a blank notebook. This module
alone decides what of a submission belongs to which answer. What it finds
outside its cell becomes a remark that the learner and the instructor read.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from itertools import islice, takewhile
from pathlib import Path

from nbformat import NotebookNode

from grader import untrusted
from grader.notebook.cells import grade_id, is_answer, is_manual, is_task, read_marks
from grader.notebook.names import find_bound_names

ELSEWHERE = "an answer lies elsewhere: "  # begins such a remark
COPIES = 20  # other notebooks of a folder that are looked at
BESIDE = "*Written in a cell of its own:*"


def gather(
    cells: list[NotebookNode],
    names: list[str | None],
    expected: dict[str, NotebookNode],
    given: list[NotebookNode],
) -> list[str]:
    """Put what is written beside an answer's cell into it, in place; remarks.

    `names` says which cell of the release each is, `given` are all of those.
    Only answers that a person marks are changed, a task's among them: code
    that tests judge runs where it stands.
    """
    texts = {cell.source.strip() for cell in given}
    ids = {cell.get("id") for cell in given}
    remarks = []
    taken: set[int] = set()  # places of cells that belong to an answer
    for at, name in enumerate(names):
        wanted = expected.get(name or "")
        if wanted is None or not is_manual(wanted):
            continue
        untouched = cells[at].source.strip() in ("", wanted.source.strip())
        places = [
            place
            for place in _find_unmarked(names, at, above=untouched)
            if place not in taken
            and _is_own(cells[place], texts, set() if untouched else ids)
            and (cells[place].cell_type != "code" or wanted.cell_type == "code")
        ]
        if not places:
            continue
        taken.update(places)
        _add_beside(cells[at], [cells[place] for place in places], untouched)
        remarks.append(
            f"'{name}': the answer's cell is as it was handed out; what you wrote "
            "into another cell beside it is taken for the answer"
            if untouched
            else f"'{name}': what you wrote into a cell of your own below it is "
            "read as a part of the answer"
        )
    return remarks


def _find_unmarked(names: list[str | None], at: int, *, above: bool) -> list[int]:
    """The places from `at` to the next cells that the assignment marks."""
    free = lambda place: names[place] is None
    below = [*takewhile(free, range(at + 1, len(names)))]
    return ([*takewhile(free, range(at - 1, -1, -1))][::-1] if above else []) + below


def read_task_answers(notebook: NotebookNode, release: NotebookNode) -> dict[str, str]:
    """What is written below each task cell, which nbgrader has no cell for."""
    texts = {cell.source.strip() for cell in release.cells}
    names = [grade_id(cell) for cell in notebook.cells]
    found = {}
    for at, cell in enumerate(notebook.cells):
        if is_task(cell) and (name := names[at]):
            below = [notebook.cells[k] for k in _find_unmarked(names, at, above=False)]
            own = [one.source for one in below if _is_own(one, texts, set())]
            found[name] = "\n\n".join(own)
    return found


def _is_own(cell: NotebookNode, texts: set[str], ids: set[str | None]) -> bool:
    """Whether a learner made the cell, and wrote something into it."""
    text = cell.source.strip()
    return bool(text) and text not in texts and cell.metadata.get("was") not in ids


def _add_beside(cell: NotebookNode, own: list[NotebookNode], untouched: bool) -> None:
    parts = [] if untouched else [cell.source]
    if cell.cell_type == "code":  # it ran where it stands
        parts = [cell.source, "# Written in a cell of its own:"]
        lines = [line for one in own for line in one.source.split("\n")]
        parts += [f"# {line}".rstrip() for line in lines]
        cell.source = "\n".join(parts)
        return
    parts += [BESIDE, *(one.source for one in own)]
    cell.source = "\n\n".join(parts)
    found = {k: v for one in own for k, v in one.get("attachments", {}).items()}
    if found:
        cell["attachments"] = found | cell.get("attachments", {})


def find_undone(
    cells: list[NotebookNode],
    names: list[str | None],
    expected: dict[str, NotebookNode],
) -> list[str]:
    """Remarks on answers above their cell, which still holds the stub."""
    remarks = []
    bound: dict[str, int] = {}  # name: the learner's code cell that defines it
    number = 0
    for cell, name in zip(cells, names, strict=True):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        number += 1
        defined = _list_defined(cell.source)
        wanted = expected.get(name or "")
        if wanted is None:
            bound |= dict.fromkeys(defined, number)
            continue
        stub = _read_code(cell.source) == _read_code(wanted.source)
        if stub and is_answer(wanted):
            remarks += [
                f"code cell {bound[one]} defines '{one}', and the answer's cell "
                f"'{name}' below it, which is as it was handed out, undoes "
                "that: write it there"
                for one in defined
                if one in bound
            ]
    return remarks


def _read_code(source: str) -> str:
    """What a cell does, whatever its comments say."""
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source.strip()


def _list_defined(source: str) -> list[str]:
    """The functions, classes and values that a cell defines."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # it runs none of them, or magics
    return [
        name
        for node in body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        for name in find_bound_names(node)
    ]


def find_copies(
    folder: Path,
    taken: NotebookNode,
    name: str,
    others: set[str],
    release: NotebookNode,
    limit: int,
) -> list[str]:
    """Remarks on other notebooks of a folder that hold answers of their own.

    `taken` is the notebook `name` that is graded, `others` are the assignment's.
    """
    given = _list_answers(release.cells)
    mine = _list_answers(taken.cells)
    written = [one for one, text in given.items() if mine.get(one, text) != text]
    remarks = []
    found = (p for p in sorted(folder.glob("*.ipynb")) if p.stem not in others)
    for path in islice(found, COPIES):
        theirs = _read_answers(path, limit)
        differ = [
            one
            for one, text in given.items()
            if theirs.get(one, text) not in (text, mine.get(one))
        ]
        if differ:
            remarks.append(
                f"'{untrusted.line(path.name, 100)}' lies in the folder too, and holds "
                f"{len(differ)} of {len(given)} answers that {name}.ipynb does not: "
                f"{name}.ipynb was graded, with {len(written)} answers written. Hand "
                "in the other one under that name if it is the one you mean"
            )
    return remarks


def _read_answers(path: Path, limit: int) -> dict[str, str]:
    """The answers of a notebook beside the one that counts; none if damaged."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > limit:
            return {}
        cells = untrusted.cells_of(untrusted.notebook(path.read_bytes()))
        return _list_answers(
            NotebookNode(
                source=untrusted.source(cell.get("source", "")),
                metadata=read_marks(cell),
            )
            for cell in cells
        )
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError),
        *(RecursionError, MemoryError, json.JSONDecodeError),
    ):
        return {}  # it is not graded, and no one's loss


def _list_answers(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """The text of each answer's cell, by its name."""
    return {
        name: cell.source.strip()
        for cell in cells
        if is_answer(cell) and (name := grade_id(cell))
    }
