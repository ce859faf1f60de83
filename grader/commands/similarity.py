"""Reports which submissions look alike: make similarity.

A pair or a group in the list is a reason to read them, not a verdict: the
tasks are short, and two right answers may well be written alike.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections import defaultdict
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.preprocessors import ClearSolutions

from grader import ROOT, untrusted
from grader.course.settings import Course, Limits, SetupError, load_config
from grader.course.submissions import Submission, find_submissions, replace_text
from grader.notebook.repair import Broken, read_notebook
from grader.notebook.restore import join_notebooks
from grader.reports import side_by_side
from grader.reports.points import csv_text
from grader.reports.side_by_side import Found
from grader.reports.similarity import compare

CODE_FILES = {".py", ".ipynb", ".txt"}  # that may accompany a notebook
LONGEST = 1_000_000  # characters of a submission that are compared
Notebooks = dict[str, dict[str, NotebookNode]]  # by assignment and learner


def main(argv: list[str] | None = None) -> int:
    """Print what is closest, write similarity.csv and .html to grading/."""
    options = _parse_options(argv)
    try:
        course = Course(options.root)
        notebooks = _read_notebooks(course, course.submitted)
        earlier = _read_earlier_classes(course, options.earlier)
    except SetupError as error:
        print(f"make similarity: {error}", file=sys.stderr)
        return 2
    found: list[Found] = []
    given = {name: _read_given(course, name) for name in notebooks}
    for name, mine in sorted(notebooks.items()):
        others = earlier.get(name, {})
        alike = compare(mine | others, given[name])
        found += [
            (name, a)
            for a in alike
            if a.share >= options.share and not {*a.learners} <= others.keys()
        ]
        before = f", {len(others)} earlier ones" if others else ""
        print(f"{name}: {len(mine)} notebooks compared{before}")
    all_of_them = {
        name: mine | earlier.get(name, {}) for name, mine in notebooks.items()
    }
    path = course.home / "similarity.csv"
    replace_text(path, _format_csv(found))
    shown = side_by_side.render_page(found[: options.most], all_of_them, given)
    replace_text(path.with_suffix(".html"), shown)
    print(_format_table(found[: options.most]))
    print(f"Written: {path}, and similarity.html with the answers side by side")
    return 0


def _parse_options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument(
        "--share",
        type=float,
        default=0.5,
        help="of the shorter one's uncommon passages (default: 0.5)",
    )
    parser.add_argument("--most", type=int, default=30, help="findings shown")
    parser.add_argument(
        "--with",
        dest="earlier",
        type=Path,
        action="append",
        default=[],
        help="an earlier class's folder of submissions: LEARNER/ASSIGNMENT/",
    )
    return parser.parse_args(argv)


def _read_given(course: Course, name: str) -> list[NotebookNode]:
    """What all learners could see, and the solution: no evidence."""
    sources = sorted((course.source / name).glob("*.ipynb"))
    if not sources:
        return []
    notebook = join_notebooks(nbformat.read(path, as_version=4) for path in sources)
    stubs = ClearSolutions(config=load_config(course.root))
    release, _ = stubs.preprocess(copy.deepcopy(notebook), {})
    path = course.released(name)
    known = [nbformat.read(path, as_version=4)] if path else []
    return [notebook, release, *known]


def _read_earlier_classes(course: Course, folders: list[Path]) -> Notebooks:
    """Earlier classes' notebooks; each learner is called after the folder.

    Raises SetupError if a folder has none.
    """
    found: Notebooks = defaultdict(dict)
    for folder in folders:
        notebooks = _read_notebooks(course, folder.resolve()) if folder.is_dir() else {}
        if not notebooks:
            raise SetupError(
                f"--with: expected a folder with LEARNER/ASSIGNMENT/ASSIGNMENT.ipynb "
                f"in it, as grading/submitted/ is, got {folder}"
            )
        for name, by_learner in notebooks.items():
            for learner, notebook in by_learner.items():
                found[name][f"{folder}/{learner}"] = notebook
    return found


def _read_notebooks(course: Course, folder: Path) -> Notebooks:
    """The readable notebooks in a folder, by assignment and learner."""
    found: Notebooks = defaultdict(dict)
    submissions, _ = find_submissions(course, folder)
    for submission in submissions:
        notebook = _read(course, submission)
        if notebook is not None:
            found[submission.assignment][submission.student] = notebook
    return found


def _read(course: Course, submission: Submission) -> NotebookNode | None:
    """The notebooks as one; the code files beside them are added at its end."""
    limits, stems = course.limits, course.list_notebooks(submission.assignment)
    own = {Path(f"{stem}.ipynb") for stem in stems}
    try:
        notebook = join_notebooks(_read_own(submission, stems, limits))
        left = LONGEST - sum(len(cell.source) for cell in notebook.cells)
        if left < 0:
            _say_too_long(submission, f"{stems[0]}.ipynb")
            return None
        files = untrusted.files_in(
            submission.path, limits.upload_bytes, limits.upload_files
        )
        for file in files:
            if file.suffix not in CODE_FILES or file in own:
                continue
            cells = _code_in(submission.path, file, limits.upload_bytes)
            size = sum(len(cell.source) for cell in cells)
            if size > left:
                _say_too_long(submission, str(file))
                continue
            left -= size
            notebook.cells += cells
    except (Broken, untrusted.TooMuch, OSError):  # reported by grading
        return None
    return notebook


def _say_too_long(submission: Submission, file: str) -> None:
    who = f"{submission.assignment}, {submission.student}"
    said = f"{who}: {file}: not compared, for there are over {LONGEST:,} characters"
    print(untrusted.line(said), file=sys.stderr)


def _read_own(
    submission: Submission, stems: list[str], limits: Limits
) -> list[NotebookNode]:
    """The assignment's notebooks that can be read.

    Raises Broken where none can.
    """
    found, broken = [], None
    for stem in stems:
        try:
            found.append(read_notebook(submission.path, stem, limits.upload_bytes))
        except Broken as why:
            broken = why
    if broken and not found:
        raise broken
    return found


def _code_in(folder: Path, file: Path, limit: int) -> list[NotebookNode]:
    """The cells of another notebook, or a file's text as one."""
    path = folder / file
    if path.suffix != ".ipynb":
        text = path.read_bytes().decode("utf-8", "replace")
        return [new_code_cell(text, metadata={})]
    try:
        cells = read_notebook(path.parent, path.stem, limit).cells
    except Broken:
        return []
    return [new_code_cell(c.source) for c in cells if c.cell_type == "code"]


def _format_csv(found: list[Found]) -> str:
    head = ["assignment", "learner", "other", "kind", "share", "shared"]
    lines: list[list[object]] = [[*head]]
    lines += [
        [
            *(name, a.learners[0], "; ".join(a.learners[1:])),
            *(a.kind, f"{a.share:.2f}", a.shared),
        ]
        for name, a in found
    ]
    return csv_text(lines)


def _format_table(found: list[Found]) -> str:
    if not found:
        return "No two look alike."
    return "\n".join(
        f"{a.share:5.0%} of {a.kind:5} ({a.shared} passages)  "
        f"{name}: {', '.join(a.learners[:-1])} and {a.learners[-1]}"
        for name, a in found
    )


if __name__ == "__main__":
    sys.exit(main())
