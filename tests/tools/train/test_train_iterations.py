"""Parity in depth: the block of the training is the package's; a short run."""

import numpy as np
import pytest
import torch

from rnncore.depth import Block, iterate
from rnncore.rnn import Readout, readout
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch21 import iterations


def test_the_block_is_the_packages():
    torch.manual_seed(0)
    model = iterations.Net().double()
    x, _ = iterations.draw_bits(np.random.default_rng(0), 9, 2)
    *block, W_y, b_y = (w.detach().numpy() for w in model.parameters())
    first = np.ones((9, 2, iterations.STATE))
    h, _ = iterate(
        Block(*block), x.double().numpy(), first, iterations.TIMES
    )
    found = model(x.double()).detach()
    assert_close(found, readout(Readout(W_y, b_y), h), amplified=64)


def test_bits_given_once_are_read_in_the_first_iteration_alone():
    torch.manual_seed(0)
    model = iterations.Net(once=True)
    x, _ = iterations.draw_bits(np.random.default_rng(0), 5, 2)
    h = torch.randn(5, 2, iterations.STATE)
    assert not model.step(x, h, 0).equal(model.step(1 - x, h, 0))
    assert model.step(x, h, 1).equal(model.step(1 - x, h, 1))


def test_a_stack_has_other_weights_at_each_depth():
    model = iterations.NETS["stack"]()
    x, _ = iterations.draw_bits(np.random.default_rng(0), 5, 2)
    h = torch.randn(5, 2, iterations.STATE)
    assert not model.step(x, h, 0).equal(model.step(x, h, 1))
    assert model.step(x, h, 0).equal(model.step(x, h, iterations.TIMES))


def test_learnt_is_when_ten_batches_are_low():
    loss = [1.0] * 5 + [0.01] * 20
    assert iterations.count_updates(loss) == 15
    assert iterations.count_updates([1.0] * 30) is None


@pytest.mark.parametrize("name", ["last", "time"])
def test_a_short_run_is_recorded(tmp_path, monkeypatch, name):
    monkeypatch.setattr(iterations, "RATES", (0.01, 0.02, 0.03))
    monkeypatch.setattr(iterations, "MOST", 21)
    path = tmp_path / "m.json"
    words = f"{name} --steps 2 --seeds 0 1 --path {path}".split()
    runner.main(iterations.TRAINING, words)
    found = measurements.read(path)
    runs = found[f"iterations.{name}"]["value"]
    assert [run["updates"] for run in runs] == [None, None]
    assert all(0 <= run["64"]["bits"] <= 1 for run in runs)
    assert len(found[f"iterations.{name}.tried"]["value"]) >= 3
