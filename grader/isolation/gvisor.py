"""The sandbox of gVisor: a separate kernel, in user space.

A notebook's calls of the system are answered by gVisor's `runsc`, which
asks this machine's kernel for few of them. A submission has a container of
its own, so nothing is left of it for the next.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from grader.isolation import sandbox
from rnncore import programs

alone = True
mounted = "/tmp/submission"  # so that one size bounds both
RIGHTS = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL", "CAP_CHOWN")
KERNEL_BYTES = 2_000_000_000  # of gVisor's own memory, for a container
SHARED_BYTES = 1_000_000  # for semaphores
READ_ONLY = ["rbind", "ro", "nosuid", "nodev"]
OPTIONS = ("--platform=ptrace", "--network=none", "--ignore-cgroups")


@functools.cache
def why_not() -> str | None:
    """Why no container can be made here; None where it can."""
    if programs.find("runsc") is None:
        return programs.explain("runsc")
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        run = subprocess.run(
            build_command(["/bin/true"], folder, 1_000_000),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode == 0:
        return None
    said = run.stderr.strip().splitlines() or ["no message"]
    return f"gVisor cannot make a container here: {said[-1]}"


def build_command(
    program: list[str], folder: str, scratch: int, *, grouped: bool = False
) -> list[str]:
    """The command that runs a program in a container made in `folder`."""
    bundle = Path(folder) / "bundle"
    root = bundle / "root"
    root.mkdir(parents=True)
    for path, leads in sandbox.list_links().items():
        (root / path[1:]).symlink_to(leads)
    text = json.dumps(_describe_container(program, scratch))
    (bundle / "config.json").write_text(text, encoding="utf-8")
    rootless = [] if os.getuid() == 0 else ["--rootless"]
    asked = [
        "prlimit",
        f"--data={KERNEL_BYTES}",
        "runsc",
        "--root",
        f"{folder}/state",
        *OPTIONS,
        *rootless,
    ]
    return [*asked, "run", "--bundle", str(bundle), Path(folder).name]


def _describe_container(program: list[str], scratch: int) -> dict[str, Any]:
    """The container, in the words of the Open Container Initiative."""
    own = ["nosuid", "nodev", "mode=1777"]
    sizes = {"/tmp": scratch, "/dev/shm": SHARED_BYTES}
    mounts: list[dict[str, Any]] = [{"destination": "/proc", "type": "proc"}]
    mounts += [
        {"destination": path, "type": "tmpfs", "options": [*own, f"size={size}"]}
        for path, size in sizes.items()
    ]
    mounts += [
        {"destination": p, "type": "bind", "source": s, "options": READ_ONLY}
        for p, s in sandbox.list_shown().items()
    ]
    values = sandbox.make_environment("/tmp") | {"PYTHONPATH": sandbox.INSIDE}
    kinds = ("pid", "ipc", "uts", "mount", "network")
    return {
        "ociVersion": "1.0.0",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": program,
            "env": [f"{name}={value}" for name, value in values.items()],
            "cwd": "/",
            "capabilities": {
                kind: list(RIGHTS) for kind in ("bounding", "effective", "permitted")
            },
            "noNewPrivileges": True,
        },
        "root": {"path": "root"},  # holds nothing; it is root's there
        "hostname": "sandbox",
        "mounts": mounts,
        "linux": {"namespaces": [{"type": kind} for kind in kinds]},
    }
