"""Whose a file of an export is, by the marks that a system puts on it.

What a learner chose comes behind the system's own marks, so only the first
part of a path that has them counts. One system is assumed for an entire export:
the one whose marks most files have, and among equals the one whose marks end
first, for in a file of Canvas's a learner may have written what Moodle writes.
Marks are looked for below a folder only if it is the only one, and they count
only if they are on half of the notebooks, or of the folders of notebooks.

    Moodle       Ann Ode_4711_assignsubmission_file/ch03_bptt.ipynb
                 Participant_4711_assignsubmission_file_ch03_bptt.ipynb
    Canvas       odeann_LATE_4711_90_ch03_bptt-1.ipynb
    folder       ann/ch03_bptt.ipynb, ann/ch03_bptt/ch03_bptt.ipynb

Canvas calls a group's files by the group, with the number of one of its learners.

Sources: Moodle's mod/assign/classes/downloader.php, Canvas's
lib/content_zipper.rb and, for groups, Assignment#representatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader import untrusted
from grader.course.roster import Roster
from grader.systems.exported.archives import Member

MOODLE, CANVAS, FOLDER = "Moodle", "Canvas", "a folder"
MARKS = {  # `rest` is what follows in the same part: in a flat export, the file
    MOODLE: re.compile(
        r"(?P<name>.+?)(?:_(?P<number>[0-9]+))?"
        r"_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<rest>.*))?"
    ),
    CANVAS: re.compile(
        r"(?:(?P<late>LATE_)?anon_(?P<anonymous>[0-9A-Za-z]+)"
        r"|(?P<name>.+?)(?P<tardy>_LATE)?_(?P<number>[0-9]+))"
        r"_(?P<order>[0-9]+)_(?P<rest>.+)"
    ),
}
OWN = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$)")  # of a file manager
NAMELESS = "Participant"  # as Moodle calls everybody in anonymous marking


@dataclass(frozen=True)
class Piece:
    """A file of an export, and what its marks say."""

    member: Member
    system: str
    name: str
    number: str  # the system's; empty where it gives none
    path: str  # as the learner called it; empty where it is the system's own
    prefix: str = ""  # the marks, as the system wrote them
    order: int = 0  # what came later has a larger one
    late: bool = False

    @property
    def owner(self) -> tuple[str, str]:
        """What distinguishes the learners in an assignment's exports."""
        return self.system, self.number or self.name


def sort_pieces(
    members: Sequence[Member], name: str = "", people: Roster | None = None
) -> tuple[list[Piece], list[Member]]:
    """An export's files with their marks, and those without any.

    `name` is the assignment: a folder that is called so is no learner's. One
    called as somebody of `people` is that learner's.
    """
    members = [m for m in members if not OWN.search(m.path)]
    depth = 2 if len({m.parts[0] for m in members if len(m.parts) > 1}) == 1 else 1
    found = [
        [p for m in members if (p := _read_marks(system, m, depth))] for system in MARKS
    ]
    most = max(found, key=lambda of: (len(of), -sum(map(_find_end, of))))
    with_marks = _find_tops((piece.member for piece in most), depth)
    if not most or 2 * len(with_marks) < len(_find_tops(members, depth)):
        most = _read_folders(members, name, people or Roster([]))
    marked = {id(piece.member) for piece in most}
    return most, [m for m in members if id(m) not in marked]


def _find_tops(members: Iterable[Member], depth: int) -> set[tuple[str, ...]]:
    """The notebooks that stand at a depth, and the folders that have some."""
    return {tuple(m.parts[:depth]) for m in members if m.path.endswith(".ipynb")}


def _find_end(piece: Piece) -> int:
    """Where in its path the marks end."""
    return piece.member.path.find(piece.prefix) + len(piece.prefix)


def _read_marks(system: str, member: Member, depth: int) -> Piece | None:
    """A file as a system's, if its marks are on it or on a folder above."""
    for place, part in enumerate(member.parts[:depth]):
        if len(part) > untrusted.PATH_BYTES:
            return None
        match = MARKS[system].fullmatch(part)
        if match is None:
            continue
        said = match.groupdict()
        behind = [said["rest"] or "", *member.parts[place + 1 :]]
        name = said["name"] or f"anon_{said['anonymous']}"
        if system == MOODLE and (last := name.rpartition("-")[2]) == NAMELESS:
            name = last  # a group's name comes before it
        if name.strip().startswith("."):
            return None
        return Piece(
            member,
            system,
            " ".join(name.split()),
            said.get("number") or said.get("anonymous") or "",
            ""
            if said.get("kind", "file") != "file"
            else "/".join(filter(None, behind)),
            part[: -len(said["rest"])] if said["rest"] else part,
            int(said.get("order") or 0),
            bool(said.get("late") or said.get("tardy")),
        )
    return None


def _read_folders(members: Sequence[Member], name: str, people: Roster) -> list[Piece]:
    """The files of folders that are called as their learners are."""
    skip = int(_is_class(members, name, people))
    return [
        Piece(m, FOLDER, m.parts[skip], "", "/".join(m.parts[skip + 1 :]))
        for m in members
        if len(m.parts) > skip + 1 and not m.parts[skip].startswith(".")
    ]


def _is_class(members: Sequence[Member], name: str, people: Roster) -> bool:
    """Whether there is one folder, and its folders are the learners'.

    A folder called as the assignment, or as a notebook in it, is an
    assignment's, and no learner's.
    """
    tops = {m.parts[0] for m in members if len(m.parts) > 1}
    if len(tops) != 1 or people.called(min(tops)):
        return False
    below = {m.parts[1] for m in members if len(m.parts) > 2}
    if any(map(people.called, below)):
        return True
    with_notebooks = {
        m.parts[1] for m in members if len(m.parts) > 2 and m.path.endswith(".ipynb")
    }
    own = {name} | {m.parts[-1].removesuffix(".ipynb") for m in members}
    all_deep = all(len(m.parts) > 2 for m in members)
    return bool(with_notebooks - own) and (all_deep or len(with_notebooks) > 1)
