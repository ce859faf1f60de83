"""The seed of the hidden tests decides nothing about an answer's points.

What fails in the visible part fails for every learner alike. What holds
there goes on to inputs that are drawn, and they must show its mistake each
time, or never: known mistakes and sample answers are graded with 12 seeds.
"""

import contextlib
from typing import Any

import pytest

from grader import ROOT
from grader.assignments.coverage import seed_generators
from grader.assignments.known_mistakes import find_known_mistakes
from grader.assignments.mistakes import points_of, run_by_kernel
from grader.assignments.running import run_cell, try_cell
from grader.assignments.sample_answers import read_answers
from grader.assignments.source import (
    Assignment,
    SourceCell,
    list_assignments,
    read,
)
from grader.assignments.source import (
    test_parts as split_test,
)

SEEDS = range(12)


def list_answers(assignment: Assignment, task: str) -> dict[str, str]:
    """Known mistakes and sample answers of a task: the cells, by a name."""
    cell = assignment.of("solution")[task]
    found = {
        mistake.name: mistake.made_in(cell.source)
        for mistake in find_known_mistakes(assignment, task)
    }
    return found | {
        f"{n}: {answer.label}": answer.source
        for n, answer in enumerate(read_answers(assignment.name))
        if answer.task == task
    }


def grade(
    assignment: Assignment,
    test: SourceCell,
    source: str,
    before: dict[str, Any],
) -> float | None:
    """The points of an answer; None where its visible part fails."""
    visible, hidden, after = split_test(assignment, test)
    own = dict(before)
    seed_generators()
    for part in (source, visible):
        _, error = try_cell(part, own)
        if error:
            return None
    value, error = try_cell(hidden + after, own)
    return points_of(test, value, error)


def find_wavering(name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The answers to an assignment whose points differ between seeds."""
    assignment, found = read(name), []
    namespace: dict[str, Any] = {}
    with contextlib.chdir(ROOT / "exercises" / name):
        for cell in run_by_kernel(assignment):
            source = cell.source
            if cell.kind == "test":
                for label, answer in list_answers(
                    assignment, cell.name
                ).items():
                    points = []
                    for seed in SEEDS:
                        monkeypatch.setenv("RNNCORE_SEED", str(seed))
                        points.append(
                            grade(assignment, cell, answer, namespace)
                        )
                        if points[-1] is None:
                            break
                    if len(set(points)) > 1:
                        found.append(f"{cell.name}: {label}: {points}")
                monkeypatch.delenv("RNNCORE_SEED", raising=False)
                source = "".join(split_test(assignment, cell))
            run_cell(source, namespace)
    return found


@pytest.mark.weekly  # minutes for an assignment
@pytest.mark.parametrize("name", list_assignments())
def test_an_answer_gets_the_same_points_with_every_seed(name, monkeypatch):
    assert find_wavering(name, monkeypatch) == []
