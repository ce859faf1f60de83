"""A notebook computes with the reader's functions, and says with which.

An extension of IPython. In all cells but the tests, a name that is
imported from the course's package is the reader's where it is written; an
import under another name, as in `bptt as book_bptt`, stays the course's.
So does all that a test uses but the function that it tests. A test is a
cell that the notebook's file marks as one.
"""

import ast
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnncore.checking.client import read_cells
from rnncore.checking.find import PACKAGE, NotebookError
from rnncore.own.handin import is_taken
from rnncore.own.loading import Own, load, read_files, read_helpers
from rnncore.own.tasks import FOLDER, TASKS, course_function, is_stub


def load_ipython_extension(shell: Any) -> None:
    """Let a shell's notebook compute with the reader's functions."""
    Notebook(shell, FOLDER, Path.cwd()).register()


class Marks:
    """Which cells the notebooks of a folder mark as tests, by their text.

    A kernel is told a cell's text, not its mark. A test's text is locked.
    """

    def __init__(self, place: Path):
        self.place = place
        self.saved: object = None
        self.tests: dict[str, str] = {}

    def find_tested(self, source: str) -> str | None:
        """The task that a cell tests, or None if it is no test."""
        saved = [
            (path, path.stat().st_mtime_ns)
            for path in sorted(self.place.glob("*.ipynb"))
        ]
        if saved != self.saved:
            self.saved, self.tests = saved, {}
            for path, _ in saved:
                with contextlib.suppress(NotebookError):  # has no test
                    for cell in read_cells(path):
                        task = cell["test"].removeprefix("test_")
                        if task:
                            self.tests[cell["source"].strip()] = task
        return self.tests.get(source.strip())


class Notebook(ast.NodeTransformer):
    """One notebook's names, and whose each of them is."""

    def __init__(self, shell: Any, folder: Path, place: Path):
        self.shell, self.folder = shell, folder
        self.marks = Marks(place)
        self.tested: str | None = None  # by the cell that runs
        self.own = Own({}, [], {})
        self.texts: object = None
        self.source = ""

    def register(self) -> None:
        """Be told of each cell, before it runs and after."""
        self.shell.events.register("pre_run_cell", self.before_cell)
        self.shell.events.register("post_run_cell", self.after_cell)
        self.shell.ast_transformers.append(self)

    def before_cell(self, info: Any) -> None:
        """Load what has changed; in a test, the course's stand in."""
        self.source = info.raw_cell
        self._refresh()
        self.tested = self.marks.find_tested(self.source)
        if self.tested is not None:
            for name, own in self.own.functions.items():
                if name != self.tested:
                    self._replace(name, own, course_function(name))

    def after_cell(self, result: Any) -> None:
        """What a test has imported is the reader's again."""
        self.source, self.tested = "", None
        for name, own in self.own.functions.items():
            self._replace(name, course_function(name), own)

    def _refresh(self) -> None:
        """Load the package anew where a file of it has changed."""
        texts = read_files(self.folder), read_helpers(self.folder)
        if texts == self.texts:
            return
        self.texts, old = texts, self.own
        self.own = load(self.folder)
        print(self.own.says())
        for name in TASKS:
            course = course_function(name)
            new = self.own.functions.get(name, course)
            self._replace(name, old.functions.get(name, course), new)

    def _replace(self, name: str, old: Callable, new: Callable) -> None:
        """Give a name of the notebook another function, if it has `old`."""
        if self.shell.user_ns.get(name) is old:
            self.shell.user_ns[name] = new

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """A cell: its imports, and the answer that the package holds."""
        if self.tested is None:
            lines: list[ast.stmt] = []
            for line in node.body:
                lines += self._lent(line)
            node.body = lines
        return node

    def _lent(self, line: ast.stmt) -> list[ast.stmt]:
        if isinstance(line, ast.ImportFrom):
            return self._imports(line)
        if isinstance(line, ast.FunctionDef):
            own = line.name in self.own.functions
            if own and (is_stub(line) or is_taken(self.source)):
                alias = [ast.alias(line.name)]
                return [_import(line, TASKS[line.name].file, alias)]
        return [line]

    def _imports(self, line: ast.ImportFrom) -> list[ast.stmt]:
        """An import, without what the reader has written, and that."""
        rest: list[ast.alias] = []
        lent: list[ast.stmt] = []
        for alias in line.names:
            task = TASKS.get(alias.name)
            own = alias.name in self.own.functions
            renamed = alias.asname not in (None, alias.name)
            if task and own and not renamed and task.module == line.module:
                lent.append(_import(line, task.file, [alias]))
            else:
                rest.append(alias)
        if not lent:
            return [line]
        line.names = rest
        return [line, *lent] if rest else lent


def _import(at: ast.stmt, file: str, names: list[ast.alias]) -> ast.stmt:
    """An import from the reader's package, in the place of a line."""
    made = ast.ImportFrom(f"{PACKAGE}.{file}", names, 0)
    return ast.fix_missing_locations(ast.copy_location(made, at))
