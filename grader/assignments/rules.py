"""What must hold of an assignment's source before it can be built."""

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path

from docutils.nodes import make_id

import rnncore
from grader import ROOT
from grader.assignments.known_mistakes import (
    find_known_mistakes,
    read_catalogue,
    trim_edit,
)
from grader.assignments.source import BEGIN, END, Assignment, SourceCell, visible_part
from grader.notebook.names import BUILTINS, find_bound_names, free_names
from grader.notebook.task_texts import read_question
from rnncore.testing.properties import declared

DEVICE = re.compile(
    r'^device = "(?:numpy|cpu)"(?=[ \t]*(?:#.*)?$)', re.MULTILINE
)  # a comment may follow
SOLUTION = re.compile(r"### BEGIN SOLUTION(.*)### END SOLUTION", re.DOTALL)
HINTS = [f"<summary>Hint {number}</summary>" for number in (1, 2, 3)]
SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
POINTS = re.compile(r"^#+ .*\((\d+) points?\)$", re.MULTILINE)
TITLE = re.compile(r"^ {0,3}#{1,6} +(.*)$", re.MULTILINE)
CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
WHOLE = 4  # points from which a test's are split, or it says why not
LONGEST = 12  # lines of a solution: ten, and the formatter may wrap two


def find_problems(assignment: Assignment) -> list[str]:
    """What an author must correct before the assignment can be built.

    Raises ValueError where a cell is no Python, with its file and line.
    """
    for cell in assignment.cells:
        if cell.kind not in ("text", "answer"):
            _parse(cell)
    found = [*_check_whole(assignment)]
    for cell in assignment.of("solution").values():
        found += _check_solution(assignment, cell)
    for cell in assignment.of("test").values():
        found += _of_a_test(assignment, cell)
    return found


def _parse(cell: SourceCell) -> None:
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        line = cell.line + (error.lineno or 1) - 1
        raise ValueError(f"{cell.file}:{line}: {error.msg}") from error


def _check_whole(assignment: Assignment) -> Iterator[str]:
    places = [
        f"{cell.file}:{cell.line + cell.source.count(chr(10), 0, found.start())}"
        for cell in assignment.cells
        if cell.kind == "code"
        for found in DEVICE.finditer(cell.source)
    ]
    if len(places) != 1:
        yield (
            'the line device = "numpy" (or "cpu", in an assignment on '
            "torch) must stand in exactly one cell, without indentation; "
            f"it stands in {', '.join(places) or 'none'}"
        )
    head = assignment.cells[0]
    for key, due in (("kind", "short"), ("draft", True)):
        if (got := head.options.get(key, due)) != due:
            yield f"{_locate(head)}: {key}: expected {json.dumps(due)}, got {got!r}"
    solutions = sorted(assignment.of("solution"))
    tests = sorted(assignment.of("test"))
    if solutions != tests:
        yield (f"solutions {solutions} and tests {tests} must belong together")
    if not assignment.of("answer") and not assignment.short:
        yield "a written answer is missing"
    try:
        find_explanations(assignment)
    except ValueError as error:
        yield str(error)
    points = sum(c.options.get("points", 0) for c in assignment.cells)
    if f" {points} points" not in head.source:
        yield f"the head must say that there are {points} points"


def find_missing_parts(assignment: Assignment) -> list[str]:
    """The parts that every assignment has, and this one lacks; with lines."""
    found = [*_missing_tasks(assignment)]
    text = above = ""  # since the last graded cell, and right above
    for cell in assignment.cells:
        if cell.kind == "text":
            text += f"{cell.source}\n"
        if cell.kind == "answer":
            found += _check_written_answer(cell, above)
        above = cell.source if cell.kind == "text" else ""
        if cell.kind == "solution" and not assignment.short:
            found += _find_missing_in_task(cell, text)
        if cell.kind in ("test", "answer"):
            found += _missing_points(cell, text)
            text = ""
    return [*found, *_find_dependent_cells(assignment)]


def _missing_tasks(assignment: Assignment) -> Iterator[str]:
    head = assignment.cells[0]
    solutions = assignment.of("solution")
    least = 1 if assignment.short else 4
    if len(solutions) < least:
        yield f"{_locate(head)}: expected {least} tasks or more, got {len(solutions)}"
    points = sum(c.options.get("points", 0) for c in assignment.cells)
    if not re.search(rf"\d+ minutes, {points} points", head.source):
        yield f"{_locate(head)}: expected `.. minutes, {points} points` in the head"
    if not assignment.short:
        yield from _find_missing_in_whole(assignment, head)


def _find_missing_in_whole(assignment: Assignment, head: SourceCell) -> Iterator[str]:
    """What a short assignment may do without."""
    solutions = assignment.of("solution")
    closed = [n for n, c in solutions.items() if c.options.get("closed_book")]
    if len(closed) != 1:
        got = ", ".join(closed) or "none"
        yield f"{_locate(head)}: expected one closed-book task, got {got}"
    if not assignment.of("experiment"):
        yield f"{_locate(head)}: expected an experiment, `# %% experiment`"
    hunts = assignment.of("mutants")
    if not hunts and assignment.name[:4] not in ("ch01", "caps"):
        yield f'{_locate(head)}: expected a mutant hunt, `# %% mutants="..."`'
    for name, cell in hunts.items():
        if (count := len(read_catalogue(cell))) < 4:
            yield f"{_locate(cell)}: {name}: expected four mutants or more, got {count}"


def _find_missing_in_task(cell: SourceCell, text: str) -> Iterator[str]:
    """What a solution lacks; `text` is the text above it."""
    for number, hint in enumerate(HINTS, 1):
        if hint not in text:
            yield f"{_locate(cell)}: {cell.name}: hint {number} is missing above it"
    body = SOLUTION.search(cell.source)
    lines = [line.strip() for line in body[1].split("\n")] if body else []
    count = sum(bool(line) and not line.startswith("#") for line in lines)
    if count > LONGEST:
        yield (
            f"{_locate(cell)}: {cell.name}: expected a solution of at most "
            f"{LONGEST} lines, got {count}"
        )


def _find_dependent_cells(assignment: Assignment) -> Iterator[str]:
    """Cells that need a name of another task, which a learner may leave out.

    The experiment comes last, and may use the functions of all.
    """
    section = ""  # before the first task, what is bound is given to all
    bound_in: dict[str, set[str]] = {}
    functions: set[str] = set()
    for cell in assignment.cells:
        if cell.kind in ("text", "answer"):
            for title in SECTION.findall(cell.source):
                section = title if section or title.startswith("Task") else ""
        if cell.kind not in ("code", "solution", "test", "experiment"):
            continue
        source = visible_part(cell)
        own = {
            name: node
            for node in ast.parse(source).body
            for name in find_bound_names(node)
        }
        needed = free_names(source) & bound_in.keys()
        if cell.kind == "experiment":
            needed -= functions
        for name in sorted(needed - own.keys()):
            if bound_in[name].isdisjoint({"", section}):
                places = " and ".join(sorted(bound_in[name]))
                where = _locate(cell)
                yield f"{where}: {name} is defined in another task alone: {places}"
        for name, node in own.items():
            bound_in.setdefault(name, set()).add(section)
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                functions.add(name)


def _check_written_answer(cell: SourceCell, above: str) -> Iterator[str]:
    """Whether the text cell right above asks something, and this one does not."""
    if not read_question(above):
        yield (
            f"{_locate(cell)}: {cell.name}: expected the question in the text cell "
            "right above, below its heading; got none"
        )
    prose = CODE.sub(_blank, cell.source)
    for heading in TITLE.finditer(prose):
        line = cell.line + prose.count("\n", 0, heading.start())
        yield (
            f"{cell.file}:{line}: {cell.name}: expected a model answer and its rubric, "
            f"which no learner sees, got the heading {heading[1]!r}: the question goes "
            "into the text cell above"
        )


def _blank(found: re.Match[str]) -> str:
    """As many lines without a text."""
    return "\n" * found[0].count("\n")


def _missing_points(cell: SourceCell, text: str) -> Iterator[str]:
    """Whether the headings above a graded cell say its points."""
    stated = [int(number) for number in POINTS.findall(text)]
    if stated != [given := cell.options.get("points")]:
        found = " and ".join(f"({number} points)" for number in stated)
        yield (
            f"{_locate(cell)}: {cell.name}: it gives {given} points; expected a "
            f"heading that ends with ({given} points) in a text cell above, "
            f"got {found or 'none'}"
        )


def _locate(cell: SourceCell) -> str:
    return f"{cell.file}:{cell.line}"


def _check_solution(assignment: Assignment, cell: SourceCell) -> Iterator[str]:
    name = cell.name
    if (name in public_names()) != cell.options.get("closed_book", False):
        yield f"{name}: only a closed-book task has a name of rnncore's"
    if not SOLUTION.search(cell.source):
        yield f"{name}: no BEGIN SOLUTION ... END SOLUTION"
    if name in assignment.of("mutants"):
        return
    mistakes = find_known_mistakes(assignment, name)
    least = 1 if assignment.short else 4
    if len(mistakes) < least:
        yield (
            f"{_locate(cell)}: {name}: expected {least} known mistakes or more, "
            f"got {len(mistakes)}"
        )
    for mistake in mistakes:
        count = cell.source.count(mistake.was)
        if count != 1:
            yield (
                f"{name}, {mistake.name}: {mistake.was!r} occurs {count} "
                "times in the solution, expected once"
            )


def list_restated(assignment: Assignment) -> dict[tuple[str, int], str]:
    """The mistakes that restate lines which they do not change, by task and line."""
    return {
        (cell.name, mistake.line): f"{cell.file}: {cell.name}, {mistake.name}"
        for cell in assignment.of("solution").values()
        for mistake in find_known_mistakes(assignment, cell.name)
        if trim_edit(mistake.was, mistake.now, cell.source)[0] != mistake.was
    }


def _of_a_test(assignment: Assignment, cell: SourceCell) -> Iterator[str]:
    name = cell.name
    hidden = BEGIN in cell.source and END in cell.source
    if not hidden and name not in assignment.of("mutants"):
        yield f"{name}: the test has no hidden part"
    if name not in assignment.of("mutants"):
        yield from _check_points(assignment, cell)
    strange = free_names(cell.source) - BUILTINS - _find_given_names(assignment)
    strange = {s for s in strange if not s.startswith("reference_")}
    if strange:
        yield (
            f"{name}: the test uses {', '.join(sorted(strange))}, which it "
            "must import or make itself (a learner may have changed it)"
        )


def _check_points(assignment: Assignment, cell: SourceCell) -> Iterator[str]:
    """Whether a test's points are split by property, and add up."""
    of, points = declared(cell.source), cell.options.get("points", 0)
    why = cell.options.get("whole", "")
    if not of and not why and points >= WHOLE:
        yield (
            f"{_locate(cell)}: {cell.name}: expected properties = Properties(...) "
            f'or, behind its heading, whole="why not"; got {points} points'
        )
    if of and why:
        yield f"{_locate(cell)}: {cell.name}: whole={why!r}, though points are split"
    if of and sum(of.values()) != points:
        yield (
            f"{_locate(cell)}: {cell.name}: expected properties of {points} points, "
            f"got {sum(of.values())}"
        )
    lines = cell.source.strip().split("\n")
    if of and not lines[-1].startswith("properties.points("):
        yield (
            f"{_locate(cell)}: {cell.name}: expected properties.points(...) in the "
            f"last line, got {lines[-1]!r}"
        )
    for mistake in find_known_mistakes(assignment, cell.name):
        if extra := {*mistake.costs} - (of.keys() - {"values"}):
            yield (
                f"{_locate(cell)}: {cell.name}, {mistake.name}: expected a property "
                f"beside the values, got {', '.join(sorted(extra))}"
            )


def find_explanations(assignment: Assignment) -> dict[str, dict[str, str]]:
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
        text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
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
    """The names that rnncore defines, read from its source."""
    found: set[str] = set()
    for path in Path(rnncore.__file__ or "").parent.rglob("*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                found |= set(find_bound_names(node))
    return frozenset(n for n in found if not n.startswith("_"))


def _find_given_names(assignment: Assignment) -> set[str]:
    """What a test may use: the device, and functions of the notebook."""
    return {"device"} | {
        node.name
        for cell in assignment.cells
        if cell.kind in ("code", "solution")
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
