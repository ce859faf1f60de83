"""Six ways to a word's probability: what is trained, and what is read."""

import numpy as np
import pytest
import torch

from rnncore.comparison import from_json
from rnncore.text.model import LanguageModel, token_nats
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch10 import vocabulary

COUNTS = np.arange(700, 200, -1)  # of 500 words, frequent ones first
K = len(COUNTS)


@pytest.fixture
def small(monkeypatch):
    """A text drawn at random, and little to be trained."""

    def texts(seed):
        rng = np.random.default_rng(seed)
        drawn = rng.choice(K, 2500, p=COUNTS / COUNTS.sum())
        parts = drawn[:1500], drawn[1500:2000], drawn[2000:]
        return vocabulary.Texts(*parts, COUNTS)

    monkeypatch.setattr(vocabulary, "make_texts", texts)
    vocabulary.train_model.cache_clear()
    yield
    vocabulary.train_model.cache_clear()


@pytest.mark.parametrize("name", vocabulary.WAYS)
def test_what_is_read_is_a_distribution_over_all_words(name):
    way = vocabulary.WAYS[name]
    model = LanguageModel(K, vocabulary.H)
    if way.readout:
        model.readout = way.readout(K)
    y = torch.randn(4, vocabulary.H)
    with torch.no_grad():
        log_p = way.read(model, y, COUNTS)
    assert log_p.shape == (4, K)
    assert_close(log_p.exp().sum(dim=1), torch.ones(4), terms=K)


def test_the_surprisal_is_that_of_the_chapter():
    model = LanguageModel(K, vocabulary.H, dropout=0.5)
    ids = np.random.default_rng(0).integers(0, K, 1601)
    found = vocabulary.measure_nats(
        model, vocabulary.WAYS["full"], ids, COUNTS
    )
    rows = vocabulary.stretches(ids, 8)
    assert_close(
        found,
        float(token_nats(model, rows).mean()),
        terms=200,
        computed_in=np.float32,
    )


def test_restored_differs_by_what_was_not_subtracted():
    model = LanguageModel(K, vocabulary.H)
    y = torch.randn(4, vocabulary.H)
    q = np.minimum(1, vocabulary.DRAWS * COUNTS / COUNTS.sum())
    with torch.no_grad():
        plain = vocabulary.read_all(model, y, COUNTS)
        restored = vocabulary.read_restored(model, y, COUNTS)
    expected = plain + torch.from_numpy(np.log(q)).float()
    assert_close(restored, expected.log_softmax(dim=1))


@pytest.mark.slow
def test_equal_updates_and_equal_time_are_recorded(small, tmp_path):
    path = tmp_path / "m.json"
    words = ["words", "--steps", "2", "--path", str(path)]
    runner.main(vocabulary.TRAINING, words)
    known = measurements.read(path)
    key = "text.vocabulary.words"
    each = known[f"{key}.seconds"]["value"]
    updates = known[f"{key}.updates"]["value"]
    assert set(each) == set(vocabulary.TIMED)
    assert all(len(rounds) == vocabulary.ROUNDS for rounds in each.values())
    assert updates == vocabulary.updates_in_equal_time(each, 2)
    equal = {
        kind: from_json(known[f"{key}.equal_{kind}"]["value"])
        for kind in ("updates", "time")
    }
    ways = set(vocabulary.WAYS) - {"biased"}  # has a study of its own
    assert set(equal["updates"].results) == ways
    assert set(equal["time"].results) == ways - {"uncorrected"}
    one, other = (found.results["full"] for found in equal.values())
    assert one.test == other.test  # the same runs
    for result in equal["updates"].results.values():
        assert len(result.test) == len(vocabulary.SEEDS)
        assert all(np.isfinite(result.test))


def test_one_disturbed_round_changes_no_budget():
    each = {name: [2.0, 4.0, 2.0] for name in vocabulary.TIMED}
    each["sampled"] = [1.0, 2.0, 9.0]  # half of full, and once disturbed
    found = vocabulary.updates_in_equal_time(each, 300)
    assert (found["sampled"], found["restored"]) == (600, 600)
    others = set(found) - {"sampled", "restored"}
    assert others == {"full", "counts", "untied", "adaptive"}
    assert {found[name] for name in others} == {300}


def test_a_contender_of_equal_time_takes_its_own_updates(small):
    setting = {"rate": 0.01}
    updates = {"sampled": 3}
    run = vocabulary.train_words(updates, "sampled", setting, 0, 2)
    assert run.steps == 2
    three, _ = vocabulary.train_model("sampled", 0.01, 0, 3)
    way, found = vocabulary.WAYS["sampled"], vocabulary.make_texts(0)
    again = vocabulary.measure_nats(three, way, found.valid, found.counts)
    assert run.validation == again
    two, _ = vocabulary.train_model("sampled", 0.01, 0, 2)
    assert (
        vocabulary.measure_nats(two, way, found.valid, found.counts)
        != again
    )


def test_uncorrected_and_restored_are_trained_once(small):
    setting, updates = {"rate": 0.01}, {"uncorrected": 2, "restored": 2}
    found = [
        vocabulary.train_words(updates, name, setting, 0, 2).validation
        for name in updates
    ]
    assert vocabulary.train_model.cache_info().misses == 1
    assert found[0] != found[1]


def test_restored_is_sampled_softmax_whose_bias_begins_at_log_q(
    small, monkeypatch
):
    counted = vocabulary.WAYS["sampled"]._replace(counted=True)
    monkeypatch.setitem(vocabulary.WAYS, "other", counted)
    updates = {"restored": 3, "other": 3, "sampled": 3}
    restored, other, sampled = (
        vocabulary.train_words(
            updates, name, {"rate": 0.01}, 0, 3
        ).validation
        for name in updates
    )
    assert_close(restored, other, terms=3 * K, computed_in=np.float32)
    assert abs(sampled - other) > 0.01


def test_adaptive_softmax_can_begin_at_the_frequencies_too():
    way = vocabulary.WAYS["biased"]
    model = LanguageModel(K, vocabulary.H)
    model.readout = way.readout(K)
    vocabulary.begin_bias(model.readout, COUNTS)
    with torch.no_grad():
        log_p = way.read(model, torch.zeros(1, vocabulary.H), COUNTS)[0]
    p = COUNTS / COUNTS.sum()
    head, tail = p[: vocabulary.HEAD], p[vocabulary.HEAD :]
    begun = np.concatenate([head, np.full(len(tail), tail.mean())])
    assert_close(log_p.exp(), torch.from_numpy(begun).float(), terms=K)


def test_a_bias_that_begins_at_log_q_begins_at_the_frequencies(small):
    begun, _ = vocabulary.train_model("counts", 1e-9, 0, 1)
    q = np.minimum(1, vocabulary.DRAWS * COUNTS / COUNTS.sum())
    assert_close(
        begun.readout.bias.detach(), torch.from_numpy(np.log(q)).float()
    )
