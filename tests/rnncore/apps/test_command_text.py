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
from rnncore.apps.text import command as text_command
from rnncore.apps.text.estimator import TextModel
from rnncore.storage.files import Refused
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
    cut_off,
    examples,
    run,
    shown_help,
    weights,
)

pytestmark = pytest.mark.slow

TINY = {"hidden": 16, "batch": 4, "window": 16, "rate": 0.01}
TINY |= {"steps": 60, "evaluate_every": 20, "dropout": 0.2}
FEW = ["--hidden", 16, "--steps", 3]


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The beginning of a book: source of the standard library."""
    path = tmp_path_factory.mktemp("book") / "book.txt"
    source = Path(sysconfig.get_paths()["stdlib"]) / "argparse.py"
    path.write_text(source.read_text("utf-8")[:20_000], "utf-8")
    return path


@pytest.fixture(scope="module")
def trained(book):
    """A model file, as `train` writes it."""
    path = book.with_name("model.safetensors")
    TextModel(**TINY).fit(book, path=path)
    return path


def table(out):
    """The rows of a printed table."""
    rows = re.findall(r"^([^:\n]+?) +(\d+\.\d{3})$", out, re.MULTILINE)
    return {name: float(value) for name, value in rows}


def test_training_prints_what_was_read_and_scores(
    book, capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr(common, "MINUTE", 0)
    words = ["--model", tmp_path / "m.safetensors", *FEW]
    code, out, err = run(capsys, "text", "train", book, *words)
    assert code == 0, err
    shown = err.splitlines()[:4]
    assert shown[0].startswith("20,000 characters, ")
    assert shown[0].endswith(f"in {book}")
    assert shown[1].strip().startswith("# Author: Steven J. Bethard")
    assert all(line in out for line in shown)
    assert "LSTM of 16 units, seed 0, 3 steps" in out
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
    assert "the network: window 1 of 1, " in err  # 2000 characters
    # read in one stretch, since what is learned helps what comes after
    assert "the network, learning: window 32 of 32, " in err
    _, about = load_weights(tmp_path / "m.safetensors", "text")
    assert about["read"] == shown
    assert about["command"].startswith("python -m rnncore text train")
    assert about["settings"]["tokens"] == "characters"
    parts = {"training": 16_000, "validation": 2_000, "test": 2_000}
    assert about["split"] == parts
    training = book.read_text()[:16_000]
    assert set(about["vocabulary"]["tokens"][1:]) == set(training)


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


@pytest.mark.parametrize(
    ("tokens", "steps"), [(0, 300), (50_000, 488), (10**7, 2500)]
)
def test_the_steps_follow_the_length_of_the_text(tokens, steps):
    options = SimpleNamespace(window=64, batch=32, steps=None)
    text_command._choose_steps(options, tokens)
    assert options.steps == steps
    text_command._choose_steps(options, 10**7)
    assert options.steps == steps  # as given


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


def test_long_texts_become_numbers_piece_by_piece(monkeypatch):
    from rnncore.text.vocabulary import word_vocabulary

    text = "one two, three\nfour five\n\nsix seven"
    monkeypatch.setattr(text_command, "CHUNK", 5)
    for make in character_vocabulary, lambda t: word_vocabulary(t, 1):
        vocabulary = make(text)
        found = text_command._encode(vocabulary, text)
        np.testing.assert_array_equal(found, vocabulary.encode(text))


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


def test_what_is_held_out_was_not_trained_on(book):
    """Other validation and test parts, the same weights."""
    content = book.read_text()
    other = content[:18_000] + content[17_999:15_999:-1]
    once = TINY | {"steps": 20}
    one, two = (TextModel(**once).fit(text) for text in (content, other))
    for p, q in zip(one._model[0].parameters(), two._model[0].parameters()):
        assert (p == q).all()


def test_each_look_at_validation_shows_what_is_written(book, capsys):
    TextModel(**TINY).fit(book)
    err = capsys.readouterr().err
    looks = re.findall(r"^\d\.\d\d bits: (.+)$", err, re.MULTILINE)
    assert len(looks) == len(set(looks)) == 3
    assert all(0 < len(look) <= 61 for look in looks)  # blanks are one


def test_texts_of_their_own_choose_and_score(book, tmp_path):
    whole = book.read_text("utf-8")
    parts = whole[:16_000], whole[16_000:18_000], whole[18_000:]
    path = tmp_path / "m.safetensors"
    train, validation, test = parts
    model = TextModel(**TINY)
    model.fit(train, validation=validation, test=test)
    same = TextModel(**TINY).fit(book)  # as it is divided otherwise
    assert model.score() == same.score() == model.score(test)
    assert "the text given for it: 2000" in model.about_["test"]["what"]
    with pytest.raises(Refused, match="has learned from all of it"):
        model.score(train)
    model.save(path)
    with pytest.raises(Refused, match="test data have changed since"):
        TextModel(**TINY).fit(
            train, validation=validation, test=train, path=path
        )


def test_several_files_are_one_text(book, tmp_path):
    """One after another, in UTF-8 or with the mark of UTF-16."""
    text = book.read_text("utf-8")
    (tmp_path / "a.txt").write_text(text[:9000], "utf-8")
    (tmp_path / "b.txt").write_text(text[9000:] + "\n\u2603", "utf-16")
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    found = text_command.read(paths)
    halves = text[:9000].removesuffix("\n"), text[9000:]
    assert found.whole == "\n".join([*halves, "\u2603\n"])
    assert found.name == f"{paths[0]} and 1 more"


def test_a_model_is_gone_on_from(trained, book, tmp_path, capsys):
    model = tmp_path / "m.safetensors"
    words = ["text", "train", book, "--model", model, "--steps", 1]
    code, _, err = run(capsys, *words, "--from", trained)
    assert code == 0, err
    old, known, _ = load_model(trained)
    new, same, about = load_model(model)
    assert same == known
    moved = [
        float((p - q).abs().max().detach())
        for p, q in zip(old.parameters(), new.parameters())
    ]
    assert 0 < max(moved) < 0.1  # one step of Adam's
    assert len(about["settings"]["from"]) == 64
    assert about["settings"]["hidden"] == 16
    code, _, err = run(capsys, *words)  # without what it went on from
    assert code == 2
    assert "from" in err
    words[4] = trained
    code, _, err = run(capsys, *words, "--from", trained)
    assert code == 2
    assert "is what is to be learned from" in err


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


def test_a_trained_model_is_not_overwritten(trained, book, capsys):
    before = trained.read_bytes()
    TextModel(**TINY).fit(book, path=trained)
    told = capsys.readouterr().err
    assert "is already trained; delete it to train it again" in told
    for change, message in [
        ({"seed": 1}, "seed was 0, now 1"),
        ({"hidden": 20}, "hidden was 16, now 20"),
        ({"tokens": "words"}, "tokens was characters, now words"),
    ]:
        with pytest.raises(Refused, match=message):
            TextModel(**TINY | change).fit(book, path=trained)
    with pytest.raises(Refused, match="the data have changed since"):
        TextModel(**TINY).fit(book.read_text() + "#", path=trained)
    assert trained.read_bytes() == before


def test_a_run_that_was_killed_ends_with_the_same_weights(
    book, tmp_path, capsys, monkeypatch
):
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    settings = TINY | {"evaluate_every": 5, "steps": 30}
    TextModel(**settings).fit(book, path=whole)
    folder = tmp_path / "b.safetensors.run"
    with cut_off(monkeypatch, folder / "run.npz"):
        TextModel(**settings).fit(book, path=broken)
    assert broken.exists()  # of the best weights so far
    done = len(np.load(folder / "run.npz")["log:loss"])
    assert 5 <= done < 30
    capsys.readouterr()
    again = TextModel(**settings).fit(book, path=broken)
    assert f"goes on after step {done}" in capsys.readouterr().err
    assert weights(broken) == weights(whole)
    assert not folder.exists()
    assert again.about_["table"] == load_weights(whole)[1]["table"]


def test_a_damaged_checkpoint_is_refused(book, tmp_path, monkeypatch):
    model = tmp_path / "m.safetensors"
    settings = TINY | {"evaluate_every": 5, "steps": 10}
    checkpoint = tmp_path / "m.safetensors.run" / "run.npz"
    with cut_off(monkeypatch, checkpoint):
        TextModel(**settings).fit(book, path=model)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(Refused, match=r"run\.npz is damaged"):
        TextModel(**settings).fit(book, path=model)
    with pytest.raises(Refused, match="seed was 0, now 1"):
        TextModel(**settings, seed=1).fit(book, path=model)
    checkpoint.with_name("plan.json").write_text("{")
    with pytest.raises(Refused, match=r"plan\.json: damaged"):
        TextModel(**settings).fit(book, path=model)


def test_words_have_a_perplexity(book):
    more = {"tokens": "words", "cell": "GRU", "layers": 2, "steps": 5}
    model = TextModel(**TINY | more).fit(book)
    found = model.compare()
    assert [*found.columns] == ["bits per word", "perplexity"]
    assert not [name for name in found.index if "lzma" in name]
    bits, perplexity = found.loc["the network"]
    assert_close(perplexity, 2**bits)
    assert model.generate("if self", length=5).startswith("if self")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n \n", "the file has nothing but white space"),
        (
            b"caf\xe9 " * 100,
            "expected text in UTF-8, got byte 0xE9 at place 3",
        ),
        (b"a\0b\0" * 99, "got byte 0x00 at place 1 (line 1)"),
        (
            b"one line\n" * 9,
            "65 characters, one update takes 2049 (64 steps of 32 stretches)",
        ),
        (b"ab", "2 characters are too few to be split"),
        (b"<!DOCTYPE html><p>404</p>", "a page of HTML"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0",
            "a pointer of Git LFS",
        ),
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
    assert err.splitlines()[-1].startswith(f"text train: {path}: ")
    assert list(tmp_path.iterdir()) == [path]


def test_the_shortest_text_that_can_be_learned():
    sizes = {"batch": 1, "window": 15, "hidden": 2, "steps": 2}
    model = TextModel(**sizes).fit("abcab" * 4)
    assert "2 tokens, not seen" in model.about_["test"]["what"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.txt", "--model", "m.safetensors"], "no such file"),
        (
            [".", "--model", "m.safetensors"],
            "expected a file, got a folder",
        ),
        (["BOOK", "--model", "m.npz"], "expected NAME.safetensors"),
        (["BOOK", "--model", "no/m.safetensors"], "there is no folder no"),
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
        (["--minutes", "-1"], "expected a number above 0"),
        (["--cell", "TCN"], "invalid choice: 'TCN'"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_numbers_that_make_no_sense_are_told(book, capsys, words, message):
    with pytest.raises(SystemExit) as ended:
        run(capsys, "text", "train", book, "--model", "m", *words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_rate_far_too_large_is_told(book):
    model = TextModel(**TINY | {"rate": 1e39, "cell": "RNN"})
    with pytest.raises(FloatingPointError, match="not finite"):
        model.fit(book)


def test_an_untrained_network_knows_how_often_each_token_comes(book):
    model = TextModel(**TINY | {"steps": 1, "rate": 1e-9}).fit(book)
    bits = model.compare()["bits per character"]
    often = bits["how often each token occurs"]
    assert abs(bits["the network"] - often) < 0.3


def test_a_text_that_teaches_nothing_is_noticed(book, capsys):
    """Letters drawn apart: no better than how often each one is."""
    rng = np.random.default_rng(0)
    letters = rng.choice([*"ab"], 4000, p=[0.9, 0.1])
    TextModel(**TINY).fit("".join(letters))
    told = capsys.readouterr().err
    assert "nothing was learned: validation began at 0.5" in told
    TextModel(**TINY | {"steps": 120}).fit(book)
    assert "nothing was learned" not in capsys.readouterr().err


def test_the_help_s_examples_work(book, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("book.txt").write_text(book.read_text(), encoding="utf-8")
    lines = examples(shown_help(capsys, "text"))
    parts = [line.split()[1] for line in lines]
    assert parts == ["train", "sample", "evaluate"]
    for part, line in zip(parts, lines):
        assert examples(shown_help(capsys, "text", part)) == [line]
        few = FEW if part == "train" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err
