"""Grades one submission, in a process of its own that may be killed.

What comes out lies in the job's work folder: the executed notebook, as
nbgrader's autograded step would leave it, and report.json. The class's
gradebook is not touched here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any, TypedDict

import nbformat
import psutil
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import (
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
)

from grader import suspicion, versions
from grader.course import Assignment, Course, Limits, log_to
from grader.explain import Check, check_of, own_errors, settle
from grader.mend import Broken, is_test, mend, read_notebook, stand_in
from grader.seeds import course_secret, submission_key
from grader.session import Session
from grader.submissions import replace_text
from grader.trusted import TrustedExecute

MARK = "RNNCORE_GRADED_RUN"  # every process of a run carries it


@dataclass(frozen=True)
class Job:
    """One submission to grade, and the folder to do it in."""

    root: Path
    student: str
    assignment: Assignment
    submitted: Path
    work: Path
    limits: Limits
    sandboxed: bool = True
    server: str = ""  # the socket of the server that runs learners' code

    @property
    def folder(self) -> str:
        """The work folder as seen from the course's root."""
        return str(self.work.relative_to(self.root))

    @property
    def executed(self) -> Path:
        """The folder that holds the executed notebook afterwards."""
        return (
            self.work / "autograded" / self.student / self.assignment.name
        )


class Report(TypedDict):
    """What a run showed. `reason`: why nothing could be graded."""

    reason: str | None
    failed: bool
    remarks: list[str]
    errors: list[str]
    checks: list[Check]
    suspicious: list[str]  # why a person should look at it
    seconds: float


class OneSubmission(Autograde):
    """nbgrader's Autograde for one known folder, whatever its name."""

    error: Exception | None = None

    def init_notebooks(self) -> None:
        """Name the notebook; nbgrader would look for it with a pattern."""
        name = self.coursedir.assignment_id
        folder = self._format_source(name, self.coursedir.student_id)
        self.assignments = {folder: [os.path.join(folder, f"{name}.ipynb")]}

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Keep the cause of a failure, which nbgrader only logs."""
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            self.error = error
            raise

    def start(self) -> None:
        """Convert; raises what went wrong, not that something did."""
        try:
            super().start()
        except NbGraderException as error:
            raise (self.error or error) from None


class _Settle(CheckCellMetadata):
    """Leaves only results that SaveAutoGrades can read."""

    def preprocess(
        self, nb: NotebookNode, resources: Any
    ) -> tuple[NotebookNode, Any]:
        for cell in nb.cells:
            if is_test(cell):
                settle(cell)
        return nb, resources


def main(job: Job) -> None:
    """Grade `job` and write its report; the entry point of the process."""
    start = time.monotonic()
    _isolate(job)
    try:
        report = _grade(job)
    except Broken as broken:
        report = give_up(job, str(broken), failed=False)
    except Exception as error:  # noqa: BLE001 - told, and tried again
        report = give_up(
            job,
            f"the grader could not run this notebook: {error!r}",
            failed=True,
        )
    report["seconds"] = round(time.monotonic() - start, 2)
    replace_text(job.work / "report.json", json.dumps(report))
    kill_marked(job.work.name, but=os.getpid())


def give_up(job: Job, reason: str, *, failed: bool) -> Report:
    """Leave a notebook in which each test failed with `reason`."""
    release = nbformat.read(job.assignment.release, as_version=4)
    notebook = stand_in(release, reason)
    shutil.rmtree(job.executed, ignore_errors=True)
    job.executed.mkdir(parents=True)
    nbformat.write(notebook, job.executed / f"{job.assignment.name}.ipynb")
    return Report(
        reason=reason,
        failed=failed,
        remarks=[],
        errors=[],
        checks=_checks(notebook),
        suspicious=[],
        seconds=0.0,
    )


def _isolate(job: Job) -> None:
    """A session of its own, output to a file, an end with the parent."""
    os.setsid()
    out = os.open(job.work / "output.txt", os.O_CREAT | os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(out, stream)
    log_to(job.work / "log.txt")
    os.environ[MARK] = job.work.name
    os.environ["JUPYTER_RUNTIME_DIR"] = str(job.work / "runtime")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    threading.Thread(
        target=_end_with_parent, args=[job.work.name], daemon=True
    ).start()


def _end_with_parent(mark: str) -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    kill_marked(mark, but=os.getpid())
    os._exit(1)


def kill_marked(mark: str, but: int | None = None) -> None:
    """Kill every process that a run has started, wherever it went."""
    for _ in range(20):  # what is killed may have started others
        found = [
            process
            for process in psutil.process_iter()
            if process.pid != but and _carries(process, mark)
        ]
        if not found:
            return
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=1)


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get(MARK) == mark
    except psutil.Error:  # another user's, or gone meanwhile
        return False


def _grade(job: Job) -> Report:
    name = job.assignment.name
    notebook = read_notebook(job.submitted, name, job.limits.upload_bytes)
    release = nbformat.read(job.assignment.release, as_version=4)
    mended, remarks = mend(notebook, release)
    known = versions.read(job.assignment.versions)
    remarks += versions.remarks(known, notebook)
    folder = job.work / "submitted" / job.student / name
    _copy_files(job, folder)
    nbformat.write(mended, folder / f"{name}.ipynb")

    course = Course(job.root)
    execute = TrustedExecute(
        job.limits,
        release,
        job.assignment.release.parent,
        _key(job, course),
        lambda: Session(
            job.server, _files(job, folder), job.limits, str(folder)
        ),
        config=course.config,
    )
    converter = _converter(job, execute)
    converter.start()
    done = nbformat.read(job.executed / f"{name}.ipynb", as_version=4)
    checks = _checks(done)
    return Report(
        reason=None,
        failed=False,
        remarks=remarks + execute.remarks,
        errors=own_errors(done),
        checks=checks,
        suspicious=suspicion.reasons(mended, release, checks, remarks),
        seconds=0.0,
    )


def _copy_files(job: Job, folder: Path) -> None:
    """Copy what was handed in beside the notebook: plain files only."""
    folder.mkdir(parents=True)
    size = 0
    for path in sorted(job.submitted.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        size += path.stat().st_size
        if size > job.limits.upload_bytes:
            raise Broken(
                "the folder holds more than "
                f"{job.limits.upload_bytes / 1e6:.0f} MB. Hand in the "
                "notebook, without large files."
            )
        if path.suffix != ".ipynb":
            target = folder / path.relative_to(job.submitted)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _key(job: Job, course: Course) -> bytes:
    """What the seeds of this submission's tests are made from."""
    name = job.assignment.name
    notebook = (job.submitted / f"{name}.ipynb").read_bytes()
    secret = course_secret(course.home)
    return submission_key(secret, job.student, name, notebook)


def _files(job: Job, folder: Path) -> dict[str, bytes]:
    """What lies beside the notebook: the release's files, then others."""
    given = job.assignment.release.parent
    return {
        str(path.relative_to(base)): path.read_bytes()
        for base in (folder, given)
        for path in base.rglob("*")
        if path.is_file() and path.suffix != ".ipynb"
    }


def _converter(job: Job, execute: Any) -> OneSubmission:
    """An Autograde that works in the job's folder and a gradebook there."""
    name = job.assignment.name
    book = job.work / "gradebook.db"
    shutil.copyfile(job.assignment.gradebook, book)
    course = Course(job.root)
    dirs = course.directories(
        submitted_directory=f"{job.folder}/submitted",
        autograded_directory=f"{job.folder}/autograded",
        db_url=f"sqlite:///{book}",
        student_id=job.student,
        assignment_id=name,
    )
    converter = OneSubmission(coursedir=dirs, config=course.config)
    converter.permissions = 644
    converter.sanitize_preprocessors = [
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    converter.autograde_preprocessors = [
        execute,
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        _Settle,
        CheckCellMetadata,
    ]
    return converter


def _checks(notebook: NotebookNode) -> list[Check]:
    return [
        check_of(cell)
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
