"""What translators of real sentences add agrees with what it extends."""

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from rnncore.seq2seq import (
    END,
    PAD,
    Encoder,
    beam_search,
    pad,
    translation_loss,
)
from rnncore.translate.recipe import (
    beam_searches,
    tie_readout,
    write_by_beam,
)
from rnncore.translate.subwords import learn_subwords
from rnncore.translate.training import (
    batch_of,
    build_translator,
    search,
    translate,
    translate_loss,
)
from tests.helpers.arrays import assert_close

K, D, H = 12, 6, 6


def network(decoder="dot", seed=0, sizes=(K, K, D, H)):
    torch.manual_seed(seed)
    model = build_translator(*sizes, decoder, 0.0).eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(3)  # far from all tokens alike
    return model


@pytest.mark.parametrize("decoder", ["dot", "vector"])
@pytest.mark.parametrize(("width", "alpha"), [(1, 0.6), (4, 0.0), (5, 1.0)])
def test_many_beams_find_what_one_at_a_time_does(
    decoder, width, alpha, rng
):
    model = network(decoder)
    sources = [rng.integers(3, K, size=n).tolist() for n in (5, 2, 7, 1, 4)]
    ids, lengths = pad(sources)
    with torch.no_grad():
        read = model.encoder(ids, lengths)
    together = beam_searches(model.decoder, read, width, 9, alpha)
    assert any(h.tokens for h in together)
    for source, found in zip(sources, together, strict=True):
        with torch.no_grad():
            alone = model.encoder(*pad([source]))
        best = beam_search(model.decoder, alone, width, 9, alpha)[0]
        assert found.tokens == best.tokens
        assert_close(found.score, best.score, within=1e-4)


def test_a_target_that_never_ends_is_cut_at_the_limit():
    model = network()
    with torch.no_grad():
        model.decoder.readout.bias[END] = -1e4
        read = model.encoder(*pad([[3, 4], [5]]))
    found = beam_searches(model.decoder, read, 2, 6)
    assert [len(h.tokens) for h in found] == [6, 6]


@pytest.mark.parametrize(("width", "limit"), [(0, 5), (2, 0)])
def test_a_beam_of_nothing_is_refused(width, limit):
    model = network()
    with torch.no_grad():
        read = model.encoder(*pad([[3]]))
    with pytest.raises(ValueError, match="expected at least 1, got 0"):
        beam_searches(model.decoder, read, width, limit)


def test_translations_come_in_the_order_of_the_sentences():
    sentences = ["one two three four", "one", "three two", "four four one"]
    source = learn_subwords(sentences, 270)
    model = network(seed=1, sizes=(source.size, source.size, D, H))
    with torch.no_grad():
        model.decoder.readout.bias[END] += 4  # all end before the limit
    write = write_by_beam(3, 0.6)
    said = translate(model, source, source, sentences, 2, write)
    alone = [search(model, source, source, s, 3)[0][0] for s in sentences]
    assert len(set(said)) > 2
    assert said == alone


def test_smoothing_is_the_cross_entropy_of_a_spread_target(rng):
    logits = torch.randn(4, 3, K, dtype=torch.float64)
    targets = torch.from_numpy(rng.integers(1, K, size=(4, 3)))
    targets[3, 1] = PAD
    spread = 0.9 * one_hot(targets, K).double() + 0.1 / K
    each = -(spread * logits.log_softmax(dim=2)).sum(dim=2)
    wanted = each[targets != PAD].mean()
    assert_close(translation_loss(logits, targets, 0.1), wanted)
    plain = -(one_hot(targets, K) * logits.log_softmax(dim=2)).sum(dim=2)
    assert_close(
        translation_loss(logits, targets), plain[targets != PAD].mean()
    )


@pytest.mark.parametrize("epsilon", [-0.1, 1.0])
def test_a_share_that_is_none_is_refused(epsilon):
    with pytest.raises(ValueError, match="epsilon: expected 0 to below 1"):
        translation_loss(
            torch.zeros(1, 1, K), torch.ones(1, 1).long(), epsilon
        )


def test_a_translators_loss_takes_the_smoothing():
    model = network()
    batch = batch_of([[3, 4], [5]], [[6], [7, 8, 9]])
    loss, carry = translate_loss(model, batch, None, 0.1)
    logits = model(batch.ids, batch.lengths, batch.read)
    assert_close(loss, translation_loss(logits, batch.targets, 0.1))
    assert carry is None


def test_tied_weights_are_one_and_learn_from_both_sides():
    model = tie_readout(network())
    weights = model.decoder.embedding.weight
    assert model.decoder.readout.weight is weights
    assert 0.05 < float(weights.detach().std()) < 0.15
    count = sum(w.numel() for w in model.parameters())
    assert count == sum(w.numel() for w in network().parameters()) - K * D


def test_weights_of_other_widths_cannot_be_tied():
    model = network(sizes=(K, K, D, H + 1))
    assert isinstance(model.encoder, Encoder)
    with pytest.raises(ValueError, match=r"readout: expected \(12, 6\)"):
        tie_readout(model)
    assert np.isfinite(model.decoder.readout.weight.detach().numpy()).all()
