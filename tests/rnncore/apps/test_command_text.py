"""python -m rnncore text: trains on any text, resumes, writes, scores."""

import json
import math
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rnncore.apps.spine import common
from rnncore.apps.spine.common import compute_fingerprint
from rnncore.apps.text import command as text_command
from rnncore.storage.weights import load_weights, save_weights
from rnncore.text.model import token_nats
from rnncore.text.ngrams import (
    fit_kneser_ney,
    kneser_ney_probabilities,
    one_discount,
    three_discounts,
)
from rnncore.text.storage import load_model
from rnncore.text.vocabulary import character_vocabulary
from tests.helpers.arrays import assert_close
from tests.helpers.commands import (
    Killed,
    examples,
    killed,
    run,
    shown_help,
    stopped,
    weights,
)

pytestmark = pytest.mark.slow

TINY = ["--hidden", 16, "--batch", 4, "--window", 16, "--rate", 0.01]
TINY += ["--steps", 60, "--evaluate-every", 20, "--dropout", 0.2]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The beginning of a book: source of the standard library."""
    path = tmp_path_factory.mktemp("book") / "book.txt"
    source = Path(sysconfig.get_paths()["stdlib"]) / "argparse.py"
    path.write_text(source.read_text("utf-8")[:20_000], "utf-8")
    return path


@pytest.fixture(scope="module")
def trained(book):
    """A model file, and what the command printed when it was made."""
    from rnncore.__main__ import main

    path = book.with_name("model.safetensors")
    words = ["text", "train", book, "--model", path, *TINY]
    assert main([str(word) for word in words]) == 0
    return path


def table(out):
    """The rows of a printed table."""
    rows = re.findall(r"^([^:\n]+?) +(\d+\.\d{3})$", out, re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_training_prints_scores_beside_baselines(
    book, capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr(common, "MINUTE", 0)
    words = ["--model", tmp_path / "m.safetensors", *TINY]
    code, out, err = run(capsys, "text", "train", book, *words)
    assert code == 0
    assert "LSTM of 16 units, seed 0, 60 steps" in out
    assert "2000 tokens, not seen in training" in out
    scores = table(out)
    assert len(scores) == 5
    assert 1 < scores["lzma that has read the training part"] < 4
    assert 3 < scores["how often each token occurs"] < 6
    (counted,) = (name for name in scores if name.startswith("n-grams ("))
    assert re.fullmatch(
        r"n-grams \((modified )?Kneser-Ney, up to \d+ tokens\)", counted
    )
    assert scores["the network"] < 7  # bits, of 95 characters
    assert "goes on after" not in err  # it has just begun
    assert "the network: window 1 of 1, " in err  # 2000 characters
    # read in one stretch, since what is learned helps what comes after
    assert "the network, learning: window 32 of 32, " in err
    lines = [x for x in err.splitlines() if x.startswith("LSTM 16: ")]
    assert re.fullmatch(
        r"LSTM 16: step 60 of 60, loss [\d.]+, bits [\d.]+, 0 min left",
        lines[-1],
    )


def test_validation_chooses_how_n_grams_are_smoothed(monkeypatch):
    """On words that are repeated, chance decides which kind is better."""
    monkeypatch.setitem(text_command.ORDERS, "characters", (1, 2))
    told = set()
    often = 1 / np.arange(1, 61)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        sizes = rng.integers(2, 6, 60)
        words = ["".join(rng.choice(list("abcdefgh"), n)) for n in sizes]
        text = " ".join(rng.choice(words, 700, p=often / often.sum()))
        vocabulary = character_vocabulary(text)
        ids = vocabulary.encode(text)
        parts = np.split(ids, [len(ids) // 2, 3 * len(ids) // 4])
        found = text_command._score_ngrams(vocabulary, *parts)
        name, bits = next(iter(found.items()))
        least = min(
            _bits_of(discounts, n, vocabulary.size, *parts)
            for discounts in (one_discount, three_discounts)
            for n in (1, 2)
        )
        assert_close(bits, least[1])
        told.add(name.partition("(")[2].partition(",")[0])
    assert told == {"Kneser-Ney", "modified Kneser-Ney"}


def test_a_long_text_is_scored_within_the_memory(monkeypatch, capsys):
    """Counts stop where too many grams are held; pieces change nothing."""
    text = "".join(np.random.default_rng(0).choice(list("abcd"), 3000))
    vocabulary = character_vocabulary(text)
    parts = np.split(vocabulary.encode(text), [2000, 2500])
    whole = text_command._score_ngrams(vocabulary, *parts)
    monkeypatch.setattr(text_command, "CHUNK", 7)
    pieces = text_command._score_ngrams(vocabulary, *parts)
    assert pieces.keys() == whole.keys()
    assert_close([*pieces.values()], [*whole.values()])
    assert "left out" not in capsys.readouterr().err
    counted = []
    whole_model = text_command._ngram_models(vocabulary, parts[0])
    for n, _, model in whole_model:
        counted.append((n, sum(len(o.codes) for o in model.orders)))
    for limit, last in (0, 3), (counted[4][1], 6), (counted[-1][1], 24):
        monkeypatch.setattr(text_command, "GRAMS", limit)
        found = text_command._ngram_models(vocabulary, parts[0])
        assert max(n for n, *_ in found) == last
        err = capsys.readouterr().err
        assert (f"of more than {last} tokens are left out" in err) is (
            last < 24
        )


def test_of_a_long_text_the_end_is_counted(monkeypatch, capsys):
    monkeypatch.setattr(text_command, "COUNTED", 4)
    vocabulary = character_vocabulary("abcdef")
    for text, kept in ("abcd", "abcd"), ("abcdef", "cdef"):
        ids = text_command._last_tokens(vocabulary, text)
        assert vocabulary.decode(ids) == kept
        told = "in the last 4 tokens" in capsys.readouterr().err
        assert told is (kept != text)


def _bits_of(discounts, n, K, training, *held):
    model = fit_kneser_ney(training, n, K, discounts)
    p = [kneser_ney_probabilities(model, ids)[1:] for ids in held]
    return [float(-np.log2(part).mean()) for part in p]


def test_the_file_holds_all_that_is_needed(trained, book):
    _, about = load_weights(trained, "text")
    assert about["kind"] == "text"
    assert about["sizes"]["H"] == 16
    assert about["settings"]["tokens"] == "characters"
    assert about["seed"] == 0
    assert about["steps"] == 60
    assert about["seconds"] > 0
    assert about["command"].startswith("python -m rnncore text train")
    assert about["baseline"] < about["score"]
    what, low, high = about["interval"]
    assert what == "bits"
    assert low < about["score"] < high
    parts = {"training": 16_000, "validation": 2_000, "test": 2_000}
    assert about["split"] == parts
    training = book.read_text()[:16_000]
    assert set(about["vocabulary"]["tokens"][1:]) == set(training)


def test_what_is_held_out_was_not_trained_on(book, tmp_path, capsys):
    """Other validation and test parts, the same weights."""
    content = book.read_text()
    other = tmp_path / "other.txt"
    other.write_text(content[:18_000] + content[17_999:15_999:-1])
    once = [*TINY, "--steps", 20]
    for name, path in ("a", book), ("b", other):
        model = tmp_path / f"{name}.safetensors"
        run(capsys, "text", "train", path, "--model", model, *once)
    assert weights(tmp_path / "a.safetensors") == weights(
        tmp_path / "b.safetensors"
    )


@pytest.mark.parametrize(
    ("tokens", "steps"), [(0, 300), (50_000, 488), (10**7, 2500)]
)
def test_the_steps_follow_the_length_of_the_text(tokens, steps):
    options = SimpleNamespace(window=64, batch=32, steps=None)
    text_command._choose_steps(options, tokens)
    assert options.steps == steps
    text_command._choose_steps(options, 10**7)
    assert options.steps == steps  # as given


def test_each_look_at_validation_shows_what_is_written(
    book, tmp_path, capsys
):
    path = tmp_path / "a.safetensors"
    _, out, err = run(capsys, "text", "train", book, "--model", path, *TINY)
    looks = re.findall(r"^\d\.\d\d bits: (.+)$", err, re.MULTILINE)
    assert len(looks) == 3
    assert all(20 < len(look) <= 61 for look in looks)
    assert len(set(looks)) == 3
    assert not set(looks) & set(out.splitlines())


def test_the_text_of_another_file_can_be_the_test(book, capsys, tmp_path):
    whole = book.read_text("utf-8")
    files = dict(
        zip("abc", (whole[:16_000], whole[16_000:18_000], whole[18_000:]))
    )
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    path = tmp_path / "m.safetensors"
    words = ["text", "train", tmp_path / "a", "--model", path, *TINY]
    words += ["--no-baselines", "--validation", tmp_path / "b"]
    code, out, err = run(capsys, *words, "--test", tmp_path / "c")
    assert code == 0, err
    assert "the text of --test: 2000 tokens, not seen in training" in out
    same = tmp_path / "same.safetensors"  # as the command divides it
    run(capsys, "text", "train", book, "--model", same, *TINY)
    assert weights(same) == weights(path)
    assert load_weights(path)[1]["score"] == load_weights(same)[1]["score"]
    code, out, _ = run(capsys, "text", "evaluate", path, tmp_path / "c")
    assert code == 0
    assert f"{load_weights(path)[1]['score']:.3f}" in out
    code, _, err = run(capsys, "text", "evaluate", path, tmp_path / "a")
    assert code == 2
    assert "expected the text of --test, or another" in err
    code, _, err = run(capsys, *words, "--test", tmp_path / "b")
    assert code == 2
    assert "test data" in err  # it has changed since


def test_evaluate_gives_the_scores_again(trained, book, capsys):
    _, about = load_weights(trained)
    code, out, _ = run(capsys, "text", "evaluate", trained, book)
    assert code == 0
    expected = dict(about["table"])
    for name, value in table(out).items():
        assert_close(value, expected[name], within=6e-4, name=name)


def test_the_network_s_bits_are_those_of_its_probabilities(trained, book):
    model, vocabulary, about = load_model(trained)
    ids = vocabulary.encode(book.read_text()[18_000:])
    bits = token_nats(model, ids[:, None]) / math.log(2)
    # 16 stretches begin without a past, one stretch only once
    score = dict(about["table"])["the network"]
    assert_close(bits.mean(), score, within=0.05)


def test_another_text_is_scored_without_baselines(
    trained, tmp_path, capsys
):
    path = tmp_path / "other.txt"
    path.write_text("def other(é):\n    return 1\n" * 30)
    code, out, _ = run(capsys, "text", "evaluate", trained, path)
    assert code == 0
    assert "not the file that the model was trained on" in out
    assert "30 of them are unknown to the model" in out
    scores = table(out)
    assert list(scores) == [
        "the network",
        "as if all tokens were equally likely",
    ]
    said = re.search(r"network's bits: ([\d.]+) to ([\d.]+)", out)
    low, high = map(float, said.groups())
    assert low < scores["the network"] < high
    assert_close(
        scores["as if all tokens were equally likely"],
        math.log2(load_model(trained)[1].size),
        within=6e-4,
    )


def test_the_same_command_again_says_that_all_is_done(
    trained, book, capsys
):
    before = trained.read_bytes()
    words = ["text", "train", book, "--model", trained, *TINY]
    code, out, err = run(capsys, *words)
    assert code == 0
    assert "is already trained; --restart trains from scratch" in err
    assert "the network" in out
    assert trained.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--seed", 1], "seed was 0, now 1"),
        (["--hidden", 20], "hidden was 16, now 20"),
        (["--tokens", "words"], "tokens was characters, now words"),
    ],
)
def test_other_settings_do_not_overwrite_a_model(
    trained, book, capsys, change, message
):
    words = ["text", "train", book, "--model", trained, *TINY, *change]
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert "--restart to train from scratch" in err


def test_another_text_does_not_overwrite_a_model(
    trained, book, tmp_path, capsys
):
    other = tmp_path / "book.txt"
    other.write_text(book.read_text() + "#")
    words = ["text", "train", other, "--model", trained, *TINY]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "the data have changed since" in err


def test_restart_trains_anew(book, tmp_path, capsys):
    model = tmp_path / "m.safetensors"
    words = ["text", "train", book, "--model", model, *TINY]
    words += ["--steps", 20]
    run(capsys, *words)
    first = weights(model)
    code, _, _ = run(capsys, *words, "--seed", 3, "--restart")
    assert code == 0
    assert weights(model) != first
    run(capsys, *words, "--restart")
    assert weights(model) == first


@pytest.mark.weekly
def test_a_run_that_was_killed_ends_with_the_same_weights(
    book, tmp_path, capsys
):
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    words = ["text", "train", book, *TINY, "--evaluate-every", 5, "--steps"]
    words += [150, "--patience", 100]
    run(capsys, *words, "--model", whole)
    folder = tmp_path / "b.safetensors.run"
    words += ["--model", broken]
    killed(folder / "run.npz", *words)
    assert broken.exists()  # of the best weights so far
    done = len(np.load(folder / "run.npz")["log:loss"])
    assert 5 <= done < 150
    code, _, err = run(capsys, *words)
    assert code == 0
    assert f"goes on after step {done}" in err
    assert weights(broken) == weights(whole)
    assert not folder.exists()
    _, about = load_weights(broken)
    assert about["table"] == load_weights(whole)[1]["table"]


def test_a_damaged_checkpoint_is_refused(
    book, tmp_path, capsys, monkeypatch
):
    model = tmp_path / "m.safetensors"
    words = ["text", "train", book, "--model", model, *TINY]
    words += ["--steps", 10, "--evaluate-every", 5]
    checkpoint = tmp_path / "m.safetensors.run" / "run.npz"
    stopped(monkeypatch, capsys, Killed, checkpoint, *words)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    code, _, err = run(capsys, *words)
    assert code == 2
    assert f"{checkpoint} is damaged" in err
    assert "--restart trains from scratch" in err
    code, _, err = run(capsys, *words, "--seed", 1)
    assert code == 2
    assert "seed was 0, now 1" in err
    plan = checkpoint.with_name("plan.json")
    plan.write_text("{")
    code, _, err = run(capsys, *words)
    assert code == 2
    assert f"{plan}: damaged; --restart trains from scratch" in err


def test_what_broke_off_before_a_checkpoint_is_in_nobody_s_way(
    book, tmp_path, capsys
):
    words = ["--model", tmp_path / "m.safetensors", *TINY, "--cell", "RNN"]
    run(capsys, "text", "train", book, *words, "--rate", 1e39)
    assert (tmp_path / "m.safetensors.run" / "plan.json").exists()
    code, _, _ = run(capsys, "text", "train", book, *words, "--steps", 3)
    assert code == 0


def test_words_have_a_perplexity(book, tmp_path, capsys):
    model = tmp_path / "m.safetensors"
    words = [*TINY, "--tokens", "words", "--cell", "GRU", "--layers", 2]
    words += ["--steps", 20, "--model", model]
    code, out, _ = run(capsys, "text", "train", book, *words)
    assert code == 0
    assert "perplexity" in out
    assert "lzma" not in out
    row = next(x for x in out.splitlines() if x.startswith("the network "))
    bits, perplexity = map(float, row.split()[-2:])
    assert_close(perplexity, 2**bits, within=1e-3 * 2**bits)
    code, out, _ = run(
        capsys,
        "text",
        "sample",
        model,
        "--length",
        5,
        "--prompt",
        "if self",
    )
    assert code == 0
    assert out.startswith("if self")


def sample(capsys, model, *words):
    code, out, err = run(capsys, "text", "sample", model, *words)
    assert (code, err) == (0, "")
    return out


def test_a_sample_begins_with_its_prompt_and_has_its_length(
    trained, capsys
):
    out = sample(capsys, trained, "--prompt", "def ", "--length", 50)
    assert out.startswith("def ")
    assert len(out) == len("def ") + 50 + len("\n")
    same = sample(capsys, trained, "--prompt", "def ", "--length", 50)
    assert out == same
    other = sample(
        capsys, trained, "--prompt", "def ", "--length", 50, "--seed", 1
    )
    assert out != other


def test_a_cold_sample_is_what_is_likeliest(trained, capsys):
    words = ["--prompt", "def ", "--length", 30]
    greedy = sample(capsys, trained, *words, "--beam", 1)
    for choice in (
        ["--temperature", 1e-6],
        ["--top-k", 1],
        ["--nucleus", 1e-9],
    ):
        assert sample(capsys, trained, *words, *choice) == greedy
    model, vocabulary, _ = load_model(trained)

    def nats(text):
        ids = vocabulary.encode(text.removesuffix("\n"))[:, None]
        return token_nats(model, ids).sum()

    wide = sample(capsys, trained, *words, "--beam", 8)
    assert nats(wide) <= nats(greedy)


def test_a_sample_without_a_prompt_begins_a_line(trained, capsys):
    assert sample(capsys, trained, "--length", 5).startswith("\n")


def test_no_sample_holds_what_stands_for_unknown(trained, capsys):
    out = sample(capsys, trained, "--length", 400, "--temperature", 50)
    assert "\N{REPLACEMENT CHARACTER}" not in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--prompt", "été"], "--prompt: the model never saw 'é'"),
        (["--prompt", ""], "--prompt: expected at least one token"),
        (["--device", "tpu"], "device: expected auto, cpu, cuda"),
        (["--device", "cuda:77"], "device: "),
    ],
)
def test_a_sample_that_cannot_be_is_refused(
    trained, capsys, words, message
):
    code, out, err = run(capsys, "text", "sample", trained, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("text sample: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n \n", "the file has nothing but white space"),
        (b"caf\xe9 " * 100, "not utf-8: byte 0xE9 at place 3 (line 1)"),
        (
            b"one line\n" * 9,
            "65 characters, one window of 64 steps of 32 sequences takes 2049",
        ),
        (b"ab", "2 characters are too few to be split"),
    ],
)
def test_a_text_that_cannot_be_learned_is_refused(
    tmp_path, capsys, content, message
):
    path = tmp_path / "given.txt"
    path.write_bytes(content)
    model = tmp_path / "m.safetensors"
    code, out, err = run(capsys, "text", "train", path, "--model", model)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith(f"text train: {path}: ")
    assert list(tmp_path.iterdir()) == [path]


def test_the_shortest_text_that_can_be_learned(tmp_path, capsys):
    path = tmp_path / "given.txt"
    path.write_text("abcab" * 4)
    words = ["--model", tmp_path / "m.safetensors", "--batch", 1]
    words += ["--window", 15, "--hidden", 2, "--steps", 2]
    code, out, _ = run(capsys, "text", "train", path, *words)
    assert code == 0
    assert "2 tokens, not seen in training" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.txt", "--model", "m.safetensors"], "no such file"),
        ([".", "--model", "m.safetensors"], "none in it"),
        (["BOOK", "--model", "m.npz"], "expected NAME.safetensors"),
        (["BOOK", "--model", "no/m.safetensors"], "there is no folder no"),
        (
            ["BOOK", "--encoding", "x", "--model", "a.safetensors"],
            "unknown",
        ),
    ],
)
def test_a_training_that_cannot_begin_is_refused(
    book, capsys, words, message, tmp_path, monkeypatch
):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    words = [book if word == "BOOK" else word for word in words]
    code, out, err = run(capsys, "text", "train", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--steps", "0"],
            "expected a whole number of at least 1, got '0'",
        ),
        (["--hidden", "x"], "expected a whole number of at least 1"),
        (["--rate", "-1"], "expected a number above 0"),
        (["--dropout", "1"], "expected a number from 0 to below 1"),
        (["--cell", "TCN"], "invalid choice: 'TCN'"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_numbers_that_make_no_sense_are_told(book, capsys, words, message):
    with pytest.raises(SystemExit) as ended:
        run(capsys, "text", "train", book, "--model", "m", *words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_rate_far_too_large_is_told(book, tmp_path, capsys):
    words = ["--model", tmp_path / "m.safetensors", *TINY]
    words += ["--rate", 1e39, "--cell", "RNN"]
    code, _, err = run(capsys, "text", "train", book, *words)
    assert code == 1
    assert "training broke off: step " in err
    assert "not finite; try a smaller --rate" in err


def test_a_model_of_another_application_is_refused(
    trained, tmp_path, capsys
):
    import torch

    other = tmp_path / "m.safetensors"
    save_weights(other, torch.nn.Linear(2, 2), {"kind": "music"})
    code, _, err = run(capsys, "text", "sample", other)
    assert code == 2
    assert "expected a model of 'text', got one of 'music'" in err
    other.write_bytes(trained.read_bytes()[:-1])
    code, _, err = run(capsys, "text", "sample", other)
    assert code == 2
    assert f"{other}: damaged" in err
    other.write_bytes(b"")
    assert run(capsys, "text", "sample", other)[0] == 2


def test_a_folder_is_learned_and_gone_on_from(
    trained, book, tmp_path, capsys
):
    folder = tmp_path / "notes"
    folder.mkdir()
    text = book.read_text("utf-8")
    (folder / "a.txt").write_text(text[:9000], "utf-8")
    (folder / "b.txt").write_text(text[9000:] + "\n\u2603", "utf-16")
    (folder / "c.png").write_bytes(b"\x89PNG\xff")
    model = tmp_path / "m.safetensors"
    words = ["text", "train", folder, "--model", model, *TINY]
    words += ["--no-baselines"]
    before = compute_fingerprint(trained.read_bytes())
    code, _, err = run(capsys, *words, "--from", trained, "--steps", 1)
    assert code == 0, err
    assert "read as utf-16" in err
    assert "left out: " in err
    assert "c.png" in err
    assert before == compute_fingerprint(trained.read_bytes())
    old, known, _ = load_model(trained)
    new, same, about = load_model(model)
    assert same == known
    moved = [
        float((p - q).abs().max().detach())
        for p, q in zip(old.parameters(), new.parameters())
    ]
    assert 0 < max(moved) < 0.1  # one step of Adam's
    assert len(about["settings"]["from"]) == 64
    code, _, err = run(capsys, *words)  # without what it went on from
    assert code == 2
    assert "from" in err
    own = [*words[:4], trained, *TINY, "--from", trained]
    code, _, err = run(capsys, *own)
    assert code == 2
    assert "is what is to be learned from" in err


def test_an_encoding_is_proposed(tmp_path, capsys):
    path = tmp_path / "a.txt"
    text = "Die Straße führt über die Brücke nach Köln.\n" * 20
    path.write_bytes(text.encode("cp1252"))
    model = tmp_path / "m.safetensors"
    code, _, err = run(capsys, "text", "train", path, "--model", model)
    assert code == 2
    assert "--encoding" in err


def test_long_texts_become_numbers_piece_by_piece(monkeypatch):
    from rnncore.text.vocabulary import word_vocabulary

    text = "one two, three\nfour five\n\nsix seven"
    monkeypatch.setattr(text_command, "CHUNK", 5)
    for make in character_vocabulary, lambda t: word_vocabulary(t, 1):
        vocabulary = make(text)
        found = text_command._encode(vocabulary, text)
        np.testing.assert_array_equal(found, vocabulary.encode(text))


def test_the_help_s_examples_work(book, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("book.txt").write_text(book.read_text(), encoding="utf-8")
    lines = examples(shown_help(capsys, "text"))
    parts = [line.split()[1] for line in lines]
    assert parts == ["train", "sample", "evaluate"]
    for part, line in zip(parts, lines):
        assert examples(shown_help(capsys, "text", part)) == [line]
        few = ["--steps", 2] if part == "train" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err


@pytest.mark.parametrize(
    "words",
    [["--help"], ["train", "nowhere.txt", "--model", "a.safetensors"]],
)
def test_help_and_a_missing_file_do_not_wait_for_torch(tmp_path, words):
    code = (
        "import sys, json\n"
        "from rnncore.__main__ import main\n"
        f"try:\n    main(['text', *{words}])\n"
        "except SystemExit: pass\n"
        "json.dump(sorted({'torch', 'pandas'} & set(sys.modules)),"
        " open('heavy', 'w'))"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    assert json.loads((tmp_path / "heavy").read_text()) == []


def test_a_reader_that_stops_early_is_no_error(trained):
    done = subprocess.run(
        f"{sys.executable} -m rnncore text sample {trained} --length 3000"
        " | head -c 10",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, len(done.stdout)) == ("", 10)


def test_the_course_s_own_model_writes_too(capsys):
    out = sample(capsys, "text_python", "--prompt", "def ", "--length", 9)
    assert out.startswith("def ")
    code, _, err = run(capsys, "text", "sample", "text_cobol")
    assert code == 2
    assert "there is no 'text_cobol' among the package's weights" in err
    assert "text_python" in err
    code, _, err = run(capsys, "text", "sample", "music_voices")
    assert code == 2
    assert "expected a model of 'text', got" in err


@pytest.mark.weekly
def test_a_book_is_learned_over_an_interruption(tmp_path, capsys):
    """Half a million characters, the default network, a bit of training."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted(
        folder.glob("*.py"), key=lambda p: compute_fingerprint(p.name)
    )
    files = [p.read_text("utf-8") for p in paths]
    book = tmp_path / "book.txt"
    book.write_text("".join(f for f in files if f.isascii())[:500_000])
    words = ["text", "train", book, "--steps", 120, "--evaluate-every", 20]
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    code, out, _ = run(capsys, *words, "--model", whole)
    assert code == 0
    words += ["--model", broken]
    killed(tmp_path / "b.safetensors.run" / "run.npz", *words)
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "goes on after step" in err
    assert weights(broken) == weights(whole)
    scores = table(out)
    assert scores["the network"] < 4  # it knows which letters are frequent
    assert scores["the network"] < scores["how often each token occurs"]
    _, out, _ = run(capsys, "text", "sample", broken, "--prompt", "def ")
    assert out.startswith("def ")


def test_a_text_that_teaches_nothing_is_noticed(tmp_path, capsys):
    """Letters drawn apart: no better than how often each one is."""
    rng = np.random.default_rng(0)
    letters = rng.choice([*"ab"], 4000, p=[0.9, 0.1])
    path = tmp_path / "noise.txt"
    path.write_text("".join(letters), "utf-8")
    words = ["text", "train", path, "--no-baselines", *TINY]
    _, _, err = run(capsys, *words, "--model", tmp_path / "a.safetensors")
    assert "nothing was learned: validation began at 0.5" in err


def test_a_text_that_is_learned_is_not(book, tmp_path, capsys):
    words = ["text", "train", book, "--no-baselines", *TINY]
    words += ["--model", tmp_path / "a.safetensors", "--steps", 120]
    _, _, err = run(capsys, *words)
    assert "nothing was learned" not in err
