"""Simple forecasts of counts."""

import numpy as np
import pytest

from tests.helpers.arrays import assert_close

pytest.importorskip("torch")

from tools.train.ch11.methods.intermittent import (
    choose_rivals,
    forecast_by_missed_sales,
    forecast_demand,
    forecast_level,
    forecast_level_and_season,
    forecast_past_values,
    list_rivals,
    list_stock_rules,
    quantiles_of,
    smooth,
)

LEVELS = 0.05, 0.5, 0.95
NUMBERS = np.arange(31)


def sold(rng, N=40, S=6):
    return rng.poisson(rng.exponential(0.6, S), (N, S)).astype(float)


def every(period):
    rivals = list_rivals(period)
    rivals |= {"missed sales": list_stock_rules(period)}
    return [
        (name, next(iter(settings.values())))
        for name, settings in rivals.items()
    ]


@pytest.mark.parametrize(("name", "method"), every(5))
def test_each_is_a_distribution(name, method, rng):
    y = sold(rng)
    p = method(y, 7, 30)
    assert p.shape == (7, 6, 31)
    assert_close(p.sum(-1), np.ones((7, 6)), terms=1000)
    quantiles = quantiles_of(p, LEVELS)
    assert (quantiles >= 0).all()
    assert (quantiles[1:] >= quantiles[:-1]).all()


def test_smoothing_moves_by_a_share_and_rests_where_nothing_is_known():
    y = np.array([[4.0, np.nan], [0.0, np.nan], [2.0, 1.0]])
    found = smooth(y, 0.5, np.array([0.0, 3.0]))
    assert_close(found, np.array([1.5, 2.0]))


def test_past_values_weigh_less_the_older_they_are():
    y = np.array([[3.0], [0.0], [1.0]])
    p = forecast_past_values(y, 2, 4, decay=0.5, own=1.0)
    assert_close(p[0, 0], np.array([2, 4, 0, 1, 0]) / 7)
    y = np.array([[3.0, 0], [0, 0]])
    p = forecast_past_values(y, 1, 3, decay=1.0, own=0.5)
    assert_close(p[0, 0], np.array([5, 0, 0, 3]) / 8)


def test_past_values_by_season_know_their_phase(rng):
    y = np.tile([[0.0], [5.0]], (6, 1))
    p = forecast_past_values(y, 3, 6, 0.9, 1.0, period=2)
    assert_close(p[:, 0, 0], np.array([1.0, 0.0, 1.0]))


def test_an_item_that_no_one_buys_fades_but_not_its_size():
    y = np.zeros((60, 2))
    y[::2] = 6
    y[30:, 0] = 0
    means = (forecast_demand(y, 1, 200, 0.2, 0.5)[0] * np.arange(201)).sum(
        -1
    )
    assert means[0] < 0.1
    assert 2.4 < means[1] < 3.6


def test_a_level_follows_and_its_mean_is_that_of_the_forecast(rng):
    y = np.concatenate([np.zeros((40, 3)), np.full((30, 3), 4.0)])
    p = forecast_level(y, 1, 400, 0.3, 1.0)
    assert np.abs((p * np.arange(401)).sum(-1) - 4).max() < 0.01


def test_a_season_is_found(rng):
    rates = np.array([0.2, 0.2, 3.0])[np.arange(90) % 3]
    y = rng.poisson(rates[:, None], (90, 30)).astype(float)
    p = forecast_level_and_season(y, 3, 60, 0.05, 0.5, period=3)
    means = (p * np.arange(61)).sum(-1).mean(1)
    assert np.abs(means - [0.2, 0.2, 3.0]).max() < 0.4


def test_missed_sales_are_told_as_zeros_and_leave_the_level(rng):
    """Of products that are out of stock half of the time, by long spells."""
    stock = np.repeat(rng.random((20, 60)) < 0.5, 20, axis=0)
    y = rng.poisson(2.0 * stock).astype(float)
    y[-20:, :30] = rng.poisson(2.0, (20, 30))
    y[-20:, 30:] = 0
    p = forecast_by_missed_sales(y, 1, 30, 0.05, 0.05, 4.0, 5)[0]
    means = p @ np.arange(31)
    assert abs(means[:30].mean() - 2 * 0.975) < 0.25  # a spell may end
    assert means[30:].mean() < 0.2
    later = forecast_by_missed_sales(y, 40, 30, 0.05, 0.05, 4.0, 5)[-1]
    assert (later[30:] @ np.arange(31)).mean() > 0.5  # half of the level


def test_settings_are_chosen_where_nothing_is_scored(rng):
    y = sold(rng, 60, 40)
    y[30:] = rng.poisson(3.0, (30, 40))  # a level that moved
    chosen = choose_rivals(y, [34], 4, list_rivals())
    assert chosen["SES"].setting[0] == 0.3
    y[38:] = 1e3
    again = choose_rivals(y[:38], [34], 4, list_rivals())
    assert again["SES"].setting == chosen["SES"].setting
