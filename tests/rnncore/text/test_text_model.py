"""The language model: shapes, ties, dropout, windows, scores, storage."""

import math

import numpy as np
import pytest
import torch

from rnncore.application import Refused, seeded, train_module
from rnncore.optim import adam
from rnncore.sequence import perplexity
from rnncore.text.generation import (
    generate,
    likeliest,
    next_logits,
    stream,
    write_text,
)
from rnncore.text.model import (
    LAYERS,
    LanguageModel,
    begin_at_frequencies,
    contiguous_windows,
    dynamic_nats,
    language_loss,
    locked_dropout,
    stretches,
    token_nats,
)
from rnncore.text.probe import hidden_states
from rnncore.text.sampling import at_temperature
from rnncore.text.storage import load_model, save_model
from rnncore.text.vocabulary import Vocabulary
from rnncore.train import Schedule
from tests.helpers.arrays import assert_close

K, H, T, B = 11, 6, 9, 3


def model_of(cell="LSTM", layers=2, dropout=0.0, seed=0):
    with seeded(seed):
        return LanguageModel(K, H, cell, layers, dropout).eval()


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(0, K, (T, B))


@pytest.mark.parametrize("cell", LAYERS)
def test_logits_of_every_step_and_the_state_of_every_layer(cell, ids):
    model = model_of(cell)
    logits, state = model(torch.as_tensor(ids), model.zero_state(B))
    assert logits.shape == (T, B, K)
    assert len(state) == 2
    first = state[0][0] if cell == "LSTM" else state[0]
    assert first.shape == (1, B, H)
    without, _ = model(torch.as_tensor(ids))
    assert_close(logits, without)


def test_one_table_reads_and_predicts(ids):
    model = model_of()
    assert model.readout.weight is model.embedding.weight
    names = dict(model.named_parameters())
    assert "embedding.weight" in names
    assert "readout.weight" not in names
    y, _ = model.hidden(torch.as_tensor(ids))
    by_hand = y @ model.embedding.weight.T + model.readout.bias
    assert_close(model(torch.as_tensor(ids))[0], by_hand)


@pytest.mark.parametrize("cell", LAYERS)
def test_a_narrow_embedding_has_a_table_of_its_own(cell, ids, tmp_path):
    with seeded(0):
        model = LanguageModel(K, H, cell, 2, width=4).eval()
    assert model.embedding.weight.shape == (K, 4)
    assert model.readout.weight.shape == (K, H)
    sizes = [(one.input_size, one.hidden_size) for one in model.layers]
    assert sizes == [(4, H), (H, H)]
    logits, _ = model(torch.as_tensor(ids), model.zero_state(B))
    vocabulary = Vocabulary(("�", *"abcdefghij"), words=False)
    save_model(tmp_path / "m.safetensors", model, vocabulary, {})
    again, _, about = load_model(tmp_path / "m.safetensors")
    assert about["sizes"]["width"] == 4
    assert_close(again(torch.as_tensor(ids))[0], logits)


def test_the_state_is_carried_over_windows(ids):
    model = model_of()
    tokens = torch.as_tensor(ids)
    whole, last = model(tokens)
    first, state = model(tokens[:4])
    second, state = model(tokens[4:], state)
    assert_close(torch.cat([first, second]), whole)
    assert_close(state, last)


def test_dropout_is_locked_over_the_steps_of_a_sequence():
    with seeded(0):
        y = locked_dropout(torch.ones(5, 4, 200), 0.25)
    assert_close(y.unique(), [0, 1 / 0.75])
    assert (y == y[:1]).all()
    assert not (y[:, 0] == y[:, 1]).all()
    # a share of 800 masks: four standard deviations are 0.06
    assert_close(float((y[0] == 0).float().mean()), 0.25, within=0.06)


def test_dropout_is_off_in_evaluation(ids):
    model = model_of(dropout=0.5)
    tokens = torch.as_tensor(ids)
    assert_close(model(tokens)[0], model(tokens)[0])
    model.train()
    with seeded(0):
        one = model(tokens)[0]
    with seeded(1):
        other = model(tokens)[0]
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"cell": "TRU"}, "cell: expected RNN"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_what_no_model_has_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        LanguageModel(K, H, **options)


def test_stretches_predict_every_token_but_the_first_once():
    text = np.arange(11)
    rows = stretches(text, 2)
    assert rows.tolist() == [
        [0, 5],
        [1, 6],
        [2, 7],
        [3, 8],
        [4, 9],
        [5, 10],
    ]
    assert sorted(rows[1:].flatten()) == list(range(1, 11))
    with pytest.raises(ValueError, match="ids: expected at least 5, got 4"):
        stretches(np.arange(4), 4)


def test_windows_follow_each_other_and_share_a_row():
    rows = stretches(np.arange(23), 2)  # 12 rows
    next_batch = contiguous_windows(rows, 4)
    first, second, again = (next_batch(None, k) for k in range(3))
    assert first.shape == (5, 2)
    assert (first[-1] == second[0]).all()
    assert (again == first).all()
    with pytest.raises(ValueError, match="T: expected 1 to 11"):
        contiguous_windows(rows, 12)


def test_the_loss_is_that_of_the_next_token(ids):
    model = model_of()
    loss, _ = language_loss(model, ids, model.zero_state(B))
    logits, _ = model(torch.as_tensor(ids[:-1]))
    log_p = torch.log_softmax(logits, -1)
    by_hand = -np.mean(
        [
            log_p[t, b, ids[t + 1, b]].item()
            for t in range(T - 1)
            for b in range(B)
        ]
    )
    assert_close(loss.item(), by_hand, computed_in="float32")


def test_scores_do_not_depend_on_the_window(ids):
    model = model_of()
    whole = token_nats(model, ids, window=100)
    in_parts = token_nats(model, ids, window=3)
    assert whole.shape == (T - 1, B)
    assert_close(in_parts, whole, computed_in="float32")
    loss, _ = language_loss(model, ids, model.zero_state(B))
    assert_close(whole.mean(), loss.item(), computed_in="float32")


def test_perplexity_is_of_all_tokens_and_not_a_mean_of_windows(ids):
    nats = token_nats(model_of(), ids, 4).T.flatten()
    windows = [np.exp(nats[:4].mean()), np.exp(nats[4:].mean())]
    right = perplexity(nats)
    assert_close(right, math.exp(nats.mean()))
    assert np.mean(windows) > right * (1 + 1e-4)


def test_dynamic_evaluation_scores_before_it_learns(ids):
    model = model_of()
    before = {n: p.clone() for n, p in model.named_parameters()}
    still = token_nats(model, ids)
    moving = dynamic_nats(model, ids, 1.0, window=3)
    assert_close(moving[:3], still[:3], computed_in="float32")
    assert np.abs(moving[3:] - still[3:]).max() > 1e-3
    for name, p in model.named_parameters():
        assert torch.equal(p, before[name]), name
    assert_close(
        dynamic_nats(model, ids, 0.0, window=3),
        still,
        computed_in="float32",
    )


def test_dynamic_evaluation_helps_where_a_text_repeats_itself():
    text = np.tile(np.random.default_rng(3).integers(0, K, 12), 30)
    rows = text[:, None]
    model = model_of(layers=1)
    still = token_nats(model, rows)[-100:].mean()
    moving = dynamic_nats(model, rows, 1.0, window=12)[-100:].mean()
    assert moving < still - 0.3


def test_an_untrained_readout_says_how_often_each_token_comes(ids):
    model = LanguageModel(K, H)
    begin_at_frequencies(model, ids.flatten())
    counts = np.bincount(ids.flatten(), minlength=K) + 1
    said = torch.softmax(model.readout.bias, 0).detach().numpy()
    assert_close(said, counts / counts.sum(), computed_in="float32")


def test_a_small_text_is_learned():
    text = np.tile([1, 2, 3, 4, 5, 6, 7], 60)
    rows = stretches(text, 4)
    model = model_of(layers=1, dropout=0.1)
    result = train_module(
        model,
        language_loss,
        contiguous_windows(rows, 20),
        optimizer=adam(0.02),
        schedule=Schedule(80, clip=1.0),
        rng=np.random.default_rng(0),
        carry=model.zero_state(4),
    )
    assert result.history.loss[0] > 2
    assert token_nats(model, rows)[5:].mean() < 0.1
    (best, *_) = likeliest(model, np.array([1, 2, 3]), 3, 6)
    assert best.tokens == (4, 5, 6, 7, 1, 2)


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path):
    rows = stretches(np.random.default_rng(0).integers(0, K, 200), 4)

    def train(steps, checkpoint=None):
        model = model_of(layers=1, dropout=0.3)
        fitted = train_module(
            model,
            language_loss,
            contiguous_windows(rows, 7),
            optimizer=adam(0.01),
            schedule=Schedule(steps, checkpoint=checkpoint),
            rng=np.random.default_rng(0),
            carry=model.zero_state(4),
        )
        return fitted.history.loss

    straight = train(9)
    path = tmp_path / "run.npz"
    train(4, path)
    assert train(9, path) == straight


def test_a_stored_model_is_the_model(tmp_path, ids):
    model = model_of("GRU", 2, 0.25)
    vocabulary = Vocabulary(tuple("abcdefghij\n"), False)
    path = tmp_path / "text.safetensors"
    save_model(path, model, vocabulary, {"seed": 3})
    again, tokens, about = load_model(path)
    assert tokens == vocabulary
    assert about["seed"] == 3
    assert again.dropout == 0.25
    assert again.readout.weight is again.embedding.weight
    np.testing.assert_array_equal(
        token_nats(again, ids), token_nats(model, ids)
    )


def test_a_file_that_holds_no_model_is_refused(tmp_path):
    path = tmp_path / "text.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(Refused, match=r"text\.safetensors"):
        load_model(path)


def test_reading_gives_the_logits_after_the_last_token(ids):
    model = model_of()
    logits, state = next_logits(model, ids)
    whole, last = model(torch.as_tensor(ids))
    assert_close(logits, whole[-1], computed_in="float32")
    assert_close(state, last)


SPACE = Vocabulary(tuple("abcdefghij "), False)


def softmax(logits):
    return at_temperature(logits, 1.0)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "use",
    [
        lambda model, ids: token_nats(model, ids),
        lambda model, ids: next_logits(model, ids),
        lambda model, ids: likeliest(model, ids[:, 0], 2, 3),
        lambda model, ids: hidden_states(model, ids[:, 0]),
        lambda model, ids: next(
            generate(model, ids, np.random.default_rng(0), softmax)
        ),
        lambda model, ids: list(
            write_text(
                model, SPACE, "abc", np.random.default_rng(0), softmax, 4
            )
        ),
    ],
)
def test_a_use_without_dropout_leaves_the_model_s_mode(use, training, ids):
    model = model_of(dropout=0.5).train(training)
    use(model, ids)
    assert model.training == training


def test_an_error_leaves_the_model_s_mode(ids):
    model = model_of().train()
    for use in token_nats, next_logits:
        with pytest.raises(IndexError):
            use(model, ids * 0 + K)  # no such token
        assert model.training


def test_what_is_read_is_read_without_dropout(ids):
    model = model_of(dropout=0.5)
    expected = token_nats(model, ids), next_logits(model, ids)[0]
    model.train()
    found = token_nats(model, ids), next_logits(model, ids)[0]
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_wrong_arguments_are_told_with_what_was_expected(ids):
    model, rng = model_of(), np.random.default_rng(0)

    def written(rng, shape):
        return next(write_text(model, SPACE, "abc", rng, shape, 4))

    with pytest.raises(
        ValueError, match=r"ids: expected \(T \+ 1, B\), got"
    ):
        language_loss(model, np.zeros(20, int), model.zero_state(1))
    with pytest.raises(TypeError, match="got str; use vocabulary"):
        likeliest(model, "hello", 2, 3)
    with pytest.raises(TypeError, match=r"^rng:"):
        written(None, softmax)
    with pytest.raises(TypeError, match=r"^shape:"):
        written(rng, 0.5)


def test_each_row_is_written_by_what_it_has_read(ids):
    model = model_of()

    def greedy(logits):
        return (logits == logits.max(-1, keepdims=True)).astype(float)

    rng = np.random.default_rng(0)
    both = generate(model, ids, rng, greedy)
    drawn = np.stack([next(both) for _ in range(5)])
    alone = generate(model, ids[:, 1:2], rng, greedy)
    np.testing.assert_array_equal(
        drawn[:, 1:2], [next(alone) for _ in range(5)]
    )
    by_hand = ids.copy()
    for step in drawn:
        logits, _ = model(torch.as_tensor(by_hand))
        assert (logits[-1].argmax(-1).numpy() == step).all()
        by_hand = np.concatenate([by_hand, step[None]])


def test_writing_begins_with_the_prompt_and_goes_on_piece_by_piece(capsys):
    tokens = ("<unk>", "the", "a", "cat", "sat", "on", "mat", ",", ".")
    words = Vocabulary(tokens, True)
    with seeded(0):
        model = LanguageModel(words.size, H)
    rng = np.random.default_rng(0)
    pieces = write_text(
        model,
        words,
        "the cat",
        rng,
        lambda a: at_temperature(a, 1.0),
        20,
    )
    assert next(pieces) == "the cat"
    rest = list(pieces)
    assert len(rest) == 20
    assert all(p.startswith(" ") or p in ",." for p in rest)
    text = stream(iter(["the cat", *rest]))
    assert capsys.readouterr().out == text + "\n"
