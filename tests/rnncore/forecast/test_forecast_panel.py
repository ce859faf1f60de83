"""Series in steady steps, what is known beside them, and what is shown."""

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.forecast import steps
from rnncore.apps.forecast.panel import (
    describe,
    fit_units,
    make_panel,
    print_of,
    scale_panel,
)
from rnncore.storage.files import Refused

ROWS = 20


def frame_of(rows=ROWS, freq="D", start="2024-01-01", names=("a", "b")):
    index = pd.date_range(start, periods=rows, freq=freq, name="day")
    values = {
        name: 100.0 * k + np.arange(rows) for k, name in enumerate(names)
    }
    return pd.DataFrame(
        values, pd.DatetimeIndex(index.to_numpy(), name="day")
    )


offsets = pd.offsets
STEPS = {  # its first date, the step, and how it is told
    "D": ("2023-11-01", "D", "1 day"),
    "h": ("2023-11-01", "h", "1 hour"),
    "15min": ("2023-11-01", "15min", "15 minutes"),
    "7 days": ("2023-11-01", "7D", "1 week"),
    "B": ("2023-11-01", "B", "1 business day"),
    "ME": ("2023-11-30", "ME", "1 month"),
    "QE": ("2023-12-31", "QE", "3 months"),
    "MS": ("2023-11-01", "MS", "1 month"),
    "YS": ("2001-01-01", "YS", "1 year"),
    "the 15th": ("2023-11-15", pd.DateOffset(months=1), "1 month"),
    "the 30th": ("2023-11-30", pd.DateOffset(months=1, day=30), "1 month"),
    **{
        f"{n} months": ("2001-07-04", pd.DateOffset(months=n), told)
        for n, told in {
            2: "2 months",
            18: "18 months",
            120: "10 years",
        }.items()
    },
    **{
        f"{n} days": ("2001-07-01", pd.Timedelta(days=n), f"{n} days")
        for n in (2, 10, 15, 30, 31, 365)
    },
}


@pytest.mark.parametrize("name", STEPS)
def test_the_step_is_told_from_the_dates_and_a_missing_one_named(name):
    start, step, told = STEPS[name]
    whole = frame_of(40, step, start)
    found = make_panel(whole.iloc[:30]).frame
    assert (found.index == whole.index[:30]).all()
    assert steps.tell_step(found.index.freq) == told
    after = pd.date_range(
        found.index[-1], periods=11, freq=found.index.freq
    )
    assert (after == whole.index[29:]).all()
    day = steps.tell_date(whole.index[12])
    with pytest.raises(Refused, match=f"no value for {day}"):
        make_panel(whole.drop(index=whole.index[12]))


@pytest.mark.parametrize(
    "name", ["D", "B", "ME", "15min", "18 months", "the 30th"]
)
def test_the_line_of_pandas_mends_it(name):
    start, step, _ = STEPS[name]
    frame = frame_of(40, step, start)
    with pytest.raises(Refused) as refused:
        make_panel(frame.drop(index=frame.index[[12, 13]]))
    line = str(refused.value).split("`")[1]
    frame = frame.drop(index=frame.index[[12, 13]])
    mended = make_panel(eval(line, {"frame": frame, "pd": pd})).frame
    assert (mended.index == frame_of(40, step, start).index).all()


def gap(frame):
    frame.iloc[5, 1] = np.nan
    return frame


def far(frame):
    return frame.set_axis([*frame.index[:-1], pd.Timestamp("9024-01-20")])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (gap, "b: no value for 2024-01-06 .1 value missing in all"),
        (lambda f: f.iloc[[*range(9), 10, 9, *range(11, 20)]], "2024-01-10 comes after"),
        (lambda f: f.iloc[[*range(9), 8, *range(10, 20)]], "2024-01-09 stands twice"),
        (lambda f: f.iloc[:9], "expected at least 10 rows, got 9"),
        (far, "9024-01-20 comes after 2024-01-19: expected at most 2,000 steps"),
        (lambda f: f.tz_localize("UTC"), "without a zone, got UTC"),
        (lambda f: f.to_period("D"), "expected columns by dates, got DataFrame with"),
        (lambda f: f.reset_index(), "expected columns by dates"),
        (lambda f: f * np.inf, "infinity"),
        (lambda f: f.astype(object).replace(100.0, "x"), "expected numbers"),
        (lambda f: f.rename(columns={"a": "b"}), "two columns are called 'b'"),
        (lambda f: f.assign(a=np.nan), "a: expected numbers, got empty"),
        (lambda f: f[f.index < "2024-01-18"].reindex(f.index), "no value for 2024-01-20, the last"),
        (lambda f: f[f.index > "2024-01-02"].reindex(f.index), "no value for 2024-01-01, the first"),
    ],
)  # fmt: skip
def test_what_is_no_table_in_steps_is_refused(change, message):
    frame = change(frame_of())
    with pytest.raises(Refused, match=message):
        make_panel(frame)


def test_a_date_between_the_steps_is_named():
    frame = frame_of(names="a")
    frame.index = [*frame.index[:-1], pd.Timestamp("2024-01-19 12:00")]
    with pytest.raises(
        Refused, match=r"2024-01-19 12:00:00 does not fit .* 1 day"
    ):
        make_panel(frame)


def test_a_series_may_begin_later_and_end_earlier():
    frame = frame_of()
    frame.iloc[:5, 0] = frame.iloc[-3:, 1] = np.nan
    panel = make_panel(frame)
    assert panel.frame.isna().sum().tolist() == [5, 3]
    told = describe(panel, "shop.csv")[4]
    assert "1 series begin later: a" in told
    assert "neither scored nor forecast: b" in told


def known_of(rows=ROWS + 3):
    return frame_of(rows, names=["promo"]) / 2


def test_what_is_known_ahead_may_be_all_series_or_each_one_s():
    panel = make_panel(frame_of(), known_of())
    assert {name: len(rows) for name, rows in panel.beside.items()} == {
        "a": 23,
        "b": 23,
    }
    own = {"a": known_of(), "b": known_of() * 2}
    panel = make_panel(frame_of(), own)
    assert (panel.beside["b"] == 2 * panel.beside["a"]).all()
    assert panel.known == ["promo"]
    assert make_panel(frame_of()).find_lack(3) == panel.find_lack(3) == ""
    assert panel.find_lack(4).startswith("a: no promo for 2024-01-24")


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (
            {"a": known_of(), "b": known_of(21)},
            "b: no promo for 2024-01-22.* 2024-01-23",
        ),
        ({"a": known_of()}, "expected a table of b, got none"),
        (known_of(15), "a: no promo for 2024-01-16"),
        (
            {
                "a": known_of(),
                "b": known_of().rename(columns={"promo": "x"}),
            },
            "promo once",
        ),
        (pd.concat([known_of(), known_of()]), "once for each date"),
    ],
)
def test_what_is_known_of_one_and_not_of_another_is_refused(known, message):
    with pytest.raises(Refused, match=message):
        make_panel(frame_of(), known)


def test_of_a_series_that_ended_nothing_more_has_to_be_known():
    frame = frame_of()
    frame.iloc[-3:, 1] = np.nan
    panel = make_panel(frame, {"a": known_of(), "b": known_of(17)})
    assert panel.beside["b"][17:].tolist() == [[0.0]] * 6


def test_covariates_have_the_units_of_the_first_rows():
    panel = make_panel(frame_of(), known_of())
    units = fit_units(panel.beside, 10)
    first = scale_panel(panel, units).beside["a"][:10]
    assert abs(first.mean()) < 1e-12
    assert abs(first.std() - 1) < 1e-12


def test_what_was_read_is_shown_in_at_most_six_lines():
    frame = frame_of(freq="h")
    frame.iloc[[3, 5], 1] = -9999
    frame.iloc[0, 0] = np.nan
    lines = describe(make_panel(frame), "a.csv", 2)
    assert len(lines) == 6
    assert (
        "a.csv: 20 rows, 2024-01-01 to 2024-01-01 19:00:00, a row an hour; a, b"
        in lines
    )
    assert lines[1].split() == ["2024-01-01", "-", "100.0"]
    assert lines[3].split() == ["2024-01-01", "19:00:00", "19.0", "119.0"]
    assert "2 cells taken for missing" in lines[4]
    assert "b: 2 values of -9999" in lines[5]
    assert lines[5].endswith("--missing -9999")


@pytest.mark.parametrize("values", [[3, 3, 4], [0, 0, 5], [1, 2, 100]])
def test_a_value_that_is_near_or_alone_is_no_mark(values):
    frame = frame_of(names="a")
    frame.iloc[3:6, 0] = values
    assert len(describe(make_panel(frame), "a.csv")) == 4


def test_many_series_are_counted():
    panel = make_panel(frame_of(names=[f"s{k}" for k in range(9)]))
    lines = describe(panel, "a.csv")
    assert lines[0].endswith("s0, s1, s2, s3, s4 ... (9 series)")
    assert lines[1].endswith("400.0 ...")


def test_a_fingerprint_is_of_the_first_rows_and_of_what_is_known():
    short, long = (make_panel(frame_of(n), known_of(n)) for n in (20, 25))
    assert print_of(short) == print_of(long, 20) != print_of(long)
    other = make_panel(frame_of(), known_of() + 1)
    assert print_of(short) != print_of(other, 20)
