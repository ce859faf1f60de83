"""Runs a test cell in this process, with the learner's names over there."""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import inspect
import io
import linecache
import math
import random
import re
import signal
import sys
import threading
import time
import traceback
import types
from collections.abc import Iterator
from types import FrameType
from typing import Any
from unittest import mock

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output

from grader.isolation.session import Ended
from grader.notebook.cells import marks, task_of
from grader.notebook.failures import (
    fail,
    hidden_lines,
    is_hidden,
    mask,
    note,
    round_points,
)
from grader.notebook.names import BUILTINS, OBJECT, Names, find_bound_names, free_names
from grader.trusted.errors import SPACE, Untrusted
from grader.trusted.limited import limit_calls
from grader.trusted.link import MISSING, Link
from grader.trusted.proxies import Proxy, state_of
from rnncore import testing
from rnncore.backend import named_leaves
from rnncore.testing import checks, inputs, mutants, properties
from rnncore.testing.failure import Failure, explain_missing, failure_of
from rnncore.testing.values import is_array, is_plain, without_false_alarms

ALL_NAMES = re.compile(r"\b(globals|vars|locals|dir|eval|exec|__main__)\b")
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


class Main(types.ModuleType):
    """The notebook's module, as `patch("__main__.print")` asks for it."""

    def __init__(self, link: Link):
        super().__init__("__main__")
        object.__setattr__(self, "_link", link)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore
        return self._link.space

    def __getattr__(self, name: str) -> Any:
        try:
            return self._link.space[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.shown.setdefault(name, MISSING)
        self._link.space[name] = value

    def __delattr__(self, name: str) -> None:
        del self._link.space[name]


def type_of(value: Any) -> Any:
    """As `type`, for the learner's objects too."""
    if type(value) is not Proxy:
        return type(value)
    link = state_of(value).link
    line = link.do("class", value)
    known = link.classes.get(line[0])
    return known if known is not None else link.do("type", value)


class _Types(ast.NodeTransformer):
    """Puts `type_of` in the place of `type(x)` and of `x.__class__`."""

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        named = isinstance(node.func, ast.Name) and node.func.id == "type"
        if named and len(node.args) == 1 and not node.keywords:
            return _call_type_of(node, node.args[0])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        self.generic_visit(node)
        if node.attr == "__class__" and isinstance(node.ctx, ast.Load):
            return _call_type_of(node, node.value)
        return node


def _call_type_of(node: ast.expr, value: ast.expr) -> ast.expr:
    name = ast.Name("__type_of__", ast.Load())
    return ast.fix_missing_locations(
        ast.copy_location(ast.Call(name, [value], []), node)
    )


def used_names(source: str) -> set[str]:
    """The names that some source reads or deletes."""
    return {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)
    }


class Space:
    """The names that tests see: their own, the assignment's, proxies."""

    def __init__(self, names: Names):
        self.names = names
        self.values: dict[str, Any] = {"__name__": SPACE, "__builtins__": builtins}
        self.values["__type_of__"] = type_of
        self.hidden: dict[str, Any] = {}
        self.fetched: dict[str, Any] = {}  # of the learner's
        self.shown: set[str] = set()  # names that visible tests make

    def resume(self, kept: dict[str, Any]) -> None:
        """Have the names as they were, and what hidden tests defined."""
        self.values.clear()
        self.values.update(self.hidden | kept)

    def remember(self, kept: dict[str, Any]) -> None:
        """Keep for later hidden tests what was defined since `kept`."""
        self.hidden |= {
            name: value
            for name, value in self.values.items()
            if name not in kept or kept[name] is not value
        }

    def provide(self, source: str, link: Link) -> None:
        """Make what some source takes from elsewhere ready to be used."""
        link.space = self.values
        names = free_names(source) | (used_names(source) & self.names.asked.keys())
        if ALL_NAMES.search(source):
            names |= self.names.asked.keys()
        names |= {name for name in self.fetched if self._is_stale(name, link)}
        for name in sorted(names):
            self._provide(name, link, direct=True)

    def _provide(self, name: str, link: Link, *, direct: bool) -> None:
        if name in self.names.asked:
            self._fetch(name, link, self.names.asked[name])
        elif name in self.values and not self._is_stale(name, link):
            return
        elif name in self.names.given:
            self._execute(self.names.given[name], link)
        elif name in BUILTINS:
            return
        elif direct or name not in self.names.constants:
            self._fetch(name, link, "value")
        else:
            self._execute(self.names.constants[name], link)

    def _is_stale(self, name: str, link: Link) -> bool:
        """Whether a name stands for what another test's process has."""
        found = self.values.get(name)
        return found is self.fetched.get(name, MISSING) and name not in link.shown

    def _fetch(self, name: str, link: Link, kind: str) -> None:
        self.values.pop(name, None)
        with contextlib.suppress(NameError):  # the test will meet it
            self.values[name] = link.shown[name] = link.name(name, kind)
            self.fetched[name] = self.values[name]

    def _execute(self, node: ast.stmt, link: Link) -> None:
        """Define what the assignment gives, and its dependencies."""
        for name in sorted(free_names(ast.unparse(node))):
            self._provide(name, link, direct=False)
        module = ast.Module([node], [])
        exec(compile(module, "<given>", "exec"), self.values)  # noqa: S102


class Test:
    """A test cell, in two parts: what comes before its hidden tests first.

    A notebook's tests all run their first parts before any runs its rest.
    So no process of the learner's has met a hidden value when a visible
    test is run, whose errors the learner reads. `given` are locked cells
    that the test needs; `left` is how many seconds it has.
    """

    def __init__(
        self,
        cell: NotebookNode,
        count: int,
        space: Space,
        link: Link,
        given: list[str],
        left: float,
    ):
        self.cell, self.count = cell, count
        self.most = self.left = left
        self.space, self.link, self.given = space, link, given
        self.file = f"<test cell {count}>"
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[self.file] = (len(cell.source), None, lines, self.file)
        self.out, self.err = io.StringIO(), io.StringIO()
        self.rest: list[ast.stmt] = []
        self.done = self.held = False

    def start(self) -> None:
        """Run what stands before the hidden tests.

        Raises Ended where the learner's process or the time is used up.
        """
        with self._running():
            for source in self.given:
                self.space.provide(source, self.link)
                given = compile(source, "<locked>", "exec")
                exec(given, self.space.values)  # noqa: S102 - the tests'
            self.space.provide(self.cell.source, self.link)
            task = task_of(marks(self.cell)["grade_id"])
            if task in self.space.names.asked:
                self.link.do("close", task)
            first, self.rest = _split_hidden(self.cell.source, self.file)
            for statement in first:
                self.space.shown.update(find_bound_names(statement))
            self._execute(first)
        self.kept = dict(self.space.values)

    def finish(self) -> None:
        """Run the rest, with the names as they were. Raises Ended."""
        self.space.resume(self.kept)
        masked = mock.patch.object(properties, "noted", self._mask)
        self.link.hidden = True
        with self._running(), masked:
            body, self.rest = self.rest, []
            self._execute(body)
        self.space.remember(self.kept)

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """Keep what is printed, and what is raised, within the time."""
        began, raised = time.monotonic(), None
        self.link.until = began + self.left
        self.link.sink = self.out, self.err
        with (
            contextlib.redirect_stdout(self.out),
            contextlib.redirect_stderr(self.err),
            without_false_alarms(),
            _lend_to_link(self.link),
            _as_main(Main(self.link)),
            _seed_both(self.link),
            mock.patch.object(inspect, "getsource", _find_source),
            _limit_seconds(self.left),
        ):
            try:
                yield
            except Exception as error:  # noqa: BLE001 - the test has failed
                raised = error
        self.link.sink = None
        self.left -= time.monotonic() - began
        self.done = raised is not None or not self.rest
        if self.done:
            self._leave(raised)

    def _execute(self, body: list[ast.stmt]) -> None:
        """Run statements; the value of a last expression is kept."""
        body, last, values = [*body], None, self.space.values
        if body and not self.rest and isinstance(body[-1], ast.Expr):
            last = ast.Expression(body.pop().value)  # type: ignore
        tree = ast.Module(body, [])
        exec(compile(tree, self.file, "exec"), values)  # noqa: S102 - tests
        self.value = last and eval(compile(last, self.file, "eval"), values)

    def _leave(self, raised: Exception | None) -> None:
        """The outputs as a kernel leaves them."""
        cell, texts = self.cell, {"stdout": self.out, "stderr": self.err}
        cell.execution_count = self.count
        cell.outputs = [
            new_output("stream", name=name, text=text)
            for name, file in texts.items()
            if (text := file.getvalue())
        ]
        if raised is None and self.value is not None:
            try:
                data = {"text/plain": self._format_value()}
            except ValueError as error:
                raised = error
            else:
                made = new_output("execute_result", data, execution_count=self.count)
                cell.outputs.append(made)
        self.held = raised is None
        if raised is not None:
            self._record_failure(raised)
        elif isinstance(self.value, properties.Points):
            note(cell, *map(self._explain, self.value.failures))

    def _format_value(self) -> str:
        """What the cell ends with; a hidden test's points are whole hundredths.

        Raises ValueError where a number is too long for a text.
        """
        value = self.value
        if isinstance(value, float) and hidden_lines(self.cell.source):
            value = round_points(value)
        return repr(value)

    def _list_lost(self) -> list[Failure]:
        """What the test had found before: the properties that were lost."""
        values = self.space.values.values()
        found = [v for v in values if isinstance(v, properties.Properties)]
        return [self._explain(f) for one in found for f in one.lost.values()]

    def _mask(self, failure: Failure) -> Failure:
        given = map(ast.unparse, self.space.names.given.values())
        return mask(failure, "\n".join([self.cell.source, *self.given, *given]))

    def _explain(self, failure: Failure) -> Failure:
        return explain_missing(failure, self.space.shown)

    def _record_failure(self, error: Exception) -> None:
        """Leave what a test raised; of a hidden one, without its values.

        What was lost before it stays told, with the mistakes' names.
        """
        cell = self.cell
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == self.file
        ]
        line = (frames[0].lineno if frames else 0) or 0
        costs = "values" if properties.declared(cell.source) else ""
        failure = failure_of(error)._replace(line=line, costs=costs)
        failure, notes = self._explain(failure), getattr(error, "__notes__", [])
        if is_hidden(cell.source, line):
            failure, notes = self._mask(failure), []
        where = [
            f"Cell In[{cell.execution_count}], line {frame.lineno}\n----> {frame.line}"
            for frame in frames
        ]
        fail(cell, failure, cell.outputs, [*where, *notes], self._list_lost())


def _split_hidden(source: str, file: str) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """A cell's statements before its hidden tests, and the others."""
    body = _Types().visit(ast.parse(MAGIC.sub(r"\1pass", source), file)).body
    hidden = min(hidden_lines(source), default=math.inf)
    first = [node for node in body if (node.end_lineno or 0) < hidden]
    return first, body[len(first) :]


@contextlib.contextmanager
def _seed_both(link: Link) -> Iterator[None]:
    """Have the seeds that a test sets be the answer's too."""
    torch = sys.modules.get("torch")
    seeded = [("random", random, "seed"), ("numpy", np.random, "seed")]
    if torch is not None:
        seeded.append(("torch", torch, "manual_seed"))
    with contextlib.ExitStack() as patches:
        for name, module, function in seeded:
            both = _make_seed(link, name, getattr(module, function))
            patches.enter_context(mock.patch.object(module, function, both))
        yield


def _make_seed(link: Link, name: str, seed: Any) -> Any:
    @functools.wraps(seed)
    def both(*args: Any) -> Any:
        link.do("seed", name, *args)
        return seed(*args)

    return both


SOURCE = inspect.getsource


def _find_source(value: Any) -> str:
    """As inspect.getsource; a learner's function is asked for its own."""
    if type(value) is Proxy:
        return str(state_of(value).link.do("source", value))
    return SOURCE(value)


@contextlib.contextmanager
def _as_main(module: types.ModuleType) -> Iterator[None]:
    """Have a module be `__main__`; what is imported meanwhile stays."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        yield
    finally:
        sys.modules["__main__"] = before


@contextlib.contextmanager
def _lend_to_link(link: Link) -> Iterator[None]:
    """Have the test's helpers use the link.

    `lend` reports what may be changed, calls are watched where they run,
    and hunts are limited.
    """

    def lend(args: dict[str, Any]) -> dict[str, Any]:
        copy = original(args)
        for _, leaf in named_leaves(copy):
            if is_array(leaf):
                link.lend(leaf)
        for container in _find_containers(copy):
            link.lend(container)
        return copy

    def beside(helper: Any, function: Any, *args: Any) -> Any:
        if not isinstance(function, Proxy):
            return helper(function, *args)
        found = link.do("call", helper, function, *args)
        if not is_plain(found):
            raise Untrusted("what is told of a call is neither number nor text")
        return found

    def name_of(function: Any) -> str:
        known = not isinstance(function, Proxy) or state_of(function).asked
        return original_name(function) if known else OBJECT

    original, original_name = checks.lend, checks.name_of
    with (
        mock.patch.object(checks, "lend", lend),
        mock.patch.object(checks, "name_of", name_of),
        mock.patch.object(inputs, "beside", beside),
        mock.patch.object(testing, "lend", lend),
        mock.patch.object(testing, "hunt", limit_calls(mutants.hunt)),
    ):
        yield


def _find_containers(tree: Any) -> Iterator[Any]:
    """The lists and dicts of a tree, which a call may change."""
    if isinstance(tree, list | dict):
        yield tree
    if isinstance(tree, list | tuple | dict):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from _find_containers(part)


@contextlib.contextmanager
def _limit_seconds(seconds: float) -> Iterator[None]:
    """Raise Ended when the time is over, also where the test computes."""
    if threading.current_thread() is not threading.main_thread():
        yield  # the link has its own limit
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
