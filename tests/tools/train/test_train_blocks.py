"""The contest of chapter 22: its parts, and a short run."""

import numpy as np
import pytest
import torch

from rnncore.blocks import MIXERS
from rnncore.comparison import Trained, from_json
from rnncore.text.blocks import BlockModel
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import grids, runner
from tools.train.ch22 import blocks

NAMES = "minGRU", "attention"


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Two contenders, a text of a line, and windows of 16 tokens."""
    line = np.tile(np.arange(7), 60)
    text = blocks.Text(9, line, line[:150], line[:150])
    for name, value in {
        "KEPT": tmp_path / "kept",
        "MIXERS": {name: MIXERS[name] for name in NAMES},
        "OF_EACH_KIND": NAMES,
        "LEADING": NAMES,
        "read_text": lambda name: text,
        "D": 8,
        "WEIGHTS": 1500,
        "T": 16,
        "B": 2,
        "LONG": 64,
        "BIN": 8,
        "PASSAGES": 5,
        "PASSAGE": 8,
    }.items():
        monkeypatch.setattr(blocks, name, value)
    return tmp_path / "m.json"


def run(path, *words):
    runner.main(blocks.TRAINING, [*words, "--path", str(path)])
    return measurements.read(path)


def test_windows_have_one_token_more_and_do_not_overlap():
    rows = blocks.cut_windows(np.arange(11), 3)
    np.testing.assert_array_equal(
        rows.T, [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    )


def test_bins_are_means_of_their_positions(monkeypatch):
    monkeypatch.setattr(blocks, "BIN", 2)
    values = np.array([[1.0, 3.0], [2.0, 2.0], [5.0, 5.0]])
    assert_close(blocks.average_in_bins(values), [2.0, 5.0])
    assert_close(blocks.average_in_bins(values[:2]), [2.0])


def test_a_passage_is_scored_on_the_same_tokens_twice(monkeypatch):
    monkeypatch.setattr(blocks, "PASSAGE", 4)
    tokens = np.array([[0.0], [1], [2], [3], [10], [11], [12], [13]])
    assert_close(blocks.summarise_both_readings(tokens[1:]), [2.5, 12.5])


def test_after_each_swap_the_order_is_asked_for(rng):
    tokens, targets = blocks.draw_swaps(rng, 20, 3)
    assert tokens.shape == (21, 3)
    assert targets.shape == (20, 3)
    moves, orders = blocks.SWAPS[3]
    for b in range(3):
        assert tokens[0, b] == blocks.FIRST
        now = orders[0]
        for token, target in zip(tokens[1:, b], targets[:, b], strict=True):
            now = tuple(now[i] for i in moves[token])
            assert orders[target] == now


def test_what_is_asked_for_stands_at_the_end():
    """A network that always says 2, at two tokens of three."""
    tokens = torch.zeros(3, 2, dtype=torch.long)
    targets = torch.tensor([[2, 0], [2, 2]])
    logits = torch.zeros(3, 2, 4)
    logits[1:, :, 2] = 5.0

    def model(given):
        assert given is tokens
        return logits, None

    (nats, right), _ = blocks.measure_answers(
        model, *[(tokens, targets)] * 2
    )
    assert right == 0.75
    others = np.log(np.exp(5) + 3)
    assert_close(nats, others - 5 * 0.75, within=1e-6)
    loss, carry = blocks.answers_loss(model, (tokens, targets), "kept")
    assert_close(float(loss), nats, within=1e-6)
    assert carry == "kept"


def test_a_rate_is_chosen_with_one_seed_and_tested_with_three(monkeypatch):
    asked = []

    def contender(task, mixer):
        def train(setting, seed, steps):
            asked.append((mixer, setting["rate"], seed, steps))
            if mixer == "minGRU" and setting["rate"] == 0.03:
                raise FloatingPointError("it diverged")
            best = {"minGRU": 0.003, "attention": 0.01}[mixer]
            score = abs(setting["rate"] - best)
            return Trained(score, steps, lambda: 10.0 + seed)

        return train

    monkeypatch.setattr(blocks, "make_contender", contender)
    monkeypatch.setattr(blocks, "MIXERS", NAMES)
    found = blocks.search_all(blocks.TRACKING, 7)
    results = found.results
    assert results["minGRU"].chosen == {"rate": 0.003}
    assert [one.setting["rate"] for one in results["minGRU"].tried] == [
        *(0.0009, 0.003, 0.01, 0.03)
    ]
    assert results["minGRU"].tried[3].validation == [np.inf]
    assert results["attention"].chosen == {"rate": 0.01}
    for name in NAMES:
        assert results[name].edges == []
        assert results[name].test == [10.0, 11.0, 12.0]
    assert {seed for _, rate, seed, _ in asked if rate == 0.03} == {0}
    assert {steps for *_, steps in asked} == {7}


def test_the_rate_rises_and_falls():
    """Of Adam's first step the size is the rate, whatever the gradient."""
    optimizer = blocks.make_warm_adam(1.0, 100)
    state = optimizer.init({"w": torch.zeros(1)})
    sizes = []
    for _ in range(100):
        w, state = optimizer.update(
            {"w": torch.zeros(1)}, {"w": torch.ones(1)}, state
        )
        sizes.append(-float(w["w"]))
    assert_close(sizes[0], 0.1, within=1e-6)
    assert_close(sizes[30], 1.0, within=1e-6)
    assert_close(sizes[-1], 0.0, within=1e-6)
    assert max(sizes) < 1.001


def test_a_search_that_does_not_end_is_told(monkeypatch):
    """Where lower is always better, the grid stops growing at six."""
    monkeypatch.setattr(
        blocks,
        "make_contender",
        lambda task, mixer: (
            lambda setting, seed, steps: Trained(
                setting["rate"], steps, lambda: 0.0
            )
        ),
    )
    found = blocks.search(blocks.TRACKING, "LSTM", 7)
    assert len(found.tried) == grids.MOST
    assert found.edges == [f"rate {found.chosen['rate']:g}"]


@pytest.mark.slow
def test_in_equal_time_a_dear_update_is_done_less_often(small, monkeypatch):
    seconds = {"LSTM": 1.0, "minGRU": 2.0, "attention": 4.0}
    cost = {name: {"seconds": s} for name, s in seconds.items()}
    monkeypatch.setattr(
        blocks, "read", lambda: {"blocks.seconds": {"value": cost}}
    )
    known = run(small, "python.equal_time", "--steps", "8")
    key = "blocks.python.equal_time"
    updates = {"LSTM": 8, "minGRU": 4, "attention": 2}
    assert known[f"{key}.updates"]["value"] == updates
    assert from_json(known[key]["value"]).results.keys() == set(NAMES)
    for name in NAMES:
        assert list(
            blocks.KEPT.glob(f"python-{name}-*-{updates[name]}.json")
        )


def test_every_study_of_a_text_records_all_contenders(small):
    known = run(
        small, "tunes.300", "tunes.again", "seconds", "--steps", "3"
    )
    key = "blocks.tunes.3"
    assert known.keys() == {
        *(
            f"{key}{end}"
            for end in ("", ".position", ".repeat", ".preceded")
        ),
        "blocks.seconds",
    }
    found = from_json(known[key]["value"])
    assert found.results.keys() == set(NAMES)
    assert all(len(r.test) == 3 for r in found.results.values())
    for name in NAMES:
        cost = known["blocks.seconds"]["value"][name]
        assert abs(cost["weights"] - 3000 - 9 * 8 - 9 - 8) < 2 * 17
        assert cost["seconds"] > 0
        assert np.shape(known[f"{key}.position"]["value"][name]) == (3, 8)
        assert np.shape(known[f"{key}.repeat"]["value"][name]) == (3, 2)
        assert np.shape(known[f"{key}.preceded"]["value"][name]) == (3,)
    limited = known[f"{key}.position"]["value"]["attention, limited"]
    whole = known[f"{key}.position"]["value"]["attention"]
    near = np.array(limited)[:, :2], np.array(whole)[:, :2]
    assert_close(*near, computed_in=np.float32)
    assert (np.array(limited)[:, 4:] != np.array(whole)[:, 4:]).all()


@pytest.mark.slow
def test_the_newer_mixers_have_the_time_of_an_lstm_beside_them(
    small, monkeypatch
):
    known = run(small, "seconds.newer", "--steps", "1")
    cost = known["blocks.seconds.newer"]["value"]
    assert cost.keys() == {"LSTM", *blocks.NEWER}
    assert all(of["seconds"] > 0 for of in cost.values())
    cost = {
        name: {"seconds": s}
        for name, s in zip(cost, (1.0, 2.0, 4.0), strict=True)
    }
    monkeypatch.setattr(
        blocks, "read", lambda: {"blocks.seconds.newer": {"value": cost}}
    )
    name = "shakespeare.newer.equal_time"
    known = run(small, name, "--steps", "8")
    updates = known["blocks.shakespeare.equal_time.updates.newer"]["value"]
    assert list(updates.values()) == [8, 4, 2]
    found = known["blocks.shakespeare.equal_time.newer"]["value"]
    assert from_json(found).results.keys() == set(blocks.NEWER)


@pytest.mark.slow
def test_the_newer_mixers_are_trained_alone_and_recorded_beside(
    small, monkeypatch
):
    names = ["tunes.newer.300", "tracking.newer.800"]
    known = run(small, *names, "--steps", "2")
    assert known.keys() == {
        "blocks.tunes.2.newer",
        "blocks.tracking.2.newer",
        "blocks.tracking.2.lengths.newer",
    }
    for key in "blocks.tunes.2.newer", "blocks.tracking.2.newer":
        results = from_json(known[key]["value"]).results
        assert results.keys() == set(blocks.NEWER)
        assert all(np.isfinite(r.test).all() for r in results.values())


@pytest.mark.weekly
def test_what_was_trained_is_not_trained_again(small, monkeypatch):
    before = run(small, "tracking.800", "--steps", "2")
    monkeypatch.setattr(blocks, "train_module", None)
    assert run(small, "tracking.800", "--steps", "2") == before


def test_a_run_that_diverged_is_told_and_not_tried_again(
    small, monkeypatch
):
    def diverges(*given, **more):
        raise FloatingPointError("step 0: loss is not finite")

    train = blocks.make_contender(blocks.text_task("tunes"), "minGRU")
    monkeypatch.setattr(blocks, "train_module", diverges)
    with pytest.raises(FloatingPointError, match="step 0"):
        blocks.load_or_train(
            blocks.text_task("tunes"), "minGRU", 0.01, 0, 2
        )
    for _ in range(2):
        with pytest.raises(FloatingPointError, match="it diverged"):
            train({"rate": 0.01}, 0, 2)
        monkeypatch.setattr(blocks, "train_module", None)


@pytest.mark.weekly
def test_recall_and_tracking_record_shares(small):
    known = run(small, "recall.800", "tracking.800", "--steps", "2")
    for key, count in ("recall.2.pairs", 5), ("tracking.2.lengths", 6):
        for name in NAMES:
            shares = np.array(known[f"blocks.{key}"]["value"][name])
            assert shares.shape == (3, count)
            assert (shares >= 0).all()
            assert (shares <= 1).all()


@pytest.mark.slow
def test_a_network_that_knows_the_text_scores_nearly_nothing(small):
    torch.manual_seed(0)
    model = BlockModel(9, 8, "minGRU")
    ids = blocks.read_text("tunes").test
    before = blocks.mean_nats(model, ids)
    found = blocks.load_or_train(
        blocks.text_task("tunes"), "minGRU", 0.03, 0, 60
    )
    assert blocks.mean_nats(found, ids) < 0.3 < before
