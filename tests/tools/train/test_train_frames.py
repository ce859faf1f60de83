"""What the comparison of next-frame predictors counts, and its rivals."""

import numpy as np
import pytest
import torch
from torch import nn

from rnncore.application import seeded
from rnncore.comparison import from_json
from rnncore.data.video import SHADE, Covered
from rnncore.nn import LSTM
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch16 import frames as task


def made(kind, *sizes):
    with seeded(0):
        return kind(*sizes).double().eval()


def film(*shape, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).random(shape))


def test_a_window_knows_its_n_frames_and_no_other():
    seen = film(9, 2, 12, 12)
    model = made(task.WindowNextFrame, 3, 4)
    before = model(seen)
    for t in range(9):
        changed = seen.clone()
        changed[t] = 0
        apart = (model(changed) - before).abs().amax(dim=(1, 2, 3)) > 0
        after = [t <= k < t + 3 for k in range(9)]
        if t == 0:  # which also stands before the first
            after[:2] = [True, True]
        assert apart.tolist() == after


def test_a_window_of_zero_weights_hands_on_the_last_frame():
    model = made(task.WindowNextFrame, 2, 4)
    with torch.no_grad():
        model.draw.weight.zero_()
        model.draw.bias.zero_()
    seen = film(4, 2, 8, 8)
    assert_close(model(seen), 2 * (2 * seen - 1))


def test_the_dense_rival_has_a_long_short_term_memory():
    with seeded(0):
        model = task.make_dense()
    assert isinstance(model.loop, LSTM)
    assert model(torch.zeros(3, 2, task.S, task.S)).shape == (3, 2, 16, 16)


class Nothing(nn.Module):
    """Says one half everywhere."""

    def forward(self, frames):
        return torch.zeros_like(frames)


def test_errors_by_hand():
    lit = np.zeros((1, 4, 16, 16), dtype=np.float32)
    covered = np.zeros(lit.shape, dtype=bool)
    lit[0, :, :2] = 1
    covered[0, 1:3, 5, 5] = True
    lit[covered] = SHADE  # one half, as is said
    found = task.measure_errors(Nothing(), Covered(lit, covered))
    assert_close(found["uncovered"], 250.0)
    assert_close(
        found["elsewhere"], 250 * (1 - 1 / 511), computed_in=np.float32
    )
    assert_close(found["all"], 250 * (1 - 1 / 512), computed_in=np.float32)


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A function: what a study of few films and updates has recorded."""

    def study(name):
        task.make_films.cache_clear()
        task.run_network.cache_clear()
        path = tmp_path / "m.json"
        words = [name, "--steps", "2", "--path", str(path)]
        runner.main(task.TRAINING, words)
        return measurements.read(path)

    for name in ("COUNT", "TESTED"):
        monkeypatch.setattr(task, name, 4)
    monkeypatch.setattr(task, "RATES", [0.01, 0.02, 0.04])
    yield study
    task.make_films.cache_clear()
    task.run_network.cache_clear()


@pytest.mark.slow
def test_the_comparison_is_recorded_and_comes_back(recorded):
    kept = recorded("blocks")
    found = from_json(kept["frames.blocks"]["value"])
    facts = kept["frames.blocks.facts"]["value"]
    assert set(found.results) == set(task.NETWORKS)
    assert set(facts) == {*task.NETWORKS, "longer"}
    for name, result in found.results.items():
        assert [run["all"] for run in facts[name]["errors"]] == result.test
    halves = kept["frames.blocks.halves"]["value"]
    assert {len(half["lower"]) for half in halves.values()} == {3}


@pytest.mark.slow
def test_eight_frames_get_more_updates_and_a_rate_again(recorded):
    kept = recorded("time")
    found = from_json(kept["frames.time"]["value"])
    facts = kept["frames.time.facts"]["value"]
    assert found.steps == 3
    assert list(found.results) == ["eight frames"]
    result = found.results["eight frames"]
    assert [run["all"] for run in facts["errors"]] == result.test
