"""The final mark of each learner, from 0 to 100: final.csv.

Assignments count by their per cent of points, late penalties included. The
lowest of a learner's are dropped, as many as course.toml says; what was not
handed in is 0 once nothing counts any more. The exams' weights and the rest, which
is the assignments', make 100. While something is open, the mark is that of what
is known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from grader.course.by_hand.exams import NAME as EXAMS
from grader.course.by_hand.exams import read_exams
from grader.course.course_file import CourseFile, Mark
from grader.course.roster import Learner, is_anonymous, read_roster, read_students
from grader.course.settings import Course
from grader.course.submissions import replace_text
from grader.reports.points import Row, csv_text
from rnncore.storage.files import composed

WHOLE = 100


@dataclass(frozen=True)
class Final:
    """A learner's mark; None for a part, or a mark, that is not known."""

    learner: Learner
    assignments: Mapping[str, float | None]  # per cent
    exams: Mapping[str, float | None]  # per cent
    mark: float | None
    dropped: Collection[str] = ()
    excused: Collection[str] = ()
    open: Collection[str] = field(default=())

    def passed(self, mark: Mark) -> str:
        """Whether the mark is enough: yes or no; nothing while it may change."""
        if self.open or self.mark is None or not mark.passes:
            return ""
        return "yes" if self.mark >= mark.passes else "no"


def compute_mark(
    file: CourseFile,
    assignments: Mapping[str, float | None],
    exams: Mapping[str, float | None],
) -> tuple[float | None, list[str]]:
    """The mark from per cents, to a tenth, and the assignments dropped from it."""
    rule = file.mark or Mark()
    counts = {name: rule.counts.get(name, 1) for name in assignments}
    known = {
        name: per_cent
        for name, per_cent in assignments.items()
        if per_cent is not None and counts[name]
    }
    lowest = sorted(known, key=lambda name: (known[name], name))
    dropped = lowest[: max(0, min(rule.drop_lowest, len(known) - 1))]
    kept = {name: known[name] for name in known if name not in dropped}
    weights = {exam.name: exam.weight for exam in file.exams}
    parts = [(weights[n], p) for n, p in exams.items() if p is not None]
    if kept:
        total = sum(counts[name] for name in kept)
        mean = sum(counts[name] * kept[name] for name in kept) / total
        parts.append((WHOLE - sum(weights.values()), mean))
    known_weight = sum(weight for weight, _ in parts)
    if not known_weight:
        return None, dropped
    return round(sum(w * p for w, p in parts) / known_weight, 1), dropped


def find_finals(
    file: CourseFile,
    learners: Collection[Learner],
    rows: Collection[Row],
    exams: Mapping[tuple[str, str], float],
    now: datetime,
) -> list[Final]:
    """The marks of the learners, as they stand at a moment in UTC."""
    rule = file.mark or Mark()
    of = {(composed(r.submission.student), r.submission.assignment): r for r in rows}
    plan = [*file.due_dates] or sorted({name for _, name in of})
    plan = [name for name in plan if rule.counts.get(name, 1)]
    found = []
    for learner in learners:
        who = composed(learner.id)
        excused = [name for name in plan if (who, name) in file.excused]
        mine = {
            name: _find_per_cent(file, of.get((who, name)), who, name, now)
            for name in plan
            if name not in excused
        }
        sat = {
            exam.name: None if points is None else WHOLE * points / exam.points
            for exam in file.exams
            for points in [exams.get((who, exam.name))]
        }
        mark, dropped = compute_mark(file, mine, sat)
        left = [name for name, p in [*mine.items(), *sat.items()] if p is None]
        found.append(Final(learner, mine, sat, mark, dropped, excused, left))
    return found


def _find_per_cent(
    file: CourseFile, row: Row | None, who: str, name: str, now: datetime
) -> float | None:
    """What a learner has of an assignment's points; None while it is open."""
    if row is not None and row.tasks:
        return None if row.open or not row.of else WHOLE * row.points / row.of
    if row is not None:  # nobody's points, or the grader's own failure
        return None if row.status == "failed" else 0.0
    due = file.due_dates.get(name)
    if due is None:
        return None if file.weeks else 0.0
    more = (file.extensions or {}).get((who, name), timedelta())
    return 0.0 if due + more + timedelta(days=len(file.late_shares)) < now else None


def write_final(course: Course, rows: Collection[Row]) -> str:
    """Write final.csv if the course has a [mark]; the table to print, or nothing.

    Raises SetupError if exams.csv says something else than expected.
    """
    rule = course.file.mark
    if rule is None:
        return ""
    roster = course.root / course.file.roster
    listed = read_roster(roster) if roster.exists() else []
    with course.ledger.transaction() as book:
        people = {one.id: one for one in listed} | read_students(book).learners
    came = {row.submission.student for row in rows}
    learners = [
        learner
        for who, learner in sorted(people.items())
        if not is_anonymous(who) and (learner.known or who in came)
    ]
    ids = {composed(learner.id) for learner in learners}
    exams = read_exams(course.home / EXAMS, course.file.exams, ids)
    now = datetime.now(UTC).replace(tzinfo=None)
    found = find_finals(course.file, learners, rows, exams, now)
    replace_text(course.home / "final.csv", csv_text(_make_lines(found, rule)))
    return format_finals(found, rule)


def _make_lines(found: Collection[Final], rule: Mark) -> list[list[object]]:
    """The lines of final.csv."""
    names = [*dict.fromkeys(n for f in found for n in [*f.assignments, *f.excused])]
    exams = [*dict.fromkeys(n for f in found for n in f.exams)]
    head = ["learner", "first_name", "last_name", "email", *names, *exams]
    lines: list[list[object]] = [
        [*head, "mark", "passed", "dropped", "excused", "open"]
    ]
    for one in found:
        who = one.learner
        per_cents = [one.assignments.get(n) for n in names] + [
            one.exams.get(n) for n in exams
        ]
        lines.append(
            [
                *(who.id, who.first_name, who.last_name, who.email),
                *("" if p is None else round(p, 1) for p in per_cents),
                "" if one.mark is None else one.mark,
                one.passed(rule),
                *(" ".join(part) for part in (one.dropped, one.excused, one.open)),
            ]
        )
    return lines


def format_finals(found: Collection[Final], rule: Mark) -> str:
    """The marks as text: a line for each learner."""
    if not found:
        return ""
    widest = max(len(one.learner.id) for one in found)
    lines = []
    for one in found:
        mark = "-" if one.mark is None else f"{one.mark:.1f}"
        notes = [
            f"{word} {', '.join(names)}"
            for word, names in (("without", one.dropped), ("excused from", one.excused))
            if names
        ]
        if one.open:
            notes.append(f"open: {', '.join(one.open)}")
        said = {"yes": "passed", "no": "not passed", "": ""}[one.passed(rule)]
        note = "; ".join(filter(None, [said, *notes]))
        mark += "?" if one.open else " "
        lines.append(f"  {one.learner.id:{widest}}  {mark:>6}  {note}".rstrip())
    return "\n".join(["Final mark, of 100 (final.csv):", *lines])
