"""python -m rnncore forecast with the protocol of the M4 competition."""

import json

import numpy as np
import pandas as pd
import pytest

from rnncore.apps.forecast.ends import (
    ask_before,
    ask_each,
    find_width,
    fit_naive2,
    judge_method,
    measure_points,
    spread_past,
)
from rnncore.apps.forecast.ends_network import (
    EndsPlan,
    cut_parts,
    fit_networks,
    load_ends,
    plan_line,
    train_twice,
)
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run, weights

S, T, K = 6, 24, 4
ROWS = {"A": 90, "B": 101, "C": 95}
FEW = ["--steps", 12, "--hidden", 5, "--batch", 7, "--rate", 0.01]
FEW += ["--segment", S, "--history", T, "--threads", 1]
PLAN = EndsPlan(K, T, S, 24, hidden=5, rate=0.01, batch=7, steps=12)


def make_series(more=0):
    """Three series that end together, at three levels."""
    rng = np.random.default_rng(0)
    found = {}
    for k, (name, count) in enumerate(ROWS.items()):
        t = np.arange(count + 5)
        wave = (
            2 + np.sin(2 * np.pi * t / 24) + 0.1 * rng.normal(size=t.size)
        )
        found[name] = np.round(10.0**k * wave, 3)[: count + more]
    return found


def write_table(path, series):
    """A row each step; all end in the same hour, unless some go on."""
    begin = pd.Timestamp("2020-01-10")
    rows = ["date,series,value\n"]
    for name, values in series.items():
        first = begin - pd.Timedelta(hours=ROWS.get(name, len(values)))
        days = pd.date_range(first, periods=len(values), freq="h")
        pairs = zip(days, values, strict=True)
        rows += [f"{day},{name},{value}\n" for day, value in pairs]
    path.write_text("".join(rows), "utf-8")
    return path


def words(path, model, *more):
    given = ["forecast", "train", path, "--date", "date", "--id", "series"]
    given += ["--value", "value", "--horizon", K, "--model", model]
    given += ["--network", "segments", "--protocol", "ends", *FEW]
    return [*given, *more]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    return write_table(folder / "many.csv", make_series())


@pytest.fixture(scope="module")
def trained(table):
    """A model of two seeds, and what was printed."""
    from contextlib import redirect_stdout
    from io import StringIO

    from rnncore.__main__ import main

    model = table.with_name("many.safetensors")
    given = words(table, model, "--seeds", 2)
    with redirect_stdout(StringIO()) as out:
        assert main([str(word) for word in given]) == 0
    return model, out.getvalue()


@pytest.fixture(scope="module")
def by_hand():
    """What the package's function trains, seed by seed."""
    parts = cut_parts(make_series(), PLAN)
    return parts, [
        train_twice(*parts, PLAN, lambda name: {}, seed=seed)
        for seed in (0, 1)
    ]


def test_the_command_trains_what_the_package_trains(trained, by_hand):
    modules, plan, widths, about = load_ends(trained[0])
    assert plan == PLAN
    (before, _), found = by_hand
    assert about["validation"] == [one.course[-1] for one in found]
    for module, one in zip(modules, found, strict=True):
        wanted = one.module.state_dict()
        for name, same in module.state_dict().items():
            expected = wanted[name].numpy()
            assert_close(same.numpy(), expected, within=1e-12)
    held = [one.held for one in found]
    for width, some in zip(widths, [held[:1], held[1:], held], strict=True):
        said = ask_before(fit_networks(some, PLAN), before)
        assert_close(width, find_width(before, said), within=1e-12)


def test_its_table_has_the_package_s_scores(trained, by_hand):
    parts, found = by_hand
    about = load_ends(trained[0])[-1]
    rows = {name: numbers for name, *numbers in about["table"]}
    names = "owa", "smape", "mase", "msis", "crps", "inside_95", "bias"

    def judge(some):
        fits = [
            fit_networks([getattr(one, part) for one in some], PLAN)
            for part in ("held", "module")
        ]
        scores, _ = judge_method(*parts, fits)
        return np.array([scores[name] for name in names])

    own = (judge(found[:1]) + judge(found[1:])) / 2
    assert_close(rows["the network"], own, within=1e-12)
    assert about["score"] == rows["the network"][0]
    mean = rows["the network, mean of 2 forecasts"]
    assert_close(mean, judge(found), within=1e-12)
    straight = plan_line(PLAN)
    line = train_twice(*parts, straight, lambda name: {}, seed=0)
    fits = [fit_networks([m], straight) for m in (line.held, line.module)]
    scores, _ = judge_method(*parts, fits)
    same = [scores[name] for name in names]
    assert_close(rows["linear model"], same, within=1e-12)
    assert_close(rows["Naive2"][0], 1, within=1e-12)
    assert [*rows][2:] == [
        "linear model",
        "the last 24 steps",
        "theta",
        "Naive2",
    ]
    assert "at the same 3 series" in trained[1]


def test_the_naive2_of_a_table_is_that_of_its_last_steps(by_hand):
    (_, ends), _ = by_hand
    said = [
        fit_naive2(values[:-K], K, 24)(np.array([len(values) - K]))[:, 0]
        for values in make_series().values()
    ]
    found = measure_points(ends, np.array(said))
    assert_close((found["smape"], found["mase"]), ends.naive2)


def test_scores_are_given_again_and_of_a_table_that_grew(
    table, trained, tmp_path, capsys
):
    model, out = trained
    given = ["forecast", "evaluate", model]
    code, again, err = run(capsys, *given, table)
    assert (code, again) == (0, out), err
    grown = write_table(tmp_path / "grown.csv", make_series(5))
    code, again, _ = run(capsys, *given, grown)
    assert (code, again) == (0, out)
    other = make_series()
    other["A"][3] += 1
    changed = write_table(tmp_path / "changed.csv", other)
    code, _, err = run(capsys, *given, changed)
    assert code == 2
    assert "does not begin with the table" in err
    code, text, _ = run(capsys, *given, table, "--no-baselines", "--json")
    scores = json.loads(text)["scores"]
    assert code == 0
    assert scores[0]["method"] == "the network"
    assert len(scores) == 2


def test_the_steps_to_come_are_forecast(table, trained, tmp_path, capsys):
    ahead = tmp_path / "ahead.csv"
    given = ["forecast", "forecast", trained[0], table, "--out", ahead]
    code, _, err = run(capsys, *given)
    assert code == 0, err
    found = pd.read_csv(ahead, index_col=[0, 1], parse_dates=[1])
    assert found.shape == (3 * K, 7)
    assert (np.diff(found.to_numpy(), axis=1) >= 0).all()  # they rise
    assert found.loc["B"].index[0] == pd.Timestamp("2020-01-10")
    modules, _, widths, _ = load_ends(trained[0])
    origins = min(ROWS.values()) - PLAN.needed + 20
    fit = fit_networks(modules, PLAN)
    said = ask_each(fit, make_series(), K, origins)
    quantiles = said.point + spread_past(said, widths[-1])
    assert_close(found.loc["B"].to_numpy(), quantiles[:, 1].T)


def test_an_interrupted_run_ends_with_the_same_weights(
    table, trained, tmp_path, capsys
):
    given = words(table, tmp_path / "a.safetensors", "--seeds", 2)
    code, _, err = run(capsys, *given, "--minutes", 1e-9)
    assert code == 0
    assert "the same command goes on" in err
    assert run(capsys, *given)[0] == 0
    assert weights(tmp_path / "a.safetensors") == weights(trained[0])


def test_dates_decide_what_is_not_given(tmp_path, capsys):
    rng = np.random.default_rng(1)
    names = "X", "Y"
    long = {name: 2 + rng.random(14 * 24 + 3 * K + 19) for name in names}
    path = write_table(tmp_path / "long.csv", long)
    model = tmp_path / "a.safetensors"
    given = ["forecast", "train", path, "--date", "date", "--id", "series"]
    given += ["--value", "value", "--horizon", K, "--network", "segments"]
    given += ["--protocol", "ends", "--model", model, "--steps", 2]
    given += ["--seeds", 1, "--no-baselines", "--dropout", 0.25]
    code, out, err = run(capsys, *given)
    assert code == 0, err
    assert "336 steps read, 24 at once, 4 ahead" in out
    plan = load_ends(model)[1]
    assert plan == EndsPlan(K, steps=2, keep=0.75)
    assert (plan.hidden, plan.batch, plan.rate) == (64, 64, 0.006)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--split", 9, 9, 9], "--split: not with --protocol ends"),
        (["--logs", "yes"], "--logs: not with --protocol ends"),
        (["--history", 25], "--history: expected a multiple of --segment"),
        (["--history", 18], "--history: expected a season at least, 24"),
        (["--history", 60], "A: expected at least 91 steps, got 90"),
    ],
)
def test_what_does_not_fit_is_refused(table, more, says, tmp_path, capsys):
    given = words(table, tmp_path / "a.safetensors", *more)
    code, _, err = run(capsys, *given)
    assert code == 2
    assert says in err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda v: v - v.min(), "B: expected values above 0, got 0"),
        (lambda v: v[:-1], "B ended before the others"),
    ],
)
def test_a_series_that_does_not_fit_is_named(
    change, says, tmp_path, capsys
):
    series = make_series()
    series["B"] = change(series["B"])
    path = write_table(tmp_path / "many.csv", series)
    code, _, err = run(capsys, *words(path, tmp_path / "a.safetensors"))
    assert code == 2
    assert says in err


def test_the_protocol_is_one_of_segments(table, tmp_path, capsys):
    given = words(table, tmp_path / "a.safetensors")
    given.remove("--network")
    given.remove("segments")
    code, _, err = run(capsys, *given)
    assert code == 2
    assert "only with --network segments" in err
