"""Teams, regrade requests, statistics, and who has handed in nothing."""

from datetime import datetime, timedelta

import pytest

from grader.commands import grade
from grader.course.by_hand.regrades import read_regrades
from grader.course.by_hand.teams import read_teams, share_among_teams
from grader.course.course_file import CourseFile, Granted, Week
from grader.course.roster import Learner
from grader.course.settings import SetupError
from grader.course.submissions import Submission
from grader.reports.missing import find_missing
from grader.reports.points import Row, TaskPoints
from grader.reports.statistics import find_items
from tests.helpers.arrays import assert_close
from tests.helpers.grading import (
    NAME,
)

TEAMS = "assignment,team,learner\n"
REGRADES = "learner,assignment,task,asked,answer\n"


@pytest.mark.parametrize(
    ("reader", "text", "line"),
    [
        (
            read_teams,
            "team,learner\n7,ann\n",
            "columns assignment,team,learner",
        ),
        (read_teams, TEAMS + "demo,7,ann\nother,7,bob\n", "line 3"),
        (read_teams, TEAMS + "demo,7,ann\ndemo,8,ann\n", "line 3"),
        (read_teams, TEAMS + ",7,ann\ndemo,8,ann\n", "line 3"),
        (read_teams, TEAMS + "demo,7,\n", "line 2"),
        (read_teams, TEAMS + "demo,../x,ann\n", "line 2"),
        (read_teams, TEAMS + "demo,7,ann,bob\n", "line 2"),
        (read_regrades, REGRADES + "ann,demo,why,,\n", "line 2"),
        (read_regrades, REGRADES + "ann,dem,why,Why?,\n", "line 2"),
        (read_regrades, REGRADES + ",demo,why,Why?,\n", "line 2"),
        (
            read_regrades,
            REGRADES + "ann,demo,why,No, really,\n",
            "quotation",
        ),
        (read_regrades, REGRADES + "ann,demo,why,\udcff,\n", "UTF-8"),
    ],
)
def test_what_is_wrong_in_a_table_is_told_with_its_line(
    tmp_path, reader, text, line
):
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SetupError, match=line):
        reader(path, {"demo"})


def test_a_request_is_of_a_task_that_the_assignment_has(tmp_path):
    path = tmp_path / "regrades.csv"
    path.write_text(REGRADES + "ann,demo,wy,Why?,\n")
    with pytest.raises(SetupError, match=r"line 2: .*double, why.*'wy'"):
        read_regrades(path, {"demo"}, lambda name: ["why", "double"])
    assert read_regrades(path, {"demo"}, lambda name: [])  # not built yet
    path.write_text(
        REGRADES + "ann,demo,test_double,Why?,\nann,demo,,W?,\n"
    )
    assert read_regrades(path, {"demo"}, lambda name: ["why", "double"])


def test_without_tables_there_are_no_teams_and_no_requests(tmp_path):
    assert read_teams(tmp_path / "teams.csv", {"demo"}) == {}
    assert read_regrades(tmp_path / "regrades.csv", {"demo"}) == {}


def submissions(tmp_path, *names):
    return [Submission(who, NAME, tmp_path / who) for who in names]


def shared(tmp_path, *names, teams=None):
    teams = teams or {(NAME, "7"): ["ann", "bob"]}
    found, said = share_among_teams(submissions(tmp_path, *names), teams)
    return [(s.student, s.path.name, s.team) for s in found], said


@pytest.mark.parametrize("of", ["ann", "7"])
def test_a_notebook_of_a_team_is_handed_in_by_each_of_its_learners(
    tmp_path, of
):
    assert shared(tmp_path, of, "cid") == (
        [("ann", of, "7"), ("bob", of, "7"), ("cid", "cid", "")],
        [],
    )


def test_a_team_that_handed_in_twice_keeps_both_and_is_told(tmp_path):
    found, (said,) = shared(tmp_path, "ann", "bob")
    assert found == [("ann", "ann", ""), ("bob", "bob", "")]
    assert "team 7" in said
    assert "ann, bob" in said


def test_a_team_of_another_assignment_shares_nothing(tmp_path):
    teams = {("other", "7"): ["ann", "bob"]}
    assert shared(tmp_path, "ann", teams=teams) == (
        [("ann", "ann", "")],
        [],
    )


def row(who, **points):
    """Tasks of two points; None waits for a person."""
    tasks = [
        TaskPoints(
            name,
            p or 0.0,
            2.0,
            p is None,
            properties={"dtype": [p == 2, 1]},
        )
        for name, p in points.items()
    ]
    return Row(Submission(who, NAME, None), "graded", "", tasks=tasks)


def test_a_task_has_mean_spread_and_discrimination():
    rows = [
        row("a", x=0.0, y=0.0, z=2.0),
        row("b", x=1.0, y=1.0, z=1.0),
        row("c", x=2.0, y=2.0, z=0.0),
    ]
    found = {(i.task, i.property): i for i in find_items(rows)}
    x, z = found["x", ""], found["z", ""]
    assert (x.of, x.learners, x.mean, x.spread) == (2, 3, 1, 1)
    assert_close(x.full, 1 / 3)
    assert x.discrimination is None  # y + z is 2 for all of them
    assert_close(z.discrimination, -1.0)  # against x + y, without itself
    part = found["x", "dtype"]
    assert part.of == 1
    assert_close(part.mean, 1 / 3)


def test_what_waits_for_a_person_counts_nowhere():
    rows = [
        row("a", x=0.0, y=None),
        row("b", x=1.0, y=1.0),
        row("c", x=2.0, y=2.0),
        row("d", x=2.0, y=2.0),
    ]
    found = {i.task: i for i in find_items(rows) if not i.property}
    assert (found["y"].learners, found["x"].learners) == (3, 4)
    assert_close(found["y"].discrimination, 1.0)
    assert found["x"].discrimination is None


def test_two_learners_have_no_discrimination_and_one_no_spread():
    (x, _), (y, _) = (
        find_items([row(w, x=1.0)] * n) for w, n in (("a", 1), ("b", 2))
    )
    assert (x.spread, x.discrimination, y.discrimination) == (0, None, None)


PLAN = CourseFile(
    weeks=(
        Week(assignments=("one",), due=datetime(2026, 1, 7)),
        Week(assignments=("two",), due=datetime(2026, 1, 14)),
        Week(assignments=("free",)),
    ),
    granted=(Granted("bob", "one", timedelta(days=3)),),
)
PEOPLE = [Learner("ann"), Learner("bob"), Learner("cid")]


def lacking(file, day, came=()):
    there = [Submission(who, name, None) for who, name in came]
    found = find_missing(file, PEOPLE, there, datetime(2026, 1, day))
    return [(m.week, m.assignment, m.learner.id) for m in found]


def test_who_is_missing_is_known_by_week_and_after_the_extension():
    came = [("ann", "one")]
    assert lacking(PLAN, 6, came) == []
    assert lacking(PLAN, 9, came) == [(1, "one", "cid")]
    assert lacking(PLAN, 11, came) == [(1, "one", "bob"), (1, "one", "cid")]
    assert len(lacking(PLAN, 15, came)) == 5


def test_without_weeks_all_counts_that_anybody_handed_in():
    assert lacking(CourseFile(), 1, [("ann", "one")]) == [
        (0, "one", "bob"),
        (0, "one", "cid"),
    ]


def test_in_anonymous_marking_nobody_is_missing_by_name():
    came = [("ann", "one"), ("Participant_4", "two")]
    file = CourseFile(weeks=PLAN.weeks)
    everyone = [*PEOPLE, Learner("Participant_4")]
    there = [Submission(who, name, None) for who, name in came]
    found = find_missing(file, everyone, there, datetime(2026, 1, 20))
    assert [(m.assignment, m.learner.id) for m in found] == [
        ("one", "bob"),
        ("one", "cid"),
    ]


def test_a_request_of_nobody_is_told():
    there = [Submission("ann", NAME, None, "7")]
    requests = {
        (who, name): [] for who in ("ann", "7", "anna") for name in (NAME,)
    }
    assert grade.lost_requests(requests, there) == [
        f"regrades.csv: anna has handed in no {NAME} yet"
    ]
