"""Grades one submission on Gradescope; `run_autograder` starts it there.

Gradescope unpacks the zip of `make gradescope` into source/ and puts what
was handed in into submission/. What is found goes to results/results.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from grader.commands import grade
from grader.course.settings import Course, SetupError
from grader.course.submissions import Submission, load_result, replace_text
from grader.isolation import sandbox
from grader.notebook.task_texts import read_tasks
from grader.reports.points import read_rows
from grader.systems.gradescope import format_results, in_words, make_page
from grader.systems.incoming import folder_in, take_in

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
        found, status = make_page(NOT_HERE, score=0), 1
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


if __name__ == "__main__":
    sys.exit(main())
