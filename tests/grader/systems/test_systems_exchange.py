"""nbgrader's exchange in a folder, and learners who put things in by hand.

The users are numbers that the test gives to files, and names that bubblewrap
puts into the machine's list; so root has to run it.
"""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from rnncore import programs
from tests.helpers.grading import NAME, ROOT, SECRET, make_course, solved

PEOPLE = {"games": 20_001, "ann": 20_002, "eve": 20_003}
WHEN = "2026-11-27 22:12:10.760860 UTC"
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        os.getuid() != 0 or not programs.find("bwrap"),
        reason="files are given to several users, which root may do",
    ),
]


class Exchange:
    """A course whose assignment is released, and its exchange."""

    def __init__(self, folder):
        self.folder = folder
        self.course = make_course(folder / "course")
        self.root = folder / "exchange"
        passwd = Path("/etc/passwd").read_text("utf-8")
        passwd += "".join(
            f"{name}:x:{number}:{number}::/tmp:/bin/sh\n"
            for name, number in PEOPLE.items()
        )
        (folder / "passwd").write_text(passwd)

    def nbgrader(self, *command, fails=False):
        """One of nbgrader's commands, as the instructor; what it says."""
        done = subprocess.run(
            [
                *("bwrap", "--dev-bind", "/", "/"),
                *("--bind", self.folder / "passwd", "/etc/passwd"),
                *("--chdir", self.course, "--"),
                *(sys.executable, "-m", "nbgrader", *command),
                f"--Exchange.root={self.root}",
            ],
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def hand_in(self, who, owner=None, when=WHEN):
        """A folder that a learner put into the exchange by hand."""
        folder = self.root / "rnn" / "inbound" / f"{who}+{NAME}+{when}+x1"
        folder.mkdir()
        folder.chmod(0o755)
        (folder / "timestamp.txt").write_text(when)
        (folder / "submission_secret.txt").write_text(
            who.encode().hex() * 8
        )
        nbformat.write(solved(), folder / f"{NAME}.ipynb")
        give(folder, owner or who)
        return folder

    def collected(self, who):
        """What was collected of a learner, by name."""
        folder = self.course / "grading" / "submitted" / who / NAME
        return {p.name: p.read_text() for p in folder.glob("*")}


def give(folder, who):
    for path in (folder, *folder.rglob("*")):
        os.chown(path, PEOPLE[who], PEOPLE[who], follow_symlinks=False)


def add_link(path, to, who):
    path.symlink_to(to)
    os.chown(path, PEOPLE[who], PEOPLE[who], follow_symlinks=False)


@pytest.fixture
def exchange():
    folder = Path(tempfile.mkdtemp(prefix="exchange-"))
    folder.chmod(0o755)
    try:
        made = Exchange(folder)
        made.nbgrader("generate_assignment", NAME)
        made.nbgrader("release_assignment", NAME)
        yield made
    finally:
        shutil.rmtree(folder)


def test_a_link_brings_nothing_of_the_instructors(exchange):
    folder = exchange.hand_in("games")
    hidden = exchange.course / "grading"
    other = hidden / "submitted" / "bob" / NAME
    other.mkdir(parents=True)
    (other / f"{NAME}.ipynb").write_text("BOB'S ANSWER")
    add_link(
        folder / "notes.txt",
        hidden / "source" / NAME / f"{NAME}.ipynb",
        "games",
    )
    add_link(folder / "marks.bin", hidden / "gradebook.db", "games")
    add_link(folder / "others", hidden / "submitted", "games")
    (folder / "data").mkdir()
    (folder / "data" / "own.txt").write_text("mine")
    give(folder / "data", "games")
    said = exchange.nbgrader("collect", NAME)
    assert "its files were written until" in said  # not when they claim to
    found = hidden / "submitted" / "games" / NAME
    names = {p.relative_to(found).as_posix() for p in found.rglob("*")}
    assert names == {
        *(f"{NAME}.ipynb", "data", "data/own.txt"),
        *("timestamp.txt", "submission_secret.txt"),
    }
    assert (found / "data" / "own.txt").read_text() == "mine"
    whole = "".join(p.read_text() for p in found.rglob("*") if p.is_file())
    assert SECRET not in whole
    assert "BOB" not in whole


def test_a_hard_link_and_a_file_of_anothers_are_left_out(exchange):
    folder = exchange.hand_in("games")
    os.link(
        exchange.course / "grading" / "gradebook.db", folder / "book.txt"
    )
    (folder / "ann.txt").write_text("Ann's")
    os.chown(folder / "ann.txt", PEOPLE["ann"], PEOPLE["ann"])
    os.mkfifo(folder / "pipe")
    said = exchange.nbgrader("collect", NAME)
    assert exchange.collected("games").keys() == {
        *(f"{NAME}.ipynb", "timestamp.txt", "submission_secret.txt")
    }
    assert "ann.txt: left out" in said
    assert "book.txt: left out" in said


@pytest.mark.parametrize("kind", ["link", "folder", "dots", "time"])
def test_what_is_not_the_learners_own_stands_in_nobodys_way(exchange, kind):
    exchange.hand_in("ann")
    inbound = exchange.root / "rnn" / "inbound"
    later = "2099-01-01 00:00:00.000000 UTC"
    if kind == "link":
        add_link(inbound / f"ann+{NAME}+{later}+x", exchange.course, "eve")
    elif kind == "folder":
        forged = exchange.hand_in("ann", owner="eve", when=later)
        (forged / f"{NAME}.ipynb").write_text("EVE'S")
    elif kind == "dots":
        exchange.hand_in("..", owner="eve")
    else:
        exchange.hand_in("eve", when="no time at all")
    said = exchange.nbgrader("collect", NAME)
    assert ("Not collected" in said) is (kind != "dots")  # nbgrader's glob
    found = exchange.course / "grading" / "submitted"
    assert {p.name for p in found.iterdir()} == {"ann"}
    assert "EVE" not in exchange.collected("ann")[f"{NAME}.ipynb"]
    assert exchange.collected("ann")["timestamp.txt"].startswith(WHEN[:19])


def test_another_learner_can_rename_nothing_in_the_exchange(exchange):
    folder = exchange.hand_in("ann")
    eve = ["setpriv", "--reuid=20003", "--regid=20003", "--clear-groups"]
    for path in (exchange.root / "rnn", folder):
        done = subprocess.run(
            [*eve, "mv", path, f"{path}.old"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert path.is_dir()
    mode = stat.S_IMODE((exchange.root / "rnn" / "inbound").stat().st_mode)
    assert mode == 0o3733
    exchange.root.chmod(0o777)
    said = exchange.nbgrader(
        "release_assignment", NAME, "--force", fails=True
    )
    assert f"chmod 1777 {exchange.root}" in said


def test_a_page_is_released_where_its_learner_alone_finds_it(exchange):
    exchange.hand_in("ann")
    folder = exchange.hand_in("eve")
    (folder / "submission_secret.txt").write_text("")
    exchange.nbgrader("collect", NAME)
    pages = exchange.course / "grading" / "feedback"
    for who in ("ann", "eve", "moodle"):
        page = pages / who / NAME
        page.mkdir(parents=True)
        (page / f"{NAME}.html").write_text(f"the page of {who}")
        for name in ("timestamp.txt", "submission_secret.txt"):
            if who != "moodle":  # which came by another way
                (page / name).write_text(exchange.collected(who)[name])
    exchange.nbgrader("release_feedback", NAME)
    released = exchange.root / "rnn" / "feedback"
    assert stat.S_IMODE(released.stat().st_mode) == 0o711
    texts = {p.read_text() for p in released.iterdir()}
    assert texts == {"the page of ann", "the page of eve"}
    assert all(
        p.stat().st_mode & 0o777 == 0o644 for p in released.iterdir()
    )
    listing = subprocess.run(
        [
            *("setpriv", "--reuid=20003", "--regid=20003"),
            *("--clear-groups", "ls", released),
        ],
        capture_output=True,
        check=False,
    )
    assert listing.returncode != 0
