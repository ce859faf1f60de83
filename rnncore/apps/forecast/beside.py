"""A straight line beside a network, from a series' last value on."""

import torch
from torch import Tensor

from rnncore.backend import check_shape


class Beside(torch.nn.Module):
    """A network, and a straight line that goes past it from the last value.

    To sum what it saw, a network would have to bend as little as it can.
    `network` is one of `rnncore.forecast.models`, of K steps with P
    numbers each.

    Shapes: past (T, B, 1+F); known (K, B, F) -> out (K, B, P)

    Raises ValueError where the past has other than T steps.
    Source: Lai et al. 2018, who have a line past a network's levels.
    """

    def __init__(self, network: torch.nn.Module, T: int, K: int, P: int):
        super().__init__()
        self.sizes = K, P
        self.network = network
        self.line = torch.nn.Linear(T, K * P)
        torch.nn.init.zeros_(self.line.weight)
        torch.nn.init.zeros_(self.line.bias)

    def forward(self, past: Tensor, known: Tensor) -> Tensor:
        """The last value, and what both add to it."""
        K, P = self.sizes
        out = self.network(past, known)
        x = past[..., 0].T
        check_shape("past", x, "B", self.line.in_features)
        last = x[:, -1:]
        change = self.line(x - last) + last
        return out + change.unflatten(1, (K, P)).transpose(0, 1)
