"""What an instructor gets beside the points: lists, and files for an LMS."""

import csv

import pytest
from nbgrader.api import Gradebook

from grader.commands import grade
from grader.course import gradebook
from grader.course.submissions import Submission
from grader.reports import overview
from grader.reports.points import Row, TaskPoints
from grader.run.batch import format_time
from rnncore.testing.failure import Failure
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    hand_in,
    make_course,
    solved,
)


def graded(student, mistake="", suspicious=(), seconds=1.0):
    """One submission's row and result."""
    failure = Failure(about="value", what="d", mistake=mistake)
    task = TaskPoints("test_vjp", 0.0, 3.0, False, failure=failure)
    row = Row(Submission(student, "demo", None), "graded", "", tasks=[task])
    result = {"suspicious": list(suspicious), "seconds": seconds}
    return row, result


pytestmark = [
    pytest.mark.slow,
    NEEDS_SANDBOX,
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
]


def test_mistakes_are_counted_the_most_frequent_first():
    class_ = [graded(f"s{i}", "transposed") for i in range(3)]
    class_ += [graded("x", "halved"), graded("y")]
    found = overview.count_mistakes(row for row, _ in class_)
    assert [(m.count, m.task, m.says) for m in found] == [
        (3, "vjp", "transposed"),
        (1, "vjp", "halved"),
    ]


def test_the_summary_names_reasons_and_the_slowest():
    text = overview.format_summary(
        [
            graded("ann", suspicious=["a", "b", "c"], seconds=12),
            graded("bob", seconds=90),
            graded("cid", seconds=9),
        ]
    )
    assert "ann demo: a; b; 1 more" in text
    assert text.index("90.00 s  bob") < text.index("12.00 s  ann")
    assert "cid" not in text
    assert "Mistakes" not in text


def test_a_class_without_anything_to_say_has_no_summary():
    assert overview.format_summary([graded("ann", seconds=0)]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4, "4 s"), (89, "89 s"), (600, "10 min"), (6000, "1 h 40 min")],
)
def test_a_time_is_said_as_a_person_would(seconds, text):
    assert format_time(seconds) == text


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Ann is right and late, Bob wrong, Eve looks for trouble."""
    root = make_course(tmp_path_factory.mktemp("reports"))
    late = hand_in(root, "ann", solved())
    late.with_name("timestamp.txt").write_text("2026-01-02 10:00:00 UTC")
    for who, text in (
        ("bob", "def double(x): return x"),
        ("eve", "import socket\ndef double(x): return 2 * x"),
    ):
        notebook = solved()
        cell_of(notebook, "double").source = text
        path = hand_in(root, who, notebook)
        path.with_name("timestamp.txt").write_text("no time at all")
    assert grade.main(["--root", str(root)]) == 0
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        book.update_or_create_student(
            "ann",
            first_name="Ann",
            last_name="Ode",
            email="ann@example.org",
            lms_user_id="4711",
        )
        answer = book.find_grade("why", NAME, NAME, "bob")
        answer.manual_score, answer.needs_manual_grade = 0.5, False
        book.db.commit()
    assert grade.main(["--root", str(root)]) == 0
    return root


def lines(root, name):
    with (root / "grading" / name).open() as file:
        return list(csv.DictReader(file))


def test_an_lms_gets_a_line_a_learner_and_a_column_an_assignment(course):
    found = {line["id"]: line for line in lines(course, "lms.csv")}
    assert found["ann"]["email"] == "ann@example.org"
    assert found["ann"]["lms_user_id"] == "4711"
    assert found["ann"][NAME] == ""  # an answer is still to be read
    assert float(found["bob"][NAME]) == 2.5


def test_canvas_gets_its_columns_and_the_possible_points(course):
    first, *rest = lines(course, "canvas.csv")
    assert list(first) == [
        "Student",
        "ID",
        "SIS User ID",
        "SIS Login ID",
        "Section",
        NAME,
    ]
    assert first["Student"].strip() == "Points Possible"
    assert float(first[NAME]) == 6
    assert rest[0]["Student"] == "Ode, Ann"
    assert rest[0]["ID"] == "4711"
    assert rest[0]["SIS Login ID"] == ""  # the number says who it is


def test_what_to_look_at_stands_in_a_file(course):
    (line,) = lines(course, "suspicious.csv")
    assert line["learner"] == "eve"
    assert line["reason"] == "code cell 2 imports socket: uses the network"


def test_a_timestamp_that_cannot_be_read_stops_nobody(course, capsys):
    with Gradebook(f"sqlite:///{course}/grading/gradebook.db") as book:
        when = {
            s.student.id: s.timestamp
            for s in book.assignment_submissions(NAME)
        }
    assert when["ann"].year == 2026
    assert when["bob"] is None
    capsys.readouterr()
    assert grade.main(["--root", str(course)]) == 0
    err = capsys.readouterr().err
    assert f"bob {NAME}: expected a time such as 2026-02-01" in err
    assert f"ann {NAME}: expected a time" not in err


def test_a_transaction_that_fails_enters_nothing(course):
    book = gradebook.Ledger(
        f"sqlite:///{course}/grading/gradebook.db", "rnn"
    )

    def enter_and_fail():
        with book.transaction() as open_:
            open_.update_or_create_student("zoe")
            open_.update_or_create_submission(NAME, "zoe")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enter_and_fail()
    assert book.students(NAME) == {"ann", "bob", "eve"}
    with book.transaction() as open_:
        assert {s.id for s in open_.students} == {"ann", "bob", "eve"}
    book.close()
