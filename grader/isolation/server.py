"""The sandbox server: imports once, then forks a process a submission.

    server.py CONFIG     CONFIG: JSON; connections come through the input

No learner's code ever runs in this process. A submission's is forked from
it: a monitor, which holds the grader's connection, makes the namespaces and
watches what is taken (`monitor.py`); in them an init process, and the
learner's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from grader.isolation.linux.groups import Group
from grader.isolation.linux.huge_pages import use_large
from grader.isolation.linux.seccomp import close_calls
from grader.isolation.monitor import Monitor, list_tree, make_meter, watch
from grader.isolation.serialization import receive, send

END_SECONDS = 3  # for a thread to end
SPARE_FILES = 8  # more than the limit, to take the way to a copy

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
    if config["held"] and os.getuid() == 0:
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
    parted, group = config["held"], None
    if config["groups"]:
        group = Group(config["groups"], head["limits"]["memory_bytes"])
    if parted:
        _new_namespaces()
    else:
        _adopt_orphans()
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
    number = int(said.split()[1])
    send(connection, {"started": True, "process": number})
    meter = group or make_meter(init, parted)
    monitor = Monitor(lambda: list_tree(init), head, meter, number)
    try:
        watch(connection, init, monitor)
    finally:  # nothing keeps running unobserved
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


def _adopt_orphans() -> bool:
    """Become the parent of all descendants whose own ends; False if it cannot be.

    Where it cannot (macOS), the system's first process gets them.
    """
    if not _is_linux():
        return False
    _check_call(LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper")
    return True


def _init(
    link: int, begun: int, head: Any, data: bytes, config: Any, shell: Any
) -> None:
    """The first process of its namespaces: they end when it does."""
    if _is_linux():
        _check_call(LIBC.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0), "death signal")
    adopts = _adopt_orphans()  # copies, when the learner's own process ends
    limits = head["limits"]
    folder = head["folder"]
    if config["held"]:
        folder = config["mounted"]
        _private_folders(limits, folder)
    _write_files(folder, head["files"], data)
    _set_limits(limits, head["copies"])
    if config["held"]:
        _drop_rights()
    learner = os.fork()
    if learner == 0:
        os.close(begun)
        _run_learner(link, folder, shell, config["held"])
    os.close(link)
    os.write(begun, f"ready {learner}".encode())
    os.close(begun)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            if adopts:
                os._exit(0)
            signal.pause()  # copies live on elsewhere: the monitor ends it


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


def _set_limits(limits: Any, copies: int) -> None:
    """Set the kernel's limits; copies of the process have room beyond them.

    What one process may take more than it has is less than the limit of all
    by what it has: it gets a MemoryError before the monitor has to end it.
    """
    memory = None
    if _is_linux():
        statm = Path("/proc/self/statm").read_text("utf-8").split()
        size, held = (int(n) * resource.getpagesize() for n in statm[:2])
        most = limits["memory_bytes"]
        memory = size + max(most - held - most // 10, most // 2)
    files, processes = limits["files"], limits["processes"]
    wanted = {
        "AS": (memory, memory),
        "CORE": (0, 0),
        "CPU": (int(limits["total_seconds"]) + 5,) * 2,
        "FSIZE": (limits["file_bytes"],) * 2,
        "NOFILE": (files, files + SPARE_FILES),
        "NPROC": (processes, processes + copies) if processes else (None, None),
    }
    for name, values in wanted.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if None not in values and kind is not None:
            resource.setrlimit(kind, values)


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


def _kill_all(init: int, parted: bool) -> None:
    """Kill the init process, and with it all of its namespace."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(init, signal.SIGKILL)
    while not parted and (left := psutil.Process().children(recursive=True)):
        for process in left:  # on Linux theirs come to this one
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(init, 0)


def _is_linux() -> bool:
    return sys.platform == "linux"


if __name__ == "__main__":
    main()
