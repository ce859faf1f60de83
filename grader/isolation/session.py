"""A submission's processes as the grader's process sees them."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from dataclasses import asdict
from typing import Any, NamedTuple

from grader.course.settings import Limits, SetupError
from grader.isolation.monitor import INTERRUPT, KEEP, KILL, ORDER, USE
from grader.isolation.serialization import WireError, receive, send

GRACE_SECONDS = 10  # to end a cell that was interrupted, to send all of an answer
WORD_SECONDS = 1  # for the monitor to say why it ended
START_SECONDS = 60
KILL_SECONDS = 60  # for all processes but the copies to end
LARGEST = 1 << 32  # no process has such a number


class Ended(BaseException):
    """The learner's process is lost: the test or cell ends here.

    Not an Exception, so that no test takes it for the learner's error.
    """

    def __init__(self, kind: str, reason: str, detail: str = ""):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.kind, self.reason, self.detail = kind, reason, detail


class Copy(NamedTuple):
    """The way to a process of the learner's, and its number over there."""

    sock: socket.socket
    process: int


class Session:
    """The learner's process: runs cells, and leaves copies of itself.

    There will be `copies` at most. Raises SetupError where it does not start.
    """

    def __init__(
        self,
        path: str,
        files: dict[str, bytes],
        limits: Limits,
        folder: str,
        copies: int = 1,
    ):
        self.limits, self.copies = limits, copies
        self.process = self.used = 0
        self.link, theirs = socket.socketpair()
        self.control = socket.socket(socket.AF_UNIX)
        with theirs:
            try:
                self.control.connect(path)
                self._start(files, folder, theirs)
            except (OSError, EOFError, WireError) as error:
                self.close()
                raise SetupError(
                    f"the learner's process did not start: {error}"
                ) from error

    def _start(
        self, files: dict[str, bytes], folder: str, theirs: socket.socket
    ) -> None:
        places, chunks, start = {}, [], 0
        for name, content in files.items():
            places[name] = [start, len(content)]
            chunks.append(content)
            start += len(content)
        head = {
            "files": places,
            "limits": asdict(self.limits),
            "folder": folder,
            "copies": self.copies,
        }
        send(self.control, head, b"".join(chunks))
        socket.send_fds(self.control, [b"F"], [theirs.fileno()])
        until = time.monotonic() + START_SECONDS
        answer, _ = receive(self.control, 1 << 20, until)
        if "started" not in answer:
            self.close()
            raise SetupError(
                "the sandbox refused to start a learner's process: "
                f"{answer.get('refused')}"
            )
        self.process = self.used = int(answer["process"])

    def run(self, source: str, count: int, seconds: float) -> tuple[list[Any], bool]:
        """A cell's outputs, and whether there were more than are kept.

        Raises TimeoutError if it had to be interrupted, Ended if
        that did not help, or where the process is gone.
        """
        most = self.limits.output_bytes
        ask = {"source": source, "count": count, "most": most}
        until = time.monotonic() + seconds
        with self._watched():
            try:
                send(self.link, {"cell": ask})
                late = not self._begins_to_answer(until)
                if late:
                    self._tell(INTERRUPT)
                answer = self._answer(time.monotonic() + GRACE_SECONDS)
            except TimeoutError:
                self.end_others()
                raise Ended("TimeLimit", "did not end when told to") from None
        if late:
            raise TimeoutError
        outputs = answer.get("outputs")
        if not isinstance(outputs, list):
            raise Ended("KernelDied", "sent no outputs")
        return outputs, bool(answer.get("flooded"))

    def snapshot(self) -> Copy:
        """A copy of the process as it is now; it lives on if that one ends."""
        with self._watched():
            copy = self._fork(self.link)
        self._tell(KEEP, copy.process)
        return copy

    def _fork(self, link: socket.socket) -> Copy:
        """Have the process at the end of a link copy itself."""
        ours, theirs = socket.socketpair()
        until = time.monotonic() + START_SECONDS
        with theirs:
            send(link, {"fork": True})
            socket.send_fds(link, [b"F"], [theirs.fileno()])
            theirs.close()
            try:
                number = receive(ours, 1 << 20, until)[0].get("forked")
            except TimeoutError:
                raise Ended("KernelDied", "left no copy") from None
        ours.settimeout(None)
        if type(number) is not int or not 0 < number < LARGEST:
            raise Ended("KernelDied", "left no copy")
        return Copy(ours, number)

    def last(self) -> Copy:
        """The way to the process itself, where no cell is to follow.

        Raises Ended where it has ended.
        """
        with self._watched():
            if self._begins_to_answer(time.monotonic()):  # it was asked nothing
                raise EOFError
        self._tell(KEEP, self.process)
        return Copy(self.link.dup(), self.process)

    def use(self, copy: Copy) -> None:
        """Have a copy be the process that the limits and their end are about."""
        self.used = copy.process
        self._tell(USE, copy.process)

    def go_on_from(self, copy: Copy) -> None:
        """Run further cells as from that copy on; what ran since is ended.

        Raises Ended where the copy has ended too.
        """
        self.end_others()
        try:
            new = self._fork(copy.sock)
        except (OSError, EOFError, WireError):
            raise Ended("KernelDied", "left no copy") from None
        self.link.close()
        self.link, self.process = new
        self.use(new)

    def _begins_to_answer(self, until: float) -> bool:
        """Whether there is something to read in time; nothing is read.

        A message whose first bytes are in time is read whole, as what comes
        next could not be told from its end.
        """
        events = select.poll()
        events.register(self.link, select.POLLIN)
        return bool(events.poll(1000 * max(0.0, until - time.monotonic())))

    def _answer(self, until: float) -> Any:
        most = 10 * self.limits.output_bytes + 1_000_000
        return receive(self.link, most, until)[0]

    @contextlib.contextmanager
    def _watched(self) -> Any:
        """Say how the process ended, where it did."""
        try:
            yield
        except (EOFError, ConnectionError):
            reason = self.why_ended() or "ended the Python process"
            raise Ended("KernelDied", reason) from None
        except WireError as error:
            self.end_others()
            reason = "sent a message that the grader refuses"
            raise Ended("KernelDied", reason, str(error)) from None

    def why_ended(self) -> str | None:
        """What the monitor says about the end, if it says anything."""
        what = self._hear(WORD_SECONDS)
        if what == "memory":
            most = self.limits.memory_bytes / 1e6
            return f"took more than {most:,.0f} MB of memory"
        if what == "processes":
            return f"started more than {self.limits.processes:g} processes"
        if what == "busy":
            most = self.limits.computing
            return f"computed in more than {most:g} processes at once"
        return None

    def end_others(self) -> None:
        """End the process in use, and all others but the copies."""
        self._tell(KILL)
        self._hear(KILL_SECONDS, "killed")

    def _hear(self, seconds: float, wanted: str = "") -> str:
        """What the monitor says next of the process in use, or what is `wanted`.

        It is "" where it says nothing in time.
        """
        until = time.monotonic() + seconds
        while True:
            try:
                answer, _ = receive(self.control, 1 << 20, until)
            except (OSError, EOFError, WireError):
                return ""
            what = str(answer["what"])
            if what == wanted or (not wanted and answer["of"] == self.used):
                return what

    def _tell(self, word: bytes, process: int = 0) -> None:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            self.control.sendall(ORDER.pack(word, process))

    def close(self) -> None:
        """End the process, its snapshots and everything that they started."""
        self.link.close()
        self.control.settimeout(START_SECONDS)
        with contextlib.suppress(OSError):  # it never started, or is gone
            self.control.shutdown(socket.SHUT_WR)
            while self.control.recv(4096):  # until the monitor has ended
                continue
        self.control.close()
