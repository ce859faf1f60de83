"""The file of measurements, and the script that trains over lags."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from arrays import assert_close

from tools import measurements
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
def few(monkeypatch):
    """Two short runs instead of long ones."""
    tasks = {
        name: task._replace(sizes=(task.sizes[0], 6, task.sizes[2]))
        for name, task in lags.TASKS.items()
    }
    monkeypatch.setattr(lags, "TASKS", tasks)
    monkeypatch.setattr(lags, "SEEDS", (0, 1))


@pytest.mark.parametrize("task", ["adding", "copy"])
def test_runs_over_lags_are_recorded_and_repeatable(
    task, few, tmp_path, monkeypatch
):
    found = []
    for k in range(2):
        path = tmp_path / f"{k}.json"
        monkeypatch.setattr(
            sys,
            "argv",
            f"train_lags.py --flow --task {task} --lag 6 --steps 3 "
            f"--path {path}".split(),
        )
        lags.main()
        found.append(measurements.read(path))
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


def test_gated_runs_end_where_they_are_solved(few, tmp_path, monkeypatch):
    path = tmp_path / "found.json"
    monkeypatch.setattr(
        sys,
        "argv",
        "train_lags.py --flow --task adding --lag 6 --steps 300 "
        f"--start lstm gru --forget-bias 2 --path {path}".split(),
    )
    monkeypatch.setattr(lags, "SOLVED", 1.0)  # any score will do
    lags.main()
    found = measurements.read(path)
    keys = {f"lags.adding.{cell}.6" for cell in ("lstm@2", "gru")}
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
