"""What chapter 18 times: loop and scan on one thread of torch and on two."""

import pytest
import torch

from tools import measurements
from tools.train import runner
from tools.train.ch18 import limits


def test_a_run_has_its_threads_and_leaves_those_of_others():
    before, seen = torch.get_num_threads(), []
    for count in limits.THREADS:
        limits.run_on_threads(
            count, lambda: seen.append(torch.get_num_threads())
        )
    assert seen == list(limits.THREADS)
    assert torch.get_num_threads() == before


def test_each_way_is_timed_on_each_number_of_threads(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    monkeypatch.setattr(limits, "WIDE_LENGTHS", (4, 8))
    monkeypatch.setattr(limits, "SIZES", ((2, 3),))
    path = tmp_path / "m.json"
    runner.main(
        limits.TRAINING, ["threads", "--steps", "2", "--path", str(path)]
    )
    found = measurements.read(path)["limits.threads"]
    assert "cores" in found["device"]
    assert "mean load" in found["unit"]
    assert found["value"].keys() == {
        "1.loop",
        "2.loop",
        "1.scan",
        "2.scan",
    }
    for taken in found["value"].values():
        assert len(taken) == 2
        assert min(taken) > 0


def test_where_waiting_would_be_counted_nothing_is_timed(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    with pytest.raises(ValueError, match="expected passive, got 'active'"):
        next(limits.measure_threads(runner.Options()))
