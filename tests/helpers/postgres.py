"""Debian's PostgreSQL server, started for one test and stopped after it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 60


def programs() -> Path | None:
    """The folder of the newest server that is installed, if any."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def server() -> Iterator[str]:
    """The address of an empty database, for SQLAlchemy."""
    where = programs()
    assert where is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_user = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data = str(folder / "data")
    made = [*as_user, where / "initdb", "-D", data, "-A", "trust"]
    made += ["-U", "grader", "-E", "UTF8", "--no-locale"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder)
    run = [*as_user, where / "postgres", "-D", data, "-k", str(folder)]
    run += ["-c", "listen_addresses="]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(run, stdout=log, stderr=log, cwd=folder)
    try:
        _wait(where, folder)
        yield f"postgresql+psycopg://grader@/postgres?host={folder}"
    finally:
        process.terminate()
        process.wait(SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(where: Path, folder: Path) -> None:
    until = time.monotonic() + SECONDS
    ready = [where / "pg_isready", "-h", str(folder), "-q"]
    while subprocess.run(ready, check=False).returncode != 0:
        if time.monotonic() > until:
            raise TimeoutError((folder / "log").read_text())
        time.sleep(0.1)
