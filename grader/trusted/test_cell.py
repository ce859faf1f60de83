"""Runs a test cell in this process, with the learner's names over there."""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import linecache
import signal
import threading
import traceback
from collections.abc import Iterator
from types import FrameType
from typing import Any
from unittest import mock

from nbformat import NotebookNode
from nbformat.v4 import new_output

from grader.isolation.session import Ended
from grader.notebook.failures import fail, is_hidden
from grader.notebook.names import BUILTINS, Names, free_names
from grader.trusted.proxies import SPACE, Link
from rnncore import testing
from rnncore.backend import named_leaves
from rnncore.testing import checks
from rnncore.testing.failure import failure_of


class Space:
    """The names that tests see: their own, the assignment's, proxies."""

    def __init__(self, names: Names):
        self.names = names
        self.values: dict[str, Any] = {
            "__name__": SPACE,
            "__builtins__": builtins,
        }

    def provide(self, source: str, link: Link) -> None:
        """Make what some source takes from elsewhere ready to be used."""
        for name in sorted(free_names(source)):
            self._provide(name, link, direct=True)

    def _provide(self, name: str, link: Link, *, direct: bool) -> None:
        if name in self.names.asked:
            self._fetch(name, link, self.names.asked[name])
        elif name in self.values:
            return
        elif name in self.names.given:
            self._execute(self.names.given[name], link)
        elif name in BUILTINS:
            return
        elif direct or name not in self.names.constants:
            self._fetch(name, link, "value")
        else:
            self._execute(self.names.constants[name], link)

    def _fetch(self, name: str, link: Link, kind: str) -> None:
        self.values.pop(name, None)
        with contextlib.suppress(NameError):  # the test will meet it
            self.values[name] = link.name(name, kind)

    def _execute(self, node: ast.stmt, link: Link) -> None:
        """Define what the assignment gives, with all that it needs."""
        for name in sorted(free_names(ast.unparse(node))):
            self._provide(name, link, direct=False)
        module = ast.Module([node], [])
        exec(compile(module, "<given>", "exec"), self.values)  # noqa: S102


def run_test(
    cell: NotebookNode, count: int, space: Space, link: Link, seconds: float
) -> None:
    """Run a test cell and leave its outputs as a kernel does.

    Raises Ended where the learner's process or the time is used up.
    """
    file = f"<test cell {count}>"
    lines = cell.source.splitlines(keepends=True)
    linecache.cache[file] = (len(cell.source), None, lines, file)
    out, err = io.StringIO(), io.StringIO()
    value, raised = None, None
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _lending(link),
        _at_most(seconds),
    ):
        try:
            space.provide(cell.source, link)
            value = _evaluate(cell.source, file, space.values)
        except Exception as error:  # noqa: BLE001 - the test has failed
            raised = error
    cell.execution_count = count
    cell.outputs = [
        new_output("stream", name=name, text=text)
        for name, text in (
            ("stdout", out.getvalue()),
            ("stderr", err.getvalue()),
        )
        if text
    ]
    if raised is not None:
        _fail(cell, raised, file)
    elif value is not None:
        cell.outputs.append(
            new_output(
                "execute_result",
                {"text/plain": repr(value)},
                execution_count=count,
            )
        )


def _evaluate(source: str, file: str, values: dict[str, Any]) -> Any:
    """Execute a cell; the value of its last line, if that is one."""
    tree = ast.parse(source, file)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)  # type: ignore
    exec(compile(tree, file, "exec"), values)  # noqa: S102 - the tests
    return last and eval(compile(last, file, "eval"), values)


@contextlib.contextmanager
def _lending(link: Link) -> Iterator[None]:
    """Let `lend` tell the link what may be changed."""

    def lend(args: dict[str, Any]) -> dict[str, Any]:
        copy = original(args)
        for _, leaf in named_leaves(copy):
            if hasattr(leaf, "dtype"):
                link.lend(leaf)
        return copy

    original = checks.lend
    with (
        mock.patch.object(checks, "lend", lend),
        mock.patch.object(testing, "lend", lend),
    ):
        yield


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise Ended when the time is over, also where the test computes."""
    if threading.current_thread() is not threading.main_thread():
        yield  # the link has a limit of its own
        return

    def over(_number: int, _frame: FrameType | None) -> None:
        raise Ended("TimeLimit", "used up its time")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _fail(cell: NotebookNode, error: Exception, file: str) -> None:
    """Leave what a test raised; of a hidden one, without its values."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    line = (frames[0].lineno if frames else 0) or 0
    failure = failure_of(error)._replace(line=line)
    notes = getattr(error, "__notes__", [])
    if is_hidden(cell.source, line):
        failure, notes = failure.masked(), []
    where = [
        f"Cell In[{cell.execution_count}], line {frame.lineno}\n"
        f"----> {frame.line}"
        for frame in frames
    ]
    fail(cell, failure, cell.outputs, [*where, *notes])
