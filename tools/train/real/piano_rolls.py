"""Measure chapter 12's networks on JSB chorales and Nottingham's tunes.

The sets' own parts, all frames but each piece's first, nats summed over 88
keys: the published protocol. "NAME" trains two networks on a set: `keys` has
88 independent keys, `jointly` says a frame's keys one after the other. The
second is scored for whole frames, and asked for each key by itself ("apart"),
as those of the published table are. The validation part chooses each run's
step; the plans are those of chapter 12, set by hand. "counts" are two tables of
counts. About twenty minutes of one core for a set and a seed.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from rnncore.data.public.texts import piano_rolls
from rnncore.music.chords import apart_nats, chord_nats
from rnncore.music.frames import key_chain, key_frequencies, nats_a_frame
from rnncore.music.published_sets import ALONE, BOTH, Published
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
DRAWS = 256  # frames drawn to ask for a single key
MORE = {"home": 0.5, "evaluate_every": 150}  # 13 times as many frames
SETS: dict[str, dict[str, dict[str, Any]]] = {
    "JSB_Chorales": {"keys": ALONE, "jointly": BOTH},
    "Nottingham": {
        "keys": ALONE | MORE | {"steps": 10_000},
        "jointly": BOTH | MORE | {"steps": 9000},
    },
}
TRAIN = {"keys": train_frames, "jointly": train_chords}


def train_network(
    parts: Published, kind: str, options: dict[str, Any], label: str
) -> tuple[Any, dict[str, Any]]:
    """A network, and how it went."""
    train: Any = TRAIN[kind]
    model, about = train(parts[:2], progress=show_progress(label), **options)
    return model, {
        f"{kind}.valid": about["validation"],
        f"{kind}.seconds": about["seconds"],
        f"{kind}.weights": sum(w.numel() for w in model.parameters()),
    }


def measure(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """Both networks on one set."""
    parts = piano_rolls(name)
    values: dict[str, Any] = {}
    of = {"seed": seed} | ({"steps": asked.steps} if asked.steps else {})
    for kind, options in SETS[name].items():
        label = f"{name}, {kind}, {seed}"
        model, scores = train_network(parts, kind, options | of, label)
        values |= scores
        if kind == "keys":
            values["keys"] = nats_a_frame(model, parts.test)
        else:
            drawn = torch.Generator().manual_seed(seed)
            values["apart"] = apart_nats(model, parts.test, drawn, DRAWS)
            values["jointly"] = chord_nats(model, parts.test)
    yield from list_measurements(f"{KEY}.{name}", values, UNITS)
    plans = {kind: {**options} for kind, options in SETS[name].items()}
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
