"""Train hybrids on chapter 20's pairs: memory, attention, or one after the other.

Two blocks of chapter 22 at equal weights. In "delta" both have the gated delta
rule, in "window" both have attention that sees REACH tokens back, in "full" both
have attention to all tokens; in "hybrid" and "half" the first has the rule, and
the second the window or all tokens. Each has the rate with the lowest loss on
other data, chosen with the first seed on a grid that grows where its best rate
ends it. Under "hybrids.NAME" the share right for each N of LENGTHS, a row for
each seed, and under "hybrids.NAME.early" that of a shorter training with a
rate of its own; under "hybrids.state" how many numbers each keeps of the longest
text. Some forty minutes of one core.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import nn

from rnncore.application import seeded, train_module
from rnncore.blocks import Block, Shape, hidden_for, limit_attention
from rnncore.text.blocks import BlockModel
from rnncore.train import Schedule
from tools.train.ch20.recall import CHOOSING, KEYS, VALUES
from tools.train.ch22.blocks import (
    answers_loss,
    draw_pairs,
    held_pairs,
    make_warm_adam,
    measure_answers,
)
from tools.train.grids import search_grid
from tools.train.runner import Measurement, Options, Training, show_progress

D, WEIGHTS = 32, 15_000  # of each block
REACH = 16  # tokens: eight pairs
LENGTHS = 4, 8, 16, 24
STEPS, BATCH = {".early": 600, "": 2400}, 32
RATES = 0.003, 0.01, 0.03
MIXERS = {
    "delta": ("gated-delta", "gated-delta"),
    "window": ("window", "window"),
    "full": ("attention", "attention"),
    "hybrid": ("gated-delta", "window"),
    "half": ("gated-delta", "attention"),
}


def build(name: str) -> BlockModel:
    """Blocks with these mixers, and about WEIGHTS weights in each."""
    kinds = [mixer.replace("window", "attention") for mixer in MIXERS[name]]
    model = BlockModel(KEYS + VALUES, D, kinds[0], len(kinds), hidden=1)
    model.layers = nn.ModuleList(
        Block(Shape(kind, D, hidden_for(kind, D, WEIGHTS))) for kind in kinds
    )
    for mixer, block in zip(MIXERS[name], model.layers, strict=True):
        limit_attention(block, REACH if mixer == "window" else None)
    return model


def count_kept(name: str) -> int:
    """How many numbers the mixers keep of one text of the longest kind."""
    tokens, _ = draw_pairs(np.random.default_rng(0), max(LENGTHS), 1)
    with torch.no_grad():
        _, state = build(name)(tokens)
    parts = [part for _, mixed in state for part in mixed]
    return sum(part.numel() for part in parts if part.is_floating_point())


def train_network(name: str, rate: float, seed: int, steps: int) -> BlockModel:
    """One run, from its seed."""
    with seeded(seed):
        model = build(name)
    train_module(
        model,
        answers_loss,
        lambda rng, step: draw_pairs(rng, int(rng.choice(LENGTHS)), BATCH),
        optimizer=make_warm_adam(rate, steps),
        schedule=Schedule(
            steps, 1.0, progress=show_progress(f"{name} {rate:g} {seed}")
        ),
        rng=np.random.default_rng(seed),
    )
    return model.eval()


def compete(name: str, asked: Options) -> Iterator[Measurement]:
    """The network after a short and a long training; and its size."""
    for when, steps in STEPS.items():
        key = f"hybrids.{name}{when}"
        yield from train_all(name, key, asked.steps or steps, asked)
    numbers = sum(w.numel() for w in build(name).parameters())
    yield Measurement(f"hybrids.{name}.numbers", numbers, "weights", None)


def train_all(name: str, key: str, steps: int, asked: Options) -> Iterator[Measurement]:
    """Choose the rate with one seed, then train with all."""
    first = asked.seeds[0]
    others = [held_pairs(N, CHOOSING) for N in LENGTHS]
    models: dict[float, BlockModel] = {}

    def score(rate: float) -> float:
        models[rate] = train_network(name, rate, first, steps)
        return float(measure_answers(models[rate], *others)[:, 0].mean())

    nats = search_grid(score, RATES)
    best = min(nats, key=nats.__getitem__)
    every = [models[best]]
    every += [train_network(name, best, seed, steps) for seed in asked.seeds[1:]]
    shares = [
        measure_answers(m, *map(held_pairs, LENGTHS))[:, 1].tolist() for m in every
    ]
    unit = f"share right for N = {LENGTHS}, {steps} updates"
    yield Measurement(key, shares, unit, list(asked.seeds))
    tried = {f"{rate:g}": nats[rate] for rate in sorted(nats)}
    yield Measurement(f"{key}.tried", tried, "nats by rate, other data", first)


def measure_sizes(asked: Options) -> Iterator[Measurement]:
    """The state or cache of each after the longest text."""
    unit = f"numbers that the mixers keep after {max(LENGTHS)} pairs, asked for"
    yield Measurement("hybrids.state", {n: count_kept(n) for n in MIXERS}, unit, None)


TRAINING = Training(
    "hybrids",
    __doc__,
    {},
    {name: partial(compete, name) for name in MIXERS} | {"state": measure_sizes},
)
