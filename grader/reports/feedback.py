"""A page for the learner: points and messages, nothing that is hidden.

nbgrader's own feedback prints the executed notebook, in which the hidden
tests and the reference have been restored. This page is made from the
result, which holds neither, and from the notebook that was handed out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grader.course.by_hand.regrades import Request
from grader.course.settings import Course
from grader.course.submissions import Submission, replace_text
from grader.notebook.cells import task_of
from grader.notebook.failures import LEFT_UNMADE
from grader.notebook.markdown import render_inline, render_markdown
from grader.notebook.pictures import read_pictures
from grader.notebook.task_texts import Asked, TaskText, read_tasks
from grader.reports.changes import LATE, Told
from grader.reports.points import Row, TaskPoints, format_hours, format_points
from rnncore.storage.files import CHECKS
from rnncore.testing.failure import MISSING, Failure, Place, next_step, places, render
from rnncore.testing.properties import PROPERTIES

HIDDEN = "a value that stays hidden"
BEYOND_HINTS = {"NotRun", "NotGraded"}  # no fault of the answer
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters |= {"inline": render_inline, "paragraphs": render_markdown}


def write_feedback(
    course: Course,
    submission: Submission,
    result: dict[str, Any],
    row: Row,
    history: Sequence[Told] = (),
    said: Sequence[str] = (),
    requests: Sequence[Request] = (),
) -> None:
    """Write feedback/<learner>/<assignment>/<assignment>.html.

    `history` is how the points have changed, `said` what was remarked on when
    the files were taken in, `requests` what the learner asked to have regraded.
    """
    name = submission.assignment
    graded = course.autograded / submission.student / name
    pictures = read_pictures(graded) if result.get("pictures") else {}
    folder = course.feedback / submission.student / name
    path = folder / f"{name}.html"
    text = render_page(
        submission,
        result,
        row,
        places(course.source / name / CHECKS),
        course.book_url,
        read_tasks(course.released(*submission.tests)),
        history,
        said,
        requests,
        pictures,
    )
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        replace_text(path, text)


def render_page(
    submission: Submission,
    result: dict[str, Any],
    row: Row,
    where: dict[str, Place],
    site: str,
    assignment: Asked | None = None,
    history: Sequence[Told] = (),
    said: Sequence[str] = (),
    requests: Sequence[Request] = (),
    pictures: Mapping[str, list[tuple[str, str]]] = MappingProxyType({}),
) -> str:
    """The page as HTML; `site` is where the learners' book stands."""
    assignment = assignment or Asked()
    return PAGES.get_template("feedback.html").render(
        submission=submission,
        title=assignment.title or submission.assignment,
        result=result,
        row=row,
        parts=[_describe_task(task, assignment, result, where) for task in row.tasks],
        pictures=pictures,
        site=site,
        history=[
            told._replace(task=_name_task(told.task, assignment)) for told in history
        ],
        said=said,
        requests=[(_name_task(one.task, assignment), one) for one in requests],
        compared=list_compared,
        next_step=next_step,
        render=render,
        format_hours=format_hours,
        format_points=format_points,
    )


def _describe_task(
    task: TaskPoints, assignment: Asked, result: dict[str, Any], where: dict[str, Place]
) -> dict[str, Any]:
    """What the page says about one task."""
    answers = result.get("answers", {})  # an older result has none
    name, failure = task_of(task.id), task.failure
    kind = failure.kind if failure else "NotRun"
    about = assignment.tasks.get(name, TaskText())
    place = failure.read if failure else where.get(name)
    return {
        "task": task,
        "cause": _find_cause(name, failure, result["errors"]),
        "failures": [failure, *task.others] if failure else [],
        "properties": [
            (name, PROPERTIES.get(name, name), got, of)
            for name, (got, of) in task.properties.items()
        ],
        "name": name,
        "in_words": task.id in answers or task.open,
        "answer": "" if kind == "NotImplementedError" else answers.get(name, ""),
        "title": about.title or name,
        "line": about.line,
        "question": about.question,
        "hint": "" if kind in BEYOND_HINTS else about.hint,
        "place": place,
        "chapter": _name_chapter(place) if place else "",
    }


def _name_task(name: str, assignment: Asked) -> str:
    """What a change is of, as the page calls it."""
    if name == LATE:
        return "taken off for handing in late"
    about = assignment.tasks.get(task_of(name), TaskText())
    return about.title or task_of(name)


def _find_cause(name: str, failure: Failure | None, errors: list[str]) -> str:
    """The error of the cell that should have defined what a test misses."""
    if failure is None or failure.kind != "NameError":
        return ""
    head = re.compile(rf"code cell \d+ \((def|class) {re.escape(name)}\b")
    missing = MISSING.search(failure.got)
    unmade = rf"\({LEFT_UNMADE}(.*, )?{re.escape(missing[1])}\b" if missing else "$."
    due = re.compile(unmade)
    return next((e for e in errors if head.match(e) or due.search(e)), "")


def _name_chapter(place: Place) -> str:
    """How a person calls a page of the book: chapter 3."""
    number = re.match(r"ch(\d+)_", place.page)
    return f"chapter {int(number[1])}" if number else place.page


def list_compared(failure: Failure) -> list[tuple[str, str, str]]:
    """What was checked, expected and got instead; small arrays in full."""
    if failure.about in ("", "argument"):
        return []
    expected, got = failure.expected, failure.got
    if failure.about == "error":
        got = f"{failure.kind}: {got}" if got else failure.kind
    elif failure.hidden:
        expected = got = HIDDEN
    return [
        ("Checked", failure.checked, ""),
        ("Expected", expected, failure.all_expected),
        ("Got", got, failure.all_got),
    ]
