"""The door for files that others made: what may pass, and how much of it.

A learner, a service or a stranger may have written them. Each kind has
its line in `limits.LIMITS`; a file is opened here, or by
`files.read_bytes`, and handed here to the library that takes it apart. A
link in a file's place is not followed where others can write, a pipe is
not waited for, and a packed file says first how large it becomes. Only the
standard library is needed, so that a grader without the book's chapters
has the same door.
"""

import io
import json
import math
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from rnncore.storage.files import Refused, check_size
from rnncore.storage.limits import LIMITS, MB


def _flags(*names: str) -> int:
    """Flags of `os.open`; those that a system lacks are left out."""
    return os.O_RDONLY | sum(getattr(os, name, 0) for name in names)


NO_LINK = _flags("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
FOLDER = _flags("O_NOFOLLOW", "O_DIRECTORY", "O_CLOEXEC")
HEADER = 1 << 20  # bytes of the name and the other facts of a tar's member


# ------------------------------------------------------------- plain files


@contextmanager
def open_beneath(
    folder: str | os.PathLike,
    path: str | os.PathLike = "",
    owner: int | None = None,
) -> Iterator[BinaryIO]:
    """A plain file in a folder that others can change meanwhile.

    No part of `path` may be a link, nor the folder itself; each is opened
    by the one before, so that none can be exchanged on the way. Without
    `path` the file is `folder` itself. `owner` is the number of the user
    to whom all of it has to belong.

    Raises Refused saying what is there in the file's place.
    """
    parts = Path(path).parts
    if Path(path).is_absolute() or ".." in parts:
        raise Refused(f"{path}: leads out of its folder")
    ways = [os.fspath(folder), *parts]
    with ExitStack() as opened:
        place = None
        for way in ways[:-1]:
            place = _open(way, FOLDER, place)
            opened.callback(os.close, place)
            _check_owner(place, way, owner)
        number = _open(ways[-1], NO_LINK, place)
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise Refused(f"{ways[-1]}: expected a file, got a device")
        file = opened.enter_context(os.fdopen(number, "rb"))
        _check_owner(number, ways[-1], owner)
        yield file


def _open(name: str, flags: int, place: int | None) -> int:
    try:
        return os.open(name, flags, dir_fd=place)
    except OSError as error:
        raise Refused(
            f"{name}: expected a file, got a link or nothing: "
            f"{error.strerror}"
        ) from error


def _check_owner(number: int, name: str, owner: int | None) -> None:
    found = os.fstat(number).st_uid
    if owner is not None and found != owner:
        raise Refused(
            f"{name}: expected a file of user {owner}, got one of {found}"
        )


def read_beneath(
    folder: str | os.PathLike,
    path: str | os.PathLike,
    most: int,
    owner: int | None = None,
) -> bytes:
    """The bytes of such a file, `most` of them.

    Raises Refused as `open_beneath` does, or where it has more.
    """
    with open_beneath(folder, path, owner) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise Refused(f"{path or folder}: expected at most {most:,} bytes")
    return content


# ---------------------------------------------------------------- archives


class Header(tarfile.TarInfo):
    """A tar's header that may not say that gigabytes of headers follow."""

    @classmethod
    def frombuf(
        cls, buf: bytes | bytearray, encoding: str, errors: str
    ) -> "Header":
        header = super().frombuf(buf, encoding, errors)
        data = header.type in (*tarfile.REGULAR_TYPES, tarfile.DIRTYPE)
        if header.size < 0 or (header.size > HEADER and not data):
            raise Refused(f"a header of {header.size} bytes")
        return header


def is_plain(path: str | os.PathLike) -> bool:
    """Whether a path is a file: a pipe would be waited for for ever."""
    return stat.S_ISREG(os.stat(path).st_mode)


def is_zip(path: str | os.PathLike) -> bool:
    """Whether a plain file is a zip archive."""
    return is_plain(path) and zipfile.is_zipfile(path)


def open_zip(path: str | os.PathLike, kind: str) -> zipfile.ZipFile:
    """A zip archive with its list of members; none is unpacked.

    Raises Refused where it is too large, packed or unpacked, or no plain
    file, zipfile.BadZipFile where it is damaged.
    """
    limit = LIMITS[kind]
    if not is_plain(path):
        raise Refused(f"{path}: expected a file, got a folder or a device")
    check_size(path, os.path.getsize(path), kind)
    archive = zipfile.ZipFile(path)
    members = archive.infolist()
    total = sum(max(m.file_size, 0) for m in members)
    if len(members) > limit.parts or total > limit.unpacked:
        archive.close()
        raise Refused(
            f"{path}: expected at most {limit.parts:,} files and "
            f"{limit.unpacked / MB:,.0f} MB in it, got {len(members):,} "
            f"and {total / MB:,.0f} MB"
        )
    return archive


def open_tar(path: str | os.PathLike, kind: str) -> tarfile.TarFile:
    """A tar archive; its members are read one after another.

    Raises Refused where it is too large or no plain file, or a header
    claims too much, tarfile.TarError where it is none.
    """
    if not is_plain(path):
        raise Refused(f"{path}: expected a file, got a folder or a device")
    check_size(path, os.path.getsize(path), kind)
    return tarfile.open(path, tarinfo=Header)


# ---------------------------------------------------------------- decoders


def open_media(source: str | os.PathLike | BinaryIO, kind: str) -> Any:
    """PyAV's container of a sound or a film, to be read.

    FFmpeg knows formats that are texts and name other files, addresses or
    ports of the network. Only those of the kind are tried, and no protocol
    but that of files, nor a file that another names.

    Raises Refused where it is too large, av.FFmpegError where it is none.
    """
    import av

    limit = LIMITS[kind]
    if not hasattr(source, "read"):
        check_size(source, os.path.getsize(source), kind)
        source = os.fspath(source)
    return av.open(
        source,
        "r",
        options={
            "protocol_whitelist": "file",
            "format_whitelist": ",".join(limit.formats),
        },
    )


def frames_of(film: Any, kind: str, **stream: int) -> Iterator[Any]:
    """The decoded frames of a container's stream, such as `audio=0`.

    Raises Refused where one has more pixels than its kind may have, or
    they take longer than it may take, av.FFmpegError where it is damaged.
    """
    limit, until = LIMITS[kind], time.monotonic() + LIMITS[kind].seconds
    for frame in film.decode(**stream):
        pixels = getattr(frame, "width", 0) * getattr(frame, "height", 0)
        if pixels > limit.parts:
            raise Refused(
                f"{film.name}: expected at most {limit.parts:,} pixels a "
                f"frame, got {pixels:,}"
            )
        if time.monotonic() > until:
            raise Refused(
                f"{film.name}: not decoded in {limit.seconds:,.0f} s"
            )
        yield frame


def load_array(content: bytes, kind: str) -> Any:
    """The array in a file of numpy.save's.

    Its header says how large it is: that is asked before memory is taken.

    Raises Refused where it has too many numbers, ValueError where it is no
    array of numbers.
    """
    import numpy as np

    file, most = io.BytesIO(content), LIMITS[kind].parts
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array of version {version}")
    read = np.lib.format.read_array_header_1_0
    if version == (2, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.kind not in "fiu":
        raise ValueError(f"expected numbers, got {dtype}")
    if math.prod(shape) > most:
        raise Refused(f"expected at most {most:,} numbers, got {shape}")
    return np.load(io.BytesIO(content), allow_pickle=False)


def parse_json(content: bytes, kind: str = "json") -> Any:
    """The value of a JSON text.

    Raises ValueError where it is none, or has too many parts.
    """
    most = LIMITS[kind].parts
    parts = sum(map(content.count, (b",", b"[", b"{")))
    if parts > most:
        raise Refused(f"it has {parts:,} parts, more than {most:,}")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except RecursionError as error:
        raise Refused("lists in lists, too deep") from error
