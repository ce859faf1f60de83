"""A generator of random numbers is one object on both sides."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.isolation.generators import MOST, move_on, tell_drawn

DRAWS = {
    "normal": lambda rng: rng.normal(size=7),
    "random": lambda rng: rng.random(1000),
    "small": lambda rng: rng.integers(0, 9, 3, dtype=np.int32),
    "one small": lambda rng: rng.integers(0, 9, dtype=np.int32),
    "order": lambda rng: rng.permutation(5),
    "nothing": lambda rng: None,
}


@given(
    st.integers(0, 99),
    st.lists(st.sampled_from(sorted(DRAWS))),
    st.lists(st.sampled_from(sorted(DRAWS))),
)
def test_a_generator_goes_on_where_its_copy_stopped(seed, before, after):
    ours = np.random.default_rng(seed)
    for name in before:
        DRAWS[name](ours)
    theirs = copy.deepcopy(ours)
    given = {0: (theirs, theirs.bit_generator.state)}
    for name in after:
        DRAWS[name](theirs)
    move_on([ours], tell_drawn(given).get("drawn", []))
    for _ in range(2):
        assert ours.integers(99, dtype=np.int32) == theirs.integers(
            99, dtype=np.int32
        )
        assert ours.random() == theirs.random()


def test_a_long_way_is_told():
    rng = np.random.default_rng(1)
    given = {3: (rng, rng.bit_generator.state)}
    rng.bit_generator.advance(123_456_789)
    assert tell_drawn(given) == {"drawn": [[3, 123_456_789, None]]}


@pytest.mark.parametrize("way", ["another stream", "far", "back"])
def test_what_was_not_drawn_is_not_told(way):
    rng = np.random.default_rng(1)
    given = {0: (rng, rng.bit_generator.state)}
    if way == "another stream":
        rng.bit_generator.state = np.random.default_rng(
            2
        ).bit_generator.state
    else:
        rng.bit_generator.advance(2 * MOST if way == "far" else -1)
    assert tell_drawn(given) == {}


@pytest.mark.parametrize(
    "told",
    [
        [[1, 1, None]],
        [[-1, 1, None]],
        [[True, 1, None]],
        [[0, -1, None]],
        [[0, MOST + 1, None]],
        [[0, 1.0, None]],
        [[0, True, None]],
        [[0, 5, 7]],
        [[0, 0, 7]],
        [[0, 5, "7"]],
        [[0, 1]],
        {"0": 1},
    ],
)
def test_what_cannot_have_been_drawn_is_refused(told):
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state
    with pytest.raises((ValueError, TypeError)):
        move_on([rng], told)
    assert rng.bit_generator.state == before
