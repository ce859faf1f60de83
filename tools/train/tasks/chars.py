"""Train chapter 4's character network longer than its page has time for.

Three seeds; bits per character of the held-out files every 1,000 steps,
under "chars.", beside those of lzma, which has no seed. About 70 seconds a
seed on one core.
"""

import lzma
import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnncore.backend import tree_map
from rnncore.bptt import rnn_cell_vjp
from rnncore.characters import encode, held_out_bits, init_model, lanes, next_character
from rnncore.data.text import python_source
from rnncore.rnn import rnn_cell, zero_state
from rnncore.text.model import contiguous_windows
from tools.train.runner import Asked, Found, Training, bar, fitted, founds

T, B, H = 32, 32, 128
STEPS, EVERY, RATE = 8000, 1000, 0.005


class Text(NamedTuple):
    """Python source in lanes: to train on, and held out; its letters."""

    rows: np.ndarray
    held_out: np.ndarray
    alphabet: str


def python_text(B: int, held_out: int) -> Text:
    """Chapter 4's text in so many lanes."""
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


def compressed(training: str, held_out: str) -> tuple[float, float]:
    """Bits per held-out character that lzma needs after the rest; seconds."""

    def bits(text: str) -> int:
        return 8 * len(lzma.compress(text.encode("ascii"), preset=9))

    begun = time.process_time()
    more = bits(training + held_out) - bits(training)
    return more / len(held_out), time.process_time() - begun


def train(seed: int, asked: Asked) -> Iterator[Found]:
    """One run, just as the page trains, float32 on NumPy."""
    text = python_text(B, 32)
    rng = np.random.default_rng(seed)
    model = tree_map(np.float32, init_model(rng, len(text.alphabet), H))
    start = zero_state(model.cell, 32)
    result, seconds = fitted(
        next_character(rnn_cell, rnn_cell_vjp),
        model,
        contiguous_windows(text.rows, T),
        RATE,
        asked.steps or STEPS,
        rng,
        carry=start,
        evaluate=lambda m: held_out_bits(rnn_cell, m, text.held_out, start),
        evaluate_every=EVERY,
        progress=bar(f"seed {seed}"),
    )
    history = result.history
    assert history.score[-1] < history.loss[0] / math.log(2)
    source = python_source()
    bits, lzma_seconds = compressed(
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
    yield from founds("chars", values, units)


TRAINING = Training("chars", __doc__, {"python": train})
