"""Car parts: 2,509 series of monthly sales, three of four values 0.

The last 8 months are the test, from one origin; all is chosen on the 8 months before
them: the settings of simple methods by CRPS, the head of the network by its loss.
"test" trains both heads with every seed, "choice" is the choice. Intervals are over
parts. About half a minute of one core.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np

from rnncore.data.public.series import car_parts
from rnncore.data.public.store import find
from rnncore.forecast.counts import CountScores, score_counts
from rnncore.forecast.covariates import waves
from tools.train.ch11.methods.forking import Series, read_at, train_forking
from tools.train.ch11.methods.intermittent import (
    choose_rivals,
    list_rivals,
    quantiles_of,
)
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
    for name, rival in choose_rivals(past, [first - K], K, list_rivals(YEAR)).items():
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


TRAINING = Training(
    "carparts", __doc__, {}, {"test": run_test, "choice": run_choice}, KEY
)
