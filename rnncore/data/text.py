"""Text to learn from: documentation, and Python source."""

import gzip
import hashlib
import importlib.metadata
import json
from pathlib import Path
from typing import NamedTuple

DOCUMENTATION = Path(__file__).parent / "documentation.json.gz"
LONGEST_HELD_OUT = 20_000  # characters: many small files, no large one
SHORTEST = 200  # characters: an empty __init__.py teaches nothing


class Source(NamedTuple):
    """Python source of one release, path to text, split by file."""

    package: str
    version: str
    train: dict[str, str]
    held_out: dict[str, str]


def documentation_topics() -> dict[str, str]:
    """The language reference of Python 3.11, by topic, in alphabetic order.

    It is that of one Python, whichever runs: other versions have other
    topics, and a score belongs to its text.
    """
    return json.loads(gzip.decompress(DOCUMENTATION.read_bytes()))


def documentation() -> str:
    """All topics of the Python language reference: 465,000 characters."""
    return "\n".join(documentation_topics().values())


def python_source(
    package: str = "pytest", one_in: int = 3, part: int = 0
) -> Source:
    """The Python source of an installed package, some files held out.

    Of the files of up to 20,000 characters about one in `one_in` is held
    out, chosen by a hash of its path, so that every machine chooses
    alike; `part`, from 0 to one_in - 1, chooses others. Copies, files
    below 200 characters and files that are not ASCII are left out.

    Raises ValueError where the package is not installed or has no source,
    one_in is below 1, or part is not below one_in.
    """
    if one_in < 1:
        raise ValueError(f"one_in: expected at least 1, got {one_in}")
    if not 0 <= part < one_in:
        raise ValueError(f"part: expected 0 to {one_in - 1}, got {part}")
    version, texts = _texts(package)
    if not texts:
        raise ValueError(f"package: no Python source in {package!r}")
    held = {
        path
        for path, text in texts.items()
        if len(text) <= LONGEST_HELD_OUT and _hash(path) % one_in == part
    }
    return Source(
        package,
        version,
        {p: t for p, t in texts.items() if p not in held},
        {p: t for p, t in texts.items() if p in held},
    )


def checksum(text: str) -> str:
    """SHA-256 of a text, as SOURCES.md lists it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _texts(package: str) -> tuple[str, dict[str, str]]:
    """A package's version, and its ASCII files in order of their path."""
    try:
        release = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError as error:
        message = f"package: {package!r} is not installed"
        raise ValueError(message) from error
    texts: dict[str, str] = {}
    seen = set()
    for file in sorted(release.files or [], key=str):
        if file.suffix != ".py" or ".." in file.parts:
            continue
        content = Path(str(release.locate_file(file))).read_bytes()
        copy = content in seen
        seen.add(content)
        if not copy and content.isascii() and len(content) >= SHORTEST:
            texts[file.as_posix()] = content.decode("ascii")
    return release.version, texts


def _hash(path: str) -> int:
    return int(hashlib.sha256(path.encode()).hexdigest(), 16)
