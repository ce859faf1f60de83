"""Memory that the kernel counts: a control group for each submission.

    python -m grader.isolation.linux.groups     who counts here, and why

Linux counts what a group of processes takes, files in memory and memory that
they share included, and ends the largest when a group takes too much: one that
runs a cell or a test rather than one that waits (`offer`). It needs control
groups of version 2 and a part of their tree that is ours: the one that the
grader was started in, if it was delegated, or one that systemd makes, the
user's own manager where the grader is not root. Elsewhere `server.py` counts.
"""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
import time
from pathlib import Path

from rnncore import programs

TOP = Path("/sys/fs/cgroup")
PLACE = "/tmp/groups"  # in a server's sandbox; a learner's own /tmp covers it
LINK = "group"  # in the server's folder: where its group lies
ASK_SECONDS = 10  # for systemd to answer
END_SECONDS = 3  # for processes to end
CONTROL = "cgroup.subtree_control"
BELOW = "grader"  # the group that the grader itself goes into
DELEGATED = "user.delegate"  # systemd's mark on what it has given away
ENTER = """
set -e
link=$1 group=$2 user=$3; shift 3
[ "$group" ] || group=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)
mkdir -p "$group/own"
echo $$ > "$group/own/cgroup.procs"
echo +memory > "$group/cgroup.subtree_control"
echo +cpu > "$group/cgroup.subtree_control" || true
if [ "$user" ]; then
  chown "$user" "$group" "$group/cgroup.procs" "$group/own/cgroup.procs"
fi
ln -s "$group" "$link"
exec "$@"
"""


def offer(score: int) -> None:
    """Have the kernel end this process first (1000) or like any other (0).

    So it does also where the machine has no memory left.
    """
    with contextlib.suppress(OSError):  # there is no such file elsewhere
        Path("/proc/self/oom_score_adj").write_text(str(score), "utf-8")


class Group:
    """The control group of one submission."""

    def __init__(self, groups: str, memory_bytes: int):
        self.path = Path(groups) / f"s{os.getpid()}"
        self.path.mkdir()
        self._write("memory.max", memory_bytes)
        if (self.path / "memory.swap.max").exists():
            self._write("memory.swap.max", 0)
        # Opened here: a process in namespaces of its own may not.
        self.entrance = os.open(self.path / "cgroup.procs", os.O_WRONLY)

    def _write(self, name: str, value: int) -> None:
        (self.path / name).write_text(str(value), "utf-8")

    def enter(self) -> None:
        """Put this process, and what it will start, into the group."""
        os.write(self.entrance, b"0")
        os.close(self.entrance)

    def count_killed(self) -> int:
        """How many processes the kernel has ended, as all took too much memory."""
        lines = (self.path / "memory.events").read_text("utf-8").splitlines()
        return int(dict(line.split() for line in lines)["oom_kill"])

    def end(self) -> None:
        """End all that is left in it, and take it away."""
        with contextlib.suppress(OSError):  # before Linux 5.14
            self._write("cgroup.kill", 1)
        _remove(self.path)


def build_command(program: list[str], folder: str, user: int | None) -> list[str]:
    """The command that starts a server in a group of its own.

    `user` is who it becomes. Raises LookupError where there is no group.
    """
    tree, start, group = find_delegated(), [], ""
    if tree:
        group = str(tree / Path(folder).name)
    elif not (start := find_systemd_command()):
        raise LookupError("nothing is delegated, and systemd is not there")
    owner = "" if user is None else str(user)
    link = f"{folder}/{LINK}"
    return [*start, "sh", "-c", ENTER, "sh", link, group, owner, *program]


def remove(folder: str) -> None:
    """Take away the group of the server whose folder this is."""
    link = Path(folder) / LINK
    if link.is_symlink():
        group = Path(os.readlink(link))
        _remove(group / "own")
        _remove(group)


def _remove(group: Path) -> None:
    until = time.monotonic() + END_SECONDS
    while group.exists() and time.monotonic() < until:
        try:
            group.rmdir()
        except OSError:  # a process in it is about to end
            time.sleep(0.02)


@functools.cache
def why_not() -> str | None:
    """Why the kernel does not count here; None where it does."""
    if not (TOP / "cgroup.controllers").exists():
        return "there are no control groups of version 2"
    if find_delegated() is None and not find_systemd_command():
        return (
            "no part of the control groups is delegated to this process, and "
            "systemd makes none for it"
        )
    return None


@functools.cache
def find_delegated() -> Path | None:
    """The part of the tree that this process was started in, if it is ours.

    What runs in it goes one level down, as groups have either processes or
    groups in them.
    """
    own = _find_own()
    if own is None or not os.access(own / CONTROL, os.W_OK):
        return None
    if own != TOP and _mark(own) != b"1":
        return None  # it belongs to somebody who has not given it away
    try:
        try:
            (own / CONTROL).write_text("+memory", "utf-8")
        except OSError:  # there are processes in it
            _go_down(own)
            (own / CONTROL).write_text("+memory", "utf-8")
    except OSError:
        return None
    return own


def _find_own() -> Path | None:
    """The group of this process, where it can bound memory."""
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/self/cgroup").read_text("utf-8").splitlines()
        (name,) = (line[3:] for line in lines if line.startswith("0::"))
        own = TOP / name.lstrip("/")
        own = own.parent if own.name == BELOW else own
        if "memory" in (own / "cgroup.controllers").read_text("utf-8").split():
            return own
    return None


def _mark(group: Path) -> bytes:
    try:
        return os.getxattr(group, DELEGATED)
    except OSError:
        return b""


def _go_down(own: Path) -> None:
    below = own / BELOW
    below.mkdir(exist_ok=True)
    for process in (own / "cgroup.procs").read_text("utf-8").split():
        (below / "cgroup.procs").write_text(process, "utf-8")


@functools.cache
def find_systemd_command() -> list[str]:
    """The start of a command that runs in a new, delegated group; or []."""
    if not Path("/run/systemd/system").exists() or not programs.find("systemd-run"):
        return []
    start = ["systemd-run", *([] if os.getuid() == 0 else ["--user"])]
    start += ["--scope", "--quiet", "--collect", "--property=Delegate=yes", "--"]
    test = (
        "grep -qw memory "
        "/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/cgroup.controllers"
    )
    try:
        subprocess.run(
            [*start, "sh", "-c", test],
            check=True,
            capture_output=True,
            timeout=ASK_SECONDS,
        )
    except (subprocess.SubprocessError, OSError):
        return []
    return start


def main() -> None:
    """Print how memory is limited on this machine: control groups, or polling."""
    if why := why_not():
        print(f"the grader counts, five times a second: {why}")
    else:
        how = "delegated" if find_delegated() else "made by systemd"
        print(f"the kernel counts, in control groups {how}")


if __name__ == "__main__":
    main()
