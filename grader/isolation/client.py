"""Starts the pre-warmed server, one for each process that grades."""

from __future__ import annotations

import atexit
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
from collections import defaultdict
from pathlib import Path

from grader import ROOT
from grader.course.settings import Assignment, SetupError
from grader.isolation import sandbox

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
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "ipywidgets",
    "IPython.core.completer",
)
MODULES = (*NUMPY, "torch", "rnncore.nn")
TORCH = re.compile(rb'(import|from) torch\b|device = \\"c')  # in JSON
START_SECONDS = 120
END_SECONDS = 5


class Server:
    """A running server; `path` is the socket that it listens on."""

    def __init__(self, *, sandboxed: bool, modules: tuple[str, ...] = MODULES):
        if sandboxed:
            sandbox.require()
        self.folder = tempfile.mkdtemp(prefix="grade-")  # mode 0700
        self.path = f"{self.folder}/socket"
        self.owner = os.getpid()
        self.sandboxed = sandboxed
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self.path)
        listening.listen(64)
        asked = json.dumps(
            {
                "sandboxed": sandboxed,
                "user": sandbox.USER,
                "mounted": sandbox.MOUNTED,
                "modules": list(modules),
            }
        )
        with listening:
            self.process = subprocess.Popen(
                _command(sandboxed, listening.fileno(), asked),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                pass_fds=[listening.fileno()],
                start_new_session=True,  # Ctrl-C is not for it
                env=None if sandboxed else _environment(self.folder),
            )
        self._wait()
        atexit.register(self.stop)

    def _wait(self) -> None:
        """Wait until it is ready. Raises SetupError where it is not."""
        assert self.process.stdout
        assert self.process.stderr
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        ready = self.process.stdout.readline()
        timer.cancel()
        if ready != "ready\n":
            self.stop()
            said = self.process.stderr.read().strip().splitlines()
            raise SetupError(
                "the process that learners' code is to run in did not "
                f"start: {said[-1] if said else 'no message'}"
            )

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it and all that it started."""
        if os.getpid() != self.owner:  # a fork has inherited it
            return
        assert self.process.stdin
        self.process.stdin.close()  # it ends by itself
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)


Kind = tuple[bool, bool]  # sandboxed, with torch
_servers: dict[Kind, Server] = {}
_locks: dict[Kind, threading.Lock] = defaultdict(threading.Lock)


def server(*, sandboxed: bool, torch: bool = True) -> Server:
    """This process's server; where it has died, a new one."""
    kind = sandboxed, torch
    with _locks[kind]:
        found = _servers.get(kind)
        if found is None or not found.alive() or found.owner != os.getpid():
            modules = MODULES if torch else NUMPY
            found = Server(sandboxed=sandboxed, modules=modules)
            _servers[kind] = found
        return found


@functools.cache
def wants_torch(assignment: Assignment) -> bool:
    """Whether an assignment's code or tests use torch."""
    release = json.loads(assignment.release.read_text(encoding="utf-8"))
    code = ["".join(c["source"]) for c in release["cells"] if "outputs" in c]
    cells = json.loads(assignment.cells.read_text(encoding="utf-8"))
    code += [cell["source"] for cell in cells.values()]
    used = re.findall(r"\btorch\b|\brnncore\.\w+", "\n".join(code))
    return not set(used) <= {*NUMPY, "rnncore.backend"}


def says_torch(notebook: Path, most: int) -> bool:
    """Whether a submitted notebook asks for torch, at a glance.

    One that does so in other words waits for the import.
    """
    if notebook.is_symlink() or not notebook.is_file():
        return False
    with notebook.open("rb") as file:
        return TORCH.search(file.read(most)) is not None


def _command(sandboxed: bool, number: int, asked: str) -> list[str]:
    """The server's command; the grader's folder comes first in its path."""
    place = sandbox.INSIDE if sandboxed else str(ROOT)
    start = (
        f"import sys; sys.path.insert(0, {place!r}); "
        "from grader.isolation import server; server.main()"
    )
    python = sandbox.inner_python() if sandboxed else sys.executable
    program = [python, "-I", "-c", start, str(number), asked]
    return sandbox.command(program) if sandboxed else program


def _environment(home: str) -> dict[str, str]:
    return {**os.environ, **sandbox.environment(home)}
