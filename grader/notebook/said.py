"""Takes apart what a check said: expected, came, the mistake recognised."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from grader.course.settings import Course

KNOWN = "A known mistake: "
IN_HIDDEN = " (in a hidden test: "

# "d_h[0, 1]: expected 1.5, got 2 (3 of 4 entries differ)". The index and
# the numbers may be masked.
_COMPARED = re.compile(
    r"^(?P<what>[^\n]*?): expected (?P<expected>[^\n]+), "
    r"(?:got|found) (?P<came>[^\n]+?)(?P<more> \([^()\n]*\))?$",
    re.MULTILINE,
)
_RAISED = re.compile(
    r"^(?P<what>\S+) raised (?P<came>\w+: ?[^\n]*)", re.MULTILINE
)


@dataclass(frozen=True)
class Said:
    """A check's message in parts; what it does not say is empty."""

    what: str
    expected: str
    came: str
    mistake: str


def parts_of(says: str) -> Said:
    """The parts of a check's message, as `rnncore.testing` words it."""
    says = says.split(IN_HIDDEN)[0]
    mistake = says.partition(KNOWN)[2].strip()
    if found := _COMPARED.search(says):
        return Said(
            found["what"],
            found["expected"],
            found["came"] + (found["more"] or ""),
            mistake,
        )
    if found := _RAISED.search(says):
        return Said(found["what"], "", found["came"], mistake)
    return Said("", "", "", mistake)


@dataclass(frozen=True)
class Place:
    """Where the book explains a task."""

    page: str
    title: str
    anchor: str

    @property
    def file(self) -> str:
        """The page as the book's site has it."""
        return f"{self.page}.html" + (
            f"#{self.anchor}" if self.anchor else ""
        )


def places(course: Course, assignment: str) -> dict[str, Place]:
    """Where the book explains the tasks of an assignment, if it says so."""
    path = course.source / assignment / "checks.json"
    if not path.exists():
        return {}
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=100)
def _read(path: Path, _changed: int) -> dict[str, Place]:
    made = json.loads(path.read_text(encoding="utf-8"))
    return {
        task: Place(**place)
        for task, place in made.get("explained", {}).items()
    }
