"""Drawn sales that are mostly 0, beside the distribution that drew them.

200 products, 786 days: rates of about 0.4 a day, log-normal over products, times
a rhythm of the week that all share, and a season of the year of one's own. A product
is out of stock now and then, from a chain of two states that no one sees. One network
for all products learns from the first 730 days; its head and the rivals' settings are
chosen on the last 28 of them; then 14 days from each of four origins. Scores are means
over all, intervals are over products. About a minute and a half of one core.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.forecast.counts import (
    Counts,
    CountScores,
    count_head,
    count_probabilities,
    read_counts,
    score_counts,
)
from tools.train.ch11.methods.forking import (
    Forking,
    Reading,
    Series,
    ask_forking,
    choose_head,
    read_at,
    train_forking,
)
from tools.train.ch11.methods.intermittent import (
    choose_rivals,
    list_rivals,
    list_stock_rules,
)
from tools.train.runner import Measurement, Options, Training

S, DAYS, TRAINED, K = 200, 786, 730, 14
ORIGINS = range(TRAINED, DAYS - K + 1, K)
CHOICE = (TRAINED - 2 * K, TRAINED - K)  # origins of the choice
STEPS = 300
MOST = 150  # the largest count that has a probability of its own
HEADS = count_head(), count_head(inflated=True)
NAMES = "negative binomial", "with more zeros"
ENDS, FILL = (0.02, 0.05), 1.5  # of a spell in stock, out of it; sales while in
BACK = 70  # days that are shown
UNIT = "counts; twice the pinball loss over the sum of counts; shares"

# Probabilities of one origin's K days, from what came before: (K, S, MOST+1).
Truth = Callable[[int], np.ndarray]


class Drawn(NamedTuple):
    """Sales (DAYS, S), what is known of the days, and how they were drawn."""

    sold: np.ndarray
    known: np.ndarray  # (DAYS, S, 9)
    truth: Truth


def draw_rates(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Mean sales (DAYS, S), and the calendar (DAYS, S, 9)."""
    day = np.arange(DAYS)[:, None]
    year = 2 * np.pi * (day / 365.25 + rng.uniform(size=S))
    week = 2 * np.pi * day / 7
    level = 0.4 * np.exp(0.8 * rng.normal(size=S))
    rates = level * np.exp(0.8 * np.sin(week) + 0.5 * np.sin(year))
    turn = 2 * np.pi * day / 365.25
    calendar = np.hstack([np.eye(7)[day[:, 0] % 7], np.sin(turn), np.cos(turn)])
    return rates, np.repeat(calendar[:, None], S, axis=1)


def tell(
    mean: np.ndarray, spread: float, zeros: np.ndarray | float = 0.0
) -> np.ndarray:
    """Probabilities of a negative binomial, and of a share of more zeros."""
    means = torch.as_tensor(mean)
    odds = torch.logit(torch.as_tensor(zeros, dtype=means.dtype)).expand_as(means)
    return count_probabilities(
        Counts(means, torch.full_like(means, spread), odds), MOST
    )


def draw_spells(rng: np.random.Generator) -> Drawn:
    """Poisson while in stock, nothing while not; the truth sees the sales alone."""
    rates, known = draw_rates(rng)
    rates *= FILL
    share = ENDS[1] / sum(ENDS)
    stock = np.empty(rates.shape, bool)
    stock[0] = rng.random(S) < share
    for t in range(1, DAYS):
        turned = rng.random(S) < np.where(stock[t - 1], *ENDS)
        stock[t] = stock[t - 1] ^ turned
    sold = rng.poisson(rates) * stock
    chance = filter_stock(sold, rates, share)

    def truth(t: int) -> np.ndarray:
        inside = [chance[t]]
        while len(inside) < len(rates[t : t + K]):
            inside.append(inside[-1] * (1 - ENDS[0]) + (1 - inside[-1]) * ENDS[1])
        return tell(rates[t : t + K], 1e-4, 1 - np.array(inside))

    return Drawn(sold.astype(float), known, truth)


def filter_stock(sold: np.ndarray, rates: np.ndarray, share: float) -> np.ndarray:
    """The chance to be in stock each day, from the sales before it.

    Shapes: sold (N, S); rates (N, S) -> chance (N+1, S)
    """
    chance = [np.full(sold.shape[1], share)]
    for count, rate in zip(sold, rates, strict=True):
        here = chance[-1] * np.where(count > 0, 1, np.exp(-rate))
        now = here / (here + (1 - chance[-1]) * (count == 0))
        chance.append(now * (1 - ENDS[0]) + (1 - now) * ENDS[1])
    return np.array(chance)


def make_row(
    key: str, scores: CountScores, ours: CountScores | None = None, **more: Any
) -> Measurement:
    """A row of a table; "less" are the intervals of our network less this one.

    Over 1,000 draws of the series, 95 %, of CRPS and pinball loss.
    """
    row = {
        "crps": scores.ranked.mean(),
        "risk": scores.risk,
        "inside": scores.inside,
        "bias": scores.bias,
    }
    value: dict[str, Any] = {k: round(float(v), 5) for k, v in row.items()}
    if ours is not None:
        apart = np.stack([ours.ranked - scores.ranked, ours.pinball - scores.pinball])
        series = apart.shape[1]
        drawn = np.random.default_rng(0).integers(0, series, (1000, series))
        ends = np.quantile(apart[:, drawn].mean(axis=-1), (0.025, 0.975), axis=1)
        value["less"] = dict(
            zip(("crps", "pinball"), ends.T.round(5).tolist(), strict=True)
        )
    return Measurement(key, value | more, UNIT, None)


def ask_probabilities(module: Forking, reading: Reading, most: int) -> np.ndarray:
    """Shapes: -> (K, A*B, most+1)"""
    return count_probabilities(read_counts(ask_forking(module, reading)), most)


def fit_networks(
    series: Series, head: int, asked: Options, K: int
) -> tuple[list[Forking], list[float]]:
    """One a seed, and the seconds of one core that each took."""
    found, seconds = [], []
    for seed in asked.seeds:
        begun = time.process_time()
        steps = asked.steps or STEPS
        module, _ = train_forking(series, HEADS[head], K, seed=seed, steps=steps)
        found.append(module)
        seconds.append(round(time.process_time() - begun, 1))
    return found, seconds


def run(asked: Options) -> Iterator[Measurement]:
    """The table, and what is drawn of a product."""
    drawn = draw_spells(np.random.default_rng(0))
    whole = Series(drawn.sold, drawn.known)
    trained = Series(drawn.sold[:TRAINED], drawn.known[:TRAINED])
    steps = asked.steps or STEPS
    head = choose_head(trained, HEADS, K, CHOICE[0], seed=0, steps=steps)
    modules, seconds = fit_networks(trained, head, asked, K)
    listed = list_rivals(7) | {"missed sales": list_stock_rules(7)}
    rivals = choose_rivals(trained.values, CHOICE, K, listed)
    readings = [read_at(whole, [t], K) for t in ORIGINS]

    def scored(told: Callable[[int], np.ndarray]) -> CountScores:
        p = np.concatenate([told(k) for k in range(len(ORIGINS))])
        came = [drawn.sold[t : t + K] for t in ORIGINS]
        return score_counts(np.concatenate(came), p)

    def by_network(modules: list[Forking], k: int) -> np.ndarray:
        return np.mean([ask_probabilities(m, readings[k], MOST) for m in modules], 0)

    key = "zeros.spells"
    zeros = float((drawn.sold == 0).mean())
    yield Measurement(f"{key}.zeros", round(zeros, 4), "share of 0", 0)
    yield Measurement(f"{key}.head", NAMES[head], "chosen", 0)
    yield Measurement(f"{key}.seconds", seconds, "seconds of one core", asked.seeds)
    each = [scored(partial(by_network, [m])) for m in modules]
    for name, values in {
        "crps": [one.ranked.mean() for one in each],
        "risk": [one.risk for one in each],
    }.items():
        short = [round(float(v), 5) for v in values]
        yield Measurement(f"{key}.seeds.{name}", short, UNIT, asked.seeds)
    ours = scored(partial(by_network, modules))
    yield make_row(f"{key}.network", ours)
    yield make_row(f"{key}.truth", scored(lambda k: drawn.truth(ORIGINS[k])), ours)
    for name, rival in rivals.items():
        told = partial(_ask_rival, rival.method, drawn.sold)
        setting = list(rival.setting)
        yield make_row(f"{key}.{name}", scored(told), ours, setting=setting)
    table = partial(_ask_rival, rivals["missed sales"].method, drawn.sold)

    def half_of_each(k: int) -> np.ndarray:
        return (table(k) + by_network(modules, k)) / 2

    yield make_row(f"{key}.half of each", scored(half_of_each), ours)
    shown = {name: rivals[name].method for name in ("level x season", "missed sales")}
    yield from show_product(drawn, whole, modules, shown)


def _ask_rival(method: Callable, sold: np.ndarray, k: int) -> np.ndarray:
    return method(sold[: ORIGINS[k]], K, MOST)


def show_product(
    drawn: Drawn, whole: Series, modules: list[Forking], rivals: Mapping[str, Callable]
) -> Iterator[Measurement]:
    """The chance of a sale on the next day, through the last days of a product.

    It is the one that sold most of those that sold nothing for three weeks.
    """
    days = range(DAYS - BACK, DAYS)
    sold = drawn.sold[-BACK:]
    silent = np.lib.stride_tricks.sliding_window_view(sold == 0, 21, axis=0)
    shown = int(np.argmax(np.where(silent.all(-1).any(0), sold.sum(0), -1)))
    one = Series(whole.values[:, [shown]], whole.known[:, [shown]])
    p = np.mean([ask_probabilities(m, read_at(one, days, K), 1) for m in modules], 0)
    chances: dict[str, Any] = {
        "truth": [1 - drawn.truth(t)[0, shown, 0] for t in days],
        "network": 1 - p[0, :, 0],
    }
    for name, rival in rivals.items():
        chances[name] = [1 - rival(drawn.sold[:t], 1, MOST)[0, shown, 0] for t in days]
    yield Measurement(
        "zeros.shown.sold", sold[:, shown].astype(int).tolist(), "pieces", 0
    )
    for name, values in chances.items():
        short = np.round(values, 4).tolist()
        yield Measurement(f"zeros.shown.{name}", short, "chance of a sale", 0)


TRAINING = Training("zeros", __doc__, {}, {"spells": run})
