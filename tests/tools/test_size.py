"""No part of the project grows without a reason."""

import json
import subprocess

import pytest

from tools.check import size
from tools.check.size import (
    FOLDERS,
    find_growth,
    measure,
    read_limits,
    shrink,
)


@pytest.fixture
def tree(tmp_path):
    """A project of two lines in each folder."""
    for name in FOLDERS:
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "a.py").write_text("a = 1\nb = 2\n")
        (tmp_path / name / "notes.txt").write_text("one\n")
    return tmp_path


def keep(folder, sizes, *raised):
    path = folder / "size.json"
    path.write_text(json.dumps({"sizes": sizes, "raised": raised}))
    return path


def test_lines_of_python_are_counted_and_bytes_only_with_git(tree):
    assert measure(tree) == dict.fromkeys(FOLDERS, 2)


@pytest.mark.system
def test_bytes_are_those_of_tracked_files(tree):
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    subprocess.run(["git", "add", "rnncore"], cwd=tree, check=True)
    assert measure(tree)["bytes"] == len("a = 1\nb = 2\none\n")


def test_what_is_larger_is_named_and_what_is_smaller_is_not(tree):
    limits = read_limits(keep(tree, {"tests": 5, "tools": 9, "bytes": 1}))
    (line,) = find_growth({"tests": 6, "tools": 9}, limits)
    assert line.startswith("tests: expected at most 5, got 6")


def test_a_reason_raises_a_limit_until_it_is_part_of_the_size(tree):
    raised = {"why": "a sixth cell", "tests": 2}
    path = keep(tree, {"tests": 5, "tools": 9}, raised)
    assert read_limits(path) == {"tests": 7, "tools": 9}
    shrink({"tests": 6, "tools": 12}, path)
    assert read_limits(path) == {"tests": 6, "tools": 9}
    assert json.loads(path.read_text())["raised"] == []


@pytest.mark.parametrize(
    "raised",
    [
        {"tests": 2},
        {"why": " ", "tests": 2},
        {"why": "so"},
        {"why": "so", "x": 1},
    ],
)
def test_a_limit_is_not_raised_without_a_reason_and_a_part(tree, raised):
    with pytest.raises(ValueError, match=r"^size\.json:"):
        read_limits(keep(tree, {"tests": 5}, raised))


def test_growth_fails_the_check_and_is_not_written(
    tree, monkeypatch, capsys
):
    sizes = dict.fromkeys(FOLDERS, 2)
    path = keep(tree, sizes | {"tests": 1})
    monkeypatch.setattr(size, "ROOT", tree)
    monkeypatch.setattr(size, "SIZES", path)
    before = path.read_text()
    assert size.main(["--shrink"]) == 1
    assert "tests" in capsys.readouterr().out
    assert path.read_text() == before
    keep(tree, sizes | {"tools": 8})
    assert size.main([]) == 0
    assert size.main(["--shrink"]) == 0
    assert read_limits(path) == sizes
