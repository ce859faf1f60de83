"""Takes a learner's files from where a service has put them."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from grader import untrusted
from grader.course.settings import Limits
from grader.systems.exported.handed_in import is_reserved
from rnncore.storage.files import Refused
from rnncore.storage.intake import read_beneath


def folder_in(place: Path, name: str, notebooks: Collection[str]) -> Path:
    """The folder that has a notebook: of the assignment's name, or `place` itself.

    Links are not followed: they may lead to what the learner must not see.
    """
    for parts in ((name,), ("exercises", name)):
        folder = place.joinpath(*parts)
        way = [place.joinpath(*parts[: n + 1]) for n in range(len(parts))]
        plain = all(stat.S_ISDIR(_read_mode(path)) for path in way)
        paths = [folder / f"{notebook}.ipynb" for notebook in notebooks]
        if plain and any(stat.S_ISREG(_read_mode(path)) for path in paths):
            return folder
    return place


def take_in(
    folder: Path,
    target: Path,
    notebooks: Collection[str],
    limits: Limits,
    owner: int | None = None,
) -> list[str]:
    """Copy the plain files of a folder; of one too large, the notebooks.

    When it came in is not a learner's to say: a `timestamp.txt` is left out.
    So are a link, and what does not belong to the user of the number `owner`.
    Returns what was left out for that, one line each.
    """
    try:
        names = untrusted.files_in(folder, limits.upload_bytes, limits.upload_files)
    except untrusted.TooMuch:
        paths = [Path(f"{notebook}.ipynb") for notebook in notebooks]
        names = [path for path in paths if _is_within_limits(folder / path, limits)]
    target.mkdir(parents=True)
    left, said = limits.upload_bytes, []
    for path in names:
        if is_reserved(path.as_posix()):
            continue
        try:
            left -= _copy(folder, path, target / path, left, owner)
        except Refused as error:
            said.append(untrusted.line(f"{path}: left out: {error}"))
    return said


def _copy(folder: Path, path: Path, to: Path, most: int, owner: int | None) -> int:
    """Copy one file, of at most `most` bytes; how many it has."""
    content = read_beneath(folder, path, most, owner)  # it may have grown
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)
    return len(content)


def _read_mode(path: Path) -> int:
    """The mode of a path; 0 if it does not exist."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _is_within_limits(path: Path, limits: Limits) -> bool:
    plain = stat.S_ISREG(_read_mode(path))
    return plain and path.lstat().st_size <= limits.upload_bytes
