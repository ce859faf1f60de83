"""Intervals of scores: by hand, by a library, and as often as promised."""

import numpy as np
import pytest

from rnncore.comparison.intervals import block_bootstrap, bootstrap, wilson
from tests.helpers.arrays import assert_close


@pytest.mark.parametrize("cases", [1, 4, 50])
def test_wilson_s_interval_is_the_library_s(cases):
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for right in range(cases + 1):
        expected = proportion.proportion_confint(
            right, cases, method="wilson"
        )
        assert_close(np.array(wilson(right, cases)), np.array(expected))


def test_a_share_without_a_case_is_refused():
    for right, cases in (0, 0), (3, 2), (-1, 2):
        with pytest.raises(ValueError, match="right, cases: expected"):
            wilson(right, cases)
    with pytest.raises(ValueError, match="cases: expected at least 1"):
        bootstrap(np.mean, 0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="cases: expected at least 1"):
        block_bootstrap(np.mean, 0, np.random.default_rng(0))


def test_a_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)
    low, high = bootstrap(lambda k: values[k].mean(), 400, rng)
    half = 1.96 * values.std() / 20
    assert low < values.mean() < high
    assert abs((high - low) / 2 - half) < 0.15 * half


def test_blocks_are_of_neighbours_and_as_many_cases_as_there_are():
    drawn = []
    block_bootstrap(
        lambda k: drawn.append(k) or 0.0, 28, np.random.default_rng(0), 50
    )
    for places in drawn:
        assert len(places) == 28
        for block in np.split(places[:27], 9):  # of 3, a cube root
            assert [*(np.diff(block) % 28)] == [1, 1]
    assert len({*np.concatenate(drawn)}) == 28


def test_a_block_holds_the_least_and_at_most_all_cases():
    for least, size in (9, 9), (40, 28):
        drawn = []
        block_bootstrap(
            lambda k, d=drawn: d.append(k) or 0.0,
            28,
            np.random.default_rng(0),
            5,
            least=least,
        )
        assert {*(np.diff(drawn[0][:size]) % 28)} == {1}


@pytest.mark.parametrize("alike", [1, 4])
def test_cases_like_their_neighbours_are_less_sure(alike):
    """Equal neighbours count once: the interval is as of fewer cases."""
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=400 // alike), alike)
    low, high = block_bootstrap(lambda k: values[k].mean(), 400, rng)
    half = 1.96 * values.std() / 20
    # blocks of 7 that cut runs of 4: 1 - 1/7 of the variance is seen
    assert 0.8 < (high - low) / 2 / half / alike**0.5 < 1.15
