"""The sandbox that bubblewrap makes of the kernel's namespaces."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

from grader.isolation import sandbox
from grader.isolation.linux import groups
from rnncore import programs

alone = False
mounted = "/submission"
PROBE = (
    "import ctypes, os, sys; c = ctypes.CDLL(None, use_errno=True); "
    "os.getuid() or (os.setgroups([]), os.setresgid(1, 1, 1), "
    "os.setresuid(1, 1, 1)); "
    "sys.exit(c.unshare(0x7E020000) and os.strerror(ctypes.get_errno()))"
)


@functools.cache
def why_not() -> str | None:
    """Why no sandbox can be made here; None where it can."""
    if programs.find("bwrap") is None:
        return programs.explain("bwrap")
    run = subprocess.run(
        build_command([sandbox.inner_python(), "-I", "-c", PROBE]),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == 0:
        return None
    said = run.stderr.strip().splitlines() or ["no message"]
    return (
        "bubblewrap cannot make namespaces here (a container without user "
        f"namespaces?): {said[-1]}"
    )


def build_command(
    program: list[str], folder: str = "", scratch: int = 0, *, grouped: bool = False
) -> list[str]:
    """The command that runs a program in the sandbox.

    A submission's folders are made, with their size, by the server.
    """
    asked = ["bwrap", "--new-session", "--unshare-net"]
    asked += ["--unshare-ipc", "--unshare-pid", "--unshare-uts"]
    asked += ["--unshare-cgroup-try", "--hostname", "sandbox"]
    if os.getuid() != 0:
        asked += ["--unshare-user"]
    above = {p for path in sandbox.list_shown() for p in Path(path).parents[:-1]}
    for parent in sorted(above - {Path("/usr")}):
        asked += ["--perms", "0755", "--dir", str(parent)]
    for path, leads in sandbox.list_links().items():
        asked += ["--symlink", leads, path]
    for path, source in sandbox.list_shown().items():
        asked += ["--ro-bind", source, path]
    asked += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    asked += ["--perms", "1777", "--tmpfs", "/tmp"]
    if grouped:
        asked += ["--bind", f"{folder}/{groups.LINK}", groups.PLACE]
    asked += ["--dir", mounted, "--remount-ro", "/", "--chdir", "/"]
    asked += ["--clearenv", "--setenv", "PYTHONPATH", sandbox.INSIDE]
    for name, value in sandbox.make_environment("/tmp").items():
        asked += ["--setenv", name, value]
    return [*asked, "--", *program]
