"""Measure chapter 12's networks on JSB chorales and Nottingham's tunes.

The sets' own parts, all frames but each piece's first, nats summed over 88
keys: the published protocol. "NAME" trains two networks on a set: `keys` has
88 independent keys, `jointly` says a frame's keys one after the other. The
second is scored for whole frames, and asked for each key by itself ("apart"),
as those of the published table are. "counts" are two tables of counts. About
twenty minutes of one core for a set and a seed. Under "real.piano_rolls.".
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.data.public.texts import piano_rolls
from rnncore.music.chords import ChordModel, apart_nats, chord_nats
from rnncore.music.frames import (
    FrameModel,
    Rolls,
    key_chain,
    key_frequencies,
    nats_a_frame,
    shifted,
)
from rnncore.music.score import LOWEST, Score, piano_roll
from rnncore.music.training import train_chords, train_frames
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    list_measurements,
    show_progress,
)

KEY = "real.piano_rolls"
UNIT = "nats per frame of the test pieces, first frames left out"
UNITS = {
    "": UNIT,
    "keys.valid": "nats per frame of the validation pieces",
    "jointly.valid": "nats per frame of the validation pieces",
    "keys.seconds": "s of one core",
    "jointly.seconds": "s of one core",
    "keys.weights": "weights",
    "jointly.weights": "weights",
    "frames": "frames that are predicted, of each part",
    "pieces": "pieces of each part",
}
SETS = "JSB_Chorales", "Nottingham"
NETWORKS = "jointly", "keys"  # how a network predicts a frame
MANY = 50_000  # frames: from here on the larger plan
DRAWS = 256  # frames drawn to ask for a single key


class RollPlan(NamedTuple):
    """How a network learns piano rolls; the defaults are one's of MANY.

    Of the pieces that are drawn a share stays in the key that all have in
    these sets, and the others are moved. That this helps was found on the
    course's own pieces, in the form of these sets (`tools.train music alike`).
    """

    hidden: int = 200  # units
    dropout: float = 0.3
    transpose: int = 5  # semitones by which pieces are moved, at most
    home: float = 0.5  # the share that is not
    window: int = 64  # frames of a piece that an update sees
    batch: int = 16  # pieces an update
    steps: int = 9_000
    rate: float = 0.003
    evaluate_every: int = 150  # updates


def plan_for(frames: int, network: str) -> RollPlan:
    """The plan of a network that has so many frames to learn from."""
    plan = RollPlan()
    if network == "keys":  # whole pieces
        plan = plan._replace(hidden=300, window=160, rate=0.004, steps=10_000)
    if frames < MANY:
        plan = plan._replace(home=0.2, steps=3_000, evaluate_every=50)
    return plan


def train_rolls(
    parts: Sequence[Rolls], network: str, plan: RollPlan, seed: int, label: str
) -> tuple[FrameModel | ChordModel, dict[str, Any]]:
    """A network of that plan, and how it went; parts: train, validation.

    Training pieces are moved to other keys, as those of the published networks
    were not.
    """
    train: Any = {"keys": train_frames, "jointly": train_chords}
    found: tuple[FrameModel | ChordModel, dict[str, Any]] = train[network](
        parts[:2],
        seed=seed,
        hidden=plan.hidden,
        drop=plan.dropout,
        rate=plan.rate,
        shifts=plan.transpose,
        home=plan.home,
        B=plan.batch,
        window=plan.window,
        steps=plan.steps,
        evaluate_every=plan.evaluate_every,
        progress=show_progress(label),
    )
    return found


def as_published(score: Score) -> np.ndarray:
    """A score in the form of these sets' pieces, to try things on.

    A frame is a quarter note, and the piece is moved by six semitones at
    most so that the lowest note of its end is a C.

    Shapes: score -> roll (N, 88)

    Raises ValueError where nothing sounds on a quarter note.
    """
    quarter = round(1 / score.frame)
    roll = piano_roll(score)[0][score.pickup % quarter :: quarter]
    sounding = np.flatnonzero(roll.any(1))
    if not sounding.size:
        raise ValueError("score: expected a note that sounds on a beat")
    bass = LOWEST + np.flatnonzero(roll[sounding[-1]])[0]
    to_c = int((6 - bass) % 12 - 6)  # -6 to 5 semitones
    return shifted(roll, to_c).astype(np.float32)


def score_rolls(model: Any, test: Rolls, seed: int) -> dict[str, float]:
    """Nats a frame of all frames but the first of each test piece.

    A network that says a frame's keys one after another is asked for each key by
    itself, as the published ones are, and then for whole frames.
    """
    if not isinstance(model, ChordModel):
        return {"keys": nats_a_frame(model, test)}
    drawn = torch.Generator().manual_seed(seed)
    long = [roll for roll in test if len(roll) > 1]
    each = [apart_nats(model, [roll], drawn, DRAWS) for roll in long]
    frames = [len(roll) - 1 for roll in long]
    apart = float(np.average(each, weights=frames))
    return {"apart": apart, "jointly": chord_nats(model, test)}


def measure(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """Both networks on one set."""
    values: dict[str, Any] = {}
    plans = {}
    parts = piano_rolls(name)
    for network in NETWORKS:
        plan = plan_for(sum(map(len, parts.train)), network)
        plan = plan._replace(steps=asked.steps or plan.steps)
        model, about = train_rolls(parts, network, plan, seed, f"{network} {seed}")
        values |= score_rolls(model, parts.test, seed)
        values[f"{network}.valid"] = about["validation"]
        values[f"{network}.seconds"] = about["seconds"]
        values[f"{network}.weights"] = sum(w.numel() for w in model.parameters())
        plans[network] = plan._asdict()
    yield from list_measurements(f"{KEY}.{name}", values, UNITS)
    yield Measurement(f"{KEY}.{name}.plans", plans, "of the networks", None)


def run_counts(asked: Options) -> Iterator[Measurement]:
    """What counting single keys gives on both sets, and how large they are."""
    for name in SETS:
        parts = piano_rolls(name)
        fixed = {
            "frequencies": nats_a_frame(key_frequencies(parts.train), parts.test),
            "chain": nats_a_frame(key_chain(parts.train), parts.test),
            "frames": [sum(len(r) - 1 for r in part) for part in parts],
            "pieces": [len(part) for part in parts],
        }
        yield from list_measurements(f"{KEY}.{name}", fixed, UNITS, None)


TRAINING = Training(
    "piano_rolls",
    __doc__,
    {name: partial(measure, name) for name in SETS},
    {"counts": run_counts},
    KEY,
)
