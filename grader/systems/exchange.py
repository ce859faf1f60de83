"""nbgrader's exchange in a folder that users who do not trust each other share.

nbgrader's own classes copy what a learner has put there with the instructor's
rights: through links, whoever owns it. These copy plain files of that learner
alone, and give each folder the mode that keeps it whose it is.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import secrets
import stat
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nbgrader.exchange import ExchangeError, default
from nbgrader.utils import notebook_hash, parse_utc

from grader import untrusted
from grader.course.settings import Course, Limits
from grader.course.submissions import Submission, replace_text
from grader.systems.incoming import take_in
from rnncore.storage.files import Refused
from rnncore.storage.intake import read_beneath
from rnncore.storage.limits import LIMITS

NAMES = ("timestamp.txt", "submission_secret.txt")  # by which it finds the learner
WHEN, SECRET = NAMES
SECRETS = re.compile(r"[0-9a-f]{32,256}")  # as nbgrader draws them
LATER = timedelta(minutes=10)  # so long a copy may take
SHARED = 0o1777  # what is in it is renamed and removed by its owner alone
MODES = {"outbound": 0o755, "inbound": 0o3733, "feedback": 0o711}


def add_stamp(course: Course, submission: Submission) -> None:
    """Copy the exchange's files of a submission into its page's folder.

    `nbgrader release_feedback`, and the formgrader's button, look for it
    there. What was not collected by an exchange has none.
    """
    page = course.feedback / submission.student / submission.assignment
    for name in NAMES:
        try:
            content = read_beneath(submission.path, name, LIMITS["mark"].bytes)
        except Refused:  # no exchange brought it, or it is a link, or long
            continue
        replace_text(page / name, content.decode("utf-8", "replace"))


class Collect(default.ExchangeCollect):
    """Collects what belongs to the learner in whose name it was handed in."""

    src_records: list[dict[str, Any]]  # of nbgrader's own

    def init_src(self) -> None:
        super().init_src()
        self.src_records = [r for r in self.src_records if r["username"]]

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """A submission's facts; without a user's name where it is refused.

        nbgrader takes the latest of each user's: so a forged one has to go
        before that, or it would stand in front of the true one.
        """
        try:
            record: dict[str, Any] = super()._path_to_record(path)
            self._check(path, record["username"])
        except (ExchangeError, Refused, ValueError, OverflowError) as error:
            name = untrusted.line(os.path.basename(path))
            self.log.error("Not collected: %s: %s", name, untrusted.line(str(error)))
            return {"username": None, "filename": "", "timestamp": datetime.min}
        return record

    def _check(self, path: str, who: str) -> None:
        """Raise Refused where it is no folder of that learner's."""
        why = untrusted.explain_unfit_name(who)
        if why or who.startswith("."):
            raise Refused(f"no learner's name: {why or 'it begins with a dot'}")
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode):
            raise Refused("expected a folder, got a link or a file")
        owner = _name_user(found.st_uid)
        if self.check_owner and owner != who:
            raise Refused(f"handed in as {who}, but it belongs to {owner}")

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy the learner's plain files, and write the time and the secret."""
        source, target = Path(src), Path(dest)
        owner = os.lstat(source).st_uid
        limits = Limits.from_config(self.config)
        course = Course(Path(self.coursedir.root))
        notebooks = course.list_notebooks(target.name)
        try:
            for line in take_in(source, target, notebooks, limits, owner):
                self.log.warning("%s: %s", source.name, line)
        except OSError as error:  # taken away meanwhile, by its learner
            self.log.error("%s: not all was collected: %s", source.name, error)
        when = parse_utc(source.name.rsplit("+", 3)[2])
        if (made := _find_youngest(source)) > when + LATER:
            self.log.warning(
                "%s: its files were written until %s UTC", source.name, made
            )
        replace_text(target / WHEN, f"{when:%Y-%m-%d %H:%M:%S.%f} UTC")
        replace_text(target / SECRET, _read_secret(source, owner))


def _name_user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}, whom this machine does not know"


def _find_youngest(source: Path) -> datetime:
    """When the latest change was made, in UTC: a clock that no user sets."""
    latest = source.lstat().st_ctime
    with contextlib.suppress(OSError, untrusted.TooMuch):  # as of a longer list
        latest = max(
            path.lstat().st_ctime for path in [source, *untrusted.walk(source)]
        )
    return datetime.fromtimestamp(int(latest), UTC).replace(tzinfo=None)


def _read_secret(source: Path, owner: int) -> str:
    """The word that names a learner's page; one of our own where it is none.

    Feedback for the others is released even where one learner's is missing.
    """
    try:
        found = read_beneath(source, SECRET, LIMITS["mark"].bytes, owner)
    except Refused:
        found = b""
    word = found.decode("ascii", "replace").strip()
    return word if SECRETS.fullmatch(word) else secrets.token_hex(64)


class ReleaseAssignment(default.ExchangeReleaseAssignment):
    """Releases into folders that no learner can rename or replace."""

    def ensure_root(self) -> None:
        """Raise ExchangeError where a learner could swap the course's folder."""
        root = Path(self.root)
        if not root.exists():
            root.mkdir(parents=True)
            root.chmod(SHARED)
        mode = root.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            self.fail(
                f"{root}: any user can rename what is in it; as its owner: "
                f"chmod 1777 {root}"
            )
        default.Exchange.ensure_root(self)

    def init_dest(self) -> None:
        super().init_dest()
        _set_modes(self, Path(self.course_path), "outbound", "inbound")


class ReleaseFeedback(default.ExchangeReleaseFeedback):
    """Releases pages under names that their learners alone can know."""

    def init_dest(self) -> None:
        super().init_dest()
        _set_modes(self, Path(self.course_path), "feedback")

    def copy_files(self) -> None:
        """Copy the pages of those whose work came through an exchange."""
        whose = self.coursedir.student_id or "*"
        without = set((self.coursedir.student_id_exclude or "").split(","))
        pages = Path(self.coursedir.root) / self.coursedir.feedback_directory
        for folder in sorted(pages.glob(f"*/{self.coursedir.assignment_id}")):
            who = folder.parent.name
            if who in without or not fnmatchcase(who, whose):
                continue
            try:
                secret = read_beneath(folder, SECRET, LIMITS["mark"].bytes)
            except Refused:
                self.log.warning("%s: came through no exchange: no page", who)
                continue
            for page in sorted(folder.glob("*.html")):
                called = notebook_hash(secret=secret.decode(), notebook_id=page.stem)
                released = Path(self.dest_path) / f"{called}.html"
                replace_text(released, page.read_text("utf-8"))
                released.chmod(0o644)  # the folder is listed to nobody else
                self.log.info("Feedback released: %s, %s", who, page.name)


def _set_modes(exchange: default.Exchange, course: Path, *names: str) -> None:
    """Give folders their modes. Raises ExchangeError where one is another's."""
    for folder in (course, *(course / name for name in names)):
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            exchange.fail(
                f"{folder}: expected a folder of {_name_user(os.geteuid())}, got "
                f"a link, or one of {_name_user(found.st_uid)}"
            )
        mode = MODES.get(folder.name, 0o755)
        if not exchange.coursedir.groupshared:
            folder.chmod(mode)
