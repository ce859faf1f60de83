"""The task of chapter 20: what is asked, and a short run."""

import numpy as np
import pytest
import torch

from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.modern import recall


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


def test_a_run_records_shares_rates_and_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(recall, "HELD_OUT", 8)
    path = tmp_path / "m.json"
    words = f"again.delta --steps 2 --path {path}"
    runner.main(recall.TRAINING, words.split())
    known = measurements.read(path)
    key = "recall.again.delta"
    assert known.keys() == {key, f"{key}.numbers", f"{key}.tried"}
    assert np.shape(known[key]["value"]) == (3, len(recall.LENGTHS))
    assert known[key]["seed"] == [0, 1, 2]
    assert set(known[f"{key}.tried"]["value"]) >= {"0.003", "0.01", "0.03"}
