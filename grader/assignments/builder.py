"""Builds the assignments: one text source each, two notebooks from it.

`python -m grader build` calls this and then tries what was built. The other
modules of this folder define the format and its rules.

From solutions/NAME/NAME.py comes grading/source/NAME/, nbgrader's source
notebook, and from that, by nbgrader itself, the learners' exercises/NAME/.
solutions/README.md describes the format. A folder with notebooks in its
place has nbgrader's source already. One that cannot be built stops no other.
"""

import contextlib
import difflib
import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.apps import NbGraderAPI

from grader import ROOT
from grader.assignments.expected_results import (
    collect_mutants,
    compute_checks,
    is_rebuilt,
)
from grader.assignments.parameters import Values, list_samples
from grader.assignments.plain import prepare_notebooks
from grader.assignments.rules import (
    find_explanations,
    find_missing_parts,
    find_problems,
    list_restated,
)
from grader.assignments.selection import drop_questions, select_tasks
from grader.assignments.source import (
    BEGIN,
    END,
    Assignment,
    SourceCell,
    folder_of,
    list_assignments,
    list_parameters,
    plain_names,
    read,
    test_parts,
)
from grader.assignments.worked import REASONS, find_missing_reasons, make_answers
from grader.course.course_file import NAME, CourseFile
from grader.course.course_reader import read_course_file
from grader.course.home import make_home
from grader.course.settings import SUBMITTED, explain_change, load_config
from grader.course.submissions import replace_text
from grader.notebook.names import cell_metadata
from grader.notebook.task_texts import HEADING
from grader.untrusted import VARIANT
from rnncore.checking.tries import NAME as TRIES
from rnncore.storage.files import ANSWERS, CHECKS, locked
from rnncore.testing.checks_file import pack_checks, unpack_checks
from rnncore.testing.failure import Place

# a task's heading, and the line that says how long the task takes
ABOVE = re.compile(r"^#{2,3} +.*(?:\n\n\*(?:Core|Extra)\b[^\n]*)?", re.MULTILINE)

# begins the first code cell: a notebook that was mailed is opened alone
GUARD = """\
from importlib.util import find_spec

if find_spec("rnncore") is None:
    raise ModuleNotFoundError(
        "a notebook alone lacks the package rnncore, and the files beside "
        "it: open it in the course's folder, in exercises/{name}/"
    )

"""


OTHERWISE = "*Read: \u201c{0.title}\u201d, on the long book's page {0.page}.*"


def source_notebook(
    assignment: Assignment, sections: Collection[tuple[str, str]] | None = None
) -> nbformat.NotebookNode:
    """The notebook that nbgrader takes, with all of its metadata.

    `sections`, by page and title, are those of the course's book; None: all.
    """
    shown = [c for c in assignment.cells if c.kind not in ("mistakes", "mutants")]
    cells = [
        _notebook_cell(assignment, cell, number) for number, cell in enumerate(shown)
    ]
    _add_places(assignment, shown, cells, sections)
    _head_checks(shown, cells)
    _let_others_run(shown, cells)
    _guard_imports(assignment.name, cells)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata: dict[str, Any] = {
        "kernelspec": kernel,
        "language_info": {"name": "python"},
    }
    if assignment.variant:  # to compare by: it chooses no test
        metadata[VARIANT] = assignment.variant
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _add_places(
    assignment: Assignment,
    shown: list[SourceCell],
    cells: list[nbformat.NotebookNode],
    sections: Collection[tuple[str, str]] | None,
) -> None:
    """Write under each task's heading where the book explains it."""
    places = find_explanations(assignment)
    heading = None
    for cell, made in zip(shown, cells, strict=True):
        if cell.kind == "text" and HEADING.search(made.source):
            heading = made
        elif cell.kind in ("solution", "answer") and heading and cell.name in places:
            place = Place(**places[cell.name])
            there = sections is None or (place.page, place.title) in sections
            said = _name_place(place) if there else OTHERWISE.format(place)
            text = heading.source
            found = ABOVE.search(text)
            end = found.end() if found else 0
            heading.source = f"{text[:end]}\n\n{said}{text[end:]}"
            heading = None


def _head_checks(shown: list[SourceCell], cells: list[nbformat.NotebookNode]) -> None:
    """Say in a check's first line whose it is: of a folded cell nothing else shows."""
    whose = ""
    for cell, made in zip(shown, cells, strict=True):
        if cell.kind == "text" and (found := HEADING.search(made.source)):
            whose = found[1]
        elif cell.kind == "test":
            number = re.match(r"Task \d+", whose)
            name = (number[0] if number else whose) or cell.name
            name = name[:1].lower() + name[1:]
            made.source = f"# Check of {name}: run this cell\n{made.source}"


def _let_others_run(
    shown: list[SourceCell], cells: list[nbformat.NotebookNode]
) -> None:
    """Mark the cells after the first task, whose errors stop no other cell.

    "Run All" then goes on past a task that is not written yet.
    """
    begun = False
    for cell, made in zip(shown, cells, strict=True):
        begun = begun or cell.kind == "solution"
        if begun and made.cell_type == "code":
            made.metadata["tags"] = ["raises-exception"]


def _guard_imports(name: str, cells: list[nbformat.NotebookNode]) -> None:
    """Let the first code cell say in a sentence what a notebook alone lacks."""
    for made in cells:
        if made.cell_type == "code":
            made.source = GUARD.replace("{name}", name) + made.source
            return


def _name_place(place: Place) -> str:
    """A link to the book's section; its name, where nobody knows the address."""
    if address := os.environ.get("BOOK_ADDRESS", "").rstrip("/"):
        return f"*Read: [{place.title}]({address}/{place.file}).*"
    return f"*Read: \u201c{place.title}\u201d, on the book's page {place.page}.*"


def _notebook_cell(
    assignment: Assignment, cell: SourceCell, number: int
) -> nbformat.NotebookNode:
    """A cell in nbgrader's format; graded cells have a unique id."""
    source, grade_id = cell.source, cell.name
    if cell.kind == "test":
        grade_id = f"test_{cell.name}"
        visible, hidden, after = test_parts(assignment, cell)
        if hidden:
            source = f"{visible}{BEGIN}\n{hidden}{END}{after}"
    if cell.kind in ("text", "answer"):
        new = nbformat.v4.new_markdown_cell
    else:
        new = nbformat.v4.new_code_cell
    made = new(source, id=grade_id or f"cell-{number:02d}")
    if grade_id:
        points = {"points": cell.options.get("points", 0)}
        made.metadata |= cell_metadata(
            grade_id,
            grade=cell.kind in ("test", "answer"),
            solution=cell.kind in ("solution", "answer"),
            locked=cell.kind == "test",
            **(points if cell.kind != "solution" else {}),
        )
    if cell.kind == "test":  # folded: it is longer than what is to be written
        made.metadata["jupyter"] = {"source_hidden": True}
    return made


def list_buildable() -> list[str]:
    """The assignments that can be built: text sources, then nbgrader's."""
    return [*list_assignments(), *plain_names()]


def build(
    name: str,
    root: Path,
    values: Values | None = None,
    course: CourseFile | None = None,
) -> None:
    """Write the source notebook under `root`, and release it from there.

    `values` are those of a variant; without them it is the usual text. Of its
    tasks there are those that the course has; without one, course.toml says
    which. Both notebooks are made beside the old ones, which stay where that
    does not succeed.

    Raises ValueError listing what the author must correct.
    """
    home = make_home(root / "grading")
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        source, release = Path(scratch, "source"), Path(scratch, "release")
        course = course or read_course_file(ROOT / NAME)
        _write_source(name, source / name, values, course)
        _release(name, root, source, release)
        for fresh, kept in (source, home / "source"), (release, root / "exercises"):
            kept.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(kept / name, ignore_errors=True)
            shutil.move(fresh / name, kept)  # at once: make grade reads them


def _release(name: str, root: Path, source: Path, release: Path) -> None:
    """Have nbgrader make the release of one folder's source in another.

    Raises ValueError where it refuses.
    """
    course = open_course(root)
    course.coursedir.source_directory = str(source)
    course.coursedir.release_directory = str(release)
    with locked(root / "grading" / ".building"):  # two would make the gradebook at once
        outcome = course.generate_assignment(name, force=True, create=True)
    said = str(outcome.get("log"))
    if not outcome["success"] and SUBMITTED in said:
        raise ValueError(explain_change(name))
    if not outcome["success"]:
        raise ValueError(f"{name}: nbgrader: {said}")


def give_answers(
    name: str, root: Path, course: CourseFile, values: Values | None = None
) -> None:
    """Place the answers beside a released notebook, if the course wants that.

    An assignment without an answers.md has none. Raises ValueError where they
    come after a due date, and there is none.
    """
    folder = root / "exercises" / name
    (folder / ANSWERS).unlink(missing_ok=True)  # of a build before
    if course.solutions == "never" or not (folder_of(name) / REASONS).exists():
        return
    opens = None
    if course.solutions == "after":
        opens = course.find_last_moment(name)
        if opens is None:
            raise ValueError(
                f'{name}: solutions = "after": expected a week of course.toml '
                "with a due date for it, got none"
            )
    replace_text(folder / ANSWERS, make_answers(name, opens, values).as_text())


def find_uneven_variants(assignment: Assignment) -> Iterator[str]:
    """Where variants differ in more than text: one gradebook has the cells of all."""
    due = _list_cells(assignment)
    for values in list_samples(list_parameters(assignment.name)):
        got = _list_cells(read(assignment.name, values))
        if got != due:
            odd = next(g for g, d in zip(got, due, strict=True) if g != d)
            yield f"{odd[0]}: expected the same cells in each variant, got {odd[1:]}"


def find_restated(variants: list[Assignment]) -> Iterator[str]:
    """The known mistakes that restate lines, in each of the variants."""
    first, *others = map(list_restated, variants)
    for key in set(first).intersection(*others):
        yield (
            f"{first[key]}: expected an edit alone, got lines at an end of it "
            "that it does not change"
        )


def _list_cells(assignment: Assignment) -> list[tuple[str, str, str, str]]:
    """Each cell's place, its kind, name and options."""
    return [
        (f"{cell.file}:{cell.line}", cell.kind, cell.name, repr(cell.options))
        for cell in assignment.cells
    ]


def _heed_rules(assignment: Assignment) -> None:
    """Refuse an assignment that breaks a rule; for a draft, only warn."""
    found = find_problems(assignment) + find_missing_parts(assignment)
    found += [*find_missing_reasons(assignment), *find_uneven_variants(assignment)]
    samples = list_samples(list_parameters(assignment.name))
    variants = [read(assignment.name, values) for values in samples]
    found += find_restated(variants or [assignment])
    if assignment.draft:
        found.append("a draft, which `make course` leaves out")
    told = "\n".join(f"{assignment.name}: {p}" for p in found)
    if assignment.draft:
        print(told, file=sys.stderr)
    elif found:
        raise ValueError(told)


def _write_source(
    name: str, folder: Path, values: Values | None, course: CourseFile
) -> None:
    """Write the source notebook, and the files in the same folder."""
    left = ["__pycache__", ".ipynb_checkpoints"]
    if name in plain_names():
        ignored = shutil.ignore_patterns(*left)  # and files are of now: see grade.py
        shutil.copytree(folder_of(name), folder, False, ignored, shutil.copyfile)
        prepare_notebooks(name, folder)
        return
    assignment = read(name, values)
    _heed_rules(assignment)
    if course.sections is not None:
        assignment = drop_questions(assignment, course.sections)
    if name in course.tasks:
        assignment = select_tasks(assignment, course.tasks[name])
    left += ["*.py", "*.md"]
    shutil.copytree(assignment.folder, folder, ignore=shutil.ignore_patterns(*left))
    notebook = source_notebook(assignment, course.sections)
    nbformat.validate(notebook)
    nbformat.write(notebook, folder / f"{assignment.name}.ipynb")
    beside = folder / CHECKS
    made: dict[str, Any] = {
        "boxes": collect_mutants(assignment),
        "checks": {},
        "explained": find_explanations(assignment),
    }
    if assignment.variant:
        made["variant"] = assignment.variant
    beside.write_bytes(pack_checks(_as_text(made)))
    with contextlib.chdir(folder):  # a notebook finds its files here
        made["checks"] = compute_checks(assignment)
    beside.write_bytes(pack_checks(_as_text(made)))


def open_course(root: Path) -> NbGraderAPI:
    """nbgrader with the course's settings, on a course in `root`."""
    scripts = sysconfig.get_path("scripts")  # nbgrader finds alembic through PATH
    if scripts not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = scripts + os.pathsep + os.environ["PATH"]
    config = load_config(ROOT)
    config.CourseDirectory.root = str(root)
    database = make_home(root / "grading") / "gradebook.db"
    if root != ROOT:
        config.CourseDirectory.db_url = f"sqlite:///{database}"
    return NbGraderAPI(config=config)


def _as_text(made: dict[str, Any]) -> str:
    """JSON with one line per task, result or mistake: small diffs."""
    text = json.dumps(made, sort_keys=True, allow_nan=False)
    starts = ('"boxes": {', '"checks": {', '"explained": {')
    for start in (*starts, '{"fields"', '{"says"', '"slips": {'):
        text = text.replace(start, "\n" + start)
    return text + "\n"


def _read_text(path: Path) -> str:
    """A built file's text; empty where there is no such file."""
    if not path.exists():
        return ""
    content = path.read_bytes()
    return unpack_checks(content) if path.name == CHECKS else content.decode()


def diff_folders(built: Path, kept: Path) -> Iterator[str]:
    """A diff, file by file, of two folders; none of what only rounding changed."""
    files = {
        p.relative_to(base)
        for base in (built, kept)
        for p in base.rglob("*")
        if p.is_file() and p.name != TRIES and ".ipynb_checkpoints" not in p.parts
    }
    for file in sorted(files):
        texts = [_read_text(kept / file), _read_text(built / file)]
        both = file.name == CHECKS and all(texts)
        if both and is_rebuilt(*map(json.loads, texts)):
            continue
        old, new = (text.splitlines(keepends=True) for text in texts)
        label = f"exercises/{kept.name}/{file}"
        yield from difflib.unified_diff(old, new, label, "as its source gives it", n=1)
