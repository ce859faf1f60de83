"""The training on Tiny Shakespeare, on a made text in its place."""

import math
import re

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from rnncore.application import choose_device, seeded
from rnncore.apps.text import command as text_command
from rnncore.storage.weights import load_weights
from rnncore.text.model import LanguageModel, language_loss, token_nats
from rnncore.text.vocabulary import character_vocabulary
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close
from tests.helpers.commands import run
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
    monkeypatch.setitem(shakespeare.LONGER, "hidden", 16)
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


def test_the_command_trains_the_same_network(
    plays, tmp_path, capsys, monkeypatch
):
    """Given the three parts as files, and what the plan says as options."""
    monkeypatch.setattr(
        shakespeare, "HELD", 0.25
    )  # as many stretches as the command
    shakespeare.read_texts.cache_clear()
    names = "train", "validation", "test"
    for name, text in zip(names, shakespeare.read_texts(), strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    model, _, scores = shakespeare.train_network({"steps": 52}, 0, "made")
    plan, path = (
        shakespeare.SIZES | shakespeare.PLAN,
        tmp_path / "m.safetensors",
    )
    monkeypatch.setattr(text_command, "WIDTH", plan["width"])
    words = [
        "text",
        "train",
        tmp_path / "train",
        "--model",
        path,
        "--no-baselines",
    ]
    for name in names[1:]:
        words += [f"--{name}", tmp_path / name]
    words += ["--hidden", plan["H"], "--dropout", plan["dropout"]]
    words += [
        "--window",
        plan["T"],
        "--batch",
        plan["B"],
        "--rate",
        plan["rate"],
    ]
    words += ["--steps", 52, "--evaluate-every", 2, "--patience", 26]
    code, out, err = run(capsys, *words, "--device", choose_device())
    assert code == 0, err
    trained, _ = load_weights(path)
    for name, values in model.state_dict().items():
        assert_close(trained[name], values.cpu(), within=1e-12)
    assert "the text of --test: 800 tokens" in out
    assert len(scores["curve"][1]) == 26


def test_the_command_trains_the_longer_row_as_it_was_measured(
    plays, monkeypatch
):
    """By torch's own optimiser and average, which measured it first."""
    plan = {"dropout": 0.0, "window": 16, "batch": 4, "warm": 5}
    for name, value in plan.items():
        monkeypatch.setitem(shakespeare.LONGER, name, value)
    found, vocabulary, about = shakespeare.train_longer(1, 12)
    training, *_ = shakespeare.read_texts()
    ids = vocabulary.encode(training)
    with seeded(1):
        model = LanguageModel(vocabulary.size, 16, width=16)
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


def test_the_page_s_command_has_the_options_of_the_row():
    page = (ROOT / "book/ch10_language.md").read_text("utf-8")
    (line,) = re.findall(
        r"rnncore text train train.txt((?:.*\\\n)*.*)", page
    )
    words = line.replace("\\\n", " ").split()
    asked = dict(zip(words[::2], words[1::2], strict=True))
    own = shakespeare.LONGER | {
        "evaluate-every": shakespeare.LONGER["steps"] // shakespeare.LOOKS
    }
    files = {"--model", "--validation", "--test"}
    assert {f"--{k}": f"{v}" for k, v in own.items()} == {
        name: value for name, value in asked.items() if name not in files
    }
