"""Notebooks in the forms of public courses get the points that nbgrader gives."""

from __future__ import annotations

import copy
import shutil

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI, UpdateApp
from traitlets.config import Config

from grader.assignments import builder, plain, source
from grader.commands import build, grade
from grader.course.settings import add_programs_to_path
from grader.notebook.cells import grade_id
from grader.run import trial
from tests.grader.stock_formats import FORMATS
from tests.grader.test_stock_notebooks import AUTOTESTS
from tests.helpers.grading import NEEDS_SANDBOX, ROOT, make_once

pytestmark = [
    NEEDS_SANDBOX,
    pytest.mark.weekly,
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]
NAMES = list(FORMATS)
ANSWERS = "right", "wrong", "blank"


def write_sources(folder):
    """The sources, each an assignment."""
    for name in NAMES:
        made = FORMATS[name]
        (folder / name).mkdir(parents=True)
        nbformat.write(made.notebook, folder / name / f"{name}.ipynb")
        for file, text in made.files.items():
            (folder / name / file).write_text(text)
    shutil.copy(AUTOTESTS / "autotests.yml", folder)


def answer(name, release, which):
    """A released notebook with an answer to all of it, as handed in."""
    made, notebook = FORMATS[name], copy.deepcopy(release)
    solved = trial.solve(copy.deepcopy(made.notebook))
    texts = {grade_id(cell): cell.source for cell in solved.cells}
    for cell in notebook.cells:
        if which != "blank" and cell.metadata.get("nbgrader", {}).get(
            "solution"
        ):
            cell.source = texts[grade_id(cell)]
            if which == "wrong":
                cell.source = cell.source.replace(made.was, made.now)
    if which == "wrong":
        changed = [c.source for c in notebook.cells if made.now in c.source]
        assert changed, name
    return notebook


def hand_in(root, name, release):
    """Each of the answers, as a learner's of that name."""
    for which in ANSWERS:
        folder = root / "submitted" / which / name
        shutil.copytree(release, folder)
        path = folder / f"{name}.ipynb"
        nbformat.write(answer(name, nbformat.read(path, 4), which), path)


def read_points(database):
    """The points of each cell, and whether a person is to give them."""
    found = {}
    with Gradebook(f"sqlite:///{database}") as book:
        for assignment in book.assignments:
            for submission in book.assignment_submissions(assignment.name):
                for notebook in submission.notebooks:
                    for given in notebook.grades:
                        key = (
                            submission.student.id,
                            assignment.name,
                            given.name,
                        )
                        found[key] = (
                            given.auto_score,
                            given.needs_manual_grade,
                        )
    return found


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """What `grader build` and `grader grade` give."""

    def make(root):
        write_sources(root / "solutions")
        shutil.copy(ROOT / "nbgrader_config.py", root)
        with pytest.MonkeyPatch.context() as patch:
            for module in (source, builder, plain, build, trial):
                patch.setattr(module, "ROOT", root)
            for name in NAMES:
                builder.build(name, root)
                tried = trial.try_assignment(name, root)
                assert (tried.lost, tried.given) == ([], []), name
                hand_in(root / "grading", name, root / "exercises" / name)
            limits = ["--cell-seconds=120", "--total-seconds=600"]
            assert grade.main(["--root", str(root), *limits]) == 0

    root = make_once(tmp_path_factory, "stock-formats-ours", make)
    return read_points(root / "grading" / "gradebook.db")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What nbgrader's own generate_assignment and autograde give."""

    def make(root):
        write_sources(root / "source")
        config = Config()
        config.CourseDirectory.root = str(root)
        config.CourseDirectory.course_id = "stock"
        config.CourseDirectory.db_url = f"sqlite:///{root}/gradebook.db"
        config.Execute.timeout = 300
        course = NbGraderAPI(config=config)
        add_programs_to_path()  # nbgrader looks for alembic there
        with pytest.MonkeyPatch.context() as patch:
            shutil.copy(AUTOTESTS / "autotests.yml", root)
            patch.chdir(root)  # it looks for autotests.yml here
            for name in NAMES:
                path = root / "source" / name / f"{name}.ipynb"
                update = UpdateApp()  # it refuses older marks without
                update.initialize([str(path)])
                update.start()
                done = course.generate_assignment(
                    name, force=True, create=True
                )
                assert done["success"], (name, done["log"][-1000:])
                hand_in(root, name, root / "release" / name)
                for which in ANSWERS:
                    done = course.autograde(name, which, create=True)
                    assert done["success"], (
                        name,
                        which,
                        done["log"][-1000:],
                    )

    root = make_once(tmp_path_factory, "stock-formats-theirs", make)
    return read_points(root / "gradebook.db")


@pytest.mark.parametrize("which", ANSWERS)
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_of_this_form_gets_nbgraders_points(
    ours, theirs, name, which
):
    here, there = (
        {
            key[2]: given
            for key, given in found.items()
            if key[:2] == (which, name)
        }
        for found in (ours, theirs)
    )
    assert here == there
    got = [points for points, _ in here.values() if points is not None]
    if which == "right":
        assert sum(got) > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_answer_has_fewer_points_than_a_right_one(theirs, name):
    right, wrong, blank = (
        sum(
            p or 0
            for key, (p, _) in theirs.items()
            if key[:2] == (which, name)
        )
        for which in ANSWERS
    )
    assert right > wrong >= blank == 0


def test_there_are_enough_forms():
    assert len(NAMES) >= 15
