"""Marks one question over all learners, on a page in the browser.

    make marking ASSIGNMENT=NAME              its written answers, one by one
    make marking ASSIGNMENT=NAME TASK=task BY=kim SHARE=1/3

The page is served on this machine alone, at an address that holds a secret.
Points given there are in the gradebook at once, as if the formgrader had
entered it; marks.csv says who gave what. Several may mark at the same time, each
with BY, and with a share of the answers if they like.
"""

from __future__ import annotations

import argparse
import getpass
import hmac
import json
import re
import secrets
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from sqlalchemy.exc import OperationalError

from grader import ROOT, untrusted
from grader.commands.grade import known_names, share_notebooks
from grader.course.by_hand.rubric_items import Item
from grader.course.settings import Course, SetupError
from grader.course.submissions import find_submissions
from grader.reports.marking.marks import Mark, Outdated, enter_marks, reprice
from grader.reports.marking.page import (
    Group,
    Question,
    deal_out,
    find_tasks,
    group_answers,
    marking_page,
    read_answers,
)
from grader.reports.points import Row, read_rows

LONGEST = 100_000  # bytes of a request
MOST = 1e6  # points


def main(argv: list[str] | None = None) -> int:
    """Serve the page until interrupted; return 2 if there is nothing to mark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", metavar="ASSIGNMENT")
    parser.add_argument("--task", help="its name, as in tasks.csv")
    parser.add_argument("--by", default=getpass.getuser(), help="who marks")
    parser.add_argument("--share", type=_parse_share, default=(1, 1), metavar="1/3")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--root", type=Path, default=ROOT)
    options = parser.parse_args(argv)
    try:
        desk = Desk(
            Course(options.root), options.name, options.task, options.by, options.share
        )
    except SetupError as error:
        print(f"make marking: {error}", file=sys.stderr)
        return 2
    with open_server(desk, options.port) as server:
        print(f"{server.address} (Ctrl-C ends)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nTo bring the learners' pages up to date: make grade")
    desk.course.close()
    return 0


def _parse_share(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 0 < int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"expected a share such as 1/3, got {text!r}")
    return int(part), int(parts)


class Desk:
    """A question, and what its grader sees of it.

    Raises SetupError if there is no such question, or no answer to it.
    """

    def __init__(
        self,
        course: Course,
        name: str,
        task: str | None,
        by: str,
        share: tuple[int, int] = (1, 1),
    ):
        self.course, self.name, self.by, self.share = course, name, by, share
        known = known_names(course)
        if name not in known:
            raise SetupError(
                f"expected one of {', '.join(sorted(known))}, got {name!r}"
            )
        if not untrusted.line(by):
            raise SetupError(f"by: expected the grader's name, got {by!r}")
        self.known, self.lock = known, threading.Lock()
        self.task = self._choose(task)
        self.groups: list[Group] = []

    def _choose(self, task: str | None) -> str:
        """The graded cell of a task; of none, of the first written answer."""
        rows = self._rows()
        names = [t.id for t in max(rows, key=lambda row: len(row.tasks)).tasks]
        written = find_tasks(rows, read_answers(self.course, rows))
        asked = task or (written[0] if written else "")
        if f"test_{asked}" in names:  # as the pages call it
            return f"test_{asked}"
        if asked not in names:
            raise SetupError(
                f"expected TASK as one of {', '.join(names)}, got {task!r}"
                + ("" if written else f": {self.name} has no written answer")
            )
        return asked

    def _rows(self) -> list[Row]:
        submissions, _ = find_submissions(self.course)
        shared = share_notebooks(self.course, submissions, self.known)
        mine = [s for s in shared if s.assignment == self.name]
        rows = [row for row in read_rows(self.course, mine) if row.tasks]
        if not rows:
            raise SetupError(f"nothing of {self.name} is graded: run make grade before")
        return rows

    def page(self, nonce: str) -> str:
        """The page as things are now."""
        with self.lock:
            rows = self._rows()
            question: Question = self._group(rows)
            self.groups = deal_out(question.groups, *self.share)
            return marking_page(self.course, question, self.groups, self.by, nonce)

    def _group(self, rows: list[Row]) -> Question:
        answers = read_answers(self.course, rows)
        drawn = read_answers(self.course, rows, "pictures")
        return group_answers(self.name, self.task, rows, answers, drawn)

    def mark(self, asked: Any) -> dict[str, Any]:
        """Enter the mark that a page sent; what the learners of the group have now.

        Raises ValueError if it is no such thing, Outdated if the page is old.
        """
        number, mark = _parse_mark(asked, self.by)
        with self.lock:
            if type(number) is not int or not 0 <= number < len(self.groups):
                raise Outdated("the page is older than this command: load it again")
            group = self.groups[number]
            self._check_answers(group)
            what = self.course, self.name, self.task
            group.shown = enter_marks(*what, group.shown, mark)
            return {"points": group.points, "items": mark.items}

    def change_item(self, asked: Any) -> dict[str, Any]:
        """Add an item of the rubric, or change one for all who have it.

        Raises ValueError if a page sent no such thing.
        """
        item = _parse_item(asked)
        with self.lock:
            most = self._group(self._rows()).of
            what = self.course, self.name, self.task
            return {"changed": reprice(*what, item, most, self.by)}

    def _check_answers(self, group: Group) -> None:
        """Raise Outdated if one of these learners has handed in another answer."""
        rows = self._rows()
        now = self._group(rows)
        alike = (g for g in now.groups if g.text == group.text)
        same = next((g for g in alike if g.pictures == group.pictures), Group(""))
        there = {s.learner for s in same.shown}
        for one in group.shown:
            if one.learner not in there:
                raise Outdated(
                    f"{one.learner} has handed in another answer: load the page again"
                )


def _parse_mark(asked: Any, by: str) -> tuple[Any, Mark]:
    """The group's number and the mark that a page sent."""
    if not isinstance(asked, dict):
        raise ValueError(  # noqa: TRY004 - of what came, not of our own call
            f"expected group, points and comment, got {asked!r}"
        )
    points, comment = asked.get("points", ""), asked.get("comment")
    items = asked.get("items", [])
    if not isinstance(comment, str | None) or not (
        points is None or _is_number(points)
    ):
        raise ValueError("expected points as a number and a comment as text")
    if not isinstance(items, list) or any(type(item) is not int for item in items):
        raise ValueError(f"expected items as a list of numbers, got {items!r}")
    if items and points is not None:
        raise ValueError("expected points or items, got both")
    return asked.get("group"), Mark(
        by,
        None if points is None else float(points),
        comment if comment is None else untrusted.text(comment),
        tuple(items),
    )


def _parse_item(asked: Any) -> Item:
    """The item that a page sent; a new one's number is 0."""
    wrong = ValueError("expected an item's id, text and points as a number")
    if not isinstance(asked, dict):
        raise wrong
    number, text, points = (asked.get(key) for key in Item._fields)
    if type(number) is not int or not 0 <= number < MOST or not isinstance(text, str):
        raise wrong
    if not _is_number(points):
        raise wrong
    return Item(number, text, float(cast(float, points)))


def _is_number(value: Any) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and abs(value) < MOST


class Server(ThreadingHTTPServer):
    """Serves a desk at an address that cannot be guessed."""

    daemon_threads = True

    def __init__(self, desk: Desk, port: int):
        super().__init__(("127.0.0.1", port), _Handler)
        self.desk, self.token = desk, secrets.token_urlsafe(24)
        self.hosts = {f"{h}:{self.server_port}" for h in ("127.0.0.1", "localhost")}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"


def open_server(desk: Desk, port: int = 0) -> Server:
    """A server that listens. Raises SystemExit if the port is taken."""
    try:
        return Server(desk, port)
    except OSError as error:
        raise SystemExit(f"make marking: port {port}: {error.strerror}") from error


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 60

    def do_GET(self) -> None:
        if self._admitted(""):
            nonce = secrets.token_urlsafe(16)
            self._answer(200, self.server.desk.page(nonce), nonce)

    def do_POST(self) -> None:
        desk = self.server.desk
        acts = {"mark": desk.mark, "item": desk.change_item}
        asked = self.path.rpartition("/")[2]
        page = asked if asked in acts else "mark"
        if not self._admitted(page):
            return
        length = self.headers.get("Content-Length", "")
        most = len(str(LONGEST))
        if not re.fullmatch(f"[0-9]{{1,{most}}}", length) or int(length) > LONGEST:
            self._answer(413, f"expected {LONGEST:,} bytes at most")
            return
        try:
            done = acts[page](json.loads(self.rfile.read(int(length))))
        except Outdated as error:
            self._answer(409, str(error))
        except (ValueError, RecursionError, SetupError) as error:
            self._answer(400, str(error))
        except OperationalError:
            self._answer(503, "the gradebook is in use: try again")
        else:
            self._answer(200, json.dumps(done))

    def _admitted(self, page: str) -> bool:
        """Whether the request names the secret address and comes from its page."""
        own = f"/{self.server.token}/{page}".encode()
        origin = self.headers.get("Origin")
        hosts = self.server.hosts
        known = self.headers.get("Host") in hosts and (
            origin is None or origin in {f"http://{host}" for host in hosts}
        )
        right = hmac.compare_digest(self.path.encode("utf-8", "replace"), own)
        if not (known and right):
            self._answer(404, "expected the address that make marking printed")
        return known and right

    def _answer(self, status: int, text: str, nonce: str = "") -> None:
        data = text.encode("utf-8", "replace")
        own = f"'nonce-{nonce}'" if nonce else "'none'"
        self.send_response(status)
        kind = "html" if nonce else "plain"
        self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; script-src {own}; style-src {own}; img-src data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address is a secret."""


if __name__ == "__main__":
    sys.exit(main())
