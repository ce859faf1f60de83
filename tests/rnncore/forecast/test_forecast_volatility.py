"""Deviations that go along: the recurrence, and a law that is known."""

import numpy as np
import pytest

from rnncore.forecast.volatility import (
    FIRST,
    Garch,
    fit_garch,
    run_garch,
    smooth_squares,
)
from tests.helpers.arrays import assert_close


def drawn(rng, garch, N):
    """Changes of this very recurrence, and their variances."""
    v = garch.rest / (1 - garch.push - garch.keep)
    unit = np.sqrt((garch.free - 2) / garch.free)
    changes, variances = np.empty(N), np.empty(N)
    for t, z in enumerate(rng.standard_t(garch.free, N) * unit):
        variances[t] = v
        changes[t] = garch.mean + np.sqrt(v) * z
        v = garch.rest + garch.push * (changes[t] - garch.mean) ** 2
        v += garch.keep * variances[t]
    return changes, variances


def test_a_deviation_is_the_recurrence_step_by_step(rng):
    changes = rng.normal(size=(60, 2))
    changes[30, 1] = np.nan
    found = smooth_squares(changes, 0.9)
    v = (changes[:FIRST] ** 2).mean(axis=0)
    for t, change in enumerate(changes):
        after = 0.9 * v + 0.1 * change**2
        v = np.where(np.isnan(change), v, after)
        assert_close(found[t], np.sqrt(v))


def test_a_change_that_is_missing_leaves_the_state(rng):
    changes = rng.normal(size=(60, 1))
    changes[40:50] = np.nan
    found = smooth_squares(changes)
    assert (found[39:50] == found[39]).all()
    late = np.full((60, 1), np.nan)
    late[30:] = changes[:30]
    assert np.isfinite(smooth_squares(late)).all()


def test_a_series_that_never_moves_has_a_deviation_above_zero():
    assert (smooth_squares(np.zeros((30, 1))) == 0).all()
    flat = np.zeros((500, 1))
    flat[:3] = 0.1
    assert (smooth_squares(flat) > 0).all()


@pytest.mark.parametrize("keep", [0.0, 1.0, -1.0])
def test_a_share_that_keeps_all_or_nothing_is_refused(keep):
    with pytest.raises(ValueError, match=r"^keep:"):
        smooth_squares(np.ones((3, 1)), keep)


def test_the_variances_are_those_that_changes_were_drawn_with(rng):
    garch = Garch(0.001, 2e-6, 0.1, 0.85, 6.0)
    changes, variances = drawn(rng, garch, 500)
    said = run_garch(garch, changes)
    assert_close(said[:-1], variances[1:], terms=100)


def test_a_fit_finds_what_changes_were_drawn_with(rng):
    """Within what 6,000 steps tell; a change a day is not one of them."""
    garch = Garch(0.0, 4e-6, 0.08, 0.88, 6.0)
    changes, _ = drawn(rng, garch, 6000)
    found = fit_garch(changes)
    assert abs(found.push - garch.push) < 0.03
    assert abs(found.push + found.keep - 0.96) < 0.03
    assert 4 < found.free < 9
    steady = fit_garch(rng.normal(size=3000))
    assert steady.push < 0.03


@pytest.mark.parametrize("changes", [np.ones(99), np.ones(200)])
def test_what_does_not_move_or_is_short_is_refused(changes):
    with pytest.raises(ValueError, match="changes: expected 100"):
        fit_garch(changes)
