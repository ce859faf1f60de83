"""Each task's feedback: points, expected, came, the mistake, the book."""

from html import unescape

import pytest

from grader.course.submissions import Submission
from grader.reports import feedback
from grader.reports.feedback import compared, page
from grader.reports.points import Row, Task
from rnncore.testing.failure import Failure, Place

MISTAKE = Failure(
    about="value",
    what="d_a",
    at=(0, 1),
    expected="1.5",
    came="3 (2 of 4 entries differ)",
    function="vjp",
    call="called with d_h (2, 2)",
    mistake="the slope was forgotten",
    read=Place("ch03_bptt", "Windows", "windows"),
)


@pytest.mark.parametrize(
    ("failure", "parts"),
    [
        (MISTAKE, ["d_a[0, 1]", "1.5", "3 (2 of 4 entries differ)"]),
        (
            Failure("TypeError", "error", "f", came="no", function="f"),
            ["f", "", "TypeError: no"],
        ),
        (
            Failure(about="shape", what="y", expected="(1,)").masked(),
            ["y", feedback.HIDDEN, feedback.HIDDEN],
        ),
        (Failure(came="y: expected 1, got 2"), []),
        (Failure(about="argument", function="f", changed="x"), []),
    ],
)
def test_a_comparison_is_shown_in_its_parts(failure, parts):
    assert [text for _, text in compared(failure)] == parts


def shown(failure=None, *, site="", points=0.0, comment="", **row):
    task = Task("test_vjp", points, 3, False, comment, failure)
    made = Row(
        Submission("ann", "demo", None),
        "graded",
        "",
        points=points,
        of=3,
        tasks=[task],
        **row,
    )
    result = {"reason": None, "errors": [], "remarks": []}
    where = {"vjp": Place("ch03_bptt", "Windows", "windows")}
    return page(made.submission, result, made, where, site)


def test_a_lost_task_says_all_that_is_known():
    text = unescape(shown(MISTAKE))
    for part in (
        "vjp: 0 of 3 points",
        "<dt>Expected</dt><dd>1.5</dd>",
        "<dt>Came</dt><dd>3 (2 of 4 entries differ)</dd>",
        "<dt>Mistake</dt><dd>the slope was forgotten</dd>",
        "<dd>Windows (ch03_bptt.html#windows)</dd>",
    ):
        assert part in text


def test_a_task_with_all_points_sends_nobody_to_the_book():
    assert "Explained in" not in shown(points=3.0)


def test_the_book_is_linked_where_its_address_is_known():
    text = shown(MISTAKE, site="https://rnn.example/")
    assert 'href="https://rnn.example/ch03_bptt.html#windows"' in text


def test_an_answer_without_a_failure_is_sent_to_the_book_too():
    assert "Windows (ch03_bptt.html#windows)" in shown(points=1.0)


def test_a_hidden_value_is_told_to_be_one():
    text = shown(MISTAKE.masked())
    assert text.count("<dd>a value that stays hidden</dd>") == 2
    assert "<dd>1.5" not in text
    assert "2 of 4" not in text


def test_what_a_learner_writes_is_no_html():
    script = "<script>alert(1)</script>"
    failure = MISTAKE._replace(expected="<b>1</b>", came=script)
    for text in (
        shown(failure),
        shown(Failure(came=script)),
        shown(comment=script),
        page(
            Submission(script, "demo", None),
            {"reason": script, "errors": [script], "remarks": [script]},
            Row(Submission(script, "demo", None), "graded", ""),
            {},
        ),
    ):
        assert "<script>" not in text
        assert "<b>" not in text
