"""What chapter 18 times: loop, scan and an LSTM, by the number of steps."""

import numpy as np

from rnncore.scan import linear_loop, linear_scan, linear_scan_vjp
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch18 import limits


def test_each_way_is_timed_at_each_length(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "LENGTHS", (4, 8))
    monkeypatch.setattr(limits, "SIZES", ((2, 3),))
    path = tmp_path / "m.json"
    runner.main(limits.TRAINING, ["times", "--path", str(path)])
    found = measurements.read(path)
    assert found.pop("limits.times.lengths")["value"] == [4, 8]
    assert set(found) == {
        f"limits.times.numpy.2.3.{way}" for way in ("loop", "scan", "lstm")
    }
    for entry in found.values():
        assert len(entry["value"]) == 2
        assert min(entry["value"]) > 0


def test_what_is_timed_backward_is_the_gradient(monkeypatch):
    rng = np.random.default_rng(0)
    a, u, d_y = rng.uniform(-1, 1, (3, 6, 2, 3))
    called = []
    monkeypatch.setattr(
        limits,
        "linear_loop",
        lambda *given: called.append(linear_loop(*given)) or called[-1],
    )
    limits.loop_both_ways(a, u, np.zeros((2, 3)), d_y)
    y, d_u = called[0], called[1][::-1]
    expected, cache = linear_scan(a, u, np.zeros((2, 3)))
    assert_close(y, expected)
    assert_close(d_u, linear_scan_vjp(d_y, cache)[1])
