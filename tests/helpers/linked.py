"""A test's side of the link to a learner's process, which is a socket here.

It says what a test lets it say; what was asked can be read there afterwards.
"""

import socket
import sys

import pytest

from grader.isolation.serialization import Decoder, Message, receive, send
from grader.isolation.session import Ended
from grader.trusted import link as link_module
from grader.trusted.link import MOST, Link

NOTHING = {"d": []}  # no keyword arguments


class Other:
    """The learner's process, which says what it was told to say."""

    def __init__(self, sock):
        self.sock = sock

    def says(self, *answers, data=b""):
        for answer in answers:
            send(self.sock, answer, data)

    def heard(self):
        """What was asked next."""
        return receive(self.sock, MOST)[0]

    def heard_args(self):
        tree, data = receive(self.sock, MOST)
        return Decoder(Message(tree, data, []), str).decode(tree["args"])


@pytest.fixture
def ends(monkeypatch):
    # pytest replaces it
    monkeypatch.setattr(link_module, "STDIN", sys.stdin)
    one, two = socket.socketpair()
    with one, two:
        for end in (one, two):
            end.settimeout(5)  # what is not sent fails the test
        yield Link(one, ["thing", "part"]), Other(two)


@pytest.fixture
def link(ends):
    return ends[0]


@pytest.fixture
def other(ends):
    return ends[1]


def called(args, number=0, **more):
    return {"callback": number, "args": args, **more}


def given(*args, **words):
    """Arguments of a call, as a message has them."""
    pairs = [[key, value] for key, value in words.items()]
    return {"u": [{"u": list(args)}, {"d": pairs}]}


def refused(call, *args):
    """Why the learner's process counts as ended."""
    with pytest.raises(Ended) as ended:
        call(*args)
    assert ended.value.kind == "KernelDied"
    assert ended.value.reason == "gave what the grader refuses"
    return ended.value.detail
