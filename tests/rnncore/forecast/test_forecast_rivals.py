"""Rivals: forecasts without a network, each with a spread of its own."""

import numpy as np
import pytest

from tests.helpers.arrays import assert_close

pytest.importorskip("statsmodels")

from rnncore.forecast.classical import drift
from rnncore.forecast.plan import NINE, ForecastPlan
from rnncore.forecast.rivals import (
    ask_theta,
    draw_line,
    fit_ets,
    fit_theta,
    list_rivals,
    repeat_last,
    repeat_profile,
    repeat_season,
    spread_errors,
    with_own_errors,
)
from rnncore.sequence import persistence, seasonal_naive

VALUES = np.random.default_rng(0).normal(size=80).cumsum() + 30
AT = np.array([30, 51, 80])


@pytest.mark.parametrize(
    ("everywhere", "method"),
    [
        (repeat_last, persistence),
        (draw_line, drift),
        (
            lambda v, at, k: repeat_season(v, at, k, 7),
            lambda v, k: seasonal_naive(v, k, 7),
        ),
    ],
    ids=["persistence", "drift", "seasonal naive"],
)
def test_forecasts_everywhere_are_those_of_one_past_each(
    everywhere, method
):
    said = everywhere(VALUES, AT, 9)
    by_hand = [method(VALUES[:t], 9) for t in AT]
    assert_close(said, np.stack(by_hand, axis=1))


def test_a_profile_is_a_share_of_the_level():
    week = np.array([3.0, 4, 4, 5, 7, 9, 1])
    values = np.concatenate([np.tile(week, 4), np.tile(2 * week, 4)])
    said = repeat_profile(values, np.array([56]), 9, 7)
    assert_close(said[:, 0], np.tile(2 * week, 2)[:9])
    added = repeat_profile(values, np.array([28]), 7, 7, share=False)
    assert_close(added[:, 0], week)
    empty = repeat_profile(np.zeros(56), np.array([56]), 3, 7)
    assert empty.tolist() == [[0], [0], [0]]


@pytest.mark.parametrize("period", [1, 7])
def test_theta_is_that_of_statsmodels(period):
    """With our smoothing, and the same season, if any."""
    from statsmodels.tsa.forecasting.theta import ThetaModel

    t = np.arange(80)
    values = VALUES + 12 * np.sin(2 * np.pi * t / 7) * (period > 1)
    model = fit_theta(values, period)
    said = ask_theta(model, values, np.array([80]), 6)[:, 0]
    rest = values - np.resize(model.season, 80)
    fit = ThetaModel(rest, deseasonalize=False).fit()
    season = np.resize(model.season, 86)[80:]
    theirs = np.asarray(fit.forecast(6)) + season
    assert np.abs(said - theirs).max() < 0.1 * values.std()
    assert (np.ptp(model.season) > 0) == (period > 1)


def test_theta_looks_at_nothing_after_its_origin():
    model = fit_theta(VALUES, 1)
    spoilt = VALUES.copy()
    spoilt[51:] = 1e6
    said = ask_theta(model, spoilt, np.array([51]), 4)
    assert_close(said, ask_theta(model, VALUES, np.array([51]), 4))


def test_the_spread_is_that_of_past_errors_at_each_horizon():
    method = with_own_errors(repeat_last, NINE)
    said = method(VALUES, 3)
    assert_close(said[4], np.full(3, VALUES[-1]))
    for k in range(3):
        ends = np.arange(1, 80 - 3 + 1)
        errors = VALUES[ends + k] - VALUES[ends - 1]
        low = np.quantile(errors, 0.05, method="weibull")
        assert_close(said[1, k], VALUES[-1] + min(low, 0))
    assert np.ptp(said[:, 2]) > np.ptp(said[:, 0])  # further: less sure


@pytest.mark.parametrize("count", [6, 20, 60, 200])
def test_nine_of_ten_further_errors_lie_inside(count):
    rng = np.random.default_rng(count)
    errors = rng.normal(size=(4000, count + 1))
    around = spread_errors(errors[:, :count], (0.05, 0.5, 0.95))
    new = errors[:, -1]
    inside = ((around[0] <= new) & (new <= around[2])).mean()
    assert 0.88 < inside < 0.92


def test_the_form_of_smoothing_is_that_of_the_series():
    rng = np.random.default_rng(0)
    t = np.arange(120)
    flat = fit_ets(rng.normal(size=120), 7, 200).form
    assert (flat["trend"], flat["seasonal"]) == (None, None)
    season = 9 * np.sin(2 * np.pi * t / 7) + rng.normal(size=120)
    assert fit_ets(season, 7, 200).form["seasonal"] == "add"
    steep = 3.0 * t + rng.normal(size=120)
    assert fit_ets(steep, 1, 200).form["trend"] == "add"
    with pytest.raises(ValueError, match="values: expected 8, got 5"):
        fit_ets(steep[:5], 1, 200)


def test_a_rival_never_sees_what_comes():
    plan = ForecastPlan(3, 14, 7, levels=NINE)
    values = np.resize([30.0, 40, 41, 52, 70, 90, 10], 120)
    values += np.random.default_rng(0).normal(size=120)
    spoilt = np.append(values[:100], [1e6] * 20)
    for name, rival in list_rivals(plan, True).items():
        method = rival.fit(values[:90])
        said = method(values[:100], 3)
        again = rival.fit(spoilt[:90])(spoilt[:100], 3)
        assert_close(said, again)
        assert np.isfinite(said).all(), name
