"""The class's gradebook, kept open: one submission is one transaction.

nbgrader reopens its database for each step and commits after each cell,
about 25 times per submission. Here its own steps run within one transaction:
they are entered all together or not at all, and in a tenth of the time.

Two things it does otherwise. A mark that a person gave stays read where what
it was given for has not changed. And a late rule, a due date or an extension
counts whenever it is set, not only for what is graded afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.preprocessors import (
    AssignLatePenalties,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from sqlalchemy import select
from sqlalchemy.orm import scoped_session, sessionmaker
from traitlets.config import Config

from grader.course.by_hand.rubric_items import give_items, read_given
from grader.notebook.cells import cell_points, grade_id, is_graded, is_test
from rnncore.storage.files import composed


class Ledger:
    """An open gradebook."""

    def __init__(self, db_url: str, course_id: str):
        self.book = Gradebook(db_url, course_id)

    def close(self) -> None:
        """Let go of the database."""
        self.book.close()

    def students(self, assignment: str) -> set[str]:
        """Those of whom the gradebook has a submission."""
        query = (
            select(Student.id)
            .join(SubmittedAssignment)
            .join(Assignment)
            .where(Assignment.name == assignment)
        )
        with self.transaction() as book:
            return set(book.db.scalars(query))

    @contextmanager
    def transaction(self) -> Iterator[Gradebook]:
        """The gradebook, whose commits count when the block ends well."""
        kept = self.book.db
        with self.book.engine.connect() as connection, connection.begin():
            self.book.db = scoped_session(sessionmaker(autoflush=True, bind=connection))
            try:
                yield self.book
            finally:
                self.book.db.remove()
                self.book.db = kept

    def enter(
        self,
        student: str,
        assignment: str,
        notebooks: Mapping[str, NotebookNode],
        timestamp: datetime | None,
        config: Config,
        before: Mapping[str, NotebookNode] = MappingProxyType({}),
        owner: str = "",
    ) -> None:
        """Enter the points of the notebooks, by name, as nbgrader's autograde does.

        `before` has them as they were graded the last time; where that was
        under the name of another, `owner`, a person's marks are theirs too.
        """
        when: dict[str, Any] = {"timestamp": timestamp} if timestamp else {}
        with self.transaction() as book:
            book.update_or_create_student(student)
            book.update_or_create_submission(assignment, student, **when)
            if owner not in ("", student):
                _take_over(book, assignment, owner, student)
            for name, notebook in notebooks.items():
                names = {"notebook": name, "assignment": assignment, "student": student}
                resources = {"nbgrader": names}
                same = find_unchanged(before.get(name), notebook)
                _Save(book, same).preprocess(notebook, resources)
                _Penalties(book, config=config).preprocess(notebook, resources)

    def list_read(
        self, student: str, assignment: str, notebook: str
    ) -> dict[str, float | None]:
        """The cells that a person has marked, with what the tests gave there."""
        with self.transaction() as book:
            try:
                found = book.find_submission_notebook(notebook, assignment, student)
            except MissingEntry:
                return {}
            return {
                grade.name: grade.auto_score
                for grade in found.grades
                if grade.manual_score is not None and not grade.needs_manual_grade
            }

    def keep_read(
        self,
        student: str,
        assignment: str,
        notebook: str,
        read: Mapping[str, float | None],
    ) -> None:
        """Let marks stay read whose tests gave the same; see `list_read`."""
        with self.transaction() as book:
            found = book.find_submission_notebook(notebook, assignment, student)
            for grade in found.grades:
                if grade.name in read and read[grade.name] == grade.auto_score:
                    grade.needs_manual_grade = False
            book.db.commit()

    def forget(self, assignment: str, students: Iterable[str]) -> None:
        """Take these learners' submissions out."""
        with self.transaction() as book:
            for who in students:
                book.remove_submission(assignment, who)

    def extend(self, extensions: Mapping[tuple[str, str], timedelta]) -> None:
        """Give these learners, and no others, more time for an assignment.

        The keys are learner, in Unicode's form NFC, and assignment.
        """
        with self.transaction() as book:
            for submission in book.db.scalars(select(SubmittedAssignment)):
                key = composed(submission.student_id), submission.assignment.name
                submission.extension = extensions.get(key)
            book.db.commit()

    def set_due_dates(self, due: Mapping[str, datetime | None]) -> None:
        """Set when assignments are due, in UTC; those it does not know stay out."""
        with self.transaction() as book:
            for assignment in book.db.scalars(select(Assignment)):
                if assignment.name in due:
                    assignment.duedate = due[assignment.name]
            book.db.commit()

    def penalise(self, config: Config) -> None:
        """Apply the late rule to all submissions as their points now are."""
        with self.transaction() as book:
            step = _Penalties(book, config=config)
            penalised = SubmittedNotebook.late_submission_penalty.isnot(None)
            query = (
                select(SubmittedAssignment)
                .join(Assignment, SubmittedAssignment.assignment)
                .where(
                    Assignment.duedate.isnot(None)
                    | SubmittedAssignment.notebooks.any(penalised)
                )
            )
            for submission in book.db.scalars(query).all():
                for notebook in submission.notebooks:
                    step.apply(notebook, submission)
            book.db.commit()


def find_unchanged(before: NotebookNode | None, now: NotebookNode) -> set[str]:
    """The graded cells whose mark still fits what was handed in.

    A written answer is its own text; of a test, all of the learner's code
    counts. Points that a cell may give count too.
    """
    if before is None:
        return set()
    old, new = _collect_graded(before), _collect_graded(now)
    return {name for name, look in new.items() if old.get(name) == look}


def _collect_graded(notebook: NotebookNode) -> dict[str, tuple[object, ...]]:
    """What each graded cell's mark depends on."""
    code = tuple(
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and not is_test(cell)
    )
    return {
        name: (cell_points(cell), code if is_test(cell) else cell.source)
        for cell in notebook.cells
        if (name := grade_id(cell)) and is_graded(cell)
    }


def _take_over(book: Gradebook, assignment: str, owner: str, student: str) -> None:
    """Give a learner what a person gave another for the same notebook."""
    items = read_given(book, assignment)
    for given in book.find_submission(assignment, owner).notebooks:
        where = given.name, assignment, student
        for grade in given.grades:
            if grade.manual_score is not None or grade.extra_credit is not None:
                mine = book.find_grade(grade.name, *where)
                for part in ("manual_score", "extra_credit", "auto_score"):
                    setattr(mine, part, getattr(grade, part))
                mine.needs_manual_grade = grade.needs_manual_grade
                given_for = assignment, grade.name
                give_items(book, *given_for, student, items[owner, grade.name])
        for comment in given.comments:
            if comment.manual_comment:
                mine = book.find_comment(comment.name, *where)
                mine.manual_comment = comment.manual_comment


class _Save(SaveAutoGrades):
    """nbgrader's step, on a gradebook that is open already."""

    def __init__(self, book: Gradebook, unchanged: set[str]):
        super().__init__()
        self.gradebook = book
        self.unchanged = unchanged

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        """Enter a cell's points; a mark that still fits stays read."""
        names = self.notebook_id, self.assignment_id, self.student_id
        grade = self.gradebook.find_grade(grade_id(cell), *names)
        read = grade.manual_score is not None and not grade.needs_manual_grade
        before = grade.auto_score
        super()._add_score(cell, resources)
        if read and grade_id(cell) in self.unchanged and grade.auto_score == before:
            grade.needs_manual_grade = False

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        names = resources["nbgrader"]
        self.notebook_id = names["notebook"]
        self.assignment_id = names["assignment"]
        self.student_id = names["student"]
        return NbGraderPreprocessor.preprocess(self, nb, resources)


class _Penalties(AssignLatePenalties):
    """nbgrader's step, on a gradebook that is open already."""

    def __init__(self, book: Gradebook, **kwargs: Any):
        super().__init__(**kwargs)
        self.gradebook = book

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        names = resources["nbgrader"]
        submission = self.gradebook.find_submission(
            names["assignment"], names["student"]
        )
        notebook = self.gradebook.find_submission_notebook(
            names["notebook"], names["assignment"], names["student"]
        )
        self.apply(notebook, submission)
        self.gradebook.db.commit()
        return nb, resources

    def apply(
        self, notebook: SubmittedNotebook, submission: SubmittedAssignment
    ) -> None:
        """Set what the rule takes off the notebook's points."""
        self.init_plugin()
        notebook.late_submission_penalty = None
        late = submission.total_seconds_late
        if late > 0:
            penalty = self.plugin_inst.late_submission_penalty(
                submission.student_id, notebook.score, late
            )
            if penalty is not None:
                notebook.late_submission_penalty = self._check_late_penalty(
                    notebook, penalty
                )
