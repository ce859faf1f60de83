"""The book in its other forms: on paper, on a host, as notebooks."""

import os
import subprocess
import tarfile
from pathlib import Path

from rnncore import programs
from tools import ROOT

OLDEST = 315532800  # what a ZIP file can hold


class PublishError(Exception):
    """Raised with the reason why nothing was published."""


def require_program(name: str) -> str:
    """The path of a program outside Python. Raises PublishError without it."""
    try:
        return programs.require(name)
    except programs.MissingProgramError as error:
        raise PublishError(str(error)) from error


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Extract what stays in the folder. Raises tarfile.TarError for all else.

    Python 3.11.4 and later have a filter for that.
    """
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, filter="data")
        return
    root = Path(os.path.realpath(folder))
    for member in archive:
        place = Path(os.path.realpath(root / member.name))
        leads = place
        if member.issym():
            leads = Path(os.path.realpath(place.parent / member.linkname))
        elif member.islnk():
            leads = Path(os.path.realpath(root / member.linkname))
        elif not member.isfile() and not member.isdir():
            raise tarfile.ExtractError(f"{member.name}: expected a file or a folder")
        if not place.is_relative_to(root) or not leads.is_relative_to(root):
            raise tarfile.ExtractError(f"{member.name} leads out of {folder}")
        archive.extract(member, root, set_attrs=False)


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
        [require_program("git"), "log", "-1", "--format=%ct"],
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
