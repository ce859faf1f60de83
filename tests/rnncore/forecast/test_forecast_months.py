"""The days of each month, by hand and by the calendar's own module."""

import calendar

import numpy as np
import pandas as pd

from rnncore.apps.forecast.months import trading_days
from tests.helpers.arrays import assert_close

MONTHS = pd.date_range("2018-01-01", periods=24, freq="MS")


def test_the_days_of_a_month_are_counted_from_monday_on():
    usual = np.array([*[365.25 / 84] * 7, 1 / 12])
    found = trading_days(MONTHS) + usual
    for month, row in zip(MONTHS, found, strict=True):
        weeks = calendar.monthcalendar(month.year, month.month)
        by_hand = (np.array(weeks) > 0).sum(axis=0)
        assert_close(row[:7], by_hand)
    easter = dict(zip(MONTHS.strftime("%Y-%m"), found[:, 7], strict=True))
    # 30 March to 2 April 2018; 19 to 22 April 2019
    assert_close(easter["2018-03"], 0.5)
    assert_close(easter["2018-04"], 0.5)
    assert_close(easter["2019-04"], 1.0)
    assert_close(sum(easter.values()), 2.0)
