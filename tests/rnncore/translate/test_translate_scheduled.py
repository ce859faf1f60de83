"""Scheduled sampling: what is fed, and what the gradient sees."""

import numpy as np
import pytest
import torch

from rnncore.application import train_module
from rnncore.optim import adam
from rnncore.seq2seq import PAD, START, translation_loss
from rnncore.train import Schedule
from rnncore.translate.scheduled import (
    constant_share,
    mixed_inputs,
    rising_share,
    sampled_loss,
)
from rnncore.translate.training import batch_of, translate_loss
from tests.helpers.arrays import assert_close
from tests.helpers.translators import K, dot, state, translator, vector

SOURCES = [[3, 4, 5, 3], [5], [4, 4, 3]]
TARGETS = [[3, 4, 5, 5, 3], [5, 4], [4, 3, 5]]
each_decoder = pytest.mark.parametrize("decoder", [vector, state, dot])


def mixed(model, share, seed=0):
    batch = batch_of(SOURCES, TARGETS)
    source = model.encoder(*batch[:2])
    rng = np.random.default_rng(seed)
    return mixed_inputs(rng, model.decoder, source, batch.read, share)


def gradient(loss, model, carry):
    value, carry = loss(model, batch_of(SOURCES, TARGETS), carry)
    return (
        value,
        torch.autograd.grad(value, list(model.parameters())),
        carry,
    )


def sampled(share, seed=0):
    return sampled_loss(constant_share(share), np.random.default_rng(seed))


@each_decoder
def test_a_share_of_0_is_teacher_forcing_to_the_bit(decoder):
    model = translator(decoder)
    taught, d_taught, _ = gradient(translate_loss, model, None)
    found, d_found, step = gradient(sampled(0.0), model, 0)
    assert found.item() == taught.item()
    assert step == 1
    for a, b in zip(d_found, d_taught, strict=True):
        assert torch.equal(a, b)


@each_decoder
def test_with_a_share_of_1_nothing_true_is_read_after_start(decoder):
    model = translator(decoder)
    batch = batch_of(SOURCES, TARGETS)
    source = model.encoder(*batch[:2])
    other = batch.read.clone()
    other[1:] = torch.where(other[1:] == PAD, PAD, 8 - other[1:])
    found = [
        mixed_inputs(np.random.default_rng(1), model.decoder, source, r, 1)
        for r in (batch.read, other)
    ]
    assert torch.equal(*found)
    assert (found[0][0] == START).all()
    assert torch.equal(found[0] == PAD, batch.read == PAD)


@each_decoder
def test_the_draws_follow_the_decoder_s_probabilities(decoder):
    model = translator(decoder, sharp=2.0)
    n = 4000
    batch = batch_of([[3, 4]] * n, [[3, 4]] * n)
    source = model.encoder(*batch[:2])
    rng = np.random.default_rng(0)
    with torch.no_grad():
        fed = mixed_inputs(rng, model.decoder, source, batch.read, 1.0)
        p = model(batch.ids[:, :1], [2], fed[:, :1])[0, 0]
        second = torch.nonzero(fed[1] == 3)[:1, 0]
        after = model(batch.ids[:, :1], [2], fed[:, second])[1, 0]
    for log_p, drawn in ((p, fed[1]), (after, fed[2, fed[1] == 3])):
        p = log_p.clone()
        p[: START + 1] = -torch.inf
        expected = p.softmax(dim=0)
        found = torch.bincount(drawn, minlength=K) / len(drawn)
        error = 5 * (expected * (1 - expected) / len(drawn)).sqrt()
        assert ((found - expected).abs() <= error + 1e-12).all()


@each_decoder
def test_no_gradient_flows_through_what_was_fed(decoder):
    model = translator(decoder)
    found, d_found, _ = gradient(sampled(0.6, seed=3), model, 0)
    fed = mixed(model, 0.6, seed=3)
    assert not fed.requires_grad
    assert not torch.equal(fed, batch_of(SOURCES, TARGETS).read)

    def as_constants(model, batch, carry):
        logits = model(batch.ids, batch.lengths, fed)
        return translation_loss(logits, batch.targets), carry

    expected, d_expected, _ = gradient(as_constants, model, None)
    assert_close(found, expected)
    for a, b in zip(d_found, d_expected, strict=True):
        assert_close(a, b)


def test_the_generator_decides_and_the_share_is_kept():
    model = translator(vector)
    assert torch.equal(mixed(model, 0.5, 1), mixed(model, 0.5, 1))
    assert not torch.equal(mixed(model, 0.5, 1), mixed(model, 0.5, 2))
    n = 4000
    batch = batch_of([[3]] * n, [[9, 9]] * n)  # 9: never drawn, K is 6
    model.decoder.embedding = torch.nn.Embedding(10, 3).double()
    source = model.encoder(*batch[:2])
    rng = np.random.default_rng(0)
    fed = mixed_inputs(rng, model.decoder, source, batch.read, 0.25)
    replaced = (fed[1:] != 9).double().mean().item()
    assert abs(replaced - 0.25) < 5 * (0.25 * 0.75 / (2 * n)) ** 0.5


def test_shares_by_step():
    assert [constant_share(0.3)(k) for k in (0, 7)] == [0.3, 0.3]
    rising = rising_share(0.5, 10)
    assert [rising(k) for k in (0, 5, 10, 20)] == [0.0, 0.25, 0.5, 0.5]


def test_training_counts_its_steps():
    model, seen = translator(vector), []

    def share(step):
        seen.append(step)
        return 0.5

    train_module(
        model,
        sampled_loss(share, np.random.default_rng(0)),
        lambda rng, step: batch_of(SOURCES, TARGETS),
        optimizer=adam(0.01),
        schedule=Schedule(4),
        rng=np.random.default_rng(0),
        carry=0,
    )
    assert seen == [0, 1, 2, 3]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="share: expected 0 to 1, got"):
        mixed(translator(vector), share)


def test_a_read_of_another_batch_is_refused():
    model = translator(vector)
    source = model.encoder(*batch_of(SOURCES, TARGETS)[:2])
    read = torch.full((4, 2), START)
    with pytest.raises(ValueError, match=r"^read:"):
        mixed_inputs(
            np.random.default_rng(0), model.decoder, source, read, 0.5
        )
