"""A gradebook on PostgreSQL holds what one in a file holds."""

import signal
import subprocess
import sys

import pytest
from nbgrader.api import Gradebook

from grader.commands import grade
from tests.helpers import postgres
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    hand_in,
    make_course,
    solved,
)

pytestmark = [
    NEEDS_SANDBOX,
    pytest.mark.system,
    pytest.mark.weekly,
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
]


@pytest.fixture
def address():
    """The db_url of an empty database."""
    if postgres.programs() is None:
        pytest.skip("no PostgreSQL server (apt-get install postgresql)")
    with postgres.server() as url:
        yield url


def make_class(root, address=None):
    course = make_course(root)
    if address:
        with (course / "nbgrader_config.py").open("a") as config:
            config.write(f"c.CourseDirectory.db_url = {address!r}\n")
    for number in range(4):
        notebook = solved()
        if number % 2:
            cell_of(notebook, "double").source = "def double(x): return 0"
        hand_in(course, f"s{number}", notebook)
    hand_in(course, "Zoë 'x'; --", solved())
    hand_in(course, "broken", "not json")
    return course


def entries(url):
    with Gradebook(url, "rnn") as book:
        found = book.assignment_submissions(NAME)
        return {
            s.student.id: (
                s.score,
                {
                    g.name: g.auto_score
                    for n in s.notebooks
                    for g in n.grades
                },
            )
            for s in found
        }


def test_points_are_the_same_as_in_a_file(tmp_path, address):
    course = make_class(tmp_path / "pg", address)
    assert grade.main(["--root", str(course)]) == 0
    other = make_class(tmp_path / "file")
    assert grade.main(["--root", str(other)]) == 0
    in_file = entries(f"sqlite:///{other}/grading/gradebook.db")
    assert entries(address) == in_file
    assert len(in_file) == 6
    assert not (course / "grading" / "gradebook.db").exists()


def test_a_killed_run_is_completed(tmp_path, address):
    course = make_class(tmp_path, address)
    command = [
        sys.executable,
        *("-m", "grader", "grade"),
        "--root",
        course,
    ]
    for line_number in (2, 3, 1):
        run = subprocess.Popen(command, stdout=subprocess.PIPE)
        for _ in range(line_number):
            run.stdout.readline()
        run.send_signal(signal.SIGKILL)
        run.communicate()
    assert grade.main(["--root", str(course)]) == 0
    found = entries(address)
    assert {who: points for who, (points, _) in found.items()} == {
        "s0": 5,
        "s1": 2,
        "s2": 5,
        "s3": 2,
        "Zoë 'x'; --": 5,
        "broken": 0,
    }
