"""What computes at a learner's sizes does so in a process with an end."""

from __future__ import annotations

import os
import resource
import signal
import time

import numpy as np
import psutil
import pytest

from grader.isolation.session import Ended
from grader.trusted.limited import ROOM, limit_calls
from rnncore.testing import CheckFailure, assert_close, hunt


def call(function, *args):
    return limit_calls(function)(*args)


def test_a_number_and_what_is_printed_come_back(capsys):
    def counted(a, b):
        print("hello")
        return a + b

    assert call(counted, 1, 2.5) == 3.5
    assert capsys.readouterr().out == "hello\n"


@pytest.fixture
def children():
    """What this process has started since then: other tests' stay out."""
    before = psutil.Process().children()
    return lambda: [
        child
        for child in psutil.Process().children()
        if child not in before
    ]


def test_it_runs_in_another_process_which_has_ended_afterwards(children):
    assert call(lambda: float(os.getpid())) != os.getpid()
    assert children() == []


def test_a_failure_comes_back_with_its_fields():
    with pytest.raises(CheckFailure) as here:
        assert_close("x", 1.0, 2.0)
    with pytest.raises(CheckFailure) as there:
        call(lambda: assert_close("x", 1.0, 2.0))
    assert there.value.failure == here.value.failure
    with pytest.raises(CheckFailure) as other:
        call(lambda: {}["a"])
    assert other.value.failure.kind == "KeyError"


def test_the_end_of_a_learners_process_comes_back():
    def ends():
        raise Ended("KernelDied", "ended", "here")

    with pytest.raises(Ended) as end:
        call(ends)
    assert (end.value.kind, end.value.detail) == ("KernelDied", "here")


def fill(size):
    kept = [np.ones(size // 8)]
    return float(len(kept))


@pytest.mark.parametrize("ends", [fill, lambda _: os._exit(3)])
def test_what_takes_too_much_memory_is_a_failed_test(ends):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with pytest.raises(AssertionError, match="too much memory"):
        call(ends, 2 * ROOM)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert 1024 * (after - before) < ROOM
    assert call(fill, ROOM // 4) == 1


def test_a_hunt_whose_right_function_grows_is_a_failed_test():
    def right(x, width):
        return np.ones(int(width * 1e9)).sum() + x

    with pytest.raises(AssertionError, match="memory"):
        call(hunt, right, {"box": right}, [(1.0, 2.0)], 1, 2)


def test_a_limit_of_time_ends_it(children):
    def over(*_):
        raise Ended("TimeLimit", "used up its time")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(Ended):
            call(lambda: time.sleep(60))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert children() == []
