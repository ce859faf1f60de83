"""The sandbox server: imports once, then forks a process a submission.

    server.py CONFIG     CONFIG: JSON; connections come through the input

No learner's code ever runs in this process. A submission's is forked from
it: a monitor, which holds the grader's connection, makes the namespaces and
watches the memory; in them an init process, and the learner's own. Where
the sandbox belongs to one submission (`alone`), nothing is made in it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import math
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from grader.isolation.linux.groups import Group
from grader.isolation.linux.huge_pages import use_large
from grader.isolation.linux.priority import let_others_first, list_threads
from grader.isolation.linux.seccomp import close_calls
from grader.isolation.serialization import receive, send

LOOK_SECONDS = 0.2  # between two looks at memory and processor
SHARE = 0.2  # of its time that a monitor may spend on looking
CALM = 2  # processes at a time: of more, all wait for other submissions
BUSY_SECONDS = 2  # that more than the limit may compute at a time
SOCKET_BYTES = 1 << 18  # that the kernel may hold for one of usual size
END_SECONDS = 3  # for a thread to end

# <sys/mount.h>, <sched.h>, <sys/prctl.h>, <linux/capability.h>
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 0x40000
MS_BIND = 0x1000
CLONE = {
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
CAPABILITY_VERSION_3 = 0x20080522

LIBC = ctypes.CDLL(None, use_errno=True)


def _check_call(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(kind: str, target: str, flags: int, options: str = "") -> None:
    name = kind.encode() if kind else None
    extra = options.encode() if options else None
    done = LIBC.mount(name, target.encode(), name, flags, extra)
    _check_call(done, f"mount {kind} {target}")


def _bind(source: str, target: str) -> None:
    done = LIBC.mount(source.encode(), target.encode(), None, MS_BIND, None)
    _check_call(done, f"mount {source} at {target}")


def main() -> None:
    """Import, then fork for each connection until the grader ends."""
    config = json.loads(sys.argv[1])
    way = socket.socket(fileno=os.dup(0))
    if config["held"] and not config["alone"] and os.getuid() == 0:
        _mount("proc", "/proc", 0)  # bubblewrap hides parts of its /proc
        _become(config["user"])
    from grader.isolation import warm_up, worker  # noqa: F401
    from rnncore.checking.shell import OUTPUTS, make_shell

    shell = make_shell()
    for name in config["modules"]:
        with contextlib.suppress(ModuleNotFoundError):  # an import of it says so
            importlib.import_module(name)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
    warm_up.run(shell, OUTPUTS)
    if (threads := _count_threads()) != 1:
        raise SystemExit(f"{threads} threads run: a fork would lose them")
    gc.collect()
    gc.freeze()
    use_large()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no process waits for them
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    _let_go_of_streams()
    _accept(way, config, shell)


def _count_threads() -> int:
    """How many threads run, once those that are about to end have ended."""
    until = time.monotonic() + END_SECONDS
    while True:
        count = len(os.listdir("/proc/self/task")) if _is_linux() else 1
        if count == 1 or time.monotonic() > until:
            return count
        time.sleep(0.01)


def _accept(way: socket.socket, config: Any, shell: Any) -> None:
    while True:
        word, fds, _, _ = socket.recv_fds(way, 1, 1)
        if not word:  # the grader has ended
            os._exit(0)
        connection = socket.socket(fileno=fds[0])
        if os.fork() == 0:
            status = 1
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                way.close()
                _monitor_submission(connection, config, shell)
                status = 0
            except BaseException as error:  # noqa: BLE001 - it is reported
                send(connection, {"refused": f"{error!r}"})
            finally:
                os._exit(status)
        connection.close()


def _let_go_of_streams() -> None:
    """Point the standard streams at nothing, so that a notebook cannot use them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def _become(user: int) -> None:
    """Give up root: process limits do not bind it."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _check_call(LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "dumpable")


def _monitor_submission(connection: socket.socket, config: Any, shell: Any) -> None:
    """The monitor: makes the learner's process and waits for its end."""
    head, data = receive(connection, 1 << 30)
    _, fds, _, _ = socket.recv_fds(connection, 1, 1)
    os.setsid()
    parted = config["held"] and not config["alone"]
    group = None
    if config["groups"]:
        group = Group(config["groups"], head["limits"]["memory_bytes"])
    if parted:
        _new_namespaces()
    elif _is_linux():
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began, begun = os.pipe()
    init = os.fork()
    if init == 0:
        try:
            os.close(began)
            connection.close()
            if group:
                group.enter()
            _init(fds[0], begun, head, data, config, shell)
        except BaseException as error:  # noqa: BLE001 - it is reported
            os.write(begun, f"{error!r}"[:4000].encode())
        finally:
            os._exit(1)
    os.close(begun)
    os.close(fds[0])
    said = os.read(began, 4096)
    if not said.startswith(b"ready"):
        raise OSError(said.decode(errors="replace") or "it ended at once")
    learner = _list_tree(init)[1].pid
    send(connection, {"started": True})
    members = _list_others if config["alone"] else lambda: _list_tree(init)
    monitor = Monitor(members, head["limits"], group or _make_meter(init, config))
    try:
        _watch(connection, init, learner, monitor)
    finally:  # nothing keeps running unobserved
        if config["alone"]:
            os.kill(-1, signal.SIGKILL)  # all but the server
        _kill_all(init, parted)
        if group:
            group.end()


def _new_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    flags = sum(CLONE.values()) - CLONE["mount"] - CLONE["cgroup"]  # init's
    _check_call(LIBC.unshare(flags), "unshare")
    Path("/proc/self/setgroups").write_text("deny", "utf-8")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", "utf-8")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", "utf-8")


def _init(
    link: int, begun: int, head: Any, data: bytes, config: Any, shell: Any
) -> None:
    """The first process of its namespaces: they end when it does."""
    if _is_linux():
        _check_call(LIBC.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0), "death signal")
        # snapshots come to this process, and live on, when the learner's ends
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # gVisor knows none
    limits = head["limits"]
    folder = head["folder"]
    if config["held"]:
        folder = config["mounted"]
    if config["held"] and not config["alone"]:
        _private_folders(limits, folder)
    _write_files(folder, head["files"], data)
    if config["alone"]:
        os.chown(folder, config["user"], config["user"])
    _set_limits(limits)
    if config["alone"]:
        _become(config["user"])
    if config["held"]:
        _drop_rights()
    learner = os.fork()
    if learner == 0:
        os.close(begun)
        _run_learner(link, folder, shell, config["held"])
    os.close(link)
    os.write(begun, b"ready")
    os.close(begun)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            os._exit(0)


def _private_folders(limits: Any, mounted: str) -> None:
    """Make private folders, and forbid further namespaces."""
    _check_call(LIBC.unshare(CLONE["mount"] | CLONE["cgroup"]), "unshare")
    _mount("", "/", MS_REC | MS_PRIVATE)
    _mount("proc", "/proc", MS_NOSUID | MS_NODEV)
    size = f"size={limits['scratch_bytes']},nr_inodes=10000,mode=700"
    _mount("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, size)
    for folder in (mounted, "/dev/shm", "/tmp"):  # one size for all three
        part = f"/tmp/{Path(folder).name}"
        os.mkdir(part, 0o700)
        _bind(part, folder)
    _bind("/dev/null", "/dev/zero")  # its pages would not be counted
    for name in ("user", "pid", "net", "mnt"):
        limit = Path(f"/proc/sys/user/max_{name}_namespaces")
        limit.write_text("0", "utf-8")


def _write_files(folder: str, files: dict[str, list[int]], data: bytes) -> None:
    """Copy the files that accompany the notebook, read only."""
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    for name, (start, size) in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data[start : start + size])
        path.chmod(0o444)


def _set_limits(limits: Any) -> None:
    base = 0
    if _is_linux():
        pages = int(Path("/proc/self/statm").read_text("utf-8").split()[0])
        base = pages * resource.getpagesize()
    wanted = {
        "AS": base + limits["memory_bytes"] if base else None,
        "CORE": 0,
        "CPU": int(limits["total_seconds"]) + 5,
        "FSIZE": limits["file_bytes"],
        "NOFILE": limits["files"],
        "NPROC": limits["processes"] if limits["processes"] else None,
    }
    for name, value in wanted.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if value is not None and kind is not None:
            resource.setrlimit(kind, (value, value))


def _drop_rights() -> None:
    """No capability is left, and no program can give one."""
    _check_call(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new rights")
    for capability in range(64):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    head = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    _check_call(LIBC.capset(head, none), "capset")


def _run_learner(link: int, folder: str, shell: Any, held: bool) -> None:
    """The learner's process: it serves the link until that is closed."""
    from grader.isolation import worker

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sock = socket.socket(fileno=os.dup2(link, 3))
    os.closerange(4, 1024)
    if held:
        close_calls(LIBC)
    try:
        worker.prepare_process(folder)
        worker.Helper(shell, sock).serve()
    finally:
        os._exit(0)


# ------------------------------------------------------------- the monitor


def _watch(
    connection: socket.socket, init: int, learner: int, monitor: Monitor
) -> None:
    """Pass signals on, look after the limits, until either side ends.

    The grader learns at once when the learner's own process ends; its
    snapshots live on.
    """
    events = select.poll()
    events.register(connection, select.POLLIN)
    end = -1
    with contextlib.suppress(AttributeError, OSError):  # not every kernel
        end = os.pidfd_open(learner)
        events.register(end, select.POLLIN)
    while True:
        happened = dict(events.poll(LOOK_SECONDS * 1000))
        if not happened:
            if os.waitpid(init, os.WNOHANG)[0]:
                _tell(connection, {monitor.ended(): True})
                return
            if over := monitor.find_excess():
                _tell(connection, {over: True})
                return
            continue
        if end in happened:
            events.unregister(end)
            _tell(connection, {monitor.ended(): True})
        if connection.fileno() not in happened:
            continue
        word = connection.recv(1)
        if not word:
            return
        number = signal.SIGINT if word == b"i" else signal.SIGKILL
        try:
            os.kill(learner, number)
        except ProcessLookupError:  # it has ended meanwhile
            continue


Members = Callable[[], list[psutil.Process]]  # init comes first
Meter = Callable[[list[psutil.Process]], int]  # bytes that these take


class Monitor:
    """What a submission's processes take, seen from time to time.

    Where they have a control group, the kernel sees to their memory.
    """

    def __init__(self, members: Members, limits: Any, memory: Meter | Group):
        self.members, self.limits, self.memory = members, limits, memory
        self.next, self.calm, self.quiet = 0.0, False, math.inf

    def find_excess(self) -> str | None:
        """The limit that is passed, if one is."""
        now, members = time.monotonic(), self.members()
        states = [state for p in members for _, state in list_threads(p.pid)]
        running = states.count("R")
        self.calm = self.calm or running > CALM
        if self.calm:  # all but init are in one session: see seccomp.py
            let_others_first(process.pid for process in members[1:])
        if running <= self.limits["computing"] or self.quiet > now:
            self.quiet = now  # the last moment that it was so
        if now - self.quiet > BUSY_SECONDS:
            return "busy"
        if len(states) > self.limits["processes"] + 1:  # and init
            return "processes"
        if isinstance(self.memory, Group) or now < self.next:
            return None
        return "memory" if self._full(self.memory, members) else None

    def ended(self) -> str:
        """Why the learner's process ended, as far as can be seen."""
        full = isinstance(self.memory, Group) and self.memory.full()
        return "memory" if full else "ended"

    def _full(self, meter: Meter, members: list[psutil.Process]) -> bool:
        """Whether there is too much memory; the next look may wait."""
        began = time.process_time()
        used = meter(members)
        spent = time.process_time() - began
        self.next = time.monotonic() + spent / SHARE
        return used > int(self.limits["memory_bytes"])


def _make_meter(init: int, config: Any) -> Meter:
    """How the memory of a submission is measured."""
    if config["alone"]:
        before = _measure_all_memory()
        return lambda _: _measure_all_memory() - before
    if config["held"]:
        return lambda members: _measure_memory(members) + _measure_files(init)
    return _measure_memory


def _measure_all_memory() -> int:
    """Bytes in use in the entire sandbox, with files in memory."""
    lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return 1024 * (kilobytes["MemTotal"] - kilobytes["MemFree"])


def _tell(connection: socket.socket, what: Any) -> None:
    with contextlib.suppress(OSError):  # the grader has gone
        send(connection, what)


def _kill_all(init: int, parted: bool) -> None:
    """Kill the init process, and with it all of its namespace."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(init, signal.SIGKILL)
    while not parted and (left := _list_tree(os.getpid())[1:]):
        for process in left:  # on Linux theirs come to this one
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(init, 0)


def _measure_memory(members: list[psutil.Process]) -> int:
    """Bytes of memory that some processes use; shared pages count once.

    Pages of files in memory do not count here: see `_measure_files`.
    """
    used, sockets = 0, set()
    for member in members:
        with contextlib.suppress(OSError, psutil.Error):  # it has ended
            used += _count_page_bytes(member)
            sockets |= _list_sockets(member)
    return used + SOCKET_BYTES * len(sockets)


def _list_sockets(process: psutil.Process) -> set[str]:
    """The sockets of a process, whose buffers belong to no process."""
    if not _is_linux():
        return set()
    folder = f"/proc/{process.pid}/fd"
    found = set()
    for number in os.listdir(folder):
        with contextlib.suppress(OSError):  # it has been closed
            if (name := os.readlink(f"{folder}/{number}")).startswith("socket:"):
                found.add(name)
    return found


def _count_page_bytes(process: psutil.Process) -> int:
    if not _is_linux():
        return int(process.memory_full_info().uss)
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text("utf-8")
    lines = [line.split() for line in text.splitlines()[1:]]
    kilobytes = {words[0]: int(words[1]) for words in lines}
    shared = kilobytes.get("Pss_Shmem:", 0)
    swapped = kilobytes.get("SwapPss:", 0)
    return 1024 * (kilobytes["Pss:"] - shared + swapped)


def _measure_files(init: int) -> int:
    """Bytes of all files that the submission keeps: they are in memory."""
    try:
        whole = os.statvfs(f"/proc/{init}/root/tmp")
    except OSError:  # it has ended meanwhile
        return 0
    return (whole.f_blocks - whole.f_bfree) * whole.f_frsize


def _list_tree(process: int) -> list[psutil.Process]:
    """A process and all its descendants."""
    try:
        first = psutil.Process(process)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _list_others() -> list[psutil.Process]:
    """All processes of the sandbox but the server and this one."""
    own = 1, os.getpid()
    return [p for p in psutil.process_iter() if p.pid not in own]


def _is_linux() -> bool:
    return sys.platform == "linux"


if __name__ == "__main__":
    main()
