"""An assignment of two notebooks on each way that notebooks take in a class."""

import csv
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.commands import collect, similarity
from grader.course.settings import Limits
from grader.notebook.names import cell_metadata
from grader.systems.incoming import folder_in, take_in
from tests.grader.test_grade_similarity import ANSWER, OTHER, RENAMED
from tests.helpers.exports import make_empty, moodle, pack

PAIR = "pair"
STEMS = ["first", "second"]


def write(task, answer):
    """One notebook: an answer and its test."""
    meta = cell_metadata(task, solution=True)
    graded = cell_metadata(
        f"test_{task}", grade=True, locked=True, points=2
    )
    cells = [
        new_code_cell(answer, metadata=meta),
        new_code_cell(f"assert callable({task})", metadata=graded),
    ]
    return new_notebook(cells=cells)


def notebooks(first="def first(): pass", second="def second(): pass"):
    """Both, as texts by their files."""
    made = write("first", first), write("second", second)
    return {
        f"{stem}.ipynb": nbformat.writes(one)
        for stem, one in zip(STEMS, made, strict=True)
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = make_empty(tmp_path_factory.mktemp("two"))
    folder = root / "grading" / "source" / PAIR
    folder.mkdir()
    for file, text in notebooks().items():
        (folder / file).write_text(text)
    return root


@pytest.fixture
def root(made, tmp_path):
    return shutil.copytree(made, tmp_path / "course")


def taken(root):
    """The files of each learner."""
    folder = root / "grading" / "submitted"
    return {
        who.name: {p.name for p in (who / PAIR).iterdir()}
        for who in folder.iterdir()
    }


def run(root, status):
    assert collect.main([PAIR, "--root", str(root)]) == status


@pytest.mark.parametrize("below", ["", f"{PAIR}/"])
def test_both_are_collected_and_one_that_is_missing_is_told(
    root, below, capsys
):
    both = notebooks()
    files = {
        moodle("Ann Ode", 101, f"{below}{name}"): text
        for name, text in both.items()
    }
    files[moodle("Bob", 102, f"{below}second (1).ipynb")] = both[
        "second.ipynb"
    ]
    files[moodle("Bob", 102, f"{below}notes.txt")] = "x"
    pack(root / "grading" / "downloaded" / PAIR / "a.zip", files)
    run(root, 0)
    assert taken(root) == {
        "Ann Ode": {*both},
        "Bob": {"second.ipynb", "notes.txt"},
    }
    told = capsys.readouterr().out
    assert "Bob: no first.ipynb was taken in" in told
    assert "Ann Ode: no" not in told


def test_a_folder_called_as_the_assignment_is_no_learners(root):
    folder = root / "grading" / "downloaded" / PAIR / "class" / "ann" / PAIR
    folder.mkdir(parents=True)
    for file, text in notebooks().items():
        (folder / file).write_text(text)
    run(root, 0)
    assert taken(root) == {"ann": {"first.ipynb", "second.ipynb"}}


def test_a_later_version_of_one_counts_for_that_one(root):
    both = notebooks()
    place = root / "grading" / "downloaded" / PAIR
    pack(
        place / "a.zip",
        {moodle("Ann", 101, name): text for name, text in both.items()},
    )
    later = notebooks(second="def second(): return 2")["second.ipynb"]
    pack(place / "b.zip", {moodle("Ann", 101, "second.ipynb"): later})
    run(root, 0)
    folder = root / "grading" / "submitted" / "Ann" / PAIR
    assert (folder / "first.ipynb").read_text() == both["first.ipynb"]
    assert (folder / "second.ipynb").read_text() == later


def test_answers_of_either_are_compared(root):
    answers = {
        "ann": (OTHER, ANSWER),
        "bob": ("def first(): pass", RENAMED),
    }
    answers |= {f"other{k}": ("x = 1", f"y = {k}") for k in range(3)}
    for who, (first, second) in answers.items():
        folder = root / "grading" / "submitted" / who / PAIR
        folder.mkdir(parents=True)
        for file, text in notebooks(first, second).items():
            (folder / file).write_text(text)
    (folder / "first.ipynb").unlink()
    assert similarity.main(["--root", str(root), "--share", "0.4"]) == 0
    with (root / "grading" / "similarity.csv").open() as file:
        found = [
            (row["learner"], row["other"]) for row in csv.DictReader(file)
        ]
    assert found == [("ann", "bob")]


def test_an_upload_with_one_of_them_is_the_place(tmp_path):
    upload = tmp_path / "upload"
    folder = upload / "exercises" / PAIR
    folder.mkdir(parents=True)
    (folder / "second.ipynb").write_text(notebooks()["second.ipynb"])
    assert folder_in(upload, PAIR, STEMS) == folder
    (folder / "big.txt").write_text("x")
    take_in(folder, tmp_path / "taken", STEMS, Limits(upload_files=1))
    assert [p.name for p in (tmp_path / "taken").iterdir()] == [
        "second.ipynb"
    ]
