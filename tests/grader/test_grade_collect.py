"""What a learning management system exports, taken in by nbgrader."""

import subprocess
import zipfile
from pathlib import Path

import nbformat
import pytest

from tests.helpers.grading import NAME, ROOT, make_course, nbgrader, solved

pytestmark = pytest.mark.slow

MOODLE = {  # a file of the export: whose it is, or None
    f"Ann Ode_101_assignsubmission_file_/{NAME}.ipynb": "Ann Ode",
    f"Bo_b Bell_102_assignsubmission_file_/{NAME} (1).ipynb": "Bo_b Bell",
    f"Cy_103_assignsubmission_file_{NAME}.ipynb": "Cy",
    f"Di_104_assignsubmission_file_/{NAME}/{NAME}.ipynb": "Di",
    "Di_104_assignsubmission_file_/notes.txt": None,
    f"Ed_105_onlinetext_/{NAME}.ipynb": None,
}
CANVAS = {
    f"odeann_81_101_{NAME}.ipynb": "odeann",
    f"bellbob_LATE_82_102_{NAME}-2.ipynb": "bellbob",
    f"cy_83_103_{NAME}.ipynb": "cy",
    "cy_83_103_notes.txt": None,
}
SAME = {  # two learners of one name; two files of one learner
    f"Ann Ode_101_assignsubmission_file_/{NAME}.ipynb": "Ann Ode_101",
    f"Ann Ode_102_assignsubmission_file_/{NAME}.ipynb": "Ann Ode_102",
    f"Bob_103_assignsubmission_file_/{NAME}.ipynb": "Bob",
    f"Participant_104_assignsubmission_file_{NAME}.ipynb": "Participant_104",
    f"liwei_105_201_{NAME}.ipynb": "liwei_105",
    f"liwei_LATE_106_202_{NAME}.ipynb": "liwei_106",
    f"cy_107_203_{NAME}.ipynb": "cy",
    "cy_107_204_notes.ipynb": None,
}
FORGED = {  # a learner's own names say that the work is somebody else's
    f"Ann_1_assignsubmission_file_/Bob_2_assignsubmission_file_/{NAME}.ipynb": "Ann",
    f"eve_1_2_x/bob_3_4_{NAME}.ipynb": "eve",
    f"cy_5_6_dan_7_8_{NAME}.ipynb": "cy",
    f"..._1_assignsubmission_file_/{NAME}.ipynb": None,
}


def collect(root, files, archive="CS101-Assignment 3-4711.zip"):
    """Run nbgrader on an export; whose notebooks there are then."""
    make_course(root)
    folder = root / "grading" / "downloaded" / NAME / "archive"
    folder.mkdir(parents=True)
    text = nbformat.writes(solved())
    if archive:
        with zipfile.ZipFile(folder / archive, "w") as file:
            for name in files:
                file.writestr(name, text)
    else:  # unpacked already
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    done = nbgrader(root, "zip_collect", NAME)
    assert done.returncode == 0, done.stderr[-2000:]
    submitted = root / "grading" / "submitted"
    return {
        path.relative_to(submitted) for path in submitted.rglob("*.ipynb")
    }


def places(files):
    whose = {who for who in files.values() if who}
    return {Path(who, NAME, f"{NAME}.ipynb") for who in whose}


@pytest.mark.parametrize("archive", ["CS101-Assignment 3-4711.zip", ""])
def test_an_export_of_moodles_is_collected(tmp_path, archive):
    assert collect(tmp_path, MOODLE, archive) == places(MOODLE)


@pytest.mark.parametrize("archive", ["submissions.zip", ""])
def test_an_export_of_canvass_is_collected(tmp_path, archive):
    assert collect(tmp_path, CANVAS, archive) == places(CANVAS)


@pytest.mark.parametrize("archive", ["submissions.zip", ""])
def test_a_learners_own_names_do_not_say_whose_it_is(tmp_path, archive):
    found = collect(tmp_path, FORGED, archive)
    assert {path.parts[0] for path in found} == {"Ann", "eve", "cy"}


@pytest.mark.parametrize("archive", ["submissions.zip", ""])
def test_learners_of_one_name_are_told_apart(tmp_path, archive):
    found = collect(tmp_path, SAME, archive)
    assert {path.parts[0] for path in found} == {*SAME.values()} - {None}


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
