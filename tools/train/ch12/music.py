"""Train the models of chapter 12 and store what they score.

    joint        the voices of a frame one after another
    longer       the same, twice as long, one seed
    deeper       the same with a second layer within a frame, one seed
    told         and there the frame before, too, one seed
    original     the same, each piece in its own key only
    independent  the same, no voice sees the others in its frame
    frames       88 independent keys on a piano roll
    shifted      the same, each piece in eleven keys
    baselines    what counting single keys gives
    chain        what counting gives that looks things up: what it looks up,
                 and how much it doubts it, is chosen by the validation pieces
    rates        each network at half and at twice its learning rate, one
                 seed: the validation pieces alone
    alike        the pieces in the form of the file that published scores are
                 about, all in one key: left in it, and most of them moved

Pieces are split by melody, and no test piece is seen before the score is
taken. Under "music." and, of seed 0, into rnncore/weights/ (joint and
frames). About eighty minutes of one core.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import torch
from numpy.random import default_rng
from torch import Tensor

from rnncore.data.music import chorales
from rnncore.music import plan
from rnncore.music.frames import key_chain, key_frequencies, nats_a_frame
from rnncore.music.generate import compose
from rnncore.music.habits import habits
from rnncore.music.markov import Chain
from rnncore.music.split import ScoreParts, split
from rnncore.music.training import rolls, save_model, train_frames, train_voices
from rnncore.music.voices import Table, VoiceModel, moved, score_nats
from rnncore.storage.weights import halved, origin
from tools.train.ch12.piano_rolls import as_published, plan_for, train_rolls
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    list_measurements,
    show_progress,
)

UNIT = "nats per frame of the test pieces, first frames left out, one per seed"
UNITS = {
    "": UNIT,
    "seconds": "s of one core, one per seed",
    "parallels": "parallel fifths and octaves per 100 chances, in 48 pieces "
    "drawn at temperature 1, one per seed",
}


class DeeperVoices(VoiceModel):
    """A second layer between what is known of a frame and the logits."""

    def __init__(self, V: int, hidden: int, width: int, drop: float):
        super().__init__(V, hidden, width, drop)
        self.second = torch.nn.Linear(hidden, hidden)

    def choose(self, h: Tensor, slots: Tensor) -> Tensor:
        """Logits of a voice's tokens."""
        known = torch.tanh(h + self.slots(slots))
        return self.readout(torch.tanh(self.second(known)))


class ToldVoices(DeeperVoices):
    """The frame before reaches these layers by rows of its own, too."""

    def __init__(self, V: int, hidden: int, width: int, drop: float):
        super().__init__(V, hidden, width, drop)
        self.before = Table(self.past.num_embeddings, hidden)

    def remember(self, past: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """What is left of all frames before, and the last as it was."""
        h, state = super().remember(past, state)
        return h + self.before(past), state


VOICES: dict[str, dict[str, Any]] = {
    "joint": {},
    "deeper": {"make": DeeperVoices},
    "told": {"make": ToldVoices},
    "original": {"shifts": 0, "steps": 500, "evaluate_every": 50},
    "independent": {"joint": False},
    "longer": {"steps": 12000, "evaluate_every": 600},
}
FRAMES: dict[str, dict[str, Any]] = {
    "frames": {"steps": 2400},
    "shifted": {"shifts": 5, "steps": 6000, "evaluate_every": 300},
}
CHAINS: dict[str, tuple[str, ...]] = {  # what is looked up, in this order
    "own pitch, beat, pitches above": ("own", "beat", "above"),
    "own pitch, beat, notes above": ("own", "beat", "begun"),
    "with the place in the bar": ("own", "place", "begun"),
    "with own last": ("own", "beat", "begun", "last"),
    "with chord before": ("own", "beat", "begun", "below"),
    "with both": ("own", "beat", "begun", "below", "last"),
    "and place": ("own", "beat", "begun", "below", "last", "place"),
    "and all": ("own", "beat", "begun", "below", "last", "place", "over"),
}
DOUBTS = 1, 2, 3, 4, 6, 8, 12
RATED = "joint", "independent", "original", "frames", "shifted"
STORED = {"joint": "music_voices", "frames": "music_frames"}


@cache
def read_parts() -> ScoreParts:
    """Training, validation and test."""
    return split(chorales())


def fit_voices(options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Train one joint model; its score is that of the stored weights."""
    joint = options.get("joint", True)
    model, about = train_voices(read_parts(), **options)
    halved(model)
    about["score"] = score_nats(model, read_parts().test, joint)
    if joint:  # else `compose` would feed it what it never learned from
        rng = default_rng(about["seed"])
        told = habits(compose(model, about["compass"], 64, rng, B=48))
        both = told["parallel fifths, %"] + told["parallel octaves, %"]
        about["parallels"] = round(both, 2)
    return model, about


def fit_frames(options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Train one frame model."""
    train, validation, test = (rolls(p) for p in read_parts())
    model, about = train_frames((train, validation), **options)
    halved(model)
    about["score"] = nats_a_frame(model, test)
    return model, about


def train(
    name: str, make: Callable, planned: dict, seed: int, asked: Options
) -> Iterator[Measurement]:
    """One model, and what it scores."""
    if name in ("longer", "deeper", "told") and seed:
        return
    options = {**planned, "seed": seed, "progress": show_progress(f"{name}, {seed}")}
    if asked.steps:
        options["steps"] = asked.steps
    model, about = make(options)
    if name in STORED and asked.keeps(seed):
        path = asked.weights / f"{STORED[name]}.safetensors"
        save_model(path, model, about | origin(asked.command))
    values = {"": round(about["score"], 4)}
    kept = {key: about[key] for key in UNITS if key in about}
    yield from list_measurements(f"music.{name}", values | kept, UNITS)
    if seed == 0:
        unit = "steps, and nats per frame of the validation pieces"
        yield Measurement(f"music.{name}.curve", about["curve"], unit, 0)


def run_rates(asked: Options) -> Iterator[Measurement]:
    """What half and twice the learning rate give on the validation pieces."""
    for name in RATED:
        make: Any = train_voices if name in VOICES else train_frames
        options = {**VOICES, **FRAMES}[name] | {"seed": 0}
        if asked.steps:
            options["steps"] = asked.steps
        known = read_parts() if name in VOICES else [rolls(p) for p in read_parts()]
        planned, tried = (plan.VOICES if name in VOICES else plan.KEYS).rate, {}
        for rate in planned / 2, 2 * planned:
            told = show_progress(f"{name}, {rate:g}")
            _, about = make(known, rate=rate, progress=told, **options)
            tried[f"{rate:g}"] = min(about["curve"][1])
        unit = "nats per frame of the validation pieces, by learning rate"
        yield Measurement(f"music.{name}.rates", tried, unit, 0)


def run_moved(asked: Options) -> Iterator[Measurement]:
    """What it gives to move most pieces out of the key that all share."""
    known = [[as_published(s) for s in part] for part in read_parts()[:2]]
    plan = plan_for(0, "keys")
    plan = plan._replace(steps=asked.steps or plan.steps)
    tried = {}
    for home in 1.0, plan.home:
        moved_less = plan._replace(home=home)
        _, about = train_rolls(known, "keys", moved_less, 0, f"{home:g} in C")
        tried[f"{home:g}"] = round(about["validation"], 4)
    unit = "nats per frame of the validation pieces, by the share left in C"
    yield Measurement("music.alike", tried, unit, 0)


def run_baselines(asked: Options) -> Iterator[Measurement]:
    """What counting single keys gives."""
    train, _, test = (rolls(p) for p in read_parts())
    scores = {
        "key_frequencies": nats_a_frame(key_frequencies(train), test),
        "key_chain": nats_a_frame(key_chain(train), test),
    }
    yield from list_measurements(
        "music", scores, UNIT.removesuffix(", one per seed"), None
    )


def run_chain(asked: Options) -> Iterator[Measurement]:
    """The chains tried, the chosen one, and what it scores."""
    train, validation, test = read_parts()
    eleven = [moved(s, k) for s in train for k in range(-5, 6)]
    if asked.check:
        validation, test = validation[:1], test[:1]
    for name, known in ("chain", eleven), ("chain.own_key", train):
        tried: dict[str, list[float]] = {}
        for looked_up in CHAINS.values():
            counted = Chain(known[: 1 if asked.check else None], looked_up)
            nats = []
            for counted.doubt in DOUBTS:
                nats.append(round(counted.nats(validation), 4))
            tried[" ".join(looked_up)] = nats
        best = min(tried, key=lambda facts: min(tried[facts]))
        doubt = DOUBTS[tried[best].index(min(tried[best]))]
        counted = Chain(known[: 1 if asked.check else None], best.split(), doubt)
        unit = "nats per frame of the validation pieces, one per doubt"
        yield Measurement(f"music.{name}.tried", tried, unit, None)
        yield Measurement(f"music.{name}.doubts", DOUBTS, "times Witten-Bell's", None)
        chosen = {"facts": best.split(), "doubt": doubt}
        yield Measurement(
            f"music.{name}.chosen", chosen, "by the validation pieces", None
        )
        unit = UNIT.removesuffix(", one per seed")
        yield Measurement(f"music.{name}", counted.nats(test), unit, None)


TRAINING = Training(
    "music",
    __doc__,
    {
        name: partial(train, name, make, options)
        for make, table in ((fit_voices, VOICES), (fit_frames, FRAMES))
        for name, options in table.items()
    },
    {
        "baselines": run_baselines,
        "chain": run_chain,
        "rates": run_rates,
        "alike": run_moved,
    },
)
