"""The language model of blocks: ties, state, storage, and its command."""

import json

import numpy as np
import pytest

from rnncore.application import Refused, seeded
from rnncore.apps.text import command, options
from rnncore.blocks import HEADS, MIXERS, NEWER
from rnncore.storage.weights import load_weights, save_weights
from rnncore.text.blocks import BlockModel, matched
from rnncore.text.generation import likeliest, next_logits
from rnncore.text.model import LanguageModel, language_loss, token_nats
from rnncore.text.storage import load_model, save_model
from rnncore.text.vocabulary import Vocabulary
from tests.helpers.arrays import assert_close
from tests.helpers.commands import Killed, run, stopped, weights

K, D, T, B = 11, 8, 9, 3
VOCABULARY = Vocabulary(tuple("?abcdefghij"), False)
EVERY = [*MIXERS, *NEWER]
each_mixer = pytest.mark.parametrize("mixer", EVERY)
TINY = ["--hidden", 16, "--batch", 4, "--window", 16, "--rate", 0.01]
TINY += ["--steps", 30, "--evaluate-every", 10, "--dropout", 0.2]


def model_of(mixer, **more):
    with seeded(0):
        return BlockModel(K, D, mixer, **more).eval()


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(0, K, (T, B))


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("The cat sat on a mat. It slept.\n" * 60)
    return path


@each_mixer
def test_scores_do_not_depend_on_where_a_text_is_cut(mixer, ids):
    model = model_of(mixer).double()
    whole = token_nats(model, ids)
    assert whole.shape == (T - 1, B)
    assert_close(token_nats(model, ids, window=3), whole, amplified=8)


@each_mixer
def test_every_weight_has_a_gradient(mixer, ids):
    model = model_of(mixer)
    loss, _ = language_loss(model, ids, model.zero_state(B))
    loss.backward()
    for name, w in model.named_parameters():
        assert w.grad is not None, name
        assert (w.grad != 0).any(), name


def test_one_table_reads_and_predicts():
    model = model_of("minGRU")
    assert model.readout.weight is model.embedding.weight


@each_mixer
def test_the_likeliest_text_reads_what_it_wrote(mixer):
    model = model_of(mixer).double()
    prompt = np.array([1, 2, 3])
    best = likeliest(model, prompt, 1, 4)[0]
    given, found = list(prompt), []
    for _ in range(4):
        logits, _ = next_logits(model, np.array(given)[:, None])
        given.append(int(logits[0].argmax()))
        found.append(given[-1])
    assert list(best.tokens) == found


@each_mixer
def test_what_is_stored_comes_back(mixer, ids, tmp_path):
    model = model_of(mixer, hidden=5, dropout=0.1, reach=4)
    path = tmp_path / "m.safetensors"
    save_model(path, model, VOCABULARY, {"seed": 0})
    again, vocabulary, about = load_model(path)
    assert vocabulary == VOCABULARY
    assert about["seed"] == 0
    assert (again.shape, again.reach) == (model.shape, 4)
    assert_close(token_nats(again, ids), token_nats(model, ids))


def test_models_of_cells_are_stored_as_before(tmp_path):
    path = tmp_path / "m.safetensors"
    save_model(path, LanguageModel(K, D, "GRU", 2), VOCABULARY, {})
    sizes = load_weights(path, "text")[1]["sizes"]
    assert sizes == {"H": D, "cell": "GRU", "layers": 2, "dropout": 0.0}
    assert isinstance(load_model(path)[0], LanguageModel)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mixer", "Mamba"),
        ("mixer", ["minGRU"]),
        ("D", 10**12),
        ("D", -8),
        ("D", "8"),
        ("hidden", 0),
        ("layers", 10**9),
        ("dropout", 2),
        ("reach", "4"),
    ],
)
def test_a_file_with_other_sizes_is_refused(name, value, tmp_path):
    path = tmp_path / "m.safetensors"
    save_model(path, model_of("attention"), VOCABULARY, {})
    about = load_weights(path)[1]
    about["sizes"][name] = value
    save_weights(path, model_of("attention"), about)
    with pytest.raises(Refused, match=r"m\.safetensors: no language model"):
        load_model(path)


@each_mixer
def test_equal_weights_whatever_the_mixer(mixer):
    model = matched(66, 16, mixer, 2, 8000)
    blocks = sum(w.numel() for w in model.layers.parameters())
    assert abs(blocks - 8000) <= 2 * 17


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"dropout: expected \[0, 1\)"):
        model_of("minGRU", dropout=1.0)
    with pytest.raises(ValueError, match="reach: expected at least 1"):
        model_of("attention", reach=0)


def test_the_command_has_all_mixers_and_their_heads():
    assert options.MIXERS == EVERY
    assert command.HEADS == HEADS


@pytest.mark.slow
@each_mixer
def test_the_command_trains_writes_and_scores(
    mixer, book, capsys, tmp_path
):
    path = tmp_path / "m.safetensors"
    words = ["--model", path, *TINY, "--model-kind", mixer, "--layers", 2]
    code, out, err = run(capsys, "text", "train", book, *words)
    assert code == 0, err
    assert f"2 blocks of 16 units, {mixer}, seed 0, 30 steps" in out
    model, _, about = load_model(path)
    assert model.shape.mixer == mixer
    assert about["settings"]["model_kind"] == mixer
    assert about["score"] < 5  # bits; there are 17 characters
    given = ["--prompt", "The ", "--length", 300]  # beyond the reach
    code, out, err = run(capsys, "text", "sample", path, *given)
    assert (code, len(out)) == (0, 305), err
    code, _, err = run(capsys, "text", "train", book, *words)
    assert code == 0
    assert "already trained" in err


@pytest.mark.slow
@pytest.mark.parametrize("mixer", ["minGRU", "mLSTM", "attention"])
def test_a_run_that_broke_off_has_the_same_weights(
    mixer, book, capsys, tmp_path, monkeypatch
):
    words = ["text", "train", book, *TINY, "--model-kind", mixer]
    whole, broken = (tmp_path / f"{n}.safetensors" for n in "ab")
    assert run(capsys, *words, "--model", whole)[0] == 0
    words += ["--model", broken]
    checkpoint = tmp_path / "b.safetensors.run" / "run.npz"
    stopped(monkeypatch, capsys, Killed, checkpoint, *words)
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "goes on after step" in err
    assert weights(whole) == weights(broken)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ["--model-kind", "minGRU", "--hidden", 18],
            "--hidden: expected a multiple of 4 for --model-kind, got 18",
        ),
        (
            ["--model-kind", "minGRU", "--cell", "GRU"],
            "--cell GRU: a block has no cells",
        ),
    ],
)
def test_what_cannot_be_is_refused(given, message, book, capsys, tmp_path):
    path = tmp_path / "m.safetensors"
    code, _, err = run(
        capsys, "text", "train", book, "--model", path, *given
    )
    assert code == 2
    assert message in err
    assert list(tmp_path.iterdir()) == [book]


def test_a_kind_that_there_is_not_is_refused_with_those_there_are(
    book, capsys, tmp_path
):
    words = "text", "train", book, "--model", tmp_path / "m.safetensors"
    with pytest.raises(SystemExit):
        run(capsys, *words, "--model-kind", "Mamba")
    err = capsys.readouterr().err
    assert "invalid choice: 'Mamba'" in err
    assert all(mixer in err for mixer in EVERY)


def test_another_kind_is_another_run(book, capsys, tmp_path):
    words = [book, "--model", tmp_path / "m.safetensors", *TINY]
    assert run(capsys, "text", "train", *words)[0] == 0
    kind = ["--model-kind", "minGRU"]
    code, _, err = run(capsys, "text", "train", *words, *kind)
    assert code != 0
    assert "model_kind was None, now minGRU" in err


def test_a_model_from_before_there_were_kinds_is_known(
    book, capsys, tmp_path
):
    path = tmp_path / "m.safetensors"
    words = [book, "--model", path, *TINY]
    assert run(capsys, "text", "train", *words)[0] == 0
    model, vocabulary, about = load_model(path)
    del about["settings"]["model_kind"]
    save_model(path, model, vocabulary, json.loads(json.dumps(about)))
    code, _, err = run(capsys, "text", "train", *words)
    assert code == 0
    assert "already trained" in err
