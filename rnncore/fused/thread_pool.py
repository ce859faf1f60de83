"""Work in parts, each on a thread, where there are several.

torch's own threads wait for more work after each of its operations: they
spin, and for some milliseconds a core is not free for other threads. Where
they are to be had, as with GNU's OpenMP on Linux, the parts run on them.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

SMALL = 2e6  # operations that are not worth a second thread

Task = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def in_parts(run: Callable[[int, int], None], n: int, work: float) -> None:
    """run(lo, hi) for parts of range(n), each on one of the threads.

    Raises what the first part that failed raised.
    """
    parts = min(threads(), n) if work > SMALL else 1
    if parts < 2:
        return run(0, n)
    ends = [n * k // parts for k in range(parts + 1)]
    left = iter(range(parts))
    done: list[int] = []
    failed: list[BaseException] = []

    def run_parts(_: Any = None) -> None:
        try:
            for k in left:
                run(*ends[k : k + 2])
                done.append(k)
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    team = torchs_team() if "torch" in sys.modules else None
    if team is None or _forked:
        _on_new_threads(run_parts, parts)
    else:
        team(Task(run_parts), None, parts, 0)
    if failed:
        raise failed[0]
    if len(done) < parts:  # interrupted between two lines of `some`
        raise KeyboardInterrupt


def _on_new_threads(task: Callable[[], None], n: int) -> None:
    others = [threading.Thread(target=task) for _ in range(n - 1)]
    for t in others:
        t.start()
    task()
    for t in others:
        t.join()


def threads() -> int:
    """As many as torch uses; without torch, as the process has cores."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        return torch.get_num_threads()
    given = os.environ.get("OMP_NUM_THREADS", "")
    return (
        int(given)
        if given.isdigit() and int(given)
        else os.cpu_count() or 1
    )


@cache
def torchs_team() -> Callable[..., None] | None:
    """GNU OpenMP's call that runs a task on each of its threads.

    None where torch has not loaded that library (its ABI is documented in
    libgomp's manual, "Implementing PARALLEL construct").
    """
    if not hasattr(os, "RTLD_NOLOAD"):
        return None
    try:
        found = ctypes.CDLL("libgomp.so.1", mode=os.RTLD_NOLOAD)
        team = found.GOMP_parallel
    except (OSError, AttributeError):
        return None
    team.restype = None
    team.argtypes = [Task, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
    return team


_forked: list[bool] = []  # a child of fork has no thread but one
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _forked.append(True))
