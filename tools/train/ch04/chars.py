"""Train chapter 4's character network longer than its page has time for.

Three seeds; bits per character of the held-out files every 1,000 steps,
under "chars.", beside those of lzma, which has no seed. About 70 seconds a
seed on one core. "rates" is how the learning rate was chosen: at 2,000 steps,
by `rnncore.comparison`, on the last tenth of the training text, which trains
nothing there; three minutes.
"""

import lzma
import math
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import tree_map
from rnncore.bptt import rnn_cell_vjp
from rnncore.characters import (
    Model,
    encode,
    held_out_bits,
    init_model,
    lanes,
    next_character,
)
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.text import python_source
from rnncore.rnn import rnn_cell, zero_state
from rnncore.text.model import contiguous_windows
from rnncore.train import Fit
from tools.train.runner import (
    SEEDS,
    Measurement,
    Options,
    Training,
    fit_cell,
    list_measurements,
    show_progress,
)

T, B, H = 32, 32, 128
STEPS, EVERY, RATE = 8000, 1000, 0.005
SHORT, RATES = 2000, (0.002, 0.005, 0.0125)


class Text(NamedTuple):
    """Python source in lanes: to train on, and held out; its letters."""

    rows: np.ndarray
    held_out: np.ndarray
    alphabet: str


def python_text(B: int, held_out: int) -> Text:
    """Chapter 4's text in a number of lanes."""
    source = python_source()
    training, other = (
        "".join(files.values()) for files in (source.train, source.held_out)
    )
    alphabet = "".join(sorted(set(training)))
    return Text(
        lanes(encode(training, alphabet), B),
        lanes(encode(other, alphabet), held_out),
        alphabet,
    )


def measure_lzma(training: str, held_out: str) -> tuple[float, float]:
    """Bits per held-out character that lzma needs after the rest; seconds."""

    def bits(text: str) -> int:
        return 8 * len(lzma.compress(text.encode("ascii"), preset=9))

    begun = time.process_time()
    more = bits(training + held_out) - bits(training)
    return more / len(held_out), time.process_time() - begun


def run(
    text: Text, rate: float, seed: int, steps: int, **options: Any
) -> tuple[Fit, float]:
    """One run, just as the page trains, float32 on NumPy."""
    rng = np.random.default_rng(seed)
    model = tree_map(np.float32, init_model(rng, len(text.alphabet), H))
    return fit_cell(
        next_character(rnn_cell, rnn_cell_vjp),
        model,
        contiguous_windows(text.rows, T),
        rate,
        steps,
        rng,
        carry=zero_state(model.cell, B),
        progress=show_progress(f"rate {rate:g} seed {seed}"),
        **options,
    )


def measure_score(ids: np.ndarray, model: Model) -> float:
    """The score per character of a number of held-out lanes."""
    return held_out_bits(rnn_cell, model, ids, zero_state(model.cell, ids.shape[1]))


def run_rates(asked: Options) -> Iterator[Measurement]:
    """The end of each lane of training chooses; held-out files choose nothing."""
    text = python_text(B, 32)
    cut = len(text.rows) * 9 // 10
    begun = text._replace(rows=text.rows[:cut])
    rest = text.rows[cut:]

    def train(setting: Setting, seed: int, steps: int) -> Trained:
        model = run(begun, setting["rate"], seed, steps)[0].params
        held_out = partial(measure_score, text.held_out, model)
        return Trained(measure_score(rest, model), steps, held_out)

    found = compare(
        {"network": train}, {"rate": RATES}, steps=asked.steps or SHORT, seeds=SEEDS
    )
    yield Measurement("chars.rates", to_json(found), "bits per character", list(SEEDS))


def train(seed: int, asked: Options) -> Iterator[Measurement]:
    """One run of the planned length."""
    text = python_text(B, 32)
    result, seconds = run(
        text,
        RATE,
        seed,
        asked.steps or STEPS,
        evaluate=partial(measure_score, text.held_out),
        evaluate_every=EVERY,
    )
    history = result.history
    assert history.score[-1] < history.loss[0] / math.log(2)
    source = python_source()
    bits, lzma_seconds = measure_lzma(
        *("".join(files.values()) for files in (source.train, source.held_out))
    )
    values = {
        "held_out": history.score,
        "training": float(np.mean(history.loss[-EVERY:])) / math.log(2),
        "seconds": seconds,
        "lzma": bits,
        "lzma.seconds": lzma_seconds,
    }
    core = "s of one core"
    units = {"": "bits per character", "seconds": core, "lzma.seconds": core}
    yield from list_measurements("chars", values, units)


TRAINING = Training("chars", __doc__, {"python": train}, {"rates": run_rates})
