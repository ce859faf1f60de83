"""Puts what was handed in into the place where `make grade` looks for it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from itertools import count
from pathlib import Path

from grader.course.fingerprint import compute_fingerprint
from grader.course.settings import Course


def compute_digest(files: dict[str, bytes]) -> str:
    """What distinguishes these files from others."""
    total = hashlib.sha256()
    for path, data in sorted(files.items()):
        total.update(f"{path}\0{hashlib.sha256(data).hexdigest()}\0".encode())
    return total.hexdigest()


def place_files(course: Course, who: str, name: str, files: dict[str, bytes]) -> str:
    """Put files into the place of a learner's folder, and say what happened."""
    fresh = Path(tempfile.mkdtemp(dir=course.work)) / name
    fresh.mkdir()
    for path, data in files.items():
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        (fresh / path).write_bytes(data)
    return place_folder(course, who, name, fresh)


def place_folder(course: Course, who: str, name: str, fresh: Path) -> str:
    """Put a folder into a learner's place, and say what happened.

    What was there, and is something else, goes to grading/earlier/.
    """
    target = course.submitted / who / name
    did = "new"
    if target.exists():
        if compute_fingerprint(target) == compute_fingerprint(fresh):
            return "as before"
        did = f"new; what was there is in {move_away(course, who, name)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(target)
    return did


def move_away(course: Course, who: str, name: str) -> Path:
    """Move a learner's folder to grading/earlier/, under the time of day."""
    now = time.strftime("%Y-%m-%d %H.%M.%S")
    base = course.home / "earlier" / who / name
    base.mkdir(parents=True, exist_ok=True)
    place = next(p for n in count() if not (p := base / f"{now} {n}".strip()).exists())
    source = course.submitted / who / name
    if source.exists():
        shutil.move(source, place)
    return place.relative_to(course.root)
