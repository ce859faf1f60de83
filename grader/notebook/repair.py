"""Turns what a learner handed in into a notebook that nbgrader can grade.

nbgrader finds a task by its cell's metadata and stops, for the whole class,
where those are broken. Here they are taken from the released notebook, cell
by cell; whatever had to be put right becomes a remark that the learner
reads. A file that holds no notebook at all is `Broken`, with the reason.
"""

from __future__ import annotations

import copy
import json
import secrets
import stat
from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from grader import untrusted
from grader.notebook import answers
from grader.notebook.cells import (
    grade_id,
    is_answer,
    is_graded,
    is_test,
    marks,
    read_marks,
)
from grader.notebook.pictures import keep_pictures, tell_left

OLD_CELL = (  # what a cell may have in versions 1 to 3
    *("cell_type", "source", "input", "code", "text", "level", "language"),
    "collapsed",
)
JUPYTERLITE_KERNEL = "xeus-python"  # its notebooks need no warning
NEW_CELL = {  # copied for each cell, as nbformat validates what it makes
    "code": new_code_cell(),
    "markdown": new_markdown_cell(),
    "raw": new_raw_cell(),
}


class Broken(ValueError):
    """There is nothing to grade; the text says why, and what to do."""


def read_notebook(folder: Path, name: str, limit: int) -> NotebookNode:
    """The notebook `name`.ipynb in a submitted folder.

    Raises Broken where there is none.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        raise Broken(
            f"'{folder.name}' is a link to another folder. Hand in the folder itself."
        )
    if not folder.is_dir():
        raise Broken(
            f"'{folder.name}' is a file. Hand in a folder '{name}' with "
            f"{name}.ipynb in it."
        )
    path = folder / f"{name}.ipynb"
    _check_file(path, folder, limit)
    try:
        content = untrusted.notebook(path.read_bytes())
    except UnicodeDecodeError as error:
        raise Broken(
            f"{path.name} is not a notebook: it is not UTF-8 text. Save it "
            "in JupyterLab and hand in that file."
        ) from error
    except json.JSONDecodeError as error:
        raise Broken(
            f"{path.name} is not a notebook: its JSON breaks off or is "
            f"damaged at line {error.lineno}, column {error.colno}. Open "
            "it in JupyterLab; if that fails too, copy your answers into a "
            "fresh copy of the assignment."
        ) from error
    except RecursionError as error:
        raise Broken(f"{path.name} is nested too deeply.") from error
    except ValueError as error:  # a number of over 4,300 digits
        why = untrusted.line(str(error))
        raise Broken(f"{path.name} cannot be read: {why}.") from error
    except MemoryError as error:
        raise Broken(
            f"{path.name} takes too much memory. Clear its outputs and save it."
        ) from error
    return _upgrade(content, path.name)


def _check_file(path: Path, folder: Path, limit: int) -> None:
    if not path.is_symlink() and not path.exists():
        names = sorted(p.name for p in islice(folder.glob("*.ipynb"), 100))
        others = [p.name for p in islice(folder.iterdir(), 100) if p.is_file()]
        others = sorted(name for name in others if name != "timestamp.txt")
        said = [f"'{untrusted.line(name, 100)}'" for name in names or others]
        found = said[0] if names else ", ".join(["no notebook", *said[:3]])
        advice = f"Name your notebook {path.name} and hand it in again."
        if others and not names:
            advice = (
                f"Hand in the notebook {path.name} itself, not what was made of it."
            )
        raise Broken(
            f"there is no {path.name} in the folder, it holds {found}. {advice}"
        )
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        raise Broken(f"{path.name} is a folder, not a notebook.")
    if not stat.S_ISREG(mode):
        raise Broken(f"{path.name} is a link or a device. Hand in the file itself.")
    size = path.stat().st_size
    if size == 0:
        raise Broken(
            f"{path.name} is empty (0 bytes). Save the notebook again and "
            "look at its size before you hand it in."
        )
    if size > limit:
        raise Broken(
            f"{path.name} has {size / 1e6:.0f} MB, more than the "
            f"{limit / 1e6:.0f} MB that are graded. Clear its outputs "
            "(menu Edit, Clear Outputs of All Cells) and save it."
        )


def _upgrade(content: Any, name: str) -> NotebookNode:
    try:
        if content.get("nbformat", 4) < 4:
            content = nbformat.convert(nbformat.from_dict(_without_outputs(content)), 4)
        cells = [_clean(cell) for cell in untrusted.cells_of(content)]
        asked = untrusted.kernel_name(content.get("metadata"))
        given_up = untrusted.given_up(content.get("metadata"))
        variant = untrusted.variant(content.get("metadata"))
    except Exception as error:  # whatever such a file may hold
        raise Broken(
            f"{name} is JSON, but no notebook: {type(error).__name__} "
            "while reading its cells. Copy your answers into a fresh copy "
            "of the assignment."
        ) from error
    clean = new_notebook(cells=cells)
    clean.metadata["kernelspec"] = {"name": asked} if asked else {}
    if given_up:
        clean.metadata[untrusted.GAVE_UP] = given_up
    if variant:
        clean.metadata[untrusted.VARIANT] = variant
    return clean


def _without_outputs(old: dict[str, Any]) -> dict[str, Any]:
    """A notebook of an earlier format with what is read of it alone.

    All that it holds would be copied several times on the way to version 4.
    """
    sheets = old.get("worksheets", [{"cells": old.get("cells", [])}])
    cells = [cell for sheet in sheets[: untrusted.CELLS] for cell in sheet["cells"]]
    untrusted.cells_of({"cells": cells})  # as many as there may be
    kept = [
        {"metadata": read_marks(cell), "outputs": []}
        | {key: cell[key] for key in OLD_CELL if _is_short(cell.get(key))}
        for cell in cells
    ]
    whole = {"metadata": _kernel_of(old), "worksheets": [{"cells": kept}]}
    number = old["nbformat"]
    if number < 2:
        whole |= {"cells": kept}
    return whole | {"nbformat": number, "nbformat_minor": 0}


def _is_short(value: Any) -> bool:
    """Whether a cell's field is a text, its lines, or a number."""
    if isinstance(value, list):
        return all(isinstance(line, str) for line in value)
    return isinstance(value, str | int)


def _kernel_of(notebook: dict[str, Any]) -> dict[str, Any]:
    asked = untrusted.kernel_name(notebook.get("metadata"))
    return {"kernelspec": {"name": asked}} if asked else {}


def _new_cell(kind: str, text: str) -> NotebookNode:
    cell = copy.deepcopy(NEW_CELL[kind])
    cell.update(source=text, id=secrets.token_hex(4))
    return cell


def _clean(cell: Any) -> NotebookNode:
    """The cell's text, pictures, id and nbgrader metadata; no tags, no outputs."""
    fresh = _new_cell(cell["cell_type"], untrusted.source(cell["source"]))
    fresh.metadata.update(read_marks(cell))
    if isinstance(cell.get("id"), str):
        fresh.metadata["was"] = untrusted.line(cell["id"], 100)
    if fresh.cell_type == "markdown":
        keep_pictures(fresh, cell.get("attachments"))
    return fresh


def read_timestamp(path: Path) -> datetime | None:
    """When a notebook was handed in, as nbgrader writes it beside it.

    None where that is not told, or not in a way that can be read.
    """
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        return untrusted.parse_moment(file.read(1000).decode(errors="replace"))


def repair(
    notebook: NotebookNode,
    release: NotebookNode,
    earlier: Mapping[str, Collection[float]] = MappingProxyType({}),
) -> tuple[NotebookNode, list[str]]:
    """A copy whose nbgrader cells are the release's, and what was amiss.

    `earlier` has the points that each cell had in any release.
    """
    expected = {name: cell for cell in release.cells if (name := grade_id(cell))}
    cells = copy.deepcopy(notebook.cells)
    remarks = _kernel_remark(notebook, release) + tell_left(cells)
    names, renamed = _recognise(cells, expected)
    remarks += renamed
    found = answers.find_undone(cells, names, expected)
    found += answers.gather(cells, names, expected, release.cells)
    remarks += [answers.ELSEWHERE + said for said in found]
    for cell, name in zip(cells, names, strict=True):
        cell.metadata.pop("was", None)
        given = cell.metadata.pop("nbgrader", {})
        if name is None:
            continue
        wanted = marks(expected[name])
        if is_test(expected[name]):
            points = given.get("points", wanted["points"])
            remarks += _points_remark(name, points, wanted, earlier.get(name, ()))
        cell.metadata["nbgrader"] = copy.deepcopy(wanted)
    cells = [
        _with_type(cell, expected.get(name) if name else None)
        for cell, name in zip(cells, names, strict=True)
    ]
    remarks += _put_back(cells, expected)
    repaired = new_notebook(cells=cells, metadata=copy.deepcopy(release.metadata))
    for number, cell in enumerate(repaired.cells):
        cell["id"] = f"cell-{number}"  # a learner's may be doubled
    return repaired, remarks


def _points_remark(
    name: str, points: float, wanted: dict[str, Any], earlier: Collection[float]
) -> list[str]:
    """What to say of a test's points: the release may have changed them."""
    if points == wanted["points"]:
        return []
    remark = (
        f"the points of '{name}' had been changed: they are "
        f"{wanted['points']}, as in the assignment"
    )
    if points in earlier:
        remark = (
            f"'{name}' gives {wanted['points']} points; in the release that "
            f"your notebook was made from, it gave {points}"
        )
    return [remark]


def _kernel_remark(notebook: NotebookNode, release: NotebookNode) -> list[str]:
    asked = notebook.metadata["kernelspec"].get("name")
    given = release.metadata.get("kernelspec", {}).get("name", "python3")
    if asked in (None, given, JUPYTERLITE_KERNEL):
        return []
    remark = (
        f"the notebook asks for the kernel '{asked}': it was graded with "
        f"'{given}', the assignment's"
    )
    return [remark]


def _recognise(
    cells: list[NotebookNode], expected: dict[str, NotebookNode]
) -> tuple[list[str | None], list[str]]:
    """For each cell, which cell of the release it is, if any."""
    names: list[str | None] = [None] * len(cells)
    remarks = []
    for i in reversed(range(len(cells))):  # the last one counts
        name = grade_id(cells[i])
        if name is None or name not in expected:
            continue
        if name in names:
            remarks.append(
                f"two cells are marked '{name}' (a copied cell keeps its "
                "mark): the last one counts"
            )
        else:
            names[i] = name
    for i, cell in enumerate(cells):
        if names[i] is not None:
            continue
        for name, wanted in expected.items():
            same = cell.metadata.get("was") == wanted.get("id") or (
                is_test(wanted) and cell.source == wanted.source
            )
            if same and name not in names:
                names[i] = name
                remarks.append(
                    f"the mark of '{name}' had been changed or removed: it "
                    "was recognised and restored"
                )
                break
        else:
            if (stray := grade_id(cell)) and stray not in expected:
                remarks.append(
                    f"a cell is marked '{stray}', which this assignment "
                    "does not have: it ran as a cell of your own"
                )
    return names, remarks


def _with_type(cell: NotebookNode, wanted: NotebookNode | None) -> NotebookNode:
    """The cell, with the type that the release gives it."""
    if wanted is None or cell.cell_type == wanted.cell_type:
        return cell
    fresh = _new_cell(wanted.cell_type, cell.source)
    fresh.metadata = cell.metadata
    return fresh


def _put_back(
    cells: list[NotebookNode], expected: dict[str, NotebookNode]
) -> list[str]:
    """Restore, in place, the released cells that are missing.

    A missing answer in code stays missing: an empty one could overwrite
    what the learner wrote in another cell.
    """
    remarks, order = [], list(expected)
    for at, name in enumerate(order):
        here = [grade_id(cell) for cell in cells]
        if name in here:
            continue
        wanted = expected[name]
        if is_answer(wanted) and not is_graded(wanted):
            remarks.append(
                f"the answer cell '{name}' is missing: its task finds only "
                "what other cells define. Write into the cell that the "
                "assignment gives"
            )
            continue
        before = order[at - 1] if at else None
        if before is None:
            place = 0
        elif before in here:
            place = here.index(before) + 1
        else:
            place = len(cells)
        cells.insert(place, copy.deepcopy(wanted))
        remarks.append(f"the cell '{name}' was missing: it was put back")
    return remarks
