"""Parallels and repetition, on examples that a pupil could mark."""

import pytest

from rnncore.music.habits import (
    FIFTH,
    OCTAVE,
    consonance,
    copied,
    habits,
    longest_note,
    moves,
    parallels,
    passages,
    said_again,
)
from rnncore.music.score import transpose
from tests.helpers.music import score


def test_fifths_in_parallel_are_counted_once_a_pair_of_voices():
    s = score([[67, 60], [69, 62], [71, 64]])
    assert parallels(s, FIFTH) == 2
    assert parallels(s, OCTAVE) == 0
    assert moves(s) == 2


def test_an_octave_between_makes_no_difference():
    assert parallels(score([[79, 60], [81, 62]]), FIFTH) == 1
    assert parallels(score([[72, 60], [74, 62]]), OCTAVE) == 1
    assert parallels(score([[60, 60], [62, 62]]), OCTAVE) == 1  # unison


@pytest.mark.parametrize(
    "rows",
    [
        [[67, 60], [67, 60]],  # struck again: nobody moves
        [[67, 60], ["-", 55]],  # one moves
        [[67, 60], [69, 60]],
        [[67, 60], [69, 65]],  # into a third
        [[67, 60], [".", 62]],  # a rest is no interval
    ],
)
def test_these_are_no_parallel_fifths(rows):
    assert parallels(score(rows), FIFTH) == 0


def test_the_longest_note_is_counted_over_holds_not_over_strokes():
    s = score([[60, 48], ["-", 48], [60, "-"], ["-", "-"], ["-", "."]])
    assert longest_note(s) == 3


def test_windows_said_again_are_found_in_another_key():
    a = [[60], [62], [64], [60]]
    b = [[62], [64], [66], [62]]
    assert said_again(score(a + b), 4) == 1 / 5
    assert said_again(score(a), 4) == 0
    assert said_again(score(a), 5) == 0  # no window so long


def test_a_recital_is_copied_whole_and_a_new_piece_is_not():
    piece = score([[60, 48], [62, "-"], [64, 43], [60, 48]])
    known = passages([piece], 3)
    assert copied(transpose(piece, 5), known, 3) == 1
    other = passages([score([[60, 48]] * 4)], 3)
    assert copied(piece, other, 3) == 0


def test_triads_are_consonant_in_every_spacing():
    s = score([[76, 67, 60], [76, 72, 60], [72, 68, 65], [77, 67, 60]])
    assert consonance(s) == 3 / 4  # the last has a fourth


def test_habits_are_told_a_hundred_chances():
    s = score([[67, 60], [69, 62], [71, 64]])
    found = habits([s], [s], window=2)
    assert found["parallel fifths, %"] == 100
    assert found["copied from training, %"] == 100
    assert (found["lowest pitch"], found["highest pitch"]) == (60, 71)
    assert "copied from training, %" not in habits([s])
