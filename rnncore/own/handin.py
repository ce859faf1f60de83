"""Takes functions of the reader's package into the notebook to hand in.

A notebook is graded by itself, so `make check` writes what a closed-book
task asks for into its answer cell: the function, and all that it needs of
the package. It does so where the cell is empty, or still as this module
wrote it.
"""

import ast
import builtins
import dis
import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

from rnncore.checking.find import PACKAGE
from rnncore.own.loading import load
from rnncore.own.tasks import FOLDER, TASKS, is_stub
from rnncore.storage.files import whole_file

Imports = dict[str, set[str]]  # names by what stands before `import`
FUTURE = "__future__"
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
        try:
            old, new = _text(cell), mark_origin(own.functions[name])
        except NotTaken as why:
            said.append(f"{name}: not taken from {where}: {why}")
            continue
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


class NotTaken(Exception):
    """Why a function cannot work in a notebook, in words."""


def source_of(function: Callable) -> str:
    """A function with the imports and definitions that it needs.

    What it uses of another file's tasks is imported from the course's
    package, as there is no other where the notebook is graded; helpers of
    other files are brought along.

    Raises NotTaken where it cannot work there.
    """
    folder = Path(function.__code__.co_filename).parent
    file = function.__module__.rpartition(".")[2]
    needs = Needs(folder)
    needs.collect(file, function.__name__)
    made = needs.as_text()
    needs.check_data()
    _check_alone(made)
    return made


class Needs:
    """What a function needs of its package, in the order of its use."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.imports: Imports = {}
        self.bodies: dict[tuple[str, int], str] = {}
        self.values: dict[str, tuple[str, Any]] = {}  # by names, with files

    def as_text(self) -> str:
        """Imports first, then the definitions."""
        modules = sorted(
            self.imports, key=lambda m: (FUTURE not in m, "rnncore" in m, m)
        )
        lines = [
            f"{module} import {', '.join(sorted(self.imports[module]))}"
            for module in modules
        ]
        head = ["\n".join(map(str.lstrip, lines))] if lines else []
        return "\n\n\n".join([*head, *self.bodies.values()])

    def collect(self, file: str, name: str) -> None:
        """Add what defines a name of a file, after all that this uses."""
        text = (self.folder / f"{file}.py").read_text(encoding="utf-8")
        for line in ast.parse(text).body:
            if isinstance(line, ast.ImportFrom):
                self._look_at_all(line, file)
            if (
                name not in _bound(line)
                or (file, line.lineno) in self.bodies
            ):
                continue
            if isinstance(line, ast.ImportFrom | ast.Import):
                alias = next(a for a in line.names if _as(a) == name)
                self._import(file, line, alias)
            else:
                self._define(file, name, line, text)

    def _look_at_all(self, line: ast.ImportFrom, file: str) -> None:
        """An import that concerns a whole file."""
        if line.module == FUTURE:
            for alias in line.names:
                self._add_import(f"from {FUTURE}", alias)
        if line.names[0].name == "*":
            raise NotTaken(
                f"{PACKAGE}/{file}.py, line {line.lineno}: expected names, "
                "got `import *`, which does not say what is needed"
            )

    def _import(
        self, file: str, line: ast.Import | ast.ImportFrom, alias: ast.alias
    ) -> None:
        """A name that another module gives: the package's, or not."""
        if (own := _own_file(line, alias)) is None:
            module = getattr(line, "module", "")
            self._settle(_as(alias), file)
            self._add_import(f"from {module}" if module else "", alias)
            return
        name = alias.asname or alias.name
        path = self.folder / f"{own}.py"
        if isinstance(line, ast.Import) or not own or not path.is_file():
            raise NotTaken(
                f"{PACKAGE}/{file}.py, line {line.lineno}: expected "
                f"`from .FILE import NAME`, with a file of {PACKAGE}/, got "
                f"`{ast.unparse(line)}`: a notebook has no such module"
            )
        task = TASKS.get(alias.name)
        if task and task.file == own:
            self._settle(name, file)
            self._add_import(f"from {task.module}", alias)
            return
        self.collect(own, alias.name)
        if name != alias.name:
            self._settle(name, file)
            self.bodies[file, line.lineno] = f"{name} = {alias.name}"

    def _define(
        self, file: str, name: str, line: ast.stmt, text: str
    ) -> None:
        """A definition, after what it uses; it may name itself."""
        for bound in _bound(line):
            self._settle(bound, file)
        self.bodies[file, line.lineno] = ""
        for used in sorted(_find_used(line) - {name}):
            self.collect(file, used)
        del self.bodies[file, line.lineno]
        starts = [d.lineno for d in getattr(line, "decorator_list", [])]
        first = min([line.lineno, *starts])
        rows = text.splitlines()[first - 1 : line.end_lineno]
        self.bodies[file, line.lineno] = "\n".join(rows)

    def _settle(self, name: str, file: str) -> None:
        """A notebook has one of each name, whatever file it is of."""
        value = vars(sys.modules[f"{PACKAGE}.{file}"]).get(name)
        other, first = self.values.setdefault(name, (file, value))
        if first is not value:
            raise NotTaken(
                f"expected one {name}, got two, of {other}.py and of "
                f"{file}.py, one in a notebook: rename one of them"
            )

    def _add_import(self, module: str, alias: ast.alias) -> None:
        self.imports.setdefault(module, set()).add(ast.unparse(alias))

    def check_data(self) -> None:
        """Refuse code that names a file of data of the package."""
        there = {
            path.name
            for path in self.folder.iterdir()
            if path.suffix not in (".py", ".pyc") and path.is_file()
        }
        for body in self.bodies.values():
            for node in ast.walk(ast.parse(body)):
                if isinstance(node, ast.Constant) and (
                    (name := str(node.value).rpartition("/")[2]) in there
                ):
                    raise NotTaken(
                        f"it reads {PACKAGE}/{name}, and a notebook is "
                        "graded without that file"
                    )


def _check_alone(made: str) -> None:
    """Raises NotTaken where a name is nowhere in what was made.

    The top lines run: they have run before, in their files.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(compile(made, "<cell>", "exec", dont_inherit=True), names)  # noqa: S102
    except Exception as error:
        raise NotTaken(
            f"it runs in its file, and in a notebook it gives "
            f"{type(error).__name__}: {error}"
        ) from error
    known = names.keys() | vars(builtins).keys()
    missing = sorted(_find_globals(compile(made, "", "exec")) - known)
    if missing:
        raise NotTaken(
            f"it uses {', '.join(missing)}, which a notebook does not have"
        )


def _find_globals(code: CodeType) -> set[str]:
    """The global names that code and all inside it read."""
    found = {
        str(step.argval)
        for step in dis.get_instructions(code)
        if step.opname == "LOAD_GLOBAL"
    }
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return found.union(*map(_find_globals, inner))


def _bound(line: ast.stmt) -> set[str]:
    """The names that a line at the top of a file gives a value."""
    if isinstance(line, ast.FunctionDef | ast.ClassDef):
        return {line.name}
    if isinstance(line, ast.Import | ast.ImportFrom):
        return {_as(alias) for alias in line.names}
    found = set()
    for node in ast.walk(line):  # of an `if` or a `try`, all in it
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {_as(alias) for alias in node.names}
    return found


def _find_used(line: ast.stmt) -> set[str]:
    return {
        node.id
        for node in ast.walk(line)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _as(alias: ast.alias) -> str:
    return (alias.asname or alias.name).split(".")[0]


def _own_file(
    line: ast.Import | ast.ImportFrom, alias: ast.alias
) -> str | None:
    """The file of the reader's package that an import is from, if any.

    It is empty where the package itself is imported from.
    """
    if isinstance(line, ast.Import):
        module = alias.name
    else:
        above = [PACKAGE] if line.level else []
        module = ".".join([*above, *filter(None, [line.module])])
    package, _, file = module.partition(".")
    return file if package == PACKAGE else None
