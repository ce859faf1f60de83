"""A page for the learner: points and messages, nothing that is hidden.

nbgrader's own feedback prints the executed notebook, in which the hidden
tests and the reference have been restored. This page is made from the
result alone, which holds neither.
"""

from __future__ import annotations

from html import escape
from typing import Any

from grader.course import Course
from grader.report import Row, short, shown_points
from grader.submissions import Submission, replace_text

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem;
       margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
         border-bottom: 1px solid #888; }
td.points { white-space: nowrap; }
pre { white-space: pre-wrap; margin: 0; font-size: .9rem; }
.reason { border-left: .3rem solid #D55E00; padding: .2rem 1rem; }
"""


def write_feedback(
    course: Course, submission: Submission, result: dict[str, Any], row: Row
) -> None:
    """Write feedback/<learner>/<assignment>/<assignment>.html."""
    folder = course.feedback / submission.student / submission.assignment
    path = folder / f"{submission.assignment}.html"
    text = page(submission, result, row)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        replace_text(path, text)


def page(submission: Submission, result: dict[str, Any], row: Row) -> str:
    """The page as HTML."""
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
    parts += _table(result, row)
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


def _table(result: dict[str, Any], row: Row) -> list[str]:
    if not row.tasks:
        return []
    says = {check["id"]: check["says"] for check in result["checks"]}
    lines = [
        "<table>",
        "<tr><th>Task</th><th>Points</th><th>What the check said</th></tr>",
    ]
    for task in row.tasks:
        if result["reason"]:
            text = ""
        elif task.open:
            text = "to be read by a person"
        else:
            text = says.get(task.id) or ("passed" if task.points else "")
        if task.comment:
            text += f"\n{task.comment}"
        lines.append(
            f"<tr><td>{escape(short(task.id))}</td>"
            f"<td class=points>{shown_points(task)} of {task.of:g}</td>"
            f"<td><pre>{escape(text)}</pre></td></tr>"
        )
    return [*lines, "</table>"]


def _list(title: str, items: list[str]) -> list[str]:
    if not items:
        return []
    lines = [f"<li><pre>{escape(item)}</pre></li>" for item in items]
    return [f"<h2>{title}</h2>", "<ul>", *lines, "</ul>"]
