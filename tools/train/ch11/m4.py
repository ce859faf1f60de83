"""The hourly series of the M4 competition: one network for all 414.

Each series is forecast once, 48 hours ahead of its end. Scores are the
competition's: sMAPE in percent, MASE in units of the seasonal naive's error in
training, and OWA, the mean of both over those of Naive2. Everything is chosen
on the last 48 hours of the training series; then the network is trained again
with them. "network" is trained by the two scores themselves, on logarithms of
windows of two weeks, as are the straight lines of "line". "baselines" need no
training. "tuning" changes one setting at a time. About ten minutes of one core.

The competition's score of 95 % intervals is MSIS. Each method, network or not, has
the quantiles of its own errors around it: those of the series' last 200 origins,
hour by hour, all widened by one number, so that 95 % of the last 48 training hours
of all series, which were forecast without them, lie inside.
"""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from rnncore.data.public.series import m4
from tools.train.ch11.methods.ends import (
    Ends,
    Fit,
    fit_naive2,
    fit_season,
    fit_theta,
    judge_method,
)
from tools.train.ch11.methods.ends_network import (
    SEGMENTS,
    EndsPlan,
    cut_parts,
    fit_network,
    plan_line,
    train_once,
    train_twice,
)
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    list_measurements,
    show_progress,
)

K, DAY, WEEK = 48, 24, 168  # hours
PLANS = {
    "network": EndsPlan(K),
    "recurrent": EndsPlan(K, parts=(SEGMENTS,)),
    "line": plan_line(EndsPlan(K)),
}
TUNING: dict[str, list[dict[str, Any]]] = {  # beside what was chosen
    "network": [{"rate": 0.003}, {"rate": 0.01}, {"keep": 0.8}],
    "recurrent": [{"history": 504}, {"rate": 0.003}, {"rate": 0.012}],
    "line": [{"rate": 0.003}, {"rate": 0.03}],
}
SHOWN = {"history": "T", "hidden": "H", "rate": "rate", "keep": "keep"}
UNIT = "percent; seasonal naive's error; of Naive2's; share inside"


def read_parts() -> tuple[Ends, Ends]:
    """The series 48 hours earlier, and as they are judged."""
    series = {s.name: np.concatenate([s.train, s.test]) for s in m4()}
    return cut_parts(series, PLANS["network"])


def run(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """On the earlier series, which choose; then on all of each, and judged."""
    before, ends = read_parts()
    plan, key = PLANS[name], f"real.m4.{name}"
    plan = plan._replace(steps=asked.steps or plan.steps)
    begun = time.process_time()
    progress = show_progress(f"{name} {seed}")
    found = train_twice(before, ends, plan, progress=progress, seed=seed)
    seconds = time.process_time() - begun
    course = np.round(found.course, 4).tolist()
    yield Measurement(f"{key}.course", course, "OWA, validation")
    yield Measurement(f"{key}.validation", course[-1], "OWA")
    fits = [fit_network(one, plan) for one in (found.held, found.module)]
    yield from round_measurement(key, judge_method(before, ends, fits)[0])
    yield Measurement(f"{key}.seconds", round(seconds, 1), "seconds of one core")
    count = sum(w.numel() for w in found.module.parameters())
    yield Measurement(f"{key}.weights", count, "weights", 0)


def round_measurement(key: str, found: dict[str, float]) -> Iterator[Measurement]:
    values = {name: round(value, 4) for name, value in found.items()}
    yield from list_measurements(key, values, UNIT)


def run_baselines(asked: Options) -> Iterator[Measurement]:
    """Of one series each."""
    before, ends = read_parts()
    methods: dict[str, Fit] = {
        "naive2": partial(fit_naive2, horizon=K, period=DAY),
        "day": partial(fit_season, horizon=K, period=DAY),
        "week": partial(fit_season, horizon=K, period=WEEK),
        "theta": partial(fit_theta, horizon=K, period=DAY),
    }
    for name, fit in methods.items():
        begun = time.process_time()
        scores, _ = judge_method(before, ends, (fit, fit))
        seconds = time.process_time() - begun
        for found in round_measurement(f"real.m4.{name}", scores):
            yield found._replace(seed=None)
        unit = "seconds of one core"
        yield Measurement(f"real.m4.{name}.seconds", round(seconds, 1), unit, None)


def run_tuned(name: str, before: Ends, plan: EndsPlan) -> float | None:
    """OWA after the last step; None where the training diverged."""
    progress = show_progress(name)
    try:
        _, fit = train_once(before, plan, seed=0, looks=True, progress=progress)
    except FloatingPointError:
        return None
    return round(fit.history.score[-1], 4)


def run_tuning(asked: Options) -> Iterator[Measurement]:
    """OWA on the validation hours with one thing changed at a time; seed 0."""
    before, _ = read_parts()
    for name, others in TUNING.items():
        found = {}
        for other in [{}, *others]:
            plan = PLANS[name]._replace(**other)
            plan = plan._replace(steps=asked.steps or plan.steps // 3)
            said = ["history", "rate"] if name == "line" else [*SHOWN]
            label = ", ".join(f"{SHOWN[k]} {getattr(plan, k):g}" for k in said)
            found[label] = run_tuned(name, before, plan)
        yield Measurement(f"real.m4.tuning.{name}", found, "OWA, validation", 0)


TRAINING = Training(
    "m4",
    __doc__,
    {name: partial(run, name) for name in PLANS},
    {"baselines": run_baselines, "tuning": run_tuning},
    "real.m4",
)
