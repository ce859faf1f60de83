"""Checks that no chapter and no module contains an assignment's answer.

    python -m tools.check.answers            fail, and name the places
    python -m tools.check.answers --closest  what is closest to each task

A solution is compared with every definition of rnncore and every cell of
the book by the normal forms of its expressions. Too much of an answer is
one long expression, or a large share of all: there an expression counts by
its size, divided by the number of places that have it, since what the
course writes everywhere gives nothing away. A closed-book task rebuilds
what is printed, and is not compared.
"""

import argparse
import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from grader.assignments.source import ROOT, SourceCell, list_assignments, read
from tools.check.normal_form import find_expressions

TOO_MUCH = 0.6  # of an answer; variants of printed functions share 0.43
TOO_LONG = 20  # nodes of one expression; the variants share up to 14
CELL = re.compile(  # a fence, options of either form, the code
    r"^```\{code-cell\}[^\n]*\n(?:---\n.*?^---\n|(?::[^\n]*\n)*)(.*?)^```",
    re.MULTILINE | re.DOTALL,
)
WOVEN = re.compile(r"\s*# rnncore\.\w")  # its first line: from the package
STUB = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)


class CodePlace(NamedTuple):
    """A piece of code that learners read."""

    where: str  # file and line
    expressions: frozenset[str]


class Answer(NamedTuple):
    """What a task leaves to the learner: expressions, and their sizes."""

    where: str
    task: str
    expressions: dict[str, int]


class Found(NamedTuple):
    """How much of an answer a place has."""

    share: float  # from 0 to 1
    longest: int  # nodes of the longest expression that both have
    answer: Answer
    place: CodePlace

    @property
    def leaks(self) -> bool:
        """Whether the place gives the answer away."""
        return self.share >= TOO_MUCH or self.longest >= TOO_LONG

    def __str__(self) -> str:
        return (
            f"{self.place.where} has {self.share:.0%} of the answer to "
            f"{self.answer.task} ({self.answer.where}), and an expression "
            f"of {self.longest} nodes"
        )


def read_course(root: Path = ROOT) -> list[CodePlace]:
    """The definitions of the package, and the cells of the book."""
    found = []
    for path in sorted((root / "rnncore").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                where = f"{path.relative_to(root)}:{node.lineno}"
                found.append(CodePlace(where, frozenset(find_expressions([node]))))
    for path in sorted((root / "book").glob("*.md")):
        text = path.read_text("utf-8")
        for cell in CELL.finditer(text):
            if not WOVEN.match(cell[1]):
                line = text.count("\n", 0, cell.start()) + 1
                where = f"{path.relative_to(root)}:{line}"
                code = find_expressions(ast.parse(cell[1]).body)
                found.append(CodePlace(where, frozenset(code)))
    return found


def list_solutions() -> Iterator[SourceCell]:
    """Every solution in code that no printed function is meant to be."""
    for name in list_assignments():
        assignment = read(name)
        hunts = assignment.of("mutants")
        for task, cell in assignment.of("solution").items():
            if task not in hunts and not cell.options.get("closed_book"):
                yield cell


def read_answers() -> Iterator[Answer]:
    """What each of them leaves to the learner."""
    for cell in list_solutions():
        where = f"{cell.file}:{cell.line}"
        yield Answer(where, cell.name, find_left_out(cell.source))


@cache
def find_left_out(solution: str) -> dict[str, int]:
    """The expressions of a solution that its released stub has not."""
    stub = find_expressions(ast.parse(STUB.sub("raise", solution)).body)
    all_of_it = find_expressions(ast.parse(solution).body)
    return {e: n for e, n in all_of_it.items() if e not in stub}


def find_closest(answer: Answer, places: list[CodePlace], known: Counter) -> Found:
    """The place that has most of an answer."""
    sizes = answer.expressions
    weights = {e: size / max(1, known[e]) for e, size in sizes.items()}
    whole = sum(weights.values())

    def compare(place: CodePlace) -> Found:
        shared = sizes.keys() & place.expressions
        return Found(
            sum(weights[e] for e in shared) / whole,
            max((sizes[e] for e in shared), default=0),
            answer,
            place,
        )

    return max(map(compare, places), key=lambda f: (f.leaks, f.share))


def compare(places: list[CodePlace]) -> list[Found]:
    """The closest place to each answer, the most of an answer first."""
    known = Counter(e for place in places for e in place.expressions)
    found = [find_closest(answer, places, known) for answer in read_answers()]
    return sorted(found, key=lambda f: -f.share)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--closest", action="store_true", help="list the closest places"
    )
    options = parser.parse_args(arguments)
    found = compare(read_course())
    leaks = [f for f in found if f.leaks]
    for line in found if options.closest else leaks:
        print(line)
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
