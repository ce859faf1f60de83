"""Reports which submissions look alike: make similarity.

A pair in the list is a reason to read both, not a verdict: the tasks are
short, and two right answers may well be written alike.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader import ROOT
from grader.course.settings import Course, SetupError
from grader.course.submissions import Submission, find_submissions, replace_text
from grader.notebook.repair import Broken, read_notebook
from grader.reports.points import csv_text
from grader.reports.similarity import Pair, compare


def main(argv: list[str] | None = None) -> int:
    """Print the closest pairs, write grading/similarity.csv."""
    options = _options(argv)
    try:
        course = Course(options.root)
    except SetupError as error:
        print(f"make similarity: {error}", file=sys.stderr)
        return 2
    found: list[tuple[str, Pair]] = []
    for name, notebooks in sorted(_notebooks(course).items()):
        source = course.source / name / f"{name}.ipynb"
        given = []
        if source.exists():
            given = [nbformat.read(source, as_version=4)]
        pairs = compare(notebooks, given)
        found += [(name, p) for p in pairs if p.share >= options.share]
        print(f"{name}: {len(notebooks)} notebooks compared")
    lines: list[list[object]] = [
        ["assignment", "learner", "other", "kind", "share", "shared"]
    ]
    lines += [
        [name, p.first, p.second, p.kind, f"{p.share:.2f}", p.shared]
        for name, p in found
    ]
    path = course.home / "similarity.csv"
    replace_text(path, csv_text(lines))
    print(_table(found[: options.most]))
    print(f"Written: {path}")
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument(
        "--share",
        type=float,
        default=0.5,
        help="of the shorter one's uncommon passages (default: 0.5)",
    )
    parser.add_argument("--most", type=int, default=30, help="pairs shown")
    return parser.parse_args(argv)


def _notebooks(course: Course) -> dict[str, dict[str, NotebookNode]]:
    """The readable notebooks by assignment and learner."""
    found: dict[str, dict[str, NotebookNode]] = defaultdict(dict)
    submissions, _ = find_submissions(course)
    for submission in submissions:
        notebook = _read(course, submission)
        if notebook is not None:
            found[submission.assignment][submission.student] = notebook
    return found


def _read(course: Course, submission: Submission) -> NotebookNode | None:
    limit = course.limits.upload_bytes
    try:
        return read_notebook(submission.path, submission.assignment, limit)
    except (Broken, OSError):  # told where it is graded
        return None


def _table(found: list[tuple[str, Pair]]) -> str:
    if not found:
        return "No two look alike."
    return "\n".join(
        f"{p.share:5.0%} of {p.kind:5} ({p.shared} passages)  "
        f"{name}: {p.first} and {p.second}"
        for name, p in found
    )


if __name__ == "__main__":
    sys.exit(main())
