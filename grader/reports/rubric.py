"""The model answer and its rubric, for whoever grades answers in the formgrader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.coursedir import CourseDirectory

from grader.notebook.cells import grade_id, is_answer

HEAD = "**Model answer, which the learner does not see**\n\n"


class ModelAnswers(Preprocessor):
    """Puts the source's answer below each written answer.

    Only on a page of the formgrader, which is known by its submission's id:
    nbgrader makes feedback through the same exporter.
    """

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """The notebook with one more cell after each written answer."""
        if "submission_id" not in resources:
            return nb, resources
        name = resources["assignment_id"]
        dirs = CourseDirectory(config=self.config)
        path = Path(dirs.format_path(dirs.source_directory, ".", name))
        models = model_answers(path / f"{resources['notebook_id']}.ipynb")
        cells = []
        for cell in nb.cells:
            cells.append(cell)
            if model := models.get(grade_id(cell) or ""):
                cells.append(new_markdown_cell(HEAD + model))
        nb.cells = cells
        return nb, resources


def model_answers(path: Path) -> dict[str, str]:
    """The source's written answers, by their names."""
    if not path.exists():
        return {}
    return {
        name: cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if (name := grade_id(cell)) and cell.cell_type == "markdown" and is_answer(cell)
    }
