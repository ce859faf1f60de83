"""Runs jobs, each in a process, within a time limit."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable
from dataclasses import replace
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from grader.course.settings import Assignment
from grader.isolation import sandbox
from grader.isolation.client import (
    LIBRARIES,
    get_server,
    says_torch,
    wanted_libraries,
    wants_torch,
)
from grader.run import grade_one
from grader.run.grade_one import Job, Report
from grader.run.internal_errors import Fault

START_SECONDS = 60  # to import, to start a kernel and to stop it


def _make_context() -> BaseContext:
    """Processes forked from a server that has imported nbgrader already."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # a fork loses threads
    # The server of Python 3.11 does not get sys.path: what is to be
    # imported there would silently be imported in every process instead.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    context = multiprocessing.get_context("forkserver")
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None and hasattr(main, "__file__"):
        os.environ["GRADER_MAIN"] = os.path.abspath(main.__file__ or "")
    context.set_forkserver_preload(["numpy.testing", "grader.run.preload"])
    return context


_CONTEXT = _make_context()
_stop = threading.Event()


def run(job: Job) -> Report:
    """Grade a job in a separate process, and end everything it started.

    Raises InterruptedError where `interrupt` was called.
    """
    if _stop.is_set():
        raise InterruptedError(job.student)
    most = job.limits.total_seconds * len(job.assignment.notebooks)
    if not job.server:
        torch = wants_torch(job.assignment) or any(
            says_torch(job.submitted / path.name, job.limits.upload_bytes)
            for path in job.assignment.notebooks
        )
        more = wanted_libraries(job.assignment)
        found = get_server(job.sandbox, torch=torch, libraries=more)
        job = replace(job, server=found.path)
    process = _CONTEXT.Process(target=grade_one.main, args=[job])  # type: ignore
    process.start()
    try:
        ended = _wait(process, most + START_SECONDS)
    finally:
        _kill(process)
    if _stop.is_set():
        raise InterruptedError(job.student)
    path = job.work / "report.json"
    if path.exists():
        report: Report = json.loads(path.read_text(encoding="utf-8"))
        return report
    if not ended:
        reason = f"the notebook was stopped after {most:g} s, its time limit"
        return grade_one.give_up(job, reason, failed=False)
    fault = Fault(f"the grader's process ended with status {process.exitcode}")
    given_up = grade_one.give_up(job, fault.told, failed=True)
    given_up["trace"] = fault.trace
    return given_up


def start_warm_process(name: str, libraries: Iterable[str]) -> None:
    """Begin to start what every job needs, so that the first need not wait.

    The first call decides which of LIBRARIES are imported for all jobs.
    Raises NoSandbox if there is none of this name.
    """
    sandbox.require(name)
    wanted = (module for name in libraries for module in LIBRARIES[name])
    os.environ.setdefault("GRADER_LIBRARIES", " ".join(wanted))
    process = _CONTEXT.Process(target=int)  # type: ignore
    threading.Thread(target=process.start, daemon=True).start()


def warm_servers(assignments: list[Assignment], name: str) -> None:
    """Begin to start the servers that these assignments share."""
    for torch, libraries in {
        (wants_torch(assignment), wanted_libraries(assignment))
        for assignment in assignments
    }:
        threading.Thread(
            target=get_server,
            args=[name],
            kwargs={"torch": torch, "libraries": libraries},
            daemon=True,
        ).start()


def interrupt() -> None:
    """Let every running job end now, and no other begin."""
    _stop.set()


def resume() -> None:
    """Take jobs again."""
    _stop.clear()


def _wait(process: BaseProcess, seconds: float) -> bool:
    """Whether the process ended without being killed."""
    left = seconds
    while left > 0 and not _stop.is_set():
        process.join(min(0.2, left))
        if process.exitcode is not None:
            return True
        left -= 0.2
    return False


def _kill(process: BaseProcess) -> None:
    if process.exitcode is None and process.pid is not None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has not made its group yet
            process.kill()
        process.join()
