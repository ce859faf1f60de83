"""The folder of hidden tests, submissions and marks: for its owner alone."""

from __future__ import annotations

import stat
import sys
from pathlib import Path


def make_home(home: Path) -> Path:
    """Make `grading/` so that no other user of the machine can read it.

    One that is there keeps its mode, as several teachers may share it by their
    group; where it is open to all, a line says so.
    """
    home.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    if home.stat().st_mode & stat.S_IRWXO:
        print(
            f"{home}: open to every user of this machine, with hidden tests and "
            f"marks in it: chmod 700 {home}",
            file=sys.stderr,
        )
    return home
