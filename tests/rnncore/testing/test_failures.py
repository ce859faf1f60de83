"""A failure is a record, from the check to every place that tells it."""

import csv
import json
import string

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.commands import grade
from grader.notebook import failures
from rnncore.checking.runner import run_cell
from rnncore.storage.files import CHECKS
from rnncore.testing import (
    CheckFailure,
    assert_gradient,
    assert_refuses,
    assert_that,
    check,
    check_causal,
    check_independent,
)
from rnncore.testing.checks_file import pack_checks
from rnncore.testing.failure import (
    KIND_TEXTS,
    KINDS,
    Failure,
    Place,
    failure_of,
    places,
    render,
)
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    hand_in,
    make_course,
    solved,
)

# nbgrader's own habit; grader/course/gradebook.py says why it is harmless
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
]
A = np.arange(6.0).reshape(3, 2)
NOTED = Failure(
    about="value",
    what="y",
    at=(2, 1),
    expected="10",
    got="7 (1 of 6 entries differ)",
    all_expected=" 0   2\n 4   6\n 8  10",
    all_got=" 0   2\n 4   6\n 8   7*",
    function="wrong",
    call="called with x (3, 2) = [[0, 1], [2, 3], [4, 5]]",
)


def double(x):
    return 2 * x


def wrong(x):
    y = 2 * x
    y[2, 1] = 7
    return y


def record(function, *args, **kwargs):
    """The record of what a check has against an answer."""
    with pytest.raises(CheckFailure) as caught:
        function(*args, **kwargs)
    assert str(caught.value) == render(caught.value.failure)
    return caught.value.failure


def against(candidate, reference=double, x=A):
    return record(check, candidate, reference, [{"x": x}], outputs="y")


def in_place(x):
    x *= 2
    return x


def raises(x):
    raise KeyError("seven")


@pytest.mark.parametrize(
    ("found", "fields"),
    [
        (lambda: against(wrong), NOTED._asdict()),
        (lambda: against(lambda x: x.T), {"about": "shape"}),
        (lambda: against(lambda x: x.tolist()), {"about": "kind"}),
        (
            lambda: against(lambda x: x.astype("float32")),
            {"about": "dtype", "got": "float32 on cpu"},
        ),
        (
            lambda: against(lambda x: x, lambda x: (x, x)),
            {"about": "count", "expected": "2 values (y[0], y[1])"},
        ),
        (
            lambda: against(in_place),
            {"about": "argument", "changed": "x", "function": "in_place"},
        ),
        (
            lambda: against(raises),
            {"kind": "KeyError", "about": "error", "got": "'seven'"},
        ),
        (
            lambda: record(assert_refuses, double, {"x": 1}, "at one"),
            {"about": "refusal", "what": "double, at one"},
        ),
        (
            lambda: record(assert_gradient, np.sum, A, A),
            {"about": "value", "expected": "1 (finite differences)"},
        ),
        (
            lambda: record(check_causal, lambda x: x[::-1], {"x": A}, "x"),
            {"why": "a later input must not reach an earlier output"},
        ),
        (
            lambda: record(
                check_independent,
                lambda x: x - x.mean(1, keepdims=True),
                {"x": A},
                {"x": 1},
            ),
            {"why": "the sequences of a batch are independent"},
        ),
        (
            lambda: record(assert_that, False, "the tape was freed"),
            {"why": "the tape was freed", "kind": "AssertionError"},
        ),
        (
            lambda: failure_of(AssertionError("f(1) is 2")),
            {"kind": "AssertionError", "got": "f(1) is 2"},
        ),
        (
            lambda: failure_of(ZeroDivisionError("by 0")),
            {"kind": "ZeroDivisionError", "got": "by 0"},
        ),
    ],
)
def test_a_check_leaves_what_it_found_in_fields(found, fields):
    made = found()._asdict()
    assert {name: made[name] for name in fields} == fields


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (
            NOTED,
            f"y[2, 1]: expected 10, got {NOTED.got}\n({NOTED.function} was {NOTED.call})",
        ),
        (
            NOTED._replace(call="", why="see W_h", changed="x").masked(),
            None,
        ),
        (
            Failure("TypeError", "error", got="no", function="f"),
            "f raised TypeError: no",
        ),
        (Failure("TypeError", got="no"), "TypeError: no"),
        (Failure("TypeError"), "TypeError"),
        (Failure(), "a check failed that has no message"),
        (Failure("NotImplementedError"), "not written yet"),
        (Failure("TimeLimit", why="after 3 s"), "after 3 s"),
        (Failure("KernelDied", why="refused", got="x"), "refused: x"),
        (Failure("PartOfThePoints", got="1 of 2"), "1 of 2"),
    ],
)
def test_a_record_is_put_into_words(failure, text):
    if text is None:
        text = (
            "y: another value is expected (in a hidden test, whose values "
            "are not shown)\nsee W_h\nwrong also changed its argument x in "
            "place: the caller still needs it (`a = a + b` makes a new "
            "array, `a += b` does not)"
        )
    assert render(failure) == text


texts = st.text(string.ascii_letters + " '\"[].,", max_size=9)
SECRET = "\N{SNOWMAN}31415"  # no word of a test, and no field's name
secrets = texts.map(lambda text: text + SECRET)
records = st.builds(
    Failure,
    kind=st.sampled_from([*KIND_TEXTS, "KeyError"]) | secrets,
    about=st.sampled_from(["", *KINDS]),
    what=texts,
    at=st.lists(st.integers(31415, 31416)).map(tuple),
    expected=secrets,
    got=secrets,
    all_expected=secrets,
    all_got=secrets,
    function=texts,
    call=secrets,
    changed=st.one_of(
        texts, secrets.map("x.{}".format), texts.map("x[31415, {}]".format)
    ),
    why=texts,
    mistake=texts,
    line=st.integers(0, 99),
    read=st.none() | st.builds(Place, texts, texts, texts),
)


@given(records)
def test_a_record_survives_as_json(failure):
    assert (
        Failure.from_json(json.loads(json.dumps(failure.as_json())))
        == failure
    )


@given(records)
def test_a_masked_record_holds_no_hidden_value(failure):
    masked = failure.masked()
    for told in (
        json.dumps(masked.as_json(), ensure_ascii=False),
        render(masked),
    ):
        assert "31415" not in told
        assert "\N{SNOWMAN}" not in told
    assert masked.masked() == masked


@given(records)
def test_masking_leaves_the_tests_own_words(failure):
    masked = failure.masked()
    for name in (
        "about",
        "what",
        "function",
        "why",
        "mistake",
        "line",
        "read",
    ):
        assert getattr(masked, name) == getattr(failure, name)
    assert masked.hidden


def test_a_long_text_with_codes_is_cut_and_cleaned():
    cell = nbformat.v4.new_code_cell("")
    failures.fail(cell, Failure(got="\x1b[31m" + "x" * 5000 + "\u202e"))
    found = failures.failure_in(cell)
    assert found.got == "x" * failures.LONGEST + " ..."
    assert cell.outputs[0].evalue == found.got
    failures.note(cell, Failure(got="\x07"))
    assert failures.failure_in(cell).got == ""


SAYS = "nothing was doubled"
TEST = """from rnncore.testing import Mistake, check, fingerprint_of, observe
visible, hidden = [{"x": 1.5}], [{"x": 31415.75}]
known = Mistake("nothing was doubled", [fingerprint_of(observe(lambda x: x, visible[0]))])
check(double, lambda x: 2 * x, visible, [known], outputs="y")
### BEGIN HIDDEN TESTS
check(double, lambda x: 2 * x, hidden, outputs="y")
### END HIDDEN TESTS"""
ANSWERS = {
    "visible": "def double(x): return x",
    "hidden": "def double(x): return x if x > 99 else 2 * x",
    "tells": "def double(x):\n    if x > 99: raise ValueError(str(x))\n    return 2 * x",
    "names": "def double(x):\n    if x > 99: raise type('E' + str(x), (Exception,), {})\n    return 2 * x",
    "returns": "def double(x): return str(x) if x > 99 else 2 * x",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class whose answers fail in a visible or in a hidden test."""
    root = make_course(tmp_path_factory.mktemp("failures"))
    source = root / "grading" / "source" / NAME
    made = nbformat.read(source / f"{NAME}.ipynb", as_version=4)
    cell_of(made, "test_double").source = TEST
    nbformat.write(made, source / f"{NAME}.ipynb")
    place = {"page": "ch03_bptt", "title": "Windows", "anchor": "windows"}
    explained = {"explained": {"double": place}}
    (source / CHECKS).write_bytes(pack_checks(json.dumps(explained)))
    for learner, answer in ANSWERS.items():
        notebook = solved()
        cell_of(notebook, "double").source = answer
        hand_in(root, learner, notebook)
    assert grade.main(["--root", str(root)]) == 0
    return root


def texts_of(root, learner):
    """All that is written of a learner, by file."""
    grading = root / "grading"
    notebook = grading / "autograded" / learner / NAME / f"{NAME}.ipynb"
    cell = cell_of(nbformat.read(notebook, as_version=4), "test_double")
    page = grading / "feedback" / learner / NAME / f"{NAME}.html"
    return {
        "notebook": json.dumps([cell.outputs, cell.metadata]),
        "result": (
            grading / "results" / learner / f"{NAME}.json"
        ).read_text(),
        "page": page.read_text(),
    }


def lines(root, name, **known):
    with (root / "grading" / name).open() as file:
        rows = list(csv.DictReader(file))
    return [r for r in rows if known.items() <= r.items()]


@NEEDS_SANDBOX
def test_a_record_reaches_all_that_is_written(course):
    found = texts_of(course, "visible")
    result = json.loads(found["result"])
    (failed,) = [c for c in result["checks"] if c["failure"]]
    failure = Failure.from_json(failed["failure"])
    assert failure == Failure(
        about="value",
        what="y",
        expected="3",
        got="1.5",
        function="double",
        call="called with x 1.5",
        mistake=SAYS,
        line=4,
        read=Place("ch03_bptt", "Windows", "windows"),
    )
    record, (output,) = (
        json.loads(found["notebook"])[1]["failure"],
        json.loads(found["notebook"])[0],
    )
    assert Failure.from_json(record) == failure._replace(read=None)
    assert (output["ename"], output["evalue"]) == (
        "AssertionError",
        render(failure),
    )
    for term, said in (
        ("Checked", "y"),
        ("Expected", "3"),
        ("Got", "1.5"),
        ("The call", "double was called with x 1.5"),
    ):
        assert f"<dt>{term}</dt><dd>{said}</dd>" in found["page"]
    assert f"<pre>{ANSWERS['visible']}</pre>" in found["page"]
    assert f"<dt>Mistake</dt><dd>{SAYS}</dd>" in found["page"]
    (task,) = lines(
        course, "tasks.csv", learner="visible", task="test_double"
    )
    assert task["checked"] == "y"
    assert task["expected"] == "3"
    assert task["got"] == "1.5"
    assert task["mistake"] == SAYS
    assert task["read"] == "ch03_bptt.html#windows"
    (mistake,) = lines(course, "mistakes.csv")
    assert mistake == {
        "assignment": NAME,
        "task": "double",
        "learners": "1",
        "mistake": SAYS,
    }


@NEEDS_SANDBOX
@pytest.mark.parametrize(
    "learner", [name for name in ANSWERS if name != "visible"]
)
def test_a_hidden_test_tells_its_values_nowhere(course, learner):
    for text in texts_of(course, learner).values():
        assert "31415" not in text
        assert "62831" not in text
        assert "hidden" in text
    for name in (
        "tasks.csv",
        "mistakes.csv",
        "points.csv",
        "suspicious.csv",
    ):
        assert "31415" not in (course / "grading" / name).read_text()
    (task,) = lines(
        course, "tasks.csv", learner=learner, task="test_double"
    )
    assert (task["hidden"], task["points"]) == ("1", "0.0")
    assert task["expected"] == task["got"] == ""


def test_a_record_of_an_earlier_version_is_read():
    old = {"kind": "KeyError", "came": "'seven'", "all_came": "7*"}
    found = Failure.from_json(old)
    assert (found.got, found.all_got) == ("'seven'", "7*")
    assert found.came == found.got  # as a released capstone asks


def test_make_check_is_told_the_record(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = {"page": "ch03_bptt", "title": "Windows", "anchor": ""}
    path = tmp_path / CHECKS
    explained = json.dumps({"explained": {"double": place}})
    path.write_bytes(pack_checks(explained))
    test = {"source": TEST, "test": "test_double", "points": 3}
    run_cell(shell, {"source": ANSWERS["visible"], "test": ""}, 1)
    told = run_cell(shell, test, 2)
    failure = Failure.from_json(told["failure"])
    assert (failure.expected, failure.got, failure.mistake) == (
        "3",
        "1.5",
        SAYS,
    )
    assert failure.read == places(path)["double"]
    assert told["says"] == render(failure)
    assert not told["holds"]


def test_a_notebook_shows_the_learner_s_lines_and_none_of_the_package():
    def half(x):
        raise KeyError("gate")

    with pytest.raises(CheckFailure) as failed:
        check(half, lambda x: x, [{"x": np.ones(2)}])
    lines = failed.value._render_traceback_()
    assert lines[-1] == str(failed.value)
    shown = [line for line in lines if line.startswith("line ")]
    assert len(shown) == 1
    assert 'raise KeyError("gate")' in shown[0]


def test_a_known_mistake_is_told_before_any_number():
    failure = Failure("CheckFailure", "value", "y", expected="1", got="2")
    told = render(failure._replace(mistake="one was added")).splitlines()
    assert "one was added" in told[0]
    assert "expected 1, got 2" in told[1]


def test_a_notebook_with_answers_names_the_way_to_the_solution(
    tmp_path, monkeypatch
):
    def half(x):
        return x

    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckFailure) as failed:
        check(half, lambda x: x / 2, [{"x": np.ones(2)}])
    assert "make answer" not in failed.value._render_traceback_()[-1]
    (tmp_path / "answers.json").write_text('{"half": "", "third": ""}')
    last = failed.value._render_traceback_()[-1]
    assert f"`make answer {tmp_path.name} TASK=half`" in last
    (tmp_path / "answers.json").write_bytes(b"\xff")
    last = failed.value._render_traceback_()[-1]
    assert f"`make answer {tmp_path.name} TASK=NAME`" in last


def test_axes_that_do_not_fit_are_told_to_be_added_or_exchanged():
    def masked(x, mask):
        return np.where(mask[None], x, 0.0)

    args = {"x": np.ones((3, 2, 5)), "mask": np.ones((5, 2)) > 0}
    with pytest.raises(CheckFailure) as failed:
        check(masked, lambda x, mask: x, [args])
    assert "[..., None]" in str(failed.value)
    assert "exchanged by `.T`" in str(failed.value)
