"""Who is ahead, who forecasts, and what is left out with its name."""

import numpy as np
import pandas as pd
import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")

from rnncore.apps.forecast import contest, entrants
from rnncore.apps.forecast.ahead import forecast_ahead
from rnncore.forecast.plan import ForecastPlan, parts_of, plan_for
from rnncore.forecast.rivals import Rival
from rnncore.storage.files import Refused

PLAN = ForecastPlan(3, 14, 7)


def table(*series, freq="D"):
    index = pd.date_range("2024-01-01", periods=len(series[0]), freq=freq)
    index.name = "day"
    named = {f"s{k}": values for k, values in enumerate(series)}
    return pd.DataFrame(named, index=index, dtype=float)


def noise(rows=120, seed=0):
    return np.random.default_rng(seed).normal(size=rows) + 20


def losses(**by_name):
    return {
        name: np.asarray(values, float)[None]
        for name, values in by_name.items()
    }


def test_the_lowest_score_on_validation_forecasts():
    found = contest.choose(
        losses(ETS=[1, 1, 1], theta=[0.9, 1.2, 0.6], GRU=[2, 2, 2]), PLAN, 1
    )
    assert found.method == "theta"
    assert_close(found.scores["ETS"], 1.0)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ([0.5] * 12, "GRU"),  # ahead, surely
        ([0.1, 2.0, 1.9, 0.2, 0.3, 1.0] * 2, "ETS"),  # perhaps by chance
        ([1.5] * 12, "ETS"),
    ],
)
def test_a_network_has_to_be_ahead_by_more_than_chance(network, expected):
    found = contest.choose(losses(ETS=[1.0] * 12, GRU=network), PLAN, 1)
    assert found.method == expected


def test_methods_are_compared_on_the_series_of_both():
    nan = np.nan
    found = {
        "persistence": np.array([[1.0, 1.0], [9.0, 9.0]]),
        "ETS": np.array([[2.0, 2.0], [nan, nan]]),  # worse, of an easy one
    }
    assert contest.choose(found, PLAN, 1).method == "persistence"
    assert_close(contest.mean_of(found["ETS"]), 2.0)


def test_slow_rivals_are_scored_on_a_sample(monkeypatch):
    monkeypatch.setattr(contest, "SAMPLE", 2)
    frame = table(*(noise(60, k) for k in range(4)))
    plan = plan_for(frame, 3, logs=False)
    slow, chosen = contest.sample(plan, list(frame))
    assert (slow, chosen) == (["ETS", "ARIMA"], ["s0", "s3"])
    counted = []

    def progress(todo):
        counted.extend(todo)
        return todo

    found = contest.compare(
        frame, plan, [], most=1, progress=progress, among=["drift", "ETS"]
    )
    assert len(counted) == 4 + 2
    assert np.isnan(found.losses["ETS"][1:3]).all()
    assert np.isfinite(found.losses["drift"]).all()


@pytest.mark.parametrize("method", ["persistence", "theta", "ETS"])
def test_in_logarithms_a_rival_forecasts_in_percent(method):
    """Twice the values, twice the forecast; never below 0."""
    frame = table(np.exp(noise(120) / 5 - 3))
    plan = plan_for(frame, 3, logs=True)
    said, _ = forecast_ahead(frame, plan, method)
    twice, _ = forecast_ahead(2 * frame, plan, method)
    assert (said["s0"] > 0).all(axis=None)
    assert np.abs(twice["s0"] / said["s0"] - 2).max(axis=None) < 0.02


def test_logarithms_are_taken_where_changes_are_in_percent():
    t = np.arange(240)
    season = 1 + 0.3 * np.sin(2 * np.pi * t / 12)
    rng = np.random.default_rng(0)
    grows = (
        10 * np.exp(t / 60) * season * np.exp(0.05 * rng.normal(size=240))
    )
    adds = 100 + 9 * season + rng.normal(size=240)
    assert plan_for(table(grows, freq="MS"), 3).logs
    assert not plan_for(table(adds, freq="MS"), 3).logs
    assert not plan_for(table(np.append(0, grows[1:]), freq="MS"), 3).logs
    with pytest.raises(Refused, match="logs: expected values above 0"):
        plan_for(table(grows - 50, freq="MS"), 3, logs=True)


def test_a_series_that_never_moves_goes_on_and_is_not_scored():
    frame = table(noise(), np.full(120, 7.0))
    plan = plan_for(frame, 3)
    assert contest.scored(frame, plan) == ["s0"]
    said, left = forecast_ahead(frame, plan, "ETS")
    assert (said["s1"] == 7).all(axis=None)
    assert not left


def test_a_series_that_ended_is_neither_scored_nor_forecast():
    frame = table(noise(), noise(seed=1))
    frame.iloc[70:, 1] = np.nan
    plan = plan_for(frame, 3)
    assert contest.scored(frame, plan) == ["s0"]
    said, left = forecast_ahead(frame, plan, "linear autoregression")
    assert [*said] == ["s0"]
    assert left == {"s1": "it ended before the others"}
    assert np.isfinite(said["s0"]).all(axis=None)


def test_an_unknown_method_is_named_with_those_there_are():
    frame = table(noise())
    with pytest.raises(
        Refused, match=r"expected one of persistence, .*'oracle'"
    ):
        forecast_ahead(frame, plan_for(frame, 3), "oracle")


def test_what_is_scored_was_fitted_to_what_stands_before():
    """A shock in the test moves no forecast made before it."""
    frame = table(noise(), noise(seed=1))
    plan = plan_for(frame, 3, logs=False)
    part = parts_of(frame, plan).validation
    spoilt = frame.copy()
    spoilt.iloc[part.stop :] += 1e3
    one, other = (
        contest.compare(f, plan, [], part=part, most=2).losses
        for f in (frame, spoilt)
    )
    assert [*one] == [*other]
    for name, scores in one.items():
        assert_close(scores, other[name])


def test_a_short_table_has_rivals_all_the_same():
    frame = table(noise(51))
    plan = plan_for(frame, 8)
    found = contest.compare(frame, plan, []).table.xs("s0")
    assert {"persistence", "theta", "ETS"} <= set(found.index)
    assert found["inside 90%"].notna().all()
    assert found["CRPS"].notna().all()


def test_a_rival_that_cannot_be_fitted_is_not_scored(monkeypatch):
    """As ARIMA to values that go up and down by rule alone."""
    frame = table((-1.0) ** np.arange(120) * np.arange(120))
    plan = plan_for(frame, 3)

    def fail(history):
        raise np.linalg.LinAlgError

    real = entrants.list_rivals
    monkeypatch.setattr(
        entrants,
        "list_rivals",
        lambda *given: real(*given) | {"ARIMA": Rival(fail, 12)},
    )
    found = contest.compare(frame, plan, [], most=2).table.loc["s0"]
    assert "theta" in found.index
    assert "ARIMA" not in found.index
