"""Executes a notebook: the learner's cells over there, the tests here.

The learner's cells run first, all of them, and the process is copied at
each test; after the last cell it may stay itself. Where a cell ends the
process, the cells after it run in a copy of the last copy. Then the tests run in
this process, each with its copy: what a test hands over can reach no cell
of the learner's, nor another test.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from grader import untrusted
from grader.course.seeds import seed_of
from grader.course.settings import Limits
from grader.isolation.session import Copy, Ended, Session
from grader.notebook.cells import grade_id, is_answer, is_locked, is_test, marks
from grader.notebook.failures import BELIEVED, fail, hidden_lines, note
from grader.notebook.names import Names
from grader.notebook.sanitise import keep_shown
from grader.trusted.inside import Way, read_ways, record, run_inside, without_hidden
from grader.trusted.link import Link
from grader.trusted.test_cell import Space, Test
from rnncore.testing.failure import Failure, render

LEFT_OUT = "\n... the rest of this cell's output is left out ...\n"
LONGEST = 10_000  # characters of an error
MOST = 1_000  # outputs of a cell
SEED = "RNNCORE_SEED"


class TrustedExecute(NbGraderPreprocessor):
    """Runs a notebook; `remarks` then says what was left out.

    `folder` holds the files of the released assignment, `key` is the
    submission's, `start` makes the learner's process.
    """

    def __init__(
        self,
        limits: Limits,
        release: NotebookNode,
        folder: Path,
        key: bytes,
        start: Callable[[], Session],
        kinds: dict[str, str] | None = None,
        ways: dict[str, Way] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.ways = read_ways(release) if ways is None else ways
        self.limits, self.names = limits, Names(release, kinds)
        self.folder, self.key, self.start = folder, key, start
        self.remarks: list[str] = []
        self.stopped: str | None = None
        self.notebook_bytes = 0

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Run all cells; each has its outputs afterwards."""
        self.deadline = time.monotonic() + self.limits.total_seconds
        cells = [c for c in nb.cells if c.cell_type == "code" and c.source.strip()]
        self.code = [*enumerate(cells, 1)]
        self.copies: dict[int, Copy] = {}  # of the process, one at each test
        session = self.start()
        try:
            self._run_cells(session)
            self._run_tests(session)
        finally:
            session.close()
        return nb, resources

    # -- the learner's cells

    def _run_cells(self, session: Session) -> None:
        """Run the learner's cells; a copy of the process for each test."""
        self.copies[0] = session.snapshot()
        for number, cell in self.code:
            cell.outputs = []
            if not self._goes_on(number):
                if not is_test(cell):
                    self._leave_out(cell)
                continue
            try:
                if is_test(cell):
                    self.copies[number] = self._copy(session, number)
                else:
                    self._run_cell(session, number, cell)
            except Ended as end:
                self._leave(session, number, end)

    def _copy(self, session: Session, number: int) -> Copy:
        """The process that a test is to ask.

        What ends it here was begun by the cell before. Raises Ended.
        """
        take = session.last if number == len(self.code) else session.snapshot
        before = [n for n, c in self.code if n < number and not is_test(c)]
        try:
            return take()
        except Ended as end:
            if not before:
                raise
            self._leave(session, before[-1], end)
        return take()

    def _goes_on(self, number: int) -> bool:
        """Whether there is a process, and time, for one more cell."""
        if not self.stopped and time.monotonic() > self.deadline:
            self.stopped = (
                f"the notebook used up its {self.limits.total_seconds:g} s "
                f"before code cell {number}"
            )
            self.remarks.append(self.stopped)
        return not self.stopped

    def _leave_out(self, cell: NotebookNode) -> None:
        fail(cell, Failure("NotRun", why=f"not run: {self.stopped}"))

    def _leave(self, session: Session, number: int, end: Ended) -> None:
        """Go on without a cell that ended the process, from the last copy.

        The cells between them run once more, unless one of them ends it too.
        """
        said = f"code cell {number} {end}"
        fail(dict(self.code)[number], Failure(end.kind, why=said))
        last = max(self.copies)
        cells = [(n, c) for n, c in self.code if not is_test(c)]
        between = [(n, c) for n, c in cells if last < n < number]
        for again in (between, []):
            with contextlib.suppress(Ended):
                session.go_on_from(self.copies[last])
                for n, cell in again:
                    with contextlib.suppress(TimeoutError):
                        session.run(cell.source, n, self._seconds())
                self.remarks.append(f"{said}: all other cells ran without it")
                return
        self.stopped = said
        self.remarks.append(f"{said}: no cell after it could run")

    def _seconds(self) -> float:
        left = self.deadline - time.monotonic()
        return max(0.1, min(self.limits.cell_seconds, left))

    def _run_cell(self, session: Session, number: int, cell: NotebookNode) -> None:
        seconds = self._seconds()
        cell.execution_count = number
        try:
            outputs, flooded = session.run(cell.source, number, seconds)
        except TimeoutError:
            fail(cell, _time_limit(number, seconds))
            return
        flooded |= len(outputs) > MOST
        outputs = outputs[:MOST]
        made = [made for o in outputs if (made := _clean(o, number))]
        errors = [o for o in outputs if _get_kind(o) == "error"]
        if errors:
            note(cell, _make_failure(errors[0]))
        cell.outputs = made
        size = sum(len(str(output)) for output in cell.outputs)
        most = self.limits.output_bytes
        if flooded or size > 2 * most or self.notebook_bytes > 10 * most:
            self._shorten(number, cell)
        self.notebook_bytes += min(size, most)

    def _shorten(self, number: int, cell: NotebookNode) -> None:
        """Keep the beginning of the text, and the errors."""
        kept = [o for o in cell.outputs if o.output_type == "error"]
        texts = [o for o in cell.outputs if o.output_type == "stream"]
        for output in texts[:1]:
            output.text = output.text[:1000] + LEFT_OUT
        cell.outputs = texts[:1] + kept
        self.remarks.append(
            f"code cell {number} printed more than "
            f"{self.limits.output_bytes / 1e6:g} MB: the rest is left out"
        )

    # -- the tests

    def _run_tests(self, session: Session) -> None:
        """Run the tests, and what is locked, in this process."""
        space = Space(self.names)
        waiting: list[str] = []  # locked cells, for the next test
        begun, inside, copies = [], [], self.copies
        for number, cell in self.code:
            if is_test(cell) and grade_id(cell) in self.ways and number in copies:
                inside.append((number, cell))
            elif is_test(cell) and number in copies:
                link = Link(copies[number].sock, self.names.asked)
                left = self._seconds()
                test = Test(cell, number, space, link, waiting, left)
                session.use(copies[number])
                self._run_part(session, test, test.start)
                begun.append((test, copies[number]))
                waiting = []
            elif is_test(cell):
                if not cell.outputs:
                    self._leave_out(cell)
            elif is_locked(cell) and not is_answer(cell):
                waiting.append(cell.source)
        for test, copy in begun:  # no visible test runs after a hidden one
            if not test.done:
                test.left = min(test.left, self._seconds())
                session.use(copy)
                self._run_part(session, test, test.finish)
        for number, cell in inside:  # nothing outside runs after these
            self._run_inside(session, number, cell)

    def _run_inside(self, session: Session, number: int, cell: NotebookNode) -> None:
        """Run a test that cannot run outside in the learner's process."""
        name, seconds = marks(cell)["grade_id"], 0.0
        copy = self.copies[number]

        def allow() -> float:
            nonlocal seconds
            seconds = self._seconds()
            return seconds

        way = self.ways[name]
        record(cell, way)
        tests = [(n, c.source) for n, c in self.code if is_test(c)]
        earlier = [without_hidden(text) for n, text in tests if n < number]
        before = earlier if way.kind == "in order" else []
        masked = any(hidden_lines(text) for _, text in tests)
        self.remarks.append(
            f"{name} ran inside the answer's own process, whose word its "
            f"points are: {way.reason}"
        )
        session.use(copy)
        try:
            with contextlib.closing(copy.sock):
                run_inside(cell, number, copy.sock, before, allow, masked)
        except Ended as end:
            if end.kind == "TimeLimit":
                session.end_others()
                fail(cell, _time_limit(number, seconds))
            else:
                self._tell_end(session, number, cell, end)

    def _run_part(self, session: Session, test: Test, run: Callable[[], None]) -> None:
        cell, number = test.cell, test.count
        name = marks(cell)["grade_id"]
        os.environ[SEED] = str(seed_of(self.key, name))
        try:
            with contextlib.chdir(self.folder):
                run()
        except Ended as end:
            test.done = True
            cell.execution_count = number
            if end.kind == "TimeLimit":
                session.end_others()
                fail(cell, _time_limit(number, test.most))
            else:
                self._tell_end(session, number, cell, end)
        finally:
            del os.environ[SEED]
        if test.done:
            test.link.sock.close()
            if test.link.believed and test.held:
                what = ", ".join(test.link.believed)[:300]
                self.remarks.append(f"{name} {BELIEVED}: {what}")

    def _tell_end(
        self, session: Session, number: int, cell: NotebookNode, end: Ended
    ) -> None:
        reason = session.why_ended() or end.reason
        failure = Failure(
            end.kind,
            why=f"code cell {number}: the answer {reason}",
            got="" if hidden_lines(cell.source) else end.detail,
        )
        fail(cell, failure)
        self.remarks.append(render(failure))


def _time_limit(number: int, seconds: float) -> Failure:
    why = (
        f"code cell {number} was stopped after {seconds:.0f} s, the time "
        "limit: look for a loop that never ends"
    )
    return Failure("TimeLimit", why=why)


def _get_kind(output: Any) -> Any:
    return output.get("output_type") if isinstance(output, dict) else None


def _make_failure(error: dict[str, Any]) -> Failure:
    """The record of an error output of the learner's."""
    line = error.get("line")
    return Failure(
        untrusted.line(error.get("ename"), 200),
        got=untrusted.text(error.get("evalue"), LONGEST).strip(),
        line=line if type(line) is int else 0,
    )


def _clean(output: Any, count: int) -> NotebookNode | None:
    """An output of the learner's as a notebook may hold it, if it may."""
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        text = output.get("text")
        text = text if isinstance(text, str) else ""
        return new_output("stream", name=name, text=text)
    if kind == "error":
        lines = output.get("traceback")
        lines = lines if isinstance(lines, list) else []
        return new_output(
            "error",
            ename=untrusted.line(output.get("ename"), 200),
            evalue=untrusted.text(output.get("evalue"), LONGEST),
            traceback=[untrusted.text(line, LONGEST) for line in lines[-50:]],
        )
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, dict):
        return None
    made = new_output(kind, keep_shown(data))
    if kind == "execute_result":
        made.execution_count = count
    return made
