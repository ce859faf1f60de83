"""The frame model: what sounds next, each of 88 keys on its own."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, dropout

from rnncore import nn
from rnncore.backend import check_shape
from rnncore.music.score import KEYS

Rolls = Sequence[np.ndarray]  # pieces, each (T, 88), one where a key sounds
Batch = tuple[Tensor, Tensor]  # rolls (T, B, 88); which frames count (T, B)


class FrameModel(torch.nn.Module):
    """An LSTM over frames with 88 yes-or-no questions at every step.

    Shapes: roll (T, B, 88) -> logits (T, B, 88)
    """

    def __init__(self, hidden: int = 200, drop: float = 0.2):
        super().__init__()
        self.drop = drop
        self.memory = nn.LSTM(KEYS, hidden)
        self.readout = torch.nn.Linear(hidden, KEYS)

    def forward(self, roll: Tensor) -> Tensor:
        """The logits of the frame that follows each frame."""
        h, _ = self.memory(dropout(roll, self.drop, self.training))
        return self.readout(dropout(h, self.drop, self.training))


def frame_nats(logits: Tensor, roll: Tensor) -> Tensor:
    """Minus the logarithm of each frame's probability, in nats.

    The keys are independent, so that their logarithms are summed: a
    mean over keys would be 88 times too small.

    Shapes: logits (T, B, 88); roll (T, B, 88) -> nats (T, B)

    Raises ValueError where a shape does not fit.
    """
    check_shape("logits", logits, "T", "B", KEYS)
    check_shape("roll", roll, *logits.shape)
    each = binary_cross_entropy_with_logits(logits, roll, reduction="none")
    return each.sum(-1)


def frame_loss(
    model: Callable[[Tensor], Tensor], batch: Batch, carry: None = None
) -> tuple[Tensor, None]:
    """Nats per frame, averaged over all frames that have a past.

    A piece's first frame is not predicted, and does not count.
    """
    roll, counts = batch
    nats = frame_nats(model(roll[:-1]), roll[1:])
    return (nats * counts[1:]).sum() / counts[1:].sum(), None


def padded(rolls: Rolls, device: torch.device | str = "cpu") -> Batch:
    """Pieces of different length side by side, and which frames count.

    Shapes: rolls -> roll (T, B, 88); counts (T, B)
    """
    T = max(len(r) for r in rolls)
    roll = np.zeros((T, len(rolls), KEYS), np.float32)
    counts = np.zeros((T, len(rolls)), np.float32)
    for b, r in enumerate(rolls):
        roll[: len(r), b] = r
        counts[: len(r), b] = 1
    return torch.tensor(roll, device=device), torch.tensor(
        counts, device=device
    )


def drawn_pieces(
    rolls: Rolls,
    rng: np.random.Generator,
    B: int = 16,
    longest: int = 128,
    shifts: int = 0,
    home: float = 0.0,
) -> list[np.ndarray]:
    """B pieces drawn at random, or windows of them where they are long.

    With `shifts`, each is moved by up to so many semitones: the piece in
    another key is as likely, and costs nothing. Where all pieces share a
    key, a share `home` of them stays in it.
    """
    chosen = []
    for k in rng.integers(len(rolls), size=B):
        r = rolls[k]
        at = rng.integers(max(1, len(r) - longest + 1))
        semitones = int(rng.integers(-shifts, shifts + 1))
        if home and rng.random() < home:
            semitones = 0
        chosen.append(shifted(r[at : at + longest], semitones))
    return chosen


def shifted(roll: np.ndarray, semitones: int) -> np.ndarray:
    """A piano roll moved up by semitones; unchanged if it would not fit.

    Shapes: roll (T, 88) -> roll (T, 88)
    """
    used = np.flatnonzero(np.any(roll, axis=0)) + semitones
    if used.size and not (used[0] >= 0 and used[-1] < KEYS):
        return roll
    return np.roll(roll, semitones, axis=1)


def nats_a_frame(
    model: Callable[[Tensor], Tensor], rolls: Rolls, B: int = 32
) -> float:
    """The score of a model on whole pieces: one mean over all frames.

    Raises ValueError where no piece has a second frame.
    """
    rolls = sorted((r for r in rolls if len(r) > 1), key=len)
    if not rolls:
        raise ValueError("rolls: expected a piece of two frames or more")
    parameter = next(iter(_parameters(model)), None)
    device = "cpu" if parameter is None else parameter.device
    total = frames = 0.0
    with torch.no_grad():
        for k in range(0, len(rolls), B):
            batch = padded(rolls[k : k + B], device)
            count = float(batch[1][1:].sum())
            total += float(frame_loss(model, batch)[0]) * count
            frames += count
    return total / frames


def _parameters(model: Callable) -> Sequence[Tensor]:
    return list(getattr(model, "parameters", list)())


def key_frequencies(rolls: Rolls) -> Callable[[Tensor], Tensor]:
    """The baseline that knows how often each key sounds, and no more."""
    every = np.concatenate([r[1:] for r in rolls])
    p = (every.sum(0) + 0.5) / (len(every) + 1)
    logit = torch.tensor(np.log(p / (1 - p)), dtype=torch.float32)
    return lambda roll: logit.to(roll.device).expand_as(roll)


def key_chain(rolls: Rolls) -> Callable[[Tensor], Tensor]:
    """The baseline that knows which keys sounded in the frame before.

    For each key two numbers are counted: how often it sounds after it
    sounded, and how often after it was silent.
    """
    before = np.concatenate([r[:-1] for r in rolls])
    after = np.concatenate([r[1:] for r in rolls])
    logits = []
    for was in (0, 1):
        n = (before == was).sum(0)
        p = (((before == was) * after).sum(0) + 0.5) / (n + 1)
        logits.append(torch.tensor(np.log(p / (1 - p))).float())
    silent, sounded = logits

    def chain(roll: Tensor) -> Tensor:
        a, b = silent.to(roll.device), sounded.to(roll.device)
        return torch.where(roll > 0, b, a)

    return chain
