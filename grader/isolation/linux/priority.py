"""Lower the CPU priority of submissions that compute in many processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


def list_threads(process: int) -> list[tuple[int, str]]:
    """The threads of a process, and which state each is in."""
    found: list[tuple[int, str]] = []
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for task in os.listdir(f"/proc/{process}/task"):
            line = Path(f"/proc/{process}/task/{task}/stat").read_bytes()
            state = line.rpartition(b") ")[2][:1].decode()
            found.append((int(task), state))
    return found


def let_others_first(processes: Iterable[int]) -> None:
    """Run these processes only when the processor is otherwise idle.

    The kernel shares its time between sessions first, where it is asked to.
    """
    sessions = {}
    for process in processes:
        for task, _ in list_threads(process):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                os.sched_setscheduler(task, os.SCHED_IDLE, os.sched_param(0))
        with contextlib.suppress(OSError):
            sessions[os.getsid(process)] = process
    for process in sessions.values():
        with contextlib.suppress(OSError):  # soon after another: not yet
            Path(f"/proc/{process}/autogroup").write_text("19", "utf-8")
