"""A fault of the grader's own: a number for learners, a log for you."""

from __future__ import annotations

import logging
import secrets
import traceback

from grader import untrusted

TOLD = (
    "the grader itself failed on this notebook (fault {number}). Your "
    "instructor can find the cause under this number"
)
LONGEST = 20_000  # characters of a trace


class Fault:
    """An error of the grader itself, with the number under which it is logged."""

    def __init__(self, error: BaseException | str):
        self.number = secrets.token_hex(4)
        self.told = TOLD.format(number=self.number)
        self.kind = "it ended"
        text = error if isinstance(error, str) else ""
        if isinstance(error, BaseException):
            self.kind = type(error).__name__
            text = "".join(traceback.format_exception(error))
        last = untrusted.text(text[-LONGEST:], LONGEST)
        self.trace = f"fault {self.number}: {last}"

    def log(self) -> str:
        """Leave the cause in the log; what to print instead."""
        log(self.trace)
        return f"NOT GRADED: fault {self.number}, {self.kind}: see the log"


def log(trace: str) -> None:
    """Write a trace to the instructor's log, which no learner reads."""
    logging.getLogger("traitlets").error(trace)
