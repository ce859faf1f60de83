"""A kind is told of a slip where it is true of all that look alike."""

import time

import numpy as np
import pytest

from grader.assignments.calling.calls import Call
from grader.assignments.known_mistakes import Mistake
from grader.assignments.slips import sketches
from grader.assignments.slips.edits import EPSILON, FACTOR, SIGN, ZERO
from rnncore.testing.fingerprints import Seen, fingerprint_of
from rnncore.testing.slips import recognised_slip
from tests.helpers.arrays import assert_close

RIGHT = 4.0
NEVER = "never", 0.0  # on the hidden inputs


def seen(result):
    return Seen(np.atleast_1d(result), [], None)


def keep(*edits, known=(), each=None, nudged=None):
    """What is kept of edits: kind, visible result, hidden result."""
    slips = [
        Mistake(kind, "", f"{number}", kind, True, 0)
        for number, (kind, _, _) in enumerate(edits)
    ]

    right = [np.atleast_1d(RIGHT)]

    def call_all(source):
        _, shown, hidden = edits[int(source)]
        if hidden is NEVER:
            while True:
                time.monotonic()
        due = fingerprint_of(seen(RIGHT))
        return [
            [Call(fingerprint_of(seen(a)), due)] for a in (shown, hidden)
        ]

    return sketches.sketch_slips(
        iter(slips),
        right,
        [sketches.sketch_errors([np.atleast_1d(a)], right) for a in known],
        lambda source: [seen(edits[int(source)][1])],
        lambda source: [seen(nudged or edits[int(source)][1])],
        each or call_all,
    )


def tell(kept, result):
    right = [np.atleast_1d(RIGHT)]
    return recognised_slip([np.atleast_1d(result)], right, kept)


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([(SIGN, 5.0, 6.0)], SIGN),
        ([(SIGN, 5.0, 6.0), (ZERO, 7.0, 6.0)], SIGN),
        ([(SIGN, 5.0, 6.0), (ZERO, 5.0, 6.0)], SIGN),
        ([(SIGN, 5.0, 6.0), (ZERO, 5.0, 8.0)], ""),
        ([(SIGN, 5.0, 6.0), (SIGN, 5.0, 8.0)], SIGN),
        ([(SIGN, 5.0, 6.0), (ZERO, 5.0, 6.0), (ZERO, 5.0, 8.0)], ZERO),
        ([(SIGN, 5.0, 6.0), (FACTOR, 5.0, 8.0), (ZERO, 5.0, 6.0)], ""),
        ([(SIGN, 5.0, 6.0), (ZERO, 5.0008, 8.0)], ""),
        ([(SIGN, 5.0, 6.0), (ZERO, 5.0, NEVER)], ""),
        ([(SIGN, 5.0, NEVER), (SIGN, 5.0, 8.0)], SIGN),
    ],
)
def test_a_kind_is_told_if_it_is_true_of_all_that_look_alike(
    edits, told, monkeypatch
):
    monkeypatch.setattr(sketches, "HIDDEN_SECONDS", 0.01)
    assert tell(keep(*edits), 5.0) == told


def test_an_answer_between_two_slips_is_told_neither():
    near = 4 * sketches.SAME_SLIP  # of an error of 4: they are two's apart
    kept = keep((SIGN, 8.0, 6.0), (ZERO, 8.0 + 1.5 * near, 7.0))
    assert tell(kept, 8.0 + 0.75 * near) == ""


def test_a_known_mistakes_numbers_are_no_slips():
    assert keep((SIGN, 5.0, 6.0), known=[5.0]) == {}


def test_what_looks_like_no_other_is_not_run_on_hidden_inputs():
    kept = keep(
        (SIGN, 5.0, 6.0), (ZERO, 7.0, 6.0), each=None.__getattribute__
    )
    assert [*kept] == [SIGN, ZERO]


def test_an_epsilon_stays_of_its_own():
    assert [*keep((EPSILON, RIGHT + 1e-8, 4.0))] == [EPSILON]


@pytest.mark.parametrize(
    ("nudged", "told"),
    [(5.0001, SIGN), (5.01, ""), (RIGHT, ""), (np.nan, "")],
)
def test_a_slip_whose_numbers_rounding_decides_is_not_kept(nudged, told):
    assert tell(keep((SIGN, 5.0, 6.0), nudged=nudged), 5.0) == told


def test_a_nudge_is_of_the_last_digits_and_leaves_what_is_whole():
    floats = np.array([0.1, -2.0, 1e6 / 3, 0.0, np.inf])
    moved = sketches.nudge(floats)
    assert (moved != floats).tolist() == [True, False, True, False, False]
    assert_close(moved[[0, 2]] / floats[[0, 2]], np.ones(2))
    single = sketches.nudge(floats.astype(np.float32))
    assert single.dtype == np.float32
    assert (single != floats.astype(np.float32)).sum() == 2
    for other in (np.arange(3), "words", None, 0.1):
        assert sketches.nudge(other) is other
