"""What an assignment says of its experiment's time, and how long it takes."""

import re

import pytest

from grader.assignments import source
from grader.assignments.source import Assignment, SourceCell
from tools.bench import experiments
from tools.measurements import read

NAMES = experiments.list_experiments()


def assignment(*cells):
    return Assignment("ch99_none", None, list(cells))


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_ends_in_the_time_that_it_states(name):
    known = read().get(experiments.make_key(name))
    assert known, f"record it: {experiments.__doc__}"
    assert known["value"] <= experiments.read_stated_seconds(
        source.read(name)
    )


def test_every_chapter_s_assignment_has_an_experiment():
    others = {*source.list_assignments()} - {*NAMES}
    assert others == {"short_broken"}


@pytest.mark.parametrize("name", NAMES)
def test_the_text_above_an_experiment_states_the_heading_s_seconds(name):
    text, stated, due = "", [], []
    for cell in source.read(name).cells:
        if cell.kind == "text":
            text = cell.source
        if cell.kind == "experiment":
            stated += re.findall(r"\(Up to (\d+) seconds\b", text)
            due += [str(n) for n in [cell.options.get("seconds")] if n]
    assert stated == due


def test_a_heading_states_the_seconds_or_none():
    def one(**options):
        return SourceCell("experiment", "", "1", options)

    assert (
        experiments.read_stated_seconds(assignment(one(seconds=40), one()))
        == 40
    )
    assert (
        experiments.read_stated_seconds(assignment(one()))
        == experiments.QUICK
    )


def test_a_cell_takes_what_lies_between_the_kernels_two_messages():
    messages = {
        "iopub.execute_input": "2026-01-01T11:59:59.500000Z",
        "iopub.status.idle": "2026-01-01T12:00:01.000000Z",
        "shell.execute_reply": "2026-01-01T12:00:00.750000Z",
    }
    assert experiments._time_cell(messages) == 1.25


@pytest.mark.weekly
def test_the_experiment_alone_is_timed_with_what_it_needs(
    tmp_path, monkeypatch
):
    times, taken = [], experiments._time_cell

    def keep(execution):
        times.append(taken(execution))
        return times[-1]

    monkeypatch.setattr(experiments, "_time_cell", keep)
    (tmp_path / "ch99_none").mkdir()
    (tmp_path / "ch99_none" / "given.txt").write_text("0.3")
    made = assignment(
        SourceCell("text", "", "Words.", {}),
        SourceCell("code", "", "import time", {}),
        SourceCell("solution", "wait", "wait = time.sleep", {}),
        SourceCell("test", "wait", "1 / 0", {}),
        SourceCell(
            "experiment", "", "wait(float(open('given.txt').read()))", {}
        ),
    )
    found = experiments.time_experiment(made, tmp_path)
    assert times == [found]  # of one cell, the one that waits
    assert found >= 0.3
