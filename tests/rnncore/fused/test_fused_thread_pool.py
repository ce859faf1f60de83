"""Parts on torch's threads, on new ones, in a child, and when one fails."""

import os
import threading

import pytest
import torch

from rnncore.fused import thread_pool
from rnncore.fused.thread_pool import SMALL, in_parts

TEAM = thread_pool.torchs_team()
WAYS = ["new threads"] if TEAM is None else ["new threads", "torch's team"]


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    if request.param == "new threads":
        monkeypatch.setattr(thread_pool, "torchs_team", lambda: None)
    return request.param


def covered(n, threads, monkeypatch, work=2 * SMALL):
    """The parts that have run, and the threads that ran them."""
    monkeypatch.setattr(thread_pool, "threads", lambda: threads)
    found, by = [], set()

    def run(lo, hi):
        found.append((lo, hi))
        by.add(threading.get_native_id())

    in_parts(run, n, work)
    return sorted(found), by


@pytest.mark.parametrize("n", [1, 2, 7, 64])
@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_each_number_is_in_one_part(way, n, threads, monkeypatch):
    found, _ = covered(n, threads, monkeypatch)
    assert len(found) == min(n, threads)
    assert [k for lo, hi in found for k in range(lo, hi)] == list(range(n))


def test_little_work_stays_in_one_part(way, monkeypatch):
    found, by = covered(8, 4, monkeypatch, work=SMALL)
    assert found == [(0, 8)]
    assert by == {threading.get_native_id()}


def test_parts_run_at_the_same_time(way, monkeypatch):
    monkeypatch.setattr(thread_pool, "threads", lambda: 2)
    both = threading.Barrier(2, timeout=60)  # broken if one waits in vain
    in_parts(lambda lo, hi: both.wait(), 2, 2 * SMALL)


def test_what_fails_in_a_part_is_raised(way, monkeypatch):
    monkeypatch.setattr(thread_pool, "threads", lambda: 2)

    def run(lo, hi):
        if lo:
            raise MemoryError(f"part {lo} to {hi}")

    with pytest.raises(MemoryError, match="part 3 to 6"):
        in_parts(run, 6, 2 * SMALL)
    assert covered(6, 2, monkeypatch)[0] == [(0, 3), (3, 6)]


def test_an_interrupt_is_not_lost(way, monkeypatch):
    monkeypatch.setattr(thread_pool, "threads", lambda: 2)

    def run(lo, hi):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_parts(run, 2, 2 * SMALL)


def test_parts_within_parts_all_run(way, monkeypatch):
    monkeypatch.setattr(thread_pool, "threads", lambda: 2)
    found = []

    def run(lo, hi):
        in_parts(lambda a, b: found.append((lo, a, b)), 4, 2 * SMALL)

    in_parts(run, 2, 2 * SMALL)
    assert sorted(found) == [(0, 0, 2), (0, 2, 4), (1, 0, 2), (1, 2, 4)]


@pytest.mark.skipif(TEAM is None, reason="torch has no GNU OpenMP here")
def test_torchs_own_threads_are_used(monkeypatch):
    """The same second thread serves torch's operations and ours."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        at_first = threads_of_the_process()
        torch.ones(1 << 20).exp_()
        for _ in range(3):
            covered(2, 2, monkeypatch)
        assert len(threads_of_the_process() - at_first) <= 1
    finally:
        torch.set_num_threads(before)


def threads_of_the_process():
    return set(os.listdir("/proc/self/task"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_of_fork_uses_new_threads(monkeypatch):
    covered(2, 2, monkeypatch)  # the team has run before
    child = os.fork()
    if not child:  # the team's threads are not there, and it would wait
        found, _ = covered(2, 2, monkeypatch)
        os._exit(7 if found == [(0, 1), (1, 2)] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
