"""python -m rnncore translate: pairs in two columns, and their class."""

import io
import re
import shlex
import sys

import numpy as np
import pytest

from rnncore.apps.translate import command
from rnncore.apps.translate.estimator import Translator
from rnncore.apps.translate.plan import PENALTIES, WIDTH
from rnncore.data.translation import Pair, number_pairs
from rnncore.storage.files import Refused
from rnncore.storage.weights import load_weights
from rnncore.translate.storage import load_translator, save_translator
from rnncore.translate.subwords import learn_subwords
from rnncore.translate.training import build_translator
from tests.helpers.arrays import assert_close
from tests.helpers.commands import (
    cut_off,
    examples,
    run,
    shown_help,
    weights,
)

pytestmark = pytest.mark.slow

TINY = {"hidden": 16, "batch": 16, "pieces": 280, "rate": 0.01}
TINY |= {"steps": 40, "evaluate_every": 20}
FEW = ["--hidden", 16, "--pieces", 280, "--steps", 2]
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
    path = pairs.with_name("model.safetensors")
    Translator(**TINY).fit(pairs, path=path)
    return path


def table(out):
    """The rows of a printed table: chrF, BLEU, exact match."""
    rows = re.findall(
        r"^([^\d\n]+?) +([\d.]+) +([\d.]+) +([\d.]+)$", out, re.MULTILINE
    )
    return {name: tuple(map(float, values)) for name, *values in rows}


def test_training_prints_what_was_read_and_scores(pairs, tmp_path, capsys):
    path, model = tmp_path / "pairs.tsv", tmp_path / "m.safetensors"
    path.write_text(pairs.read_text("utf-8") + "\tb\na\t \n", "utf-8")
    words = ["translate", "train", path, "--model", model, *FEW]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    last = rows[-3]
    shown = [
        f"164 pairs in {path}",
        *(f"  {a}  ->  {b}" for a, b in rows[:2]),
        f"  ... {last[0]}  ->  {last[1]}",
        "left out: 2 with an empty side (line 165 ...)",
    ]
    assert err.splitlines()[:5] == shown
    assert load_weights(model)[1]["read"] == shown
    assert "dot of 16 units, seed 0, 2 steps" in out
    assert "16 pairs, not seen in training" in out
    assert list(table(out)) == [
        "the network",
        "a table, piece by piece",
        "the most similar known sentence",
        "a copy of the source",
    ]
    assert all(0 <= x <= 100 for row in table(out).values() for x in row)
    code, again, err = run(capsys, "translate", "evaluate", model, path)
    assert (code, again) == (0, out)
    assert err.splitlines()[:5] == shown


def test_other_pairs_are_scored_beside_a_copy(trained, tmp_path, capsys):
    path = tmp_path / "other.tsv"
    path.write_text("deux\tdeux\ntrois\tquatre\n", "utf-8")
    code, out, _ = run(capsys, "translate", "evaluate", trained, path)
    assert code == 0
    assert "not what the model was trained on" in out
    scores = table(out)
    assert list(scores) == ["the network", "a copy of the source"]
    assert scores["a copy of the source"][2] == 50


def test_pairs_of_their_own_choose_and_score(pairs, tmp_path):
    """What two parts have in common is told, and all else learned."""
    known = [line.split("\t") for line in pairs.read_text().splitlines()]
    known = [Pair(*row) for row in known]
    parts = known[:100], known[100:120], known[119:140] + known[:1]
    model = Translator(**TINY)
    model.fit(parts[0], validation=parts[1], test=parts[2])
    assert "22 pairs, not seen in training" in model.about_["test"]
    assert (
        "of the 22 pairs of test 1 are in pairs, too"
        in model.about_["read"]
    )
    assert model.about_["split"] == [100, 20, 22]
    assert_close(model.score(parts[2]), model.score(), within=1e-6)
    with pytest.raises(Refused, match="has learned from all of it"):
        model.score(parts[0])
    path = tmp_path / "m.safetensors"
    model.save(path)
    with pytest.raises(Refused, match="the test data have changed since"):
        Translator(**TINY).fit(
            parts[0], validation=parts[1], test=known[119:150], path=path
        )


def test_which_columns_are_a_pair_has_to_be_said(pairs, tmp_path, capsys):
    path, model = tmp_path / "three.tsv", tmp_path / "m.safetensors"
    rows = [f"1.07\t{x}" for x in pairs.read_text("utf-8").splitlines()]
    path.write_text("\n".join(rows), "utf-8")
    words = ["translate", "train", path, "--model", model, *FEW]
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert f"{path}, line 1: expected source, tab, target, got 3" in err
    code, out, err = run(capsys, *words, "--columns", 2, 3)
    assert code == 0, err
    assert err.splitlines()[1].startswith("  zero  ->  zéro")
    assert run(capsys, "translate", "evaluate", model, path)[0] == 0


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
    whole, broken = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    often = TINY | {"evaluate_every": 4}
    Translator(**often).fit(pairs, path=whole)
    with cut_off(monkeypatch, tmp_path / "b.safetensors.run/run.npz"):
        Translator(**often).fit(pairs, path=broken)
    capsys.readouterr()
    Translator(**often).fit(pairs, path=broken)
    assert "goes on after step" in capsys.readouterr().err
    assert weights(broken) == weights(whole)
    assert not (tmp_path / "b.safetensors.run").exists()


def test_other_pairs_do_not_go_on_with_the_run(trained):
    other = [Pair(f"a{k}", "b") for k in range(30)]
    with pytest.raises(Refused, match="the data have changed since"):
        Translator(**TINY).fit(other, path=trained)


@pytest.fixture(scope="module")
def memorised(tmp_path_factory):
    """Four pairs in six scripts, learned by heart."""
    folder = tmp_path_factory.mktemp("scripts")
    path, model = folder / "pairs.tsv", folder / "m.safetensors"
    many = SCRIPTS * 4 + [Pair(f"{'x' * k}", "x") for k in range(1, 16)]
    held_out = command._split(path, many, {})
    known = {p.source for p in held_out[0]}
    assert sum(p.source in known for p in SCRIPTS) >= 3
    path.write_bytes(("\ufeff" + lines(many)).encode())
    more = {"hidden": 48, "pieces": 300, "steps": 200, "dropout": 0.0}
    more |= {"evaluate_every": 200, "rate": 0.01, "batch": 16}
    Translator(**more).fit(path, path=model)
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


def test_long_sentences_are_left_out_and_told(capsys):
    given = [
        Pair(f"nr {k} " + "word " * (k % 7 == 0) * 90, "b")
        for k in range(40)
    ]
    few = TINY | {"steps": 2, "longest": 8}
    Translator(**few).fit(given)
    assert "longer than --longest left out" in capsys.readouterr().err
    with pytest.raises(Refused, match="none has at most 1 pieces a side"):
        Translator(**few | {"longest": 1}).fit(given)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (
            b"no tab\n",
            "line 1: expected source, tab, target, got 1 column, 'no tab'",
        ),
        (b"caf\xe9\tb\n", "expected text in UTF-8, got byte 0xE9"),
        (b"a\t\n", "expected lines of source, tab, target, got none"),
        (b"<html><body>404</body></html>", "a page of HTML"),
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


def test_the_best_are_listed_with_their_scores(trained, tmp_path, capsys):
    new = tmp_path / "new.txt"
    new.write_text("eighty\n\nfour\n")
    words = ["translate", "translate", trained, new]
    code, out, err = run(capsys, *words, *BEST)
    assert code == 0, err
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[0] for row in rows] == ["1"] * 3 + ["2"] + ["3"] * 3
    scores = [float(row[1]) for row in rows[:3]]
    assert scores == sorted(scores, reverse=True)
    code, best, _ = run(capsys, *words, "--beam", 3)
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
        few = FEW if part == "train" else []
        code, _, err = run(capsys, *shlex.split(line), *few)
        assert code == 0, err
