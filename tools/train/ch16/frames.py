"""Chapter 16's predictors of the next frame: which of them needs a memory?

Films of a block that passes in front of a still pattern
(rnncore.data.video.passing_blocks); each film has its own pattern. An LSTM
at every place, a dense LSTM, and convolutions of the last two or eight frames
have the same updates, three seeds, and a rate chosen by the squared error on
validation films. Errors are in thousandths: of all pixels from the third frame
on, of pixels that the block uncovers after they had been seen, and of all but
those just uncovered. Blocks twice as wide as in training are judged too.

With the chosen rate each is also trained with the block in the upper half, and
judged on films of either half; the dense LSTM, and no other, is trained four
times as long as well. About ten minutes of one core. "time" gives eight frames
the updates that fit into the ConvLSTM's time, and again their own rate: two
minutes.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import relu
from tqdm import tqdm

from rnncore.application import cooling, seeded, train_module
from rnncore.comparison import Comparison, Setting, Trained, compare, to_json
from rnncore.data.video import HIGH, Covered, passing_blocks
from rnncore.nn import LSTM
from rnncore.train import Schedule
from rnncore.video.convolutional import ConvNextFrame
from rnncore.video.model import NextFrame, film_batches, next_frame_loss
from tools.train.runner import SEEDS, Measurement, Options, Training

S, B, STEPS, LONGER = 16, 8, 300, 4
TIME = 1.5  # an update of the ConvLSTM, in updates of eight frames
RATES = [0.003, 0.01, 0.03, 0.1]
COUNT, TESTED = 2000, 200
WIDTH, WIDER = 4, 8  # of the block, in training and in a second test
UPPER, LOWER = range(S // 2 - HIGH + 1), range(S // 2, S - HIGH + 1)
UNIT = "thousandths of squared error"
FACTS = f"weights; seconds of one core; {UNIT}"


class WindowNextFrame(nn.Module):
    """The frame after each from the last n, by three convolutions.

    It has no state. Before the first frame it sees the first; the last frame
    is handed on, as in `NextFrame`.

    Shapes: frames (T, B, S, S) -> logits (T, B, S, S)
    """

    def __init__(self, n: int, H: int, k: int = 3):
        super().__init__()
        self.n = n
        self.see = nn.Conv2d(n, H, k, padding=k // 2)
        self.think = nn.Conv2d(H, H, k, padding=k // 2)
        self.draw = nn.Conv2d(H, 1, k, padding=k // 2)
        self.keep = nn.Parameter(torch.tensor(2.0))

    def forward(self, frames: Tensor) -> Tensor:
        """Logits of the frame after each."""
        T = len(frames)
        past = torch.cat([frames[:1]] * (self.n - 1) + [frames])
        last = [past[k : k + T] for k in range(self.n)]
        x = torch.stack(last, dim=2).flatten(0, 1)  # (T*B, n, S, S)
        change = self.draw(relu(self.think(relu(self.see(x)))))
        return change.view_as(frames) + self.keep * (2 * frames - 1)


def make_dense() -> NextFrame:
    """One state for the entire picture, of an LSTM in place of a GRU."""
    model = NextFrame(S, 256, 256)
    model.add_module("loop", LSTM(256, 256))
    return model


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "two frames": lambda: WindowNextFrame(2, 16),
    "eight frames": lambda: WindowNextFrame(8, 16),
    "dense LSTM": make_dense,
    "ConvLSTM": lambda: ConvNextFrame(8, 3),
}


class FramesOutcome(NamedTuple):
    """A trained network, and the seconds of one core that it took."""

    model: nn.Module
    seconds: float


@cache
def make_films(part: str, rows: range | None = None, width: int = WIDTH) -> Covered:
    """Films to train on, to choose by, and to be judged by."""
    seed = {"train": 1, "valid": 2, "test": 3}[part]
    count = COUNT if part == "train" else TESTED
    rng = np.random.default_rng([16, seed])
    return passing_blocks(rng, count, S=S, width=width, rows=rows)


@cache
def run_network(
    name: str, rate: float, seed: int, steps: int, rows: range | None = None
) -> FramesOutcome:
    """One run; the weights after the last update."""
    found = make_films("train", rows)
    with seeded(seed):
        model = NETWORKS[name]()
    begun = time.process_time()
    train_module(
        model,
        next_frame_loss,
        film_batches(found.frames, np.zeros(len(found.frames)), B),
        optimizer=cooling(rate, steps),
        schedule=Schedule(steps, 1.0),
        rng=np.random.default_rng(seed),
    )
    return FramesOutcome(model.eval(), time.process_time() - begun)


@torch.no_grad()
def measure_errors(model: nn.Module, found: Covered) -> dict[str, float]:
    """Its squared error on these films, in thousandths, from frame 3 on."""
    frames = torch.as_tensor(found.frames).transpose(0, 1)
    guess = model(frames[:-1]).sigmoid()
    each = 1000 * ((guess - frames[1:]) ** 2)[1:].numpy()
    return {
        "all": float(each.mean()),
        "uncovered": float(each[found.uncovered.swapaxes(0, 1)[2:]].mean()),
        "elsewhere": float(each[found.elsewhere.swapaxes(0, 1)[2:]].mean()),
    }


def train_network(name: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run, judged by all pixels of the validation films."""
    run = run_network(name, setting["rate"], seed, steps)
    score = measure_errors(run.model, make_films("valid"))["all"]
    tqdm.write(f"{name} {setting} {seed}: {score:.2f}, {run.seconds:.1f} s")
    return Trained(
        score, steps, lambda: measure_errors(run.model, make_films("test"))["all"]
    )


def facts_of(runs: list[FramesOutcome]) -> dict[str, Any]:
    """Weights, seconds, and the errors of each seed on two tests."""
    wider = make_films("test", None, WIDER)
    return {
        "weights": sum(p.numel() for p in runs[0].model.parameters()),
        "seconds": [round(run.seconds, 2) for run in runs],
        "errors": [measure_errors(run.model, make_films("test")) for run in runs],
        "wider": [measure_errors(run.model, wider) for run in runs],
    }


def compare_networks(names: Iterable[str], steps: int, asked: Options) -> Comparison:
    """These networks, each at every rate."""
    return compare(
        {name: partial(train_network, name) for name in names},
        {"rate": RATES},
        steps=steps,
        seeds=SEEDS,
        extensions=0 if asked.check else 2,
    )


def measure(asked: Options) -> Iterator[Measurement]:
    """The comparison, then what its chosen networks do where."""
    found = compare_networks(NETWORKS, asked.steps or STEPS, asked)
    yield Measurement("frames.blocks", to_json(found), UNIT, list(SEEDS))
    facts, halves = {}, {}
    for name, result in found.results.items():
        rate, steps = result.chosen["rate"], found.steps
        facts[name] = facts_of([run_network(name, rate, s, steps) for s in SEEDS])
        runs = [run_network(name, rate, s, steps, UPPER) for s in SEEDS]
        halves[name] = {
            half: [measure_errors(run.model, make_films("test", rows)) for run in runs]
            for half, rows in (("upper", UPPER), ("lower", LOWER))
        }
    rate = found.results["dense LSTM"].chosen["rate"]
    steps = LONGER * found.steps
    facts["longer"] = facts_of(
        [run_network("dense LSTM", rate, s, steps) for s in SEEDS]
    )
    yield Measurement("frames.blocks.facts", facts, FACTS, list(SEEDS))
    yield Measurement("frames.blocks.halves", halves, UNIT, list(SEEDS))


def measure_time(asked: Options) -> Iterator[Measurement]:
    """Eight frames in the ConvLSTM's time."""
    name, steps = "eight frames", round(TIME * (asked.steps or STEPS))
    found = compare_networks([name], steps, asked)
    yield Measurement("frames.time", to_json(found), UNIT, list(SEEDS))
    rate = found.results[name].chosen["rate"]
    facts = facts_of([run_network(name, rate, s, steps) for s in SEEDS])
    yield Measurement("frames.time.facts", facts, FACTS, list(SEEDS))


TRAINING = Training("frames", __doc__, {}, {"blocks": measure, "time": measure_time})
