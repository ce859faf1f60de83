"""What a sandbox shows of this machine, and which sandboxes there are.

An executor makes one: `bubblewrap.py` with the kernel's namespaces,
`gvisor.py` with a separate kernel between a notebook and this one.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Protocol

import rnncore
from grader import CODE
from grader.course.settings import SetupError

USER = 60321  # owns the learners' processes where the grader is root
INSIDE = "/opt/course"  # rnncore and SHOWN, in the sandbox
SHOWN = ("__init__.py", "untrusted.py", "isolation")  # of the grader's package
VENV = "/opt/venv"
DEFAULT = "bubblewrap"
NONE = "none"
NAMES = (DEFAULT, "gvisor", NONE)
WITHOUT = """\
Without a sandbox (--sandbox=none): a notebook that means harm can read and
change every file that you can, the solutions, the other submissions and the
gradebook among them, use the network, and take all memory. Its tests still
run outside its process."""


class NoSandbox(SetupError):
    """No sandbox is available, so learners' code is not run."""


class Executor(Protocol):
    """A way to hold a learner's code.

    `alone`: each submission gets a new one, which ends with it;
    otherwise one server makes the namespaces of each submission.
    `mounted`: the learner's folder, in the sandbox.
    """

    alone: bool
    mounted: str

    def why_not(self) -> str | None:
        """Why it cannot be used here; None where it can."""

    def build_command(
        self, program: list[str], folder: str, scratch: int, *, grouped: bool
    ) -> list[str]:
        """The command that runs a program in it.

        `folder` is empty and its own; `scratch` bounds what is written.
        `grouped`: there will be control groups for it (`linux/groups.py`).
        """


def load_executor(name: str) -> Executor:
    """The executor of this name."""
    made: Executor = importlib.import_module(f"grader.isolation.{name}")
    return made


def require(name: str = DEFAULT) -> None:
    """Raise NoSandbox, with what to do, where it cannot be made.

    Raises SetupError if there is none of this name.
    """
    if name not in NAMES:
        raise SetupError(f"sandbox: {name!r} is none of {', '.join(NAMES)}")
    if name != NONE and (why := why_not(name)):
        raise NoSandbox(
            f"{why}. Learners' code is not run without a sandbox, unless "
            "you ask for that: --sandbox=none"
        )


def why_not(name: str = DEFAULT) -> str | None:
    """Why this sandbox cannot be made here; None where it can."""
    if sys.platform != "linux":
        return f"a sandbox needs Linux, and this is {sys.platform}"
    return load_executor(name).why_not()


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
