"""Memory, attention, or both: the networks, and a short run."""

import numpy as np
import pytest
import torch

from rnncore.blocks import Attention, GatedDelta
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch21 import hybrids


def test_the_blocks_alternate_at_equal_weights():
    models = {name: hybrids.build(name) for name in hybrids.MIXERS}
    kinds = {
        name: [type(block.mixer) for block in model.layers]
        for name, model in models.items()
    }
    assert kinds["hybrid"] == kinds["half"] == [GatedDelta, Attention]
    assert set(kinds["delta"]) == {GatedDelta}
    assert set(kinds["window"]) == set(kinds["full"]) == {Attention}
    numbers = [
        sum(w.numel() for w in model.parameters())
        for model in models.values()
    ]
    assert max(numbers) < 1.01 * min(numbers)


@pytest.mark.parametrize(
    ("name", "sees"),
    [("window", False), ("full", True), ("hybrid", True), ("half", True)],
)
def test_what_lies_beyond_two_windows_reaches_all_others(name, sees):
    torch.manual_seed(0)
    model = hybrids.build(name).eval()
    tokens = torch.randint(0, hybrids.KEYS, (2 * hybrids.REACH + 5, 2))
    other = tokens.clone()
    other[0] = (other[0] + 1) % hybrids.KEYS
    with torch.no_grad():
        last, changed = model(tokens)[0][-1], model(other)[0][-1]
    if sees:
        assert (last != changed).any()
    else:
        assert_close(last, changed)


def test_a_run_records_shares_rates_and_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(hybrids, "LENGTHS", (2, 3))
    path = tmp_path / "m.json"
    runner.main(hybrids.TRAINING, f"hybrid --steps 2 --path {path}".split())
    known = measurements.read(path)
    key = "hybrids.hybrid"
    of = ".early", ".early.tried", "", ".tried", ".numbers"
    assert known.keys() == {key + end for end in of}
    assert np.shape(known[key]["value"]) == (3, 2)
    assert measurements.find_page(key) == "ch21_today"


def test_a_state_counts_matrices_and_the_keys_in_reach(tmp_path):
    path = tmp_path / "m.json"
    runner.main(hybrids.TRAINING, f"state --path {path}".split())
    found = measurements.read(path)["hybrids.state"]["value"]
    matrices = 4 * 8 * 8  # four heads of a block
    seen, every = 2 * 32 * hybrids.REACH, 2 * 32 * 3 * 24
    assert found == {
        "delta": 2 * matrices,
        "window": 2 * seen,
        "full": 2 * every,
        "hybrid": matrices + seen,
        "half": matrices + every,
    }
