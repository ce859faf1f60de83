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
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnncore.application import seeded
from rnncore.data.public.series import Ahead, m4
from rnncore.forecast.rivals import (
    Theta,
    ask_theta,
    repeat_last,
    repeat_season,
    spread_errors,
)
from rnncore.forecast.scores import coverage, crps, interval_score, smape
from rnncore.forecast.segments import FromLast, Segments, line
from rnncore.sequence import seasonal_naive
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_module,
    list_measurements,
)

K, DAY, WEEK = 48, 24, 168  # hours
LIMIT = 1.645  # of the test for a season: 90 %
STEPS, B = 2400, 64
CHOSEN: dict[str, dict[str, Any]] = {
    "network": {"T": 336, "H": 64, "rate": 0.006, "keep": 1.0},
    "recurrent": {"T": 336, "H": 64, "rate": 0.006, "keep": 1.0},
    "line": {"T": 336, "rate": 0.01},
}
TUNING: dict[str, list[dict[str, Any]]] = {  # beside what was chosen
    "network": [{"rate": 0.003}, {"rate": 0.01}, {"keep": 0.8}],
    "recurrent": [{"T": 504}, {"rate": 0.003}, {"rate": 0.012}],
    "line": [{"rate": 0.003}, {"rate": 0.03}],
}
SCORES = ("smape", "mase", "owa")
UNIT = "percent; seasonal naive's error; of Naive2's; share inside"
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
PAST = 200  # origins whose errors make a spread
Ask = Callable[[np.ndarray], np.ndarray]  # origins (B,) -> forecasts (K, B)
Fit = Callable[[np.ndarray], Ask]  # of the values of one series


class Judged(NamedTuple):
    """Series whose ends are known, and what Naive2 scores on them."""

    series: list[Ahead]
    unit: np.ndarray  # (N,) the seasonal naive's error in training
    naive2: tuple[float, float]  # sMAPE and MASE


def judge(series: list[Ahead]) -> Judged:
    """The units of their scores."""
    steps = [np.abs(s.train[DAY:] - s.train[:-DAY]).mean() for s in series]
    blank = Judged(series, np.array(steps), (1.0, 1.0))
    said = np.stack([forecast_naive2(s.train, K) for s in series])
    found = measure_scores(blank, said)
    return blank._replace(naive2=(found["smape"], found["mase"]))


def held_out(series: list[Ahead]) -> list[Ahead]:
    """The same series 48 hours earlier."""
    return [Ahead(s.name, s.train[:-K], s.train[-K:]) for s in series]


def measure_scores(judged: Judged, said: np.ndarray) -> dict[str, float]:
    """Shapes: said (N, K)"""
    came = np.stack([s.test for s in judged.series])
    percent = smape(came, said)
    missed = float((np.abs(came - said).mean(1) / judged.unit).mean())
    owa = (percent / judged.naive2[0] + missed / judged.naive2[1]) / 2
    return dict(zip(SCORES, (percent, missed, owa), strict=True))


def is_seasonal(values: np.ndarray, period: int = DAY) -> bool:
    """The competition's test: is a day's autocorrelation beyond chance?"""
    d = values - values.mean()
    at = [d[k:] @ d[: len(d) - k] / (d @ d) for k in range(1, period + 1)]
    spread = np.sqrt((1 + 2 * np.square(at[:-1]).sum()) / len(d))
    return bool(abs(at[-1]) > LIMIT * spread)


def compute_seasons(values: np.ndarray, period: int = DAY) -> np.ndarray:
    """The factors of a classical decomposition, 1 where there is no season."""
    from statsmodels.tsa.seasonal import seasonal_decompose

    if not is_seasonal(values, period):
        return np.ones(len(values))
    return seasonal_decompose(values, "multiplicative", period=period).seasonal


def fit_naive2(values: np.ndarray, horizon: int = K) -> Ask:
    """The last value without its season, with the seasons to come."""
    factors = compute_seasons(values)
    level = values / factors
    every = np.append(factors, seasonal_naive(factors, horizon, DAY))
    ahead = np.arange(horizon)[:, None]
    return lambda at: repeat_last(level, at, horizon) * every[at + ahead]


def forecast_naive2(values: np.ndarray, horizon: int) -> np.ndarray:
    """The same at the end. Shapes: -> (K,)"""
    return fit_naive2(values, horizon)(np.array([len(values)]))[:, 0]


def fit_theta(values: np.ndarray) -> Ask:
    """The same around the theta method's forecast: half the trend, smoothed."""
    from statsmodels.tsa.forecasting.theta import ThetaModel

    factors = compute_seasons(values)
    level = values / factors
    fit = ThetaModel(level, period=1, deseasonalize=False).fit()
    theta = Theta(float(fit.params["alpha"]), np.zeros(1))
    every = np.append(factors, seasonal_naive(factors, K, DAY))
    ahead = np.arange(K)[:, None]
    return lambda at: ask_theta(theta, level, at, K) * every[at + ahead]


def fit_season(values: np.ndarray, period: int) -> Ask:
    """The same hour a day or a week before."""
    return lambda at: repeat_season(values, at, K, period)


class Said(NamedTuple):
    """What a method says of the next hours, and how far it was off before."""

    point: np.ndarray  # (N, K)
    errors: np.ndarray  # (N, K, PAST)


def ask_each(fit: Fit, series: list[Ahead]) -> Said:
    """At the end of each series, and at the last origins whose hours had come."""
    points, errors = [], []
    for s in series:
        ask, N = fit(s.train), len(s.train)
        at = np.arange(N - K - PAST + 1, N - K + 1)
        points.append(ask(np.array([N]))[:, 0])
        errors.append(s.train[at + np.arange(K)[:, None]] - ask(at))
    return Said(np.stack(points), np.stack(errors))


def spread_past(said: Said, width: float = 1.0) -> np.ndarray:
    """The quantiles of its past errors, so many times as far from their middle.

    Shapes: -> (Q, N, K)
    """
    around = np.stack([spread_errors(e, LEVELS) for e in said.errors], axis=1)
    middle = around[len(LEVELS) // 2]
    return middle + width * (around - middle)


def find_width(before: Judged, said: Said) -> float:
    """The width with which 95 % of the held-out hours lie inside."""
    came = np.stack([s.test for s in before.series])
    around, least = spread_past(said), 1e-9 * before.unit[:, None]
    middle = around[len(LEVELS) // 2]
    above = np.maximum(around[-1] - middle, least)
    below = np.minimum(around[0] - middle, -least)
    wrong = came - said.point - middle
    outside = np.maximum(wrong / above, wrong / below)
    return float(np.quantile(outside, LEVELS[-1] - LEVELS[0]))


def measure_spread(judged: Judged, said: Said, width: float) -> dict[str, float]:
    """MSIS, CRPS and bias in units of MASE; the share inside the intervals."""
    unit = judged.unit[:, None]
    came = np.stack([s.test for s in judged.series]) / unit
    quantiles = (said.point + spread_past(said, width)) / unit
    ends = quantiles[0], quantiles[-1]
    return {
        "msis": interval_score(came, *ends, LEVELS[-1] - LEVELS[0]),
        "crps": crps(came, quantiles, LEVELS),
        "inside_95": coverage(came, *ends),
        "bias": float((said.point / unit - came).mean()),
        "width": width,
    }


def judge_method(before: Judged, fits: tuple[Fit, Fit], judged: Judged) -> dict:
    """All scores of a method, which had another fit before the last hours."""
    held, said = (
        ask_each(fit, some.series)
        for fit, some in zip(fits, (before, judged), strict=True)
    )
    found = measure_scores(judged, said.point)
    return found | measure_spread(judged, said, find_width(before, held))


class Windows(NamedTuple):
    """A batch: logarithms of the past, and what the loss wants."""

    past: Tensor  # (T, B, 1)
    target: Tensor  # (B, K)
    unit: Tensor  # (B,)


def draw_batches(judged: Judged, T: int) -> Callable:
    """Windows from anywhere in the series, the ends not among them."""
    trains = [s.train for s in judged.series]
    lengths = np.array([len(v) for v in trains])
    begins = np.cumsum(lengths) - lengths
    rooms = lengths - T - K + 1
    whose = np.repeat(np.arange(len(trains)), rooms)
    first = np.cumsum(rooms) - rooms
    at = np.arange(len(whose)) - first[whose] + begins[whose] + T
    values = np.concatenate(trains)

    def next_batch(rng: np.random.Generator, step: int) -> Windows:
        i = rng.integers(len(at), size=B)
        past = values[at[i] + np.arange(-T, 0)[:, None]]
        target = values[at[i][:, None] + np.arange(K)]
        return Windows(
            to_logs(past), to_floats(target), to_floats(judged.unit[whose[i]])
        )

    return next_batch


def to_floats(values: np.ndarray) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32)


def to_logs(past: np.ndarray) -> Tensor:
    """Shapes: past (T, B) -> (T, B, 1)"""
    return to_floats(np.log(past))[..., None]


def forecast_series(module: torch.nn.Module, past: Tensor) -> Tensor:
    """Shapes: past (T, B, 1) -> (B, K)"""
    known = past.new_zeros(K, past.shape[1], 0)
    return module(past, known)[..., 0].T.exp()


def loss_of(judged: Judged) -> Callable:
    """What OWA is, of training windows."""

    def loss(module: torch.nn.Module, batch: Windows, carry: Any) -> tuple:
        said = forecast_series(module, batch.past)
        error = (said - batch.target).abs()
        size = (said.detach() + batch.target) / 2
        percent = 100 * (error / size) / judged.naive2[0]
        missed = error / batch.unit[:, None] / judged.naive2[1]
        return (percent + missed).mean() / 2, carry

    return loss


def predict_forecasts(module: torch.nn.Module, judged: Judged, T: int) -> np.ndarray:
    """Shapes: -> (N, K)"""
    past = np.stack([s.train[-T:] for s in judged.series], axis=1)
    with torch.no_grad():
        return forecast_series(module.eval(), to_logs(past)).double().numpy()


def as_fit(module: torch.nn.Module, T: int) -> Fit:
    """A trained module, as a method of one series is asked."""

    def fit(values: np.ndarray) -> Ask:
        def ask(at: np.ndarray) -> np.ndarray:
            past = to_logs(values[at + np.arange(-T, 0)[:, None]])
            with torch.no_grad():
                return forecast_series(module.eval(), past).double().numpy().T

        return ask

    return fit


def build(name: str, setting: dict[str, Any], seed: int) -> torch.nn.Module:
    """A network that reads days, a straight line, or the sum of both."""
    with seeded(seed):
        parts: list[torch.nn.Module] = []
        if name != "recurrent":
            parts.append(line(setting["T"], K))
        if name != "line":
            parts.append(Segments("GRU", DAY, setting["H"], K, setting["keep"]))
        return FromLast(K, DAY, *parts)


def train(
    name: str, judged: Judged, setting: dict[str, Any], seed: int, steps: int
) -> tuple[torch.nn.Module, float, list[float]]:
    """The module after its last step, the seconds, and its scores on the way."""
    module = build(name, setting, seed)

    def owa(module: torch.nn.Module) -> float:
        return measure_scores(judged, predict_forecasts(module, judged, setting["T"]))[
            "owa"
        ]

    fit, seconds = fit_module(
        module,
        loss_of(judged),
        draw_batches(judged, setting["T"]),
        setting["rate"],
        steps,
        seed,
        name,
        evaluate=owa,
        evaluate_every=max(1, steps // 6),
    )
    with torch.no_grad():
        for key, weights in module.named_parameters():
            weights.copy_(fit.last_params[key])
    return module, seconds, fit.history.score


def run(name: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """On the earlier series, which choose; then on all of each, and judged."""
    series, setting = m4(), CHOSEN[name]
    steps, key = asked.steps or STEPS, f"real.m4.{name}"
    before = judge(held_out(series))
    first, seconds, course = train(name, before, setting, seed, steps)
    yield Measurement(f"{key}.course", np.round(course, 4).tolist(), "OWA, validation")
    yield Measurement(f"{key}.validation", round(course[-1], 4), "OWA")
    judged = judge(series)
    module, more, _ = train(name, judged, setting, seed, steps)
    fits = as_fit(first, setting["T"]), as_fit(module, setting["T"])
    yield from round_measurement(key, judge_method(before, fits, judged))
    yield Measurement(f"{key}.seconds", round(seconds + more, 1), "seconds of one core")
    count = sum(w.numel() for w in module.parameters())
    yield Measurement(f"{key}.weights", count, "weights", 0)


def round_measurement(key: str, found: dict[str, float]) -> Iterator[Measurement]:
    values = {name: round(value, 4) for name, value in found.items()}
    yield from list_measurements(key, values, UNIT)


def run_baselines(asked: Options) -> Iterator[Measurement]:
    """Of one series each."""
    series = m4()
    before, judged = judge(held_out(series)), judge(series)
    methods: dict[str, Fit] = {
        "naive2": fit_naive2,
        "day": partial(fit_season, period=DAY),
        "week": partial(fit_season, period=WEEK),
        "theta": fit_theta,
    }
    for name, fit in methods.items():
        begun = time.process_time()
        scores = judge_method(before, (fit, fit), judged)
        seconds = time.process_time() - begun
        for found in round_measurement(f"real.m4.{name}", scores):
            yield found._replace(seed=None)
        unit = "seconds of one core"
        yield Measurement(f"real.m4.{name}.seconds", round(seconds, 1), unit, None)


def run_tuned(
    name: str, before: Judged, setting: dict[str, Any], steps: int
) -> float | None:
    """OWA after the last step; None where the training diverged."""
    try:
        return round(train(name, before, setting, 0, steps)[2][-1], 4)
    except FloatingPointError:
        return None


def run_tuning(asked: Options) -> Iterator[Measurement]:
    """OWA on the validation hours with one thing changed at a time; seed 0."""
    before, steps = judge(held_out(m4())), asked.steps or STEPS // 3
    for name, others in TUNING.items():
        found = {}
        for other in [{}, *others]:
            setting = CHOSEN[name] | other
            label = ", ".join(f"{k} {v:g}" for k, v in setting.items())
            found[label] = run_tuned(name, before, setting, steps)
        yield Measurement(f"real.m4.tuning.{name}", found, "OWA, validation", 0)


TRAINING = Training(
    "m4",
    __doc__,
    {name: partial(run, name) for name in CHOSEN},
    {"baselines": run_baselines, "tuning": run_tuning},
    "real.m4",
)
