"""The course's folder: the nearest with a course.toml, never another's."""

import os

import pytest

from grader import CODE, find_root


def test_the_nearest_folder_with_a_course_file_is_the_course(tmp_path):
    for folder in (tmp_path, tmp_path / "a"):
        inner = folder / "b" / "c"
        inner.mkdir(parents=True)
        (folder / "course.toml").touch()
        assert find_root(inner) == folder


def test_a_folder_without_one_is_itself_the_course(tmp_path):
    assert find_root(tmp_path) == tmp_path


def test_within_the_repository_its_own_folder_is_the_course():
    assert find_root(CODE / "book") == CODE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_users_course_file_above_does_not_count(tmp_path):
    inner = tmp_path / "mine"
    inner.mkdir()
    (tmp_path / "course.toml").touch()
    os.chown(tmp_path / "course.toml", 54321, 54321)
    assert find_root(inner) == inner
    os.chown(inner, 54321, 54321)  # their own folder below it
    assert find_root(inner) == tmp_path
