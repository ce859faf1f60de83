"""The course's folder as nbgrader sees it: settings, paths, assignments."""

from __future__ import annotations

import errno
import glob
import json
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from grader.course import versions
from grader.course.course_file import NAME as COURSE_NAME
from grader.course.course_file import CourseFile
from grader.course.course_reader import read_course_file
from grader.course.fingerprint import compute_edition, compute_fingerprint
from grader.course.gradebook import Ledger
from grader.course.home import make_home
from grader.notebook.names import kinds_of
from grader.notebook.restore import join_notebooks, read_cells, write_cells
from rnncore.storage.files import locked

# nbgrader adds a submission's notebooks before the submission itself, which
# SQLAlchemy remarks on; both are there when it commits.
warnings.filterwarnings("ignore", category=SAWarning, module="nbgrader")

CONFIG_NAME = "nbgrader_config.py"
RULE = "grader.course.late.DailyShares"
SUBMITTED = "there are submissions associated"  # as nbgrader says it
MOVED = {  # from there into course.toml
    "timezone": 'time_zone = "Europe/Berlin"',
    "book_url": 'book_address = "https://..."',
}


class SetupError(Exception):
    """Something that the instructor has to put right before grading."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    `c.Execute.timeout` and `c.Grader` in nbgrader_config.py set them.
    """

    cell_seconds: float = 30
    total_seconds: float = 300
    output_bytes: int = 1_000_000  # a cell; ten times that in all
    upload_bytes: int = 20_000_000  # the submitted folder
    upload_files: int = 1_000  # in it
    memory_bytes: int = 2_000_000_000  # all its processes and files together
    processes: int = 64  # and threads
    computing: int = 8  # of these at the same time, for over two seconds
    file_bytes: int = 100_000_000  # the largest file that it writes
    scratch_bytes: int = 200_000_000  # all its files together
    files: int = 256  # open at the same time

    @classmethod
    def from_config(cls, config: Config) -> Limits:
        """The limits that the course's configuration asks for.

        Raises SetupError where it names a limit that there is not.
        """
        asked = dict(config.Grader.get("limits", {}))
        if "timeout" in config.Execute:
            asked.setdefault("cell_seconds", config.Execute.timeout)
        unknown = asked.keys() - cls.__dataclass_fields__.keys()
        if unknown:
            raise SetupError(
                f"c.Grader.limits: there is no {min(unknown)!r}, only "
                + ", ".join(cls.__dataclass_fields__)
            )
        return cls(**asked)


def load_config(root: Path) -> Config:
    """nbgrader_config.py of `root`, with `root` as the course's folder.

    Raises SetupError if there is none.
    """
    if not (root / CONFIG_NAME).exists():
        raise SetupError(f"there is no {CONFIG_NAME} in {root}")
    loader = PyFileConfigLoader(CONFIG_NAME, path=str(root))
    config = loader.load_config()
    config.CourseDirectory.root = str(root)
    for part in ("header", "footer"):  # nbgrader looks for them where it is called
        if path := config.IncludeHeaderFooter.get(part):
            config.IncludeHeaderFooter[part] = str(root / path)
    return config


def read_course(root: Path, config: Config) -> CourseFile:
    """What course.toml of `root` says.

    Raises SetupError if it is wrong, or if another place still says it.
    """
    for old, new in MOVED.items():
        if old in config.Grader:
            raise SetupError(
                f"c.Grader.{old} in {CONFIG_NAME}: expected it in {COURSE_NAME}, "
                f"as {new}"
            )
    if (root / "grading" / "extensions.csv").exists():
        raise SetupError(
            f"grading/extensions.csv: expected its lines in {COURSE_NAME}, as "
            "[[extensions]]: move them there, and remove it"
        )
    try:
        found = read_course_file(root / COURSE_NAME)
    except ValueError as error:
        raise SetupError(str(error)) from error
    own = config.AssignLatePenalties.get("plugin_class", RULE)
    if found.late_shares and (own != RULE or config.LateSubmissionPlugin):
        raise SetupError(
            f"late_shares in {COURSE_NAME}: expected no other rule for late work, "
            f"{CONFIG_NAME} has c.LateSubmissionPlugin or another plugin_class"
        )
    return found


@dataclass(frozen=True)
class Assignment:
    """A prepared assignment: `folder` has its own gradebook.

    `released` holds what learners got: a notebook or several, no two cells of
    which share a name. `release` has the cells of them all. `version` is the
    fingerprint of the source that they were made from.
    """

    name: str
    version: str
    folder: Path

    @property
    def released(self) -> Path:
        return self.folder / "release" / self.name

    @property
    def notebooks(self) -> list[Path]:
        """The released notebooks, in order."""
        return sorted(self.released.glob("*.ipynb"))

    @property
    def release(self) -> Path:
        return self.folder / f"{self.name}.ipynb"

    @property
    def gradebook(self) -> Path:
        return self.folder / "gradebook.db"

    @property
    def cells(self) -> Path:
        """The source's cells; `grader.notebook.restore` reads them."""
        return self.folder / "cells.json"

    @property
    def kinds(self) -> Path:
        """What the source's own solution defines, by name; see `kinds_of`."""
        return self.folder / "kinds.json"

    @property
    def versions(self) -> Path:
        """The versions that there were; see `grader.course.versions`."""
        return self.folder / "versions.json"


def last_version(home: Path, name: str) -> str:
    """The tests by which an assignment was graded last; empty if by none yet."""
    found = (home / ".assignments").glob(f"{glob.escape(name)}-*")
    tails = [path.name.removeprefix(f"{name}-") for path in found]
    return next((tail for tail in tails if "-" not in tail), "")


class Course:
    """The paths and the gradebook of the course in `root`."""

    def __init__(self, root: Path):
        self.root = root.resolve()
        self.config = load_config(self.root)
        self.limits = Limits.from_config(self.config)
        self.edition = compute_edition(self.limits)
        self.file = read_course(self.root, self.config)
        self.book_url = self.file.book_address
        self.zone = self.file.zone
        self.sandbox = str(self.config.Grader.get("sandbox", "bubblewrap"))
        self.workers = int(self.config.Grader.get("workers", 2))
        dirs = CourseDirectory(config=self.config)
        self.db_url: str = dirs.db_url
        self.course_id: str = dirs.course_id
        self.source = self.root / dirs.source_directory
        self.submitted = self.root / dirs.submitted_directory
        self.autograded = self.root / dirs.autograded_directory
        self.feedback = self.root / dirs.feedback_directory
        self.home = self.submitted.parent  # grading/
        self.results = self.home / "results"
        self.work = self.home / ".work"
        self.prepared = self.home / ".assignments"
        self.variants = self.home / "variants"  # sources of values that not all have
        self.prepared_variants = self.home / ".variants"
        self.log = self.home / "grade.log"
        self.empty = self.home / ".empty.db"

    @cached_property
    def ledger(self) -> Ledger:
        """The gradebook, open; `close` lets go of it."""
        return Ledger(self.db_url, self.course_id)

    def close(self) -> None:
        """Let go of the gradebook, if it was opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()
            del self.ledger

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the course's lock; the system releases it if a run is killed.

        Raises SetupError where another run holds it.
        """
        make_home(self.home)
        with locked(self.home / ".lock", 0, SetupError("it is running already")):
            shutil.rmtree(self.work, ignore_errors=True)
            self.work.mkdir(exist_ok=True)
            self.create_gradebook()
            yield

    def directories(self, **changes: str) -> CourseDirectory:
        """nbgrader's view of the folders, with `changes` made to it.

        A folder is given relative to the root: nbgrader makes patterns of
        them, in which it quotes the root only.
        """
        dirs = CourseDirectory(config=self.config)
        dirs.db_url = self.db_url
        for name, value in changes.items():
            setattr(dirs, name, value)
        return dirs

    def assignment_names(self) -> list[str]:
        """The assignments that have a source."""
        if not self.source.is_dir():
            return []
        return sorted(
            folder.name
            for folder in self.source.iterdir()
            if any(folder.glob("*.ipynb"))
        )

    def list_notebooks(self, name: str) -> list[str]:
        """What the notebooks of an assignment are called: as itself, or several."""
        for folder in (self.source / name, self.root / "solutions" / name):
            if found := sorted(path.stem for path in folder.glob("*.ipynb")):
                return found
        return [name]

    def released(self, name: str, variant: str = "") -> Path | None:
        """The cells of all released notebooks, if `prepare` has made them."""
        folders = f"{glob.escape(name)}-{variant}-*" if variant else "*"
        place = self.prepared_variants if variant else self.prepared
        return next(place.glob(f"{folders}/{glob.escape(name)}.ipynb"), None)

    def prepare(
        self, name: str, variant: str = "", *, enter: bool = True
    ) -> Assignment:
        """Enter the assignment into the gradebook, as its source now is.

        With `enter=False`, for a trial, the gradebook does not get to know it, nor
        does it know variants: their cells are the assignment's.

        Raises SetupError where nbgrader cannot generate it.
        """
        source = self.variants / variant if variant else self.source
        enter = enter and not variant
        version = compute_fingerprint(source / name)
        place = self.prepared_variants if variant else self.prepared
        label = f"{name}-{variant}" if variant else name
        ready = Assignment(name, version, place / f"{label}-{version[:16]}")
        if ready.kinds.exists() and (not enter or self._knows(name)):
            return ready
        self.work.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=self.work))
        shutil.copyfile(self.empty, fresh / "gradebook.db")
        own = f"sqlite:///{fresh / 'gradebook.db'}"
        self._generate(name, source, fresh / "release", own)
        if enter:
            self._generate(name, source, fresh / "again", self.db_url)
            shutil.rmtree(fresh / "again")
        self._enter_version(label, source / name, version, fresh)
        place.mkdir(exist_ok=True)
        for old in place.iterdir():
            if old.name.rpartition("-")[0] == label:
                shutil.rmtree(old)
        fresh.rename(ready.folder)
        return ready

    def _enter_version(
        self, label: str, folder: Path, version: str, fresh: Path
    ) -> None:
        name = folder.name
        parts = sorted((fresh / "release" / name).glob("*.ipynb"))
        release = join_notebooks(nbformat.read(p, as_version=4) for p in parts)
        nbformat.write(release, fresh / f"{name}.ipynb")
        history = self.home / "versions" / f"{label}.json"
        known = versions.enter(history, version, release)
        (fresh / "versions.json").write_text(json.dumps(known), "utf-8")
        write_cells(fresh / "cells.json", read_cells(fresh / "gradebook.db", name))
        source = join_notebooks(
            nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))
        )
        (fresh / "kinds.json").write_text(json.dumps(kinds_of(source)), "utf-8")

    def create_gradebook(self) -> None:
        """Make an empty gradebook, completely or not at all, if there is none."""
        add_programs_to_path()
        if not self.empty.exists():
            part = self.empty.with_suffix(".part")
            part.unlink(missing_ok=True)
            Gradebook(f"sqlite:///{part}", self.course_id).close()
            part.rename(self.empty)
        if self.db_url.startswith("sqlite:///"):
            file = Path(self.db_url.removeprefix("sqlite:///"))
            if not file.exists():
                part = file.with_name(f".{file.name}.part")
                shutil.copyfile(self.empty, part)
                part.rename(file)

    def _knows(self, name: str) -> bool:
        with self.ledger.transaction() as book:
            try:
                return bool(book.find_assignment(name).notebooks)
            except MissingEntry:
                return False

    def _generate(self, name: str, source: Path, release: Path, db_url: str) -> None:
        dirs = self.directories(
            source_directory=os.path.relpath(source, self.root),
            release_directory=str(release),
            db_url=db_url,
            assignment_id=name,
        )
        with captured_log() as lines:
            try:
                GenerateAssignment(coursedir=dirs, config=self.config).start()
            except NbGraderException as error:
                text = "\n".join(lines)
                if SUBMITTED in text:
                    raise SetupError(explain_change(name)) from error
                raise SetupError(
                    f"{name}: nbgrader cannot generate it: {lines[-1:]}, "
                    f"more in {self.log}"
                ) from error


def explain_change(name: str) -> str:
    """What to do where nbgrader says SUBMITTED of an assignment."""
    return (
        f"{name}: its set of graded cells changed after submissions were graded, "
        "and nbgrader does not mix the two. Keep the old cells, give the "
        "assignment a new name, or remove it from the gradebook with "
        f"`nbgrader db assignment remove {name} --force` (its grades go too)"
    )


def add_programs_to_path() -> None:
    """Let nbgrader find `alembic`, in the folder of this Python."""
    programs = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    if programs not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, path])


@contextmanager
def captured_log() -> Iterator[list[str]]:
    """Collect what nbgrader logs meanwhile."""
    lines: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler, logger = Collect(), logging.getLogger("traitlets")
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def log_to(path: Path) -> None:
    """Send what nbgrader has to say to a file, not to the terminal."""
    logger = logging.getLogger("traitlets")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    handler = logging.FileHandler(path, encoding="utf-8", errors="replace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def run_alone(root: Path, command: str, work: Callable[[Course], int]) -> int:
    """Do a command's work while no other command uses the course.

    Returns what `work` returns, or 2, after printing the reason, if it cannot be done.
    """
    try:
        course = Course(root)
        with course.alone():
            log_to(course.log)
            try:
                return work(course)
            finally:
                course.close()
    except SetupError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 2
    except Exception as error:
        if not _says_full(error):
            raise
        print(
            f"{command}: the disk is full ({error}): make room, and run it again; what "
            "was entered before is kept",
            file=sys.stderr,
        )
        return 2


def _says_full(error: Exception) -> bool:
    """Whether a file could not be written, or SQLite's, for want of room."""
    full = errno.ENOSPC, errno.EDQUOT
    return getattr(error, "errno", 0) in full or "disk is full" in str(error)
