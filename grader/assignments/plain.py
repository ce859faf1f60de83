"""Source notebooks of nbgrader's own kind, made ready to be released.

A course's folder may hold what other courses wrote: several notebooks in one
assignment, tests that nbgrader fills in (`### AUTOTEST`). All that the grader
cannot do is refused here, in words, before anybody hands in.
"""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import InstantiateTests

from grader import ROOT
from grader.course.settings import captured_log
from grader.notebook.cells import grade_id

AUTOTESTS = "autotests.yml"
AUTOTEST = re.compile(r"\s*#.*\bAUTOTEST\b")
PYTHON = ("", "python", "python3", "ipython")


def prepare_notebooks(name: str, folder: Path) -> None:
    """Make the notebooks in `folder` ready to be released, in place.

    An older form of nbgrader's marks becomes the present one, as `nbgrader
    update` does, and AUTOTEST lines are filled in.

    Raises ValueError where a notebook is not of Python, two cells share a name,
    or a test cannot be filled in.
    """
    paths = sorted(folder.glob("*.ipynb"))
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    problems = [
        f"solutions/{name}/{problem}"
        for path, notebook in notebooks.items()
        for problem in _check_language(path, notebook)
    ]
    problems += [f"solutions/{name}: {p}" for p in _check_names(notebooks)]
    if problems:
        raise ValueError("\n".join(problems))
    for path, notebook in notebooks.items():
        before = copy.deepcopy(notebook)
        if MetadataValidator().upgrade_notebook_metadata(notebook) != before:
            nbformat.write(notebook, path)
        if any(_has_autotest(cell) for cell in notebook.cells):
            _fill_in(name, path, notebook)
    (folder / AUTOTESTS).unlink(missing_ok=True)  # it would be released


def _check_language(path: Path, notebook: NotebookNode) -> Iterator[str]:
    kernel = notebook.metadata.get("kernelspec", {})
    info = notebook.metadata.get("language_info", {})
    said = kernel.get("language") or info.get("name") or kernel.get("name", "")
    if said.lower() not in PYTHON:
        yield (
            f"{path.name}: expected a notebook in Python, got one in {said!r} (kernel "
            f"{kernel.get('name', '')!r}): tests of other languages cannot be run"
        )


def _check_names(notebooks: dict[Path, NotebookNode]) -> Iterator[str]:
    """Points, comments and pages know a cell by its name."""
    seen: dict[str, str] = {}
    for path, notebook in notebooks.items():
        for cell in notebook.cells:
            if name := grade_id(cell):
                if other := seen.get(name):
                    yield (
                        f"expected a name for each marked cell, got {name!r} in "
                        f"{other} and in {path.name}: change the id of one"
                    )
                seen[name] = path.name


def _has_autotest(cell: NotebookNode) -> bool:
    """Whether a line of a cell asks nbgrader for a test."""
    lines = cell.source.splitlines() if cell.cell_type == "code" else []
    return any(
        line.lstrip().startswith("#")
        and InstantiateTests.autotest_delimiter.default_value in line
        for line in lines
    )


def _fill_in(name: str, path: Path, notebook: NotebookNode) -> None:
    """Replace each AUTOTEST by the test of its value, as nbgrader does."""
    places = (path.parent, ROOT / "solutions", ROOT)
    found = next((p for p in places if (p / AUTOTESTS).exists()), None)
    if found is None:
        raise ValueError(
            f"solutions/{name}/{path.name}: expected {AUTOTESTS}, which says what "
            f"AUTOTEST stands for, beside the notebook or in solutions/, got none"
        )
    resources = {"metadata": {"path": str(path.parent)}}
    with captured_log() as lines, contextlib.chdir(found):
        try:
            filled, _ = InstantiateTests().preprocess(notebook, resources)
        except Exception as error:  # whatever a template or a solution raises
            said = " ".join(str(error).split()) or "; ".join(lines[-2:])
            raise ValueError(
                f"solutions/{name}/{path.name}: AUTOTEST: {type(error).__name__}: "
                f"{said[-1000:]}"
            ) from error
    nbformat.write(filled, path)
