"""A folder's fingerprint, by which a change is seen."""

from __future__ import annotations

import hashlib
import math
import os
import stat
from pathlib import Path


def fingerprint(
    folder: Path, start: str = "", limit: float = math.inf
) -> str:
    """Changes when a name or a content in the folder does, or `start`.

    Only plain files up to `limit` bytes are read: others are known by
    their kind and size.
    """
    total = hashlib.sha256(start.encode())
    for path in [folder, *sorted(folder.rglob("*"))]:
        name = os.fsencode(path.relative_to(folder.parent))
        try:
            content = _content(path, limit)
        except OSError:  # may not be read: told when it is graded
            content = b"unreadable"
        sizes = len(name), len(content)
        total.update(b"%d %d %s %s" % (*sizes, name, content))
    return total.hexdigest()


def _content(path: Path, limit: float) -> bytes:
    """What stands for a file, a folder or a link in the fingerprint."""
    info = path.lstat()
    kind = b"%d " % stat.S_IFMT(info.st_mode)
    if stat.S_ISLNK(info.st_mode):
        return kind + os.fsencode(os.readlink(path))
    if not stat.S_ISREG(info.st_mode):
        return kind
    if info.st_size > limit:
        return kind + b"%d %d" % (info.st_size, info.st_mtime_ns)
    return kind + hashlib.sha256(path.read_bytes()).digest()
