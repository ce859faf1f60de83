"""What a folder, a tar or a zip archive holds, without trusting it.

Nothing is unpacked by the libraries: the files that are asked for are
read from the archive and written under names that were compared first.
So a link leads nowhere, and what is not asked for is never written.
"""

import hashlib
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from rnncore.storage.files import Refused
from rnncore.storage.intake import is_zip, open_tar, open_zip
from rnncore.storage.limits import LIMITS

SET = LIMITS["set"]  # the largest that is known has 3,004 members
CHUNK = 1 << 20
DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # zipfile's, for a password
)


class Member(NamedTuple):
    """A file in a folder or an archive, or what stands in its place."""

    path: str
    size: int
    plain: bool  # neither link nor device
    open: Callable[[], IO[bytes] | None]


def collect(
    source: Path, wanted: Callable[[str], str | None], most: int, into: Path
) -> dict[str, str]:
    """Copy what is wanted of a source; SHA-256 by path.

    `wanted` says where below `into` a member belongs, None where it is to
    be left out; `most` is how many bytes all of them may have.

    Raises Refused where the source is damaged or too large, a path leads
    out of it, or a link or a device is in a file's place.
    """
    sums: dict[str, str] = {}
    total = size = 0
    try:
        for count, member in enumerate(members(source), 1):
            total += member.size
            if count > SET.parts or total > SET.unpacked or member.size < 0:
                raise Refused(f"{source}: larger than any of the sets")
            path = wanted(member.path)
            if path is None:
                continue
            if not member.plain:
                raise Refused(f"{source}: {member.path}: no plain file")
            if path in sums:
                raise Refused(f"{source}: it holds {path} twice")
            size += member.size
            if size > most:
                raise Refused(
                    f"{source}: the set's files have {most} bytes, "
                    "these have more"
                )
            sums[path] = _copy(member, into / path)
    except DAMAGED as error:
        why = str(error).partition("\n")[0].rstrip(":")
        raise Refused(f"{source}: damaged or cut off: {why}") from error
    except OSError as error:
        if error.errno is not None:  # of the disk
            raise
        raise Refused(f"{source}: damaged or cut off: {error}") from error
    return sums


def members(source: Path) -> Iterator[Member]:
    """All that a folder or an archive holds, folders left out.

    Raises Refused where there is no such source, it is none, or a path
    leads out of it.
    """
    if not source.exists():
        raise Refused(f"{source}: there is no such file or folder")
    if source.is_dir():
        found = _read_folder(source)
    elif is_zip(source):
        found = _read_zip(source)
    else:
        found = _read_tar(source)
    for member in found:
        path = PurePosixPath(member.path)
        if path.is_absolute() or ".." in path.parts:
            raise Refused(f"{source}: {member.path}: leads out of it")
        yield member._replace(path=str(path))


def _read_folder(folder: Path) -> Iterator[Member]:
    for path in sorted(folder.rglob("*")):
        if not path.is_dir():
            plain = path.is_file()
            size = path.stat().st_size if plain else 0
            name = path.relative_to(folder).as_posix()
            yield Member(name, size, plain, partial(io.FileIO, path))


def _read_zip(path: Path) -> Iterator[Member]:
    with open_zip(path, "set") as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG)
            if not info.is_dir():
                yield Member(
                    info.filename,
                    info.file_size,
                    plain,
                    partial(archive.open, info),
                )


def _read_tar(path: Path) -> Iterator[Member]:
    try:
        with open_tar(path, "set") as archive:
            for info in archive:
                if info.isdev():
                    raise Refused(f"{info.name}: a device")
                if not info.isdir():
                    yield Member(
                        info.name,
                        info.size,
                        info.isreg() and not info.issparse(),
                        partial(archive.extractfile, info),
                    )
    except Refused as error:
        raise Refused(f"{path}: {error}") from error


def _copy(member: Member, path: Path) -> str:
    """Write a member's bytes; their SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found, size = hashlib.sha256(), 0
    file = member.open()
    if file is None:
        raise Refused(f"{member.path}: no plain file")
    with file, open(path, "xb") as out:
        while chunk := file.read(CHUNK):
            found.update(chunk)
            size += len(chunk)
            out.write(chunk)
    if size != member.size:
        raise EOFError(f"{member.path} has {size} bytes of {member.size}")
    return found.hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
