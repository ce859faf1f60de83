"""Executes one notebook within limits: time, output, a dead kernel."""

from __future__ import annotations

import time
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async, run_sync
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute

from grader.course import Limits
from grader.mend import failure

LEFT_OUT = "\n... the rest of this cell's output is left out ...\n"
COUNTED = {
    "stream",
    "display_data",
    "update_display_data",
    "execute_result",
}


class LimitedExecute(Execute):
    """nbgrader's Execute, which goes on whatever a cell does.

    Once the kernel is lost or the time used up, the cells that are left
    fail with the reason instead of running.
    """

    def __init__(self, limits: Limits, **kwargs: Any):
        super().__init__(**kwargs)
        self.limits = limits
        self.remarks: list[str] = []
        self.stopped: str | None = None
        self.notebook_bytes = 0
        self.cell_bytes = 0
        self.number = 0

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Run all cells; `remarks` then says what was left out."""
        self.deadline = time.monotonic() + self.limits.total_seconds
        self.timeout_func = self._seconds_left
        self.shutdown_kernel = "immediate"
        return super().preprocess(nb, resources, km)

    def _seconds_left(self, _cell: NotebookNode) -> float:
        left = self.deadline - time.monotonic()
        return max(0.1, min(self.limits.cell_seconds, left))

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        self.number += 1
        if not self.stopped and time.monotonic() > self.deadline:
            self.stopped = (
                f"the notebook used up its {self.limits.total_seconds:g} s "
                f"before code cell {self.number}"
            )
            self.remarks.append(self.stopped)
        if self.stopped:
            cell.outputs = [failure("NotRun", f"not run: {self.stopped}")]
            return cell, resources
        self.cell_bytes = 0
        self.error_on_timeout = _time_limit(
            self.number, self._seconds_left(cell)
        )
        try:
            cell, resources = super().preprocess_cell(
                cell, resources, index
            )
        except DeadKernelError:
            self._stop(cell, "KernelDied", "ended the Python process")
        except CellTimeoutError:
            self._stop(cell, "TimeLimit", "did not end when told to")
        return cell, resources

    def _stop(self, cell: NotebookNode, kind: str, what: str) -> None:
        """Give up on the kernel: this cell and all after it fail."""
        self.stopped = f"code cell {self.number} {what}"
        self.remarks.append(f"{self.stopped}; no cell after it could run")
        cell.outputs = [failure(kind, self.stopped)]
        assert self.km is not None

        async def kill() -> None:
            await ensure_async(self.km.shutdown_kernel(now=True))

        run_sync(kill)()

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Keep a message only while the cell is within its output limit.

        Errors are always kept, shortened: a test without one has passed.
        """
        kind, content = msg["msg_type"], msg["content"]
        if kind == "error":
            content["evalue"] = str(content.get("evalue"))[:10_000]
            content["traceback"] = [
                str(s)[:10_000] for s in content.get("traceback", [])[-50:]
            ]
        elif kind in COUNTED and not self._within_limit(content):
            if self._said_so() or kind != "stream":
                return None
            content["text"] = str(content.get("text"))[:1000] + LEFT_OUT
        return super().process_message(msg, cell, cell_index)

    def _within_limit(self, content: dict[str, Any]) -> bool:
        size = len(content.get("text", "")) + sum(
            len(str(value)) for value in content.get("data", {}).values()
        )
        most = self.limits.output_bytes
        self.cell_bytes += size
        if self.cell_bytes > most or self.notebook_bytes > 10 * most:
            return False
        self.notebook_bytes += size
        return True

    def _said_so(self) -> bool:
        """Whether this cell's overflow is already in the remarks."""
        text = (
            f"code cell {self.number} printed more than "
            f"{self.limits.output_bytes / 1e6:g} MB: the rest is left out"
        )
        if text in self.remarks:
            return True
        self.remarks.append(text)
        return False


def _time_limit(number: int, seconds: float) -> dict[str, Any]:
    text = (
        f"code cell {number} was stopped after {seconds:.0f} s, the time "
        "limit: look for a loop that never ends"
    )
    return {
        "ename": "TimeLimit",
        "evalue": text,
        "traceback": [f"TimeLimit: {text}"],
    }
