"""A price's spread goes along with how wild its days are."""

import numpy as np

from rnncore.forecast.plan import PRICES, ForecastPlan
from rnncore.forecast.rivals import GOES_ALONG, list_rivals
from tests.helpers.arrays import assert_close


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
