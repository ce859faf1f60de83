"""One file of tunes, in the shape in which music21 gives it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from .exceptions21 import Music21Exception

FILE = "oneills1850/1376-1475.abc"


class Tune:
    """A title and notes, which music21 calls a score."""

    def __init__(self, title: str, notes: list[SimpleNamespace]) -> None:
        self.metadata, self.notes = SimpleNamespace(title=title), notes

    def flatten(self) -> Tune:
        """The tune: it has one voice."""
        return self


def parse(path: str, forceSource: bool = False) -> SimpleNamespace:
    """The tunes of the file.

    Raises Music21Exception where it is another one.
    """
    if path != FILE:
        raise Music21Exception(f"the browser has {FILE} alone, not {path}")
    with np.load(Path(__file__).with_name("reels.npz")) as kept:
        notes = [
            SimpleNamespace(
                pitch=SimpleNamespace(midi=midi), quarterLength=beats, isNote=True
            )
            for midi, beats in zip(
                kept["pitches"].tolist(), kept["beats"].tolist(), strict=True
            )
        ]
        begin, scores = 0, []
        for title, end in zip(kept["titles"].tolist(), kept["ends"], strict=True):
            scores.append(Tune(title, notes[begin:end]))
            begin = int(end)
    return SimpleNamespace(scores=scores)
