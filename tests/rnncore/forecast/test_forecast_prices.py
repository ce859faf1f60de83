"""Tables of prices: how they are told, their faults, their spread."""

import numpy as np
import pandas as pd

from rnncore.data.series import google_share
from rnncore.forecast import prices
from rnncore.forecast.plan import PRICES, ForecastPlan
from rnncore.forecast.rivals import GOES_ALONG, list_rivals
from tests.helpers.arrays import assert_close


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


def test_a_spread_that_goes_along_is_wide_when_days_are_wild(rng):
    plan = ForecastPlan(2, 6, 1, logs=True, scale=PRICES)
    calm = 0.005 * rng.normal(size=400)
    wild = calm.copy()
    wild[-15:] *= 8
    widths = []
    for changes in calm, wild:
        logs = np.log(50) + np.cumsum(changes)
        q = list_rivals(plan, True)[GOES_ALONG].fit(logs)(logs, 2)
        assert_close(q[len(q) // 2], np.full(2, logs[-1]))
        widths.append(q[-2, 0] - q[1, 0])
    assert widths[1] > 3 * widths[0]
