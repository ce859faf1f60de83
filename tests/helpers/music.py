"""Scores for the tests of rnncore.music: any there can be, and a few."""

import io
import re
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from rnncore.music.score import (
    FIRST,
    HOLD,
    KEYS,
    LOWEST,
    REST,
    SILENCE,
    Score,
    allowed_tokens,
    decode,
    sounding,
)

PIECES = {"train": 6, "valid": 2, "test": 3}  # of `published_rolls`


def any_tokens(rng, T, V, low=LOWEST, high=LOWEST + KEYS - 1):
    """Tokens of a legal score: holds, rests and keys mixed."""
    tokens = np.zeros((T, V), int)
    before = np.full(V, REST)
    for t in range(T):
        key = rng.integers(low, high + 1, V) - LOWEST + FIRST
        kinds = rng.choice([HOLD, SILENCE, FIRST], V, p=[0.5, 0.15, 0.35])
        tokens[t] = np.where(kinds == FIRST, key, kinds)
        may_hold = allowed_tokens(before)[:, HOLD]
        tokens[t] = np.where((kinds == HOLD) & ~may_hold, key, tokens[t])
        before = sounding(tokens[t], before)
    return tokens


@st.composite
def scores(draw, most=24, voices=(1, 5)):
    """Any score."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    T, V = draw(st.integers(1, most)), draw(st.integers(*voices))
    bar = draw(st.sampled_from([4, 6, 8, 12]))
    pickup = draw(st.integers(0, bar - 1))
    tempo = draw(st.integers(40, 200))
    return decode(
        any_tokens(rng, T, V), tempo=float(tempo), bar=bar, pickup=pickup
    )


def score(rows, **about):
    """A score from rows of tokens by name: 60 a key, "-" a hold, "." a rest."""
    signs = {"-": HOLD, ".": SILENCE}
    tokens = [
        [signs[x] if x in signs else x - LOWEST + FIRST for x in row]
        for row in rows
    ]
    return decode(np.array(tokens), **about)


def same_music(a: Score, b: Score) -> bool:
    """Whether two scores have the same notes, voice by voice."""
    return np.array_equal(a.pitches, b.pitches) and np.array_equal(
        a.starts, b.starts
    )


def airs(count):
    """James Aird's airs of 1782, as music21 reads them."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus/airdsAirs/book1.abc"
    text = corpus.read_text("latin-1")
    tunes = re.split(r"^(?=X:)", text, flags=re.MULTILINE)[1:]
    for tune in tunes[:count]:
        yield music21.converter.parse(tune, format="abc")


def published_rolls(rng):
    """A .mat in three parts, of pieces in which two chords alternate."""
    chords = np.zeros((2, 88))
    chords[0, [30, 34, 37]], chords[1, [32, 35, 39]] = 1, 1
    cells = {}
    for name, count in PIECES.items():
        pieces = np.empty((1, count), object)
        for k in range(count):
            frames = int(rng.integers(6, 12))
            pieces[0, k] = chords[(np.arange(frames) + k) % 2]
        cells[f"{name}data"] = pieces
    from scipy.io import savemat  # .ci/python has no SciPy

    file = io.BytesIO()
    savemat(file, cells)
    return file.getvalue()
