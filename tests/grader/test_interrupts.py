"""An interrupt at the time limit leaves every message whole."""

from __future__ import annotations

import builtins
import os
import signal
import socket
import threading
import time

import pytest

from grader.course.settings import Limits
from grader.isolation import session as sessions
from grader.isolation.monitor import INTERRUPT, KILL, ORDER
from grader.isolation.serialization import HEAD, receive, send
from grader.isolation.session import Ended, Session
from grader.isolation.worker import Helper
from rnncore.checking.shell import make_shell

SECONDS = 0.2
ANSWER = b'{"outputs": [], "flooded": false}'
FRAME = HEAD.pack(len(ANSWER), 0) + ANSWER


@pytest.fixture
def session():
    """A session without a process, and the process's end of its link."""
    made = object.__new__(Session)
    made.limits, made.used = Limits(), 0
    made.link, theirs = socket.socketpair()
    made.control, monitor = socket.socketpair()
    with made.link, made.control, theirs, monitor:
        made.monitor = monitor
        yield made, theirs


@pytest.mark.parametrize("cut", [4, HEAD.size, HEAD.size + 9])
def test_an_answer_cut_by_the_time_limit_is_read_whole(session, cut):
    made, theirs = session
    theirs.sendall(FRAME[:cut])
    rest = threading.Timer(2 * SECONDS, theirs.sendall, [FRAME[cut:]])
    rest.start()
    assert made.run("", 1, SECONDS) == ([], False)
    rest.join()
    theirs.sendall(FRAME)  # the next cell's
    assert made.run("", 2, SECONDS) == ([], False)


def test_an_answer_after_the_interrupt_is_read_whole(session):
    made, theirs = session
    rest = threading.Timer(2 * SECONDS, theirs.sendall, [FRAME])
    rest.start()
    with pytest.raises(TimeoutError):
        made.run("", 1, SECONDS)
    rest.join()
    assert made.monitor.recv(9) == ORDER.pack(INTERRUPT, 0)
    theirs.sendall(FRAME)
    assert made.run("", 2, SECONDS) == ([], False)


def test_half_an_answer_ends_the_process(session, monkeypatch):
    monkeypatch.setattr(sessions, "GRACE_SECONDS", SECONDS)
    made, theirs = session
    theirs.sendall(FRAME[:20])
    send(made.monitor, {"what": "ended", "of": 0})
    send(made.monitor, {"what": "killed", "of": 0})
    began = time.monotonic()
    with pytest.raises(Ended) as told:
        made.run("", 1, SECONDS)
    assert told.value.kind == "TimeLimit"
    assert made.monitor.recv(99) == ORDER.pack(KILL, 0)
    assert time.monotonic() - began < 10 * SECONDS


class Interrupted:
    """A socket in whose every sending, and receiving, a SIGINT arrives."""

    def __init__(self, sock: socket.socket):
        self.sock = sock

    def sendall(self, data: bytes) -> None:
        self.sock.sendall(data[:20])
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)
        self.sock.sendall(data[20:])

    def recv(self, most: int) -> bytes:
        part = self.sock.recv(most)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)
        return part


def test_an_interrupt_waits_for_the_end_of_a_message(monkeypatch):
    for name in ("print", "input"):  # which a helper replaces for good
        monkeypatch.setattr(builtins, name, getattr(builtins, name))
    ours, theirs = socket.socketpair()
    before = signal.getsignal(signal.SIGINT)
    with ours, theirs:
        for count in (1, 2):
            source = f"{count} + 1"
            ask = {"source": source, "count": count, "most": 1000}
            send(ours, {"cell": ask})
        ours.shutdown(socket.SHUT_WR)
        try:
            Helper(make_shell(), Interrupted(theirs)).serve()
        finally:
            signal.signal(signal.SIGINT, before)
        for value in ("2", "3"):
            answer, _ = receive(ours, 1 << 20, time.monotonic() + 5)
            shown = [o["data"]["text/plain"] for o in answer["outputs"]]
            assert shown == [value]


def test_an_interrupt_ends_the_cell_that_runs():
    ours, theirs = socket.socketpair()
    before = signal.getsignal(signal.SIGINT)
    source = (
        "import os, signal, time\n"
        "os.kill(os.getpid(), signal.SIGINT)\ntime.sleep(0)\n'gone on'"
    )
    with ours, theirs:
        helper = Helper(make_shell(), theirs)
        try:
            helper.run_cell(source, 1, 1000)
        finally:
            signal.signal(signal.SIGINT, before)
        answer, _ = receive(ours, 1 << 20, time.monotonic() + 5)
    assert [o["ename"] for o in answer["outputs"]] == ["KeyboardInterrupt"]
