"""Train chapter 4's character network longer than its page has time for.

Three seeds; bits per character of the held-out files every 1,000 steps, into
book/measurements.json under "chars.". About 70 seconds a seed on one core.
With --check it trains 20 steps and writes nothing.
"""

import argparse
import math
import os
import time

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")

import numpy as np
from tqdm import tqdm

from rnncore.backend import tree_map
from rnncore.bptt import rnn_cell_vjp
from rnncore.characters import (
    encode,
    held_out_bits,
    init_model,
    lanes,
    next_character,
)
from rnncore.data.text import python_source
from rnncore.optim import adam
from rnncore.rnn import rnn_cell, zero_state
from rnncore.train import Fit, Schedule, fit
from tools.measurements import record

T, B, H, EVERY = 32, 32, 128, 1000
RATE = 0.005


def train(seed: int, steps: int) -> Fit:
    """One run, just as the page trains, float32 on NumPy."""
    source = python_source()
    training = "".join(source.train.values())
    alphabet = "".join(sorted(set(training)))
    rows = lanes(encode(training, alphabet), B)
    held_out = lanes(
        encode("".join(source.held_out.values()), alphabet), 32
    )
    windows = (len(rows) - 1) // T
    rng = np.random.default_rng(seed)
    model = tree_map(np.float32, init_model(rng, len(alphabet), H))
    start = zero_state(model.cell, 32)

    def next_batch(rng: np.random.Generator, step: int) -> np.ndarray:
        at = step % windows * T
        return rows[at : at + T + 1]

    return fit(
        next_character(rnn_cell, rnn_cell_vjp),
        model,
        next_batch,
        optimizer=adam(RATE),
        schedule=Schedule(
            steps,
            clip=1.0,
            evaluate_every=EVERY,
            progress=lambda steps: tqdm(steps, desc=f"seed {seed}"),
        ),
        rng=rng,
        carry=start,
        evaluate=lambda m: held_out_bits(rnn_cell, m, held_out, start),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="20 steps")
    parser.add_argument("--steps", type=int, default=8000)
    given = parser.parse_args()
    if given.check:
        history = train(0, 20).history
        assert history.score[-1] < history.loss[0] / math.log(2)
        return
    source = python_source()
    command = "python -m tools.train chars"
    for seed in range(3):
        begun = time.process_time()
        result = train(seed, given.steps)
        seconds = time.process_time() - begun
        last = np.mean(result.history.loss[-EVERY:]) / math.log(2)
        values = {
            f"chars.{seed}.held_out": result.history.score,
            f"chars.{seed}.training": float(last),
        }
        unit = "bits per character"
        record(values, seed=seed, unit=unit, command=command)
        record(
            {f"chars.{seed}.seconds": seconds},
            unit="s of one core",
            seed=seed,
            command=command,
        )
        scores = " ".join(f"{score:.3f}" for score in result.history.score)
        print(f"seed {seed}: {scores}, {seconds:.0f} s, {source.version}")


if __name__ == "__main__":
    main()
