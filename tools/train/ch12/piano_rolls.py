"""Measure chapter 12's networks on JSB chorales and Nottingham's tunes.

The sets' own parts, all frames but each piece's first, nats summed over 88
keys: the published protocol. "NAME" trains two networks on a set: `keys` has
88 independent keys, `jointly` says a frame's keys one after the other. The
second is scored for whole frames, and asked for each key by itself ("apart"),
as those of the published table are. Each is `rnncore music train` with the
set's file and --network, and nothing but its defaults: what is measured is what
the command gives. "counts" are two tables of counts. About twenty minutes of
one core for a set and a seed. Under "real.piano_rolls.".
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rnncore.__main__ import main
from rnncore.data.public.store import path_of
from rnncore.data.public.texts import PIANO_ROLLS, piano_rolls
from rnncore.music.frames import key_chain, key_frequencies, nats_a_frame
from rnncore.music.published_sets import NETWORKS, RollPlan, load_rolls
from tools.train.runner import Measurement, Options, Training, list_measurements

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


def train_by_command(
    name: str, network: str, seed: int, asked: Options
) -> tuple[Any, dict[str, Any]]:
    """The network of `rnncore music train`, and what is known of it."""
    with TemporaryDirectory() as made:
        path = Path(made, "rolls.safetensors")
        words = ["music", "train", str(path_of("poly_music", PIANO_ROLLS.format(name)))]
        words += ["--model", str(path), "--network", network]
        words += ["--seed", str(seed), "--device", "cpu", "--threads", "1"]
        words += ["--no-baselines"]
        words += ["--steps", str(asked.steps)] if asked.steps else []
        if status := main(words):
            raise SystemExit(status)
        return load_rolls(path)


def measure(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """Both networks on one set."""
    values: dict[str, Any] = {}
    plans = {}
    for network in NETWORKS:
        model, about = train_by_command(name, network, seed, asked)
        scores = [score for _, score in about["table"]]
        named = ("apart", "jointly") if network == "jointly" else ("keys",)
        values |= dict(zip(named, scores, strict=True))
        values[f"{network}.valid"] = about["validation"]
        values[f"{network}.seconds"] = about["seconds"]
        values[f"{network}.weights"] = sum(w.numel() for w in model.parameters())
        settings = about["settings"]
        plans[network] = {option: settings[option] for option in RollPlan._fields}
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
