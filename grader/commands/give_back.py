"""Packs pages and points as the system takes them that the work came from.

    make return ASSIGNMENT=NAME              into grading/returned/NAME/
    make return ASSIGNMENT=NAME MISSING=0    0 points to who handed in nothing

What is written: Moodle's archive of feedback files and its grading worksheet,
Canvas's archive of commented files, and the points as canvas.csv and lms.csv.
Nothing is graded: run `make grade` before.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import zipfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from grader import ROOT, untrusted
from grader.commands.collect import Class, open_class
from grader.commands.grade import (
    check_course_file,
    known_names,
    read_requests,
    settle_lateness,
    share_notebooks,
    write_reports,
)
from grader.course.roster import read_students
from grader.course.settings import Course, SetupError, run_alone
from grader.course.submissions import find_submissions
from grader.reports.points import Row
from grader.systems.exported.collected import Mark, Taken, load_record
from grader.systems.exported.exports import CANVAS, MOODLE
from grader.systems.exported.whose import has_number, in_sheet
from grader.systems.exported.worksheet import Sheet, fill_worksheet
from grader.systems.lms import write_lms
from rnncore.storage.files import whole_file


def main(argv: list[str] | None = None) -> int:
    """Write what goes back; 1 where something is left out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", metavar="ASSIGNMENT")
    parser.add_argument("--missing", type=float, help="points of who handed in nothing")
    parser.add_argument("--root", type=Path, default=ROOT)
    options = parser.parse_args(argv)
    return run_alone(
        options.root,
        "make return",
        lambda course: _return(course, options.name, options.missing),
    )


def _return(course: Course, name: str, missing: float | None) -> int:
    known = known_names(course)
    if name not in known:
        raise SetupError(
            f"expected one of the assignments {', '.join(sorted(known))}, got {name!r}"
        )
    submissions, _ = find_submissions(course)
    check_course_file(course, known)
    requests = read_requests(course, known)
    submissions = share_notebooks(course, submissions, known)
    settle_lateness(course, submissions)
    all_rows = write_reports(course, submissions, requests).rows
    rows = [r for r in all_rows if r.submission.assignment == name and r.tasks]
    if not rows:
        raise SetupError(f"nothing of {name} is graded: run make grade before")
    taken = load_record(course.home).get(name, {})
    fresh = Path(tempfile.mkdtemp(dir=course.work))
    told = _write(course, fresh, name, rows, taken, missing)
    graded = {row.submission.student for row in rows}
    told += [
        f"{s} is not graded yet"
        for s in submissions
        if s.assignment == name and s.student not in graded
    ]
    target = course.home / "returned" / name
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    fresh.rename(target)
    for line in told:
        print(untrusted.line(line, 1000), file=sys.stderr)
    if waits := sum(row.open for row in rows):
        print(f"{waits} wait for a person: their points are left as they are")
    names = ", ".join(sorted(path.name for path in target.iterdir()))
    print(f"Written to {target}: {names}")
    return 1 if told else 0


def _write(
    course: Course,
    place: Path,
    name: str,
    rows: list[Row],
    taken: dict[str, Taken],
    missing: float | None,
) -> list[str]:
    """Write all files of an assignment; what was left out, and why."""
    write_lms(course, rows, place, missing)
    with course.ledger.transaction() as book:
        people = read_students(book)
    notebooks = course.list_notebooks(name)
    of, downloaded = Class(name, notebooks), course.home / "downloaded" / name
    if downloaded.is_dir():
        with ExitStack() as stack:
            of = open_class(downloaded, notebooks, stack)
    lines = in_sheet(of.sheet, people) if of.sheet else {}
    told: list[str] = []
    marks = _collect_marks(of.sheet, lines, rows, taken, told)
    for system, file in ((MOODLE, "feedback.zip"), (CANVAS, "feedback_canvas.zip")):
        mine = [(who, mark) for who, mark in marks if mark[0] == system]
        _pack(course, place / file, name, mine)
    if of.sheet:
        numbers = lines | {m[2]: who for who, m in marks}
        points = _collect_points(numbers, rows, missing)
        text = fill_worksheet(of.sheet, points, rows[0].of)
        (place / of.sheet.path.name).write_text(text, "utf-8", newline="")
    return told


def _collect_marks(
    sheet: Sheet | None,
    lines: dict[str, str],
    rows: list[Row],
    taken: dict[str, Taken],
    told: list[str],
) -> list[tuple[str, Mark]]:
    """Under which marks each learner's page goes back, those of teams too.

    Canvas shows the page of one member to the entire group.
    """
    teams = {r.submission.team for r in rows} - {r.submission.student for r in rows}
    every = [(who, mark) for who, t in taken.items() for mark in t.marks]
    every = [(who, m) for who, m in every if m[0] in (MOODLE, CANVAS)]
    marks = [
        (who, mark)
        for who, mark in every
        if who not in teams and _is_for_one_person(sheet, lines, who, mark, told)
    ]
    members: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.submission.team:
            members[row.submission.team].append(row.submission.student)
    of_groups = [(w, m) for w, m in every if w in teams and m[0] == CANVAS]
    marks += [(members[team][0], mark) for team, mark in of_groups]
    have, numbers = {who for who, _ in marks}, {who: n for n, who in lines.items()}
    by_canvas = {who for who, mark in marks if mark[0] == CANVAS}
    have |= {who for of in members.values() if by_canvas & {*of} for who in of}
    for who in (row.submission.student for row in rows if row.submission.team):
        if who in have or not every:
            continue
        if number := numbers.get(who, ""):
            name = (sheet.name(number) if sheet else "") or "Participant"
            called_so = f"{name.replace('_', ' ')}_{number}_assignsubmission_file"
            marks.append((who, (MOODLE, name, number, called_so)))
        else:
            told.append(
                f"{who}: expected one line in a grading worksheet beside the export, "
                "got none: no page for it"
            )
    return marks


def _is_for_one_person(
    sheet: Sheet | None, lines: dict[str, str], who: str, mark: Mark, told: list[str]
) -> bool:
    """Whether a page goes to one person under these marks."""
    system, name, number, _ = mark
    if system != MOODLE:
        return True
    same = sheet is None or lines.get(number) == who or has_number(sheet, name, number)
    if not number or not same or (sheet and number not in sheet.lines):
        told.append(
            f"{who}: {name} {number} is nobody of the grading worksheet: no page for it"
        )
        return False
    return True


def _pack(course: Course, path: Path, name: str, marks: list[tuple[str, Mark]]) -> None:
    """Write the learners' pages, called as the work that they are about."""
    if not marks:
        return
    with whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        for who, (*_, prefix) in marks:
            page = course.feedback / who / name / f"{name}.html"
            if page.is_file():
                called_so = f"{prefix.rstrip('_')}_{page.name}"
                archive.write(page, called_so, zipfile.ZIP_DEFLATED)


def _collect_points(
    numbers: dict[str, str], rows: list[Row], missing: float | None
) -> dict[str, float]:
    """The points of each number, where they are known."""
    of = {row.submission.student: row for row in rows}
    found = {}
    for number, who in numbers.items():
        row = of.get(who)
        if row and not row.open:
            found[number] = row.points
        elif row is None and missing is not None:
            found[number] = missing
    return found


if __name__ == "__main__":
    sys.exit(main())
