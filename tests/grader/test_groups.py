"""Control groups: who counts the memory of a submission.

What the kernel does with them is tried in test_sandbox.py, wherever there
are some; here a folder stands in for their tree.
"""

import os
import subprocess
import sys

import pytest

from grader.isolation.linux import groups
from rnncore import programs


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree that can bound memory and is this process's own."""
    answers = (
        groups.why_not,
        groups.find_delegated,
        groups.find_systemd_command,
    )
    for answer in answers:
        answer.cache_clear()
    top = tmp_path / "cgroup"
    top.mkdir()
    (top / "cgroup.controllers").write_text("cpu memory pids\n")
    (top / "cgroup.subtree_control").write_text("")
    monkeypatch.setattr(groups, "TOP", top)
    monkeypatch.setattr(groups, "_find_own", lambda: top)
    yield top
    for answer in answers:
        answer.cache_clear()


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A group as the kernel makes one of a new folder."""
    made = groups.Path.mkdir

    def mkdir(path):
        made(path)
        (path / "cgroup.procs").write_text("")

    monkeypatch.setattr(groups.Path, "mkdir", mkdir)
    return groups.Group(str(tmp_path), 600_000_000)


def test_a_submission_may_take_so_much(group):
    assert (group.path / "memory.max").read_text() == "600000000"
    assert not (group.path / "memory.swap.max").exists()
    group.enter()
    assert (group.path / "cgroup.procs").read_text() == "0"  # oneself


def test_who_is_at_work_ends_before_who_waits():
    code = (
        "from grader.isolation.linux.groups import offer\n"
        "place = '/proc/self/oom_score_adj'\n"
        "for score in 500, 0, 500:\n"
        "    offer(score)\n    print(open(place).read().strip())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["500", "0", "500"]


@pytest.mark.parametrize("ended", [0, 3])
def test_the_kernel_says_how_many_it_ended(group, ended):
    events = f"low 0\nhigh 0\nmax 7\noom 2\noom_kill {ended}\n"
    (group.path / "memory.events").write_text(events)
    assert group.count_killed() == ended
    os.close(group.entrance)


def test_a_server_starts_in_a_group_below_what_is_delegated(tree):
    folder = tree.parent / "grade-x"
    folder.mkdir()
    assert groups.find_delegated() == tree
    assert (tree / "cgroup.subtree_control").read_text() == "+memory"
    ask = "echo $$; cat " + str(tree / "grade-x" / "own" / "cgroup.procs")
    command = groups.build_command(["sh", "-c", ask], str(folder), None)
    run = subprocess.run(
        command, capture_output=True, text=True, check=True
    )
    own, entered = run.stdout.split()
    assert own == entered  # before it began
    group = folder / groups.LINK
    assert os.readlink(group) == str(tree / "grade-x")
    control = (group / "cgroup.subtree_control").read_text()
    assert control == "+cpu\n"  # each line is an order of its own


def test_a_group_that_is_not_ours_is_left_alone(tree, monkeypatch):
    below = tree / "session.scope"
    below.mkdir()
    (below / "cgroup.subtree_control").write_text("")
    monkeypatch.setattr(groups, "_find_own", lambda: below)
    assert groups.find_delegated() is None
    assert (below / "cgroup.subtree_control").read_text() == ""


def test_where_the_kernel_cannot_count_it_says_why(tree, monkeypatch):
    (tree / "cgroup.controllers").unlink()
    assert groups.why_not() == "there are no control groups of version 2"
    groups.why_not.cache_clear()
    (tree / "cgroup.controllers").write_text("cpu\n")
    monkeypatch.setattr(groups, "_find_own", lambda: None)
    monkeypatch.setattr(programs, "find", lambda _: None)
    assert "delegated" in groups.why_not()
    with pytest.raises(LookupError, match="delegated"):
        groups.build_command(["true"], str(tree), None)


def test_an_empty_group_is_taken_away(tree):
    folder = tree.parent / "grade-y"
    folder.mkdir()
    (tree / "grade-y" / "own").mkdir(parents=True)
    groups.remove(str(folder))  # it had none
    (folder / groups.LINK).symlink_to(tree / "grade-y")
    groups.remove(str(folder))
    assert not (tree / "grade-y").exists()
