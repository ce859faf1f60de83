"""Which notebook is meant: its path, its name, a part of it, a number."""

import difflib
import os
import re
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]  # the course's
FOLDER = "exercises"
PACKAGE = "my_rnn"  # the reader's own
PLACE = "RNNCORE_OWN"  # names another folder for it to a process
OWN = Path(os.environ.get(PLACE) or TREE / PACKAGE)


class NotebookError(Exception):
    """Why nothing could be done; the text says what to do."""


def find_notebook(wanted: str | Path | None) -> Path:
    """The notebook that is meant: 6, ch06, lstm, a folder or a file.

    Raises NotebookError, with a list of those there are, unless it is one.
    """
    there = find_all()
    if wanted is None:
        raise NotebookError(f"say which one, as `check 6`. {_list(there)}")
    path = Path(wanted)
    if path.is_dir():
        path = path / f"{path.resolve().name}.ipynb"
    if path.is_file():
        return path.resolve()
    word = Path(wanted).name.removesuffix(".ipynb")
    found = [p for p in there if _is_meant(word, p.stem)]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotebookError(
            f"{word} may be one of several: {_names(found)}"
        )
    near = difflib.get_close_matches(word, [p.stem for p in there], n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise NotebookError(
        f"there is no notebook {wanted}.{hint} {_list(there)}"
    )


def find_all() -> list[Path]:
    """The notebooks of the tree's assignments, and of the folder's."""
    found: dict[str, Path] = {}
    for folder in (Path.cwd(), Path.cwd() / FOLDER, TREE / FOLDER):
        for path in sorted(folder.glob("*/*.ipynb")):
            if path.stem == path.parent.name:
                found.setdefault(path.stem, path.resolve())
    return [found[name] for name in sorted(found)]


def _is_meant(word: str, name: str) -> bool:
    """Whether a word, such as 6 or lstm, is the name or a part of it."""
    number, _, rest = name.removeprefix("ch").partition("_")
    if re.fullmatch(r"(ch)?\d+", word):
        of = number if number.isdigit() else "-1"
        return int(word.removeprefix("ch")) == int(of)
    return word in (name, rest)


def _names(paths: list[Path]) -> str:
    return ", ".join(path.stem for path in paths)


def _list(paths: list[Path]) -> str:
    return f"There are: {_names(paths)}" if paths else "There is none here"
