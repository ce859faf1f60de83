"""The file of measurements, and the script that trains over lags."""

import importlib
import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from arrays import assert_close

from tools import measurements
from tools.train import runner
from tools.train.tasks import lags


def test_writers_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / "measurements.json"

    def write(k):
        measurements.record(
            {f"key.{k}": k}, unit="1", seed=k, command="none", path=path
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    known = measurements.read(path)
    assert {key: e["value"] for key, e in known.items()} == {
        f"key.{k}": k for k in range(40)
    }


def test_a_measurement_says_all_that_is_needed_to_repeat_it(tmp_path):
    path = tmp_path / "measurements.json"
    about = {"unit": "s", "seed": 3, "command": "make bench"}
    measurements.record({"a": 1.5}, **about, path=path)
    measurements.record({"a": 2.5, "b": [1]}, **about, path=path)
    known = measurements.read(path)
    assert known["a"]["value"] == 2.5
    assert set(known["b"]) == {
        "value",
        "unit",
        "seed",
        "device",
        "command",
        "date",
    }
    assert list(json.loads(path.read_text())) == ["a", "b"]


def test_seeds_are_kept_beside_those_that_were_there(tmp_path):
    path = tmp_path / "measurements.json"
    for values in {2: 0.2, 0: 0.0}, {1: 0.1, 2: 0.5}:
        measurements.keep_seeds("a", values, "s", "make bench", path)
    (entry,) = measurements.read(path).values()
    assert (entry["seed"], entry["value"]) == ([0, 1, 2], [0.0, 0.1, 0.5])
    assert (entry["unit"], entry["command"]) == ("s", "make bench")


def test_nothing_is_known_before_the_first_measurement(tmp_path):
    assert measurements.read(tmp_path / "measurements.json") == {}


@pytest.fixture
def small(monkeypatch):
    """Six units instead of many."""
    tasks = {
        name: task._replace(sizes=(task.sizes[0], 6, task.sizes[2]))
        for name, task in lags.TASKS.items()
    }
    monkeypatch.setattr(lags, "TASKS", tasks)


def train(path, *runs, words="--steps 3 --seeds 0 1"):
    """Run these; what is recorded."""
    table = {
        f"{run.task}.{run.start}.{run.lag}": partial(
            lags.train, f"{run.task}.{run.start}.{run.lag}", run
        )
        for run in runs
    }
    training = lags.TRAINING._replace(runs=table)
    runner.main(training, [*words.split(), "--path", str(path)])
    return measurements.read(path)


@pytest.mark.parametrize("task", ["adding", "copy"])
def test_runs_over_lags_are_recorded_and_repeatable(task, small, tmp_path):
    runs = [lags.Run(task, k, 6, 9, 0.01, flow=True) for k in lags.PLAIN]
    found = [train(tmp_path / f"{k}.json", *runs) for k in range(2)]
    first, second = (
        {key: entry["value"] for key, entry in f.items()} for f in found
    )
    assert first == second
    keys = {f"lags.{task}.{start}.6" for start in lags.PLAIN}
    assert set(first) == keys | {f"{key}.flow" for key in keys}
    for key in keys:
        assert len(first[key]) == 2
        before = first[f"{key}.flow"][0]["before"]
        if "uniform" not in key:  # orthogonal and identity
            # float32 weights: 1e-7 an entry, of six
            assert_close(before["radius"], 1, within=1e-6)


def test_gated_runs_end_where_they_are_solved(small, tmp_path, monkeypatch):
    monkeypatch.setattr(lags, "SOLVED", 1.0)  # any score will do
    runs = [
        lags.Run("adding", name, 6, 300, 3e-3, flow=True)
        for name in lags.GATED
    ]
    found = train(tmp_path / "m.json", *runs, words="--seeds 0 1")
    keys = {f"lags.adding.{cell}.6" for cell in ("lstm", "gru")}
    wanted = {f"{k}{end}" for k in keys for end in ("", ".flow", ".steps")}
    assert set(found) == wanted
    for key in keys:
        assert found[f"{key}.steps"]["value"] == [250, 250]
        assert all(0 < score < 1 for score in found[key]["value"])
        for run in found[f"{key}.flow"]["value"]:
            assert run["before"].keys() == {"rate", "silent"}


def test_an_lstm_starts_with_the_forget_bias_asked_for():
    start = lags.GATED["lstm"]._replace(forget_bias=3.0)
    task, rng = lags.TASKS["copy"], np.random.default_rng(0)
    layer, _ = lags.first_params(start, task, rng)
    b = (layer.b_x + layer.b_h).reshape(4, -1)
    assert (b[1] == 3).all()
    assert not (b[[0, 2, 3]] == 3).any()


def test_a_check_trains_and_writes_nothing(small, tmp_path, capsys):
    path = tmp_path / "m.json"
    run = lags.Run("adding", "uniform", 6, 300, 3e-3)
    assert train(path, run, words="--check") == {}
    assert not path.exists()
    assert "lags.adding.uniform.6: 1." in capsys.readouterr().out


def test_what_is_recorded_is_not_trained_again_where_it_is_missing(
    small, tmp_path
):
    path = tmp_path / "m.json"
    run = lags.Run("adding", "uniform", 6, 300, 3e-3)
    other = lags.Run("adding", "identity", 6, 300, 3e-3)
    before = train(path, run, words="--steps 3 --seeds 0")
    words = "--steps 3 --missing --seeds 0 1"
    (entry,) = train(path, run, words=words).values()
    assert entry["seed"] == [0, 1]
    key = "lags.adding.uniform.6"
    assert entry["value"][0] == before[key]["value"][0]
    path.write_text(json.dumps({key: entry | {"value": ["kept", "too"]}}))
    found = train(path, run, other, words=words)
    assert found[key]["value"] == ["kept", "too"]
    assert found["lags.adding.identity.6"]["seed"] == [0, 1]


def test_runs_are_chosen_by_patterns_and_unknown_names_are_refused(
    small, tmp_path, capsys
):
    runs = [lags.Run("adding", k, 6, 300, 3e-3) for k in lags.PLAIN]
    found = train(
        tmp_path / "m.json", *runs, words="*.uniform.* --steps 2 --seeds 1"
    )
    entry = found.pop("lags.adding.uniform.6")
    assert found == {}
    assert entry["command"] == (
        "python -m tools.train lags adding.uniform.6 --steps 2"
    )
    with pytest.raises(SystemExit):
        train(tmp_path / "m.json", *runs, words="poems")
    told = capsys.readouterr().err
    assert "poems: expected some of adding.uniform.6, adding.ortho" in told


def test_every_command_that_is_recorded_names_a_run_that_there_is():
    folder = Path(measurements.__file__).parent / "train"
    modules = {
        path.stem: f"tools.train.{path.parent.name}.{path.stem}"
        for path in folder.glob("*/[a-z]*.py")
    }
    commands = {entry["command"] for entry in measurements.read().values()}
    trained = [c for c in commands if c.startswith("python -m tools.train")]
    assert len(trained) > 50
    for command in trained:
        name, run = shlex.split(command)[3:5]
        training = importlib.import_module(modules[name]).TRAINING
        assert run in {**training.runs, **training.studies}, command
