"""A file that is read, and every one that is refused, with its reason."""

import re

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.forecast.tables import Form, read_table
from rnncore.storage.files import Refused
from rnncore.storage.limits import LIMITS

DAYS = pd.date_range("2024-02-20", periods=20).strftime("%F").tolist()
ROWS = [f"{day},{k},{k / 4}" for k, day in enumerate(DAYS)]


def write(folder, rows, header="day,sold,price"):
    path = folder / "shop.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def read(path, *value, **form):
    return read_table(path, Form("day", value or ["sold"], **form))


def test_columns_come_by_date(tmp_path):
    found = read(write(tmp_path, ROWS), "price", "sold")
    assert list(found.frame) == ["price", "sold"]
    assert found.frame["price"].tolist() == [k / 4 for k in range(20)]
    assert found.frame.index[9] == pd.Timestamp("2024-02-29")
    assert (found.frame.index.name, found.known) == ("day", None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_decides_how_it_is_read(tmp_path, encoding):
    path = write(tmp_path, ROWS)
    path.write_text(path.read_text().replace(",", "\t"), encoding=encoding)
    assert len(read(path, separator="\t").frame) == 20


@pytest.mark.parametrize(
    ("decimal", "text", "number"),
    [(".", "1.070", 1.07), (",.", "1.070", 1070), (",.", "-12.345,5", -12345.5),
     (".,", "1,234,567.5", 1234567.5), (",", "0,5", 0.5), (", ", "1 070,5", 1070.5),
     (".", "1.5E+03", 1500), (",.", "956", 956), (".'", "1'070", 1070)],
)  # fmt: skip
def test_numbers_have_the_marks_that_are_given(
    tmp_path, decimal, text, number
):
    rows = [f"{day};{text}" for day in DAYS]
    path = write(tmp_path, rows, "day;sold")
    found = read(path, separator=";", decimal=decimal)
    assert found.frame["sold"].tolist() == [number] * 20


@pytest.mark.parametrize(
    ("decimal", "text"),
    [(".", "1,070"), (",.", "1.5"), (",.", "1.0700"), (",.", ".070"), (".,", "1,23,456"),
     (".", "many"), (".", "inf"), (".", "."), (".", "-"), (".", "106 p"), (".", "1e999")],
)  # fmt: skip
def test_what_is_no_such_number_is_refused_by_its_line(
    tmp_path, decimal, text
):
    rows = [f"{day};{text if k == 3 else 7}" for k, day in enumerate(DAYS)]
    path = write(tmp_path, rows, "day;sold")
    reason = re.escape(f"{path}: line 5: sold: expected a number")
    with pytest.raises(Refused, match=reason) as refused:
        read(path, separator=";", decimal=decimal)
    assert repr(text) in str(refused.value)


def test_texts_may_stand_for_a_missing_value(tmp_path):
    rows = [f"{day},{':' if k == 2 else k}," for k, day in enumerate(DAYS)]
    rows[4] = f"{DAYS[4]},-9999,"
    found = read(write(tmp_path, rows), missing=[":", "-9999"])
    assert found.frame.index[found.frame["sold"].isna()].day.tolist() == [
        22,
        24,
    ]
    assert found.taken == 2


@pytest.mark.parametrize(
    ("header", "named"),
    [("# of 2024,,\nday,sold,price", "line 2"), ("\nday,sold,price", "line 2"),
     ("sep=,\nday,sold,price", "line 2")],
)  # fmt: skip
def test_lines_before_the_header_are_named(tmp_path, header, named):
    with pytest.raises(
        Refused, match=f"the header stands in {named}: delete"
    ):
        read(write(tmp_path, ROWS, header))


def test_blank_lines_and_others_count(tmp_path):
    path = write(tmp_path, [*ROWS[:3], "", "2024-02-23,many,1"])
    with pytest.raises(Refused, match="line 6: sold: expected a number"):
        read(path)
    assert len(read(write(tmp_path, [*ROWS, "", ""])).frame) == 20


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [f"{row}," for row in ROWS],
            "line 2: expected 3 fields, as the header has",
        ),
        ([*ROWS, "2024-03-11,1,2,3"], "no table: .*line 22"),
        (
            [ROWS[0], "soon,1,1"],
            "line 3: expected a date such as 2024-01-31, got",
        ),
        ([ROWS[0], ",1,1"], "line 3: expected a date .* got ''"),
        ([*ROWS[:3], ROWS[2]], "2024-02-22 stands twice, in lines 4 and 5"),
        (["03/04/2024,1,1"], "line 2: expected a date such as"),
        (["2021-W42,1,1"], "line 2: expected a date such as"),
        (["1984.25,1,1"], "line 2: expected a date such as"),
    ],
)
def test_rows_that_are_none_are_refused(tmp_path, rows, message):
    with pytest.raises(Refused, match=message):
        read(write(tmp_path, rows))


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (
            {"date": "date"},
            "no column 'date'; there are: 'day', 'sold', 'price'",
        ),
        ({"value": ["cost"]}, "no column 'cost'; there are"),
        ({"value": ["sold", "day"]}, "the column 'day' is asked for twice"),
        ({"separator": ";"}, "separated by ';' .--separator"),
        ({"date_format": "%Q"}, "--date-format %Q: "),
        ({"id": "shop"}, "no column 'shop'"),
    ],
)
def test_what_the_file_has_not_is_named(tmp_path, form, message):
    path = write(tmp_path, ROWS)
    with pytest.raises(Refused, match=message):
        read_table(
            path, Form(**({"date": "day", "value": ["sold"]} | form))
        )


def test_a_name_that_two_columns_have_is_refused_if_it_is_asked_for(
    tmp_path,
):
    path = write(tmp_path, ROWS, "day,sold,sold")
    with pytest.raises(Refused, match="two columns are called 'sold'"):
        read(path)
    path = write(
        tmp_path, [f"{row},1" for row in ROWS], "day,sold,more,more"
    )
    assert len(read(path).frame) == 20


def test_more_columns_than_a_table_may_have_are_refused(tmp_path):
    names = ",".join(f"c{k}" for k in range(LIMITS["table"].parts))
    path = write(tmp_path, ["1,1"], f"day,{names}")
    with pytest.raises(Refused, match="at most 10,000 columns, got 10,001"):
        read(path, "c0")


def test_dates_with_an_offset_are_taken_in_utc(tmp_path):
    hours = pd.date_range(
        "2024-03-30", periods=72, freq="h", tz="Europe/Berlin"
    )
    rows = [f"{hour.isoformat()},{k},1" for k, hour in enumerate(hours)]
    found = read(write(tmp_path, rows)).frame.index
    assert found[0] == pd.Timestamp("2024-03-29 23:00")
    assert set(np.diff(found)) == {np.timedelta64(1, "h")}


def test_a_form_of_dates_may_be_given(tmp_path):
    rows = [f"{pd.Timestamp(day):%d.%m.%Y},1,1" for day in DAYS]
    found = read(write(tmp_path, rows), date_format="%d.%m.%Y")
    assert found.frame.index.strftime("%F").tolist() == DAYS


# series below each other


def long(first=0):
    """Two shops, one that opened `first` days later."""
    rows = [
        (day, shop, 100 * k + t, t % 2)
        for k, shop in enumerate(["a", "NA"])
        for t, day in enumerate(DAYS)
        if k == 0 or t >= first
    ]
    return pd.DataFrame(rows, columns=["day", "shop", "sold", "promo"])


def stored(folder, table):
    path = folder / "long.csv"
    table.to_csv(path, index=False)
    return path


def test_each_name_is_a_series(tmp_path):
    found = read(stored(tmp_path, long()), id="shop").frame
    assert [*found] == ["a", "NA"]
    assert found["NA"].tolist() == [100 + t for t in range(20)]
    mixed = long().sort_values("day", kind="stable")
    assert read(stored(tmp_path, mixed), id="shop").frame.equals(found)
    both = read(stored(tmp_path, long()), "sold", "promo", id="shop").frame
    assert [*both] == ["a sold", "a promo", "NA sold", "NA promo"]
    late = read(stored(tmp_path, long(5)), id="shop").frame
    assert late["NA"].isna().sum() == 5


def test_what_is_known_is_each_series_own_and_reaches_further(tmp_path):
    table = long().astype({"sold": object})
    table.loc[table["day"] > DAYS[16], "sold"] = ""
    table.loc[20:, "promo"] = 5
    found = read(stored(tmp_path, table), id="shop", known=["promo"])
    assert len(found.frame) == 17
    assert found.known["a"]["promo"].tolist() == [t % 2 for t in range(20)]
    assert found.known["NA"]["promo"].tolist() == [5] * 20


def test_a_series_without_a_name_is_refused_by_its_line(tmp_path):
    table = long()
    table.loc[7, "shop"] = ""
    with pytest.raises(Refused, match="line 9: shop: expected the name"):
        read(stored(tmp_path, table), id="shop")


def advice(folder, **columns):
    """What is said where a date stands twice."""
    days = np.repeat(DAYS, len(next(iter(columns.values()))) // len(DAYS))
    path = stored(folder, pd.DataFrame({"day": days, "sold": 1} | columns))
    with pytest.raises(Refused, match="stands twice") as refused:
        read(path)
    return str(refused.value)


def test_id_is_advised_for_names_that_repeat_alone(tmp_path):
    shops, numbers = ["x", "y"] * 20, [*range(40)]
    assert "--id shop" in advice(tmp_path, row=numbers, shop=shops)
    assert "--id" not in advice(tmp_path, row=numbers)


@pytest.mark.parametrize("first", [0, 1])
def test_a_date_and_its_hour_have_to_be_joined(tmp_path, first):
    told = advice(tmp_path, hour=[*range(first, 24 + first)] * 20)
    assert "--id" not in told
    assert "pd.to_timedelta(frame['hour']" in told
    told = advice(tmp_path, time=[f"{k:02}:30" for k in range(24)] * 20)
    assert "frame['day'] + ' ' + frame['time']" in told
