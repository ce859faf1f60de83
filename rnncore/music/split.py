"""Pieces apart: what is nearly the same piece stays on one side."""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rnncore.music.score import FIRST, LOWEST, REST, Score, encode

INCIPIT = 12  # notes by which a melody is known


class ScoreParts(NamedTuple):
    """A collection in three parts that share no piece."""

    train: list[Score]
    validation: list[Score]
    test: list[Score]


def fingerprint(score: Score) -> str:
    """The same for a score and its transpositions, else another.

    All notes count, and nothing else: title, tempo and bars do not.
    """
    tokens = encode(score).astype(np.int64)
    struck = tokens >= FIRST
    if struck.any():
        tokens[struck] -= tokens[struck].min()
        tokens[struck] += FIRST
    size = str(tokens.shape).encode()
    return hashlib.sha256(size + tokens.tobytes()).hexdigest()


def melody(score: Score) -> str:
    """The same for all settings of a tune: how its notes begin to move.

    The first twelve steps of the first voice, without rhythm and key;
    repeated notes count once.
    """
    sung = score.pitches[:, 0]
    sung = sung[sung != REST]
    steps = np.diff(sung)
    steps = steps[steps != 0][:INCIPIT]
    return hashlib.sha256(steps.astype(np.int64).tobytes()).hexdigest()


def groups(
    scores: Sequence[Score], alike: Sequence[Callable[[Score], str]]
) -> list[list[int]]:
    """Which scores belong together: those that agree in one of `alike`.

    If one and two agree in their notes, and two and three in their tune,
    then all three are a group.
    """
    from scipy.cluster.hierarchy import DisjointSet

    found = DisjointSet(range(len(scores)))
    for key in alike:
        first: dict[str, int] = {}
        for k, score in enumerate(scores):
            found.merge(k, first.setdefault(key(score), k))
    return sorted(map(sorted, found.subsets()))


def split(
    scores: Sequence[Score],
    validation: float = 0.15,
    test: float = 0.2,
    alike: Sequence[Callable[[Score], str]] = (fingerprint, melody),
    seed: int = 0,
) -> ScoreParts:
    """Train, validation and test, a group whole on one side.

    A group's place comes from a hash of its notes and the seed, so that
    every machine and every order of the files gives the same parts.
    Transposing comes after the split.

    Raises ValueError where the parts cannot all be filled.
    """
    found = groups(scores, alike)
    if len(found) < 3:
        raise ValueError(
            "scores: expected at least 3 different pieces, "
            f"got {len(found)} among {len(scores)}"
        )
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise ValueError(
            "validation, test: expected shares with a sum below 1, "
            f"got {validation} and {test}"
        )
    found.sort(key=lambda group: _place(scores, group, seed))
    parts: list[list[Score]] = [[], []]
    for part, share, later in zip(
        parts, (test, validation), (2, 1), strict=True
    ):
        while not part or (
            len(part) < share * len(scores) and len(found) > later
        ):
            part += [scores[k] for k in found.pop()]
    rest = sorted(k for group in found for k in group)
    return ScoreParts([scores[k] for k in rest], parts[1], parts[0])


def _place(scores: Sequence[Score], group: list[int], seed: int) -> str:
    prints = min(fingerprint(scores[k]) for k in group)
    return hashlib.sha256(f"{seed} {prints}".encode()).hexdigest()


def compass(scores: Sequence[Score]) -> np.ndarray:
    """The lowest and the highest pitch that each voice ever sings.

    Shapes: scores -> compass (V, 2)

    Raises ValueError where the scores have not equally many voices.
    """
    if len({s.pitches.shape[1] for s in scores}) != 1:
        raise ValueError("scores: expected equally many voices in all")
    pitches = np.concatenate([s.pitches for s in scores])
    low = np.where(pitches == REST, 1000, pitches).min(0)
    high = pitches.max(0)
    low = np.where(high == REST, LOWEST, low)
    return np.stack([low, np.maximum(low, high)], axis=1)
