"""Grades one submission, in a separate process that may be killed.

The results are in the job's work folder: the executed notebook, as
nbgrader's autograded step would leave it, and report.json. The class's
gradebook is not touched here.
"""

from __future__ import annotations

import copy
import json
import os
import resource
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any, TypedDict

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import IgnorePattern, LimitOutput
from traitlets.config import Config

from grader import untrusted
from grader.course import versions
from grader.course.seeds import submission_key
from grader.course.settings import Assignment, Limits, load_config, log_to
from grader.course.submissions import replace_text
from grader.isolation import sandbox
from grader.isolation.session import Session
from grader.notebook.answers import ELSEWHERE, find_copies, read_task_answers
from grader.notebook.cells import grade_id, is_answer, is_graded, is_test, task_of
from grader.notebook.failures import Check, check_of, own_errors, settle, stand_in
from grader.notebook.pictures import attach_files, collect_pictures
from grader.notebook.repair import Broken, read_notebook, read_timestamp, repair
from grader.notebook.restore import join_notebooks, restore
from grader.notebook.sanitise import sanitise
from grader.reports import integrity
from grader.run.internal_errors import Fault
from grader.trusted.execute import TrustedExecute
from grader.trusted.inside import Way
from grader.trusted.limited import limit_memory
from rnncore.checking.tries import NAME as TRIES
from rnncore.storage.files import ANSWERS, CHECKS
from rnncore.testing.failure import places

ROOM = 600_000_000  # bytes that this process may take more than it has
SHARE = 0.3  # the same, of what the learner's may take, if that is more
LONGEST_ANSWER = 5_000  # characters that are kept of one answer


@dataclass(frozen=True)
class Job:
    """One submission to grade, and the folder to do it in."""

    root: Path
    student: str
    assignment: Assignment
    submitted: Path
    work: Path
    limits: Limits
    secret: bytes  # the course's, for the seeds of hidden tests
    sandbox: str = sandbox.DEFAULT
    server: str = ""  # the socket of the server that runs learners' code
    ways: dict[str, Way] | None = None  # in place of those that the release says

    @property
    def folder(self) -> str:
        """The work folder as seen from the course's root."""
        return str(self.work.relative_to(self.root))

    @property
    def scratch(self) -> Path:
        """Where the learner's code runs if there is no sandbox."""
        return self.work / "scratch"

    @property
    def executed(self) -> Path:
        """The folder that holds the executed notebook afterwards."""
        return self.work / "autograded" / self.student / self.assignment.name


class Report(TypedDict):
    """What a run showed. `reason`: why nothing could be graded."""

    reason: str | None
    failed: bool
    remarks: list[str]
    errors: list[str]
    checks: list[Check]
    answers: dict[str, str]  # what the learner wrote, by the cell's name
    pictures: dict[str, list[str]]  # what identifies those of an answer, if any
    suspicious: list[str]  # why a person should look at it
    seconds: float
    memory: int  # bytes that this process had in memory at most
    trace: str  # of a fault of the grader's own, for its log


def main(job: Job) -> None:
    """Grade `job` and write its report; the entry point of the process."""
    start = time.monotonic()
    _isolate(job)
    try:
        report = _grade(job)
    except Broken as broken:
        report = give_up(job, str(broken), failed=False)
    except Exception as error:  # noqa: BLE001 - reported, and tried again
        fault = Fault(error)
        report = give_up(job, fault.told, failed=True)
        report["trace"] = fault.trace
    report["seconds"] = round(time.monotonic() - start, 2)
    report["memory"] = _most_memory()
    replace_text(job.work / "report.json", json.dumps(report))


def give_up(job: Job, reason: str, *, failed: bool) -> Report:
    """Leave notebooks in which each test failed with `reason`."""
    shutil.rmtree(job.executed, ignore_errors=True)
    job.executed.mkdir(parents=True)
    checks = []
    for path in job.assignment.notebooks:
        notebook = stand_in(nbformat.read(path, as_version=4), reason)
        nbformat.write(notebook, job.executed / path.name)
        checks += _collect_checks(job, notebook)
    return empty_report(reason, checks, failed=failed)


def empty_report(
    reason: str | None, checks: Sequence[Check] = (), *, failed: bool
) -> Report:
    """The report of what could not be graded."""
    return Report(
        reason=reason,
        failed=failed,
        remarks=[],
        errors=[],
        checks=[*checks],
        answers={},
        pictures={},
        suspicious=[],
        seconds=0.0,
        memory=0,
        trace="",
    )


def _most_memory() -> int:
    """Bytes that this process, or one that it forked, had at most."""
    who = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    most = max(resource.getrusage(one).ru_maxrss for one in who)
    return most if sys.platform == "darwin" else 1024 * most


def _isolate(job: Job) -> None:
    """Start a session, write output to a file, end with the parent."""
    os.setsid()
    out = os.open(job.work / "output.txt", os.O_CREAT | os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(out, stream)
    log_to(job.work / "log.txt")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(job.work / "runtime")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limit_memory(max(ROOM, int(SHARE * job.limits.memory_bytes)))


def _end_with_parent() -> None:
    """End; the learner's processes end when their connection does."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _grade(job: Job) -> Report:
    """Grade the notebooks, one after the other.

    Of several, one that cannot be graded costs its own points. Raises Broken
    where that is so of all.
    """
    handed_in, broken = {}, {}
    for path in job.assignment.notebooks:
        try:
            handed_in[path] = read_notebook(
                job.submitted, path.stem, job.limits.upload_bytes
            )
        except Broken as why:
            broken[path] = why
    if not handed_in:
        raise next(iter(broken.values()))
    _copy_files(job, job.executed)
    known = versions.read(job.assignment.versions)
    submitted = join_notebooks(copy.deepcopy(n) for n in handed_in.values())
    whole = empty_report(None, failed=False)
    whole["remarks"] += versions.make_remarks(known, submitted)
    release = nbformat.read(next(iter(job.assignment.notebooks)), as_version=4)
    others = integrity.find_other_values(submitted.metadata, release.metadata)
    whole["remarks"] += others
    whole["suspicious"] += others
    for path in job.assignment.notebooks:
        if path in broken:
            part = _leave_out(job, path, str(broken[path]))
        else:
            points = versions.read_points(known)
            part = _grade_notebook(job, path, handed_in[path], points)
        _add_part(whole, part, path.stem if len(job.assignment.notebooks) > 1 else "")
    return whole


def _leave_out(job: Job, path: Path, reason: str) -> Report:
    """The report of one notebook of several that could not be graded."""
    notebook = stand_in(nbformat.read(path, as_version=4), reason)
    nbformat.write(notebook, job.executed / path.name)
    part = empty_report(None, _collect_checks(job, notebook), failed=False)
    part["remarks"] = part["suspicious"] = [reason]
    return part


def _add_part(whole: Report, part: Report, name: str) -> None:
    """Add one notebook's report to the submission's; of several, under its name."""
    said = f"{name}: " if name else ""
    for key in ("remarks", "errors", "suspicious"):
        lines = [said + line for line in part[key]]
        whole[key] = untrusted.shorten_list(whole[key] + lines)
    whole["checks"] += part["checks"]
    whole["answers"] |= part["answers"]
    whole["pictures"] |= part["pictures"]


def _grade_notebook(
    job: Job, path: Path, notebook: NotebookNode, points: dict[str, set[float]]
) -> Report:
    """Run one notebook; `points` are those that its cells had in any release."""
    release = nbformat.read(path, as_version=4)
    repaired, remarks = repair(notebook, release, points)
    names = {one.stem for one in job.assignment.notebooks}
    copies = find_copies(
        *(job.submitted, notebook, path.stem, names),
        *(release, job.limits.upload_bytes),
    )
    remarks += [ELSEWHERE + said for said in copies]
    given = _read_contents(job.assignment.released)
    remarks += attach_files(repaired, job.executed, given)
    restore(repaired, job.assignment.cells)
    config = load_config(job.root)
    processes = sum(map(is_test, repaired.cells)) + 2  # one at first, one goes on
    text = nbformat.writes(notebook).encode(errors="replace")
    execute = TrustedExecute(
        job.limits,
        release,
        job.assignment.released,
        submission_key(job.secret, job.student, job.assignment.name, text),
        lambda: Session(
            job.server, _read_files(job), job.limits, str(job.scratch), processes
        ),
        json.loads(job.assignment.kinds.read_bytes()),
        job.ways,
        config=config,
    )
    done = _execute_notebook(repaired, execute, config)
    remarks += execute.remarks
    replace_text(job.executed / path.name, nbformat.writes(done))
    checks = _collect_checks(job, done)
    answers = _collect_answers(repaired, release)
    return Report(
        reason=None,
        failed=False,
        remarks=untrusted.shorten_list(remarks),
        errors=untrusted.shorten_list(own_errors(done)),
        checks=checks,
        answers=answers,
        pictures=collect_pictures(done, answers),
        suspicious=[
            *integrity.find_given_up(notebook, release),
            *integrity.find_reasons(repaired, release, checks, remarks),
        ],
        seconds=0.0,
        memory=0,
        trace="",
    )


def _collect_answers(notebook: NotebookNode, release: NotebookNode) -> dict[str, str]:
    """What the learner wrote into the cells that are there for it, and for tasks."""
    found = {
        name: cell.source
        for cell in notebook.cells
        if is_answer(cell) and (name := grade_id(cell))
    }
    found |= read_task_answers(notebook, release)
    return {name: untrusted.text(t, LONGEST_ANSWER) for name, t in found.items()}


def _copy_files(job: Job, folder: Path) -> None:
    """Copy the files handed in with the notebook: regular files only.

    The course's answers stay behind, so that no answer can read them.
    """
    folder.mkdir(parents=True)
    limits = job.limits
    try:
        names = untrusted.files_in(
            job.submitted, limits.upload_bytes, limits.upload_files
        )
    except untrusted.TooMuch as error:
        raise Broken(
            f"the folder holds {error}. Hand in the notebook, without "
            "other files that it does not need."
        ) from error
    for name in names:
        path = job.submitted / name
        if path.name == "timestamp.txt" and not read_timestamp(path):
            continue  # nbgrader would stop at it
        if path.suffix != ".ipynb" and path.name not in (ANSWERS, TRIES):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _read_files(job: Job) -> dict[str, bytes]:
    """The files in the notebook's folder: the release's, then others.

    A file in the place of a folder of the release, or the other way
    round, is left out.
    """
    given = _read_contents(job.assignment.released)
    above = {parent for path in given for parent in path.parents}
    own = {
        path: data
        for path, data in _read_contents(job.executed).items()
        if path not in above and not given.keys() & {*path.parents}
    }
    return {str(path): data for path, data in (own | given).items()}


def _read_contents(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".ipynb"
    }


def _execute_notebook(
    notebook: NotebookNode, execute: TrustedExecute, config: Config
) -> NotebookNode:
    """The notebook with outputs that nbgrader can read points from."""
    resources: dict[str, Any] = {}
    for step in (execute, IgnorePattern(config=config), LimitOutput(config=config)):
        if step.enabled:
            notebook, resources = step.preprocess(notebook, resources)
    sanitise(notebook)
    for cell in notebook.cells:
        if is_test(cell):
            settle(cell)
    return notebook


def _collect_checks(job: Job, notebook: NotebookNode) -> list[Check]:
    """What each graded cell showed, with the place that explains it."""
    where = places(job.assignment.released / CHECKS)
    return [
        check_of(cell, where.get(task_of(grade_id(cell) or "")))
        for cell in notebook.cells
        if is_graded(cell)
    ]
