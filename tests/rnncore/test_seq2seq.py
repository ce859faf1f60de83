"""Encoder, decoders, attention and search: by hand, by loops, by counting."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import scaled_dot_product_attention

from rnncore.seq2seq import (
    END,
    PAD,
    START,
    AdditiveScore,
    AttentionDecoder,
    DotScore,
    Encoder,
    Translator,
    attend,
    beam_search,
    greedy,
    length_penalty,
    pad,
    translation_loss,
)
from tests.helpers.arrays import assert_close
from tests.helpers.translators import (
    D,
    H,
    K,
    dot,
    state,
    translator,
    vector,
)


def additive():
    return AttentionDecoder(K, D, H, 2 * H, AdditiveScore)


each_decoder = pytest.mark.parametrize(
    "decoder", [state, vector, dot, additive]
)


def beam(model, tokens, **options):
    source = model.encoder(*pad([tokens]))
    return beam_search(model.decoder, source, **options)


SOURCES = [[3, 4, 5, 3], [5], [4, 4, 3]]


def test_padding_and_lengths():
    ids, lengths = pad([[3, 4], [5]])
    assert ids.tolist() == [[3, 5], [4, PAD]]
    assert lengths == [2, 1]


@pytest.mark.parametrize("wrong", [[], [[]], [[3], []]])
def test_a_sequence_without_a_token_is_refused(wrong):
    with pytest.raises(ValueError, match=r"^sequences:"):
        pad(wrong)


@each_decoder
def test_a_batch_gives_what_each_source_gives_alone(decoder):
    model = translator(decoder)
    ids, lengths = pad(SOURCES)
    read = torch.tensor([[START] * 3, [3, 4, 5], [5, 5, 3]])
    together = model(ids, lengths, read)
    for b, source in enumerate(SOURCES):
        one, length = pad([source])
        alone = model(one, length, read[:, b : b + 1])
        assert_close(together[:, b : b + 1], alone)
    ids[1:, 1] = 4  # in the padding
    assert_close(model(ids, lengths, read), together)


@each_decoder
def test_no_token_sees_a_later_one(decoder):
    model = translator(decoder)
    ids, lengths = pad(SOURCES)
    read = torch.tensor([[START] * 3, [3, 4, 5], [5, 5, 3]])
    before = model(ids, lengths, read)
    read[2] = 4
    after = model(ids, lengths, read)
    assert_close(after[:2], before[:2])
    assert (after[2] - before[2]).abs().min(dim=0).values.max() > 0


@each_decoder
def test_all_steps_at_once_are_one_step_after_the_other(decoder):
    model = translator(decoder)
    ids, lengths = pad(SOURCES)
    read = torch.tensor([[START] * 3, [3, 4, 5], [5, 5, 3]])
    source = model.encoder(ids, lengths)
    h = model.decoder.start(source)
    steps = []
    for row in read:
        logits, h = model.decoder(row[None], h, source)
        steps.append(logits)
    assert_close(torch.cat(steps), model(ids, lengths, read))


@each_decoder
def test_every_weight_learns(decoder):
    model = translator(decoder)
    ids, lengths = pad(SOURCES)
    read = torch.tensor([[START] * 3, [3, 4, 5]])
    logits = model(ids, lengths, read)
    translation_loss(
        logits, torch.tensor([[3, 4, 5], [END] * 3])
    ).backward()
    for name, weights in model.named_parameters():
        assert weights.grad.abs().max() > 0, name


def test_attention_by_hand():
    # Scores 0 and log 3: weights 1/4 and 3/4 of the values 8 and 4.
    scores = torch.tensor([[[0.0, math.log(3), 9.0]]])
    values = torch.tensor([[[8.0]], [[4.0]], [[100.0]]])
    mask = torch.tensor([[True], [True], [False]])
    context, weights = attend(scores, values, mask)
    assert_close(weights, torch.tensor([[[0.25, 0.75, 0.0]]]))
    assert_close(context, torch.tensor([[[5.0]]]))


def test_dot_attention_is_torchs():
    score = DotScore(H, 2 * H).double()
    q = torch.randn(5, 3, H).double()
    keys = torch.randn(4, 3, 2 * H).double()
    mask = torch.arange(4)[:, None] < torch.tensor([4, 1, 3])
    context, _ = attend(score(q, keys), keys, mask)
    expected = scaled_dot_product_attention(
        score.product(q).transpose(0, 1),
        keys.transpose(0, 1),
        keys.transpose(0, 1),
        attn_mask=mask.T[:, None],
    )
    assert_close(context, expected.transpose(0, 1))


def test_an_additive_score_is_v_tanh_of_the_sum():
    score = AdditiveScore(H, 2 * H).double()
    q = torch.randn(2, 3, H).double()
    keys = torch.randn(4, 3, 2 * H).double()
    found = score(q, keys)
    assert found.shape == (2, 3, 4)
    for t, b, s in itertools.product(range(2), range(3), range(4)):
        inner = score.query.weight @ q[t, b] + score.key.weight @ keys[s, b]
        inner = torch.tanh(inner + score.key.bias)
        assert_close(found[t, b, s], (score.v.weight @ inner)[0])


def test_a_mask_that_does_not_fit_is_named():
    values = torch.zeros(4, 3, 2)
    with pytest.raises(ValueError, match=r"mask: expected \(4, 3\), got"):
        attend(torch.zeros(1, 3, 4), values, torch.ones(3, 4).bool())
    with pytest.raises(ValueError, match=r"scores: expected \(T, 3, 4\)"):
        attend(torch.zeros(1, 4, 3), values, torch.ones(4, 3).bool())


def test_the_loss_is_a_mean_over_tokens_not_over_padding():
    logits = torch.randn(3, 2, K).double()
    targets = torch.tensor([[3, 4], [END, 5], [PAD, END]])
    log_p = logits.log_softmax(dim=2)
    places = [(0, 0, 3), (1, 0, END), (0, 1, 4), (1, 1, 5), (2, 1, END)]
    expected = -sum(log_p[place] for place in places) / 5
    assert_close(translation_loss(logits, targets), expected)
    with pytest.raises(ValueError, match=r"targets: expected \(3, 2\)"):
        translation_loss(logits, targets.T)


def all_targets(model, source, limit):
    """log p of every target of up to `limit` tokens, END among them."""
    found = {}
    ids, lengths = pad([source])
    for n in range(limit):
        each = list(itertools.product(range(3, K), repeat=n))
        read = torch.tensor([[START, *tokens] for tokens in each]).T
        logits = model(ids.repeat(1, len(each)), lengths * len(each), read)
        after = torch.tensor([[*tokens, END] for tokens in each]).T
        log_p = logits.log_softmax(dim=2).gather(2, after[..., None])
        found |= dict(
            zip(each, log_p.sum(dim=(0, 2)).tolist(), strict=True)
        )
    return found


@each_decoder
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_target(decoder, alpha):
    model = translator(decoder, sharp=2.0)
    for source in SOURCES:
        every = all_targets(model, source, limit=4)
        ranked = sorted(
            every,
            key=lambda t: -every[t] / length_penalty(len(t) + 1, alpha),
        )
        found = beam(model, source, width=50, limit=4, alpha=alpha)
        for tokens, hypothesis in zip(ranked[:5], found[:5], strict=True):
            assert tuple(hypothesis.tokens) == tokens
            assert_close(hypothesis.log_p, every[tokens])


@pytest.mark.slow
@given(seed=st.integers(0, 200))
def test_a_wider_beam_is_never_stopped_too_early(seed):
    model = translator(dot, seed, sharp=2.5)
    found = beam(model, [3, 5, 4], width=3, limit=8, alpha=0.6)
    assert len(found) <= 3
    scores = [h.score for h in found]
    assert scores == sorted(scores, reverse=True)


def test_a_beam_of_one_without_penalty_is_greedy():
    model = translator(dot, seed=3, sharp=3.0)
    sources = [list(s) for s in itertools.product(range(3, K), repeat=2)]
    source = model.encoder(*pad(sources))
    expected = greedy(model.decoder, source, limit=6)
    compared = 0
    for source, tokens in zip(sources, expected, strict=True):
        if len(tokens) == 6:
            continue  # it never ended
        best, *_ = beam(model, source, width=1, limit=6, alpha=0)
        assert best.tokens == tokens
        compared += 1
    assert compared > 2


def test_a_search_ends_where_nothing_does():
    model = translator(vector)
    with torch.no_grad():
        model.decoder.readout.bias[END] = -1000.0
        model.decoder.readout.bias[[PAD, START]] = -1000.0
    source = model.encoder(*pad(SOURCES))
    assert [len(t) for t in greedy(model.decoder, source, 5)] == [5] * 3
    found = beam(model, SOURCES[0], width=2, limit=5)
    assert [len(h.tokens) for h in found] == [5, 5]


def test_the_length_penalty():
    assert length_penalty(1, 0.6) == 1
    assert length_penalty(50, 0) == 1
    assert_close(length_penalty(7, 1), 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(width=0), "width: expected at least 1, got 0"),
        (dict(limit=0), "limit: expected at least 1, got 0"),
        (dict(alpha=-1), "alpha: expected at least 0, got -1"),
        (
            dict(sources=SOURCES),
            r"source.states: expected \(S, 1, E\), got \(4, 3, 8\)",
        ),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(change, message):
    args = dict(sources=[[3]], width=2, limit=3) | change
    model = translator(dot)
    source = model.encoder(*pad(args.pop("sources")))
    with pytest.raises(ValueError, match=message):
        beam_search(model.decoder, source, **args)


@pytest.mark.slow
def test_a_decoder_learns_to_turn_a_word_around():
    torch.manual_seed(0)
    model = Translator(Encoder(8, 16, 32), AttentionDecoder(8, 16, 32, 64))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        words = torch.randint(3, 8, (32, 4)).tolist()
        ids, lengths = pad(words)
        read, _ = pad([[START, *w[::-1]] for w in words])
        targets, _ = pad([[*w[::-1], END] for w in words])
        optimizer.zero_grad()
        translation_loss(model(ids, lengths, read), targets).backward()
        optimizer.step()
    words = torch.randint(3, 8, (100, 4)).tolist()
    source = model.eval().encoder(*pad(words))
    written = greedy(model.decoder, source, limit=6)
    right = sum(w == v[::-1] for w, v in zip(written, words, strict=True))
    assert right > 90
