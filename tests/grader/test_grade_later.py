"""What an instructor changes after grading: tests, marks, rules, due dates."""

import csv
import re
from dataclasses import replace
from datetime import timedelta

import nbformat
import pytest
from nbgrader.api import Gradebook

from grader.commands import grade
from grader.course.gradebook import Ledger, find_unchanged
from grader.course.settings import add_programs_to_path
from grader.course.submissions import Submission
from grader.reports import changes
from grader.reports.points import Row, TaskPoints, format_hours
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    formgrader,
    hand_in,
    make_course,
    nbgrader,
    solved,
    source_notebook,
)

WRONG = "def double(x): return x + x if x < 9 else 0"
QUIET = pytest.mark.filterwarnings("ignore:Object of type <Submitted")


def with_cell(name, text):
    notebook = solved()
    cell_of(notebook, name).source = text
    return notebook


def lines(root, name):
    with (root / "grading" / name).open() as file:
        return list(csv.DictReader(file))


def points(root):
    return {line["learner"]: line for line in lines(root, "points.csv")}


def graded(root):
    assert grade.main(["--root", str(root)]) == 0


def mark(root, who, points, cell="why"):
    """Give points as the formgrader does."""
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        given = book.find_grade(cell, NAME, NAME, who)
        given.manual_score, given.needs_manual_grade = points, False
        book.db.commit()


def page(root, who):
    folder = root / "grading" / "feedback" / who / NAME
    return (folder / f"{NAME}.html").read_text()


def correct_the_test(root):
    """What is expected for 9 is asked for too."""
    text = source_notebook()
    cell = cell_of(text, "test_double")
    cell.source = cell.source.replace("double(1) == 2,", "double(9) == 18,")
    folder = root / "grading" / "source" / NAME
    nbformat.write(text, folder / f"{NAME}.ipynb")


@NEEDS_SANDBOX
@QUIET
def test_a_corrected_test_leaves_read_answers_read(tmp_path, capsys):
    root = make_course(tmp_path)
    for who, notebook in (
        ("ann", solved()),
        ("bob", with_cell("double", WRONG)),
        ("cy", solved()),
    ):
        hand_in(root, who, notebook)
    graded(root)
    assert {line["to_be_read"] for line in points(root).values()} == {"1"}
    for who in ("ann", "bob", "cy"):
        mark(root, who, 1)
    mark(root, "bob", 3, "test_double")
    graded(root)
    assert points(root)["bob"]["to_be_read"] == "0"

    correct_the_test(root)
    hand_in(root, "cy", with_cell("why", "Because of something else."))
    capsys.readouterr()
    graded(root)
    out = capsys.readouterr().out
    found = points(root)
    assert found["ann"]["to_be_read"] == "0"
    assert found["ann"]["points"] == "6.0"
    assert found["cy"]["to_be_read"] == "1"  # another answer than was read
    lms = {line["id"]: line[NAME] for line in lines(root, "lms.csv")}
    assert lms == {"ann": "6.0", "bob": "6.0", "cy": ""}
    assert "Points that changed" not in out


@NEEDS_SANDBOX
@QUIET
def test_points_that_a_corrected_test_changed_are_listed(tmp_path, capsys):
    root = make_course(tmp_path)
    hand_in(root, "ann", solved())
    wrong = "def double(x): return x + x if x > 1 else 0"
    hand_in(root, "bob", with_cell("double", wrong))
    graded(root)
    assert not (root / "grading" / "changes.csv").exists()
    text = source_notebook()
    cell = cell_of(text, "test_double")
    cell.source = "assert double(9) == 18"
    nbformat.write(
        text, root / "grading" / "source" / NAME / f"{NAME}.ipynb"
    )
    capsys.readouterr()
    graded(root)
    out = capsys.readouterr().out
    assert "since the last run:\nbob demo: double 0 -> 3\n" in out
    graded(root)  # nothing new, and the list stays
    assert "Points that changed" not in capsys.readouterr().out
    (line,) = lines(root, "changes.csv")
    assert line.pop("when")
    assert line == {
        "learner": "bob",
        "assignment": NAME,
        "task": "test_double",
        "before": "0.0",
        "now": "3.0",
        "why": "the assignment's tests were corrected",
    }


@NEEDS_SANDBOX
@QUIET
def test_a_late_rule_counts_whenever_it_is_set_and_zero_is_zero(
    tmp_path, capsys
):
    root = make_course(tmp_path)
    for who in ("ann", "bob", "cy"):
        late = hand_in(root, who, solved())
        late.with_name("timestamp.txt").write_text(
            "2026-02-02 02:00:00 UTC"
        )
    graded(root)
    assert points(root)["ann"]["hours_late"] == "0.0"
    assert points(root)["ann"]["points"] == "5.0"

    with (root / "nbgrader_config.py").open("a") as config:
        config.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        book.update_or_create_assignment(NAME, duedate="2026-02-01")
    mark(root, "ann", 1)
    mark(root, "bob", 1)
    extensions = root / "course.toml"
    extensions.write_text(extension("cy", NAME, 1.5))
    capsys.readouterr()
    graded(root)
    out = capsys.readouterr().out
    assert "0 to grade, 3 graded already" in out
    found = points(root)
    assert {who: float(line["points"]) for who, line in found.items()} == {
        "ann": 0,
        "bob": 0,
        "cy": 5,
    }
    assert found["ann"]["late_penalty"] == "6.0"
    assert found["ann"]["hours_late"] == "26.0"
    assert found["cy"]["hours_late"] == "0.0"
    assert "1  0 / 6  26 h late, 6 taken off\n" in out
    assert "Handed in 26 h after the due date." in page(root, "ann")
    assert "after the due date" not in page(root, "cy")

    extensions.write_text(extension("bob", NAME, 2))
    graded(root)  # bob's instead of cy's
    found = points(root)
    assert float(found["bob"]["points"]) == 6
    assert float(found["cy"]["points"]) == 0


@NEEDS_SANDBOX
@QUIET
def test_a_late_rule_that_fails_is_told(tmp_path, capsys):
    root = make_course(tmp_path)
    hand_in(root, "ann", solved())
    graded(root)
    (root / "own_rule.py").write_text(
        "from nbgrader.plugins import BasePlugin\n"
        "class Rule(BasePlugin):\n"
        "    def late_submission_penalty(self, who, score, seconds):\n"
        "        return score / 0\n"
    )
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(
            'c.AssignLatePenalties.plugin_class = "own_rule.Rule"\n'
        )
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        book.update_or_create_assignment(NAME, duedate="2026-02-01")
        book.update_or_create_submission(
            NAME, "ann", timestamp="2026-02-03"
        )
    assert grade.main(["--root", str(root)]) == 2
    said = capsys.readouterr().err
    assert "the rule for late work failed: ZeroDivisionError" in said


def extension(who, name, days):
    return (
        f'[[extensions]]\nlearner = "{who}"\nassignment = "{name}"\n'
        f"days = {days}\n"
    )


@pytest.mark.slow
def test_an_extension_is_granted_to_a_name_as_it_looks(tmp_path):
    add_programs_to_path()
    ledger = Ledger(f"sqlite:///{tmp_path}/gradebook.db", "rnn")
    ledger.book.add_assignment("demo")
    for name in "zo\xeb", "zoe\u0308", "bob":
        ledger.book.update_or_create_student(name)
        ledger.book.update_or_create_submission("demo", name)
    ledger.extend({("zo\xeb", "demo"): timedelta(days=2)})
    found = ledger.book.assignment_submissions("demo")
    granted = {one.student_id for one in found if one.extension}
    ledger.close()
    assert granted == {"zo\xeb", "zoe\u0308"}


def test_a_mark_fits_the_text_the_code_and_the_points():
    assert find_unchanged(None, solved()) == set()
    every = {"test_double", "test_triple", "why"}
    assert find_unchanged(solved(), solved()) == every
    code = with_cell("double", WRONG)
    assert find_unchanged(solved(), code) == {"why"}
    words = with_cell("why", "So.")
    assert find_unchanged(solved(), words) == every - {"why"}
    more = solved()
    cell_of(more, "why").metadata.nbgrader["points"] = 4
    assert find_unchanged(solved(), more) == every - {"why"}


def row(who, *tasks, penalty=0.0):
    submission = Submission(who, "demo", None)
    return Row(submission, "graded", "", penalty=penalty, tasks=list(tasks))


def test_an_answer_that_was_read_is_no_change(tmp_path):
    waits = TaskPoints("why", 0, 1, True)
    assert changes.write_changes(tmp_path, [row("=a", waits)]) == []
    read = TaskPoints("why", 1, 1, False)
    assert changes.write_changes(tmp_path, [row("=a", read)]) == []
    less = TaskPoints("why", 0.5, 1, False)
    found = changes.write_changes(tmp_path, [row("=a", less, penalty=0.5)])
    assert changes.format_changes(found).split("\n") == [
        "Points that changed since the last run:",
        "=a demo: why 1 -> 0.5, late_penalty 0 -> 0.5",
    ]
    changes.write_changes(tmp_path, [row("=a", read)])
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [".points.json", "changes.csv"]
    text = (tmp_path / "changes.csv").read_text().split("\n")
    when = text[1].partition(",")[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", when)
    assert [line.rstrip("\r").partition(",")[2] for line in text] == [
        "learner,assignment,task,before,now,why",
        "'=a,demo,why,1,0.5,it was graded again",
        "'=a,demo,late_penalty,0.0,0.5,lateness was counted anew",
        "'=a,demo,why,0.5,1,it was graded again",
        "'=a,demo,late_penalty,0.5,0.0,lateness was counted anew",
        "",
    ]


WAS = row("zo\xeb", TaskPoints("why", 1, 2, False))
GIVEN = TaskPoints("why", 2, 2, False, by_hand=True)
NOW = row("zo\xeb", TaskPoints("why", 2, 2, False))


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        (WAS, NOW, "it was graded again"),
        (WAS, replace(NOW, tasks=[GIVEN]), "a person gave these points"),
        (
            replace(WAS, tasks=[replace(GIVEN, points=1)]),
            replace(NOW, version="b"),
            "a person took back the points given by hand",
        ),
        (
            WAS,
            replace(NOW, version="b", key="b"),
            "the assignment's tests were corrected",
        ),
        (WAS, replace(NOW, key="b"), "another notebook was handed in"),
    ],
)
def test_a_change_is_kept_with_its_reason(tmp_path, was, now, why):
    other = Submission("zo\xeb", "art", None)
    rows = [was, replace(was, submission=other), row("new")]
    assert changes.write_changes(tmp_path, rows) == []
    # a task that was not there before is no change
    more = replace(now, tasks=[*now.tasks, TaskPoints("more", 1, 1, False)])
    rows = [more, row("zo\xeb"), row("ann")]
    (change,) = changes.write_changes(tmp_path, rows)
    assert change[:5] == (now.submission, "why", 1, 2, why)
    told = changes.Told(change.when, "why", "1", "2", why)
    assert changes.read_changes(tmp_path) == {("zo\xeb", "demo"): [told]}
    late = replace(now, submission=other, penalty=0.5)
    changes.write_changes(tmp_path, [now, late])
    found = changes.read_changes(tmp_path)
    assert found["zo\xeb", "demo"] == [told]
    tasks = [one.task for one in found["zo\xeb", "art"]]
    assert tasks == ["why", "late_penalty"]


def test_points_that_an_earlier_version_remembered_are_compared(tmp_path):
    text = '{"zo\xeb": {"demo": {"why": 1}}}'
    (tmp_path / ".points.json").write_text(text, "utf-8")
    now = replace(NOW, version="b", key="b")
    (change,) = changes.write_changes(tmp_path, [now])
    assert change[1:5] == ("why", 1, 2, "it was graded again")


def test_changes_that_have_no_reason_yet_are_read(tmp_path):
    assert changes.read_changes(tmp_path) == {}
    table = tmp_path / "changes.csv"
    table.write_text(
        'head\nd,"a\r\nb",demo,why,1,2\ntorn,ann,demo,why,1\nd,c,x,y,3,4,so\n'
    )
    assert changes.read_changes(tmp_path) == {
        ("a\r\nb", "demo"): [changes.Told("d", "why", "1", "2", "")],
        ("c", "x"): [changes.Told("d", "y", "3", "4", "so")],
    }


def test_a_long_list_of_changes_is_cut():
    found = [
        changes.Change(Submission(f"s{i}", "demo", None), "test_a", 0, 1)
        for i in range(25)
    ]
    text = changes.format_changes(found).split("\n")
    assert len(text) == 22
    assert text[-1] == "and 5 more: see changes.csv"
    text = changes.format_changes(found[:20])
    assert text.endswith("\ns19 demo: a 0 -> 1")
    assert changes.format_changes([]) == ""


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0.01, "1 min"), (5.2, "5 h"), (26, "26 h"), (72, "3 days")],
)
def test_a_delay_is_said_as_a_person_would(hours, text):
    assert format_hours(hours) == text


@NEEDS_SANDBOX
@QUIET
@pytest.mark.system
def test_the_formgrader_shows_the_model_answer_and_confirms_a_mark(
    tmp_path, browser
):
    root = make_course(tmp_path)
    text = source_notebook()
    cell_of(text, "why").source = "Two threes. *Rubric*: a point for three."
    nbformat.write(
        text, root / "grading" / "source" / NAME / f"{NAME}.ipynb"
    )
    hand_in(root, "ann", solved())
    graded(root)
    mark(root, "ann", 1)
    hand_in(root, "ann", with_cell("why", "Therefore."))
    graded(root)
    assert points(root)["ann"]["to_be_read"] == "1"
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        notebook = book.find_submission_notebook(NAME, NAME, "ann").id
    with formgrader(root) as ask:
        where = f"/submissions/{notebook}/"
        answer = ask(where)
        assert "Model answer, which the learner does not see" in answer
        assert answer.index("Therefore.") < answer.index("Two threes.")
        page = browser.new_page(
            extra_http_headers={"Authorization": "token secret"}
        )
        page.goto(ask.address + where, wait_until="networkidle")
        with page.expect_response(lambda r: r.request.method == "PUT"):
            page.locator(".mark-graded:visible").click()
        page.close()
    graded(root)
    assert points(root)["ann"]["to_be_read"] == "0"
    assert points(root)["ann"]["points"] == "6.0"
    assert "Two threes" not in stock_feedback(root)


def stock_feedback(root):
    """What nbgrader's own generate_feedback makes of Ann's notebook."""
    done = nbgrader(root, "generate_feedback", NAME, "--force")
    assert done.returncode == 0, done.stderr[-2000:]
    text = page(root, "ann")
    assert "Therefore." in text
    return text
