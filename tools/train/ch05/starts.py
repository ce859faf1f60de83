"""Compare initialisations over a lag with five seeds, each at its own best rate.

As `lags`, and in two parts each, which had the same steps, seeds and learning
rates. "adding": plain cells on the adding problem of length 50, with "says
one" as the control whose output begins at the mean of the answers; "copy": the
copy problem at lag 20, with three initialisations of the LSTM's biases.
"adding-more" and "copy-more": the same for Glorot's weights and the identity
with ReLU; "adding-swapped" and "copy-swapped": orthogonal with ReLU and the
identity with tanh. About half an hour of one core.

"half-lives": what the forget gates of chapter 6's LSTM become in one pass over
its text, from several biases, and on the text without spaces or with its
characters shuffled. Three seeds; four minutes of one core.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from tqdm import tqdm

from rnncore.characters import (
    Model,
    encode,
    held_out_bits,
    lanes,
    next_character,
    one_hot,
)
from rnncore.data.text import documentation_topics
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.optim import adam
from rnncore.rnn import init_params, init_readout, unroll, zero_state
from rnncore.train import Schedule, fit
from tools.train.ch05.lags import LOW, LSTMS, SWAPPED, LagStudy, run, select_contenders
from tools.train.runner import SEEDS, Measurement, Options, Training

FIVE = (0, 1, 2, 3, 4)
FIRST, MORE = (
    select_contenders("uniform", "orthogonal"),
    select_contenders("glorot", "identity"),
)
STUDIES = {
    "adding": LagStudy(
        "adding", 50, FIRST | select_contenders("says one"), 6000, LOW, FIVE
    ),
    "adding-more": LagStudy("adding", 50, MORE, 6000, LOW, FIVE),
    "copy": LagStudy("copy", 20, FIRST | LSTMS, 2000, LOW, FIVE),
    "copy-more": LagStudy("copy", 20, MORE, 2000, LOW, FIVE),
    "adding-swapped": LagStudy("adding", 50, SWAPPED, 6000, LOW, FIVE),
    "copy-swapped": LagStudy("copy", 20, SWAPPED, 2000, LOW, FIVE),
}
UNITS, LANES, WINDOW, READ = 48, 32, 32, 600
TEXTS = {  # by name, the forget biases that the text is learnt from
    "words": (0.0, 1.0, 3.0, 5.0),
    "no spaces": (1.0,),
    "shuffled": (1.0,),
}


def read_texts(kind: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Chapter 6's text in lanes, what is held out, and the alphabet."""
    topics = {
        name: re.sub(r"[^a-z .,()'\n]", "_", re.sub(r"[ \t]+", " ", topic.lower()))
        for name, topic in documentation_topics().items()
    }
    held = list(topics)[::10]
    texts = ["".join(topics[k] for k in topics if k not in held)]
    texts.append("".join(topics[k] for k in held))
    alphabet = "".join(sorted(set("".join(texts))))
    if kind == "no spaces":
        texts = [text.replace(" ", "") for text in texts]
    ids = [encode(text, alphabet) for text in texts]
    if kind == "shuffled":
        ids = [np.random.default_rng(5).permutation(part) for part in ids]
    return lanes(ids[0], LANES), lanes(ids[1], LANES), alphabet


def measure_half_life(model: Model, start: Any, exam: np.ndarray) -> float:
    """The median unit's, by the mean logarithm of its forget gate."""
    x = one_hot(exam[:READ], model.cell.W_x)
    _, _, tape = unroll(lstm_cell, model.cell, x, start)
    forget = np.stack([cache[1] for cache in tape.caches])
    return float(np.median(np.log(2) / -np.log(forget).mean(axis=(0, 1))))


def train_gates(
    kind: str, bias: float, seed: int, steps: int | None
) -> dict[str, float]:
    """One pass from a forget bias: half-lives before and after, held-out bits."""
    grid, exam, alphabet = read_texts(kind)
    rng, K = np.random.default_rng(seed), len(alphabet)
    layer = init_params(rng, K, UNITS, 4)
    layer.b_x[UNITS : 2 * UNITS], layer.b_h[UNITS : 2 * UNITS] = bias, 0
    model = Model(layer, init_readout(rng, UNITS, K))
    start = zero_state(model.cell, LANES, 2)
    before = measure_half_life(model, start, exam)
    model = fit(
        next_character(lstm_cell, lstm_cell_vjp),
        model,
        lambda rng, step: grid[step * WINDOW :][: WINDOW + 1],
        optimizer=adam(0.01),
        schedule=Schedule(steps or (len(grid) - 1) // WINDOW, clip=1.0),
        rng=rng,
        carry=start,
    ).params
    tqdm.write(f"{kind}, bias {bias:g}, seed {seed}")
    return {
        "before": round(before, 2),
        "after": round(measure_half_life(model, start, exam), 2),
        "bits": round(held_out_bits(lstm_cell, model, exam, start), 4),
    }


def compare_half_lives(asked: Options) -> Iterator[Measurement]:
    """Every text from each of its biases."""
    found = {
        f"{kind}, {bias:g}": [
            train_gates(kind, bias, seed, asked.steps) for seed in SEEDS
        ]
        for kind, biases in TEXTS.items()
        for bias in biases
    }
    unit = "half-life of the median unit in characters, bits per character"
    yield Measurement("starts.half-lives", found, unit, list(SEEDS))


TRAINING = Training(
    "starts",
    __doc__,
    {},
    {n: partial(run, f"starts.{n}", s) for n, s in STUDIES.items()}
    | {"half-lives": compare_half_lives},
)
