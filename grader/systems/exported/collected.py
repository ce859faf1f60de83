"""What `make collect` took in, and under which marks: grading/.collected.json.

`make return` sends pages and points back under the same marks, and a learner's
page repeats what was said of the learner's files.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path

from grader.course.by_hand.teams import Teams, read_teams
from grader.course.submissions import replace_text

Mark = tuple[str, str, str, str]  # system, name, number, how its files begin


@dataclass
class Taken:
    """What came in of one learner for one assignment."""

    digest: str = ""  # of what was written into grading/submitted/
    said: list[str] = field(default_factory=list)  # for the learner's page
    marks: list[Mark] = field(default_factory=list)
    learners: list[str] = field(default_factory=list)  # of a group of Moodle's
    was: list[str] = field(default_factory=list)  # whose it seemed to be before


Record = dict[str, dict[str, Taken]]  # by assignment and learner


def load_record(home: Path) -> Record:
    """The record of earlier runs; empty where there was none."""
    path = home / ".collected.json"
    if not path.exists():
        return {}
    return {
        name: {who: _make_taken(**taken) for who, taken in of.items()}
        for name, of in json.loads(path.read_text("utf-8")).items()
    }


def _make_taken(
    digest: str,
    said: list[str],
    marks: list[list[str]],
    learners: Collection[str] = (),
    was: Collection[str] = (),
) -> Taken:
    mine = [(m[0], m[1], m[2], m[3]) for m in marks]
    return Taken(digest, said, mine, [*learners], [*was])


def save_record(home: Path, record: Record) -> None:
    """Keep the record for later runs."""
    text = {
        name: {who: asdict(taken) for who, taken in of.items()}
        for name, of in record.items()
    }
    replace_text(home / ".collected.json", json.dumps(text, indent=1))


def all_teams(home: Path, known: Collection[str]) -> Teams:
    """The teams of teams.csv, and Moodle's groups of learners not listed there.

    Raises SetupError, naming the line, if teams.csv is wrong.
    """
    teams = read_teams(home / "teams.csv", known)
    placed = {(name, who) for (name, _), of in teams.items() for who in of}
    for name, of in load_record(home).items():
        for team, taken in of.items():
            free = [who for who in taken.learners if (name, who) not in placed]
            if free:
                teams.setdefault((name, team), free)
    return teams
