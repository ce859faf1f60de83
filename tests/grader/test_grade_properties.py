"""Points by property, through `make grade` and what it writes."""

import csv
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade

from grader.commands import grade
from grader.notebook.failures import check_of, note
from grader.notebook.names import cell_metadata
from rnncore.checking.client import report
from rnncore.checking.runner import run_cell
from rnncore.testing.failure import Failure
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    hand_in,
    make_course,
    solved,
)

TEST = """import numpy as np
from rnncore.testing import Properties, assert_refuses, check
properties = Properties(values=1, dtype=1, refusals=1)
visible = [{"x": np.full((2, 3), 1.5)}]
check(double, lambda x: 2 * x, visible, outputs="y", by=properties)
### BEGIN HIDDEN TESTS
hidden = [{"x": np.full((2, 3), 31415.75, t)} for t in (float, "float32")]
check(double, lambda x: 2 * x, hidden, outputs="y", by=properties)
with properties("refusals"):
    assert_refuses(double, {"x": np.full(27182, np.nan)}, "x is no number")
### END HIDDEN TESTS
properties.points("It holds.")"""
REFUSES = "    if (x != x).any(): raise ValueError('x: expected numbers')\n"
START = "import numpy as np\ndef double(x):\n"
ANSWERS = {  # and what of values, dtype and refusals they get
    "right": (START + REFUSES + "    return 2 * x", [1, 1, 1]),
    "float64": (START + REFUSES + "    return 2.0 * x.astype(float)", [1, 0, 1]),
    "takes_all": (START + "    return 2 * x", [1, 1, 0]),
    "both": (START + "    return 2.0 * x.astype(float)", [1, 0, 0]),
    "zeros": (START + REFUSES + "    return 0 * x", [0, 0, 0]),
    "hidden": (START + REFUSES + "    return 2 * x * (x < 99)", [0, 0, 0]),
    "raises": (START + "    if x.size > 99: raise OSError(str(x.size))\n"
               "    return 2 * x", [1, 1, 0]),
    "ends": (START + "    if x.dtype != float: import os; os._exit(0)\n"
             "    return 2 * x", [0, 0, 0]),
    "blank": (START + "    raise NotImplementedError", [0, 0, 0]),
}  # fmt: skip
NAMES = ("values", "dtype", "refusals")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class whose answers lack one property or another."""
    root = make_course(tmp_path_factory.mktemp("properties"))
    source = root / "grading" / "source" / NAME
    made = nbformat.read(source / f"{NAME}.ipynb", as_version=4)
    cell_of(made, "test_double").source = TEST
    nbformat.write(made, source / f"{NAME}.ipynb")
    for learner, (answer, _) in ANSWERS.items():
        notebook = solved()
        cell_of(notebook, "double").source = answer
        hand_in(root, learner, notebook)
    assert grade.main(["--root", str(root)]) == 0
    return root


def check_in(course, learner):
    path = course / "grading" / "results" / learner / f"{NAME}.json"
    checks = json.loads(path.read_text())["checks"]
    return next(c for c in checks if c["id"] == "test_double")


@NEEDS_SANDBOX
@pytest.mark.parametrize("learner", ANSWERS)
def test_an_answer_loses_what_it_lacks(course, learner):
    got = ANSWERS[learner][1]
    check = check_in(course, learner)
    assert check["points"] == sum(got)
    assert check["properties"] == {
        name: [points, 1] for name, points in zip(NAMES, got, strict=True)
    }
    told = [check["failure"], *check["others"]]
    costs = [Failure.from_json(one).costs for one in told if one]
    if sum(got) and sum(got) < 3:
        assert costs == [
            n for n, p in zip(NAMES, got, strict=True) if not p
        ]


@NEEDS_SANDBOX
def test_the_table_of_tasks_has_a_last_column_for_them(course):
    with (course / "grading" / "tasks.csv").open() as file:
        rows = [*csv.DictReader(file)]
    assert list(rows[0])[-2:] == ["hidden", "properties"]
    (row,) = [
        row
        for row in rows
        if (row["learner"], row["task"]) == ("both", "test_double")
    ]
    assert (row["points"], row["of"]) == ("1.0", "3.0")
    assert row["properties"] == "values 1/1, dtype 0/1, refusals 0/1"
    assert {
        r["properties"] for r in rows if r["task"] == "test_triple"
    } == {""}


@NEEDS_SANDBOX
def test_a_page_says_which_property_failed_and_no_hidden_value(course):
    page = course / "grading" / "feedback" / "both" / NAME / f"{NAME}.html"
    text = page.read_text()
    for said in (
        "What the check found (dtype)",
        "What the check found (refusals)",
        "bad input is refused",
        "0 of 1 point<",
        "1 of 1 point<",
    ):
        assert said in text
    for learner in ANSWERS:
        folder = course / "grading" / "feedback" / learner / NAME
        shown = (folder / f"{NAME}.html").read_text()
        result = json.dumps(check_in(course, learner))
        for secret in ("31415", "27182", "62831"):
            assert secret not in shown
            assert secret not in result


@NEEDS_SANDBOX
def test_the_formgraders_notebook_shows_the_properties(course):
    folder = course / "grading" / "autograded" / "both" / NAME
    notebook = nbformat.read(folder / f"{NAME}.ipynb", as_version=4)
    cell = cell_of(notebook, "test_double")
    assert determine_grade(cell) == (1.0, 3)
    text = cell.outputs[0].text
    assert text.startswith("values: 1 of 1\ndtype: 0 of 1: y: ")
    assert "27182" not in text


@pytest.mark.parametrize("learner", sorted({*ANSWERS} - {"ends"}))
def test_a_stock_nbgrader_reads_the_same_points(shell, learner):
    answer, got = ANSWERS[learner]
    # Tests beside the answer, as nbgrader has them.
    run_cell(shell, {"source": answer, "test": ""}, 1)
    test = {"source": TEST, "test": "test_double", "points": 3}
    told = run_cell(shell, test, 2)
    meta = cell_metadata("test_double", grade=True, locked=True, points=3)
    cell = new_code_cell(TEST, metadata=meta)
    if told["got"] is not None:
        data = {
            "text/plain": shell.display_formatter.formatters["text/plain"](
                told["got"]
            )
        }
        cell.outputs = [new_output("execute_result", data)]
    elif not told["holds"]:
        cell.outputs = [new_output("error", ename="E", evalue="")]
    assert determine_grade(cell) == (sum(got), 3)


def test_make_check_names_the_properties(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    visible = TEST.split("### BEGIN")[0].replace(
        "np.full((2, 3), 1.5)", 'np.ones((2, 3), "float32")'
    )
    test = {
        "source": visible + 'properties.points("It holds.")',
        "test": "test_double",
        "points": 3,
    }
    run_cell(shell, {"source": ANSWERS["float64"][0], "test": ""}, 1)
    told = run_cell(shell, test, 2)
    assert (told["got"], told["holds"]) == (2.0, False)
    assert Failure.from_json(told["failure"]).costs == "dtype"
    answer = {"tests": [told], "errors": [], "stopped": ""}
    path = tmp_path / "demo.ipynb"
    path.write_text('{"cells": []}')
    text = report(path, [test], answer, 0.1)
    assert (
        "- double: 2 of 3 points\n      dtype: y: expected float32" in text
    )
    run_cell(shell, {"source": ANSWERS["right"][0], "test": ""}, 3)
    assert run_cell(shell, test, 4)["holds"]


def test_points_lost_to_the_error_stream_are_no_propertys():
    meta = cell_metadata("test_double", grade=True, points=3)
    cell = new_code_cell(TEST, metadata=meta)
    stream = new_output("stream", name="stderr", text="a word")
    data = {"text/plain": "2.0"}
    cell.outputs = [stream, new_output("execute_result", data)]
    note(cell, Failure(about="dtype", what="y", costs="dtype"))
    check = check_of(cell)
    assert (check["points"], check["failure"]["kind"]) == (0, "ErrorStream")
    assert {points for points, _ in check["properties"].values()} == {0}
