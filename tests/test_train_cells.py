"""The script that trains three cells with equally many weights."""

import numpy as np
import pytest

from tools import measurements
from tools.train import runner
from tools.train.tasks import cells


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(cells, "SECONDS", 0.02)
    monkeypatch.setattr(cells, "POINTS", 2)
    monkeypatch.setattr(cells, "milliseconds", lambda *about: 5.0)
    cells.plan.cache_clear()
    yield
    cells.plan.cache_clear()


@pytest.mark.parametrize("name", ["adding", "copy"])
def test_all_cells_get_as_many_weights_and_nearly_all_of_them(name):
    task = cells.TASKS[name]()
    most = cells.weights(3, task.D, task.H, task.K)
    for c in cells.CELLS.values():
        H = cells.units(c.G, task)
        model = cells.first_model(task, c, H, np.random.default_rng(0))
        count = sum(w.size for part in model for w in part)
        assert count == cells.weights(c.G, task.D, H, task.K)
        more = cells.weights(c.G, task.D, H + 1, task.K)
        assert count <= most < more


@pytest.mark.parametrize("name", ["adding", "copy"])
def test_a_comparison_is_recorded_at_common_steps(name, short, tmp_path):
    path = tmp_path / "m.json"
    words = [f"{name}.*", "--seeds", "0", "1", "--path", str(path)]
    runner.main(cells.TRAINING, words)
    known = measurements.read(path)
    for kind in cells.CELLS:
        scores = known[f"cells.{name}.{kind}.scores"]["value"]
        assert len(scores) == 2
        assert known[f"cells.{name}.{kind}.every"]["value"] == 2
        for one in scores:
            assert one == sorted(one, reverse=True)  # the best so far


def test_both_resets_are_timed(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "REPEATS", 1)
    path = tmp_path / "m.json"
    runner.main(cells.TRAINING, ["resets", "--path", str(path)])
    values = [entry["value"] for entry in measurements.read(path).values()]
    assert len(values) == 6
    assert all(ms > 0 for pair in values for ms in pair)
