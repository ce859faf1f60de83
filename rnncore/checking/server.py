"""Executes a notebook's cells, and keeps what they left for the next time.

After cells that took long, a copy of the process (a fork) is laid aside.
The next check starts from the last copy whose cells are unchanged, so that
it costs only what changed. `client.py` starts this and asks it.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from rnncore.testing.closed import closed_book
from rnncore.testing.failure import (
    WORDS,
    CheckFailure,
    Failure,
    failure_of,
    places,
    render,
)
from rnncore.testing.properties import Points

IDLE_SECONDS = 1800  # after which the process ends
WORTH_A_COPY = 0.1  # seconds that the next check is to save
MOST_TEXT = 10_000  # characters of one cell's output
WARM = {"numpy", "torch", "matplotlib", "ipywidgets", "rnncore"}
LATER = {  # what a package imports when it is first used
    "torch": ["torch._dynamo", "torch.testing", "torch.autograd.gradcheck"],
    "rnncore.display": ["matplotlib.pyplot"],
}
Cell = dict[str, Any]
Message = dict[str, Any]


class Copy:
    """A process laid aside after some cells, and how to reach it."""

    def __init__(self, place: str, cells: list[Cell], seen: list[Message]):
        self.place, self.cells, self.seen = place, cells, seen

    def ask(self, request: Message) -> socket.socket | None:
        """Send a request; None where the process has gone."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.place)
        except ConnectionRefusedError:  # ended by a learner's own code
            connection.close()
            return None
        connection.sendall(json.dumps(request).encode() + b"\n")
        return connection

    def end(self) -> None:
        """Let the process go."""
        if connection := self.ask({}):
            connection.close()
        Path(self.place).unlink()


# ------------------------------------------------------------- the server


def serve(place: Path) -> None:
    """Answer checks of one notebook, until nobody asks any more."""
    life, keep = os.pipe()  # who lives on when `keep` closes, ends
    folder = tempfile.mkdtemp(dir=place.parent)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen()
    first: Copy | None = None
    copies: list[Copy] = []
    beside: object = None
    try:
        while select.select([listener], [], [], IDLE_SECONDS)[0]:
            connection, _ = listener.accept()
            with connection, connection.makefile("rw") as file:
                request = json.loads(file.readline())
                if not request:  # a newer one takes over
                    break
                if first is None:
                    first = _first_copy(folder, life, keep, request)
                if beside != (beside := _files_beside()):
                    while copies:
                        copies.pop().end()
                answer = check(first, copies, request)
                with contextlib.suppress(BrokenPipeError):  # it went away
                    file.write(json.dumps(answer) + "\n")
    finally:
        place.unlink(missing_ok=True)
        for path in Path(folder).iterdir():
            path.unlink()
        os.rmdir(folder)


def _files_beside() -> list[tuple[str, int]]:
    """The files that cells may read; a change makes the copies stale."""
    return sorted(
        (entry.name, entry.stat().st_mtime_ns)
        for entry in os.scandir(".")
        if entry.is_file() and not entry.name.endswith(".ipynb")
    )


def check(first: Copy, copies: list[Copy], request: Message) -> Message:
    """Run what changed, from the last copy that still holds."""
    cells: list[Cell] = request["cells"]
    while copies and copies[-1].cells != cells[: len(copies[-1].cells)]:
        copies.pop().end()
    start, connection = first, None
    while connection is None:
        start = copies[-1] if copies else first
        done = len(start.cells)
        connection = start.ask({"cells": cells[done:], "number": done})
        if connection is None and start is first:
            return _answer([], "the checker's process has ended")
        if connection is None:
            copies.pop().end()
    results, stopped = list(start.seen), ""
    for message in _listen_to(connection, done, request["seconds"]):
        if "copy" in message:
            upto = cells[: message["after"]]
            copies.append(Copy(message["copy"], upto, list(results)))
        elif "stopped" in message:
            stopped = message["stopped"]
        else:
            results.append(message)
    return _answer(results, stopped)


def _answer(results: list[Message], stopped: str) -> Message:
    return {
        "tests": [r for r in results if r["test"]],
        "errors": [r["says"] for r in results if not r["test"]],
        "stopped": stopped,
    }


def _listen_to(
    connection: socket.socket, at: int, seconds: float
) -> Iterator[Message]:
    """Yield what a run says of its cells, then end all that it started."""
    until, buffer, runner = time.monotonic() + seconds, b"", 0
    ended = False
    with connection:
        while not ended:
            left = max(0, until - time.monotonic())
            if not select.select([connection], [], [], left)[0]:
                text = f"code cell {at} was stopped after {seconds:g} s"
                yield {"stopped": text}
                break
            data = connection.recv(1 << 16)
            if not data:
                yield {"stopped": f"code cell {at} ended Python"}
                break
            *lines, buffer = (buffer + data).split(b"\n")
            for message in map(json.loads, lines):
                runner = message.pop("runner", runner)
                at = message.pop("at", at)
                ended = message.pop("done", ended)
                if message:
                    yield message
    if runner:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(runner, signal.SIGKILL)


# -------------------------------------------------- a process that is kept


def _first_copy(
    folder: str, life: int, keep: int, request: Message
) -> Copy:
    """Fork the process from which every check may start."""
    place = os.path.join(folder, "0")
    listener = _listen(place)
    if os.fork() == 0:
        os.close(keep)
        warm_up(request["cells"])
        shell = make_shell()
        _hold(listener, life, shell, folder)
    listener.close()
    return Copy(place, [], [])


def _listen(place: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    listener.listen()
    return listener


def _hold(
    listener: socket.socket, life: int, shell: InteractiveShell, folder: str
) -> None:
    """Wait; fork for each request. Never returns, but in the fork's run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    while True:
        ready, _, _ = select.select([listener.fileno(), life], [], [])
        if life in ready:
            os._exit(0)
        connection, _ = listener.accept()
        request = json.loads(connection.makefile("r").readline())
        if not request:
            os._exit(0)
        if os.fork() == 0:
            listener.close()
            os.setsid()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                run_cells(shell, connection, life, folder, request)
            except BaseException:  # noqa: BLE001 - told in the log
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        connection.close()


def run_cells(
    shell: InteractiveShell,
    connection: socket.socket,
    life: int,
    folder: str,
    request: Message,
) -> None:
    """Run the cells, tell of each, lay copies aside."""
    number = request["number"]
    since = time.monotonic()
    _tell(connection, runner=os.getpid())
    for cell in request["cells"]:
        number += 1
        _tell(connection, at=number)
        result = run_cell(shell, cell, number)
        if result:
            _tell(connection, **result)
        if time.monotonic() - since > WORTH_A_COPY:
            place = os.path.join(folder, f"{os.getpid()}-{number}")
            listener = _listen(place)
            copy = os.fork()
            if copy == 0:
                connection.close()
                _hold(listener, life, shell, folder)
            os.setpgid(copy, copy)  # it outlives this run's group
            listener.close()
            _tell(connection, copy=place, after=number)
            since = time.monotonic()
    _tell(connection, done=True)


def _tell(connection: socket.socket, **message: Any) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


# ---------------------------------------------------------------- one cell


class _Names(CachingCompiler):
    """Calls each cell by its number, which an error then names."""

    current = ""

    def get_code_name(
        self, raw_code: str, transformed_code: str, number: int
    ) -> str:
        return self.current


class Silent(DisplayHook):
    """Keeps the value of a cell's last expression, and prints nothing."""

    def write_output_prompt(self) -> None:
        """A test's value is its points, which are told as such."""

    def write_format_data(self, *_: Any) -> None:
        """The value is not read, it is counted."""

    def finish_displayhook(self) -> None:
        """There is nothing to end."""


def warm_up(cells: list[Cell]) -> None:
    """Import what the notebook imports, of the packages that take long."""
    names = {name for cell in cells for name in _imports(cell["source"])}
    for name in sorted(names):
        if name.split(".")[0] not in WARM:
            continue
        for module in (name, *LATER.get(name, [])):
            with contextlib.suppress(ImportError):  # told by its cell
                importlib.import_module(module)


def _imports(source: str) -> list[str]:
    """The modules that a cell imports, as far as it can be read."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # told when the cell runs
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def make_shell() -> InteractiveShell:
    """IPython without a history: that would be a thread, and a file."""
    config = Config()
    config.HistoryManager.enabled = False
    sys.path.insert(0, os.getcwd())
    shell = InteractiveShell.instance(
        config=config, compiler_class=_Names, displayhook_class=Silent
    )
    shell.showtraceback = lambda *a, **k: None  # type: ignore
    return shell


class _Limited(io.StringIO):
    """Text up to a limit; the rest is let go."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, MOST_TEXT - self.tell())])
        return len(text)


def run_cell(
    shell: InteractiveShell, cell: Cell, number: int
) -> Message | None:
    """Run one cell; what to tell of it, if anything."""
    assert isinstance(shell.compile, _Names)
    shell.compile.current = f"cell {number}"
    out, err = _Limited(), _Limited()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        value, error = _executed(shell, cell, f"cell {number}")
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    if not cell["test"]:
        if error is None or isinstance(error, NotImplementedError):
            return None
        says = _say(failure_of(error), error)
        return {"test": "", "says": f"code cell {number}: {says}"}
    got = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        got = float(value)  # points in part
    found: list[Failure] = []
    if error is not None:
        found = [failure_of(error)]
    elif isinstance(value, Points):
        found = [*value.failures]
    elif got is not None and got < cell["points"]:
        found = [Failure("PartOfThePoints", came=out.getvalue().strip())]
    task = cell["test"].removeprefix("test_")
    read = places(Path("checks.json")).get(task)
    found = [failure._replace(read=read) for failure in found]
    return {
        "test": cell["test"],
        "holds": not found,
        "got": got,
        "failure": found[0].as_json() if found else None,
        "others": [failure.as_json() for failure in found[1:]],
        "says": "\n".join(_costs(f) + _say(f, error) for f in found),
    }


def _executed(
    shell: InteractiveShell, cell: Cell, file: str
) -> tuple[Any, BaseException | None]:
    """A cell's value, or its error; for a test, the book is closed."""
    task = cell["test"].removeprefix("test_")
    answer = shell.user_ns.get(task)
    try:
        with closed_book(task, answer, file):
            result = shell.run_cell(cell["source"], store_history=False)
    except CheckFailure as refused:
        return None, refused
    error = result.error_before_exec or result.error_in_exec
    return (result.result if error is None else None), error


def _costs(failure: Failure) -> str:
    """The property that a failure costs, where points are split."""
    return f"{failure.costs}: " if failure.costs else ""


def _say(failure: Failure, error: BaseException | None) -> str:
    """The failure in words, with the learner's line in which it arose."""
    says = render(failure)[:MOST_TEXT]
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {type(error).__name__}: {error.msg}"
    if error is None or failure.kind in WORDS:
        return says
    where = ""
    for raised in error, error.__cause__:  # the answer's own comes second
        trace = raised.__traceback__ if raised else None
        while trace:
            name = trace.tb_frame.f_code.co_filename
            if name.startswith("cell "):
                where = f" (code {name}, line {trace.tb_lineno})"
            trace = trace.tb_next
    return says + where


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
