"""Forecasts that begin at the last value: lines, and days as steps."""

import torch
from torch import Tensor

from rnncore.forecast.models import check_inputs, layer


class FromLast(torch.nn.Module):
    """The last season again, and what the parts add to it.

    The parts see the past less its last value, (B, T), and each gives
    (B, K): a series may wander to where it never was in training. With a
    season of 1 and a `line` as its only part it is what Zeng et al. call
    NLinear.

    Shapes: past (T, B, 1); known (K, B, 0) -> out (K, B, 1)

    Raises ValueError where the past is shorter than a season.
    Source: Zeng et al. 2023.
    """

    def __init__(self, K: int, season: int, *parts: torch.nn.Module):
        super().__init__()
        if min(K, season) < 1:
            raise ValueError(f"K, season: expected at least 1, got {K}, {season}")
        self.sizes = K, season
        self.parts = torch.nn.ModuleList(parts)

    def forward(self, past: Tensor, known: Tensor) -> Tensor:
        """All steps at once."""
        K, season = self.sizes
        check_inputs(past, known, 0)
        if known.shape[0] != K or past.shape[0] < season:
            raise ValueError(
                f"past, known: expected at least {season} and {K} steps, "
                f"got {past.shape[0]} and {known.shape[0]}"
            )
        x = past[..., 0].T
        last = x[:, -1:]
        x = x - last
        again = x[:, -season:].repeat(1, -(-K // season))[:, :K]
        out = last + again + sum(part(x) for part in self.parts)
        return out.T[..., None]


class Segments(torch.nn.Module):
    """A recurrent network that reads S steps of the series at each step.

    336 hours are 14 days to it. `keep` is the share of its last state
    that dropout leaves in training. At first its outputs are zero.

    Shapes: x (B, T) -> out (B, K)

    Raises ValueError unless segments of S make up the past.
    Source: Lin et al. 2023, who decode step by step.
    """

    def __init__(self, cell: str, S: int, H: int, K: int, keep: float = 1.0):
        super().__init__()
        self.S = S
        self.encoder = layer(cell, S, H)
        self.dropout = torch.nn.Dropout(1 - keep)
        self.readout = line(H, K)

    def forward(self, x: Tensor) -> Tensor:
        """From the last hidden state."""
        T = x.shape[1]
        if T % self.S:
            raise ValueError(f"x: expected a multiple of {self.S}, got {T}")
        days = x.unflatten(1, (T // self.S, self.S)).transpose(0, 1)
        y, _ = self.encoder(days)
        return self.readout(self.dropout(y[-1]))


def line(T: int, K: int) -> torch.nn.Linear:
    """A layer of K weighted sums of T numbers, all zero at first."""
    made = torch.nn.Linear(T, K)
    torch.nn.init.zeros_(made.weight)
    torch.nn.init.zeros_(made.bias)
    return made
