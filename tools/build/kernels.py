"""Kernels that execute the pages, each forked from one warm process.

A page spends two seconds on starting Python and importing what every other
page imports as well. `ForkServer` imports it once; a kernel is then a copy of
that process, which has no variable, thread or random number of another page.
"""

import contextlib
import gc
import importlib
import json
import math
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
import zmq
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import Instance, Type

from tools import ROOT

WARM = [  # what many pages import
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "matplotlib.pyplot",
    "numpy",
    "pandas",
    "sklearn.linear_model",
    "torch",
    "torch.nn",
]

INLINE = "module://matplotlib_inline.backend_inline"  # as a kernel sets it


# what a BLAS may warn of on some processors though all is finite:
# rnncore.testing.values.without_false_alarms
ALARMS = ",".join(
    f"ignore:{flag} encountered in matmul:RuntimeWarning"
    for flag in ("divide by zero", "overflow", "invalid value")
)

# One, whatever the environment says of others: pages run side by side, and a
# pool of threads does not survive a fork. To try more: BOOK_THREADS=2.
THREADS = os.environ.get("BOOK_THREADS", "1")
THREAD_COUNTS = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), THREADS
)

IPYTHON = ROOT / "_build" / "ipython"
LONGEST_SOCKET = 103  # bytes of its path, on macOS; Linux has 107

OFFLINE = str(Path(__file__).with_name("offline"))  # has sitecustomize.py


def offline_environment() -> dict[str, str]:
    """The environment of processes that reach no other machine.

    What a page needs is installed; a page that fetched would fail where its
    readers have no network, and give something else next year.
    """
    others = os.environ.get("PYTHONPATH")
    path = os.pathsep.join(filter(None, (OFFLINE, others)))
    own = {
        "PYTHONPATH": path,
        "PYTHONWARNINGS": ALARMS,
        "STRICT": "0",
        "IPYTHONDIR": str(IPYTHON),  # without start-up files of the reader's
    }
    return os.environ | own | THREAD_COUNTS


class Channel(AsyncZMQSocketChannel):
    """A channel that polls once a second.

    zmq sometimes misses the wake-up for a reply.
    """

    async def get_msg(  # type: ignore[override]
        self, timeout: float | None = None
    ) -> dict[str, Any]:
        """The next message; raises Empty where none comes in time."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left = max(0.0, end - time.monotonic())
            try:
                return await super().get_msg(min(1.0, left))
            except Empty:
                if not left:
                    raise


class Client(AsyncKernelClient):
    """A kernel's client with such channels."""

    shell_channel_class = Type(Channel)
    iopub_channel_class = Type(Channel)


class Manager(AsyncKernelManager):
    """A kernel's manager with such a client, which knows how its kernel ended."""

    client_factory = Type(Client)
    ended: int | None = None  # as subprocess.Popen.returncode has it

    def connect_within(self, folder: str) -> None:
        """Talk through files in a folder, where the system has such sockets.

        Ports of TCP are looked for before the kernel takes them: another
        program may be faster.
        """
        ip = os.path.join(folder, "kernel")
        if zmq.has("ipc") and len(os.fsencode(f"{ip}-0")) <= LONGEST_SOCKET:
            self.transport, self.ip = "ipc", ip

    async def _async_is_alive(self) -> bool:
        if self.has_kernel and self.provisioner is not None:
            status = await self.provisioner.poll()
            self.ended = status if self.ended is None else self.ended
        return await super()._async_is_alive()

    is_alive = _async_is_alive

    def say_how_it_ended(self) -> str:
        """A sentence about a kernel that died."""
        if self.ended is None or self.ended >= 0:
            return f"its kernel ended by itself, with status {self.ended}"
        why = signal.Signals(-self.ended)
        more = ", as where the memory is full" if why == signal.SIGKILL else ""
        return f"its kernel was ended by {why.name} ({signal.strsignal(why)}{more})"


class Process(psutil.Process):
    """A process that is no child of ours, with the face of a Popen.

    `find_status` asks the process whose child it is how it ended.
    """

    stdin = stdout = stderr = None
    returncode: int | None = None
    find_status: Callable[[int], int] | None = None

    def poll(self) -> int | None:
        """None while it runs; then how it ended, or 0 where nobody knows."""
        if self.returncode is not None:
            return self.returncode
        try:
            gone = not self.is_running() or self.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:  # it ended between the two questions
            gone = True
        if not gone:
            return None
        self.returncode = self.find_status(self.pid) if self.find_status else 0
        return self.returncode


class ForkServer:
    """A process that has imported what pages need, and forks kernels."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.server = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=offline_environment()
            | {"MPLBACKEND": INLINE},  # read by the first import
        )

    def fork(self, argv: list[str], env: dict[str, str], cwd: str) -> Process:
        """Start a kernel by its command line, `python -m module ...`."""
        process = Process(self._ask({"argv": argv, "env": env, "cwd": cwd}))
        process.find_status = self._find_status
        return process

    def _find_status(self, pid: int) -> int:
        """How a kernel ended, as subprocess.Popen.returncode has it."""
        return self._ask({"ended": pid})

    def _ask(self, order: dict[str, Any]) -> int:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        with self.lock:
            self.server.stdin.write(json.dumps(order) + "\n")
            self.server.stdin.flush()
            answer = self.server.stdout.readline()
        if not answer:
            raise RuntimeError("the process that starts the kernels has ended")
        return int(answer)

    def close(self) -> None:
        """End the process; the kernels that still run end with it."""
        with self.server:
            assert self.server.stdin is not None
            self.server.stdin.close()


class Forked(LocalProvisioner):
    """Has its kernel forked by the fork server of its manager."""

    process: Process | None
    parent: "WarmManager"

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Start the kernel."""
        self.process = self.parent.fork_server.fork(
            cmd, kwargs["env"], str(kwargs["cwd"])
        )
        self.pid = self.pgid = self.process.pid  # it leads a group of its own
        self.cwd = kwargs["cwd"]
        return self.connection_info


class WarmManager(Manager):
    """A manager whose kernel is a copy of the fork server's process."""

    fork_server = Instance(ForkServer)

    async def _async_pre_start_kernel(self, **kwargs: Any) -> Any:
        entry = EntryPoint(
            "forked", f"{__name__}:Forked", KernelProvisionerFactory.GROUP_NAME
        )
        KernelProvisionerFactory.instance().provisioners["forked"] = entry
        assert self.kernel_spec is not None
        self.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": "forked"}
        return await super()._async_pre_start_kernel(**kwargs)

    pre_start_kernel = _async_pre_start_kernel  # type: ignore[assignment]


@contextlib.contextmanager
def start_fork_server() -> Iterator[type[Manager]]:
    """A class of managers that share a warm process, for as long as it lasts.

    Each starts its kernel itself where kernels have several threads.
    """
    IPYTHON.mkdir(parents=True, exist_ok=True)  # each kernel warns without it
    if THREADS != "1":
        yield Manager
        return
    warm = ForkServer()

    class ForkedManager(WarmManager):
        def _fork_server_default(self) -> ForkServer:
            return warm

    try:
        yield ForkedManager
    finally:
        warm.close()


def main() -> None:
    """Fork a kernel for each line of the standard input."""
    for name in WARM:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    _draw_once()
    gc.freeze()  # no kernel has to look for garbage among the modules
    for line in sys.stdin:
        order = json.loads(line)
        if "ended" in order:
            print(_wait_for(order["ended"]), flush=True)
            continue
        pid = os.fork()
        if not pid:
            _become_kernel(**order)
        print(pid, flush=True)
    with contextlib.suppress(ChildProcessError):  # leaves no zombies
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _wait_for(pid: int) -> int:
    """How a child ended; 0 if that was asked before."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return 0


def _draw_once() -> None:
    """After a cell, pyplot draws its figures for a window that is not there.

    The inline backend then draws them again, and that is what the page has.
    """
    with contextlib.suppress(ModuleNotFoundError):
        agg = importlib.import_module("matplotlib.backends.backend_agg")
        agg.FigureCanvasAgg.draw_idle = lambda canvas: None


def _become_kernel(argv: list[str], env: dict[str, str], cwd: str) -> None:
    os.setsid()
    os.chdir(cwd)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # the standard output is the fork server's answer
    os.environ.clear()
    os.environ.update(env)
    module = argv.index("-m") + 1
    sys.argv = [*argv[module:], f"--IPKernelApp.parent_handle={os.getppid()}"]
    sys.path[0] = cwd
    runpy.run_module(argv[module], run_name="__main__", alter_sys=True)
    os._exit(0)


if __name__ == "__main__":
    main()
