"""Forecaster, and python -m rnncore forecast, which calls it."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.forecast import contest
from rnncore.apps.forecast.ahead import forecast_ahead
from rnncore.apps.forecast.command import APP
from rnncore.apps.forecast.estimator import Forecaster
from rnncore.apps.forecast.marks import parse_marks, parse_separator
from rnncore.apps.forecast.storage import load_forecaster
from rnncore.storage.files import Refused
from rnncore.storage.weights import read_about, save_weights
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

HOW = {"horizon": 3, "hidden": 4, "steps": 6, "seeds": 2, "origins": 4}
RIVALS = ["persistence", "seasonal naive", "drift", "level x season"]
RIVALS += ["theta", "ETS", "ARIMA", "linear autoregression"]
METHODS = [*RIVALS, "GRU", "GRU, their mean", "GRU and ETS"]


def frame_of(rows=ROWS, seed=0):
    """Sales and visits by day, as a table of pandas."""
    table = sales(rows, seed)
    return table.set_index(pd.DatetimeIndex(table.pop("day"), name="day"))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write(tmp_path_factory.mktemp("sales") / "sales.csv", sales())


@pytest.fixture(scope="module")
def trained(table):
    """The file of a model of both columns."""
    path = table.with_name("sales.safetensors")
    Forecaster(**HOW).fit(frame_of(), path=path)
    return path


@pytest.fixture(scope="module")
def model():
    """The same in memory."""
    return Forecaster(**HOW).fit(frame_of())


# from Python


def test_all_methods_are_compared(model):
    found = model.compare()
    both = [(s, m) for s in ("sold", "visits") for m in METHODS]
    assert [*found.index] == both
    mase = found["MASE"]
    assert mase["sold", "seasonal naive"] < mase["sold", "persistence"]
    about = model.about_
    own = mase[:, "GRU, their mean"].mean()
    assert_close(model.score(), own)
    rival, origins, low, high = about["difference"]
    assert low <= about["score"] - about["baseline"] <= high
    assert origins == HOW["origins"]
    means = {name: mase[:, name].mean() for name in RIVALS}
    assert rival == f"MASE, {min(means, key=means.get)}"
    assert about["method"] in RIVALS  # twelve updates make no forecaster


def test_the_baselines_are_scored_as_by_hand(model):
    values, first = frame_of()["sold"].to_numpy(), ROWS - ROWS // 5
    errors = [
        abs(values[t + k] - values[t + k - 7])
        for t in first + np.array([0, 5, 10, 15])
        for k in range(3)
    ]
    before = values[:first]
    expected = np.mean(errors) / np.abs(before[7:] - before[:-7]).mean()
    assert_close(
        model.compare()["MASE"]["sold", "seasonal naive"], expected
    )


def test_a_file_and_memory_have_the_same_scores(model, trained):
    again = Forecaster.load(trained)
    assert_close(again.score(), model.score())
    pd.testing.assert_frame_equal(again.compare(), model.compare())
    pd.testing.assert_frame_equal(
        again.predict(frame_of()), model.predict()
    )
    assert_close(again.score(frame_of()), model.score())
    known = again.about_
    assert (known["step"], known["series"]) == ("1 day", ["sold", "visits"])
    assert known["split"]["test"] == [
        "2024-03-13 00:00:00",
        "2024-03-30 00:00:00",
    ]
    assert again.get_params() | HOW == again.get_params()


def test_quantiles_follow_the_last_date(model):
    found = model.predict()
    days = pd.date_range("2024-03-31", periods=3)
    assert [*found.index] == [
        (s, day) for s in ("sold", "visits") for day in days
    ]
    assert np.all(np.diff(found.to_numpy()) >= 0)
    assert len(model.predict(steps=1)) == 2
    with pytest.raises(ValueError, match="steps: expected 1 to 3, got 4"):
        model.predict(steps=4)


def test_what_is_held_out_was_not_trained_on(tmp_path):
    other = frame_of()
    other.iloc[ROWS - ROWS // 5 :] *= -3
    how = HOW | {"seeds": 1, "method": "drift"}
    for name, frame in {"a": frame_of(), "b": other}.items():
        path = tmp_path / f"{name}.safetensors"
        Forecaster(**how).fit(frame, path=path)
    assert weights(tmp_path / "a.safetensors") == weights(
        tmp_path / "b.safetensors"
    )


def test_the_network_that_forecasts_has_learned_from_all_rows():
    frame = frame_of()[["sold"]]
    model = Forecaster(**HOW, method="network").fit(frame)
    modules, plan = model._fitted()
    assert (model.about_["networks"], model.about_["final"]) == (2, 2)
    frame.index.freq = "D"
    scored, final = (
        [
            forecast_ahead(frame, plan, "GRU", [one])[0]["sold"]
            for one in some
        ]
        for some in (modules[:2], modules[2:])
    )
    said = model.predict().droplevel(0)
    assert_close(said, (final[0] + final[1]) / 2, computed_in="float32")
    assert np.abs(said - scored[0]).max(axis=None) > 1e-3
    # the back-test is still that of networks which never saw its part
    assert_close(model.score(frame), model.score())


def test_a_model_knows_its_step_and_its_columns(model):
    hours = frame_of().set_index(
        pd.date_range("2024-01-01", periods=ROWS, freq="h")
    )
    for ask in model.predict, model.score:
        with pytest.raises(
            Refused, match="steps of 1 day, these are of 1 hour"
        ):
            ask(hours)
        with pytest.raises(
            Refused, match="learned from sold, visits, got sold"
        ):
            ask(frame_of()[["sold"]])


def test_a_table_that_has_grown_is_scored_on_its_new_end(model, capsys):
    model.score(frame_of(ROWS + 20))
    err = capsys.readouterr().err
    assert (
        "110 rows, 2024-01-01 to 2024-04-19, a row a day; sold, visits"
        in err
    )
    assert "may have seen rows" not in err
    model.score(frame_of(seed=1))
    assert "may have seen rows" in capsys.readouterr().err


def test_what_is_known_ahead_is_compared_and_has_to_be_there():
    days = pd.date_range("2024-01-01", periods=ROWS + 3)
    known = pd.DataFrame({"promo": np.arange(ROWS + 3) % 4 // 3}, days)
    frame = frame_of()[["sold"]] + 30 * known[["promo"]].to_numpy()[:ROWS]
    how = HOW | {"seeds": 1, "method": "linear autoregression"}
    model = Forecaster(**how).fit(frame, known)
    assert len(model.predict()) == 3
    with pytest.raises(Refused, match="sold: no promo for 2024-04-02"):
        model.predict(frame, known.iloc[:-1])
    with pytest.raises(Refused, match="learned from promo, got none"):
        model.predict(frame)
    with pytest.raises(Refused, match="learned from promo, got rain"):
        model.predict(frame, known.rename(columns={"promo": "rain"}))


def table_of_text():
    """Dates, and no number."""
    return frame_of().astype(str).replace("149.0", "many")


def test_settings_and_tables_that_do_not_fit_are_named():
    for how, message in [
        (
            {"method": "oracle"},
            "method: expected one of persistence, .*network",
        ),
        ({"period": "moon"}, "expected a number of steps, day, week, year"),
        ({"history": 1}, "history: expected at least 2, got 1"),
        ({"horizon": 30}, "90 rows: a horizon of 30 and a history of"),
        ({"support": "share"}, "expected numbers from 0 to 1"),
        ({"cell": "CNN"}, "CNN"),
    ]:
        with pytest.raises(ValueError, match=message):
            Forecaster(**(HOW | how)).fit(frame_of())
    for wrong in table_of_text(), "sales.csv", frame_of().reset_index():
        with pytest.raises(Refused, match=r"^frame: expected"):
            Forecaster(**HOW).fit(wrong)
    with pytest.raises(ValueError, match="expected a model, got none"):
        Forecaster().predict()


def test_a_table_without_a_change_is_forecast_as_it_is():
    frame = frame_of(60) * 0 + 7.0
    model = Forecaster(**HOW).fit(frame)
    assert "nothing is scored" in model.about_["table"]
    assert (model.predict() == 7).all(axis=None)
    assert not len(model.compare())
    assert np.isnan(model.score())


def seasonal_walks():
    """Each weekday wanders on its own, in steps of heavy tails."""
    rng = np.random.default_rng(0)
    values = np.zeros((4, 420))
    for t in range(420):
        before = values[:, t - 7] if t >= 7 else 20 * rng.normal(size=4)
        values[:, t] = before + rng.standard_t(3, size=4)
    return values


def long_lags():
    """What came 5 and 11 steps before, weighed: a line in 12 steps."""
    rng = np.random.default_rng(0)
    values = np.zeros((4, 400))
    for t in range(12, 400):
        lags = 0.6 * values[:, t - 5] - 0.45 * values[:, t - 11]
        values[:, t] = lags + rng.normal(size=4)
    return values[:, 100:]


def tents():
    """A value from the size of the last: no line can foresee that."""
    rng = np.random.default_rng(0)
    x, values = np.zeros(4), []
    for _ in range(650):
        x = 1 - 1.6 * np.abs(x) + 0.2 * rng.normal(size=4)
        x = x.clip(-2, 2)
        values.append(x)
    return np.array(values[50:]).T


STEADY = {"period": 1, "history": 12}


@pytest.mark.parametrize(
    ("make", "how", "winner"),
    [
        (seasonal_walks, {"horizon": 7, "steps": 100}, "seasonal naive"),
        (
            long_lags,
            {**STEADY, "horizon": 3, "steps": 200},
            "linear autoregression",
        ),
        (
            tents,
            {
                **STEADY,
                "horizon": 1,
                "steps": 400,
                "rate": 0.01,
                "hidden": 16,
            },
            "GRU",
        ),
    ],
)
def test_each_table_is_forecast_by_what_wins_on_it(make, how, winner):
    values = make().round(4).T
    days = pd.date_range("2022-01-01", periods=len(values))
    frame = pd.DataFrame(values, days, ["s0", "s1", "s2", "s3"])
    model = Forecaster(seeds=1, **how).fit(frame)
    about = model.about_
    assert about["method"] == winner
    scores = about["choice"]["scores"]
    assert scores[winner] == min(scores.values())
    inside = model.compare()["inside 90%"]
    assert 0.85 <= inside[:, winner].mean() <= 0.95
    assert inside.notna().all()
    if winner == "seasonal naive":
        middle = model.predict()["0.5"].to_numpy().reshape(4, 7)
        assert_close(middle, values[-7:].T, within=1e-9)


# the command


def test_the_command_calls_the_class(trained, table, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    words = ["forecast", "train", table, *TINY, "--model", path]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert (
        f"{table}: 90 rows, 2024-01-01 to 2024-03-30, a row a day; sold"
        in err
    )
    assert "\n  2024-01-02  41.92\n" in err
    assert "3 GRU of 4 units, 14 steps read, 3 ahead, a season of 7" in out
    assert "the last fifth, 2024-03-13 to 2024-03-30, that training" in out
    assert "`forecast` gives the numbers of: " in out
    model = Forecaster(horizon=3, hidden=4, steps=6).fit(
        frame_of()[["sold"]]
    )
    assert_close(read_about(path)["score"], model.score())
    code, again, err = run(capsys, *words)
    assert (code, again) == (0, out)
    assert "is already trained" in err
    code, _, err = run(capsys, *words, "--horizon", 4)
    assert code == 2
    assert "horizon was 3, now 4" in err


def test_evaluate_gives_the_scores_again_and_draws(
    trained, table, tmp_path, capsys
):
    plot = tmp_path / "back.svg"
    words = ["forecast", "evaluate", trained, table]
    code, out, err = run(capsys, *words, "--plot", plot)
    assert code == 0, err
    assert "a row a day; sold, visits" in err
    assert "95% interval of the difference in MASE, " in out
    assert "<!-- what came -->" in plot.read_text()
    code, out, _ = run(capsys, *words, "--json")
    found = json.loads(out)
    assert found["verdict"] == "behind"
    rows = {(r["series"], r["method"]): r["MASE"] for r in found["scores"]}
    assert [*rows] == [(s, m) for s in ("sold", "visits") for m in METHODS]
    code, _, err = run(capsys, *words, "--plot", tmp_path / "a.gif")
    assert code == 2
    assert "a.gif: expected a file that ends in .png or" in err


def test_forecast_prints_writes_and_draws(trained, table, tmp_path, capsys):
    csv, plot = tmp_path / "ahead.csv", tmp_path / "ahead.png"
    words = ["forecast", "forecast", trained, table, "--out", csv]
    code, out, err = run(capsys, *words, "--plot", plot)
    assert code == 0, err
    found = pd.read_csv(csv)
    assert (
        found["day"].tolist()
        == ["2024-03-31", "2024-04-01", "2024-04-02"] * 2
    )
    said = Forecaster.load(trained).predict(frame_of())
    assert_close(found.iloc[:, 2:], said)
    digits = [x.strip("-0.").replace(".", "") for x in out.split()[-5:]]
    assert all(len(x) <= 4 for x in digits)
    assert plot.read_bytes().startswith(b"\x89PNG")
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "--force replaces it" in err


def test_a_long_table_with_marks_of_its_own(tmp_path, capsys):
    table = shops().drop(columns="rain")
    table["sold"] = table["sold"].map("{:.2f}".format).str.replace(".", ",")
    table.loc[table["day"] > "2024-03-27", "sold"] = ":"
    table["day"] = pd.to_datetime(table["day"]).dt.strftime("%d.%m.%Y")
    path, model = tmp_path / "shops.csv", tmp_path / "m.safetensors"
    table.to_csv(path, index=False, sep="\t", encoding="utf-16")
    words = [
        "forecast",
        "train",
        path,
        "--model",
        model,
        *TINY,
        "--id",
        "shop",
    ]
    words += [
        "--known",
        "promo",
        "--separator",
        "tab",
        "--missing",
        ":",
        "-9999",
    ]
    words += [
        "--decimal",
        ",.",
        "--date-format",
        "%d.%m.%Y",
        "--period",
        "week",
        14,
    ]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "north, south, west; known 3 steps ahead: promo" in err
    assert "9 cells taken for missing" in err
    assert "Warning" not in err
    assert "a season of 7 and one of 14" in out
    code, out, err = run(capsys, "forecast", "forecast", model, path)
    assert code == 0, err
    assert out.count("2024-03-28") == 3
    rows = path.read_text(encoding="utf-16").splitlines()
    late = [row for row in rows if "30.03.2024\twest" not in row]
    path.write_text("\n".join(late), encoding="utf-16")
    code, _, err = run(capsys, "forecast", "forecast", model, path)
    assert code == 2
    assert "west: no promo for 2024-03-30" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--value", "sould"],
            "there is no column 'sould'; there are: 'day', 'sold'",
        ),
        (["--horizon", 30], "90 rows: a horizon of 30 and a history of"),
        (["--model", "m.bin"], "expected NAME.safetensors, got m.bin"),
        (["--device", "abacus"], "device: expected auto, cpu, cuda"),
    ],
)
def test_a_command_that_cannot_begin_is_refused(
    table, capsys, words, message
):
    given = ["--model", table.with_name("m.safetensors"), *OPTIONS, *words]
    code, out, err = run(capsys, "forecast", "train", table, *given)
    assert (code, out) == (2, "")
    assert message in err
    assert not table.with_name("m.safetensors").exists()


@pytest.mark.parametrize(
    ("parse", "right", "wrong"),
    [
        (
            parse_separator,
            {"tab": "\t", "\\t": "\t", ";": ";"},
            [r"\s+", "", "a", '"'],
        ),
        (parse_marks, {",.": ",.", ".": "."}, ["", ",,", ",.'", "1", "-"]),
    ],
)
def test_marks_are_characters(parse, right, wrong):
    from argparse import ArgumentTypeError

    assert {text: parse(text) for text in right} == right
    for text in wrong:
        with pytest.raises(ArgumentTypeError):
            parse(text)


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
    words = [
        "forecast",
        "train",
        table,
        *TINY,
        "--model",
        tmp_path / "m.safetensors",
    ]
    code, out, err = run(capsys, *words)
    assert (code, out) == (143, "")
    assert "GRU" in err
    monkeypatch.setattr(contest, "compare", real)
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert "`forecast` gives the numbers of: " in out


def test_a_file_that_is_no_forecaster_is_refused(table, tmp_path, capsys):
    import torch

    other = tmp_path / "m.safetensors"
    for kind, message in (
        ("text", "got one of 'text'"),
        ("forecast", "no forecaster"),
    ):
        save_weights(other, torch.nn.Linear(2, 2), {"kind": kind})
        for part in "forecast", "evaluate":
            code, _, err = run(capsys, "forecast", part, other, table)
            assert code == 2
            assert message in err


@pytest.mark.parametrize(
    "form", [None, {"date": 1}, {"separator": "ab"}, {"x": 1}]
)
def test_a_form_that_is_none_is_refused(trained, tmp_path, form):
    modules, plan, about = load_forecaster(trained)
    path = tmp_path / "m.safetensors"
    about["form"] = form if form is None else about["form"] | form
    APP.save(path, modules, plan, about)
    with pytest.raises(Refused, match="it does not say what it read"):
        Forecaster.load(path)


def test_many_series_are_written_and_eight_are_printed(tmp_path, capsys):
    values = np.random.default_rng(0).normal(size=(40, 10)).round(3)
    days = pd.date_range("2022-01-01", periods=40, name="day")
    frame = pd.DataFrame(values, days, [f"s{k}" for k in range(10)])
    model, csv = tmp_path / "m.safetensors", tmp_path / "ahead.csv"
    how = {
        "horizon": 2,
        "steps": 2,
        "seeds": 1,
        "origins": 1,
        "method": "drift",
    }
    Forecaster(**how).fit(frame, path=model)
    frame.to_csv(tmp_path / "t.csv")
    ahead = [
        "forecast",
        "forecast",
        model,
        tmp_path / "t.csv",
        "--out",
        csv,
    ]
    _, out, err = run(capsys, *ahead)
    assert "these are the numbers of: drift" in err
    assert "and 2 more series: --out FILE.csv writes all" in out
    assert out.count("\n") == 2 + 8 * 2 + 1
    assert pd.read_csv(csv)["series"].tolist()[::2] == [
        f"s{k}" for k in range(10)
    ]


def test_the_help_s_examples_work(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sales.csv", sales(120))
    lines = examples(shown_help(capsys, "forecast"))
    parts = [line.split()[1] for line in lines]
    assert parts == ["train", "evaluate", "forecast"]
    for part, line in zip(parts, lines, strict=True):
        (own,) = examples(shown_help(capsys, "forecast", part))
        assert line.startswith(own)
        few = ["--steps", 2, "--hidden", 4] if part == "train" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err
    assert (tmp_path / "ahead.svg").exists()
