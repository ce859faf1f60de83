"""The book in its other forms: on paper, as an EPUB, on a host, as notebooks."""

import os
import subprocess
from pathlib import Path

from tools import ROOT

OLDEST = 315532800  # what a ZIP file can hold


class PublishError(Exception):
    """Raised with the reason why nothing was published."""


def find_time(folder: Path = ROOT) -> int:
    """The time of all files of this edition: SOURCE_DATE_EPOCH, or the last commit's.

    Raises PublishError where there is neither.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isdecimal():
            raise PublishError(f"SOURCE_DATE_EPOCH: expected seconds, got {given!r}")
        if int(given) < OLDEST:
            raise PublishError(
                f"SOURCE_DATE_EPOCH: expected {OLDEST} (1980) or later, got {given}"
            )
        return int(given)
    asked = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if asked.returncode or not asked.stdout.strip():
        raise PublishError(
            "no date: expected a git repository with a commit, or SOURCE_DATE_EPOCH"
        )
    return int(asked.stdout)


def set_time(paths: list[Path], epoch: int) -> None:
    """Give files and folders one time, whoever copies or packs them."""
    for path in paths:
        for each in [*path.rglob("*"), path]:
            os.utime(each, (epoch, epoch))
