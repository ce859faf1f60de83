"""The networks whose points of rest chapter 5 looks for."""

import numpy as np
import pytest

from rnncore.bptt import rnn_cell_vjp
from rnncore.rnn import readout, rnn_cell, unroll, zero_state
from rnncore.slow_points import find_slow_points
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch05 import rest


def run_on_new(name, network, T=25):
    """Outputs, targets and states in 200 sequences not trained on."""
    layer, out = network
    x, targets = rest.TASKS[name].batch(np.random.default_rng(100), T, 200)
    y, _, _ = unroll(rnn_cell, layer, x, zero_state(layer, 200))
    return readout(out, y), targets, y


@pytest.mark.parametrize("name", rest.TASKS)
def test_a_run_is_recorded_to_five_decimals(name, tmp_path):
    path = tmp_path / "m.json"
    words = [name, "--steps", "1", "--seeds", "3", "--path", str(path)]
    runner.main(rest.TRAINING, words)
    (entry,) = measurements.read(path).values()
    (kept,) = entry["value"]
    layer, out = rest.train(name, 3, 1)
    for part, stored in ((layer, kept["layer"]), (out, kept["out"])):
        for key, weights in part._asdict().items():
            assert_close(np.array(stored[key]), weights.round(5))


@pytest.mark.slow
def test_training_still_gives_a_network_that_keeps_three_bits():
    network = rest.train("bits", 0)
    said, bits, y = run_on_new("bits", network)
    assert (np.sign(said) == bits).mean() > 0.999
    points = find_slow_points(
        rnn_cell, rnn_cell_vjp, network[0], np.zeros(3), (y[-1],)
    )
    assert (abs(points.eigenvalues[:, 0]) < 1).sum() == 8


@pytest.mark.slow
def test_training_still_gives_a_network_that_counts():
    network = rest.train("counts", 0)
    said, share, y = run_on_new("counts", network)
    assert (np.rint(5 * said) == np.rint(5 * share)).mean() > 0.999
    points = find_slow_points(
        rnn_cell, rnn_cell_vjp, network[0], np.zeros(1), (y[-1],)
    )
    assert (abs(points.eigenvalues[:, 0]) < 1).sum() == 2
