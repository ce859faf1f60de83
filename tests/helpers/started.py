"""Which program outside Python is started, and by which test.

An audit hook sees each start, however a library hides it: playwright starts
the browser by a `node` of its own. It can't be taken away, so it is set once.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator

from rnncore.programs import PROGRAMS

EVENTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}
NAMES = {call: name for name, p in PROGRAMS.items() for call in p.calls}
# what starts the program that its words name
STARTERS = {"bash", "env", "nice", "prlimit", "setpriv", "sh", "timeout"}
_running: list[
    list[str]
] = []  # what the unmarked test that runs has started


class UnmarkedStartError(RuntimeError):
    """A test without the mark `system` starts a program outside Python."""


def find_started(words: Iterable[object]) -> str | None:
    """Which of PROGRAMS a command starts, or None."""
    first, *rest = [os.fsdecode(w) for w in words]  # type: ignore[arg-type]
    candidates = [first]
    if _base(first) in STARTERS:
        candidates += re.split(r"[\s;&|]+", " ".join(rest))
    found = (NAMES.get(_base(word)) for word in candidates)
    return next(filter(None, found), None)


def _base(path: str) -> str:
    return re.split(r"[/\\]", path)[-1].lower().removesuffix(".exe")


def _look(event: str, given: tuple) -> None:
    if event not in EVENTS or not _running:
        return
    if event == "os.system":
        words = ["sh", given[0]]
    else:
        program, words = given[0], given[1]
        if isinstance(words, str | bytes | os.PathLike):
            words = [words]
        first, *rest = words
        words = [program or first, *rest]
    if name := find_started(words):
        _running[-1].append(name)
        raise UnmarkedStartError(
            f"{name} is started by a test without the mark `system`"
        )


@contextlib.contextmanager
def refuse() -> Iterator[list[str]]:
    """Refuse to start any; the list names those that were to be started."""
    _running.append([])
    try:
        yield _running[-1]
    finally:
        _running.pop()


sys.addaudithook(_look)
