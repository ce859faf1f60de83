"""What the visible tests compare with: a file beside the notebook."""

import gzip
import json
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from rnncore.storage.files import CHECKS


def pack_checks(text: str) -> bytes:
    """The file's content for its JSON; the same on each day."""
    return gzip.compress(text.encode(), 9, mtime=0)


def unpack_checks(content: bytes) -> str:
    """The JSON of a file with that content."""
    return gzip.decompress(content).decode()


def read_checks(path: str | Path) -> dict[str, Any]:
    """What stands in an assignment's checks.

    Raises FileNotFoundError, which says what to do, without the file, and
    ValueError where it is another.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"expected {Path(path).name} beside the notebook, got none in "
            f"{Path(path).absolute().parent}: it was handed out with the "
            "notebook, in one folder; put both into one, and run again"
        ) from error
    return _parsed(content)


@lru_cache(1)  # one file has the results of all tasks
def _parsed(content: bytes) -> dict[str, Any]:
    try:
        return json.loads(unpack_checks(content))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise ValueError(
            f"expected {CHECKS} as it was handed out, got another file "
            "or a part of it: copy it again"
        ) from error
