"""python -m rnncore translate: any pairs, resumed, any script, scores."""

import io
import re
import shlex
import sys

import numpy as np
import pytest

from rnncore.apps.translate import command
from rnncore.apps.translate.plan import PENALTIES, WIDTH
from rnncore.data.translation import Pair, number_pairs
from rnncore.storage.weights import load_weights
from rnncore.translate.storage import load_translator, save_translator
from rnncore.translate.subwords import learn_subwords
from rnncore.translate.training import build_translator
from tests.helpers.arrays import assert_close
from tests.helpers.commands import (
    Killed,
    examples,
    run,
    shown_help,
    stopped,
    weights,
)

pytestmark = pytest.mark.slow

TINY = ["--hidden", 16, "--batch", 16, "--pieces", 280, "--rate", 0.01]
TINY += ["--steps", 40, "--evaluate-every", 20]
BEST = ["--best", 3, "--beam", 3]
SCRIPTS = [  # accents, right to left, both directions, signs
    Pair("the naïve café", "l'élève naïf à Noël"),
    Pair("peace be with you", "שלום עליכם"),
    Pair("مرحبا بالعالم", "hello, world"),
    Pair("日本語 🙂", "Ελληνικά: χαίρετε!"),
]


def lines(pairs):
    return "".join(f"{p.source}\t{p.target}\n" for p in pairs)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Small numbers in words, a file as anybody may have it."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    known = number_pairs(np.random.default_rng(0), "en", "fr", 3, 160, 20)
    path.write_text(lines(known.train + SCRIPTS), "utf-8")
    return path


@pytest.fixture(scope="module")
def trained(pairs):
    from rnncore.__main__ import main

    path = pairs.with_name("model.safetensors")
    words = ["translate", "train", pairs, "--model", path, *TINY]
    assert main([str(word) for word in words]) == 0
    return path


def table(out):
    """The rows of a printed table: chrF, BLEU, exact match."""
    rows = re.findall(
        r"^([^\d\n]+?) +([\d.]+) +([\d.]+) +([\d.]+)$", out, re.MULTILINE
    )
    return {name: tuple(map(float, values)) for name, *values in rows}


def test_training_prints_scores_beside_baselines(pairs, tmp_path, capsys):
    words = ["--model", tmp_path / "m.safetensors", *TINY]
    code, out, err = run(capsys, "translate", "train", pairs, *words)
    assert code == 0
    assert "dot of 16 units, seed 0, 40 steps" in out
    assert "16 pairs, not seen in training" in out
    assert list(table(out)) == [
        "the network",
        "a table, piece by piece",
        "the most similar known sentence",
        "a copy of the source",
    ]
    assert all(0 <= x <= 100 for row in table(out).values() for x in row)
    assert "scoring the network" in err


def test_evaluate_gives_the_scores_again(trained, pairs, capsys):
    _, about = load_weights(trained, "translate")
    code, out, _ = run(capsys, "translate", "evaluate", trained, pairs)
    assert code == 0
    expected = {name: tuple(row) for name, *row in about["table"]}
    for name, row in table(out).items():
        assert_close(row, expected[name], within=6e-4, name=name)


def test_other_pairs_are_scored_beside_a_copy(trained, tmp_path, capsys):
    path = tmp_path / "other.tsv"
    path.write_text("deux\tdeux\ntrois\tquatre\n", "utf-8")
    code, out, _ = run(capsys, "translate", "evaluate", trained, path)
    assert code == 0
    assert "not the file that the model was trained on" in out
    scores = table(out)
    assert list(scores) == ["the network", "a copy of the source"]
    assert scores["a copy of the source"][2] == 50


def test_pairs_of_one_s_own_choose_and_score(pairs, tmp_path, capsys):
    """Files of their own; what both have is told, and all else learned."""
    known = pairs.read_text("utf-8").splitlines(keepends=True)
    paths = {}
    for name, rows in {
        "train": known[:100],
        "validation": known[100:120],
        "test": known[119:140] + known[:1],
    }.items():
        paths[name] = tmp_path / f"{name}.tsv"
        paths[name].write_text("".join(rows), "utf-8")
    model = tmp_path / "m.safetensors"
    words = ["translate", "train", paths["train"], "--model", model, *TINY]
    for name in "validation", "test":
        words += [f"--{name}", paths[name]]
    code, out, err = run(capsys, *words)
    assert code == 0
    assert "22 pairs, not seen in training" in out
    assert f"the 22 pairs of --test 1 are in {paths['train']}, too" in err
    assert "--validation" not in err
    _, about = load_weights(model, "translate")
    assert about["split"] == [100, 20, 22]
    again = ["translate", "evaluate", model, "--no-baselines"]
    code, out, _ = run(capsys, *again, paths["test"])
    assert code == 0
    assert_close(
        table(out)["the network"], about["table"][0][1:], within=6e-4
    )
    code, _, err = run(capsys, *again, paths["train"])
    assert code == 2
    assert "has learned from all of it" in err
    with paths["test"].open("a", encoding="utf-8") as file:
        file.write("one more\tun de plus\n")
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "the test data have changed since" in err


def test_a_model_translates_as_it_was_scored(memorised, tmp_path, capsys):
    """With the beam and the length penalty that validation chose."""
    model, known = memorised
    _, about = load_weights(model, "translate")
    assert about["beam"] == WIDTH
    bleu = dict(about["penalties"])
    assert set(bleu) == set(PENALTIES)
    assert bleu[about["penalty"]] == max(bleu.values())
    path = tmp_path / "new.txt"
    path.write_text("".join(f"{p.source}\n" for p in known), "utf-8")
    words = ["translate", "translate", model, path, "--best", 1]
    told = ["--beam", WIDTH, "--length-penalty", about["penalty"]]
    assert run(capsys, *words) == run(capsys, *words, *told)


def test_a_sentence_is_in_one_part_only(tmp_path):
    given = [Pair(f"s{k % 50}", f"t{k}") for k in range(100)]
    parts = command._split(tmp_path, given, {})
    assert [len(p) for p in parts] == [80, 10, 10]
    sources = [{p.source for p in part} for part in parts]
    assert not sources[0] & (sources[1] | sources[2])
    assert not sources[1] & sources[2]
    again = command._split(tmp_path, given[::-1], {})
    assert [{p.source for p in part} for part in again] == sources


def test_a_run_that_was_killed_ends_with_the_same_weights(
    pairs, tmp_path, capsys, monkeypatch
):
    words = ["translate", "train", pairs, *TINY, "--evaluate-every", 4]
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    assert run(capsys, *words, "--model", whole)[0] == 0
    words += ["--model", broken]
    checkpoint = tmp_path / "b.safetensors.run" / "run.npz"
    stopped(monkeypatch, capsys, Killed, checkpoint, *words)
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "goes on after step" in err
    assert weights(broken) == weights(whole)
    assert not (tmp_path / "b.safetensors.run").exists()
    code, out, err = run(capsys, *words)
    assert code == 0
    assert "is already trained; --restart trains from scratch" in err
    assert "dot of 16 units" in out


def test_other_pairs_do_not_go_on_with_the_run(trained, tmp_path, capsys):
    path = tmp_path / "other.tsv"
    path.write_text(lines([Pair(f"a{k}", "b") for k in range(30)]))
    words = ["translate", "train", path, "--model", trained, *TINY]
    code, _, err = run(capsys, *words)
    assert code == 2
    assert "belongs to another run: the data have changed since" in err


@pytest.fixture(scope="module")
def memorised(tmp_path_factory):
    """Four pairs in six scripts, learned by heart."""
    from rnncore.__main__ import main

    folder = tmp_path_factory.mktemp("scripts")
    path, model = folder / "pairs.tsv", folder / "m.safetensors"
    many = SCRIPTS * 4 + [Pair(f"{'x' * k}", "x") for k in range(1, 16)]
    held_out = command._split(path, many, {})
    known = {p.source for p in held_out[0]}
    assert sum(p.source in known for p in SCRIPTS) >= 3
    path.write_bytes(("\ufeff" + lines(many)).encode())
    words = ["translate", "train", path, "--model", model]
    words += ["--hidden", 48, "--pieces", 300, "--steps", 200]
    words += ["--evaluate-every", 200]
    words += ["--rate", 0.01, "--dropout", 0, "--batch", 16]
    assert main([str(word) for word in words]) == 0
    return model, [p for p in SCRIPTS if p.source in known]


def test_accents_and_right_to_left_come_back(memorised, tmp_path, capsys):
    model, known = memorised
    path = tmp_path / "new.txt"
    path.write_text("\n".join(p.source for p in known) + "\n\n", "utf-8")
    for extra in [], ["--beam", 3]:
        code, out, _ = run(
            capsys, "translate", "translate", model, path, *extra
        )
        assert code == 0
        assert out.split("\n") == [*(p.target for p in known), "", ""]


def test_what_is_piped_in_is_translated(memorised, capsys, monkeypatch):
    model, known = memorised
    raw = f"{known[0].source}\n \n".encode()
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8")
    )
    code, out, _ = run(capsys, "translate", "translate", model)
    assert (code, out) == (0, f"{known[0].target}\n\n")
    broken = io.TextIOWrapper(io.BytesIO(b"caf\xe9\n"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", broken)
    code, _, err = run(capsys, "translate", "translate", model)
    assert code == 1
    assert err.startswith("line 1: not utf-8: ")


def test_empty_sides_are_left_out_and_told(tmp_path, capsys):
    path = tmp_path / "pairs.tsv"
    empty = ["\tb\n", "a\t\n", " \t \n", "a\t \u00a0\n"] * 2
    path.write_text(
        "".join(f"s{k}\tt{k}\n" for k in range(20)) + "".join(empty),
        "utf-8",
    )
    words = [path, "--model", tmp_path / "m.safetensors", *TINY]
    code, out, err = run(capsys, "translate", "train", *words, "--steps", 2)
    assert code == 0
    assert "2 pairs, not seen in training" in out
    assert f"left out: {path}, line 21: one side is empty" in err
    assert "left out: 1 more line like these" in err


def test_pairs_and_lines_in_another_encoding_are_read(tmp_path, capsys):
    path, model = tmp_path / "pairs.tsv", tmp_path / "m.safetensors"
    text = "".join(f"café {k}\tcoffee {k}\n" for k in range(20))
    path.write_bytes(text.encode("cp1252"))
    words = [path, "--model", model, *TINY, "--steps", 2]
    how = ["--encoding", "cp1252"]
    assert run(capsys, "translate", "train", *words, *how)[0] == 0
    assert run(capsys, "translate", "evaluate", model, path, *how)[0] == 0
    code, out, err = run(capsys, "translate", "translate", model, path)
    assert (code, out) == (2, "")
    assert "--encoding" in err
    code, out, _ = run(capsys, "translate", "translate", model, path, *how)
    assert (code, len(out.splitlines())) == (0, 20)


def test_long_sentences_are_left_out_and_told(tmp_path, capsys):
    path = tmp_path / "pairs.tsv"
    path.write_text(
        lines([Pair(f"nr {k} " + "word " * (k % 7 == 0) * 90, "b")
               for k in range(40)])
    )  # fmt: skip
    words = [path, "--model", tmp_path / "m.safetensors", *TINY]
    words += ["--steps", 2, "--longest", 8]
    code, _, err = run(capsys, "translate", "train", *words)
    assert code == 0
    assert "longer than --longest left out" in err
    words += ["--longest", 1, "--restart"]
    code, _, err = run(capsys, "translate", "train", *words)
    assert code == 2
    assert (
        "pairs: none has at most 1 pieces a side; a larger --longest" in err
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"no tab\n", "line 1: expected source, tab, target, got 'no tab'"),
        (b"caf\xe9\tb\n", "not utf-8: byte 0xE9"),
        (b"caf\xe9\tb\n", "--encoding says which it is, such as cp1252"),
        (b"a\t\n", "expected lines of source, tab, target, got none"),
        (b"a\t\n", "line 1: one side is empty"),
        (b"a\tb\nc\td\n", "2 sentences cannot be split in three parts"),
    ],
)
def test_a_file_that_cannot_be_learned_from_is_refused(
    tmp_path, capsys, content, message
):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(content)
    model = tmp_path / "m.safetensors"
    code, out, err = run(
        capsys, "translate", "train", path, "--model", model
    )
    assert (code, out) == (2, "")
    assert message in err
    assert err.splitlines()[-1].startswith(f"translate train: {path}")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--pieces", "100"], "expected a whole number of at least 259"),
        (["--decoder", "none"], "invalid choice: 'none'"),
        (["--steps", "0"], "expected a whole number of at least 1"),
    ],
)
def test_options_that_make_no_sense_are_told(pairs, capsys, words, message):
    with pytest.raises(SystemExit) as ended:
        run(capsys, "translate", "train", pairs, "--model", "m", *words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_what_is_no_translator_is_refused(pairs, trained, tmp_path, capsys):
    code, _, err = run(capsys, "translate", "translate", "text_words")
    assert code == 2
    assert "expected a model of 'translate', got one of 'text'" in err
    other = tmp_path / "m.safetensors"
    other.write_bytes(trained.read_bytes()[:-1])
    code, _, err = run(capsys, "translate", "evaluate", other, pairs)
    assert code == 2
    assert f"{other}: damaged" in err
    for device in "tpu", "cuda:77":
        words = [trained, pairs, "--device", device]
        code, _, err = run(capsys, "translate", "evaluate", *words)
        assert (code, err.count("\n")) == (2, 1)
        assert "device: " in err


def test_a_translator_on_disk_is_the_same(tmp_path):
    pieces = learn_subwords([p.source for p in SCRIPTS], 270)
    for decoder in "state", "vector", "dot", "additive":
        model = build_translator(270, 270, 4, 6, decoder, 0.25)
        path = tmp_path / f"{decoder}.safetensors"
        save_translator(path, model, decoder, pieces, pieces, {"seed": 1})
        again, source, _, about = load_translator(path)
        assert type(again.decoder) is type(model.decoder)
        assert again.encoder.rate == 0.25
        assert about["seed"] == 1
        assert source.as_json() == pieces.as_json()
        for name, tensor in model.state_dict().items():
            assert (again.state_dict()[name] == tensor).all(), name


def test_a_header_is_told_and_the_best_are_listed(pairs, tmp_path, capsys):
    path = tmp_path / "pairs.tsv"
    text = pairs.read_text("utf-8")
    path.write_text(f"English\tFrançais\n{text}", "utf-8")
    model = tmp_path / "m.safetensors"
    words = ["--model", model, *TINY, "--steps", 2]
    code, out, err = run(capsys, "translate", "train", path, *words)
    assert code == 0, err
    assert "line 1: a header, 'English' and 'Français'" in err
    assert re.search(
        r"95% interval of the network's % exact match: 0\.0", out
    )
    new = tmp_path / "new.txt"
    new.write_text("eighty\n\nfour\n")
    code, out, err = run(
        capsys, "translate", "translate", model, new, *BEST
    )
    assert code == 0, err
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[0] for row in rows] == ["1"] * 3 + ["2"] + ["3"] * 3
    scores = [float(row[1]) for row in rows[:3]]
    assert scores == sorted(scores, reverse=True)
    code, best, _ = run(
        capsys, "translate", "translate", model, new, "--beam", 3
    )
    assert [line.strip() for line in best.splitlines()] == [
        rows[0][2].strip(), "", rows[4][2].strip(),
    ]  # fmt: skip


def test_the_help_s_examples_work(pairs, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.tsv").write_text(pairs.read_text("utf-8"), "utf-8")
    (tmp_path / "new.txt").write_text("eighty-four\n")
    given = examples(shown_help(capsys, "translate"))
    parts = [line.split()[1] for line in given]
    assert parts == ["train", "translate", "evaluate"]
    for part, line in zip(parts, given):
        assert examples(shown_help(capsys, "translate", part)) == [line]
        few = ["--steps", 2] if part == "train" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err
