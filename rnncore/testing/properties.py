"""A task's points by property: what holds of an answer, and what not.

The values come first. An answer whose values are wrong raises, as in a
task of one piece, and gets no points: zeros of the right dtype earn
nothing. Every other property is lost by itself.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from rnncore.testing.failure import Failure, failure_of, render

PROPERTIES = {  # and what a learner reads about each
    "values": "the right values",
    "gradients": "the right gradients",
    "dtype": "the arguments' dtype, library and device are kept",
    "sizes": "small sizes, such as one step or one sequence",
    "arguments": "no argument is changed",
    "refusals": "bad input is refused",
}
MOST = 5  # properties of a task: each is a bit that its points tell


class Points(float):
    """A task's points in part, and why the others are lost."""

    failures: tuple[Failure, ...] = ()


class Properties:
    """How the points of a test cell are split.

    Raises ValueError for a property that is not known, or too many.
    """

    def __init__(self, **points: int):
        unknown = points.keys() - PROPERTIES.keys()
        if unknown or "values" not in points or len(points) > MOST:
            raise ValueError(
                f"points: expected values and at most {MOST - 1} others of "
                f"{', '.join(PROPERTIES)}, got {', '.join(points)}"
            )
        if min(points.values()) < 1:
            raise ValueError(f"points: expected 1 or more, got {points}")
        self.of = points
        self.met = {"values"}  # what some check has looked at
        self.lost: dict[str, Failure] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """What fails in this block costs this property alone."""
        if name == "values" or name not in self.of:
            raise ValueError(
                f"property: expected one of {', '.join(self.of)}, other "
                f"than values, got {name}"
            )
        self.met.add(name)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it raises
            self.lose(name, failure_of(error))

    def lose(self, name: str, failure: Failure) -> None:
        """Record what a property is lost by; the first record stays."""
        found = noted(failure._replace(costs=name))
        self.lost.setdefault(name, found)

    def points(self, holds: str) -> Points | None:
        """Print what holds: the cell's points, or None for all of them.

        It is a cell's last line: nbgrader takes the number for points.
        """
        if not self.lost:
            print(holds)
            return None
        for name, of in self.of.items():
            if name not in self.lost:
                print(f"{name}: {of} of {of}")
                continue
            says = render(self.lost[name]).replace("\n", "\n  ")
            print(f"{name}: 0 of {of}: {says}")
        kept = self.of.keys() - self.lost.keys()
        points = Points(sum(self.of[name] for name in kept))
        points.failures = tuple(self.lost.values())
        return points


def noted(failure: Failure) -> Failure:
    """The record as it is kept; a grader masks what is hidden."""
    return failure


def declared(source: str) -> dict[str, int]:
    """The properties that a test cell counts, and their points."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a learner's; told when it runs
        return {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id != "Properties":
                continue
            return {
                word.arg: word.value.value
                for word in node.keywords
                if word.arg in PROPERTIES
                and isinstance(word.value, ast.Constant)
                and isinstance(word.value.value, int)
            }
    return {}
