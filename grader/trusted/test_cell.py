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
from grader.notebook.explain import hidden_lines
from grader.notebook.names import BUILTINS, Names, free_names
from grader.trusted.proxies import SPACE, Link
from rnncore import testing
from rnncore.backend import named_leaves
from rnncore.testing import checks


class Space:
    """The names that tests see: their own, the assignment's, handles."""

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
    value, failed = None, None
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
            failed = _error_output(error, cell, count, file, link)
    cell.execution_count = count
    cell.outputs = [
        new_output("stream", name=name, text=text)
        for name, text in (
            ("stdout", out.getvalue()),
            ("stderr", err.getvalue()),
        )
        if text
    ]
    if failed is not None:
        cell.outputs.append(failed)
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
        copy = plain(args)
        for _, leaf in named_leaves(copy):
            if hasattr(leaf, "dtype"):
                link.lend(leaf)
        return copy

    plain = checks.lend
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


def _error_output(
    error: Exception, cell: NotebookNode, count: int, file: str, link: Link
) -> NotebookNode:
    """An error as a kernel writes it; a hidden one without the learner's
    words, which may hold what it saw."""
    kind = type(error).__name__
    if isinstance(error, AssertionError):
        kind = "AssertionError"
    text = str(error)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    notes = getattr(error, "__notes__", [])
    first = frames[0].lineno if frames else None
    hidden = hidden_lines(cell.source)
    if hidden and (first is None or first in hidden):
        text, notes = without(text, link.heard), []
    where = [
        f"Cell In[{count}], line {frame.lineno}\n----> {frame.line}"
        for frame in frames
    ]
    return new_output(
        "error",
        ename=kind,
        evalue=text[:10_000],
        traceback=[*where, *notes, f"{kind}: {text[:10_000]}"],
    )


def without(text: str, heard: list[str]) -> str:
    """A text without the learner's own words."""
    parts = {line for words in heard for line in words.split("\n")}
    parts |= set(heard)
    parts |= {repr(part)[1:-1] for part in parts}
    for part in sorted(parts, key=len, reverse=True):
        if len(part.strip()) > 2:
            text = text.replace(part, "...")
    return text
