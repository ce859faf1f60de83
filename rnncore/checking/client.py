"""Runs the visible tests of one notebook: check 6.

The cells run in a process of their own, which ends with this one. --watch
checks again at each save, and spares what the cells import.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from rnncore.checking.answers import written_answers
from rnncore.checking.find import OWN, TREE, NotebookError, find_notebooks
from rnncore.checking.processes import Answer, Runner

PACKAGE = Path(__file__).resolve().parent.parent
BUILT = [TREE / "_build" / "html"]  # the pages, where a book was built
POINTS = re.compile(r"^#+ .*\((\d+) points?\)$", re.MULTILINE)
PAUSE = 0.1  # seconds between two looks at the file


def main(
    argv: list[str] | None = None,
    prepare: Callable[[Path], Iterable[str]] = lambda path: (),
) -> int:
    """Check; 0 where all visible tests hold, 1 where not, 2 if misused.

    `prepare` is called with the notebook before each check, and may say
    something in lines.
    """
    options = _options(argv)
    try:
        paths = find_notebooks(options.notebook)
        if options.watch and len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise NotebookError(f"name the one to watch: {names}")
        status = max(_check_one(path, options, prepare) for path in paths)
    except NotebookError as refused:
        print(f"check: {refused}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _check_one(
    path: Path,
    options: argparse.Namespace,
    prepare: Callable[[Path], Iterable[str]],
) -> int:
    """Check one notebook, with --watch again at each save."""
    with Checker(path, options.watch) as checker:
        while True:
            for line in prepare(path):
                print(line)
            seen = _find_saved(path)  # a save meanwhile counts
            status = _check(path, checker, options.seconds)
            if not options.watch:
                return status
            _wait_for_save(path, seen)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="check", description=__doc__.split("\n")[0]
    )
    parser.add_argument("notebook", nargs="?")
    parser.add_argument(
        "--watch", action="store_true", help="check again at each save"
    )
    parser.add_argument(
        "--seconds", type=float, default=30, help="that a check may take"
    )
    return parser.parse_args(argv)


def _check(path: Path, checker: Checker, seconds: float) -> int:
    start = time.perf_counter()
    cells = read_cells(path)
    answer = checker.ask(cells, seconds)
    print(report(path, cells, answer, time.perf_counter() - start))
    tests = answer["tests"]
    good = tests and all(test["holds"] for test in tests)
    return 0 if good and not answer["stopped"] else 1


def _wait_for_save(path: Path, seen: list[int]) -> None:
    """Return when the file is there, and something was saved since."""
    while not path.exists() or _find_saved(path) == seen:
        time.sleep(PAUSE)


def _find_saved(path: Path) -> list[int]:
    """When the notebook and the reader's own package were saved."""
    saved = []
    for file in (path, *sorted(OWN.glob("*.py"))):
        with contextlib.suppress(FileNotFoundError):  # removed just now
            saved.append(file.stat().st_mtime_ns)
    return saved


def read_cells(path: Path) -> list[dict[str, Any]]:
    """The code cells up to the last test, each with its test's name.

    Raises NotebookError where the file is no notebook, or has no test.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
        if not any(_is_marked(c) for c in found):
            _mark_again(found)
        cells = [_cell(c) for c in found if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotebookError(
            f"{path.name} is not a notebook ({type(error).__name__}: "
            f"{error}). Save it in JupyterLab, then check again"
        ) from error
    tests = [k for k, cell in enumerate(cells) if cell["test"]]
    if not tests:
        raise NotebookError(
            f"{path.name} has no test cell. If it is an assignment's "
            "notebook, its cells have lost their marks, as some editors "
            "drop them: copy your answers into a fresh copy of it"
        )
    return cells[: tests[-1] + 1]


def _is_marked(raw: dict[str, Any]) -> bool:
    return bool(raw.get("metadata", {}).get("nbgrader"))


def _mark_again(cells: list[dict[str, Any]]) -> None:
    """Mark the tests of a notebook that lost all marks, in place.

    In this course's notebooks a test's id is its name, and the heading
    above a task says its points.
    """
    text = ""
    for raw in cells:
        if raw["cell_type"] == "markdown":
            text += "".join(raw["source"]) + "\n"
        name = raw.get("id", "")
        stated = POINTS.findall(text)
        if raw["cell_type"] == "code" and name[:5] == "test_" and stated:
            mark = {"grade": True, "grade_id": name}
            mark |= {"points": int(stated[-1])}
            raw["metadata"] = {"nbgrader": mark}


def _cell(raw: dict[str, Any]) -> dict[str, Any]:
    source = raw["source"]
    text = source if isinstance(source, str) else "".join(source)
    meta = raw.get("metadata", {}).get("nbgrader", {})
    graded = meta.get("grade") and not meta.get("solution")
    return {
        "source": text,
        "test": meta.get("grade_id", "") if graded else "",
        "points": meta.get("points", 0),
        "inside": "runs" in raw.get("metadata", {}).get("grader", ()),
    }


class Checker:
    """Runs a notebook's cells, each time in a process of their own.

    With `ahead`, the next process is started as soon as a check has ended,
    and imports what the cells need; it is started anew where the code or
    the notebook's folder is another than the one that it stands in.
    """

    def __init__(self, path: Path, ahead: bool = False):
        self.path = path
        self.ahead = ahead
        self.next: Runner | None = None
        self.state: tuple[object, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._drop_next()

    def ask(self, cells: list[dict[str, Any]], seconds: float) -> Answer:
        """What the cells give.

        Raises NotebookError if the process ends.
        """
        if self.state != (state := _state(self.path.parent)):
            self._drop_next()
            self.state = state
        one, self.next = self.next or Runner(self.path.parent), None
        with one:
            answer = one.run(cells, seconds)
        if self.ahead:
            self.next = Runner(self.path.parent)
            self.next.send(cells=cells)
        return answer

    def _drop_next(self) -> None:
        if self.next is not None:
            self.next.close()
            self.next = None


def _state(folder: Path) -> tuple[object, ...]:
    """What a process that was started earlier would not notice."""
    code = sorted((p, p.stat().st_mtime_ns) for p in PACKAGE.rglob("*.py"))
    here = folder.stat()
    return code, here.st_dev, here.st_ino


def report(
    path: Path, cells: list[dict[str, Any]], answer: Answer, took: float
) -> str:
    """What a learner reads: one line per test, and what to do about it."""
    points = {cell["test"]: cell["points"] for cell in cells}
    lines = [f"{path.stem}: visible tests, {took:.1f} s"]
    lines += [f"  {error}" for error in answer["errors"]]
    for test in answer["tests"]:
        task = test["test"].removeprefix("test_")
        worth = f"{points[test['test']]:g} points"
        if test["got"] is not None:
            worth = f"{test['got']:g} of {worth}"
        if test["holds"]:
            lines.append(f"  + {task}: holds ({worth})")
            continue
        says = test["says"]
        if _is_left_by_an_error(test, answer["errors"]):
            lines.append(f"  - {task}: not run, see the error above")
            continue
        if test["got"] is not None:
            says = f"{worth}\n{says}"
        lines.append(f"  - {task}: {says}".replace("\n", "\n      "))
        if place := test["failure"].get("read"):
            lines.append(f"      Read {_format_link(*place)}")
    from rnncore.testing.failure import name_answer  # waits for NumPy

    tried = [
        test["test"].removeprefix("test_")
        for test in answer["tests"]
        if not test["holds"]
        and test["failure"].get("kind") != "NotImplementedError"
    ]
    if tried and (way := name_answer(path.parent, tried[0])):
        lines.append(f"  {way}")
    if answer["stopped"]:
        lines.append(f"  {answer['stopped']}; nothing after it ran")
    for name, own in written_answers(path):
        if own is None:
            lines.append(f"  o {name}: your written answer is still empty")
    holds = sum(test["holds"] for test in answer["tests"])
    lines.append(f"{holds} of {len([c for c in cells if c['test']])} hold")
    return "\n".join(lines)


def _is_left_by_an_error(test: Answer, errors: list[str]) -> bool:
    """Whether a test misses the name that a cell above failed to make."""
    failure = test["failure"]
    return failure.get("kind") == "NameError" and any(
        "SyntaxError" in error or "IndentationError" in error
        for error in errors
    )


def _format_link(page: str, title: str, anchor: str) -> str:
    """Where the book explains a task: a link where the book is built."""
    at = f"{page}.html" + (anchor and f"#{anchor}")
    for folder in BUILT:
        if (folder / f"{page}.html").exists():
            return f'"{title}": {folder.as_uri()}/{at}'
    return f'"{title}" (in the book: {at})'
