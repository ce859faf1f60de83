"""The days of each month, by hand and by the calendar's own module."""

import calendar

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.forecast.trading import (
    find_holidays,
    public_holidays,
    trading_days,
)
from rnncore.storage.files import Refused
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


def test_public_holidays_are_counted_by_step_and_place():
    days = pd.date_range("2018-03-30", periods=4, freq="D")  # Good Friday
    assert public_holidays(days, "DE")[:, 0].tolist() == [1, 0, 0, 1]
    assert public_holidays(days, "au-nsw")[:, 0].tolist() == [1, 1, 1, 1]
    hours = pd.date_range("2018-12-31 22:00", periods=4, freq="h")
    assert public_holidays(hours, "DE")[:, 0].tolist() == [0, 0, 1, 1]
    weeks = pd.date_range("2018-12-23", periods=2, freq="W-SUN")
    assert public_holidays(weeks, "DE")[:, 0].tolist() == [0, 2]
    months = public_holidays(MONTHS[:12], "DE")[:, 0]
    year = [day for day in find_holidays("DE", range(2018, 2019))]
    by_hand = [sum(d.month == m for d in year) for m in range(1, 13)]
    assert months.tolist() == by_hand
    assert months.sum() == len(year) >= 9


@pytest.mark.parametrize("place", ["XX", "DE-XX", "", "germany and more"])
def test_a_place_that_is_not_known_is_refused(place):
    with pytest.raises(Refused, match=r"^--holidays: expected a country"):
        public_holidays(MONTHS, place)
