"""The task of chapter 20: what is asked, and a short run."""

import numpy as np
import pytest
import torch

from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch20 import recall


@pytest.mark.parametrize("again", [0, 3])
def test_the_latest_value_of_each_key_is_asked_for(rng, again):
    asked = recall.draw(rng, 6, 4, again)
    pairs = 6 + again
    assert asked.tokens.shape == (2 * pairs + 6, 4)
    for b in range(4):
        tokens = asked.tokens[:, b].tolist()
        written = dict(
            zip(tokens[0 : 2 * pairs : 2], tokens[1 : 2 * pairs : 2])
        )
        assert len(written) == 6
        answers = [
            written[key] - recall.KEYS for key in tokens[2 * pairs :]
        ]
        assert asked.values[:, b].tolist() == answers


@pytest.mark.parametrize("name", recall.MIXERS)
def test_an_output_depends_on_no_later_token(name):
    torch.manual_seed(0)
    network = recall.Network(recall.MIXERS[name])
    tokens = torch.randint(0, 64, (9, 2))
    later = tokens.clone()
    later[6:] = (later[6:] + 1) % 64
    with torch.no_grad():
        first, second = network(tokens), network(later)
    assert_close(first[:6], second[:6])
    assert (first[6:] != second[6:]).any()


def kept_without_input(layer):
    """The share that the gate keeps at first."""
    if isinstance(layer, recall.Lstm):
        H = layer.out
        a = (layer.layer.bias_ih_l0 + layer.layer.bias_hh_l0)[H : 2 * H]
    else:
        a = -layer.inputs.bias[: layer.out]
    return torch.sigmoid(a.detach())


@pytest.mark.parametrize("name", recall.VECTORS)
def test_a_layer_that_starts_to_keep_keeps_nearly_all(name):
    torch.manual_seed(0)
    plain = kept_without_input(recall.MIXERS[name](128))
    assert ((plain > 0.4) & (plain < 0.6)).all()
    torch.manual_seed(0)
    assert (
        kept_without_input(recall.MIXERS[name](128, keep=6.0)) > 0.99
    ).all()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Trains two steps of what is named; gives what was recorded."""
    monkeypatch.setattr(recall, "HELD_OUT", 8)
    path = tmp_path / "m.json"

    def train(*words):
        words = *words, "--steps", "2", "--path", str(path)
        runner.main(recall.TRAINING, [*words])
        return measurements.read(path)

    return train


def test_a_run_records_shares_rates_and_numbers(run):
    known = run("again.delta")
    key = "recall.again.delta"
    assert known.keys() == {key, f"{key}.numbers", f"{key}.tried"}
    assert np.shape(known[key]["value"]) == (3, len(recall.LENGTHS))
    assert known[key]["seed"] == [0, 1, 2]
    assert set(known[f"{key}.tried"]["value"]) >= {"0.003", "0.01", "0.03"}


def test_a_vector_is_given_the_best_start(run):
    known = run("once.minimal", "--seeds", "0")
    starts = known["recall.once.minimal.starts"]["value"]
    assert set(starts) == {"0", "3", "6"}
    tried = known["recall.once.minimal.tried"]["value"]
    assert tried["0.01"] == max(starts.values())
