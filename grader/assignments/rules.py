"""What must hold of an assignment's source before it can be built."""

import ast
import functools
import re
from collections.abc import Iterator

from docutils.nodes import make_id

from grader import ROOT
from grader.assignments.catalogue import catalogue
from grader.assignments.source import BEGIN, END, Assignment, Cell
from grader.notebook.names import BUILTINS, bound, free_names

DEVICE = re.compile(r'^device = "(?:numpy|cpu)"$', re.MULTILINE)
SOLUTION = re.compile(r"### BEGIN SOLUTION.*### END SOLUTION", re.DOTALL)


def problems(assignment: Assignment) -> list[str]:
    """What an author must correct before the assignment can be built."""
    found = [*_of_the_whole(assignment)]
    for cell in assignment.of("solution").values():
        found += _of_a_solution(assignment, cell)
    for cell in assignment.of("test").values():
        found += _of_a_test(assignment, cell)
    return found


def _of_the_whole(assignment: Assignment) -> Iterator[str]:
    code = "\n".join(c.source for c in assignment.cells if c.kind == "code")
    if len(DEVICE.findall(code)) != 1:
        yield (
            'the line device = "numpy" (or "cpu", in an assignment on '
            "torch) must stand in exactly one cell"
        )
    solutions = sorted(assignment.of("solution"))
    tests = sorted(assignment.of("test"))
    if solutions != tests:
        yield (f"solutions {solutions} and tests {tests} must belong together")
    if not assignment.of("answer"):
        yield "a written answer is missing"
    try:
        explained(assignment)
    except ValueError as error:
        yield str(error)
    points = sum(c.options.get("points", 0) for c in assignment.cells)
    if f" {points} points" not in assignment.cells[0].source:
        yield f"the head must say that there are {points} points"


def _of_a_solution(assignment: Assignment, cell: Cell) -> Iterator[str]:
    name = cell.name
    if (name in public_names()) != cell.options.get("closed_book", False):
        yield f"{name}: only a closed-book task has a name of rnncore's"
    if not SOLUTION.search(cell.source):
        yield f"{name}: no BEGIN SOLUTION ... END SOLUTION"
    if name in assignment.of("mutants"):
        return
    known = assignment.of("mistakes").get(name)
    mistakes = catalogue(known) if known else []
    if len(mistakes) < 4:
        yield f"{name}: at least four mistakes are needed"
    for mistake in mistakes:
        count = cell.source.count(mistake.was)
        if count != 1:
            yield (
                f"{name}, {mistake.name}: {mistake.was!r} occurs {count} "
                "times in the solution, expected once"
            )


def _of_a_test(assignment: Assignment, cell: Cell) -> Iterator[str]:
    name = cell.name
    hidden = BEGIN in cell.source and END in cell.source
    if not hidden and name not in assignment.of("mutants"):
        yield f"{name}: the test has no hidden part"
    strange = free_names(cell.source) - BUILTINS - _given(assignment)
    strange = {s for s in strange if not s.startswith("reference_")}
    if strange:
        yield (
            f"{name}: the test uses {', '.join(sorted(strange))}, which it "
            "must import or make itself (a learner may have changed it)"
        )


def explained(assignment: Assignment) -> dict[str, dict[str, str]]:
    """Where the book explains each graded task: page, section, anchor.

    A task that names no place is explained by the chapter of the
    assignment's name, where there is one.

    Raises ValueError where the book has no such page or section.
    """
    found = {}
    graded = assignment.of("test") | assignment.of("answer")
    for name, cell in graded.items():
        place = cell.options.get("explained", assignment.name)
        page, _, section = place.partition(": ")
        path = ROOT / "book" / f"{page}.md"
        if not path.exists():
            if "explained" not in cell.options:
                continue
            raise ValueError(f"{name}: the book has no page {page!r}")
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        if section and section not in titles:
            raise ValueError(
                f"{name}: {page} has no section {section!r}, only " + ", ".join(titles)
            )
        found[name] = {
            "page": page,
            "title": section or titles[0],
            "anchor": make_id(section),
        }
    return found


@functools.cache
def public_names() -> frozenset[str]:
    """All that rnncore defines, read from its source."""
    found: set[str] = set()
    for path in (ROOT / "rnncore").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                found |= set(bound(node))
    return frozenset(n for n in found if not n.startswith("_"))


def _given(assignment: Assignment) -> set[str]:
    """What a test may use: the device, and functions of the notebook."""
    return {"device"} | {
        node.name
        for cell in assignment.cells
        if cell.kind in ("code", "solution")
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
