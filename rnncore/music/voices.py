"""The joint model: a frame's voices in turn, each given those before it.

p(frame | past) = p(soprano | past) p(alto | soprano, past) ...: a product
of choices among 90 tokens, and no voice is independent of another.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, dropout

from rnncore import nn
from rnncore.backend import check_shape
from rnncore.music.score import (
    FIRST,
    HOLD,
    KEYS,
    LOWEST,
    REST,
    TOKENS,
    Score,
    encode,
    piano_roll,
    positions,
    sounding,
)
from rnncore.text.sampling import draw_tokens

NOTHING = 0  # the row of a table that adds nothing
LONGEST_BAR = 32  # frames; what lies further from a bar line counts alike
ROWS = 1 + KEYS  # silence, or a key


class Facts(NamedTuple):
    """What the model reads, as rows of its tables, and what is right."""

    past: Any  # (T, B, A): about the frame before, and the bar
    slots: Any  # (T, B, V, C): own pitch before, voices already chosen
    may_hold: Any  # (T, B, V) bool: whether HOLD is possible
    targets: Any  # (T, B, V): tokens
    counts: Any  # (T, B): 1 in a frame that counts, 0 in padding


class VoiceModel(torch.nn.Module):
    """A GRU over frames; within a frame one small layer, asked V times.

    What is known is a handful of facts, each a row of a table; the rows
    are added up.

    Shapes: past (T, B, A); slots (T, B, V, C) -> logits (T, B, V, 90)
    """

    def __init__(
        self, V: int = 4, hidden: int = 256, width: int = 128,
        drop: float = 0.2,
    ):  # fmt: skip
        super().__init__()
        self.V, self.drop = V, drop
        past = 1 + V * 2 * ROWS + 2 * LONGEST_BAR
        slots = 1 + V * ROWS + V * (V - 1) * ROWS
        self.past = Table(past, width)
        self.memory = nn.GRU(width, hidden)
        self.lift = torch.nn.Linear(hidden, hidden)
        self.slots = Table(slots, hidden)
        self.readout = torch.nn.Linear(hidden, TOKENS)

    def remember(self, past: Tensor, state=None) -> tuple[Tensor, Any]:
        """What is left of all frames before, and the state to go on."""
        x = self.past(past)
        h, state = self.memory(dropout(x, self.drop, self.training), state)
        return self.lift(dropout(h, self.drop, self.training)), state

    def choose(self, h: Tensor, slots: Tensor) -> Tensor:
        """Logits of a voice's tokens, from the past and its slot."""
        return self.readout(torch.tanh(h + self.slots(slots)))

    def forward(self, past: Tensor, slots: Tensor) -> Tensor:
        """Logits of all voices, each given the true ones before it."""
        h, _ = self.remember(past)
        return self.choose(h[:, :, None], slots)


class Table(torch.nn.EmbeddingBag):
    """Rows that are looked up and added; row 0 is nothing, and stays so.

    Shapes: rows (T, B, C) -> x (T, B, D)
    """

    def __init__(self, rows: int, width: int):
        super().__init__(rows, width, mode="sum", padding_idx=NOTHING)
        with torch.no_grad():
            self.weight.mul_(0.2)  # the sum of ten is then about 0.6

    def forward(self, rows: Tensor) -> Tensor:  # type: ignore[override]
        """The sum of the rows, whatever stands before the last axis."""
        sums = super().forward(rows.reshape(-1, rows.shape[-1]))
        return sums.reshape(*rows.shape[:-1], -1)


def past_rows(
    pitches: np.ndarray, starts: np.ndarray, position: np.ndarray, bar: int
) -> np.ndarray:
    """Rows about the frame before this one, and about this one's place.

    For each voice its last pitch and whether the note began there; the
    frames since the last bar line, and the frames until the next.

    Shapes: pitches (T, V); starts (T, V); position (T,) -> past (T, A)
    """
    V = pitches.shape[-1]
    key = np.where(pitches == REST, 0, pitches - LOWEST + 1)
    voice = 1 + key + ROWS * (2 * np.arange(V) + starts)
    behind = np.minimum(position, LONGEST_BAR - 1)
    ahead = np.minimum(bar - 1 - position, LONGEST_BAR - 1)
    first = 1 + V * 2 * ROWS
    place = np.stack([first + behind, first + LONGEST_BAR + ahead], -1)
    return np.concatenate([voice, place], -1)


def slot_rows(
    before: np.ndarray, now: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Rows about a voice's own last pitch and the voices chosen before it.

    Shapes: before (T, V); now (T, V); starts (T, V) -> slots (T, V, V)
    """
    V = before.shape[-1]
    key = np.where(before == REST, 0, before - LOWEST + 1)
    own = 1 + key + ROWS * np.arange(V)
    key = np.where(now == REST, 0, now - LOWEST + 1) + ROWS * starts
    rows = np.zeros((*before.shape, V), np.int64)  # NOTHING
    for v in range(V):
        rows[..., v, 0] = own[..., v]
        for u in range(v):
            pair = v * (v - 1) // 2 + u  # its own rows: voice v reads u
            rows[..., v, 1 + u] = 1 + ROWS * (V + 2 * pair) + key[..., u]
    return rows


def facts(score: Score, joint: bool = True) -> Facts:
    """All that the model reads about one score, without a batch axis.

    Without `joint` each voice is told nothing of the others in its frame:
    the model with independent voices.

    Shapes: score -> past (T, A); slots (T, V, C); may_hold (T, V);
        targets (T, V); counts (T,)
    """
    tokens = encode(score)
    T, V = tokens.shape
    silent = np.zeros((1, V), int)
    before = np.vstack([silent, score.pitches[:-1]])
    began = np.vstack([silent, score.starts[:-1]])
    past = past_rows(before, began, positions(score), score.bar)
    past[0, :V] = NOTHING  # before the first frame was nothing, not a rest
    slots = slot_rows(before, score.pitches, score.starts)
    if not joint:
        slots[..., 1:] = NOTHING
    past, slots = past.astype(np.int32), slots.astype(np.int32)
    return Facts(past, slots, before != REST, tokens, np.ones(T))


def together(
    pieces: Sequence[Facts], device: torch.device | str = "cpu"
) -> Facts:
    """Pieces side by side, the shorter ones padded at their end."""
    T = max(len(p.counts) for p in pieces)
    parts = []
    for name in Facts._fields:
        rows = [np.asarray(getattr(p, name)) for p in pieces]
        shape = (T, len(pieces), *rows[0].shape[1:])
        kind = np.float32 if name == "counts" else rows[0].dtype
        joined = np.full(shape, name == "may_hold", kind)
        for b, row in enumerate(rows):
            joined[: len(row), b] = row
        parts.append(torch.tensor(joined, device=device))
    return Facts(*parts)


def masked_logits(logits: Tensor, may_hold: Tensor) -> Tensor:
    """The logits with HOLD made impossible where nothing sounds.

    Shapes: logits (T, B, 90); may_hold (T, B) -> logits (T, B, 90)
    """
    hold = torch.zeros_like(logits, dtype=torch.bool)
    hold[..., HOLD] = ~may_hold
    return logits.masked_fill(hold, -torch.inf)


def voice_nats(model: VoiceModel, batch: Facts) -> Tensor:
    """Minus the log probability of each voice's token in each frame.

    Shapes: batch -> nats (T, B, V)
    """
    logits = masked_logits(model(batch.past, batch.slots), batch.may_hold)
    check_shape("targets", batch.targets, *logits.shape[:-1])
    nats = cross_entropy(
        logits.flatten(0, 2), batch.targets.flatten(), reduction="none"
    )
    return nats.unflatten(0, batch.targets.shape)


def voice_loss(
    model: VoiceModel, batch: Facts, carry: None = None
) -> tuple[Tensor, None]:
    """Nats a frame: summed over voices, averaged over frames.

    The first frame counts here: a model that composes needs one.
    """
    nats = voice_nats(model, batch).sum(-1)
    return (nats * batch.counts).sum() / batch.counts.sum(), None


def voice_batches(
    scores: Sequence[Score],
    B: int = 16,
    longest: int = 96,
    shifts: int = 0,
    joint: bool = True,
    device: torch.device | str = "cpu",
) -> Callable[[np.random.Generator, int], Facts]:
    """For `train_module`: B windows of pieces, each in a key of its own.

    With `shifts`, each is moved by up to so many semitones, as far as the
    piano reaches.
    """
    known = {
        (k, s): facts(moved(score, s), joint)
        for k, score in enumerate(scores)
        for s in range(-shifts, shifts + 1)
    }

    def next_batch(rng: np.random.Generator, step: int) -> Facts:
        chosen = []
        for k in rng.integers(len(scores), size=B):
            piece = known[k, int(rng.integers(-shifts, shifts + 1))]
            at = rng.integers(max(1, len(piece.counts) - longest + 1))
            window = slice(at, at + longest)
            chosen.append(Facts(*(part[window] for part in piece)))
        return together(chosen, device)

    return next_batch


def moved(score: Score, semitones: int) -> Score:
    """The score in another key; as it is where the piano ends."""
    sung = score.pitches[score.pitches != REST] + semitones
    if sung.size == 0 or sung.min() < LOWEST or sung.max() >= LOWEST + KEYS:
        return score
    pitches = score.pitches + semitones * (score.pitches != REST)
    return score._replace(pitches=pitches)


def score_nats(
    model: VoiceModel,
    scores: Sequence[Score],
    joint: bool = True,
    B: int = 32,
) -> float:
    """Nats a frame on whole pieces, the first frame of each left out.

    It counts what stands beside the frame model's score: the same frames.

    Raises ValueError where no score has a second frame.
    """
    pieces = [facts(s, joint) for s in scores if len(s.pitches) > 1]
    if not pieces:
        raise ValueError("scores: expected one of two frames or more")
    pieces.sort(key=lambda p: len(p.counts))
    device = next(model.parameters()).device
    total = count = 0.0
    with torch.no_grad():
        for k in range(0, len(pieces), B):
            batch = together(pieces[k : k + B], device)
            nats = voice_nats(model, batch).sum(-1)
            total += float((nats * batch.counts)[1:].sum())
            count += float(batch.counts[1:].sum())
    return total / count


def marginals(
    model: VoiceModel, score: Score, rng: np.random.Generator, draws: int
) -> tuple[np.ndarray, np.ndarray]:
    """What the model thinks of a frame if it is told nothing but the past.

    p(alto | past) is the mean of p(alto | soprano, past) over sopranos
    that the model draws itself, and so on down. A key sounds if a voice
    sings it that none above it sings.

    Shapes: score; rng; draws -> tokens (T, V, 90); keys (T, 88)
    """
    known = facts(score)
    T, V = known.targets.shape
    before = np.vstack([np.zeros((1, V), int), score.pitches[:-1]])
    before = np.repeat(before, draws, axis=0)  # (T*draws, V)
    now, starts = np.zeros_like(before), np.zeros_like(before, bool)
    tokens, keys = np.zeros((T, V, TOKENS)), np.zeros((T, KEYS))
    taken = np.zeros((len(before), KEYS), bool)  # by a voice above
    each = np.arange(len(before))
    with torch.no_grad():
        h, _ = model.remember(torch.tensor(known.past[:, None]))
        h = h[:, 0].repeat_interleave(draws, 0)
        for v in range(V):
            rows = torch.tensor(slot_rows(before, now, starts)[:, v])
            may_hold = torch.tensor(before[:, v] != REST)
            logits = masked_logits(model.choose(h, rows), may_hold)
            p = torch.softmax(logits.double(), -1).numpy()
            tokens[:, v] = p.reshape(T, draws, -1).mean(1)
            sings = p[:, FIRST:].copy()
            held = np.maximum(before[:, v] - LOWEST, 0)
            sings[each, held] += p[:, HOLD]
            keys += (sings * ~taken).reshape(T, draws, -1).mean(1)
            chosen = draw_tokens(rng, p)
            now[:, v] = sounding(chosen, before[:, v])
            starts[:, v] = chosen >= FIRST
            sung = now[:, v] != REST
            taken[each[sung], now[sung, v] - LOWEST] = True
    return tokens, keys


def independent_nats(
    model: VoiceModel,
    scores: Sequence[Score],
    rng: np.random.Generator,
    draws: int = 64,
) -> tuple[np.ndarray, np.ndarray]:
    """What the same model pays with independent voices, and with keys.

    From its own `marginals`; with few draws they are a little off, and
    the costs too high. First frames are left out, so that N are left.

    Shapes: scores; rng -> voices (N, V); keys (N,)
    """
    voices, keys = [], []
    for score in scores:
        p, sounds = marginals(model, score, rng, draws)
        right = encode(score)[..., None]
        voices.append(-np.log(np.take_along_axis(p, right, -1))[1:, :, 0])
        y = piano_roll(score)[0]
        sounds = np.clip(sounds, 1e-9, 1 - 1e-9)
        cost = -np.log(np.where(y, sounds, 1 - sounds)).sum(1)
        keys.append(cost[1:])
    return np.concatenate(voices), np.concatenate(keys)
