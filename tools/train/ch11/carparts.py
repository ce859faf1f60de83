"""Car parts: 2,509 series of monthly sales, three of four values 0.

The last 8 months are the test, from one origin; all is chosen on the 8 months before
them: the settings of simple methods by CRPS, the head of the network by its loss.
"test" trains both heads with every seed, "choice" is the choice; "command" is what
`forecast train` makes of the months before the test. Intervals are over parts. About
half a minute of one core, and a quarter for each seed of the command.
"""

import contextlib
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from rnncore.__main__ import main
from rnncore.apps.forecast.forking import Series, ask_forking, read_at, train_forking
from rnncore.apps.forecast.intermittent import choose_rivals, quantiles_of
from rnncore.apps.forecast.pipeline import series_of
from rnncore.apps.forecast.storage import load_forecaster
from rnncore.apps.forecast.supports import HEADS as BY_SUPPORT
from rnncore.data.public.series import car_parts
from rnncore.data.public.store import find
from rnncore.forecast.counts import CountScores, score_counts
from rnncore.forecast.covariates import waves
from tools.train.ch11.zeros import (
    HEADS,
    NAMES,
    STEPS,
    UNIT,
    ask_probabilities,
    fit_networks,
    make_row,
)
from tools.train.runner import Measurement, Options, Training

MOST = 100  # the largest count that has a probability of its own
YEAR = 12  # months
KEY = "real.carparts"


@cache
def read_parts() -> tuple[Series, int, int]:
    """The set, the step at which its test begins, and how long that is."""
    sold = car_parts().astype(float)
    year = np.array(waves(np.arange(len(sold)) / YEAR, pairs=1)).T
    known = np.repeat(year[:, None], sold.shape[1], axis=1)
    K = find("carparts").split["test"]
    return Series(sold, known), len(sold) - K, K


def cut_before(series: Series, stop: int) -> Series:
    """The same series without what came from this step on."""
    return Series(series.values[:stop], series.known[:stop])


def measure_mase(came: np.ndarray, p: np.ndarray, past: np.ndarray) -> float:
    """Mean over the parts that moved, of the median, in one-step changes.

    Shapes: came (K, S); p (K, S, C); past (N, S)
    """
    unit = np.abs(np.diff(past, axis=0)).mean(axis=0)
    error = np.abs(came - quantiles_of(p, [0.5])[0]).mean(axis=0)
    return float((error[unit > 0] / unit[unit > 0]).mean())


def run_test(asked: Options) -> Iterator[Measurement]:
    """Networks and simple methods on the last 8 months."""
    series, first, K = read_parts()
    past, came = series.values[:first], series.values[first:]
    yield Measurement(
        f"{KEY}.zeros", round(float((came == 0).mean()), 4), "share", None
    )
    reading = read_at(series, [first], K)
    ours: dict[str, CountScores] = {}
    for head, name in enumerate(NAMES):
        modules, seconds = fit_networks(cut_before(series, first), head, asked, K)
        said = [ask_probabilities(m, reading, MOST) for m in modules]
        each = [score_counts(came, p) for p in said]
        for kind, values in {
            "crps": [one.ranked.mean() for one in each],
            "risk": [one.risk for one in each],
        }.items():
            short = [round(float(v), 5) for v in values]
            yield Measurement(f"{KEY}.{name}.seeds.{kind}", short, UNIT, asked.seeds)
        unit = "seconds of one core"
        yield Measurement(f"{KEY}.{name}.seconds", seconds, unit, asked.seeds)
        p = np.mean(said, axis=0)
        ours[name] = score_counts(came, p)
        mase = round(measure_mase(came, p, past), 5)
        yield make_row(f"{KEY}.{name}", ours[name], mase=mase)
    chosen = ours[NAMES[choose(asked)[0]]]
    for name, rival in choose_rivals(past, [first - K], K, YEAR).items():
        p = rival.method(past, K, MOST)
        mase = round(measure_mase(came, p, past), 5)
        setting = list(rival.setting)
        row = score_counts(came, p)
        yield make_row(f"{KEY}.{name}", row, chosen, mase=mase, setting=setting)


def choose(asked: Options) -> tuple[int, list[float]]:
    """The head of less loss on the 8 months before the test, and the losses."""
    series, first, K = read_parts()
    losses = []
    for head in HEADS:
        _, fit = train_forking(
            cut_before(series, first - K),
            head,
            K,
            seed=0,
            steps=asked.steps or STEPS,
            held_out=read_at(cut_before(series, first), [first - K], K),
        )
        losses.append(fit.history.score[-1])
    return int(np.argmin(losses)), losses


def run_choice(asked: Options) -> Iterator[Measurement]:
    """The head, and what it was chosen by."""
    head, losses = choose(asked)
    found = dict(zip(NAMES, np.round(losses, 5).tolist(), strict=True))
    yield Measurement(f"{KEY}.losses", found, "-log p, validation", 0)
    yield Measurement(f"{KEY}.head", NAMES[head], "chosen", 0)


def run_command(seed: int, asked: Options) -> Iterator[Measurement]:
    """One network of the command, learnt from all months before the test."""
    series, first, K = read_parts()
    months = pd.date_range("1998-01-01", periods=first + K, freq="MS", name="month")
    names = [f"part {k}" for k in range(series.values.shape[1])]
    frame = pd.DataFrame(series.values, months, names).astype(int)
    with TemporaryDirectory() as made:
        path, model = Path(made, "parts.csv"), Path(made, "parts.safetensors")
        long = frame[:first].stack().rename_axis(["month", "part"]).rename("sold")
        long.to_csv(path)
        words = ["forecast", "train", str(path), "--date", "month", "--value", "sold"]
        words += ["--id", "part", "--horizon", str(K), "--model", str(model)]
        words += ["--method", "network", "--no-baselines", "--origins", "1"]
        words += ["--seeds", "1", "--seed", str(seed), "--device", "cpu"]
        words += ["--threads", "1"]  # its own back-test is for another span
        words += ["--steps", str(asked.steps)] if asked.steps else []
        with contextlib.redirect_stdout(io.StringIO()):
            if status := main(words):
                raise SystemExit(status)
        modules, plan, about = load_forecaster(model)
    known = series_of(frame, plan).known  # the calendar: no sales are in it
    reading = read_at(Series(series.values[:first], known), [first], K)
    network = modules[about["networks"]]  # of all rows
    scores = score_counts(
        series.values[first:], ask_probabilities(network, reading, MOST)
    )
    out = ask_forking(network, reading)
    said = BY_SUPPORT[plan.support].quantiles(out, plan.levels)
    sold = ((said >= 0) & (said == said.round())).all()
    key = f"{KEY}.command"
    yield Measurement(f"{key}.crps", round(float(scores.ranked.mean()), 5), UNIT)
    yield Measurement(f"{key}.risk", round(float(scores.risk), 5), UNIT)
    yield Measurement(f"{key}.whole", bool(sold), "no quantile that can't be sold")
    rival = choose_rivals(series.values[:first], [first - K], K, YEAR)["past values"]
    other = score_counts(
        series.values[first:], rival.method(series.values[:first], K, MOST)
    )
    less = make_row(key, other, scores).value["less"]
    yield Measurement(f"{key}.less", less, "95 % of the network less past values")


TRAINING = Training(
    "carparts",
    __doc__,
    {"command": run_command},
    {"test": run_test, "choice": run_choice},
    KEY,
)
