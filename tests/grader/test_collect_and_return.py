"""A class of thirty, from Moodle's export to what Moodle takes back."""

import csv
import zipfile
from html import escape

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry

from grader.commands import collect, give_back, grade
from grader.course.roster import Learner, Roster
from grader.course.settings import SetupError
from grader.course.submissions import Submission
from grader.reports.points import Row, TaskPoints
from grader.systems.exported.collected import Taken
from grader.systems.exported.whose import in_sheet
from grader.systems.exported.worksheet import fill_worksheet, read_table
from tests.helpers.exports import make_empty, moodle, pack, worksheet
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    solved,
    source_notebook,
    told,
)

FILE = f"{NAME}.ipynb"
QUIZ = "quiz"  # marked without names
JAN1, JAN2, LATE, PAUL, EVE, TOM, UMA, NINA = range(1, 9)
BLUE = 77  # the team's number; nobody else's
DOUBT = "<b>Why, please?</b>"
PEOPLE = [  # number, name, address and when it came in
    (JAN1, "Jan Schmidt", "jan1@x.org", "1 February 2026, 5:00 PM"),
    (JAN2, "Jan Schmidt", "jan2@x.org", "1 February 2026, 5:00 PM"),
    (LATE, "Lara Late", "lara@x.org", "1 February 2026, 8:00 PM"),
    (PAUL, "Paul Penn", "paul@x.org", "1 February 2026, 4:00 PM"),
    (EVE, "Eve Evil", "eve@x.org", "1 February 2026, 4:00 PM"),
    (TOM, "Tom Team", "tom@x.org", "1 February 2026, 4:00 PM"),
    (UMA, "Uma Team", "uma@x.org", "1 February 2026, 4:00 PM"),
    (NINA, "Nina Nichts", "nina@x.org", ""),
    *((n, f"Learner N{n}", f"{n}@x.org", "") for n in range(9, 31)),
]


@pytest.fixture
def course(tmp_path):
    """A course with what Moodle exported of two assignments, of one nameless."""
    root = make_empty(tmp_path)
    quiz = root / "grading" / "source" / QUIZ
    quiz.mkdir()
    nbformat.write(source_notebook(), quiz / f"{QUIZ}.ipynb")
    place = root / "grading" / "downloaded"
    wrong = solved()
    cell_of(wrong, "double").source = "def double(x): return x"
    files = {
        moodle("Paul Penn", PAUL, f"{NAME}_final.ipynb"): None,
        moodle("Eve Evil", EVE, "work.zip"): b"PK\x03\x04 no",
        moodle("Eve Evil", EVE, "../../evil.txt"): "up",
        moodle("Team Blue", BLUE): nbformat.writes(wrong),
        moodle("Team Blue", BLUE, ".git/x"): "hidden",
        moodle("Jan Schmidt", JAN2): nbformat.writes(wrong),
    }
    alone = [
        one for one in PEOPLE if one[0] in (JAN1, LATE) or one[0] > NINA
    ]
    files |= {moodle(name, number): None for number, name, *_ in alone}
    pack(place / NAME / "CS101.zip", files)
    worksheet(place / NAME / "Grades.csv", PEOPLE)
    nameless = [(n, f"Participant {n}", "", "") for n in (51, 52, 53)]
    files = {
        moodle("Participant", n, f"{QUIZ}.ipynb"): None for n in (51, 52)
    }
    pack(place / QUIZ / "CS101.zip", files)
    worksheet(place / QUIZ / "Grades.csv", nameless)
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        book.add_assignment(NAME, duedate="2026-02-01 17:00:00 UTC")
    return root


def mark(root, name, who, points):
    """A person gives points and a comment for the first task.

    The answer in words gets its point wherever there is one.
    """
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        given = book.find_grade("test_double", name, name, who)
        given.manual_score, given.needs_manual_grade = points, False
        # the formgrader's box belongs to the answer's cell
        comment = book.find_comment("double", name, name, who)
        comment.manual_comment = "The right idea, on paper."
        for student in [student.id for student in book.students]:
            try:
                answer = book.find_grade("why", name, name, student)
            except MissingEntry:  # handed in nothing
                continue
            answer.manual_score, answer.needs_manual_grade = 1, False
        book.db.commit()


@pytest.mark.system
@NEEDS_SANDBOX
@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
def test_a_class_of_thirty_from_moodles_export_to_what_moodle_imports(
    course, capsys
):
    home, where = course / "grading", ["--root", str(course)]
    place, back = home / "downloaded" / NAME, home / "returned" / NAME

    # what comes in: Paul's name of the file and Eve's archive need a person
    assert collect.main([NAME, *where]) == 1
    (home / "corrections.csv").write_text(
        "assignment,handed_in_as,learner,file,time\n"
        f"{NAME},{PAUL},,{NAME}_final.ipynb,\n"
    )
    assert collect.main([NAME, *where]) == 1
    out, err = capsys.readouterr()
    asked = next(line for line in err.splitlines() if "Paul Penn" in line)
    assert asked.endswith(f"{NAME},{PAUL},,{NAME}_final.ipynb,")
    assert len(list((home / "submitted").iterdir())) == 28
    assert not list(course.rglob("evil.txt"))
    missing = out.splitlines()[-2]
    assert missing.endswith("from Nina Nichts, Tom Team, Uma Team")
    assert collect.main([QUIZ, *where]) == 0
    assert "nothing came in" not in capsys.readouterr().out

    # grading, and points by hand: the team's, too, whose learners nobody knows
    assert grade.main(where) == 0
    assert "work.zip: an archive within the archive" in told(
        course, "Eve Evil"
    )
    assert "in 2 h after the due date" in told(course, "Lara Late")
    for who in ("jan2@x.org", "Team Blue"):
        mark(course, NAME, who, 1.5)
    mark(course, QUIZ, "Participant_52", 1.5)

    # the worksheet, exported anew, says who is in the team
    groups = dict.fromkeys((TOM, UMA), "Team_Blue")
    worksheet(place / "Grades.csv", PEOPLE, groups=groups)
    regrades = home / "regrades.csv"
    regrades.write_text(
        "learner,assignment,task,asked,answer\n"
        f'Team Blue,{NAME},double,"{DOUBT}",A slip of ours.\n'
        f"jan2@x.org,{NAME},,Is that all?,\n"
    )
    assert collect.main([NAME, *where]) == 0  # nothing is left to a person
    assert "Team Blue: for Tom Team, Uma Team" in capsys.readouterr().out
    assert grade.main(where) == 0
    assert f"jan2@x.org {NAME} : Is that all?" in capsys.readouterr().out
    for who in ("Tom Team", "Uma Team"):
        page = told(course, who)
        assert "the notebook of team Team Blue" in page
        assert ".git/x: left out" in page
        assert "The right idea, on paper." in page
        assert "A person gave these points; the tests gave 0." in page
        assert "A slip of ours." in page
    assert "not answered yet" in told(course, "jan2@x.org")
    (double,) = [
        line
        for line in lines_of(home / "statistics.csv")
        if (line["assignment"], line["task"], line["property"])
        == (NAME, "double", "")
    ]
    # 25 have 3 points, three were given 1.5, Eve's file cannot be read
    assert (double["learners"], double["mean"]) == ("29", "2.741")
    missing = lines_of(home / "missing.csv")
    assert [(m["assignment"], m["learner"]) for m in missing] == [
        (NAME, "Nina Nichts")
    ]
    page = home / "feedback" / "Tom Team" / NAME / FILE
    assert escape(DOUBT) in page.with_suffix(".html").read_text()
    with Gradebook(f"sqlite:///{home}/gradebook.db") as book:
        marked = {s.student.id for s in book.assignment_submissions(NAME)}
    assert {"Tom Team", "Uma Team"} < marked
    assert "Team Blue" not in marked  # where a mark would reach nobody

    # the request is answered, and all of it goes back
    mark(course, NAME, "jan2@x.org", 2)
    regrades.write_text(regrades.read_text().replace("all?,", "all?,No."))
    assert give_back.main([NAME, *where]) == 0
    text = told(course, "jan2@x.org")
    assert "Is that all?" in text
    assert "from 1.5 to 2.0, since a person gave these points" in text
    with zipfile.ZipFile(back / "feedback.zip") as file:
        pages = file.namelist()
        page = f"Jan Schmidt_{JAN2}_assignsubmission_file_{NAME}.html"
        assert "5 of 6 points" in file.read(page).decode()
    numbers = {int(name.split("_")[1]) for name in pages}
    assert numbers == {number for number, *_ in PEOPLE} - {NINA}
    assert f"Uma Team_{UMA}_assignsubmission_file_{NAME}.html" in pages
    points = filled_in(back)
    assert points.pop(JAN2) == "5"
    assert points.pop(TOM) == points.pop(UMA) == "4.5"
    assert points.pop(EVE) == "1"  # for the answer that a person read
    assert points.pop(NINA) == ""
    assert set(points.values()) == {"6"}
    assert len(points) == 25

    assert give_back.main([NAME, "--missing", "0", *where]) == 0
    assert filled_in(back)[NINA] == "0"
    lines = (back / "canvas.csv").read_text().splitlines()
    (nina,) = [line for line in lines if "Nina Nichts" in line]
    assert nina.endswith(",0.0")

    # without names, by number
    assert give_back.main([QUIZ, "--missing", "0", *where]) == 0
    back = home / "returned" / QUIZ
    with zipfile.ZipFile(back / "feedback.zip") as file:
        assert set(file.namelist()) == {
            f"Participant_{n}_assignsubmission_file_{QUIZ}.html"
            for n in (51, 52)
        }
    assert filled_in(back) == {51: "6", 52: "4.5", 53: "0"}
    lines = lines_of(back / "lms.csv")
    (nina,) = [line for line in lines if line["id"] == "Nina Nichts"]
    assert nina[QUIZ] == ""  # she may be one of them

    # a slip in a table changes nothing
    before = (home / "points.csv").read_bytes()
    (home / "teams.csv").write_text(
        "assignment,team,learner\nnothing,7,ann\n"
    )
    assert grade.main(where) == 2
    assert "teams.csv, line 2" in capsys.readouterr().err
    (home / "teams.csv").unlink()
    regrades.write_text(
        f"learner,assignment,task,asked,answer\nx,{NAME},dubble,Why?,\n"
    )
    assert give_back.main([NAME, *where]) == 2
    assert grade.main(where) == 2
    assert (
        "expected a task of demo, double, triple, why, or nothing, got 'dubble'"
        in (capsys.readouterr().err)
    )
    assert (home / "points.csv").read_bytes() == before


def lines_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def filled_in(back):
    return {
        int(line["Identifier"].split()[1]): line["Grade"]
        for line in lines_of(back / "Grades.csv")
    }


def test_a_worksheet_comes_back_as_it_came_but_for_the_points(tmp_path):
    path = worksheet(
        tmp_path / "g.csv",
        [
            (1, "=cmd()", "a@x.org", "1 May 2026, 1:00 PM"),
            (2, "Bob", "", ""),
        ],
    )
    before = path.read_bytes().decode()
    sheet = read_table(path)
    after = fill_worksheet(sheet, {"2": 4.5}, 6)
    assert after.replace("\r\n", "\n") == before.replace(
        "\r\n", "\n"
    ).replace("=cmd()", "'=cmd()").replace(
        "grading,,6.00,Yes,-,-", "grading,4.5,6.00,Yes,-,-"
    )


def test_points_do_not_go_where_moodles_maximum_is_another(tmp_path):
    sheet = read_table(
        worksheet(tmp_path / "g.csv", [(1, "A", "", "")], "100")
    )
    with pytest.raises(
        SetupError, match="maximum is 100, the assignment's is 6"
    ):
        fill_worksheet(sheet, {}, 6)


def test_a_page_goes_to_no_learner_of_anothers_number(tmp_path):
    sheet = read_table(
        worksheet(tmp_path / "g.csv", [(7, "Ann Ode", "", "")])
    )
    said = []
    team = ("Moodle", "Team Blue", "7", "Team Blue_7_assignsubmission_file")
    ann = ("Moodle", "Group A-Ann Ode", "7", "x")
    lines = {"7": "ann"}
    assert not give_back._is_for_one_person(
        sheet, lines, "Team Blue", team, said
    )
    assert "Team Blue 7 is nobody" in said[0]
    assert give_back._is_for_one_person(sheet, {}, "ann", ann, [])
    assert give_back._is_for_one_person(
        sheet, lines, "ann", team, []
    )  # by corrections


def row(who, team, points=4.0):
    task = TaskPoints("double", points, 6.0, False)
    submission = Submission(who, NAME, None, team)
    return Row(submission, "graded", "", points, 6.0, tasks=[task])


def test_each_of_a_team_has_a_page_under_the_number_of_their_own(tmp_path):
    people = [
        (1, "Ann Ode", "a@x.org", ""),
        (7, "Bob Bell", "b@x.org", ""),
        (9, "Cy_Day", "", ""),
    ]
    sheet = read_table(worksheet(tmp_path / "g.csv", people))
    lines = {"1": "ann", "7": "bob", "9": "cy"}
    group = ("Moodle", "Blue", "7", "Blue_7_assignsubmission_file")
    own = ("Moodle", "Cy Day", "9", "Cy Day_9_assignsubmission_file")
    rows = [row("ann", "Blue"), row("bob", "Blue"), row("cy", "Red")]
    rows += [row("dan", "Red")]
    taken = {"Blue": Taken(marks=[group]), "cy": Taken(marks=[own])}
    said = []
    marks = give_back._collect_marks(sheet, lines, rows, taken, said)
    assert {who: mark[3] for who, mark in marks} == {
        "ann": "Ann Ode_1_assignsubmission_file",
        "bob": "Bob Bell_7_assignsubmission_file",
        "cy": "Cy Day_9_assignsubmission_file",
    }
    (one,) = said
    assert one.startswith("dan: expected one line in a grading worksheet")
    assert (
        give_back._collect_marks(None, {}, rows, {}, said) == []
    )  # from no system


def test_one_page_goes_to_the_whole_of_a_group_of_canvas():
    blue = ("Canvas", "teamblue", "81", "teamblue_81_101_")
    cy = ("Canvas", "daycy", "83", "daycy_83_102_")
    rows = [row("ann", "Blue"), row("bob", "Blue"), row("cy", "")]
    taken = {"Blue": Taken(marks=[blue]), "cy": Taken(marks=[cy])}
    said = []
    assert give_back._collect_marks(None, {}, rows, taken, said) == [
        ("cy", cy),
        ("ann", blue),
    ]
    taken = {"ann": Taken(marks=[blue])}  # whose number it has
    assert give_back._collect_marks(None, {}, rows, taken, said) == [
        ("ann", blue)
    ]
    assert said == []


def test_of_namesakes_without_an_address_none_has_the_others_points(
    tmp_path,
):
    people = [(1, "Jan Schmidt", "", ""), (2, "Jan Schmidt", "", "")]
    sheet = read_table(worksheet(tmp_path / "g.csv", people))
    roster = Roster([Learner("jan", "Jan", "Schmidt")])
    lines = in_sheet(sheet, roster)
    assert lines == {"1": "", "2": ""}
    rows = [row("jan", "")]
    assert give_back._collect_points(lines, rows, None) == {}
    assert give_back._collect_points(lines | {"2": "jan"}, rows, None) == {
        "2": 4.0
    }


def test_what_is_not_graded_cannot_go_back(tmp_path, capsys):
    root = make_empty(tmp_path)
    assert give_back.main([NAME, "--root", str(root)]) == 2
    assert "run make grade before" in capsys.readouterr().err
    assert give_back.main(["nix", "--root", str(root)]) == 2
    assert "got 'nix'" in capsys.readouterr().err
