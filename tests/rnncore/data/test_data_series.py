"""The series of chapter 1, and its instrument."""

import hashlib

import numpy as np
import pytest

from rnncore.data.music import Note, synthesise
from rnncore.data.series import (
    Series,
    checked,
    co2,
    fertility,
    google_share,
    mackey_glass,
    seattle_weather,
    sunspot_months,
    sunspots,
    wine_sales,
)
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import said


def checksum(values):
    rounded = np.round(values, 6).astype("<f8").tobytes()
    return hashlib.sha256(rounded).hexdigest()[:16]


def test_sunspots_are_those_of_309_years():
    years, spots = sunspots()
    assert (years[0], years[-1], len(spots)) == (1700, 2008, 309)
    assert spots[:3].tolist() == [5, 11, 16]
    assert checksum(spots) == "66c86ecdcd5950f6"


def test_co2_is_weekly_without_a_gap():
    years, ppm = co2()
    assert len(ppm) == 2284
    assert ppm[:3].tolist() == [316.1, 317.3, 317.6]
    weeks = np.diff(years) * 365.25
    # the length of a year changes, and that of a week in years with it
    assert np.all(np.abs(weeks - 7) < 0.02)
    assert checksum(ppm) == "a0b2d39b9a54bfd8"


def test_a_missing_week_lies_between_its_neighbours():
    years, ppm = co2()
    week = int(np.searchsorted(years, 1958.36))  # 10 May 1958 is missing
    low, high = sorted(ppm[[week - 1, week + 1]])
    assert low <= ppm[week] <= high


def test_mackey_glass_is_what_sources_records():
    x = mackey_glass(np.random.default_rng(0), 20)
    assert x.shape == (20,)
    found = hashlib.sha256(x.astype("<f8").tobytes()).hexdigest()
    folder = ROOT / "rnncore/data"
    assert found in (folder / "SOURCES.md").read_text()


def test_mackey_glass_solves_its_equation():
    """As well as a central difference over two units of time can tell."""
    x = mackey_glass(np.random.default_rng(0), 2000, delay=17)
    slope = (x[19:] - x[17:-2]) / 2
    late = x[1:-18]
    expected = 0.2 * late / (1 + late**10) - 0.1 * x[18:-1]
    assert np.corrcoef(slope, expected)[0, 1] > 0.999
    assert 0.2 < x.min() < 0.5
    assert 1.2 < x.max() < 1.5


def test_mackey_glass_rests_where_the_delay_is_short_and_not_at_17():
    ends = {
        delay: mackey_glass(np.random.default_rng(0), 100, delay)
        for delay in (2, 17)
    }
    # 0.2 x / (1 + x^10) = 0.1 x at x = 1
    assert_close(ends[2], 1.0, within=1e-6)
    assert np.ptp(ends[17]) > 0.5


def test_mackey_glass_needs_a_length_and_a_delay():
    rng = np.random.default_rng(0)
    expected = "T, delay: expected at least 1 each, got"
    assert said(mackey_glass, rng, 0) == f"{expected} 0, 17"
    assert said(mackey_glass, rng, 5, 0) == f"{expected} 5, 0"


TABLES = {
    sunspot_months: ("1749-01-01", "1983-12-01", (2820,), 58.0),
    wine_sales: ("1980-01-01", "1994-08-01", (176,), 15136.0),
    seattle_weather: ("2012-01-01", "2015-12-31", (1461, 4), 12.8),
    google_share: ("2004-08-19", "2008-10-14", (1047,), 100.34),
    fertility: ("1960-01-01", "2011-01-01", (52, 188), 4.82),
}
CHECKSUMS = {
    sunspot_months: "21d3ec838228ee78",
    wine_sales: "2696a26c784a61d5",
    seattle_weather: "2c4fe6901090edda",
    google_share: "6f4fb4a2e9e02bf5",
    fertility: "c234879470a7403b",
}


@pytest.mark.parametrize("load", TABLES, ids=lambda load: load.__name__)
def test_a_series_has_its_dates_and_values(load):
    first, last, shape, value = TABLES[load]
    table = load()
    assert table.index.is_monotonic_increasing
    assert table.index.is_unique
    assert (str(table.index[0].date()), str(table.index[-1].date())) == (
        first,
        last,
    )
    assert table.shape == shape
    values = table.to_numpy()
    assert np.isfinite(values).all()
    assert_close(values.flat[0], value, within=0.005)
    assert checksum(values) == CHECKSUMS[load]


def test_every_step_is_there_where_a_series_has_one():
    for load in (sunspot_months, wine_sales, seattle_weather, fertility):
        assert load().index.freq is not None
    assert google_share().index.day_of_week.max() == 4  # holidays missing


def test_no_region_is_among_the_countries():
    names = set(fertility())
    assert {"Kenya", "Iran, Islamic Rep.", "Japan"} <= names
    assert not [n for n in names if "OECD" in n or "small states" in n]


YEARS, VALUES = np.arange(3.0), np.ones(3)
WRONG = {
    "as many years as values": Series(YEARS, VALUES[:2]),
    "years that increase": Series(YEARS[::-1], VALUES),
    "got nan in 1.00": Series(YEARS, np.array([1, np.nan, 1])),
    "at least 0, got -1.0 in 2.00": Series(YEARS, np.array([1.0, 1, -1])),
    "as many years": Series(YEARS[:0], VALUES[:0]),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_series_that_is_none_is_refused(message):
    with pytest.raises(ValueError, match=f"rain: expected .*{message}"):
        checked("rain", WRONG[message], least=0)


def test_a_note_sounds_at_its_pitch_for_its_length():
    samples = synthesise((Note(69, 2),), rate=8000, beats_per_minute=120)
    assert samples.shape == (8000,)  # two beats of half a second
    assert np.abs(samples).max() <= 1
    assert samples[0] == samples[-1] == 0  # no click at the ends
    spectrum = np.abs(np.fft.rfft(samples))  # one bin a hertz
    assert spectrum.argmax() == 440  # MIDI 69 is the concert pitch


def test_notes_sound_one_after_another():
    notes = Note(60, 1), Note(64, 0.5)
    both = synthesise(notes)
    parts = [synthesise((note,)) for note in notes]
    assert np.array_equal(both, np.concatenate(parts))


def test_no_note_is_no_tune():
    with pytest.raises(ValueError, match="notes"):
        synthesise(())
    with pytest.raises(ValueError, match=r"^note:"):
        synthesise((Note(69, 0),))
