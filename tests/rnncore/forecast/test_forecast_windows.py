"""Windows, splits and scalers: nothing of the future gets in."""

import numpy as np
import pytest

from rnncore.forecast.covariates import (
    calendar,
    climatology,
    fit_climate,
    waves,
)
from rnncore.forecast.windows import (
    Windows,
    changes,
    cut,
    fit_scaler,
    join,
    origins,
    scaled,
    scaled_by_past,
    split_by_time,
    unscaled,
)
from tests.helpers.arrays import assert_close

pd = pytest.importorskip("pandas")


def test_a_window_by_hand():
    values = np.array([10.0, 11, 12, 13, 14, 15])
    seen = np.array([[0.0], [1], [2], [3], [4], [5]])
    past, known, target = cut(values, np.array([3, 4]), 2, 2, seen)
    assert past[:, 0].tolist() == [[11, 1], [12, 2]]
    assert past[:, 1].tolist() == [[12, 2], [13, 3]]
    assert target.T.tolist() == [[13, 14], [14, 15]]
    assert known[..., 0].T.tolist() == [[3, 4], [4, 5]]


def test_without_covariates_there_is_room_for_none():
    windows = cut(np.arange(9.0), np.array([4, 5, 6]), 3, 2)
    assert [a.shape for a in windows] == [(3, 3, 1), (2, 3, 0), (2, 3)]


def test_a_window_that_leaves_the_series_is_refused():
    for at in (1, 8):
        with pytest.raises(
            ValueError, match=f"origins: .* 2 to 7, got {at}"
        ):
            cut(np.arange(9.0), np.array([at]), 2, 2)
    with pytest.raises(ValueError, match=r"covariates: expected \(9, F\)"):
        cut(np.arange(9.0), np.array([4]), 2, 2, np.zeros((8, 1)))


def test_the_parts_follow_each_other_and_miss_nothing():
    split = split_by_time(100, 20, 30)
    assert [*split.training, *split.validation, *split.test] == list(
        range(100)
    )
    assert split.test == range(70, 100)
    with pytest.raises(
        ValueError, match=r"steps: expected more than 60 \+"
    ):
        split_by_time(100, 60, 40)


@pytest.mark.parametrize("seed", range(5))
def test_no_step_is_a_target_in_two_parts(seed):
    rng = np.random.default_rng(seed)
    history, horizon = rng.integers(1, 9, size=2)
    split = split_by_time(120, 30, 40)
    targets = [
        {
            t + k
            for t in origins(part, history, horizon)
            for k in range(horizon)
        }
        for part in split
    ]
    for part, steps in zip(split, targets, strict=True):
        assert steps <= set(part)
    assert max(split.training) in targets[0]  # and none is wasted
    assert min(split.test) in targets[2]


def test_a_later_value_changes_no_window_that_ends_before_it():
    rng = np.random.default_rng(0)
    values = rng.normal(size=50)
    split = split_by_time(50, 10, 15)
    later = values.copy()
    later[split.test.start :] += 100

    def fed(v):
        scaler = fit_scaler(v[: split.training.stop])
        at = origins(split.training, 4, 3)
        return cut(scaled(v, scaler), at, 4, 3)

    for a, b in zip(fed(values), fed(later), strict=True):
        assert np.array_equal(a, b)


def test_origins_can_be_thinned_and_need_room():
    assert origins(range(10, 20), 4, 3, every=3).tolist() == [10, 13, 16]
    assert origins(range(10), 4, 3).tolist() == [4, 5, 6, 7]
    with pytest.raises(ValueError, match="part: expected room for 4"):
        origins(range(10, 12), 4, 3)
    with pytest.raises(ValueError, match="history, horizon, every"):
        origins(range(10), 0, 3)


def test_a_scaler_goes_there_and_back():
    values = np.array([[1.0, 5], [3, 5], [5, 5]])
    scaler = fit_scaler(values)
    assert_close(scaled(values, scaler)[:, 0], [-(1.5**0.5), 0, 1.5**0.5])
    assert np.array_equal(scaled(values, scaler)[:, 1], np.zeros(3))
    assert_close(unscaled(scaled(values, scaler), scaler), values)


def test_each_window_in_units_of_its_own_past_alone():
    one = cut(np.array([1.0, 2, 3, 9]), np.array([3]), 3, 1)
    many = cut(1000 + 50 * np.array([1.0, 2, 3, 9]), np.array([3]), 3, 1)
    windows, scaler = scaled_by_past(join([one, many]))
    # alike in form, alike in the network's eyes
    assert_close(windows.past[:, 0], windows.past[:, 1])
    assert_close(windows.target[:, 0], windows.target[:, 1])
    assert_close(unscaled(windows.target, scaler), np.array([[9, 1450.0]]))
    far = one._replace(target=one.target + 1e6)
    assert np.array_equal(scaled_by_past(far)[0].past, windows.past[:, :1])


def test_a_past_that_stands_still_has_the_least_spread():
    still = cut(np.array([5.0, 5, 5, 6]), np.array([3]), 3, 1)
    assert scaled_by_past(still)[1].spread == 1
    calm = cut(np.array([5.0, 5.001, 5, 6]), np.array([3]), 3, 1)
    assert scaled_by_past(calm, least=0.5)[1].spread == 0.5


def test_changes_by_hand():
    window = cut(
        np.array([2.0, 5, 4, 7, 9]), np.array([3]), 3, 2, np.eye(5)[:, :1]
    )
    past, known, target = changes(window)
    assert past[:, 0].tolist() == [[3, 5, 0], [-1, 4, 0]]
    assert known[:, 0].tolist() == [[4, 0], [4, 0]]
    assert target[:, 0].tolist() == [3, 5]  # from the last value, 4
    with pytest.raises(ValueError, match="past: expected at least 2"):
        changes(Windows(window.past[:1], window.known, window.target))


def test_the_calendar_has_the_cycles_that_the_dates_have():
    sizes = {"h": 6 + 7 + 4, "D": 7 + 4, "W": 4, "MS": 4, "YS": 0}
    for step, F in sizes.items():
        index = pd.date_range("2023-01-01", periods=30, freq=step)
        assert calendar(index).shape == (30, F), step
    days = calendar(pd.date_range("2024-01-01", periods=14))  # a Monday
    assert days[:7, :7].tolist() == np.eye(7).tolist()
    with pytest.raises(ValueError, match="index: expected 2 dates, got 1"):
        calendar(pd.date_range("2024-01-01", periods=1))


def test_midnight_lies_next_to_eleven_at_night():
    hours = calendar(pd.date_range("2024-01-01", periods=48, freq="h"))[
        :, :6
    ]
    away = np.linalg.norm(hours - hours[0], axis=1)
    assert_close(away[23], away[1])
    assert_close(away[24], 0, scale=1)
    assert away[12] > 2 * away[1]


def test_waves_turn_as_often_as_they_say():
    once, _, twice, _ = waves(np.array([0, 0.25, 0.5]), 2)
    assert_close(once, [0, 1, 0])
    assert_close(twice, [0, 0, 0], scale=1)


def test_a_climate_knows_a_day_by_its_date_alone():
    index = pd.date_range("2001-01-01", periods=365 * 3)
    phase = (index.day_of_year - 1) / 365.25
    values = 10 - 8 * np.cos(2 * np.pi * np.asarray(phase))
    climate = fit_climate(values, index)
    later = pd.DatetimeIndex(["2011-01-01", "2011-07-02"])
    assert_close(climatology(climate, later), [2, 18], within=0.01)
