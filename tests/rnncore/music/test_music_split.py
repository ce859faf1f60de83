"""No test piece has a twin in training."""

import numpy as np
import pytest

from rnncore.music.score import decode, transpose
from rnncore.music.split import (
    compass,
    fingerprint,
    groups,
    melody,
    split,
)
from tests.helpers.music import any_tokens, score


def pieces(n, rng=None):
    rng = rng or np.random.default_rng(0)
    return [decode(any_tokens(rng, 40, 2, 40, 80)) for _ in range(n)]


def test_a_fingerprint_knows_a_piece_in_every_key_and_no_other():
    a, b = pieces(2)
    assert fingerprint(transpose(a, -7)) == fingerprint(a)
    assert fingerprint(a) != fingerprint(b)
    longer = score([[60], ["-"]])
    assert fingerprint(longer) != fingerprint(score([[60], [60]]))


def test_a_melody_is_known_by_its_steps_whatever_lies_below():
    a = score([[60, 48], [62, 50], [62, "-"], [64, 43]])
    b = score([[65, 36], ["-", 38], [67, "-"], [69, 43]])  # slower, higher
    c = score([[60, 48], [62, 50], [62, "-"], [65, 43]])
    assert melody(a) == melody(b)
    assert melody(a) != melody(c)


def test_groups_join_over_several_reasons():
    keys = {"a": (1, 1), "b": (1, 2), "c": (3, 2), "d": (4, 4)}
    found = groups(
        list("abcd"), [lambda x: keys[x][0], lambda x: keys[x][1]]
    )
    assert sorted(map(sorted, found)) == [[0, 1, 2], [3]]


def test_transposed_copies_stay_on_one_side():
    rng = np.random.default_rng(3)
    found = pieces(20, rng)
    copies = [transpose(s, int(k)) for s in found for k in (-5, 0, 4)]
    parts = split(copies, 0.2, 0.2)
    prints = [{fingerprint(s) for s in part} for part in parts]
    assert sum(map(len, parts)) == 60
    assert not prints[0] & prints[1] | prints[0] & prints[2]
    assert not prints[1] & prints[2]
    assert 9 <= len(parts.test) <= 15


def test_the_split_does_not_depend_on_the_order_of_the_files():
    found = pieces(15)
    one, two = split(found), split(found[::-1])
    for a, b in zip(one, two):
        assert {fingerprint(s) for s in a} == {fingerprint(s) for s in b}


def test_another_seed_holds_out_other_pieces():
    found = pieces(30)
    a, b = (
        {fingerprint(s) for s in split(found, seed=k).test} for k in (0, 1)
    )
    assert a != b


def test_three_pieces_are_the_fewest():
    assert [len(p) for p in split(pieces(3))] == [1, 1, 1]
    a, b = pieces(2)
    with pytest.raises(ValueError, match="at least 3 different pieces"):
        split([a, b, transpose(a, 2)])
    with pytest.raises(ValueError, match="shares"):
        split(pieces(5), 0.5, 0.5)


def test_the_compass_is_that_of_each_voice():
    a, b = score([[60, 48], [65, "."]]), score([[72, 40]])
    assert compass([a, b]).tolist() == [[60, 72], [40, 48]]
    silent = score([[60, "."]])
    assert compass([silent])[1].tolist() == [21, 21]
    with pytest.raises(ValueError, match="equally many voices"):
        compass([a, score([[60]])])
