"""Takes functions of the reader's package into the notebook to hand in.

A notebook is graded by itself, so `make check` writes what a closed-book
task asks for into its answer cell: the function, and all that it needs of
the package. It does so where the cell is empty, or still as this module
wrote it.
"""

import ast
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnncore.own.loading import load
from rnncore.own.tasks import FILES, FOLDER, PACKAGE, TASKS, is_stub
from rnncore.storage.files import whole_file

Imports = dict[str, set[str]]  # names by what stands before `import`
MARK = re.compile(rf"# from {PACKAGE}/(\w+)\.py \[(\w+)\]\n")


def fill(notebook: Path, folder: Path = FOLDER) -> list[str]:
    """Write the reader's functions into their answer cells.

    What was done, and what was left as it is, in a line each. The file is
    written only where a cell changes.
    """
    if not folder.is_dir():
        return []
    try:
        text = notebook.read_text(encoding="utf-8")
        made = json.loads(text)
        answers = {
            name: cell
            for cell in made["cells"]
            if (name := _answer_name(cell)) in TASKS
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return []  # told by those who read the notebook next
    if not answers:
        return []
    own = load(folder)
    said, changed = list(own.problems), False
    for name, cell in answers.items():
        if name not in own.functions:
            continue
        where = f"{PACKAGE}/{TASKS[name].file}.py"
        old, new = _text(cell), mark_origin(own.functions[name])
        if not (is_taken(old) or _is_empty(old, name)):
            said.append(
                f"{name}: the notebook's answer is kept, not {where}'s; "
                "empty its cell to have that"
            )
        elif old.rstrip("\n") != new.rstrip("\n"):
            cell["source"] = new.splitlines(keepends=True)
            said.append(f"{name}: taken from {where} into the notebook")
            changed = True
    if changed:
        with whole_file(notebook) as file:
            shown = json.dumps(made, indent=1, ensure_ascii=False)
            file.write(f"{shown}\n".encode())
    return said


def _answer_name(cell: dict[str, Any]) -> str:
    """The task whose answer a cell is to hold, or nothing."""
    meta = cell.get("metadata", {}).get("nbgrader", {})
    answers = cell["cell_type"] == "code" and meta.get("solution")
    return str(meta.get("grade_id", "")) if answers else ""


def _text(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _is_empty(source: str, name: str) -> bool:
    """Whether a cell holds nothing but comments or a stub of this name."""
    try:
        lines = ast.parse(source).body
    except (SyntaxError, ValueError):
        return False
    return not lines or (
        len(lines) == 1
        and isinstance(lines[0], ast.FunctionDef)
        and lines[0].name == name
        and is_stub(lines[0])
    )


def mark_origin(function: Callable) -> str:
    """A function's source below a line that says where it is from."""
    source = source_of(function)
    file = function.__module__.rpartition(".")[2]
    return f"# from {PACKAGE}/{file}.py [{_digest(source)}]\n{source}"


def is_taken(source: str) -> bool:
    """Whether a cell is still as `mark_origin` made it."""
    if (mark := MARK.match(source)) is None:
        return False
    return mark[2] == _digest(source[mark.end() :])


def _digest(source: str) -> str:
    text = source.strip().encode()
    return hashlib.sha256(text).hexdigest()[:8]


def source_of(function: Callable) -> str:
    """A function with the imports and definitions that it needs.

    What it uses of another file's tasks is imported from the course's
    package, as there is no other where the notebook is graded.
    """
    folder = Path(function.__code__.co_filename).parent
    file = function.__module__.rpartition(".")[2]
    imports: Imports = {}
    bodies: dict[tuple[str, int], str] = {}
    _collect(folder, file, function.__name__, imports, bodies)
    modules = sorted(imports, key=lambda m: ("rnncore" in m, m))
    lines = [
        f"{module} import {', '.join(sorted(imports[module]))}".lstrip()
        for module in modules
    ]
    head = ["\n".join(lines)] if lines else []
    return "\n\n\n".join([*head, *bodies.values()])


def _collect(
    folder: Path,
    file: str,
    name: str,
    imports: Imports,
    bodies: dict[tuple[str, int], str],
) -> None:
    """Add what defines a name of a file, after all that this uses."""
    text = (folder / f"{file}.py").read_text(encoding="utf-8")
    for line in ast.parse(text).body:
        if name not in _bound(line) or (file, line.lineno) in bodies:
            continue
        if isinstance(line, ast.ImportFrom) and _own_file(line):
            alias = next(a for a in line.names if _as(a) == name)
            other = TASKS.get(alias.name)
            if other and other.file == _own_file(line):
                _add_import(imports, f"from {other.module}", alias)
            elif alias.asname in (None, alias.name):
                _collect(
                    folder, _own_file(line), alias.name, imports, bodies
                )
        elif isinstance(line, ast.ImportFrom | ast.Import):
            alias = next(a for a in line.names if _as(a) == name)
            module = getattr(line, "module", "")
            _add_import(imports, f"from {module}" if module else "", alias)
        else:
            bodies[file, line.lineno] = ""  # it may name itself
            for used in sorted(_find_used(line) - {name}):
                _collect(folder, file, used, imports, bodies)
            del bodies[file, line.lineno]  # after what it uses
            first = min(
                [line.lineno, *(d.lineno for d in _decorators(line))]
            )
            rows = text.splitlines()[first - 1 : line.end_lineno]
            bodies[file, line.lineno] = "\n".join(rows)


def _add_import(imports: Imports, module: str, alias: ast.alias) -> None:
    imports.setdefault(module, set()).add(ast.unparse(alias))


def _bound(line: ast.stmt) -> set[str]:
    """The names that a line at the top of a file gives a value."""
    if isinstance(line, ast.FunctionDef | ast.ClassDef):
        return {line.name}
    if isinstance(line, ast.Import | ast.ImportFrom):
        return {_as(alias) for alias in line.names}
    return {
        node.id
        for node in ast.walk(line)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _find_used(line: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(line)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _decorators(line: ast.stmt) -> list[ast.expr]:
    return getattr(line, "decorator_list", [])


def _as(alias: ast.alias) -> str:
    return (alias.asname or alias.name).split(".")[0]


def _own_file(line: ast.ImportFrom) -> str:
    """The file of the reader's package that a line imports from."""
    module = line.module or ""
    if line.level == 1:
        found = module
    else:
        found = module.removeprefix(f"{PACKAGE}.")
        found = found if found != module else ""
    return found if found in {file.name for file in FILES} else ""
