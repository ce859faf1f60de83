"""What an ear would notice: compass, motion, parallels, repetition."""

from collections.abc import Sequence

import numpy as np

from rnncore.music.score import HOLD, REST, SILENCE, Score, encode

FIFTH, OCTAVE = 7, 0  # semitones between two voices, octaves taken off


def parallels(score: Score, interval: int) -> int:
    """How often two voices move together and stay this far apart.

    Both must move, to other pitches, and the interval be the same before
    and after, give or take octaves: what pupils are told to avoid for
    fifths and octaves.
    """
    p = score.pitches
    found = 0
    for u in range(p.shape[1]):
        for v in range(u + 1, p.shape[1]):
            a, b = p[:, u], p[:, v]
            sings = (a != REST) & (b != REST)
            apart = (a - b) % 12 == interval
            both = (a[1:] != a[:-1]) & (b[1:] != b[:-1])
            kept = apart[1:] & apart[:-1] & sings[1:] & sings[:-1]
            found += int((both & kept).sum())
    return found


def moves(score: Score) -> int:
    """How often two voices move at once: the chances for a parallel."""
    p = score.pitches
    sings = (p[1:] != REST) & (p[:-1] != REST)
    moving = ((p[1:] != p[:-1]) & sings).sum(1)
    return int((moving * (moving - 1) // 2).sum())


def longest_note(score: Score) -> int:
    """Frames of the longest note, over all voices."""
    longest = run = np.zeros(score.pitches.shape[1], int)
    for sings, starts in zip(
        score.pitches != REST, score.starts, strict=True
    ):
        run = np.where(starts, 1, run + 1) * sings
        longest = np.maximum(longest, run)
    return int(longest.max())


def said_again(score: Score, window: int = 8) -> float:
    """The share of windows of frames that stood in the piece before.

    Pitches count, whatever the key they stand in.
    """
    seen: set[bytes] = set()
    again = 0
    keys = _windows(score, window)
    for key in keys:
        again += key in seen
        seen.add(key)
    return again / len(keys) if keys else 0.0


def passages(scores: Sequence[Score], window: int = 8) -> set[bytes]:
    """All windows of so many frames in some scores, whatever their key."""
    return {key for score in scores for key in _windows(score, window)}


def copied(score: Score, known: set[bytes], window: int = 8) -> float:
    """The share of windows of frames that are known `passages`.

    A model that recites its training set is at 1.
    """
    keys = _windows(score, window)
    return sum(k in known for k in keys) / len(keys) if keys else 0.0


def consonance(score: Score) -> float:
    """The share of frames whose pitches are a triad, or part of one."""
    triads = [{0, 4, 7}, {0, 3, 7}, {0, 3, 6}]
    chords = [
        {(root + k) % 12 for k in kind}
        for kind in triads
        for root in range(12)
    ]
    good = [
        any({int(p) % 12 for p in row if p != REST} <= c for c in chords)
        for row in score.pitches
    ]
    return float(np.mean(good))


def habits(
    scores: Sequence[Score], others: Sequence[Score] = (), window: int = 8
) -> dict[str, float]:
    """All of it, as means over some scores; parallels per 100 chances."""
    chances = max(1, sum(moves(s) for s in scores))
    sung = [s.pitches[s.pitches != REST] for s in scores]
    steps = np.concatenate([_steps(s) for s in scores])
    found = {
        "lowest pitch": float(min(p.min() for p in sung)),
        "highest pitch": float(max(p.max() for p in sung)),
        "steps of up to a tone, %": 100 * float(np.mean(steps <= 2)),
        "leaps over an octave, %": 100 * float(np.mean(steps > 12)),
        "frames in a triad, %": _percent([consonance(s) for s in scores]),
        "voices crossed, %": _percent([_crossed(s) for s in scores]),
        "parallel fifths, %": 100
        * sum(parallels(s, FIFTH) for s in scores)
        / chances,
        "parallel octaves, %": 100
        * sum(parallels(s, OCTAVE) for s in scores)
        / chances,
        "bars said again, %": _percent(
            [said_again(s, window) for s in scores]
        ),
        "longest note, frames": float(max(longest_note(s) for s in scores)),
    }
    if others:
        known = passages(others, window)
        found["copied from training, %"] = _percent(
            [copied(s, known, window) for s in scores]
        )
    return found


def _percent(shares: Sequence[float]) -> float:
    return 100 * float(np.mean(shares))


def _steps(score: Score) -> np.ndarray:
    """How far each voice moves where it moves, in semitones."""
    p = score.pitches
    moves = (p[1:] != p[:-1]) & (p[1:] != REST) & (p[:-1] != REST)
    return np.abs(np.diff(p, axis=0))[moves]


def _crossed(score: Score) -> float:
    p = score.pitches
    sings = (p[:, 1:] != REST) & (p[:, :-1] != REST)
    return float(((p[:, 1:] > p[:, :-1]) & sings).any(1).mean())


def _windows(score: Score, window: int) -> list[bytes]:
    """Each window's tokens, moved so that its lowest note is 0."""
    tokens = encode(score).astype(np.int64)
    found = []
    for t in range(len(tokens) - window + 1):
        part = tokens[t : t + window].copy()
        notes = (part != HOLD) & (part != SILENCE)
        if notes.any():
            part[notes] -= part[notes].min() - 1000
            found.append(part.tobytes())
    return found
