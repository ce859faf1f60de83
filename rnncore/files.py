"""Files that are written whole or not at all, or refused."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class Refused(ValueError):
    """Why something cannot be done, in one line for whoever asked."""


@contextlib.contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """A file to write into, which takes the place of `path` at the end.

    It lies beside its place under a name of its own, is flushed to the
    disk and only then renamed: whoever looks sees the old file or the new
    one, also where two write at once.
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
