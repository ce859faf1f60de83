"""Grades one submission on Gradescope; `run_autograder` starts it there.

Gradescope unpacks the zip of `make gradescope` into source/ and puts what
was handed in into submission/. What is found goes to results/results.json,
in the format that Gradescope documents ("Autograder Specifications").
All of its texts are plain: none is rendered as HTML or Markdown.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

from grader.collecting.incoming import folder_in, take_in
from grader.commands import grade
from grader.course.settings import Course, SetupError
from grader.course.submissions import Submission, load_result, replace_text
from grader.isolation import sandbox
from grader.notebook.repair import grade_id, task_of
from grader.notebook.task_texts import Asked, read_tasks
from grader.reports.points import Row, TaskPoints, read_rows
from rnncore.testing.failure import next_step, render

LEARNER = "learner"  # one in a container: whose it is, Gradescope knows
NOT_HERE = (
    "The autograder could not run: this is no fault of your notebook. Tell "
    "your instructor, who finds the cause in the autograder's output."
)


def main(argv: list[str] | None = None) -> int:
    """Grade, write results.json; 1 where the instructor has to act."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("base", type=Path, help="/autograder")
    parser.add_argument("name", help="the assignment")
    parser.add_argument("--no-sandbox", action="store_true")
    options = parser.parse_args(argv)
    sandboxed = not options.no_sandbox
    try:
        if sandboxed:
            sandbox.require()
        found = grade_submission(options.base, options.name, sandboxed=sandboxed)
        status = 0
    except SetupError as error:
        print(f"Nothing was graded: {error}", file=sys.stderr)
        found, status = _make_page(NOT_HERE, score=0), 1
    path = options.base / "results" / "results.json"
    replace_text(path, json.dumps(found, indent=1))
    return status


def grade_submission(base: Path, name: str, *, sandboxed: bool) -> dict[str, Any]:
    """Grade the contents of submission/, in a temporary course."""
    with tempfile.TemporaryDirectory(prefix="course-") as folder:
        root = Path(folder)
        shutil.copytree(base / "source" / "course", root, dirs_exist_ok=True)
        course = Course(root)
        place = course.submitted / LEARNER / name
        notebooks = course.list_notebooks(name)
        handed = folder_in(base / "submission", name, notebooks)
        take_in(handed, place, notebooks, course.limits)
        asked_for = ["--root", folder, "--workers", "1"]
        grade.main(asked_for + ["--no-sandbox"] * (not sandboxed))
        submission = Submission(LEARNER, name, place)
        try:
            rows = read_rows(course, [submission])
        finally:
            course.close()
        result = load_result(course, submission)
        release = course.released(name)
        if not rows or result is None or release is None:
            raise SetupError("make grade left no result")
        return format_results(rows[0], result, read_tasks(release), in_words(release))


def in_words(release: Path) -> set[str]:
    """The graded cells that a person reads."""
    return {
        grade_id(cell) or ""
        for cell in nbformat.read(release, as_version=4).cells
        if cell.metadata.get("nbgrader", {}).get("grade")
        and cell.metadata["nbgrader"].get("solution")
    }


def format_results(
    row: Row, result: dict[str, Any], assignment: Asked, manual: set[str]
) -> dict[str, Any]:
    """The result of a graded submission in Gradescope's format."""
    tasks = [task for task in row.tasks if task.id not in manual]
    left = [task for task in row.tasks if task.id in manual]
    said = [*([row.reason] if row.reason else []), *result["remarks"]]
    said += result["errors"]
    if left:
        most = sum(task.of for task in left)
        names = ", ".join(_name_task(task, assignment) for task in left)
        said.append(
            f"A person reads these, for {most:g} points that are not in the "
            f"score here: {names}."
        )
    page = _make_page("\n".join(said), score=None if tasks else 0)
    page["execution_time"] = result["seconds"]
    return page | {"tests": [_test(task, assignment) for task in tasks]}


def _make_page(output: str, *, score: float | None) -> dict[str, Any]:
    """The part that concerns the entire submission."""
    page: dict[str, Any] = {
        "output": output,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",  # it is the instructor's
        "tests": [],
    }
    return page if score is None else page | {"score": score}


def _test(task: TaskPoints, assignment: Asked) -> dict[str, Any]:
    """One task: its points, and why some are missing."""
    lines = []
    if task.failure is not None:
        lines = [render(task.failure), f"What to try next: {next_step(task.failure)}"]
        if task.failure.read:
            lines.append(f"Read “{task.failure.read.title}” in the book.")
    return {
        "name": _name_task(task, assignment),
        "score": task.points,
        "max_score": task.of,
        "output": "\n".join(lines),
        "visibility": "visible",
    }


def _name_task(task: TaskPoints, assignment: Asked) -> str:
    name = task_of(task.id)
    about = assignment.tasks.get(name)
    return (about.title if about else "") or name


if __name__ == "__main__":
    sys.exit(main())
