"""The comparison of a threshold and a shorter memory, in small."""

import numpy as np
import pytest

from rnncore.comparison import from_json
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


def test_a_free_run_belongs_to_all_thresholds(small):
    tests = [
        clipping.train(
            0.999, False, SETTING | {"threshold": t}, 1, 3
        ).test()
        for t in (0.1, 10.0)
    ]
    assert tests[0] == tests[1]
    held = clipping.train(0.999, True, SETTING | {"threshold": 0.1}, 1, 3)
    assert held.test() != tests[0]


def test_a_shorter_memory_gives_another_network(small):
    usual, short = (
        clipping.train(beta, False, {"rate": 0.003}, 1, 3).test()
        for beta in (0.999, 0.9)
    )
    assert usual != short


def test_an_error_of_one_is_that_of_always_answering_one(small):
    layer, out = clipping.run(0.999, 0.001, None, 0, 1)
    says_one = Readout(0 * out.W_y, np.ones_like(out.b_y))
    assert_close(clipping.measure_score(3, (layer, says_one)), 1.0)


def test_the_test_set_is_not_the_validation_set(small):
    run = clipping.train(0.999, True, SETTING, 2, 3)
    assert run.test() != run.validation
    again = clipping.train(0.999, True, SETTING, 2, 3)
    assert (run.validation, run.test()) == (again.validation, again.test())


@pytest.mark.parametrize("name", clipping.STUDIES)
def test_a_comparison_is_recorded_and_comes_back(name, small, tmp_path):
    path = tmp_path / "m.json"
    words = [name, "--steps", "2", "--path", str(path)]
    runner.main(clipping.TRAINING, words)
    (entry,) = measurements.read(path).values()
    found = from_json(entry["value"])
    expected = {"adam": {"free", "clipped"}, "memory": {*clipping.SHORTER}}
    assert set(found.results) == expected[name]
    for result in found.results.values():
        assert len(result.test) == len(clipping.SEEDS)
