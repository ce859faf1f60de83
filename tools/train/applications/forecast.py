"""Train chapter 11's networks and score them beside their baselines.

Eight studies, three seeds each, into book/measurements.json under
"forecast."; two networks go to rnncore/weights/. Scores are those of test
windows that neither training nor stopping has seen. About ten minutes of
one core: `python -m tools.train forecast [STUDY ...]`.
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")

import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import WEIGHTS, origin, save_weights, seeded
from rnncore.data.series import fertility, google_share
from rnncore.forecast.classical import (
    arima,
    ask_linear,
    best_linear,
    drift,
    ets,
    with_past_errors,
)
from rnncore.forecast.examples import (
    LEVELS,
    Example,
    countries,
    sunspots,
    weather,
    wine,
)
from rnncore.forecast.heads import (
    Head,
    gaussian_head,
    mean_head,
    quantile_head,
)
from rnncore.forecast.models import Direct, EncoderDecoder, Recursive
from rnncore.forecast.scores import coverage, crps
from rnncore.forecast.training import ask, futures, train_forecaster
from rnncore.forecast.windows import (
    Windows,
    changes,
    cut,
    fit_scaler,
    join,
    origins,
    scaled,
    scaled_by_past,
    split_by_time,
    unscaled,
)
from rnncore.sequence import persistence, seasonal_naive
from tools.measurements import record

SEEDS = (0, 1, 2)
Found = dict[str, Any]  # by name: a score, or one for each seed


def main() -> None:
    studies = {
        "weather": weather_study,
        "leak": leak_study,
        "sunspots": sunspot_study,
        "wine": wine_study,
        "countries": country_study,
        "units": unit_study,
        "rivals": rival_study,
        "draws": draw_study,
    }
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", nargs="*", help=", ".join(studies))
    for name in parser.parse_args().study or studies:
        start = time.process_time()
        studies[name]()
        seconds = time.process_time() - start
        note(name, {"seconds": round(seconds, 1)}, "seconds of one core")


def note(study: str, values: dict, unit: str) -> None:
    """Record values of a study, rounded, and show them."""
    for key, value in values.items():
        print(f"forecast.{study}.{key}: {np.round(value, 4)}")
    record(
        {
            f"forecast.{study}.{key}": np.round(value, 4).tolist()
            for key, value in values.items()
        },
        unit=unit,
        seed=list(SEEDS),
        command=f"python -m tools.train forecast {study}",
    )


def trained(
    make: Callable[[], torch.nn.Module],
    head: Head,
    training: Windows,
    validation: Windows,
    seed: int,
    **options,
) -> torch.nn.Module:
    """A network from its seed."""
    with seeded(seed):
        module = make()
    rng = np.random.default_rng(seed)
    train_forecaster(module, head, training, validation, rng=rng, **options)
    return module


def said_by(module: torch.nn.Module, head: Head, windows: Windows):
    """Point (K, B) and quantiles (Q, K, B), in the network's units."""
    out = ask(module, windows)
    return head.point(out).numpy(), head.quantiles(out, LEVELS).numpy()


def errors(example: Example, point: np.ndarray) -> np.ndarray:
    """The MASE of each step ahead. Shapes: point (K, B) -> (K,)"""
    return np.abs(example.actual - point).mean(axis=1) / example.unit


def judged(example: Example, quantiles: np.ndarray) -> dict[str, float]:
    """CRPS in units of MASE, and the coverage of 50, 80 and 90 %."""
    a, q = example.actual, quantiles
    return {
        "crps": crps(a, q, LEVELS) / example.unit,
        "inside_50": coverage(a, q[2], q[4]),
        "inside_80": coverage(a, q[1], q[5]),
        "inside_90": coverage(a, q[0], q[6]),
    }


def weather_study() -> None:
    """One and seven days ahead, with and without covariates."""
    head = quantile_head(LEVELS)
    found: Found = {}
    for name, covariates in [("plain", False), ("covariates", True)]:
        e = weather(covariates=covariates)
        F = e.test.known.shape[2]
        line = ask_linear(best_linear(e.training, e.validation), e.test)
        found[f"linear_{name}"] = errors(e, e.back(line))
        runs = []
        for seed in SEEDS:
            module = trained(
                partial(Direct, "GRU", F, 16, 7, head.P),
                head,
                e.training,
                e.validation,
                seed,
                steps=500,
                evaluate_every=25,
            )
            point, quantiles = said_by(module, head, e.test)
            runs.append(errors(e, e.back(point)))
            for key, value in judged(e, e.back(quantiles)).items():
                found.setdefault(f"network_{name}_{key}", []).append(value)
        found[f"network_{name}"] = runs
    last = np.repeat(e.values[e.origins - 1][None], 7, axis=0)
    found["persistence"] = errors(e, last)
    found["climatology"] = errors(e, e.back(np.zeros(e.actual.shape)))
    note("weather", found, "MASE a day ahead; CRPS; share inside")


def leak_study() -> None:
    """How good a forecast of a share looks if one is not careful.

    Twenty days ahead, in units of persistence's error on the same windows.
    """
    prices = google_share().to_numpy()
    N, history, horizon = len(prices), 20, 20
    parts = split_by_time(N, 150, 250)
    head = mean_head()
    found: Found = {}
    honest = fit_scaler(prices[: parts.training.stop])
    by_time = [origins(part, history, horizon) for part in parts]
    until_test = np.arange(history, parts.test.start)
    mixed = np.random.default_rng(0).permutation(
        origins(range(N), history, horizon)
    )
    sizes = np.cumsum([len(at) for at in by_time])
    cases = {
        "none": (by_time, honest, 1),
        "scaler": (by_time, fit_scaler(prices), 1),
        "overlap": ([until_test, *by_time[1:]], honest, 1),
        "stopping": (by_time, honest, 2),
        "shuffled": (np.split(mixed, sizes)[:3], honest, 1),
    }
    for name, (starts, scaler, stop_by) in cases.items():
        cuts = [
            cut(scaled(prices, scaler), at, history, horizon)
            for at in starts
        ]
        test = starts[2]
        actual = unscaled(cuts[2].target, scaler)
        still = np.abs(prices[test - 1] - actual).mean()
        found[name] = []
        for seed in SEEDS:
            module = trained(
                lambda: Direct("GRU", 0, 32, horizon),
                head,
                cuts[0],
                cuts[stop_by],
                seed,
                steps=1500,
                rate=5e-3,
                patience=10,
            )
            point = unscaled(
                head.point(ask(module, cuts[2])).numpy(), scaler
            )
            found[name].append(np.abs(point - actual).mean() / still)
        if name in ("none", "shuffled"):
            nearest = copied(cuts[0], cuts[2])
            point = unscaled(nearest, scaler)
            found[f"nearest_{name}"] = np.abs(point - actual).mean() / still
    note("leak", found, "mean absolute error over persistence's")


def copied(training: Windows, test: Windows) -> np.ndarray:
    """What came after the most similar window of training."""
    a, b = training.past[..., 0], test.past[..., 0]
    distance = ((a[:, :, None] - b[:, None, :]) ** 2).sum(axis=0)
    return training.target[:, distance.argmin(axis=0)]


def sunspot_study() -> None:
    """Three ways to look five years ahead, and two heads."""
    e = sunspots()
    found = sunspot_networks(e) | sunspot_classics(e)
    note("sunspots", found, "MASE a step ahead; CRPS; share inside")


def sunspot_networks(e: Example) -> Found:
    """Three seeds of each."""
    K, H = 10, 32
    quantile, gaussian = quantile_head(LEVELS), gaussian_head()
    Q, point = quantile.P, quantile.point
    ways: dict[str, tuple[Head, Callable]] = {
        "direct": (quantile, partial(Direct, "GRU", 0, H, K, Q)),
        "recursive": (
            quantile,
            partial(Recursive, "GRU", 0, H, Q, point=point),
        ),
        "encoder_decoder": (
            quantile,
            partial(EncoderDecoder, "GRU", 0, H, Q, point=point),
        ),
        "gaussian": (gaussian, partial(Direct, "GRU", 0, H, K, 2)),
    }
    found: Found = {}
    for name, (head, make) in ways.items():
        for seed in SEEDS:
            module = trained(
                make, head, e.training, e.validation, seed, steps=800
            )
            said, quantiles = said_by(module, head, e.test)
            found.setdefault(name, []).append(errors(e, e.back(said)))
            for key, value in judged(e, e.back(quantiles)).items():
                found.setdefault(f"{name}_{key}", []).append(value)
            if isinstance(module, Recursive):
                told = fed_the_truth(module, head, e)
                found.setdefault("fed_the_truth", []).append(told)
            if name == "direct" and seed == 0:
                keep(
                    "forecast_sunspots", module, "sunspots", found[name][0]
                )
    return found


def sunspot_classics(e: Example) -> Found:
    """The same windows and origins without a network."""
    K = len(e.actual)
    model = best_linear(e.training, e.validation)
    line = ask_linear(model, e.test)
    past = e.validation.target - ask_linear(model, e.validation)
    quantiles = {"linear": e.back(with_past_errors(line, past, LEVELS))}
    found: Found = {"linear": errors(e, e.back(line))}
    plain: dict[str, Callable] = {
        "persistence": persistence,
        "cycle": partial(seasonal_naive, period=22),
        "drift": drift,
    }
    for name, method in plain.items():
        said = [method(e.values[:t], K) for t in e.origins]
        found[name] = errors(e, np.stack(said, axis=1))
    fitted: dict[str, Callable] = {
        "ets": partial(ets, levels=LEVELS),
        "arima": partial(arima, order=(3, 0, 1), levels=LEVELS),
    }
    for name, method in fitted.items():
        said = [
            method(np.sqrt(e.values[:t]), K)
            for t in tqdm(e.origins, disable=None, leave=False)
        ]
        quantiles[name] = np.maximum(np.stack(said, axis=-1), 0) ** 2
        found[name] = errors(e, quantiles[name][3])
    for name, q in quantiles.items():
        for key, value in judged(e, q).items():
            found[f"{name}_{key}"] = value
    return found


def fed_the_truth(module: Recursive, head: Head, e: Example) -> list[float]:
    """The error at each step if the steps before it were handed over."""
    found = []
    for k in range(len(e.test.target)):
        past = np.concatenate([e.test.past, e.test.target[:k, :, None]])
        window = Windows(past, e.test.known[:1], e.test.target[:1])
        point = e.back(head.point(ask(module, window)).numpy())
        wrong = np.abs(e.actual[k] - point[0]).mean()
        found.append(float(wrong / e.unit))
    return found


def wine_study() -> None:
    """One series of 176 months, a year ahead, from 25 origins."""
    head = quantile_head(LEVELS)
    found: Found = {}
    for name, known in [("calendar", True), ("no_calendar", False)]:
        e = wine(with_calendar=known)
        F = e.test.known.shape[2]
        line = ask_linear(best_linear(e.training, e.validation), e.test)
        found[f"linear_{name}"] = errors(e, e.back(line)).mean()
        for seed in SEEDS:
            module = trained(
                partial(Direct, "GRU", F, 16, 12, head.P),
                head,
                e.training,
                e.validation,
                seed,
                steps=300,
                batch=32,
                evaluate_every=25,
            )
            point, quantiles = said_by(module, head, e.test)
            found.setdefault(f"network_{name}", []).append(
                errors(e, e.back(point)).mean()
            )
            for key, value in judged(e, e.back(quantiles)).items():
                found.setdefault(f"network_{name}_{key}", []).append(value)
    note("wine", found, "MASE over a year; CRPS; share inside")


def country_study() -> None:
    """188 countries, ten years ahead, from three origins."""
    head = quantile_head(LEVELS)
    found: Found = {}
    for year in (1992, 1997, 2002):
        c = countries(year)
        for seed in SEEDS:
            module = country_network(c, head, seed)
            scores = country_scores(c, *said_by(module, head, c.test))
            for key, value in scores.items():
                found.setdefault(f"network_{year}{key}", []).append(value)
            if (year, seed) == (2002, 0):
                keep("forecast_countries", module, "countries", scores[""])
        model = best_linear(c.training, c.validation)
        line = ask_linear(model, c.test)
        past = c.validation.target - ask_linear(model, c.validation)
        around = with_past_errors(line, past, LEVELS)
        for key, value in country_scores(c, line, around).items():
            found[f"linear_{year}{key}"] = value
        found |= one_by_one(year, c)
    found |= by_number(head)
    note("countries", found, "births a woman; CRPS; share inside")


def country_network(c, head: Head, seed: int) -> torch.nn.Module:
    return trained(
        lambda: Direct("GRU", 1, 32, 10, head.P),
        head,
        c.training,
        c.validation,
        seed,
        steps=1000,
    )


def country_scores(c, point: np.ndarray, q: np.ndarray) -> dict[str, float]:
    """Of changes from the last value, (K, B) and (Q, K, B)."""
    actual = c.actual - c.last
    return {
        "": float(np.abs(point - actual).mean()),
        "_crps": crps(actual, q, LEVELS),
        "_inside_80": coverage(actual, q[1], q[5]),
        "_inside_90": coverage(actual, q[0], q[6]),
    }


def one_by_one(year: int, c) -> dict[str, float]:
    """Methods that know one country each, from 1960 to the origin."""
    rates = fertility().to_numpy()[: year - 1960]
    methods = {
        "persistence": persistence,
        "drift": drift,
        "ets": ets,
        "arima": arima,
    }
    found = {}
    for name, method in methods.items():
        said = np.stack(
            [
                method(r, 10)
                for r in tqdm(rates.T, disable=None, leave=False)
            ],
            axis=1,
        )
        found[f"{name}_{year}"] = float(np.abs(said - c.actual).mean())
    return found


def by_number(head: Head) -> Found:
    """How the error falls with the number of countries learnt from."""
    found: Found = {}
    for number in (5, 20, 60, 188):
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            chosen = rng.permutation(188)[:number]
            c = countries(2002, learn_from=chosen)
            line = ask_linear(best_linear(c.training, c.validation), c.test)
            module = country_network(c, head, seed)
            point, q = said_by(module, head, c.test)
            for name, said in [("network", point), ("linear", line)]:
                error = country_scores(c, said, q)[""]
                found.setdefault(f"{name}_of_{number}", []).append(error)
    return found


def unit_study() -> None:
    """The countries from 2002 on, each window in units of its own past."""
    rates = fertility().to_numpy()
    every = np.arange(rates.shape[1])
    head = quantile_head(LEVELS)
    kept = every % 5 == 0

    def windows(columns, starts):
        cuts = [cut(rates[:, c], starts, 10, 10) for c in columns]
        window, scaler = scaled_by_past(join(cuts), least=0.01)
        return changes(window), scaler

    before = origins(range(42), 10, 10)
    training, _ = windows(every[~kept], before)
    validation, _ = windows(every[kept], before)
    test, scaler = windows(every, np.array([42]))
    actual = rates[42:52] - rates[41]
    found: Found = {}
    for seed in SEEDS:
        module = trained(
            partial(Direct, "GRU", 1, 32, 10, head.P),
            head,
            training,
            validation,
            seed,
            steps=1000,
        )
        point, _ = said_by(module, head, test)
        error = np.abs(point * scaler.spread - actual).mean()
        found.setdefault("network", []).append(float(error))
    note("units", found, "births a woman")


def rival_study() -> None:
    """Other models that can bend, from the very windows of the network."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.neural_network import MLPRegressor

    rivals: dict[str, Callable] = {
        "forest": partial(
            RandomForestRegressor, min_samples_leaf=5, max_features=0.3
        ),
        "feedforward": partial(
            MLPRegressor, hidden_layer_sizes=(64,), early_stopping=True
        ),
    }
    found: Found = {}
    for year in (1992, 1997, 2002):
        c = countries(year)
        x, unseen = flat(c.training), flat(c.test)
        spread = fit_scaler(x).spread
        for name, make in rivals.items():
            for seed in SEEDS:
                model = make(random_state=seed)
                model.fit(x / spread, c.training.target.T)
                said = model.predict(unseen / spread).T
                error = np.abs(said - (c.actual - c.last)).mean()
                found.setdefault(f"{name}_{year}", []).append(float(error))
    note("rivals", found, "births a woman")


def flat(window: Windows) -> np.ndarray:
    """All that a window shows, in a row. Shapes: -> (B, columns)"""
    parts = [np.moveaxis(a, 1, 0) for a in (window.past, window.known)]
    return np.concatenate([p.reshape(len(p), -1) for p in parts], axis=1)


def draw_study() -> None:
    """The recursive way with drawn futures in place of fed medians."""
    e = sunspots()
    head = quantile_head(LEVELS)
    make = partial(Recursive, "GRU", 0, 32, head.P, point=head.point)
    found: Found = {}
    for seed in SEEDS:
        module = trained(
            make, head, e.training, e.validation, seed, steps=800
        )
        assert isinstance(module, Recursive)
        values = futures(
            module, head, e.test, LEVELS, 500, np.random.default_rng(seed)
        )
        quantiles = e.back(np.quantile(values, LEVELS, axis=0))
        found.setdefault("mase", []).append(errors(e, quantiles[3]).mean())
        for key, value in judged(e, quantiles).items():
            found.setdefault(key, []).append(value)
    note("draws", found, "MASE over five years; CRPS; share inside")


def keep(name: str, module: torch.nn.Module, study: str, score) -> None:
    """Store a network's weights with what they score."""
    about = {
        "kind": "forecast example",
        "seed": 0,
        "seconds": round(time.process_time(), 1),  # of the study so far
        "score": np.round(score, 6).tolist(),
        **origin(f"python -m tools.train forecast {study}"),
    }
    WEIGHTS.mkdir(exist_ok=True)
    save_weights(WEIGHTS / f"{name}.safetensors", module, about)


if __name__ == "__main__":
    main()
