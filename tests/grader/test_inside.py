"""A test that runs in the learner's process, and the time that it has."""

import itertools
import socket
import threading
import time

import pytest
from nbformat.v4 import new_code_cell

from grader.isolation.serialization import receive, send
from grader.isolation.session import Ended
from grader.trusted.inside import run_inside

PAUSE = 0.3  # seconds that the learner's process takes for a cell


@pytest.fixture
def process():
    """A learner's process that runs each cell in PAUSE seconds."""
    here, there = socket.socketpair()
    asked = []

    def serve():
        try:
            while True:
                head, _ = receive(there, 1 << 20, time.monotonic() + 20)
                asked.append(head["cell"]["source"])
                time.sleep(PAUSE)
                send(there, {"outputs": []})
        except (EOFError, ConnectionError):
            return

    thread = threading.Thread(target=serve)
    thread.start()
    yield here, asked
    here.close()
    thread.join()
    there.close()


def test_each_cell_has_the_time_of_one(process):
    sock, asked = process
    cell = new_code_cell("assert last")
    earlier = [f"assert {n}" for n in range(4)]
    run_inside(cell, 5, sock, earlier, lambda: 2 * PAUSE, masked=False)
    assert asked == [*earlier, "assert last"]  # 5 PAUSE in all
    assert cell.outputs == []


def test_what_is_left_of_the_notebooks_time_bounds_it(process):
    sock, asked = process
    cell = new_code_cell("assert last")
    left = itertools.chain([5.0, 5.0], itertools.repeat(PAUSE / 5))
    earlier = ["1", "2", "3", "4"]
    with pytest.raises(Ended) as end:
        run_inside(cell, 5, sock, earlier, lambda: next(left), masked=False)
    assert end.value.kind == "TimeLimit"
    assert asked == ["1", "2", "3"]
