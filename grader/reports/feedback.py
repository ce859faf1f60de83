"""A page for the learner: points and messages, nothing that is hidden.

nbgrader's own feedback prints the executed notebook, in which the hidden
tests and the reference have been restored. This page is made from the
result alone, which holds neither.
"""

from __future__ import annotations

from html import escape
from typing import Any

from grader.course.settings import Course
from grader.course.submissions import Submission, replace_text
from grader.notebook.said import Place, parts_of, places
from grader.reports.points import Row, Task, short, shown_points

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem;
       margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.2rem; border-top: 1px solid #888;
     padding-top: 1rem; }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .3rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin: .5rem 0; }
pre { white-space: pre-wrap; margin: 0; font-size: .9rem; }
.reason { border-left: .3rem solid #D55E00; padding: .2rem 1rem; }
"""


def write_feedback(
    course: Course, submission: Submission, result: dict[str, Any], row: Row
) -> None:
    """Write feedback/<learner>/<assignment>/<assignment>.html."""
    folder = course.feedback / submission.student / submission.assignment
    path = folder / f"{submission.assignment}.html"
    where = places(course, submission.assignment)
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
    title = f"{escape(submission.assignment)}, {escape(submission.student)}"
    total = f"{row.points:g} of {row.of:g} points"
    if row.open:
        total += ", and an answer that a person still has to read"
    if row.penalty:
        total += f" ({row.penalty:g} taken off for handing in late)"
    parts = [f"<h1>{title}</h1>", f"<p><strong>{total}</strong></p>"]
    if result["reason"]:
        parts.append(
            "<p class=reason>Your notebook could not be graded: "
            f"{escape(result['reason'])}</p>"
        )
    says = {check["id"]: check["says"] for check in result["checks"]}
    for task in row.tasks:
        place = where.get(short(task.id))
        said = "" if result["reason"] else says.get(task.id, "")
        parts += _task(task, said, place, site)
    parts += _list(
        "Cells of yours that ended in an error", result["errors"]
    )
    parts += _list("What the grader noticed", result["remarks"])
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _task(
    task: Task, says: str, place: Place | None, site: str
) -> list[str]:
    """One task: its points, and what there is to know of a lost one."""
    points = f"{shown_points(task)} of {task.of:g} points"
    lines = [f"<h2>{escape(short(task.id))}: {points}</h2>"]
    said = parts_of(says)
    pairs = [
        ("Checked", said.what),
        ("Expected", _shown(said.expected)),
        ("Came", _shown(said.came)),
        ("Mistake", said.mistake),
        ("Comment", task.comment),
    ]
    if task.open:
        pairs.append(("Answer", "to be read by a person"))
    shown = [
        f"<dt>{name}</dt><dd>{escape(text)}</dd>"
        for name, text in pairs
        if text
    ]
    if place and task.points < task.of:
        shown.append(f"<dt>Explained in</dt><dd>{_link(place, site)}</dd>")
    if shown:
        lines += ["<dl>", *shown, "</dl>"]
    if says:
        lines.append(
            "<details open><summary>What the check said</summary>"
            f"<pre>{escape(says)}</pre></details>"
        )
    return lines


def _shown(value: str) -> str:
    """A value, or in words that it is not shown."""
    return "a value that stays hidden" if value == "#" else value


def _link(place: Place, site: str) -> str:
    """The book's section; a link where the book's address is known."""
    text = f"{escape(place.title)} ({escape(place.file)})"
    if not site:
        return text
    address = escape(f"{site.rstrip('/')}/{place.file}")
    return f'<a href="{address}">{text}</a>'


def _list(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    lines = [f"<li><pre>{escape(item)}</pre></li>" for item in items]
    return [f"<h2>{title}</h2>", "<ul>", *lines, "</ul>"]
