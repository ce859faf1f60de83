"""Time for chapter 18 a linear recurrence as a loop and as a scan, beside an LSTM.

"times" has milliseconds against T on NumPy, forward and backward.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from rnncore.bptt import bptt
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import Params, init_params, unroll, zero_state
from rnncore.scan import linear_loop, linear_scan, linear_scan_vjp
from tools.bench import timing
from tools.train.runner import Measurement, Options, Training

SIZES = (1, 64), (32, 128)  # B, H
LENGTHS = tuple(2**k for k in range(2, 11))
REPEATS = 3


def loop_both_ways(a: np.ndarray, u: np.ndarray, h: np.ndarray, d_y: np.ndarray):
    """Forward and backward, a step at a time."""
    linear_loop(a, u, h)
    later = np.concatenate([a[1:], a[:1]])
    linear_loop(later[::-1], d_y[::-1], 0 * h)


def scan_both_ways(a: np.ndarray, u: np.ndarray, h: np.ndarray, d_y: np.ndarray):
    """The same by two scans."""
    _, cache = linear_scan(a, u, h)
    linear_scan_vjp(d_y, cache)


def lstm_both_ways(x: Any, params: Any, state: Any, d_y: Any) -> None:
    """An LSTM as wide, through the course's loops."""
    _, _, tape = unroll(lstm_cell, params, x, state)
    bptt(lstm_cell_vjp, params, tape, d_y, state)


def measure_times(asked: Options) -> Iterator[Measurement]:
    """Milliseconds for T steps, forward and backward: the shortest."""
    yield Measurement("limits.times.lengths", LENGTHS, "steps", None)
    for B, H in SIZES:
        for name, values in times_by_length(B, H).items():
            yield Measurement(
                f"limits.times.numpy.{B}.{H}.{name}",
                values,
                f"ms for {LENGTHS} steps, forward and backward, float32, one "
                f"thread; the shortest of {REPEATS} runs in turns",
                0,
            )


def times_by_length(B: int, H: int) -> dict[str, list[float]]:
    """The shortest time of each way at each length."""
    found: dict[str, list[float]] = {"loop": [], "scan": [], "lstm": []}
    for T in LENGTHS:
        rng = np.random.default_rng(0)
        drawn = rng.uniform(size=(T, B, H)), *rng.normal(size=(2, T, B, H))
        a, u, d_y = (v.astype(np.float32) for v in drawn)
        h = np.zeros((B, H), np.float32)
        params = Params(*(w.astype(np.float32) for w in init_params(rng, H, H, 4)))
        ways = {
            "loop": partial(loop_both_ways, a, u, h, d_y),
            "scan": partial(scan_both_ways, a, u, h, d_y),
            "lstm": partial(lstm_both_ways, u, params, zero_state(params, B, 2), d_y),
        }
        taken = timing.time_in_turns(ways, REPEATS, clock=time.process_time)
        for name, seconds in taken.items():
            found[name].append(1000 * min(seconds))
    return found


TRAINING = Training("limits", __doc__, {}, {"times": measure_times})
