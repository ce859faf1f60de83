"""What a table's values can be, and a forecast with it."""

import numpy as np
import pandas as pd
import pytest

from tests.helpers.arrays import assert_close

pytest.importorskip("torch")

from rnncore.apps.forecast import contest, pipeline
from rnncore.apps.forecast.ahead import forecast_ahead
from rnncore.forecast.plan import (
    LOG,
    ODDS,
    POSITIVE,
    REAL,
    ROOT,
    SHARE,
    bend,
    find_support,
    parts_of,
    plan_for,
    unbend,
)
from rnncore.storage.files import Refused


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda values: values + 0.5, REAL),
        (lambda values: values - 1, REAL),
        (lambda values: values, POSITIVE),
        (lambda values: values * 0.3, POSITIVE),
    ],
    ids=["halves", "below 0", "from 0", "no whole numbers"],
)
def test_values_are_measures_from_0_or_any_numbers(rng, change, expected):
    frame = pd.DataFrame(rng.poisson(0.8, (60, 12)).astype(float))
    assert find_support(change(frame)) == expected
    assert find_support(frame, REAL) == REAL


def dated(values):
    index = pd.date_range("2024-01-01", periods=len(values), freq="D")
    names = [f"s{k}" for k in range(values.shape[1])]
    return pd.DataFrame(values, index.rename("day"), names)


def shares(rows=250, series=3):
    """Log odds that go up and down between far below 0 and far above."""
    rng = np.random.default_rng(0)
    odds = np.zeros((rows, series))
    for t in range(1, rows):
        odds[t] = 0.97 * odds[t - 1] + rng.normal(size=series)
    return dated(1 / (1 + np.exp(-odds)))


def rain(rows=250, series=3):
    """A third of the days is dry; else it falls by the square."""
    rng = np.random.default_rng(0)
    wet = np.zeros((rows, series))
    for t in range(1, rows):
        wet[t] = 0.7 * wet[t - 1] + rng.normal(size=series)
    return dated(np.maximum(wet + 0.6, 0) ** 2)


def test_shares_of_a_whole_are_those_whose_log_odds_move_alike():
    assert find_support(shares()) == SHARE
    rng = np.random.default_rng(1)
    walk = rng.normal(size=(250, 2)).cumsum(axis=0)
    dollars = dated(0.5 * np.exp(0.02 * walk))  # of a currency: no share
    assert dollars.max(axis=None) < 1
    assert find_support(dollars) == REAL
    assert find_support(rain() / 50) == POSITIVE


@pytest.mark.parametrize(
    ("asked", "wrong", "message"),
    [
        (SHARE, 1.5, "numbers from 0 to 1, got 1.5"),
        (SHARE, -0.5, "numbers from 0 to 1, got -0.5"),
        (POSITIVE, -0.5, "numbers from 0 on, got -0.5"),
    ],
)
def test_what_is_no_share_or_below_0_is_refused(asked, wrong, message):
    frame = shares()
    frame.iloc[3, 0] = wrong
    with pytest.raises(Refused, match=f"support='{asked}': .*{message}"):
        find_support(frame, asked)


@pytest.mark.parametrize("link", ["", LOG, ROOT, ODDS])
def test_what_is_bent_comes_back(link):
    values = np.array([0.001, 0.2, 0.5, 1.0])
    assert_close(unbend(bend(values, link), link), values, terms=100)
    assert (np.diff(bend(values, link)) > 0).all()


def test_what_is_bent_keeps_within_its_ends():
    far = np.array([-1e3, 1e3])
    assert unbend(far, ODDS).tolist() == [0, 1]
    assert unbend(far, ROOT)[0] == 0
    assert_close(unbend(bend(np.array([0.0, 1.0]), ODDS), ODDS), [0, 1])
    for link, wrong in (LOG, 0.0), (ROOT, -1.0), (ODDS, 1.5):
        with pytest.raises(Refused, match=f"got {wrong:g}"):
            bend(np.array([0.5, wrong]), link)


@pytest.mark.parametrize(
    ("make", "support", "most"),
    [(shares, SHARE, 1.0), (rain, POSITIVE, np.inf)],
)
def test_no_forecast_is_where_no_value_can_be(make, support, most):
    """Of every kind of method; as real numbers some would be."""
    frame, outside = make(), 0
    real = plan_for(frame, 3, logs=False, history=6, units=4, steps=60)
    for plan in real, real._replace(support=support):
        split = parts_of(frame, plan)
        module, _ = pipeline.train(frame, plan, split)
        found = contest.compare(
            frame, plan, [module], among=["persistence"]
        )
        inside = found.table["inside 90%"]
        own = inside.xs("persistence", level="method").astype(float)
        assert 0.8 < own.mean() < 0.98
        for method in "drift", "ETS", "linear autoregression", "GRU":
            said, left = forecast_ahead(frame, plan, method, [module])
            assert not left
            q = np.stack([one.to_numpy() for one in said.values()])
            wrong = int(((q < 0) | (q > most)).sum())
            if plan.support == support:
                assert wrong == 0, method
            outside += wrong
    assert outside > 0


def test_a_series_beyond_its_ends_is_left_out_by_name():
    frame = shares()
    plan = plan_for(frame, 3, support=SHARE, logs=False)
    frame["s1"] += 1
    said, left = forecast_ahead(frame, plan, "drift")
    assert [*said] == ["s0", "s2"]
    assert "expected values from 0 to 1, got" in left["s1"]
