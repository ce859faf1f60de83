"""Runs a class's jobs, some at a time; one process alone records."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from grader import untrusted
from grader.course.seeds import course_secret
from grader.course.settings import Assignment, Course, Limits
from grader.course.submissions import Submission
from grader.run import processes, record
from grader.run.grade_one import Job, Report
from grader.run.internal_errors import Fault

Todo = list[tuple[Submission, str]]  # each with its fingerprint
Unknown = Callable[[Submission], str]
Prepared = dict[tuple[str, str], Assignment]  # by `Submission.tests`


def run_all(
    course: Course,
    todo: Todo,
    assignments: Prepared,
    workers: int,
    limits: Limits,
    why_unknown: Unknown,
    *,
    sandbox: str,
) -> None:
    """Run and record all of `todo`, `workers` at a time; print how far it is.

    `why_unknown` explains a submission to an unknown assignment.
    """
    progress = Progress(len(todo))
    secret = course_secret(course.home)
    waiting: dict[Future[Report], tuple[Submission, str, Job]] = {}
    processes.resume()
    executor = ThreadPoolExecutor(workers)
    try:
        for submission, key in todo:
            assignment = assignments.get(submission.tests)
            if assignment is None:
                reason = why_unknown(submission)
                with _guard(course, submission, key, progress):
                    record.record_unknown(course, submission, key, reason)
                    progress.show(submission, reason)
                continue
            with _guard(course, submission, key, progress):
                job = Job(
                    course.root,
                    submission.student,
                    assignment,
                    submission.path,
                    Path(tempfile.mkdtemp(dir=course.work)),
                    limits,
                    secret,
                    sandbox=sandbox,
                )
                waiting[executor.submit(processes.run, job)] = (submission, key, job)
        for future in as_completed(list(waiting)):
            submission, key, job = waiting.pop(future)
            with _guard(course, submission, key, progress):
                report = future.result()
                record.record(course, submission, key, report, job)
                progress.show(submission, _format_summary(report))
            shutil.rmtree(job.work, ignore_errors=True)
    finally:
        processes.interrupt()
        executor.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _guard(
    course: Course, submission: Submission, key: str, progress: Progress
) -> Iterator[None]:
    """Keep a fault of the grader's to the submission that it is about."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - reported; others continue
        fault = Fault(error)
        said = fault.log()
        try:
            record.record_failed(course, submission, key, fault)
        except Exception as second:  # noqa: BLE001 - a full disk, perhaps
            said = Fault(second).log()
        progress.show(submission, said)


def _format_summary(report: Report) -> str:
    if report["reason"]:
        return report["reason"]
    points = sum(check["points"] or 0 for check in report["checks"])
    most = sum(check["of"] for check in report["checks"])
    return f"{points:g} of {most:g} points, {report['seconds']:.1f} s"


class Progress:
    """Prints a line for each submission, with the time that is left."""

    def __init__(self, count: int):
        self.count, self.done = count, 0
        self.start = time.monotonic()
        self.width = len(str(count))

    def show(self, submission: Submission, text: str) -> None:
        """Report one more submission."""
        self.done += 1
        spent = time.monotonic() - self.start
        left = spent / self.done * (self.count - self.done)
        how_far = f"{self.done:{self.width}} of {self.count}"
        print(
            f"{how_far}  {submission}: {untrusted.line(text)}"
            + (f"  (about {format_time(left)} left)" if left >= 1 else ""),
            flush=True,
        )


def format_time(seconds: float) -> str:
    """Seconds as a person says them: 40 s, 12 min, 1 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
