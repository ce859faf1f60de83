"""Teams that hand in one notebook: grading/teams.csv.

A line says in which team a learner is, for an assignment or, if that is left
empty, for all. The notebook is in the folder of one of the team's learners,
or in a folder that is called like the team; its points are each learner's.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from grader.course.by_hand.tables import read_lines
from grader.course.roster import explain_unfit_learner
from grader.course.settings import SetupError
from grader.course.submissions import Submission
from rnncore.storage.files import composed

COLUMNS = ["assignment", "team", "learner"]
Teams = dict[tuple[str, str], list[str]]  # learners by assignment and team


def read_teams(path: Path, known: Collection[str]) -> Teams:
    """What teams.csv says; nothing if there is no such file.

    Raises SetupError, naming the line, if it says something else.
    """
    found: Teams = {}
    seen: set[tuple[str, str]] = set()
    for where, (assignment, team, learner) in read_lines(path, COLUMNS):
        if assignment and assignment not in known:
            raise SetupError(
                f"{where}: expected one of {', '.join(sorted(known))} or nothing, "
                f"got {assignment!r}"
            )
        for who in (team, learner):
            if why := explain_unfit_learner(who):
                raise SetupError(
                    f"{where}: expected a team and a learner, got {who!r}: {why}"
                )
        for name in [assignment] if assignment else known:
            if (name, learner) in seen:
                raise SetupError(
                    f"{where}: expected one team of {learner} for {name}, got another"
                )
            seen.add((name, learner))
            found.setdefault((name, team), []).append(learner)
    return found


def share_among_teams(
    submissions: Collection[Submission], teams: Teams
) -> tuple[list[Submission], list[str]]:
    """The class's submissions, a team's once for each learner; and complaints.

    A team that handed in several notebooks keeps them all, and a message says so.
    """
    came = {(s.assignment, composed(s.student)): s for s in submissions}
    told = []
    for (name, team), learners in teams.items():
        own = [came[name, who] for who in {team, *learners} if (name, who) in came]
        if len(own) > 1:
            names = ", ".join(sorted(s.student for s in own))
            told.append(
                f"expected one {name} of team {team}, got {len(own)}, "
                f"of {names}: each has their own"
            )
        if len(own) != 1:
            continue
        (of,) = own
        came.pop((name, composed(of.student)))
        for who in learners:
            spelled = of.student if composed(of.student) == who else who
            others = dict.fromkeys(n for n in (of.student, *learners) if n != spelled)
            came[name, who] = Submission(spelled, name, of.path, team, (*others,))
    return sorted(came.values(), key=lambda s: (s.student, s.assignment)), told
