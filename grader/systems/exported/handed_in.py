"""Which of a learner's files count, and what they hold."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader import untrusted
from grader.course.settings import Limits
from grader.systems.exported.archives import Unreadable, read
from grader.systems.exported.exports import Piece

RESERVED = {"timestamp.txt", "submission_secret.txt"}  # the course's own words
PACKED = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".xz", ".bz2")


def is_reserved(path: str) -> bool:
    """Whether a file or a folder is called as one that the course writes."""
    return path.split("/")[0].lower() in RESERVED


@dataclass(frozen=True)
class Found:
    """A learner's file, in one of an assignment's exports."""

    piece: Piece
    export: str  # the name of the archive or folder
    rank: int  # of the export: later ones have larger ones


@dataclass
class HandedIn:
    """A learner's files, by their paths, and what is to be said of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    chosen: Found | None = None  # the notebook, of several the latest
    said: list[str] = field(default_factory=list)  # to the learner
    noted: list[str] = field(default_factory=list)  # to the instructors
    asked: list[str] = field(default_factory=list)  # to them too: to be done
    became: list[str] = field(default_factory=list)  # to them too: of other files

    def refuse(self, file: str, why: str) -> None:
        """Say that a file was left out."""
        line = f"{untrusted.line(file, 200)}: {why}"
        if line not in self.said:  # an earlier export may have the same file
            self.said.append(line)

    def note(self, one: Found, path: str, what: str) -> None:
        """Say what became of a file."""
        self.became.append(f"{untrusted.line(path, 200)} of {one.export}: {what}")


def hand_in(
    found: Iterable[Found], name: str, notebooks: list[str], wanted: str, limits: Limits
) -> HandedIn:
    """The latest of a learner's notebooks, and the files handed in with it.

    `name` is the assignment, with these `notebooks`; `wanted` is the file that
    a correction names, in place of one of them.
    """
    handed, files = HandedIn(), []
    for one in found:
        if one.piece.path:
            files.append(one)
        else:
            handed.note(one, one.piece.member.path, "left, for it is a text typed in")
    versions = _find_versions(files, notebooks, wanted, handed)
    for notebook, of in [*versions.items()]:
        if rivals := _find_rivals(of, limits):
            places = " and ".join(map(_format_path, rivals))
            asks = f"{places} differ. If the first one counts, "
            handed.asked.append(asks + _format_correction(rivals[0], name))
            del versions[notebook]
            continue
        _take_latest(of, f"{notebook}.ipynb", handed, limits)
    chosen = [of[-1] for of in versions.values()]
    handed.chosen = max(chosen, key=_get_sort_key, default=None)
    if missing := [one for one in notebooks if one not in versions]:
        _say_what_came(files, name, missing, handed, versions)
    latest = handed.chosen or max(files, key=_get_sort_key, default=None)
    if latest:
        counted = {id(one) for of in versions.values() for one in of}
        folder = latest.piece.path.rpartition("/")[0] if handed.chosen else ""
        beside = []
        for one in (f for f in files if id(f) not in counted):
            if not _arrived_together(one, latest):
                why = "left, for it came in at another time"
                handed.note(one, one.piece.path, why)
            elif folder and not one.piece.path.startswith(f"{folder}/"):
                why = "left, for it isn't in the folder of the notebook"
                handed.note(one, one.piece.path, why)
            else:
                beside.append(one)
        _take_beside(beside, f"{folder}/" if folder else "", handed, limits)
    return handed


def _take_beside(
    files: list[Found], folder: str, handed: HandedIn, limits: Limits
) -> None:
    """Read the files of a folder, up to the allowed number."""
    left = limits.upload_files - len(handed.files)
    if len(files) > left:
        more = f"left out, as all that follow: over {limits.upload_files:,} files"
        handed.refuse(files[left].piece.path, more)
    how = " beside the notebook" if handed.chosen else ", with no notebook"
    for one in files[:left]:
        path = one.piece.path.removeprefix(folder)
        if _take(one, path, handed, limits):
            handed.note(one, path, f"taken in{how}")


def _take_latest(
    versions: list[Found], file: str, handed: HandedIn, limits: Limits
) -> None:
    """Read the last version of a notebook; its learner hears of the others."""
    *earlier, chosen = versions
    _take(chosen, file, handed, limits)
    for one in earlier:
        content = handed.files.get(file)
        again = one.rank != chosen.rank and _holds(one, content, limits)
        if not again:
            handed.refuse(
                one.piece.path,
                f"{_format_path(chosen)} came later and counts; "
                f"this stays in {one.export}",
            )


def _find_versions(
    files: list[Found], notebooks: list[str], wanted: str, handed: HandedIn
) -> dict[str, list[Found]]:
    """The files that are each of the notebooks, the latest last.

    What a correction names is the only notebook, or the first of several that
    did not come in.
    """
    exact = {f"{name}.ipynb" for name in notebooks}
    found = {}
    for name in notebooks:  # ps1-2 may be one of them, and no copy of ps1
        others = exact - {f"{name}.ipynb"}
        free = [f for f in files if _get_file_name(f.piece.path) not in others]
        if versions := _find_called(free, name):
            found[name] = versions
    if not wanted:
        return found
    asked = [f for f in files if wanted in (f.piece.path, _get_file_name(f.piece.path))]
    places = [name for name in notebooks if name not in found or len(notebooks) == 1]
    if asked and places:
        found[places[0]] = sorted(asked, key=_get_sort_key)
    elif not asked:
        handed.noted.append(f"corrections.csv names {wanted}, which did not come in")
    return {name: found[name] for name in notebooks if name in found}


def _find_called(files: list[Found], name: str) -> list[Found]:
    """The files that are called as a notebook or a copy of it, the latest last."""
    copy = r"(?: ?\((?P<n>[0-9]{1,6})\)|-(?P<m>[0-9]{1,6}))?\.ipynb"
    called = re.compile(re.escape(name) + copy, re.IGNORECASE)
    found = [
        (_get_sort_key(one), int(match["n"] or match["m"] or 0), one)
        for one in files
        if (match := called.fullmatch(_get_file_name(one.piece.path)))
    ]
    return [one for *_, one in sorted(found, key=lambda entry: entry[:2])]


def _get_sort_key(one: Found) -> tuple[int, int]:
    """What is later has a larger one."""
    return one.rank, one.piece.order


def _arrived_together(one: Found, other: Found) -> bool:
    """Whether two files came in at once."""
    return (one.rank, one.piece.owner) == (other.rank, other.piece.owner)


def _say_what_came(
    files: list[Found],
    name: str,
    missing: list[str],
    handed: HandedIn,
    versions: dict[str, list[Found]],
) -> None:
    """Say, where a notebook is missing, what there is instead."""
    taken = {id(one) for of in versions.values() for one in of}
    wanted = " and ".join(f"{one}.ipynb" for one in missing)
    for one in (f for f in files if id(f) not in taken):
        path = one.piece.path
        if path.lower().endswith(PACKED):
            handed.refuse(
                path,
                "an archive within the archive is not unpacked; hand in "
                f"{wanted} itself",
            )
        elif path.endswith(".ipynb"):
            if not any(path in asks for asks in handed.asked):
                asks = f"{_format_path(one)} is not called {wanted}. If it is "
                asks += "the learner's notebook, "
                handed.asked.append(asks + _format_correction(one, name))
        else:
            handed.noted.append(
                f"{_format_path(one)} is no notebook: ask for {wanted} itself"
            )


def _find_rivals(versions: list[Found], limits: Limits) -> list[Found]:
    """The latest ones of one name in several folders, if they are not the same.

    A tutor's correction, or a copy, may lie beside the work.
    """
    latest = versions[-1]
    same = [
        one
        for one in versions
        if _get_sort_key(one) == _get_sort_key(latest)
        and _get_file_name(one.piece.path) == _get_file_name(latest.piece.path)
    ]
    try:
        contents = {read(one.piece.member, limits.upload_bytes) for one in same}
    except Unreadable:
        return []  # told where it is taken in
    return same if len(contents) > 1 else []


def _format_correction(one: Found, name: str) -> str:
    """The line of corrections.csv that says which file is meant."""
    who = one.piece.number or one.piece.name
    file = _format_path(one)
    return f"add to corrections.csv: {name},{who},,{file},"


def _holds(one: Found, content: bytes | None, limits: Limits) -> bool:
    """Whether a file is the same, as in an export that has it again."""
    if content is None or one.piece.member.size != len(content):
        return False
    try:
        return read(one.piece.member, limits.upload_bytes) == content
    except Unreadable:
        return False


def _take(one: Found, path: str, handed: HandedIn, limits: Limits) -> bool:
    """Whether a file was read; if it was refused, its learner is told why."""
    parts = path.split("/")
    if is_reserved(path):
        handed.refuse(path, "left out; the course itself writes a file of that name")
    elif {"", ".", ".."} & set(parts) or not untrusted.fits(Path(path)):
        handed.refuse(path, "left out; a hidden folder, or a path that leads elsewhere")
    elif max(len(os.fsencode(part)) for part in parts) > untrusted.NAME_BYTES:
        handed.refuse(path, f"left out; a name of over {untrusted.NAME_BYTES} bytes")
    elif _is_in_the_way(path, handed):
        handed.refuse(path, "left out; there is another file of that name")
    else:
        left = limits.upload_bytes - sum(map(len, handed.files.values()))
        try:
            handed.files[path] = read(one.piece.member, left)
            return True
        except Unreadable as error:
            handed.refuse(path, f"left out: {error}")
    return False


def _is_in_the_way(path: str, handed: HandedIn) -> bool:
    """Whether a file's name, or a folder's above it, is taken."""
    mine = path.casefold()
    return any(
        other == mine or other.startswith(f"{mine}/") or mine.startswith(f"{other}/")
        for other in map(str.casefold, handed.files)
    )


def _get_file_name(path: str) -> str:
    return path.rpartition("/")[2]


def _format_path(one: Found) -> str:
    return untrusted.line(one.piece.path, 200)
