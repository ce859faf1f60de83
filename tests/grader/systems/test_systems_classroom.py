"""GitHub Classroom's starter repository, and the clones that come back."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from unittest import mock

import nbformat
import pytest
import yaml

from grader.assignments import builder
from grader.commands import classroom as command
from grader.course.settings import Course
from grader.systems import classroom, trial
from grader.systems.tree import split_secrets
from tests.helpers.grading import ROOT, make_once

NAME = "ch03_bptt"
STEP = {"name", "id", "uses", "run", "with", "env"}
ACTIONS = {  # an action's inputs, as its action.yml has them
    "actions/checkout@v4": set(),
    "actions/setup-python@v5": {"python-version", "cache"},
    "education/autograding-command-grader@v1": {
        "test-name",
        "setup-command",
        "command",
        "timeout",
        "max-score",
    },
    "education/autograding-grading-reporter@v1": {"runners"},
}


@pytest.fixture(scope="session")
def starter(tmp_path_factory, released):
    """A starter repository, of a release that was built for other tests."""

    def build(name, root, values):
        for part in ("exercises", "grading/source"):
            folder = root / part / name
            folder.parent.mkdir(parents=True)
            folder.symlink_to(released(name) / part / name)

    def make(folder):
        with mock.patch.object(builder, "build", build):
            assert command.main([NAME, str(folder)]) == 0

    return make_once(tmp_path_factory, "starter", make)


def flow(starter):
    path = starter / ".github" / "workflows" / "classroom.yml"
    # "on" is a truth value in YAML 1.1; GitHub reads it as a text
    return yaml.load(path.read_text(), yaml.BaseLoader)


def test_the_workflow_has_only_what_github_knows(starter):
    found = flow(starter)
    assert found.keys() == {"name", "on", "permissions", "jobs"}
    assert found["on"] == ["push", "repository_dispatch"]
    assert set(found["permissions"].values()) <= {"read", "write"}
    [(key, job)] = found["jobs"].items()
    assert re.fullmatch(r"[a-z][a-z0-9-]*", key)
    assert job.keys() == {"runs-on", "if", "timeout-minutes", "steps"}
    for step in job["steps"]:
        assert step.keys() <= STEP
        assert ("uses" in step) != ("run" in step)
        if "uses" in step:
            assert set(step.get("with", {})) <= ACTIONS[step["uses"]]


def test_each_task_has_a_step_of_its_points_that_is_reported(starter):
    notebook = nbformat.read(
        starter / "exercises" / NAME / f"{NAME}.ipynb", as_version=4
    )
    points = classroom.points_of(notebook)
    steps = flow(starter)["jobs"]["run-autograding-tests"]["steps"]
    graders = {
        s["name"]: s for s in steps if "command-grader" in s.get("uses", "")
    }
    assert graders.keys() == points.keys()
    assert len(points) > 3
    for task, step in graders.items():
        assert float(step["with"]["max-score"]) == points[task]
    reporter = steps[-1]
    runners = reporter["with"]["runners"].split(",")
    assert runners == [step["id"] for step in graders.values()]
    for runner in runners:
        asked = reporter["env"][f"{runner.upper()}_RESULTS"]
        assert asked == f"${{{{steps.{runner}.outputs.result}}}}"


def test_nothing_hidden_is_in_the_repository(starter, released):
    source = released(NAME) / "grading" / "source" / NAME / f"{NAME}.ipynb"
    secret, public = set(), set()
    for cell in nbformat.read(source, as_version=4).cells:
        hidden, visible = split_secrets(cell.source)
        secret |= {
            x.strip() for x in hidden.split("\n") if len(x.strip()) > 20
        }
        public |= {x.strip() for x in visible.split("\n")}
    for path in (ROOT / "rnncore").rglob("*.py"):
        public |= {x.strip() for x in path.read_text().split("\n")}
    secret -= public
    assert len(secret) > 20
    for path in starter.rglob("*"):
        if path.is_file() and path.suffix != ".npz":
            text = path.read_bytes().decode(errors="replace")
            lines = {
                x.strip() for x in text.replace("\\n", "\n").split("\n")
            }
            assert not secret & lines, path
    assert not (starter / "grader").exists()
    assert not (starter / "solutions").exists()


@pytest.fixture
def short():
    """A folder for a socket, whose path has at most 104 letters."""
    with tempfile.TemporaryDirectory() as folder:
        yield folder


def run(starter, command, folder, **environment):
    """A step's command, as a runner calls it."""
    program, *arguments = command.split()
    assert program == "python"
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=starter,
        env=os.environ | {"TMPDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.weekly
def test_the_steps_run_in_a_fresh_copy(starter, released, tmp_path, short):
    notebook = starter / "exercises" / NAME / f"{NAME}.ipynb"
    blank = notebook.read_text()
    steps = flow(starter)["jobs"]["run-autograding-tests"]["steps"]
    table = next(s["run"] for s in steps if s["name"] == "Points")
    first = next(s for s in steps if "command-grader" in s.get("uses", ""))
    summary = tmp_path / "summary.md"
    try:
        done = run(starter, table, short, GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""  # the action takes any for a failure
        assert re.search(r"\| all \| \| 0 of \d+ \|", summary.read_text())
        assert run(starter, first["with"]["command"], short).returncode == 1

        source = (
            released(NAME) / "grading" / "source" / NAME / f"{NAME}.ipynb"
        )
        nbformat.write(trial.read_solved(source), notebook)
        done = run(starter, first["with"]["command"], short)
        assert done.returncode == 0, done.stdout
        assert done.stderr == ""
        done = run(starter, table, short)
        all_points = re.search(
            r"\| all \| \| (\d+) of (\d+) \|", done.stdout
        )
        assert all_points[1] == all_points[2] != "0"
    finally:
        notebook.write_text(blank)


def test_a_notebook_that_is_none_is_told_in_a_line(starter, tmp_path):
    (tmp_path / "x.ipynb").write_text("{")
    command = f"python .github/points.py {tmp_path}/x.ipynb"
    done = run(starter, command, tmp_path)
    assert done.returncode == 2
    assert "x.ipynb is not a notebook" in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_a_starter_whose_tests_do_not_run_is_not_written(
    released, tmp_path, capsys, monkeypatch
):
    def build(name, root, values):
        for part in ("exercises", "grading/source"):
            shutil.copytree(
                released(name) / part / name, root / part / name
            )

    def fill(name, built, tree):
        whole(name, built, tree)
        (tree / "rnncore" / "testing" / "checks.py").unlink()

    whole = classroom._fill
    monkeypatch.setattr(builder, "build", build)
    monkeypatch.setattr(classroom, "_fill", fill)
    assert command.main([NAME, str(tmp_path / "new")]) == 2
    assert "expected to give" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    assert command.main([NAME, str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def clone(folder, learner, text, slug="bptt-2026"):
    place = folder / f"{slug}-{learner}" / "exercises" / NAME
    place.mkdir(parents=True)
    (place / f"{NAME}.ipynb").write_text(text)
    return place


@pytest.fixture
def course(tmp_path):
    root = tmp_path / "course"
    root.mkdir()
    (root / "nbgrader_config.py").write_text(
        (ROOT / "nbgrader_config.py").read_text()
    )
    return Course(root)


def test_clones_become_submissions(tmp_path, course):
    source = tmp_path / "bptt-2026-submissions"
    for learner in ("ann", "bob-b"):
        clone(source, learner, f"by {learner}")
    assert classroom.collect(NAME, source, course) == (["ann", "bob-b"], [])
    for learner in ("ann", "bob-b"):
        path = course.submitted / learner / NAME / f"{NAME}.ipynb"
        assert path.read_text() == f"by {learner}"
    (
        source / "bptt-2026-ann" / "exercises" / NAME / f"{NAME}.ipynb"
    ).write_text("pushed again")
    classroom.collect(NAME, source, course)
    path = course.submitted / "ann" / NAME / f"{NAME}.ipynb"
    assert path.read_text() == "pushed again"
    earlier = (course.home / "earlier").rglob(f"{NAME}.ipynb")
    assert [path.read_text() for path in earlier] == ["by ann"]


def test_when_it_came_in_is_the_instructors_word_in_every_run(
    tmp_path, course
):
    source = tmp_path / "bptt-2026-submissions"
    place = clone(source, "ann", "by ann")
    (place / "TimeStamp.txt").write_text("2020-01-01 00:00:00 UTC")
    (place / "timestamp.txt").write_text("2020-01-01 00:00:00 UTC")
    (place / "data.csv").write_text("1,2")
    taken = course.submitted / "ann" / NAME
    classroom.collect(NAME, source, course)
    assert {p.name for p in taken.iterdir()} == {
        f"{NAME}.ipynb",
        "data.csv",
    }
    said = "2026-02-03 18:00:00 UTC"
    (taken / "timestamp.txt").write_text(said)
    classroom.collect(NAME, source, course)
    assert (taken / "timestamp.txt").read_text() == said
    (place / "timestamp.txt").unlink()
    (place / "timestamp.txt").mkdir()
    (place / "timestamp.txt" / "x").touch()
    assert classroom.collect(NAME, source, course) == (["ann"], [])
    assert (taken / "timestamp.txt").read_text() == said


def test_a_clone_that_links_elsewhere_brings_nothing(tmp_path, course):
    secret = tmp_path / "secret" / NAME
    secret.mkdir(parents=True)
    (secret / f"{NAME}.ipynb").write_text("answers")
    source = tmp_path / "bptt-2026-submissions"
    (source / "bptt-2026-eve").mkdir(parents=True)
    (source / "bptt-2026-eve" / "exercises").symlink_to(tmp_path / "secret")
    (source / "bptt-2026-mal").symlink_to(tmp_path / "secret")
    assert classroom.collect(NAME, source, course) == (["eve"], [])
    assert not [*(course.submitted / "eve" / NAME).iterdir()]


def test_a_clone_with_no_learners_name_is_named(tmp_path, course):
    source = tmp_path / "bptt-submissions"
    clone(source, "ann", "a", "bptt")
    clone(source, "bell\u202eb", "b", "bptt")
    (source / "notes").mkdir()
    taken, refused = classroom.collect(NAME, source, course)
    assert taken == ["ann"]
    assert len(refused) == 2
    assert all(line.isascii() for line in refused)


def test_where_the_slug_is_not_known_no_learner_is_guessed(
    tmp_path, course, capsys
):
    clone(tmp_path / "x", "ann", "a")
    asked = [
        NAME,
        "--from",
        str(tmp_path / "x"),
        "--root",
        str(course.root),
    ]
    assert command.main(asked) == 2
    assert "SLUG-submissions" in capsys.readouterr().err
