"""What a table's values can be, and a forecast with it."""

import numpy as np
import pandas as pd
import pytest

from tests.helpers.arrays import assert_close

pytest.importorskip("torch")

from rnncore.forecast import supports
from rnncore.forecast.forking import Series
from rnncore.forecast.plan import ForecastPlan, find_support, parts_of
from rnncore.storage.files import Refused

K = 3
PLAN = ForecastPlan(K, 6, 1, units=6, steps=60, support=supports.COUNTS)
LEVELS = 0.05, 0.5, 0.95


@pytest.fixture(name="frame")
def sold(rng):
    rates = rng.exponential(0.8, 12)
    values = rng.poisson(rates, (60, 12)).astype(float)
    values[:9, 0] = np.nan
    values[-5:, 1] = np.nan
    return pd.DataFrame(values, columns=[f"item {k}" for k in range(12)])


def series_of(frame):
    values = frame.to_numpy()
    known = np.zeros((len(values) + K, values.shape[1], 1))
    return Series(values, known)


def test_small_whole_numbers_from_0_are_counts(frame):
    assert find_support(frame) == supports.COUNTS
    assert "(--support real)" in supports.tell_support(frame)
    assert find_support(frame, supports.REAL) == supports.REAL


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values + 0.5,
        lambda values: values - 1,
        lambda values: values * 1000,
        lambda values: values + 1,
    ],
    ids=["halves", "below 0", "large", "no 0"],
)
def test_others_are_real_numbers(frame, change):
    assert find_support(change(frame)) == supports.REAL


def test_counts_that_are_none_are_refused(frame):
    with pytest.raises(Refused, match=r"whole numbers from 0, got 0.5"):
        find_support(frame * 0 + 0.5, supports.COUNTS)
    large = frame * 1000
    assert find_support(large, supports.COUNTS) == supports.COUNTS


def test_means_of_quantiles_are_settled_on_whole_numbers():
    q = np.array([-0.3, 0.4, 1.7])
    assert supports.settle(q, supports.COUNTS).tolist() == [0, 0, 2]
    assert supports.settle(q, supports.INFLATED).tolist() == [0, 0, 2]
    assert supports.settle(q, supports.REAL).tolist() == q.tolist()


@pytest.mark.slow
def test_a_network_for_counts_trains_and_forecasts_whole_numbers(frame):
    split, series = parts_of(frame, PLAN), series_of(frame)
    begun = supports.measure_untrained(series, PLAN, split, 0)
    module, fit = supports.train(series, PLAN, split, 0)
    assert min(fit.history.score) < begun
    known = series.known[:, 2]
    method = supports.as_method(module, PLAN, LEVELS, known)
    values = frame["item 2"].to_numpy()
    said = method(values, K)
    assert said.shape == (3, K)
    assert (said >= 0).all()
    assert (said == said.round()).all()
    later = values.copy()
    later[40:] = 99
    assert_close(method(values[:40], K), method(later[:40], K))
    with pytest.raises(ValueError, match="horizon: expected 3, got 4"):
        method(values, 4)


@pytest.mark.slow
def test_training_knows_nothing_of_the_test(frame):
    split, series = parts_of(frame, PLAN), series_of(frame)
    _, fit = supports.train(series, PLAN, split, 0)
    other = series.values.copy()
    other[split.test.start :] += 7
    _, same = supports.train(series._replace(values=other), PLAN, split, 0)
    assert same.history == fit.history
    supports.refit(series, PLAN, 20, 0)


@pytest.mark.slow
def test_more_zeros_are_chosen_where_there_are_more(rng, frame):
    often = rng.poisson(6.0, (60, 40)) * (rng.random((60, 40)) < 0.5) * 1.0
    series = Series(often, np.zeros((60 + K, 40, 0)))
    split = parts_of(frame, PLAN)
    plan = PLAN._replace(steps=150)
    found = supports.choose_zeros(series, plan, split, 0)
    assert found == supports.INFLATED
    even = Series(rng.poisson(6.0, (60, 40)) * 1.0, series.known)
    assert supports.choose_zeros(even, plan, split, 0) == supports.COUNTS
