"""What holds in `make check` holds in `make grade`, and what fails fails."""

import codecs

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.commands import grade
from grader.notebook.names import cell_metadata
from grader.trusted.inside import Way, record
from rnncore.checking import client
from tests.helpers.grading import NEEDS_SANDBOX, ROOT, hand_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]
NAME = "same"
TESTS = {  # of an answer's names: what a test binds is its own
    "root": "import math\nassert root(4) == 2",
    "later": "assert math.floor(later(1.5)) == 1",  # the first imports it
    "value": "limit = 3\nassert value < limit",
    "half": "given = 4\nassert half(given) == 2",
}
RIGHT = {
    "root": "def root(x):\n    return x ** 0.5",
    "later": "def later(x):\n    return x",
    "value": "value = 2",
    "half": "def half(x):\n    return x / 2",
}
WRONG = {  # an answer that uses what a test alone makes, or is just wrong
    "a name that only its test imports": {
        "root": "def root(x):\n    return math.sqrt(x)"
    },
    "a name that the test before imports": {
        "later": "def later(x):\n    return math.fabs(x)"
    },
    "a name that no one makes": {"value": "value = nowhere"},
    "a value of its own in place of the one given": {
        "half": "given = 9\ndef half(x):\n    return given / 2"
    },
    "a wrong value": {"root": "def root(x):\n    return x"},
    "its own import": {
        "root": "import math\ndef root(x):\n    return math.sqrt(x)"
    },
    "all right": {},
}


def made(changes, *, solved=True):
    """The notebook with these answers; else as the author wrote it."""
    cells = []
    for task, answer in (RIGHT | changes).items():
        text = answer
        if not solved:
            text = f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION"
        meta = cell_metadata(task, solution=True)
        cells.append(new_code_cell(text, metadata=meta))
        meta = cell_metadata(
            f"test_{task}", grade=True, locked=True, points=1
        )
        cells.append(new_code_cell(TESTS[task], metadata=meta))
    return new_notebook(cells=cells)


def check(path):
    """Whether each test holds for a learner."""
    return {test["test"]: test["holds"] for test in ask(path)}


def ask(path):
    """What a learner's check says of each test."""
    with client.Checker(path) as checker:
        return checker.ask(client.read_cells(path), 30)["tests"]


def path_of(root, number):
    """What a learner has handed in."""
    folder = root / "grading" / "submitted" / f"l{number}" / NAME
    return folder / f"{NAME}.ipynb"


@NEEDS_SANDBOX
def test_a_learners_check_and_the_grader_agree(tmp_path):
    source = tmp_path / "grading" / "source" / NAME
    source.mkdir(parents=True)
    (tmp_path / "nbgrader_config.py").write_text(
        (ROOT / "nbgrader_config.py").read_text()
    )
    nbformat.write(made({}, solved=False), source / f"{NAME}.ipynb")
    checked = {}
    for number, changes in enumerate(WRONG.values()):
        path = hand_in(tmp_path, f"l{number}", made(changes), NAME)
        checked[f"l{number}"] = check(path)
    assert grade.main(["--root", str(tmp_path)]) == 0
    lines = (tmp_path / "grading" / "tasks.csv").read_text().splitlines()
    graded = {who: {} for who in checked}
    for line in lines[1:]:
        who, _, test, points = line.split(",")[:4]
        graded[who][test] = float(points) == 1
    told = dict(zip(WRONG, graded.values(), strict=True))
    assert dict(zip(WRONG, checked.values(), strict=True)) == told
    assert all(told["all right"].values())
    assert not told["a name that only its test imports"]["test_root"]
    advice = "A test makes math, and no cell of yours does"
    (failed,) = [t for t in ask(path_of(tmp_path, 0)) if not t["holds"]]
    assert advice in failed["says"]
    pages = [
        (tmp_path / f"grading/feedback/l{n}/{NAME}/{NAME}.html").read_text()
        for n in range(len(WRONG))
    ]
    assert [advice in page for page in pages] == [True, True] + 5 * [False]


def test_a_name_that_a_test_deletes_is_deleted_for_the_answer(tmp_path):
    """nbgrader's own way to ask what a function calls."""
    test = (
        "kept = helper\ndel helper\ntry:\n    root(4)\nexcept NameError:\n"
        "    pass\nelse:\n    raise AssertionError\nfinally:\n"
        "    helper = kept"
    )
    answer = (
        "def helper(x):\n    return x\ndef root(x):\n    return helper(x)"
    )
    notebook = made({"root": answer})
    notebook.cells[1].source = test
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    assert check(path)["test_root"]


def test_an_answer_called_as_what_an_earlier_test_imports_is_the_one_tested(
    tmp_path,
):
    """A wrong one, where the import gives the right one."""
    notebook = made({"root": "def root(x):\n    return x ** 0.5"})
    notebook.cells[
        1
    ].source = "from math import floor as later\nassert root(4)"
    notebook.cells[2].source = "def later(x):\n    return x"
    notebook.cells[3].source = "assert later(1.5) == 1"
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    assert check(path) == {
        "test_root": True,
        "test_later": False,
        "test_value": True,
        "test_half": True,
    }


@pytest.mark.parametrize("inside", [True, False])
def test_a_test_that_runs_inside_sets_what_the_answer_reads(
    tmp_path, inside
):
    notebook = made({"root": "limit = 1\ndef root(x):\n    return limit"})
    notebook.cells[1].source = "limit = 5\nassert root(4) == 5"
    if inside:
        record(notebook.cells[1], Way("inside", "it sets a limit"))
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    assert check(path)["test_root"] is inside


def test_a_test_changes_no_name_of_the_notebook(tmp_path):
    notebook = made({"root": "limit = 1\ndef root(x):\n    return 2"})
    notebook.cells[1].source = "limit = 5\nassert root(4) == 2"
    notebook.cells[2].source = "def later(x):\n    return limit"
    notebook.cells[3].source = "assert later(0) == 1"
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    assert check(path)["test_later"]


@pytest.mark.parametrize("loss", ["marks", "mark of UTF-8"])
def test_what_an_editor_does_to_the_file_is_checked_all_the_same(
    tmp_path, loss
):
    release = ROOT / "exercises" / "ch03_bptt" / "ch03_bptt.ipynb"
    path = tmp_path / "ch03_bptt.ipynb"
    before = client.read_cells(release)
    if loss == "marks":
        notebook = nbformat.read(release, 4)
        for cell in notebook.cells:
            cell.metadata.pop("nbgrader", None)
        nbformat.write(notebook, path)
    else:
        path.write_bytes(codecs.BOM_UTF8 + release.read_bytes())
    assert client.read_cells(path) == before
