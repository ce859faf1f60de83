"""A score as numbers: voices over a grid of frames, tokens, piano roll."""

from typing import NamedTuple

import numpy as np

REST = 0  # the pitch of a silent voice; all others are MIDI numbers
LOWEST = 21  # the lowest of a piano's keys; 60 is middle C
KEYS = 88
HOLD = 0  # token: go on with what you sing
SILENCE = 1  # token: be silent
FIRST = 2  # token: strike the lowest key
TOKENS = FIRST + KEYS


class Score(NamedTuple):
    """Some voices, the highest first, at the beginning of every frame."""

    pitches: np.ndarray  # (T, V): MIDI numbers, REST where silent
    starts: np.ndarray  # (T, V): whether a note begins, or goes on
    frame: float = 0.5  # length of a frame in quarter notes
    tempo: float = 80.0  # quarter notes a minute
    bar: int = 8  # frames in a bar
    pickup: int = 0  # frames before the first whole bar
    title: str = ""


def encode(score: Score) -> np.ndarray:
    """One token per voice and frame: HOLD, SILENCE or the struck key.

    A note held over four frames is its key and three HOLDs: a note
    struck twice differs from one that is held.

    Shapes: score -> tokens (T, V)

    Raises ValueError where this is no score; see `check_score`.
    """
    check_score(score)
    struck = score.pitches - LOWEST + FIRST
    tokens = np.where(score.starts, struck, HOLD)
    return np.where(score.pitches == REST, SILENCE, tokens)


def decode(tokens: np.ndarray, **about) -> Score:
    """The score that `encode` made tokens of; `about`: tempo and the like.

    Shapes: tokens (T, V) -> score

    Raises ValueError where a token is none, or holds on to nothing.
    """
    tokens = np.asarray(tokens)
    if tokens.ndim != 2 or tokens.dtype.kind not in "iu":
        raise ValueError(
            "tokens: expected integers (T, V), "
            f"got {tokens.dtype} {tokens.shape}"
        )
    known = (tokens >= 0) & (tokens < TOKENS)
    frames = np.arange(len(tokens))[:, None]
    last = np.maximum.accumulate(np.where(tokens == HOLD, -1, frames))
    held = np.take_along_axis(tokens, np.maximum(last, 0), axis=0)
    wrong = ~known | (tokens == HOLD) & ((last < 0) | (held == SILENCE))
    if wrong.any():
        t, v = np.argwhere(wrong)[0]
        raise ValueError(
            f"tokens: no score has token {tokens[t, v]} at frame {t} in "
            f"voice {v}"
        )
    pitches = np.where(held == SILENCE, REST, held - FIRST + LOWEST)
    return check_score(Score(pitches, tokens >= FIRST, **about))


def sounding(tokens: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The pitches that sound in a frame, given those of the frame before.

    Shapes: tokens (T, V); before (T, V) -> pitches (T, V)
    """
    struck = tokens - FIRST + LOWEST
    now = np.where(tokens == HOLD, before, struck)
    return np.where(tokens == SILENCE, REST, now)


def allowed_tokens(before: np.ndarray) -> np.ndarray:
    """Which tokens may follow: all, but HOLD only where a note sounds.

    Shapes: before (B, K) -> allowed (B, K, 90)
    """
    before = np.asarray(before)
    allowed = np.ones((*before.shape, TOKENS), bool)
    allowed[..., HOLD] = before != REST
    return allowed


def transpose(score: Score, semitones: int) -> Score:
    """The score transposed up by semitones; silence stays silence.

    Raises ValueError where a note would leave the piano.
    """
    moved = score.pitches + semitones * (score.pitches != REST)
    return check_score(score._replace(pitches=moved))


def piano_roll(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """The keys that sound in each frame, and those that are struck.

    Which voice sings what is lost, and so is a unison's second voice.

    Shapes: score -> sounds (T, 88); struck (T, 88)
    """
    check_score(score)
    sounds = np.zeros((len(score.pitches), KEYS), bool)
    struck = np.zeros_like(sounds)
    t, v = np.nonzero(score.pitches)
    key = score.pitches[t, v] - LOWEST
    sounds[t, key] = True
    np.logical_or.at(struck, (t, key), score.starts[t, v])
    return sounds, struck


def from_piano_roll(
    sounds: np.ndarray, struck: np.ndarray, voices: int = 0, **about
) -> Score:
    """A score with this piano roll: the highest key to the first voice.

    A held note stays in its voice. There are as many voices as keys ever
    sound at once, or `voices` if that is more.

    Shapes: sounds (T, 88); struck (T, 88) -> score

    Raises ValueError where a shape does not fit.
    """
    sounds, struck = np.asarray(sounds, bool), np.asarray(struck, bool)
    if sounds.ndim != 2 or sounds.shape[1] != KEYS:
        raise ValueError(f"sounds: expected (T, 88), got {sounds.shape}")
    if struck.shape != sounds.shape:
        raise ValueError(
            f"struck: expected {sounds.shape}, got {struck.shape}"
        )
    V = max(voices, int(sounds.sum(1).max(initial=1)))
    pitches = np.zeros((len(sounds), V), int)
    starts = np.zeros((len(sounds), V), bool)
    before = np.zeros(V, int)
    for t, keys in enumerate(sounds):
        new = list(np.flatnonzero(keys)[::-1] + LOWEST)
        for v, pitch in enumerate(before):
            if pitch in new and not struck[t, pitch - LOWEST]:
                pitches[t, v] = pitch
                new.remove(pitch)
        for pitch in new:
            v = _free_voice(pitches[t], pitch)
            pitches[t, v], starts[t, v] = pitch, True
        before = pitches[t]
    return Score(pitches, starts, **about)


def _free_voice(sung: np.ndarray, pitch: int) -> int:
    """The first free voice below all voices that sing higher."""
    higher = np.flatnonzero(sung > pitch)
    free = np.flatnonzero(sung == REST)
    below = free[free > higher.max(initial=-1)]
    return int(below[0] if below.size else free[-1])


def check_score(score: Score) -> Score:
    """The score itself, if it is one.

    Raises ValueError naming the field where a pitch is no piano key, a
    note goes on that never began, or a length, tempo or bar is not
    positive.
    """
    pitches, starts = score.pitches, score.starts
    if pitches.ndim != 2 or 0 in pitches.shape:
        raise ValueError(f"pitches: expected (T, V), got {pitches.shape}")
    if starts.shape != pitches.shape or starts.dtype != bool:
        raise ValueError(
            f"starts: expected bool {pitches.shape}, "
            f"got {starts.dtype} {starts.shape}"
        )
    keys = (pitches >= LOWEST) & (pitches < LOWEST + KEYS)
    if not (keys | (pitches == REST)).all():
        strange = pitches[~(keys | (pitches == REST))][0]
        raise ValueError(
            f"pitches: expected 21 to 108, or 0 for a rest, got {strange}"
        )
    before = np.vstack([np.zeros_like(pitches[:1]), pitches[:-1]])
    held = ~starts & (pitches != REST)
    wrong = held & (pitches != before) | starts & (pitches == REST)
    if wrong.any():
        t, v = np.argwhere(wrong)[0]
        raise ValueError(
            f"starts: voice {v} holds at frame {t} what did not sound, "
            "or begins a rest"
        )
    if not (score.frame > 0 and score.tempo > 0 and score.bar > 0):
        raise ValueError(
            "frame, tempo, bar: expected more than 0, got "
            f"{score.frame}, {score.tempo}, {score.bar}"
        )
    if not 0 <= score.pickup < score.bar:
        raise ValueError(
            f"pickup: expected 0 to {score.bar - 1}, got {score.pickup}"
        )
    return score


def positions(score: Score) -> np.ndarray:
    """Where in its bar each frame stands: 0 is the bar's first.

    Shapes: score -> position (T,)
    """
    return (np.arange(len(score.pitches)) - score.pickup) % score.bar


def to_voices(score: Score, V: int) -> Score:
    """The score in V voices: silent ones added, or inner ones left out.

    Of more than V voices the outer ones stay: first, last, second, ...
    """
    T, have = score.pitches.shape
    if have <= V:
        more = np.zeros((T, V - have), int)
        return score._replace(
            pitches=np.hstack([score.pitches, more]),
            starts=np.hstack([score.starts, more.astype(bool)]),
        )
    keep = [*range((V + 1) // 2), *range(have - V // 2, have)]
    return score._replace(
        pitches=score.pitches[:, keep], starts=score.starts[:, keep]
    )
