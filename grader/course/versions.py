"""The versions of an assignment, and which one a learner worked on.

A corrected test makes a new version: all submissions are graded with it,
also those that were made from an older release. `grading/versions/` keeps
what is needed to distinguish them.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import NotRequired, TypedDict

from nbformat import NotebookNode

from grader.notebook.cells import cell_points, grade_id, is_graded, is_test
from rnncore.storage.files import whole_file


class Version(TypedDict):
    """One version: its number, since when, and what its tests look like.

    `points` are those of the graded cells; files of older runs lack them.
    """

    number: int
    fingerprint: str
    since: str
    tests: dict[str, str]
    points: NotRequired[dict[str, float]]


def read(path: Path) -> list[Version]:
    """The versions that a file knows, the oldest first."""
    if not path.exists():
        return []
    versions: list[Version] = json.loads(path.read_bytes())
    return versions


def enter(path: Path, fingerprint: str, release: NotebookNode) -> list[Version]:
    """Add the version to the file, unless it is the last one already."""
    known = read(path)
    if known and known[-1]["fingerprint"] == fingerprint:
        return known
    version = Version(
        number=len(known) + 1,
        fingerprint=fingerprint,
        since=time.strftime("%Y-%m-%d %H:%M"),
        tests=_fingerprint_tests(release),
        points=_read_points(release),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(json.dumps([*known, version], indent=1).encode())
    return [*known, version]


def made_from(known: list[Version], notebook: NotebookNode) -> int | None:
    """The newest version whose visible tests the notebook has, if any."""
    mine = _fingerprint_tests(notebook)
    for version in reversed(known):
        tests = version["tests"]
        if tests and tests.items() <= mine.items():
            return version["number"]
    return None


def read_points(known: list[Version]) -> dict[str, set[float]]:
    """The points that each graded cell had in any version."""
    found: dict[str, set[float]] = {}
    for version in known:
        for name, number in version.get("points", {}).items():
            found.setdefault(name, set()).add(number)
    return found


def make_remarks(known: list[Version], notebook: NotebookNode) -> list[str]:
    """The remark to a learner who worked on an older release."""
    if not known:
        return []
    last, made = known[-1]["number"], made_from(known, notebook)
    if made is None or made == last:
        return []
    since = known[made - 1]["since"][:10]
    remark = (
        f"your notebook was made from version {made} of the assignment "
        f"({since}); it was graded with version {last}, whose tests are "
        "the ones that count"
    )
    return [remark]


def _fingerprint_tests(notebook: NotebookNode) -> dict[str, str]:
    """A fingerprint of each test cell's text, without outer space."""
    return {
        name: hashlib.sha256(
            cell.source.strip().encode("utf-8", "replace")
        ).hexdigest()[:16]
        for cell in notebook.cells
        if (name := grade_id(cell)) and is_test(cell)
    }


def _read_points(notebook: NotebookNode) -> dict[str, float]:
    """The points of each graded cell."""
    return {
        name: cell_points(cell)
        for cell in notebook.cells
        if (name := grade_id(cell)) and is_graded(cell)
    }
