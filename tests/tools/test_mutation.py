"""What `make mutation` found, and what the guide says of it."""

import json

import pytest

from tools import ROOT
from tools.check import mutation


@pytest.fixture(scope="module")
def result():
    """The last run, as it was kept."""
    return mutation.read()


def test_every_survivor_has_a_reason_and_stands_in_the_code(result):
    for module, part in result.items():
        source = " ".join((ROOT / module).read_text("utf-8").split())
        for one in part["survivors"]:
            assert len(one["why"].split()) >= 3, one
            assert " ".join(one["was"].split()) in source, one


def test_the_numbers_agree_with_the_list_and_the_guide(result):
    assert result.keys() <= set(mutation.MODULES)
    for part in result.values():
        assert part["killed"] + len(part["survivors"]) == part["mutants"]
    guide = mutation.GUIDE.read_text("utf-8")
    assert mutation.format_share(result) in " ".join(guide.split())


def test_each_module_exists():
    for module in mutation.MODULES:
        assert (ROOT / module).is_file()


@pytest.fixture
def diffs(monkeypatch):
    """A mutant's name stands for the line that it changes."""
    monkeypatch.setattr(
        mutation,
        "get_diff_for_mutant",
        lambda name, path: f"--- a\n+++ b\n ...\n-    {name}\n+  new",
    )


def test_what_no_test_saw_or_reached_survives_with_its_known_reason(diffs):
    codes = {
        "m.x_f__mutmut_1": 1,
        "m.x_f__mutmut_2": 0,
        "m.xǁCǁf__mutmut_1": 33,
    }
    two = {"function": "f", "was": "m.x_f__mutmut_2", "is": "new"}
    known = [{**two, "why": "the same"}, {**two, "is": "old", "why": "no"}]
    assert mutation.count_outcome("m", codes, known) == {
        "mutants": 3,
        "killed": 1,
        "survivors": [
            {**two, "why": "the same"},
            {
                "function": "C.f",
                "was": "m.xǁCǁf__mutmut_1",
                "is": "new",
                "why": "",
            },
        ],
    }
    about = {"a": {"killed": 1234, "mutants": 2000}}
    assert mutation.format_share(about) == "1,234 of 2,000 mutants"


def test_a_result_is_kept_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(mutation, "PATH", tmp_path / "survivors.json")
    monkeypatch.setattr(mutation, "GUIDE", tmp_path / "guide.md")
    mutation.GUIDE.write_text("1 of 2 mutants were killed", "utf-8")
    one = {"function": "f", "was": 'say("é\\n")', "is": "{}", "why": "a, b"}
    result = {
        "b.py": {"killed": 1998, "mutants": 2000, "survivors": [one, one]},
        "a.py": {"killed": 3, "mutants": 3, "survivors": []},
    }
    mutation.keep(result)
    assert mutation.read() == result
    guide = mutation.GUIDE.read_text("utf-8")
    assert guide == "2,001 of 2,003 mutants were killed"


@pytest.mark.parametrize("codes", [{}, {"x_f__mutmut_1": None}])
def test_a_run_that_broke_off_has_no_result(codes):
    with pytest.raises(SystemExit, match="not all mutants were tested"):
        mutation.count_outcome("m", codes, [])


def test_what_was_killed_is_not_tried_again(tmp_path):
    path = tmp_path / "rnn.py.meta"
    mutation.forget_survivors(path)
    assert mutation.read_exit_codes(path) == {}
    codes = {"a": 1, "b": 0, "c": 33, "d": -24}  # as pytest ended
    path.write_text(json.dumps({"exit_code_by_key": codes, "more": 1}))
    mutation.forget_survivors(path)
    expected = {"a": 1, "b": None, "c": None, "d": -24}
    assert mutation.read_exit_codes(path) == expected
    assert json.loads(path.read_text())["more"] == 1
