"""What a network learns from a coin's strings, on cases worked out by hand."""

from itertools import product

import numpy as np
import pytest
import torch

from rnncore.comparison import from_json
from rnncore.seq2seq import END, START
from rnncore.translate.training import batch_of
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch13 import exposure

STRINGS = list(product(exposure.LETTERS, repeat=exposure.LENGTH))


def test_the_coin_writes_two_strings():
    batch = exposure.coin_strings(np.random.default_rng(0), 0)
    rows = {tuple(row) for row in batch.targets[:-1].T.tolist()}
    assert rows == {(3, 4) * 3, (4, 3) * 3}
    assert (batch.targets[-1] == END).all()
    assert (batch.read[0] == START).all()


def test_variation_by_hand():
    true = [float(row in ((3, 4) * 3, (4, 3) * 3)) / 2 for row in STRINGS]
    assert_close(exposure.measure_variation(np.array(true)), 0.0)
    assert_close(
        exposure.measure_variation(np.full(64, 1 / 64)), 1 - 2 / 64
    )
    assert_close(
        exposure.measure_variation(np.zeros(64)), 1.0
    )  # all elsewhere
    assert_close(exposure.measure_variation(np.array(true) / 2), 0.5)


def test_what_is_learnt_is_a_product_of_conditionals():
    model = exposure.make_writer(0)
    found = exposure.compute_probabilities(model)
    row = list(STRINGS[37])
    batch = batch_of([[3]], [row])
    with torch.no_grad():
        log_p = model(batch.ids, batch.lengths, batch.read).log_softmax(2)
    p = 1.0
    for t, k in enumerate([*row, END]):
        p *= float(log_p[t, 0, k].exp())
    assert_close(found[37], p, amplified=100)
    assert 0 < found.sum() < 1


def test_corrected_targets_follow_from_what_was_fed(monkeypatch):
    fed = torch.tensor([[START, START], [3, 4], [3, END], [4, 3]])
    batch = batch_of([[3]] * 2, [[3, 4, 3], [4, 3, 4]])
    seen = {}
    monkeypatch.setattr(exposure, "mixed_inputs", lambda *args: fed)

    def keep(logits, targets):
        seen["targets"] = targets
        return logits.sum()

    monkeypatch.setattr(exposure, "translation_loss", keep)
    loss = exposure.corrected_loss(np.random.default_rng(0))
    _, step = loss(exposure.make_writer(0), batch, 4)
    assert step == 5
    assert seen["targets"].tolist() == [[3, 4], [4, 3], [4, 4], [END, END]]


@pytest.mark.slow
def test_the_source_is_recorded_and_comes_back(tmp_path):
    path = tmp_path / "m.json"
    words = ["source", "--steps", "2", "--path", str(path)]
    runner.main(exposure.TRAINING, words)
    found = from_json(measurements.read(path)["exposure.source"]["value"])
    assert set(found.results) == set(exposure.LOSSES)
    for result in found.results.values():
        assert len(result.test) == len(exposure.SEEDS)
        assert all(0 <= x <= 1 for x in result.test)
