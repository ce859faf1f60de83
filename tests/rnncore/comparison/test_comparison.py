"""Comparisons that are fair by construction, and claims."""

import json
import math
import os
import sys
import time

import numpy as np
import pytest

from rnncore.comparison import (
    Trained,
    claim,
    compare,
    from_json,
    quartiles,
    read_clock,
    to_json,
)

RATES = {"rate": (0.01, 0.1, 1.0)}


class Bowl:
    """A contender whose score is lowest at one rate; keeps what was asked."""

    def __init__(self, best, level=0.0):
        self.best, self.level = best, level
        self.trained, self.tested = [], []

    def __call__(self, setting, seed, steps):
        self.trained.append((setting["rate"], seed, steps))
        score = abs(math.log10(setting["rate"] / self.best)) + seed / 100

        def test():
            self.tested.append((setting["rate"], seed))
            return 100 + self.level + seed

        return Trained(score, steps, test)


def run(contenders, grid=RATES, seeds=(0, 1, 2), **options):
    return compare(contenders, grid, steps=7, seeds=seeds, **options)


def test_all_contenders_get_the_same_settings_seeds_and_steps():
    a, b = Bowl(0.1), Bowl(0.1)
    run({"a": a, "b": b})
    assert a.trained == b.trained
    assert len(a.trained) == 9
    assert {steps for _, _, steps in a.trained} == {7}


def test_the_test_set_is_asked_once_for_each_chosen_run_at_the_end():
    a = Bowl(0.1)
    asked = []

    def late(setting, seed, steps):
        asked.append(list(a.tested))
        return Bowl(0.1)(setting, seed, steps)

    found = run({"a": a, "late": late})
    assert not any(asked)  # nothing was tested while anything was trained
    assert a.tested == [(0.1, 0), (0.1, 1), (0.1, 2)]
    assert found.results["a"].test == [100, 101, 102]
    assert found.results["a"].quartiles == (100.5, 101, 101.5)


def test_a_grid_grows_for_all_while_the_best_of_any_is_its_edge():
    low, high = Bowl(0.001), Bowl(0.1)
    found = run({"low": low, "high": high})
    rates = [0.0001, 0.001, 0.01, 0.1, 1]
    assert found.grid["rate"] == rates
    assert len(low.trained) == len(set(low.trained)) == 15
    assert {r for r, _, _ in low.trained} == {r for r, _, _ in high.trained}
    assert found.results["low"].edges == []
    assert len(found.results["high"].tried) == 5


def test_a_search_that_gave_up_at_an_edge_says_so():
    found = run({"a": Bowl(1e6), "b": Bowl(1.0)}, extensions=1)
    assert found.grid["rate"] == [0.01, 0.1, 1, 10]
    assert found.results["a"].edges == ["rate 10"]
    assert found.results["b"].edges == []


def test_of_equal_medians_the_one_inside_the_grid_is_chosen():
    def flat(setting, seed, steps):
        return Trained(0.0, steps, lambda: 0.0)

    found = run({"a": flat})
    assert found.results["a"].chosen == {"rate": 0.1}
    assert found.grid["rate"] == [0.01, 0.1, 1]


def test_the_median_chooses_and_not_the_luckiest_seed():
    def lucky(setting, seed, steps):
        rate = setting["rate"]
        score = {0.01: 0.5, 0.1: 0.3, 1.0: (0.0, 0.9, 0.9)[seed]}[rate]
        return Trained(score, steps, lambda: rate)

    assert run({"a": lucky}).results["a"].chosen == {"rate": 0.1}


def test_a_run_that_diverges_counts_as_infinite_and_comes_back_so():
    def wild(setting, seed, steps):
        if setting["rate"] > 0.5 or seed == 2:
            raise FloatingPointError("step 3: loss is not finite")
        return Bowl(0.1)(setting, seed, steps)

    found = run({"a": wild})
    result = found.results["a"]
    assert result.at(rate=1.0).validation == [math.inf] * 3
    assert result.test == [100, 101, math.inf]
    text = json.dumps(to_json(found), allow_nan=False)
    assert from_json(json.loads(text)) == found


def test_contenders_are_compared_seed_by_seed():
    found = run({"a": Bowl(0.1, level=3.0), "b": Bowl(0.1)})
    assert found.difference("a", "b") == [3, 3, 3]
    assert found.difference("b", "a") == [-3, -3, -3]


def test_two_things_can_be_tuned():
    def train(setting, seed, steps):
        off = abs(math.log(setting["rate"] / 0.1))
        off += abs(math.log(setting["limit"] / 4))
        return Trained(off, steps, lambda: off)

    grid = {"rate": (0.01, 0.1, 1.0), "limit": (0.5, 1, 2)}
    found = run({"a": train}, grid)
    assert found.grid["limit"] == [0.5, 1, 2, 4, 8]
    assert found.results["a"].chosen == {"rate": 0.1, "limit": 4}
    assert len(found.results["a"].tried) == 15


def test_a_run_that_stopped_early_is_refused():
    def short(setting, seed, steps):
        return Trained(0.0, steps - 1, lambda: 0.0)

    with pytest.raises(ValueError, match="expected 7 steps, as all have"):
        run({"short": short})


def test_a_score_that_is_no_number_is_refused():
    def broken(setting, seed, steps):
        return Trained(math.nan, steps, lambda: 0.0)

    with pytest.raises(ValueError, match=r"a, \{'rate': 0.01\}, seed 0"):
        run({"a": broken})


@pytest.mark.parametrize("seeds", [(0, 1), (0, 0, 1)])
def test_too_few_seeds_are_refused(seeds):
    with pytest.raises(ValueError, match="seeds: expected at least 3"):
        run({"a": Bowl(0.1)}, seeds=seeds)


def test_a_headline_needs_five_seeds():
    with pytest.raises(ValueError, match="seeds: expected at least 5"):
        run({"a": Bowl(0.1)}, headline=True)
    found = run({"a": Bowl(0.1)}, seeds=range(5), headline=True)
    assert len(found.results["a"].test) == 5


@pytest.mark.parametrize("rates", [(0.1, 1.0), (0, 0.1, 1), (1, 0.1, 0.01)])
def test_a_grid_that_cannot_grow_is_refused(rates):
    with pytest.raises(ValueError, match="three rising values above 0"):
        run({"a": Bowl(0.1)}, {"rate": rates})


def test_a_comparison_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^contenders:"):
        run({})


def test_a_setting_that_was_not_tried_is_named():
    result = run({"a": Bowl(0.1)}).results["a"]
    assert result.at(rate=0.1).median == 0.01
    with pytest.raises(ValueError, match=r"got \{'rate': 3.0\}"):
        result.at(rate=3.0)


def test_quartiles_of_five_are_the_second_third_and_fourth():
    assert quartiles([5, 1, 4, 2, 3]) == (2, 3, 4)


def test_a_claim_that_no_longer_holds_is_a_note_and_stops_authors(
    monkeypatch, capsys
):
    monkeypatch.delenv("STRICT", raising=False)
    monkeypatch.setitem(sys.modules, "IPython", None)  # in a script
    claim("a beats b", True)
    claim("a beats b", np.float64(1) < 2)
    assert capsys.readouterr().out == ""
    claim("a beats b", False)
    note = "On this machine this came out otherwise: a beats b\n"
    assert capsys.readouterr().out == note
    monkeypatch.setenv("STRICT", "1")
    with pytest.raises(AssertionError, match="no longer so: a beats b"):
        claim("a beats b", False)


@pytest.mark.parametrize("condition", ["a < b", np.array([True]), None, 1])
def test_a_claim_without_a_condition_is_refused(condition):
    with pytest.raises(TypeError, match=r"^condition:"):
        claim("a beats b", condition)


def time_a_nap():
    start = read_clock()
    time.sleep(0.05)
    return read_clock() - start


def test_the_clock_does_not_count_what_others_do(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert time_a_nap() < 0.04
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")  # its own is too coarse
        passed = time_a_nap()
    assert passed > 0.04


def test_the_clock_does_not_add_up_the_times_of_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert time_a_nap() > 0.04
