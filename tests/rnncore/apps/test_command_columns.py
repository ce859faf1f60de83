"""python -m rnncore forecast with a network that reads segments."""

import csv
import re

import numpy as np
import pandas as pd
import pytest

from rnncore.application import cooling, seeded, train_module
from rnncore.apps.forecast.columns import (
    ask_columns,
    load_columns,
    measure_rse,
    split_rows,
    standardise,
)
from rnncore.apps.forecast.segments import FromLast, Segments
from rnncore.forecast.heads import mean_head
from rnncore.forecast.training import as_tensors, whole_horizon
from rnncore.forecast.windows import cut, fit_scaler, join, origins, scaled
from rnncore.train import Schedule
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run, weights

ROWS, S, T, K = 240, 6, 24, 6
PARTS = 150, 40, 45  # the last five rows are in none
FEW = ["--steps", 16, "--hidden", 8, "--batch", 5]
FEW += ["--segment", S, "--history", T, "--threads", 1]


def write_table(path, rows=ROWS):
    """Two columns that repeat every six hours, with noise."""
    rng = np.random.default_rng(0)
    t = np.arange(ROWS + 20)
    wave = 20 + 5 * np.sin(2 * np.pi * t / S) + rng.normal(size=t.size)
    other = 3 + np.cos(2 * np.pi * t / S) + 0.2 * rng.normal(size=t.size)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "load", "oil"])
        days = pd.date_range("2020-01-01", periods=rows, freq="h")
        writer.writerows(zip(days, wave[:rows], other[:rows], strict=True))
    return path


def words(path, model, *more):
    given = ["forecast", "train", path, "--date", "date"]
    given += ["--value", "load", "oil", "--horizon", K, "--model", model]
    given += ["--network", "segments", "--split", *PARTS, *FEW]
    return [*given, *more]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("hours") / "hours.csv")


@pytest.fixture(scope="module")
def trained(table):
    """A model of two seeds, and what was printed."""
    from contextlib import redirect_stdout
    from io import StringIO

    from rnncore.__main__ import main

    model = table.with_name("hours.safetensors")
    given = words(table, model, "--seeds", 2)
    with redirect_stdout(StringIO()) as out:
        assert main([str(word) for word in given]) == 0
    return model, out.getvalue()


def read(path):
    frame = pd.read_csv(path, index_col=0, parse_dates=True)
    values = frame.to_numpy(float)
    scaler = fit_scaler(values[: PARTS[0]])
    return frame, scaled(values, scaler).astype(np.float32)


def train_as_published(values, rate, keep, seed):
    """The recipe of the literature's rows, step by step."""
    with seeded(seed):
        module = FromLast(K, 1, Segments("GRU", S, 8, K, keep))
    at = origins(range(PARTS[0]), T, K)
    part = range(PARTS[0], sum(PARTS[:2]))
    held = join([cut(v, origins(part, T, K, 4), T, K) for v in values.T])
    like = next(module.parameters())

    def next_batch(rng, step):
        some = rng.choice(at, 5)
        return as_tensors(
            join([cut(v, some, T, K) for v in values.T]), like
        )

    def evaluate(module):
        given = as_tensors(held, like)
        said = module(given.past, given.known)[..., 0].numpy()
        return float(((said.astype(float) - held.target) ** 2).mean())

    fit = train_module(
        module,
        whole_horizon(mean_head()),
        next_batch,
        optimizer=cooling(rate, 16),
        schedule=Schedule(16, 1.0, 2),
        rng=np.random.default_rng(seed),
        evaluate=evaluate,
    )
    return module, min(fit.history.score)


def test_the_command_trains_by_the_published_recipe(table, trained):
    _, values = read(table)
    modules, plan, about = load_columns(trained[0])
    assert (plan.history, plan.segment, plan.horizon) == (T, S, K)
    assert len(modules) == 2
    for seed, found in enumerate(modules):
        tries = [
            (*train_as_published(values, rate, keep, seed), rate, keep)
            for rate in (0.002, 0.005, 0.01, 0.02)
            for keep in (0.7, 1.0)
        ]
        module, score, rate, keep = min(tries, key=lambda one: one[1])
        chosen = about["chosen"][seed]
        assert (chosen["rate"], chosen["keep"]) == (rate, keep)
        assert_close(chosen["validation"], score)
        for name, wanted in module.state_dict().items():
            same = found.state_dict()[name]
            assert_close(same.numpy(), wanted.numpy(), within=1e-12)


def test_all_windows_of_the_test_part_are_scored(table, trained):
    frame, values = read(table)
    modules, _, about = load_columns(trained[0])
    part = range(sum(PARTS[:2]), sum(PARTS))
    at = origins(part, T, K)
    windows = join([cut(v, at, T, K) for v in values.T])
    said = [ask_columns([one], windows) for one in modules]
    wrong = [one.astype(float) - windows.target for one in said]
    rows = {name: numbers for name, *numbers in about["table"]}
    own = rows["the network"]
    assert_close(own[0], np.mean([(one**2).mean() for one in wrong]))
    assert_close(own[1], np.mean([abs(one).mean() for one in wrong]))
    assert about["score"] == own[0]
    both = (np.mean(said, axis=0) - windows.target) ** 2
    assert_close(
        rows["the network, mean of 2 forecasts"][0],
        both.mean(dtype=float),
        within=1e-5,
    )
    again = np.concatenate([v[at - 1] for v in values.T])
    still = (again - windows.target) ** 2
    assert_close(
        rows["the last value"][0], still.mean(dtype=float), within=1e-5
    )
    came = frame.to_numpy()[part.start : part.stop]
    days = np.arange(part.start, part.stop)
    missed = frame.to_numpy()[days - K] - came
    assert_close(
        rows["the last value"][2],
        np.sqrt((missed**2).mean()) / came.std(),
        within=1e-5,
    )
    assert rows["linear model"][0] < rows["the last value"][0]
    assert f"{len(at)} windows a column" in trained[1]


def test_scores_are_given_again_and_of_a_table_that_grew(
    table, trained, tmp_path, capsys
):
    model, out = trained
    code, again, err = run(capsys, "forecast", "evaluate", model, table)
    assert (code, again) == (0, out), err
    grown = write_table(tmp_path / "grown.csv", ROWS + 20)
    code, again, _ = run(capsys, "forecast", "evaluate", model, grown)
    assert (code, again) == (0, out)  # the test part was named
    short = write_table(tmp_path / "short.csv", 200)
    code, _, err = run(capsys, "forecast", "evaluate", model, short)
    assert code == 2
    assert "does not begin with the table" in err


def test_the_steps_to_come_are_forecast(table, trained, tmp_path, capsys):
    ahead = tmp_path / "ahead.csv"
    given = ["forecast", "forecast", trained[0], table, "--out", ahead]
    code, out, err = run(capsys, *given)
    assert code == 0, err
    assert "load" in out
    found = pd.read_csv(ahead, index_col=[0, 1], parse_dates=[1])
    assert found.shape == (2 * K, 9)
    assert (np.diff(found.to_numpy(), axis=1) >= 0).all()  # they rise
    frame, values = read(table)
    assert found.loc["load"].index[0] == frame.index[-1] + pd.Timedelta(
        "1h"
    )
    modules, _, about = load_columns(trained[0])
    room = np.concatenate([values, np.zeros((K, 2), np.float32)])
    windows = join([cut(v, np.array([ROWS]), T, K) for v in room.T])
    said = ask_columns(modules, windows)[:, 0]
    center, spread = (one[0] for one in about["scaler"])
    errors = np.array(about["errors"])[4, :, 0]  # at 0.5
    expected = (said + errors) * spread + center
    assert_close(found.loc["load"]["0.5"], expected, within=1e-6)


def test_an_interrupted_run_ends_with_the_same_weights(
    table, trained, tmp_path, capsys
):
    given = words(table, tmp_path / "a.safetensors", "--seeds", 2)
    code, _, err = run(capsys, *given, "--minutes", 1e-9)
    assert code == 0
    assert "the same command goes on" in err
    assert run(capsys, *given)[0] == 0
    assert weights(tmp_path / "a.safetensors") == weights(trained[0])


def test_what_is_given_is_not_chosen(table, tmp_path, capsys):
    model = tmp_path / "a.safetensors"
    more = [
        "--seeds",
        1,
        "--rate",
        0.01,
        "--dropout",
        0.25,
        "--logs",
        "yes",
        "--unit",
        "change",
    ]
    code, out, err = run(capsys, *words(table, model, *more))
    assert code == 0, err
    assert "chosen by validation: rate 0.01, dropout 0.25" in out
    _, plan, about = load_columns(model)
    assert (plan.rate, plan.keep, plan.link) == (0.01, 0.75, "logarithm")
    assert len(about["chosen"]) == 1
    assert plan.unit == "change"
    logs = np.log(read(table)[0].to_numpy()[: PARTS[0]])
    assert_close(about["scaler"][1], np.diff(logs, axis=0).std(axis=0))
    assert "in units of steps' changes" in out
    code, out, _ = run(capsys, "forecast", "forecast", model, table)
    assert code == 0
    numbers = [
        float(n) for n in re.findall(r"\d+\.\d+$", out, re.MULTILINE)
    ]
    assert min(numbers) > 0


def test_weights_are_kept_by_the_error_that_is_asked_for(
    table, tmp_path, capsys
):
    model = tmp_path / "a.safetensors"
    more = ["--seeds", 1, "--rate", 0.01, "--dropout", 0, "--judge", "rse"]
    code, _, err = run(capsys, *words(table, model, *more))
    assert code == 0, err
    (network,), plan, about = load_columns(model)
    values = read(table)[0].to_numpy()
    own = standardise(values, PARTS[0], plan.link, plan.unit)
    middle = range(PARTS[0], PARTS[0] + PARTS[1])
    rse = measure_rse(
        own, middle, plan, lambda windows: ask_columns([network], windows)
    )
    assert_close(about["chosen"][0]["validation"], rse, within=1e-6)
    code, _, err = run(capsys, *words(table, model, *more[:-2]))
    assert code == 2  # another run's model
    assert "judge was rse, now mse" in err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--scale", "season"], "--scale: not with --network segments"),
        (["--history", 25], "--history: expected a multiple of --segment"),
        (["--split", 200, 30, 30], "expected at least 260 rows, got 240"),
        (["--split", 20, 100, 100], "part: expected room for 24 steps"),
    ],
)
def test_what_does_not_fit_is_refused(table, more, says, tmp_path, capsys):
    given = words(table, tmp_path / "a.safetensors", *more)
    code, _, err = run(capsys, *given)
    assert code == 2
    assert says in err


def test_options_of_segments_are_refused_without_them(
    table, tmp_path, capsys
):
    given = ["forecast", "train", table, "--date", "date", "--value", "oil"]
    given += ["--horizon", 3, "--model", tmp_path / "a.safetensors"]
    code, _, err = run(capsys, *given, "--segment", 6)
    assert code == 2
    assert "--segment: only with --network segments" in err


def test_a_column_that_begins_late_is_refused(tmp_path, capsys):
    days = pd.date_range("2020-01-01", periods=ROWS, freq="h")
    lines = [f"{day},load,{k % 6}\n" for k, day in enumerate(days)]
    lines += [f"{day},oil,{k % 5}\n" for k, day in enumerate(days[9:])]
    path = tmp_path / "long.csv"
    path.write_text("".join(["date,name,value\n", *lines]))
    given = [
        "forecast",
        "train",
        path,
        "--date",
        "date",
        "--value",
        "value",
    ]
    given += ["--id", "name", "--horizon", K, "--network", "segments"]
    code, _, err = run(
        capsys, *given, "--model", tmp_path / "a.safetensors"
    )
    assert code == 2
    assert "oil lacks 9 values" in err


def test_rows_are_split_as_the_published_rates_are():
    parts = split_rows(7_588)
    assert [len(part) for part in parts] == [4_552, 1_518, 1_518]
