"""What was handed in, and what is known of each from earlier runs."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import untrusted
from grader.course.fingerprint import compute_fingerprint
from grader.course.settings import Course
from rnncore.storage.files import whole_file

VERSION = 7  # raise it where the same notebook would get another result


@dataclass(frozen=True)
class Submission:
    """A folder (or, misplaced, a file) that a learner or a team handed in."""

    student: str
    assignment: str
    path: Path
    team: str = ""
    before: tuple[str, ...] = ()  # under which names it may have been graded
    variant: str = ""  # names its learner's own values; empty for those that all have

    @property
    def tests(self) -> tuple[str, str]:
        """Which tests it is graded with: an assignment's, of a variant."""
        return self.assignment, self.variant

    def __str__(self) -> str:
        return f"{self.student} {self.assignment}"


def find_submissions(
    course: Course, folder: Path | None = None
) -> tuple[list[Submission], list[str]]:
    """All submissions in order, and complaints about stray files.

    They are in the course's folder, or in that of another class.
    """
    folder = folder or course.submitted
    found: list[Submission] = []
    stray: list[str] = []
    if not folder.is_dir():
        return found, stray
    for entry in _list_entries(folder, stray):
        if not entry.is_dir():
            stray.append(
                f"{_shorten_path(entry, course.root)} belongs to no learner: "
                "grading/submitted/<learner>/<assignment>/ is the place"
            )
            continue
        inside = _list_entries(entry, stray)
        folders = {p.name for p in inside if p.is_dir()}
        for path in inside:
            if path.is_dir():
                found.append(Submission(entry.name, path.name, path))
            elif path.suffix == ".ipynb" and path.stem not in folders:
                found.append(Submission(entry.name, path.stem, path))
            elif path.is_symlink() or not path.suffix:
                found.append(Submission(entry.name, path.name, path))
    return found, stray


def _shorten_path(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _list_entries(folder: Path, stray: list[str]) -> list[Path]:
    """What a folder holds, in order; adds to the complaints."""
    try:
        paths = sorted(folder.iterdir())
    except PermissionError:
        stray.append(f"{folder.name}/ may not be read")
        return []
    found = []
    for path in paths:
        if path.name.startswith("."):
            continue
        if why := untrusted.explain_unfit_name(path.name):
            said = f"{path.name[: untrusted.NAME_LENGTH]!a} in {folder.name}/"
            stray.append(f"{said} has {why}: rename it")
        else:
            found.append(path)
    return found


def key_of(submission: Submission, version: str, limit: int) -> str:
    """Changes when the submission, the assignment or the grader does."""
    return compute_fingerprint(submission.path, f"{VERSION} {version}", limit)


def unknown_reason(name: str, known: list[str]) -> str:
    """The message to a learner whose assignment does not exist."""
    close = difflib.get_close_matches(name, known, cutoff=0.4)
    hint = f" Is it '{close[0]}'?" if close else ""
    return (
        f"there is no assignment '{name}'.{hint} Name the folder like the "
        "one that you were given, and the notebook in it likewise."
    )


def result_path(course: Course, submission: Submission) -> Path:
    """Where the result of a submission is kept."""
    folder = course.results / submission.student
    return folder / f"{submission.assignment}.json"


def load_result(course: Course, submission: Submission) -> dict[str, Any] | None:
    """The result of an earlier run, or None."""
    try:
        data = result_path(course, submission).read_bytes()
        result: dict[str, Any] = json.loads(data)
    except (OSError, ValueError):  # missing, or incomplete
        return None
    return result


def replace_text(path: Path, text: str) -> None:
    """Write a file atomically, and create the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(text.encode("utf-8", "replace"))
