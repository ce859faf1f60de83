"""What a test's marks do: `system`, without which it starts no program; `in_turn`."""

import os
import subprocess
import sys

import pytest

from tests.conftest import has_turn
from tests.helpers import ROOT, started

CASES = """
import subprocess, pytest

def test_that_starts():
    subprocess.run(["git", "--version"])

def test_that_hides_it():
    try:
        subprocess.run(["git", "--version"])
    except Exception:
        pass

@pytest.fixture
def repository():
    subprocess.run(["git", "--version"])

def test_whose_fixture_starts(repository):
    pass

def test_that_starts_another():
    subprocess.run(["true"], check=True)

@pytest.mark.system
def test_with_the_mark():
    try:
        subprocess.run(["git", "--version"])
    except FileNotFoundError:
        pass
"""


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["git", "status"], "git"),
        (["/usr/local/bin/chromium", "--headless"], "chromium"),
        ([r"C:\Program Files\nodejs\node.exe", "cli.js"], "npm"),
        (["prlimit", "--data=1", "bwrap", "ls"], "bwrap"),
        (["sh", "-c", "cd x && git status"], "git"),
        ([sys.executable, "-m", "git"], None),
        (["make", "help"], None),
        (["sh", "-c", "ls"], None),
    ],
)
def test_what_a_command_starts(words, name):
    assert started.find_started(words) == name


@pytest.mark.parametrize(
    "start",
    [
        lambda: subprocess.run(["git"], check=False),
        lambda: subprocess.run("git", check=False),
        lambda: subprocess.run("git status", shell=True, check=False),
        lambda: os.system("git status"),
        lambda: os.posix_spawnp("git", ["git"], os.environ),
        lambda: os.execvp("git", ["git"]),
    ],
)
def test_no_way_of_starting_one_goes_by_unseen(start):
    with started.refuse() as names:
        with pytest.raises(started.UnmarkedStartError):
            start()
        assert set(names) == {"git"}
        names.clear()


def test_the_suite_fails_such_tests_and_no_others(tmp_path):
    file = tmp_path / "test_cases.py"
    file.write_text(CASES)
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_runtest_makereport\n"
        "from tests.conftest import pytest_addoption, pytest_runtest_protocol\n"
    )
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {str(ROOT)!r}\nmarkers = system: x\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", "-q", str(file)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = {
        line.split("::")[1].split(" ")[0]: line.split(" ")[0]
        for line in run.stdout.splitlines()
        if line.startswith(("PASSED", "FAILED", "ERROR")) and "::" in line
    }
    assert verdicts == {
        "test_that_starts": "FAILED",
        "test_that_hides_it": "FAILED",
        "test_whose_fixture_starts": "ERROR",
        "test_that_starts_another": "PASSED",
        "test_with_the_mark": "PASSED",
    }, run.stdout


@pytest.fixture
def turned(request):
    """A function: whether the test that asks has its turn in this one."""
    return lambda turn: has_turn(request.node, turn)


@pytest.mark.in_turn
@pytest.mark.parametrize("page", ["ch01", "ch02", "ch03", "api"])
def test_each_parameter_has_one_turn_of_three(turned, page):
    assert sum(map(turned, range(3))) == 1
    assert turned(4) == turned(7)


def test_what_takes_no_turns_is_always_there(turned):
    assert all(map(turned, range(3)))
