"""An older release is graded by the newest tests, and its learner told."""

import pytest
from nbformat.v4 import new_notebook

from grader.course import versions
from grader.notebook.repair import repair
from tests.helpers.grading import cell_of, solved


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
    (remark,) = versions.make_remarks(known, solved())
    assert "made from version 1 of the assignment" in remark
    assert "graded with version 2" in remark


def test_the_newest_release_gets_no_remark(known):
    notebook = solved()
    cell_of(notebook, "test_double").source = "assert double(2) == 4\n"
    assert versions.made_from(known, notebook) == 2
    assert versions.make_remarks(known, notebook) == []


def test_of_another_notebook_nothing_is_said(known):
    assert versions.made_from(known, new_notebook()) is None
    assert versions.make_remarks(known, new_notebook()) == []
    assert versions.make_remarks([], solved()) == []


def test_points_that_the_instructor_changed_are_no_tampering(tmp_path):
    """The notebook carries the points of the release that it came from."""
    path = tmp_path / "demo.json"
    versions.enter(path, "a", solved())
    release = solved()
    cell_of(release, "test_double").metadata.nbgrader["points"] = 4
    known = versions.read_points(versions.enter(path, "b", release))
    assert known["test_double"] == {3, 4}
    (remark,) = repair(solved(), release, known)[1]
    assert remark == (
        "'test_double' gives 4 points; in the release that your notebook "
        "was made from, it gave 3"
    )
    forged = solved()
    cell_of(forged, "test_double").metadata.nbgrader["points"] = 100
    (remark,) = repair(forged, release, known)[1]
    assert "the points of 'test_double' had been changed" in remark


def test_a_file_of_versions_without_points_can_be_read(tmp_path):
    path = tmp_path / "demo.json"
    versions.enter(path, "a", solved())
    known = versions.read(path)
    del known[0]["points"]
    assert versions.read_points(known) == {}
