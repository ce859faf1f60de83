"""Executes a notebook's cells in a process, which ends with them.

`processes.py` starts this. It may send a notebook's cells beforehand, for
their imports; the process then waits, ready, for those which it is to run.
"""

from __future__ import annotations

import ast
import contextlib
import faulthandler
import importlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from rnncore.checking.find import PACKAGE
from rnncore.checking.processes import kill_children
from rnncore.checking.shell import (
    OUTPUTS,
    Shell,
    Stream,
    execute,
    make_shell,
)
from rnncore.storage.files import CHECKS
from rnncore.testing.closed import closed_book
from rnncore.testing.failure import (
    KIND_TEXTS,
    CheckFailure,
    Failure,
    explain_missing,
    failure_of,
    places,
    render,
)
from rnncore.testing.properties import Points

MOST_TEXT = 10_000  # characters of one cell's output
WARM = {"numpy", "torch", "matplotlib", "ipywidgets", "rnncore"}
LATER = {  # what a package imports when it is first used
    "torch": ["torch._dynamo", "torch.testing", "torch.autograd.gradcheck"],
    "rnncore.display": ["matplotlib.pyplot"],
}
Cell = dict[str, Any]
Message = dict[str, Any]


# ------------------------------------------------------------ the process


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Import what is asked for, then run the cells of one check."""
    shell, later = make_shell(), dict[str, list[str]]()
    for line in requests:
        request = json.loads(line)
        if "seconds" in request:
            break
        later = LATER  # who checks again needs them sooner or later
        warm_up(request["cells"], later)
        _tell(answers, ready=True)
    else:
        return  # it hung up
    warm_up(request["cells"], later)
    threading.Thread(
        target=end_with_client, args=[requests], daemon=True
    ).start()
    # the client ends this process earlier, unless it is not there any more
    faulthandler.dump_traceback_later(request["seconds"] + 5, exit=True)
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # nobody reads what goes past Python from here on
        os.dup2(nothing, stream)
    sys.path.insert(0, os.getcwd())
    run_cells(shell, answers, request["cells"])


def end_with_client(requests: BinaryIO) -> None:
    """End this process, and what its cells started, if the client ends."""
    while requests.read(1):
        pass
    kill_children(os.getpid())
    os._exit(1)


def run_cells(shell: Shell, answers: BinaryIO, cells: list[Cell]) -> None:
    """Run the cells, and tell of each."""
    for number, cell in enumerate(cells, 1):
        _tell(answers, at=number)
        if result := run_cell(shell, cell, number):
            _tell(answers, **result)
    _tell(answers, done=True)


def _tell(answers: BinaryIO, **message: Any) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


# ---------------------------------------------------------------- one cell


def warm_up(cells: list[Cell], later: dict[str, list[str]]) -> None:
    """Import what the notebook imports, of the packages that take long.

    What these import `later` pays from the second check on: the first may
    be the only one, and need none of it.
    """
    names = {name for cell in cells for name in _imports(cell["source"])}
    for name in sorted(names):
        if name.split(".")[0] not in WARM:
            continue
        for module in (name, *later.get(name, [])):
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


def run_cell(shell: Shell, cell: Cell, number: int) -> Message | None:
    """Run one cell; what to tell of it, if anything."""
    out: Any = Stream("stdout")
    err: Any = Stream("stderr")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        value, error = _run_closed(shell, cell, number)
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
        found = [Failure("PartOfThePoints", got=_read_printed())]
    task = cell["test"].removeprefix("test_")
    read = places(Path(CHECKS)).get(task)
    made = getattr(shell, TESTS_NAMES, {})
    found = [explain_missing(f, made)._replace(read=read) for f in found]
    return {
        "test": cell["test"],
        "holds": not found,
        "got": got,
        "failure": found[0].as_json() if found else None,
        "others": [failure.as_json() for failure in found[1:]],
        "says": "\n".join(_costs(f) + _say(f, error) for f in found),
    }


def _read_printed() -> str:
    """What the cell printed."""
    texts = [
        o["text"] for o in OUTPUTS.as_json() if o.get("name") == "stdout"
    ]
    return "".join(texts).strip()


def _run_closed(
    shell: Shell, cell: Cell, number: int
) -> tuple[Any, BaseException | None]:
    """A cell's value, or its error; for a test, the book is closed."""
    task = cell["test"].removeprefix("test_")
    answer = shell.user_ns.get(task)
    apart: Any = contextlib.nullcontext()
    if task:
        apart = _stand_apart(shell, inside=cell.get("inside", False))
    try:
        with closed_book(task, answer, f"cell {number}"), apart:
            result = execute(shell, cell["source"], number, MOST_TEXT)
    except CheckFailure as refused:
        return None, refused
    error = result.error_before_exec or result.error_in_exec
    return (result.result if error is None else None), error


class Apart(dict[str, Any]):
    """The names as a test sees them; what it binds is its own.

    A function or class of the notebook's that a test replaces or deletes is
    so for the answer too, while the test runs: it may ask what an answer
    calls. A test that runs inside replaces whatever the notebook has.
    """

    def __init__(
        self, names: dict[str, Any], answers: dict[str, Any], inside: bool
    ):
        super().__init__(names)
        self.answers = answers  # the notebook's own names
        self.seen = names  # the test's, which its functions read
        self.shared = {
            n for n, v in answers.items() if inside or callable(v)
        }

    def __getitem__(self, name: str) -> Any:
        return self.seen[name]

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.seen[name] = value
        if name in self.shared:
            self.answers[name] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        del self.seen[name]
        if name in self.shared:
            self.answers.pop(name, None)


TESTS_NAMES = "_names_of_tests"  # an attribute of the shell


@contextlib.contextmanager
def _stand_apart(shell: Shell, inside: bool) -> Iterator[None]:
    """Run a test beside the notebook's names, as the grader does.

    An answer that uses what only a test imports fails here as there.
    Later tests have what a test has bound, unless the notebook has bound
    it since: then its own.
    """
    module, names = shell.user_module, shell.user_ns
    before = dict(names)
    bound = getattr(shell, TESTS_NAMES, {})
    beside = ModuleType(module.__name__)
    beside.__dict__.update(bound | before)
    shell.user_module = beside
    shell.user_ns = Apart(beside.__dict__, names, inside)
    try:
        yield
    finally:
        shell.user_module, shell.user_ns = module, names
        after = beside.__dict__
        new = {k: v for k, v in after.items() if k not in before}
        setattr(shell, TESTS_NAMES, bound | new)
        names.clear()
        names.update(before)


def _costs(failure: Failure) -> str:
    """The property that a failure costs, where points are split."""
    return f"{failure.costs}: " if failure.costs else ""


def _say(failure: Failure, error: BaseException | None) -> str:
    """The failure in words, with the learner's line in which it arose."""
    says = render(failure)[:MOST_TEXT]
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {type(error).__name__}: {error.msg}"
    if error is None or failure.kind in KIND_TEXTS:
        return says
    where = ""
    for raised in error, error.__cause__:  # the answer's own comes second
        trace = raised.__traceback__ if raised else None
        while trace:
            name = trace.tb_frame.f_code.co_filename
            if name.startswith("cell "):
                where = f" (code {name}, line {trace.tb_lineno})"
            elif (path := Path(name)).parent.name == PACKAGE:
                file = f"{PACKAGE}/{path.name}"
                where = f" ({file}, line {trace.tb_lineno})"
            trace = trace.tb_next
    return says + where


if __name__ == "__main__":
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the cells read nothing
    os.dup2(2, 1)  # what they print past Python goes to the log
    serve(asked, told)
    os._exit(0)  # modules are not taken down, one by one
