"""How the networks of the chorales learn: each number stands here once."""

from typing import NamedTuple


class MusicPlan(NamedTuple):
    """What a network of music is made with, and how it learns."""

    hidden: int  # units
    dropout: float
    transpose: int  # semitones by which pieces are moved, at most
    rate: float  # Adam's
    steps: int  # updates
    evaluate_every: int  # updates between two looks at validation
    batch: int = 16  # pieces an update
    window: int = 64  # frames between two updates


VOICES = MusicPlan(192, 0.2, 5, rate=5e-3, steps=6000, evaluate_every=300)
KEYS = MusicPlan(200, 0.1, 0, rate=4e-3, steps=800, evaluate_every=200)
CHORDS = MusicPlan(200, 0.4, 0, rate=3e-3, steps=1500, evaluate_every=100)
