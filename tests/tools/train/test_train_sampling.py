"""What the study of scheduled sampling counts, on cases worked out by hand."""

import numpy as np
import pytest
import torch

from rnncore.application import seeded
from rnncore.comparison import from_json
from rnncore.seq2seq import END, PAD, translation_loss
from rnncore.translate.training import batch_of, build_translator
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch13 import sampling


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ([], [], 0),
        ([3, 4, 5], [3, 4, 5], 0),
        ([3, 5], [3, 4, 5], 1),
        ([3, 4, 4, 5], [3, 4, 5], 1),
        ([5, 4, 3], [3, 4, 5], 2),
        ([], [7, 8], 2),
    ],
)
def test_distances_by_hand(one, other, apart):
    assert sampling.measure_distance(one, other) == apart
    assert sampling.measure_distance(other, one) == apart


def translator():
    with seeded(1):
        return build_translator(8, 9, 4, 5, "vector", 0.0).eval()


BATCH = batch_of([[3, 4], [5], [6, 7, 3]], [[3, 4, 8], [5, 6], [7, 3, 4]])


def test_a_sentence_is_wrong_where_its_distance_is_not_0():
    model = translator()
    found = sampling.count_errors(model, BATCH)
    assert found["length"].tolist() == [3, 2, 3]
    written = sampling.write_sentences(model, BATCH)
    true = sampling.split_sentences(BATCH.targets)
    assert true == [[3, 4, 8], [5, 6], [7, 3, 4]]
    assert found["sentences"].tolist() == [
        a != b for a, b in zip(written, true, strict=True)
    ]
    found = {"pieces": np.array([1, 3]), "length": np.array([6, 2])}
    found["sentences"] = found["pieces"] > 0
    assert sampling.measure_percent(found, "pieces") == 50
    assert sampling.measure_percent(found, "sentences") == 100


def test_a_slip_changes_what_is_read_and_not_what_is_wanted():
    model, seen = translator(), []

    def watch(*args):
        seen.append(args[2])
        return translator_forward(*args)

    translator_forward, model.forward = model.forward, watch
    found = sampling.measure_after_slip(model, BATCH)
    true, slipped = BATCH.read, seen[-1]
    changed = slipped != true
    assert changed.sum(dim=0).tolist() == [1, 1, 1]
    assert not changed[0].any()
    assert (slipped[changed] > END).all()
    place = changed.int().argmax(dim=0)
    real = BATCH.targets != PAD
    later = real & (torch.arange(len(true))[:, None] >= place)
    assert found["of"] == [int(later.sum())]
    for name in ("true", "slip"):
        assert 0 <= found[name][0] <= found["of"][0]


def test_surprise_is_the_loss_of_each_place():
    model = translator()
    nats = sampling.measure_surprise(model, BATCH, BATCH.read)
    real = BATCH.targets != PAD
    assert (nats[~real.numpy()] == 0).all()
    with torch.no_grad():
        logits = model(BATCH.ids, BATCH.lengths, BATCH.read)
    loss = translation_loss(logits, BATCH.targets)
    assert_close(nats.sum() / int(real.sum()), float(loss), amplified=10)


@pytest.mark.slow
def test_the_comparison_is_recorded_and_comes_back(tmp_path, monkeypatch):
    sizes = {
        "DIGITS": 3,
        "COUNT": 60,
        "HELD_OUT": 20,
        "RATES": [0.01, 0.02, 0.04],
    }
    for name, size in sizes.items():
        monkeypatch.setattr(sampling, name, size)
    monkeypatch.setattr(
        sampling, "measure_percent", lambda found, unit: 50.0
    )
    sampling.make_numbers.cache_clear()
    sampling.run_network.cache_clear()
    path = tmp_path / "m.json"
    words = ["numbers", "--steps", "2", "--path", str(path)]
    runner.main(sampling.TRAINING, words)
    sampling.make_numbers.cache_clear()
    sampling.run_network.cache_clear()
    kept = measurements.read(path)
    found = from_json(kept["sampling.numbers"]["value"])
    facts = kept["sampling.numbers.facts"]["value"]
    assert set(found.results) == set(sampling.SCHEDULES)
    assert set(facts) == {*sampling.SCHEDULES, "equal time"}
    assert facts["equal time"]["steps"] == 3
    for row in facts.values():
        assert {run["differ"] for run in row["runs"]} == {0}
        assert len(row["runs"]) == 5
