"""Tables of prices: how they are told, their faults, and their middle."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")

from rnncore.apps.forecast import contest, pipeline, scales
from rnncore.apps.forecast.ahead import forecast_ahead
from rnncore.data.series import google_share
from rnncore.forecast import prices
from rnncore.forecast.heads import quantile_head
from rnncore.forecast.plan import (
    PRICES,
    SEASON,
    STUDENT,
    ForecastPlan,
    parts_of,
    plan_for,
)
from rnncore.forecast.rivals import GOES_ALONG


def frame_of(values, names="p"):
    values = np.asarray(values, float).reshape(len(values), -1)
    days = pd.bdate_range("2000-01-03", periods=len(values)).to_numpy()
    columns = [*names][: values.shape[1]]
    return pd.DataFrame(values, pd.DatetimeIndex(days), columns)


def test_a_share_is_told_from_other_series(rng):
    share = google_share().to_numpy()
    assert prices.is_price_table(frame_of(share))
    split = np.where(np.arange(len(share)) < 400, 7 * share, share)
    assert prices.is_price_table(frame_of(split))
    steady = 50 * np.exp(np.cumsum(0.01 * rng.normal(size=1000)))
    assert not prices.is_price_table(frame_of(steady))  # no wild weeks
    season = 100 + 10 * np.sin(np.arange(1000) / 8) + rng.normal(size=1000)
    assert not prices.is_price_table(frame_of(season))
    assert not prices.is_price_table(frame_of(share - share.max()))
    assert not prices.is_price_table(frame_of(share[:200]))


def test_splits_jumps_and_still_prices_are_told(rng):
    walk = 50 * np.exp(np.cumsum(0.01 * rng.normal(size=400)))
    assert prices.list_faults(frame_of(walk)) == []
    walk[:100] *= 7
    walk[200:] *= 1.6
    walk[300:315] = walk[300]
    split, jump, still = prices.list_faults(frame_of(walk))
    assert "to 2000-05-22" in split
    assert "7 for 1 split" in split
    assert "to 2000-10-09" in jump
    assert "split" not in jump
    assert "15 equal prices" in still


def test_a_zero_among_prices_is_named(rng):
    share = google_share().to_numpy().copy()
    assert prices.list_zeros(frame_of(share)) == []
    share[500] = 0
    assert not prices.is_price_table(frame_of(share))
    (told,) = prices.list_zeros(frame_of(share))
    assert told.startswith("p: 0 at 2001-12-03 is no price")
    sold = rng.poisson(3, 1000).astype(float)
    assert prices.list_zeros(frame_of(sold)) == []


def plan_of(**more):
    usual = {"horizon": 2, "history": 6, "period": 1, "logs": True}
    return ForecastPlan(**(usual | {"scale": PRICES} | more))


def test_windows_of_prices_are_changes_over_what_was_known(rng):
    logs = np.cumsum(0.02 * rng.normal(size=80))
    at = np.array([40, 60])
    told = scales.tell_windows(logs, at, plan_of(), np.empty((80, 0)))
    unit = prices.find_deviations(logs)[at - 1]
    for b, t in enumerate(at):
        steps = np.diff(logs[t - 7 : t]) / unit[b]
        assert_close(told.windows.past[:, b, 0], steps)
        target = (logs[t : t + 2] - logs[t - 1]) / unit[b]
        assert_close(told.windows.target[:, b], target)
    assert_close(
        told.undo(told.windows.target), logs[at + np.array([[0], [1]])]
    )


def test_a_window_does_not_know_what_comes(rng):
    logs = np.cumsum(0.02 * rng.normal(size=80))
    other = logs.copy()
    other[40:] += 3
    at, none = np.array([40]), np.empty((80, 0))
    for plan in plan_of(), plan_of(scale=SEASON, period=4):
        one, two = (
            scales.tell_windows(v, at, plan, none) for v in (logs, other)
        )
        assert_close(one.windows.past, two.windows.past)
        assert_close(one.scaler.spread, two.scaler.spread)
        assert_close(one.base, two.base)


def test_differences_of_a_season_are_undone(rng):
    values = rng.normal(size=60)
    plan = plan_of(scale=SEASON, period=4, horizon=3)
    told = scales.tell_windows(
        values, np.array([30]), plan, np.empty((60, 0))
    )
    assert_close(told.undo(told.windows.target)[:, 0], values[30:33])
    assert_close(told.base[:, 0], values[26:29])


def test_a_head_of_prices_says_how_far_and_not_where_to(rng):
    levels = (0.1, 0.5, 0.9)
    head = scales.centre_head(quantile_head(levels))
    out = torch.tensor(rng.normal(size=(2, 3, 3)))
    assert head.quantiles(out, levels)[1].abs().max() == 0
    assert head.point(out).abs().max() == 0
    moved = out + 5.0
    target = torch.tensor(rng.normal(size=(2, 3)))
    assert_close(head.loss(out, target), head.loss(moved, target))


def test_what_no_network_has_learnt_is_what_ewma_says(rng):
    """Over k steps the deviation that is known, times the root of k."""
    logs = np.cumsum(0.02 * rng.normal(size=80))
    plan = plan_of(head=STUDENT, horizon=4)
    module = pipeline.build(plan, 0, 0)
    method = pipeline.network(module, plan, np.empty((84, 0)))
    q = np.log(method(np.exp(logs), 4)) - logs[-1]
    known = prices.find_deviations(logs)[-1] * np.sqrt(np.arange(1, 5))
    at = student.ppf(0.95, 6, scale=known * np.sqrt(4 / 6))
    assert_close(q[list(plan.levels).index(0.95)], at, within=1e-6)


@pytest.mark.slow
def test_a_network_of_prices_learns_how_wild_the_days_are(rng):
    """After a still week a wild one: EWMA forgets it, a loop can know."""
    wild = np.tile(np.repeat([1.0, 4.0], 4), 100)
    changes = 0.01 * wild * rng.normal(size=800)
    frame = frame_of(50 * np.exp(np.cumsum(changes)))
    plan = plan_of(head=STUDENT, horizon=1, history=24, steps=300)
    parts = parts_of(frame, plan)
    _, fit = pipeline.train(frame, plan, parts, seed=0)
    begun = pipeline.untrained_loss(frame, plan, parts, seed=0)
    assert min(fit.history.score) < begun - 0.1


def test_a_spread_that_goes_along_is_wide_when_days_are_wild(rng):
    calm = 0.005 * rng.normal(size=400)
    wild = calm.copy()
    wild[-15:] *= 8
    widths = []
    for changes in calm, wild:
        frame = frame_of(50 * np.exp(np.cumsum(changes)))
        said, _ = forecast_ahead(frame, plan_of(), GOES_ALONG)
        q = said["p"]
        assert_close(q["0.5"].to_numpy(), np.full(2, frame["p"].iloc[-1]))
        widths.append((q["0.95"] - q["0.05"]).iloc[0] / q["0.5"].iloc[0])
    assert widths[1] > 3 * widths[0]


def test_who_says_where_a_price_goes_has_to_be_ahead_of_today(rng):
    today = rng.uniform(1, 2, (3, 60))
    errors = {
        "persistence": today,
        GOES_ALONG: today,
        "GRU, their mean": today,
        "theta": today - 0.01 * rng.normal(size=today.shape),
        "drift": today - 0.3,
    }
    plan = plan_of()
    able = contest.list_able(errors, plan, 1)
    assert able == ["persistence", GOES_ALONG, "GRU, their mean", "drift"]
    assert contest.says_where("drift", plan)
    assert not contest.says_where("GRU, their mean", plan)
    plain = plan_for(frame_of(rng.normal(size=100)), 2)
    assert contest.list_able(errors, plain, 1) == [*errors]


def test_calm_and_wild_days_are_told_apart(rng):
    """One spread for all days is too wide for calm ones, too narrow else.

    Wild are those of which the day before was known to be wild.
    """
    moving = np.where(np.arange(1500) // 60 % 2, 0.03, 0.004)
    changes = moving * rng.normal(size=1500)
    frame = frame_of(50 * np.exp(np.cumsum(changes)))
    plan = plan_of(levels=(0.05, 0.5, 0.95))
    rows = ["persistence", GOES_ALONG]
    found = contest.compare(frame, plan, [], most=140, among=rows).table
    calm, wild = (
        found[name].xs("p").astype(float)
        for name in ("calm 90%", "wild 90%")
    )
    assert calm["persistence"] > 0.97
    assert wild["persistence"] < 0.9
    gap = (calm - wild).abs()
    assert gap[GOES_ALONG] < gap["persistence"] / 2
    steady = contest.compare(
        frame, plan._replace(scale="levels"), [], most=4, among=rows[:1]
    )
    assert "calm 90%" not in steady.table
