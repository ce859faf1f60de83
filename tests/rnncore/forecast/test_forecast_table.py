"""A table that is read, and every table that is refused, with its reason."""

import re

import numpy as np
import pandas as pd
import pytest

from rnncore.application import Refused
from rnncore.apps.forecast.panel import read_table
from rnncore.apps.forecast.table import step_of
from rnncore.storage.limits import LIMITS

DAYS = [f"2024-02-{day:02}" for day in range(20, 30)] + [
    f"2024-03-{day:02}" for day in range(1, 11)
]  # a leap year's February


def write(folder, rows, header="day,sold,price"):
    path = folder / "shop.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def good_rows():
    return [f"{day},{k},{k / 4}" for k, day in enumerate(DAYS)]


def test_a_good_table_comes_by_date_with_its_step(tmp_path):
    frame = read_table(
        write(tmp_path, good_rows()), "day", ["price", "sold"]
    )
    assert list(frame) == ["price", "sold"]
    assert frame["sold"].tolist() == list(range(20))
    assert frame["price"].dtype == float
    assert frame.index[9] == pd.Timestamp("2024-02-29")
    assert frame.index.freq == pd.offsets.Day()


def test_a_mark_at_the_start_of_the_file_is_no_part_of_the_header(tmp_path):
    path = write(tmp_path, good_rows())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_table(path, "day", ["sold"])) == 20


def swapped(rows, a, b):
    rows[a], rows[b] = rows[b], rows[a]
    return rows


REFUSED = {
    "line 5: expected a date such as 2024-01-31, got 'soon'": lambda rows: [
        *rows[:3],
        "soon,1,1",
        *rows[4:],
    ],
    "line 4: sold: expected a number, got ''": lambda rows: [
        *rows[:2],
        f"{DAYS[2]},,1",
        *rows[3:],
    ],
    "line 4: sold: expected a number, got 'n/a'": lambda rows: [
        *rows[:2],
        f"{DAYS[2]},n/a,1",
        *rows[3:],
    ],
    "line 4: sold: expected a number, got 'inf'": lambda rows: [
        *rows[:2],
        f"{DAYS[2]},inf,1",
        *rows[3:],
    ],
    "stands twice, in lines 4 and 5": lambda rows: [
        *rows[:3],
        rows[2],
        *rows[3:],
    ],
    "line 5: 2024-02-22 00:00:00 comes after 2024-02-23": lambda rows: (
        swapped(rows, 2, 3)
    ),
    "stands twice, in lines 4 and 5; 2 more lines do the": lambda rows: [
        *rows[:3],
        *[rows[2]] * 3,
        *rows[3:],
    ],
    "one date is missing: 2024-02-29 00:00:00; fill the gap (--fill), or take rows "
    "as steps (--gaps)": lambda rows: [*rows[:9], *rows[10:]],
    "2 dates are missing, the first is 2024-02-29": lambda rows: [
        *rows[:9],
        *rows[11:],
    ],
    "does not fit the step of the dates": lambda rows: [
        *rows[:3],
        "2024-02-22 07:30,1,1",
        *rows[3:],
    ],
    "expected at least 10 rows, got 9": lambda rows: rows[:9],
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_table_that_is_none_is_refused_with_file_and_reason(
    tmp_path, reason
):
    path = write(tmp_path, REFUSED[reason](good_rows()))
    with pytest.raises(Refused, match=re.escape(reason)) as refused:
        read_table(path, "day", ["sold"])
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


def clock(start, hours, freq="h"):
    """Dates as a clock in Berlin tells them, with its offset from UTC."""
    index = pd.date_range(
        start, periods=hours, freq=freq, tz="Europe/Berlin"
    )
    return [day.isoformat() for day in index]


@pytest.mark.parametrize("start", ["2024-03-30", "2024-10-26"])
def test_hours_across_a_change_of_clocks_have_no_gap(tmp_path, start):
    dates = clock(start, 72)
    path = write(tmp_path, [f"{d},{k},1" for k, d in enumerate(dates)])
    frame = read_table(path, "day", ["sold"])
    assert frame.index.freq == pd.offsets.Hour()
    assert frame.index[-1] - frame.index[0] == pd.Timedelta(hours=71)
    first = pd.Timestamp(dates[0]).tz_convert(None)
    assert frame.index[0] == first  # in UTC


def test_a_table_that_grew_past_a_change_of_clocks_has_the_same_hours(
    tmp_path,
):
    dates = clock("2024-03-30", 72)
    rows = [f"{d},{k},1" for k, d in enumerate(dates)]
    short = read_table(write(tmp_path, rows[:20]), "day", ["sold"])
    long = read_table(write(tmp_path, rows), "day", ["sold"])
    assert (long.index[:20] == short.index).all()


def test_days_across_a_change_of_clocks_are_the_clock_s(tmp_path):
    dates = clock("2024-03-25", 14, "D")
    assert len({date[-6:] for date in dates}) == 2
    path = write(tmp_path, [f"{d},{k},1" for k, d in enumerate(dates)])
    frame = read_table(path, "day", ["sold"])
    assert frame.index.freq == pd.offsets.Day()
    assert frame.index[0] == pd.Timestamp("2024-03-25")


def test_an_offset_for_some_dates_alone_is_refused(tmp_path):
    dates = clock("2024-03-30", 72)
    dates[4] = dates[4][:-6]
    path = write(tmp_path, [f"{d},{k},1" for k, d in enumerate(dates)])
    with pytest.raises(Refused, match="line 6: expected all dates with"):
        read_table(path, "day", ["sold"])
    dates[4] = "soon"
    path = write(tmp_path, [f"{d},{k},1" for k, d in enumerate(dates)])
    with pytest.raises(Refused, match="line 6: expected a date such as"):
        read_table(path, "day", ["sold"])


@pytest.mark.parametrize(
    ("start", "message"),
    [("2024-03-30", "one date is missing"), ("2024-10-26", "stands twice")],
)
def test_hours_of_a_clock_without_offsets_are_refused_with_the_way_out(
    tmp_path, start, message
):
    rows = [f"{d[:-6]},{k},1" for k, d in enumerate(clock(start, 72))]
    with pytest.raises(Refused, match=message) as refused:
        read_table(write(tmp_path, rows), "day", ["sold"])
    assert "give each date its offset from UTC" in str(refused.value)


def test_a_missing_column_is_named_beside_those_there_are(tmp_path):
    path = write(tmp_path, good_rows())
    for date, values in [("date", ["sold"]), ("day", ["cost"])]:
        wanted = "date" if date == "date" else "cost"
        with pytest.raises(
            Refused, match=f"no column '{wanted}'.*'day', 'sold', 'price'"
        ):
            read_table(path, date, values)
    with pytest.raises(Refused, match="at least one column of values"):
        read_table(path, "day", [])


def test_what_is_no_text_table_is_refused(tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    with pytest.raises(Refused, match="the file is empty"):
        read_table(empty, "day", ["sold"])
    latin = tmp_path / "latin.csv"
    latin.write_bytes("day,größe\n2024-01-01,1\n".encode("latin-1"))
    with pytest.raises(Refused, match="not utf-8: byte 0xF6 at place 6"):
        read_table(latin, "day", ["größe"])
    with pytest.raises(Refused, match="there is no such file"):
        read_table(tmp_path / "none.csv", "day", ["sold"])
    with pytest.raises(Refused, match="expected a file, got a folder"):
        read_table(tmp_path, "day", ["sold"])
    ragged = write(tmp_path, [*good_rows(), "2024-03-11,1,2,3,4"])
    with pytest.raises(Refused, match=r"not a table: .*line 22"):
        read_table(ragged, "day", ["sold"])


def test_the_encoding_and_the_form_of_dates_can_be_given(tmp_path):
    path = tmp_path / "shop.csv"
    days = pd.date_range("2024-01-28", periods=12)
    rows = [f"{day:%d.%m.%Y};{k}" for k, day in enumerate(days)]
    path.write_bytes("\n".join(["Tag;Größe", *rows]).encode("latin-1"))
    frame = read_table(
        path,
        "Tag",
        ["Größe"],
        separator=";",
        encoding="latin-1",
        date_format="%d.%m.%Y",
    )
    assert frame.index[-1] == pd.Timestamp("2024-02-08")
    with pytest.raises(Refused, match="columns separated by ','"):
        read_table(path, "Tag", ["Größe"], encoding="latin-1")


def test_a_date_that_may_be_read_in_two_ways_is_refused(tmp_path):
    rows = [f"03/{day:02}/2024,1,1" for day in range(1, 13)]
    with pytest.raises(Refused, match="line 2: expected a date such as"):
        read_table(write(tmp_path, rows), "day", ["sold"])


def test_with_gaps_each_row_is_a_step(tmp_path):
    rows = [*good_rows()[:9], *good_rows()[12:]]
    frame = read_table(write(tmp_path, rows), "day", ["sold"], gaps=True)
    assert len(frame) == 17
    assert frame.index.freq is None


def test_rows_longer_than_the_header_are_refused_by_their_line(tmp_path):
    whole, first = good_rows(), good_rows()
    first[0] += ","
    reason = "line 2: expected 3 fields, as the header has columns, got "
    for rows, fields in [
        ([f"{row}," for row in whole], 4),  # a separator at the end
        (first, 4),
        ([f"{row}," for row in first], 5),
        ([f"{row},7" for row in whole], 4),  # a column without a name
    ]:
        with pytest.raises(Refused, match=f"{reason}{fields}"):
            read_table(write(tmp_path, rows), "day", ["sold"])


def test_row_names_as_r_writes_them_are_no_column(tmp_path):
    rows = [f'"{k}",{row}' for k, row in enumerate(good_rows(), 1)]
    frame = read_table(write(tmp_path, rows), "day", ["sold"])
    assert frame["sold"].tolist() == list(range(20))


def test_a_first_line_of_excel_names_the_separator(tmp_path):
    rows = [row.replace(",", ";") for row in good_rows()]
    path = write(tmp_path, ["day;sold;price", *rows], header="sep=;")
    assert len(read_table(path, "day", ["sold"])) == 20
    rows[2] = f"{DAYS[2]};many;1"
    path = write(tmp_path, ["day;sold;price", *rows], header="sep=;")
    with pytest.raises(Refused, match="line 5: sold: expected a number"):
        read_table(path, "day", ["sold"])


@pytest.mark.parametrize(
    ("start", "step", "digits"),
    [
        *(("1749-01", 1, 3), ("1749-05", 1, 2), ("1960-01", 3, 2)),
        *(("1961-01", 12, 1), ("1961-07", 12, 1), ("1990-04", 2, 6)),
    ],
)
def test_decimal_years_are_months(tmp_path, start, step, digits):
    index = pd.date_range(
        start, periods=200, freq=pd.DateOffset(months=step)
    )
    years = index.year + (index.month - 1) / 12
    rows = [f"{year:.{digits}f},{k},1" for k, year in enumerate(years)]
    frame = read_table(write(tmp_path, rows), "day", ["sold"])
    assert (frame.index == index).all()


def test_decimal_years_of_days_and_middles_of_months(tmp_path):
    days = pd.date_range("2023-01-01", periods=800)
    middles = pd.date_range("1958-03-01", periods=200, freq="MS")
    for index, shown in [
        (days, days),
        (middles, middles + pd.Timedelta(days=14, hours=18)),
    ]:
        year = pd.to_datetime(shown.year.astype(str) + "-01-01")
        length = np.where(shown.is_leap_year, 366, 365)
        exact = shown.year + (shown - year).days / length
        rows = [f"{year:.5f},{k},1" for k, year in enumerate(exact)]
        frame = read_table(write(tmp_path, rows), "day", ["sold"])
        assert (frame.index == index).all()


def test_a_year_with_its_month_is_no_decimal_year(tmp_path):
    index = pd.date_range("2023-01-01", periods=12, freq="MS")
    rows = [f"{day:%Y.%m},{k},1" for k, day in enumerate(index)]
    path = write(tmp_path, rows)
    with pytest.raises(Refused, match=r"line 2: .*--date-format %Y\.%m"):
        read_table(path, "day", ["sold"])
    frame = read_table(path, "day", ["sold"], date_format="%Y.%m")
    assert (frame.index == index).all()


def test_years_of_two_digits_are_not_taken_for_years_to_come(tmp_path):
    days = pd.date_range("1961-01-30", periods=12)
    rows = [f"{day:%d.%m.%y},{k},1" for k, day in enumerate(days)]
    with pytest.raises(Refused, match=r"line 2: '30.*' would be in the"):
        read_table(
            write(tmp_path, rows), "day", ["sold"], date_format="%d.%m.%y"
        )
    rows = [row.replace(".61", ".21") for row in rows]
    frame = read_table(
        write(tmp_path, rows), "day", ["sold"], date_format="%d.%m.%y"
    )
    assert frame.index[0] == pd.Timestamp("2021-01-30")


def test_midnights_of_a_clock_told_in_utc_are_refused_as_that(tmp_path):
    clock = pd.date_range("2024-03-20", periods=30, tz="Europe/Berlin")
    utc = clock.tz_convert("UTC")
    for dates in [utc.strftime("%Y-%m-%dT%H:%MZ"), utc.strftime("%F %T")]:
        rows = [f"{day},{k},1" for k, day in enumerate(dates)]
        message = "some days are at 22:00 and others at 23:00"
        with pytest.raises(Refused, match=message):
            read_table(write(tmp_path, rows), "day", ["sold"])


offsets = pd.offsets
STEPS = {  # its first date, and after it
    "D": ("2023-11-01", offsets.Day()),
    "h": ("2023-11-01", offsets.Hour()),
    "30min": ("2023-11-01", offsets.Minute(30)),
    "Wednesdays": ("2023-11-01", offsets.Week(weekday=2)),
    "ME": ("2023-11-30", offsets.MonthEnd()),
    "3ME": ("2023-11-30", offsets.MonthEnd(3)),
    "B": ("2023-11-01", offsets.BusinessDay()),
    "first business days": ("2023-11-01", offsets.BMonthBegin()),
    "last business days": ("2023-11-30", offsets.BMonthEnd()),
    "last business days of quarters": ("2023-12-29", offsets.BMonthEnd(3)),
    "third Fridays": (
        "2023-11-17",
        offsets.WeekOfMonth(week=2, weekday=4),
    ),
    "last Fridays": ("2023-11-24", offsets.LastWeekOfMonth(weekday=4)),
    "1st and 15th": (
        "2023-11-15",
        offsets.SemiMonthBegin(day_of_month=15),
    ),
    "15th and last": ("2023-11-30", offsets.SemiMonthEnd(day_of_month=15)),
    "the 30th": ("2023-11-30", pd.DateOffset(months=1, day=30)),
    "the 29th": ("2022-12-29", pd.DateOffset(months=1, day=29)),
    **{
        f"{n} months": ("2001-07-04", pd.DateOffset(months=n))
        for n in (1, 2, 3, 4, 6, 12, 18, 24, 60, 120)
    },
    **{
        f"{n} days": ("2001-07-01", pd.Timedelta(days=n))
        for n in (2, 7, 10, 14, 15, 28, 30, 31, 91, 182, 364, 365)
    },
}


@pytest.mark.parametrize("name", STEPS)
def test_the_step_is_told_from_the_dates(tmp_path, name):
    start, step = STEPS[name]
    index = pd.date_range(start, periods=40, freq=step)
    seen = index[:30]
    again = pd.date_range(index[0], periods=40, freq=step_of(seen))
    assert (again == index).all()
    rows = [f"{day.isoformat()},{k},0" for k, day in enumerate(seen)]
    frame = read_table(write(tmp_path, rows), "day", ["sold"])
    assert (frame.index == seen).all()
    assert np.array_equal(frame["sold"], np.arange(30.0))
    after = pd.date_range(seen[-1], periods=11, freq=frame.index.freq)
    assert (after == index[29:]).all()


@pytest.mark.parametrize("name", STEPS)
def test_a_date_that_is_missing_is_named_whatever_the_step(tmp_path, name):
    start, step = STEPS[name]
    index = pd.date_range(start, periods=30, freq=step)
    seen = index.delete(12)
    rows = [f"{day.isoformat()},{k},0" for k, day in enumerate(seen)]
    reason = re.escape(f"one date is missing: {index[12]}")
    with pytest.raises(Refused, match=reason):
        read_table(write(tmp_path, rows), "day", ["sold"])


@pytest.mark.parametrize(
    ("first", "step", "format"),
    [("2019-12-30", "7D", "{0.year}-W{0.week:02}"),
     ("2019-12-30", "7D", "{0.year}W{0.week:02}"),
     ("2000-01-01", "QS", "{1.year}-Q{1.quarter}"),
     ("2000-01-01", "QS", "{1.year}Q{1.quarter}")],
)  # fmt: skip
def test_weeks_and_quarters_are_their_first_day(
    tmp_path, first, step, format
):
    index = pd.date_range(first, periods=60, freq=step)
    texts = [format.format(day.isocalendar(), day) for day in index]
    rows = [f"{text},{k},1" for k, text in enumerate(texts)]
    frame = read_table(write(tmp_path, rows), "day", ["sold"])
    assert (frame.index == index).all()


def test_a_week_that_there_is_not_is_refused(tmp_path):
    rows = [f"2021-W{week},1,1" for week in range(42, 54)]
    with pytest.raises(Refused, match=r"line 13: .*got '2021-W53'"):
        read_table(write(tmp_path, rows), "day", ["sold"])


@pytest.mark.parametrize("format", ["%G-W%V", "%Y-W%W", "%Y-Q%q", "%d %d"])
def test_a_format_that_gives_no_date_is_refused(tmp_path, format):
    path = write(tmp_path, good_rows())
    with pytest.raises(Refused, match=f"^--date-format {format}: "):
        read_table(path, "day", ["sold"], date_format=format)


@pytest.mark.parametrize(("step", "year"), [("s", 2260), ("D", 2202)])
def test_a_year_far_off_is_refused_with_its_line(tmp_path, step, year):
    """Most dates between would be invented, or not fit into memory."""
    dates = [*pd.date_range("2024-03-01", periods=40, freq=step)]
    dates.append(dates[-1].replace(year=year))
    path = tmp_path / "far.csv"
    rows = [f"{date:%Y-%m-%d %H:%M:%S},1" for date in dates]
    path.write_text("\n".join(["date,sold", *rows]))
    with pytest.raises(Refused, match=f"line 42: {year}"):
        read_table(path, "date", ["sold"])


def test_more_columns_than_a_table_may_have_are_refused(tmp_path):
    path = tmp_path / "wide.csv"
    names = ",".join(f"c{k}" for k in range(LIMITS["table"].parts))
    path.write_text(f"date,{names}\n2024-01-01{',1' * names.count('c')}\n")
    with pytest.raises(Refused, match="at most 10,000 columns, got 10,001"):
        read_table(path, "date", ["c0"])


@pytest.mark.parametrize("year", [2025, 2204, 2924, 9024])
def test_a_wrong_year_among_seconds_is_refused_by_its_line(tmp_path, year):
    """Not tried first: of year 9024 the seconds would take a terabyte."""
    seconds = pd.date_range("2024-01-01", periods=60, freq="s")
    days = seconds.strftime("%Y-%m-%dT%H:%M:%S").tolist()
    days[-1] = days[-1].replace("2024", str(year))
    path = tmp_path / "a.csv"
    pd.DataFrame({"day": days, "sold": range(60)}).to_csv(path, index=False)
    with pytest.raises(
        Refused, match=r"line 61: .* expected at most 6,000"
    ):
        read_table(path, "day", ["sold"])
