"""Watches what a submission's processes take, and ends those that take too much.

One of them is in use: it runs a cell, or a test asks it. The copies that wait
for their tests are left alone as long as the rest can be ended instead, so
that what one cell takes costs no other cell its points.
"""

from __future__ import annotations

import contextlib
import math
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from grader.isolation.linux.groups import Group
from grader.isolation.linux.priority import let_others_first, list_threads
from grader.isolation.serialization import send

LOOK_SECONDS = 0.2  # between two looks at memory and processor
SHARE = 0.2  # of its time that a monitor may spend on looking
CALM = 2  # processes at a time: of more, all wait for other submissions
BUSY_SECONDS = 2  # that more than the limit may compute at a time
END_SECONDS = 20  # for processes to end, on a busy machine
SOCKET_BYTES = 1 << 18  # that the kernel may hold for one of usual size

ORDER = struct.Struct("!cI")  # what the grader asks, and of which process
INTERRUPT, KILL, KEEP, USE = b"i", b"k", b"c", b"u"

Members = Callable[[], list[int]]  # the processes' numbers; init comes first
Meter = Callable[[list[int]], int]  # bytes that these take


class Monitor:
    """What a submission's processes take, seen from time to time.

    Where they have a control group, the kernel sees to their memory.
    `active` is the process in use, by its number in there, `outer` by that
    out here while it lives; `kept` are copies, by theirs in there.
    """

    def __init__(
        self, members: Members, head: dict[str, Any], memory: Meter | Group, first: int
    ):
        self.members, self.limits, self.memory = members, head["limits"], memory
        self.threads = self.limits["processes"] + head["copies"] + 1  # and init
        self.next, self.calm, self.quiet = 0.0, False, math.inf
        self.kept = set[int]()
        self.began = max(map(_count_own_bytes, members()), default=0)
        self.killed = 0  # by the kernel, as far as is known
        self.use(first)

    def find_excess(self) -> str | None:
        """The limit that is passed, if one is."""
        now, members = time.monotonic(), self.members()
        if len(members) > self.threads:  # many: one by one would take long
            return "processes"
        states = [state for pid in members for _, state in list_threads(pid)]
        running = states.count("R")
        self.calm = self.calm or running > CALM
        if self.calm:  # all but init are in one session: see seccomp.py
            let_others_first(members[1:])
        if running <= self.limits["computing"] or self.quiet > now:
            self.quiet = now  # the last moment that it was so
        if now - self.quiet > BUSY_SECONDS:
            return "busy"
        if len(states) > self.threads:
            return "processes"
        if isinstance(self.memory, Group):
            before, self.killed = self.killed, self.memory.count_killed()
            return "memory" if self.killed > before else None
        if running > self.limits["computing"]:
            return "memory" if self._seems_full(members) else None
        if now < self.next:
            return None
        return "memory" if self._full(self.memory, members) else None

    def _seems_full(self, members: list[int]) -> bool:
        """Whether they took too much beyond what each began with.

        To know what they share, one has to wait for each that is forking, and
        of many that compute each waits for the others. They may be so many for
        BUSY_SECONDS only.
        """
        grown = sum(max(0, _count_own_bytes(p) - self.began) for p in members)
        return self.began + grown > int(self.limits["memory_bytes"])

    def ended(self) -> str:
        """Why the process in use ended, as far as can be seen."""
        meter = self.memory
        killed = meter.count_killed() if isinstance(meter, Group) else 0
        return "memory" if killed > self.killed else "ended"

    def _full(self, meter: Meter, members: list[int]) -> bool:
        """Whether there is too much memory; the next look may wait."""
        began = time.process_time()
        used = meter(members)
        spent = time.process_time() - began
        self.next = time.monotonic() + spent / SHARE
        return used > int(self.limits["memory_bytes"])

    def use(self, inside: int) -> None:
        """Have the process that has this number in there be the one in use."""
        self.active, self.outer = inside, 0
        for pid in self.members()[1:]:
            if _get_inner_number(pid) == inside:
                self.outer = pid

    def end_strays(self) -> bool:
        """End what is neither a copy nor of the process in use; whether any was."""
        group = _get_group(self.outer) if self.outer else 0
        return self._end(self.kept | {self.active}, group)

    def end_others(self) -> None:
        """End all but the copies; what the process in use forks comes first."""
        if self.outer:
            with contextlib.suppress(OSError):  # it has ended, with its group
                os.killpg(self.outer, signal.SIGKILL)
        self._end(self.kept - {self.active}, 0)

    def _end(self, spared: set[int], besides: int) -> bool:
        """End all but some, by their inner numbers, and a group; whether any was.

        A group is ended as a whole, so that no fork of its own gets away.
        """
        until, some = time.monotonic() + END_SECONDS, False
        while time.monotonic() < until:
            groups, kept = {}, {0, besides, os.getpgrp()}
            for pid in filter(_runs, self.members()[1:]):
                if _get_inner_number(pid) in spared:
                    kept.add(_get_group(pid))
                elif (group := _get_group(pid)) != besides:
                    groups[pid] = group
            if not groups:
                return some
            some = True
            for number in {*groups, *(-g for g in groups.values() if g not in kept)}:
                with contextlib.suppress(OSError):  # it has ended
                    os.kill(number, signal.SIGKILL)
            time.sleep(0.002)
        return some

    def holds(self) -> bool:
        """Whether the limits hold, now or as soon as what ended is gone."""
        until = time.monotonic() + END_SECONDS
        while time.monotonic() < until:
            self.next, self.quiet = 0.0, math.inf
            if not self.find_excess():
                return True
            time.sleep(0.05)
        return False


def watch(connection: socket.socket, init: int, monitor: Monitor) -> None:
    """Do what the grader asks, look after the limits, until either side ends.

    The grader learns at once when the process in use ends.
    """
    events = select.poll()
    events.register(connection, select.POLLIN)
    end = _watch_end(events, monitor.outer)
    look = time.monotonic() + LOOK_SECONDS
    while True:
        wait = max(0.0, look - time.monotonic())
        happened = dict(events.poll(1000 * wait))
        if end in happened:
            end = _forget(events, end)
            monitor.outer = 0
            _tell(connection, monitor, monitor.ended())
        if connection.fileno() in happened:
            order = connection.recv(ORDER.size, socket.MSG_WAITALL)
            if len(order) < ORDER.size:
                return
            word, number = ORDER.unpack(order)
            if word in (KILL, USE):
                end = _forget(events, end)
            _follow(connection, monitor, word, number)
            if word == USE:
                end = _watch_end(events, monitor.outer)
        if time.monotonic() < look:
            continue
        look = time.monotonic() + LOOK_SECONDS
        if os.waitpid(init, os.WNOHANG)[0]:
            _tell(connection, monitor, monitor.ended())
            return
        over = monitor.find_excess()
        if over and not (monitor.end_strays() and monitor.holds()):
            end = _forget(events, end)
            _tell(connection, monitor, over)
            monitor.end_others()
            if not monitor.holds():
                return


def _follow(
    connection: socket.socket, monitor: Monitor, word: bytes, number: int
) -> None:
    """Do what the grader asks."""
    if word == KEEP:
        monitor.kept.add(number)
    elif word == USE:
        monitor.use(number)
    elif word == KILL:
        monitor.end_others()
        _tell(connection, monitor, "killed")
    elif monitor.outer:
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(monitor.outer, signal.SIGINT)


def _watch_end(events: select.poll, pid: int) -> int:
    """Have the end of a process among the events; -1 where that cannot be."""
    with contextlib.suppress(AttributeError, OSError):  # not every kernel
        if pid:
            end = os.pidfd_open(pid)
            events.register(end, select.POLLIN)
            return end
    return -1


def _forget(events: select.poll, end: int) -> int:
    if end >= 0:
        events.unregister(end)
        os.close(end)
    return -1


def _tell(connection: socket.socket, monitor: Monitor, what: str) -> None:
    with contextlib.suppress(OSError):  # the grader has gone
        send(connection, {"what": what, "of": monitor.active})


def _get_inner_number(pid: int) -> int:
    """The number of a process in its own namespace; -1 where it has ended."""
    if sys.platform != "linux":
        return pid
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return -1
    _, _, numbers = text.partition("NSpid:")
    return int(numbers.split("\n")[0].split()[-1]) if numbers else pid


def _get_group(pid: int) -> int:
    with contextlib.suppress(OSError):
        return os.getpgid(pid)
    return 0


def _runs(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


# ---------------------------------------------------------- what they take


def make_meter(init: int, held: bool) -> Meter:
    """How the memory of a submission is measured, in the sandbox or without it."""
    if held:
        return lambda members: _measure_memory(members) + _measure_files(init)
    return _measure_memory


def _measure_memory(members: list[int]) -> int:
    """Bytes of memory that some processes use; shared pages count once.

    Pages of files in memory do not count here: see `_measure_files`.
    """
    used, sockets = 0, set()
    for member in members:
        with contextlib.suppress(OSError, psutil.Error):  # it has ended
            used += _count_page_bytes(member)
            sockets |= _list_sockets(member)
    return used + SOCKET_BYTES * len(sockets)


def _list_sockets(pid: int) -> set[str]:
    """The sockets of a process, whose buffers belong to no process."""
    if sys.platform != "linux":
        return set()
    folder = f"/proc/{pid}/fd"
    found = set()
    for number in os.listdir(folder):
        with contextlib.suppress(OSError):  # it has been closed
            if (name := os.readlink(f"{folder}/{number}")).startswith("socket:"):
                found.add(name)
    return found


def _count_page_bytes(pid: int) -> int:
    if sys.platform != "linux":
        return int(psutil.Process(pid).memory_full_info().uss)
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
    lines = [line.split() for line in text.splitlines()[1:]]
    kilobytes = {words[0]: int(words[1]) for words in lines}
    shared = kilobytes.get("Pss_Shmem:", 0)
    swapped = kilobytes.get("SwapPss:", 0)
    return 1024 * (kilobytes["Pss:"] - shared + swapped)


def _count_own_bytes(pid: int) -> int:
    """Bytes of a process that belong to no file, with those that it shares."""
    try:
        text = Path(f"/proc/{pid}/statm").read_text("utf-8")
    except OSError:  # it has ended, or there is no /proc
        return 0
    _, resident, shared = map(int, text.split()[:3])
    return (resident - shared) * resource.getpagesize()


def _measure_files(init: int) -> int:
    """Bytes of all files that the submission keeps: they are in memory."""
    try:
        whole = os.statvfs(f"/proc/{init}/root/tmp")
    except OSError:  # it has ended meanwhile
        return 0
    return (whole.f_blocks - whole.f_bfree) * whole.f_frsize


def list_tree(process: int) -> list[int]:
    """A process and all its descendants."""
    try:
        below = psutil.Process(process).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [process, *(descendant.pid for descendant in below)]
