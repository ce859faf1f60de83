"""Sampled softmax: what it equals, what it learns, where it is biased."""

from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from rnncore.application import seeded
from rnncore.text.model import LanguageModel, language_loss
from rnncore.text.softmax import (
    candidate_loss,
    draw_words,
    inclusion,
    sampled_cross_entropy,
)
from tests.helpers.arrays import assert_close

K, H, N = 6, 4, 5
P = np.array([0.4, 0.3, 0.15, 0.1, 0.05])  # of the next word
Q = np.array([0.9, 0.5, 0.6, 0.2, 0.3])  # of being drawn


def layer(seed=0):
    """Outputs, targets and a readout, in float64, with gradients."""
    rng = np.random.default_rng(seed)
    y, weight, bias = (
        torch.from_numpy(rng.normal(size=shape)).requires_grad_()
        for shape in ((N, H), (K, H), (K,))
    )
    return y, torch.from_numpy(rng.integers(0, K, N)), weight, bias


def expected_gradient(logits, correct):
    """Of the logits of five words: all draws and all targets, weighed."""
    bias = torch.from_numpy(logits).requires_grad_()
    y, weight = torch.zeros(1, 1).double(), torch.zeros(5, 1).double()
    log_q = torch.from_numpy(np.log(Q) if correct else np.zeros(5))
    total = torch.zeros(()).double()
    for coins in product([False, True], repeat=5):
        coins = np.array(coins)
        p_draw = float(np.prod(np.where(coins, Q, 1 - Q)))
        drawn = torch.from_numpy(np.flatnonzero(coins))
        for w in range(5):
            target = torch.tensor([w])
            loss = sampled_cross_entropy(
                y, target, weight, bias, drawn, log_q
            )
            total = total + p_draw * P[w] * loss
    return torch.autograd.grad(total, bias)[0].numpy()


def test_with_every_word_drawn_it_is_the_cross_entropy():
    y, targets, weight, bias = layer()
    found = sampled_cross_entropy(
        y, targets, weight, bias, torch.arange(K), torch.zeros(K).double()
    )
    full = cross_entropy(y @ weight.T + bias, targets)
    assert_close(found, full)
    for a, b in zip(
        torch.autograd.grad(found, [y, weight, bias]),
        torch.autograd.grad(full, [y, weight, bias]),
        strict=True,
    ):
        assert_close(a, b, scale=1.0)


def test_one_draw_by_hand():
    y = torch.ones(1, 1).double()
    weight = torch.tensor([[0.0], [1.0], [2.0]]).double()
    log_q = torch.tensor([0.5, 0.25, 0.125]).double().log()
    found = sampled_cross_entropy(
        y,
        torch.tensor([1]),
        weight,
        torch.zeros(3).double(),
        torch.tensor([1, 2]),  # the target once more, and word 2
        log_q,
    )
    own, other = 4 * np.exp(1), 8 * np.exp(2)
    assert_close(found.item(), float(-np.log(own / (own + other))))


def test_a_target_that_is_drawn_counts_once():
    y, targets, weight, bias = layer()
    log_q = torch.from_numpy(np.log(np.linspace(0.2, 0.9, K)))
    for w in range(K):
        target = torch.full_like(targets, w)
        others = torch.tensor([k for k in range(K) if k != w])
        found = [
            sampled_cross_entropy(y, target, weight, bias, drawn, log_q)
            for drawn in (others, torch.arange(K))
        ]
        assert_close(*found)


def test_nothing_drawn_costs_nothing():
    y, targets, weight, bias = layer()
    drawn = torch.zeros(0, dtype=torch.int64)
    zero = torch.zeros(K).double()
    loss = sampled_cross_entropy(y, targets, weight, bias, drawn, zero)
    assert loss.item() == 0.0


def test_the_true_distribution_is_its_minimum():
    found = expected_gradient(np.log(P), correct=True)
    assert_close(found, np.zeros(5), scale=1.0)


def test_uncorrected_its_minimum_is_the_distribution_over_q():
    found = expected_gradient(np.log(P / Q), correct=False)
    assert_close(found, np.zeros(5), scale=1.0)
    assert np.abs(expected_gradient(np.log(P), correct=False)).max() > 0.05


def test_elsewhere_its_gradient_is_not_the_full_one():
    logits = np.zeros(5)
    full = 0.2 - P
    assert np.abs(expected_gradient(logits, True) - full).max() > 0.03


def test_only_the_drawn_words_and_the_targets_get_a_gradient():
    y, targets, weight, bias = layer()
    targets[:] = 2
    drawn = torch.tensor([0, 5])
    loss = sampled_cross_entropy(
        y, targets, weight, bias, drawn, torch.zeros(K).double()
    )
    d_weight, d_bias = torch.autograd.grad(loss, [weight, bias])
    touched = [0, 2, 5]
    assert torch.nonzero(d_bias)[:, 0].tolist() == touched
    assert torch.nonzero(d_weight.abs().sum(1))[:, 0].tolist() == touched


def test_words_are_drawn_as_often_as_their_probability_says():
    rng, n = np.random.default_rng(0), 4000
    found = np.zeros(5)
    for _ in range(n):
        found[draw_words(rng, Q)] += 1
    assert (np.abs(found / n - Q) < 5 * np.sqrt(Q * (1 - Q) / n)).all()
    assert draw_words(rng, np.ones(5)).tolist() == [0, 1, 2, 3, 4]


def test_inclusion_by_hand():
    counts = np.array([50, 30, 15, 5])
    assert_close(inclusion(counts, 1), counts / 100)
    assert_close(inclusion(counts, 4), np.array([1.0, 1.0, 0.6, 0.2]))
    assert_close(inclusion(counts, 20), np.ones(4))


@pytest.mark.parametrize("draws", [0, -1, float("nan")])
def test_no_draws_are_refused(draws):
    with pytest.raises(ValueError, match="draws: expected more than 0"):
        inclusion(np.ones(3), draws)


def test_a_word_that_never_came_is_refused():
    with pytest.raises(ValueError, match="counts: expected more than 0"):
        inclusion(np.array([2, 0]), 1)


def test_wrong_shapes_are_refused():
    y, targets, weight, bias = layer()
    good = {
        "y": y,
        "targets": targets,
        "weight": weight,
        "bias": bias,
        "drawn": torch.arange(3),
        "log_included": torch.zeros(K).double(),
    }
    wrong = {
        "y": y[0],
        "targets": targets[:-1],
        "weight": weight[:, :-1],
        "bias": bias[:-1],
        "drawn": torch.zeros(2, 2, dtype=torch.int64),
        "log_included": torch.zeros(K + 1).double(),
    }
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=f"{name}: expected"):
            sampled_cross_entropy(**{**good, name: value})


def test_the_loss_of_a_window_with_all_words_is_the_language_loss():
    with seeded(0):
        model = LanguageModel(K, H).eval()
    ids = np.random.default_rng(0).integers(0, K, (8, 3))
    state = model.zero_state(3)
    loss = candidate_loss(np.ones(K), np.zeros(K), np.random.default_rng(0))
    found, after = loss(model, ids, state)
    full, expected = language_loss(model, ids, state)
    assert_close(found, full)
    assert_close(after, expected)


def test_each_window_has_a_draw_of_its_own_from_the_generator():
    with seeded(0):
        model = LanguageModel(50, H).eval()
    ids = np.random.default_rng(0).integers(0, 50, (8, 3))

    def losses(seed):
        q = np.full(50, 0.3)
        loss = candidate_loss(q, np.log(q), np.random.default_rng(seed))
        with torch.no_grad():
            return [
                loss(model, ids, model.zero_state(3))[0].item()
                for _ in range(3)
            ]

    assert losses(0) == losses(0)
    assert len(set(losses(0))) == 3
    assert losses(0) != losses(1)
