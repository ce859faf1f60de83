"""The supported Pythons: the classifiers say them, all else agrees."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires

import yaml
from packaging.requirements import Requirement

from tools import ROOT
from tools.publish.browser import lite_kernel

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LISTED = re.compile(r"Programming Language :: Python :: (\d+\.\d+)")
OLDEST, *_, NEWEST = SUPPORTED = [
    m[1] for m in map(LISTED.fullmatch, PROJECT["classifiers"]) if m
]
NEWER = re.compile(r"\bPython\s+(3\.\d+)\s+or\s+(?:newer|later)")
RANGE = re.compile(r"\b(3\.\d+) to (3\.\d+) were tried")
USED = re.compile(
    r"(?:image: |container: |PYTHON=)python:?(3\.\d+)"
    r'|"python-version": "(3\.\d+)"'
)

COLLECTED = """
import sys
from importlib.abc import MetaPathFinder
import pytest

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Absent())
sys.exit(pytest.main(["--collect-only", "-q", "-p", "pytest_timeout", *sys.argv[2:]]))
"""


def needed_by(names, found=()):
    """The distributions of these names, and those that they require."""
    found = {*found}
    for name in names:
        if name in found:
            continue
        found.add(name)
        needed = map(Requirement, requires(name) or ())
        found = needed_by(
            [
                n.name.lower()
                for n in needed
                if not n.marker or n.marker.evaluate({"extra": ""})
            ],
            found,
        )
    return found


def texts():
    """What people and hosts read of the course, by name."""
    here = [
        *("README.md", "Makefile", ".gitlab-ci.yml"),
        "tools/publish/export.py",
        *(".github/workflows/pages.yml", "grader/systems/gradescope.py"),
    ]
    paths = [*(ROOT / name for name in here), *(ROOT / "book").glob("*.md")]
    return {str(p.relative_to(ROOT)): p.read_text() for p in paths}


def said(pattern):
    """File and version, wherever the pattern is found."""
    return {
        (name, version)
        for name, text in texts().items()
        for groups in pattern.findall(text)
        for version in ([groups] if isinstance(groups, str) else groups)
        if version
    }


def test_the_classifiers_are_a_row_of_versions():
    minors = [int(version.removeprefix("3.")) for version in SUPPORTED]
    assert minors == [*range(minors[0], minors[-1] + 1)]
    assert PROJECT["requires-python"] == f">={OLDEST}"


def test_what_is_needed_is_the_oldest():
    found = said(NEWER)
    assert {version for _, version in found} == {OLDEST}
    files = {name for name, _ in found}
    assert files >= {
        *("README.md", "book/setup.md", "book/grading.md"),
        *("tools/publish/export.py", "grader/systems/gradescope.py"),
    }
    (major, minor) = OLDEST.split(".")
    refusal = f"sys.version_info < ({major}, {minor})"
    assert refusal in texts()["grader/systems/gradescope.py"]


def test_what_was_tried_is_all():
    (tried,) = RANGE.findall(texts()["README.md"])
    assert tried == (OLDEST, NEWEST)


def test_both_hosts_try_each_of_them_once_a_week():
    """The oldest one runs all tests."""
    github = yaml.safe_load(
        (ROOT / ".github/workflows/test.yml").read_text()
    )
    gitlab = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
    (row,) = gitlab["pythons"]["parallel"]["matrix"]
    assert row["VERSION"] == SUPPORTED[1:]
    matrix = github["jobs"]["pythons"]["strategy"]["matrix"]
    assert matrix["python"] == SUPPORTED[1:]


def test_hosts_and_browsers_use_one_of_them():
    found = said(USED)
    assert {name for name, _ in found} == {
        *(".gitlab-ci.yml", ".github/workflows/pages.yml"),
        "book/setup.md",
    }
    assert {version for _, version in found} <= {*SUPPORTED}
    assert ".".join(map(str, lite_kernel.VERSION)) in SUPPORTED


def test_their_weekly_row_needs_no_other_package():
    """All else is hidden, and each of its files can still be collected."""
    script = (ROOT / ".ci/python").read_text()
    (brought,) = re.findall(
        r"--only-binary=:all: (.*?)\n\w", script, re.DOTALL
    )
    named = re.findall(
        r"(?<![\w=\[(-])[a-z][a-z-]+(?= |$)", brought, re.MULTILINE
    )
    there = {"torch", *named} - {"grep", "requirements"}
    assert {"numpy", "tqdm", "hypothesis"} < there
    there = {name.replace("_", "-") for name in needed_by(sorted(there))}
    hidden = [
        module
        for module, owners in packages_distributions().items()
        if not {o.lower().replace("_", "-") for o in owners}
        & {*there, "rnncore"}
    ]
    assert "scipy" in hidden
    (listed,) = re.findall(r"_%s.py ' \\\n(.*?)\)", script, re.DOTALL)
    stems = listed.replace("\\", " ").split()
    files = [
        str(path)
        for stem in stems
        for path in (ROOT / "tests/rnncore").rglob(f"test_{stem}.py")
    ]
    assert len(files) >= len(stems)
    run = subprocess.run(
        [sys.executable, "-c", COLLECTED, ",".join(hidden), *files],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:]
