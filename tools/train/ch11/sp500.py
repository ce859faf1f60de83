"""482 shares, five years of days: where will they be, what is it worth, how far.

Three years to learn from, one to choose by, the last to be judged on: 247 days.
"returns": one GRU over all shares beside simple rules, for the change of the next
day, and what each would have been worth to somebody who trades by it. "rules": 200
rules drawn at random. "size": how far a share moves in the next five days, and the
whole distribution of the next day. "list": what the table itself does wrong. All
intervals are over days, in blocks of 10 (20 for five days ahead); no number of the
last year chose anything. About ten minutes of one core.
"""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.stats import rankdata
from scipy.stats import t as student

from rnncore.application import seeded
from rnncore.data.public.series import share_prices
from rnncore.forecast.volatility import fit_garch, run_garch, smooth_squares
from tools.train.runner import Measurement, Options, Training, fit_module
from tools.train.shares import (
    WEEK,
    YEAR,
    Panel,
    compare_days,
    describe_sizes,
    find_changes,
    find_interval,
    fit_line,
    list_lags,
    make_panel,
    mean_by_day,
    mean_over_days,
    mean_past,
    measure_sharpe,
    repair,
    trade,
)

KEY = "real.sp500"
STEPS, EVERY = 300, 50
BATCH, LENGTH, WARM, H = 256, 100, 40, 32
RATE = 0.001
COSTS = (0, 5, 10)  # basis points of what is traded
RULES = 200
LEVELS = np.arange(1, 40) / 40  # of quantiles; the outer ones hold 95 %
INSIDE = 1, -2  # those of 5 and 95 %
LOG = "log of the mean square of five days"
RATIO = "ratio, 95 % over days"
LARGE = 0.3  # a change of a logarithm that wants to be explained
RATIOS = (2, 3, 4, 5, 7, 10)  # of splits
# Total return of the S&P 500 Equal Weight Index, in %, by S&P Dow Jones Indices.
PUBLISHED = {"2017": 18.90, "2018": -7.64, "2019": 29.24}


@cache
def read_panel() -> Panel:
    """The set, without the rows that are of something else."""
    return make_panel(repair(share_prices()))


class Reader(torch.nn.Module):
    """A GRU over all shares whose readout begins at zero."""

    def __init__(self, inputs: int):
        super().__init__()
        self.gru = torch.nn.GRU(inputs, H)
        self.read = torch.nn.Linear(H, 2)
        torch.nn.init.zeros_(self.read.weight)
        torch.nn.init.zeros_(self.read.bias)
        self.free = torch.nn.Parameter(torch.tensor(1.5))  # log of freedom - 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shapes: x (T, B, F) -> out (T, B, 2)"""
        return self.read(self.gru(x)[0])


class Course(NamedTuple):
    """The outputs of a network by evaluation, the first before training."""

    outputs: list[np.ndarray]  # (T, S, 2)
    free: list[float]
    losses: list[float]  # on the validation year

    @property
    def best(self) -> int:
        """The evaluation with the least loss on the validation year."""
        return int(np.argmin(self.losses))


def train(
    panel: Panel, inputs: np.ndarray, targets: np.ndarray, loss: Any, seed: int, n: int
) -> Course:
    """One network over pieces of all shares' training days.

    Shapes: inputs (T, S, F); targets (T, S, G)
    """
    given = torch.tensor(np.nan_to_num(inputs), dtype=torch.float32)
    wanted = torch.tensor(np.nan_to_num(targets), dtype=torch.float32)
    mask, held = torch.tensor(panel.train), torch.tensor(panel.validation)
    with seeded(seed):
        module = Reader(inputs.shape[-1])
    course = Course([], [], [])

    def next_batch(rng: np.random.Generator, step: int) -> tuple:
        share = torch.as_tensor(rng.integers(0, panel.changes.shape[1], BATCH))
        start = rng.integers(0, panel.starts[0] - LENGTH - WEEK, BATCH)
        rows = torch.as_tensor(start + np.arange(LENGTH)[:, None])
        known = mask[rows, share]
        known[:WARM] = False
        return given[rows, share], wanted[rows, share], known

    def learn(module: Any, batch: tuple, carry: Any) -> tuple:
        x, y, known = batch
        return loss(module, module(x)[known], y[known]), carry

    def score(module: Any) -> float:
        with torch.no_grad():
            out = module(given)
            course.losses.append(float(loss(module, out[held], wanted[held])))
        course.outputs.append(out.numpy().astype(float))
        course.free.append(float(module.free.detach()))
        return course.losses[-1]

    score(module)
    fit_module(
        module,
        learn,
        next_batch,
        RATE,
        n,
        seed,
        "shares",
        evaluate=score,
        evaluate_every=min(EVERY, n),
    )
    return course


def learn_returns(panel: Panel, asked: Options) -> list[Course]:
    """A network a seed, for the change of a day and of a week."""
    z, m = panel.changes / panel.spread, panel.market
    of_market = np.broadcast_to(m / smooth_squares(m), z.shape)
    x = np.clip(np.stack([z, z - of_market, of_market, panel.trade], -1), -6, 6)
    y = np.stack([panel.next_day, panel.next_week / WEEK**0.5], -1)
    y = np.clip(y / panel.spread[..., None], -5, 5)

    def loss(module: Any, out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return ((out - y) ** 2).mean()

    n = asked.steps or STEPS
    return [train(panel, x, y, loss, seed, n) for seed in asked.seeds]


def say_returns(panel: Panel, courses: list[Course]) -> dict[str, np.ndarray]:
    """The next day's change by each method (T, S)."""
    r, s = np.nan_to_num(panel.changes), panel.spread
    m, known = panel.market, panel.train
    lags = list_lags(panel.changes, 5)
    wide = np.broadcast_to(m / smooth_squares(m), r.shape)
    both = [list_lags(panel.changes / s, 20), list_lags(wide, 20)]
    x = np.concatenate(both, axis=-1)
    scaled = np.clip(panel.next_day / s, -6, 6)
    part = panel.validation
    tried = [
        fit_line(x[known], scaled[known], penalty)(x) * s
        for penalty in (1e3, 1e4, 1e5, 1e6)
    ]
    wrong = [np.square(one - panel.next_day)[part].mean() for one in tried]
    found = {
        "mean of all": np.full(r.shape, np.nanmean(panel.changes[: panel.starts[0]])),
        "AR(5)": fit_line(lags[known], panel.next_day[known])(lags),
        "ridge": tried[int(np.argmin(wrong))],
        "reversal": -0.05 * r,
    }
    for name, k in ("GRU, early", 1), ("GRU, late", -1):
        outs = [course.outputs[k][..., 0] for course in courses]
        found[name] = np.mean(outs, axis=0) * s
    return found


def run_returns(asked: Options) -> Iterator[Measurement]:
    """Where it will be, and what that is worth."""
    panel = read_panel()
    yield Measurement(f"{KEY}.days", _count(panel), "days; share-days", None)
    courses = learn_returns(panel, asked)
    part = {name: getattr(panel, name) for name in ("train", "validation", "test")}
    unit = {name: _error(panel, 0.0, mask) for name, mask in part.items()}
    path = {
        name: [
            [
                round(_error(panel, out[..., 0] * panel.spread, mask) / unit[name], 5)
                for out in course.outputs
            ]
            for course in courses
        ]
        for name, mask in part.items()
    }
    steps = [0, *range(EVERY, (asked.steps or STEPS) + 1, EVERY)]
    yield Measurement(f"{KEY}.course", path | {"steps": steps}, RATIO, asked.seeds)
    chosen = [steps[min(c.best, len(steps) - 1)] for c in courses]
    yield Measurement(f"{KEY}.chosen", chosen, "updates", asked.seeds)
    up = mean_by_day(panel.next_day > 0, panel.test)
    rises = mean_over_days(up)
    yield Measurement(f"{KEY}.up", rises, "share, 95 % over days", None)
    said = say_returns(panel, courses)
    zero = mean_by_day(panel.next_day**2, panel.test)
    for name, one in said.items():
        error = mean_by_day((one - panel.next_day) ** 2, panel.test)
        row = {
            "error": compare_days(error, zero),
            "direction": _score_direction(panel, one, up),
            "rank": _score_ranks(panel, one),
        }
        yield Measurement(f"{KEY}.returns.{name}", row, RATIO, asked.seeds)
    row = _as_if_independent(panel, said["GRU, late"])
    yield Measurement(f"{KEY}.returns.naive", row, "half widths of 95 %", asked.seeds)
    yield from _list_worth(panel, said, asked)


def _count(panel: Panel) -> dict[str, list[int]]:
    parts = ("train", "validation", "test")
    masks = [getattr(panel, part) for part in parts]
    return {
        part: [int(mask.any(1).sum()), int(mask.sum())]
        for part, mask in zip(parts, masks, strict=True)
    }


def _error(panel: Panel, said: Any, mask: np.ndarray) -> float:
    """In units of each share's own spread."""
    return float((((panel.next_day - said) / panel.spread)[mask] ** 2).mean())


def _score_direction(panel: Panel, said: np.ndarray, up: np.ndarray) -> Any:
    """How much more often right than "up", in points."""
    right = mean_by_day((said > 0) == (panel.next_day > 0), panel.test)
    return mean_over_days(100 * (right - up))


def _score_ranks(panel: Panel, said: np.ndarray) -> Any:
    """The rank correlation of a day, its mean over days."""
    found = []
    for t, mask in enumerate(panel.test):
        if mask.any():
            ranks = rankdata(said[t, mask]), rankdata(panel.next_day[t, mask])
            flat = np.ptp(said[t, mask]) == 0
            found.append(0.0 if flat else np.corrcoef(*ranks)[0, 1])
    return mean_over_days(np.array(found))


def _as_if_independent(panel: Panel, said: np.ndarray) -> dict[str, float]:
    """Half of an interval over share-days, and of one over days."""
    came = panel.next_day[panel.test]
    error, zero = (said[panel.test] - came) ** 2, came**2
    apart = error - zero * error.mean() / zero.mean()
    naive = 1.96 * apart.std() / np.sqrt(len(apart)) / zero.mean()
    by_day = mean_by_day((said - panel.next_day) ** 2, panel.test)
    _, low, high = compare_days(by_day, mean_by_day(panel.next_day**2, panel.test))
    return {"share-days": round(float(naive), 5), "days": round((high - low) / 2, 5)}


def _list_worth(
    panel: Panel, said: dict[str, np.ndarray], asked: Options
) -> Iterator[Measurement]:
    """A year's gain in % and the Sharpe ratio, at each cost."""
    held = mean_by_day(np.expm1(panel.next_day), panel.test)
    found = {"held": (held, np.zeros_like(held))}
    for name in "reversal", "AR(5)", "ridge", "GRU, early", "GRU, late":
        found[name] = trade(panel, said[name], panel.test)
    for name, (gains, traded) in found.items():
        row: dict[str, Any] = {"traded": round(float(traded[1:].mean()), 3)}
        for cost in COSTS:
            left = gains - traded * cost / 1e4
            row[f"{cost}"] = mean_over_days(100 * YEAR * left)
            row[f"sharpe {cost}"] = find_interval(partial(_ask_sharpe, left), len(left))
        yield Measurement(f"{KEY}.money.{name}", row, "% a year; ratio", asked.seeds)


def _ask_sharpe(gains: np.ndarray, days: np.ndarray) -> float:
    return measure_sharpe(gains[days])


def run_rules(asked: Options) -> Iterator[Measurement]:
    """Rules drawn at random: the best of one year, in the next."""
    panel, rng = read_panel(), np.random.default_rng(1)
    lags = list_lags(panel.changes / panel.spread, 20)
    found = []
    for _ in range(FEW if asked.check else RULES):
        said = lags @ rng.normal(size=20)
        found.append(
            [
                round(measure_sharpe(trade(panel, said, mask)[0]), 4)
                for mask in (panel.validation, panel.test)
            ]
        )
    yield Measurement(f"{KEY}.rules", found, "Sharpe ratio, two years", 1)


FEW = 5  # rules of a check


def run_size(asked: Options) -> Iterator[Measurement]:
    """How far: the mean square of five days, and tomorrow's distribution."""
    panel = read_panel()
    read = describe_sizes(panel)
    known = panel.train | panel.validation
    full = known.sum(axis=0) > 300
    known, test = known & full, panel.test & full
    laws = _fit_garchs(panel, test.any(axis=0))
    said = _say_sizes(panel, read, known, laws)
    courses = learn_sizes(panel, read["market"], asked)
    each = [c.outputs[c.best][..., 1] + 2 * np.log(panel.spread) for c in courses]
    said["GRU"] = np.mean(each, axis=0)
    said |= {f"seed {k}": one for k, one in zip(asked.seeds, each, strict=True)}
    errors, qlikes = {}, {}
    for name, one in said.items():
        rest = panel.size - one
        rest = rest - rest[known].mean()  # one constant each, from before the test
        errors[name] = mean_by_day(rest**2 / 4, test)
        share = np.exp(panel.size - one)
        share = share / share[known].mean()
        qlikes[name] = mean_by_day(share - np.log(share) - 1, test)
    block = 2 * 10
    for name in said:
        row = {
            "gru": compare_days(errors["GRU"], errors[name], block),
            "gru, qlike": compare_days(qlikes["GRU"], qlikes[name], block),
            "har": compare_days(errors[name], errors["HAR"], block),
        }
        yield Measurement(f"{KEY}.size.{name}", row, f"{LOG}; {RATIO}", asked.seeds)
    counts = [int(test.any(1).sum()), int(test.any(0).sum()), int(test.sum())]
    yield Measurement(f"{KEY}.size.test", counts, "days, shares, share-days", None)
    steps = [min(EVERY * c.best, asked.steps or STEPS) for c in courses]
    yield Measurement(f"{KEY}.size.chosen", steps, "updates", asked.seeds)
    yield from _list_laws(panel, laws, courses, known, test, asked)


class Laws(NamedTuple):
    """GARCH of each share: mean, variance a day ahead and over a week, freedom."""

    mean: np.ndarray  # (S,)
    day: np.ndarray  # (T, S)
    week: np.ndarray
    free: np.ndarray


def _fit_garchs(panel: Panel, wanted: np.ndarray) -> Laws:
    """Fitted to all days before the test."""
    T, S = panel.changes.shape
    found = Laws(np.zeros(S), np.ones((T, S)), np.ones((T, S)), np.full(S, 5.0))
    for k in np.flatnonzero(wanted):
        at = np.flatnonzero(np.isfinite(panel.changes[:, k]))
        r = panel.changes[at, k]
        law = fit_garch(r[at < panel.starts[1]])
        v = run_garch(law, r)
        lasting = law.push + law.keep
        usual = law.rest / (1 - lasting)
        ahead = usual + (v - usual) * (1 - lasting**WEEK) / (WEEK * (1 - lasting))
        found.mean[k], found.free[k] = law.mean, law.free
        found.day[at, k], found.week[at, k] = v, ahead
    return found


def _say_sizes(
    panel: Panel, read: dict[str, np.ndarray], known: np.ndarray, laws: Laws
) -> dict[str, np.ndarray]:
    """Logarithms of the mean square of the next week, by each rival."""
    usual = np.where(known, panel.size, 0).sum(0) / np.maximum(known.sum(0), 1)
    har = np.zeros(panel.size.shape)
    for k in np.flatnonzero(known.any(axis=0)):
        at, x = known[:, k], read["har"][:, k]
        har[:, k] = fit_line(x[at], panel.size[at, k])(x)
    return {
        "own mean": np.broadcast_to(usual, panel.size.shape),
        "EWMA": 2 * np.log(panel.spread),
        "GARCH": np.log(laws.week),
        "HAR": har,
        "line": fit_line(read["market"][known], panel.size[known])(read["market"]),
        "line, ideas": fit_line(read["ideas"][known], panel.size[known])(read["ideas"]),
    }


def learn_sizes(panel: Panel, read: np.ndarray, asked: Options) -> list[Course]:
    """A network a seed: the scale of tomorrow's Student, and the size of a week.

    Both are said as the distance from EWMA's, at which the network begins.
    """
    seen = read[panel.train]
    x = np.clip((read - seen.mean(axis=0)) / seen.std(axis=0), -4, 4)
    around = panel.size - 2 * np.log(panel.spread)
    y = np.stack([panel.next_day / panel.spread, around], -1)

    def loss(module: Any, out: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        free = 2 + module.free.exp()
        scale = out[:, 0].exp() * ((free - 2) / free) ** 0.5
        law = torch.distributions.StudentT(free, 0.0, scale)
        likely = law.log_prob(y[:, 0]).mean()
        return 0.25 * ((out[:, 1] - y[:, 1]) ** 2).mean() - likely

    n = asked.steps or STEPS
    return [train(panel, x, y, loss, seed, n) for seed in asked.seeds]


def _list_laws(
    panel: Panel,
    laws: Laws,
    courses: list[Course],
    known: np.ndarray,
    test: np.ndarray,
    asked: Options,
) -> Iterator[Measurement]:
    """CRPS over that of the share's last 250 days, and how many lay inside 90 %."""
    s, came, share = panel.spread, panel.next_day[test], np.nonzero(test)[1]
    own = np.zeros((*test.shape, len(LEVELS)))
    for t in np.flatnonzero(test.any(axis=1)):
        last = panel.changes[t - 249 : t + 1, test[t]]
        own[t, test[t]] = np.nanquantile(last, LEVELS, axis=0).T
    past = np.quantile((panel.next_day / s)[known], LEVELS)

    def unit(free: Any) -> np.ndarray:
        return np.sqrt((free - 2) / free) * student.ppf(LEVELS, free)

    width = np.sqrt(laws.day)[test][:, None]
    said = {
        "last 250 days": own[test],
        "EWMA, past residuals": s[test][:, None] * past,
        "GARCH": laws.mean[share][:, None] + width * unit(laws.free[share][:, None]),
        "GRU": np.mean(
            [
                (np.exp(c.outputs[c.best][..., 0]) * s)[test][:, None]
                * unit(2 + np.exp(c.free[c.best]))
                for c in courses
            ],
            axis=0,
        ),
    }
    wild = mean_past(panel.changes**2, 20) / mean_past(panel.changes**2, 250)
    fifths = np.nanquantile(wild[test], [0.2, 0.8])
    calm, rough = (wild < fifths[0]) & test, (wild > fifths[1]) & test
    crps = {}
    for name, q in said.items():
        below = came[:, None] - q
        pinball = np.maximum(LEVELS * below, (LEVELS - 1) * below)
        crps[name] = _by_day(2 * pinball.mean(axis=1), test, test)
        held = (came >= q[:, INSIDE[0]]) & (came <= q[:, INSIDE[1]])
        row: dict[str, Any] = {"crps": compare_days(crps[name], crps["last 250 days"])}
        for part, mask in ("all", test), ("calm", calm), ("wild", rough):
            days = _by_day(held.astype(float), test, mask)
            row[part] = mean_over_days(days)
        row["width"] = round(float((q[:, INSIDE[1]] - q[:, INSIDE[0]]).mean()), 5)
        yield Measurement(f"{KEY}.law.{name}", row, f"{RATIO}; share", asked.seeds)
    free = [2 + float(np.exp(c.free[c.best])) for c in courses]
    yield Measurement(
        f"{KEY}.law.free", np.round(free, 2).tolist(), "degrees", asked.seeds
    )


def _by_day(values: np.ndarray, test: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean of each day, of numbers (M,) that stand where the test is."""
    full = np.zeros(test.shape)
    full[test] = values
    return mean_by_day(full, mask)


def run_list(asked: Options) -> Iterator[Measurement]:
    """What the table does wrong: a split, an adjustment, who is in it."""
    prices = share_prices()
    days = prices.days.astype("datetime64[D]")
    close = prices.close[:, prices.names.index("NFLX")].copy()
    true = np.diff(np.log(close))
    split = int(np.searchsorted(days, np.datetime64("2015-07-15")))
    close[:split] *= 7  # as it was paid then
    undone = np.diff(np.log(close))
    shown = slice(split - 61, split + 120)
    for name, r in ("true", true), ("undone", undone):
        wide = smooth_squares(r[:, None])[shown, 0]
        yield Measurement(
            f"{KEY}.split.{name}",
            np.round(wide, 5).tolist(),
            "deviation of a day, NFLX, from 60 days before its split on",
            None,
        )
    large = find_large(undone)
    yield Measurement(f"{KEY}.split.found", large, "step, change, ratio", None)
    raw, adjusted = (
        np.diff(np.log(a), axis=0) for a in (prices.close, prices.adjusted)
    )
    k = prices.names.index("DHR")
    t = int(np.searchsorted(days, np.datetime64("2016-07-05"))) - 1
    twice = [round(100 * float(np.expm1(a[t, k])), 2) for a in (adjusted, raw)]
    yield Measurement(f"{KEY}.twice", twice, "% on 2016-07-05, DHR", None)
    yield from _list_years(asked)


def find_large(changes: np.ndarray) -> list[list[float]]:
    """Changes above `LARGE`, with the split that they look like, or 0."""
    found = []
    for t in np.flatnonzero(np.abs(changes) > LARGE):
        near = [n for n in RATIOS if abs(abs(changes[t]) / np.log(n) - 1) < 0.05]
        found.append([int(t), round(float(changes[t]), 4), near[0] if near else 0])
    return found


def _list_years(asked: Options) -> Iterator[Measurement]:
    """Equal weights by quarter, beside the index that has each day's members."""
    prices = repair(share_prices())
    changes = find_changes(prices)
    days = prices.days[1:].astype("datetime64[D]")
    quarter = days.astype("datetime64[M]").astype(int) // 3
    found = {}
    for year in ("2017", "2018", "2019"):
        worth = 1.0
        for q in np.unique(quarter):
            at = quarter == q
            if str(days[at][0])[:4] == year:
                whole = np.isfinite(changes[at]).all(axis=0)
                worth *= float(np.exp(changes[at][:, whole].sum(axis=0)).mean())
        found[year] = [round(100 * (worth - 1), 2), PUBLISHED[year]]
    yield Measurement(f"{KEY}.years", found, "% with dividends: list, index", None)
    whole = np.isfinite(changes).all(axis=0)
    grown = np.sort(np.exp(changes[:, whole].sum(axis=0)) - 1)
    row = {
        "shares": int(whole.sum()),
        "all": round(100 * float(grown.mean()), 1),
        "without ten": round(100 * float(grown[:-10].mean()), 1),
        "best": round(float(grown[-1]) + 1, 1),
    }
    yield Measurement(f"{KEY}.grown", row, "% in five years; times", None)


TRAINING = Training(
    "sp500",
    __doc__,
    {},
    {"returns": run_returns, "rules": run_rules, "size": run_size, "list": run_list},
    KEY,
)
