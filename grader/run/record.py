"""Enters what a run showed into the class's gradebook, through nbgrader.

One process does so, after the run: SQLite takes one writer at a time. All
steps may be repeated; the result file, written last, says that they are
done.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import nbformat.v4
from nbformat import NotebookNode

from grader.course.settings import Course
from grader.course.submissions import Submission, load_result, replace_text, result_path
from grader.notebook.repair import read_timestamp
from grader.run.grade_one import Job, Report, empty_report
from grader.run.internal_errors import Fault, log

TRIES = 3  # of what made the grader fail: no more without --again


def is_done(
    course: Course, submission: Submission, key: str, entered: set[str]
) -> bool:
    """Whether an earlier run graded exactly this, and its grades exist.

    `entered` are the learners whom the gradebook has for this assignment.
    """
    result = load_result(course, submission)
    if result is None or result["key"] != key or result.get("again"):
        return False
    if result["failed"]:
        return int(result["tries"]) >= TRIES
    if not result["known"]:
        return True
    name = submission.assignment
    folder = course.autograded / submission.student / name
    return any(folder.glob("*.ipynb")) and submission.student in entered


def demand_again(course: Course, submissions: Iterable[Submission]) -> None:
    """Have them graded anew, by this run or, if it is interrupted, by the next."""
    for submission in submissions:
        result = load_result(course, submission)
        if result is not None and not result.get("again"):
            text = json.dumps({**result, "again": True}, indent=1)
            replace_text(result_path(course, submission), text)


def record(
    course: Course, submission: Submission, key: str, report: Report, job: Job
) -> None:
    """Save points, the executed notebook, and then the result."""
    before = load_result(course, submission)
    if before and not before["failed"]:  # else its tries are counted
        result_path(course, submission).unlink()
    _save(course, job, submission)
    _write_result(course, submission, key, report, known=True)


def record_graded(
    course: Course, submission: Submission, key: str, report: Report
) -> None:
    """Save the result of what nbgrader itself enters."""
    _write_result(course, submission, key, report, known=True)


def record_unknown(
    course: Course, submission: Submission, key: str, reason: str
) -> None:
    """Save why a submission belongs to no assignment."""
    report = empty_report(reason, failed=False)
    _write_result(course, submission, key, report, known=False)


def record_failed(
    course: Course, submission: Submission, key: str, fault: Fault
) -> None:
    """Save that the grader itself failed: the next runs try again."""
    report = empty_report(fault.told, failed=True)
    _write_result(course, submission, key, report, known=True)


def _write_result(
    course: Course, submission: Submission, key: str, report: Report, *, known: bool
) -> None:
    if report["trace"]:
        log(report["trace"])
    before = load_result(course, submission)
    tries = 1
    if before and before["failed"] and before["key"] == key:
        tries += before["tries"]
    made_by = {"key": key, "known": known, "tries": tries, "edition": course.edition}
    result = {**report, **made_by}
    result.pop("trace")
    replace_text(result_path(course, submission), json.dumps(result, indent=1))


def _save(course: Course, job: Job, submission: Submission) -> None:
    """Enter the points, and put the executed notebooks in their place.

    The first time, what a person gave it under an earlier name goes with it.
    """
    name = job.assignment.name
    made = _read_executed(job.executed)  # validated when they were written
    folder = course.autograded / job.student / name
    entered = course.ledger.students(name)
    names = (job.student, *submission.before)
    owner = next((who for who in names if who in entered), job.student)
    course.ledger.enter(
        job.student,
        name,
        made,
        read_timestamp(job.executed / "timestamp.txt"),
        course.config,
        _read_executed(course.autograded / owner / name),
        owner,
    )
    for path in job.executed.rglob("*"):
        if path.is_file():
            path.chmod(0o444)  # as nbgrader leaves them
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    job.executed.rename(folder)


def _read_executed(folder: Path) -> dict[str, NotebookNode]:
    """The notebooks that a run left in a folder, by name; none are incomplete."""
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        with contextlib.suppress(FileNotFoundError, ValueError):
            found[path.stem] = nbformat.v4.reads(path.read_text(encoding="utf-8"))
    return found
