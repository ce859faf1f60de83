"""python -m rnncore forecast: any table, scores beside baselines, a plot."""

import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.forecast import contest
from rnncore.apps.forecast.ahead import forecast_ahead
from rnncore.apps.forecast.storage import load_forecaster
from rnncore.data.series import google_share
from rnncore.forecast.plan import ForecastPlan
from rnncore.storage.weights import load_weights, save_weights
from tests.helpers.arrays import assert_close
from tests.helpers.commands import (
    Killed,
    examples,
    run,
    shown_help,
    stopped,
    weights,
)
from tests.helpers.sales import OPTIONS, ROWS, TINY, sales, shops, write

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write(tmp_path_factory.mktemp("sales") / "sales.csv", sales())


@pytest.fixture(scope="module")
def trained(table):
    """A model of both columns, and what was printed."""
    from contextlib import redirect_stdout
    from io import StringIO

    from rnncore.__main__ import main

    path = table.with_name("sales.safetensors")
    words = ["forecast", "train", table, "--model", path, *TINY]
    words += [
        "--value",
        "sold",
        "visits",
        "--plot",
        path.with_name("a.svg"),
    ]
    with redirect_stdout(StringIO()) as out:
        assert main([str(word) for word in words]) == 0
    return path, out.getvalue()


def scores(out):
    """The printed table: series, then method, then MASE."""
    found, series = {}, None
    for line in out.splitlines():
        row = re.match(r"(\w*) +(\D+?) +(\d+\.\d{3})", line)
        if row and not line.startswith("The network "):
            series = row[1] or series
            found[series, row[2]] = float(row[3])
    return found


RIVALS = ["persistence", "seasonal naive", "drift", "level x season"]
RIVALS += ["theta", "ETS", "ARIMA", "linear autoregression"]
METHODS = [*RIVALS, "GRU", "GRU, their mean", "GRU and ETS"]


def test_training_prints_a_back_test_beside_the_baselines(trained):
    _, out = trained
    found = scores(out)
    expected = [(s, m) for s in ("sold", "visits") for m in METHODS]
    assert list(found) == expected
    assert "2 GRU of 4 units, 14 steps read, 3 ahead, a season of 7" in out
    assert "seed 0, 12 steps in" in out
    assert "the last fifth, 2024-03-13 to 2024-03-30, that training" in out
    assert "inside 90%" in out
    assert found["sold", "seasonal naive"] < found["sold", "persistence"]
    assert len(re.findall(r"GRU +\d+\.\d+ ± \d+\.\d+", out)) == 2


def test_the_baselines_are_scored_as_by_hand(trained, table):
    """Seasonal naive's MASE from the file alone."""
    path, out = trained
    plan = ForecastPlan(**load_weights(path)[1]["plan"])
    values = pd.read_csv(table)["sold"].to_numpy()
    first = ROWS - ROWS // 5
    starts = first + np.array([0, 5, 10, 15])
    assert starts[-1] == ROWS - plan.horizon
    errors = [
        abs(values[t + k] - values[t + k - 7])
        for t in starts
        for k in range(plan.horizon)
    ]
    before = values[:first]
    expected = np.mean(errors) / np.abs(before[7:] - before[:-7]).mean()
    found = scores(out)["sold", "seasonal naive"]
    assert_close(found, expected, within=6e-4)


def test_the_file_holds_all_that_is_needed(trained):
    path, _ = trained
    _, about = load_weights(path, "forecast")
    assert about["plan"]["horizon"] == 3
    assert about["networks"] == 2
    assert about["rows"] == ROWS
    days = "2024-03-13 00:00:00", "2024-03-30 00:00:00"
    assert about["split"]["test"] == list(days)
    assert about["reading"]["value"] == ["sold", "visits"]
    assert about["baseline"] < about["score"]
    assert {"command", "seconds", "date", "torch"} <= set(about)
    first, second = load_forecaster(path)[0]
    assert any(
        not np.array_equal(p.detach(), q.detach())
        for p, q in zip(first.parameters(), second.parameters())
    )


def test_what_is_held_out_was_not_trained_on(table, tmp_path, capsys):
    content = sales()
    content.loc[ROWS - ROWS // 5 :, "sold"] *= -3
    other = write(tmp_path / "other.csv", content)
    for name, path in ("a", table), ("b", other):
        model = tmp_path / f"{name}.safetensors"
        run(capsys, "forecast", "train", path, "--model", model, *TINY)
    found = weights(tmp_path / "a.safetensors")
    assert found == weights(tmp_path / "b.safetensors")


def test_evaluate_gives_the_scores_again_and_draws(
    trained, table, tmp_path, capsys
):
    path, out = trained
    plot = tmp_path / "back.png"
    words = ["forecast", "evaluate", path, table, "--plot", plot]
    words += ["--origins", 4]
    code, again, err = run(capsys, *words)
    assert code == 0
    assert again == out
    assert f"drawn: {plot}" in err
    assert plot.read_bytes().startswith(b"\x89PNG")
    svg = path.with_name("a.svg").read_text()
    assert "<svg" in svg
    assert "<!-- what came -->" in svg
    assert "<!-- visits -->" in svg


def test_a_table_that_has_grown_is_scored_on_its_new_end(
    trained, tmp_path, capsys
):
    path, _ = trained
    grown = write(tmp_path / "grown.csv", sales(ROWS + 20))
    code, out, err = run(
        capsys, "forecast", "evaluate", path, grown, "--origins", 1
    )
    assert code == 0
    assert "2024-03-29 to 2024-04-19" in out
    assert "may have seen rows" not in err
    other = write(tmp_path / "other.csv", sales(seed=1))
    code, _, err = run(
        capsys, "forecast", "evaluate", path, other, "--origins", 1
    )
    assert code == 0
    assert "the model may have seen rows that it is scored on" in err


def test_the_forecast_follows_the_table_s_last_date(
    trained, table, tmp_path, capsys
):
    path, _ = trained
    csv, plot = tmp_path / "ahead.csv", tmp_path / "ahead.svg"
    words = ["forecast", "forecast", path, table, "--out", csv]
    code, out, _ = run(capsys, *words, "--plot", plot)
    assert code == 0
    found = pd.read_csv(csv)
    days = ["2024-03-31", "2024-04-01", "2024-04-02"]
    assert found["day"].tolist() == days * 2
    assert found["series"].tolist() == ["sold"] * 3 + ["visits"] * 3
    quantiles = found.iloc[:, 2:].to_numpy()
    assert quantiles.shape == (6, 9)
    assert np.all(np.diff(quantiles) >= 0)
    assert all(day in out for day in days)
    digits = [x.strip("-0.").replace(".", "") for x in out.split()[-5:]]
    assert all(len(x) <= 4 for x in digits)
    assert "<!-- sold -->" in plot.read_text()


def test_the_forecast_is_the_mean_of_what_the_networks_say(
    trained, table, tmp_path, capsys
):
    path, _ = trained
    csv = tmp_path / "a.csv"
    words = ["forecast", "forecast", path, table, "--out", csv]
    _, _, err = run(capsys, *words, "--method", "network")
    assert "these are the numbers of: GRU, their mean" in err
    modules, plan, _ = load_forecaster(path)
    frame = pd.read_csv(table, index_col="day", parse_dates=True)
    frame.index.freq = "D"
    said = [
        forecast_ahead(frame, plan, "GRU", [m])[0]["sold"] for m in modules
    ]
    found = pd.read_csv(csv).iloc[:3, 2:]
    assert_close(found, (said[0] + said[1]) / 2, computed_in="float32")


def test_the_same_command_again_says_that_all_is_done(
    trained, table, capsys
):
    path, out = trained
    before = path.read_bytes()
    words = ["forecast", "train", table, "--model", path, *TINY]
    words += ["--value", "sold", "visits"]
    code, again, err = run(capsys, *words)
    assert (code, again) == (0, out)
    assert "is already trained; --restart trains from scratch" in err
    assert path.read_bytes() == before
    code, _, err = run(capsys, *words, "--horizon", 4)
    assert code == 2
    assert "horizon was 3, now 4" in err
    changed = write(table.with_name("changed.csv"), sales(seed=5))
    words[2] = changed
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "the data have changed since" in err


def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(
    table, tmp_path, capsys, monkeypatch
):
    words = ["forecast", "train", table, *TINY]
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    run(capsys, *words, "--model", whole)
    folder = tmp_path / "b.safetensors.run"
    words += ["--model", broken]
    # in the middle of the second seed
    stopped(monkeypatch, capsys, Killed, folder / "seed-1.npz", *words)
    assert broken.exists()  # of the best weights so far
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "goes on after step" in err
    assert weights(broken) == weights(whole)
    assert not folder.exists()


def defect(name):
    """A table with one thing wrong."""
    table = sales().astype({"sold": object})
    if name == "gap":
        return table.drop(index=[40, 41])
    if name == "twice":
        return pd.concat([table[:31], table[30:]])
    if name == "unsorted":
        return table.iloc[[*range(50), 51, 50, *range(52, ROWS)]]
    if name == "no number":
        table.loc[20, "sold"] = "many"
    if name == "missing":
        table.loc[21, "sold"] = np.nan
    if name == "no date":
        table.loc[22, "day"] = "yesterday"
    if name == "short":
        return table[:15]
    if name == "few":
        return table[:5]
    return table


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gap", "2 dates are missing, the first is 2024-02-10"),
        ("twice", "2024-01-31 00:00:00 stands twice, in lines 32 and 33"),
        ("unsorted", "sort the rows by date"),
        ("no number", "line 22: sold: expected a number, got 'many'"),
        ("missing", "line 23: sold: expected a number, got ''"),
        (
            "no date",
            "line 24: expected a date such as 2024-01-31, got 'yes",
        ),
        ("short", "15 rows: a horizon of 3 and a history of"),
        ("few", "expected at least 10 rows, got 5"),
    ],
)
def test_a_defect_of_a_table_is_named(tmp_path, capsys, name, message):
    path = write(tmp_path / "sales.csv", defect(name))
    words = ["--model", tmp_path / "m.safetensors", *OPTIONS]
    code, out, err = run(capsys, "forecast", "train", path, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"forecast train: {path}: ")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (
            b"day,sold\n2024-01-01,caf\xe9\n",
            "not utf-8: byte 0xE9 at place 23 (line 2): invalid continuation byte; --encoding",
        ),
        (b"day;sold\n2024-01-01;3\n", "expected columns separated by ','"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, capsys, content, message):
    path = tmp_path / "sales.csv"
    path.write_bytes(content)
    words = ["--model", tmp_path / "m.safetensors", *OPTIONS]
    code, _, err = run(capsys, "forecast", "train", path, *words)
    assert code == 2
    assert f"{path}: {message}" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--value", "sould"],
            "there is no column 'sould'; there are: 'day', 'sold', 'visits'",
        ),
        (["--date", "date"], "there is no column 'date'; there are: 'day'"),
        (["--history", 1], "history: expected at least 2, got 1"),
        (["--horizon", 30], "90 rows: a horizon of 30 and a history of"),
        (
            ["--plot", "a.gif"],
            "a.gif: expected a file that ends in .png or",
        ),
        (["--plot", "no/a.png"], "there is no folder no"),
        (["--model", "m.bin"], "expected NAME.safetensors, got m.bin"),
        (["--device", "abacus"], "device: expected auto, cpu, cuda"),
        (["--encoding", "x"], "unknown encoding: x"),
    ],
)
def test_a_command_that_cannot_begin_is_refused(
    table, capsys, words, message
):
    model = table.with_name("m.safetensors")
    words = ["--model", model, *OPTIONS, *words]
    code, out, err = run(capsys, "forecast", "train", table, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_rows_may_be_the_steps(tmp_path, capsys):
    path = write(tmp_path / "sales.csv", defect("gap"))
    words = ["--model", tmp_path / "m.safetensors", *TINY, "--gaps"]
    code, out, _ = run(capsys, "forecast", "train", path, *words)
    assert code == 0
    assert "a season of 1" in out
    plot = tmp_path / "a.svg"
    words = ["forecast", "forecast", words[1], path, "--plot", plot]
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert "<svg" in plot.read_text()


def test_other_separators_and_dates_are_read(tmp_path, capsys):
    content = sales()
    days = pd.to_datetime(content["day"])
    content["day"] = days.dt.strftime("%d.%m.%Y")
    path = tmp_path / "sales.csv"
    content.to_csv(path, index=False, sep=";", encoding="utf-16")
    words = ["--model", tmp_path / "m.safetensors", *TINY]
    words += ["--separator", ";", "--date-format", "%d.%m.%Y"]
    words += ["--encoding", "utf-16"]
    code, _, err = run(capsys, "forecast", "train", path, *words)
    assert code == 0, err
    code, out, _ = run(capsys, "forecast", "forecast", words[1], path)
    assert "2024-03-31" in out


def test_a_table_too_short_for_a_model_is_refused(
    trained, tmp_path, capsys
):
    short = write(tmp_path / "sales.csv", sales(12))
    for part in "forecast", "evaluate":
        code, _, err = run(capsys, "forecast", part, trained[0], short)
        assert code == 2
        assert f"{short}: " in err
        assert "12 rows" in err


def test_a_model_of_another_application_is_refused(table, tmp_path, capsys):
    import torch

    other = tmp_path / "m.safetensors"
    save_weights(other, torch.nn.Linear(2, 2), {"kind": "text"})
    for part in "forecast", "evaluate":
        code, _, err = run(capsys, "forecast", part, other, table)
        assert code == 2
        assert "expected a model of 'forecast', got one of 'text'" in err
    save_weights(other, torch.nn.Linear(2, 2), {"kind": "forecast"})
    code, _, err = run(capsys, "forecast", "forecast", other, table)
    assert code == 2
    assert f"{other}: no forecaster" in err


def test_the_help_s_examples_work(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sales.csv", sales(200))
    lines = examples(shown_help(capsys, "forecast"))
    parts = [line.split()[1] for line in lines]
    assert parts == ["train", "evaluate", "forecast"]
    for part, line in zip(parts, lines):
        (own,) = examples(shown_help(capsys, "forecast", part))
        assert line.startswith(own)
        few = ["--steps", 2, "--seeds", 1] if part == "train" else []
        few += ["--origins", 2] if part != "forecast" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err
    assert (tmp_path / "ahead.svg").exists()


def test_one_model_of_a_long_table_forecasts_each_series(tmp_path, capsys):
    table = shops()
    table.loc[table["day"] > "2024-03-27", "sold"] = ""
    table.iloc[20, table.columns.get_loc("sold")] = ""
    path = write(tmp_path / "shops.csv", table)
    model, page = tmp_path / "m.safetensors", tmp_path / "r.html"
    words = ["forecast", "train", path, "--model", model, *TINY]
    words += ["--id", "shop", "--known", "promo", "--past", "rain"]
    words += ["--origins", 1, "--seeds", 1]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "line 22: sold: expected a number, got ''; --fill" in err
    words += ["--fill", "season", "--report", page]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "north: 1 empty cell filled (season), 2024-01-21" in err
    assert {name for name, _ in scores(out)} == {"north", "south", "west"}
    text = page.read_text()
    assert text.count("<svg") == 3
    assert "The network beats" in text
    csv = tmp_path / "ahead.csv"
    code, _, err = run(
        capsys, "forecast", "forecast", model, path, "--out", csv
    )
    assert code == 0, err
    found = pd.read_csv(csv)
    assert found["series"].unique().tolist() == ["north", "south", "west"]
    assert found["day"].tolist()[:3] == [
        f"2024-03-{d}" for d in (28, 29, 30)
    ]
    code, again, err = run(
        capsys, "forecast", "evaluate", model, path, "--origins", 1
    )
    assert code == 0, err
    assert again == out
    assert "may have seen" not in err


def test_what_is_known_ahead_has_to_be_there(tmp_path, capsys):
    path = write(tmp_path / "s.csv", shops().query("shop == 'north'"))
    model = tmp_path / "m.safetensors"
    words = ["forecast", "train", path, "--model", model, *TINY]
    words += ["--no-baselines", "--origins", 1, "--seeds", 1]
    code, _, err = run(capsys, *words, "--known", "promo")
    assert code == 0, err
    code, _, err = run(capsys, "forecast", "forecast", model, path)
    assert code == 2
    assert f"{path}: the table has 0 rows after the last value" in err
    assert "--known" in err


def test_a_decimal_comma_and_two_seasons(tmp_path, capsys):
    content = sales()
    path = tmp_path / "s.csv"
    content.to_csv(path, index=False, sep=";", decimal=",")
    model = tmp_path / "m.safetensors"
    words = ["forecast", "train", path, "--model", model, *TINY]
    words += ["--separator", ";", "--period", "week", 14]
    words += ["--origins", 1, "--seeds", 1]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "numbers have a decimal comma (--decimal)" in err
    assert "a season of 7 and one of 14" in out
    assert "both seasons and ETS" in out
    code, _, err = run(capsys, "forecast", "forecast", model, path)
    assert code == 0, err


@pytest.mark.parametrize(("rate", "told"), [(1e-9, True), (0.01, False)])
def test_a_forecaster_that_learns_nothing_is_noticed(
    table, tmp_path, capsys, rate, told
):
    words = ["forecast", "train", table, *OPTIONS, "--no-baselines"]
    words += ["--steps", 60, "--seeds", 1, "--rate", rate]
    _, _, err = run(capsys, *words, "--model", tmp_path / "a.safetensors")
    assert ("nothing was learned" in err) is told
    assert ("in the loss of seed 0" in err) is told


def test_a_network_and_its_best_rival_are_compared_origin_by_origin(
    trained, table, capsys
):
    """As JSON and in words; by default as many origins as fit."""
    path, _ = trained
    words = ["forecast", "evaluate", path, table]
    _, out, _ = run(capsys, *words, "--json")
    found = json.loads(out)
    rival, origins, low, high = found["difference"]
    assert origins == ROWS // 5 // 3
    assert low <= found["score"] - found["baseline"] <= high
    rows = {(r["series"], r["method"]): r["MASE"] for r in found["scores"]}
    both = "sold", "visits"
    mean = {m: np.mean([rows[s, m] for s in both]) for m in RIVALS}
    assert rival == f"MASE, {min(mean, key=mean.get)}"
    assert_close(found["baseline"], min(mean.values()))
    own = [rows[s, "GRU, their mean"] for s in both]
    assert_close(found["score"], np.mean(own))
    assert found["verdict"] == "behind"
    _, out, _ = run(capsys, *words)
    assert f"95% interval of the difference in {rival}, at the same" in out
    last = out.splitlines()[-1]
    chosen = load_weights(path)[1]["method"]
    assert chosen in RIVALS  # twelve updates make no forecaster
    assert f"`forecast` gives the numbers of: {chosen}" in last
    assert found["method"] == chosen
    assert {*found["choice"]["scores"]} == {*METHODS} - {"GRU"}


def made(tmp_path, columns, freq="D"):
    """A table of columns s0, s1, ... with the options that read it."""
    rows = len(columns[0])
    days = pd.date_range("2022-01-01", periods=rows, freq=freq)
    table = {"day": days.strftime("%F")}
    table |= {f"s{k}": column for k, column in enumerate(columns)}
    path = write(tmp_path / "made.csv", pd.DataFrame(table))
    return [path, "--date", "day", "--value", *[*table][1:]]


def seasonal_walks():
    """Each weekday wanders on its own, in steps of heavy tails."""
    rng = np.random.default_rng(0)
    values = np.zeros((4, 420))
    for t in range(420):
        before = values[:, t - 7] if t >= 7 else 20 * rng.normal(size=4)
        values[:, t] = before + rng.standard_t(3, size=4)
    return values.round(4)


def long_lags():
    """What came 5 and 11 steps before, weighed: a line in 12 steps."""
    rng = np.random.default_rng(0)
    values = np.zeros((4, 400))
    for t in range(12, 400):
        lags = 0.6 * values[:, t - 5] - 0.45 * values[:, t - 11]
        values[:, t] = lags + rng.normal(size=4)
    return values[:, 100:].round(4)


def tents():
    """A value from the size of the last: no line can foresee that."""
    rng = np.random.default_rng(0)
    x, values = np.zeros(4), []
    for _ in range(650):
        x = 1 - 1.6 * np.abs(x) + 0.2 * rng.normal(size=4)
        x = x.clip(-2, 2)
        values.append(x)
    return np.array(values[50:]).T.round(4)


ONE = ["--seeds", 1, "--json"]
STEADY = [*ONE, "--period", 1]
BENT = [*STEADY, "--rate", 0.01, "--hidden", 16]


@pytest.mark.parametrize(
    ("make", "options", "winner"),
    [
        (
            seasonal_walks,
            [*ONE, "--horizon", 7, "--steps", 100],
            "seasonal naive",
        ),
        (
            long_lags,
            [*STEADY, "--horizon", 3, "--history", 12, "--steps", 200],
            "linear autoregression",
        ),
        (
            tents,
            [*BENT, "--horizon", 1, "--history", 12, "--steps", 400],
            "GRU",
        ),
    ],
)
def test_each_table_is_forecast_by_what_wins_on_it(
    tmp_path, capsys, make, options, winner
):
    """Its intervals hold, and `forecast` says whose numbers it prints."""
    columns = make()
    model, csv = tmp_path / "m.safetensors", tmp_path / "ahead.csv"
    words = made(tmp_path, columns)
    code, out, err = run(
        capsys, "forecast", "train", *words, *options, "--model", model
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["method"] == winner
    least = min(found["choice"]["scores"].values())
    assert found["choice"]["scores"][winner] == least
    own = [r for r in found["scores"] if r["method"] == winner]
    inside = np.mean([row["inside 90%"] for row in own])
    assert 0.85 <= inside <= 0.95
    assert all(r["inside 90%"] is not None for r in found["scores"])
    words = ["forecast", "forecast", model, words[0], "--out", csv]
    code, _, err = run(capsys, *words)
    assert code == 0, err
    assert f"these are the numbers of: {winner}\n" in err
    if winner == "seasonal naive":
        said = pd.read_csv(csv)
        for k, column in enumerate(columns):
            middle = said[said["series"] == f"s{k}"]["0.5"]
            assert_close(middle.to_numpy(), column[-7:], within=1e-9)


@pytest.mark.parametrize(
    ("asked", "named"),
    [("naive", "persistence"), ("level-x-season", "level x season")],
)
def test_another_method_may_be_taken(
    trained, table, tmp_path, capsys, asked, named
):
    path, _ = trained
    csv = tmp_path / "ahead.csv"
    words = ["forecast", "forecast", path, table, "--method", asked]
    code, _, err = run(capsys, *words, "--out", csv)
    assert code == 0, err
    assert f"these are the numbers of: {named}\n" in err
    middle = pd.read_csv(csv)["0.5"][:3]
    last = pd.read_csv(table)["sold"].iloc[-1]
    assert (named == "persistence") == (middle == last).all()
    code, _, err = run(capsys, *words[:-1], "oracle")
    assert code == 2
    assert "--method: expected one of persistence, " in err


def test_the_network_that_forecasts_has_learnt_from_all_rows(
    table, tmp_path, capsys
):
    model = tmp_path / "m.safetensors"
    words = ["forecast", "train", table, *TINY, "--model", model]
    code, out, err = run(capsys, *words, "--method", "network")
    assert code == 0, err
    assert "training once more, on all rows" in err
    assert "the numbers of: GRU, their mean (as asked for" in out
    modules, plan, about = load_forecaster(model)
    assert (about["networks"], about["final"], len(modules)) == (2, 2, 4)
    frame = pd.read_csv(table, index_col="day", parse_dates=True)[["sold"]]
    frame.index.freq = "D"
    scored, final = (
        forecast_ahead(frame, plan, "GRU", some)[0]["sold"]
        for some in (modules[:2], modules[2:])
    )
    assert np.abs(scored - final).max(axis=None) > 1e-3
    _, out, _ = run(capsys, "forecast", "forecast", model, table)
    shown = float(out.splitlines()[2].split()[-5])
    assert abs(shown / final["0.5"].iloc[0] - 1) < 1e-3
    # the back-test is still that of the networks which never saw its part
    words = ["forecast", "evaluate", model, table, "--no-baselines"]
    _, out, err = run(capsys, *words, "--json", "--origins", 4)
    about = about["scores"][-2]
    row = next(
        r
        for r in json.loads(out)["scores"]
        if r["method"] == about["method"]
    )
    assert_close(row["MASE"], about["MASE"])


def test_a_table_without_a_change_is_forecast_as_it_is(tmp_path, capsys):
    words = made(tmp_path, [np.full(60, 7.0)])
    model = tmp_path / "m.safetensors"
    code, out, err = run(
        capsys, "forecast", "train", *words, "--horizon", 3, "--steps", 2,
        "--model", model, "--report", tmp_path / "a.html",
    )  # fmt: skip
    assert code == 0, err
    assert "1 series not scored: too short, ended, or without" in err
    assert "nothing is scored" in out
    code, out, _ = run(capsys, "forecast", "forecast", model, words[0])
    assert code == 0
    assert {*out.splitlines()[-1].split()[1:]} == {"7"}


def test_many_series_are_written_and_eight_are_printed(tmp_path, capsys):
    rng = np.random.default_rng(0)
    words = made(tmp_path, rng.normal(size=(10, 40)).round(3))
    model, csv = tmp_path / "m.safetensors", tmp_path / "ahead.csv"
    words += ["--horizon", 2, "--steps", 2, "--seeds", 1, "--origins", 1]
    code, _, err = run(
        capsys, "forecast", "train", *words, "--model", model,
        "--method", "drift", "--no-baselines",
    )  # fmt: skip
    assert code == 0, err
    ahead = ["forecast", "forecast", model, words[0], "--out", csv]
    _, out, err = run(capsys, *ahead)
    assert "and 2 more series: --out FILE.csv writes all" in out
    assert out.count("\n") == 2 + 8 * 2 + 1
    assert pd.read_csv(csv)["series"].nunique() == 10


def test_ended_from_outside_the_scores_so_far_are_told(
    table, tmp_path, capsys, monkeypatch
):
    from rnncore.__main__ import Terminated

    real = contest.compare

    def compare(*given, **more):
        if more.get("among") != []:  # the rivals
            raise Terminated
        return real(*given, **more)

    monkeypatch.setattr(contest, "compare", compare)
    model = tmp_path / "m.safetensors"
    words = ["forecast", "train", table, *TINY, "--model", model]
    code, out, err = run(capsys, *words)
    assert (code, out) == (143, "")
    assert re.search(r"GRU +\d+\.\d{3} ± ", err)
    monkeypatch.setattr(contest, "compare", real)
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert "`forecast` gives the numbers of: " in out


def test_a_price_is_said_to_go_nowhere_and_a_split_is_named(
    tmp_path, capsys
):
    share = google_share()
    share.iloc[:400] *= 7
    path, model = tmp_path / "share.csv", tmp_path / "share.safetensors"
    share.to_csv(path)
    words = ["--date", "date", "--value", "google", "--horizon", 2]
    words += ["--seeds", 1, "--steps", 20, "--gaps", "--no-baselines"]
    code, out, err = run(
        capsys, "forecast", "train", path, *words, "--model", model
    )
    assert code == 0
    assert "these look like prices" in err
    assert "looks like a 7 for 1 split" in err
    assert "profit" not in out + err
    ahead = tmp_path / "ahead.csv"
    words = ["forecast", "forecast", model, path, "--out", ahead]
    assert run(capsys, *words)[0] == 0
    said = pd.read_csv(ahead)
    assert_close(said["0.5"].to_numpy(), np.full(2, share.iloc[-1]))
    assert (said["0.95"] > said["0.5"]).all()


def test_of_a_market_s_holidays_rows_as_steps_are_named_first(
    tmp_path, capsys
):
    path, model = tmp_path / "share.csv", tmp_path / "share.safetensors"
    google_share().to_csv(path)
    words = ["--date", "date", "--value", "google", "--horizon", 2]
    code, _, err = run(
        capsys, "forecast", "train", path, *words, "--model", model
    )
    assert code == 2
    assert err.index("--gaps") < err.index("--fill")


def test_differences_reach_no_further_than_a_season(tmp_path, capsys):
    words = made(tmp_path, [np.arange(100.0) + 7])
    words += ["--horizon", 9, "--scale", "season"]
    words += ["--model", tmp_path / "m.safetensors"]
    code, _, err = run(capsys, "forecast", "train", *words)
    assert code == 2
    assert "--scale season: expected" in err


@pytest.mark.parametrize(
    ("column", "told", "most"),
    [
        (
            1 / (1 + np.exp(-3 * np.sin(np.arange(200) / 9.0))),
            "shares of a whole",
            1,
        ),
        (
            np.maximum(np.sin(np.arange(200) / 9.0), 0) ** 2 * 30,
            "never below 0",
            np.inf,
        ),
    ],
)
def test_what_values_can_be_is_told_and_can_be_undone(
    tmp_path, capsys, column, told, most
):
    rng = np.random.default_rng(0)
    column = (column * np.exp(-np.abs(0.1 * rng.normal(size=200)))).round(4)
    model, csv = tmp_path / "m.safetensors", tmp_path / "ahead.csv"
    table, *words = made(tmp_path, [column])
    words += ["--horizon", 2, "--steps", 4, *STEADY[:2], "--no-baselines"]
    learn = ["forecast", "train", table, *words, "--model"]
    code, _, err = run(capsys, *learn, model)
    assert code == 0, err
    assert told in err
    assert "--support real" in err
    ask = ["forecast", "forecast", model, table, "--out", csv]
    assert run(capsys, *ask)[0] == 0
    said = pd.read_csv(csv).iloc[:, 2:].to_numpy()
    assert ((said >= 0) & (said <= most)).all()
    other = tmp_path / "other.safetensors"
    code, _, err = run(capsys, *learn, other, "--support", "real")
    assert code == 0, err
    assert told not in err
