"""Whether a slip is called what it is: names, and what bears them out."""

import sys

import numpy as np
import pytest

from grader.assignments.calling import calls
from grader.assignments.known_mistakes import Mistake
from grader.assignments.samples import coverage
from grader.assignments.slips import names as slip_names
from grader.assignments.slips.edits import SIGN
from rnncore.testing.fingerprints import AND_ANOTHER, Seen, fingerprint_of

RIGHT = 1.0, 2.0


def call(*results):
    due = fingerprint_of(Seen(tuple(map(np.atleast_1d, RIGHT)), [], None))
    seen = Seen(tuple(map(np.atleast_1d, results)), [], None)
    return calls.Call(fingerprint_of(seen), due)


def raising():
    seen = Seen(None, [], ZeroDivisionError())
    return call()._replace(fingerprint=fingerprint_of(seen))


def mistake(says):
    return Mistake(says, "a", "b", says, True, 0)


EDITS = {  # what each gives on a visible and on a hidden input
    "first": [[call(5.0, 2.0)], [call(6.0, 2.0)]],
    "second": [[call(1.0, 7.0)], [call(1.0, 8.0)]],
    "endless": [],
    "raises": [[call(1.0, 4.0)], [raising()]],
}


def false_names(told, *calls):
    return [
        *coverage.find_false_names(
            [told],
            [[one] for one in calls],
            [mistake(says) for says in EDITS],
            lambda one: EDITS[one.says],
        )
    ]


@pytest.mark.parametrize(
    ("told", "calls", "false"),
    [
        ("first", [call(5.0, 2.0), call(6.0, 2.0)], []),
        ("first", [call(5.0, 2.0), call(9.0, 2.0)], ["first"]),
        ("endless", [call(5.0, 2.0), call(6.0, 2.0)], ["endless"]),
        (
            f"first{AND_ANOTHER}second",
            [call(5.0, 7.0), call(6.0, 8.0)],
            [],
        ),
        (
            f"first{AND_ANOTHER}second",
            [call(5.0, 7.0), call(6.0, 3.0)],
            ["second"],
        ),
        (f"first{AND_ANOTHER}raises", [call(5.0, 4.0), raising()], []),
        (
            f"first{AND_ANOTHER}raises",
            [call(5.0, 4.0), call(6.0, 2.0)],
            ["raises"],
        ),
        (
            f"first{AND_ANOTHER}second",
            [call(5.0, 7.0), raising()],
            ["first", "second"],
        ),
    ],
)
def test_a_name_is_false_where_no_edit_gives_the_results(
    told, calls, false
):
    assert false_names(told, *calls) == false


def test_a_row_counts_names_other_names_and_false_ones():
    slip = mistake(SIGN)
    found = [
        slip_names.Named("task", slip, (SIGN,), ()),
        slip_names.Named("task", slip, ("first",), ()),
        slip_names.Named("task", slip, ("second",), ("second",)),
        slip_names.Named("task", slip, (), ()),
    ]
    assert slip_names.format_row("ch", found) == "| ch | 4 | 3 | 2 | 1 |\n"


def test_a_false_name_is_told_with_the_slips_code(monkeypatch, capsys):
    slip = mistake(SIGN)
    false = slip_names.Named("bptt", slip, ("first",), ("first",))
    monkeypatch.setattr(slip_names, "judge_slips", lambda *_: [false])
    monkeypatch.setattr(sys, "argv", ["slips", "ch03_bptt"])
    told = slip_names.main()
    assert "ch03_bptt: bptt: told: first" in told
    assert "| ch03_bptt | 1 | 1 | 1 | 1 |" in capsys.readouterr().out
