"""What `make mutation` found, and what the guide says of it."""

import json
from collections import Counter

import pytest

from tools import ROOT
from tools.check import mutation


@pytest.fixture(scope="module")
def result():
    """The last run, as it was kept."""
    return json.loads(mutation.PATH.read_text("utf-8"))


def test_every_survivor_has_a_reason_and_stands_in_the_code(result):
    for one in result["survivors"]:
        assert len(one["why"].split()) >= 3, one
        source = " ".join((ROOT / one["module"]).read_text("utf-8").split())
        assert " ".join(one["was"].split()) in source, one


def test_the_numbers_agree_with_the_list_and_the_guide(result):
    assert list(result["modules"]) == sorted(mutation.MODULES)
    survived = Counter(one["module"] for one in result["survivors"])
    for module, count in result["modules"].items():
        assert count["survived"] == survived[module]
        assert count["killed"] + survived[module] == count["mutants"]
    guide = mutation.GUIDE.read_text("utf-8")
    assert mutation.share(result) in " ".join(guide.split())


def test_each_module_and_its_tests_exist():
    for module, tests in mutation.MODULES.items():
        assert (ROOT / module).is_file()
        for name in tests:
            assert (ROOT / f"tests/test_{name}.py").is_file()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """What mutmut leaves of a small run: its codes are pytest's."""

    def leave(**codes):
        path = tmp_path / "rnncore" / "rnn.py.meta"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"exit_code_by_key": codes}))
        return tmp_path

    monkeypatch.setattr(
        mutation,
        "get_diff_for_mutant",
        lambda name, path: f"--- a\n+++ b\n ...\n-    {name}\n+  new",
    )
    return leave


KNOWN = {"module": "rnncore/rnn.py", "function": "f", "is": "new"}


def test_what_no_test_saw_or_reached_survives_with_its_known_reason(run):
    folder = run(x_f__mutmut_1=1, x_f__mutmut_2=0, x_f__mutmut_3=33)
    before = {
        "survivors": [{**KNOWN, "was": "x_f__mutmut_2", "why": "same"}]
    }
    result = mutation.summary(folder, before)
    assert result["modules"] == {
        "rnncore/rnn.py": {"mutants": 3, "killed": 1, "survived": 2}
    }
    assert [(s["was"], s["why"]) for s in result["survivors"]] == [
        ("x_f__mutmut_2", "same"),
        ("x_f__mutmut_3", ""),
    ]
    assert mutation.share(result) == "1 of 3 mutants"


def test_a_run_that_broke_off_has_no_result(run):
    folder = run(x_f__mutmut_1=1, x_f__mutmut_2=None)
    with pytest.raises(SystemExit, match="not all mutants were tested"):
        mutation.summary(folder, {})


def test_what_was_killed_is_not_tried_again(run):
    folder = run(x_f__mutmut_1=1, x_f__mutmut_2=0, x_f__mutmut_3=-24)
    mutation.forget_survivors(folder)
    assert mutation.exit_codes(folder) == {
        "rnncore/rnn.py": {
            "x_f__mutmut_1": 1,
            "x_f__mutmut_2": None,
            "x_f__mutmut_3": -24,
        }
    }
