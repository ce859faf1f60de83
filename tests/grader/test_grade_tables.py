"""Points as tables and files, and what a class's notebooks have in common."""

import csv
import json
import re
import shutil
from collections import Counter
from dataclasses import replace

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader import api
from nbgrader.api import Gradebook

from grader.course.by_hand.rubric_items import (
    Item,
    give_items,
    list_items,
    save_item,
)
from grader.course.gradebook import Ledger
from grader.course.submissions import Submission, replace_text
from grader.notebook.answers import ELSEWHERE
from grader.notebook.names import cell_metadata
from grader.notebook.restore import join_notebooks, read_cells
from grader.reports.integrity import find_reasons
from grader.reports.points import (
    Row,
    TaskPoints,
    csv_text,
    format_earlier,
    format_hours,
    format_points,
    format_table,
    read_rows,
    write_csv,
)
from grader.reports.similarity import (
    K_WORDS,
    W_WORDS,
    Alike,
    code_prints,
    compare,
    compute_fingerprints,
    find_alike,
    tokens_of,
    word_prints,
)
from grader.systems.exported.collected import Taken, save_record
from grader.systems.lms import write_lms
from rnncore.testing.failure import Failure, Place


def row(
    student,
    *tasks,
    assignment="demo",
    status="graded",
    reason="",
    penalty=0.0,
):
    """A line of the class's table, its sums as `read_rows` makes them."""
    return Row(
        Submission(student, assignment, None),
        status,
        reason,
        points=sum(task.points for task in tasks) - penalty,
        of=sum(task.of for task in tasks),
        penalty=penalty,
        open=any(task.open for task in tasks),
        tasks=list(tasks),
    )


ANN = row(
    "ann",
    TaskPoints("test_double", 3, 3, False),
    TaskPoints("why", 0, 1, True),
)
BOB = row(
    "bob",
    TaskPoints("test_double", 0.5, 3, False),
    TaskPoints("why", 1, 1, False),
    penalty=0.25,
)
CY = row("cy", status="failed", reason="no file")


def test_the_table_has_a_column_a_task_and_says_what_is_open():
    wide = "test-a_name_of_over_twenty_two_letters"
    other = row("d", TaskPoints(wide, 2, 2.5, False), assignment="art")
    assert format_table([ANN, CY, BOB, other]).split("\n") == [
        "art",
        "learner  a_name_of_over_twenty_  points",
        "d                             2  2 / 2.5",
        "",
        "demo",
        "learner  double  why  points",
        "ann           3    ?  3+? / 4",
        "cy                    0 / 0  (see below)",
        "bob         0.5    1  1.25 / 4  0.25 taken off",
        "",
        "Not gradable, and why:",
        "cy demo: no file",
    ]


def test_points_for_an_earlier_answer_are_told_apart_from_those_that_count():
    why = TaskPoints("why", 2, 2, True, by_hand=True)
    code = TaskPoints("test_double", 9, 9, False)
    row = Row(
        ANN.submission, "graded", "", 11, 11, open=True, tasks=[code, why]
    )
    text = format_table([row])
    assert text.endswith("  9    ?  9+? / 11  2 for an earlier answer")


def test_a_table_without_reasons_ends_with_its_last_learner():
    assert format_table([BOB]).endswith("  1.25 / 4  0.25 taken off")
    assert format_table([]) == ""
    assert (
        format_points(TaskPoints("a", 1234567.0, 1, False)) == "1.23457e+06"
    )


class Home:
    """What of a course the writers of files need."""

    course_id = "rnn"
    edition = "now"

    def __init__(self, home):
        self.home = home
        self.results = home / "results"
        self.db_url = f"sqlite:///{home}/gradebook.db"


@pytest.fixture
def course(tmp_path):
    return Home(tmp_path)


def read(course, name):
    return (course.home / name).read_text().splitlines()


def test_csv_files_have_a_line_a_submission_and_a_line_a_task(course):
    split = {"values": [2, 2], "dtype": [1.0, 1.0]}
    double, why = ANN.tasks
    ann = replace(ANN, tasks=[replace(double, properties=split), why])
    bob = replace(BOB, edition="now")
    write_csv(course, [ann, bob, CY])
    head = ["learner", "assignment", "points", "of"]
    head += ["late_penalty", "hours_late"]
    assert read(course, "points.csv") == [
        ",".join(
            [*head, "to_be_read", "earlier_edition", "status", "reason"]
        ),
        "ann,demo,3.0,4,0.0,0.0,1,1,graded,",
        "bob,demo,1.25,4,0.25,0.0,0,0,graded,",
        "cy,demo,0.0,0,0.0,0.0,0,0,failed,no file",
    ]
    record = ",kind,checked,expected,got,mistake,read,hidden,properties"
    assert read(course, "tasks.csv") == [
        "learner,assignment,task,points,of,to_be_read" + record,
        'ann,demo,test_double,3,3,0,,,,,,,,"values 2/2, dtype 1/1"',
        "ann,demo,why,0,1,1,,,,,,,,",
        "bob,demo,test_double,0.5,3,0,,,,,,,,",
        "bob,demo,why,1,1,0,,,,,,,,",
    ]


def test_points_of_an_earlier_edition_are_counted_by_assignment(course):
    art = row("ann", TaskPoints("a", 2, 2, False), assignment="art")
    now = replace(art, edition="now")
    text = format_earlier(course, [ANN, BOB, CY, art, now])
    assert ": 1 art, 2 demo (" in text
    assert format_earlier(course, [CY, now]) == ""


def test_points_that_rest_on_the_answers_own_word_are_marked():
    inside = row("ann", TaskPoints("test_a", 1, 1, False, inside=True))
    head, _, said = format_table([inside]).split("\n")[1:]
    assert head == "learner  a*  points"
    assert said.startswith("* ")


def test_what_a_spreadsheet_would_run_is_quoted():
    line = ["=1", "+1", "-1", "@a", "a=1", -1, ""]
    assert csv_text([line]) == "'=1,'+1,'-1,'@a,a=1,-1,\r\n"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Ann with all that a system may know of her, Bob with a name alone."""
    course = Home(tmp_path_factory.mktemp("filled"))
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # asking alembic takes seconds
        patch.setattr(api, "get_alembic_version", lambda: "any")
        Gradebook(course.db_url, course.course_id).close()
    with Gradebook(course.db_url, course.course_id) as book:
        for name in ("demo", "art", "later"):
            book.add_assignment(name)
            book.add_notebook(name, name)
            book.add_grade_cell(
                "test_double", name, name, max_score=3, cell_type="code"
            )
            book.add_grade_cell(
                "why", name, name, max_score=1, cell_type="markdown"
            )
            book.add_solution_cell("why", name, name)
            for cell in ("why", "test_double"):
                book.add_source_cell(
                    cell, name, name, source="", cell_type="code"
                )
        book.add_student(
            "ann",
            first_name="Ann",
            last_name="Ode",
            email="ann@example.org",
            lms_user_id="4711",
        )
        book.add_student("bob", last_name="Bell")
        book.add_student("cy")
    return course.home / "gradebook.db"


@pytest.fixture
def gradebook(course, filled):
    """A course with a copy of that gradebook: making one takes longer."""
    shutil.copy(filled, course.home)
    return course


def test_an_lms_gets_what_is_known_of_each_learner(gradebook):
    art = row("bob", TaskPoints("a", 2, 2, False), assignment="art")
    gone = row("zoe", TaskPoints("a", 2, 2, False))
    cy = row("cy", TaskPoints("test_double", 1, 3, False))
    write_lms(gradebook, [ANN, BOB, CY, art, gone, cy])
    assert read(gradebook, "lms.csv") == [
        "id,lms_user_id,first_name,last_name,email,art,demo",
        "ann,4711,Ann,Ode,ann@example.org,,",
        "bob,,,Bell,,2.0,1.25",
        "cy,,,,,,1.0",
    ]
    assert read(gradebook, "canvas.csv") == [
        "Student,ID,SIS User ID,SIS Login ID,Section,art,demo",
        "    Points Possible,,,,,4.0,4.0",
        '"Ode, Ann",4711,,,,,',
        "Bell,,,bob,,2.0,1.25",
        "cy,,,cy,,,1.0",
    ]
    with Gradebook(gradebook.db_url, gradebook.course_id) as book:
        courses = [course.id for course in book.db.query(api.Course)]
    assert courses == ["rnn"]  # of another name nbgrader makes a new one


def test_a_system_gets_points_for_what_did_not_come_in(gradebook):
    art = row(
        "Participant_4", TaskPoints("a", 2, 2, False), assignment="art"
    )
    with Gradebook(gradebook.db_url, gradebook.course_id) as book:
        book.add_student("Participant_4")
        book.add_student("dan", lms_user_id="12")
        book.add_student("eve", email="eve@example.org")
    place = gradebook.home / "returned"
    write_lms(gradebook, [BOB, art, CY], place, 0.5)
    assert not (gradebook.home / "lms.csv").exists()
    assert (place / "lms.csv").read_text().splitlines()[1:] == [
        "Participant_4,,,,,2.0,0.5",
        "ann,4711,Ann,Ode,ann@example.org,,0.5",  # she may be that one
        "bob,,,Bell,,,1.25",
        "dan,12,,,,,0.5",
        "eve,,,,eve@example.org,,0.5",
    ]
    lines = (place / "canvas.csv").read_text().splitlines()[2:]
    assert lines[3:] == ["dan,12,,,,,0.5", "eve,,,eve,,,0.5"]


SEPARATORS = ",", ";", "\t", "|"
FORMULA = re.compile(r"[\s\"]*[=+\-@]")
HARMLESS = re.compile(r"-?\d+(\.\d+)?")  # a number may have its sign


def test_no_table_of_the_class_has_a_formula_however_fields_are_told_apart(
    gradebook,
):
    name = "x;=1+2;\n=cmd|'calc'!A0\t@sum"
    with Gradebook(gradebook.db_url, gradebook.course_id) as book:
        book.update_or_create_student(name, last_name=name, email=name)
    failed = row(name, status="failed", reason=name)
    failure = Failure("ValueError", got=name)
    task = TaskPoints("test_double", 0, 3, False, failure=failure)
    write_csv(gradebook, [failed, row(name, task)])
    write_lms(gradebook, [row(name, task)])
    for table in ("points.csv", "tasks.csv", "lms.csv", "canvas.csv"):
        text = (gradebook.home / table).read_text()
        assert "cmd" in text
        for delimiter in SEPARATORS:
            lines = csv.reader(text.splitlines(), delimiter=delimiter)
            begun = [
                f for fields in lines for f in fields if FORMULA.match(f)
            ]
            assert all(map(HARMLESS.fullmatch, begun)), (table, begun)


def test_canvas_has_the_number_with_which_a_file_came_in(gradebook):
    def came(*names):
        marks = [("Canvas", name, number, "x") for name, number in names]
        return Taken(marks=marks)

    of = {
        "ann": came(("odeann", "99")),  # the gradebook knows better
        "bob": came(("bellbob", "82")),
        "cy": came(("teamblue", "84")),  # one of a group has it
        "dan": came(("daydan", "85"), ("daydan", "86")),
        "eve": came(("eveone", "87")),
        "fay": came(("eveone", "87")),
        "gus": came(("teamblue", "4711")),  # it is Ann's
        "anon_x": came(("anon_x", "x")),
    }
    save_record(gradebook.home, {"demo": of})
    with Gradebook(gradebook.db_url, gradebook.course_id) as book:
        for who in of:
            book.update_or_create_student(who)
    rows = [row(who, TaskPoints("a", 2, 2, False)) for who in of]
    cy = replace(rows[2].submission, team="Blue")
    rows[2] = replace(rows[2], submission=cy)
    write_lms(gradebook, rows)
    found = {
        line.split(",")[-3] or line.split(",")[-5]: line.split(",")[-5]
        for line in read(gradebook, "canvas.csv")[2:]
    }
    logins = {"cy", "dan", "eve", "fay", "gus", "anon_x"}
    assert {n for n in found if n in logins} == logins  # without a number
    assert {n for n in found if n not in logins} == {"4711", "82"}


GRADEBOOK = "Student,ID,SIS Login ID,art (7),demo ({}),demo bonus (5)\n"


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"Grades.csv": GRADEBOOK.format(991)}, ["art (7)", "demo (991)"]),
        (
            {n: GRADEBOOK.format(n) for n in ("1", "2")},
            ["art (7)", "demo"],
        ),
        ({"Grades.csv": "Student,demo (991)\n"}, ["art", "demo"]),
        ({"Grades.csv": "\xff"}, ["art", "demo"]),
    ],
)
def test_canvas_finds_its_own_assignments(gradebook, tables, expected):
    place = gradebook.home / "downloaded" / "demo"
    place.mkdir(parents=True)
    for name, text in tables.items():
        file = place / f"{name.removesuffix('.csv')}.csv"
        file.write_text(text, "latin-1")
    art = row("bob", TaskPoints("a", 2, 2, False), assignment="art")
    write_lms(gradebook, [BOB, art])
    head, *_ = read(gradebook, "canvas.csv")
    assert head.split(",")[5:] == expected
    assert read(gradebook, "lms.csv")[0].endswith(",art,demo")


@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
def test_rows_hold_what_a_person_entered(gradebook):
    with Gradebook(gradebook.db_url, gradebook.course_id) as book:
        for who, score in (("ann", 3.0), ("bob", 1.0)):
            book.add_submission("demo", who)
            grade = book.find_grade("test_double", "demo", "demo", who)
            grade.auto_score, grade.needs_manual_grade = score, False
            answer = book.find_grade("why", "demo", "demo", who)
            answer.needs_manual_grade = who == "ann"
            if who == "bob":
                answer.manual_score = 0.5
                comment = book.find_comment("why", "demo", "demo", who)
                comment.manual_comment = "Nearly."
                notebook = book.find_submission_notebook(
                    "demo", "demo", who
                )
                notebook.late_submission_penalty = 0.25
        book.db.commit()
    gradebook.ledger = Ledger(gradebook.db_url, gradebook.course_id)
    submissions = [
        Submission(who, assignment, gradebook.home)
        for who, assignment in (
            ("ann", "demo"),
            ("bob", "demo"),
            ("cy", "demo"),
            ("dan", "demo"),
            ("ann", "unknown"),
        )
    ]
    for submission in submissions:
        who = submission.student
        if who == "dan":
            continue  # not graded yet
        path = gradebook.results / who / f"{submission.assignment}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        reason = '"no notebook"' if who == "cy" else "null"
        failed = "true" if submission.assignment == "unknown" else "false"
        path.write_text(f'{{"reason": {reason}, "failed": {failed}}}')
    rows = read_rows(gradebook, submissions)
    gradebook.ledger.close()
    assert [one.submission for one in rows] == [
        one for one in submissions if one.student != "dan"
    ]
    ann, bob, cy, unknown = rows
    assert (ann.points, ann.of, ann.open, ann.penalty) == (3, 4, True, 0)
    assert ann.tasks == [
        TaskPoints("why", 0.0, 1.0, True),
        TaskPoints("test_double", 3.0, 3.0, False),
    ]
    assert (bob.points, bob.of, bob.open, bob.penalty) == (
        1.25,
        4,
        False,
        0.25,
    )
    given = TaskPoints("why", 0.5, 1.0, False, "Nearly.", by_hand=True)
    assert bob.tasks[0] == given
    assert (ann.status, ann.reason) == ("graded", "")
    assert (ann.key, ann.edition) == ("", "")  # an older result lacks them
    assert (cy.status, cy.reason) == ("not gradable", "no notebook")
    assert (cy.points, cy.of, cy.tasks) == (0, 0, [])
    assert (unknown.status, unknown.tasks) == ("failed", [])


@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
def test_rows_hold_why_a_person_gave_points_and_by_what_they_were_graded(
    gradebook,
):
    with Gradebook(gradebook.db_url, gradebook.course_id) as book:
        book.add_solution_cell("double", "demo", "demo")
        book.add_notebook("alone", "demo")
        book.add_task_cell(
            "plot", "alone", "demo", max_score=2, cell_type="markdown"
        )
        book.add_source_cell(
            "plot", "alone", "demo", source="", cell_type="markdown"
        )
        book.add_submission("demo", "ann")
        given = {"test_double": 2.5, "why": 1, "plot": 2}
        for task, points in given.items():
            notebook = "alone" if task == "plot" else "demo"
            grade = book.find_grade(task, notebook, "demo", "ann")
            grade.auto_score, grade.manual_score = 1.0, points
            grade.needs_manual_grade = task == "plot"
            item = Item(0, f"of {task}", points)
            save_item(book, "demo", task, item, points)
            (item,) = list_items(book, "demo", task)
            give_items(book, "demo", task, "ann", [item])
            comment = book.find_comment(
                task.removeprefix("test_"), notebook, "demo", "ann"
            )
            comment.manual_comment = f"To {task}."
        book.find_grade("why", "demo", "demo", "ann").manual_score = 0.5
        double = book.find_grade("test_double", "demo", "demo", "ann")
        below = api.Comment(
            cell_id=double.cell_id, notebook_id=double.notebook_id
        )
        below.manual_comment = "Below."
        book.db.add(below)
        for notebook in ("demo", "alone"):
            of = book.find_submission_notebook(notebook, "demo", "ann")
            of.late_submission_penalty = 0.25
        book.db.commit()
    found = {"reason": None, "failed": False, "key": "k", "edition": "e"}
    found["checks"] = [{"id": "test_double", "inside": True}]
    path = gradebook.results / "ann" / "demo.json"
    replace_text(path, json.dumps(found))
    (gradebook.home / ".assignments" / "demo-abc").mkdir(parents=True)
    gradebook.ledger = Ledger(gradebook.db_url, gradebook.course_id)
    (ann,) = read_rows(gradebook, [Submission("ann", "demo", None)])
    gradebook.ledger.close()
    assert (ann.key, ann.version, ann.edition) == ("k", "abc", "e")
    assert (ann.penalty, ann.points, ann.earlier) == (0.5, 4.5, 2)
    plot, why, double = ann.tasks
    assert [task.inside for task in ann.tasks] == [False, False, True]
    assert [task.comment for task in ann.tasks] == [
        *("To plot.", "To why.", "Below.\nTo test_double.")
    ]
    assert [task.auto for task in ann.tasks] == [1.0, 1.0, 1.0]
    assert [item.text for item in double.items] == ["of test_double"]
    assert why.items == plot.items == ()  # not their sum; not read yet


VALUE = Failure(
    about="value",
    what="y",
    at=(0, 1),
    expected="1.5",
    got="3",
    mistake="the slope",
    read=Place("ch03_bptt", "Windows", "windows"),
)
DTYPE = Failure(about="dtype", what="y", costs="dtype", hidden=True)


@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
def test_rows_hold_what_each_check_showed_and_how_late_it_was(gradebook):
    with Gradebook(gradebook.db_url, gradebook.course_id) as book:
        book.update_or_create_assignment("demo", duedate="2026-01-01")
        when = {"ann": "2026-01-01 02:30", "bob": "2025-12-31"}
        for who, timestamp in when.items():
            book.update_or_create_submission(
                "demo", who, timestamp=timestamp
            )
    failures = [VALUE.as_json(), DTYPE.as_json()]
    check = {"id": "test_double", "properties": {"dtype": [0, 1]}}
    check |= {"failure": failures[0], "others": failures[1:]}
    old = {"id": "why", "failure": None}  # an older result lacks parts
    found = {"failed": False, "checks": [check, old]}
    for who, reason in (("ann", None), ("bob", "no notebook")):
        path = gradebook.results / who / "demo.json"
        replace_text(path, json.dumps({"reason": reason, **found}))
    gradebook.ledger = Ledger(gradebook.db_url, gradebook.course_id)
    ann, bob = read_rows(
        gradebook, [Submission(who, "demo", None) for who in when]
    )
    gradebook.ledger.close()
    assert (ann.late, bob.late) == (2.5, 0)
    why, double = ann.tasks
    assert (double.failure, double.others) == (VALUE, (DTYPE,))
    assert double.properties == {"dtype": [0, 1]}
    assert (why.failure, why.others, why.properties) == (None, (), {})
    # what was not graded has its reason, and no failure of its own
    assert (bob.status, bob.of) == ("not gradable", 4)
    assert [task.failure for task in bob.tasks] == [None, None]
    assert [task.others for task in bob.tasks] == [(), ()]


def test_a_line_says_what_failed_and_where_the_book_explains_it(course):
    tasks = [
        TaskPoints("test_a", 0, 1, False, failure=VALUE),
        TaskPoints("test_b", 0, 1, False, failure=DTYPE),
    ]
    write_csv(course, [replace(row("ann", *tasks), late=2.519)])
    assert [line.split(",", 6)[-1] for line in read(course, "tasks.csv")][
        1:
    ] == [
        'AssertionError,"y[0, 1]",1.5,3,the slope,ch03_bptt.html#windows,0,',
        "AssertionError,y,,,,,1,",
    ]
    assert read(course, "points.csv")[1] == (
        "ann,demo,0.0,2,0.0,2.52,0,1,graded,"
    )


def test_the_table_says_what_was_taken_off():
    late = replace(BOB, late=40.0, penalty=5.25)
    text = format_table([late, CY]).split("\n")
    assert text[2].endswith("  40 h late, 5.25 taken off")


def test_the_table_says_how_late_it_was_and_a_reason_on_one_line():
    late = replace(BOB, late=26.2, reason="a\nb" + "x" * 1000)
    text = format_table([late, CY]).split("\n")
    assert text[2] == (
        "bob         0.5    1  1.25 / 4  26 h late, 0.25 taken off  (see below)"
    )
    assert text[-3:] == [
        "Not gradable, and why:",
        "bob demo: a b" + "x" * 997 + " ...",
        "cy demo: no file",
    ]


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (1 / 7200, "1 min"),
        (0.99, "60 min"),
        (1, "1 h"),
        (47.9, "48 h"),
        (48, "2 days"),
        (60.5, "3 days"),
    ],
)
def test_a_delay_is_told_in_minutes_hours_or_days(hours, text):
    assert format_hours(hours) == text


def notebook(*cells):
    return new_notebook(cells=list(cells))


def told(*sources, release="", remarks=(), checks=()):
    """Why a person should look at such cells."""
    return find_reasons(
        notebook(*map(new_code_cell, sources)),
        notebook(new_code_cell(release)),
        list(checks),
        list(remarks),
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import a.b, os, gc as g",
            "imports gc: searches all objects in memory",
        ),
        (
            "from urllib.request import urlopen",
            "imports urllib: uses the network",
        ),
        ("from . import x", None),
        ("import signals", None),
        ("x.f_back", "uses f_back: looks at the code that calls it"),
        ("_ih[0]", "uses _ih: reads the cells that were executed"),
        (
            "def __reduce__(self): pass",
            "defines __reduce__: defines what unpickling executes",
        ),
        (
            "'see /proc/1'",
            "has the text '/proc': reads what the system knows of processes",
        ),
        ("b'/proc'", None),
        (
            "import numpy as np\nnp.testing.x[0].y = 1",
            "replaces np.testing.x[0].y",
        ),
        ("import numpy as np\nz.y = np.x", None),
        ("import os.path\nos.y = 1", "replaces os.y"),
        ("f().y = 1", None),
        (
            "import a\na." + "b" * 80 + " = 1",
            "replaces a." + "b" * 58,
        ),
        (
            "!ls\n%cd x\nimport gc",
            "imports gc: searches all objects in memory",
        ),
    ],
)
def test_a_reason_says_cell_and_name_and_why(source, reason):
    expected = [] if reason is None else [f"code cell 1 {reason}"]
    assert told(source) == expected


def test_what_the_release_does_itself_is_no_reason():
    made = notebook(new_code_cell("import gc, pty, zmq"))
    release = notebook(
        new_code_cell("import gc"),
        new_code_cell("import pty"),
        new_markdown_cell("import zmq"),
    )
    assert find_reasons(made, release, [], []) == [
        "code cell 1 imports zmq: sends messages of its own"
    ]


def test_what_is_nested_too_deeply_to_be_read_is_a_reason():
    source = "import a\na" + ".b" * 900 + " = 1"
    assert told(source) == [
        "code cell 1 is nested so deeply that it cannot be read"
    ]


def test_cells_are_counted_as_a_reader_counts_them():
    test = new_code_cell(
        "import socket", metadata=cell_metadata("test_a", grade=True)
    )
    made = notebook(
        new_markdown_cell("import gc"),
        new_code_cell("import gc\nimport gc"),
        test,
        new_code_cell("import pty"),
    )
    release = notebook(new_markdown_cell("import pty"))
    assert find_reasons(made, release, [], []) == [
        "code cell 1 imports gc: searches all objects in memory",
        "code cell 3 imports pty: starts processes",
    ]


def test_what_was_repaired_by_force_is_a_reason_and_the_rest_is_not():
    remarks = [
        "the points of 'a' had been changed: they are 3",
        "two cells are marked 'a': the last one counts",
        f"{ELSEWHERE}in a.py",
        "the cell 'a' was missing: it was put back",
    ]
    assert told("x = 1", remarks=remarks) == remarks[:3]


def test_eight_reasons_are_all_told_and_of_more_the_number():
    names = [
        "gc",
        "pty",
        "zmq",
        "atexit",
        "ctypes",
        "marshal",
        "pickle",
        "signal",
    ]
    text = "\n".join(f"import {name}" for name in names)
    assert len(told(text)) == 8
    found = told(f"{text}\nimport socket")
    assert len(found) == 9
    assert found[-1] == "and 1 reasons more"


def test_points_for_an_answer_that_was_never_written():
    cells = [
        new_code_cell(
            "def a():\n    raise NotImplementedError",
            metadata=cell_metadata("a", solution=True),
        ),
        new_code_cell(
            "def b(): pass", metadata=cell_metadata("b", solution=True)
        ),
        new_code_cell("raise NotImplementedError"),
    ]
    checks = [
        {"id": "test_a", "points": 2},
        {"id": "test_b", "points": 2},
        {"id": "a", "points": 0},
    ]
    release = notebook()
    assert find_reasons(notebook(*cells), release, checks, []) == [
        "test_a has points, though its answer is not written"
    ]


def test_tokens_are_what_a_copyist_would_not_change():
    source = (
        "# note\ndef f(x):\n    return np.sum(x) + 3.5 if 'a' else None\n"
    )
    assert tokens_of(source) == [
        *("def", "name", "(", "name", ")", ":", "return", "name", "."),
        *("sum", "(", "name", ")", "+", "0", "if", "''", "else", "None"),
    ]
    assert tokens_of("a = (1,") == ["name", "=", "0", ","]
    assert "".join(tokens_of("x.tanh(y).T")) == "name.tanh(name).T"


@pytest.mark.parametrize(
    ("padded", "plain"),
    [
        ("y = 1 * f(0 or x)", "y = f(x)"),
        ("return 1.0 * (True and x) + 0", "return (x)"),
        ("y = False or 1 * 1 * x / 1", "y = x"),
        ("y = a + 1 * b", "y = a + b"),
        (
            "for i in range(0 + n): s += 1 and i ** 1",
            "for i in range(n): s += i",
        ),
    ],
)
def test_operands_that_change_nothing_hide_nothing(padded, plain):
    assert tokens_of(padded) == tokens_of(plain)


@pytest.mark.parametrize(
    ("source", "tokens"),
    [
        ("if x == 0 or y", "if name == 0 or name"),
        ("0 and x", "0 and name"),
        ("x - 10 * y", "name - 0 * name"),
        ("f(1, *x)", "name ( 0 , * name )"),
        ("2 ** 1 * x", "0 * name"),
        ("x[1] * y", "name [ 0 ] * name"),
    ],
)
def test_operands_that_change_something_stay(source, tokens):
    assert tokens_of(source) == tokens.split()


def test_a_shared_passage_of_k_plus_w_minus_one_tokens_is_always_found():
    passage = list("passage")  # 4 + 4 - 1
    for before in range(5):
        first = [*"abcde"[:before], *passage, *"xyz"]
        second = [*"uv", *passage, *"w"]
        assert compute_fingerprints(first, 4, 4) & compute_fingerprints(
            second, 4, 4
        )
    assert compute_fingerprints(list("abc"), 4, 4) == set()
    assert len(compute_fingerprints(list("abcd"), 4, 4)) == 1
    assert len(compute_fingerprints(list("abcdef"), 4, 4)) == 1
    assert compute_fingerprints(list("abab"), 4, 1) != compute_fingerprints(
        list("baba"), 4, 1
    )
    assert compute_fingerprints(["a", "b"], 2, 1) != compute_fingerprints(
        ["", "ab"], 2, 1
    )
    assert len(compute_fingerprints(["\ud800", "b"], 2, 1)) == 1


def test_prints_are_of_code_or_of_words():
    code = "a = 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + f(10)"
    words = "One two three four five six seven eight."
    test = new_code_cell(code, metadata=cell_metadata("t", grade=True))
    answer = new_markdown_cell(
        words, metadata=cell_metadata("why", grade=True, solution=True)
    )
    assert code_prints(notebook(new_code_cell(code)))
    assert code_prints(notebook(test, new_markdown_cell(code))) == set()
    more = new_code_cell("b = " + code.replace("+", "-"))
    assert code_prints(notebook(new_code_cell(code), more)) == (
        code_prints(notebook(new_code_cell(code)))
        | code_prints(notebook(more))
    )
    listed = re.findall(r"\w+", words.lower())
    prints = compute_fingerprints(listed, K_WORDS, W_WORDS)
    assert word_prints(notebook(answer)) == prints
    other = new_markdown_cell("a b c d e", metadata=answer.metadata)
    assert word_prints(notebook(answer, other)) > prints
    assert word_prints(notebook(new_markdown_cell(words), test)) == set()
    answer.source = words.upper() + "!"
    assert word_prints(notebook(answer)) == word_prints(
        notebook(
            new_markdown_cell(
                words,
                metadata=cell_metadata("b", grade=True, solution=True),
            )
        )
    )


def test_a_pair_is_told_with_its_share_of_the_shorter_one():
    prints = {
        "ann": {1, 2, 3, 4, 5, 6, 90, 91},
        "bob": {1, 2, 3, 4, 90, 91},
        "cy": {5, 6, 7, 90},
        "dan": set(range(100, 105)),
        "eve": set(range(100, 105)) | {91},
    }
    assert find_alike(prints, {90, 91}, "code") == [
        Alike(("dan", "eve"), "code", 1.0, 5),
        Alike(("ann", "bob"), "code", 1.0, 4),
    ]
    prints["bob"] |= {8, 9, 10, 11}  # four of six, of the shorter one
    (pair,) = find_alike(
        {k: prints[k] for k in ("bob", "ann")}, {90, 91}, "words"
    )
    assert pair == Alike(("ann", "bob"), "words", 4 / 6, 4)
    found = find_alike(prints, {90, 91}, "code")
    assert [round(pair.share, 2) for pair in found] == [1, 0.67]


def test_what_more_than_a_few_have_is_common():
    shared = {1, 2, 3, 4}
    class_ = {
        f"s{k}": {k * 100 + n for n in range(10)} for k in range(10, 40)
    }
    for who in list(class_)[:3]:
        class_[who] |= shared
    # three of thirty are a tenth; a fourth makes it common
    assert len(find_alike(class_, set(), "code")) == 3
    class_["s30"] |= shared
    assert find_alike(class_, set(), "code") == []
    few = {who: {1, 2, 3, 4} for who in ("a", "b", "c")}
    assert (
        len(find_alike(few, set(), "code")) == 3
    )  # never fewer than three
    several = {who: {0} for who in "abcd"}
    for who in "ab":
        several[who] |= shared  # what all have does not hide it
    assert len(find_alike(several, set(), "code")) == 1
    many = {
        f"m{k}": {k * 10 + n for n in range(5)} for k in range(100, 700)
    }
    for who in list(many)[:50]:
        many[who] |= shared
    assert len(find_alike(many, set(), "code")) == 50 * 49 / 2
    many["m699"] |= shared
    assert find_alike(many, set(), "code") == []  # never more than fifty


def test_code_and_words_are_compared_by_themselves():
    words = "The gradient fades, as each step multiplies it by less than one, so nothing is left of it after a hundred steps."
    code = "total = 1 + 2 * 3 - f(4) / 5 % 6 ** g(7)\nfor k in range(8):\n    total += h(k) ** 2 - abs(k) * 3 if k > 4 else -k\n"

    def handed_in():
        return notebook(
            new_code_cell(code),
            new_markdown_cell(
                words,
                metadata=cell_metadata("why", grade=True, solution=True),
            ),
        )

    pairs = compare({"bob": handed_in(), "ann": handed_in()}, [])
    assert Counter((*p.learners, p.kind) for p in pairs) == {
        ("ann", "bob", "code"): 1,
        ("ann", "bob", "words"): 1,
    }
    given = notebook(handed_in().cells[1])
    pairs = compare({"bob": handed_in(), "ann": handed_in()}, [given])
    assert [p.kind for p in pairs] == ["code"]


def test_the_cells_that_nbgrader_knows_can_be_read(gradebook):
    with Gradebook(gradebook.db_url, gradebook.course_id) as book:
        cell = book.find_source_cell("why", "art", "art")
        cell.source, cell.locked, cell.checksum = "Why?", True, "abc"
        book.db.commit()
    path = gradebook.home / "gradebook.db"
    assert read_cells(path, "art") == {
        "why": {"source": "Why?", "locked": True, "checksum": "abc"},
        "test_double": {"source": "", "locked": False, "checksum": None},
    }


def test_cells_of_several_notebooks_get_ids_of_their_own():
    first, other = [
        notebook(new_code_cell(source, id="same")) for source in "ab"
    ]
    first.metadata["kernelspec"], first.nbformat_minor = "one", 4
    assert [cell.id for cell in join_notebooks([first]).cells] == ["same"]
    joined = join_notebooks([first, other])
    assert [(cell.source, cell.id) for cell in joined.cells] == [
        ("a", "cell-0"),
        ("b", "cell-1"),
    ]
    assert joined.metadata["kernelspec"] == "one"
    assert joined.nbformat_minor == 5
