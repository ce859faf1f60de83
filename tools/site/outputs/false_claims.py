"""Shows the note of a claim that did not hold where its cell is not shown.

Most claims stand in cells that pages leave out ("remove-cell"), output and
all. Where one did not hold, an admonition takes the cell's place. In other
cells the note is an output like others.
"""

import re
from typing import Any

from jupyter_cache import get_cache
from myst_nb import sphinx_
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.application import Sphinx

from rnncore.comparison import OTHERWISE
from tools.pages.false_claims import list_notes

MARKS = re.compile(r"([\\`*_{}\[\]()<>#+.!|$~^:-])")  # of MyST


def show_notes(notebook: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """The notebook, with a note in place of each left-out cell that needs one."""
    shown = NotebookNode(notebook | {"cells": list(notebook.cells)})
    ran = iter([cell for cell in executed.cells if cell.cell_type == "code"])
    for k, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        notes = list_notes(next(ran))
        if notes and "remove-cell" in cell.metadata.get("tags", []):
            text = "\n\n".join(MARKS.sub(r"\\\1", note.sentence) for note in notes)
            shown.cells[k] = new_markdown_cell(
                f"```{{admonition}} {OTHERWISE}\n:class: note false-claim\n{text}\n```",
                metadata=cell.metadata | {"tags": []},
            )
    return shown


def setup(app: Sphinx) -> dict[str, bool]:
    """Have MyST-NB read notebooks so."""
    read = sphinx_.notebook_to_tokens

    def read_with_notes(
        notebook: NotebookNode, parser: Any, env: dict[str, Any], logger: Any
    ) -> Any:
        cache = get_cache(parser.options["nb_config"].execution_cache_path)
        try:
            key = cache.match_cache_notebook(notebook).pk
        except KeyError:  # not executed
            return read(notebook, parser, env, logger)
        executed = cache.get_cache_bundle(key).nb
        return read(show_notes(notebook, executed), parser, env, logger)

    sphinx_.notebook_to_tokens = read_with_notes
    return {"parallel_read_safe": True, "parallel_write_safe": True}
