"""What learning management systems export, taken in by make collect."""

import io
import os
import random
import shutil
import stat
import subprocess
import tarfile
import time
import unicodedata
import zipfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from grader.commands import collect
from grader.commands.grade import share_notebooks
from grader.course.by_hand.corrections import read_corrections
from grader.course.roster import Learner, read_roster
from grader.course.settings import Course, SetupError
from grader.course.submissions import find_submissions
from grader.systems.exported import archives, exports
from grader.systems.exported.archives import Export, Unreadable, read
from grader.systems.exported.worksheet import parse_when, read_table
from tests.helpers.exports import make_empty, moodle, pack, worksheet
from tests.helpers.grading import NAME, ROOT

FILE = f"{NAME}.ipynb"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_empty(tmp_path_factory.mktemp("collect"))


@pytest.fixture
def root(made, tmp_path):
    return shutil.copytree(made, tmp_path / "course")


def place(root):
    folder = root / "grading" / "downloaded" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(root, status=0):
    assert collect.main([NAME, "--root", str(root)]) == status


def learners(root):
    """Whose notebooks there are."""
    found = (root / "grading" / "submitted").glob(f"*/{NAME}/{FILE}")
    return {path.parent.parent.name for path in found}


def of(root, who):
    """What was taken in of a learner."""
    return root / "grading" / "submitted" / who / NAME


def timestamp(root, who):
    path = of(root, who) / "timestamp.txt"
    return path.read_text().strip() if path.exists() else None


def fill(root, **tables):
    for name, text in tables.items():
        (root / "grading" / f"{name}.csv").write_text(text)


# ------------------------------------------------- every form of an export

FORMS = {
    "moodle, in folders": {
        moodle("Ann Ode", 101): "Ann Ode",
        moodle("Cy", 103, f"{NAME}/{FILE}"): "Cy",
        f"Di_104_assignsubmission_onlinetext/{FILE}": None,
    },
    "moodle, older": {
        f"Ann Ode_101_assignsubmission_file_/{FILE}": "Ann Ode",
        f"Bo_b Bell_102_assignsubmission_file_/{NAME} (1).ipynb": "Bo_b Bell",
        f"Ed_105_onlinetext_/{FILE}": None,
    },
    "moodle, flat": {
        f"Ann Ode_101_assignsubmission_file_{FILE}": "Ann Ode",
        f"Cy_103_assignsubmission_file_{NAME}-2.ipynb": "Cy",
    },
    "moodle, anonymous": {
        moodle("Participant", 101): "Participant_101",
        moodle("Participant", 102): "Participant_102",
    },
    "moodle, older, anonymous and in groups": {
        f"Group A-Participant_51_assignsubmission_file_/{FILE}": "Participant_51",
        f"Group-B-Participant_52_assignsubmission_file_{FILE}": "Participant_52",
    },
    "moodle, one anonymous": {
        moodle("Participant", 101): "Participant_101",
    },
    "moodle, teams": {
        moodle("Team Blue", 7): "Team Blue",
        f"Default group_assignsubmission_file/{FILE}": "Default group",
    },
    "moodle, below a folder": {
        f"CS101-4711/{moodle('Ann Ode', 101)}": "Ann Ode",
        f"CS101-4711/{moodle('Bob', 102)}": "Bob",
    },
    "canvas": {
        f"odeann_81_101_{FILE}": "odeann",
        f"bellbob_LATE_82_102_{NAME}-2.ipynb": "bellbob",
        "cy_83_103_notes.txt": None,
    },
    "canvas, anonymous": {
        f"anon_a3Bc9_201_{FILE}": "anon_a3Bc9",
        f"LATE_anon_Zz11q_202_{FILE}": "anon_Zz11q",
    },
    "names that end alike, in folders": {
        f"j_doe/{FILE}": "j_doe",
        f"m_doe/{FILE}": "m_doe",
    },
    "a folder in a folder, with files beside": {
        f"class/ann/{FILE}": "ann",
        f"class/bob/{NAME}/{FILE}": "bob",
        "class/readme.txt": None,
        "index.html": None,
    },
    "a folder": {
        f"ann/{FILE}": "ann",
        f"bob/{NAME}/{FILE}": "bob",
    },
    "a folder in a folder": {
        f"class/ann/{FILE}": "ann",
        f"class/bob/{NAME}/{FILE}": "bob",
    },
    "a folder in a folder, of one learner": {
        f"class/ann/{FILE}": "ann",
        "class/ann/data.csv": None,
    },
    "a folder in a folder, one file deeper": {
        f"ann/{NAME}/{FILE}": "ann",
        f"ann/{NAME}/data/a.csv": None,
    },
    "marks of systems in a folder of one's own": {
        f"ann/{FILE}": "ann",
        f"bob/{FILE}": "bob",
        "bob/data_2024_01_15.csv": None,
        f"cy/{FILE}": "cy",
        f"cy/Ann Ode_4711_assignsubmission_file_{FILE}": None,
        "results_2024_01_15.csv": None,
    },
    "marks of systems in the only folder": {
        f"ann/{FILE}": "ann",
        "ann/data_2024_01_15.csv": None,
    },
    "two of one name": {
        moodle("Ann Ode", 101): "Ann Ode_101",
        moodle("Ann Ode", 102): "Ann Ode_102",
        moodle("Bob", 103): "Bob",
    },
    "marks of others in a learner's names": {
        moodle("Ann", 1, f"Bob_2_assignsubmission_file/{FILE}"): "Ann",
        moodle("Cy", 5, f"dan_7_8_{FILE}"): None,
        moodle("..", 6): None,
    },
    "marks of Moodle in a file of Canvas's": {
        f"eve_1_2_x_3_assignsubmission_file_{FILE}": None,
        f"bob_3_4_{FILE}": "bob",
    },
    "marks of Moodle in the only file of Canvas's": {
        f"eve_82_103_x-Ann Ode_3_assignsubmission_file_{FILE}": None,
    },
    "marks of Canvas in the only folder of Moodle's": {
        moodle("Ann", 1, f"bob_82_103_{FILE}"): None,
        moodle("Ann", 1): "Ann",
    },
}  # fmt: skip


@pytest.mark.parametrize("packed", ["zip", "tar", "folder"])
@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_an_export_is_taken_in(root, form, packed):
    files = FORMS[form]
    archive = pack(place(root) / "export.zip", dict.fromkeys(files))
    if packed != "zip":
        folder = place(root) / "export"
        with zipfile.ZipFile(archive) as file:
            for name in files:  # extractall drops ".."
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(file.read(name))
        archive.unlink()
        if packed == "tar":
            with tarfile.open(place(root) / "e.tar.gz", "w:gz") as file:
                for name in files:
                    file.add(folder / name, name)
            shutil.rmtree(folder)
    collect.main([NAME, "--root", str(root)])
    assert learners(root) == {who for who in files.values() if who}


def test_what_is_marked_says_whose_it_is():
    def marked(*paths):
        members = [archives.Member(path, 0, bytes) for path in paths]
        return exports.sort_pieces(members)[0]

    (canvas,) = marked("odeann_LATE_81_101_a_1_2_b.txt")
    assert (canvas.name, canvas.number, canvas.order) == (
        "odeann",
        "81",
        101,
    )
    assert (canvas.late, canvas.path) == (True, "a_1_2_b.txt")
    assert canvas.prefix == "odeann_LATE_81_101_"
    assert marked("__MACOSX/a_1_2_b", ".DS_Store") == []


# ------------------------------------------------ learners and the roster


def test_the_worksheet_and_the_roster_say_who_is_who(root):
    fill(
        root,
        roster="Username,First name,Surname,Email address\n"
        "jan1,Jan,Schmidt,jan1@x.org\njan2,Jan,Schmidt,jan2@x.org\n"
        "cagla,\u00c7a\u011fla,\u015eahin,c@x.org\nnina,Nina,Nichts,n@x.org\n",
    )
    mac = unicodedata.normalize("NFD", "\u00c7a\u011fla \u015eahin")
    pack(
        place(root) / "export.zip",
        dict.fromkeys(
            [
                moodle("Jan Schmidt", 1),
                moodle("Jan Schmidt", 2),
                moodle(mac, 3),
                moodle("Gruppe A-Zo\u00eb New", 4),
            ]
        ),
    )
    worksheet(
        place(root) / "Grades.csv",
        [
            (1, "Jan Schmidt", "jan2@x.org", ""),
            (2, "Jan Schmidt", "JAN1@x.org", ""),
            (4, "Zo\u00eb New", "zoe@x.org", ""),
            (5, "Olaf Nothing", "o@x.org", ""),
        ],
    )
    run(root)
    assert learners(root) == {
        "jan1",
        "jan2",
        "cagla",
        "Zo\u00eb New",
    }
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        known = {student.id: student.email for student in book.students}
    assert known["Olaf Nothing"] == "o@x.org"  # handed in nothing
    assert known["nina"] == "n@x.org"


SAID = "assignment,handed_in_as,learner,file,time\n"
DOES = "id,first_name,last_name\nj_doe,Jo,Doe\nm_doe,Maria,Doe\n"


def test_names_are_taken_whole_and_strangers_are_listed(root, capsys):
    """Anna-Maria Doe is neither Maria Doe nor of a group Anna."""
    fill(root, roster=DOES)
    pack(place(root) / "e.zip", {moodle("Anna-Maria Doe", 7): None})
    run(root, 1)
    told = capsys.readouterr()
    assert learners(root) == {"Anna-Maria Doe"}
    assert "Anna-Maria Doe is nobody of the roster" in told.err
    assert f"corrections.csv: {NAME},7,ID,," in told.err
    assert "nothing came in from j_doe, m_doe" in told.out
    run(root, 1)  # the gradebook knows the name now, the roster does not
    fill(root, corrections=f"{SAID}{NAME},7,m_doe,,\n")
    run(root, 1)
    assert learners(root) == {"m_doe"}
    run(root)


def test_two_who_seem_to_be_one_are_asked_about(root, capsys):
    fill(root, roster=DOES)
    files = [f"{who}/{FILE}" for who in ("j_doe", "Jo Doe", "m_doe")]
    pack(place(root) / "e.zip", dict.fromkeys(files))
    run(root, 1)
    assert learners(root) == {"m_doe"}
    assert "Jo Doe and j_doe both seem to be" in capsys.readouterr().err
    fill(root, corrections=f"{SAID}{NAME},Jo Doe,j_doe,,\n")
    run(root)
    assert learners(root) == {"j_doe", "m_doe"}


def test_a_flat_export_without_marks_is_nobodys_and_says_what_to_do(
    root, capsys
):
    """As Blackboard names files: where the name begins, no pattern knows."""
    start = "Week_3 BPTT_{}_attempt_2026-02-01-17-00-00"
    files = [f"{start}_{FILE}".format(who) for who in ("j_doe", "m_doe")]
    pack(place(root) / "e.zip", dict.fromkeys(files))
    run(root, 1)
    assert learners(root) == set()
    said = capsys.readouterr().err
    assert said.count("or a folder for each learner") == 2


@pytest.mark.parametrize("listed", [True, False])
def test_folders_in_one_folder_are_the_rosters_or_it_is_said(
    root, capsys, listed
):
    if listed:
        fill(root, roster="id\nann\n")
    work = dict.fromkeys([f"ann/one/{FILE}", "ann/two/more.ipynb"])
    pack(place(root) / "e.zip", work)
    collect.main([NAME, "--root", str(root)])
    assert learners(root) == ({"ann"} if listed else {"one"})
    said = "there is no roster; taken for learners' names: one, two"
    assert (said in capsys.readouterr().out) is not listed


def test_a_tutors_correction_beside_the_work_is_asked_about(root, capsys):
    pack(
        place(root) / "e.zip",
        {
            f"ann/1_submissions/{FILE}": "work",
            f"ann/3_corrections/{FILE}": "corrected",
            f"bob/1_submissions/{FILE}": "same",
            f"bob/3_corrections/{FILE}": "same",
        },
    )
    run(root, 1)
    assert learners(root) == {"bob"}
    line = f"{NAME},ann,,1_submissions/{FILE},"
    assert f"corrections.csv: {line}" in capsys.readouterr().err
    fill(root, corrections=f"{SAID}{line}\n")
    run(root)
    assert (of(root, "ann") / FILE).read_text() == "work"


def test_a_file_that_is_no_notebook_is_named_and_nothing_is_asked(
    root, capsys
):
    files = {
        moodle("Ann", 1, f"{NAME}.py"): "x = 1",
        moodle("Bob", 2): None,
    }
    pack(place(root) / "e.zip", files)
    run(root)  # there is nothing that the teacher could write into a table
    told = capsys.readouterr().out
    assert f"Ann: {NAME}.py is no notebook: ask for {FILE} itself" in told


def test_namesakes_without_a_worksheet_are_told_and_a_line_settles_it(
    root, capsys
):
    fill(
        root,
        roster="id,first_name,last_name\njan1,Jan,Schmidt\njan2,Jan,Schmidt\n",
    )
    pack(place(root) / "e.zip", {moodle("Jan Schmidt", 7): None})
    run(root, 1)
    assert learners(root) == {"Jan Schmidt_7"}
    assert "jan1, jan2" in capsys.readouterr().err
    fill(
        root,
        corrections="assignment,handed_in_as,learner,file,time\n"
        f"{NAME},7,jan2,,\n",
    )
    run(root, 1)  # the other folder was moved, which is told
    assert learners(root) == {"jan2"}
    assert "Jan Schmidt_7: is jan2 now" in capsys.readouterr().err
    earlier = root / "grading" / "earlier" / "Jan Schmidt_7"
    assert list(earlier.rglob(FILE))
    run(root)


def test_canvas_numbers_find_the_roster_in_every_assignment(root):
    gradebook = place(root) / "2026-Grades.csv"
    gradebook.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\n"
        '    Points Possible,,,,\n"Ode, Ann",81,,ann,A\n"Bell, Bob",82,,bob,A\n'
    )
    pack(place(root) / "e.zip", {f"odeann_81_101_{FILE}": None})
    run(root)
    assert learners(root) == {"ann"}


def test_a_group_of_canvas_is_no_learners_and_a_table_says_whose(
    root, capsys
):
    (place(root) / "2026-Grades.csv").write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section\n"
        '"Ode, Ann",81,,ann,A\n"Bell, Bob",82,,bob,A\n"Day, Cy",83,,cy,A\n'
    )
    files = [f"teamblue_81_101_{FILE}", f"daycy_83_102_{FILE}"]
    pack(
        place(root) / "e.zip", dict.fromkeys([*files, f"red_99_103_{FILE}"])
    )
    run(root, 1)  # Canvas writes the group's name and one learner's number
    said = capsys.readouterr().err
    assert "teamblue: 81 is Ann Ode's number in" in said
    assert f"teams.csv: {NAME},teamblue,ID" in said
    assert "red: 99 is nobody's number in" in said
    assert "daycy" not in said
    members = "".join(f"{NAME},Team Blue,{who}\n" for who in ("ann", "bob"))
    fill(
        root,
        roster="id\ndan\n",
        teams="assignment,team,learner\n" + members,
        corrections="assignment,handed_in_as,learner,file,time\n"
        f"{NAME},99,dan,,\n",
    )
    run(root, 1)
    assert "ann: is Team Blue now" in capsys.readouterr().err
    run(root)
    assert "Team Blue: for ann, bob" in capsys.readouterr().out
    assert shared(root) == {
        *(("ann", "Team Blue"), ("bob", "Team Blue")),
        *(("cy", ""), ("dan", "")),
    }


def test_in_anonymous_marking_no_name_is_said_to_be_missing(root, capsys):
    fill(root, roster="id,first_name,last_name\nann,Ann,Ode\n")
    pack(place(root) / "a.zip", {moodle("Participant", 4): None})
    run(root)
    out = capsys.readouterr().out
    assert "nothing came in" not in out
    assert "1 learners handed in" in out


def test_a_correction_of_what_did_not_come_in_is_told(root, capsys):
    pack(place(root) / "e.zip", {moodle("Ann", 4): None})
    fill(
        root,
        corrections="assignment,handed_in_as,learner,file,time\n"
        f"{NAME},4,ann,,\n{NAME},44,bob,,\n",
    )
    run(root)
    out = capsys.readouterr().out
    assert "corrections.csv: nothing came in as 44\n" in out
    assert "came in as 4\n" not in out


def test_who_was_anonymous_stays_so_when_names_are_revealed(root):
    pack(place(root) / "a.zip", {moodle("Participant", 4): None})
    worksheet(place(root) / "g.csv", [(4, "Participant 4", "", "")])
    run(root)
    pack(place(root) / "a.zip", {moodle("Ann Ode", 4): None})
    run(root)
    assert learners(root) == {"Participant_4"}


# --------------------------------------------- several, late, corrections


def test_the_latest_counts_and_the_others_are_kept(root, capsys):
    first = pack(
        place(root) / "one.zip",
        {
            moodle("Ann", 1): "1",
            moodle("Ann", 1, f"{NAME} (2).ipynb"): "3",
            moodle("Ann", 1, f"{NAME} (1).ipynb"): "2",
            moodle("Bob", 2): "b",
        },
    )
    os.utime(first, (1000, 1000))
    run(root)
    assert (of(root, "Ann") / FILE).read_text() == "3"
    assert f"{NAME} (2).ipynb came later" in capsys.readouterr().out
    second = pack(place(root) / "another.zip", {moodle("Ann", 1): "4"})
    os.utime(second, (2000, 2000))
    run(root)
    assert (of(root, "Ann") / FILE).read_text() == "4"
    earlier = root / "grading" / "earlier" / "Ann" / NAME
    assert [p.read_text() for p in earlier.rglob(FILE)] == ["3"]
    assert learners(root) == {"Ann", "Bob"}


def test_what_a_later_export_has_again_is_no_news(root, capsys):
    files = {
        moodle("Ann", 1): "1",
        moodle("Bob", 2): "2",
        moodle("Eve", 3, "work.zip"): "3",
    }
    old = pack(place(root) / "e.zip", files)
    os.utime(old, (1000, 1000))
    pack(place(root) / "e (1).zip", {**files, moodle("Bob", 2): "4"})
    run(root)
    told = capsys.readouterr().out
    assert f"Bob: {FILE}: {FILE} came later and counts" in told
    assert f"Ann: {FILE}: {FILE} came later" not in told
    assert told.count("Eve: work.zip: an archive within the archive") == 1


def test_what_became_of_each_file_is_told(root, capsys):
    pack(
        place(root) / "e.zip",
        {
            moodle("Ann", 1, f"work/{FILE}"): None,
            moodle("Ann", 1, "work/data/a.csv"): "1",
            moodle("Ann", 1, "essay.pdf"): "2",
            "Ann_1_assignsubmission_onlinetext/onlinetext.html": "3",
            moodle("Bob", 2, "answers.py"): "4",
        },
    )
    old = pack(place(root) / "old.zip", {moodle("Ann", 1, "b.csv"): "5"})
    os.utime(old, (1000, 1000))
    run(root)
    told = capsys.readouterr().out
    online = "Ann_1_assignsubmission_onlinetext/onlinetext.html"
    for line in (
        "Ann: data/a.csv of e.zip: taken in beside the notebook",
        "Ann: essay.pdf of e.zip: left, for it isn't in the folder",
        "Ann: b.csv of old.zip: left, for it came in at another time",
        f"Ann: {online} of e.zip: left, for it is a text typed",
        "Bob: answers.py of e.zip: taken in, with no notebook",
    ):
        assert told.count(line) == 1, line


def test_what_was_changed_by_hand_survives_the_same_export(root):
    archive = pack(place(root) / "e.zip", {moodle("Ann", 1): "1"})
    run(root)
    (of(root, "Ann") / FILE).write_text("mended")
    run(root)
    assert (of(root, "Ann") / FILE).read_text() == "mended"
    pack(archive, {moodle("Ann", 1): "2"})  # handed in again
    run(root)
    assert (of(root, "Ann") / FILE).read_text() == "2"
    earlier = (root / "grading" / "earlier").rglob(FILE)
    assert [path.read_text() for path in earlier] == ["mended"]


def test_the_worksheet_says_when_and_a_learner_does_not(root):
    pack(
        place(root) / "e.zip",
        {
            moodle("Ann", 1): None,
            moodle("Ann", 1, "TIMESTAMP.txt"): "2020-01-01 00:00:00 UTC",
            moodle("Bob", 2): None,
            moodle("Bob", 2, "timestamp.txt"): "2020-01-01 00:00:00 UTC",
        },
    )
    worksheet(
        place(root) / "g.csv",
        [
            (1, "Ann", "", "Wednesday, 10 June 2026, 2:14 PM"),
            (2, "Bob", "", ""),
        ],
    )
    run(root)
    assert timestamp(root, "Ann") == "2026-06-10 12:14:00 UTC"
    assert timestamp(root, "Bob") is None
    assert {p.name for p in of(root, "Ann").iterdir()} == {
        FILE,
        "timestamp.txt",
    }


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("Wednesday, 10 June 2026, 2:14 PM", datetime(2026, 6, 10, 14, 14)),
        (
            "Wednesday, September 23, 2020, 9:00 PM",
            datetime(2020, 9, 23, 21),
        ),
        ("2026-06-10 14:14", datetime(2026, 6, 10, 14, 14)),
        ("10/06/26, 2:14 PM", None),
        ("Mittwoch, 10. Juni 2026, 14:14", None),
        ("", None),
        ("9" * 500 + " June", None),
    ],
)
def test_a_time_is_read_only_where_it_has_one_meaning(said, when):
    assert parse_when(said) == when


def test_times_without_a_zone_are_refused_and_nothing_is_written(
    root, capsys
):
    course_file = root / "course.toml"
    course_file.write_text('title = "Ours"\n')
    pack(place(root) / "e.zip", {moodle("Ann", 1): None})
    worksheet(
        place(root) / "g.csv", [(1, "Ann", "", "1 June 2026, 2:14 PM")]
    )
    run(root, 2)
    assert "course.toml: expected time_zone" in capsys.readouterr().err
    assert learners(root) == set()
    course_file.write_text('time_zone = "Berlin"\n')
    run(root, 2)
    assert "got 'Berlin'" in capsys.readouterr().err


def test_what_canvas_calls_late_is_late(root, capsys):
    pack(
        place(root) / "e.zip",
        {f"odeann_LATE_81_101_{FILE}": None, f"cy_82_102_{FILE}": None},
    )
    run(root)
    assert "no due date" in capsys.readouterr().out
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        book.add_assignment(NAME, duedate="2026-02-01 17:00:00 UTC")
    run(root)
    assert timestamp(root, "odeann") == "2026-02-01 17:01:00 UTC"
    assert timestamp(root, "cy") is None
    (root / "course.toml").write_text(
        'time_zone = "Europe/Berlin"\n[[weeks]]\n'
        f'assignments = ["{NAME}"]\ndue = 2026-02-01T23:59:00\n'
    )
    run(root)
    assert timestamp(root, "odeann") == "2026-02-01 23:00:00 UTC"


def test_corrections_name_a_file_and_a_time_for_every_later_export(root):
    archive = place(root) / "e.zip"
    pack(archive, {moodle("Ann", 1, f"{NAME}_final.ipynb"): "1"})
    run(root, 1)
    assert learners(root) == set()
    fill(
        root,
        corrections="assignment,handed_in_as,learner,file,time\n"
        f"{NAME},Ann,,{NAME}_final.ipynb,2026-02-01 18:00:00 UTC\n",
    )
    run(root)
    assert (of(root, "Ann") / FILE).read_text() == "1"
    assert timestamp(root, "Ann") == "2026-02-01 18:00:00 UTC"
    pack(archive, {moodle("Ann", 1, f"{NAME}_final.ipynb"): "2"})
    run(root)
    assert (of(root, "Ann") / FILE).read_text() == "2"


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ("a,b\n", ".csv, line 1: expected the columns assignment,handed"),
        ("nix,1,ann,,\n", "line 2: there is no assignment 'nix'"),
        (f"{NAME},1,,,\n", "line 2: expected a name or number"),
        (f"{NAME},1,ann,,\n{NAME},1,bob,,\n", "line 3: a second line"),
        (f"{NAME},1,../up,,\n", "line 2: '../up' cannot be a learner"),
        (f"{NAME},1,,,01.02.2026\n", "line 2: expected a time such as"),
        (f"{NAME},1,,,2026-02-01 18:00\n", "a time such as 2026-02-01 18:"),
        (f'{NAME},1,"ann,,\n', "line 2: expected CSV in UTF-8"),
    ],
)
def test_a_wrong_correction_is_refused_with_its_line(tmp_path, lines, part):
    path = tmp_path / "corrections.csv"
    head = "assignment,handed_in_as,learner,file,time\n"
    path.write_text(lines if lines == "a,b\n" else head + lines)
    with pytest.raises(SetupError) as refused:
        read_corrections(path, {NAME}, None)
    assert part in str(refused.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name\nann\n", "expected the columns id,first_name"),
        ("id,email\nann,\nann,\n", "line 3: a second line of ann"),
        ("id,email\n,\n", "line 2: expected an id"),
        ("id\n../up\n", "line 2: expected an id, got '../up'"),
        ("id\nann\n\xff", "roster.csv, line 3: expected CSV in UTF-8"),
        ("id,email\nann,a@x,Ode\n", "line 2: expected 2 cells, got more"),
        ("id,lms_user_id\na,7\nb,7\n", "line 3: expected another lms_user"),
        ("id,email\na,A@x.org\nb,a@X.org\n", "expected another email"),
        ("id,lastname\nann,Ode\n", "lms_user_id, got 'lastname'"),
        ("id,canvas_id\nann,7\n", "lms_user_id, got 'canvas_id'"),
        ("id,Username\nann,a\n", "expected one column of 'id', got two"),
    ],
)
def test_a_wrong_roster_is_refused_with_its_line(tmp_path, text, part):
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(SetupError) as refused:
        read_roster(path)
    assert part in str(refused.value)


def test_a_list_of_participants_has_columns_that_say_nothing(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(
        "First name,Surname,Username,Email address,Roles,Groups,"
        "Last access to course,Status\n"
        "Ann,Ode,ann,a@x.org,Student,No groups,1 day,Active\n"
    )
    assert read_roster(path) == [Learner("ann", "Ann", "Ode", "a@x.org")]


@pytest.mark.parametrize("name", ["roster", "corrections", "teams"])
def test_a_folder_is_no_table(root, capsys, name):
    pack(place(root) / "e.zip", {moodle("Ann", 1): None})
    (root / "grading" / f"{name}.csv").mkdir()
    run(root, 2)
    assert f"{name}.csv: expected CSV in UTF-8" in capsys.readouterr().err


ROSTER = "id,first_name,last_name\nann,Ann,Ode\nbob,Bob,Bell\n"


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        (f"{NAME},4,anna,,\n", "line 2: expected a learner of the roster"),
        (f"{NAME},4,ann,,\n{NAME},Ann Ode,bob,,\n", "line 2 and correct"),
        (f"{NAME},4,,a.ipynb,\n{NAME},Ann Ode,,b.ipynb,\n", "one file"),
        (f"{NAME},4,,a.ipynb,\n{NAME},5,ann,b.ipynb,\n", "one file"),
    ],
)
def test_a_correction_that_cannot_be_meant_changes_nothing(
    root, capsys, lines, part
):
    fill(root, roster=ROSTER, corrections=SAID + lines)
    files = [moodle("Aaron", 3), moodle("Ann Ode", 4), moodle("Cy", 5)]
    pack(place(root) / "e.zip", dict.fromkeys(files))
    run(root, 2)
    assert part in capsys.readouterr().err
    assert learners(root) == set()


def test_lines_for_a_name_and_for_its_number_hold_together(root):
    time = "2026-07-01 18:00"  # by the course's clock, Berlin's
    lines = f"{NAME},4,,,{time}\n{NAME},Anne Odd,ann,,\n"
    fill(root, roster=ROSTER, corrections=SAID + lines)
    pack(place(root) / "e.zip", {moodle("Anne Odd", 4): None})
    run(root)
    assert timestamp(root, "ann") == "2026-07-01 16:00:00 UTC"


def test_a_roster_without_ids_takes_the_addresses(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("First name,Last name,Email address\nAnn,Ode,a@x.org\n")
    (ann,) = read_roster(path)
    assert ann == Learner("a@x.org", "Ann", "Ode", "a@x.org")


def test_a_table_that_no_system_exports_is_refused(tmp_path):
    path = tmp_path / "g.csv"
    path.write_text("ID,Vollst\u00e4ndiger Name,Bewertung\n")
    with pytest.raises(SetupError, match="set Moodle to English"):
        read_table(path)


# ------------------------------------------------------- Moodle's groups

GROUPED = [
    (7, "Ann Ode", "ann@x.org", "1 February 2026, 9:00 PM"),
    (11, "Bob Bell", "bob@x.org", "1 February 2026, 5:00 PM"),
    (12, "Cy Day", "cy@x.org", "1 February 2026, 5:00 PM"),
]


def grouped(root, groups=None):
    """A group's notebook, under a number that is Ann's; she is not in it."""
    files = {
        moodle("Team Blue", 7): None,
        moodle("Team Blue", 7, "old.zip"): "x",
    }
    pack(place(root) / "e.zip", files)
    worksheet(place(root) / "g.csv", GROUPED, groups=groups)


def shared(root):
    """Whose notebooks there are, once teams have theirs."""
    course = Course(root)
    found, _ = find_submissions(course)
    return {
        (one.student, one.team)
        for one in share_notebooks(course, found, {NAME})
    }


def test_a_groups_learners_stand_in_the_worksheet(root, capsys):
    grouped(root, {7: "Team_Red", 11: "Team_Blue", 12: "Team_Blue"})
    run(root)
    assert learners(root) == {"Team Blue"}
    out = capsys.readouterr().out
    assert "nothing came in from Ann Ode\n" in out
    assert "Team Blue: for Bob Bell, Cy Day" in out
    assert timestamp(root, "Team Blue") == "2026-02-01 16:00:00 UTC"
    assert shared(root) == {
        ("Bob Bell", "Team Blue"),
        ("Cy Day", "Team Blue"),
    }
    fill(root, teams=f"assignment,team,learner\n{NAME},Team Blue,Cy Day\n")
    assert shared(root) == {
        ("Cy Day", "Team Blue")
    }  # a person knows better


def test_the_default_group_and_an_anonymous_one_have_learners(root):
    people = [(n, f"Participant {n}", "", "") for n in (1, 2)]
    files = {f"Default group_assignsubmission_file/{FILE}": None}
    pack(place(root) / "e.zip", files)
    groups = dict.fromkeys((1, 2), "Default group")
    worksheet(place(root) / "g.csv", people, groups=groups)
    run(root)
    assert shared(root) == {
        ("Participant_1", "Default group"),
        ("Participant_2", "Default group"),
    }


def test_a_table_by_hand_says_who_is_in_a_group(root, capsys):
    grouped(root)
    run(root, 1)  # nobody knows whose it is
    said = capsys.readouterr().err
    assert "Team Blue: 7 is Ann Ode's number in" in said
    assert f"{NAME},Team Blue,ID" in said
    fill(
        root,
        teams="assignment,team,learner\n"
        f"{NAME},team_blue,Bob Bell\n{NAME},team_blue,Cyy\n",
    )
    run(root, 1)
    assert "teams.csv: Cyy of team team_blue" in capsys.readouterr().err
    assert learners(root) == {"team_blue"}
    assert timestamp(root, "team_blue") == "2026-02-01 16:00:00 UTC"
    (root / "grading" / "teams.csv").write_text("team,learner\n7,ann\n")
    run(root, 2)
    said = capsys.readouterr().err
    assert "teams.csv, line 1: expected the columns assignment" in said
    assert learners(root) == {"team_blue"}


def test_what_was_graded_under_another_name_is_known_by_it(root):
    files = {moodle("Team Blue", 7): None, moodle("Ann Od", 8): None}
    pack(place(root) / "e.zip", files)
    run(root)
    fill(
        root,
        teams="assignment,team,learner\n"
        f"{NAME},team_blue,Bob Bell\n{NAME},team_blue,Cy Day\n",
        corrections="assignment,handed_in_as,learner,file,time\n"
        f"{NAME},8,ann,,\n",
    )
    run(root, 1)
    run(root)  # and all later runs know it
    course = Course(root)
    found, _ = find_submissions(course)
    assert {
        one.student: one.before
        for one in share_notebooks(course, found, {NAME})
    } == {
        "Bob Bell": ("team_blue", "Cy Day", "Team Blue"),
        "Cy Day": ("team_blue", "Bob Bell", "Team Blue"),
        "ann": ("Ann Od",),
    }


def test_a_name_without_letters_is_not_the_group_of_those_who_have_none(
    root,
):
    pack(place(root) / "e.zip", {moodle("--", 7): None})
    worksheet(place(root) / "g.csv", GROUPED, groups={7: "Team Red"})
    run(root, 1)
    assert not any(team for _, team in shared(root))


def test_a_group_and_a_learner_of_one_name_are_two(root):
    files = dict.fromkeys([moodle("Ann Ode", 7), moodle("Cy-Bob Bell", 11)])
    pack(place(root) / "e.zip", files)
    groups = {7: "Cy", 11: "Cy", 12: "Ann Ode"}
    worksheet(place(root) / "g.csv", GROUPED, groups=groups)
    run(root)
    assert learners(root) == {"Ann Ode", "Bob Bell"}
    assert shared(root) == {("Ann Ode", ""), ("Bob Bell", "")}


# --------------------------------------------------------- what is hostile


def bomb(size=30_000_000):
    """A zip that is small until it is unpacked."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as inner:
        inner.writestr(FILE, b"\0" * size)
    return file.getvalue()


def test_a_bad_file_costs_its_learner_a_sentence_and_nobody_else(
    root, capsys
):
    archive = pack(
        place(root) / "e.zip",
        {
            moodle("Ann", 1): None,
            moodle("Ann", 1, "data.csv.gz"): b"\x1f\x8b no gzip at all",
            moodle("Bea", 2, "bad.zip"): b"PK\x03\x04 broken",
            moodle("Cy", 3, "work.zip"): bomb(),
            moodle("Di", 4): b"\0" * 30_000_000,
            moodle("Eve", 5, "../../../../eve.txt"): "up",
            moodle("Eve", 5): None,
            moodle("Fay", 6): random.Random(0).randbytes(20_000_001),
            moodle("Gus", 7): None,
            moodle("Gus", 7, FILE.upper()): None,
            moodle("Hal", 8): None,
            moodle("Hal", 8, "x" * 240 + ".txt"): "long",
            moodle("Hal", 8, ".git/hooks/post-checkout"): "hook",
            moodle("Hal", 8, "bell\a.txt"): "bell",
            moodle("Ida", 9): None,
        },
    )
    link = zipfile.ZipInfo(moodle("Jo", 10))
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(link, "/etc/passwd")
        damaged = file.filename
    data = bytearray(Path(damaged).read_bytes())
    start = data.index(moodle("Ida", 9).encode())
    data[start + 60] ^= 0xFF  # in the compressed notebook
    Path(damaged).write_bytes(data)
    run(root)
    assert learners(root) == {"Ann", "Eve", "Gus", "Hal"}
    told = capsys.readouterr()
    for part in (
        "Bea: bad.zip: an archive within the archive is not unpacked",
        "Cy: work.zip: an archive within the archive",
        f"Di: {FILE}: left out: it grows to 30 MB",
        "Eve: ../../../../eve.txt: left out",
        f"Fay: {FILE}: left out: it has over 20 MB",
        f"Gus: {FILE}",
        "Hal: .git/hooks/post-checkout: left out",
        f"Ida: {FILE}: left out: it is damaged",
        f"Jo: {FILE}: left out: it is a link",
    ):
        assert part in told.out
    assert not list(root.rglob("eve.txt"))
    names = {p.name for p in of(root, "Hal").rglob("*")}
    assert names == {FILE}
    # they have a folder, so that their page tells them what was wrong
    assert of(root, "Jo").is_dir()
    assert (of(root, "Ann") / "data.csv.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_a_class_with_a_broken_archive_collects_the_other(root, capsys):
    (place(root) / "broken.zip").write_bytes(b"PK\x05\x06 no more")
    (place(root) / "notes.docx").write_text("x")
    pack(place(root) / "good.zip", {moodle("Ann", 1): None})
    run(root, 1)
    assert learners(root) == {"Ann"}
    told = capsys.readouterr().err
    assert "broken.zip: " in told
    assert "notes.docx: " in told


def test_a_pipe_and_a_header_that_lies_hold_up_nobody(root, capsys):
    os.mkfifo(place(root) / "pipe")
    with tarfile.open(place(root) / "long.tar.gz", "w:gz") as archive:
        header = tarfile.TarInfo("x")
        header.size, header.type = 1_500_000_000, tarfile.XHDTYPE
        archive.fileobj.write(header.tobuf() + b"x" * 2_000_000)
    pack(place(root) / "good.zip", {moodle("Ann", 1): None})
    began = time.process_time()
    run(root, 1)
    assert time.process_time() - began < 20  # unpacking it took 90
    assert learners(root) == {"Ann"}
    told = capsys.readouterr().err
    assert "pipe: it is a device" in told
    assert "long.tar.gz: " in told


def test_an_export_that_is_cut_off_moves_nobody(root, capsys):
    archive = pack(
        place(root) / "e.zip",
        {moodle("Ann", 1): "1", moodle("Bob", 2): None},
    )
    other = pack(place(root) / "o.zip", {moodle("Cy", 3): None})
    run(root)
    (of(root, "Ann") / FILE).write_text("mended")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    other.unlink()
    run(root, 1)
    assert learners(root) == {"Ann", "Bob", "Cy"}
    assert "Ann: as before" in capsys.readouterr().out
    archive.write_bytes(whole)
    run(root, 1)  # all can be read: Cy is in none
    assert learners(root) == {"Ann", "Bob"}
    assert (of(root, "Ann") / FILE).read_text() == "mended"


def test_an_export_has_limits(tmp_path, monkeypatch):
    path = pack(tmp_path / "e.zip", {f"a{n}": "x" * 10 for n in range(5)})
    folder = tmp_path / "folder"
    with zipfile.ZipFile(path) as file:
        file.extractall(folder)
    packed = tmp_path / "e.tar"
    with tarfile.open(packed, "w") as file:
        file.add(folder, "folder")
    for limit, value in (("parts", 4), ("unpacked", 49)):
        of = (path, packed, folder) if limit == "parts" else (packed,)
        for one in of:
            with monkeypatch.context() as patch:
                less = archives.EXPORT._replace(**{limit: value})
                patch.setattr(archives, "EXPORT", less)
                with pytest.raises(Unreadable):
                    Export(one)
    with ExitStack() as stack:
        for one in (path, packed, folder):
            export = Export(one)
            stack.callback(export.close)
            assert {read(m, 10) for m in export.members} == {b"x" * 10}
            with pytest.raises(Unreadable, match="over 0 MB"):
                read(export.members[0], 9)


@pytest.mark.parametrize("above", ["", "class/"])
def test_one_learners_folder_makes_no_other_unreadable(
    root, capsys, monkeypatch, above
):
    monkeypatch.setattr(archives, "OF_ONE", 50)
    folder = place(root) / "export"
    archive = pack(
        root / "e.zip",
        {
            f"{above}{who}/{FILE}": None
            for who in ("ann", "bob", "cy", "di")
        },
    )
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    with (folder / above / "ann" / "big").open("wb") as file:
        file.truncate(5 * 10**10)  # a sparse one
    many = folder / above / "bob" / "a" / "b"
    many.mkdir(parents=True)
    for n in range(60):
        (many / str(n)).write_text("")
    (folder / above / "cy" / Path(*"x" * 30)).mkdir(parents=True)
    run(root)
    assert learners(root) == {"ann", "bob", "cy", "di"}
    told = capsys.readouterr().out
    assert "ann: big: left out: it has over 20 MB" in told
    assert "bob: ...: left out: more than 50 files" in told
    assert "cy: ...: left out: folders in folders, over 20 deep" in told
    assert "di: ..." not in told


def test_links_and_sparse_files_of_a_tar_are_no_files(tmp_path):
    path = tmp_path / "e.tar"
    with tarfile.open(path, "w") as file:
        link = tarfile.TarInfo("ann/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
        pipe = tarfile.TarInfo("ann/pipe")
        pipe.type = tarfile.FIFOTYPE
        file.addfile(pipe)
    for member in Export(path).members:
        with pytest.raises(Unreadable, match="link or a device"):
            read(member, 100)


def test_a_learner_with_too_many_files_keeps_the_notebook(root):
    course = Course(root)
    files = {moodle("Ann", 1, f"n{n}.txt"): "x" for n in range(1200)}
    pack(place(root) / "e.zip", {**files, moodle("Ann", 1): None})
    run(root)
    taken = list(of(root, "Ann").iterdir())
    assert len(taken) == course.limits.upload_files
    assert (of(root, "Ann") / FILE).exists()


def test_an_unknown_assignment_is_refused(root, capsys):
    assert collect.main(["nix", "--root", str(root)]) == 2
    assert "got 'nix'" in capsys.readouterr().err
    assert collect.main(["--root", str(root)]) == 2


@pytest.mark.system
def test_git_ignores_what_holds_learners_names():
    names = [
        "grading/downloaded/a",
        "downloaded/a",
        "students.csv",
        "grades.csv",
    ]
    done = subprocess.run(
        ["git", "check-ignore", *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 128:
        pytest.skip("not a working copy")
    assert done.stdout.split() == names
