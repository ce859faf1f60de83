"""What the gradebook costs a large class: make bench-gradebook.

Enters N made submissions of a real assignment, as `make grade` does after
each has been executed, and prints seconds and bytes: for SQLite, and with
--postgres for a server of Debian's that it starts. Executing is timed by
make bench-grader.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import shutil
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import nbformat
from sqlalchemy import text

from grader.assignments import builder
from grader.commands import grade
from grader.course.settings import Assignment, Course, log_to
from grader.course.submissions import Submission, find_submissions, key_of
from grader.run import grade_one, record
from grader.run.grade_one import Job
from tools import ROOT, generated_blocks

NAME = "ch03_bptt"
LARGE = 10_000
GUIDE = ROOT / "book" / "grading.md"


class Cost(NamedTuple):
    """What N submissions took."""

    learners: int
    enter: float  # seconds a submission, one after another
    first: float  # the same, of the first tenth
    last: float  # and of the last tenth
    report: float  # seconds for the tables and pages of all
    again: float  # seconds of a run that finds all graded
    database: int  # bytes
    files: int  # bytes under grading/, without what was handed in


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--save", action="store_true", help="into the guide")
    options = parser.parse_args(argv)
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found.append(format_cost("SQLite", measure(Path(folder), options.count, "")))
        print(found[-1], flush=True)
    if options.postgres:
        import postgres

        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            postgres.server() as url,
        ):
            cost = measure(Path(folder), options.count, url)
            found.append(format_cost("PostgreSQL", cost))
        print(found[-1])
    if options.save:
        _save("\n\n".join(found))
    return 0


def _save(text_: str) -> None:
    """Put the figures into the guide."""
    made = (
        f"```text\n{text_}\n```\n\n"
        f"{platform.machine()}, {os.cpu_count()} cores, one process, "
        f"{time.strftime('%Y-%m-%d')}: "
        "`make bench-gradebook POSTGRES=1 SAVE=1`."
    )
    generated_blocks.write(GUIDE, "gradebook", made)


def measure(root: Path, count: int, db_url: str) -> Cost:
    """Enter a number of submissions into a new course's gradebook."""
    course, assignment = _make_course(root, db_url)
    text_ = assignment.release.read_text("utf-8")
    seconds = []
    for number in range(count):
        folder = course.submitted / f"learner{number:05}" / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(text_, "utf-8")
        submission = Submission(folder.parent.name, NAME, folder)
        job = _make_executed_job(course, assignment, submission)
        report = grade_one.empty_report("", failed=False)
        report |= {"reason": None, "seconds": 0.2}
        key = key_of(submission, assignment.version, course.limits.upload_bytes)
        start = time.perf_counter()
        record.record(course, submission, key, report, job)
        seconds.append(time.perf_counter() - start)
        shutil.rmtree(job.work)
    report_time, again = _finish(course)
    tenth = max(1, count // 10)
    cost = Cost(
        count,
        sum(seconds) / count,
        sum(seconds[:tenth]) / tenth,
        sum(seconds[-tenth:]) / tenth,
        report_time,
        again,
        _database_bytes(course),
        sum(
            path.stat().st_size
            for name in ("autograded", "results", "feedback")
            for path in (course.home / name).rglob("*")
            if path.is_file()
        ),
    )
    course.close()
    return cost


def _make_course(root: Path, db_url: str) -> tuple[Course, Assignment]:
    shutil.copy(ROOT / "nbgrader_config.py", root)
    if db_url:
        with (root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
            config.write(f"c.CourseDirectory.db_url = {db_url!r}\n")
    builder.build(NAME, root)
    course = Course(root)
    course.work.mkdir(parents=True, exist_ok=True)
    course.create_gradebook()
    log_to(course.log)
    return course, course.prepare(NAME)


def _make_executed_job(
    course: Course, assignment: Assignment, submission: Submission
) -> Job:
    """A job that has run: its notebook with outputs and points."""
    job = Job(
        course.root,
        submission.student,
        assignment,
        submission.path,
        Path(tempfile.mkdtemp(dir=course.work)),
        course.limits,
        b"0" * 32,
    )
    grade_one.give_up(job, "not run here", failed=False)
    path = job.executed / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.outputs = []
        if cell.cell_type == "code":
            made = nbformat.v4.new_output("stream", text="It holds.\n" * 20)
            cell.outputs = [made]
        else:
            del cell["outputs"]
    nbformat.write(notebook, path)
    return job


def _finish(course: Course) -> tuple[float, float]:
    """Seconds of the tables, and of finding out that all is done."""
    submissions, _ = find_submissions(course)
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        grade._report(course, submissions, {})
    report = time.perf_counter() - start
    assignments = {NAME: course.prepare(NAME)}
    start = time.perf_counter()
    todo = grade._to_grade(course, submissions, assignments, set(), False)
    assert not todo
    return report, time.perf_counter() - start


def _database_bytes(course: Course) -> int:
    if course.db_url.startswith("sqlite:///"):
        file = Path(course.db_url.removeprefix("sqlite:///"))
        return file.stat().st_size
    with course.ledger.transaction() as book:
        query = text("select pg_database_size(current_database())")
        return int(book.db.execute(query).scalar_one())


def format_cost(name: str, cost: Cost) -> str:
    """The figures in words, and what follows for a large course."""
    per = LARGE / cost.learners
    return (
        f"{name}, {cost.learners} submissions of {NAME}\n"
        f"  to enter one: {1000 * cost.enter:.0f} ms "
        f"(the first tenth {1000 * cost.first:.0f}, "
        f"the last {1000 * cost.last:.0f})\n"
        f"  tables, pages, CSV of all: {cost.report:.1f} s; "
        f"to find that nothing changed: {cost.again:.1f} s\n"
        f"  database {cost.database / 1e6:.1f} MB, "
        f"files {cost.files / 1e6:.1f} MB\n"
        f"  {LARGE:,} submissions: enter "
        f"{LARGE * cost.enter / 60:.0f} min, tables "
        f"{cost.report * per / 60:.1f} min, database "
        f"{cost.database * per / 1e6:.0f} MB, files "
        f"{cost.files * per / 1e9:.1f} GB"
    )


if __name__ == "__main__":
    sys.exit(main())
