"""A notebook computes with what the reader wrote, and tests are apart."""

import json
import os
import sys
from types import ModuleType

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from grader import ROOT
from grader.assignments import builder
from rnncore.checking import runner
from rnncore.checking.client import read_cells
from rnncore.checking.shell import make_shell
from rnncore.own.handin import mark_origin
from rnncore.own.loading import load
from rnncore.own.notebook import Marks, Notebook
from rnncore.own.tasks import TASKS, begin, course_function
from tests.helpers.checking import solved_release
from tests.helpers.own import CLOSED, NOTEBOOKS, solve


@pytest.fixture
def shell():
    """A shell of its own."""
    made = make_shell(ModuleType("own_notebook"))
    yield made
    made.restore_sys_module_state()
    sys.modules.pop("own_notebook", None)


def register(shell, folder, place=None):
    notebook = Notebook(shell, folder, place or folder)
    notebook.register()
    return notebook


def run(shell, source, test=""):
    """What a cell gives, and what to tell of it."""
    cell = {"source": source, "test": test, "points": 1}
    return runner.run_cell(shell, cell, 1)


IMPORTS = (
    "from rnncore.rnn import Params, unroll\n"
    "from rnncore.rnn import unroll as book_unroll\n"
    "first = unroll"
)


def test_an_import_is_the_readers_and_a_renamed_one_the_courses(
    shell, tmp_path
):
    register(shell, solve(tmp_path / "my_rnn"))
    run(shell, IMPORTS)
    own = sys.modules["my_rnn.cell"].unroll
    course = course_function("unroll")
    assert shell.user_ns["unroll"] is shell.user_ns["first"] is own
    assert shell.user_ns["book_unroll"] is course is not own


def test_nothing_written_changes_nothing(shell, tmp_path):
    begin(tmp_path / "my_rnn")
    register(shell, tmp_path / "my_rnn")
    run(shell, IMPORTS)
    assert shell.user_ns["unroll"] is course_function("unroll")


def save(path, *cells):
    """A notebook of cells, each a source and the mark of its test."""
    made = new_notebook(
        cells=[new_code_cell(source) for source, _ in cells]
    )
    for cell, (_, mark) in zip(made.cells, cells, strict=True):
        if mark:
            cell.metadata["nbgrader"] = {
                "grade": True,
                "solution": False,
                "grade_id": mark,
            }
    path.write_text(nbformat.writes(made))


def test_a_test_compares_with_the_course_and_tests_the_readers(
    shell, tmp_path
):
    source = "seen = unroll, bptt"
    save(tmp_path / "one.ipynb", (source, "test_bptt"))
    register(shell, solve(tmp_path / "my_rnn"), tmp_path)
    run(shell, f"{IMPORTS}\nfrom rnncore.bptt import bptt")
    run(shell, f"{source}\n")
    unroll, bptt = shell.user_ns["seen"]
    assert unroll is course_function("unroll")
    assert bptt is sys.modules["my_rnn.bptt"].bptt
    assert shell.user_ns["unroll"] is sys.modules["my_rnn.cell"].unroll


@pytest.mark.parametrize(
    "line",
    [
        "# I check(ed) this",
        "from rnncore.testing import check",
        "stored = {}",
    ],
)
def test_a_cell_that_looks_like_a_test_computes_with_the_readers(
    shell, tmp_path, line
):
    save(tmp_path / "one.ipynb", ("check(1)", "test_bptt"))
    register(shell, solve(tmp_path / "my_rnn"), tmp_path)
    run(shell, IMPORTS)
    run(shell, f"{line}\nseen = unroll")
    assert shell.user_ns["seen"] is sys.modules["my_rnn.cell"].unroll


def test_a_notebook_saved_meanwhile_and_one_half_saved(tmp_path):
    marks = Marks(tmp_path)
    (tmp_path / "half.ipynb").write_text('{"cells": [')
    assert marks.find_tested("a = 1") is None
    save(tmp_path / "one.ipynb", ("a = 1", "test_bptt"))
    assert marks.find_tested("a = 1\n") == "bptt"
    assert marks.find_tested("a = 2") is None


def test_a_saved_change_counts_from_the_next_cell_on(shell, tmp_path):
    folder = solve(tmp_path / "my_rnn")
    register(shell, folder)
    run(shell, IMPORTS)
    old = shell.user_ns["unroll"]
    path = folder / "cell.py"
    path.write_text(path.read_text().replace("y, tape = ", "y, tape  = "))
    run(shell, "pass")
    assert shell.user_ns["unroll"] is sys.modules["my_rnn.cell"].unroll
    assert shell.user_ns["unroll"] is not old
    path.write_text("def f(:")
    run(shell, "pass")
    assert shell.user_ns["unroll"] is course_function("unroll")


STUB = (
    "def unroll(cell, params, x, state):\n    raise NotImplementedError()"
)


def test_an_empty_answer_is_the_readers_and_a_written_one_stays(
    shell, tmp_path
):
    folder = solve(tmp_path / "my_rnn")
    register(shell, folder)
    run(shell, STUB)
    own = sys.modules["my_rnn.cell"].unroll
    assert shell.user_ns["unroll"] is own
    run(shell, mark_origin(own))
    assert shell.user_ns["unroll"] is sys.modules["my_rnn.cell"].unroll
    run(shell, STUB.replace("raise NotImplementedError()", "return 7"))
    assert shell.user_ns["unroll"](1, 2, 3, 4) == 7


RELEASED = sorted((ROOT / "exercises").glob("*/*.ipynb"))


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_a_cell_is_a_test_where_its_mark_says_so(path):
    marks = Marks(path.parent)
    cells = nbformat.read(path, 4).cells
    tests = 0
    for cell in cells:
        mark = cell.metadata.get("nbgrader", {})
        graded = mark.get("grade") and not mark.get("solution")
        if cell.cell_type == "code":
            name = (
                mark["grade_id"].removeprefix("test_") if graded else None
            )
            assert marks.find_tested(cell.source) == name, cell.source
            tests += bool(graded)
    assert tests


@pytest.mark.slow
def test_a_kernel_of_such_a_lab_says_which_function_is_whose(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    startup = ROOT / "rnncore" / "own" / "startup.py"
    made = new_notebook(
        cells=[
            new_code_cell(IMPORTS),
            new_code_cell(
                "print(unroll.__module__, book_unroll.__module__)"
            ),
        ]
    )
    NotebookClient(made, timeout=200, kernel_name="python3").execute(
        env=os.environ
        | {
            "PYTHONSTARTUP": str(startup),
            "RNNCORE_OWN": str(folder),
            "PYTHONPATH": str(ROOT),
        }
    )
    first, second = (cell.outputs[0].text for cell in made.cells)
    assert first == "Yours: 22 of 22 (all)\n"
    assert second == "my_rnn.cell rnncore.rnn\n"


def check_notebook(shell, notebook, path, monkeypatch):
    """Run a notebook's cells; which tests hold, names of the functions."""
    monkeypatch.chdir(path.parent)
    holds, used = {}, set()
    for number, cell in enumerate(read_cells(path), 1):
        told = runner.run_cell(shell, cell, number)
        if cell["test"]:
            holds[cell["test"].removeprefix("test_")] = told["holds"]
        for name, own in notebook.own.functions.items():
            value = shell.user_ns.get(name)
            assert value is not course_function(name), (number, name)
            if value is own:
                used.add(name)
    return holds, used


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_notebook_computes_with_the_readers_functions(
    shell, tmp_path, monkeypatch, name
):
    path = solved_release(name, tmp_path)
    clear_answer(path, name)
    notebook = register(shell, solve(tmp_path / "my_rnn"), path.parent)
    holds, used = check_notebook(shell, notebook, path, monkeypatch)
    assert all(holds.values()), holds
    assert CLOSED[name] in used


def clear_answer(path, name):
    """The notebook with its closed-book answer as it is handed out."""
    released = builder.ROOT / "exercises" / name / f"{name}.ipynb"
    made, empty = (json.loads(p.read_text()) for p in (path, released))
    for cell, old in zip(made["cells"], empty["cells"], strict=True):
        meta = cell["metadata"].get("nbgrader", {})
        if meta.get("grade_id") == CLOSED[name]:
            cell["source"] = old["source"]
    path.write_text(json.dumps(made))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ch03_bptt", "ch06_lstm"])
def test_one_wrong_function_fails_its_task_alone(
    shell, tmp_path, monkeypatch, name
):
    folder = solve(tmp_path / "my_rnn")
    task = TASKS[CLOSED[name]]
    file = folder / f"{task.file}.py"
    was = {"bptt": "d_h = d_h + d_y", "lstm_cell_vjp": "d_f = d_c"}[
        task.name
    ]
    now = {"bptt": "d_h = d_h - d_y", "lstm_cell_vjp": "d_f = -d_c"}[
        task.name
    ]
    assert was in file.read_text()
    file.write_text(file.read_text().replace(was, now))
    path = solved_release(name, tmp_path)
    clear_answer(path, name)
    notebook = register(shell, folder, path.parent)
    holds, _ = check_notebook(shell, notebook, path, monkeypatch)
    assert [task for task, good in holds.items() if not good] == [task.name]


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_with_an_empty_package_notebooks_run_as_without(
    shell, tmp_path, monkeypatch, name
):
    path = solved_release(name, tmp_path)
    begin(tmp_path / "my_rnn")
    notebook = register(shell, tmp_path / "my_rnn", path.parent)
    holds, used = check_notebook(shell, notebook, path, monkeypatch)
    assert all(holds.values()), holds
    assert used == set()
    assert load(tmp_path / "my_rnn").functions == {}
