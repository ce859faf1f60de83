"""Rounds before and after training: the networks, and a short run."""

import numpy as np
import pytest
import torch

from rnncore.newton import Diagonal
from rnncore.rnn import unroll, zero_state
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch21 import nonlinear
from tools.train.ch21.nonlinear import CELLS, NETS, Stack


def stack(name, width=5):
    """A network of 3 inputs and 2 outputs."""
    torch.manual_seed(0)
    return Stack(NETS[name], 3, width, 2)


@pytest.mark.parametrize("name", NETS)
def test_the_weights_that_are_read_give_torchs_outputs(name):
    model, x = stack(name), np.random.default_rng(0).normal(size=(7, 2, 3))
    y = x
    for layer in model.layers:
        weights = nonlinear.read_weights(layer, NETS[name].diagonal)
        assert isinstance(weights, Diagonal) == NETS[name].diagonal
        y, _, _ = nonlinear.run_loop(CELLS["GRU"], weights, y)
    out = model(torch.tensor(x, dtype=torch.float32))
    with torch.no_grad():
        again = model.readout(torch.tensor(y, dtype=torch.float32))
    # float32's products, seven steps after each other
    assert_close(out.detach(), again, amplified=16)


def test_the_networks_of_a_task_are_as_large_as_each_other():
    for task in nonlinear.TASKS.values():
        sizes = [
            nonlinear.count_weights(
                net, task, nonlinear.find_width(net, task)
            )
            for net in NETS.values()
        ]
        assert max(sizes) < 1.06 * min(sizes)


@pytest.mark.parametrize("name", ["diagonal", "full"])
def test_what_is_counted_is_what_is_trained(name):
    task, net = nonlinear.TASKS["adding"], NETS[name]
    width = 6
    model = Stack(net, task.D, width, task.K)
    loss, _ = nonlinear.compute_loss(
        model, task.draw(np.random.default_rng(0), 5, 2), None
    )
    loss.backward()
    trained = sum(int((w.grad != 0).sum()) for w in model.parameters())
    assert trained == nonlinear.count_weights(net, task, width)


def test_a_limit_holds_after_training_and_diagonals_stay_diagonal(
    monkeypatch,
):
    monkeypatch.setattr(nonlinear, "look_at", lambda *args: [])
    monkeypatch.setattr(nonlinear, "measure_score", lambda *args: 0.0)
    seen = []
    monkeypatch.setattr(
        nonlinear,
        "Stack",
        lambda *args: seen.append(Stack(*args)) or seen[-1],
    )
    monkeypatch.setitem(
        NETS, "within", nonlinear.Net(2, diagonal=True, limit=0.1)
    )
    asked = runner.Options(steps=10)
    list(nonlinear.train("parity", "within", 0, asked))
    for layer in seen[0].layers:
        blocks = layer.weight_hh_l0.detach().reshape(
            3, -1, layer.hidden_size
        )
        off = blocks * (1 - torch.eye(layer.hidden_size))
        assert (off == 0).all()
        assert 0 < blocks.abs().max() <= 0.1


def test_a_linear_cell_has_its_eigenvalue_as_exponent():
    # the reset gate shut and the update gate at 1/2: h = h/2 + input
    H = 3
    weights = Diagonal(
        np.zeros((3 * H, 1)),
        np.zeros((3, H)),
        np.r_[np.full(H, -50.0), np.zeros(2 * H)],
        np.zeros(3 * H),
    )
    x = np.zeros((40, 2, 1))
    for given in weights, nonlinear.widen(weights):
        found = nonlinear.measure_exponent(CELLS["GRU"], given, x)
        assert_close(found, np.log(0.5), amplified=64)


def test_rounds_are_none_where_they_do_not_do(monkeypatch):
    monkeypatch.setattr(nonlinear, "CAP", 3)
    rng = np.random.default_rng(0)
    weights = nonlinear.draw_weights("tanh", 3.0, rng)
    found = nonlinear.measure_rounds(
        CELLS["RNN_TANH"], weights, rng.normal(size=(50, 2, 4))
    )
    assert found["free"] == found["cut"] == [None, None]
    assert found["third"]["cut"] > 1e-3


def test_the_third_guess_is_that_far_from_the_loop():
    rng = np.random.default_rng(0)
    weights = nonlinear.draw_weights("GRU", 1.0, rng)
    x = rng.normal(size=(2, 1, 4))
    found = nonlinear.measure_rounds(CELLS["GRU"], weights, x)
    y, _, _ = unroll(
        CELLS["GRU"].forward, weights, x, zero_state(weights, 1)
    )
    assert np.abs(y).max() > 0.01
    assert found["third"]["free"] < 1e-15  # two states are exact by then
    assert found["free"] == found["cut"] == [3]


def test_a_run_records_what_the_page_reads(tmp_path, monkeypatch):
    task = nonlinear.TASKS["parity"]._replace(far=20)
    monkeypatch.setitem(nonlinear.TASKS, "parity", task)
    monkeypatch.setattr(nonlinear, "SIZES", {"tanh": (0.3,)})
    path = tmp_path / "m.json"
    argv = f"parity.diagonal drawn.tanh --steps 2 --seeds 0 1 --path {path}"
    runner.main(nonlinear.TRAINING, argv.split())
    known = measurements.read(path)
    assert set(known) == {
        "nonlinear.parity.diagonal",
        "nonlinear.drawn.tanh",
    }
    for seed in known["nonlinear.parity.diagonal"]["value"]:
        assert {"before", "after", "score", "far", "weights"} == set(seed)
        assert len(seed["after"]) == 2
        for layer in seed["after"]:
            assert len(layer["near"]["free"]) == nonlinear.TESTED
            assert len(layer["far"]["cut"]) == 2
    (rows,) = known["nonlinear.drawn.tanh"]["value"].values()
    assert [len(row["free"]) for row in rows] == [3, 3]
    assert measurements.find_page("nonlinear.x") == "ch21_nonlinear"
