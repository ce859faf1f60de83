"""The sandbox that bubblewrap makes of the kernel's namespaces."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import rnncore
from grader import CODE
from grader.course.settings import SetupError
from grader.isolation.linux import groups
from rnncore import programs

USER = 60321  # owns the learners' processes where the grader is root
INSIDE = "/opt/course"  # rnncore and SHOWN, in the sandbox
SHOWN = ("__init__.py", "untrusted.py", "isolation")  # of the grader's package
VENV = "/opt/venv"
MOUNTED = "/submission"  # the learner's folder, in the sandbox
PROBE = (
    "import ctypes, os, sys; c = ctypes.CDLL(None, use_errno=True); "
    "os.getuid() or (os.setgroups([]), os.setresgid(1, 1, 1), "
    "os.setresuid(1, 1, 1)); "
    "sys.exit(c.unshare(0x7E020000) and os.strerror(ctypes.get_errno()))"
)
DEFAULT = "bubblewrap"
NONE = "none"
NAMES = (DEFAULT, NONE)
WITHOUT = """\
Without a sandbox (--sandbox=none): a notebook that means harm can read and
change every file that you can, the solutions, the other submissions and the
gradebook among them, use the network, and take all memory. Its tests still
run outside its process."""


class NoSandbox(SetupError):
    """No sandbox is available, so learners' code is not run."""


def require(name: str = DEFAULT) -> None:
    """Raise NoSandbox, with what to do, where it cannot be made.

    Raises SetupError if there is none of this name.
    """
    if name not in NAMES:
        raise SetupError(f"sandbox: {name!r} is none of {', '.join(NAMES)}")
    if name != NONE and (why := why_not()):
        raise NoSandbox(
            f"{why}. Learners' code is not run without a sandbox, unless "
            "you ask for that: --sandbox=none"
        )


@functools.cache
def why_not() -> str | None:
    """Why no sandbox can be made here; None where it can."""
    if sys.platform != "linux":
        return f"a sandbox needs Linux, and this is {sys.platform}"
    if programs.find("bwrap") is None:
        return programs.explain("bwrap")
    run = subprocess.run(
        build_command([inner_python(), "-I", "-c", PROBE]),
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
    """The path of this Python in the sandbox."""
    if sys.prefix == sys.base_prefix:
        return os.path.realpath(sys.executable)
    return f"{VENV}/bin/{Path(sys.executable).name}"


def list_shown() -> dict[str, str]:
    """The paths that can be read in a sandbox, and those outside.

    The system's programs, this Python with its packages, rnncore and, of
    the grader, what runs there; of the course nothing.
    """
    found = ("/usr", "/etc/ld.so.cache", "/etc/alternatives", *_list_top(link=False))
    places = {path: path for path in found if os.path.exists(path)}
    places[sys.base_prefix] = sys.base_prefix
    if sys.prefix != sys.base_prefix:
        places[VENV] = sys.prefix
    places[f"{INSIDE}/rnncore"] = str(Path(rnncore.__file__ or "").parent)
    for name in SHOWN:
        places[f"{INSIDE}/grader/{name}"] = str(CODE / "grader" / name)
    return places


def list_links() -> dict[str, str]:
    """The symbolic links at the top, as outside, and their targets."""
    return {path: os.readlink(path) for path in _list_top(link=True)}


def _list_top(*, link: bool) -> list[str]:
    paths = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
    return [p for p in paths if os.path.isdir(p) and os.path.islink(p) == link]


def make_environment(home: str) -> dict[str, str]:
    """The environment variables of a learner's process."""
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


def build_command(
    program: list[str], folder: str = "", *, grouped: bool = False
) -> list[str]:
    """The command that runs a program in the

    A submission's folders are made, with their size, by the server.
    `grouped`: there will be control groups for it (`linux/groups.py`).
    """
    asked = ["bwrap", "--new-session", "--unshare-net"]
    asked += ["--unshare-ipc", "--unshare-pid", "--unshare-uts"]
    asked += ["--unshare-cgroup-try", "--hostname", "sandbox"]
    if os.getuid() != 0:
        asked += ["--unshare-user"]
    above = {p for path in list_shown() for p in Path(path).parents[:-1]}
    for parent in sorted(above - {Path("/usr")}):
        asked += ["--perms", "0755", "--dir", str(parent)]
    for path, leads in list_links().items():
        asked += ["--symlink", leads, path]
    for path, source in list_shown().items():
        asked += ["--ro-bind", source, path]
    asked += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    asked += ["--perms", "1777", "--tmpfs", "/tmp"]
    if grouped:
        asked += ["--bind", f"{folder}/{groups.LINK}", groups.PLACE]
    asked += ["--dir", MOUNTED, "--remount-ro", "/", "--chdir", "/"]
    asked += ["--clearenv", "--setenv", "PYTHONPATH", INSIDE]
    for name, value in make_environment("/tmp").items():
        asked += ["--setenv", name, value]
    return [*asked, "--", *program]
