"""When two files are the same: then one is kept, on one side of a split."""

import hashlib


class Seen:
    """Which contents were met before, under which name."""

    def __init__(self) -> None:
        self._first: dict[bytes, str] = {}

    def find(self, name: str, content: bytes) -> str | None:
        """The name under which the same content came first; None if new."""
        digest = hashlib.sha256(content).digest()
        first = self._first.setdefault(digest, name)
        return None if first == name else first
