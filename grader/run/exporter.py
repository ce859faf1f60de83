"""Replaces the execution of notebooks in `nbgrader autograde`.

nbgrader_config.py names the class here as autograde's exporter. nbgrader
does what it always does with folders, gradebook and log; the notebook is
run as `make grade` runs it, in the sandbox and with trusted tests.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter

from grader.assignments.variants import Variants
from grader.course.seeds import course_secret
from grader.course.settings import Course, SetupError
from grader.course.submissions import Submission, key_of, load_result
from grader.isolation import sandbox
from grader.run import processes, record
from grader.run.grade_one import Job, Report
from grader.run.internal_errors import log


class TrustedNotebook(NotebookExporter):
    """Reads a submitted notebook as one that has been run already.

    An autograded one, which nbgrader hands over afterwards, is read as it
    is: SaveAutoGrades finds the points in its outputs.
    """

    parent: Any  # nbgrader's Autograde
    ran: tuple[str, Report]  # of the submission that is at hand
    waiting: dict[Path, nbformat.NotebookNode]  # its other notebooks, by file

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waiting = {}

    def from_filename(self, filename: str, resources: Any = None, **kwargs: Any) -> Any:
        dirs = self.parent.coursedir
        course = Course(Path(dirs.root))
        course.db_url = dirs.db_url
        names = resources["nbgrader"]
        path = course.submitted / names["student"] / names["assignment"]
        submission = Submission(names["student"], names["assignment"], path)
        submission = Variants(course.home).mark(submission)
        if not Path(filename).absolute().is_relative_to(path):
            return self._enter(course, submission, filename, resources, **kwargs)
        file = path / f"{names['notebook']}.ipynb"
        if file not in self.waiting:
            with course.alone():
                notebooks, key, report = _run(course, submission)
            self.ran = key, report
            self.waiting = {path / name: made for name, made in notebooks.items()}
        notebook = self.waiting.pop(file)
        return self.from_notebook_node(notebook, resources, **kwargs)

    def _enter(
        self,
        course: Course,
        submission: Submission,
        filename: str,
        resources: Any,
        **kwargs: Any,
    ) -> Any:
        """Have nbgrader enter the points of a notebook that was run.

        nbgrader asks a person anew for each mark; where the same was graded
        before, with the same tests, marks stay.
        """
        before = load_result(course, submission)
        names = submission.student, submission.assignment, Path(filename).stem
        read = {}
        try:
            if before and before["key"] == self.ran[0]:
                read = course.ledger.list_read(*names)
            made = super().from_filename(filename, resources, **kwargs)
            if read:
                course.ledger.keep_read(*names, read)
        finally:
            course.close()
        record.record_graded(course, submission, *self.ran)
        return made


def _run(
    course: Course, submission: Submission
) -> tuple[dict[str, nbformat.NotebookNode], str, Report]:
    """The executed notebooks by file, the submission's key_of, and a report.

    Raises SetupError where it could not be run.
    """
    sandbox.require(course.sandbox)
    try:
        assignment = course.prepare(*submission.tests)
    finally:
        course.close()
    limit = course.limits.upload_bytes
    key = key_of(submission, assignment.version, limit)
    work = Path(tempfile.mkdtemp(dir=course.work))
    job = Job(
        course.root,
        submission.student,
        assignment,
        submission.path,
        work,
        course.limits,
        course_secret(course.home),
        sandbox=course.sandbox,
    )
    try:
        report = processes.run(job)
        if report["failed"]:
            log(report["trace"])
            raise SetupError(report["reason"])
        made = {
            path.name: nbformat.read(path, as_version=4)
            for path in job.executed.glob("*.ipynb")
        }
        return made, key, report
    finally:
        shutil.rmtree(work, ignore_errors=True)
