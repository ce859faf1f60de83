"""Exports the learners' tree: python -m tools.build.export DIR (make course).

DIR gets the assignments as they are released (built afresh, so that
nobody's own answers in exercises/ travel along), the package and the book,
and the commands to use them. It gets no solution, no hidden test, nothing
of the grader. Of the book it gets the pages that stand in its contents, but
for the guide to grading. DIR must be empty or not there; it appears as a whole.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat

from grader import ROOT
from grader.assignments import builder
from grader.services.tree import LEFT_OUT, learners_makefile, split_secrets
from tools.build import chapters, contents

FOLDERS = ("rnncore", "book", "examples")
FILES = (
    "CITATION.cff",
    "_config.yml",
    "constraints.txt",
    "requirements.txt",
    "pyproject.toml",
    "LICENSE",
)
TARGETS = ("help", "book", "serve", "lab", "check", "clean")
TOOLS = (
    "tools/__init__.py",
    "tools/build/__init__.py",
    "tools/build/book.py",
    "tools/build/chapters.py",
    "tools/build/contents.py",
    "tools/build/kernels.py",
    "tools/build/short_way.py",
    "tools/build/weave.py",
    *(f"tools/site/{path.name}" for path in (ROOT / "tools" / "site").glob("*.py")),
)
GUIDE = "grading"  # the page for those who teach
DISTINCT = 12  # characters: a shorter line says nothing
README = """\
# Recurrent neural networks, built step by step

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

Left out are the solutions, the grader, the tests, and the tools that took the
measurements. Where the book names `solutions/`, `make test`, `make lite`,
`make grade` or `python -m tools...`, it means the course's full repository.
"""


class Refused(Exception):
    """Why nothing was exported."""


def main(argv: list[str] | None = None) -> int:
    """Export; 0 where the tree is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR")
    options = parser.parse_args(argv)
    if options.folder is None:
        print("Say where to: make course DIR=path", file=sys.stderr)
        return 2
    try:
        export(options.folder)
    except Refused as refused:
        print(f"make course: {refused}", file=sys.stderr)
        return 2
    print(f"The learners' tree is in {options.folder}")
    return 0


def export(folder: Path) -> None:
    """Write the learners' tree.

    Raises Refused where `folder` holds something, or a secret would leak.
    """
    target = folder.resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Refused(f"{folder} is not empty")
    for name in FOLDERS:
        if target.is_relative_to(ROOT / name):
            raise Refused(f"{folder} lies in {name}/, which is exported")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".course-") as scratch:
        source, tree = Path(scratch) / "source", Path(scratch) / "tree"
        _build_exercises(source)
        _copy(source, tree)
        found = leaks(source, tree)
        if found:
            raise Refused("it would hold a secret: " + "; ".join(found))
        if target.exists():
            target.rmdir()  # fails if something came in meanwhile
        tree.rename(target)


def _build_exercises(folder: Path) -> None:
    """Build all assignments in `folder`: their sources and releases."""
    folder.mkdir()
    try:
        for name in builder.buildable():
            if name in builder.names() and builder.read(name).draft:
                print(f"{name} is a draft, and left out", flush=True)
                continue
            print(f"Building {name} ...", flush=True)
            builder.build(name, folder)
    except ValueError as error:
        raise Refused(str(error)) from error


def _copy(source: Path, tree: Path) -> None:
    tree.mkdir()
    shutil.copytree(source / "exercises", tree / "exercises", ignore=LEFT_OUT)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tree / name, ignore=LEFT_OUT)
    _leave_pages_out(tree / "book")
    for name in (*FILES, *TOOLS):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (tree / "Makefile").write_text(learners_makefile(makefile, TARGETS), "utf-8")
    readme = README.format(first=builder.names()[0])
    (tree / "README.md").write_text(readme, "utf-8")
    (tree / ".gitignore").write_text((ROOT / ".gitignore").read_text("utf-8"), "utf-8")


def _leave_pages_out(book: Path) -> None:
    """Take the instructors' pages, and those that are in no contents, away."""
    toc = book / "_toc.yml"
    toc.write_text(contents.without(toc.read_text("utf-8"), GUIDE), "utf-8")
    kept = contents.pages(toc.read_text("utf-8"))
    missing, known = contents.absent(book, kept), chapters.read(book)
    for path in book.glob("*.md"):
        if path.stem in kept:
            text = chapters.words(path.read_text("utf-8"), known, missing.titles)
            path.write_text(contents.plain(text, missing), "utf-8")
        else:
            path.unlink()


def leaks(source: Path, tree: Path) -> list[str]:
    """Where the tree holds a line of a solution or of a hidden test.

    Lines that the package, the book, or a visible cell also has are no
    secret: a closed-book task asks for a printed function.
    """
    secret: dict[str, str] = {}
    public: set[str] = set()
    for name in FOLDERS:
        for path in _texts(tree / name):
            public |= set(_lines(path.read_text(encoding="utf-8")))
    for path in (source / "grading" / "source").glob("*/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            hidden, visible = split_secrets(cell.source)
            meta = cell.metadata.get("nbgrader", {})
            if cell.cell_type == "markdown" and meta.get("solution"):
                hidden, visible = cell.source, ""  # the model answer
            secret |= dict.fromkeys(_lines(hidden), path.stem)
            public |= set(_lines(visible))
    found = []
    for path in _texts(tree / "exercises"):
        lines = set(_lines(_content(path)))
        found += [
            f"{path.relative_to(tree)} has {line!r} of {name}"
            for line, name in secret.items()
            if line in lines and line not in public
        ]
    return found


def _lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        stripped = line.strip()
        if len(stripped) >= DISTINCT:
            yield stripped


def _texts(folder: Path) -> list[Path]:
    kinds = {".py", ".md", ".ipynb", ".json", ".txt", ".csv"}
    return [p for p in sorted(folder.rglob("*")) if p.suffix in kinds]


def _content(path: Path) -> str:
    """A file's text; of a notebook, that of its cells."""
    if path.suffix != ".ipynb":
        return path.read_text(encoding="utf-8")
    notebook = nbformat.read(path, as_version=4)
    return "\n".join(cell.source for cell in notebook.cells)


if __name__ == "__main__":
    sys.exit(main())
