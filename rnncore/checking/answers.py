"""An assignment's answers, in a file beside its notebook: answers.json.

The course's builder writes it, where the course lets learners have it. Its
texts are in base64, so that nobody reads one by accident: that is no
secret, and no test and no grading reads the file.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.checking.find import TREE, NotebookError
from rnncore.storage.files import ANSWERS, Refused, read_text

EMPTY = "YOUR ANSWER HERE"
STUB = "raise NotImplementedError()"
BODY = re.compile(
    r"^( *)### BEGIN SOLUTION\n(.*?)^ *### END SOLUTION\n?",
    re.MULTILINE | re.DOTALL,
)


class Worked(NamedTuple):
    """A code task's solution, and why it is so."""

    marked: str  # the cell, with the marks around what is to be written
    why: str

    @property
    def code(self) -> str:
        """The cell as one who solved it has it."""
        return BODY.sub(r"\2", self.marked)

    @property
    def stub(self) -> str:
        """The cell as it is released."""
        return BODY.sub(rf"\1{STUB}\n", self.marked)


class Answers(NamedTuple):
    """What answers.json holds."""

    tasks: dict[str, Worked]
    written: dict[str, str]  # model answers, by their questions' names
    opens: datetime | None = None  # when they may be shown; None: always

    def as_text(self) -> str:
        """The file: one line per answer."""
        made: dict[str, Any] = {
            "about": "Answers in base64, which keeps them from a glance "
            "alone: `make answer` shows them after one's own tries.",
            "opens": self.opens and self.opens.isoformat(),
            "tasks": {
                name: _hide(json.dumps(worked))
                for name, worked in self.tasks.items()
            },
            "written": {n: _hide(text) for n, text in self.written.items()},
        }
        return json.dumps(made, indent=1, sort_keys=True) + "\n"


def _hide(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _show(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def find_answers(notebook: Path) -> Path:
    """The file of a notebook's answers: beside it, or the course's own.

    Raises NotebookError where there is none.
    """
    name = notebook.stem
    for folder in notebook.parent, TREE / "exercises" / name:
        if (folder / ANSWERS).is_file():
            return folder / ANSWERS
    raise NotebookError(
        f"there are no answers to {name} here: they are in the course's "
        "full repository, or with your teacher"
    )


def read_answers(path: Path) -> Answers:
    """What an answers.json holds.

    Raises NotebookError where it is not as the builder writes it.
    """
    try:
        made = json.loads(read_text(path))
        tasks = {
            str(name): Worked(*map(str, json.loads(_show(text))))
            for name, text in made["tasks"].items()
        }
        written = {
            str(n): _show(text) for n, text in made["written"].items()
        }
        opens = made.get("opens") and datetime.fromisoformat(made["opens"])
        if opens and opens.tzinfo is None:
            opens = opens.replace(tzinfo=UTC)
        return Answers(tasks, written, opens or None)
    except (
        *(Refused, OSError, ValueError, KeyError, TypeError),
        *(AttributeError, RecursionError),
    ) as error:
        raise NotebookError(
            f"{path.name} is not as the course wrote it "
            f"({type(error).__name__}): take a fresh copy of it"
        ) from error


def refuse_early(answers: Answers, now: datetime) -> None:
    """Raise NotebookError before the moment from which they are shown."""
    if answers.opens and now < answers.opens:
        local = answers.opens.astimezone()
        raise NotebookError(
            "this course shows its answers once nothing can be handed in "
            f"any more: from {local:%d %B %Y, %H:%M %Z} on"
        )


def written_answers(path: Path) -> Iterator[tuple[str, str | None]]:
    """The name of each written question, and what was answered or None."""
    for cell in read_all_cells(path):
        if name := _answer_name(cell, "markdown"):
            text = _read_source(cell)
            empty = not text.strip() or text.strip() == EMPTY
            yield name, None if empty else text


def find_code(path: Path, task: str) -> str:
    """What the cell of a code task holds.

    Raises NotebookError where the notebook has no such cell.
    """
    for cell in read_all_cells(path):
        name = _answer_name(cell, "code") or str(cell.get("id", ""))
        if cell["cell_type"] == "code" and name == task:
            return _read_source(cell)
    raise NotebookError(
        f"{path.name} has no cell for {task}: if it lost its marks, copy "
        "your answers into a fresh copy of the notebook"
    )


def read_all_cells(path: Path) -> list[dict[str, Any]]:
    """The cells as the file has them.

    Raises NotebookError where the file is no notebook.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
        for cell in cells:
            _answer_name(cell, cell["cell_type"])
            _read_source(cell)
    except (
        *(ValueError, KeyError, TypeError, AttributeError),
        RecursionError,
    ) as error:
        raise NotebookError(
            f"{path.name} is not a notebook ({type(error).__name__}). "
            "Save it in JupyterLab, then try again"
        ) from error
    return list(cells)


def _answer_name(cell: dict[str, Any], kind: str) -> str:
    """The question or task that a cell of this kind answers, else empty."""
    meta = cell.get("metadata", {}).get("nbgrader", {})
    if cell["cell_type"] != kind or not meta.get("solution"):
        return ""
    return str(meta.get("grade_id", ""))


def _read_source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)
