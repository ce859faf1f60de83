"""From a network's numbers to a forecast that says how sure it is."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rnncore.backend import check_shape

__all__ = [
    "Head",
    "gaussian_head",
    "mean_head",
    "mixture_head",
    "pinball",
    "quantile_head",
]


def __dir__() -> list[str]:
    return __all__


HALVINGS = 50  # of an interval that holds a mixture's quantile


class Head(NamedTuple):
    """What P numbers per step mean; of Q levels asked for, Q quantiles.

    Shapes: out (K, B, P); target (K, B); point (K, B); quantiles (Q, K, B)
    """

    P: int
    loss: Callable[[Tensor, Tensor], Tensor]  # out, target -> ()
    point: Callable[[Tensor], Tensor]  # out -> point
    quantiles: Callable[[Tensor, Sequence[float]], Tensor]


def gaussian_head(least: float = 1e-3) -> Head:
    """Two numbers: a mean, and a spread that is kept above `least`.

    The loss is -log p of the target, without the constant.
    """

    def parts(out: Tensor) -> tuple[Tensor, Tensor]:
        check_shape("out", out, "K", "B", 2)
        return out[..., 0], least + softplus(out[..., 1])

    def loss(out: Tensor, target: Tensor) -> Tensor:
        mean, spread = parts(out)
        check_shape("target", target, *mean.shape)
        return (
            0.5 * ((target - mean) / spread) ** 2 + torch.log(spread)
        ).mean()

    def quantiles(out: Tensor, levels: Sequence[float]) -> Tensor:
        mean, spread = parts(out)
        z = torch.special.ndtri(torch.as_tensor(levels, dtype=out.dtype))
        return mean + z.to(out.device)[:, None, None] * spread

    return Head(2, loss, lambda out: out[..., 0], quantiles)


def quantile_head(levels: Sequence[float]) -> Head:
    """One number for each level; the loss is the pinball loss.

    It is the mean over levels, horizons and batch. `quantiles` sorts a
    step's numbers, `loss` takes them as they are.

    Raises ValueError unless the levels rise between 0 and 1 through 0.5.
    Source: Koenker & Bassett 1978.
    """
    if not hasattr(levels, "__iter__"):
        raise ValueError(f"levels: expected a list, got {levels!r}")
    levels = tuple(levels)
    rising = list(levels) == sorted(set(levels))
    if (
        not rising
        or 0.5 not in levels
        or not 0 < levels[0] <= levels[-1] < 1
    ):
        raise ValueError(
            "levels: expected numbers that rise from above 0 to below 1 "
            f"through 0.5, got {levels}"
        )

    def loss(out: Tensor, target: Tensor) -> Tensor:
        check_shape("out", out, "K", "B", len(levels))
        check_shape("target", target, *out.shape[:-1])
        return torch.stack(
            [
                pinball(target - out[..., q], level)
                for q, level in enumerate(levels)
            ]
        ).mean()

    def quantiles(out: Tensor, asked: Sequence[float]) -> Tensor:
        unknown = [level for level in asked if level not in levels]
        if unknown:
            raise ValueError(
                f"levels: expected some of {levels}, got {unknown[0]}"
            )
        ordered = out.sort(dim=-1).values  # trained apart, they may cross
        return torch.stack([ordered[..., levels.index(q)] for q in asked])

    middle = levels.index(0.5)
    return Head(len(levels), loss, lambda out: out[..., middle], quantiles)


def mean_head() -> Head:
    """One number, trained by its squared error: a mean, and no doubt."""

    def loss(out: Tensor, target: Tensor) -> Tensor:
        check_shape("out", out, "K", "B", 1)
        check_shape("target", target, *out.shape[:-1])
        return ((out[..., 0] - target) ** 2).mean()

    def quantiles(out: Tensor, levels: Sequence[float]) -> Tensor:
        raise ValueError("levels: this head knows a mean, no quantiles")

    return Head(1, loss, lambda out: out[..., 0], quantiles)


def pinball(error: Tensor, level: float) -> Tensor:
    """A target above its quantile costs `level` a unit, below it the rest.

    Least on average where a share `level` of the targets lies below.
    """
    return torch.maximum(level * error, (level - 1) * error).mean()


def mixture_head(M: int, least: float = 1e-3) -> Head:
    """Shares, means and spreads of M normal distributions.

    The loss is -log p of the target, without the constant; the point is
    the mean. A quantile has no formula and is found by halving.

    Raises ValueError unless M is at least 1.
    Source: Bishop 1994.
    """
    if M < 1:
        raise ValueError(f"M: expected at least 1, got {M}")

    def parts(out: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        check_shape("out", out, "K", "B", 3 * M)
        shares, means, spreads = out.unflatten(-1, (3, M)).unbind(-2)
        return shares.softmax(-1), means, least + softplus(spreads)

    def loss(out: Tensor, target: Tensor) -> Tensor:
        shares, means, spreads = parts(out)
        check_shape("target", target, *means.shape[:-1])
        z = (target[..., None] - means) / spreads
        each = torch.log(shares) - 0.5 * z**2 - torch.log(spreads)
        return -torch.logsumexp(each, dim=-1).mean()

    def point(out: Tensor) -> Tensor:
        shares, means, _ = parts(out)
        return (shares * means).sum(-1)

    def quantiles(out: Tensor, levels: Sequence[float]) -> Tensor:
        shares, means, spreads = parts(out)
        level = torch.as_tensor(levels, dtype=out.dtype).to(out.device)
        z = torch.special.ndtri(level)[:, None, None, None]
        ends = means + z * spreads  # each one's own quantiles
        low, high = ends.amin(-1), ends.amax(-1)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            inside = (middle[..., None] - means) / spreads
            below = (shares * torch.special.ndtr(inside)).sum(-1)
            less = below < level[:, None, None]
            low = torch.where(less, middle, low)
            high = torch.where(less, high, middle)
        return (low + high) / 2

    return Head(3 * M, loss, point, quantiles)
