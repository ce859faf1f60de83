"""A code task's solution with the reasons for it, as learners may read it.

The reasons stand in solutions/NAME/answers.md, below `## task`. With the
solutions and the model answers they make exercises/NAME/answers.json, where
the course's `solutions = ...` lets learners have it. Nothing that grades
reads that file, and what hands in a copy of it has it left out.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from grader.assignments.parameters import Values, fill_in
from grader.assignments.source import Assignment, read
from rnncore.checking.answers import Answers, Worked

REASONS = "answers.md"
FEWEST, MOST, WIDEST = 3, 8, 88  # lines of a task's reasons, and their width
HEADING = re.compile(r"^## +(\S+) *$", re.MULTILINE)


def read_reasons(assignment: Assignment) -> dict[str, str]:
    """Why each solution is as it is, by the task's name."""
    path = assignment.folder / REASONS
    if not path.exists():
        return {}
    file = f"solutions/{assignment.name}/{REASONS}"
    text = fill_in(path.read_text("utf-8"), assignment.values, file)
    _, *parts = HEADING.split(text)
    return {n: t.strip() for n, t in zip(parts[::2], parts[1::2], strict=True)}


def find_missing_reasons(assignment: Assignment) -> Iterator[str]:
    """The code tasks whose reasons lack, or are no three to eight lines.

    A short assignment may have none.
    """
    tasks, reasons = assignment.of("solution"), read_reasons(assignment)
    file = f"solutions/{assignment.name}/{REASONS}"
    for name in sorted(reasons.keys() - tasks.keys()):
        yield f"{file}: {name}: there is no such code task"
    for name in tasks:
        if name not in reasons:
            if not assignment.short:
                yield f"{file}: {name}: expected why its solution is so, got nothing"
            continue
        lines = [line for line in reasons[name].split("\n") if line.strip()]
        if not FEWEST <= len(lines) <= MOST:
            count = len(lines)
            yield f"{file}: {name}: expected {FEWEST} to {MOST} lines, got {count}"
        if (wide := max(map(len, lines), default=0)) > WIDEST:
            yield f"{file}: {name}: expected lines of {WIDEST} characters, got {wide}"


def make_answers(
    name: str, opens: datetime | None = None, values: Values | None = None
) -> Answers:
    """The answers of an assignment, or a variant; `opens`: when they may be shown."""
    assignment = read(name, values)
    reasons = read_reasons(assignment)
    tasks = {
        task: Worked(cell.source, reasons.get(task, ""))
        for task, cell in assignment.of("solution").items()
    }
    written = {n: cell.source for n, cell in assignment.of("answer").items()}
    return Answers(tasks, written, opens)
