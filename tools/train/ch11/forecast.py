"""Train chapter 11's networks and score them with their baselines.

Eight studies under "forecast."; two networks go to rnncore/weights/. Scores
are those of test windows that neither training nor any choice has seen. All
networks of a study have the same updates and seeds; nothing stops a run early,
and of each the weights are kept that are best on the validation windows.

"rates.NAME": the networks of a study at every learning rate, each then tested
at the one that its validation windows chose. RATE has those, and the other
studies train at them ("share" has no other study: the page trains it). About
half an hour of one core, rates and all.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import seeded
from rnncore.comparison import HEADLINE, Setting, Trained, compare, to_json
from rnncore.data.series import fertility, google_share
from rnncore.forecast.backtest import Method
from rnncore.forecast.classical import (
    arima,
    ask_linear,
    best_linear,
    ets,
    flat,
    with_past_errors,
)
from rnncore.forecast.examples import LEVELS, Example, countries, sunspots, weather
from rnncore.forecast.heads import Head, gaussian_head, mean_head, quantile_head
from rnncore.forecast.models import Direct, EncoderDecoder, Recursive
from rnncore.forecast.rivals import (
    draw_line,
    repeat_last,
    repeat_season,
    with_own_errors,
)
from rnncore.forecast.scores import coverage, crps, pinball_loss
from rnncore.forecast.training import ask, futures, train_forecaster
from rnncore.forecast.windows import (
    Scaler,
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
from rnncore.storage.weights import save_weights
from tools.train.runner import (
    SEEDS,
    Measurement,
    Options,
    Training,
    describe_run,
    list_measurements,
)

HEAD = quantile_head(LEVELS)
H = 32  # units of the networks on the sunspots and on the countries
RATES = [0.001, 0.003, 0.01]  # where the search for each one's begins
FIVE = 0, 1, 2, 3, 4  # seeds
HISTORY = HORIZON = 20  # days of a share that are read, and forecast
ORIGINS, NUMBERS = (1992, 1997, 2002), (5, 20, 60, 188)
RATE = {  # by study and network: what "rates" chose
    "sunspots": {
        "direct": 0.001,
        "recursive": 0.003,
        "encoder_decoder": 0.001,
        "gaussian": 0.003,
    },
    "weather": {"plain": 0.003, "covariates": 0.003},
    "countries": {"1992": 0.003, "1997": 0.01, "2002": 0.01},
    "units": {"network": 0.0333333},
    "leak": {"none": 0.003},
    "share": {"changes": 0.001, "levels": 0.01},
}
Values = defaultdict[str, Any]  # by name: a score, or one for each seed


class WindowParts(NamedTuple):
    """Windows to learn from, and to choose weights by."""

    training: Windows
    validation: Windows


class StudyPlan(NamedTuple):
    """A network but for its rate and seed; the score is an error in the test."""

    make: Callable[[], torch.nn.Module]
    head: Head
    windows: Any  # .training and .validation teach it
    score: Callable[[torch.nn.Module], float]
    steps: int
    options: dict[str, Any]


class StudyRun(NamedTuple):
    """A trained network, and the seconds of one core that it took."""

    module: torch.nn.Module
    seconds: float


def run(plan: StudyPlan, rate: float, seed: int, asked: Options) -> StudyRun:
    """All of the plan's updates; the best weights by the validation windows."""
    begun = time.process_time()
    with seeded(seed):
        module = plan.make()
    train_forecaster(
        module,
        plan.head,
        plan.windows.training,
        plan.windows.validation,
        rng=np.random.default_rng(seed),
        steps=asked.steps or plan.steps,
        rate=rate,
        patience=None,
        **plan.options,
    )
    return StudyRun(module, time.process_time() - begun)


def predict_windows(module: torch.nn.Module, head: Head, windows: Windows):
    """Point (K, B) and quantiles (Q, K, B), in the network's units."""
    out = ask(module, windows)
    return head.point(out).numpy(), head.quantiles(out, LEVELS).numpy()


def measure_errors(example: Example, point: np.ndarray) -> np.ndarray:
    """The MASE of each step ahead. Shapes: point (K, B) -> (K,)"""
    return np.abs(example.actual - point).mean(axis=1) / example.unit


def judge_quantiles(
    example: Example, point: np.ndarray, quantiles: np.ndarray
) -> dict[str, float]:
    """In units of MASE CRPS, quantile loss, bias; coverage of 50, 80, 90 %.

    The quantile loss weighs all levels alike: twice the mean pinball loss.
    The bias is the mean of forecast less truth.

    Shapes: point (K, B); quantiles (Q, K, B)
    """
    a, q = example.actual, quantiles
    return {
        "bias": float((point - a).mean()) / example.unit,
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


def train_on(
    e: Example,
    make: Callable[[], torch.nn.Module],
    steps: int,
    head: Head = HEAD,
    **options: Any,
) -> StudyPlan:
    """A network on one series; its score is the MASE over all steps."""

    def score(module: torch.nn.Module) -> float:
        return (
            measure_errors(e, e.back(predict_windows(module, head, e.test)[0]))
            .mean()
            .item()
        )

    return StudyPlan(make, head, e, score, steps, options)


def score_network(
    found: Values, study: str, name: str, plan: StudyPlan, asked: Options, key: str
) -> list[StudyRun]:
    """Train it with each seed at its rate, and append what it scores."""
    runs = [run(plan, RATE[study][name], s, asked) for s in seeds_of(study, asked)]
    e = plan.windows
    for module, _ in runs:
        point, quantiles = predict_windows(module, plan.head, e.test)
        found[key].append(measure_errors(e, e.back(point)))
        judged = judge_quantiles(e, e.back(point), e.back(quantiles))
        append(found, f"{key}_", judged)
    return runs


def score_point(
    found: Values, name: str, e: Example, said: np.ndarray, past: np.ndarray
) -> None:
    """A forecast and its past errors, both (K, ...) as a network has them.

    The errors, truth less forecast, are those on the validation windows.
    """
    point = e.back(said)
    score_quantiles(found, name, e, point, e.back(with_past_errors(said, past, LEVELS)))


def score_quantiles(
    found: Values, name: str, e: Example, point: np.ndarray, quantiles: np.ndarray
) -> None:
    """The scores of a method that has no seeds."""
    found[name] = measure_errors(e, point)
    for key, value in judge_quantiles(e, point, quantiles).items():
        found[f"{name}_{key}"] = value


def score_line(found: Values, name: str, e: Example) -> None:
    """A linear autoregression from the windows that the network gets."""
    model = best_linear(e.training, e.validation)
    past = e.validation.target - ask_linear(model, e.validation)
    score_point(found, name, e, ask_linear(model, e.test), past)


def ask_everywhere(e: Example, method: Method) -> np.ndarray:
    """What a method of the back-test says at the test's origins (Q, K, B)."""
    K = len(e.actual)
    said = [method(e.values[:t], K) for t in tqdm(e.origins, disable=None, leave=False)]
    return np.stack(said, axis=-1)


def seeds_of(study: str, asked: Options) -> Sequence[int]:
    """Five of the sunspots, else three, unless the command names others."""
    if asked.seeds != SEEDS:
        return asked.seeds
    return FIVE if study in ("sunspots", "draws") else SEEDS


def weather_plans() -> dict[str, StudyPlan]:
    """With the past of other measurements, and without."""

    def plan(covariates: bool) -> StudyPlan:
        e = weather(covariates=covariates)
        make = partial(Direct, "GRU", e.test.known.shape[2], 16, 7, HEAD.P)
        return train_on(e, make, 500, evaluate_every=25)

    return {"plain": plan(False), "covariates": plan(True)}


def weather_study(found: Values, asked: Options) -> None:
    """One to seven days ahead, with and without covariates."""
    plans = weather_plans()
    for name, plan in plans.items():
        score_line(found, f"linear_{name}", plan.windows)
        score_network(found, "weather", name, plan, asked, f"network_{name}")
    e = plans["plain"].windows
    last = ask_everywhere(e, with_own_errors(repeat_last, LEVELS))
    score_quantiles(found, "persistence", e, last[3], last)
    for name, kept in {"climatology": np.zeros(7), "damped": keep_anomaly(e)}.items():
        said, before = (
            kept[:, None] * w.past[-1, :, 0] for w in (e.test, e.validation)
        )
        score_point(found, name, e, said, e.validation.target - before)
    found["kept"] = keep_anomaly(e)


def keep_anomaly(e: Example) -> np.ndarray:
    """What is left of a day's distance from the climatology, by days ahead.

    The share of least squares, in training. Shapes: -> (K,)
    """
    today, later = e.training.past[-1, :, 0], e.training.target
    return later @ today / (today @ today)


def share_plans() -> dict[str, StudyPlan]:
    """Tomorrow's price of a share, as a step of its logarithm and as a level."""
    prices = google_share().to_numpy()
    parts = split_by_time(len(prices), 150, 250)
    starts = [origins(part, 20, 1) for part in parts]
    known = prices[: parts.training.stop]
    scaler, unit = fit_scaler(known), np.abs(np.diff(known)).mean()
    step = np.diff(np.log(known)).std()
    before, actual = prices[starts[2] - 1], prices[starts[2]]
    alone = [  # without the level
        w._replace(past=w.past[..., :1], known=w.known[..., :0])
        for w in (changes(cut(np.log(prices) / step, at, 20, 1)) for at in starts)
    ]
    levels = [cut(scaled(prices, scaler), at, 20, 1) for at in starts]
    head = mean_head()

    def plan(cuts: list[Windows], back: Callable) -> StudyPlan:
        def score(module: torch.nn.Module) -> float:
            said = back(head.point(ask(module, cuts[2])).numpy()[0])
            return float(np.abs(said - actual).mean() / unit)

        windows = WindowParts(cuts[0], cuts[1])
        make = partial(Direct, "GRU", 0, 16, 1)
        return StudyPlan(make, head, windows, score, 200, {"batch": 32})

    return {
        "changes": plan(alone, lambda said: before * np.exp(said * step)),
        "levels": plan(levels, lambda said: unscaled(said, scaler)),
    }


def leak_plans() -> dict[str, StudyPlan]:
    """A share's next twenty days: honestly, and with one mistake at a time.

    The score is in units of persistence's error on the same windows.
    """
    prices = google_share().to_numpy()
    N = len(prices)
    parts = split_by_time(N, 150, 250)
    honest = fit_scaler(prices[: parts.training.stop])
    by_time = [origins(part, HISTORY, HORIZON) for part in parts]
    until_test = np.arange(HISTORY, parts.test.start)
    mixed = np.random.default_rng(0).permutation(origins(range(N), HISTORY, HORIZON))
    sizes = np.cumsum([len(at) for at in by_time])
    return {
        "none": plan_share(by_time, honest),
        "scaler": plan_share(by_time, fit_scaler(prices)),
        "overlap": plan_share([until_test, *by_time[1:]], honest),
        "stopping": plan_share(by_time, honest, stop_by=2),
        "shuffled": plan_share(np.split(mixed, sizes)[:3], honest),
    }


def plan_share(
    starts: Sequence[np.ndarray], scaler: Scaler, stop_by: int = 1
) -> StudyPlan:
    """A GRU for a share's next days, from origins of training, validation, test."""
    prices, head = google_share().to_numpy(), mean_head()
    cuts = [cut(scaled(prices, scaler), at, HISTORY, HORIZON) for at in starts]
    windows = Shares(cuts[0], cuts[stop_by], cuts[2], scaler, prices[starts[2] - 1])

    def score(module: torch.nn.Module) -> float:
        return compare_with_still(
            windows, head.point(ask(module, windows.test)).numpy()
        )

    make = partial(Direct, "GRU", 0, 32, HORIZON)
    return StudyPlan(make, head, windows, score, 1500, {})


def plan_blocks(seed: int) -> StudyPlan:
    """The control of shuffling: blocks of 100 days are dealt, not windows.

    The test's prices are among those of training, as after shuffling, but
    no day is in windows of two parts.
    """
    prices = google_share().to_numpy()
    block = np.arange(len(prices)) // 100
    dealt = np.random.default_rng(seed).permutation(block[-1] + 1)
    parts = [np.isin(block, some) for some in (dealt[3:], dealt[2:3], dealt[:2])]
    whole = [
        np.lib.stride_tricks.sliding_window_view(part, HISTORY + HORIZON).all(axis=1)
        for part in parts
    ]
    starts = [HISTORY + np.flatnonzero(inside) for inside in whole]
    return plan_share(starts, fit_scaler(prices[parts[0]]))


class Shares(NamedTuple):
    """Windows of a share; last has the price before each test window."""

    training: Windows
    validation: Windows
    test: Windows
    scaler: Scaler
    last: np.ndarray


def compare_with_still(w: Shares, said: np.ndarray) -> float:
    """The error over that of today's price. Shapes: said (K, B)"""
    actual = unscaled(w.test.target, w.scaler)
    wrong = np.abs(unscaled(said, w.scaler) - actual).mean()
    return float(wrong / np.abs(w.last - actual).mean())


def leak_study(found: Values, asked: Options) -> None:
    """How much better a share's forecast scores with each kind of leak.

    All have the learning rate chosen without a leak.
    """
    for name, plan in leak_plans().items():
        for seed in seeds_of("leak", asked):
            module = run(plan, RATE["leak"]["none"], seed, asked).module
            found[name].append(plan.score(module))
        if name in ("none", "shuffled"):
            w = plan.windows
            found[f"nearest_{name}"] = compare_with_still(
                w, copy_most_similar(w.training, w.test)
            )


def block_study(found: Values, asked: Options) -> None:
    """The same network where blocks of days are dealt, anew for each seed."""
    for seed in seeds_of("leak", asked):
        plan = plan_blocks(seed)
        module = run(plan, RATE["leak"]["none"], seed, asked).module
        found["network"].append(plan.score(module))


def copy_most_similar(training: Windows, test: Windows) -> np.ndarray:
    """What came after the most similar window of training."""
    a, b = training.past[..., 0], test.past[..., 0]
    distance = ((a[:, :, None] - b[:, None, :]) ** 2).sum(axis=0)
    return training.target[:, distance.argmin(axis=0)]


def make_networks_ahead(K: int) -> dict[str, Callable[[], torch.nn.Module]]:
    """The networks that look K steps ahead, with quantiles."""
    sizes, Q, point = ("GRU", 0, H), HEAD.P, HEAD.point
    return {
        "direct": partial(Direct, *sizes, K, Q),
        "recursive": partial(Recursive, *sizes, Q, point=point),
        "encoder_decoder": partial(EncoderDecoder, *sizes, Q, point=point),
    }


def sunspot_plans() -> dict[str, StudyPlan]:
    """Three ways to look five years ahead, and another head."""
    e = sunspots()
    K = len(e.actual)
    plans = {
        name: train_on(e, make, 800) for name, make in make_networks_ahead(K).items()
    }
    head = gaussian_head()
    gaussian = train_on(e, partial(Direct, "GRU", 0, H, K, head.P), 800, head)
    return plans | {"gaussian": gaussian}


def sunspot_study(found: Values, asked: Options) -> None:
    """All of them, and what needs no network."""
    for name, plan in sunspot_plans().items():
        e = plan.windows
        runs = score_network(found, "sunspots", name, plan, asked, name)
        seeds = seeds_of("sunspots", asked)
        for seed, (module, seconds) in zip(seeds, runs, strict=True):
            if name == "direct" and asked.keeps(seed):
                keep("forecast_sunspots", module, found[name][0], seconds, asked)
    sunspot_classics(found, e)


def sunspot_classics(found: Values, e: Example) -> None:
    """The same windows and origins without a network."""
    score_line(found, "linear", e)
    again = partial(repeat_season, period=22)
    on_roots: dict[str, Method] = {
        "persistence": with_own_errors(repeat_last, LEVELS),
        "cycle": with_own_errors(again, LEVELS, 22),
    }
    roots = e._replace(values=np.sqrt(e.values))
    for name, method in on_roots.items():
        quantiles = np.maximum(ask_everywhere(roots, method), 0) ** 2
        score_quantiles(found, name, e, quantiles[3], quantiles)


def country_plan(
    windows: Any, score: Callable[[torch.nn.Module], float] | None = None
) -> StudyPlan:
    """One model for all countries, ten years ahead."""

    def error(module: torch.nn.Module) -> float:
        return country_scores(windows, *predict_windows(module, HEAD, windows.test))[""]

    make = partial(Direct, "GRU", 1, H, 10, HEAD.P)
    return StudyPlan(make, HEAD, windows, score or error, 1000, {})


def country_plans() -> dict[str, StudyPlan]:
    """One for each origin."""
    return {str(year): country_plan(countries(year)) for year in ORIGINS}


def country_study(found: Values, asked: Options) -> None:
    """188 countries, ten years ahead, from three origins."""
    for name, plan in country_plans().items():
        year, c = int(name), plan.windows
        for seed in seeds_of("countries", asked):
            module, seconds = run(plan, RATE["countries"][name], seed, asked)
            scores = country_scores(c, *predict_windows(module, HEAD, c.test))
            append(found, f"network_{year}", scores)
            if year == ORIGINS[-1] and asked.keeps(seed):
                keep("forecast_countries", module, scores[""], seconds, asked)
        model = best_linear(c.training, c.validation)
        line = ask_linear(model, c.test)
        past = c.validation.target - ask_linear(model, c.validation)
        around = with_past_errors(line, past, LEVELS)
        for key, value in country_scores(c, line, around).items():
            found[f"linear_{year}{key}"] = value
        score_one_by_one(found, year, c)
    score_by_number(found, asked)


def country_scores(c, point: np.ndarray, q: np.ndarray) -> dict[str, float]:
    """Of changes from the last value, (K, B) and (Q, K, B)."""
    actual = c.actual - c.last
    return {
        "": float(np.abs(point - actual).mean()),
        "_bias": float((point - actual).mean()),
        "_quantile_loss": 2 * float(pinball_loss(actual, q, LEVELS).mean()),
        "_crps": crps(actual, q, LEVELS),
        "_inside_80": coverage(actual, q[1], q[5]),
        "_inside_90": coverage(actual, q[0], q[6]),
    }


def score_one_by_one(found: Values, year: int, c) -> None:
    """Methods that know one country each, from 1960 to the origin.

    Rules have the spread of their own past errors, horizon by horizon.
    """
    rates = fertility().to_numpy()[: year - 1960]
    methods: dict[str, Method] = {
        "persistence": with_own_errors(repeat_last, LEVELS),
        "drift": with_own_errors(draw_line, LEVELS, 2),
        "ets": partial(ets, levels=LEVELS),
        "arima": partial(arima, levels=LEVELS),
    }
    for name, method in methods.items():
        series = tqdm(rates.T, disable=None, leave=False)
        q = np.stack([method(r, len(c.actual)) for r in series], axis=-1) - c.last
        for key, value in country_scores(c, q[3], q).items():
            found[f"{name}_{year}{key}"] = value


def score_by_number(found: Values, asked: Options) -> None:
    """How the error falls with the number of countries learnt from.

    All networks have the rate that was chosen with all countries; the
    line's penalty is chosen with each number, in each draw.
    """
    rate = RATE["countries"][str(ORIGINS[-1])]
    for number in NUMBERS:
        for seed in seeds_of("countries", asked):
            chosen = np.random.default_rng(seed).permutation(188)[:number]
            c = countries(ORIGINS[-1], learn_from=chosen)
            line = ask_linear(best_linear(c.training, c.validation), c.test)
            error = np.abs(line - (c.actual - c.last)).mean()
            found[f"linear_of_{number}"].append(float(error))
            plan = country_plan(c)
            module = run(plan, rate, seed, asked).module
            found[f"network_of_{number}"].append(plan.score(module))


def unit_plans() -> dict[str, StudyPlan]:
    """The countries from 2002 on, each window in units of its past."""
    rates = fertility().to_numpy()
    every = np.arange(rates.shape[1])
    kept = every % 5 == 0

    def windows(columns, starts):
        cuts = [cut(rates[:, c], starts, 10, 10) for c in columns]
        window, scaler = scaled_by_past(join(cuts), least=0.01)
        return changes(window), scaler

    before = origins(range(42), 10, 10)
    parts = WindowParts(
        windows(every[~kept], before)[0], windows(every[kept], before)[0]
    )
    test, scaler = windows(every, np.array([42]))
    actual = rates[42:52] - rates[41]

    def score(module: torch.nn.Module) -> float:
        point, _ = predict_windows(module, HEAD, test)
        return float(np.abs(point * scaler.spread - actual).mean())

    return {"network": country_plan(parts, score)}


def unit_study(found: Values, asked: Options) -> None:
    """What the level is worth, which such units hide."""
    for name, plan in unit_plans().items():
        for seed in seeds_of("units", asked):
            module = run(plan, RATE["units"][name], seed, asked).module
            found[name].append(plan.score(module))


def rival_study(found: Values, asked: Options) -> None:
    """Other models that can bend, from the very windows of the network.

    Around their forecasts stand their errors on the validation countries.
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.neural_network import MLPRegressor

    rivals: dict[str, Callable] = {
        "forest": partial(RandomForestRegressor, min_samples_leaf=5, max_features=0.3),
        "feedforward": partial(
            MLPRegressor, hidden_layer_sizes=(64,), early_stopping=True
        ),
    }
    for year in ORIGINS:
        c = countries(year)
        x, unseen = flat(c.training), flat(c.test)
        spread = fit_scaler(x).spread
        for name, make in rivals.items():
            for seed in asked.seeds:
                model = make(random_state=seed)
                model.fit(x / spread, c.training.target.T)
                said, before = (
                    model.predict(rows / spread).T
                    for rows in (unseen, flat(c.validation))
                )
                past = c.validation.target - before
                around = with_past_errors(said, past, LEVELS)
                scores = country_scores(c, said, around)
                append(found, f"{name}_{year}", scores)


def line_study(found: Values, asked: Options) -> None:
    """Straight lines that are trained as the networks are: by pinball losses.

    On the sunspots one for each quantile, for the countries the median's.
    """
    e = sunspots()
    said, found["penalty"] = trained_line(e, LEVELS, [0.001, 0.003, 0.01, 0.03, 0.1])
    score_quantiles(found, "sunspots", e, e.back(said[3]), e.back(said))
    for year in ORIGINS[:1] if asked.check else ORIGINS:
        c = countries(year)
        median, _ = trained_line(c, [0.5], [0.0, 0.001, 0.01])
        found[f"countries_{year}"] = np.abs(median[0] - (c.actual - c.last)).mean()


def trained_line(parts: Any, levels: Sequence[float], penalties: Sequence[float]):
    """A linear autoregression for each quantile and step.

    What it says of the test windows, (Q, K, B), and its penalty on absolute
    weights, which has the lowest pinball loss on the validation windows.
    """
    from sklearn.linear_model import QuantileRegressor

    x, target = flat(parts.training), np.asarray(parts.training.target)
    best = np.inf, np.empty(0), 0.0
    for penalty in tqdm(penalties, disable=None, leave=False):
        lines = [
            [QuantileRegressor(quantile=q, alpha=penalty).fit(x, y) for y in target]
            for q in levels
        ]

        def predict(windows: Windows, lines: Any = lines) -> np.ndarray:
            each = [[line.predict(flat(windows)) for line in row] for row in lines]
            return np.sort(each, axis=0)  # fitted separately, they may cross

        held_out = np.asarray(parts.validation.target)
        loss = pinball_loss(held_out, predict(parts.validation), levels).mean()
        best = min(
            best, (loss, predict(parts.test), penalty), key=lambda found: found[0]
        )
    return best[1:]


def draw_study(found: Values, asked: Options) -> None:
    """The recursive way with drawn futures in place of fed medians."""
    plan = sunspot_plans()["recursive"]
    e = plan.windows
    for seed in seeds_of("draws", asked):
        module = run(plan, RATE["sunspots"]["recursive"], seed, asked).module
        assert isinstance(module, Recursive)
        values = futures(module, HEAD, e.test, LEVELS, 500, np.random.default_rng(seed))
        quantiles = e.back(np.quantile(values, LEVELS, axis=0))
        found["mase"].append(measure_errors(e, quantiles[3]).mean())
        append(found, "", judge_quantiles(e, quantiles[3], quantiles))


def keep(
    name: str, module: torch.nn.Module, score: Any, seconds: float, asked: Options
) -> None:
    """Store a network's weights with what they score."""
    known = describe_run(asked, seconds, kind="forecast example")
    known["score"] = np.round(score, 6).tolist()
    save_weights(asked.weights / f"{name}.safetensors", module, known)


PLANS: dict[str, Callable[[], dict[str, StudyPlan]]] = {
    "sunspots": sunspot_plans,
    "weather": weather_plans,
    "countries": country_plans,
    "units": unit_plans,
    "leak": leak_plans,
    "share": share_plans,
}
UNITS = {"leak": "error over persistence's"} | dict.fromkeys(
    ("countries", "units"), "births per woman"
)


def measure_rates(study: str, asked: Options) -> Iterator[Measurement]:
    """A study's networks, each at a rate that the validation windows chose.

    What the runs at other rates score on the test windows is recorded
    too, and is not used to choose. The networks with a deliberate mistake
    on share prices have no rate chosen for them.
    """
    plans, seeds = PLANS[study](), [*seeds_of(study, asked._replace(seeds=SEEDS))]
    names = [name for name in plans if name in RATE[study]]
    steps = asked.steps or plans[names[0]].steps
    tested: dict[str, dict[str, list[float]]] = {}

    def at(name: str, setting: Setting, seed: int, steps: int) -> Trained:
        plan, rate = plans[name]._replace(steps=steps), setting["rate"]
        module = run(plan, rate, seed, asked).module
        said = ask(module, plan.windows.validation)
        target = torch.as_tensor(plan.windows.validation.target).to(said)
        loss, error = float(plan.head.loss(said, target)), plan.score(module)
        tqdm.write(f"{name} {rate:g} {seed}: {loss:.4f}")
        tested.setdefault(name, {}).setdefault(f"{rate:g}", []).append(round(error, 4))
        return Trained(loss, steps, lambda: error)

    found = compare(
        {name: partial(at, name) for name in names},
        {"rate": RATES},
        steps=steps,
        seeds=seeds,
        headline=len(seeds) >= HEADLINE,
        extensions=4,
    )
    key, unit = f"forecast.rates.{study}", UNITS.get(study, "MASE over all steps")
    yield Measurement(key, to_json(found), unit, seeds)
    yield Measurement(f"{key}.every", tested, f"{unit}, by rate", seeds)


class ForecastStudy(NamedTuple):
    """What fills in values, and their unit."""

    run: Callable[[Values, Options], None]
    unit: str
    seeded: bool = True


STUDIES = {
    "weather": ForecastStudy(
        weather_study, "MASE a day ahead; CRPS; quantile loss; bias; share inside"
    ),
    "leak": ForecastStudy(leak_study, "mean absolute error over persistence's"),
    "leak.blocks": ForecastStudy(block_study, "mean absolute error over persistence's"),
    "sunspots": ForecastStudy(
        sunspot_study, "MASE a step ahead; CRPS; quantile loss; bias; share inside"
    ),
    "countries": ForecastStudy(
        country_study, "births per woman; CRPS; quantile loss; bias; share inside"
    ),
    "units": ForecastStudy(unit_study, "births per woman"),
    "rivals": ForecastStudy(
        rival_study, "births per woman; CRPS; quantile loss; bias; share inside"
    ),
    "lines": ForecastStudy(
        line_study,
        "sunspots: MASE a step ahead; CRPS; quantile loss; bias; share inside; "
        "penalty; countries: births per woman",
        seeded=False,
    ),
    "draws": ForecastStudy(
        draw_study, "MASE over five years; CRPS; quantile loss; bias; share inside"
    ),
}


def measure(name: str, asked: Options) -> Iterator[Measurement]:
    """One study, rounded."""
    values: Values = defaultdict(list)
    STUDIES[name].run(values, asked)
    rounded = {k: np.round(v, 4).tolist() for k, v in values.items()}
    seeds = [*seeds_of(name, asked)] if STUDIES[name].seeded else None
    yield from list_measurements(f"forecast.{name}", rounded, STUDIES[name].unit, seeds)


TRAINING = Training(
    "forecast",
    __doc__,
    {},
    {
        **{name: partial(measure, name) for name in STUDIES},
        **{f"rates.{name}": partial(measure_rates, name) for name in PLANS},
    },
)
