"""Input validation: what learners control comes in plain, bounded and valid.

Names of folders and files, the text of a notebook, what a learner's process
says and shows: each passes here before anything else sees it. What leaves
for a terminal is cleaned by `line` and `text`; pages are escaped by Jinja,
the gradebook by SQLAlchemy, tables by the csv module and `cell`.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

NAME_LENGTH, NAME_BYTES = 100, 200  # of a folder; suffixes come after it
PATH_BYTES = 500  # of a file in a folder
TEXT = 10_000  # characters of a text
LINE = 300  # characters of a text that has one line
ENTRIES, DEEPEST = 20_000, 20  # of a folder's tree that is looked at
PARTS = 3_000_000  # of a JSON text: its commas and its opening brackets
CELLS = 2_000  # of a notebook
GAVE_UP = "gave_up"  # in its metadata, by rnncore.commands.answer
VARIANT = "rnncore_variant"  # likewise, by the build: whose values it has
REMARKS = 30
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
WIDE = str.maketrans("＝＋－＠", "=+-@")  # which spreadsheets take as such
INNER = re.compile(r"([;|\t]\s*)(?=[=+\-@＝＋－＠|%])")  # and begins a field there
CODES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # titles, clipboard
    r"|\x1b.",
    re.DOTALL,
)
# The year first: of 01.02.2026 nobody knows which month it is.
MOMENT = re.compile(
    r"(?P<clock>\d{4}-?\d\d-?\d\d([T ]\d\d[\d:.,]{0,20})?)"
    r"( ?(?P<offset>Z|[+-]\d\d(:?\d\d)?)|"
    r" (?P<zone>[A-Z][A-Za-z_]+(/[A-Za-z_]+)*))?"
)


class TooMuch(ValueError):
    """There is more of something than is looked at."""


# ------------------------------------------------------------------- texts


def text(value: Any, most: int = TEXT) -> str:
    """A text without codes that a terminal obeys, or that a page hides."""
    if not isinstance(value, str):
        value = _word(value)
    value = value[: 4 * most]  # codes are taken out of it
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    value = CODES.sub("", value)
    value = "".join(c for c in value if c.isprintable() or c in "\n\t")
    return value if len(value) <= most else value[:most] + " ..."


def line(value: Any, most: int = LINE) -> str:
    """The same, on one line."""
    return " ".join(text(value, most).split())


def valid(value: str) -> str:
    """A text that any file can hold: without halves of characters."""
    return value.encode("utf-8", "replace").decode()


def _word(value: Any) -> str:
    """A number or a constant as text; empty for anything else."""
    if value is None or isinstance(value, bool | float):
        return str(value)
    small = isinstance(value, int) and abs(value) < 2**64
    return str(value) if small else ""


def cell(value: object) -> object:
    """A spreadsheet runs text that begins like a formula: quote it.

    One that separates fields elsewhere than we do finds more of them in a
    text: it comes on one line, and what follows such a place is quoted too.
    """
    if isinstance(value, str):
        value = INNER.sub(r"\1'", " ".join(valid(value).splitlines()))
        if value.translate(WIDE).lstrip(" ").startswith(FORMULA):
            return f"'{value}"
    return value


def shorten_list(lines: Sequence[str], most: int = REMARKS) -> list[str]:
    """The first lines, and how many more there are."""
    if len(lines) <= most:
        return [*lines]
    return [*lines[:most], f"and {len(lines) - most:,} more"]


# ------------------------------------------------------- names and folders


def explain_unfit_name(name: str) -> str | None:
    """Why a folder's name cannot be a learner's or an assignment's."""
    if name in (".", ".."):
        return "a name that leads to another folder"
    if not name.isprintable():
        return "a name that is no text in UTF-8, or has characters that cannot be seen"
    if len(name) > NAME_LENGTH or len(os.fsencode(name)) > NAME_BYTES:
        return f"a name of over {NAME_LENGTH} letters ({NAME_BYTES} bytes)"
    return None


def walk(folder: Path, most: float = ENTRIES) -> Iterator[Path]:
    """What lies beneath a folder, the outermost first; links are not followed.

    Raises TooMuch where there is too much of it, or too deep.
    """
    waiting, count = deque([(folder, 0)]), 0
    while waiting:
        place, depth = waiting.popleft()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    count += 1
                    if count > most:
                        raise TooMuch(f"more than {most:,} files")
                    yield place / entry.name
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((place / entry.name, depth + 1))
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise TooMuch("a path that is too long") from error
            continue  # treat an unreadable folder as empty
        if waiting and waiting[-1][1] > DEEPEST:
            raise TooMuch(f"folders in folders, over {DEEPEST} deep")


def files_in(folder: Path, most_bytes: int, most: int) -> list[Path]:
    """The plain files beneath a folder, by their paths from there.

    Hidden folders and names that are no text are left out. Raises TooMuch
    where there are more, or larger ones.
    """
    found, size = [], 0
    for path in sorted(walk(folder, most)):
        name = path.relative_to(folder)
        if not fits(name):
            continue
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode):
            continue
        size += info.st_size
        if size > most_bytes:
            raise TooMuch(f"more than {most_bytes / 1e6:.0f} MB")
        found.append(name)
    return found


def fits(path: Path) -> bool:
    """Whether a file's path is a text, short enough, and not hidden."""
    hidden = any(part.startswith(".") for part in path.parts[:-1])
    short = len(os.fsencode(path)) <= PATH_BYTES
    return short and not hidden and str(path).isprintable()


def parse_moment(said: str, zone: tzinfo | None = UTC) -> datetime | None:
    """The time in UTC that a text says, between the years 1970 and 2200.

    A text without a time zone is one of `zone`; without that it is none.
    None also where its time zone is not known. nbgrader's `parse_utc` takes
    that for UTC, and the offset +0100 for a hundred seconds.
    """
    match = MOMENT.fullmatch(said.strip())
    if not match:
        return None
    try:
        clock = datetime.fromisoformat(match["clock"] + (match["offset"] or ""))
        if match["zone"]:
            from dateutil.tz import gettz  # not needed in the sandbox

            zone = gettz(match["zone"])
        if clock.tzinfo is None:
            if zone is None:
                return None
            clock = clock.replace(tzinfo=zone)
        clock = clock.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return clock if 1970 <= clock.year <= 2200 else None


# --------------------------------------------------------------- notebooks


def notebook(data: bytes) -> Any:
    """The JSON of a notebook's file, as Python reads it.

    Raises UnicodeDecodeError, json.JSONDecodeError, RecursionError, or
    another ValueError.
    """
    _check_parts(data, PARTS)
    return json.loads(data.decode("utf-8-sig"))


def cells_of(notebook: Any) -> list[Any]:
    """The cells of a notebook's JSON. Raises ValueError."""
    cells = notebook["cells"]
    if not isinstance(cells, list) or len(cells) > CELLS:
        raise ValueError(f"a list of at most {CELLS:,} cells is expected")
    return cells


def source(value: Any) -> str:
    """A cell's text, which may come as a list of its lines."""
    whole = value if isinstance(value, str) else "".join(value)
    return valid(whole)


def nbgrader_metadata(value: Any) -> dict[str, Any] | None:
    """nbgrader's metadata of a cell, of which only so much is believed."""
    if not isinstance(value, dict):
        return None
    points = value.get("points", 0)
    known = isinstance(points, int | float) and abs(points) < 1e6
    name = value.get("grade_id")
    found: dict[str, Any] = {
        role: value.get(role) is True for role in ("grade", "solution", "locked")
    }
    found["grade_id"] = line(name, 100) if isinstance(name, str) else ""
    if "points" in value:
        found["points"] = points if known else -1
    return found


def kernel_name(metadata: Any) -> str | None:
    """The kernel that a notebook asks for."""
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else 0
    name = spec.get("name") if isinstance(spec, dict) else None
    return line(name, 60) if isinstance(name, str) else None


def given_up(metadata: Any) -> list[str]:
    """The tasks whose solutions a notebook says that its owner asked for."""
    names = metadata.get(GAVE_UP) if isinstance(metadata, dict) else None
    if not isinstance(names, list):
        return []
    return [line(name, 100) for name in names[:CELLS] if isinstance(name, str)]


def variant(metadata: Any) -> str:
    """Whose values a notebook says that it has; empty where it says nothing."""
    said = metadata.get(VARIANT) if isinstance(metadata, dict) else None
    return line(said, 100) if isinstance(said, str) else ""


# ---------------------------------------------------------------- messages


def message(data: bytes, most: int = PARTS) -> Any:
    """The JSON of a message from a learner's process, with valid texts.

    Raises ValueError, RecursionError.
    """
    _check_parts(data, most)
    found = json.loads(data)
    return _valid(found) if b"\\ud" in data.lower() else found


def _valid(value: Any) -> Any:
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, list):
        return [_valid(v) for v in value]
    if isinstance(value, dict):
        return {valid(k): _valid(v) for k, v in value.items()}
    return value


def _check_parts(data: bytes, most: int) -> None:
    """Refuse a text of which reading makes very many small objects."""
    parts = sum(map(data.count, (b",", b"[", b"{")))
    if parts > most:
        raise ValueError(f"it has {parts:,} parts, more than {most:,}")
