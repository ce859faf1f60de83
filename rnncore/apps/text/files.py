"""Texts as they lie on a disk: files, folders, patterns, encodings."""

import codecs
import glob
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from rnncore.storage.files import Refused, read_bytes, read_text

Report = Callable[[str], None]
MARKS = {  # with which a file may begin; the longer ones first
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LOOKED = 100_000  # bytes from which an encoding is guessed


def read_texts(
    paths: Iterable[str | os.PathLike],
    encoding: str | None = None,
    report: Report | None = None,
) -> str:
    """The text of files, of all files in folders, or of patterns (*.md).

    Each file begins on a line of its own. Without an encoding it is the
    one that a file's first bytes name, else UTF-8. A file of a folder or
    a pattern that is no text is left out, and `report` is told, as it is
    of an encoding that was found.

    Raises Refused naming the file where one that was named is no text,
    and where there is none.
    """
    tell = report or (lambda line: None)
    given = [Path(path) for path in paths]
    texts = []
    for path in given:
        found = find_files(path)
        for file in found:
            try:
                texts.append(read_one(file, encoding, tell))
            except Refused as error:
                if found == [path]:
                    raise _with_advice(error, file, encoding) from error
                tell(f"left out: {error}")
    if not texts:
        names = ", ".join(map(str, given))
        raise Refused(f"{names}: there is no file with text")
    if len(texts) == 1:
        return texts[0]
    return "\n".join(text.removesuffix("\n") for text in texts) + "\n"


def find_files(path: Path) -> list[Path]:
    """The file itself, the files in a folder and below, or of a pattern.

    Hidden ones, whose names begin with a dot, are left out.

    Raises Refused where there is none.
    """
    if path.is_dir():
        found = sorted(
            file
            for file in path.rglob("*")
            if file.is_file() and not _is_hidden(file.relative_to(path))
        )
    elif not path.exists() and glob.has_magic(str(path)):
        names = sorted(glob.glob(str(path), recursive=True))
        found = [Path(name) for name in names if Path(name).is_file()]
    else:
        return [path]
    if not found:
        raise Refused(f"{path}: there is no such file, or none in it")
    return found


def read_one(path: Path, encoding: str | None, tell: Report) -> str:
    """The text of a file, in this encoding or in the one that it names.

    Raises Refused naming the file; also where it has so many NULs that it
    may be UTF-16 without its mark.
    """
    if encoding is not None:
        return read_text(path, encoding)
    raw = read_bytes(path)
    named = next((n for mark, n in MARKS.items() if raw.startswith(mark)), "")
    if named and named != "utf-8":
        tell(f"{path}: read as {named}, as its first bytes say (--encoding)")
    text = read_text(path, named or "utf-8")
    if text.count("\0") * 10 > len(text):
        low = raw[1::2].count(0) > raw[::2].count(0)
        raise Refused(
            f"{path}: a NUL beside each letter, so it is hardly utf-8: "
            f"--encoding utf-16-{'le' if low else 'be'}"
        )
    return text


def _with_advice(error: Refused, path: Path, encoding: str | None) -> Refused:
    """The refusal, with the encoding that the file may have."""
    if encoding is not None or "not utf-8" not in str(error):
        return error
    raw = read_bytes(path)
    lines = raw.splitlines()
    other, beyond = (sum(map(f, lines)) for f in (_is_other, _has_utf_8))
    if beyond > other:
        return Refused(
            f"{error}; {other} of {len(lines)} lines are not, the others "
            "are: fix them, or leave their bytes out with "
            f"`iconv -c -f utf-8 -t utf-8 {path}`"
        )
    guess = guess_encoding(raw)
    maybe = f"it may be {guess}: " if guess else ""
    return Refused(f"{error}; {maybe}--encoding {guess or 'names another one'}")


def guess_encoding(raw: bytes) -> str | None:
    """What charset-normalizer takes the bytes for; None if for nothing."""
    from charset_normalizer import from_bytes

    best = from_bytes(raw[:LOOKED]).best()
    return None if best is None else best.encoding


def _is_other(line: bytes) -> bool:
    """Whether a line is no UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False


def _has_utf_8(line: bytes) -> bool:
    """Whether a line is UTF-8, and not that of any encoding."""
    return not line.isascii() and not _is_other(line)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
