"""What is drawn from the course's secret, so that no submission can know it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path


def course_secret(home: Path) -> bytes:
    """The course's secret; made once, and kept in `home`."""
    path = home / ".secret"
    if not path.exists():
        part = home / ".secret.part"
        part.unlink(missing_ok=True)
        number = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(secrets.token_bytes(32))
        part.rename(path)
    return path.read_bytes()


def submission_key(
    secret: bytes, student: str, assignment: str, notebook: bytes
) -> bytes:
    """A key for what one learner handed in; the same in every run.

    Raises ValueError where the secret is none.
    """
    if len(secret) < 16:
        raise ValueError(f"secret: expected 16 bytes or more, got {len(secret)}")
    name = f"{len(student)} {student} {len(assignment)} {assignment} "
    content = hashlib.sha256(notebook).digest()
    text = name.encode(errors="surrogateescape") + content
    return hmac.digest(secret, text, "sha256")


def variant_key(secret: bytes, assignment: str, who: str, *, of_class: bool) -> bytes:
    """The key of an assignment's values: one learner's, or those of a class's seed.

    Raises ValueError where the secret is none.
    """
    if len(secret) < 16:
        raise ValueError(f"secret: expected 16 bytes or more, got {len(secret)}")
    kind = "class" if of_class else "learner"
    text = f"variant {kind} {len(assignment)} {assignment} {who}"
    return hmac.digest(secret, text.encode(errors="surrogateescape"), "sha256")


def seed_of(key: bytes, cell: str) -> int:
    """The seed of one test cell."""
    digest = hmac.digest(key, cell.encode(), "sha256")
    return int.from_bytes(digest[:6])
