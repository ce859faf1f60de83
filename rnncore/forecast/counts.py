"""Whole numbers from 0: how likely each is, and how good that was.

A count such as the day's sales of a slow item is 0 on most days. Its
forecast is a probability for each whole number, here the negative
binomial's: a Poisson distribution whose mean is uncertain itself.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from rnncore.backend import check_shape
from rnncore.forecast.heads import Head

LEAST = 1e-4  # of a spread: below it lies a Poisson distribution


class Counts(NamedTuple):
    """A negative binomial each, and a share of zeros beside it.

    Its variance is mean + spread * mean**2. All three of one shape.
    """

    mean: Tensor
    spread: Tensor
    zeros: Tensor  # logarithm of its odds; -inf: none


def log_probability(y: Tensor, counts: Counts) -> Tensor:
    """log p of whole numbers y.

    Shapes: y (K, B); counts -> log_p (K, B)

    Source: Lawless 1987; with more zeros, Greene 1994.
    """
    mean, spread, zeros = counts
    r = 1 / spread
    log_p = torch.lgamma(y + r) - torch.lgamma(r) - torch.lgamma(y + 1)
    grown = torch.log1p(spread * mean)
    log_p = log_p - r * grown + y * (torch.log(spread * mean) - grown)
    rest = logsigmoid(-zeros) + log_p  # not one of the zeros beside it
    both = torch.logaddexp(logsigmoid(zeros), rest)
    return torch.where(y == 0, both, rest)


def read_counts(out: Tensor) -> Counts:
    """What a network's two or three numbers a step mean, in float64.

    The first is the logarithm of the mean; the third, if there is one,
    begins with one zero beside it in eight.

    Shapes: out (K, B, P) -> counts ((K, B), (K, B), (K, B))
    """
    out = out.double()
    mean, spread = out[..., 0].exp(), LEAST + softplus(out[..., 1])
    if out.shape[-1] == 2:
        return Counts(mean, spread, torch.full_like(mean, -torch.inf))
    return Counts(mean, spread, out[..., 2] - 2)


def count_head(inflated: bool = False) -> Head:
    """Two numbers: the logarithm of a mean, a spread; a third for zeros.

    The loss is -log p of the target; the point is the mean; a quantile is
    the smallest count up to which there is at least so much probability.
    """
    P = 2 + inflated

    def parts(out: Tensor) -> Counts:
        check_shape("out", out, "K", "B", P)
        return read_counts(out)

    def loss(out: Tensor, target: Tensor) -> Tensor:
        counts = parts(out)
        check_shape("target", target, *counts.mean.shape)
        log_p = log_probability(target.double(), counts)
        return -log_p.mean().to(out.dtype)

    def point(out: Tensor) -> Tensor:
        mean, _, zeros = parts(out)
        return (mean * torch.sigmoid(-zeros)).to(out.dtype)

    def quantiles(out: Tensor, levels: Sequence[float]) -> Tensor:
        return torch.as_tensor(
            count_quantiles(parts(out), levels),
            dtype=out.dtype,
            device=out.device,
        )

    return Head(P, loss, point, quantiles)


def count_quantiles(counts: Counts, levels: Sequence[float]) -> np.ndarray:
    """For each level the smallest count with so much at or below it.

    Shapes: counts -> quantiles (Q, K, B)
    """
    mean, r, zeros = _in_numpy(counts)
    level = np.reshape(np.asarray(levels, dtype=float), (-1, 1, 1))
    left = (level - zeros) / np.maximum(1 - zeros, 1e-12)  # of the rest
    found = _distribution(mean, r).ppf(left.clip(1e-12, 1 - 1e-12))
    return np.where(left > 0, np.maximum(found, 0), 0.0)


def count_probabilities(counts: Counts, most: int) -> np.ndarray:
    """Probabilities of 0 to `most`, which holds what lies above it, too.

    Shapes: counts -> p (K, B, most+1)
    """
    mean, r, zeros = (part[..., None] for part in _in_numpy(counts))
    k = np.arange(1, most)
    steps = np.log((k - 1 + r) / k) + np.log(mean / (r + mean))
    first = -r * np.log1p(mean / r)
    log_p = np.concatenate([first, first + steps.cumsum(axis=-1)], axis=-1)
    p = (1 - zeros) * np.exp(log_p)
    p[..., :1] += zeros
    above = np.maximum(1 - p.sum(axis=-1, keepdims=True), 0)
    return np.concatenate([p, above], axis=-1)


def _distribution(mean: np.ndarray, r: np.ndarray):
    from scipy.stats import nbinom

    return nbinom(r, r / (r + mean))


def _in_numpy(counts: Counts) -> tuple[np.ndarray, ...]:
    mean, spread, zeros = counts
    parts = mean, 1 / spread, torch.sigmoid(zeros)
    return tuple(part.detach().double().cpu().numpy() for part in parts)


class CountScores(NamedTuple):
    """Scores by series, and the sums of what came and of what was said.

    `ranked` is the CRPS, `pinball` the loss of the 0.9 quantile, each a
    mean over steps (S,); the rest are shares of everything.
    """

    ranked: np.ndarray
    pinball: np.ndarray
    risk: float  # twice the pinball loss at 0.9, over the sum of counts
    inside: float  # at or below the 0.9 quantile
    bias: float  # the means' sum over that of the counts, less 1


def score_counts(
    y: np.ndarray, p: np.ndarray, level: float = 0.9
) -> CountScores:
    """Exact scores of probabilities for 0, 1, 2 and so on.

    Shapes: y (K, S); p (K, S, C) -> scores

    Risk and bias are NaN where all counts are 0.

    Raises ValueError where the shapes do not fit, or a count has no
    probability.
    Source: Epstein 1969; the risk as in Salinas et al. 2020.
    """
    check_shape("p", p, *y.shape, "C")
    if not 0 <= y.min() <= y.max() < p.shape[-1]:
        raise ValueError(
            f"y: expected counts from 0 to {p.shape[-1] - 1}, got "
            f"{y.min():g} to {y.max():g}"
        )
    numbers = np.arange(p.shape[-1])
    below = p.cumsum(axis=-1)
    ranked = ((below - (y[..., None] <= numbers)) ** 2).sum(axis=-1)
    quantile = (below < level - 1e-9).sum(axis=-1)
    error = y - quantile
    pinball = np.maximum(level * error, (level - 1) * error)
    sold = y.sum() or np.nan
    return CountScores(
        ranked.mean(axis=0),
        pinball.mean(axis=0),
        float(2 * pinball.sum() / sold),
        float((error <= 0).mean()),
        float((p * numbers).sum() / sold - 1),
    )
