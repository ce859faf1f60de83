"""Autogrades all that lies in grading/submitted/<learner>/<assignment>/.

Interrupt it whenever you like: what is graded stays graded, and the next
run goes on with the rest.
"""

from __future__ import annotations

import argparse
import fcntl
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import exercises

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from grader import pool, record, sandbox
from grader.course import Assignment, Course, SetupError, log_to
from grader.feedback import write_feedback
from grader.one import Job, Report
from grader.report import read_rows, table, write_csv
from grader.submissions import (
    Submission,
    find_submissions,
    fingerprint,
    load_result,
    unknown_reason,
)


def main(argv: list[str] | None = None) -> int:
    """Grade, print the table; 0 where every submission has been graded."""
    options = _options(argv)
    try:
        course = Course(options.root)
        course.home.mkdir(exist_ok=True)
        with _alone(course):
            log_to(course.log)
            return _grade_class(course, options)
    except SetupError as error:
        print(f"make grade: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted: run make grade again to go on.")
        return 130


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--workers", type=int, help="at the same time")
    parser.add_argument("--cell-seconds", type=float)
    parser.add_argument("--total-seconds", type=float)
    parser.add_argument(
        "--again", action="store_true", help="grade what is graded already"
    )
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run learners' code with all of your rights",
    )
    return parser.parse_args(argv)


@contextmanager
def _alone(course: Course) -> Iterator[None]:
    """Hold the course's lock; a killed run lets go of it by itself."""
    with (course.home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetupError("it is running already") from error
        shutil.rmtree(course.work, ignore_errors=True)
        course.work.mkdir(exist_ok=True)
        course.create_gradebook()
        yield


def _grade_class(course: Course, options: argparse.Namespace) -> int:
    submissions, stray = find_submissions(course)
    for complaint in stray:
        print(complaint, file=sys.stderr)
    if not submissions:
        print(
            f"Nothing to grade in {course.submitted}/<learner>/<assignment>/"
        )
        return 1 if stray else 0
    if options.no_sandbox:
        print(sandbox.WITHOUT, file=sys.stderr)
    pool.warm(sandboxed=not options.no_sandbox)
    known = _known_names(course)
    _build_sources(course, known & {s.assignment for s in submissions})
    assignments, refused = _prepare(course, submissions)
    todo = _to_grade(
        course, submissions, assignments, refused, options.again
    )
    left = sum(s.assignment not in refused for s in submissions)
    print(f"{len(todo)} to grade, {left - len(todo)} graded already")
    _run_all(course, todo, assignments, options)
    rows = read_rows(course, submissions)
    for row in rows:
        result = load_result(course, row.submission)
        assert result is not None
        write_feedback(course, row.submission, result, row)
    write_csv(course, rows)
    print(f"\n{table(rows)}\n")
    print(f"Written: {course.home}/points.csv, tasks.csv, feedback/")
    graded = sum(row.status != "failed" for row in rows)
    print(f"{graded} of {len(submissions)} submissions are graded")
    complete = graded == len(submissions) and not stray and not refused
    return 0 if complete else 1


def _known_names(course: Course) -> set[str]:
    """The assignments that have a source, or could have."""
    names = set(course.assignment_names())
    if course.root == ROOT:
        names |= set(exercises.names())
    if not names:
        raise SetupError(f"there is no assignment in {course.source}")
    return names


def _build_sources(course: Course, names: set[str]) -> None:
    """Build grading/source from solutions/ where those are newer.

    Not as `make exercises` does: exercises/ may hold somebody's answers.
    """
    for name in sorted(names):
        folder = course.root / "solutions" / name
        built = course.source / name / f"{name}.ipynb"
        if not (folder / f"{name}.py").exists():
            continue
        parts = [Path(exercises.__file__), *folder.rglob("*")]
        newest = max(path.stat().st_mtime for path in parts)
        if built.exists() and built.stat().st_mtime > newest:
            continue
        print(f"Building the tests of {name} ...", flush=True)
        scratch = Path(tempfile.mkdtemp(dir=course.work))
        try:
            exercises.build(name, scratch)
        except ValueError as error:
            raise SetupError(f"{name} cannot be built: {error}") from error
        course.source.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(course.source / name, ignore_errors=True)
        (scratch / "grading" / "source" / name).rename(course.source / name)


def _prepare(
    course: Course, submissions: list[Submission]
) -> tuple[dict[str, Assignment], set[str]]:
    """The assignments that are asked for, and those that nbgrader refuses."""
    names = {s.assignment for s in submissions}
    ready, refused = {}, set()
    for name in sorted(names & set(course.assignment_names())):
        try:
            ready[name] = course.prepare(name)
        except SetupError as error:
            print(f"make grade: {error}", file=sys.stderr)
            refused.add(name)
    return ready, refused


def _to_grade(
    course: Course,
    submissions: list[Submission],
    assignments: dict[str, Assignment],
    refused: set[str],
    again: bool,
) -> list[tuple[Submission, str]]:
    """The submissions that have to run, each with its fingerprint."""
    todo = []
    for submission in submissions:
        if submission.assignment in refused:
            continue
        assignment = assignments.get(submission.assignment)
        version = assignment.version if assignment else "unknown"
        key = fingerprint(submission, version, course.limits.upload_bytes)
        if again or not record.is_done(course, submission, key):
            todo.append((submission, key))
    return todo


def _run_all(
    course: Course,
    todo: list[tuple[Submission, str]],
    assignments: dict[str, Assignment],
    options: argparse.Namespace,
) -> None:
    """Run the jobs side by side; this process alone records."""
    limits = {
        name: value
        for name in ("cell_seconds", "total_seconds")
        if (value := getattr(options, name)) is not None
    }
    limit = replace(course.limits, **limits)
    progress = _Progress(len(todo), options.workers or course.workers)
    pool.resume()
    executor = ThreadPoolExecutor(options.workers or course.workers)
    waiting: dict[Future[Report], tuple[Submission, str, Job]] = {}
    try:
        for submission, key in todo:
            assignment = assignments.get(submission.assignment)
            if assignment is None:
                names = sorted(_known_names(course))
                reason = unknown_reason(submission.assignment, names)
                record.record_unknown(course, submission, key, reason)
                progress.show(submission, reason)
                continue
            job = Job(
                course.root,
                submission.student,
                assignment,
                submission.path,
                Path(tempfile.mkdtemp(dir=course.work)),
                limit,
                sandboxed=not options.no_sandbox,
            )
            waiting[executor.submit(pool.run, job)] = (submission, key, job)
        for future in as_completed(waiting):
            submission, key, job = waiting[future]
            try:
                report = future.result()
                record.record(course, submission, key, report, job)
            except Exception as error:  # noqa: BLE001 - told; others go on
                progress.show(submission, f"NOT GRADED: {error!r}")
                record.record_failed(course, submission, repr(error))
            else:
                progress.show(submission, _summary(report))
            shutil.rmtree(job.work, ignore_errors=True)
    finally:
        pool.interrupt()
        executor.shutdown(wait=True, cancel_futures=True)


def _summary(report: Report) -> str:
    if report["reason"]:
        return report["reason"]
    points = sum(check["points"] or 0 for check in report["checks"])
    most = sum(check["of"] for check in report["checks"])
    return f"{points:g} of {most:g} points, {report['seconds']:.1f} s"


class _Progress:
    """Prints a line for each submission, with the time that is left."""

    def __init__(self, count: int, workers: int):
        self.count, self.done = count, 0
        self.start = time.monotonic()
        self.width = len(str(count))

    def show(self, submission: Submission, text: str) -> None:
        self.done += 1
        spent = time.monotonic() - self.start
        left = spent / self.done * (self.count - self.done)
        print(
            f"{self.done:{self.width}} of {self.count}  {submission}: {text}"
            + (f"  (about {left:.0f} s left)" if left >= 1 else ""),
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
