"""The training on Tiny Shakespeare, on a made text in its place."""

import math
import re

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from rnncore.application import seeded
from rnncore.text.model import LanguageModel, language_loss, token_nats
from rnncore.text.vocabulary import character_vocabulary
from tests.helpers.arrays import assert_close
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401
from tools import measurements
from tools.train import runner
from tools.train.ch10 import shakespeare


@pytest.fixture
def plays(there, monkeypatch):
    """8,000 characters of words in a random order, two of them on a line."""
    rng = np.random.default_rng(0)
    words = rng.choice(
        ["to", "be", "or", "not", "the", "question", "that", "is"],
        (1200, 2),
    )
    text = "".join(f"{a} {b}\n" for a, b in words)[:8000]
    files = {"data/tinyshakespeare/input.txt": text.encode()}
    monkeypatch.setenv("RNNCORE_DATA", str(there("tinyshakespeare", files)))
    monkeypatch.setitem(shakespeare.SIZES, "H", 16)
    monkeypatch.setitem(shakespeare.SIZES, "width", 8)
    monkeypatch.setitem(shakespeare.PLAN, "B", 8)
    monkeypatch.setitem(shakespeare.PLAN, "T", 16)
    monkeypatch.setattr(shakespeare, "PROMPT", "\nto ")
    shakespeare.read_texts.cache_clear()
    yield text
    shakespeare.read_texts.cache_clear()


def test_a_run_is_scored_on_the_last_tenth_beside_counts(plays, tmp_path):
    path = tmp_path / "m.json"
    words = [
        "network",
        "--seeds",
        "0",
        "--steps",
        "120",
        "--path",
        str(path),
    ]
    runner.main(shakespeare.TRAINING, words)
    known = measurements.read(path)

    def score(name):
        value = known[f"real.shakespeare.{name}"]["value"]
        return (
            value[0]
            if known[f"real.shakespeare.{name}"]["seed"] == [0]
            else value
        )

    assert score("characters") == [6840, 360, 800]
    assert_close(score("valid"), min(score("curve")[1]), within=1e-4)
    assert len(score("curve")[0]) == 120 // (120 // shakespeare.EVALUATIONS)
    assert 0.3 < score("ngrams") < score("frequencies") < math.log(20)
    assert score("network") < score("frequencies")
    assert score("mixed") < max(score("network"), score("ngrams"))
    assert score("sample").startswith("\nto ")
    assert len(score("sample")) == 4 + shakespeare.LENGTH


def test_every_character_is_read_after_all_before_it():
    text = "to be or not to be"
    vocabulary = character_vocabulary(text)
    model = LanguageModel(vocabulary.size, 5, width=3).eval()
    nats = shakespeare.read_on(model, vocabulary, "or", text)
    assert nats.shape == (len(text),)
    whole = token_nats(model, vocabulary.encode("r" + text)[:, None])
    assert_close(nats, whole[:, 0])


def test_counts_know_what_comes_before_the_text(plays):
    """Its first characters are read after those of the part before."""
    training, valid, test = shakespeare.read_texts()
    _, (of_valid, of_test) = shakespeare.measure_counts(
        character_vocabulary(training)
    )
    assert len(of_valid) == len(valid)
    assert len(of_test) == len(test)


def test_what_goes_on_learning_is_asked_before_it_learns(
    plays, tmp_path, monkeypatch
):
    monkeypatch.setattr(shakespeare, "SPEAKER", re.compile("question"))
    monkeypatch.setattr(shakespeare, "PIECE", 2000)
    path = tmp_path / "m.json"
    words = ["longer", "--seeds", "0", "1", "--steps", "24"]
    runner.main(shakespeare.TRAINING, [*words, "--path", str(path)])
    known = {
        key.removeprefix("real.shakespeare.longer."): entry["value"]
        for key, entry in measurements.read(path).items()
    }
    for kind in "network", "moving":
        of_names, of_rest, names, of_all = (
            np.array(known[key])
            for key in (f"{kind}.names", f"{kind}.rest", "names", kind)
        )
        assert_close(names * of_names + (1 - names) * of_rest, of_all)
        assert of_all.shape == (2,)
    chosen = [min(tried.values()) for tried in known["moving.tried"]]
    assert (np.array(chosen) < known["valid"]).all()  # the same few phrases
    # the whole test is one piece: nothing of it was learned
    training, _, test = shakespeare.read_texts()
    vocabulary = shakespeare.character_vocabulary(training)
    counts, _ = shakespeare.measure_counts(vocabulary)
    *_, still = shakespeare.kneser_ney_models(
        vocabulary.encode(training),
        counts["order"],
        vocabulary.size,
        shakespeare.DISCOUNTS[counts["discounts"]],
    )
    p = shakespeare.kneser_ney_probabilities(still, vocabulary.encode(test))
    assert_close(known["counts.moving"], -np.log(p).mean())


def test_a_cache_knows_the_speeches_of_this_text_alone(monkeypatch):
    rng = np.random.default_rng(0)

    def say(times):
        speech = np.tile(rng.integers(0, 9, 40), times)
        other = rng.random(len(speech)) < 1 / 8
        said = np.where(other, rng.integers(0, 9, len(speech)), speech)
        return "".join("abcdefgh\n"[k] for k in said)

    texts = say(40), say(6), say(6)
    monkeypatch.setattr(shakespeare, "read_texts", lambda: texts)
    found = {
        one.key.removeprefix("real.shakespeare.cache"): one.value
        for one in shakespeare.run_cache(runner.Options())
    }
    vocabulary = character_vocabulary(texts[0])
    still, _ = shakespeare.measure_counts(vocabulary)
    assert found[""] < still["ngrams"] - 0.3


def test_counts_made_anew_know_the_pieces_before(monkeypatch):
    monkeypatch.setattr(
        shakespeare,
        "read_texts",
        lambda: ("ab" * 50, "ba" * 50, "aabb" * 50),
    )
    still = shakespeare.count_while_reading(3, "one")
    monkeypatch.setattr(shakespeare, "PIECE", 20)
    assert shakespeare.count_while_reading(3, "one") < still / 2


def test_windows_are_pieces_of_the_text_from_everywhere(rng):
    ids = np.arange(20)
    next_batch = shakespeare.random_windows(ids, 4, 3)
    windows = [next_batch(rng, step) for step in range(200)]
    for window in windows:
        assert window.shape == (5, 3)
        assert (np.diff(window, axis=0) == 1).all()
    starts = {int(k) for window in windows for k in window[0]}
    assert starts == {*range(16)}


def test_each_window_begins_with_zeros_whatever_came_before(rng):
    model = LanguageModel(6, 5, width=3).eval()
    ids = rng.integers(0, 6, (9, 2))
    loss, carry = shakespeare.window_loss(model, ids, None)
    assert carry is None
    each = [token_nats(model, ids[:, k : k + 1]).mean() for k in (0, 1)]
    assert_close(float(loss.detach()), np.mean(each), within=1e-6)


def test_the_longer_row_is_trained_as_it_was_measured(plays, monkeypatch):
    """By torch's own optimiser and average, which measured it first."""
    monkeypatch.setitem(shakespeare.SIZES, "dropout", 0.0)
    plan = {"T": 16, "B": 4, "warm": 5}
    for name, value in plan.items():
        monkeypatch.setitem(shakespeare.LONGER, name, value)
    found, vocabulary, about = shakespeare.train_longer(1, 12)
    training, *_ = shakespeare.read_texts()
    ids = vocabulary.encode(training)
    with seeded(1):
        model = LanguageModel(vocabulary.size, 16, width=8)
    adam = torch.optim.Adam(model.parameters(), 0.003, (0.9, 0.99))
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.998))
    rng = np.random.default_rng(1)
    for step in range(12):
        rate = min((step + 1) / 5, (12 - step) / (0.8 * 12), 1)
        adam.param_groups[0]["lr"] = 0.003 * rate
        starts = rng.integers(0, len(ids) - 16, 4)
        window = ids[starts + np.arange(17)[:, None]]
        loss, _ = language_loss(model, window, model.zero_state(4))
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        mean.update_parameters(model)
        rng.integers(2**62)  # what the step's dropout would be drawn by
    for name, values in mean.module.state_dict().items():
        assert_close(found.state_dict()[name].cpu(), values, within=1e-5)
    assert_close(about["epochs"], 12 * 16 * 4 / len(training))
