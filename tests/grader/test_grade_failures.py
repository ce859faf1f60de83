"""What a notebook's cells failed of: records, their words, the points."""

import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from grader.notebook.failures import (
    INSIDE,
    LEFT_UNMADE,
    check_of,
    fail,
    failure_in,
    hidden_lines,
    is_hidden,
    note,
    own_errors,
    settle,
    stand_in,
)
from grader.notebook.names import cell_metadata
from rnncore.testing.failure import Failure, Place, render

HIDDEN = "# BEGIN HIDDEN TESTS\nassert f(2)\n# END HIDDEN TESTS"
SPLIT = "properties = Properties(values=2, dtype=1)"


def graded_cell(*outputs, source="assert f()", new=new_code_cell, **role):
    meta = cell_metadata("t", grade=True, points=3, **role)
    cell = new(source, metadata=meta)
    if outputs:
        cell.outputs = list(outputs)
    return cell


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def result(text):
    return new_output("execute_result", {"text/plain": text})


def test_a_record_is_clean_bounded_and_keeps_the_others_apart():
    cell, full = graded_cell(), "x" * 1500
    assert failure_in(cell) is None
    first = Failure(got=f"\x1b[2J{full}", why=f"{full}y", at=(1,), line=3)
    note(cell, first, Failure(about="dtype", what="y\x00"))
    kept = {"kind": "AssertionError", "got": full, "why": f"{full} ..."}
    assert cell.metadata["failure"] == {**kept, "at": [1], "line": 3}
    other = {"kind": "AssertionError", "about": "dtype", "what": "y"}
    assert cell.metadata["failures"] == [other]
    assert failure_in(cell) == Failure(**kept, at=(1,), line=3)
    note(cell, Failure("NotRun"))
    assert failure_in(cell) == Failure("NotRun")
    assert "failures" not in cell.metadata


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (
            Failure("TypeError", "error", "f", got="a\x00"),
            "AssertionError",
        ),
        (Failure("NotRun", why="no"), "NotRun"),
    ],
)
def test_a_failure_is_an_error_after_the_outputs(failure, kind):
    cell = graded_cell(result("3"))
    fail(cell, failure, [printed("a")], ["line 1"])
    stream, error = cell.outputs
    assert stream == printed("a")
    text = render(failure_in(cell))
    assert "\x00" not in text
    assert (error.output_type, error.ename) == ("error", kind)
    assert error.evalue == text
    assert error.traceback == ["line 1", f"{kind}: {text}"]
    fail(cell, failure, others=[Failure("NotRun")])
    assert [output.output_type for output in cell.outputs] == ["error"]
    assert [one["kind"] for one in check_of(cell)["others"]] == ["NotRun"]


def test_a_stand_in_leaves_what_is_no_code_alone():
    cell = graded_cell(new=new_markdown_cell)
    (made,) = stand_in(new_notebook(cells=[cell]), "no file").cells
    assert made == cell
    assert "outputs" not in made


@pytest.mark.parametrize("text", ["3", "0", "0.5", "'a word'"])
def test_a_result_that_nbgrader_can_read_is_left_as_it_is(text):
    cell = graded_cell(result(text))
    settle(cell)
    assert cell.outputs == [result(text)]


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("1000", "partial credit"),
        ("inf", "partial credit"),
        ("-1", "-1"),
        ("nan", "nan"),
        ("", '"output'),
    ],
)
def test_a_result_that_is_no_points_gives_zero(text, got):
    cell = graded_cell(result(text))
    settle(cell)
    check = check_of(cell)
    assert (check["points"], check["failure"]["kind"]) == (0, "NotGraded")
    assert check["failure"]["why"] == "the result cannot be points"
    assert check["failure"]["got"].startswith(got)
    hidden = graded_cell(result(text), source=HIDDEN)
    settle(hidden)
    assert "got" not in hidden.metadata["failure"]


def test_the_lines_of_hidden_tests_are_those_between_their_marks():
    source = f"a\n{HIDDEN}\nb\n{HIDDEN}\nc"
    assert hidden_lines(source) == {2, 3, 6, 7}
    assert hidden_lines("# BEGIN HIDDEN TESTS\na") == {1, 2}
    assert hidden_lines("# END HIDDEN TESTS\na") == set()


def test_where_the_failed_line_is_unknown_it_counts_as_hidden():
    source = f"assert f(1)\n{HIDDEN}\nassert f(3)"
    assert is_hidden(source, 0)
    lines = [is_hidden(source, k) for k in (1, 2, 3, 5)]
    assert lines == [False, True, True, True]
    assert not is_hidden("assert f(1)", 0)
    assert not is_hidden("assert f(1)", 1)


def test_a_check_says_what_failed_and_where_the_book_explains_it():
    cell = graded_cell()
    assert check_of(cell) == {
        "id": "t",
        "points": 3,
        "of": 3,
        "failure": None,
        "others": [],
        "properties": {},
        "inside": "",
    }
    fail(cell, Failure("NotRun", why="no"))
    read = Place("ch03_bptt", "Windows")
    check = check_of(cell, read)
    assert (check["points"], check["of"], check["others"]) == (0, 3, [])
    expected = {"kind": "NotRun", "why": "no", "read": read}
    assert check["failure"] == expected
    cell.metadata[INSIDE] = {"why": "it mocks a name of yours"}
    assert check_of(cell)["inside"] == "it mocks a name of yours"


def test_an_answer_in_words_has_no_points_yet_and_no_failure():
    cell = graded_cell(new=new_markdown_cell, solution=True)
    cell.metadata["failure"] = {"kind": "NotRun"}
    check = check_of(cell)
    assert (check["points"], check["of"]) == (None, 3)
    assert (check["failure"], check["properties"]) == (None, {})
    cell = graded_cell(source=SPLIT, solution=True)
    assert check_of(cell)["properties"] == {}
    cell.metadata["failure"] = {"kind": "NotRun"}
    assert check_of(cell)["failure"] is None


@pytest.mark.parametrize(
    ("points", "costs", "properties"),
    [
        ("3.0", [], [[2, 2], [1, 1]]),
        ("2.0", ["dtype"], [[2, 2], [0, 1]]),
        ("1.0", ["values", "dtype"], [[0, 2], [0, 1]]),
        ("0", ["dtype"], [[0, 2], [0, 1]]),
    ],
)
def test_each_property_has_its_points(points, costs, properties):
    cell = graded_cell(result(points), source=SPLIT)
    if costs:
        note(cell, *[Failure(about="value", costs=one) for one in costs])
    check = check_of(cell)
    assert check["properties"] == dict(zip(("values", "dtype"), properties))
    told = [check["failure"], *check["others"]] if costs else []
    assert [one["costs"] for one in told] == costs


def test_what_a_test_printed_is_why_it_lost_points():
    part = [printed("2 of"), printed(" 7 boxes\n"), result("1.5")]
    check = check_of(graded_cell(*part))
    assert check["failure"] == {
        "kind": "PartOfThePoints",
        "got": "2 of 7 boxes",
    }
    hidden = check_of(graded_cell(*part, source=HIDDEN))
    assert (hidden["points"], hidden["failure"]) == (1.5, None)
    assert check_of(graded_cell(result("1.5")))["failure"] is None
    assert check_of(graded_cell(printed("all is well")))["failure"] is None
    long = check_of(graded_cell(printed("x" * 2000), result("1")))
    assert len(long["failure"]["got"]) == 1500


def test_what_a_test_printed_to_the_error_stream_fails_it():
    outputs = [printed("a word"), printed("\x1b[1mwarned", "stderr")]
    why = "the test printed to the error stream, which counts as failed"
    check = check_of(graded_cell(*outputs))
    assert check["points"] == 0
    expected = {"kind": "ErrorStream", "got": "warned", "why": why}
    assert check["failure"] == expected
    hidden = check_of(graded_cell(*outputs, source=HIDDEN))["failure"]
    assert hidden == {"kind": "ErrorStream", "why": why, "hidden": True}
    # what was raised says more, unless it cost a property only
    raised = graded_cell(*outputs)
    note(raised, Failure("TypeError", got="no"))
    assert check_of(raised)["failure"]["kind"] == "TypeError"
    note(raised, Failure(about="dtype", costs="dtype"))
    assert check_of(raised)["failure"]["kind"] == "ErrorStream"


def test_a_learners_own_errors_are_told_by_cell_and_line():
    sources = ["import a", "", "\n  x = 1/0\ny", "z" * 70, "f()", "g()"]
    cells = [new_code_cell(source) for source in sources]
    test = graded_cell(source="h()")
    for cell, failure in zip(
        [*cells[1:], test],
        [
            Failure("KernelDied"),
            Failure("ZeroDivisionError", got="division", line=2),
            Failure("NameError", got="z"),
            Failure("NotRun"),
            Failure("NotImplementedError"),
            Failure("TypeError"),
        ],
    ):
        note(cell, failure)
    made = new_notebook(cells=[new_markdown_cell("# A"), *cells, test])
    assert own_errors(made) == [
        "code cell 2 (): the Python process ended",
        "code cell 3 (x = 1/0), line 2: ZeroDivisionError: division",
        f"code cell 4 ({'z' * 60}): NameError: z",
    ]


def test_the_names_that_an_error_left_unmade_are_told():
    source = "a = 1\nb = [\n  1/0]\nimport c\ndef d(): e = 2\nb = 3"
    (cell,) = made = [new_code_cell(source)]
    note(cell, Failure("ZeroDivisionError", got="division", line=3))
    (said,) = own_errors(new_notebook(cells=made))
    assert said.endswith(f": division ({LEFT_UNMADE}b, c, d)")
