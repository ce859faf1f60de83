"""The names of an assignment: which are the learner's, which are given."""

from __future__ import annotations

import ast
import builtins
import symtable
from typing import Any

from nbformat import NotebookNode

from grader.notebook.cells import is_answer, is_locked

BUILTINS = frozenset(dir(builtins))
KINDS = "function", "class", "value"
OBJECT = "an object"  # what a person sees of a name that an answer chose
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Names:
    """What the released notebook defines, cell by cell."""

    def __init__(self, release: NotebookNode, kinds: dict[str, str] | None = None):
        self.asked: dict[str, str] = {}  # of the learner: name -> kind
        self.given: dict[str, ast.stmt] = {}  # functions, classes, imports
        self.constants: dict[str, ast.stmt] = {}
        for cell in release.cells:
            if cell.cell_type != "code":
                continue
            if not is_locked(cell):
                self._read(cell.source, is_answer(cell))
        for name, kind in (kinds or {}).items():
            if name not in self.given and kind in KINDS:
                self.asked.setdefault(name, kind)
            elif name not in self.asked and kind not in KINDS:
                self.given.setdefault(name, ast.parse(kind).body[0])

    def _read(self, source: str, asked: bool) -> None:
        try:
            body = ast.parse(source).body
        except SyntaxError:  # magics, or a gap for the learner to fill
            return
        for node in body:
            for name in find_bound_names(node):
                if asked:
                    if not isinstance(node, ast.Import | ast.ImportFrom):
                        self.asked[name] = _name_kind(node)
                elif isinstance(node, Definition | ast.Import | ast.ImportFrom):
                    self.given.setdefault(name, node)
                else:
                    self.constants.setdefault(name, node)


def kinds_of(source: NotebookNode) -> dict[str, str]:
    """What the course's own solution defines, by name.

    Each is a "function", a "class" or a "value", or the statement that
    imports it: a stock notebook's stub often names nothing.
    """
    imports: dict[str, str] = {}
    for cell in source.cells:
        if cell.cell_type == "code" and is_answer(cell):
            imports |= _read_imports(cell.source)
    return imports | Names(source).asked


def _read_imports(source: str) -> dict[str, str]:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return {}
    return {
        name: ast.unparse(node)
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in find_bound_names(node)
    }


def _name_kind(node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef):
        return "class"
    return "function" if isinstance(node, Definition) else "value"


def cell_metadata(grade_id: str, **flags: object) -> dict[str, Any]:
    """nbgrader's metadata of a cell; what isn't said is False."""
    roles = dict.fromkeys(("grade", "solution", "locked", "task"), False)
    known = {"schema_version": 3, "grade_id": grade_id}
    return {"nbgrader": known | roles | flags}


def find_bound_names(node: ast.stmt) -> list[str]:
    """The names that a top-level statement binds."""
    if isinstance(node, Definition):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).split(".")[0] for a in node.names]
    return [
        n.id
        for n in ast.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]


def free_names(source: str) -> set[str]:
    """The names that some source takes from elsewhere."""
    top = symtable.symtable(source, "<cell>", "exec")
    tables, used = [top], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {
            s.get_name()
            for s in table.get_symbols()
            if s.is_referenced() and (s.is_global() or table is top)
        }
    own = {
        s.get_name()
        for s in top.get_symbols()
        if s.is_assigned() or s.is_imported() or s.is_namespace()
    }
    return used - own
