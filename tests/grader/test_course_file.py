"""course.toml: what it says, and with which line it is refused."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from nbgrader.api import Gradebook

from grader.commands import grade
from grader.course.course_file import TOOLS, CourseFile
from grader.course.course_reader import read_course_file
from grader.course.late import DailyShares
from grader.course.settings import Course, SetupError
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    ROOT,
    hand_in,
    make_course,
    solved,
)

WHOLE = """\
title = "Ours"
time_zone = "Europe/Berlin"
book_address = "https://rnn.example/"
roster = "grading/people.csv"
first_day = 2026-10-12
due_time = 18:00:00
late_shares = [0.9, 0.5]
pages = [
  "measured",
  "dates",
]

[[weeks]]
chapters = ["ch01_sequences"]
assignments = ["ch01_sequences", "own"]

[[weeks]]
assignments = ["ch02_cell"]  # in winter time
due = 2026-10-26T12:00:00

[[weeks]]
chapters = ["ch02_cell"]

[[extensions]]
learner = " zoe\u0308 "
assignment = "own"
days = 0.5
"""


def read(folder, text):
    path = folder / "course.toml"
    path.write_text(text, "utf-8")
    return read_course_file(path)


def test_without_a_file_the_course_is_the_whole(tmp_path):
    assert read_course_file(tmp_path / "course.toml") == CourseFile()
    assert CourseFile().extensions is None
    assert CourseFile().due_dates == {}


def test_all_that_a_file_says_is_read(tmp_path):
    found = read(tmp_path, WHOLE)
    assert found.title == "Ours"
    assert str(found.zone) == "Europe/Berlin"
    assert found.book_address == "https://rnn.example"
    assert found.roster == "grading/people.csv"
    assert found.late_shares == (0.9, 0.5)
    assert found.pages == ("measured", "dates")
    assert [w.chapters for w in found.weeks] == [
        ("ch01_sequences",),
        (),
        ("ch02_cell",),
    ]
    assert found.due_dates == {  # in UTC
        "ch01_sequences": datetime(2026, 10, 18, 16),
        "own": datetime(2026, 10, 18, 16),
        "ch02_cell": datetime(2026, 10, 26, 11),
    }
    assert found.extensions == {("zo\xeb", "own"): timedelta(hours=12)}
    none = read(tmp_path, "\ufeff# nothing yet\r\nextensions = []\r\n")
    assert none.extensions == {}


def test_answers_open_when_nothing_can_be_handed_in_any_more(tmp_path):
    found = read(tmp_path, 'solutions = "after"\n' + WHOLE)
    assert found.solutions == "after"
    days = timedelta(days=2, hours=12)  # two late days, and zoe's extension
    due = datetime(2026, 10, 18, 16, tzinfo=UTC)
    assert found.find_last_moment("own") == due + days
    assert found.find_last_moment("ch01_sequences") == due + timedelta(2)
    assert found.find_last_moment("ch03_bptt") is None
    assert read(tmp_path, WHOLE).solutions == "never"
    assert read(tmp_path, 'solutions = "try"').solutions == "try"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("solutions = true", "one of never, after, try, got True"),
        ('solutions = "later"', "one of never, after, try, got 'later'"),
        ('solutions = "after"', "expected weeks with due dates beside it"),
        (
            'solutions = "after"\n[[weeks]]\nassignments = ["own"]',
            "expected weeks with due dates beside it",
        ),
    ],
)
def test_when_solutions_are_shown_is_said_in_three_ways(
    tmp_path, text, says
):
    with pytest.raises(ValueError, match=says) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith("course.toml, line 1: ")


@pytest.mark.parametrize(
    ("was", "now", "line", "says"),
    [
        ('title = "Ours"', "title = Ours", 1, "written in quotation marks"),
        ('title = "Ours"', "title = 3", 1, "a text in one line, got 3"),
        ("2026-10-12", "12.10.2026", 5, "a day is written as 2026-10-12"),
        ("18:00:00", "18:00", 6, "a time is written as 23:59:00"),
        ('title = "Ours"', r'title = "a\nb"', 1, "a text in one line"),
        ("title", "titel", 1, "expected one of title, time_zone, "),
        (
            "Europe/Berlin",
            "Berlin",
            2,
            "Europe/Berlin, or UTC, got 'Berlin'",
        ),
        (
            "Europe/Berlin",
            "../../etc/passwd",
            2,
            "expected a place such as",
        ),
        ("https://rnn.example/", "rnn.example", 3, "expected an address"),
        (
            "2026-10-12",
            '"soon"',
            5,
            "a day, such as 2026-10-12, got 'soon'",
        ),
        ("2026-10-12", "9999-12-30", 5, "expected a day of these years"),
        ("18:00:00", "18", 6, "expected a time, such as 23:59:00, got 18"),
        ("0.9, 0.5", "0.5, 0.9", 7, "expected shares between 0 and 1"),
        ("0.9, 0.5", "nan", 7, "expected shares between 0 and 1"),
        ("0.9, 0.5", "true", 7, "expected shares between 0 and 1"),
        ("[0.9, 0.5]", "10", 7, "expected shares between 0 and 1"),
        ("pages = [", "pages = [3,", 8, "expected names, such as"),
        (
            '"own"]',
            '"own", "own"]',
            15,
            "expected each name once, got 'own'",
        ),
        ('["ch02_cell"]  #', '["own"] #', 18, "each name in one week"),
        (
            "due =",
            "deu =",
            19,
            "one of chapters, assignments, due, got 'deu'",
        ),
        (
            "2026-10-26T12:00:00",
            "2026-10-26",
            19,
            "expected a moment, such as",
        ),
        ("days = 0.5", "days = 0", 27, "days, such as 2 or 0.5, got 0"),
        ("days = 0.5", "days = inf", 27, "days, such as 2 or 0.5, got inf"),
        ("days = 0.5", 'day = "2"', 27, "expected one of learner, assign"),
        ("days = 0.5", "", 24, "one of days, until, excused, got nothing"),
        (
            'learner = "',
            'learner = "" # ',
            24,
            "a learner and an assignment",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    tmp_path, was, now, line, says
):
    assert was in WHOLE
    with pytest.raises(ValueError, match="expected") as refused:
        read(tmp_path, WHOLE.replace(was, now, 1))
    assert says in str(refused.value)
    assert f"line {line}" in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"title = \xff", b"", b"[" * 100_000, b"a = " + b"[" * 100_000, b"\0"],
)
def test_what_is_no_toml_is_refused(tmp_path, content):
    path = tmp_path / "course.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^course\.toml:"):
        read_course_file(path)


def test_a_second_extension_and_a_date_without_a_zone_are_refused(tmp_path):
    extension = WHOLE[WHOLE.index("[[extensions]]") :]
    with pytest.raises(ValueError, match="line 29: expected one extension"):
        read(tmp_path, f"{WHOLE}\n{extension}")
    text = WHOLE.replace('time_zone = "Europe/Berlin"', "")
    with pytest.raises(ValueError, match="line 13: expected time_zone"):
        read(tmp_path, text)


def test_names_that_do_not_exist_are_refused_with_their_line(tmp_path):
    found = read(tmp_path, WHOLE)
    found.check_assignments({"ch01_sequences", "own", "ch02_cell"})
    with pytest.raises(ValueError, match=r"line 15: .* got 'own'"):
        found.check_assignments({"ch01_sequences", "ch02_cell"})
    found.check_pages({"ch01_sequences", "ch02_cell", "measured", "dates"})
    with pytest.raises(ValueError, match=r"line 10: .* got 'dates'"):
        found.check_pages({"ch01_sequences", "ch02_cell", "measured"})
    with pytest.raises(ValueError, match=r"line 22: .* got 'ch02_cell'"):
        found.check_pages({"ch01_sequences", "measured", "dates"})
    text = WHOLE[WHOLE.index("[[extensions]]") :]
    with pytest.raises(ValueError, match=r"line 3: .* got 'own'"):
        read(tmp_path, text).check_assignments({"ch02_cell"})


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('c.Grader.timezone = "UTC"', "expected it in course.toml"),
        ('c.Grader.book_url = "https://x.y"', "as book_address"),
        (
            'c.LateSubmissionPlugin.penalty_method = "zero"',
            "late_shares in",
        ),
        (
            'c.AssignLatePenalties.plugin_class = "own.Rule"',
            "late_shares in",
        ),
    ],
)
def test_one_thing_is_not_said_in_two_places(tmp_path, line, says):
    root = make_course(tmp_path)
    (root / "course.toml").write_text("late_shares = [0.9]\n")
    Course(root)
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(f"{line}\n")
    with pytest.raises(SetupError, match=says):
        Course(root)


def test_extensions_in_the_old_place_are_not_passed_over(tmp_path):
    root = make_course(tmp_path)
    (root / "grading" / "extensions.csv").write_text("learner\n")
    with pytest.raises(
        SetupError, match=r"expected its lines in course\.toml"
    ):
        Course(root)


def grade_class(root):
    return grade.main(["--root", str(root)])


@pytest.mark.slow
@NEEDS_SANDBOX
@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
def test_shares_are_left_after_each_day_and_a_wrong_file_changes_nothing(
    tmp_path, capsys
):
    root = make_course(tmp_path)
    when = {
        "ann": "2026-02-01 23:00:00",
        "bob": "2026-02-01 23:00:01",
        "cy": "2026-02-03 22:59:00",
        "dan": "2026-02-03 23:00:01",
        "eve": "2026-02-03 23:00:01",
    }
    for who, moment in when.items():
        late = hand_in(root, who, solved())
        late.with_name("timestamp.txt").write_text(f"{moment} UTC")
    text = (
        'time_zone = "Europe/Berlin"\nlate_shares = [0.8, 0.5]\n'
        f'[[weeks]]\nassignments = ["{NAME}"]\ndue = 2026-02-02T00:00:00\n'
        f'[[extensions]]\nlearner = "eve"\nassignment = "{NAME}"\ndays = 2\n'
    )
    (root / "course.toml").write_text(text)
    assert grade_class(root) == 0
    file = root / "grading" / "points.csv"
    rows = [row.split(",") for row in file.read_text().splitlines()[1:]]
    assert {row[0]: float(row[2]) for row in rows} == {
        "ann": 5,
        "bob": 4,
        "cy": 2.5,
        "dan": 0,
        "eve": 4,
    }
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        due = book.find_assignment(NAME).duedate
    assert due == datetime(2026, 2, 1, 23)

    before = file.read_bytes()
    for wrong in (text.replace("0.8", "8"), text.replace(NAME, "art")):
        (root / "course.toml").write_text(wrong)
        capsys.readouterr()
        assert grade_class(root) == 2
        assert "course.toml, line" in capsys.readouterr().err
        assert file.read_bytes() == before


def test_the_guides_course_files_are_read(tmp_path):
    guide = (ROOT / "book" / "grading_term.md").read_text("utf-8")
    whole, late, more, mark = re.findall(
        r"^```toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL
    )
    found = read(tmp_path, late)
    assert found.late_shares == (0.9, 0.8)
    assert found.extensions == {("ann", "ch03_bptt"): timedelta(days=2)}
    found = read(tmp_path, whole)
    assert found.due_dates == {
        "ch01_sequences": datetime(2026, 10, 18, 21, 59),
        "ch02_cell": datetime(2026, 10, 27, 11),
    }
    found = read(tmp_path, f"{whole}\n{more}\n{mark}")
    assert found.extensions == {
        ("bob", "ch01_sequences"): timedelta(days=3),
        ("bob", "ch02_cell"): timedelta(days=4),
    }
    assert found.excused == {("cid", "ch01_sequences")}
    assert found.mark.counts == {"capstone": 3}
    assert found.exams[0].weight == 40
    assert found.policies["teacher"].startswith("Ines")
    assert found.policies["tools"] == TOOLS["explain"]
    assert "28 points are worth 25.2 on the first day, 22.4 on" in late
    course = make_course(tmp_path)
    (course / "course.toml").write_text(late)
    rule = DailyShares(config=Course(course).config)
    day = 86_400
    for seconds, left in (
        (1, 25.2),
        (day, 25.2),
        (day + 1, 22.4),
        (9e9, 0),
    ):
        lost = rule.late_submission_penalty("ann", 28, seconds)
        assert round(28 - lost, 2) == left
    (course / "course.toml").write_text('title = "Ours"\n')
    assert rule.late_submission_penalty("ann", 28, day) is None
    rule.penalty_method = "zero"  # nbgrader's own, for what is late
    assert rule.late_submission_penalty("ann", 28, day) == 28
    (course / "course.toml").write_text("late_shares = [0.333]\n")
    assert rule.late_submission_penalty("ann", 7, day) == 4.67


def test_the_courses_own_configuration_has_the_rule_of_the_file():
    assert 'plugin_class = "grader.course.late.DailyShares"' in (
        ROOT / "nbgrader_config.py"
    ).read_text("utf-8")


@pytest.mark.parametrize("rule", TOOLS)
def test_a_rule_on_language_models_is_chosen_by_a_word(tmp_path, rule):
    found = read(tmp_path, f'[syllabus]\ntools = "{rule}"\n')
    assert found.policies["tools"] == TOOLS[rule]
    found = read(tmp_path, '[syllabus]\ntools = "Ask me."\n')
    assert found.policies["tools"] == "Ask me."
