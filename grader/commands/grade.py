"""Autogrades everything in grading/submitted/<learner>/<assignment>/.

Interrupt it whenever you like: what is graded stays graded, and the next
run continues with the rest.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from grader import COURSE_FILE, ROOT, untrusted
from grader.assignments import builder
from grader.assignments.parameters import Values, fingerprint_values
from grader.assignments.variants import Variants
from grader.commands.build import heed_trial
from grader.course.by_hand.regrades import Requests, read_regrades
from grader.course.by_hand.teams import share_among_teams
from grader.course.fingerprint import compute_edition
from grader.course.roster import read_roster
from grader.course.settings import Course, Limits, SetupError, run_alone
from grader.course.submissions import (
    Submission,
    find_submissions,
    key_of,
    load_result,
    unknown_reason,
)
from grader.isolation import client, sandbox
from grader.notebook.repair import read_timestamp
from grader.notebook.task_texts import list_tasks_with_points
from grader.reports.changes import Change, format_changes, read_changes, write_changes
from grader.reports.feedback import write_feedback
from grader.reports.final import write_final
from grader.reports.missing import write_missing
from grader.reports.overview import format_summary, write_overview
from grader.reports.points import (
    Row,
    format_earlier,
    format_table,
    read_rows,
    write_csv,
)
from grader.reports.statistics import write_statistics
from grader.run import processes, record
from grader.run.batch import Prepared, Todo, run_all
from grader.run.internal_errors import Fault
from grader.systems.exchange import add_stamp
from grader.systems.exported.collected import Taken, all_teams, load_record
from grader.systems.lms import write_lms
from grader.untrusted import VARIANT
from rnncore.storage.files import composed

LONGEST = 10_000_000  # characters of a class's table
Tests = tuple[str, str]  # an assignment and a variant, as `Submission.tests`
Wanted = dict[Tests, Values | None]  # with a variant's values


def main(argv: list[str] | None = None) -> int:
    """Grade, print the table; 0 where every submission has been graded."""
    options = _parse_options(argv)
    try:
        return run_alone(
            options.root, "make grade", lambda course: _grade_class(course, options)
        )
    except KeyboardInterrupt:
        given = sys.argv[1:] if argv is None else argv
        asked = shlex.join(word for word in given if word != "--again")
        how = f"python -m grader grade {asked}" if asked else "make grade"
        print(f"\nInterrupted: run {how} again to go on.")
        return 130


def _parse_options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--workers", type=int, help="at the same time")
    parser.add_argument(
        "--again", action="store_true", help="grade what is graded already"
    )
    parser.add_argument(
        "--sandbox",
        choices=sandbox.NAMES,
        help="what holds learners' code; none: it has all of your rights",
    )
    parser.add_argument(
        "--no-sandbox",
        action="store_const",
        dest="sandbox",
        const=sandbox.NONE,
        help="the same as --sandbox=none",
    )
    limits = parser.add_argument_group("limits of a submission")
    for field in fields(Limits):
        kind = float if field.name.endswith("_seconds") else int
        flag = "--" + field.name.replace("_", "-")
        limits.add_argument(flag, type=kind, help=f"{field.default:,} unless set")
    return parser.parse_args(argv)


def _grade_class(course: Course, options: argparse.Namespace) -> int:
    submissions, stray = find_submissions(course)
    for complaint in stray:
        print(complaint, file=sys.stderr)
    if not submissions:
        place = f"{course.submitted}/<learner>/<assignment>/"
        print(f"Nothing to grade in {place}")
        return 1 if stray else 0
    name = options.sandbox or course.sandbox
    if name == sandbox.NONE:
        print(sandbox.WITHOUT, file=sys.stderr)
    if not course.prepared.exists():  # all is to be graded
        processes.start_warm_process(name, _find_libraries(course, submissions))
    known = known_names(course)
    check_course_file(course, known)
    submissions = share_notebooks(course, submissions, known)
    own = Variants(course.home).values_of
    wanted = {s.tests: own(s) for s in submissions if s.assignment in known}
    wanted |= {(name, ""): None for name, _ in wanted}  # which the gradebook has
    unbuilt = _build_sources(course, wanted)
    assignments, refused = _prepare(course, wanted, unbuilt)
    requests = read_requests(course, known)
    todo = _find_ungraded(course, submissions, assignments, refused, options.again)
    left = sum(s.tests not in refused for s in submissions)
    print(f"{len(todo)} to grade, {left - len(todo)} graded already")
    if options.again:
        record.demand_again(course, (submission for submission, _ in todo))
    limits = _read_limits(course, options)
    course.edition = compute_edition(limits)
    if todo:
        workers = options.workers or course.workers
        _run(course, todo, assignments, name, workers, limits)
    _forget_earlier_names(course, submissions)
    settle_lateness(course, submissions)
    rows, unwritten = _report(course, submissions, requests)
    graded = sum(row.status != "failed" for row in rows)
    print(f"{graded} of {len(submissions)} submissions are graded")
    left_over = stray or refused or unwritten
    return 0 if graded == len(submissions) and not left_over else 1


def check_course_file(course: Course, known: set[str]) -> None:
    """Raise SetupError if course.toml names what is not known.

    Learners are those of the roster, if there is one, and who has handed in.
    """
    try:
        course.file.check_assignments(known)
        if (roster := course.root / course.file.roster).exists():
            learners = {learner.id for learner in read_roster(roster)}
            came = {s.student for s in find_submissions(course)[0]}
            course.file.check_learners({composed(who) for who in learners | came})
    except ValueError as error:
        raise SetupError(str(error)) from error


def read_requests(course: Course, known: set[str]) -> Requests:
    """What regrades.csv asks of the tasks that there are."""
    return read_regrades(
        course.home / "regrades.csv",
        known,
        lambda name: list_tasks_with_points(course.released(name)),
    )


def share_notebooks(
    course: Course, submissions: list[Submission], known: set[str]
) -> list[Submission]:
    """The submissions, those of teams once for each of their learners.

    Each knows under which names it was collected before, and with whose values of
    the assignment it is graded.

    Raises SetupError, naming the line, if teams.csv is wrong.
    """
    teams = all_teams(course.home, known)
    shared, told = share_among_teams(submissions, teams)
    for line in told:
        print(untrusted.line(line, 1000), file=sys.stderr)
    record, variants = load_record(course.home), Variants(course.home)
    return [
        replace(variants.mark(s), before=(*s.before, *was))
        if (was := record.get(s.assignment, {}).get(s.path.parent.name, Taken()).was)
        else variants.mark(s)
        for s in shared
    ]


def _forget_earlier_names(course: Course, submissions: list[Submission]) -> None:
    """Take out of the gradebook what is graded under its learners' names now.

    A mark given to a team's folder there would reach no learner.
    """
    for name in {s.assignment for s in submissions if s.before}:
        mine = [s for s in submissions if s.assignment == name]
        entered = course.ledger.students(name)
        kept = {s.student for s in mine}
        kept |= {n for s in mine if s.student not in entered for n in s.before}
        earlier = {n for s in mine for n in s.before} & entered - kept
        course.ledger.forget(name, earlier)


def settle_lateness(course: Course, submissions: list[Submission]) -> None:
    """Apply due dates, extensions and the late rule as they now are."""
    for submission in submissions:
        path = submission.path / "timestamp.txt"
        if path.is_file() and not read_timestamp(path):
            print(
                f"{submission}: expected a time such as 2026-02-01 18:00:00 UTC or "
                f"+0100 in timestamp.txt, which is left out: nothing is late by it",
                file=sys.stderr,
            )
    course.ledger.set_due_dates(course.file.due_dates)
    extensions = course.file.extensions
    if extensions is not None:
        course.ledger.extend(extensions)
        for who, name in extensions.keys() - {
            (composed(s.student), s.assignment) for s in submissions
        }:
            print(f"course.toml: {who} has handed in no {name} yet")
    try:
        course.ledger.penalise(course.config)
    except Exception as error:  # a rule may be the instructor's own
        said = f"{type(error).__name__}: {error}"
        raise SetupError(f"the rule for late work failed: {said}") from error


class Written(NamedTuple):
    """What the reports say of a class."""

    rows: list[Row]
    graded: list[tuple[Row, dict[str, Any]]]  # with their results
    changed: list[Change]
    unwritten: int  # pages
    missing: str  # what is missing, for the report
    final: str  # the marks, for the report


def write_reports(
    course: Course, submissions: list[Submission], requests: Requests
) -> Written:
    """Write the pages and the tables of all graded submissions."""
    for line in lost_requests(requests, submissions):
        print(untrusted.line(line, 1000), file=sys.stderr)
    rows = read_rows(course, submissions)
    changed = write_changes(course.home, rows)
    graded, unwritten = [], 0
    history, record = read_changes(course.home), load_record(course.home)
    for row in rows:
        result = load_result(course, row.submission)
        if result is None:
            continue
        graded.append((row, result))
        who, name = row.submission.student, row.submission.assignment
        told = history.get((str(untrusted.cell(who)), name), [])
        owner, team = row.submission.path.parent.name, row.submission.team
        said = [*record.get(name, {}).get(owner, Taken()).said]
        asked = [*requests.get((composed(who), name), [])]
        if team:
            said.append(f"It is the notebook of team {team}.")
            asked += requests.get((team, name), [])
        try:
            write_feedback(course, row.submission, result, row, told, said, asked)
            add_stamp(course, row.submission)
        except Exception as error:  # noqa: BLE001 - others get theirs
            why = Fault(error).log()
            print(f"{row.submission}: no page: {why}", file=sys.stderr)
            unwritten += 1
    write_csv(course, rows)
    write_overview(course, graded)
    write_statistics(course, rows)
    write_lms(course, rows)
    missing = write_missing(course, submissions)
    final = write_final(course, rows)
    return Written(rows, graded, changed, unwritten, missing, final)


def _report(
    course: Course, submissions: list[Submission], requests: Requests
) -> tuple[list[Row], int]:
    """Write the files, print the tables; how many pages were not written."""
    written = write_reports(course, submissions, requests)
    print(f"\n{untrusted.text(format_table(written.rows), LONGEST)}\n")
    lists = (
        format_changes(written.changed),
        format_summary(written.graded),
        written.missing,
        written.final,
        format_earlier(course, written.rows),
    )
    for text in (*lists, _open_requests(requests)):
        if text:
            print(f"{untrusted.text(text, LONGEST)}\n")
    print(
        f"Written: {course.home}/feedback/, points.csv, tasks.csv, "
        "statistics.csv, mistakes.csv, suspicious.csv, missing.csv, lms.csv, canvas.csv"
        + (", changes.csv" if written.changed else "")
        + (", final.csv" if written.final else "")
    )
    return written.rows, written.unwritten


def lost_requests(requests: Requests, submissions: list[Submission]) -> list[str]:
    """A message about the requests that appear on no page."""
    there = {(composed(s.student), s.assignment) for s in submissions}
    there |= {(s.team, s.assignment) for s in submissions}
    return [
        f"regrades.csv: {who} has handed in no {name} yet"
        for who, name in requests.keys() - there
    ]


def _open_requests(requests: Requests) -> str:
    """The requests that have no answer yet, as text."""
    lines = [
        f"  {who} {name} {request.task}: {request.asked}"
        for (who, name), asked in requests.items()
        for request in asked
        if not request.answer
    ]
    return "\n".join(["Without an answer in regrades.csv:", *lines]) if lines else ""


def known_names(course: Course) -> set[str]:
    """The assignments that have a source, or could have."""
    names = set(course.assignment_names())
    if course.root == ROOT:
        names |= set(builder.list_buildable())
    if not names:
        raise SetupError(f"there is no assignment in {course.source}")
    return names


def _build_sources(course: Course, wanted: Wanted) -> set[Tests]:
    """Build grading/source, and the variants, where solutions/ is newer.

    Not as `make exercises` does: exercises/ may hold someone's answers. Those
    that cannot be built; it says so.
    """
    unbuilt, variants = set(), Variants(course.home)
    for (name, variant), own in sorted(wanted.items(), key=lambda item: item[0]):
        place = course.variants / variant if variant else course.source
        values = own if variant else variants.find_class(name)
        folder = course.root / "solutions" / name
        if not (folder / f"{name}.py").exists() and not any(folder.glob("*.ipynb")):
            continue
        parts = [*folder.rglob("*")]
        if name in course.file.tasks:
            parts.append(course.root / COURSE_FILE)
        if _is_built(place / name, parts, values):
            continue
        print(f"Building the tests of {name} {variant}".rstrip() + " ...", flush=True)
        scratch = Path(tempfile.mkdtemp(dir=course.work))
        try:
            builder.build(name, scratch, values)
        except ValueError as error:
            print(f"make grade: {name} cannot be built: {error}", file=sys.stderr)
            unbuilt.add((name, variant))
            continue
        _tell_trial(name, scratch)
        place.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place / name, ignore_errors=True)
        (scratch / "grading" / "source" / name).rename(place / name)
    return unbuilt


def _is_built(place: Path, parts: list[Path], values: Values | None) -> bool:
    """Whether a source notebook is as its text says it now, with these values."""
    built = [*place.glob("*.ipynb")]
    code = Path(builder.__file__).parent.glob("*.py")
    newest = max(path.stat().st_mtime for path in (*code, *parts))
    if not built or min(path.stat().st_mtime for path in built) <= newest:
        return False
    due = fingerprint_values(values) if values else ""
    made = (nbformat.read(path, as_version=4).metadata for path in built)
    return all(metadata.get(VARIANT, "") == due for metadata in made)


def _tell_trial(name: str, built: Path) -> None:
    """Print what the build would refuse: a class that has handed in is graded."""
    try:
        heed_trial(name, built)
    except ValueError as error:
        print(f"make grade: {name}: {error}", file=sys.stderr)


def _prepare(
    course: Course, wanted: Wanted, unbuilt: set[Tests]
) -> tuple[Prepared, set[Tests]]:
    """The assignments asked for, and those unbuilt or that nbgrader refuses.

    Without its usual text, which the gradebook has, no variant of it is ready.
    """
    ready: Prepared = {}
    refused = {(n, v) for n, v in wanted if {(n, v), (n, "")} & unbuilt}
    there = {*course.assignment_names()}
    for name, variant in sorted(wanted):
        if (name, variant) in refused or name not in there:
            continue
        try:
            ready[name, variant] = course.prepare(name, variant)
        except SetupError as error:
            print(f"make grade: {error}", file=sys.stderr)
            refused |= {w for w in wanted if w[0] == name and variant in ("", w[1])}
    return ready, refused


def _find_ungraded(
    course: Course,
    submissions: list[Submission],
    assignments: Prepared,
    refused: set[Tests],
    again: bool,
) -> Todo:
    """The submissions that have to run, each with its fingerprint."""
    todo = []
    entered = {name: course.ledger.students(name) for name, _ in assignments}
    for submission in submissions:
        if submission.tests in refused:
            continue
        assignment = assignments.get(submission.tests)
        version = assignment.version if assignment else "unknown"
        try:
            key = key_of(submission, version, course.limits.upload_bytes)
        except Exception as error:  # noqa: BLE001 - it is to be graded, then
            print(f"{submission}: {Fault(error).log()}", file=sys.stderr)
            key = ""
        done = entered.get(submission.assignment, set())
        if again or not record.is_done(course, submission, key, done):
            todo.append((submission, key))
    return todo


def _find_libraries(course: Course, submissions: list[Submission]) -> set[str]:
    """What the sources of some submissions' assignments import, at a glance."""
    found: set[str] = set()
    for name in {submission.assignment for submission in submissions}:
        for path in (course.source / name).glob("*.ipynb"):
            found |= client.find_libraries(path.read_text(encoding="utf-8"))
    return found


def _read_limits(course: Course, options: argparse.Namespace) -> Limits:
    """The course's limits, but for those that the command line gives."""
    asked = {
        field.name: value
        for field in fields(Limits)
        if (value := getattr(options, field.name)) is not None
    }
    return replace(course.limits, **asked)


def _run(
    course: Course,
    todo: Todo,
    assignments: Prepared,
    name: str,
    workers: int,
    limits: Limits,
) -> None:
    """Run what has to run."""
    known = sorted(known_names(course))
    submissions = [submission for submission, _ in todo]
    processes.start_warm_process(name, _find_libraries(course, submissions))
    processes.warm_servers([*assignments.values()], name)
    run_all(
        course,
        todo,
        assignments,
        workers,
        limits,
        lambda submission: unknown_reason(submission.assignment, known),
        sandbox=name,
    )


if __name__ == "__main__":
    sys.exit(main())
