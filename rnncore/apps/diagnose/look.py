"""How a program is watched: for how long, at which line, in what it passes.

What takes long to look at is left out once it takes a part of the
program's time.
"""

import math
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from functools import cache, wraps
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnncore.apps.diagnose.record import Record

PART = 0.1  # of the program's processor time that may be spent on looking,
FREE = 0.5  # beyond so many seconds
OURS = (
    str(Path(__file__).parents[2]),  # rnncore
    str(Path(torch.__file__).parent),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
)


class Enough(BaseException):
    """Ends a script of which enough was seen."""


class Limit:
    """Ends a script some seconds after its first gradient, or after `stop`."""

    def __init__(self, record: Record, seconds: float, stop: int | None):
        self.record, self.seconds, self.stop = record, seconds, stop
        self.until = math.inf

    def look(self) -> None:
        """Raises Enough when the time is over, or enough gradients came."""
        record = self.record
        if self.stop is not None and record.backwards >= self.stop:
            raise Enough
        if self.until == math.inf and record.backwards:
            self.until = time.monotonic() + self.seconds
        if time.monotonic() > self.until:
            record.stopped = True
            raise Enough


def spared(look: Callable) -> Callable:
    """Count the time that a function takes; leave it out if too much."""

    @wraps(look)
    def run(self: Any, *given: Any) -> None:
        start, record = time.process_time(), self.record
        if record.spent > FREE + PART * (start - record.begun):
            record.sparing = True
            return
        look(self, *given)
        record.spent += time.process_time() - start

    return run


@cache
def _is_theirs(name: str) -> bool:
    return not name.startswith(("<", *OURS))


def find_line() -> str:
    """File and line of the innermost frame of the user's own code."""
    frame: Any = sys._getframe(1)
    while frame is not None and not _is_theirs(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return ""
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"


def find_tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in a value, and in the tuples, lists and dicts of it."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, PackedSequence):
        yield value.data
    elif isinstance(value, tuple | list):
        for part in value:
            yield from find_tensors(part)
    elif isinstance(value, dict):
        yield from find_tensors(list(value.values()))
