"""Memory, window, or both in turn: the networks, and a short run."""

import numpy as np
import pytest
import torch

from rnncore.blocks import Attention, GatedDelta
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.modern import hybrids


def test_the_blocks_alternate_at_equal_weights():
    models = {name: hybrids.build(name) for name in hybrids.MIXERS}
    kinds = {
        name: [type(block.mixer) for block in model.layers]
        for name, model in models.items()
    }
    assert kinds["hybrid"] == [GatedDelta, Attention]
    assert set(kinds["delta"]) == {GatedDelta}
    assert set(kinds["window"]) == {Attention}
    numbers = [
        sum(w.numel() for w in model.parameters())
        for model in models.values()
    ]
    assert max(numbers) < 1.01 * min(numbers)


@pytest.mark.parametrize(
    ("name", "sees"), [("window", False), ("hybrid", True)]
)
def test_what_lies_beyond_both_windows_reaches_the_hybrid_alone(name, sees):
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
    assert known.keys() == {key, f"{key}.numbers", f"{key}.tried"}
    assert np.shape(known[key]["value"]) == (3, 2)
    assert measurements.find_page(key) == "ch21_today"
