"""Grades on a Dask cluster: what a job needs travels, and its result back.

A worker needs this project installed and nothing of the course: neither
its folder nor its gradebook.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import shutil
import stat
import tempfile
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import untrusted
from grader.course.settings import CONFIG_NAME, Assignment, Limits, SetupError
from grader.run import processes
from grader.run.grade_one import Job, Report

SCHEME = "dask://"
MOST_FILES = 5_000  # of a submission that are sent
PATIENCE = "15s"  # for a scheduler to answer


@dataclass(frozen=True)
class Entry:
    """An entry of a folder: a file, folder, link or anything else."""

    path: str
    kind: int  # as in st_mode
    data: bytes = b""  # a file's content, or where a link leads
    size: int = 0


@dataclass(frozen=True)
class Parcel:
    """A job without its folders."""

    student: str
    name: str
    version: str
    limits: Limits
    sandbox: str
    config: bytes
    secret: bytes
    submitted: list[Entry]


@dataclass(frozen=True)
class Result:
    """What a worker sends back."""

    report: Report
    executed: list[Entry]


class Cluster:
    """Takes jobs as a pool of this machine does; runs them elsewhere."""

    def __init__(self, address: str):
        from distributed import Client

        target = "tcp://" + address.removeprefix(SCHEME)
        try:
            self.client = Client(target, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise SetupError(
                f"no Dask scheduler answers at {address}: {error}"
            ) from error
        if not self.client.scheduler_info()["workers"]:
            self.client.close()
            raise SetupError(f"the Dask scheduler at {address} has no workers")
        self.executor = self.client.get_executor(pure=False)
        self.sent: dict[Path, Any] = {}  # assignments that workers have

    def submit(self, job: Job) -> Future[Result]:
        """Send a job; `finish` takes what comes back."""
        folder = job.assignment.folder
        if folder not in self.sent:
            self.sent[folder] = self.client.scatter(
                [pack(folder)], broadcast=True, hash=False
            )[0]
        future: Future[Result] = self.executor.submit(
            run, _make_parcel(job), self.sent[folder]
        )
        return future

    def finish(self, job: Job, result: Result) -> Report:
        """Put what a worker made where a job of this machine leaves it."""
        unpack(result.executed, job.executed)
        return result.report

    def close(self) -> None:
        """Let go of the cluster; what still runs there is given up."""
        self.executor.shutdown(wait=False)
        self.client.close()


def run(parcel: Parcel, assignment: list[Entry]) -> Result:
    """Grade on a worker, in a course's folder made for this one job."""
    _may_have_children()
    root = Path(tempfile.mkdtemp(prefix="grade-"))
    try:
        home = root / "grading"
        work = home / ".work" / "job"
        work.mkdir(parents=True)
        (root / CONFIG_NAME).write_bytes(parcel.config)
        prepared = home / ".assignments" / parcel.name
        unpack(assignment, prepared)
        submitted = home / "submitted" / parcel.student / parcel.name
        unpack(parcel.submitted, submitted)
        job = Job(
            root,
            parcel.student,
            Assignment(parcel.name, parcel.version, prepared),
            submitted,
            work,
            parcel.limits,
            parcel.secret,
            sandbox=parcel.sandbox,
        )
        report = processes.run(job)
        return Result(report, pack(job.executed))
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _may_have_children() -> None:
    if multiprocessing.current_process().daemon:
        raise SetupError(
            "this Dask worker may start no processes: start the workers "
            "with DASK_DISTRIBUTED__WORKER__DAEMON=False"
        )


def _make_parcel(job: Job) -> Parcel:
    return Parcel(
        student=job.student,
        name=job.assignment.name,
        version=job.assignment.version,
        limits=job.limits,
        sandbox=job.sandbox,
        config=(job.root / CONFIG_NAME).read_bytes(),
        secret=job.secret,
        submitted=pack(job.submitted, job.limits.upload_bytes),
    )


def pack(folder: Path, most: int | None = None) -> list[Entry]:
    """The contents of a folder; of a file over `most` bytes, its size only.

    Where there is too much in it, that much is sent, and refused there.
    """
    paths = [folder]
    with contextlib.suppress(untrusted.TooMuch):
        paths += untrusted.walk(folder, math.inf if most is None else MOST_FILES)
    return [_read_entry(path, folder, most) for path in sorted(paths)]


def _read_entry(path: Path, base: Path, most: int | None) -> Entry:
    info = path.lstat()
    kind, name = stat.S_IFMT(info.st_mode), str(path.relative_to(base))
    if stat.S_ISLNK(kind):
        return Entry(name, kind, os.fsencode(os.readlink(path)))
    if stat.S_ISREG(kind) and (most is None or info.st_size <= most):
        return Entry(name, kind, path.read_bytes(), info.st_size)
    return Entry(name, kind, size=info.st_size)


def unpack(entries: list[Entry], folder: Path) -> None:
    """Unpack entries into a folder that does not exist yet."""
    for entry in entries:
        path = folder / entry.path
        if stat.S_ISDIR(entry.kind):
            path.mkdir(parents=True, exist_ok=True)
        elif stat.S_ISLNK(entry.kind):
            path.symlink_to(os.fsdecode(entry.data))
        elif not stat.S_ISREG(entry.kind):
            os.mkfifo(path)  # represents anything that is no file
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(entry.data)
            os.truncate(path, entry.size)
