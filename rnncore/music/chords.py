"""Frames with any number of notes, predicted jointly: lowest key first.

A frame is a sentence: its keys from low to high, then END. Each key is
chosen given the past and the keys below it, so that a chord is one event.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy,
    cross_entropy,
    dropout,
)

from rnncore import nn
from rnncore.backend import check_shape
from rnncore.music.frames import Rolls, padded
from rnncore.music.score import KEYS

END = KEYS  # no further key


class Chords(NamedTuple):
    """A batch: rolls, and each frame's keys as a sentence."""

    roll: Tensor  # (T, B, 88)
    targets: Tensor  # (T, B, N): keys from low to high, END, then END
    ended: Tensor  # (T, B, N) bool: after the first END
    counts: Tensor  # (T, B)


class ChordModel(torch.nn.Module):
    """An LSTM over frames, and a GRU over the keys of a frame.

    Shapes: roll (T, B, 88); targets (T, B, N) -> logits (T, B, N, 89)
    """

    def __init__(
        self, hidden: int = 200, inner: int = 128, drop: float = 0.4
    ):
        super().__init__()
        self.drop = drop
        self.memory = nn.LSTM(KEYS, hidden)
        self.first = torch.nn.Linear(hidden, inner)
        self.keys = torch.nn.Embedding(KEYS + 1, inner)
        self.within = nn.GRU(inner, inner)
        self.readout = torch.nn.Linear(inner, KEYS + 1)

    def forward(self, roll: Tensor, targets: Tensor) -> Tensor:
        """Logits of each next key: frame t + 1 is told from frame t."""
        T, B, _ = targets.shape
        h, _ = self.memory(dropout(roll, self.drop / 2, self.training))
        h = dropout(h, self.drop, self.training)
        begin = torch.full_like(targets[..., :1], END)
        said = torch.cat([begin, targets[..., :-1]], -1)
        x = self.keys(said).flatten(0, 1).transpose(0, 1)  # (N, T*B, E)
        state = torch.tanh(self.first(h)).flatten(0, 1)[None]
        y, _ = self.within(x, state)
        y = dropout(y, self.drop / 2, self.training)
        logits = self.readout(y).transpose(0, 1).unflatten(0, (T, B))
        return rising(logits, said)


def rising(logits: Tensor, said: Tensor) -> Tensor:
    """The same, impossible for keys that are not above the last one said.

    Shapes: logits (B, 89); said (B,) -> logits (B, 89)
    """
    low = torch.where(said == END, -1, said)
    keys = torch.arange(KEYS + 1, device=logits.device)
    return logits.masked_fill(keys <= low[..., None], -torch.inf)


def chords(rolls: Rolls, device: torch.device | str = "cpu") -> Chords:
    """Pieces side by side, each frame also as a sentence."""
    roll, counts = padded(rolls, device)
    sounds = roll.cpu().numpy() > 0
    N = int(sounds.sum(-1).max()) + 1
    order = np.where(sounds, np.arange(KEYS), END)
    targets = np.sort(order, axis=-1)[..., :N]
    ended = np.zeros(targets.shape, bool)
    ended[..., 1:] = targets[..., :-1] == END
    return Chords(
        roll,
        torch.tensor(targets, device=device),
        torch.tensor(ended, device=device),
        counts,
    )


def chord_loss(
    model: ChordModel, batch: Chords, carry: None = None
) -> tuple[Tensor, None]:
    """Nats a frame: summed over a frame's keys, first frames left out."""
    logits = model(batch.roll[:-1], batch.targets[1:])
    nats = cross_entropy(
        logits.flatten(0, 2),
        batch.targets[1:].flatten(),
        reduction="none",
    ).unflatten(0, logits.shape[:-1])
    nats = nats.masked_fill(batch.ended[1:], 0).sum(-1)
    counts = batch.counts[1:]
    return (nats * counts).sum() / counts.sum(), None


def chord_nats(model: ChordModel, rolls: Rolls, B: int = 32) -> float:
    """Nats a frame on whole pieces: the frame model's measure.

    Raises ValueError where no piece has a second frame.
    """
    rolls = sorted((r for r in rolls if len(r) > 1), key=len)
    if not rolls:
        raise ValueError("rolls: expected a piece of two frames or more")
    device = next(model.parameters()).device
    total = frames = 0.0
    with torch.no_grad():
        for k in range(0, len(rolls), B):
            batch = chords(rolls[k : k + B], device)
            count = float(batch.counts[1:].sum())
            total += float(chord_loss(model, batch)[0]) * count
            frames += count
    return total / frames


@torch.no_grad()
def key_chances(
    model: ChordModel,
    roll: Tensor,
    generator: torch.Generator,
    draws: int = 64,
) -> Tensor:
    """How probable each key of the next frame is, whatever others sound.

    Frames are drawn key by key; a key's chance is the mean, over the
    draws, of all that it is given on the way. That is exact for endlessly
    many. The first is of the frame after the first.

    Shapes: roll (T, 88) -> chances (T, 88)

    Raises ValueError where the roll has another shape.
    """
    check_shape("roll", roll, "T", KEYS)
    h, _ = model.memory(roll[:, None])
    state = torch.tanh(model.first(h)).transpose(0, 1)  # (1, T, inner)
    state = state.repeat_interleave(draws, dim=1)
    said = torch.full((len(roll) * draws,), END, device=roll.device)
    ended = torch.zeros_like(said, dtype=torch.bool)
    total = roll.new_zeros(len(said), KEYS)
    while not ended.all():
        y, state = model.within(model.keys(said)[None], state)
        p = rising(model.readout(y[0]), said).softmax(-1)
        total += p[:, :KEYS].masked_fill(ended[:, None], 0)
        said = torch.multinomial(p, 1, generator=generator)[:, 0]
        ended |= said == END  # drawn on, and not counted
    return total.unflatten(0, (len(roll), draws)).mean(1)


def apart_nats(
    model: ChordModel,
    rolls: Rolls,
    generator: torch.Generator,
    draws: int = 64,
) -> float:
    """Nats a frame if the model is asked for each key by itself.

    With few draws the chances are a little off, and the cost too high.

    Raises ValueError where no piece has a second frame.
    """
    rolls = [r for r in rolls if len(r) > 1]
    if not rolls:
        raise ValueError("rolls: expected a piece of two frames or more")
    device, total = next(model.parameters()).device, 0.0
    for r in rolls:
        roll = torch.tensor(r, device=device)
        p = key_chances(model, roll[:-1], generator, draws)
        p = p.clamp(1e-9, 1 - 1e-9)
        total += float(binary_cross_entropy(p, roll[1:], reduction="sum"))
    return total / sum(len(r) - 1 for r in rolls)
