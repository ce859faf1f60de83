"""What is timed, and how: runs in turns, so that a slow moment of the
machine meets all of them."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from rnncore.backend import tree_map
from rnncore.cells import CELLS as KNOWN
from rnncore.rnn import init_params

CELLS = {"RNN": KNOWN["RNN_TANH"], "LSTM": KNOWN["LSTM"], "GRU": KNOWN["GRU"]}


def make_problem(
    name: str, shape: tuple[int, ...], device: str, dtype: torch.dtype = torch.float32
) -> tuple[Any, ...]:
    """Weights, input, first state and upstream gradient, as torch tensors.

    Shapes: shape (T, B, D, H)
    """
    T, B, D, H = shape
    rng = np.random.default_rng(0)
    arrays = (
        init_params(rng, D, H, CELLS[name].G),
        rng.normal(size=(T, B, D)),
        tuple(rng.normal(size=(CELLS[name].parts, B, H))),
        rng.normal(size=(T, B, H)),
    )
    return tree_map(lambda a: torch.asarray(a, dtype=dtype, device=device), arrays)


def time_in_turns(
    runs: Mapping[str, Callable],
    repeats: int,
    *,
    warm_up: int = 0,
    wait: Callable[[], Any] = int,  # until all work is done: on a CPU it is
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each run, `repeats` times, from idle to idle."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(warm_up + repeats):
        for name, run in runs.items():
            wait()
            begun = clock()
            run()
            wait()
            if turn >= warm_up:
                times[name].append(clock() - begun)
    return times
