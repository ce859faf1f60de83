"""Executes a notebook: the learner's cells over there, the tests here.

The learner's cells run first, all of them, and the process is copied at
each test; after the last cell it may stay itself. Then the tests run in
this process, each with its copy: what a test hands over can reach no cell
of the learner's, nor another test.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from grader.course.seeds import seed_of
from grader.course.settings import Limits
from grader.isolation.session import Ended, Session
from grader.notebook.names import Names
from grader.notebook.repair import failure, is_test
from grader.trusted.proxies import Link
from grader.trusted.test_cell import Space, run_test

LEFT_OUT = "\n... the rest of this cell's output is left out ...\n"
LONGEST = 10_000  # characters of an error
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
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.limits, self.names = limits, Names(release)
        self.folder, self.key, self.start = folder, key, start
        self.remarks: list[str] = []
        self.stopped: str | None = None
        self.notebook_bytes = 0

    def preprocess(
        self, nb: NotebookNode, resources: Any
    ) -> tuple[NotebookNode, Any]:
        """Run all cells; each has its outputs afterwards."""
        self.deadline = time.monotonic() + self.limits.total_seconds
        code = [
            (number, cell)
            for number, cell in enumerate(
                (
                    cell
                    for cell in nb.cells
                    if cell.cell_type == "code" and cell.source.strip()
                ),
                1,
            )
        ]
        session = self.start()
        try:
            copies = self._run_cells(session, code)
            self._run_tests(session, code, copies)
        finally:
            session.close()
        return nb, resources

    # -- the learner's cells

    def _run_cells(
        self, session: Session, code: list[tuple[int, NotebookNode]]
    ) -> dict[int, socket.socket]:
        """Run the learner's cells; a copy of the process for each test."""
        copies = {}
        final = code[-1][0] if code else 0
        for number, cell in code:
            cell.outputs = []
            if not self._goes_on(number):
                if not is_test(cell):
                    self._leave_out(cell)
                continue
            try:
                if is_test(cell) and number == final:
                    copies[number] = session.last()
                elif is_test(cell):
                    copies[number] = session.snapshot()
                else:
                    self._run_cell(session, number, cell)
            except Ended as end:
                self._stop(number, end)
                cell.outputs = [failure(end.kind, self.stopped or "")]
        return copies

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
        cell.outputs = [failure("NotRun", f"not run: {self.stopped}")]

    def _stop(self, number: int, end: Ended) -> None:
        """No cell after this one can run."""
        self.stopped = f"code cell {number} {end.reason}"
        self.remarks.append(f"{self.stopped}; no cell after it could run")

    def _seconds(self) -> float:
        left = self.deadline - time.monotonic()
        return max(0.1, min(self.limits.cell_seconds, left))

    def _run_cell(
        self, session: Session, number: int, cell: NotebookNode
    ) -> None:
        seconds = self._seconds()
        cell.execution_count = number
        try:
            outputs, flooded = session.run(cell.source, number, seconds)
        except TimeoutError:
            cell.outputs = [_time_limit(number, seconds)]
            return
        cell.outputs = [
            made for o in outputs if (made := _clean(o, number))
        ]
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

    def _run_tests(
        self,
        session: Session,
        code: list[tuple[int, NotebookNode]],
        copies: dict[int, socket.socket],
    ) -> None:
        """Run the tests, and what is locked, in this process."""
        space = Space(self.names)
        waiting: list[str] = []  # locked cells, for the next test
        for number, cell in code:
            meta = cell.metadata.get("nbgrader", {})
            if is_test(cell) and number in copies:
                link = Link(copies[number])
                with link.sock:
                    self._prepare(space, waiting, link)
                    self._run_test(session, number, cell, space, link)
                waiting = []
            elif is_test(cell):
                if not cell.outputs:
                    self._leave_out(cell)
            elif meta.get("locked") and not meta.get("solution"):
                waiting.append(cell.source)

    def _prepare(
        self, space: Space, waiting: list[str], link: Link
    ) -> None:
        """Run what the assignment gives before its test."""
        link.until = time.monotonic() + self._seconds()
        for source in waiting:
            space.provide(source, link)
            exec(compile(source, "<locked>", "exec"), space.values)  # noqa: S102

    def _run_test(
        self,
        session: Session,
        number: int,
        cell: NotebookNode,
        space: Space,
        link: Link,
    ) -> None:
        seconds = self._seconds()
        link.until = time.monotonic() + seconds
        name = cell.metadata["nbgrader"]["grade_id"]
        seed = str(seed_of(self.key, name))
        try:
            with (
                contextlib.chdir(self.folder),
                mock.patch.dict(os.environ, {SEED: seed}),
            ):
                run_test(cell, number, space, link, seconds)
        except Ended as end:
            cell.execution_count = number
            if end.kind == "TimeLimit":
                cell.outputs = [_time_limit(number, seconds)]
                return
            reason = session.why_ended() or end.reason
            text = f"code cell {number}: the answer {reason}"
            cell.outputs = [failure(end.kind, text)]
            self.remarks.append(text)


def _time_limit(number: int, seconds: float) -> NotebookNode:
    text = (
        f"code cell {number} was stopped after {seconds:.0f} s, the time "
        "limit: look for a loop that never ends"
    )
    return failure("TimeLimit", text)


def _clean(output: Any, count: int) -> NotebookNode | None:
    """An output of the learner's as a notebook may hold it, if it may."""
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=str(output.get("text")))
    if kind == "error":
        lines = output.get("traceback")
        lines = lines if isinstance(lines, list) else []
        return new_output(
            "error",
            ename=str(output.get("ename"))[:200],
            evalue=str(output.get("evalue"))[:LONGEST],
            traceback=[str(line)[:LONGEST] for line in lines[-50:]],
        )
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(
        data, dict
    ):
        return None
    made = new_output(kind, {str(k)[:100]: v for k, v in data.items()})
    for name, value in made.data.items():
        if not name.endswith("json") and not isinstance(value, str):
            made.data[name] = str(value)
    if kind == "execute_result":
        made.execution_count = count
    return made
