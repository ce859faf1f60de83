"""What the networks of the page on missing values read, and a short run."""

import numpy as np
import pytest

from rnncore.comparison import from_json
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch22 import gaps

X = np.array([[5.0], [1.0], [9.0], [9.0], [4.0], [9.0]])
SEEN = np.array([[0], [1], [0], [0], [1], [0]], bool)


def test_a_value_is_carried_until_the_next_and_0_stands_before_the_first():
    assert_close(
        gaps.carry_forward(X, SEEN)[:, 0], np.array([0.0, 1, 1, 1, 4, 4])
    )


def test_interpolation_joins_what_was_seen_and_ends_with_the_last():
    filled = gaps.interpolate_gaps(X, SEEN)[:, 0]
    assert_close(filled, np.array([1.0, 1, 2, 3, 4, 4]))
    assert (gaps.interpolate_gaps(X, np.zeros_like(SEEN)) == 0).all()


def test_steps_are_counted_from_the_last_value_seen():
    expected = np.array([0.0, 0, 1, 2, 0, 1])
    assert_close(gaps.steps_since(SEEN)[:, 0], expected)


@pytest.mark.parametrize(
    "way", [w for w in gaps.WAYS if w != "every value"]
)
def test_no_input_depends_on_a_value_that_was_not_seen(way, rng):
    x, seen = rng.normal(size=(20, 6)), rng.random((20, 6)) < 0.3
    other = np.where(seen, x, 7.0)
    y = np.zeros(6)
    first = gaps.make_inputs(way, gaps.Windows(x, seen, y))
    second = gaps.make_inputs(way, gaps.Windows(other, seen, y))
    assert (first == second).all()


def test_the_parts_share_no_value():
    a, b = (
        set(gaps.make_windows(part).x.ravel()) for part in ("train", "test")
    )
    assert not a & b


def test_a_run_records_all_ways_and_what_needs_no_network(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(
        gaps, "COUNTS", {"train": 80, "validation": 9, "test": 9}
    )
    monkeypatch.setattr(gaps, "H", 3)
    gaps.make_windows.cache_clear()
    try:
        path = tmp_path / "m.json"
        words = f"--steps 2 --path {path}"
        runner.main(gaps.TRAINING, words.split())
    finally:
        gaps.make_windows.cache_clear()
    known = measurements.read(path)
    assert known.keys() == {"gaps.study", "gaps.simple"}
    study = from_json(known["gaps.study"]["value"])
    assert study.results.keys() == set(gaps.WAYS)
    assert all(len(r.test) == 3 for r in study.results.values())
    assert known["gaps.simple"]["value"].keys() == {"last value", "kriging"}


def test_kriging_knows_how_a_series_of_one_lag_goes_on(rng):
    """Of x_t = 0.9 x_(t-1) + noise the last value seen says all there is."""
    known = 0.9 ** np.arange(gaps.WINDOW + gaps.AHEAD)
    x = rng.normal(size=(gaps.WINDOW, 3))
    seen = np.zeros(x.shape, bool)
    seen[[3, 20, 57], 0] = seen[59, 1] = True
    part = gaps.Windows(x, seen, np.zeros(3))
    expected = [
        2 + 0.9 ** (gaps.AHEAD + 2) * (x[57, 0] - 2),
        2 + 0.9**gaps.AHEAD * (x[59, 1] - 2),
        2.0,
    ]
    assert_close(gaps.krige(known, 2.0, part), np.array(expected))


def test_a_covariance_is_that_of_values_so_many_steps_apart():
    found = gaps.covariances(np.tile([1.0, -1.0], 500) + 7)
    assert_close(found[:3], np.array([1, -0.999, 0.998]))
