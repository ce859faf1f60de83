"""The comparison of free and clipped optimisers, in small."""

import numpy as np
import pytest

from rnncore.backend import named_leaves
from rnncore.comparison import from_json
from rnncore.optim import global_norm
from rnncore.rnn import Readout
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch05 import clipping

SETTING = {"rate": 0.003, "threshold": 1.0}


@pytest.fixture
def small(monkeypatch):
    """Few steps and units; what is cached is of this size alone."""
    for name, size in {"T": 8, "H": 6, "HELD_OUT": 50}.items():
        monkeypatch.setattr(clipping, name, size)
    clipping.run.cache_clear()
    yield
    clipping.run.cache_clear()


def moved(name, rate, threshold, steps=1):
    """How far the weights went from where they began."""
    end = clipping.run(name, rate, threshold, 0, steps)
    start = clipping.run(name, 0.0, threshold, 0, 1)
    pairs = zip(named_leaves(end), named_leaves(start), strict=True)
    return global_norm(
        {k: w - v for k, ((_, w), (_, v)) in enumerate(pairs)}
    )


def test_a_clipped_step_of_sgd_is_as_long_as_rate_times_threshold(small):
    assert_close(moved("sgd", 0.5, 0.01), 0.005, amplified=1e10)


def test_a_free_step_is_longer_and_belongs_to_all_thresholds(small):
    assert moved("sgd", 0.5, None) > 0.05
    tests = [
        clipping.train(
            "sgd", False, SETTING | {"threshold": t}, 1, 3
        ).test()
        for t in (0.1, 10.0)
    ]
    assert tests[0] == tests[1]
    held = clipping.train("sgd", True, SETTING | {"threshold": 0.1}, 1, 3)
    assert held.test() != tests[0]


def test_an_error_of_one_is_that_of_always_answering_one(small):
    layer, out = clipping.run("sgd", 0.001, None, 0, 1)
    says_one = Readout(0 * out.W_y, np.ones_like(out.b_y))
    assert_close(clipping.measure_score(3, (layer, says_one)), 1.0)


def test_the_test_set_is_not_the_validation_set(small):
    run = clipping.train("adam", True, SETTING, 2, 3)
    assert run.test() != run.validation
    again = clipping.train("adam", True, SETTING, 2, 3)
    assert (run.validation, run.test()) == (again.validation, again.test())


@pytest.mark.parametrize("name", clipping.OPTIMIZERS)
def test_a_comparison_is_recorded_and_comes_back(name, small, tmp_path):
    path = tmp_path / "m.json"
    words = [name, "--steps", "2", "--path", str(path)]
    runner.main(clipping.TRAINING, words)
    (entry,) = measurements.read(path).values()
    found = from_json(entry["value"])
    assert set(found.results) == {"free", "clipped"}
    assert set(found.grid) == {"rate", "threshold"}
    for result in found.results.values():
        assert len(result.test) == len(clipping.SEEDS)
