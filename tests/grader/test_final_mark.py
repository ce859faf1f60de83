"""The final mark: weights, what is dropped, what is open, and its table."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from grader.commands import grade
from grader.course.by_hand.exams import read_exams
from grader.course.course_file import CourseFile, Exam, Granted, Mark, Week
from grader.course.course_reader import read_course_file
from grader.course.roster import Learner
from grader.course.settings import SetupError
from grader.course.submissions import Submission
from grader.reports.final import compute_mark, find_finals, format_finals
from grader.reports.points import Row, TaskPoints
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    hand_in,
    make_course,
    solved,
)

EXAMS = (Exam("midterm", 40, 15), Exam("final", 60, 25))
RULE = CourseFile(
    mark=Mark(passes=50, drop_lowest=1, counts={"big": 3}), exams=EXAMS
)


def test_the_mark_is_the_weighted_sum_worked_out_by_hand():
    mine = {"a": 100.0, "b": 20.0, "c": 80.0, "big": 50.0}
    sat = {"midterm": 90.0, "final": 40.0}
    mark, dropped = compute_mark(RULE, mine, sat)
    assert dropped == ["b"]
    # (100 + 80 + 3 * 50) / 5 = 66; 0.6 * 66 + 0.15 * 90 + 0.25 * 40
    assert mark == round(39.6 + 13.5 + 10, 1)


def test_a_mark_of_what_is_known_keeps_the_weights_proportions():
    mine = {"a": 80.0, "b": 60.0, "c": None}
    mark, dropped = compute_mark(RULE, mine, {"midterm": 40.0})
    assert dropped == ["b"]
    assert mark == round((60 * 80 + 15 * 40) / 75, 1)
    assert compute_mark(RULE, {"a": None}, {}) == (None, [])


def test_the_last_assignment_that_is_known_is_not_dropped():
    assert compute_mark(RULE, {"a": 30.0}, {}) == (30.0, [])


def test_an_assignment_that_counts_nothing_drops_nothing():
    file = CourseFile(mark=Mark(0, 1, {"trial": 0}))
    mark, dropped = compute_mark(
        file, {"trial": 0.0, "a": 50.0, "b": 70.0}, {}
    )
    assert (mark, dropped) == (70.0, ["a"])


# --------------------------------------------------- learners of a course

DUE = datetime(2026, 10, 20)
COURSE = CourseFile(
    late_shares=(0.9,),
    weeks=(
        Week(assignments=("a", "b"), due=DUE),
        Week(assignments=("c",), due=datetime(2026, 11, 20)),
    ),
    granted=(
        Granted("bob", "", days=timedelta(days=3)),
        Granted("cid", "b", excused=True),
    ),
    mark=Mark(passes=50),
)
PEOPLE = [Learner("ann"), Learner("bob"), Learner("cid")]


def row(who, name, points, of=10.0, waits=False, status="graded"):
    task = TaskPoints("t", points, of, waits)
    tasks = [task] if status == "graded" else []
    submission = Submission(who, name, Path(who))
    return Row(submission, status, "", points, of, open=waits, tasks=tasks)


def finals(now, *rows, file=COURSE):
    found = find_finals(file, PEOPLE, rows, {}, now)
    return {one.learner.id: one for one in found}


def test_what_did_not_come_is_nothing_when_nothing_counts_any_more():
    came = row("ann", "a", 9.0), row("bob", "a", 5.0)
    late = DUE + timedelta(days=1, hours=1)  # after the late day
    found = finals(late, *came)
    assert found["ann"].assignments == {"a": 90, "b": 0, "c": None}
    assert found["ann"].mark == 45
    assert found["bob"].assignments["b"] is None  # has three days more
    assert found["cid"].assignments == {"a": 0, "c": None}
    assert found["cid"].excused == ["b"]
    before = finals(DUE + timedelta(hours=1), *came)
    assert before["ann"].assignments["b"] is None
    after = finals(DUE + timedelta(days=4, hours=1), *came)
    assert after["bob"].assignments["b"] == 0


def test_what_waits_for_a_person_is_open_and_nobody_has_passed():
    now = datetime(2027, 1, 1)
    found = finals(
        now,
        row("ann", "a", 9.0, waits=True),
        row("ann", "b", 9.0),
        row("ann", "c", 8.0),
        row("bob", "a", 0.0, status="failed"),
        row("cid", "a", 0.0, status="not gradable"),
        row("cid", "c", 9.96),
    )
    ann = found["ann"]
    assert (ann.mark, ann.open, ann.passed(COURSE.mark)) == (85, ["a"], "")
    assert found["bob"].open == ["a"]  # the grader failed, not bob
    cid = found["cid"]
    assert cid.mark == 49.8
    assert cid.passed(COURSE.mark) == "no"
    text = format_finals([*found.values()], COURSE.mark)
    assert "85.0?" in text
    assert "open: a" in text
    assert "excused from b" in text


def test_a_mark_that_is_rounded_to_what_passes_passes():
    found = finals(
        datetime(2027, 1, 1),
        *(row("cid", name, 4.996) for name in "abc"),
    )
    assert found["cid"].mark == 50
    assert found["cid"].passed(COURSE.mark) == "yes"


# ----------------------------------------------------------- what is read

TERM = """\
time_zone = "Europe/Berlin"
first_day = 2026-10-12
hours = 6

[mark]
passes = 50
drop_lowest = 1
counts = {own = 2}

[[weeks]]
assignments = ["own", "two"]

[[exams]]
name = "final"
points = 60
weight = 40

[[extensions]]
learner = "zoe"
until = 2026-10-20T23:59:00

[[extensions]]
learner = "zoe"
assignment = "two"
days = 1

[[extensions]]
learner = "bob"
assignment = "own"
excused = true

[syllabus]
teacher = "Ines"
"""


def read(folder, text):
    path = folder / "course.toml"
    path.write_text(text, "utf-8")
    return read_course_file(path)


def test_a_terms_rules_are_read(tmp_path):
    found = read(tmp_path, TERM)
    assert found.mark == Mark(50, 1, {"own": 2})
    assert found.exams == (Exam("final", 60, 40),)
    assert found.hours == 6
    assert found.extensions == {
        ("zoe", "own"): timedelta(days=2),  # until that moment
        ("zoe", "two"): timedelta(days=1),  # its own goes before
    }
    assert found.excused == {("bob", "own")}
    assert found.policies["teacher"] == "Ines"
    assert "language model" in found.policies["tools"]  # the default


@pytest.mark.parametrize(
    ("was", "now", "line", "says"),
    [
        ("passes = 50", "passes = 101", 6, "a number from 0 to 100, got"),
        ("passes = 50", "pass = 50", 6, "one of passes, drop_lowest,"),
        ("drop_lowest = 1", "drop_lowest = 2", 7, "number from 0 to 1, "),
        ("drop_lowest = 1", "drop_lowest = true", 7, "a whole number"),
        ("{own = 2}", "{own = -1}", 8, "how much assignments count"),
        ("weight = 40", "weight = 140", 16, "from 0 to 100, got 140"),
        ("points = 60", "", 13, "the exam's points, such as 60"),
        ('name = "final"', 'name = "learner"', 14, "a name of its own"),
        ("hours = 6", 'hours = "six"', 3, "a number from 0 to 168"),
        ("excused = true", "excused = false", 30, "excused = true, got"),
        ("excused = true", "excused = true\ndays = 1", 27, "one of days"),
        ("until = 2026-10-20T23:59:00", "until = 3", 20, "a moment, such"),
        ("first_day = 2026-10-12", "", 18, "until only where weeks have"),
        (
            "[mark]\npasses = 50\ndrop_lowest = 1\ncounts = {own = 2}",
            "",
            10,
            "[mark] beside [[exams]]",
        ),
        ('teacher = "Ines"', 'tutor = "Ines"', 33, "one of teacher, "),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    tmp_path, was, now, line, says
):
    assert was in TERM
    with pytest.raises(ValueError, match="expected") as refused:
        read(tmp_path, TERM.replace(was, now, 1))
    assert says in str(refused.value)
    assert str(refused.value).startswith(f"course.toml, line {line}: ")


def test_exams_of_more_than_all_the_mark_are_refused(tmp_path):
    more = '[[exams]]\nname = "b"\npoints = 1\nweight = 61\n'
    with pytest.raises(
        ValueError, match="line 37: expected weights of 100"
    ):
        read(tmp_path, TERM + more)


def test_a_count_of_no_assignment_is_refused(tmp_path):
    found = read(tmp_path, TERM)
    found.check_assignments({"own", "two"})
    text = TERM.replace("{own = 2}", "{owm = 2}")
    with pytest.raises(
        ValueError, match="line 8: expected one of own, two"
    ):
        read(tmp_path, text).check_assignments({"own", "two"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("learner,final\nann,60.5\n", "line 2: expected final's points, 0"),
        ("learner,final\nann,nan\n", "line 2: expected final's points"),
        ("learner,final\nann,ill\n", "line 2: expected final's points"),
        ("learner,final\nanna,6\n", "line 2: expected one of the learners"),
        ("learner,final\nann,6\nann,7\n", "line 3: expected one line of"),
        (
            "learner,finale\nann,6\n",
            "line 1: expected the columns learner,",
        ),
        ("final,learner\n6,ann\n", "line 1: expected the columns learner,"),
        ("learner,final\nann,6,7\n", "line 2: expected 2 cells, got more"),
    ],
)
def test_a_line_of_exams_that_is_wrong_is_named(tmp_path, text, says):
    path = tmp_path / "exams.csv"
    path.write_text(text)
    with pytest.raises(SetupError) as refused:
        read_exams(path, EXAMS, {"ann"})
    assert str(refused.value).startswith(f"exams.csv, {says}")


def test_exams_that_are_not_known_yet_are_empty(tmp_path):
    path = tmp_path / "exams.csv"
    assert read_exams(path, EXAMS, {"ann"}) == {}
    path.write_text("\ufefflearner,final,midterm\nann,,31.5\n")
    assert read_exams(path, EXAMS, {"ann"}) == {("ann", "midterm"): 31.5}


# --------------------------------------------------------- a class's table

ROSTER = "id,first_name,last_name\nann,Ann,Ode\nbob,Bob,Ray\n"


def term(root):
    """A course with a roster, an exam and an assignment long due."""
    grading = make_course(root) / "grading"
    (grading / "roster.csv").write_text(ROSTER)
    (grading / "exams.csv").write_text("learner,final\nann,30\nbob,45\n")
    (root / "course.toml").write_text(
        f'time_zone = "UTC"\n[mark]\npasses = 50\n[[weeks]]\n'
        f'assignments = ["{NAME}"]\ndue = 2020-01-01T12:00:00\n'
        '[[exams]]\nname = "final"\npoints = 60\nweight = 40\n'
    )
    hand_in(root, "ann", solved())
    return grading


@pytest.mark.system
@NEEDS_SANDBOX
def test_make_grade_writes_the_marks_of_all_learners(tmp_path, capsys):
    grading = term(tmp_path)
    assert grade.main(["--root", str(tmp_path)]) == 0
    assert "Final mark, of 100" in capsys.readouterr().out
    with (grading / "final.csv").open() as file:
        ann, bob = csv.DictReader(file)
    assert ann["mark"] == "50.0"  # of the exam: the text waits for a person
    assert (ann["open"], ann["passed"]) == (NAME, "")
    assert (bob[NAME], bob["mark"]) == ("0.0", "30.0")
    assert (bob["last_name"], bob["passed"]) == ("Ray", "no")


def test_an_extension_for_nobody_of_the_roster_stops_before_grading(
    tmp_path, capsys
):
    grading = term(tmp_path)
    path = tmp_path / "course.toml"
    text = path.read_text()
    path.write_text(
        text + f'[[extensions]]\nlearner = "anm"\nassignment = "{NAME}"\n'
        "days = 2\n"
    )
    assert grade.main(["--root", str(tmp_path), "--sandbox=none"]) == 2
    told = capsys.readouterr().err
    assert "course.toml, line 12: expected a learner of the roster" in told
    assert "such as ann, got 'anm'" in told
    assert not (grading / "results").exists()
