"""What is missing in a score, drawn to fit what is given before and after.

Any tokens may be given: a gap is filled, or a melody harmonised.
"""

import numpy as np
import torch

from rnncore.backend import check_shape
from rnncore.music.generate import (
    Frame,
    Progress,
    check_sampling,
    draw,
    possible_tokens,
)
from rnncore.music.score import (
    FIRST,
    HOLD,
    REST,
    TOKENS,
    Score,
    decode,
    encode,
    sounding,
    to_voices,
)
from rnncore.music.voices import NOTHING, VoiceModel, past_rows, slot_rows


def all_but(score: Score, first: int, last: int) -> np.ndarray:
    """Which tokens are given if frames `first` to `last` - 1 are a gap.

    A note that begins in the gap is not given after it either.

    Raises ValueError where the gap is empty or leaves the score.
    """
    T = len(score.pitches)
    if not 0 <= first < last <= T:
        raise ValueError(
            f"first, last: expected a gap within {T} frames, "
            f"got {first} to {last}"
        )
    held = encode(score) == HOLD
    given = np.ones(held.shape, bool)
    given[first:last] = False
    for t in range(last, T):
        given[t] = given[t - 1] | ~held[t]
    return given


def fill(
    model: VoiceModel,
    compass: np.ndarray,
    score: Score,
    given: np.ndarray,
    rng: np.random.Generator,
    B: int = 64,
    temperature: float = 1.0,
    progress: Progress = None,
) -> tuple[Score, float]:
    """Draw what is not given; also the nats of all that is.

    B fillings grow side by side. A token that is not given is drawn. One
    that is given multiplies each filling's weight by its probability
    there, and before the next draw fillings with small weights give way
    to copies of those with large ones: a particle filter. The one that
    is returned is, for large B and at temperature 1, a draw from
    p(missing | given).

    `given` is (T, V): True where the score's token is given.

    Raises ValueError where a hold is given and its note is not, or a
    given note leaves its voice's compass.
    Source: Gordon et al. 1993.
    """
    T, V = score.pitches.shape
    check_sampling(T, temperature)
    _check_given(model, compass, score, given)
    if B < 1:
        raise ValueError(f"B: expected at least 1, got {B}")
    tokens = encode(score)[:, None]  # one column until the first draw
    frame = Frame(model, compass, 1)
    log_w, cost = np.zeros(1), 0.0
    for t in progress(range(T)) if progress else range(T):
        frame.listen((t - score.pickup) % score.bar, score.bar)
        for v in range(V):
            if given[t, v]:
                token = tokens[t, 0, v]
                log_w = log_w + frame.log_p(v).numpy()[:, token]
            else:
                if len(log_w) < B or log_w.any():
                    cost -= np.logaddexp.reduce(log_w) - np.log(len(log_w))
                    chosen = resample(log_w, rng, B)
                    tokens, log_w = tokens[:, chosen], np.zeros(B)
                    frame.keep(chosen)
                log_p = frame.log_p(v, temperature)
                tokens[t, :, v] = draw(log_p, rng)
            frame.sing(v, tokens[t, :, v])
    total = np.logaddexp.reduce(log_w)
    one = rng.choice(len(log_w), p=np.exp(log_w - total))
    return _with(score, tokens[:, one]), cost - total + np.log(len(log_w))


def resample(
    log_w: np.ndarray, rng: np.random.Generator, B: int | None = None
) -> np.ndarray:
    """Indices of B fillings, each chosen about in proportion to its weight.

    One random number places a comb of B teeth over all weights, so that
    equal weights keep every index once. Without B, as many as there are.

    Shapes: log_w (N,) -> chosen (B,)
    """
    w = np.exp(log_w - log_w.max())
    B = B or len(w)
    teeth = (np.arange(B) + rng.random()) / B
    edges = np.cumsum(w) / w.sum()
    return np.minimum(np.searchsorted(edges, teeth, "right"), len(w) - 1)


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

    The melody is given, the voices below are missing: see `fill`.

    Raises ValueError where the melody is more than one voice or leaves
    the first voice's compass.
    """
    T, voices = melody.pitches.shape
    if voices != 1 or not (melody.pitches != REST).any():
        raise ValueError(f"melody: expected one voice, got {voices}")
    given = np.zeros((T, model.V), bool)
    given[:, 0] = True
    score = to_voices(melody, model.V)
    found, cost = fill(
        model, compass, score, given, rng, B, temperature, progress
    )
    return found, cost / T


def log_p_of(
    model: VoiceModel,
    compass: np.ndarray,
    tokens: np.ndarray,
    bar: int = 8,
    pickup: int = 0,
    since: int = 0,
) -> np.ndarray:
    """Log probabilities of given tokens, from frame `since` on.

    Before that frame all B scores must be the same: they are read once.

    Shapes: tokens (T, B, V) -> log_p (S, B, V)
    """
    T, B, V = tokens.shape
    pitches = np.zeros((T + 1, B, V), int)
    for t in range(T):
        pitches[t + 1] = sounding(tokens[t], pitches[t])
    before, starts = pitches[:-1], tokens >= FIRST
    began = np.concatenate([np.zeros((1, B, V), bool), starts[:-1]])
    place = np.repeat((np.arange(T)[:, None] - pickup) % bar, B, axis=1)
    rows = past_rows(before, began, place, bar)
    rows[0, :, :V] = NOTHING
    device = next(model.parameters()).device
    past, state = torch.tensor(rows, device=device), None
    slots = slot_rows(before, pitches[1:], starts)[since:]
    with torch.no_grad():
        if since:
            _, state = model.remember(past[:since, :1])
            state = state.repeat(1, B, 1)
        h, _ = model.remember(past[since:], state)
        asked = torch.tensor(slots, device=device)
        logits = model.choose(h[:, :, None], asked).cpu().double()
    possible = possible_tokens(before[since:], np.asarray(compass))
    logits[~torch.from_numpy(possible)] = -torch.inf
    log_p = torch.log_softmax(logits, -1).numpy()
    return np.take_along_axis(log_p, tokens[since:, ..., None], -1)[..., 0]


def conditional(
    model: VoiceModel,
    compass: np.ndarray,
    tokens: np.ndarray,
    t: int,
    v: int,
    bar: int = 8,
    pickup: int = 0,
) -> np.ndarray:
    """Log probabilities of one token, given all before and after it.

    Every token that is possible there is put in its place, and what it
    makes of the rest is added up.

    Shapes: tokens (T, V); t; v -> log_p (90,)
    """
    before = np.zeros(tokens.shape[1], int)
    for row in tokens[:t]:
        before = sounding(row, before)
    possible = possible_tokens(before, np.asarray(compass))[v]
    tried = np.repeat(tokens[:, None], possible.sum(), axis=1)
    tried[t, :, v] = np.flatnonzero(possible)
    log_p = np.full(TOKENS, -np.inf)
    every = log_p_of(model, compass, tried, bar, pickup, since=t)
    log_p[possible] = every.sum((0, 2))
    return log_p - np.logaddexp.reduce(log_p)


def revise(
    model: VoiceModel,
    compass: np.ndarray,
    score: Score,
    given: np.ndarray,
    rng: np.random.Generator,
    sweeps: int = 1,
) -> Score:
    """Draw each token that is not given again, given all the others.

    A sweep of Gibbs sampling goes through all of them once. It begins
    with the score, which must be one already.

    Raises ValueError where `fill` would.
    Source: Geman and Geman 1984.
    """
    _check_given(model, compass, score, given)
    tokens = encode(score)
    for _ in range(sweeps):
        for t, v in np.argwhere(~np.asarray(given)):
            log_p = conditional(
                model, compass, tokens, t, v, score.bar, score.pickup
            )
            tokens[t, v] = draw(torch.from_numpy(log_p[None]), rng)[0]
    return _with(score, tokens)


def _with(score: Score, tokens: np.ndarray) -> Score:
    """Other notes; bars, tempo and title as they are."""
    about = score._asdict()
    del about["pitches"], about["starts"]
    return decode(tokens, **about)


def _check_given(
    model: VoiceModel, compass: np.ndarray, score: Score, given: np.ndarray
) -> None:
    T = len(score.pitches)
    check_shape("pitches", score.pitches, T, model.V)
    check_shape("given", given, T, model.V)
    known = np.asarray(given, bool)
    before = np.vstack([np.zeros_like(known[:1]), known[:-1]])
    lost = known & ~before & (encode(score) == HOLD)
    if lost.any():
        t, v = np.argwhere(lost)[0]
        raise ValueError(
            f"given: frame {t}, voice {v} holds a note that is not given"
        )
    low, high = np.asarray(compass).T
    sung = known & (score.pitches != REST)
    out = sung & ((score.pitches < low) | (score.pitches > high))
    if out.any():
        t, v = np.argwhere(out)[0]
        raise ValueError(
            f"score: expected pitches from {low[v]} to {high[v]} in voice "
            f"{v}, got {score.pitches[t, v]}: transpose it"
        )
