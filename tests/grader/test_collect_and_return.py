"""A class of thirty, from Moodle's export to what Moodle takes back."""

import csv
import zipfile
from html import unescape

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry

from grader.collecting.collected import Taken
from grader.collecting.whose import in_sheet
from grader.collecting.worksheet import filled, read_table
from grader.commands import collect, give_back, grade
from grader.course.roster import Learner, Roster
from grader.course.settings import SetupError
from grader.course.submissions import Submission
from grader.reports.points import Row, Task
from tests.helpers.exports import make_empty, moodle, pack, worksheet
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    solved,
    told,
)

FILE = f"{NAME}.ipynb"
CLASS = [f"Learner N{n:02}" for n in range(5, 30)]
JAN1, JAN2, LATE, PAUL, HOSTILE, NINA = range(1, 7)
NUMBERS = {name: 100 + n for n, name in enumerate(CLASS)}


def people(anonymous):
    """Number, name, address and when it came in, of all thirty and Nina."""
    here = [
        (JAN1, "Jan Schmidt", "jan1@x.org", "1 February 2026, 5:00 PM"),
        (JAN2, "Jan Schmidt", "jan2@x.org", "1 February 2026, 5:00 PM"),
        (LATE, "Lara Late", "lara@x.org", "1 February 2026, 8:00 PM"),
        (PAUL, "Paul Penn", "paul@x.org", "1 February 2026, 4:00 PM"),
        (HOSTILE, "Eve Evil", "eve@x.org", "1 February 2026, 4:00 PM"),
        (NINA, "Nina Nichts", "nina@x.org", ""),
        *((n, name, f"{n}@x.org", "") for name, n in NUMBERS.items()),
    ]
    if not anonymous:
        return here
    return [(n, f"Participant {n}", "", when) for n, _, _, when in here]


def export(path, anonymous):
    """The archive; nothing of Nina's is in it."""
    wrong = solved()
    cell_of(wrong, "double").source = "def double(x): return x"
    files = {}
    for number, name, *_ in people(anonymous):
        called = "Participant" if anonymous else name
        if number == PAUL:
            files[moodle(called, number, f"{NAME}_final.ipynb")] = None
        elif number == HOSTILE:
            files[moodle(called, number, "work.zip")] = b"PK\x03\x04 no"
            files[moodle(called, number, "../../evil.txt")] = "up"
        elif number != NINA:
            content = nbformat.writes(wrong) if number == JAN2 else None
            files[moodle(called, number)] = content
    return pack(path, files)


def mark(root, who, points):
    """A person gives points and a comment for the first task."""
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        given = book.find_grade("test_double", NAME, NAME, who)
        given.manual_score = points
        # the formgrader's box belongs to the answer's cell
        comment = book.find_comment("double", NAME, NAME, who)
        comment.manual_comment = "The right idea, on paper."
        for name in [student.id for student in book.students]:
            try:
                answer = book.find_grade("why", NAME, NAME, name)
            except MissingEntry:  # handed in nothing
                continue
            answer.manual_score, answer.needs_manual_grade = 1, False
        book.db.commit()


@pytest.mark.slow
@NEEDS_SANDBOX
@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
@pytest.mark.parametrize("anonymous", [False, True])
def test_a_class_of_thirty_goes_out_under_the_numbers_it_came_in(
    tmp_path, anonymous, capsys
):
    root = make_empty(tmp_path)
    home = root / "grading"
    place = home / "downloaded" / NAME
    export(place / "CS101.zip", anonymous)
    worksheet(place / "Grades.csv", people(anonymous))
    with Gradebook(f"sqlite:///{home}/gradebook.db") as book:
        book.add_assignment(NAME, duedate="2026-02-01 17:00:00 UTC")
    where = ["--root", str(root)]
    if anonymous:
        (home / "roster.csv").write_text("id,email\nann,ann@x.org\n")
    assert collect.main([NAME, *where]) == 1  # Paul and Eve need a person
    (home / "corrections.csv").write_text(
        "assignment,handed_in_as,learner,file,time\n"
        f"{NAME},{PAUL},,{NAME}_final.ipynb,\n"
    )
    assert collect.main([NAME, *where]) == 1
    out = capsys.readouterr()
    assert len(list((home / "submitted").iterdir())) == 30
    assert not list(root.rglob("evil.txt"))
    assert ("Nina Nichts" in out.out) == (not anonymous)

    assert grade.main(where) == 0
    jan = f"Participant_{JAN2}" if anonymous else "jan2@x.org"
    eve = f"Participant_{HOSTILE}" if anonymous else "Eve Evil"
    late = f"Participant_{LATE}" if anonymous else "Lara Late"
    assert "work.zip: an archive within the archive" in told(root, eve)
    assert "Handed in 2 h after the due date" in told(root, late)
    mark(root, jan, 1.5)
    assert give_back.main([NAME, *where]) == 0
    text = unescape(told(root, jan))
    assert "The right idea, on paper." in text
    assert "A person gave these points; the tests gave 0." in text
    assert "from 0.0 to 1.5, since a person gave these points" in text

    back = home / "returned" / NAME
    with zipfile.ZipFile(back / "feedback.zip") as file:
        pages = file.namelist()
        called = "Participant" if anonymous else "Jan Schmidt"
        page = f"{called}_{JAN2}_assignsubmission_file_{NAME}.html"
        assert "1.5 of 3 points" in file.read(page).decode()
    assert {int(name.split("_", 4)[1]) for name in pages} == {
        number for number, *_ in people(anonymous) if number != NINA
    }
    points = filled_in(back)
    assert points[JAN1] == "6"
    assert points[JAN2] == "4.5"
    assert points[PAUL] == "6"
    assert points[HOSTILE] == "1"  # for the answer that a person read
    assert points[NINA] == ""
    assert len(points) == 31

    assert give_back.main([NAME, "--missing", "0", *where]) == 0
    assert filled_in(back)[NINA] == "0"
    if not anonymous:
        lines = (back / "canvas.csv").read_text().splitlines()
        assert any(
            "Nina Nichts" in line and line.endswith(",0.0")
            for line in lines
        )
    else:  # nobody of the roster has 0 points for what has no name
        lines = list(csv.DictReader((back / "lms.csv").open()))
        (ann,) = [line for line in lines if line["id"] == "ann"]
        assert ann[NAME] == ""


@pytest.mark.slow
@NEEDS_SANDBOX
@pytest.mark.filterwarnings("ignore:Object of type <Submitted")
def test_a_class_in_moodles_groups_goes_out_under_each_ones_number(
    tmp_path, capsys
):
    root = make_empty(tmp_path)
    home, where = root / "grading", ["--root", str(root)]
    place = home / "downloaded" / NAME
    when = "1 February 2026, 5:00 PM"
    class_ = [(n, f"Nr {n}", f"{n}@x.org", when) for n in range(1, 31)]
    groups = {n: f"Group {n % 10}" for n in range(1, 31)}
    groups[30] = "Default group"  # in a team of teams.csv alone
    files = {moodle(f"Group {n}", 10 + n): None for n in range(10)}
    files[moodle("Group 4", 14, ".git/x")] = "hidden"
    pack(place / "CS101.zip", files)
    worksheet(place / "Grades.csv", class_, groups=groups)
    (home / "teams.csv").write_text(
        f"assignment,team,learner\n{NAME},Group 0,10@x.org\n"
    )
    assert collect.main([NAME, *where]) == 1  # the roster has other names
    teams = home / "teams.csv"
    teams.write_text(teams.read_text().replace("10@x.org", "Nr 10"))
    (home / "regrades.csv").write_text(
        "learner,assignment,task,asked,answer\n"
        f"Group 4,{NAME},double,Why so few?,A slip of ours.\n"
        f"Nr 44,{NAME},,Mine?,No.\n"
    )
    assert collect.main([NAME, *where]) == 0
    assert grade.main(where) == 0
    assert f"Nr 44 has handed in no {NAME}" in capsys.readouterr().err
    mark(root, "Nr 4", 1.5)
    assert give_back.main([NAME, *where]) == 0
    for who in ("Nr 4", "Nr 14", "Nr 24"):
        page = told(root, who)
        assert "the notebook of team Group 4" in page
        assert ".git/x: left out" in page
        assert "A slip of ours." in page
    back = home / "returned" / NAME
    with zipfile.ZipFile(back / "feedback.zip") as file:
        pages = {name.split("_")[0]: name for name in file.namelist()}
    assert pages["Nr 24"] == f"Nr 24_24_assignsubmission_file_{NAME}.html"
    assert len(pages) == 28  # 20 and 30 are in no group that handed in
    points = filled_in(back)
    assert {points[n] for n in (20, 30)} == {""}
    assert points.pop(4) == "4.5"  # a person's, of this learner alone
    assert [*points.values()].count("6") == 27


def filled_in(back):
    with (back / "Grades.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        lines = list(csv.DictReader(file))
    return {
        int(line["Identifier"].split()[1]): line["Grade"] for line in lines
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
    after = filled(sheet, {"2": 4.5}, 6)
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
        filled(sheet, {}, 6)


def test_a_page_goes_to_no_learner_of_anothers_number(tmp_path):
    sheet = read_table(
        worksheet(tmp_path / "g.csv", [(7, "Ann Ode", "", "")])
    )
    said = []
    team = ("Moodle", "Team Blue", "7", "Team Blue_7_assignsubmission_file")
    ann = ("Moodle", "Group A-Ann Ode", "7", "x")
    lines = {"7": "ann"}
    assert not give_back._fits(sheet, lines, "Team Blue", team, said)
    assert "Team Blue 7 is nobody" in said[0]
    assert give_back._fits(sheet, {}, "ann", ann, [])
    assert give_back._fits(sheet, lines, "ann", team, [])  # by corrections


def row(who, team, points=4.0):
    task = Task("double", points, 6.0, False)
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
    marks = give_back._marks(sheet, lines, rows, taken, said)
    assert {who: mark[3] for who, mark in marks} == {
        "ann": "Ann Ode_1_assignsubmission_file",
        "bob": "Bob Bell_7_assignsubmission_file",
        "cy": "Cy Day_9_assignsubmission_file",
    }
    (one,) = said
    assert one.startswith("dan: expected one line in a grading worksheet")
    assert (
        give_back._marks(None, {}, rows, {}, said) == []
    )  # from no system


def test_of_namesakes_without_an_address_none_has_the_others_points(
    tmp_path,
):
    people = [(1, "Jan Schmidt", "", ""), (2, "Jan Schmidt", "", "")]
    sheet = read_table(worksheet(tmp_path / "g.csv", people))
    roster = Roster([Learner("jan", "Jan", "Schmidt")])
    lines = in_sheet(sheet, roster)
    assert lines == {"1": "", "2": ""}
    rows = [row("jan", "")]
    assert give_back._points(lines, rows, None) == {}
    assert give_back._points(lines | {"2": "jan"}, rows, None) == {"2": 4.0}


def test_what_is_not_graded_cannot_go_back(tmp_path, capsys):
    root = make_empty(tmp_path)
    assert give_back.main([NAME, "--root", str(root)]) == 2
    assert "run make grade before" in capsys.readouterr().err
    assert give_back.main(["nix", "--root", str(root)]) == 2
    assert "got 'nix'" in capsys.readouterr().err
