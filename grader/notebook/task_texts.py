"""What an assignment asks: read from the notebook that learners got.

That one holds no hidden test, no reference and no model answer.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader.notebook.cells import grade_id, is_answer, is_graded, is_test, task_of

HEADING = re.compile(r"^#{2,3} +(.*?)(?: +\([\d.]+ points?\))?$", re.MULTILINE)
MINUTES = re.compile(r"^\*[^*]*\babout (\d+) minutes", re.MULTILINE)
HINT = re.compile(
    r"<details>\s*<summary>Hint 1</summary>(.*?)</details>", re.DOTALL | re.IGNORECASE
)
READ = re.compile(r"^\*Read: .*\*$")  # where the book explains it: the build's line


@dataclass(frozen=True)
class TaskText:
    """One task, in Markdown; an empty field says nothing."""

    title: str = ""  # its heading: "Task 1: a way past the tanh"
    line: str = ""  # of a task in code: what is asked, in a line
    question: str = ""  # of a written answer: all that is asked
    hint: str = ""  # the first of its hints
    minutes: int = 0  # that it takes, as its text says


@dataclass(frozen=True)
class Asked:
    """An assignment: its title, and its tasks by the answer cells' names."""

    title: str = ""
    tasks: dict[str, TaskText] = field(default_factory=dict)


def read_tasks(path: Path | None) -> Asked:
    """The tasks of the released notebook; empty without a notebook."""
    if path is None or not path.exists():
        return Asked()
    return _read(path, path.stat().st_mtime_ns)


def list_tasks_with_points(path: Path | None) -> list[str]:
    """The tasks that give points; none without a notebook."""
    if path is None or not path.exists():
        return []
    return [
        task_of(grade_id(cell) or "")
        for cell in nbformat.read(path, as_version=4).cells
        if is_graded(cell)
    ]


@lru_cache(maxsize=100)
def _read(path: Path, _changed: int) -> Asked:
    notebook = nbformat.read(path, as_version=4)
    title, text, above, tasks = "", "", "", {}
    for cell in notebook.cells:
        name = grade_id(cell)
        if cell.cell_type == "markdown" and name is None:
            first = re.match(r"# +(.*)", cell.source)
            title = title or (first[1].strip() if first else "")
            text = cell.source if HEADING.search(cell.source) else text
        elif name and not is_test(cell):
            tasks[name] = _read_task(cell, name, text, above)
        above = _read_text(cell)
    return Asked(title, tasks)


def _read_text(cell: NotebookNode) -> str:
    """The source of a text cell that learners cannot write in; else nothing."""
    own = is_answer(cell) or cell.cell_type != "markdown"
    return "" if own else str(cell.source)


def _read_task(cell: NotebookNode, name: str, text: str, above: str) -> TaskText:
    """The task of an answer's cell.

    `text` is the last text with a heading, `above` the text cell right above.
    """
    in_words = cell.cell_type == "markdown"
    question = read_question(above) if in_words else ""
    line = _read_summary(cell, name)
    headings = [*HEADING.finditer(text)]
    if not headings:
        return TaskText(line=line, question=question)
    title, body = headings[-1][1], text[headings[-1].end() :].strip()
    hint = HINT.search(body)
    planned = MINUTES.search(body)
    minutes = int(planned[1]) if planned else 0
    return TaskText(title, line, question, hint[1].strip() if hint else "", minutes)


def read_question(text: str) -> str:
    """What a text cell asks, in Markdown: all below its last heading.

    The lines that say how long it takes, and where to read, are left out.
    """
    headings = [*HEADING.finditer(text)]
    body = text[headings[-1].end() :] if headings else text
    paragraphs = body.strip().split("\n\n")
    while paragraphs and any(line.match(paragraphs[0]) for line in (MINUTES, READ)):
        paragraphs.pop(0)
    return "\n\n".join(paragraphs).strip()


def _read_summary(cell: NotebookNode, name: str) -> str:
    """The first line of the docstring of what is to be written."""
    if cell.cell_type != "code":
        return ""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:  # a gap to be filled, as a language sees it
        return ""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""
