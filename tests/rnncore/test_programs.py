"""Programs outside Python are found in one place, on three systems."""

import re

import pytest

from rnncore import programs
from rnncore.programs import PROGRAMS, MissingProgramError
from tests.helpers import ROOT

CALLS = "|".join(call for p in PROGRAMS.values() for call in p.calls)
PLACE = re.compile(rf"""/s?bin/({CALLS})\b|\bwhich\(["']({CALLS})["']""")
NO_PROGRAM = {  # what hostile notebooks look for, and words of tests
    "tests/attacks/catalogue.py",
    "tests/test_started.py",
    "tools/set_up.py",  # which runs before anything is installed
}


@pytest.fixture
def nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, program in PROGRAMS.items():
        monkeypatch.setitem(PROGRAMS, name, program._replace(places=()))
    return tmp_path


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_is_found_by_its_names_or_told(nothing, name):
    assert programs.find(name) is None
    with pytest.raises(MissingProgramError) as caught:
        programs.require(name)
    assert str(caught.value) == programs.explain(name)
    for call in reversed(PROGRAMS[name].calls):  # the first is preferred
        path = put(nothing / call)
        assert programs.require(name) == path


def test_what_the_shell_does_not_know_is_found_at_its_place(nothing):
    path = put(nothing / "Applications" / "Chromium")
    PROGRAMS["chromium"] = PROGRAMS["chromium"]._replace(places=(path,))
    assert programs.find("chromium") == path


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_who_lacks_one_reads_who_needs_it_and_how_to_get_it(name, system):
    program = PROGRAMS[name]
    told = programs.explain(name, system)
    how = {"darwin": program.macos, "win32": program.windows}
    assert program.needed_by in told
    assert (how.get(system) or program.debian) in told


def test_no_other_place_names_where_one_is():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("rnncore", "grader", "tools", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if PLACE.search(path.read_text("utf-8"))
    }
    assert found == NO_PROGRAM
