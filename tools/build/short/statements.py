"""Which statements of a page's code the rest of the page needs.

A book that keeps a part of a page keeps of its code what is shown, and of the
code that goes what the shown code uses: a statement that makes a wanted name or
changes its value, and a `glue` call whose number the text prints. A definition
that a page copies from the package is imported instead.
"""

import ast
import builtins
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from IPython.core.inputtransformer2 import TransformerManager

from tools.site.folded.folded_names import find_names

NOTING = ("glue", "note")  # calls that give a key its number
DRAWING = re.compile("fig|ax")  # what a picture is drawn with
ANYTHING = ".+"
WIDTH = 76  # characters of a printed line of code
# Calls that later code relies on, and the name that such code has.
SETTINGS = {"use_style": "plt", "torch.set_num_threads": "torch"}
DRAWN = "rng"  # a generator that is called or passed on has changed
TAKING = ("pop", "popitem", "popleft")  # methods with a result that change


class Statement(NamedTuple):
    """A statement at the top level of a cell, by its lines in the cell."""

    source: str
    lines: range
    makes: frozenset[str]
    needs: frozenset[str]
    changes: frozenset[str]
    glues: tuple[str, ...]  # patterns of the keys
    kind: str  # "import", "setting", "claim", "shows" something, or ""


def read_statements(code: Sequence[str]) -> list[Statement]:
    """The statements of a cell; of an import, each name is one."""
    text = TransformerManager().transform_cell("\n".join(code))
    found = []
    for node in ast.parse(text).body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
        lines = range(first, node.end_lineno or first + 1)
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += [_read_import(node, alias, lines) for alias in node.names]
            continue
        source = "\n".join(code[k] for k in lines)
        needs, makes = find_names(source)
        found.append(
            Statement(
                source,
                lines,
                frozenset(makes),
                frozenset(needs | _find_own(node)),
                frozenset(_find_changed(node)),
                tuple(_find_glued(node)),
                _tell_kind(node),
            )
        )
    return found


def has_value(statement: Statement) -> bool:
    """Whether Jupyter shows the value of a statement that ends a cell."""
    (node,) = ast.parse(statement.source).body
    return isinstance(node, ast.Expr)


def import_names(names: Iterable[str]) -> list[Statement]:
    """What takes names such as rnncore.rnn.State from the package."""
    found = []
    for name in names:
        module, _, own = name.rpartition(".")
        node = ast.ImportFrom(module, [ast.alias(own)], 0)
        found.append(_read_import(node, node.names[0], range(0)))
    return found


def _read_import(
    node: ast.Import | ast.ImportFrom, alias: ast.alias, lines: range
) -> Statement:
    source = ast.unparse(
        ast.ImportFrom(node.module, [alias], node.level)
        if isinstance(node, ast.ImportFrom)
        else ast.Import([alias])
    )
    made = frozenset({(alias.asname or alias.name).split(".")[0]})
    nothing: frozenset[str] = frozenset()
    return Statement(source, lines, made, nothing, nothing, (), "import")


def _tell_kind(node: ast.stmt) -> str:
    if isinstance(node, ast.Assert):
        return "claim"
    if isinstance(node, ast.Expr):
        called = ast.unparse(node.value).partition("(")[0]
        if called in SETTINGS:
            return "setting"
        return "" if called in NOTING else "claim" if called == "claim" else "shows"
    drawn = any(DRAWING.match(name) for name in _find_changed(node))
    return "shows" if drawn or _calls(node, "print") else ""


def _calls(node: ast.AST, name: str) -> bool:
    calls = (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return any(isinstance(one.func, ast.Name) and one.func.id == name for one in calls)


def _find_own(node: ast.stmt) -> set[str]:
    """The names that an assignment reads and makes: a = a + 1, a += 1."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return set()  # its own names are no one's
    augmented = (i.target for i in ast.walk(node) if isinstance(i, ast.AugAssign))
    own = {name for target in augmented for name in _find_root(target)}
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return own
    loaded = (inner for inner in ast.walk(node.value) if isinstance(inner, ast.Name))
    return own | {name.id for name in loaded if isinstance(name.ctx, ast.Load)}


def _find_changed(node: ast.stmt) -> Iterator[str]:
    """The names whose values a statement may change in place.

    A method whose result nobody takes is called to change something.
    """
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
            if isinstance(inner.value.func, ast.Attribute):
                yield from _find_root(inner.value.func)
        elif isinstance(inner, ast.Call):
            taken = isinstance(inner.func, ast.Attribute) and inner.func.attr in TAKING
            for value in [inner.func, *inner.args]:
                if taken or DRAWN in _find_root(value):
                    yield from _find_root(value)
        elif isinstance(inner, ast.Attribute | ast.Subscript) and isinstance(
            inner.ctx, ast.Store
        ):
            yield from _find_root(inner)
        elif isinstance(inner, ast.AugAssign):
            yield from _find_root(inner.target)


def _find_root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _find_glued(node: ast.stmt) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and ast.unparse(inner.func) in NOTING:
            key = inner.args[0]
            if isinstance(key, ast.Name):  # in the body of such a function
                continue
            parts = key.values if isinstance(key, ast.JoinedStr) else [key]
            yield "".join(
                re.escape(str(part.value))
                if isinstance(part, ast.Constant)
                else ANYTHING
                for part in parts
            )


def find_glues(
    statements: Sequence[Statement], keys: Collection[str], shown: Collection[int]
) -> dict[str, set[int]]:
    """By key: the places of the statements that give it its number.

    Of several whose patterns fit, those with the longest fixed part, and of
    these the ones that are shown, if any is.
    """
    found: dict[str, set[int]] = {}
    for key in keys:
        fits = {
            k: max(len(p.replace(ANYTHING, "")) for p in fitting)
            for k, one in enumerate(statements)
            if (fitting := [p for p in one.glues if re.fullmatch(p, key)])
        }
        most = max(fits.values(), default=0)
        longest = {k for k, fixed in fits.items() if fixed == most}
        found[key] = longest & set(shown) or longest
    return found


def select_needed(statements: Sequence[Statement], roots: Collection[int]) -> set[int]:
    """These statements, by their places, and all that they need.

    Source: Weiser 1981, a static slice backwards, with names for variables.
    """
    fixed = {n for one in statements if one.kind == "import" for n in one.makes}
    fixed |= set(dir(builtins))
    kept: set[int] = set()
    wanted: set[str] = set()
    for k in range(len(statements) - 1, -1, -1):
        one = statements[k]
        changes = one.changes - fixed
        needed = (one.makes | changes) & wanted and one.kind != "claim"
        if k in roots or needed:
            kept.add(k)
            wanted -= one.makes - changes
            wanted |= one.needs | (changes - one.makes)
    used = {name for k in kept for name in statements[k].needs}
    settings = {
        k
        for k, one in enumerate(statements)
        if one.kind == "setting" and SETTINGS[one.source.partition("(")[0]] in used
    }
    new = settings - kept
    return select_needed(statements, {*roots, *settings}) if new else kept


def write_folded(statements: Sequence[Statement]) -> list[str]:
    """The lines of a cell with these statements, its imports first."""
    imports = {one.source for one in statements if one.kind == "import"}
    lines = list(_join_imports(sorted(imports, key=_order)))
    for one in statements:
        if one.kind != "import":
            lines += one.source.split("\n")
    return lines


def _order(source: str) -> tuple[bool, bool, str]:
    return "rnncore" in source, source.startswith("from"), source


def _join_imports(sources: Iterable[str]) -> Iterator[str]:
    """Imports from one module in as few lines as they take."""
    for head, group in groupby(sources, lambda source: source.partition(" import ")[0]):
        line = ""
        for source in group:
            name = source.partition(" import ")[2]
            if not name:  # import numpy as np
                yield source
            elif line and len(f"{line}, {name}") <= WIDTH:
                line += f", {name}"
            else:
                if line:
                    yield line
                line = f"{head} import {name}"
        if line:
            yield line
