"""Each task's feedback: points, expected, came, the mistake, the book."""

from html import unescape

import pytest

from grader.course.submissions import Submission
from grader.notebook.said import Place, parts_of
from grader.reports.feedback import page
from grader.reports.points import Row, Task

MISTAKE = (
    "d_a[0, 1]: expected 1.5, got 3 (2 of 4 entries differ)\n"
    "(vjp was called with d_h (2, 2))\n"
    "A known mistake: the slope was forgotten"
)
HIDDEN = " (in a hidden test: # stands for a number, '...' for a text)"


@pytest.mark.parametrize(
    ("says", "parts"),
    [
        (
            MISTAKE,
            (
                "d_a[0, 1]",
                "1.5",
                "3 (2 of 4 entries differ)",
                "the slope was forgotten",
            ),
        ),
        ("double(1): expected 2, got 0", ("double(1)", "2", "0", "")),
        (
            "y: expected shape (2, 3), got (3, 2)\nA known mistake: turned",
            ("y", "shape (2, 3)", "(3, 2)", "turned"),
        ),
        (f"h[#]: expected #, got #{HIDDEN}", ("h[#]", "#", "#", "")),
        ("f raised TypeError: no", ("f", "", "TypeError: no", "")),
        ("f is not written yet", ("", "", "", "")),
    ],
)
def test_a_message_is_taken_apart(says, parts):
    found = parts_of(says)
    assert (found.what, found.expected, found.came, found.mistake) == parts


def shown(says, *, site="", points=0.0, comment="", **row):
    task = Task("test_vjp", points, 3, False, comment)
    made = Row(
        Submission("ann", "demo", None),
        "graded",
        "",
        points=points,
        of=3,
        tasks=[task],
        **row,
    )
    result = {
        "reason": None,
        "checks": [{"id": "test_vjp", "says": says}],
        "errors": [],
        "remarks": [],
    }
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
    assert "Explained in" not in shown("", points=3.0)


def test_the_book_is_linked_where_its_address_is_known():
    text = shown(MISTAKE, site="https://rnn.example/")
    assert 'href="https://rnn.example/ch03_bptt.html#windows"' in text


def test_a_hidden_value_is_told_to_be_one():
    assert "<dd>a value that stays hidden</dd>" in shown(
        "h: expected #, got #"
    )


def test_what_a_learner_writes_is_no_html():
    text = shown("x: expected <b>1</b>, got <script>alert(1)</script>")
    assert "<script>" not in text
    assert "<b>" not in text
