"""Each task of an assignment names where the book explains it."""

import nbformat
import pytest

from grader.assignments import builder
from rnncore.storage.files import CHECKS
from rnncore.testing.checks_file import read_checks


@pytest.mark.parametrize("name", builder.list_assignments())
def test_every_graded_cell_is_explained_somewhere(name):
    folder = builder.ROOT / "exercises" / name
    places = read_checks(folder / CHECKS)["explained"]
    cells = nbformat.read(folder / f"{name}.ipynb", as_version=4).cells
    graded = {
        cell.metadata.nbgrader.grade_id.removeprefix("test_")
        for cell in cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    assert places.keys() == graded


def assignment(place):
    cell = builder.SourceCell("test", "vjp", "", {"explained": place})
    return builder.Assignment("ch03_bptt", None, [cell])


def test_a_section_becomes_an_address():
    found = builder.find_explanations(
        assignment("ch03_truncated: The angle")
    )
    assert found["vjp"] == {
        "page": "ch03_truncated",
        "title": "The angle",
        "anchor": "the-angle",
    }


def test_a_task_that_names_nothing_is_explained_by_its_chapter():
    cell = builder.SourceCell("test", "vjp", "", {})
    made = builder.Assignment("ch03_bptt", None, [cell])
    place = builder.find_explanations(made)["vjp"]
    assert place["title"] == "Backpropagation through time"
    assert place["anchor"] == ""


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("ch99_none", "no page 'ch99_none'"),
        ("ch03_bptt: Nothing", "ch03_bptt has no section 'Nothing'"),
    ],
)
def test_what_the_book_does_not_have_is_refused(place, says):
    with pytest.raises(ValueError, match=says):
        builder.find_explanations(assignment(place))
