"""Time what a reader waits for, and keep it as measurements.

The book from nothing, the book when nothing changed, and the tests; an
installed environment is taken for granted.
"""

import os
import platform
import shutil
import subprocess
import sys
import time

from tools import ROOT
from tools.measurements import record


def time_command(*command: str) -> float:
    """How long a command takes; it must succeed."""
    print(" ".join(command), flush=True)
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True)
    return time.perf_counter() - start


def main() -> int:
    shutil.rmtree(ROOT / "_build", ignore_errors=True)
    found = {
        "make book, from nothing": time_command("make", "book"),
        "make book, nothing changed": time_command("make", "book"),
        "make test": time_command("make", "test"),
    }
    record(
        {f"times.{name}": round(value, 1) for name, value in found.items()},
        unit="s",
        seed=None,
        device=f"CPU, {platform.machine()}, {os.cpu_count()} cores",
        command="make times",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
