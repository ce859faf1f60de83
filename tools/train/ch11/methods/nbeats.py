"""A rival without recurrence: blocks that explain away what they see."""

import torch
from torch import Tensor

from rnncore.forecast.models import check_inputs


class NBeats(torch.nn.Module):
    """Each block forecasts, and hands on what of the past it cannot say.

    T counts the steps of the past, F the covariates, H the units of each
    of a block's four layers, K the steps ahead, P the numbers that the
    head wants of each. The covariates go to every block.

    Shapes: past (T, B, 1+F); known (K, B, F) -> out (K, B, P)

    Source: Oreshkin et al. 2020, the generic architecture.
    """

    def __init__(self, T: int, F: int, H: int, K: int, P: int = 1, blocks: int = 3):
        super().__init__()
        self.sizes = T, F, K, P
        self.blocks = torch.nn.ModuleList(
            _block(T + (T + K) * F, H, T + K * P) for _ in range(blocks)
        )

    def forward(self, past: Tensor, known: Tensor) -> Tensor:
        """The sum of all forecasts."""
        T, F, K, P = self.sizes
        check_inputs(past, known, F)
        if (past.shape[0], known.shape[0]) != (T, K):
            raise ValueError(
                f"past, known: expected {T} and {K} steps, "
                f"got {past.shape[0]} and {known.shape[0]}"
            )
        B = past.shape[1]
        left = past[..., 0].T  # (B, T)
        beside = torch.cat(
            [
                past[..., 1:].transpose(0, 1).reshape(B, T * F),
                known.transpose(0, 1).reshape(B, K * F),
            ],
            dim=1,
        )
        out = left.new_zeros(B, K * P)
        for block in self.blocks:
            said = block(torch.cat([left, beside], dim=1))
            left, out = left - said[:, :T], out + said[:, T:]
        return out.reshape(B, K, P).transpose(0, 1)


def _block(D: int, H: int, out: int) -> torch.nn.Module:
    """Four layers with ReLU, and a readout of past and future at once."""
    layers: list[torch.nn.Module] = []
    for size in (D, H, H, H):
        layers += [torch.nn.Linear(size, H), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(H, out))
