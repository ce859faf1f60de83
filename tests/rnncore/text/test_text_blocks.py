"""The language model of blocks: ties, state, storage, and its command."""

import numpy as np
import pytest

from rnncore.application import Refused, seeded
from rnncore.blocks import MIXERS
from rnncore.storage.weights import load_weights, save_weights
from rnncore.text.blocks import BlockModel, matched
from rnncore.text.generation import likeliest, next_logits
from rnncore.text.model import LanguageModel, language_loss, token_nats
from rnncore.text.storage import load_model, save_model
from rnncore.text.vocabulary import Vocabulary
from tests.helpers.arrays import assert_close

K, D, T, B = 11, 8, 9, 3
VOCABULARY = Vocabulary(tuple("?abcdefghij"), False)
each_mixer = pytest.mark.parametrize("mixer", MIXERS)


def model_of(mixer, **more):
    with seeded(0):
        return BlockModel(K, D, mixer, **more).eval()


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(0, K, (T, B))


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
