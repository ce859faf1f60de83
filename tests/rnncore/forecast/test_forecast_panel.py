"""Many series in one table, what stands beside them, and what is filled."""

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.forecast.panel import (
    fit_units,
    read_panel,
    read_table,
    scale_covariates,
)
from rnncore.apps.forecast.reading import Reading
from rnncore.storage.files import Refused
from tests.helpers.arrays import assert_close

ROWS = 20


def long(first=0):
    """Two shops below each other, one that opened `first` days later."""
    days = pd.date_range("2024-01-01", periods=ROWS).strftime("%F")
    rows = [
        (shop, day, 100 * k + t, t % 2)
        for k, shop in enumerate(["a", "b"])
        for t, day in enumerate(days)
        if k == 0 or t >= first
    ]
    return pd.DataFrame(rows, columns=["shop", "day", "sold", "promo"])


def read(tmp_path, table, *values, **reading):
    path = tmp_path / "a.csv"
    table.to_csv(path, index=False)
    return read_panel(path, Reading("day", values or ["sold"], **reading))


def test_each_name_of_a_long_table_is_a_series(tmp_path):
    panel = read(tmp_path, long(), id="shop")
    assert [*panel.frame] == ["a", "b"]
    assert panel.frame.index.freqstr == "D"
    assert panel.frame["b"].tolist() == [100.0 + t for t in range(ROWS)]
    mixed = long().sort_values("day", kind="stable")
    assert read(tmp_path, mixed, id="shop").frame.equals(panel.frame)
    both = read(tmp_path, long(), "sold", "promo", id="shop").frame
    assert [*both] == ["a sold", "a promo", "b sold", "b promo"]


def test_a_series_may_begin_later(tmp_path):
    frame = read(tmp_path, long(5), id="shop").frame
    assert frame["b"].isna().tolist() == [True] * 5 + [False] * 15


def test_a_long_table_without_id_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(Refused, match=r"stands twice, .*--id shop"):
        read(tmp_path, long())


@pytest.mark.parametrize(
    ("drop", "message"),
    [([25], "b: one date is missing: 2024-01-06.*--fill"),
     ([30, 31], "b: 2 dates are missing, .* 2024-01-11.*--fill")],
)  # fmt: skip
def test_a_gap_of_one_series_is_refused_or_filled(tmp_path, drop, message):
    table = long().drop(index=drop)
    with pytest.raises(Refused, match=message):
        read(tmp_path, table, id="shop")
    panel = read(tmp_path, table, id="shop", fill="last")
    assert panel.frame.notna().all(axis=None)
    (told,) = panel.told
    assert told.startswith(f"b: {len(drop)} empty cell")
    assert "(last)" in told


@pytest.mark.parametrize("fill", [None, "last", "linear", "season"])
def test_a_series_that_ended_is_not_gone_on_with(tmp_path, fill):
    table = long().drop(index=[35, 36, 37, 38, 39])
    panel = read(tmp_path, table, id="shop", fill=fill)
    assert panel.frame["b"].isna().tolist() == [False] * 15 + [True] * 5
    (told,) = panel.told
    assert told.startswith("b: ended on 2024-01-15")
    zero = read(tmp_path, table, id="shop", fill="zero").frame["b"]
    assert zero.tolist()[-6:] == [114, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"id": "sold"},
        {"past": ["sold"]},
        {"known": ["sold"]},
    ],
)
def test_a_name_that_two_columns_have_is_refused(tmp_path, asked):
    path = tmp_path / "a.csv"
    rows = "".join(f"2024-01-{d:02},{d},{d},{-d}\n" for d in range(1, 21))
    path.write_text("day,visits,sold,sold\n" + rows)
    value = ["visits"] if asked else ["sold"]
    with pytest.raises(Refused, match="two columns are called 'sold'"):
        read_panel(path, Reading("day", value, **asked))
    if not asked:  # what nobody asks for may have any name
        assert len(read_panel(path, Reading("day", ["visits"])).frame) == 20


def test_an_id_is_no_value_at_once(tmp_path):
    with pytest.raises(Refused, match="'sold' is asked for twice"):
        read(tmp_path, long(), id="sold")


def test_a_series_without_a_name_is_refused_by_its_line(tmp_path):
    table = long()
    table.loc[7, "shop"] = ""
    with pytest.raises(Refused, match="line 9: shop: expected the name"):
        read(tmp_path, table, id="shop")


def test_empty_cells_are_refused_with_the_option_or_filled(tmp_path):
    table = long()[:ROWS].astype({"sold": object})
    table.loc[4, "sold"] = ""
    with pytest.raises(Refused, match=r"line 6: sold: .*--fill linear"):
        read(tmp_path, table)
    panel = read(tmp_path, table, fill="linear")
    assert panel.frame["sold"].tolist() == [float(t) for t in range(ROWS)]
    assert panel.told == ["sold: 1 empty cell filled (linear), 2024-01-05"]
    table.loc[4, "sold"] = "many"
    with pytest.raises(Refused, match="got 'many'"):
        read(tmp_path, table, fill="linear")


def test_the_season_that_fills_is_that_of_the_dates(tmp_path):
    table = long()[:ROWS].astype({"sold": object})
    week = np.arange(ROWS) % 7.0
    table["sold"] = week.astype(object)
    table.loc[9:12, "sold"] = ""
    panel = read(tmp_path, table, fill="season")
    assert_close(panel.frame["sold"].to_numpy(), week)
    assert "4 empty cells filled (season)" in panel.told[0]
    with pytest.raises(Refused, match=r"no season .*--fill linear"):
        read(tmp_path, table, fill="season", gaps=True)


def test_known_columns_reach_beyond_the_last_value(tmp_path):
    table = long()[:ROWS].astype({"sold": object})
    table.loc[ROWS - 3 :, "sold"] = ""
    table["rain"] = np.arange(ROWS) / 2
    panel = read(tmp_path, table, known=["promo"], past=["rain"])
    assert len(panel.frame) == ROWS - 3
    rows = panel.beside.rows["sold"]
    assert rows[:, 0].tolist() == [t % 2 for t in range(ROWS)]
    assert rows[-4:, 1].tolist() == [8, 0, 0, 0]  # not known ahead
    table.loc[ROWS - 1, "promo"] = np.nan
    with pytest.raises(Refused, match=r"line 21: promo: expected a number"):
        read(tmp_path, table, known=["promo"])


def test_covariates_of_a_long_table_are_each_series_own(tmp_path):
    table = long()
    table.loc[ROWS:, "promo"] = 5
    rows = read(tmp_path, table, id="shop", known=["promo"]).beside.rows
    assert rows["a"][:, 0].tolist() == [t % 2 for t in range(ROWS)]
    assert rows["b"][:, 0].tolist() == [5] * ROWS


def test_covariates_have_the_units_of_the_first_rows(tmp_path):
    table = long()[:ROWS]
    panel = read(tmp_path, table, known=["promo"])
    units = fit_units(panel.beside, 10)
    assert units == [[0.5], [0.5]]
    rows = scale_covariates(panel.beside, units).rows["sold"]
    assert sorted(set(rows[:, 0])) == [-1, 1]


def test_a_column_is_no_value_and_covariate_at_once(tmp_path):
    with pytest.raises(Refused, match="'sold' is asked for twice"):
        read(tmp_path, long()[:ROWS], known=["sold"])


def test_a_decimal_comma_is_found_in_a_table(tmp_path):
    table = long()[:ROWS]
    path = tmp_path / "a.csv"
    table["sold"] = [f"1.{t:03d},5" for t in range(ROWS)]
    table.to_csv(path, index=False, sep=";")
    frame = read_table(path, "day", ["sold"], separator=";")
    assert frame["sold"].tolist() == [1000.5 + t for t in range(ROWS)]


@pytest.mark.parametrize(("empty", "named"), [(ROWS - 1, True), (5, False)])
def test_last_rows_without_a_value_are_steps_to_come(
    tmp_path, empty, named
):
    table = long()[:ROWS].astype({"sold": object})
    table.loc[empty, "sold"] = ""
    with pytest.raises(Refused, match="--fill") as refused:
        read(tmp_path, table)
    assert ("(--known)" in str(refused.value)) == named
