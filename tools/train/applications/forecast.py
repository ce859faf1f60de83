"""Train chapter 11's networks and score them beside their baselines.

Nine studies, three seeds each or five, under "forecast."; two networks go to
rnncore/weights/. Scores are those of test windows that neither training nor
stopping has seen. "rates": the sunspots' networks at every learning rate,
each then tested at its own. About a quarter of an hour of one core.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import save_weights, seeded
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.data.series import fertility, google_share
from rnncore.forecast.classical import (
    arima,
    ask_linear,
    best_linear,
    drift,
    ets,
    flat,
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
from rnncore.forecast.heads import Head, gaussian_head, mean_head, quantile_head
from rnncore.forecast.models import Direct, EncoderDecoder, Recursive
from rnncore.forecast.scores import coverage, crps, pinball_loss
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
from tools.train.runner import Asked, Found, Training, about, founds

HEAD = quantile_head(LEVELS)
H, STEPS = 32, 800  # units and updates of the networks on the sunspots
RATES = [0.001, 0.003, 0.01]  # where the search for theirs begins
SEEDS = range(5)  # of that search
Values = defaultdict[str, Any]  # by name: a score, or one for each seed


class Parts(NamedTuple):
    """Windows to learn from, and to stop by."""

    training: Windows
    validation: Windows


def trained(
    make: Callable[[], torch.nn.Module],
    head: Head,
    windows: Any,
    seed: int,
    asked: Asked,
    *,
    steps: int,
    **options,
) -> torch.nn.Module:
    """A network from its seed; windows.training and .validation teach it."""
    with seeded(seed):
        module = make()
    train_forecaster(
        module,
        head,
        windows.training,
        windows.validation,
        rng=np.random.default_rng(seed),
        steps=asked.steps or steps,
        **options,
    )
    return module


def said_by(module: torch.nn.Module, head: Head, windows: Windows):
    """Point (K, B) and quantiles (Q, K, B), in the network's units."""
    out = ask(module, windows)
    return head.point(out).numpy(), head.quantiles(out, LEVELS).numpy()


def errors(example: Example, point: np.ndarray) -> np.ndarray:
    """The MASE of each step ahead. Shapes: point (K, B) -> (K,)"""
    return np.abs(example.actual - point).mean(axis=1) / example.unit


def judged(example: Example, quantiles: np.ndarray) -> dict[str, float]:
    """In units of MASE CRPS and quantile loss; coverage of 50, 80, 90 %.

    The quantile loss weighs all levels alike: twice the mean pinball loss.
    """
    a, q = example.actual, quantiles
    return {
        "quantile_loss": 2 * pinball_loss(a, q, LEVELS).mean() / example.unit,
        "crps": crps(a, q, LEVELS) / example.unit,
        "inside_50": coverage(a, q[2], q[4]),
        "inside_80": coverage(a, q[1], q[5]),
        "inside_90": coverage(a, q[0], q[6]),
    }


def append(found: Values, prefix: str, scores: dict[str, float]) -> None:
    """One more seed's scores."""
    for key, value in scores.items():
        found[prefix + key].append(value)


def score_network(
    found: Values,
    name: str,
    make: Callable[[], torch.nn.Module],
    e: Example,
    asked: Asked,
    head: Head = HEAD,
    **options: Any,
) -> list[torch.nn.Module]:
    """Train it with each seed, and append what it scores."""
    modules = [trained(make, head, e, seed, asked, **options) for seed in asked.seeds]
    for module in modules:
        point, quantiles = said_by(module, head, e.test)
        found[name].append(errors(e, e.back(point)))
        append(found, f"{name}_", judged(e, e.back(quantiles)))
    return modules


def weather_study(found: Values, asked: Asked) -> None:
    """One and seven days ahead, with and without covariates."""
    options: dict[str, Any] = {"steps": 500, "evaluate_every": 25}
    for name, covariates in [("plain", False), ("covariates", True)]:
        e = weather(covariates=covariates)
        make = partial(Direct, "GRU", e.test.known.shape[2], 16, 7, HEAD.P)
        line = ask_linear(best_linear(e.training, e.validation), e.test)
        found[f"linear_{name}"] = errors(e, e.back(line))
        score_network(found, f"network_{name}", make, e, asked, **options)
    last = np.repeat(e.values[e.origins - 1][None], 7, axis=0)
    found["persistence"] = errors(e, last)
    found["climatology"] = errors(e, e.back(np.zeros(e.actual.shape)))


def leak_study(found: Values, asked: Asked) -> None:
    """How good a forecast of a share looks if one is not careful.

    Twenty days ahead, in units of persistence's error on the same windows.
    """
    prices = google_share().to_numpy()
    N, history, horizon = len(prices), 20, 20
    parts = split_by_time(N, 150, 250)
    head = mean_head()
    honest = fit_scaler(prices[: parts.training.stop])
    by_time = [origins(part, history, horizon) for part in parts]
    until_test = np.arange(history, parts.test.start)
    mixed = np.random.default_rng(0).permutation(origins(range(N), history, horizon))
    sizes = np.cumsum([len(at) for at in by_time])
    cases = {
        "none": (by_time, honest, 1),
        "scaler": (by_time, fit_scaler(prices), 1),
        "overlap": ([until_test, *by_time[1:]], honest, 1),
        "stopping": (by_time, honest, 2),
        "shuffled": (np.split(mixed, sizes)[:3], honest, 1),
    }
    for name, (starts, scaler, stop_by) in cases.items():
        cuts = [cut(scaled(prices, scaler), at, history, horizon) for at in starts]
        windows = Parts(cuts[0], cuts[stop_by])
        test = starts[2]
        actual = unscaled(cuts[2].target, scaler)
        still = np.abs(prices[test - 1] - actual).mean()
        for seed in asked.seeds:
            module = trained(
                lambda: Direct("GRU", 0, 32, horizon),
                head,
                windows,
                seed,
                asked,
                steps=1500,
                rate=5e-3,
                patience=10,
            )
            point = unscaled(head.point(ask(module, cuts[2])).numpy(), scaler)
            found[name].append(np.abs(point - actual).mean() / still)
        if name in ("none", "shuffled"):
            point = unscaled(copied(cuts[0], cuts[2]), scaler)
            found[f"nearest_{name}"] = np.abs(point - actual).mean() / still


def copied(training: Windows, test: Windows) -> np.ndarray:
    """What came after the most similar window of training."""
    a, b = training.past[..., 0], test.past[..., 0]
    distance = ((a[:, :, None] - b[:, None, :]) ** 2).sum(axis=0)
    return training.target[:, distance.argmin(axis=0)]


def three_ways(K: int) -> dict[str, Callable[[], torch.nn.Module]]:
    """The networks that look K steps ahead, with quantiles."""
    sizes, Q, point = ("GRU", 0, H), HEAD.P, HEAD.point
    return {
        "direct": partial(Direct, *sizes, K, Q),
        "recursive": partial(Recursive, *sizes, Q, point=point),
        "encoder_decoder": partial(EncoderDecoder, *sizes, Q, point=point),
    }


def sunspot_study(found: Values, asked: Asked) -> None:
    """Three ways to look five years ahead, and two heads."""
    e = sunspots()
    K = len(e.actual)
    ways: dict[str, tuple[Head, Callable]] = {
        name: (HEAD, make) for name, make in three_ways(K).items()
    }
    ways["gaussian"] = gaussian_head(), partial(Direct, "GRU", 0, H, K, 2)
    for name, (head, make) in ways.items():
        modules = score_network(found, name, make, e, asked, head, steps=STEPS)
        for seed, module in zip(asked.seeds, modules, strict=True):
            if isinstance(module, Recursive):
                told = fed_the_truth(module, head, e)
                found["fed_the_truth"].append(told)
            if name == "direct" and asked.keeps(seed):
                keep("forecast_sunspots", module, found[name][0], asked)
    sunspot_classics(found, e)


def sunspot_classics(found: Values, e: Example) -> None:
    """The same windows and origins without a network."""
    K = len(e.actual)
    model = best_linear(e.training, e.validation)
    line = ask_linear(model, e.test)
    past = e.validation.target - ask_linear(model, e.validation)
    quantiles = {"linear": e.back(with_past_errors(line, past, LEVELS))}
    found["linear"] = errors(e, e.back(line))
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


def measure_rates(asked: Asked) -> Iterator[Found]:
    """The three ways with five seeds, each at a rate that the validation windows chose.

    Nothing stops a run early: all have the same updates, and of each the
    best weights are kept. What the runs at other rates score on the test
    windows is recorded beside it, and chooses nothing.
    """
    e, seeds = sunspots(), [*SEEDS]
    ways = three_ways(len(e.actual))
    tested: dict[str, dict[str, list[float]]] = {}

    def at(name: str, setting: Setting, seed: int, steps: int) -> Trained:
        rate = setting["rate"]
        module = trained(
            ways[name], HEAD, e, seed, asked, steps=steps, rate=rate, patience=None
        )
        said = ask(module, e.validation)
        loss = float(HEAD.loss(said, torch.as_tensor(e.validation.target).to(said)))
        mase = errors(e, e.back(said_by(module, HEAD, e.test)[0])).mean().item()
        tqdm.write(f"{name} {rate:g} {seed}: {loss:.4f}")
        tested.setdefault(name, {}).setdefault(f"{rate:g}", []).append(round(mase, 4))
        return Trained(loss, steps, lambda: mase)

    found = compare(
        {name: partial(at, name) for name in ways},
        {"rate": RATES},
        steps=asked.steps or STEPS,
        seeds=seeds,
        headline=True,
    )
    unit = "MASE over five years"
    yield Found("forecast.rates", to_json(found), unit, seeds)
    yield Found("forecast.rates.every", tested, f"{unit}, by rate", seeds)


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


def wine_study(found: Values, asked: Asked) -> None:
    """One series of 176 months, a year ahead, from 25 origins."""
    options: dict[str, Any] = {"steps": 300, "batch": 32, "evaluate_every": 25}
    for name, known in [("calendar", True), ("no_calendar", False)]:
        e = wine(with_calendar=known)
        make = partial(Direct, "GRU", e.test.known.shape[2], 16, 12, HEAD.P)
        line = ask_linear(best_linear(e.training, e.validation), e.test)
        found[f"linear_{name}"] = errors(e, e.back(line)).mean()
        key = f"network_{name}"
        score_network(found, key, make, e, asked, **options)
        found[key] = [by_month.mean() for by_month in found[key]]


def country_study(found: Values, asked: Asked) -> None:
    """188 countries, ten years ahead, from three origins."""
    for year in (1992, 1997, 2002):
        c = countries(year)
        for seed in asked.seeds:
            module = country_network(c, seed, asked)
            scores = country_scores(c, *said_by(module, HEAD, c.test))
            append(found, f"network_{year}", scores)
            if year == 2002 and asked.keeps(seed):
                keep("forecast_countries", module, scores[""], asked)
        model = best_linear(c.training, c.validation)
        line = ask_linear(model, c.test)
        past = c.validation.target - ask_linear(model, c.validation)
        around = with_past_errors(line, past, LEVELS)
        for key, value in country_scores(c, line, around).items():
            found[f"linear_{year}{key}"] = value
        one_by_one(found, year, c)
    by_number(found, asked)


def country_network(c, seed: int, asked: Asked):
    """The one whose weights are kept."""
    make = partial(Direct, "GRU", 1, 32, 10, HEAD.P)
    return trained(make, HEAD, c, seed, asked, steps=1000)


def country_scores(c, point: np.ndarray, q: np.ndarray) -> dict[str, float]:
    """Of changes from the last value, (K, B) and (Q, K, B)."""
    actual = c.actual - c.last
    return {
        "": float(np.abs(point - actual).mean()),
        "_quantile_loss": 2 * float(pinball_loss(actual, q, LEVELS).mean()),
        "_crps": crps(actual, q, LEVELS),
        "_inside_80": coverage(actual, q[1], q[5]),
        "_inside_90": coverage(actual, q[0], q[6]),
    }


def one_by_one(found: Values, year: int, c) -> None:
    """Methods that know one country each, from 1960 to the origin."""
    rates = fertility().to_numpy()[: year - 1960]
    for method in (persistence, drift, ets, arima):
        series = tqdm(rates.T, disable=None, leave=False)
        said = np.stack([method(r, 10) for r in series], axis=1)
        error = np.abs(said - c.actual).mean()
        found[f"{method.__name__}_{year}"] = float(error)


def by_number(found: Values, asked: Asked) -> None:
    """How the error falls with the number of countries learnt from."""
    for number in (5, 20, 60, 188):
        for seed in asked.seeds:
            rng = np.random.default_rng(seed)
            chosen = rng.permutation(188)[:number]
            c = countries(2002, learn_from=chosen)
            line = ask_linear(best_linear(c.training, c.validation), c.test)
            module = country_network(c, seed, asked)
            point, q = said_by(module, HEAD, c.test)
            for name, said in [("network", point), ("linear", line)]:
                error = country_scores(c, said, q)[""]
                found[f"{name}_of_{number}"].append(error)


def unit_study(found: Values, asked: Asked) -> None:
    """The countries from 2002 on, each window in units of its own past."""
    rates = fertility().to_numpy()
    every = np.arange(rates.shape[1])
    kept = every % 5 == 0

    def windows(columns, starts):
        cuts = [cut(rates[:, c], starts, 10, 10) for c in columns]
        window, scaler = scaled_by_past(join(cuts), least=0.01)
        return changes(window), scaler

    before = origins(range(42), 10, 10)
    parts = Parts(windows(every[~kept], before)[0], windows(every[kept], before)[0])
    test, scaler = windows(every, np.array([42]))
    actual = rates[42:52] - rates[41]
    for seed in asked.seeds:
        module = country_network(parts, seed, asked)
        point, _ = said_by(module, HEAD, test)
        error = np.abs(point * scaler.spread - actual).mean()
        found["network"].append(float(error))


def rival_study(found: Values, asked: Asked) -> None:
    """Other models that can bend, from the very windows of the network."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.neural_network import MLPRegressor

    rivals: dict[str, Callable] = {
        "forest": partial(RandomForestRegressor, min_samples_leaf=5, max_features=0.3),
        "feedforward": partial(
            MLPRegressor, hidden_layer_sizes=(64,), early_stopping=True
        ),
    }
    for year in (1992, 1997, 2002):
        c = countries(year)
        x, unseen = flat(c.training), flat(c.test)
        spread = fit_scaler(x).spread
        for name, make in rivals.items():
            for seed in asked.seeds:
                model = make(random_state=seed)
                model.fit(x / spread, c.training.target.T)
                said = model.predict(unseen / spread).T
                error = np.abs(said - (c.actual - c.last)).mean()
                found[f"{name}_{year}"].append(float(error))


def draw_study(found: Values, asked: Asked) -> None:
    """The recursive way with drawn futures in place of fed medians."""
    e = sunspots()
    make = three_ways(len(e.actual))["recursive"]
    for seed in asked.seeds:
        module = trained(make, HEAD, e, seed, asked, steps=STEPS)
        assert isinstance(module, Recursive)
        values = futures(module, HEAD, e.test, LEVELS, 500, np.random.default_rng(seed))
        quantiles = e.back(np.quantile(values, LEVELS, axis=0))
        found["mase"].append(errors(e, quantiles[3]).mean())
        append(found, "", judged(e, quantiles))


def keep(name: str, module: torch.nn.Module, score: Any, asked: Asked) -> None:
    """Store a network's weights with what they score."""
    seconds = time.process_time()  # of the study so far
    known = about(asked, seconds, kind="forecast example")
    known["score"] = np.round(score, 6).tolist()
    save_weights(asked.weights / f"{name}.safetensors", module, known)


class Study(NamedTuple):
    """What fills in values, and their unit."""

    run: Callable[[Values, Asked], None]
    unit: str


STUDIES = {
    "weather": Study(
        weather_study, "MASE a day ahead; CRPS; quantile loss; share inside"
    ),
    "leak": Study(leak_study, "mean absolute error over persistence's"),
    "sunspots": Study(
        sunspot_study, "MASE a step ahead; CRPS; quantile loss; share inside"
    ),
    "wine": Study(wine_study, "MASE over a year; CRPS; quantile loss; share inside"),
    "countries": Study(
        country_study, "births a woman; CRPS; quantile loss; share inside"
    ),
    "units": Study(unit_study, "births a woman"),
    "rivals": Study(rival_study, "births a woman"),
    "draws": Study(
        draw_study, "MASE over five years; CRPS; quantile loss; share inside"
    ),
}


def measure(name: str, asked: Asked) -> Iterator[Found]:
    """One study, rounded."""
    begun = time.process_time()
    values: Values = defaultdict(list)
    STUDIES[name].run(values, asked)
    prefix, seeds = f"forecast.{name}", list(asked.seeds)
    rounded = {k: np.round(v, 4).tolist() for k, v in values.items()}
    yield from founds(prefix, rounded, STUDIES[name].unit, seeds)
    seconds = round(time.process_time() - begun, 1)
    unit = "seconds of one core"
    yield Found(f"{prefix}.seconds", seconds, unit, seeds)


TRAINING = Training(
    "forecast",
    __doc__,
    {},
    {**{name: partial(measure, name) for name in STUDIES}, "rates": measure_rates},
)
