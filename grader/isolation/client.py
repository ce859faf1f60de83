"""Starts the pre-warmed server, one for each process that grades."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from grader import CODE
from grader.course.settings import Assignment, SetupError
from grader.isolation import sandbox
from grader.isolation.linux import groups

# Imported before the fork, for the notebooks that do. A process without
# torch is copied in half the time, so the assignments that do without it
# have a server of their own.
NUMPY = (
    "numpy",
    "rnncore.testing",
    "rnncore.display",
    "rnncore.gradient_flow",
    "rnncore.characters",
    "rnncore.sequence",
    "rnncore.layers",
    "rnncore.gru",
    "rnncore.lstm",
    "rnncore.fused.loop",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "ipywidgets",
    "IPython.core.completer",
)
MODULES = (*NUMPY, "torch", "rnncore.nn")
TORCH = re.compile(rb'(import|from) torch\b|device = \\"c')  # in JSON
# Imported too where an assignment does so; else each submission would wait.
LIBRARIES = {
    "pandas": ("pandas",),
    "scipy": ("scipy.stats", "scipy.optimize"),
    "sklearn": ("sklearn.linear_model", "sklearn.model_selection"),
}
IMPORT = re.compile(rf"\b(?:import|from) +({'|'.join(LIBRARIES)})\b")
START_SECONDS = 120
END_SECONDS = 5


class Server:
    """A running server; `path` is the socket that leads to it.

    What connects is handed on through the server's input, the one thing
    that it shares with this process.
    """

    def __init__(self, name: str = sandbox.DEFAULT, modules: tuple[str, ...] = MODULES):
        sandbox.require(name)
        self.folder = tempfile.mkdtemp(prefix="grade-")  # mode 0700
        self.path = f"{self.folder}/socket"
        self.owner = os.getpid()
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.path)
        self.listening.listen(64)
        self.way, theirs = socket.socketpair()
        command = _build_command(name, modules, self.folder)
        with theirs:
            self.process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # Ctrl-C is not for it
                env=_make_environment(self.folder) if name == sandbox.NONE else None,
            )
        self._wait()
        threading.Thread(target=self._hand_on, daemon=True).start()
        atexit.register(self.stop)

    def _hand_on(self) -> None:
        """Give the server each connection, until either end is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                with connection:
                    socket.send_fds(self.way, [b"C"], [connection.fileno()])

    def _wait(self) -> None:
        """Wait until it is ready. Raises SetupError where it is not."""
        assert self.process.stdout
        assert self.process.stderr
        until = time.monotonic() + START_SECONDS
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        ready = self.process.stdout.readline()
        timer.cancel()
        if ready != "ready\n":
            late = time.monotonic() >= until
            self.stop()
            said = self.process.stderr.read().strip().splitlines() or ["no message"]
            why = f"it took over {START_SECONDS} s" if late else said[-1]
            raise SetupError(
                f"the process that learners' code is to run in did not start: {why}"
            )

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it and every process that it started."""
        if os.getpid() != self.owner:  # a fork has inherited it
            return
        with contextlib.suppress(OSError):  # it waits in accept, or not yet
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self.way.close()  # which makes it end
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        groups.remove(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)


Kind = tuple[str, bool, frozenset[str]]  # the sandbox, with torch, libraries
_servers: dict[Kind, Server] = {}
_locks: dict[Kind, threading.Lock] = defaultdict(threading.Lock)


def get_server(
    name: str = sandbox.DEFAULT,
    *,
    torch: bool = True,
    libraries: frozenset[str] = frozenset(),
) -> Server:
    """This process's server; where it has died, a new one."""
    kind = name, torch, libraries
    with _locks[kind]:
        found = _servers.get(kind)
        if found is None or not found.alive() or found.owner != os.getpid():
            found = Server(name, _list_modules(torch=torch, libraries=libraries))
            _servers[kind] = found
        return found


def _list_modules(*, torch: bool, libraries: frozenset[str]) -> tuple[str, ...]:
    more = (module for name in sorted(libraries) for module in LIBRARIES[name])
    return (*(MODULES if torch else NUMPY), *more)


@functools.cache
def _read_code(assignment: Assignment) -> str:
    """An assignment's code and tests."""
    release = json.loads(assignment.release.read_text(encoding="utf-8"))
    code = ["".join(c["source"]) for c in release["cells"] if "outputs" in c]
    cells = json.loads(assignment.cells.read_text(encoding="utf-8"))
    return "\n".join([*code, *(cell["source"] for cell in cells.values())])


def wants_torch(assignment: Assignment) -> bool:
    """Whether an assignment's code or tests use torch."""
    used = re.findall(r"\btorch\b|\brnncore\.\w+", _read_code(assignment))
    return not set(used) <= {*NUMPY, "rnncore.backend"}


def find_libraries(code: str) -> frozenset[str]:
    """Which of LIBRARIES some code imports."""
    return frozenset(IMPORT.findall(code))


def wanted_libraries(assignment: Assignment) -> frozenset[str]:
    """Which of LIBRARIES an assignment's code or tests import."""
    return find_libraries(_read_code(assignment))


def says_torch(notebook: Path, most: int) -> bool:
    """Whether a submitted notebook asks for torch, at a glance.

    One that does so in other words waits for the import.
    """
    if notebook.is_symlink() or not notebook.is_file():
        return False
    with notebook.open("rb") as file:
        return TORCH.search(file.read(most)) is not None


def _build_command(name: str, modules: tuple[str, ...], folder: str) -> list[str]:
    """The server's command; the grader's folder comes first in its path."""
    held = name != sandbox.NONE
    grouped = held and not groups.why_not()
    asked = {
        "held": held,
        "user": sandbox.USER,
        "mounted": sandbox.MOUNTED,
        "modules": list(modules),
        "groups": groups.PLACE if grouped else "",
    }
    place = sandbox.INSIDE if held else str(CODE)
    start = (
        f"import sys; sys.path.insert(0, {place!r}); "
        "from grader.isolation import server; server.main()"
    )
    python = sandbox.inner_python() if held else sys.executable
    program = [python, "-I", "-c", start, json.dumps(asked)]
    if not held:
        return program
    program.insert(1, "-B")  # no byte code is written into shown folders
    command = sandbox.build_command(program, folder, grouped=grouped)
    if not grouped:
        return command
    user = sandbox.USER if os.getuid() == 0 else None
    return groups.build_command(command, folder, user)


def _make_environment(home: str) -> dict[str, str]:
    return {**os.environ, **sandbox.make_environment(home)}
