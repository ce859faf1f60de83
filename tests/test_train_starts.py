"""The comparisons of initialisations and cells, in small."""

import numpy as np
import pytest

from rnncore.comparison import from_json
from tools import measurements
from tools.train import runner
from tools.train.tasks import starts


def first(study, name, lag):
    """The weights of a contender before training: layer and readout."""
    contender = starts.STUDIES[study].contenders[name]
    task = starts.TASKS[starts.STUDIES[study].task]
    task = task._replace(sizes=(task.sizes[0], starts.H, task.sizes[2]))
    rng = np.random.default_rng(0)
    params = starts.first_params(contender.start, task, rng)
    contender.change(rng, lag, params)
    return params


def gate_biases(name, lag=20):
    """Rows i, f, g, o."""
    layer, _ = first("copy", name, lag)
    return (layer.b_x + layer.b_h).reshape(4, starts.H)


def test_the_control_answers_one_from_the_start_and_differs_in_nothing_else():
    plain, says_one = (
        first("adding", n, 50) for n in ("orthogonal", "says one")
    )
    assert (says_one[1].b_y == 1).all()
    assert (says_one[1].W_y == plain[1].W_y).all()
    assert (says_one[0].W_h == plain[0].W_h).all()


def test_a_forget_bias_of_the_lags_logarithm_keeps_for_about_the_lag():
    assert (gate_biases("forget 1")[1] == 1).all()
    f = 1 / (
        1 + np.exp(-gate_biases("forget log lag", 20)[1].astype(float))
    )
    lives = 1 / (1 - f)  # 1 + lag steps until 1/e is left
    assert ((lives > 20.9) & (lives < 21.1)).all()


def test_chrono_spreads_time_constants_up_to_the_lag_and_ties_the_input_gate():
    i, f, _, _ = gate_biases("chrono", 20)
    assert (i == -f).all()
    lags = np.exp(f.astype(float))
    assert 1 <= lags.min() < 3
    assert 17 < lags.max() <= 20.001
    assert abs(np.median(lags) - 10.5) < 3  # uniform between 1 and 20


@pytest.mark.parametrize("name", starts.STUDIES)
def test_a_comparison_is_recorded_and_comes_back(
    name, monkeypatch, tmp_path
):
    monkeypatch.setattr(starts, "H", 4)
    monkeypatch.setattr(starts, "HELD_OUT", 8)
    path = tmp_path / "m.json"
    words = [name, "--steps", "2", "--path", str(path)]
    runner.main(starts.TRAINING, words)
    (entry,) = measurements.read(path).values()
    found = from_json(entry["value"])
    study = starts.STUDIES[name]
    assert set(found.results) == set(study.contenders)
    assert (found.steps, tuple(found.seeds)) == (2, starts.SEEDS)
    for result in found.results.values():
        assert len(result.test) == len(starts.SEEDS)
        assert len(result.tried) == len(found.grid["rate"])


def test_the_test_set_is_not_the_validation_set(monkeypatch):
    drawn = []

    def score(task, cell, lag, seed, params):
        drawn.append(seed)
        return 0.0

    monkeypatch.setattr(starts, "score", score)
    run = starts.train(
        starts.STUDIES["adding"], "uniform", {"rate": 1e-3}, 3, 2
    )
    assert set(drawn) == {10_003}
    run.test()
    assert drawn[-1] == 20_003
