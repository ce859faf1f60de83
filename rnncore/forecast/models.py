"""Three ways to look several steps ahead, on the course's own layers.

All take what was seen, past (T, B, 1+F), values first, and the covariates
of the steps to come, known (K, B, F); all give (K, B, P): P numbers a
step, which a head of `rnncore.forecast.heads` turns into a forecast.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from rnncore.backend import check_shape
from rnncore.nn import GRU, LSTM, RNN

LAYERS = {"RNN": RNN, "LSTM": LSTM, "GRU": GRU}
Point = Callable[[Tensor], Tensor]  # (..., P) -> (...)


def check_inputs(past: Tensor, known: Tensor, F: int) -> None:
    """Raise ValueError unless both are of one batch, with F covariates."""
    check_shape("past", past, "T", "B", 1 + F)
    B = past.shape[1]
    if known.dim() != 3 or tuple(known.shape[1:]) != (B, F):
        raise ValueError(
            f"known: expected (K, {B}, {F}), got {tuple(known.shape)}"
        )


def layer(cell: str, D: int, H: int) -> torch.nn.Module:
    """A recurrent layer by its name.

    Raises ValueError for a cell that the course has not.
    """
    if cell not in LAYERS:
        raise ValueError(
            f"cell: expected one of {', '.join(LAYERS)}, got {cell!r}"
        )
    return LAYERS[cell](D, H)


class Direct(torch.nn.Module):
    """All steps at once, each with a readout of its own.

    F counts the covariates of a step (0: the values alone), H the units,
    K the steps ahead, P the numbers that the head wants of each.

    Shapes: past (T, B, 1+F); known (K, B, F) -> out (K, B, P)
    """

    def __init__(self, cell: str, F: int, H: int, K: int, P: int = 1):
        super().__init__()
        self.sizes = F, K, P
        self.encoder = layer(cell, 1 + F, H)
        self.readout = torch.nn.Linear(H + K * F, K * P)

    def forward(self, past: Tensor, known: Tensor) -> Tensor:
        """From the last hidden state and all known covariates."""
        F, K, P = self.sizes
        check_inputs(past, known, F)
        if known.shape[0] != K:
            raise ValueError(f"known: expected {K} steps, got {len(known)}")
        B = past.shape[1]
        y, _ = self.encoder(past)
        ahead = known.transpose(0, 1).reshape(B, K * F)
        out = self.readout(torch.cat([y[-1], ahead], dim=1))
        return out.reshape(B, K, P).transpose(0, 1)


class Recursive(torch.nn.Module):
    """One step ahead; its own forecast is its next input.

    Shapes: past (T, B, 1+F); known (K, B, F) -> out (K, B, P)
    """

    def __init__(
        self, cell: str, F: int, H: int, P: int = 1, *, point: Point
    ):
        super().__init__()
        self.F, self.point = F, point
        self.encoder = layer(cell, 1 + F, H)
        self.readout = torch.nn.Linear(H, P)

    def one_step(self, past: Tensor, known: Tensor) -> Tensor:
        """At every step of the past, what it says of the step after.

        The input of a step is its value, and the covariates of the step
        that is asked for.

        Shapes: past (T, B, 1+F); known (K, B, F) -> out (T, B, P)
        """
        x = self._inputs(past, known)
        return self.readout(self.encoder(x)[0])

    def forward(self, past: Tensor, known: Tensor) -> Tensor:
        """Through the past, then on its own."""
        x = self._inputs(past, known)
        y, state = self.encoder(x)
        out = [self.readout(y[-1:])]
        for k in range(1, known.shape[0]):
            value = self.point(out[-1])[..., None]  # (1, B, 1)
            x = torch.cat([value, known[k : k + 1]], dim=-1)
            y, state = self.encoder(x, state)
            out.append(self.readout(y))
        return torch.cat(out)

    def _inputs(self, past: Tensor, known: Tensor) -> Tensor:
        check_inputs(past, known, self.F)
        ahead = torch.cat([past[1:, :, 1:], known[:1]])
        return torch.cat([past[..., :1], ahead], dim=-1)


class EncoderDecoder(torch.nn.Module):
    """One network reads the past, another goes on from its last state.

    The decoder is handed its own last forecast, in training too: it never
    sees a truth that it would not have.

    Shapes: past (T, B, 1+F); known (K, B, F) -> out (K, B, P)
    """

    def __init__(
        self, cell: str, F: int, H: int, P: int = 1, *, point: Point
    ):
        super().__init__()
        self.F, self.point = F, point
        self.encoder = layer(cell, 1 + F, H)
        self.decoder = layer(cell, 1 + F, H)
        self.readout = torch.nn.Linear(H, P)

    def forward(self, past: Tensor, known: Tensor) -> Tensor:
        """The decoder's first input is the last value that was seen."""
        check_inputs(past, known, self.F)
        _, state = self.encoder(past)
        value, out = past[-1:, :, :1], []
        for k in range(known.shape[0]):
            x = torch.cat([value, known[k : k + 1]], dim=-1)
            y, state = self.decoder(x, state)
            out.append(self.readout(y))
            value = self.point(out[-1])[..., None]
        return torch.cat(out)
