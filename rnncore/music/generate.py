"""A score drawn from a model, voice by voice."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnncore.music.score import (
    FIRST,
    LOWEST,
    TOKENS,
    Score,
    allowed_tokens,
    decode,
    sounding,
)
from rnncore.music.voices import NOTHING, VoiceModel, past_rows, slot_rows
from rnncore.text.sampling import draw_tokens

Progress = Callable[[Any], Any] | None


class Frame:
    """One frame of B scores, drawn from the model one voice at a time."""

    def __init__(self, model: VoiceModel, compass: np.ndarray, B: int):
        V = model.V
        if np.shape(compass) != (V, 2):
            raise ValueError(
                f"compass: expected ({V}, 2), got {np.shape(compass)}"
            )
        self.model, self.compass = model, np.asarray(compass)
        self.device = next(model.parameters()).device
        self.state: Any = None
        self.pitches = np.zeros((B, V), int)
        self.starts = np.zeros((B, V), bool)
        self.before = self.pitches
        self.h = torch.empty(0)
        self.sung = 0  # frames so far

    def listen(self, position: int, bar: int) -> None:
        """Take in the frame before, and begin a new one."""
        B, V = self.pitches.shape
        place = np.full(B, position)
        rows = past_rows(self.pitches, self.starts, place, bar)
        if self.sung == 0:
            rows[:, :V] = NOTHING
        past = torch.tensor(rows[None], device=self.device)
        with torch.no_grad():
            h, self.state = self.model.remember(past, self.state)
        self.h, self.before = h[0], self.pitches
        self.pitches = np.zeros((B, V), int)
        self.starts = np.zeros((B, V), bool)
        self.sung += 1

    def log_p(self, v: int, temperature: float = 1.0) -> Tensor:
        """Log probabilities of voice v's tokens: only what is possible.

        The logits are divided by the temperature before the softmax.
        """
        rows = slot_rows(self.before, self.pitches, self.starts)[:, v]
        slots = torch.tensor(rows, device=self.device)
        with torch.no_grad():
            logits = self.model.choose(self.h, slots).cpu().double()
        possible = possible_tokens(self.before[:, v], self.compass[v])
        logits[~torch.from_numpy(possible)] = -torch.inf
        return torch.log_softmax(logits / temperature, -1)

    def sing(self, v: int, tokens: np.ndarray) -> None:
        """Fix voice v: the voices after it depend on it."""
        self.pitches[:, v] = sounding(tokens, self.before[:, v])
        self.starts[:, v] = tokens >= FIRST

    def keep(self, chosen: np.ndarray) -> None:
        """Go on with these of the scores, some perhaps several times."""
        self.pitches, self.starts = (
            self.pitches[chosen],
            self.starts[chosen],
        )
        self.h, self.before = self.h[chosen], self.before[chosen]
        self.state = self.state[:, chosen]


def possible_tokens(before: np.ndarray, compass: np.ndarray) -> np.ndarray:
    """Which tokens may follow: no hold of silence, no key out of compass.

    Shapes: before (B, V); compass (V, 2) -> possible (B, V, 90)
    """
    key = np.arange(TOKENS) - FIRST + LOWEST
    low, high = compass[..., 0, None], compass[..., 1, None]
    inside = (key >= low) & (key <= high) | (key < LOWEST)
    return allowed_tokens(before) & inside


def draw(log_p: Tensor, rng: np.random.Generator) -> np.ndarray:
    """One token per row, drawn with the probabilities of that row.

    Shapes: log_p (B, K) -> tokens (B,)
    """
    p = log_p.exp().numpy()
    last = p.shape[1] - 1 - np.argmax(p[:, ::-1] > 0, axis=1)
    # rounding never picks what is barred
    return np.minimum(draw_tokens(rng, p), last)


def compose(
    model: VoiceModel,
    compass: np.ndarray,
    frames: int,
    rng: np.random.Generator,
    B: int = 1,
    temperature: float = 1.0,
    progress: Progress = None,
    **about,
) -> list[Score]:
    """B new scores of this many frames; `about`: tempo, bar, pickup, title.

    Whatever the weights, each is a score: a hold where nothing sounds, or
    a pitch outside the voice's compass, is never drawn.

    Raises ValueError for a length or temperature that is not positive.
    """
    check_sampling(frames, temperature)
    frame = Frame(model, compass, B)
    bar, pickup = about.get("bar", 8), about.get("pickup", 0)
    tokens = np.zeros((frames, B, model.V), int)
    for t in progress(range(frames)) if progress else range(frames):
        frame.listen((t - pickup) % bar, bar)
        for v in range(model.V):
            tokens[t, :, v] = draw(frame.log_p(v, temperature), rng)
            frame.sing(v, tokens[t, :, v])
    return [decode(tokens[:, b], **about) for b in range(B)]


def check_sampling(frames: int, temperature: float) -> None:
    """Raise ValueError where nothing can be drawn by these."""
    if frames < 1:
        raise ValueError(f"frames: expected at least 1, got {frames}")
    if not temperature > 0:
        raise ValueError(
            f"temperature: expected more than 0, got {temperature}"
        )
