"""What a learner's check promises, the grade gives: all answers of all tasks.

Not by the processes that learners and graders use, as in the tests of
check and grade, but in this one, so that thousands of answers are compared.
"""

import sys

import pytest

from grader.assignments.samples import agreement
from grader.assignments.source import (
    Assignment,
    SourceCell,
    folder_of,
    list_assignments,
    read,
)

QUICK = "ch01_sequences"  # whose folder the toy assignment runs in
TEST = """\
from rnncore.testing import Properties

properties = Properties(values=2, sizes=1)
assert double(2) == 4
with properties("sizes"):
    assert double(1) == 2
### BEGIN HIDDEN TESTS
import os

with properties("sizes"):
    assert double(0) == 0
assert double(3) == 6
assert double(int(os.environ.get("RNNCORE_SEED", "4"))) > -2
### END HIDDEN TESTS
properties.points("holds")
"""
MISTAKES = '''r"""
fixed: always four
~ 2 * a => 4
squared [hidden]: a square
~ 2 * a => a * a
not at three: says
~ 2 * a => 2 * a - (a == 3)
not at zero [hidden, sizes]: says
~ 2 * a => 2 * a + (a == 0)
not at one, not at zero: says
~ 2 * a => 2 * a + (a < 2)
not at seven: says
~ 2 * a => 2 * a - 20 * (a == 7)
"""'''
SOLUTION = (
    "def double(a):\n"
    "    ### BEGIN SOLUTION\n"
    "    return 2 * a\n"
    "    ### END SOLUTION"
)
CELLS = [
    SourceCell("solution", "double", SOLUTION, {}),
    SourceCell("test", "double", TEST, {"points": 3}),
    SourceCell("mistakes", "double", MISTAKES, {}),
]


def judge(seeds=()):
    toy = Assignment(QUICK, folder_of(QUICK), CELLS)
    return {one.answer.label: one for one in agreement.compare(toy, seeds)}


def test_points_of_the_visible_and_of_the_whole_test_are_compared():
    found = judge()
    assert {name: (f.check, f.grade) for name, f in found.items()} == {
        "fixed": (2, (0,)),
        "squared": (2, (0,)),
        "not at three": (3, (0,)),
        "not at zero": (3, (2,)),
        "not at one, not at zero": (2, (2,)),
        "not at seven": (3, (3,)),
    }


def test_what_is_unequal_is_told_unless_its_heading_says_hidden():
    told = [*agreement.find_unequal([*judge().values()])]
    assert [one.split(": ")[1] for one in told] == ["fixed", "not at three"]
    assert "double: not at three: 3, then 0: AssertionError" in told[1]


def test_a_seed_that_takes_points_is_unequal():
    found = judge(range(6, 8))["not at seven"]
    assert (found.check, found.grade, found.equal) == (3, (3, 0), False)


def test_slips_are_compared_when_asked_for():
    toy = Assignment(QUICK, folder_of(QUICK), CELLS)
    found = [*agreement.compare(toy, slips=True)][6:]
    assert found
    assert all(one.answer.label.startswith("slip: ") for one in found)


def test_a_row_counts_equal_hidden_and_unequal(monkeypatch, capsys):
    found = [*judge().values()]
    monkeypatch.setattr(agreement, "compare", lambda *_: found)
    monkeypatch.setattr(sys, "argv", ["agree", QUICK])
    told = agreement.main()
    assert f"| {QUICK} | 6 | 2 | 2 | 2 |\n" in capsys.readouterr().out
    assert told.startswith(f"{QUICK}: double: fixed: 2, then 0")


def find_unequal(name):
    return [*agreement.find_unequal([*agreement.compare(read(name))])]


@pytest.mark.slow
def test_a_chapters_check_promises_what_the_grade_gives():
    assert find_unequal(QUICK) == []


@pytest.mark.weekly
@pytest.mark.parametrize("name", list_assignments())
def test_every_check_promises_what_the_grade_gives(name):
    assert find_unequal(name) == []


SMALL = """\
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    e = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    log_p = xp.log(e / xp.sum(e, axis=-1, keepdims=True) + {small})
    picked = xp.where(one_hot, log_p, xp.zeros_like(log_p))
    return -xp.mean(xp.sum(picked, axis=-1)), (log_p, one_hot)
"""


@pytest.mark.slow
@pytest.mark.parametrize("small", ["1e-9", "1e-12", "1e-14"])
def test_a_small_number_in_a_logarithm_costs_what_the_check_says(
    small, monkeypatch
):
    answer = agreement.Written(
        "cross_entropy", small, SMALL.format(small=small)
    )
    monkeypatch.setattr(
        agreement,
        "list_written",
        lambda _, task: [answer] * (task == answer.task),
    )
    (found,) = agreement.compare(read("ch04_training"), range(12))
    assert found.equal
    assert found.check < 5
