"""The visible tests of the reader's functions, one after the other.

A function that an assignment asks for with the book closed is tested by
the cell of its notebook that is marked as this test, the others by
`catalogue.py`. Each runs in a process of its own, as in `make check`.
"""

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rnncore.checking.client import read_cells
from rnncore.checking.find import FOLDER as EXERCISES
from rnncore.checking.find import PACKAGE, TREE, NotebookError
from rnncore.checking.processes import Answer, Runner
from rnncore.own.catalogue import DRAWN
from rnncore.own.loading import Own
from rnncore.own.tasks import TASKS
from rnncore.storage.files import CHECKS

SECONDS = 30.0  # that the test of one function may take
BEGIN = """\
from pathlib import Path
from rnncore.own.loading import load
load(Path({folder!r}), failed={failed!r})
from {package}.{file} import {name}
device = "numpy"
"""
DRAW = """\
from rnncore.own.catalogue import visible_test
VISIBLE = visible_test({name!r})
"""
CHECK = """\
from rnncore.testing import check
check(VISIBLE.call({name}), VISIBLE.right, VISIBLE.inputs, \
outputs=VISIBLE.outputs)
"""


class Verdict(NamedTuple):
    """What the visible test of one function found."""

    name: str
    holds: bool | None  # None: it was not tested
    says: str

    def __str__(self) -> str:
        sign = {True: "+", False: "-", None: "o"}[self.holds]
        return f"  {sign} {self.name}: {self.says}".replace(
            "\n", "\n      "
        )


def run_tests(
    own: Own, folder: Path, seconds: float = SECONDS
) -> Iterator[Verdict]:
    """Test the reader's functions, in the order of the chapters."""
    wrong: set[str] = set()
    for name in TASKS:
        if name not in own.functions:
            continue
        if not (found := _find_test(name)):
            says = "not tested: the notebook with its test is not here"
            yield Verdict(name, None, says)
            continue
        place, test = found
        begin = BEGIN.format(
            folder=str(folder),
            failed=own.failed,
            package=PACKAGE,
            file=TASKS[name].file,
            name=name,
        )
        if name in DRAWN:
            begin += DRAW.format(name=name)
        first = {"source": begin, "test": "", "points": 0}
        with Runner(place) as runner:
            answer = runner.run([first, test], seconds)
        verdict = _judge(name, answer, seconds)
        if verdict.holds is False:
            calls = _find_calls(own, name) & wrong
            wrong.add(name)
            if calls:
                says = (
                    f"It calls {', '.join(sorted(calls))}: mend that first."
                )
                verdict = verdict._replace(says=f"{verdict.says}\n{says}")
        yield verdict


def _find_test(name: str) -> tuple[Path, dict[str, Any]] | None:
    """A function's test cell, and the folder in which it runs."""
    if name in DRAWN:
        source = CHECK.format(name=name)
        return TREE, {"source": source, "test": f"test_{name}", "points": 1}
    return _find_marked().get(f"test_{name}")


@cache
def _find_marked() -> Mapping[str, tuple[Path, dict[str, Any]]]:
    """The test cells of the notebooks, by their marks' names."""
    found: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path in sorted((TREE / EXERCISES).glob("*/*.ipynb")):
        if not path.with_name(CHECKS).exists():
            continue
        try:
            cells = read_cells(path)
        except NotebookError:
            continue  # half saved, say: `check` tells about it
        for cell in cells:
            if cell["test"]:
                found.setdefault(cell["test"], (path.parent, cell))
    return found


def _judge(name: str, answer: Answer, seconds: float) -> Verdict:
    """The verdict, from what the process told."""
    if answer["stopped"]:
        says = f"it ended Python, or did not end within {seconds:g} s"
        return Verdict(name, False, says)
    if not answer["tests"] or answer["errors"]:
        return Verdict(name, False, "\n".join(answer["errors"]))
    (test,) = answer["tests"]
    if test["holds"]:
        return Verdict(name, True, "holds")
    return Verdict(name, False, test["says"])


def _find_calls(own: Own, name: str) -> set[str]:
    """The reader's functions that one of them calls by name."""
    used = set(inspect.getclosurevars(own.functions[name]).globals)
    return used & set(own.functions)
