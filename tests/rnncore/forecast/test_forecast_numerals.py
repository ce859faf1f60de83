"""Numbers as tables have them, and cells that are empty."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.forecast.numerals import fill_gaps, read_numbers
from rnncore.storage.files import Refused
from tests.helpers.arrays import assert_close

NAN = float("nan")


def read(*texts, decimal=None):
    column = pd.Series(texts, index=range(2, 2 + len(texts)), name="sold")
    (numbers,), mark = read_numbers(Path("a.csv"), [column], decimal)
    return numbers.tolist(), mark


@pytest.mark.parametrize(
    ("texts", "numbers", "mark"),
    [
        (("1.5", "2", "-3.25"), [1.5, 2, -3.25], "."),
        (("1,5", "2", "-1,9"), [1.5, 2, -1.9], ","),
        (("1.234,5", "12.000"), [1234.5, 12000], ","),
        (("1,234.5", "12,000"), [1234.5, 12000], "."),
        (("1,234,567", "1,234"), [1234567, 1234], "."),
        (("1.234.567", "1.234"), [1234567, 1234], ","),
        (("1 234,5", "1\u202f234", "12'345"), [1234.5, 1234, 12345], ","),
        (("0,125", "1,250"), [0.125, 1.25], ","),
        (("1.234", "2.500"), [1.234, 2.5], "."),
        (("\u22124,5",), [-4.5], ","),
        (("1e3", " 2.5e-1 "), [1000, 0.25], "."),
    ],
)
def test_the_decimal_mark_is_found_where_it_is_clear(texts, numbers, mark):
    assert read(*texts) == (numbers, mark)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("5", "1,234"), r"line 3: sold: '1,234' may .*--decimal"),
        (("1,5", "2.5"), r"line 2: .* line 3: .*--decimal"),
        (("1.5", "many"), "line 3: sold: expected a number, got 'many'"),
        (("1,5", "2,34,5.1"), "--decimal|expected a number"),
        (("inf",), "expected a number, got 'inf'"),
    ],
)
def test_what_is_unclear_is_refused_with_its_line(texts, message):
    with pytest.raises(Refused, match=message):
        read(*texts)


def test_what_is_unclear_can_be_said():
    assert read("1,234", decimal=",")[0] == [1.234]
    assert read("1,234", decimal=".")[0] == [1234]
    assert read("1.234", decimal=",")[0] == [1234]
    with pytest.raises(Refused, match=r"got '1,5'; --decimal ','"):
        read("1,5", decimal=".")


def test_an_empty_cell_is_no_number():
    for text in "", " ", "NA", "NaN", "null", "#N/A":
        (number, other), _ = read(text, "3")
        assert np.isnan(number)
        assert other == 3


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("linear", [NAN, 2, 3, 4, 4]),
        ("last", [NAN, 2, 2, 4, 4]),
        ("zero", [0, 2, 0, 4, 0]),
    ],
)
def test_gaps_are_filled_as_asked(how, expected):
    values = np.array([NAN, 2, NAN, 4, NAN])
    np.testing.assert_array_equal(fill_gaps(values, how), expected)
    assert np.isnan(values[2])  # what was given is as it was


def test_a_season_fills_by_those_around_and_the_level_at_both_ends():
    season = np.array([5.0, 1, 3, 2])
    t = np.arange(40)
    values = np.tile(season, 10) + t / 4  # a season on a slope
    for gap in ([17], [16, 17, 18], range(13, 21), [0, 17], [38, 39]):
        holed = values.copy()
        holed[[*gap]] = NAN
        found = fill_gaps(holed, "season", 4)
        inside = [k for k in gap if 4 < k < 35]
        assert_close(found[inside], values[inside])
        assert np.isnan(found[0]) == (0 in gap)
        kept = np.delete(t, [*gap])
        np.testing.assert_array_equal(found[kept], values[kept])
        assert not np.isnan(found[1:]).any()


def test_where_no_season_is_around_a_line_fills():
    values = np.array([1.0, NAN, 2, 3, NAN, 5])
    found = fill_gaps(values, "season", 9)
    assert_close(found, [1, 1.5, 2, 3, 4, 5])
    assert np.isnan(fill_gaps(np.full(3, NAN), "season", 2)).all()


def test_a_season_of_hours_beats_the_line_in_gaps_of_hours():
    rng = np.random.default_rng(0)
    t = np.arange(60 * 24)
    values = np.sin(t / 24 * 2 * np.pi) + 0.3 * rng.normal(size=len(t))
    holed = values.copy()
    holed[(t % 100 >= 50) & (t % 100 < 62)] = NAN
    gaps = np.isnan(holed)
    error = {
        how: np.abs(fill_gaps(holed, how, 24) - values)[gaps].mean()
        for how in ("linear", "season")
    }
    assert error["season"] < 0.7 * error["linear"]


def test_an_unknown_way_is_refused():
    with pytest.raises(ValueError, match="period: expected at least 2"):
        fill_gaps(np.zeros(3), "season")
    with pytest.raises(ValueError, match=r"^how:"):
        fill_gaps(np.zeros(3), "guess")
