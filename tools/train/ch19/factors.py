"""Measure for chapter 19 how long a layer keeps track of swaps.

Every contender of `rnncore.tracking` meets the same rates, with three
seeds each: "factors.two.NAME.grid" is the mean -log p by rate and seed on
sequences of 96 steps, a length that is reported nowhere. The rate with the
smallest mean is then trained with five seeds: "factors.two.NAME" is, seed
by seed, the share right at each of the lengths in "factors.lengths". For
two things "factors.two.NAME.rates" has those shares for every rate.
"""

import time
from collections.abc import Iterator
from functools import partial

import numpy as np

from rnncore.application import cooling
from rnncore.tracking import CONTENDERS, Tracker, swapping, tracked, train_tracker
from rnncore.train import Fit
from tools.train.runner import Measurement, Options, Training

RATES = {
    "two": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    "three": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
}
LENGTHS = (32, 64, 128, 256, 512, 1024)
CHOICE = 96  # the length at which a rate is chosen
FEWER, MORE = 3, 5  # seeds of the grid, and of the chosen rate
PROBLEMS = {"two": swapping(2), "three": swapping(3)}
STEPS = {"two": 300, "three": 1000}
LEFT_OUT = {
    *(("three", name) for name in ("minLSTM", "clip to [0, 1]", "turning")),
    ("two", "turning"),
}


def train(name: str, number: str, rate: float, seed: int, steps: int) -> Fit:
    """One run; its rate falls to 0 at the end."""
    return train_tracker(
        CONTENDERS[name],
        PROBLEMS[number],
        cooling(rate, steps),
        steps,
        np.random.default_rng(seed),
    )


def measure_scores(name: str, number: str, tracker: Tracker, lengths: tuple) -> list:
    """Share right and mean -log p at each length, on sequences drawn for it."""
    return [
        tracked(
            CONTENDERS[name],
            tracker,
            PROBLEMS[number],
            T,
            np.random.default_rng((7, T)),
            min(128, 2**17 // T),  # sequences
        )
        for T in lengths
    ]


def measure_shares(name: str, number: str, tracker: Tracker) -> list[float]:
    """Of right answers, at every length that is reported."""
    return [share for share, _ in measure_scores(name, number, tracker, LENGTHS)]


def run_study(name: str, number: str, asked: Options) -> Iterator[Measurement]:
    """The grid of rates, then the chosen one."""
    steps = asked.steps or STEPS[number]
    rates = RATES[number][1:3] if asked.check else RATES[number]
    few, more = (1, 2) if asked.check else (FEWER, MORE)
    key = f"factors.{number}.{name}"
    known: dict[tuple[float, int], Tracker] = {}
    grid: dict[str, list[float]] = {f"{rate:g}": [] for rate in rates}
    by_rate: dict[str, list] = {f"{rate:g}": [] for rate in rates}
    seconds = []
    for rate in rates:
        for seed in range(few):
            begun = time.process_time()
            tracker = train(name, number, rate, seed, steps).params
            seconds.append(time.process_time() - begun)
            known[rate, seed] = tracker
            ((_, nats),) = measure_scores(name, number, tracker, (CHOICE,))
            grid[f"{rate:g}"].append(nats)
            if number == "two":
                by_rate[f"{rate:g}"].append(measure_shares(name, number, tracker))
    best = min(rates, key=lambda rate: np.mean(grid[f"{rate:g}"]))
    about = f"{steps} steps of Adam"
    every = list(range(few))
    unit = f"mean -log p, in nats, on {CHOICE} steps, by rate and seed; {about}"
    yield Measurement(f"{key}.grid", grid, unit, every)
    yield Measurement(
        f"{key}.rate", best, f"of Adam, the smallest mean of {key}.grid", every
    )
    if number == "two":
        unit = f"share right in the last 16 of {LENGTHS} steps; {about}"
        yield Measurement(f"{key}.rates", by_rate, unit, every)
    yield Measurement(
        f"{key}.seconds", float(np.median(seconds)), f"of one core, {about}"
    )
    right = []
    for seed in range(more):
        tracker = known.get((best, seed))
        if tracker is None:
            tracker = train(name, number, best, seed, steps).params
        right.append(measure_shares(name, number, tracker))
    unit = (
        f"share right in the last 16 of {LENGTHS} steps, by seed; {about} at {best:g}"
    )
    yield Measurement(key, right, unit, list(range(more)))


def list_lengths(asked: Options) -> Iterator[Measurement]:
    """At which lengths the shares stand."""
    yield Measurement("factors.lengths", LENGTHS, "steps", None)


TRAINING = Training(
    "factors",
    __doc__,
    {},
    {
        "lengths": list_lengths,
        **{
            f"{number}.{name}": partial(run_study, name, number)
            for number in PROBLEMS
            for name in CONTENDERS
            if (number, name) not in LEFT_OUT
        },
    },
)
