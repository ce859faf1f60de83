"""A cell of an assignment, run in this process as a kernel runs it."""

import ast
import contextlib
import io
import os
import signal
import sys
import warnings
import zlib
from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import Any, NoReturn

from rnncore.testing.values import without_false_alarms

SLIP_SECONDS = 2.0  # of computing: a slip that makes a loop endless ends there


def run_cell(source: str, namespace: dict[str, Any]) -> Any:
    """Execute a cell as a kernel does; the value of its last expression.

    A warning is an error: on stderr it would cost all of a test's points.
    """
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        _no_window(),
    ):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-inter")
        try:
            body, end = _compile_cell(source)
            with without_false_alarms():
                exec(body, namespace)  # noqa: S102
                return end and eval(end, namespace)
        finally:
            if "matplotlib.pyplot" in sys.modules:  # as a notebook does
                sys.modules["matplotlib.pyplot"].close("all")


def try_cell(source: str, namespace: dict[str, Any]) -> tuple[Any, Exception | None]:
    """What a cell ends with, or the error that it raises."""
    try:
        return run_cell(source, namespace), None
    except Exception as error:  # noqa: BLE001 - whatever a cell raises
        return None, error


@contextlib.contextmanager
def _no_window() -> Iterator[None]:
    """While it lasts, matplotlib draws into memory."""
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "agg"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("MPLBACKEND", None)
        else:
            os.environ["MPLBACKEND"] = before


@cache  # a cell runs once for each mistake
def _compile_cell(source: str) -> tuple[CodeType, CodeType | None]:
    """A cell's statements, and the expression that it may end with."""
    tree = ast.parse(source)
    end = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        value = ast.Expression(tree.body.pop().value)  # type: ignore
        end = compile(value, file_of(source), "eval")
    return compile(tree, file_of(source), "exec"), end


def file_of(source: str) -> str:
    """The file that a cell's code says it is in."""
    return f"<cell {zlib.crc32(source.encode()):x}>"


class Endless(BaseException):
    """Ends a slip; no handler of the code that it is in catches it."""


@contextlib.contextmanager
def limited(seconds: float = SLIP_SECONDS) -> Iterator[None]:
    """Raise Endless where the code inside computes for longer."""

    def stop(*_: Any) -> NoReturn:
        raise Endless

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
