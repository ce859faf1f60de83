"""What about a submission an instructor should look at, and why.

These are hints, not verdicts, and nothing of it changes points: what would
gain a point by force is stopped elsewhere. An honest answer has no use for
what is listed here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from grader import untrusted
from grader.assignments.parameters import ANOTHERS
from grader.notebook.answers import ELSEWHERE
from grader.notebook.cells import grade_id, is_answer, is_test
from grader.notebook.failures import BELIEVED, Check
from grader.untrusted import VARIANT

NOT_WRITTEN = "raise NotImplementedError"
MOST = 8  # reasons for one submission; the first say enough
COMMANDS, LONGEST = 10, 50_000  # IPython's commands in a cell, its characters
COMMAND = re.compile(r"^\s*[%!?/,;]|=\s*[%!]|\?\s*$", re.MULTILINE)
NAMES = {
    "__array_ufunc__": "defines how NumPy compares its values",
    "__array_function__": "defines how NumPy treats its values",
    "__torch_function__": "defines how torch treats its values",
    "__torch_dispatch__": "defines how torch treats its values",
    "__reduce__": "defines what unpickling executes",
    "__reduce_ex__": "defines what unpickling executes",
    "_getframe": "looks at the code that calls it",
    "f_back": "looks at the code that calls it",
    "f_globals": "looks at the variables of other code",
    "get_objects": "searches all objects in memory",
    "get_referrers": "searches all objects in memory",
    "settrace": "watches other code while it runs",
    "setprofile": "watches other code while it runs",
    "ast_transformers": "changes what IPython executes",
    "input_transformers_post": "changes what IPython executes",
    "input_transformers_cleanup": "changes what IPython executes",
    "displayhook": "changes what IPython shows",
    "display_pub": "publishes messages of its own",
    "kernel": "reaches into its own kernel",
    "_exit": "ends its process",
    "__code__": "takes a function apart, or runs another's code",
    "FunctionType": "takes a function apart, or runs another's code",
    "reload": "imports a module anew, as it was before",
    "exec": "runs a text as code",
    "run_cell": "runs a text as code",
    "import_module": "imports what a text names",
    "__import__": "imports what a text names",
    "_ih": "reads the cells that were executed",
}
BARE = {  # as a method it is a network's, or a pattern's
    "eval": "runs a text as code",
    "compile": "makes code of a text",
}
MEMBERS = {
    ("sys", "modules"): "changes or reads what is imported",
    ("os", "system"): "starts processes",
}
MODULES = {
    "atexit": "has code run when Python ends",
    "ctypes": "reads or writes memory",
    "faulthandler": "reads other threads",
    "gc": "searches all objects in memory",
    "inspect": "reads other code",
    "marshal": "loads code",
    "multiprocessing": "starts processes",
    "pickle": "loads objects that may execute code",
    "pty": "starts processes",
    "requests": "uses the network",
    "signal": "catches what would stop it",
    "socket": "uses the network",
    "sqlite3": "opens databases",
    "subprocess": "starts processes",
    "threading": "runs code beside its cells",
    "urllib": "uses the network",
    "zmq": "sends messages of its own",
    "jupyter_client": "sends messages of its own",
    "nbgrader": "uses the grader's own code",
    "grader": "uses the grader's own code",
}
TEXTS = {
    "/proc": "reads what the system knows of processes",
    "gradebook": "names the gradebook",
    "HIDDEN TESTS": "looks for hidden tests",
    "reference_": "names a reference solution",
    "grading/": "names the grader's folders",
}


def find_reasons(
    notebook: NotebookNode,
    release: NotebookNode,
    checks: list[Check],
    remarks: list[str],
) -> list[str]:
    """Why a person should look at this notebook; usually empty.

    What the released cells do themselves is no reason.
    """
    given = set()
    for cell in release.cells:
        if cell.cell_type == "code":
            given |= set(find_strange_code(cell.source))
    found = [
        remark
        for remark in remarks
        if "had been changed" in remark
        or "two cells are marked" in remark
        or remark.startswith(ELSEWHERE)
        or BELIEVED in remark
    ]
    number = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        number += 1
        if is_test(cell):
            continue
        found += [
            f"code cell {number} {why}"
            for why in dict.fromkeys(find_strange_code(cell.source))
            if why not in given
        ]
    found += [*_without_answer(notebook, checks), *_with_other_values(checks)]
    if len(found) > MOST:
        found = [*found[:MOST], f"and {len(found) - MOST} reasons more"]
    return found


def find_given_up(notebook: NotebookNode, release: NotebookNode) -> list[str]:
    """The tasks whose solutions the learner asked for, as `make answer` notes it."""
    there = {
        name for cell in release.cells if is_answer(cell) and (name := grade_id(cell))
    }
    names = sorted(there.intersection(untrusted.given_up(notebook.metadata)))
    return [f"asked for the course's solution of {', '.join(names)}"] if names else []


def find_strange_code(source: str) -> list[str]:
    """Code in a cell that an honest answer does not need."""
    if source.lstrip().startswith("%%"):  # it gets the cell, and may execute it
        first, _, rest = source.lstrip().partition("\n")
        return find_strange_code(first.partition(" ")[2]) + find_strange_code(rest)
    try:
        return list(_walk_strange(_parse(source)))
    except Hidden as why:
        return [str(why)]
    except RecursionError:
        return ["is nested so deeply that it cannot be read"]
    except (SyntaxError, ValueError, MemoryError):
        return []  # it cannot run either


class Hidden(Exception):
    """Why a cell that may run is not read."""


def _parse(source: str) -> ast.Module:
    """The cell as Python, with IPython's own commands as the calls they are.

    IPython reads the cell again after each of them.
    """
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        commands = len(COMMAND.findall(source))
        if not commands:
            raise
    if commands > COMMANDS or len(source) > LONGEST:
        raise Hidden("has too many of IPython's commands to be read")
    try:
        python = TransformerManager().transform_cell(source)
    except Exception as error:  # whatever a cell may hold
        raise ValueError from error
    return ast.parse(python)


def _walk_strange(tree: ast.Module) -> Iterator[str]:
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                imported.add(alias.asname or alias.name.split(".")[0])
    for node in ast.walk(tree):
        yield from _of_node(node, imported)


def _of_node(node: ast.AST, imported: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.split(".")[0]
            if top in MODULES:
                yield f"imports {top}: {MODULES[top]}"
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield from _explain_member(node.module or "", alias.name)
                if alias.name in NAMES:
                    yield f"uses {alias.name}: {NAMES[alias.name]}"
    elif isinstance(node, ast.Attribute):
        if node.attr in NAMES:
            yield f"uses {node.attr}: {NAMES[node.attr]}"
        yield from _explain_member(_find_root(node), node.attr)
        if isinstance(node.ctx, ast.Store) and _find_root(node) in imported:
            yield f"replaces {ast.unparse(node)[:60]}"
    elif isinstance(node, ast.FunctionDef) and node.name in NAMES:
        yield f"defines {node.name}: {NAMES[node.name]}"
    elif isinstance(node, ast.Name) and node.id in NAMES | BARE:
        yield f"uses {node.id}: {(NAMES | BARE)[node.id]}"
    elif isinstance(node, ast.Call) and "run_line_magic" in ast.unparse(node.func):
        for part in node.args[1:]:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield from find_strange_code(part.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        for text, why in TEXTS.items():
            if text in node.value:
                yield f"has the text {text!r}: {why}"


def _explain_member(module: str, name: str) -> Iterator[str]:
    if why := MEMBERS.get((module, name)):
        yield f"uses {module}.{name}: {why}"


def _find_root(node: ast.expr) -> str:
    """The name that a chain of attributes begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def find_other_values(submitted: Any, released: Any) -> list[str]:
    """Whether a notebook's metadata says that it was handed out with other values.

    It is only told: the roster and the secret decide by which tests it is graded.
    """
    due, got = released.get(VARIANT), untrusted.variant(submitted)
    if not due or not got or got == due:
        return []
    return [f"the notebook was made with {ANOTHERS}; it was graded with your own"]


def _with_other_values(checks: list[Check]) -> Iterator[str]:
    """Tasks whose answer is right in another learner's notebook."""
    for check in checks:
        told = [check.get("failure"), *check.get("others", [])]
        if any(one and ANOTHERS in one.get("mistake", "") for one in told):
            yield f"{check['id']} has {ANOTHERS}"


def _without_answer(notebook: NotebookNode, checks: list[Check]) -> list[str]:
    """Tasks with points whose answer was never written."""
    blank = {
        name
        for cell in notebook.cells
        if (name := grade_id(cell))
        and NOT_WRITTEN in cell.source
        and _raises_at_once(cell.source, name)
    }
    return [
        f"{check['id']} has points, though its answer is not written"
        for check in checks
        if check["points"] and check["id"].removeprefix("test_") in blank
    ]


def _raises_at_once(source: str, name: str) -> bool:
    """Whether what is asked for does nothing but raise the stub's error.

    A right answer may raise it too: in a case that is not asked for, or
    below its last line, where the stub had it.
    """
    try:
        body = _parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError, Hidden):
        return False  # it gives no points either
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            body = node.body
    methods = [node for node in body if isinstance(node, ast.FunctionDef)]
    return any(map(_is_stub, [body, *(method.body for method in methods)]))


def _is_stub(body: list[ast.stmt]) -> bool:
    """Whether the first statement, past a docstring, is the stub's."""
    said = [
        node
        for node in body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return bool(said) and ast.unparse(said[0]).startswith(NOT_WRITTEN)
