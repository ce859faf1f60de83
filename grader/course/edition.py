"""Which edition of the grader, and of rnncore, gives points: a fingerprint."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import grader
import rnncore

PARTS = ("isolation", "notebook", "run", "trusted")  # of the grader


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
