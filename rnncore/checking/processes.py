"""A process that runs the cells of one check, seen from outside."""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

from rnncore.checking.find import NotebookError

LOOK = 0.1  # seconds: Windows tells of Ctrl-C between two waits only
SHARE = 0.1  # of the time that may be spent on looking at what cells take
MOST_BYTES = (
    4_000_000_000  # of memory; half of the machine's, if that is less
)
MOST_PROCESSES = 500  # with all their threads
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
}
Answer = dict[str, Any]


def kill_children(pid: int) -> None:
    """End what a process has started, and what that has started."""
    import psutil  # a browser has no processes, and no psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


def count_taken(pid: int, shared: int) -> tuple[int, int]:
    """What a process and all that it started take: bytes, and threads.

    Of each, the `shared` bytes that they may have in common count once.
    """
    import psutil

    grown = threads = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        for one in [first, *first.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):  # it has ended
                grown += max(0, count_own_bytes(one.pid) - shared)
                threads += one.num_threads()
    return shared + grown, threads


def count_own_bytes(pid: int) -> int:
    """Bytes of a process that belong to no file, as far as that is told."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        held = psutil.Process(pid).memory_info()
        return int(held.rss - getattr(held, "shared", 0))
    return 0


def collect(results: list[Answer], stopped: str) -> Answer:
    """What a check found, of what was told of each cell."""
    return {
        "tests": [r for r in results if r["test"]],
        "errors": [r["says"] for r in results if not r["test"]],
        "stopped": stopped,
    }


def _describe_cell(cells: list[dict[str, Any]], at: int) -> str:
    """A code cell's number, behind the task that it belongs to.

    That is the task of the next test.
    """
    tests = (cell["test"] for cell in cells[at - 1 :] if cell["test"])
    task = next(tests, "").removeprefix("test_")
    return ": ".join(filter(None, [task, f"code cell {at}"]))


class Runner:
    """A process that runs the cells of one check; it ends with this one."""

    def __init__(self, folder: Path):
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - see close
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rnncore.checking.runner"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            start_new_session=True,  # Ctrl-C is for this one
            env=os.environ | ENVIRONMENT,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.asks, self.says = self.process.stdin, self.process.stdout
        self.told: queue.Queue[bytes] = queue.Queue()
        self.next, self.began = 0.0, 0  # look; bytes before the cell
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and all that it started."""
        self._signal_group(
            "SIGSTOP"
        )  # what forks without end forks no more
        kill_children(self.process.pid)
        self.process.kill()
        self._signal_group("SIGKILL")  # also what left its parent
        self.process.wait()
        self.reader.join()
        with contextlib.suppress(BrokenPipeError):
            self.asks.close()
        self.says.close()
        self.log.close()

    def _signal_group(self, name: str) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, getattr(signal, name))

    def send(self, **request: Any) -> None:
        """Ask for something; one that has ended is told of in `run`."""
        with contextlib.suppress(OSError):
            self.asks.write(json.dumps(request).encode() + b"\n")
            self.asks.flush()

    def wait(self) -> None:
        """Return when it has imported what was sent to it."""
        self.told.get()

    def _read(self) -> None:
        """Hand over what it says, line by line, and its end."""
        for line in self.says:
            self.told.put(line)
        self.told.put(b"")

    def run(self, cells: list[dict[str, Any]], seconds: float) -> Answer:
        """What the cells give; the time counts from the first of them on.

        A cell that takes too much time, memory or processes is the last.
        Raises NotebookError if the process ends before.
        """
        self.send(cells=cells, seconds=seconds)
        results: list[Answer] = []
        until, at = math.inf, 0
        while True:
            try:
                line = self.told.get(timeout=LOOK)
            except queue.Empty:
                over = self._find_excess() if at else ""
                if not over and time.monotonic() >= until:
                    over = f"after {seconds:g} s"
                if not over:
                    continue
                where = _describe_cell(cells, at)
                return collect(results, f"{where} was stopped {over}")
            if not line.endswith(b"\n"):  # it ended, maybe within a line
                break
            message = json.loads(line)
            if "ready" in message:
                continue
            if not at:
                until = time.monotonic() + seconds
            if "at" in message:
                self.began = count_own_bytes(self.process.pid)
            at = message.pop("at", at)
            if message.pop("done", False):
                return collect(results, "")
            if message:
                results.append(message)
        if at:
            where = _describe_cell(cells, at)
            return collect(results, f"{where} ended Python")
        self.log.seek(0)
        said = self.log.read()[-1000:].decode(errors="replace")
        raise NotebookError(f"the checker ended. {said}")

    def _find_excess(self) -> str:
        """What the cells have taken too much of, in words; else nothing."""
        import psutil

        begin = time.monotonic()
        if begin < self.next:
            return ""
        held, threads = count_taken(self.process.pid, self.began)
        most = min(MOST_BYTES, psutil.virtual_memory().total // 2)
        end = time.monotonic()
        self.next = end + (end - begin) / SHARE
        if held > most:
            return f"when it had taken {most / 1e6:,.0f} MB of memory"
        if threads > MOST_PROCESSES:
            return f"when it had {MOST_PROCESSES:,} processes or threads"
        return ""
