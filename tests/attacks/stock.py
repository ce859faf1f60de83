"""The same notebooks on a stock nbgrader, for comparison.

`nbgrader autograde` gives them the rights of whoever runs it. So that
nothing is harmed, it runs in a bubblewrap of its own here, in which only
the copied course and its home may be written, and no process outlives it.
Files and memory have a limit that is far beyond what honest work takes.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from . import harness
from .catalogue import Attack
from .target import NAME, ROOT, blank, hand_in, make_course

SECONDS = 900  # for a class; a busy machine is no outcome
SECONDS_ALONE = 300  # for a class of three: what takes longer never ends
FILE_BYTES = 500_000_000  # for the machine's sake: one fills the log
MEMORY_BYTES = 12_000_000_000  # of addresses, each process
LIST_LEFT = (
    "ulimit -f {blocks} && ulimit -v {kilobytes} && "
    "{python} -m nbgrader {what}; "
    "grep -aho 'ATTACK[-][a-z_]*' /proc/[0-9]*/cmdline > {left}"
)
ALONE = {  # what reaches beyond its own submission, or stops the class
    "deaf_loop",
    "double_mark",
    "gradebook",
    "kernel_sockets",
    "links",
    "memory",
    "missing_tests",
    "not_json",
    "numbers",
    "other_submission",
    "own_config",
    "plants_feedback",
    "reads_memory",
    "scheduled",
    "timestamp",
}


@dataclass(frozen=True)
class StockOutcome:
    """What an attack achieved."""

    points: float | None  # None: no grade was entered
    secrets: list[str]
    left: bool
    changed: bool
    stopped: bool  # the class was not graded to its end

    def words(self) -> str:
        """What it came to, in a table's words."""
        found = [] if self.points is None else [f"{self.points:g} points"]
        found += (
            ["reads " + ", ".join(self.secrets)] if self.secrets else []
        )
        found += ["processes stay"] if self.left else []
        found += ["changes other files"] if self.changed else []
        found += ["the class is not graded"] if self.stopped else []
        return "; ".join(found) or "no grade"


def prepare(base: Path) -> None:
    """A stock course, in which the victim is graded already."""
    (base / "home").mkdir(parents=True)
    (base / "home" / "diary.txt").write_text("diary-c8d3\n")
    root = make_course(base / "course")
    config = (root / "nbgrader_config.py").read_text()
    folders = config.split("# Grading:")[0]  # the rest is not stock
    (root / "nbgrader_config.py").write_text(
        f"{folders}\nc.Execute.timeout = 5\n"
    )
    nbgrader(root, f"generate_assignment {NAME}")
    nbgrader(root, f"autograde {NAME}")
    with Gradebook(database(root)) as book:
        comment = book.find_comment("scaled", NAME, NAME, "victim")
        comment.manual_comment = "comment-4f06"
        book.db.commit()
    hand_in(root, "zoe", blank())  # comes after the attacker


def run(base: Path, attacks: list[Attack]) -> dict[str, StockOutcome]:
    """Autograde a prepared class, to which attackers come."""
    root = base / "course"
    for attack in attacks:
        folder = hand_in(root, attack.name, attack.make())
        if attack.lay is not None:
            attack.lay(folder)
    names = {attack.name for attack in attacks}
    before = _of_others(root, names)
    alone = len(attacks) == 1
    nbgrader(root, f"autograde {NAME}", SECONDS_ALONE if alone else SECONDS)
    changed = _of_others(root, names) != before
    left = (base / "left").read_text().split()
    return {
        name: StockOutcome(
            points=points(root, name),
            secrets=harness.secrets_in(harness.shown(root, name)),
            left=f"ATTACK-{name}" in left,
            changed=changed and alone,
            stopped=points(root, "zoe") is None,
        )
        for name in sorted(names)
    }


def _of_others(root: Path, names: set[str]) -> dict[str, str]:
    """What is not the attackers' own, with a fingerprint of each file."""
    found = {}
    for path, look in harness.picture(root).items():
        if Path(path).is_relative_to(root.parent):
            parts = Path(path).relative_to(root.parent).parts
            if not names & set(parts):
                found["/".join(parts)] = look
    return found


def database(root: Path) -> str:
    """Where the gradebook is."""
    return f"sqlite:///{root}/grading/gradebook.db"


def points(root: Path, learner: str) -> float | None:
    """A learner's points, extra credit included, if any were entered."""
    with Gradebook(database(root)) as book:
        try:
            found = book.find_submission(NAME, learner)
        except MissingEntry:
            return None
        graded = [g for n in found.notebooks for g in n.grades]
        if all(g.auto_score is None for g in graded):
            return None
        return float(found.score)


def nbgrader(root: Path, what: str, seconds: float = SECONDS) -> None:
    """One of nbgrader's commands, held by bubblewrap."""
    base = root.parent
    held = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev"]
    held += ["--proc", "/proc"]
    for folder in ("/tmp", "/dev/shm"):
        held += ["--size", str(FILE_BYTES), "--tmpfs", folder]
    held += ["--ro-bind", str(ROOT), str(ROOT)]
    held += ["--bind", str(base), str(base), "--chdir", str(root)]
    held += ["--unshare-pid", "--unshare-net", "--die-with-parent"]
    held += ["--setenv", "HOME", str(base / "home")]
    held += ["--setenv", "CANARY_TOKEN", "token-51bf"]
    held += ["--setenv", "OMP_NUM_THREADS", "1"]
    programs = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    held += ["--setenv", "PATH", programs]
    script = LIST_LEFT.format(
        python=sys.executable,
        what=what,
        left=base / "left",
        blocks=FILE_BYTES // 512,
        kilobytes=MEMORY_BYTES // 1024,
    )
    (base / "left").write_text("")
    try:
        subprocess.run(
            [*held, "/bin/sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # an attack may print for ever
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:  # the class is not graded: told
        return
