"""A score drawn from a model, voice by voice; or a melody harmonised."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnncore.music.score import (
    FIRST,
    LOWEST,
    REST,
    Score,
    allowed_tokens,
    decode,
    encode,
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

        The logits are divided by the temperature *before* the softmax.
        """
        rows = slot_rows(self.before, self.pitches, self.starts)[:, v]
        slots = torch.tensor(rows, device=self.device)
        with torch.no_grad():
            logits = self.model.choose(self.h, slots).cpu().double()
        allowed = allowed_tokens(self.before[:, v])
        low, high = self.compass[v] - LOWEST + FIRST
        allowed[:, FIRST:low] = allowed[:, high + 1 :] = False
        logits[~torch.from_numpy(allowed)] = -torch.inf
        return torch.log_softmax(logits / temperature, -1)

    def sing(self, v: int, tokens: np.ndarray) -> None:
        """Fix voice v: the voices after it depend on it."""
        self.pitches[:, v] = sounding(tokens, self.before[:, v])
        self.starts[:, v] = tokens >= FIRST

    def keep(self, chosen: np.ndarray) -> None:
        """Go on with these of the B scores, some perhaps several times."""
        self.pitches, self.starts = (
            self.pitches[chosen],
            self.starts[chosen],
        )
        self.state = self.state[:, chosen]


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
    _check(frames, temperature)
    frame = Frame(model, compass, B)
    bar, pickup = about.get("bar", 8), about.get("pickup", 0)
    tokens = np.zeros((frames, B, model.V), int)
    for t in progress(range(frames)) if progress else range(frames):
        frame.listen((t - pickup) % bar, bar)
        for v in range(model.V):
            tokens[t, :, v] = draw(frame.log_p(v, temperature), rng)
            frame.sing(v, tokens[t, :, v])
    return [decode(tokens[:, b], **about) for b in range(B)]


def harmonise(
    model: VoiceModel,
    compass: np.ndarray,
    melody: Score,
    rng: np.random.Generator,
    B: int = 64,
    temperature: float = 1.0,
    progress: Progress = None,
) -> tuple[Score, float]:
    """Lower voices for a melody, and the melody's cost in nats per frame.

    B harmonisations are drawn side by side. In each frame the melody's
    note is given, not drawn; its probability says how well each of them
    predicted it, and those that did not are replaced by copies of those
    that did. What remains at the end is approximately a draw from the
    model's p(lower voices | melody): a particle filter (Gordon et al.
    1993).

    Raises ValueError where the melody is more than one voice or leaves
    the first voice's compass.
    """
    T, voices = melody.pitches.shape
    _check(T, temperature)
    sung = melody.pitches[melody.pitches != REST]
    low, high = np.asarray(compass)[0]
    if voices != 1 or sung.size == 0:
        raise ValueError(f"melody: expected one voice, got {voices}")
    if sung.min() < low or sung.max() > high:
        raise ValueError(
            f"melody: expected pitches from {low} to {high}, got "
            f"{sung.min()} to {sung.max()}: transpose it"
        )
    given = encode(melody)[:, 0]
    frame = Frame(model, compass, B)
    tokens = np.zeros((T, B, model.V), int)
    cost = 0.0
    for t in progress(range(T)) if progress else range(T):
        place = (t - melody.pickup) % melody.bar
        frame.listen(place, melody.bar)
        log_w = frame.log_p(0).numpy()[:, given[t]]
        cost -= np.logaddexp.reduce(log_w) - np.log(B)
        chosen = resample(log_w, rng)
        tokens = tokens[:, chosen]
        frame.h, frame.before = frame.h[chosen], frame.before[chosen]
        frame.keep(chosen)
        tokens[t, :, 0] = given[t]
        frame.sing(0, tokens[t, :, 0])
        for v in range(1, model.V):
            tokens[t, :, v] = draw(frame.log_p(v, temperature), rng)
            frame.sing(v, tokens[t, :, v])
    about = melody._asdict()
    del about["pitches"], about["starts"]
    return decode(tokens[:, 0], **about), cost / T


def resample(log_w: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Indices 0 to B-1, each drawn about in proportion to its weight.

    One random number places a comb of B teeth over all weights, so that
    equal weights keep every index once.

    Shapes: log_w (B,) -> chosen (B,)
    """
    w = np.exp(log_w - log_w.max())
    B = len(w)
    teeth = (np.arange(B) + rng.random()) / B
    edges = np.cumsum(w) / w.sum()
    return np.minimum(np.searchsorted(edges, teeth, "right"), B - 1)


def _check(frames: int, temperature: float) -> None:
    if frames < 1:
        raise ValueError(f"frames: expected at least 1, got {frames}")
    if not temperature > 0:
        raise ValueError(
            f"temperature: expected more than 0, got {temperature}"
        )
