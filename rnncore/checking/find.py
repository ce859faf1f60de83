"""Which notebook is meant: its path, its name, a part of it, a number."""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]  # the course's
FOLDER = "exercises"
PACKAGE = "my_rnn"  # the reader's own
PLACE = "RNNCORE_OWN"  # names another folder for it to a process
OWN = Path(os.environ.get(PLACE) or TREE / PACKAGE)


class NotebookError(Exception):
    """Why nothing could be done; the text says what to do."""


def find_notebook(wanted: str | Path | None) -> Path:
    """The one notebook that is meant; see `find_notebooks`.

    Raises NotebookError where it is none, or one of several.
    """
    first, *others = find_notebooks(wanted)
    if others:
        raise NotebookError(
            f"{wanted} has several notebooks: {_names([first, *others])}"
        )
    return first


def find_notebooks(wanted: str | Path | None) -> list[Path]:
    """What is meant by 6, ch06, lstm, a folder or a file: its notebooks.

    An assignment has one that is called as its folder, or several.

    Raises NotebookError, with a list of those there are, unless it is one
    assignment's.
    """
    there = find_assignments()
    if wanted is None:
        raise NotebookError(f"say which one, as `check 6`. {_list(there)}")
    path = Path(wanted)
    if path.is_dir() and (inside := _list_inside(path.resolve())):
        return inside
    if path.is_file():
        return [path.resolve()]
    word = path.name.removesuffix(".ipynb")
    found = [name for name in there if _is_meant(word, name)]
    if len(found) == 1:
        return there[found[0]]
    if found:
        raise NotebookError(
            f"{word} may be one of several: {', '.join(found)}"
        )
    named = [p for paths in there.values() for p in paths if p.stem == word]
    if len(named) == 1:
        return named
    near = difflib.get_close_matches(word, there, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise NotebookError(
        f"there is no notebook {wanted}.{hint} {_list(there)}"
    )


def find_assignments() -> dict[str, list[Path]]:
    """The notebooks of the tree's assignments, and of the folder's."""
    found: dict[str, list[Path]] = {}
    for folder in (Path.cwd(), Path.cwd() / FOLDER, TREE / FOLDER):
        for place in sorted(p for p in folder.glob("*") if p.is_dir()):
            inside = _list_inside(place.resolve())
            own = [path.stem for path in inside] == [place.name]
            if inside and (own or folder.name == FOLDER):
                found.setdefault(place.name, inside)
    return dict(sorted(found.items()))


def _list_inside(folder: Path) -> list[Path]:
    """The notebook that is called as its folder, or all that it holds."""
    own = folder / f"{folder.name}.ipynb"
    return [own] if own.is_file() else sorted(folder.glob("*.ipynb"))


def _is_meant(word: str, name: str) -> bool:
    """Whether a word, such as 6 or lstm, is the name or a part of it."""
    number, _, rest = name.removeprefix("ch").partition("_")
    if re.fullmatch(r"(ch)?\d+", word):
        of = number if number.isdigit() else "-1"
        return int(word.removeprefix("ch")) == int(of)
    return word in (name, rest)


def _names(paths: list[Path]) -> str:
    return ", ".join(path.stem for path in paths)


def _list(names: Iterable[str]) -> str:
    said = ", ".join(names)
    return f"There are: {said}" if said else "There is none here"
