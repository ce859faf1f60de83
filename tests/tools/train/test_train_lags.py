"""The comparisons of initialisations and cells over lags, in small."""

import numpy as np
import pytest

from rnncore.backend import named_leaves
from rnncore.comparison import from_json
from rnncore.data.tasks import loss_at_the_end
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch05 import lags, starts

STUDIES = {
    f"{training.name}.{name}": study
    for training, studies in (
        (lags.TRAINING, lags.STUDIES),
        (starts.TRAINING, starts.STUDIES),
    )
    for name, study in studies.items()
}
TRAININGS = {"lags": lags.TRAINING, "starts": starts.TRAINING}


def first(name, task="copy", lag=20):
    """The weights of a contender before training: layer and readout."""
    rng = np.random.default_rng(0)
    return lags.first_network(
        lags.EVERY[name], lags.TASKS[task], lags.H, lag, rng
    )


def gate_biases(name, lag=20):
    """Rows i, f, g, o."""
    layer, _ = first(name, lag=lag)
    return (layer.b_x + layer.b_h).reshape(4, lags.H)


def test_the_control_answers_one_from_the_start_and_differs_in_nothing_else():
    plain, says_one = (
        first(n, "adding", 50) for n in ("orthogonal", "says one")
    )
    assert (says_one[1].b_y == 1).all()
    assert (says_one[1].W_y == plain[1].W_y).all()
    assert (says_one[0].W_h == plain[0].W_h).all()


def test_plain_contenders_differ_in_the_recurrent_weights_and_biases_alone():
    layers = {name: first(name)[0] for name in lags.PLAIN}
    for name, layer in layers.items():
        assert (layer.W_x == layers["uniform"].W_x).all()
        assert name == "uniform" or not (layer.b_x.any() or layer.b_h.any())
    widths = {n: float(np.std(layer.W_h)) for n, layer in layers.items()}
    # uniform: variance 1 / (3 H); Glorot's and orthogonal: 1 / H
    assert 1.6 < widths["glorot"] / widths["uniform"] < 1.9
    assert 0.9 < widths["glorot"] / widths["orthogonal"] < 1.1
    assert (layers["identity"].W_h == np.eye(lags.H)).all()


def test_a_forget_bias_of_the_lags_logarithm_keeps_for_about_the_lag():
    assert (gate_biases("forget 1")[1] == 1).all()
    f = 1 / (
        1 + np.exp(-gate_biases("forget log lag", 20)[1].astype(float))
    )
    lives = 1 / (1 - f)  # 1 + lag steps until 1/e is left
    assert ((lives > 20.9) & (lives < 21.1)).all()


def test_at_equal_weights_the_plain_cell_has_as_many_as_the_lstm():
    task, equal = lags.TASKS["copy"], lags.STUDIES["copy.50.equal"]
    counts = []
    for start in lags.EVERY["chrono"], *equal.contenders.values():
        network = lags.first_network(
            start, task, start.H or lags.H, 50, np.random.default_rng(0)
        )
        counts.append(sum(w.size for part in network for w in part))
    assert 0.98 < counts[1] / counts[0] <= 1


def test_chrono_spreads_time_constants_up_to_the_lag():
    i, f, g, o = gate_biases("chrono", 20)
    assert (i == -f).all()
    assert not g.any()
    assert not o.any()
    assert 1 <= np.exp(f.astype(float)).min() < 3
    assert 17 < np.exp(f.astype(float)).max() <= 20.001


@pytest.mark.parametrize(
    ("name", "task"), [("identity", "adding"), ("gru", "copy")]
)
def test_the_compiled_loss_is_that_of_the_printed_loop(name, task):
    start, task = lags.EVERY[name], lags.TASKS[task]
    network = first(name, "adding" if task.K == 1 else "copy", 12)
    batch = task.batch(np.random.default_rng(1), 12, 5)
    cell = start.cell
    printed = loss_at_the_end(
        cell.forward, cell.vjp, *task.loss, cell.parts
    )(network, batch, None)
    compiled = lags.compiled_loss(start, task)(network, batch, None)
    pairs = [(printed[0], compiled[0])]
    for (_, a), (_, b) in zip(
        named_leaves(printed[1]), named_leaves(compiled[1]), strict=True
    ):
        pairs.append((a, b))
    for a, b in pairs:
        # sums of float32 over 12 steps, 5 sequences and 48 units
        assert_close(b, a, terms=12 * 5 * 48)


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_a_comparison_is_recorded_and_repeatable(
    name, monkeypatch, tmp_path
):
    monkeypatch.setattr(lags, "H", 4)
    monkeypatch.setattr(lags, "HELD_OUT", 8)
    monkeypatch.setattr(
        lags, "measure_flow", lambda task, cell, network: {"rate": 1}
    )
    training, study = name.split(".", 1)
    recorded = []
    for k in range(2):
        path = tmp_path / f"{k}.json"
        words = [study, "--steps", "2", "--path", str(path)]
        runner.main(TRAININGS[training], words)
        known = measurements.read(path)
        recorded.append({key: e["value"] for key, e in known.items()})
    assert recorded[0] == recorded[1]
    study = STUDIES[name]
    assert set(recorded[0]) == {name, *(f"{name}.{k}" for k in study.also)}
    found = from_json(recorded[0][name])
    assert set(found.results) == set(study.contenders)
    assert (found.steps, tuple(found.seeds)) == (2, study.seeds)
    for n, result in found.results.items():
        assert len(result.test) == len(study.seeds)
        assert len(result.tried) == len(found.grid["rate"])
        for k in study.also:
            assert len(recorded[0][f"{name}.{k}"][n]) == len(study.seeds)


def test_the_test_set_is_not_the_validation_set(monkeypatch):
    drawn = []

    def score(task, run, parts, lag, seed, network):
        drawn.append(seed)
        return 0.5 - len(drawn) / 4

    monkeypatch.setattr(lags, "measure_score", score)
    ended = {}
    run = lags.train(
        lags.STUDIES["adding.20"], ended, "uniform", {"rate": 1e-3}, 3, 20
    )
    assert set(drawn) == {10_003}
    run.test()
    assert drawn[-1] == 20_003
    # looks every 2 steps: 0.25, then 0, which counts as solved
    assert ended["uniform", 1e-3, 3].steps == 4


def test_the_flow_of_the_identity_is_one():
    network = first("identity", "adding", 20)
    found = lags.measure_flow(
        lags.TASKS["adding"], lags.EVERY["identity"].cell, network
    )
    # float32 weights: 1e-7 an entry
    assert_close(found["radius"], 1, within=1e-6)
    assert set(found) == {"radius", "rate", "silent"}
