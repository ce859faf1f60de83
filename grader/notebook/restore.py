"""The assignment's own cells, put back into what was handed in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook

from grader.notebook.cells import grade_id, marks

Cells = dict[str, dict[str, Any]]


def read_cells(gradebook: Path, name: str) -> Cells:
    """The cells that nbgrader knows of an assignment, by their names."""
    with Gradebook(f"sqlite:///{gradebook}") as book:
        notebooks = book.find_assignment(name).notebooks
        return {
            cell.name: {
                "source": cell.source,
                "locked": cell.locked,
                "checksum": cell.checksum,
            }
            for notebook in notebooks
            for cell in notebook.source_cells
        }


def join_notebooks(parts: Iterable[NotebookNode]) -> NotebookNode:
    """One notebook with the cells of all; its kernel is the first one's."""
    first, *others = parts
    cells = [cell for part in (first, *others) for cell in part.cells]
    for number, cell in enumerate(cells if others else []):
        cell["id"] = f"cell-{number}"  # two notebooks may have the same
    return NotebookNode({**first, "cells": cells, "nbformat_minor": 5})


def write_cells(path: Path, cells: Cells) -> None:
    """Keep them where every run finds them."""
    path.write_bytes(json.dumps(cells).encode())


def restore(notebook: NotebookNode, path: Path) -> None:
    """Put the locked cells back, hidden tests with them, in place.

    As nbgrader's OverwriteCells does, on a notebook that `repair` has made.
    """
    cells: Cells = json.loads(path.read_bytes())
    for cell in notebook.cells:
        known = cells.get(grade_id(cell) or "")
        if known is None:
            continue
        marks(cell)["checksum"] = known["checksum"]
        if known["locked"]:
            cell.source = known["source"]
