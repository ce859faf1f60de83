"""Exports the learners' tree: python -m tools.publish.export DIR (make course).

DIR gets the assignments as they are released (built afresh, so that
nobody's own answers in exercises/ travel along), the package and the book,
and the commands to use them. It gets no hidden test, nothing of the grader,
and no solution, unless course.toml says `solutions = "after"` or `"try"`. Of the book it gets the pages that its contents list, but
for the guide to grading. If course.toml (or --course FILE) has weeks, it gets
their chapters and assignments alone, and the plan. DIR must be empty or not
there; it appears in one step. With --variant SEED its assignments have values drawn
for the class, which later exports keep. With --update it is a tree that was exported before,
and keeps what was written there (tools/publish/update.py).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from grader import ROOT
from grader.assignments import builder
from grader.assignments.variants import NONE, Variants
from grader.course import course_file
from grader.course.course_file import CourseFile
from grader.course.course_reader import read_course_file
from grader.course.home import make_home
from grader.notebook.cells import is_answer
from grader.systems.tree import LEFT_OUT, learners_makefile, split_secrets
from rnncore.checking.answers import read_answers
from rnncore.storage.files import ANSWERS, CHECKS
from rnncore.testing.checks_file import unpack_checks
from tools.build.short import short_pages
from tools.pages import chapters, contents, cut, weave
from tools.publish import update

FOLDERS = ("rnncore", "book", "examples")
FILES = (
    "CITATION.cff",
    "_config.yml",
    "requirements/constraints.txt",
    "requirements.txt",
    "requirements/parts-1-2.txt",
    "pyproject.toml",
    "LICENSE",
)
TARGETS = ("help", "book", "serve", "lab", "own", "check", "clean")
TOOLS = (
    "tools/__init__.py",
    "tools/cpu_torch.py",
    "tools/measurements.py",
    "tools/set_up.py",
    "tools/build/__init__.py",
    "tools/build/book.py",
    "tools/build/serving.py",
    "tools/build/kernels.py",
    "tools/build/outputs.py",
    *(
        path.relative_to(ROOT).as_posix()
        for folder in ("build/offline", "build/short", "pages", "site")
        for path in (ROOT / "tools" / folder).rglob("*.py")
    ),
)
GUIDE = "grading"  # the page for those who teach
USUAL = (  # in every course's book
    *("intro", "setup", "notation", "exercises"),
    *("commands", "glossary", "api", "bibliography"),
)
DISTINCT = 12  # characters: a shorter line says nothing
README = """\
# {title}

Your copy of the course: a book, its package `rnncore`, and the assignments.
Python 3.11 or newer and `make` are needed. Each command sets itself up.

    make lab     JupyterLab with the assignments open
    make check NOTEBOOK=exercises/{first}
                 run the tests of one notebook; again after each save with
                 WATCH=1
    make serve   build the book and read it at the address that is printed
    make help    all commands

An assignment is a folder in `exercises/`; its notebook says what to do and
checks what you wrote as often as you like. Before you hand in, choose
*Restart Kernel and Run All Cells*, save, and hand in the folder with the
notebook under its own name, for example `{first}/{first}.ipynb`. Leave the
cells' names and the test cells as they are: they are how the grader finds
your answers.
{answers}
Left out are {left}the grader, the tests, and the tools that took the
measurements. Where the book names `solutions/`, `make test`, `make lite`,
`make grade` or `python -m tools...`, it means the course's full repository.
"""


ANSWERED = """
    make answer {first} TASK=name
                 the course's solution of a code task, once yours passes its
                 test, or after two tries of your own that differ
"""


class ExportError(Exception):
    """Why nothing was exported."""


def main(argv: list[str] | None = None) -> int:
    """Export; 0 where the tree is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    parser.add_argument(
        "--course", type=Path, metavar="FILE", default=ROOT / course_file.NAME
    )
    parser.add_argument(
        "--update", action="store_true", help="bring a new edition to a tree in use"
    )
    parser.add_argument(
        "--variant", metavar="SEED", help=f"a class's values; {NONE}: the usual text"
    )
    options = parser.parse_args(argv)
    if options.folder is None:
        print("Say where to: make course DIR=path", file=sys.stderr)
        return 2
    try:
        course = read_course(options.course)
        variants = Variants(make_home(ROOT / "grading"))
        if options.variant:
            for name in _list_assignments(course):
                variants.give_class(name, options.variant)
        if options.update:
            print(update_tree(options.folder, course, variants).format())
        else:
            export(options.folder, course, variants)
        if options.variant:
            variants.save()
    except (ExportError, update.UpdateError) as refused:
        print(f"make course: {refused}", file=sys.stderr)
        return 2
    print(f"The learners' tree is in {options.folder}")
    return 0


def read_course(path: Path) -> CourseFile:
    """A course file whose chapters and assignments exist.

    Raises ExportError, naming the line, if one is wrong, or is missing though it
    has its own name.
    """
    if not path.exists() and path.name != course_file.NAME:
        raise ExportError(f"expected a course file, got {path}, which is not there")
    try:
        course = read_course_file(path)
        course.check_pages(list_pages(course))
        course.check_assignments(builder.list_buildable())
    except ValueError as error:
        raise ExportError(str(error)) from error
    return course


def list_pages(course: CourseFile) -> list[str]:
    """The pages of a course's book that its weeks may name."""
    if course.short:
        return [plan.name for plan in short_pages.read(ROOT / "book")]
    return contents.list_pages((ROOT / "book" / "_toc.yml").read_text("utf-8"))


def export(folder: Path, course: CourseFile, variants: Variants | None = None) -> None:
    """Write the learners' tree of a course, with the values that its class has.

    Raises ExportError where `folder` holds something, or a secret would leak.
    """
    target = folder.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExportError(
            f"{folder} is not empty: UPDATE=1 brings a new edition to a tree that "
            "was exported before"
        )
    for name in FOLDERS:
        if target.is_relative_to(ROOT / name):
            raise ExportError(f"{folder} lies in {name}/, which is exported")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".course-") as scratch:
        tree = _make_tree(Path(scratch), course, variants)
        if target.exists():
            target.rmdir()  # fails if something came in meanwhile
        tree.rename(target)


def update_tree(
    folder: Path, course: CourseFile, variants: Variants | None = None
) -> update.Done:
    """Bring a new edition to a tree that was exported before; say what was done.

    Raises ExportError or UpdateError, and changes nothing, where it cannot be.
    """
    update.read_record(folder)  # before anything is built
    with tempfile.TemporaryDirectory(prefix="course-") as scratch:
        return update.update(folder, _make_tree(Path(scratch), course, variants))


def _make_tree(scratch: Path, course: CourseFile, variants: Variants | None) -> Path:
    """A course's tree, in a folder; ExportError where a secret would leak."""
    source, tree = scratch / "source", scratch / "tree"
    _build_exercises(source, course, variants)
    _copy(source, tree, course)
    found = find_leaks(source, tree, answers=course.solutions != "never")
    if found:
        raise ExportError("it would hold a secret: " + "; ".join(found))
    update.write_record(tree)
    return tree


def _build_exercises(
    folder: Path, course: CourseFile, variants: Variants | None = None
) -> None:
    """Build a course's assignments in `folder`: their sources and releases."""
    folder.mkdir()
    (folder / "exercises").mkdir()
    if course.short:
        plans = short_pages.read(ROOT / "book")
        course = replace(course, sections=frozenset(short_pages.list_sections(plans)))
    try:
        for name in _list_assignments(course):
            if name in builder.list_assignments() and builder.read(name).draft:
                print(f"{name} is a draft, and left out", flush=True)
                continue
            print(f"Building {name} ...", flush=True)
            values = variants.find_class(name) if variants else None
            builder.build(name, folder, values, course)
            builder.give_answers(name, folder, course, values)
    except ValueError as error:
        raise ExportError(str(error)) from error


def _list_assignments(course: CourseFile) -> list[str]:
    """The assignments of the weeks; all if there are no weeks."""
    known = builder.list_buildable()
    return [name for name in known if not course.weeks or name in course.due_dates]


def _copy(source: Path, tree: Path, course: CourseFile) -> None:
    tree.mkdir()
    shutil.copytree(source / "exercises", tree / "exercises", ignore=LEFT_OUT)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tree / name, ignore=LEFT_OUT)
    for name in (*FILES, *TOOLS):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    if course.short:
        write_short_book(tree, course)
    else:
        fit_book(tree, course)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    told = course.solutions != "never"
    targets = (*TARGETS, "answer") if told else TARGETS
    (tree / "Makefile").write_text(learners_makefile(makefile, targets), "utf-8")
    names = [*(path.name for path in sorted((tree / "exercises").iterdir())), "NAME"]
    title = course.title or "Recurrent neural networks, built step by step"
    left = "" if told else "the solutions, "
    answers = ANSWERED.format(first=names[0]) if told else ""
    readme = README.format(first=names[0], title=title, left=left, answers=answers)
    (tree / "README.md").write_text(readme, "utf-8")
    ignored = (ROOT / ".gitignore").read_text("utf-8")
    (tree / ".gitignore").write_text(f"{ignored}/{update.PLACE}/\n", "utf-8")


def fit_book(tree: Path, course: CourseFile) -> None:
    """Cut the book in `tree` to a course's pages, and give it the course's title.

    Away go the instructors' pages, those that are in no contents, and what the
    others say of them.
    """
    book = tree / "book"
    toc = (book / "_toc.yml").read_text("utf-8")
    kept = contents.list_pages(contents.remove_page(toc, GUIDE))
    if course.weeks:
        weeks = [page for week in course.weeks for page in week.chapters]
        wanted = cut.with_sections(toc, {*USUAL, *course.pages, *weeks})
        kept = [page for page in kept if page in wanted]
    absent = contents.find_absent(book, kept)
    told = [cut.ANSWERS] if course.solutions != "never" else []
    of = cut.Cut(chapters.read(book), absent, (*kept, *told))
    titles = {page: _read_title(book / f"{page}.md") for page in kept}
    (book / "_toc.yml").write_text(cut.keep_pages(toc, kept), "utf-8")
    for path in book.glob("*.md"):
        if path.stem not in kept:
            path.unlink()
            continue
        text = path.read_text("utf-8")
        if path.stem == "intro":
            text = text.replace("% weeks\n", format_plan(course, titles), 1)
            if course.title:
                text = contents.TITLE.sub(lambda _: f"# {course.title}", text, count=1)
        path.write_text(cut.cut_page(path.stem, text, of, weave.CHAPTERS), "utf-8")
    _write_config(tree / "_config.yml", course, of.numbers)


def write_short_book(tree: Path, course: CourseFile) -> None:
    """Put the short course's book in the place of the long one's in `tree`.

    Raises ExportError for what leads out of it.
    """
    assigned = short_pages.list_assigned(
        [(week.chapters, week.assignments) for week in course.weeks], course.tasks
    )
    try:
        short_pages.write_book(ROOT / "book", assigned, tree / "book")
    except short_pages.ShortError as error:
        raise ExportError(str(error)) from error
    title = course.title or short_pages.TITLE
    _write_config(tree / "_config.yml", replace(course, title=title), [])


def _read_title(page: Path) -> str:
    found = contents.TITLE.search(page.read_text("utf-8"))
    return found[1] if found else page.stem


def _write_config(path: Path, course: CourseFile, absent: list[int]) -> None:
    """Give the book's configuration the course's title and address."""
    text = path.read_text("utf-8")
    for key, value in (
        ("title", course.title),
        ("    html_title", course.title),
        ("  baseurl", course.book_address and f"{course.book_address}/"),
    ):
        if value:
            line = f"{key}: {json.dumps(value)}".replace("\\", r"\\")
            text = re.sub(rf"(?m)^{key}:.*$", line, text)
    place = "    html_title:"
    text = text.replace(place, f"    cut_chapters: {absent}\n{place}", 1)
    path.write_text(text, "utf-8")


def format_plan(course: CourseFile, titles: dict[str, str]) -> str:
    """The weeks as a table of Markdown, with its heading; empty without weeks."""
    if not course.weeks:
        return ""
    lines = ["| | read | hand in | until |", "| --- | --- | --- | --- |"]
    for number, week in enumerate(course.weeks, 1):
        read = ", ".join(f"[{titles[page]}]({page}.md)" for page in week.chapters)
        names = ", ".join(f"`{name}`" for name in week.assignments)
        until = _format_due_date(week.due, course) if week.assignments else ""
        lines.append(f"| {number} | {read} | {names} | {until} |")
    due = any(week.due for week in course.weeks)
    clock = f"\n\nTimes are those of {course.zone or 'UTC'}." if due else ""
    return "## The plan\n\n" + "\n".join(lines) + clock + "\n"


def _format_due_date(due: datetime | None, course: CourseFile) -> str:
    if due is None:
        return ""
    there = due.replace(tzinfo=UTC).astimezone(course.zone or UTC)
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M}"


def find_leaks(source: Path, tree: Path, *, answers: bool = False) -> list[str]:
    """Where the tree holds a line of a solution or of a hidden test.

    Lines that the package, the book, or a visible cell also has are no
    secret: a closed-book task asks for a printed function. With `answers`,
    solutions and model answers may stand in a file of answers, and only there.
    """
    secret: dict[str, str] = {}
    told: set[str] = set()  # what a file of answers may say
    public: set[str] = set()
    for name in FOLDERS:
        for path in _read_texts(tree / name):
            public |= set(_collect_lines(path.read_text(encoding="utf-8")))
    for path in (source / "grading" / "source").glob("*/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            hidden, visible = split_secrets(cell.source)
            if cell.cell_type == "markdown" and is_answer(cell):
                hidden, visible = cell.source, ""  # the model answer
            secret |= dict.fromkeys(_collect_lines(hidden), path.stem)
            if is_answer(cell) and answers:
                told |= set(_collect_lines(hidden))
            public |= set(_collect_lines(visible))
    found = []
    for path in _read_texts(tree / "exercises"):
        lines = set(_collect_lines(_read_content(path)))
        may = public | told if path.name == ANSWERS else public
        found += [
            f"{path.relative_to(tree)} has {line!r} of {name}"
            for line, name in secret.items()
            if line in lines and line not in may
        ]
    return found


def _collect_lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        stripped = line.strip()
        if len(stripped) >= DISTINCT:
            yield stripped


def _read_texts(folder: Path) -> list[Path]:
    kinds = {".py", ".md", ".ipynb", ".json", ".txt", ".csv"}
    return [
        p for p in sorted(folder.rglob("*")) if p.suffix in kinds or p.name == CHECKS
    ]


def _read_content(path: Path) -> str:
    """A file's text, as one who looks reads it; of a notebook, that of its cells."""
    if path.name == ANSWERS:
        answers = read_answers(path)
        solved = (f"{one.code}\n{one.why}" for one in answers.tasks.values())
        return "\n".join([*solved, *answers.written.values()])
    if path.name == CHECKS:
        return unpack_checks(path.read_bytes())
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    notebook = nbformat.read(path, as_version=4)
    return "\n".join(cell.source for cell in notebook.cells)


if __name__ == "__main__":
    sys.exit(main())
