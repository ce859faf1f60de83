"""The file of measurements, and the script that trains over lags."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import measurements
import pytest
import train_lags


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


def test_nothing_is_known_before_the_first_measurement(tmp_path):
    assert measurements.read(tmp_path / "measurements.json") == {}


@pytest.fixture
def few(monkeypatch):
    """Two short runs instead of long ones."""
    tasks = {
        name: task._replace(sizes=(task.sizes[0], 6, task.sizes[2]))
        for name, task in train_lags.TASKS.items()
    }
    monkeypatch.setattr(train_lags, "TASKS", tasks)
    monkeypatch.setattr(train_lags, "SEEDS", (0, 1))


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
        train_lags.main()
        found.append(measurements.read(path))
    first, second = (
        {key: entry["value"] for key, entry in f.items()} for f in found
    )
    assert first == second
    keys = {f"lags.{task}.{start}.6" for start in train_lags.STARTS}
    assert set(first) == keys | {f"{key}.flow" for key in keys}
    for key in keys:
        assert len(first[key]) == 2
        before = first[f"{key}.flow"][0]["before"]
        if "uniform" not in key:  # orthogonal and identity
            # float32 weights: 1e-7 an entry, of six
            assert before["radius"] == pytest.approx(1, abs=1e-6)
