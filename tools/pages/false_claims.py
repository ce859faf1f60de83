"""The claims of a page that did not hold when its cells ran.

A page goes on after such a claim (rnncore.comparison.claim): its note is an
output of the cell, and is kept with the other outputs.
"""

from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from rnncore.comparison import FALSE, OTHERWISE


class FalseClaim(NamedTuple):
    """A sentence, and where its claim stands in the page's source."""

    page: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"book/{self.page}.md:{self.line}: {OTHERWISE}: {self.sentence}"


def list_notes(cell: NotebookNode) -> list[NotebookNode]:
    """What the cell's claims noted: a sentence, and its line in the cell."""
    outputs = cell.get("outputs", [])
    return [o.metadata[FALSE] for o in outputs if FALSE in o.get("metadata", {})]


def find_false_claims(
    page: Path, notebook: NotebookNode, executed: NotebookNode
) -> list[FalseClaim]:
    """The false claims of a page as read, and as it was executed."""
    code = [k for k, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    ran = [cell for cell in executed.cells if cell.cell_type == "code"]
    lines = page.read_text("utf8").splitlines()
    return [
        FalseClaim(
            page.stem, _find_source(lines, notebook, k) + note.line, note.sentence
        )
        for k, cell in zip(code, ran, strict=True)
        for note in list_notes(cell)
    ]


def _find_source(lines: list[str], notebook: NotebookNode, index: int) -> int:
    """How many lines of the page stand before a cell's code, after its options."""
    start = notebook.metadata["source_map"][index]
    source = notebook.cells[index].source.splitlines()
    found = (
        k for k in range(start, len(lines)) if lines[k : k + len(source)] == source
    )
    return next(found, start)
