"""Test cells as courses write them get the points that nbgrader gives."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade

from grader.course.settings import Limits
from grader.isolation import sandbox
from grader.isolation.client import Server
from grader.isolation.session import Session
from grader.notebook.cells import grade_id, is_test
from grader.notebook.failures import failure_in
from grader.notebook.names import cell_metadata, kinds_of
from grader.trusted.execute import TrustedExecute
from grader.trusted.inside import decide_ways, without_hidden
from rnncore.checking import client
from rnncore.testing.failure import Failure
from tests.grader.stock_cells import BLANK, KINDS

pytestmark = pytest.mark.slow

LIMITS = Limits(cell_seconds=20, total_seconds=300, output_bytes=1_000_000)
ANSWERS = "right", "wrong", "blank"
INSIDE = {
    *("expression", "file written", "file read"),
    *("a library patched", "shared state", "state of two cells"),
}


def write_notebook(which):
    """A notebook of all kinds, with one of the answers to each."""
    cells = []
    for number, kind in enumerate(KINDS.values()):
        answer = BLANK if which == "blank" else getattr(kind, which)
        meta = cell_metadata(f"answer{number}", solution=True)
        cells.append(new_code_cell(answer, metadata=meta))
        for what, source, points in (
            ("setup", kind.setup, 0),
            ("test", kind.test, 1),
        ):
            if source:
                meta = cell_metadata(
                    f"{what}{number}",
                    grade=True,
                    locked=True,
                    points=points,
                )
                cells.append(new_code_cell(source, metadata=meta))
    return new_notebook(cells=cells)


def read_points(done):
    """The points of each kind, and what its test put out."""
    found = {}
    names = iter(KINDS)
    for cell in done.cells:
        if cell.metadata["nbgrader"]["grade_id"].startswith("test"):
            found[next(names)] = determine_grade(cell)[0], cell.outputs
    return found


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What nbgrader's own autograde gives, by answer and kind."""
    found = {}
    for which in ANSWERS:
        folder = tmp_path_factory.mktemp(which)
        resources = {"metadata": {"path": str(folder)}}
        done, _ = Execute().preprocess(write_notebook(which), resources)
        found[which] = read_points(done)
    return found


@pytest.fixture(scope="module")
def grade(tmp_path_factory):
    """Grades the notebook with one of the answers; some tests inside."""
    server = Server(sandbox.NONE)
    folder = tmp_path_factory.mktemp("ours")

    def run(which, ways):
        tests = sum(map(is_test, write_notebook("right").cells))
        execute = TrustedExecute(
            LIMITS,
            write_notebook("blank"),
            folder,
            b"",
            lambda: Session(
                *(server.path, {}, LIMITS),
                str(folder / "scratch"),
                copies=tests + 2,
            ),
            kinds_of(write_notebook("right")),
            ways,
        )
        done, _ = execute.preprocess(write_notebook(which), {})
        nbformat.validate(done)
        return done

    yield run
    server.stop()


@pytest.fixture(scope="module")
def tried(grade):
    """How the tests run, as the right answers decide it."""

    def run(ways):
        cells = grade("right", ways).cells
        return {
            grade_id(cell): failure_in(cell) or Failure("NotGraded")
            for cell in cells
            if is_test(cell)
            and determine_grade(cell)[0] != determine_grade(cell)[1]
        }

    tests = map(grade_id, filter(is_test, write_notebook("right").cells))
    return decide_ways(tests, run)


@pytest.fixture(scope="module")
def ours(grade, tried):
    """What the grader gives, by answer and kind."""
    return {w: read_points(grade(w, tried.ways)) for w in ANSWERS}


def test_few_cells_run_inside(tried):
    assert not tried.failing
    kinds = [
        [*KINDS][int(name.removeprefix("test"))] for name in tried.ways
    ]
    assert {*kinds} == INSIDE


@pytest.mark.parametrize("which", ANSWERS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_stock_cell_gets_nbgraders_points(ours, theirs, kind, which):
    points, outputs = ours[which][kind]
    expected, _ = theirs[which][kind]
    assert expected == (which == "right")
    assert points == expected, outputs


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Whether each kind's visible test holds in `make check`, by answer."""
    found = {}
    for which in ANSWERS:
        notebook = write_notebook(which)
        for cell in notebook.cells:
            cell.source = without_hidden(cell.source)
        path = tmp_path_factory.mktemp(which) / "stock.ipynb"
        nbformat.write(notebook, path)
        with client.Checker(path) as checker:
            told = checker.ask(client.read_cells(path), 300)["tests"]
        holds = {test["test"]: test["holds"] for test in told}
        found[which] = {
            kind: holds[f"test{number}"]
            for number, kind in enumerate(KINDS)
        }
    return found


@pytest.mark.parametrize("which", ANSWERS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_holds_in_the_check_gets_its_points(
    checked, ours, kind, which
):
    points, outputs = ours[which][kind]
    if (
        which == "wrong"
        and without_hidden(KINDS[kind].test) != KINDS[kind].test
    ):
        pytest.skip("its hidden test alone finds what is wrong")
    assert checked[which][kind] == (points == 1), outputs


def test_there_are_kinds_in_nbgraders_own_form():
    docs = [kind for kind in KINDS if kind.startswith("docs: ")]
    assert len(docs) >= 15
    assert len(KINDS) >= 40
