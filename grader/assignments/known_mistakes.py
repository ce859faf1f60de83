"""The known mistakes of a task, as their author writes them.

A heading for each mistake, then the edit of the solution that makes it: one
line where it is within a line, else a diff. No empty lines between.

    path past dropped: h_{t-1} is reached through a_h alone
    ~ (d_h,) => (0 * d_h,)
    upstream in place: `d_h *= ...` changes the caller's array
    - d_a = d_h * (1 - r * r)
    + d_h *= 1 - r * r
    + d_a = d_h

The heading has the mistake's name and the message to the learner.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from grader.assignments.source import Assignment, SourceCell
from rnncore.testing.properties import PROPERTIES

CELL = re.compile(r'r"""\n(.*)\n"""', re.DOTALL)
MARKS = re.compile(r"(.*) \[([a-z, ]+)\]")  # a name with marks after it
EDIT = re.compile("[-+~]( |$)")  # a heading may begin with a sign: `-1e4 for all`
ARROW = " => "
HIDDEN = "hidden"  # marks a mistake that the visible inputs do not show


class Mistake(NamedTuple):
    """An edit of a solution, and what it teaches."""

    name: str
    was: str  # occurs in the solution exactly once
    now: str
    says: str  # the learner reads it after "A known mistake: "
    visible: bool  # whether the visible test can name it
    line: int  # of its heading
    costs: tuple[str, ...] = ()  # the properties that it loses; (): all

    def made_in(self, solution: str) -> str:
        """The solution with this mistake."""
        return solution.replace(self.was, self.now)


def read_catalogue(cell: SourceCell) -> list[Mistake]:
    """The mistakes of a `mistakes` or `mutants` cell.

    Raises ValueError naming file, line and task, what was expected there
    and what it got.
    """
    text = CELL.fullmatch(cell.source.strip())
    if not text:
        _refuse(cell, cell.line, 'r""", the mistakes, """', cell.source[:40])
    found: dict[str, Mistake] = {}
    for line, block in _split_blocks(cell.line + 1, text[1].split("\n")):
        mistake = _read_mistake(cell, line, block)
        if mistake.name in found:
            _refuse(cell, line, "a name of its own", mistake.name)
        found[mistake.name] = mistake
    return list(found.values())


def find_known_mistakes(assignment: Assignment, task: str) -> list[Mistake]:
    """The known mistakes of a task; none where it has no catalogue."""
    cell = assignment.of("mistakes").get(task)
    return read_catalogue(cell) if cell else []


def trim_edit(was: str, now: str, solution: str) -> tuple[str, str]:
    """The same edit without the lines at its ends that it does not change.

    A line stays that is needed for the rest to occur exactly once.
    """
    old, new = was.split("\n"), now.split("\n")
    made = solution.replace(was, now)

    def is_same(old: list[str], new: list[str]) -> bool:
        rest = "\n".join(old)
        once = bool(rest) and solution.count(rest) == 1
        return once and solution.replace(rest, "\n".join(new)) == made

    while old[0] == new[0] and is_same(old[1:], new[1:]):
        old, new = old[1:], new[1:]
    while old[-1:] == new[-1:] and is_same(old[:-1], new[:-1]):
        old, new = old[:-1], new[:-1]
    return "\n".join(old), "\n".join(new)


def _split_blocks(first: int, lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Each heading with the edit below it, and where it stands."""
    block: list[str] = []
    for number, line in enumerate(lines, first):
        if block and not EDIT.match(line):
            yield number - len(block), block
            block = []
        block.append(line)
    yield first + len(lines) - len(block), block


def _read_mistake(cell: SourceCell, line: int, block: list[str]) -> Mistake:
    """Read one block of a catalogue; its heading is at that line."""
    heading, *edit = block
    name, colon, says = heading.partition(": ")
    if not colon or EDIT.match(heading):
        _refuse(cell, line, "a heading `name: what it says`", heading)
    if len(edit) == 1 and edit[0].startswith("~"):
        was, now = _read_line(cell, line + 1, edit[0])
    else:
        was, now = _read_diff(cell, line + 1, edit)
    if not was or was == now:
        _refuse(cell, line, "an edit, `~ was => is` or a diff", heading)
    name, marks = _split_marks(name)
    if unknown := [m for m in marks if m not in (HIDDEN, *PROPERTIES)]:
        expected = ", ".join((HIDDEN, *PROPERTIES))
        _refuse(cell, line, f"marks from {expected}", ", ".join(unknown))
    costs = tuple(mark for mark in marks if mark != HIDDEN)
    return Mistake(name, was, now, says, HIDDEN not in marks, line, costs)


def _read_line(cell: SourceCell, line: int, text: str) -> tuple[str, str]:
    """Both sides of an edit in one line."""
    sides = text[2:].split(ARROW)
    if len(sides) != 2:
        _refuse(cell, line, "`~ was => is` with one arrow, or a diff", text)
    return sides[0], sides[1]


def _read_diff(cell: SourceCell, first: int, edit: list[str]) -> tuple[str, str]:
    """Both sides of an edit as a diff, whose lines begin at `first`."""
    sides: dict[str, list[str]] = {"-": [], "+": []}
    for number, text in enumerate(edit, first):
        sign = text[:1]
        if sign not in sides or (sign == "-" and sides["+"]):
            _refuse(cell, number, "`- was` lines, then `+ is` lines", text)
        sides[sign].append(text[2:])
    return "\n".join(sides["-"]), "\n".join(sides["+"])


def _split_marks(name: str) -> tuple[str, list[str]]:
    """A name without the marks behind it, and the marks."""
    found = MARKS.fullmatch(name)
    return (found[1], found[2].split(", ")) if found else (name, [])


def _refuse(cell: SourceCell, line: int, expected: str, got: str) -> NoReturn:
    raise ValueError(
        f"{cell.file}:{line}, {cell.name}: expected {expected}, got {got!r}"
    )
