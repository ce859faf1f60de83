"""Grades hostile notebooks, and finds out what they got and did."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import socket
import statistics
import subprocess
import sys
from collections.abc import Collection, Iterable
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
from nbgrader.api import Gradebook

from . import users
from .catalogue import ATTACKS, Attack
from .target import (
    NAME,
    ROOT,
    SECRETS,
    blank,
    hand_in,
    make_course,
    solved,
)

ACTIVE = re.compile(
    r"<script|onerror\s*=|onload\s*=|javascript:", re.IGNORECASE
)
TERMINAL = re.compile(r"\x1b\]|\x1b\[2J|\x1bP|\x07")
WATCHED = ("/tmp", "/dev/shm", "/var/tmp")
LIMITS = ["--cell-seconds", "3", "--total-seconds", "30", "--workers", "2"]
BESIDE = "-beside"  # an honest learner's name ends so, beside an attacker's


# Who grades.
USERS = ("root", "ordinary") if os.getuid() == 0 else ("ordinary",)


def make_class(
    base: Path,
    attacks: Iterable[Attack],
    user: str,
    beside: Collection[str] = tuple(ATTACKS),
) -> Path:
    """A course with the attackers, honest learners beside some, a blank."""
    home = base / "home"
    home.mkdir(parents=True)
    (home / "diary.txt").write_text("diary-c8d3\n")
    root = make_course(base / "course")
    _give(base, user)
    grade(root, user)
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        comment = book.find_comment("scaled", NAME, NAME, "victim")
        comment.manual_comment = "comment-4f06"
        book.db.commit()
    hand_in(root, "blank", blank())
    hand_in(root, "honest", solved())
    for attack in attacks:
        folder = hand_in(root, attack.name, attack.make())
        if attack.lay is not None:
            attack.lay(folder)
        if attack.name in beside:
            hand_in(root, attack.name + BESIDE, solved())
    _give(base, user)
    return root


def _give(base: Path, user: str) -> None:
    if os.getuid() == 0 and user != "root":
        users.give(base)


def planted(root: Path) -> dict[str, str]:
    """What stands in the instructor's environment: a secret, and a home."""
    return {"CANARY_TOKEN": "token-51bf", "HOME": str(root.parent / "home")}


def grade(root: Path, user: str) -> str:
    """Grade the class; what the command printed."""
    command = [sys.executable, "-m", "grader", "grade", "--root", str(root)]
    command += LIMITS
    if os.getuid() == 0 and user != "root":
        needs = (ROOT, Path(sys.base_prefix), root.parent)
        command = users.command(command, needs)
    run = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | planted(root),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    (root.parent / "printed.txt").write_text(
        f"{run.stdout}\nstatus {run.returncode}\n"
    )
    return run.stdout


@contextmanager
def a_service():
    """Something on this machine that listens; its port is in /tmp."""
    note = Path("/tmp/attack-port")
    with socket.create_server(("127.0.0.1", 0)) as server:
        note.write_text(str(server.getsockname()[1]), encoding="utf-8")
        try:
            yield
        finally:
            note.unlink(missing_ok=True)


def points(root: Path) -> dict[str, float]:
    """Everybody's points, as the gradebook has them."""
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        return {
            submission.student.id: submission.score
            for submission in book.assignment_submissions(NAME)
        }


def rows(root: Path) -> dict[str, dict[str, str]]:
    """The lines of points.csv by learner."""
    with (root / "grading" / "points.csv").open() as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


def shown(root: Path, learner: str) -> str:
    """All that graders and learners see of what the code put out."""
    grading, parts = root / "grading", []
    path = grading / "autograded" / learner / NAME / f"{NAME}.ipynb"
    if path.exists():
        for cell in nbformat.read(path, as_version=4).cells:
            parts += [json.dumps(o) for o in cell.get("outputs", [])]
    page = grading / "feedback" / learner / NAME / f"{NAME}.html"
    parts += [page.read_text()] if page.exists() else []
    result = grading / "results" / learner / f"{NAME}.json"
    parts += [result.read_text()] if result.exists() else []
    return "\n".join(parts)


def handed_out(root: Path) -> dict[str, str]:
    """All that learners get, by its path: the pages, whosever they are."""
    folder = root / "grading" / "feedback"
    return {
        str(path.relative_to(folder)): path.read_text(errors="replace")
        for path in folder.rglob("*")
        if path.is_file()
    }


def page(learner: str) -> str:
    """Where a learner's page lies among what is handed out."""
    return f"{learner}/{NAME}/{NAME}.html"


def secrets_in(text: str, root: Path | None = None) -> list[str]:
    """Which secrets a text holds; with `root`, its course's own too."""
    known = dict(SECRETS)
    if root is not None:
        secret = (root / "grading" / ".secret").read_bytes()
        known["the course's secret"] = secret.hex()
    return [what for what, word in known.items() if word in text]


def seconds(root: Path, learner: str) -> float:
    """How long a learner's notebook took."""
    path = root / "grading" / "results" / learner / f"{NAME}.json"
    return float(json.loads(path.read_text())["seconds"])


def memory(root: Path, learner: str) -> int:
    """Bytes that the process which judges a learner's notebook had at most."""
    path = root / "grading" / "results" / learner / f"{NAME}.json"
    return int(json.loads(path.read_text())["memory"])


def usual_seconds(root: Path, names: Iterable[str]) -> float:
    """How long the honest notebooks took, half of them longer."""
    return statistics.median(seconds(root, n + BESIDE) for n in names)


def active_outputs(root: Path, learner: str) -> list[str]:
    """Outputs that a browser or a terminal would act upon."""
    path = root / "grading" / "autograded" / learner / NAME
    found = []
    if not (path / f"{NAME}.ipynb").exists():
        return found
    notebook = nbformat.read(path / f"{NAME}.ipynb", as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            found += [
                kind
                for kind in data
                if kind not in ("text/plain", "image/png", "image/jpeg")
            ]
            texts = [output.get("text", ""), output.get("evalue", "")]
            texts += output.get("traceback", [])
            found += [t[:80] for t in texts if TERMINAL.search(str(t))]
    return found


def left_processes() -> list[str]:
    """Attackers whose processes still run."""
    found = set()
    for process in psutil.process_iter(["cmdline"]):
        for word in process.info["cmdline"] or []:
            if word.startswith("ATTACK-"):
                found.add(word.removeprefix("ATTACK-"))
    return sorted(found)


def _own_files(home: Path) -> list[Path]:
    """What a home holds, without what every kernel writes there."""
    return [
        path
        for path in home.rglob("*")
        if path.suffix not in (".sqlite", ".db", ".sqlite-journal")
        and path.name not in ("README", "migrated")
    ]


def picture(root: Path) -> dict[str, str]:
    """What nobody's notebook may change, with a fingerprint of each."""
    files = [
        *(root / "grading" / "source").rglob("*"),
        *(root / "grading" / "submitted").rglob("*"),
        *(root / "grading" / "autograded" / "victim").rglob("*"),
        root / "nbgrader_config.py",
        *_own_files(root.parent / "home"),
        *(ROOT / "rnncore").rglob("*.py"),
        *(ROOT / "grader").rglob("*.py"),
        *(ROOT / ".venv" / "lib").glob("*/site-packages/*.p*"),
        *(ROOT / ".venv" / "lib").glob("*/site-packages/numpy/__init__.py"),
    ]
    found = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
        and not path.is_symlink()
        and path.stat().st_size < 10**8
    }
    for place in WATCHED:
        found |= {str(p): "" for p in Path(place).glob("ATTACK*")}
    own = "strange_names"  # whose files are called so
    found |= {
        str(p): "" for p in root.rglob("ATTACK*") if own not in p.parts
    }
    return found
