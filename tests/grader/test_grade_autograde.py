"""nbgrader's own `autograde`, with what nbgrader_config.py switches on."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from grader.commands import grade
from tests.attacks import harness, target
from tests.attacks.catalogue import ATTACKS
from tests.attacks.stock import points as points_or_none
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    formgrader,
    hand_in,
    make_course,
    nbgrader,
    solved,
)

pytestmark = [NEEDS_SANDBOX, pytest.mark.system]
TRIED = [  # of each sort: points, secrets, other files, the class's end
    "replaced_assert",
    "equal_array",
    "uses_reference",
    "reads_source",
    "transformer",
    "false_result",
    "skip_tag",
    "gradebook",
    "other_submission",
    "double_mark",
]


def points_of(root):
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        return {
            s.student.id: (s.score, s.needs_manual_grade)
            for s in book.assignment_submissions(NAME)
        }


def hand_in_all(root):
    """Right, wrong, ended, marked twice, no notebook at all."""
    hand_in(root, "ann", solved())
    for student, source in (
        ("bob", "def double(x): return 0"),
        ("cy", "import os; os._exit(1)"),
    ):
        notebook = solved()
        cell_of(notebook, "double").source = source
        hand_in(root, student, notebook)
    notebook = solved()
    notebook.cells.append(cell_of(notebook, "test_double"))
    hand_in(root, "dot", notebook)
    hand_in(root, "eve", "{")


def test_it_gives_the_points_that_make_grade_gives(tmp_path, capsys):
    own, ours = make_course(tmp_path / "own"), make_course(tmp_path / "us")
    for root in own, ours:
        hand_in_all(root)
    assert grade.main(["--root", str(ours)]) == 0
    assert nbgrader(own, "generate_assignment", NAME).returncode == 0
    run = nbgrader(own, "autograde", NAME)
    assert run.returncode == 0, run.stderr[-2000:]
    assert points_of(own) == points_of(ours)
    assert points_of(own)["ann"][0] == 5
    capsys.readouterr()
    assert grade.main(["--root", str(own)]) == 0  # and goes on from there
    assert "0 to grade, 5 graded already" in capsys.readouterr().out
    assert points_of(own) == points_of(ours)


def test_a_hostile_notebook_gains_nothing_through_it(tmp_path):
    root = harness.make_class(
        tmp_path, [ATTACKS[n] for n in TRIED], harness.USERS[0]
    )
    before = harness.picture(root)
    run = nbgrader(
        root, "autograde", target.NAME, env=harness.planted(root)
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert harness.picture(root) == before
    assert points_or_none(root, "honest") == target.POINTS
    got = {name: points_or_none(root, name) for name in TRIED}
    assert got == dict.fromkeys(TRIED, 0)
    for name in TRIED:
        assert harness.secrets_in(harness.shown(root, name), root) == []
    assert harness.left_processes() == []


def test_the_formgraders_button_does_the_same(tmp_path):
    names = ["replaced_assert", "reads_source", "gradebook"]
    root = harness.make_class(
        tmp_path, [ATTACKS[n] for n in names], harness.USERS[0]
    )
    before = harness.picture(root)
    with formgrader(root) as ask:
        for name in ["honest", *names]:
            path = f"/api/submission/{target.NAME}/{name}/autograde"
            assert json.loads(ask(path, "POST", 120))["success"]
    assert harness.picture(root) == before
    assert points_or_none(root, "honest") == target.POINTS
    for name in names:
        assert points_or_none(root, name) == 0
        assert harness.secrets_in(harness.shown(root, name), root) == []
    assert harness.left_processes() == []


def test_without_a_sandbox_it_runs_nothing(tmp_path):
    root = make_course(tmp_path)
    hand_in(root, "ann", solved())
    assert nbgrader(root, "generate_assignment", NAME).returncode == 0
    programs = tmp_path / "programs"  # nbgrader's, and no bubblewrap
    programs.mkdir()
    alembic = Path(sys.executable).with_name("alembic")
    (programs / "alembic").symlink_to(alembic)
    run = nbgrader(root, "autograde", NAME, env={"PATH": str(programs)})
    assert run.returncode != 0
    assert "bwrap is missing" in run.stderr
    assert not (root / "grading" / "autograded" / "ann").exists()
    shutil.rmtree(programs)


def test_with_force_a_persons_marks_stay_unless_the_answer_is_another(
    tmp_path,
):
    root = make_course(tmp_path)
    for who in "ann", "bob":
        hand_in(root, who, solved())
    assert grade.main(["--root", str(root)]) == 0
    home = f"sqlite:///{root}/grading/gradebook.db"
    with Gradebook(home) as book:
        for who, cell, points in (
            ("ann", "why", 1),
            ("ann", "test_double", 2.5),  # on code
            ("bob", "why", 0.5),
        ):
            one = book.find_grade(cell, NAME, NAME, who)
            one.manual_score, one.needs_manual_grade = points, False
            book.find_comment("why", NAME, NAME, who).manual_comment = who
        book.db.commit()
    marked = {
        who: (score, False) for who, (score, _) in points_of(root).items()
    }
    other = solved()
    cell_of(other, "why").source = "Because of another thing."
    hand_in(root, "bob", other)
    run = nbgrader(root, "autograde", NAME, "--force")
    assert run.returncode == 0, run.stderr[-2000:]
    found = points_of(root)
    assert found["ann"] == marked["ann"]
    assert found["bob"] == (marked["bob"][0], True)  # to be read again
    with Gradebook(home) as book:
        for who in "ann", "bob":
            comment = book.find_comment("why", NAME, NAME, who)
            assert comment.manual_comment == who
    assert grade.main(["--root", str(root)]) == 0
    assert points_of(root) == found
