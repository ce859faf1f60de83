"""One question over all learners: what they wrote, sorted alike, as a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from grader import untrusted
from grader.course.by_hand.rubric_items import list_items
from grader.course.settings import Course
from grader.course.submissions import load_result
from grader.notebook.cells import task_of
from grader.notebook.pictures import read_pictures
from grader.notebook.task_texts import TaskText, read_tasks
from grader.reports.feedback import PAGES
from grader.reports.marking.marks import Shown
from grader.reports.points import Row
from grader.reports.rubric import model_answers
from rnncore.storage.files import composed

WORD = re.compile(r"\w+|[^\w\s]")
LETTERS = re.compile(r"\w+")


@dataclass
class Group:
    """Answers with the same words; `text` is the first of them."""

    text: str
    pictures: tuple[str, ...] = ()  # what identifies them
    images: list[tuple[str, str]] = field(default_factory=list)  # names, addresses
    shown: list[Shown] = field(default_factory=list)
    comments: set[str] = field(default_factory=set)
    given: set[tuple[int, ...]] = field(default_factory=set)  # numbers of items

    @property
    def comment(self) -> str:
        """What all of them read; empty if their comments differ."""
        return min(self.comments) if len(self.comments) == 1 else ""

    @property
    def items(self) -> list[int]:
        """The items that all of them have; none if theirs differ."""
        return [*min(self.given)] if len(self.given) == 1 else []

    @property
    def open(self) -> bool:
        """Whether one of them waits for a person."""
        return any(one.open for one in self.shown)

    @property
    def points(self) -> float | None:
        """What all of them have; None if one waits, or they differ."""
        found = {one.points for one in self.shown}
        return found.pop() if len(found) == 1 and not self.open else None


@dataclass(frozen=True)
class Question:
    """A graded cell of an assignment, and everything that was written for it."""

    assignment: str
    task: str
    of: float
    groups: list[Group]


def find_tasks(rows: Iterable[Row], answers: dict[str, dict[str, str]]) -> list[str]:
    """The tasks that people read: their answer is the graded cell itself."""
    return [
        *dict.fromkeys(
            task.id
            for row in rows
            for task in row.tasks
            if task.open or task.id in answers[row.submission.student]
        )
    ]


def read_answers(
    course: Course, rows: Iterable[Row], what: str = "answers"
) -> dict[str, dict[str, Any]]:
    """What each learner wrote, or `pictures`, by the names of the answers' cells."""
    results = ((row, load_result(course, row.submission) or {}) for row in rows)
    return {row.submission.student: found.get(what, {}) for row, found in results}


def group_answers(
    assignment: str,
    task: str,
    rows: Iterable[Row],
    answers: dict[str, dict[str, str]],
    pictures: Mapping[str, dict[str, list[str]]] = MappingProxyType({}),
) -> Question:
    """The answers to a question, the same ones together, similar ones near.

    Two are the same if they differ in case and space alone (code: in nothing),
    and have the same pictures.
    """
    groups: dict[tuple[Any, ...], Group] = {}
    most = 0.0
    for row in rows:
        who = row.submission.student
        for one in row.tasks:
            if one.id != task:
                continue
            most = max(most, one.of)
            text = answers[who].get(task_of(task), "").strip()
            words = WORD.findall(composed(text).casefold())
            key = tuple(words) if task_of(task) == task else (text,)
            drawn = tuple(pictures.get(who, {}).get(task_of(task), ()))
            group = groups.setdefault((key, drawn), Group(text, drawn))
            group.shown.append(Shown(who, one.points, one.open))
            group.comments.add(one.comment)
            group.given.add(tuple(item.id for item in one.items))
    return Question(assignment, task, most, _sorted_alike([*groups.values()]))


def _sorted_alike(groups: list[Group]) -> list[Group]:
    """The shortest first, then always the one that is most like the last."""
    left = sorted(groups, key=lambda group: (len(group.text), group.text))
    words = {id(g): frozenset(LETTERS.findall(g.text.casefold())) for g in left}
    found: list[Group] = []
    while left:
        last = words[id(found[-1])] if found else None
        best = (
            max(left, key=lambda g: _group_alike(words[id(g)], last))
            if found
            else left[0]
        )
        left.remove(best)
        found.append(best)
    return found


def _group_alike(a: frozenset[str], b: frozenset[str] | None) -> float:
    return len(a & b) / max(1, len(a | b)) if b is not None else 0.0


def deal_out(groups: Sequence[Group], part: int, parts: int) -> list[Group]:
    """The groups of one of several graders: neighbours, about equally many each."""
    return [*groups[len(groups) * (part - 1) // parts : len(groups) * part // parts]]


def marking_page(
    course: Course, question: Question, groups: list[Group], by: str, nonce: str
) -> str:
    """The page as HTML; no script or form of a learner's or a marker's works in it."""
    name, task = question.assignment, question.task
    for group in groups:
        if group.pictures:
            folder = course.autograded / group.shown[0].learner / name
            group.images = read_pictures(folder).get(task_of(task), [])
    about = read_tasks(course.released(name)).tasks.get(task_of(task), TaskText())
    models = {
        cell: text
        for path in (course.source / name).glob("*.ipynb")
        for cell, text in model_answers(path).items()
    }
    with course.ledger.transaction() as book:
        items = list_items(book, name, task)
    return PAGES.get_template("marking/marking.html").render(
        question=question,
        items=items,
        groups=groups,
        about=about,
        model=models.get(task, ""),
        by=by,
        nonce=nonce,
        learners=sum(len(group.shown) for group in groups),
        line=untrusted.line,
        in_words=task_of(task) == task,
    )
