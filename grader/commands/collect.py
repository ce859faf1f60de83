"""Takes in what Moodle or Canvas exported, or a folder for each learner.

    make collect                      all of grading/downloaded/
    make collect ASSIGNMENT=NAME      grading/downloaded/NAME/

Archives, folders, Moodle's grading worksheet and Canvas's gradebook are in that
folder as they were exported. The notebooks go where `make grade` looks for
them; what they replace goes to grading/earlier/.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nbgrader.api import MissingEntry

from grader import ROOT, untrusted
from grader.commands.grade import known_names
from grader.course import roster
from grader.course.by_hand.corrections import (
    Corrections,
    join_corrections,
    read_corrections,
)
from grader.course.by_hand.teams import Teams, read_teams
from grader.course.course_file import ROSTER
from grader.course.settings import Course, SetupError, run_alone
from grader.systems.exported.archives import Export, Unreadable
from grader.systems.exported.collected import Mark, Taken, load_record, save_record
from grader.systems.exported.exports import CANVAS, MOODLE, Piece, sort_pieces
from grader.systems.exported.handed_in import Found, HandedIn, hand_in
from grader.systems.exported.placing import compute_digest, move_away, place_files
from grader.systems.exported.whose import Whose, learners_of
from grader.systems.exported.worksheet import Sheet, parse_when, read_table

ONE_LATE = timedelta(minutes=1)  # what is known only to be late


@dataclass
class Class:
    """The contents of an assignment's folder of exports."""

    name: str
    notebooks: list[str]  # what the assignment's are called
    exports: list[tuple[int, Export]] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    sheet: Sheet | None = None
    learners: list[roster.Learner] = field(default_factory=list)  # Canvas's
    listed: roster.Roster = field(default_factory=lambda: roster.Roster([]))
    told: list[str] = field(default_factory=list)  # what needs a person
    whole: bool = True  # every export could be read


def main(argv: list[str] | None = None) -> int:
    """Collect, telling of each file; 1 where something needs a person."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", nargs="?", metavar="ASSIGNMENT")
    parser.add_argument("--root", type=Path, default=ROOT)
    options = parser.parse_args(argv)
    return run_alone(
        options.root, "make collect", lambda course: _collect_all(course, options.name)
    )


def _collect_all(course: Course, asked: str | None) -> int:
    known = known_names(course)
    place = course.home / "downloaded"
    names = [asked] if asked else sorted(p.name for p in place.glob("*") if p.is_dir())
    for name in names:
        if name not in known or not (place / name).is_dir():
            raise SetupError(
                f"expected exports in {place}/ASSIGNMENT/, for one of the assignments "
                f"{', '.join(sorted(known))}; got {name!r}"
            )
    if not names:
        raise SetupError(f"there is nothing in {place}/ASSIGNMENT/")
    path = course.home / "corrections.csv"
    corrections = read_corrections(path, known, course.zone)
    teams = read_teams(course.home / "teams.csv", known)
    return max(collect(course, name, corrections, teams) for name in names)


def collect(course: Course, name: str, corrections: Corrections, teams: Teams) -> int:
    """Take in an assignment's exports; 1 where something needs a person.

    Raises SetupError where nothing was taken in.
    """
    record = load_record(course.home)
    before = record.get(name, {})
    now: dict[str, Taken] = {}
    with ExitStack() as stack:
        place = course.home / "downloaded" / name
        of = open_class(place, course.list_notebooks(name), stack)
        _check_zone(course, of)
        people = enter_learners(course, of)
        sort_exports(of)
        marked = [one.piece for one in of.found]
        mine = {team: who for (one, team), who in teams.items() if one == name}
        whose = Whose(name, marked, people, of.sheet, corrections, before, mine)
        whose.check_corrections()
        learners = _group_by_learner(of, whose)
        asked = {
            who: join_corrections(map(whose.correction, (one.piece for one in found)))
            for who, found in learners.items()
        }
        due = _find_due_date(course, name)
        for who, found in sorted(learners.items()):
            handed = hand_in(
                *(found, name, of.notebooks, asked[who].file), course.limits
            )
            moment = asked[who].time or _find_time(course, whose, handed, due)
            now[who] = _take_in(course, of, who, handed, moment, before.get(who))
            now[who].marks = _collect_marks(found, handed)
            now[who].was = before.get(who, Taken()).was
            if of_team := whose.team(found[0].piece):
                now[who].learners = of_team[1]
                print(untrusted.line(f"{who}: for {', '.join(of_team[1])}", 1000))
    for mark in sorted(whose.unused):
        print(untrusted.line(f"corrections.csv: nothing came in as {mark}", 1000))
    for who in sorted(before.keys() - now.keys()):
        other = _find_new_owner(before[who], now)
        if not (other or of.whole):  # what came in may be in what cannot be read
            now[who] = before[who]
            print(untrusted.line(f"{who}: as before, for an export cannot be read"))
            continue
        place = move_away(course, who, name)
        if other:
            earlier = [who, *before[who].was, *now[other].was]
            now[other].was = [n for n in dict.fromkeys(earlier) if n != other]
        said = f"is {other} now" if other else "is in no export any more"
        of.told.append(f"{who}: {said}; see {place}")
    save_record(course.home, record | {name: now})
    of.told += _find_strangers(mine, people)
    return _tell(of, _find_who_handed_in(now, mine), people)


def _find_strangers(teams: dict[str, list[str]], people: roster.Roster) -> list[str]:
    """Who is in a team, but not in a roster that is known."""
    if not any(one.known for one in people.learners.values()):
        return []
    return [
        f"teams.csv: {who} of team {team} is nobody of the roster"
        for team, members in teams.items()
        for who in members
        if who not in people.learners
    ]


def _find_who_handed_in(now: dict[str, Taken], teams: dict[str, list[str]]) -> set[str]:
    """The learners of whom something came in, those of teams too."""
    found = set(now)
    for team, members in ({t: now[t].learners for t in now} | teams).items():
        if members and found & {team, *members}:
            found = found - {team} | set(members)
    return found


def open_class(place: Path, notebooks: list[str], stack: ExitStack) -> Class:
    """All exports of an assignment, in the order of their files' times.

    Raises SetupError where a table is none that a system exports.
    """
    of = Class(place.name, notebooks)
    paths = [p for p in place.iterdir() if not p.name.startswith(".")]
    paths.sort(key=lambda path: (path.lstat().st_mtime, path.name))
    for rank, path in enumerate(paths):
        if path.suffix.lower() == ".csv" and path.is_file():
            table = read_table(path)
            if isinstance(table, Sheet):
                of.sheet = table
            else:
                of.learners += table
            continue
        try:
            export = Export(path)
        except Unreadable as error:
            of.told.append(f"{path.name}: {error}")
            of.whole = False
            continue
        stack.callback(export.close)
        of.exports.append((rank, export))
    return of


def sort_exports(of: Class) -> None:
    """Find the learners' files in the exports."""
    for rank, export in of.exports:
        name = export.path.name
        marked, others = sort_pieces(export.members, of.name, of.listed)
        of.found += [Found(piece, name, rank) for piece in marked]
        of.told += [
            f"{name}: {m.path} belongs to no learner: expected an export of Moodle's "
            "or Canvas's, or a folder for each learner"
            for m in others
            if m.path.endswith(".ipynb") or not marked
        ]


def _check_zone(course: Course, of: Class) -> None:
    """Refuse an export's times unless the course names a time zone."""
    sheet = of.sheet
    said = sheet and any(sheet.said_when(number) for number in sheet.lines)
    if course.zone is None and said:
        raise SetupError(
            'course.toml: expected time_zone = "Europe/Berlin" or another place, by '
            f"whose clock the exports of {of.name} tell times, got nothing"
        )


def enter_learners(course: Course, of: Class) -> roster.Roster:
    """The roster, with what roster.csv and the systems' tables say.

    Raises SetupError where roster.csv says something else.
    """
    path = course.root / course.file.roster
    if not path.exists() and course.file.roster != ROSTER:
        raise SetupError(f"course.toml: expected a roster at {path}, got nothing")
    listed = roster.read_roster(path) if path.exists() else []
    with course.ledger.transaction() as book:
        roster.enter(book, listed)
        people = roster.read_students(book)
        new = [one for one in of.learners if not people.by_number(one.lms_user_id)]
        roster.enter(book, new)
        if of.sheet:
            roster.enter(book, learners_of(of.sheet, roster.read_students(book)))
        people = roster.read_students(book)
        book.db.commit()
    ids = {one.id for one in listed}
    of.listed = roster.Roster(
        one for one in people.learners.values() if one.known or one.id in ids
    )
    return people


def _group_by_learner(of: Class, whose: Whose) -> dict[str, list[Found]]:
    learners: dict[str, list[Found]] = defaultdict(list)
    for one in of.found:
        who = whose.learner(one.piece)
        if why := roster.explain_unfit_learner(who):
            shown = untrusted.line(who, untrusted.NAME_LENGTH)
            of.told.append(f"{one.export}: {shown!a} has {why}")
            continue
        learners[who].append(one)
        other = whose.another(one.piece)
        name, number = one.piece.name, one.piece.number
        canvas = one.piece.system == CANVAS
        if other and (canvas or who == name) and not whose.is_settled(one.piece):
            table = "Canvas's gradebook" if canvas else "the worksheet"
            of.told.append(
                f"{name}: {number} is {other}'s number in {table}: add a line for "
                f"each of the team to teams.csv: {of.name},{name},ID; or of one "
                f"learner to corrections.csv: {of.name},{number},ID,,"
            )
        if len(several := whose.in_roster(one.piece)) > 1 and who not in several:
            of.told.append(
                f"{who}: {len(several)} learners of the roster are called so "
                f"({', '.join(sorted(several))}): put the grading worksheet beside the "
                f"export, or add to corrections.csv: {of.name},{one.piece.number},ID,,"
            )
        if _is_stranger(of, whose, one.piece) and not other:
            of.told.append(
                f"{name} is nobody of the roster; if a learner is meant, add to "
                f"corrections.csv: {of.name},{number or name},ID,,"
            )
    for who, found in [*learners.items()]:
        pieces = {one.piece.owner: one.piece for one in found}
        guessed = [p for p in pieces.values() if not whose.is_settled(p)]
        if len(guessed) > 1:
            names = " and ".join(sorted(p.number or p.name for p in guessed))
            of.told.append(
                f"{who}: {names} both seem to be this learner's, and nothing of them "
                f"is taken in; add to corrections.csv: {of.name},NAME,ID,, for each"
            )
            del learners[who]
    of.told = list(dict.fromkeys(of.told))  # once for all files of one learner
    return learners


def _is_stranger(of: Class, whose: Whose, piece: Piece) -> bool:
    """Whether a roster is there, and nobody in it is meant."""
    listed = {*of.listed.learners}
    meant = {whose.learner(piece), *whose.in_roster(piece)}
    nameless = roster.is_anonymous(piece.name) or whose.is_settled(piece)
    return bool(listed) and not (nameless or meant & listed)


def _find_time(
    course: Course, whose: Whose, handed: HandedIn, due: datetime | None
) -> datetime | None:
    """When it came in, in UTC, as the export or its worksheet says."""
    if handed.chosen is None:
        return None
    piece, when = handed.chosen.piece, None
    if piece.system == MOODLE and whose.sheet:
        said = whose.said_when(piece)
        when = parse_when(said)
        if said and when is None:
            handed.noted.append(
                f"{whose.sheet.path.name}: expected a time in English, such as "
                f"1 February 2026, 6:00 PM, got {said!r}: nothing is late by it"
            )
    if when:
        there = when.replace(tzinfo=course.zone)
        return there.astimezone(UTC).replace(tzinfo=None)
    return _choose_late_time(handed, due) if piece.late else None


def _find_due_date(course: Course, name: str) -> datetime | None:
    """The due date, in UTC, as course.toml or else the gradebook has it."""
    if name in course.file.due_dates:
        return course.file.due_dates[name]
    with course.ledger.transaction() as book:
        try:
            due: datetime | None = book.find_assignment(name).duedate
        except MissingEntry:
            return None
    return due


def _choose_late_time(handed: HandedIn, due: datetime | None) -> datetime | None:
    """A time for what the system only calls late."""
    if due is None:
        handed.noted.append("is late, but the gradebook has no due date")
        return None
    handed.noted.append(
        "is late, and the export doesn't say by how much: it counts as a minute, "
        "unless corrections.csv gives the time"
    )
    return due + ONE_LATE


def _collect_marks(found: list[Found], handed: HandedIn) -> list[Mark]:
    """Under which names and numbers all of it came in."""
    of: dict[tuple[str, str], Piece] = {}
    first = [handed.chosen.piece] if handed.chosen else []
    others = sorted((one.piece for one in found), key=lambda piece: not piece.path)
    for piece in [*first, *others]:
        of.setdefault(piece.owner, piece)
    return [(p.system, p.name, p.number, p.prefix) for p in of.values()]


def _take_in(
    course: Course,
    of: Class,
    who: str,
    handed: HandedIn,
    moment: datetime | None,
    before: Taken | None,
) -> Taken:
    """Write what was handed in to where `make grade` looks for it."""
    files = dict(handed.files)
    if moment:
        files["timestamp.txt"] = f"{moment:%Y-%m-%d %H:%M:%S} UTC\n".encode()
    taken = Taken(compute_digest(files), untrusted.shorten_list(handed.said))
    did = "as before"
    target = course.submitted / who / of.name
    if not (before and before.digest == taken.digest and target.is_dir()):
        try:
            did = place_files(course, who, of.name, files)
        except OSError as error:
            taken.digest, did = "", f"not written: {error.strerror}"
    missing = [n for n in of.notebooks if f"{n}.ipynb" not in handed.files]
    first, taken_in = handed.chosen, missing != of.notebooks
    file = f"{first.piece.path} of {first.export}" if first else ""
    when = f", handed in {moment:%Y-%m-%d %H:%M} UTC" if moment else ""
    counts = f"{file}: {did}{when}" if taken_in else f"no notebook: {did}"
    became = untrusted.shorten_list(handed.became)
    lacking = [f"no {n}.ipynb was taken in" for n in missing if taken_in]
    for line in [counts, *lacking, *handed.noted, *became, *taken.said]:
        print(untrusted.line(f"{who}: {line}", 1000))
    of.told += [f"{who}: {line}" for line in handed.asked]
    if not taken.digest:
        of.told.append(f"{who}: {did}")
    return taken


def _find_new_owner(taken: Taken, now: dict[str, Taken]) -> str:
    """Who has the marks that another learner had; empty if there is none."""
    had = {(system, number or name) for system, name, number, _ in taken.marks}
    for who, other in now.items():
        if had & {(system, number or name) for system, name, number, _ in other.marks}:
            return who
    return ""


def _tell(of: Class, handed_in: set[str], people: roster.Roster) -> int:
    """Print which files have no learner, who is missing, and the count."""
    for line in untrusted.shorten_list(of.told):
        print(untrusted.line(line, 1000), file=sys.stderr)
    anonymous = any(roster.is_anonymous(who) for who in handed_in)  # may be any
    missing = [
        p.id for p in people.learners.values() if p.known and p.id not in handed_in
    ]
    if missing and not anonymous:
        print(f"{of.name}: nothing came in from {', '.join(sorted(missing))}")
    if not of.listed.learners and handed_in:
        names = ", ".join(sorted(handed_in))
        said = f"{of.name}: there is no roster; taken for learners' names: {names}"
        print(untrusted.line(said, 1000))
    print(f"{of.name}: {len(handed_in)} learners handed in: now make grade")
    return 1 if of.told else 0


if __name__ == "__main__":
    sys.exit(main())
