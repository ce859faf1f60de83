"""The files of an archive or a folder that a system exported, within limits.

Nothing is unpacked to a place that the archive names: a file's bytes are read
when they are asked for, and whoever asks says where they go. An archive within
the archive is a file like any other.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader import untrusted
from rnncore.storage.files import composed
from rnncore.storage.intake import is_plain, is_zip, open_beneath, open_tar, open_zip
from rnncore.storage.limits import LIMITS

EXPORT = LIMITS["export"]
OF_ONE = 20_000  # files and folders of a learner's folder
SMALL, RATIO = 1_000_000, 100  # above SMALL bytes: the highest ratio of compression
READABLE = "a .zip, a .tar, a .tar.gz or a folder"


class Unreadable(ValueError):
    """Why an export, or a file in it, cannot be read, in words for a learner."""


@dataclass(frozen=True)
class Member:
    """A file of an export: its path, its bytes, or why it has none."""

    path: str  # its parts joined by /, in Unicode's form NFC
    size: int
    read: Callable[[], bytes]
    why: str = ""

    @property
    def parts(self) -> list[str]:
        return self.path.split("/")


class Export:
    """An export that is open; its `members` in the order in which it has them.

    Raises Unreadable where it is no archive or more than an export may be.
    """

    def __init__(self, path: Path):
        self.path = path
        self._open = ExitStack()
        try:
            self.members = list(self._members())
        except Unreadable:
            self.close()
            raise
        except Exception as error:  # whatever such a file may hold
            self.close()
            raise Unreadable(f"it is damaged ({_describe_error(error)})") from error

    def close(self) -> None:
        """Let go of the archive."""
        self._open.close()

    def _members(self) -> Iterator[Member]:
        if self.path.is_symlink():
            raise Unreadable(f"it is a link; {READABLE} is expected")
        if self.path.is_dir():
            return _read_folder(self.path)
        if not is_plain(self.path):
            raise Unreadable(f"it is a device; {READABLE} is expected")
        if is_zip(self.path):
            return _read_zip(self._open.enter_context(open_zip(self.path, "export")))
        try:
            archive = open_tar(self.path, "export")
        except tarfile.ReadError as error:
            raise Unreadable(f"it is none; {READABLE} is expected") from error
        return _read_tar(self._open.enter_context(archive))


def _read_folder(folder: Path) -> Iterator[Member]:
    """The files beneath a folder; of a learner's no more than OF_ONE."""
    tops = sorted(folder.iterdir())
    if len(folders := [top for top in tops if _is_folder(top)]) == 1:
        tops = [*(set(tops) - set(folders)), *sorted(folders[0].iterdir())]
    _check_count(len(tops))
    for top in tops:
        found = [top]
        try:
            if _is_folder(top):
                found.extend(untrusted.walk(top, OF_ONE))
        except untrusted.TooMuch as error:  # the learner's, and nobody else's
            rest = composed((top / "...").relative_to(folder).as_posix())
            yield Member(rest, 0, bytes, f"{error}: the rest was not looked at")
        for path in sorted(found):
            info = path.lstat()
            if stat.S_ISDIR(info.st_mode):
                continue
            why = "" if stat.S_ISREG(info.st_mode) else "it is a link or a device"
            name = composed(path.relative_to(folder).as_posix())
            yield Member(name, info.st_size, partial(_file_bytes, path), why)


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)


def _file_bytes(path: Path) -> bytes:
    with open_beneath(path) as file:
        return file.read()


def _read_zip(archive: zipfile.ZipFile) -> Iterator[Member]:
    _check_count(len(archive.infolist()))
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or kind == stat.S_IFDIR:
            continue
        why = ""
        if kind not in (0, stat.S_IFREG):
            why = "it is a link or a device"
        elif info.flag_bits & 1:
            why = "it is encrypted"
        elif info.file_size > SMALL and info.file_size > RATIO * info.compress_size:
            why = f"it grows to {info.file_size / 1e6:.0f} MB when it is unpacked"
        size = 0 if why else info.file_size
        yield Member(_clean_path(info.filename), size, partial(archive.read, info), why)


def _read_tar(archive: tarfile.TarFile) -> Iterator[Member]:
    total = 0
    for count, info in enumerate(archive, 1):
        _check_count(count)
        total += info.size
        if total > EXPORT.unpacked:  # before it reads over them
            raise Unreadable(f"it holds over {EXPORT.unpacked / 1e9:.0f} GB")
        if info.isdir():
            continue
        plain = info.isreg() and not info.issparse()
        why = "" if plain else "it is a link or a device"
        yield Member(
            _clean_path(info.name), info.size, partial(_read_member, archive, info), why
        )


def _read_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    return file.read() if file else b""


def _check_count(count: int) -> None:
    if count > EXPORT.parts:
        raise Unreadable(f"it holds over {EXPORT.parts:,} files")


def _clean_path(name: str) -> str:
    """A member's path: as Windows wrote it too, and without a leading ./ ."""
    return composed(name).replace("\\", "/").removeprefix("./")


def read(member: Member, most: int) -> bytes:
    """The bytes of a member. Raises Unreadable, saying why, where it has none."""
    if member.why:
        raise Unreadable(member.why)
    if member.size > most:
        raise Unreadable(f"it has over {most / 1e6:.0f} MB")
    try:
        data = member.read()
    except Exception as error:  # whatever such a file may hold
        raise Unreadable(f"it is damaged ({_describe_error(error)})") from error
    if len(data) != member.size:
        raise Unreadable("it is damaged (its length is not what the archive says)")
    return data


def _describe_error(error: Exception) -> str:
    return untrusted.line(str(error), 100) or type(error).__name__
