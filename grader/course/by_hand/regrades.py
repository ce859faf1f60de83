"""What learners asked to have graded again: grading/regrades.csv, by hand.

Each line is printed on the learner's page, with the answer when there is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from grader.course.by_hand.tables import read_lines
from grader.course.roster import explain_unfit_learner
from grader.course.settings import SetupError
from grader.notebook.cells import task_of

COLUMNS = ["learner", "assignment", "task", "asked", "answer"]


@dataclass(frozen=True)
class Request:
    """A learner's request about a task, or about all if `task` is empty."""

    task: str
    asked: str
    answer: str = ""


Requests = dict[tuple[str, str], list[Request]]  # by learner and assignment


def read_regrades(
    path: Path,
    known: Collection[str],
    tasks: Callable[[str], Collection[str]] = lambda name: (),
) -> Requests:
    """What regrades.csv says; nothing if there is no such file.

    `tasks` are an assignment's, by its name; none if it is not built.

    Raises SetupError, naming the line, if it says something else.
    """
    found: Requests = defaultdict(list)
    for where, (who, name, task, asked, answer) in read_lines(path, COLUMNS):
        if why := explain_unfit_learner(who):
            raise SetupError(f"{where}: expected a learner, got {who!r}: {why}")
        if name not in known:
            raise SetupError(
                f"{where}: expected one of {', '.join(sorted(known))}, got {name!r}"
            )
        there = tasks(name)
        if task and there and task_of(task) not in there:
            raise SetupError(
                f"{where}: expected a task of {name}, {', '.join(sorted(there))}, or "
                f"nothing, got {task!r}"
            )
        if not asked:
            raise SetupError(f"{where}: expected what {who} asked, got nothing")
        found[who, name].append(Request(task, asked, answer))
    return found
