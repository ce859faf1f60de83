"""The table of recurrences: what is asked, and a short run."""

import numpy as np
import pytest
import torch

from rnncore.comparison import from_json
from rnncore.text.ngrams import fit_kneser_ney, kneser_ney_probabilities
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train import runner
from tools.train.ch22 import recurrences

NAMES = "none", "Elman", "gated-delta-2"


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Three contenders, a text of a line, and windows of 8 tokens."""
    line = np.tile(np.arange(7), 60)
    text = recurrences.Text(9, line, line[:150], line[:150])
    for name, value in {
        "KEPT": tmp_path / "kept",
        "ROWS": NAMES,
        "read_plays": lambda: text,
        "D": 8,
        "WEIGHTS": 1500,
        "T": 8,
        "ORDERS": 3,
    }.items():
        monkeypatch.setattr(recurrences, name, value)
    return tmp_path / "m.json"


def run(path, *words):
    runner.main(recurrences.TRAINING, [*words, "--path", str(path)])
    return measurements.read(path)


def test_windows_have_one_token_more_and_do_not_overlap():
    rows = recurrences.cut_windows(np.arange(11), 3)
    np.testing.assert_array_equal(
        rows.T, [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    )


@pytest.mark.parametrize("things", [2, 3])
def test_after_each_swap_the_order_is_asked_for(things, rng):
    tokens, targets = recurrences.draw_swaps(things, rng, 20, 3)
    assert tokens.shape == (21, 3)
    assert targets.shape == (20, 3)
    moves, orders = recurrences.SWAPS[things]
    for b in range(3):
        assert tokens[0, b] == things
        now = orders[0]
        for token, target in zip(tokens[1:, b], targets[:, b], strict=True):
            now = tuple(now[i] for i in moves[token])
            assert orders[target] == now


def test_what_is_copied_stands_before_and_none_comes_twice(rng):
    tokens, targets = recurrences.draw_copies(rng, 5, 4)
    assert tokens.shape == (11, 4)
    mark = torch.full((4,), recurrences.LETTERS)
    assert_close(tokens[[0, 6]], torch.stack([mark, mark]))
    assert_close(tokens[1:6], targets)
    assert_close(tokens[7:], targets[:-1])
    assert all(len(set(row.tolist())) == 5 for row in targets.T)


def test_what_is_asked_for_stands_at_the_end():
    """A network that always says 2, at two tokens of three."""
    tokens = torch.zeros(3, 2, dtype=torch.long)
    targets = torch.tensor([[2, 0], [2, 2]])
    logits = torch.zeros(3, 2, 4)
    logits[1:, :, 2] = 5.0

    def model(given):
        assert given is tokens
        return logits, None

    (nats, right), _ = recurrences.measure_answers(
        model, *[(tokens, targets)] * 2
    )
    assert right == 0.75
    others = np.log(np.exp(5) + 3)
    assert_close(nats, others - 5 * 0.75, within=1e-6)
    loss, carry = recurrences.answers_loss(model, (tokens, targets), "kept")
    assert_close(float(loss), nats, within=1e-6)
    assert carry == "kept"


def test_the_rate_rises_and_falls():
    """Of Adam's first step the size is the rate, whatever the gradient."""
    optimizer = recurrences.make_warm_adam(1.0, 100)
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


def test_counts_read_each_window_from_nothing():
    ids = np.tile(np.arange(4), 20)
    model = fit_kneser_ney(ids, 3, 5)
    windows = recurrences.cut_windows(ids, 6)[:, :2]
    p = [kneser_ney_probabilities(model, w)[1:] for w in windows.T]
    found = recurrences.nats_of_counts(model, windows)
    assert_close(found, float(-np.log(p).mean()))


def test_a_run_that_diverged_is_told_and_not_tried_again(
    small, monkeypatch
):
    def diverges(*given, **more):
        raise FloatingPointError("step 0: loss is not finite")

    given = "swaps", "Elman", {"rate": 0.01}, 0, 2
    monkeypatch.setattr(recurrences, "fit_fast", diverges)
    for _ in range(2):
        with pytest.raises(FloatingPointError, match="it diverged"):
            recurrences.train(*given)
        monkeypatch.setattr(recurrences, "fit_fast", None)


def test_what_was_trained_is_not_trained_again(small, monkeypatch):
    before = run(small, "copying", "--steps", "1")
    found = from_json(before["recurrences.copying"]["value"])
    assert found.results.keys() == set(NAMES)
    sizes = len(recurrences.SEEDS), len(recurrences.COPIES)
    assert all(np.shape(r.test) == sizes for r in found.results.values())
    monkeypatch.setattr(recurrences, "fit_fast", None)
    assert run(small, "copying", "--steps", "1") == before


@pytest.mark.slow
def test_every_column_is_recorded(small):
    known = run(small, "--steps", "1")
    names = *recurrences.TASKS, "counts"
    assert known.keys() == {f"recurrences.{name}" for name in names}
    assert known["recurrences.counts"]["value"]["nats"] < 0.5
