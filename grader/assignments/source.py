"""An assignment's text source: its cells, and the parts of its tests.

From solutions/NAME/NAME.py comes all else; solutions/README.md describes
the format.
"""

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import jupytext

from grader import ROOT
from grader.assignments.parameters import (
    PLACE,
    Parameters,
    Value,
    Values,
    choose_usual,
    fill_in,
    fingerprint_values,
    read_parameters,
    vary,
)
from grader.notebook.names import find_bound_names, free_names

BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
HEADING = "# %% [markdown]"  # the first line; behind it kind="short", draft=true
RAW = re.MULTILINE | re.DOTALL
BARE = ("experiment", "parameters")  # whose heading may be the word alone
KINDS = ("solution", "test", "mistakes", "mutants", "answer", *BARE)


class SourceCell(NamedTuple):
    """One cell of an assignment's source."""

    kind: str  # one of KINDS, or "text", or "code"
    name: str  # the task's, for the kinds that belong to one
    source: str
    options: dict[str, Any]  # points, closed_book, of, explained, seconds
    file: str = ""  # that holds it
    line: int = 1  # its first line in the file


class Assignment(NamedTuple):
    """An assignment as its text source has it."""

    name: str
    folder: Path
    cells: list[SourceCell]
    values: Mapping[str, Value] = MappingProxyType({})  # of its parameters
    variant: str = ""  # the fingerprint of values that were given to it

    def of(self, kind: str) -> dict[str, SourceCell]:
        """The cells of one kind, by their task's name."""
        return {c.name: c for c in self.cells if c.kind == kind}

    @property
    def short(self) -> bool:
        """Whether it is an instructor's own, which may leave parts out."""
        return self.cells[0].options.get("kind") == "short"

    @property
    def draft(self) -> bool:
        """Whether it is unfinished: rules only warn, and it is not released."""
        return self.cells[0].options.get("draft") is True


def folder_of(name: str) -> Path:
    """The path of an assignment's source."""
    return ROOT / "solutions" / name


def list_assignments() -> list[str]:
    """The folders with a text source: chapters in order, others, the capstone."""
    plain = plain_names()
    folders = {p.parent.name for p in (ROOT / "solutions").glob("[!._]*/*.py")}
    return sorted(
        folders.difference(plain), key=lambda n: (n == "capstone", n[:2] != "ch", n)
    )


def plain_names() -> list[str]:
    """The folders with nbgrader's source notebooks, and no NAME.py."""
    folders = {path.parent for path in (ROOT / "solutions").glob("[!._]*/*.ipynb")}
    return sorted(f.name for f in folders if not (f / f"{f.name}.py").exists())


def read(name: str, values: Values | None = None) -> Assignment:
    """Read an assignment's text source, with the usual values or those given.

    Raises ValueError if there is no such file, or no first heading.
    """
    text, file = _read_text(name)
    if not text.startswith(HEADING):
        got = text.partition("\n")[0]
        raise ValueError(f"{file}:1: expected {HEADING} ..., got {got!r}")
    parameters = read_parameters(text, file)
    chosen = _complete(parameters, values or {})
    cells = _read_cells(fill_in(text, chosen, file), file)
    kept = [cell for cell in cells if cell.kind != "parameters"]
    variant = fingerprint_values(values) if values else ""  # as handed out
    return Assignment(name, folder_of(name), kept, chosen, variant)


def _read_text(name: str) -> tuple[str, str]:
    """A source's text, and its file from the course's folder."""
    folder = folder_of(name)
    path = folder / f"{name}.py"
    if not path.exists():
        got = ", ".join(p.name for p in folder.glob("*.py")) or "no file"
        raise ValueError(f"solutions/{name}: expected {name}.py, got {got}")
    return path.read_text("utf-8"), str(path.relative_to(ROOT))


def _complete(parameters: Parameters, values: Values) -> Values:
    """The values of the parameters there are: what is new has its usual one."""
    usual = choose_usual(parameters)
    return usual | {name: values[name] for name in usual.keys() & values.keys()}


def list_parameters(name: str) -> Parameters:
    """An assignment's parameters; none where it has no text source, or leaves none.

    Raises ValueError where its source says it wrongly.
    """
    if not (folder_of(name) / f"{name}.py").exists():
        return {}
    return read_parameters(*_read_text(name))


def list_varied_tasks(name: str) -> list[str]:
    """The code tasks whose right answer differs between variants."""
    tasks = read(name).of("solution") if list_parameters(name) else {}
    return [task for task in tasks if list_other_solutions(read(name), task)]


def list_other_solutions(assignment: Assignment, task: str) -> list[str]:
    """The right answers to a task in all other variants, each text once."""
    text, file = _read_text(assignment.name)
    parameters = read_parameters(text, file)
    found = re.search(rf'^# %% solution="{task}".*?(?=^# %%)', text, RAW)
    names = {place[1] for place in PLACE.finditer(found[0])} if found else set()
    others = dict.fromkeys(
        read(assignment.name, values).of("solution")[task].source
        for values in vary(assignment.values, parameters, names)
    )
    others.pop(assignment.of("solution")[task].source, None)
    return list(others)


@cache  # jupytext needs 0.1 s
def _read_cells(text: str, file: str) -> tuple[SourceCell, ...]:
    headings = re.finditer(r"^# %%.*\n+", text, re.MULTILINE)
    raws = jupytext.reads(text, "py:percent").cells
    cells = []
    for raw, heading in zip(raws, headings, strict=True):
        options = dict(raw.metadata)
        options.pop("lines_to_next_cell", None)
        if (title := options.get("title")) in BARE:
            options[title] = ""
        kind = next((k for k in KINDS if k in options), None)
        plain = "code" if raw.cell_type == "code" else "text"
        task = options.pop(kind, "") if kind else ""
        line = text.count("\n", 0, heading.end()) + 1
        cells.append(SourceCell(kind or plain, task, raw.source, options, file, line))
    return tuple(cells)


@cache
def _split_statements(source: str) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """Of each top-level statement: source, names, whether it can be called."""
    return tuple(
        (
            ast.get_source_segment(source, node) or "",
            tuple(find_bound_names(node)),
            isinstance(node, ast.FunctionDef | ast.ClassDef),
        )
        for node in ast.parse(source).body
    )


def find_references(assignment: Assignment, hidden: str) -> str:
    """Source of each `reference_NAME` that hidden tests use.

    NAME is a solution or a function of the notebook; what it needs comes
    with it. All functions of the notebook are renamed, so that nothing of
    a learner's is called.
    """
    made: dict[str, str] = {}  # name: source of its top-level statement
    renamed = []
    for cell in assignment.cells:
        if cell.kind not in ("code", "solution"):
            continue
        for text, bound_here, is_called in _split_statements(cell.source):
            for name in bound_here:
                made[name] = text
                if is_called:
                    renamed.append(name)
    wanted = set(re.findall(r"\breference_(\w+)", hidden))
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in made:
            raise ValueError(
                f"{assignment.name}: reference_{name}: the notebook defines no {name}"
            )
        needed.add(name)
        wanted |= (free_names(made[name]) & set(made)) - needed
    texts = dict.fromkeys(t for n, t in made.items() if n in needed)
    source = "\n".join(texts)
    source = re.sub(r" *### (BEGIN|END) SOLUTION\n", "", source + "\n")
    for name in renamed:
        source = re.sub(rf"(?<![\w.]){name}\b", f"reference_{name}", source)
    return source


def visible_part(test: SourceCell) -> str:
    """What a learner sees of a test, down to its hidden part."""
    return test.source.split(BEGIN)[0]


def test_parts(assignment: Assignment, cell: SourceCell) -> tuple[str, str, str]:
    """A test's visible part, its hidden part with references, the rest."""
    if BEGIN not in cell.source:
        return cell.source, "", ""
    visible, rest = cell.source.split(BEGIN)
    hidden, after = rest.split(END)
    return visible, find_references(assignment, hidden) + hidden, after
