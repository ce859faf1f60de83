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
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
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

OFFLINE = str(Path(__file__).with_name("offline"))  # has sitecustomize.py


def offline_environment() -> dict[str, str]:
    """The environment of processes that reach no other machine.

    What a page needs is installed; a page that fetched would fail where its
    readers have no network, and give something else next year.
    """
    others = os.environ.get("PYTHONPATH")
    path = os.pathsep.join(filter(None, (OFFLINE, others)))
    return os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": ALARMS}


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
    """A kernel's manager with such a client."""

    client_factory = Type(Client)


class Process(psutil.Process):
    """A process that is no child of ours, with the face of a Popen."""

    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        """None while it runs; its exit status is not known to us."""
        try:
            gone = not self.is_running() or self.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:  # it ended between the two questions
            gone = True
        return 0 if gone else None


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
        order = json.dumps({"argv": argv, "env": env, "cwd": cwd})
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        with self.lock:
            self.server.stdin.write(order + "\n")
            self.server.stdin.flush()
            answer = self.server.stdout.readline()
        if not answer:
            raise RuntimeError("the process that starts the kernels has ended")
        return Process(int(answer))

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
    """A class of managers that share a warm process, for as long as it lasts."""
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
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leaves no zombies
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _become_kernel(**json.loads(line))
        print(pid, flush=True)


def _draw_once() -> None:
    """After a cell, pyplot draws its figures for a window that is not there.

    The inline backend then draws them again, and that is what the page has.
    """
    with contextlib.suppress(ModuleNotFoundError):
        agg = importlib.import_module("matplotlib.backends.backend_agg")
        agg.FigureCanvasAgg.draw_idle = lambda canvas: None


def _become_kernel(argv: list[str], env: dict[str, str], cwd: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
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
