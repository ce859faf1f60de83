"""Files that are written whole or not at all, or refused."""

import codecs
import contextlib
import io
import os
import secrets
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rnncore.storage.limits import LIMITS, MB

ANSWERS = "answers.json"  # beside a released notebook


class Refused(ValueError):
    """Why something cannot be done, in one line for the user."""


_piped: dict[Path, bytes] = {}


def check_size(
    path: str | os.PathLike, size: int, kind: str = "file"
) -> None:
    """Raise Refused where a file has more bytes than its kind may have."""
    most = LIMITS[kind].bytes
    if size > most:
        raise Refused(
            f"{path}: expected at most {most / MB:,.1f} MB, "
            f"got {size / MB:,.1f} or more"
        )


def read_bytes(path: str | os.PathLike, kind: str = "file") -> bytes:
    """What a file holds, or a pipe, such as /dev/stdin.

    A pipe gives it once: it is kept for the next time.

    Raises Refused naming the file where there is none, or it has more
    bytes than its kind may have.
    """
    path = Path(path)
    if path.is_dir():
        raise Refused(f"{path}: expected a file, got a folder")
    if not path.exists():
        raise Refused(f"{path}: there is no such file")
    if path.is_file():
        check_size(path, path.stat().st_size, kind)
        return path.read_bytes()
    if path not in _piped:
        content, most = bytearray(), LIMITS[kind].bytes
        with path.open("rb") as pipe:  # memory for what comes, not for most
            while len(content) <= most and (piece := pipe.read(1 << 20)):
                content += piece
        check_size(path, len(content), kind)
        _piped[path] = bytes(content)
    return _piped[path]


def composed(text: str) -> str:
    """Letters with accents as one character each: Unicode's form NFC.

    A Mac's file names, and what is copied from them, have two.
    """
    return unicodedata.normalize("NFC", text)


def lines_of(text: str) -> list[str]:
    """Lines as editors show them; `str.splitlines` splits in more places.

    These are U+2028, U+0085, form feeds and others.
    """
    return io.StringIO(text, newline=None).read().split("\n")


def escape_output() -> None:
    """What the terminal's encoding lacks is printed as \\xe4 and the like.

    Without it a program ends in a UnicodeEncodeError there.
    """
    for stream in sys.stdout, sys.stderr:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def read_text(path: str | os.PathLike, encoding: str = "utf-8") -> str:
    """The text in a file; lines that end in CR LF or CR end in LF.

    Its letters are composed (Unicode's form NFC), as most keyboards
    write them.

    Raises Refused naming the file where there is none, it is empty, or a
    byte is none of this encoding: which one, and where.
    """
    path = Path(path)
    raw = read_bytes(path)
    mark = len(codecs.BOM_UTF8) if raw.startswith(codecs.BOM_UTF8) else 0
    try:
        text = raw[mark:].decode(encoding)
    except UnicodeDecodeError as error:
        place = mark + error.start
        line = raw.count(b"\n", 0, place) + 1
        raise Refused(
            f"{path}: not {encoding}: byte 0x{raw[place]:02X} at place "
            f"{place} (line {line}): {error.reason}"
        ) from error
    except LookupError as error:
        raise Refused(f"{path}: {error}") from error
    if not text.strip():
        what = "has nothing but white space" if text else "is empty"
        raise Refused(f"{path}: the file {what}")
    return composed(text.replace("\r\n", "\n").replace("\r", "\n"))


@contextlib.contextmanager
def locked(
    path: Path, seconds: float = -1, held: Exception | None = None
) -> Iterator[None]:
    """Inside, no other holds this lock; the system ends it after a kill.

    It is waited for, at most so many seconds; below 0, for ever.

    Raises `held`, or else TimeoutError, where another holds it still.
    """
    from filelock import FileLock, Timeout

    try:
        hold = FileLock(path).acquire(timeout=seconds)
    except Timeout as error:
        raise held or error from None
    with hold:
        yield


@contextlib.contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` at the end.

    It lies beside its place under a name of its own, is flushed to the
    disk and only then renamed: a reader sees the old file or the new one,
    even where two processes write at once.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with open(part, "xb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if path.exists():
                shutil.copymode(path, part)
            os.replace(part, path)
        except BaseException:
            part.unlink()
            raise
