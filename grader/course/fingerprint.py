"""Fingerprints by which a change is seen: of a folder, and of what gives points."""

from __future__ import annotations

import functools
import hashlib
import math
import os
import stat
from itertools import islice
from pathlib import Path

import grader
import rnncore
from grader import untrusted

PARTS = ("isolation", "notebook", "run", "trusted")  # of the grader


def compute_fingerprint(folder: Path, start: str = "", limit: float = math.inf) -> str:
    """Changes when a name or a content in the folder does, or `start`.

    Plain files are read until there are `limit` bytes of them: others are
    known by their kind, size and time, as are the folder's parts where
    there are too many to be looked at.
    """
    total = hashlib.sha256(start.encode())
    most = math.inf if limit == math.inf else untrusted.ENTRIES
    try:
        paths = [folder, *sorted(untrusted.walk(folder, most))]
    except untrusted.TooMuch:
        paths = [folder, *sorted(islice(folder.glob("*.ipynb"), 100))]
        start = str(folder.stat().st_mtime_ns)
        total.update(start.encode())
    for path in paths:
        name = os.fsencode(path.relative_to(folder.parent))
        try:
            content, size = _read_content(path, limit)
            limit -= size
        except OSError:  # may not be read: reported by grading
            content = b"unreadable"
        sizes = len(name), len(content)
        total.update(b"%d %d %s %s" % (*sizes, name, content))
    return total.hexdigest()


def _read_content(path: Path, limit: float) -> tuple[bytes, int]:
    """What stands for a file, a folder or a link; the bytes read for it."""
    info = path.lstat()
    kind = b"%d " % stat.S_IFMT(info.st_mode)
    if stat.S_ISLNK(info.st_mode):
        return kind + os.fsencode(os.readlink(path)), 0
    if not stat.S_ISREG(info.st_mode):
        return kind, 0
    if info.st_size > limit:
        return kind + b"%d %d" % (info.st_size, info.st_mtime_ns), 0
    return kind + hashlib.sha256(path.read_bytes()).digest(), info.st_size


def compute_edition(limits: object) -> str:
    """Changes where the same notebook might get other points.

    That is where the code that runs and judges it does, or the limits under which
    it runs. The tests have a fingerprint of their own.
    """
    said = f"{_fingerprint_code()} {limits!r}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


@functools.cache
def _fingerprint_code() -> str:
    ours, package = (Path(str(m.__file__)).parent for m in (grader, rnncore))
    total = hashlib.sha256()
    for folder in (*(ours / part for part in PARTS), package):
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            name = path.relative_to(folder.parent).as_posix()
            total.update(f"{name} {len(content)} ".encode() + content)
    return total.hexdigest()
