"""An older release is graded by the newest tests, and its learner told."""

import pytest
from nbformat.v4 import new_notebook

from grader.course import versions
from grading import cell_of, solved


@pytest.fixture
def known(tmp_path):
    """Two versions: the second has another test of `double`."""
    path = tmp_path / "versions" / "demo.json"
    versions.enter(path, "a", solved())
    second = solved()
    cell_of(second, "test_double").source = "assert double(2) == 4"
    versions.enter(path, "b", second)
    return versions.read(path)


def test_a_version_is_entered_once(tmp_path):
    path = tmp_path / "demo.json"
    for _ in range(2):
        assert [
            v["number"] for v in versions.enter(path, "a", solved())
        ] == [1]


def test_what_was_made_from_an_older_release_is_told_so(known):
    (remark,) = versions.remarks(known, solved())
    assert "made from version 1 of the assignment" in remark
    assert "graded with version 2" in remark


def test_the_newest_release_gets_no_remark(known):
    notebook = solved()
    cell_of(notebook, "test_double").source = "assert double(2) == 4\n"
    assert versions.made_from(known, notebook) == 2
    assert versions.remarks(known, notebook) == []


def test_of_another_notebook_nothing_is_said(known):
    assert versions.made_from(known, new_notebook()) is None
    assert versions.remarks(known, new_notebook()) == []
    assert versions.remarks([], solved()) == []
