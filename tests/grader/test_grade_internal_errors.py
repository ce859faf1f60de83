"""A fault of the grader's own: told as a number, and kept to its folder."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from grader.commands import grade
from grader.course import fingerprint, submissions
from grader.course.settings import Assignment, Limits
from grader.run import grade_one, processes, record
from grader.run.grade_one import Job
from grader.run.internal_errors import Fault
from tests.helpers import ROOT
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    hand_in,
    make_course,
    make_once,
    solved,
)

pytestmark = NEEDS_SANDBOX
CANARY = "hidden-9a41"


@pytest.fixture
def course(tmp_path_factory, tmp_path):
    """A course whose assignment is prepared, with one learner graded."""

    def make(base):
        root = make_course(base / "course")
        hand_in(root, "first", solved())
        assert grade.main(["--root", str(root)]) == 0

    import shutil

    base = make_once(tmp_path_factory, "faulty", make)
    shutil.copytree(base / "course", tmp_path / "course")
    return tmp_path / "course"


def fails(*_args, **_kwargs):
    raise UnicodeEncodeError("utf-8", f"all of {CANARY}", 0, 1, CANARY)


STEPS = {  # where the grader fails for ann
    "the fingerprint": (fingerprint, "compute_fingerprint"),
    "the job": (processes, "run"),
    "the gradebook": (record, "_save"),
    "the result": (record, "_write_result"),
    "the page": (grade, "write_feedback"),
}


def for_ann(real, broken=fails):
    """A step that fails for ann alone."""

    def step(*args, **kwargs):
        bad = broken if "ann" in map(_learner, args) else real
        return bad(*args, **kwargs)

    return step


def _learner(value):
    if isinstance(value, Path):
        return value.parent.name
    if isinstance(value, submissions.Submission):
        return value.student
    return getattr(value, "student", "")


@pytest.mark.system
@pytest.mark.parametrize("step", STEPS)
def test_a_fault_costs_nobody_else_and_shows_nothing(
    course, monkeypatch, capsys, step
):
    hand_in(course, "ann", solved())
    hand_in(course, "bob", solved())
    module, name = STEPS[step]
    if step == "the fingerprint":
        module = submissions
    real = getattr(module, name)
    monkeypatch.setattr(module, name, for_ann(real))
    status = grade.main(["--root", str(course)])
    assert status == (0 if step == "the fingerprint" else 1)
    grading = course / "grading"
    result = json.loads(
        (grading / "results/bob" / f"{NAME}.json").read_text()
    )
    assert sum(check["points"] or 0 for check in result["checks"]) == 5
    assert (grading / "feedback/bob" / NAME / f"{NAME}.html").exists()
    said = "".join(capsys.readouterr())
    assert CANARY not in said
    assert "fault" in said
    for folder in ("feedback", "results", "autograded"):
        for path in (grading / folder).rglob("*.*"):
            assert CANARY not in path.read_text()
    assert CANARY in (grading / "grade.log").read_text()


@pytest.mark.system
def test_what_made_the_grader_fail_is_not_tried_for_ever(
    course, monkeypatch
):
    hand_in(course, "ann", solved())
    tried = []

    def fail(job):
        tried.append(job.student)
        raise ValueError(CANARY)

    real = processes.run
    monkeypatch.setattr(processes, "run", fail)
    for _ in range(record.TRIES + 2):
        assert grade.main(["--root", str(course)]) == 1
    assert tried == ["ann"] * record.TRIES
    page = course / "grading" / "feedback" / "ann" / NAME / f"{NAME}.html"
    assert re.search(r"itself failed .*fault [0-9a-f]{8}", page.read_text())
    monkeypatch.setattr(processes, "run", real)
    assert grade.main(["--root", str(course), "--again"]) == 0
    assert "fault" not in page.read_text()


def test_a_fault_in_the_jobs_process_is_a_number(tmp_path, monkeypatch):
    course = make_course(tmp_path / "course")
    release = tmp_path / "release" / NAME
    release.mkdir(parents=True)
    source = course / "grading" / "source" / NAME / f"{NAME}.ipynb"
    (release / f"{NAME}.ipynb").write_text(source.read_text())
    work = tmp_path / "work"
    work.mkdir()
    job = Job(
        course,
        "ann",
        Assignment(NAME, "1", tmp_path),
        hand_in(course, "ann", solved()).parent,
        work,
        Limits(),
        b"",
    )
    monkeypatch.setattr(grade_one, "_isolate", lambda job: None)
    monkeypatch.setattr(grade_one, "restore", fails)
    grade_one.main(job)
    report = json.loads((work / "report.json").read_text())
    assert CANARY in report["trace"]
    del report["trace"]
    assert CANARY not in json.dumps(report)
    assert CANARY not in (job.executed / f"{NAME}.ipynb").read_text()
    assert re.search(r"\(fault [0-9a-f]{8}\)", report["reason"])


def test_a_trace_is_bounded_and_has_no_codes():
    fault = Fault("\x1b]0;x\x07" * 10_000 + "\ud800" + "y" * 10**6)
    assert len(fault.trace) < 21_000
    assert fault.trace.replace("\n", "").isprintable()


def test_the_guide_has_each_limit_with_its_flag_and_default():
    text = (ROOT / "book" / "grading_reference.md").read_text()
    rows = re.findall(
        r"^\| `(\w+)` \| `(--[a-z-]+)` \| ([\d,]+) \| \w",
        text,
        re.MULTILINE,
    )
    found = {
        name: (flag, int(n.replace(",", ""))) for name, flag, n in rows
    }
    assert found == {
        field.name: ("--" + field.name.replace("_", "-"), field.default)
        for field in dataclasses.fields(Limits)
    }


def test_each_limit_has_a_flag():
    options = grade._parse_options(
        ["--memory-bytes", "7", "--cell-seconds", "1.5"]
    )
    assert options.memory_bytes == 7
    assert options.cell_seconds == 1.5
