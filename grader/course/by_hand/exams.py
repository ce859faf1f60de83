"""The points of exams: grading/exams.csv, a column for each exam of course.toml.

    learner,midterm,final
    ann,31,52.5
    bob,28,

An empty field is not known yet; whoever stayed away has 0.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path

from grader.course.by_hand.tables import open_table, read_cells
from grader.course.course_file import Exam
from grader.course.settings import SetupError

NAME = "exams.csv"


def read_exams(
    path: Path, exams: Sequence[Exam], known: Collection[str]
) -> dict[tuple[str, str], float]:
    """The points by learner and exam; nothing if there is no such file.

    `known` are the learners, in Unicode's form NFC. Raises SetupError, naming the
    line, if the file says something else.
    """
    found: dict[tuple[str, str], float] = {}
    if not path.exists():
        return found
    with open_table(path) as lines:
        heads = ["learner", *(exam.name for exam in exams)]
        said = lines.fieldnames or []
        if said[:1] != heads[:1] or not {*said} <= {*heads} or len({*said}) < len(said):
            raise SetupError(
                f"{path.name}, line 1: expected the columns {','.join(heads)}, as "
                f"course.toml names the exams, got {','.join(said)}"
            )
        seen: set[str] = set()
        for where, line in read_cells(lines, path.name):
            who = line["learner"]
            if who not in known or who in seen:
                expected = "one line of each" if who in seen else "one of the learners"
                raise SetupError(f"{where}: expected {expected}, got {who!r}")
            seen.add(who)
            for exam in exams:
                if text := line.get(exam.name, ""):
                    found[who, exam.name] = _read_points(text, exam, where)
    return found


def _read_points(text: str, exam: Exam, where: str) -> float:
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    if not 0 <= points <= exam.points:
        raise SetupError(
            f"{where}: expected {exam.name}'s points, 0 to {exam.points:g}, "
            f"got {text!r}"
        )
    return points
