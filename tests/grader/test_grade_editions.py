"""Grades of an earlier edition are told; --again goes on where it stopped."""

import csv
import re

import pytest

from grader.commands import grade
from grader.course import fingerprint as edition
from grader.course.settings import Limits
from grader.run import processes
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    hand_in,
    make_course,
    solved,
)

pytestmark = [
    pytest.mark.system,
    NEEDS_SANDBOX,
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
]
LEARNERS = ["ann", "bob", "cid"]


@pytest.fixture
def course(tmp_path):
    """A class of three that is graded."""
    root = make_course(tmp_path)
    for who in LEARNERS:
        hand_in(root, who, solved())
    assert grade.main(["--root", str(root)]) == 0
    return root


def flags(root):
    with (root / "grading" / "points.csv").open() as file:
        return {
            line["learner"]: line["earlier_edition"]
            for line in csv.DictReader(file)
        }


def test_an_edition_is_one_of_code_and_limits(tmp_path, monkeypatch):
    one = edition.compute_edition(Limits())
    assert edition.compute_edition(Limits()) == one
    assert edition.compute_edition(Limits(cell_seconds=31)) != one
    for name in ("grader", "rnncore"):
        (tmp_path / name / "run").mkdir(parents=True)
        (tmp_path / name / "__init__.py").touch()
        place = str(tmp_path / name / "__init__.py")
        monkeypatch.setattr(getattr(edition, name), "__file__", place)
    seen = set()
    for part, text in (
        ("rnncore/rnn.py", "a"),
        ("rnncore/rnn.py", "b"),
        ("grader/run/one.py", "a"),
        ("grader/other.py", "a"),  # judges nothing
    ):
        (tmp_path / part).write_text(text)
        edition._fingerprint_code.cache_clear()
        seen.add(edition.compute_edition(Limits()))
    edition._fingerprint_code.cache_clear()
    assert len(seen) == 3


def test_what_an_earlier_edition_graded_is_told_until_graded_anew(
    course, capsys, monkeypatch
):
    root = ["--root", str(course)]
    assert "earlier edition" not in capsys.readouterr().out
    monkeypatch.setattr(edition, "_fingerprint_code", lambda: "another")
    hand_in(course, "dan", solved())
    assert grade.main(root) == 0
    out = capsys.readouterr().out
    assert "1 to grade, 3 graded already" in out
    assert f"or with other limits: 3 {NAME} (points.csv" in out
    assert flags(course) == dict.fromkeys(LEARNERS, "1") | {"dan": "0"}
    assert grade.main([*root, "--again"]) == 0
    assert "earlier edition" not in capsys.readouterr().out
    assert {*flags(course).values()} == {"0"}


def test_a_learners_page_names_the_edition_that_gave_its_points(
    course, monkeypatch
):
    def read_editions():
        pages = (course / "grading" / "feedback").glob("*/*/*.html")
        found = [
            re.findall(r"edition (\w{12}) of", page.read_text("utf-8"))
            for page in pages
        ]
        assert len(found) == len(LEARNERS)
        return {one for [one] in found}

    [before] = read_editions()
    monkeypatch.setattr(edition, "_fingerprint_code", lambda: "another")
    root = ["--root", str(course)]
    assert grade.main(root) == 0
    assert read_editions() == {before}
    assert grade.main([*root, "--again"]) == 0
    assert (
        read_editions() == {edition.compute_edition(Limits())} != {before}
    )


def test_other_limits_of_one_run_are_told_by_the_next(course, capsys):
    root = ["--root", str(course)]
    again = [*root, "--again", "--cell-seconds", "31"]
    assert grade.main(again) == 0
    assert {*flags(course).values()} == {"0"}
    assert grade.main(root) == 0
    assert f"3 {NAME}" in capsys.readouterr().out
    assert {*flags(course).values()} == {"1"}


def test_again_goes_on_where_it_was_interrupted(
    course, capsys, monkeypatch
):
    ran = []
    real = processes.run

    def stops(job):
        if len(ran) == 1:
            raise KeyboardInterrupt
        ran.append(job.student)
        return real(job)

    monkeypatch.setattr(processes, "run", stops)
    root = ["--root", str(course), "--workers", "1"]
    capsys.readouterr()
    assert grade.main([*root, "--again"]) == 130
    told = capsys.readouterr().out.splitlines()[-1]
    assert "--workers 1 again to go on" in told
    assert "--again" not in told
    first = [*ran]
    ran[:] = ["-", "-"]  # no more stops
    assert grade.main(root) == 0
    assert "2 to grade, 1 graded already" in capsys.readouterr().out
    assert sorted(first + ran[2:]) == LEARNERS
    assert grade.main(root) == 0
    assert "0 to grade, 3 graded already" in capsys.readouterr().out
