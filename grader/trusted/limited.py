"""Calls a function of the course's own in a process with little memory.

The right function of a mutant hunt computes at sizes that a learner chose.
In a process of its own it may take ROOM more than there is, and the whole
of it may be ended at any moment; what it printed and gave comes back as JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import io
import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

from grader.isolation.session import Ended
from rnncore.testing.failure import CheckFailure, Failure, failure_of

ROOM = 300_000_000  # bytes more than the process has that it comes from
PR_SET_PDEATHSIG = 1


def limit_memory(room: int) -> None:
    """Let this process take `room` bytes more of addresses than it has."""
    if sys.platform != "linux":
        return
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[0])
    most = pages * resource.getpagesize() + room
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def limit_calls(function: Callable[..., float]) -> Callable[..., float]:
    """The function, with each call in a separate process.

    It gives a number. Raises AssertionError where the function does, or
    where the process ends, and Ended where the learner's process does.
    """
    if not hasattr(os, "fork"):
        return function

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> float:
        __tracebackhide__ = True
        said = _run_in_fork(lambda: _call_and_catch(function, args, kwargs))
        if said is None:
            raise AssertionError(
                "a probe makes a function take too much memory: expected "
                "smaller arrays and numbers"
            )
        sys.stdout.write(said["out"])
        sys.stderr.write(said["err"])
        if "ended" in said:
            raise Ended(*said["ended"])
        if "failure" in said:
            raise CheckFailure(Failure.from_json(said["failure"]))
        return float(said["value"])

    return called


def _call_and_catch(function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
    """What a call gives or raises, and what it prints."""
    out, err, said = io.StringIO(), io.StringIO(), {}
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            said["value"] = function(*args, **kwargs)
        except Ended as end:
            said["ended"] = [end.kind, end.reason, end.detail]
        except MemoryError:
            return None
        except Exception as error:  # noqa: BLE001 - raised over there again
            said["failure"] = failure_of(error).as_json()
    return said | {"out": out.getvalue(), "err": err.getvalue()}


def _run_in_fork(answer: Callable[[], Any]) -> Any:
    """What `answer` gives in a fork; None where that ends without a word."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads
        child = os.fork()
    if child == 0:
        try:
            os.close(read)
            _prepare()
            with os.fdopen(write, "wb") as file:
                file.write(json.dumps(answer()).encode())
        finally:
            os._exit(0)
    os.close(write)
    try:
        with os.fdopen(read, "rb") as file:
            text = file.read()
    finally:  # also where the time is over
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return json.loads(text) if text else None


def _prepare() -> None:
    """End with the parent, and within the memory."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)  # other threads do not survive a fork
    limit_memory(ROOM)
