"""The comparison of reservoirs with trained networks, in small."""

from functools import partial

import numpy as np
import pytest

from rnncore.comparison import from_json
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch05 import lags, reservoir

SETTING = {"radius": 0.9, "scale": 0.3, "penalty": 1e-6}


@pytest.fixture
def small(monkeypatch):
    """Few steps and units; what is cached is of this size alone."""
    sizes = {"H": 6, "TRAIN": 150, "HELD_OUT": 60, "SEQUENCES": 600}
    for name, size in sizes.items():
        monkeypatch.setattr(reservoir, name, size)
    monkeypatch.setattr(lags, "H", 4)
    monkeypatch.setattr(lags, "HELD_OUT", 8)
    caches = (
        reservoir.make_parts,
        reservoir.compute_driven_states,
        reservoir.compute_ends,
    )
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_the_parts_follow_each_other_and_share_no_value(small):
    parts = reservoir.make_parts(0)
    assert [len(p.x) for p in parts] == [250, 160, 160]
    for part in parts:
        ahead = reservoir.AHEAD
        assert (part.x[ahead:] == part.targets[:-ahead]).all()
    every = [set(np.concatenate([*p]).ravel()) for p in parts]
    assert len(set.union(*every)) == sum(map(len, every))


def test_the_window_holds_the_last_values_and_the_present_one(small):
    part = reservoir.make_parts(0)[1]
    found = reservoir.stack_past(part)
    assert found.shape == (60, 1, 6)
    t = reservoir.WASHOUT + 7
    assert_close(found[7, 0], part.x[t - 5 : t + 1, 0, 0][::-1])


def test_an_error_of_one_is_that_of_the_mean(small):
    part = reservoir.make_parts(0)[2]
    mean = part.targets[reservoir.WASHOUT :].mean()
    assert_close(reservoir.measure_relative(np.asarray(mean), part), 1.0)


@pytest.mark.parametrize(
    "run",
    [
        partial(reservoir.solve, 0.3, SETTING),
        partial(reservoir.run_window, {"penalty": 1e-6}),
        partial(reservoir.descend, {"rate": 1e-3}),
        partial(reservoir.answer, "adding", SETTING | {"leak": 0.1}),
    ],
    ids=["reservoir", "window", "trained", "adding"],
)
def test_a_run_repeats_itself_and_its_test_is_not_its_validation(
    run, small
):
    first, second = run(3, 5), run(3, 5)
    assert first.validation == second.validation
    assert first.test() == second.test() != first.validation
    assert first.validation != run(4, 5).validation


def test_a_parity_is_that_of_all_bits():
    x, odd = reservoir.draw_parities(np.random.default_rng(0), 9, 50)
    assert odd.shape == (1, 50)
    assert (odd[0] == x[..., 1].sum(0) % 2).all()


def test_one_setting_has_the_same_states_for_each_penalty(small):
    low, high = (
        reservoir.answer(
            "adding", SETTING | {"leak": 0.1, "penalty": penalty}, 0, 5
        ).validation
        for penalty in (1e-9, 1e3)
    )
    assert low < high
    assert reservoir.compute_ends.cache_info().misses == 1


def test_the_penalty_decides_nothing_but_the_readout(small):
    """The states that penalties share are those of radius and scale."""
    low = reservoir.solve(1.0, SETTING, 0, 5)
    reservoir.compute_driven_states.cache_clear()
    high = reservoir.solve(1.0, SETTING | {"penalty": 1e3}, 0, 5)
    assert low.validation < high.validation
    assert reservoir.solve(1.0, SETTING, 0, 5).validation == low.validation


@pytest.mark.weekly
@pytest.mark.parametrize("name", reservoir.TRAINING.studies)
def test_the_comparisons_are_recorded_and_come_back(name, small, tmp_path):
    path = tmp_path / "m.json"
    words = [name, "--steps", "2", "--path", str(path)]
    runner.main(reservoir.TRAINING, words)
    found = {
        key: from_json(entry["value"]).results
        for key, entry in measurements.read(path).items()
    }
    expected = {
        "mackey-glass": {"fixed": {*reservoir.LEAKS}, "window": {"window"}},
        "falling": {"": {"trained"}},
        "adding": {"": {"reservoir"}},
        "parity": {"": {"reservoir"}, "trained": {"trained"}},
    }[name]
    assert {
        key.removeprefix(f"reservoir.{name}").strip("."): set(results)
        for key, results in found.items()
    } == expected
    for results in found.values():
        for result in results.values():
            assert len(result.test) == len(reservoir.SEEDS)
