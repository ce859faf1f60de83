"""Time the applications' training with the compiled loops and the printed.

    python -m tools.bench.applications

`text train` with 128 units and one table, `music train` at the sizes that it
takes by itself, and chapter 16's classifier of films, a fixed number of
updates each, in turns in one process.
What is printed are ratios of processor time: of a whole update, in which the
recurrent layers are a part.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from rnncore.application import cooling, seeded, train_module
from rnncore.data.music import chorales
from rnncore.music.training import VoiceModel, voice_batches, voice_loss
from rnncore.nn import Recurrent
from rnncore.text.model import (
    LanguageModel,
    contiguous_windows,
    language_loss,
    stretches,
)
from rnncore.train import Schedule
from rnncore.video.model import FilmClassifier, film_batches, film_loss
from tools.bench.loops import compute_ratio
from tools.bench.timing import time_in_turns

Problem = tuple[Callable[[], torch.nn.Module], Callable, Callable]


def text() -> Problem:
    """Characters; what they say does not matter to the clock."""
    ids = np.random.default_rng(0).integers(80, size=200_000)
    batches = contiguous_windows(stretches(ids, 32), 64)
    return partial(LanguageModel, 80, 128), language_loss, batches


def music() -> Problem:
    """Chorales of four voices."""
    batches = voice_batches(chorales()[:40], 16, 64, shifts=0)
    return partial(VoiceModel, 4, 192, 96, 0.2), voice_loss, batches


def video() -> Problem:
    """Films of 16 frames, in three classes."""
    rng = np.random.default_rng(0)
    frames = rng.random((64, 16, 24, 24)).astype(np.float32)
    batches = film_batches(frames, rng.integers(3, size=64), 32)
    return partial(FilmClassifier, 24, 64, 128, 3), film_loss, batches


PROBLEMS = {"text": text, "music": music, "video": video}


def run_updates(problem: Problem, steps: int, way: bool) -> list[float]:
    """Run a number of updates in one way; return the loss of each."""
    build, loss, batches = problem
    with seeded(0):
        model = build()
    for layer in model.modules():
        if isinstance(layer, Recurrent):
            layer.fused = way
    fitted = train_module(
        model,
        loss,
        batches,
        optimizer=cooling(2e-3, steps),
        schedule=Schedule(steps, clip=1.0),
        rng=np.random.default_rng(0),
    )
    return fitted.history.loss


def compare(name: str, steps: int, repeats: int) -> float:
    """The compiled loops' processor time over the printed loops'."""
    problem = PROBLEMS[name]()
    runs = {
        way: partial(run_updates, problem, steps, way == "compiled")
        for way in ("compiled", "printed")
    }
    times = time_in_turns(runs, repeats, warm_up=1, clock=time.process_time)
    return compute_ratio(times, "compiled", "printed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=20, help="updates a run")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in PROBLEMS:
        found = compare(name, given.steps, given.repeats)
        print(f"{name:6} {found:5.2f}", flush=True)


if __name__ == "__main__":
    main()
