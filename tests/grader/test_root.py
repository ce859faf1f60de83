"""The course's folder: the nearest with a course.toml, never another's."""

import os
import shutil

import pytest

import grader
from grader import CODE, find_root
from grader.assignments import builder
from grader.commands import init
from grader.course.home import make_home
from grader.course.settings import Course


def test_the_nearest_folder_with_a_course_file_is_the_course(tmp_path):
    for folder in (tmp_path, tmp_path / "a"):
        inner = folder / "b" / "c"
        inner.mkdir(parents=True)
        (folder / "course.toml").touch()
        assert find_root(inner) == folder


@pytest.fixture
def course_file(monkeypatch):
    """The name of a course file that no folder above a test's own has."""
    monkeypatch.setattr(grader, "COURSE_FILE", "course-of-this-test.toml")
    return grader.COURSE_FILE


@pytest.mark.usefixtures("course_file")
def test_a_folder_without_one_is_itself_the_course(tmp_path):
    assert find_root(tmp_path) == tmp_path


def test_within_the_repository_its_own_folder_is_the_course():
    assert find_root(CODE / "book") == CODE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_users_course_file_above_does_not_count(
    tmp_path, course_file
):
    inner = tmp_path / "mine"
    inner.mkdir()
    (tmp_path / course_file).touch()
    os.chown(tmp_path / course_file, 54321, 54321)
    assert find_root(inner) == inner
    os.chown(inner, 54321, 54321)  # their own folder below it
    assert find_root(inner) == tmp_path


def make_by_init(root):
    assert init.main([str(root)]) == 0


def make_by_course(root):
    shutil.copy(CODE / "nbgrader_config.py", root)
    with Course(root).alone():
        pass


@pytest.mark.parametrize(
    "make",
    [
        make_by_init,
        make_by_course,
        builder.open_course,
        lambda root: make_home(root / "grading"),
    ],
)
def test_hidden_tests_and_marks_are_their_owners_alone(tmp_path, make):
    """Whichever command makes the folder, and with no umask."""
    root = tmp_path / "course"
    root.mkdir()
    before = os.umask(0)
    try:
        make(root)
    finally:
        os.umask(before)
    assert (root / "grading").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_open_to_all_is_told(tmp_path, capsys):
    home = tmp_path / "grading"
    home.mkdir()
    for mode, said in (0o755, True), (0o770, False), (0o700, False):
        home.chmod(mode)
        make_home(home)
        assert ("chmod 700" in capsys.readouterr().err) == said
        assert home.stat().st_mode & 0o777 == mode
