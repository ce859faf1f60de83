"""Shows the model answer to a written question: answer 6.

It is for those who study alone, and comes after their own: as long as the
notebook's cell is empty, it says so. What it shows lies in the course's
`solutions/`, which a class does not get.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rnncore.checking.find import TREE, NotebookError, find_notebook

EMPTY = "YOUR ANSWER HERE"
HEAD, TEXT = "# %% [markdown]", ' answer="'


def main(argv: list[str] | None = None) -> int:
    """Show the model answers of one notebook; 2 where there is none."""
    parser = argparse.ArgumentParser(
        prog="answer", description=__doc__.split("\n")[0]
    )
    parser.add_argument("notebook", nargs="?")
    options = parser.parse_args(argv)
    try:
        path = find_notebook(options.notebook)
        models = _model_answers(path.stem)
        for name, own in written_answers(path):
            if name not in models:
                continue  # a question of somebody else's
            if own is None:
                raise NotebookError(
                    f"{name} is not written yet: save your own answer in "
                    f"{path.name} first, and compare then"
                )
            print(
                f"{path.stem}, {name}: the model answer\n\n{models[name]}"
            )
    except NotebookError as refused:
        print(f"answer: {refused}", file=sys.stderr)
        return 2
    return 0


def written_answers(path: Path) -> Iterator[tuple[str, str | None]]:
    """The name of each written question, and what was answered or None."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            name, text = _parse_answer(cell)
            if name:
                empty = not text.strip() or text.strip() == EMPTY
                yield name, None if empty else text
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotebookError(
            f"{path.name} is not a notebook ({type(error).__name__}). "
            "Save it in JupyterLab, then try again"
        ) from error


def _parse_answer(cell: dict[str, Any]) -> tuple[str, str]:
    """The question's name and the text of an answer's cell, else empty."""
    meta = cell.get("metadata", {}).get("nbgrader", {})
    if cell["cell_type"] != "markdown" or not meta.get("solution"):
        return "", ""
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return str(meta.get("grade_id", "")), text


def _model_answers(name: str) -> dict[str, str]:
    """The model answers of an assignment, by their questions' names."""
    file = TREE / "solutions" / name / f"{name}.py"
    if not file.exists():
        raise NotebookError(
            f"there are no model answers to {name} here: they are in the "
            "course's full repository, or with your teacher"
        )
    found: dict[str, str] = {}
    at = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("# %%"):
            of = line.removeprefix(HEAD)
            at = (
                of.partition(TEXT)[2].partition('"')[0]
                if of != line
                else ""
            )
        elif at:
            found[at] = found.get(at, "") + line[2:] + "\n"
    return found
