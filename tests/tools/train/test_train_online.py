"""The contest of online learning."""

import numpy as np

from tests.helpers.arrays import assert_close
from tools.train.ch03 import online


def test_while_the_weights_rest_all_ways_have_one_gradient():
    rng = np.random.default_rng(0)
    layer = online.init_params(rng, 1, online.H)
    start = online.zero_state(layer, online.B)
    ways = [make(layer, start) for make in online.CONTENDERS.values()]
    reach = dict(zip(online.CONTENDERS, ways, strict=True))
    for x in rng.normal(size=(16, online.B, 1)):
        hidden = [way.step(layer, x) for way in ways]
    for other in hidden[1:]:
        assert_close(other, hidden[0], terms=16 * online.H)
    d_h = rng.normal(size=hidden[0].shape)
    exact = reach["rtrl"].gradient(layer, d_h)
    for name in "window 16", "window 64", "again 16":
        found = reach[name].gradient(layer, d_h)
        for a, b in zip(found, exact, strict=True):
            assert_close(a, b, terms=16 * online.B * online.H)
    short = reach["window 4"].gradient(layer, d_h)
    assert np.abs(short.W_h - exact.W_h).max() > 1e-3


def test_each_predicts_from_the_state_it_carries_but_the_one_run_again():
    rng = np.random.default_rng(1)
    layer = online.init_params(rng, 1, online.H)
    start = online.zero_state(layer, online.B)
    ways = {n: make(layer, start) for n, make in online.CONTENDERS.items()}
    first, second = rng.normal(size=(2, online.B, 1))
    for way in ways.values():
        way.step(layer, first)
    changed = online.init_params(rng, 1, online.H)
    hidden = {n: way.step(changed, second) for n, way in ways.items()}
    again = hidden.pop("again 16")
    for found in hidden.values():
        assert_close(found, hidden["rtrl"], terms=online.H)
    assert np.abs(again - hidden["rtrl"]).max() > 1e-3


def test_the_first_eight_steps_of_both_predict_the_same():
    """Before the first update of either, nothing is run again."""
    of = online.measure_eighth(0.01, 16, 3, 4)
    still = online.measure_errors("again 16", 0.0, 16, 3, 4)
    assert_close(
        of[: online.EIGHTH], still[: online.EIGHTH], terms=online.H
    )
    assert np.abs(of[online.EIGHTH :] - still[online.EIGHTH :]).max() > 1e-4


def test_weights_that_rest_give_each_eighth_step_the_state_of_all():
    of = online.measure_eighth(0.0, 40, 3, 4)
    still = online.measure_errors("window 1", 0.0, 40, 3, 4)
    assert_close(of, still, terms=40 * online.H)
