"""Runs a command as a user without rights, where the tests are root's."""

from __future__ import annotations

import pwd
import subprocess
from collections.abc import Iterable
from pathlib import Path

NAME = "nobody"


def command(program: list[str], needs: Iterable[Path]) -> list[str]:
    """The command that runs a program as an ordinary user.

    What it `needs` may lie where only root can look: a namespace of mounts
    has it at its usual place, below folders that hold nothing else.
    """
    user = pwd.getpwnam(NAME)
    asked = ["bwrap", "--dev-bind", "/", "/"]
    places = [Path(path).resolve() for path in needs]
    for folder in sorted(
        {top for path in places if (top := _closed(path))}
    ):
        asked += ["--perms", "0755", "--tmpfs", str(folder)]
    for path in places:
        if top := _closed(path):
            between = [
                p for p in reversed(path.parents) if top in p.parents
            ]
            for parent in between:
                asked += ["--perms", "0755", "--dir", str(parent)]
            asked += ["--bind", str(path), str(path)]
    asked += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--"]
    asked += ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
    return [*asked, "--clear-groups", "--no-new-privs", *program]


def give(folder: Path) -> None:
    """Let the ordinary user own a folder and what lies in it."""
    owner = str(pwd.getpwnam(NAME).pw_uid)
    subprocess.run(["chown", "-hR", owner, folder], check=True)


def _closed(path: Path) -> Path | None:
    """The uppermost folder on the way there that others may not enter."""
    ways = [
        p for p in reversed(path.parents) if not p.stat().st_mode & 0o001
    ]
    return ways[0] if ways else None
