"""Files that are written whole or not at all, or refused."""

import codecs
import contextlib
import io
import os
import re
import secrets
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rnncore.storage.limits import LIMITS, MB

ANSWERS = "answers.json"  # beside a released notebook
CHECKS = "checks.json.gz"  # beside it, too: what its tests compare with
MARKS = {  # with which a text may begin; the longer ones first
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
POINTER = b"version https://git-lfs.github.com/spec/"
PAGE = re.compile(rb"\s*<(!doctype html|html)[\s>]", re.IGNORECASE)


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
        whole = path.read_bytes()
        check_stand_in(path, whole[:200])
        return whole
    if path not in _piped:
        content, most = bytearray(), LIMITS[kind].bytes
        with path.open("rb") as pipe:  # memory for what comes, not for most
            while len(content) <= most and (piece := pipe.read(1 << 20)):
                content += piece
        check_size(path, len(content), kind)
        _piped[path] = bytes(content)
    return _piped[path]


def check_stand_in(path: Path, begin: bytes) -> None:
    """Raise Refused where something else came in a file's place.

    A pointer of Git LFS, or a page of a server that says why.
    """
    if begin.startswith(POINTER):
        raise Refused(
            f"{path}: a pointer of Git LFS, not the file itself: `git lfs "
            "pull` brings it"
        )
    if PAGE.match(begin) and path.suffix.lower() not in (".html", ".htm"):
        raise Refused(f"{path}: a page of HTML, as a server sends an error")


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


def read_text(path: str | os.PathLike) -> str:
    """The text in a UTF-8 file; lines that end in CR LF or CR end in LF.

    A byte order mark of UTF-16 or UTF-32 decides otherwise; one within,
    where files were joined, goes. Letters are composed (Unicode's form
    NFC), as most keyboards write them.

    Raises Refused naming the file where there is none, it is empty, or a
    byte is none of this encoding, or a NUL: which one, and where.
    """
    path = Path(path)
    raw = read_bytes(path)
    mark = next((m for m in MARKS if raw.startswith(m)), b"")
    encoding = MARKS.get(mark, "utf-8")
    try:
        text = raw[len(mark) :].decode(encoding)
        if (nul := text.find("\0")) >= 0:
            start = len(text[:nul].encode(encoding))
            end = start + 1
            raise UnicodeDecodeError(encoding, raw, start, end, "no text")
    except UnicodeDecodeError as error:
        place = len(mark) + error.start
        line = raw.count(b"\n", 0, place) + 1
        raise Refused(
            f"{path}: expected text in {encoding.upper()}, got byte "
            f"0x{raw[place]:02X} at place {place} (line {line}): "
            f"{error.reason}. `iconv -f NAME -t utf-8` converts text whose "
            "encoding is NAME; a document, a workbook or an archive has to "
            "be saved as text"
        ) from error
    text = text.replace("\N{BYTE ORDER MARK}", "")
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
