"""The sandbox in which learners' code runs: bubblewrap and namespaces."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import rnncore
from grader import ROOT
from grader.course.settings import SetupError

USER = 60321  # owns the learners' processes where the grader is root
INSIDE = "/opt/course"  # rnncore and SHOWN, in the sandbox
SHOWN = ("__init__.py", "door.py", "isolation")  # of the grader's package
VENV = "/opt/venv"
MOUNTED = "/submission"  # a learner's folder, in the sandbox
PROBE = (
    "import ctypes, os, sys; c = ctypes.CDLL(None, use_errno=True); "
    "os.getuid() or (os.setgroups([]), os.setresgid(1, 1, 1), "
    "os.setresuid(1, 1, 1)); "
    "sys.exit(c.unshare(0x7E020000) and os.strerror(ctypes.get_errno()))"
)
WITHOUT = """\
Without a sandbox (--no-sandbox): a notebook that means harm can read and
change every file that you can, the solutions, the other submissions and the
gradebook among them, use the network, and take all memory. Its tests still
run outside its process."""


class NoSandbox(SetupError):
    """Learners' code is not run, as nothing would hold it."""


def require() -> None:
    """Raise NoSandbox, with what to do, where no sandbox can be made."""
    if why := why_not():
        raise NoSandbox(
            f"{why}. Learners' code is not run without a sandbox, unless "
            "you ask for that: --no-sandbox"
        )


@functools.cache
def why_not() -> str | None:
    """Why no sandbox can be made here; None where it can."""
    if sys.platform != "linux":
        return f"a sandbox needs Linux, and this is {sys.platform}"
    if shutil.which("bwrap") is None:
        return (
            "the program bwrap is missing (package bubblewrap: "
            "apt-get install bubblewrap)"
        )
    run = subprocess.run(
        command([inner_python(), "-I", "-c", PROBE]),
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


def inner_python() -> str:
    """Where this Python lies in the sandbox."""
    if sys.prefix == sys.base_prefix:
        return os.path.realpath(sys.executable)
    return f"{VENV}/bin/{Path(sys.executable).name}"


def command(program: list[str]) -> list[str]:
    """The command that runs a program in the sandbox.

    It sees the system's programs, this Python with its packages, rnncore
    and, of the grader, what runs there, read only; of the course nothing.
    """
    asked = ["bwrap", "--new-session", "--unshare-net"]
    asked += ["--unshare-ipc", "--unshare-pid", "--unshare-uts"]
    asked += ["--unshare-cgroup-try", "--hostname", "sandbox"]
    if os.getuid() != 0:
        asked += ["--unshare-user"]
    for path in ("/usr", "/etc/ld.so.cache", "/etc/alternatives"):
        asked += ["--ro-bind-try", path, path]
    for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(path):
            asked += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            asked += ["--ro-bind", path, path]
    for inner in (Path(INSIDE, "grader", "x"), Path(sys.base_prefix)):
        for parent in reversed(inner.parents[:-1]):
            asked += ["--perms", "0755", "--dir", str(parent)]
    asked += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    if sys.prefix != sys.base_prefix:
        asked += ["--ro-bind", sys.prefix, VENV]
    package = Path(rnncore.__file__ or "").parent
    asked += ["--ro-bind", str(package), f"{INSIDE}/rnncore"]
    for name in SHOWN:
        part = ROOT / "grader" / name
        asked += ["--ro-bind", str(part), f"{INSIDE}/grader/{name}"]
    asked += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    asked += ["--perms", "1777", "--tmpfs", "/tmp"]
    asked += ["--dir", MOUNTED, "--remount-ro", "/", "--chdir", "/"]
    asked += ["--clearenv", "--setenv", "PYTHONPATH", INSIDE]
    for name, value in environment("/tmp").items():
        asked += ["--setenv", name, value]
    return [*asked, "--", *program]


def environment(home: str) -> dict[str, str]:
    """All that a learner's process finds in its environment."""
    return {
        "HOME": home,
        "IPYTHONDIR": f"{home}/.ipython",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "RNNCORE_LOOPS": "off",  # nothing is compiled here
        "TMPDIR": home,
        "USER": "learner",
    }
