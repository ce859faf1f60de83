"""Counts: their likelihood, its gradient, quantiles, scores."""

import numpy as np
import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")

from rnncore.forecast.counts import (
    Counts,
    count_head,
    count_probabilities,
    count_quantiles,
    log_probability,
    read_counts,
    score_counts,
)

K, B = 3, 5
LEVELS = 0.05, 0.25, 0.5, 0.9, 0.95


def drawn(rng, zeros=True):
    """Counts of every size, and numbers of a network for them."""
    out = torch.as_tensor(rng.normal(size=(K, B, 2 + zeros)) * 1.5)
    target = torch.as_tensor(rng.poisson(2, (K, B)).astype(float))
    return out, target


def test_log_probability_is_that_of_scipy(rng):
    mean, spread = rng.exponential(5, (K, B)), rng.exponential(1, (K, B))
    y = rng.poisson(3, (K, B))
    none = np.full((K, B), -np.inf)
    counts = Counts(*map(torch.as_tensor, (mean, spread, none)))
    found = log_probability(torch.as_tensor(y.astype(float)), counts)
    r = 1 / spread
    right = stats.nbinom.logpmf(y, r, r / (r + mean))
    assert_close(found.numpy(), right, terms=1000)


def test_log_probability_is_that_of_torch(rng):
    out, target = drawn(rng, zeros=False)
    counts = read_counts(out)
    right = torch.distributions.NegativeBinomial(
        1 / counts.spread, logits=torch.log(counts.mean * counts.spread)
    ).log_prob(target)
    found = log_probability(target, counts)
    assert_close(found.numpy(), right.numpy(), terms=1000)


def test_a_small_spread_is_a_poisson_distribution():
    y = torch.arange(6.0, dtype=torch.double)
    mean = torch.full_like(y, 2.0)
    none = torch.full_like(y, -torch.inf)
    counts = Counts(mean, torch.full_like(y, 1e-9), none)
    found = log_probability(y, counts).exp().numpy()
    assert np.abs(found - stats.poisson.pmf(np.arange(6), 2)).max() < 1e-5


@pytest.mark.parametrize("zeros", [False, True])
def test_gradient_is_that_of_finite_differences(rng, zeros):
    out, target = drawn(rng, zeros)
    target[0, 0] = 0
    head = count_head(inflated=zeros)
    out.requires_grad_()
    assert torch.autograd.gradcheck(lambda o: head.loss(o, target), out)


def test_gradient_for_the_log_of_the_mean_is_the_shrunk_error(rng):
    out, target = drawn(rng, zeros=False)
    out.requires_grad_()
    count_head().loss(out, target).backward()
    mean, spread, _ = read_counts(out.detach())
    right = (mean - target) / (1 + spread * mean) / target.numel()
    assert_close(out.grad[..., 0].numpy(), right.numpy(), terms=100)


def test_probabilities_add_up_and_quantiles_are_theirs(rng):
    counts = read_counts(drawn(rng)[0])
    p = count_probabilities(counts, 400)
    assert_close(p.sum(-1), np.ones((K, B)), terms=1000)
    y = torch.full((K, B), 2.0, dtype=torch.double)
    two = log_probability(y, counts).exp().numpy()
    assert_close(p[..., 2], two, terms=1000)
    below = p.cumsum(-1)
    right = [(below < level).sum(-1) for level in LEVELS]
    found = count_quantiles(counts, LEVELS)
    assert found.tolist() == np.stack(right).tolist()


def test_more_zeros_take_their_share_of_everything():
    one = torch.ones(1, 1, dtype=torch.double)
    even = Counts(one * 3, one, one * 0)  # odds of 1
    alone = Counts(one * 3, one, one * -torch.inf)
    p, q = (count_probabilities(c, 50)[0, 0] for c in (even, alone))
    assert_close(p[0], 0.5 + 0.5 * q[0], terms=100)
    assert_close(p[1:], 0.5 * q[1:], terms=100)


@pytest.mark.parametrize("zeros", [False, True])
def test_quantiles_of_a_head_can_be_sold_and_rise(rng, zeros):
    out = drawn(rng, zeros)[0].float()
    found = count_head(zeros).quantiles(out, LEVELS)
    assert found.dtype == torch.float32
    assert found.shape == (len(LEVELS), K, B)
    assert (found >= 0).all()
    assert (found == found.round()).all()
    assert (found[1:] >= found[:-1]).all()


def test_point_is_the_mean_of_the_probabilities(rng):
    out = drawn(rng)[0]
    p = count_probabilities(read_counts(out), 3000)
    right = (p * np.arange(3001)).sum(-1)
    assert_close(count_head(True).point(out).numpy(), right, terms=1e6)


def test_a_head_refuses_numbers_of_another_width(rng):
    out, target = drawn(rng)
    with pytest.raises(ValueError, match=r"^out:"):
        count_head().loss(out, target)


def test_scores_are_those_of_drawn_counts(rng):
    y = rng.poisson(1.5, (K, B))
    p = rng.dirichlet(np.ones(9), (K, B))
    found = score_counts(y, p)
    numbers = np.arange(9)
    apart = np.abs(numbers[:, None] - numbers)
    ranked = [
        [
            p[k, b] @ np.abs(numbers - y[k, b])
            - 0.5 * p[k, b] @ apart @ p[k, b]
            for b in range(B)
        ]
        for k in range(K)
    ]
    assert_close(found.ranked, np.mean(ranked, 0), terms=1000)
    bias = (p @ numbers).sum() / y.sum() - 1
    assert_close(found.bias, bias, terms=1000)


def test_scores_of_always_0_are_known():
    y = np.array([[0, 0, 0, 4], [2, 0, 0, 0]])
    p = np.zeros((2, 4, 6))
    p[..., 0] = 1
    found = score_counts(y, p)
    assert found.ranked.tolist() == [1, 0, 0, 2]
    assert found.bias == -1
    assert found.inside == 0.75
    assert_close(found.risk, 1.8)
    silent = score_counts(y[:, 1:3], p[:, 1:3])
    assert np.isnan([silent.risk, silent.bias]).all()
    with pytest.raises(ValueError, match="counts from 0 to 3, got 0 to 4"):
        score_counts(y, p[..., :4])
