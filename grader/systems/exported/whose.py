"""Which learner of the course a name or a number of the system's is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from grader.course.by_hand.corrections import Correction, Corrections, join_corrections
from grader.course.roster import (
    Learner,
    Roster,
    explain_unfit_learner,
    is_anonymous,
    keep_letters,
)
from grader.course.settings import SetupError
from grader.systems.exported.collected import Taken
from grader.systems.exported.exports import CANVAS, MOODLE, Piece
from grader.systems.exported.worksheet import Sheet


class Whose:
    """Finds the learner of each file in an assignment's exports.

    Raises SetupError if a name in a correction fits several learners.
    """

    def __init__(
        self,
        assignment: str,
        pieces: Iterable[Piece],
        roster: Roster,
        sheet: Sheet | None,
        corrections: Corrections,
        before: dict[str, Taken],
        teams: dict[str, list[str]],
    ):
        self.roster, self.sheet, self._teams = roster, sheet, teams
        self._lines = in_sheet(sheet, roster) if sheet else {}
        self._asked = {
            who: c for (of, who), c in corrections.items() if of == assignment
        }
        self.unused = {*self._asked}  # corrections of what did not come in
        self._owners: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for piece in pieces:
            self._owners[keep_letters(piece.name)].add(piece.owner)
            self.unused -= {piece.name, piece.number}
        self._anonymous = {
            (system, number): learner
            for learner, taken in before.items()
            for system, name, number, _ in taken.marks
            if is_anonymous(name)
        }

    def correction(self, piece: Piece) -> Correction:
        """What corrections.csv says of it, by its number and by its name."""
        several = self._owners[keep_letters(piece.name)]
        if piece.name in self._asked and len(several) > 1:
            numbers = ", ".join(sorted(number for _, number in several))
            raise SetupError(
                f"{self._asked[piece.name].where}: {len(several)} learners are called "
                f"{piece.name}: expected one of the numbers {numbers}"
            )
        lines = map(self._asked.get, (piece.number, piece.name))
        return join_corrections(filter(None, lines))

    def check_corrections(self) -> None:
        """Refuse a learner who is in no roster, if there is one, and no team."""
        people = self.roster.learners
        if not any(one.known for one in people.values()):
            return
        groups = {self.sheet_group(number) for number in self._lines}
        for said in self._asked.values():
            who = said.learner
            known = {*people, *self._teams, *groups, ""}
            if who not in known and not is_anonymous(who):
                raise SetupError(
                    f"{said.where}: expected a learner of the roster, or a team, got "
                    f"{who!r}"
                )

    def learner(self, piece: Piece) -> str:
        """The name of the learner's folder."""
        if asked := self.correction(piece).learner:
            return asked
        if piece.owner in self._anonymous:  # it was graded under this name
            return self._anonymous[piece.owner]
        if team := self.team(piece):
            return team[0]
        found = self.in_roster(piece)
        if len(found) == 1:
            return min(found)
        name = self._name(piece)
        several = len(found) > 1 or len(self._owners[keep_letters(piece.name)]) > 1
        if piece.number and (several or is_anonymous(name)):
            return name if name.startswith("anon_") else f"{name}_{piece.number}"
        return name

    def team(self, piece: Piece) -> tuple[str, list[str]] | None:
        """The team of teams.csv, or Moodle's group, that handed this in."""
        key, in_groups = keep_letters(piece.name), (MOODLE, CANVAS)
        if piece.system not in in_groups or is_anonymous(piece.name):
            return None
        if self._is_one(piece):
            return None
        if len(self._owners[key]) > 1 or self.correction(piece).learner:
            return None
        if not key:  # a name of signs alone fits everybody without a group
            return None
        if by_hand := [one for one in self._teams if keep_letters(one) == key]:
            return min(by_hand), self._teams[min(by_hand)]
        of = [n for n in self._lines if keep_letters(self.sheet_group(n)) == key]
        return (piece.name, [w for n in of if (w := self._lines[n])]) if of else None

    def is_settled(self, piece: Piece) -> bool:
        """Whether a person has said whose it is, or that it is a team's."""
        who = self.learner(piece)
        said = self.team(piece) or self.correction(piece).learner
        return bool(said) or any(who in team for team in self._teams.values())

    def sheet_group(self, number: str) -> str:
        """The group of a number, as the worksheet has it."""
        return self.sheet.group(number) if self.sheet else ""

    def said_when(self, piece: Piece) -> str:
        """The time of submission in the worksheet; a team's is in each member's row."""
        if not self.sheet:
            return ""
        numbers = [piece.number]
        if team := self.team(piece):
            numbers = [n for n, who in self._lines.items() if who in team[1]]
        return next(filter(None, map(self.sheet.said_when, numbers)), "")

    def another(self, piece: Piece) -> str:
        """Who has this number in the system's table, under another name.

        A group of Canvas's has the number of one of its learners; "nobody"
        where its table has no such number.
        """
        if piece.system == CANVAS and not is_anonymous(piece.name):
            who = self.roster.by_number(piece.number)
            names = find_by_name(self.roster, piece.name)
            known = [one for one in self.roster.learners.values() if one.lms_user_id]
            if who is None:
                return "nobody" if known and not names else ""
            learner = self.roster.learners[who]
            named = learner.first_name or learner.last_name
            return learner.name if named and who not in names else ""
        if piece.system != MOODLE or not self.sheet:
            return ""
        same = has_number(self.sheet, piece.name, piece.number)
        return "" if same else self.sheet.name(piece.number)

    def _is_one(self, piece: Piece) -> bool:
        """Whether one learner is called so, rather than a group."""
        if self.another(piece):
            return False
        named = bool(self.sheet and self.sheet.name(piece.number))
        people = self.roster.learners
        return named or any(
            people[w].known for w in find_by_name(self.roster, piece.name)
        )

    def in_roster(self, piece: Piece) -> Collection[str]:
        """The learners of the roster who may be meant."""
        if piece.system == CANVAS and (who := self.roster.by_number(piece.number)):
            return {who}
        if piece.system == MOODLE and self.sheet and not self.another(piece):
            email = self.sheet.email(piece.number)
            if email and (who := self.roster.by_email(email)):
                return {who}
        name = self._name(piece)
        return set() if is_anonymous(name) else find_by_name(self.roster, name)

    def _name(self, piece: Piece) -> str:
        said = (
            self.sheet.name(piece.number)
            if piece.system == MOODLE and self.sheet and not self.another(piece)
            else ""
        )
        return said or piece.name


def find_by_name(roster: Roster, name: str) -> set[str]:
    """The learners of this name; rather those of whom more is known."""
    found = roster.called(name)
    known = {who for who in found if roster.learners[who].known} or found
    return {name} if name in known else known


def has_number(sheet: Sheet, name: str, number: str) -> bool:
    """Whether the worksheet has no other name for this number.

    The number of a group of Moodle's may be the number of some learner.
    """
    said = sheet.name(number)
    behind = (name.split("-", n)[-1] for n in range(name.count("-") + 1))
    wanted = keep_letters(said)  # a group comes before -
    return is_anonymous(name) or not said or wanted in map(keep_letters, behind)


def in_sheet(sheet: Sheet, roster: Roster) -> dict[str, str]:
    """The learner of each number; empty if two may be meant."""
    names = Counter(keep_letters(sheet.name(number)) for number in sheet.lines)
    found = {}
    for number in sheet.lines:
        name = sheet.name(number)
        who = roster.by_email(sheet.email(number)) or ""
        if not name:
            who = who or f"Participant_{number}"
        elif not who and names[keep_letters(name)] == 1:
            same = find_by_name(roster, name)
            who = min(same) if len(same) == 1 else ""
        found[number] = who
    return found


def learners_of(sheet: Sheet, roster: Roster) -> list[Learner]:
    """Those of a worksheet as learners: the roster's, or new ones.

    Of two new ones with one name, the e-mail address decides.
    """
    found = []
    names = [keep_letters(sheet.name(number)) for number in sheet.lines]
    for number in sheet.lines:
        name, email = sheet.name(number), sheet.email(number)
        who = roster.by_email(email) if email else None
        if not name or who:
            continue
        same = find_by_name(roster, name)
        alone = names.count(keep_letters(name)) == 1
        if len(same) == 1 and alone:
            known = roster.learners[min(same)]
            another = known.email and email and known.email != email
            who = email if another else known.id
        elif not same:
            who = name if alone else email
        if who and not explain_unfit_learner(who):
            last = "" if who in roster.learners else name
            found.append(Learner(who, "", last, email))
    return found
