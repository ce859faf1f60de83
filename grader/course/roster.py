"""Who is in the course: grading/roster.csv, and the gradebook's students."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook

from grader import untrusted
from grader.course.by_hand.tables import open_table, read_cells
from grader.course.settings import SetupError
from rnncore.storage.files import composed

ANONYMOUS = {"Participant", "anon"}  # as systems call everybody
COLUMNS = {  # a head, as a person or a system writes it: what it is here
    "id": "id",
    "username": "id",
    "first_name": "first_name",
    "first name": "first_name",
    "last_name": "last_name",
    "last name": "last_name",
    "surname": "last_name",
    "email": "email",
    "email address": "email",
    "lms_user_id": "lms_user_id",
}
OTHERS = {  # of Moodle's list of participants, which say nothing here
    *("roles", "groups", "status", "last access to course", "id number"),
    *("institution", "department", "phone", "mobile phone", "city/town", "country"),
}


@dataclass(frozen=True)
class Learner:
    """A person of the course; `id` is the name of the learner's folder."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.id

    @property
    def known(self) -> bool:
        """Whether more is known than what a folder was called."""
        return bool(self.first_name or self.last_name or self.email or self.lms_user_id)


class Roster:
    """Learners, found by what a system says of them."""

    def __init__(self, learners: Iterable[Learner]):
        self.learners = {learner.id: learner for learner in learners}
        self._numbers: dict[str, str] = {}
        self._emails: dict[str, str] = {}
        self._names: dict[str, set[str]] = defaultdict(set)
        for learner in self.learners.values():
            self._index(learner)

    def add(self, learner: Learner) -> None:
        """Take in one more, or what else is known of one."""
        self.learners[learner.id] = learner
        self._index(learner)

    def _index(self, learner: Learner) -> None:
        if learner.lms_user_id:
            self._numbers[learner.lms_user_id] = learner.id
        if learner.email:
            self._emails[learner.email.casefold()] = learner.id
        first, last = learner.first_name, learner.last_name
        for name in (f"{first}{last}", f"{last}{first}", learner.id):
            if key := keep_letters(name):
                self._names[key].add(learner.id)

    def by_number(self, number: str) -> str | None:
        """The learner with this number in the system."""
        return self._numbers.get(number)

    def by_email(self, email: str) -> str | None:
        """The learner with this address."""
        return self._emails.get(email.casefold())

    def called(self, name: str) -> set[str]:
        """The learners of this name, written in either order."""
        return self._names.get(keep_letters(name), set())


def keep_letters(name: str) -> str:
    """A name without what systems leave out of file names."""
    return "".join(c for c in composed(name).casefold() if c.isalnum())


def is_anonymous(name: str) -> bool:
    """Whether a name is what the system calls everybody."""
    return name.split("_")[0] in ANONYMOUS


def read_roster(path: Path) -> list[Learner]:
    """The learners that roster.csv lists; without an `id`, the e-mail is it.

    Raises SetupError, naming the line, where the file says something else.
    """
    with open_table(path) as lines:
        return list(_read(lines, path.name))


def _read(lines: csv.DictReader[str], name: str) -> Iterator[Learner]:
    heads = _find_columns(lines.fieldnames or [], name)
    seen: set[str] = set()
    whose: dict[tuple[str, str], str] = {}  # an address or a number
    for where, line in read_cells(lines, name):
        cells = {column: line[head] for head, column in heads.items()}
        who = cells.pop("id", "") or cells.get("email", "")
        if why := explain_unfit_learner(who):
            raise SetupError(f"{where}: expected an id, got {who!r}: {why}")
        if who in seen:
            raise SetupError(f"{where}: a second line of {who}")
        seen.add(who)
        for column in ("email", "lms_user_id"):
            said = cells.get(column, "")
            other = whose.setdefault((column, said.casefold()), who)
            if said and other != who:
                raise SetupError(
                    f"{where}: expected another {column} than {other}'s, got {said}"
                )
        yield Learner(who, **cells)


def _find_columns(said: Sequence[str], name: str) -> dict[str, str]:
    """Which field each column is; SetupError for one that is none."""
    found: dict[str, str] = {}
    for head in said:
        plain = head.strip().lower()
        column = COLUMNS.get(plain, "")
        if not column and plain not in OTHERS:
            raise SetupError(
                f"{name}, line 1: expected the columns id,first_name,last_name,email,"
                f"lms_user_id, got {head!r}"
            )
        if column in found.values():
            raise SetupError(
                f"{name}, line 1: expected one column of {column!r}, got two: {head!r}"
            )
        if column:
            found[head] = column
    if not {"id", "email"} & set(found.values()):
        raise SetupError(
            f"{name}, line 1: expected a column id or email, got {','.join(said)}"
        )
    return found


def explain_unfit_learner(who: str) -> str | None:
    """Why this cannot be the name of a learner's folder."""
    if not who:
        return "it is empty"
    if who.startswith(".") or "/" in who:
        return "a folder cannot be called so"
    return untrusted.explain_unfit_name(who)


def read_students(book: Gradebook) -> Roster:
    """All learners that the gradebook has."""
    return Roster(
        Learner(
            student.id,
            *(
                composed(value or "")
                for value in (
                    student.first_name,
                    student.last_name,
                    student.email,
                    student.lms_user_id,
                )
            ),
        )
        for student in book.students
    )


def enter(book: Gradebook, learners: Iterable[Learner]) -> None:
    """Enter learners into the gradebook; fields left empty stay unchanged."""
    for learner in learners:
        said = {
            "first_name": learner.first_name,
            "last_name": learner.last_name,
            "email": learner.email,
            "lms_user_id": learner.lms_user_id,
        }
        known = {column: value for column, value in said.items() if value}
        book.update_or_create_student(learner.id, **known)
