"""A page for the learner: points and messages, nothing that is hidden.

nbgrader's own feedback prints the executed notebook, in which the hidden
tests and the reference have been restored. This page is made from the
result alone, which holds neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grader.course.settings import Course
from grader.course.submissions import Submission, replace_text
from grader.notebook.repair import task_of
from grader.reports.points import Row, shown_hours, shown_points
from rnncore.testing.failure import Failure, Place, places, render

HIDDEN = "a value that stays hidden"
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_feedback(
    course: Course, submission: Submission, result: dict[str, Any], row: Row
) -> None:
    """Write feedback/<learner>/<assignment>/<assignment>.html."""
    name = submission.assignment
    folder = course.feedback / submission.student / name
    path = folder / f"{name}.html"
    where = places(course.source / name / "checks.json")
    site = str(course.config.Grader.get("book_url", ""))
    text = page(submission, result, row, where, site)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        replace_text(path, text)


def page(
    submission: Submission,
    result: dict[str, Any],
    row: Row,
    where: dict[str, Place],
    site: str = "",
) -> str:
    """The page as HTML; `site` is where the learners' book stands."""
    return PAGES.get_template("feedback.html").render(
        submission=submission,
        result=result,
        row=row,
        where=where,
        site=site.rstrip("/"),
        compared=compared,
        render=render,
        shown_hours=shown_hours,
        shown_points=shown_points,
        task_of=task_of,
    )


def compared(failure: Failure) -> list[tuple[str, str]]:
    """What was checked, what was expected and what came instead."""
    if failure.about in ("", "argument"):
        return []
    expected, came = failure.expected, failure.came
    if failure.about == "error":
        came = f"{failure.kind}: {came}" if came else failure.kind
    elif failure.hidden:
        expected = came = HIDDEN
    return [("Checked", failure.checked), ("Expected", expected), ("Came", came)]
