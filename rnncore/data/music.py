"""Irish dance tunes, Bach's chorales, and a small instrument."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnncore.music.score import Score, decode

__all__ = [
    "Note",
    "chorales",
    "pluck",
    "synthesise",
    "tunes",
]


def __dir__() -> list[str]:
    return __all__


REELS = Path(__file__).parent / "reels.npz"
CHORALES = Path(__file__).parent / "chorales.npz"


class Note(NamedTuple):
    """One note of a tune."""

    pitch: int  # MIDI: 60 is middle C, and 12 make an octave
    beats: float  # how long, in quarter notes


def tunes() -> dict[str, tuple[Note, ...]]:
    """The reels of O'Neill's collection of 1903, title to notes, in order.

    They come with the package: `python -m tools.build.music_data` made the
    file from music21's corpus. Repeats are not played out, ornaments and
    rests left out; of tunes with one title the first is here.
    """
    with np.load(REELS, allow_pickle=False) as file:
        notes = tuple(
            map(Note, file["pitches"].tolist(), file["beats"].tolist())
        )
        ends = file["ends"].tolist()
        titles, begins = file["titles"].tolist(), [0, *ends[:-1]]
        return {
            title: notes[begin:end]
            for title, begin, end in zip(titles, begins, ends, strict=True)
        }


def synthesise(
    notes: tuple[Note, ...],
    rate: int = 11_025,
    beats_per_minute: float = 200,
) -> np.ndarray:
    """A tune as samples between -1 and 1: plucked, with four overtones.

    Raises ValueError where there is no note.
    """
    if not notes:
        raise ValueError("notes: expected at least one")
    return np.concatenate(
        [pluck(n, rate, 60 / beats_per_minute) for n in notes]
    )


def pluck(note: Note, rate: int, seconds_a_beat: float) -> np.ndarray:
    """One note: a sum of fading sines, silent at both its ends.

    Raises ValueError where the note is too short for a single sample.
    """
    samples = round(note.beats * seconds_a_beat * rate)
    if samples < 1:
        raise ValueError(
            f"note: expected at least one sample, got {note.beats} beats "
            f"of {seconds_a_beat:g} s at {rate} samples a second"
        )
    t = np.arange(samples) / rate
    frequency = 440 * 2 ** ((note.pitch - 69) / 12)
    tone = sum(
        np.sin(2 * np.pi * k * frequency * t) * np.exp(-3 * k * t) / k**1.5
        for k in range(1, 6)
        if k * frequency < rate / 2
    )
    edges = np.minimum(1, np.minimum(t, t[-1] - t) / 0.005)
    return 0.45 * tone * edges


def chorales() -> list[Score]:
    """Bach's chorales in four parts, on a grid of eighth notes.

    They come with the package: `python -m tools.build.music_data` made the
    file from music21's corpus, which takes minutes to read. Each is in its
    own key, and has its number in the catalogue of Bach's works for a
    title; a piece that stands in the corpus under two numbers is here
    once. It is not the set of the published scores, nor their split.
    """
    with np.load(CHORALES, allow_pickle=False) as file:
        about = zip(
            np.split(file["tokens"].astype(int), file["ends"][:-1]),
            file["bars"].tolist(),
            file["pickups"].tolist(),
            file["names"].tolist(),
            strict=True,
        )
        return [
            decode(
                tokens,
                bar=bar,
                pickup=pickup,
                title=name.replace("bwv", "BWV "),
            )
            for tokens, bar, pickup, name in about
        ]
