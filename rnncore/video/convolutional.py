"""An LSTM at every place of a picture, and the frames that it expects."""

import torch
from torch import Tensor, nn

from rnncore.backend import check_shape
from rnncore.lstm import lstm_cell


class ConvLSTM(nn.Module):
    """Chapter 6's cell at each place, fed by what is near that place.

    The same k x k kernels everywhere, so any height and width will do.

    Shapes: x (T, B, S, S, D); state ((B, S, S, H), (B, S, S, H))
        -> y (T, B, S, S, H); state ((B, S, S, H), (B, S, S, H))

    Raises ValueError where k is even, or a shape does not fit.
    Source: Shi et al. 2015, without their weights from c to the gates.
    """

    def __init__(self, D: int, H: int, k: int = 5):
        super().__init__()
        if k < 1 or k % 2 == 0:
            raise ValueError(f"k: expected an odd number, got {k}")
        self.D, self.H = D, H
        self.W_x = nn.Conv2d(D, 4 * H, k, padding=k // 2)
        self.W_h = nn.Conv2d(H, 4 * H, k, padding=k // 2, bias=False)

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """What each place shows after each frame, and the last state."""
        check_shape("x", x, "T", "B", "S", "S", self.D)
        if state is None:
            zero = x.new_zeros(*x.shape[1:-1], self.H)
            state = zero, zero
        a_x = everywhere(self.W_x, x.flatten(0, 1))  # all frames at once
        y = []
        for a in a_x.unflatten(0, x.shape[:2]):
            state, _ = lstm_cell(a, everywhere(self.W_h, state[0]), state)
            y.append(state[0])
        return torch.stack(y), state


def everywhere(kernels: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution where the numbers of a place stand last.

    Shapes: x (B, S, S, D) -> a (B, S, S, K)
    """
    return kernels(x.movedim(-1, 1)).movedim(1, -1)


class ConvNextFrame(nn.Module):
    """The frame that comes after each, from an LSTM at every place.

    As in `NextFrame`, it says what changes.

    Shapes: frames (T, B, S, S) -> logits (T, B, S, S)
    """

    def __init__(self, H: int, k: int = 5):
        super().__init__()
        self.loop = ConvLSTM(1, H, k)
        self.draw = nn.Conv2d(H, 1, k, padding=k // 2)
        self.keep = nn.Parameter(torch.tensor(2.0))

    def forward(self, frames: Tensor) -> Tensor:
        """Logits of the frame after each."""
        y, _ = self.loop(frames[..., None])
        change = everywhere(self.draw, y.flatten(0, 1))[..., 0]
        return change.view_as(frames) + self.keep * (2 * frames - 1)
