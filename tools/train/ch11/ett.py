"""Two transformers, hour by hour: ETTh1 and ETTh2, by Informer's protocol.

Twelve months to learn from, four to choose by, four to be judged on; errors are
of z-scores by the training months, over all windows of the test months. "one"
is the oil's temperature alone, "all" the seven columns, each forecast from its
own past by the same weights. A network of the course reads days, beside it a
straight line on the same hours (as a sum: DLinear and NLinear are such lines),
solved for with a penalty, and the last day again. The validation months choose
the line's hours and penalty, and of each network the weights, the learning rate
and the dropout; "tuning" repeats what chose the rest. Around each forecast stand
the quantiles of its own errors on the validation hours, by column and hour ahead:
CRPS, coverage. About twenty minutes of one core.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.data.public.series import ett
from rnncore.forecast.classical import with_past_errors
from rnncore.forecast.examples import LEVELS
from rnncore.forecast.scores import coverage, crps
from rnncore.forecast.windows import Windows, cut, fit_scaler, join, origins, scaled
from tools.train.ch11.methods.columns import (
    ColumnPlan,
    ask_columns,
    measure_errors,
    train_columns,
)
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    list_measurements,
    show_progress,
)

SETS, HORIZONS = ("ETTh1", "ETTh2"), (24, 48, 168)
COLUMNS = {"one": slice(-1, None), "all": slice(None)}
DAY = 24
PASTS = (48, 96, 168, 336)  # hours that a line may read
PENALTIES = 10.0 ** np.arange(-1, 6)
STEPS, BATCH = 300, {"one": 64, "all": 32}  # windows, of each column
SETTING: dict[str, Any] = {"T": 336, "H": 64, "season": 1}
RATES = 0.002, 0.005, 0.01, 0.02
TRIED: list[dict[str, Any]] = [
    {"rate": rate, "keep": keep} for rate in RATES for keep in (0.7, 1.0)
]
TUNING: list[dict[str, Any]] = [  # what is changed of SETTING, one at a time
    {},
    {"T": 168},
    {"season": DAY},
]
UNIT = "of z-scores"
Ask = Callable[[Windows], np.ndarray]  # windows -> said (K, B)


class Table(NamedTuple):
    """z-scores (N, C), and the hours of each part."""

    values: np.ndarray
    parts: dict[str, range]


@cache
def read_table(name: str, columns: str) -> Table:
    """A set in units of its training months."""
    found = ett(name)
    ends = np.cumsum([0, *map(len, found[:3])]).tolist()
    spans = map(range, ends[:-1], ends[1:])
    parts = dict(zip(("train", "validation", "test"), spans, strict=True))
    values = np.concatenate(found[:3])[:, COLUMNS[columns]]
    scaler = fit_scaler(values[: ends[1]])
    return Table(scaled(values, scaler).astype(np.float32), parts)


def cut_windows(t: Table, part: str, T: int, K: int, every: int = 1) -> Windows:
    """Windows whose targets are in the part, column by column."""
    at = origins(t.parts[part], T, K, every)
    return join([cut(column, at, T, K) for column in t.values.T])


def judge(ask: Ask, t: Table, T: int, K: int) -> dict[str, float]:
    """Its errors on the test hours, and how good its spread is there.

    The spread is that of its errors on the validation hours: of each column and
    hour ahead their quantiles, around the forecast.
    """
    test, held = (cut_windows(t, part, T, K) for part in ("test", "validation"))
    said = ask(test)

    def by_column(a: np.ndarray) -> np.ndarray:
        """Shapes: a (K, C*B) -> (K*C, B)"""
        return a.reshape(K * t.values.shape[1], -1).astype(float)

    came, point = by_column(test.target), by_column(said)
    quantiles = with_past_errors(point, by_column(held.target - ask(held)), LEVELS)
    return measure_errors(said, test.target) | {
        "crps": crps(came, quantiles, LEVELS),
        "inside_90": coverage(came, quantiles[0], quantiles[-1]),
        "bias": float((point - came).mean()),
    }


class Solved(NamedTuple):
    """A straight line from the last value, and what it was chosen by."""

    w: np.ndarray  # (T+1, K)
    validation: float
    T: int
    penalty: float


def split_seen(w: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The past less its last value, and a one; the last value.

    Shapes: -> x (B, T+1); last (B,)
    """
    past = w.past[..., 0]
    ones = np.ones((1, past.shape[1]), past.dtype)
    return np.concatenate([past - past[-1], ones]).T, past[-1]


def repeat_day(w: Windows) -> np.ndarray:
    """Shapes: -> (K, B)"""
    return w.past[np.arange(len(w.target)) % DAY - DAY, :, 0]


def repeat_hour(w: Windows) -> np.ndarray:
    """Shapes: -> (K, B)"""
    return np.broadcast_to(w.past[-1, :, 0], w.target.shape)


def ask_line(solved: Solved, w: Windows) -> np.ndarray:
    """Shapes: -> (K, B)"""
    x, last = split_seen(w)
    return (x @ solved.w.astype(x.dtype)).T + last


def solve(t: Table, K: int) -> Solved:
    """The line that is best on the validation months."""
    found = []
    for T in PASTS:
        w, held = (cut_windows(t, part, T, K) for part in ("train", "validation"))
        x, last = split_seen(w)
        squares = (x.T @ x).astype(float)
        moved = (x.T @ (w.target - last).T).astype(float)
        for penalty in PENALTIES:
            cost = penalty * np.eye(T + 1)
            cost[-1, -1] = 1e-6  # the constant is free
            line = Solved(np.linalg.solve(squares + cost, moved), 0, T, float(penalty))
            score = measure_errors(ask_line(line, held), held.target)["mse"]
            found.append(line._replace(validation=score))
    return min(found, key=lambda line: line.validation)


def train(
    t: Table, K: int, setting: dict[str, Any], seed: int, steps: int
) -> tuple[torch.nn.Module, float, float]:
    """The module with its best weights, their validation error, the seconds."""
    T, columns = setting["T"], "all" if t.values.shape[1] > 1 else "one"
    held = cut_windows(t, "validation", T, K, 4 if columns == "all" else 2)
    plan = ColumnPlan(K, T, DAY, setting["season"], hidden=setting["H"], steps=steps)
    plan = plan._replace(
        keep=setting["keep"], rate=setting["rate"], batch=BATCH[columns]
    )

    def score(module: torch.nn.Module) -> float:
        return measure_errors(ask_columns(module, held), held.target)["mse"]

    begun = time.process_time()
    module, fit = train_columns(
        t.values,
        t.parts["train"],
        plan,
        evaluate=score,
        seed=seed,
        progress=show_progress(f"{K}, {columns} {seed}"),
    )
    return module, min(fit.history.score), time.process_time() - begun


def run(name: str, columns: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """Every horizon, with the rate and dropout that suit the validation months."""
    t, steps = read_table(name, columns), asked.steps or STEPS
    for K in HORIZONS:
        key = f"real.ett.{name}-{columns}.{K}"
        every = [train(t, K, SETTING | other, seed, steps) for other in TRIED]
        tried = zip(every, TRIED, strict=True)
        (module, score, _), chosen = min(tried, key=lambda pair: pair[0][1])
        seconds = sum(run[2] for run in every)
        judged = judge(partial(ask_columns, module), t, SETTING["T"], K)
        yield from round_measurement(key, judged)
        yield Measurement(f"{key}.validation", round(score, 4), f"MSE {UNIT}")
        yield Measurement(f"{key}.chosen", chosen, "rate, and kept by dropout")
        yield Measurement(f"{key}.seconds", round(seconds, 1), "seconds of one core")
        count = sum(w.numel() for w in module.parameters())
        yield Measurement(f"{key}.weights", count, "weights", 0)


def round_measurement(key: str, found: dict[str, float]) -> Iterator[Measurement]:
    values = {name: round(value, 4) for name, value in found.items()}
    yield from list_measurements(key, values, UNIT)


def run_baselines(asked: Options) -> Iterator[Measurement]:
    """The last day and the last hour again, and the line."""
    for name in SETS:
        for columns in COLUMNS:
            t = read_table(name, columns)
            for K in HORIZONS:
                key = f"real.ett.{name}-{columns}.{K}"
                begun = time.process_time()
                solved = solve(t, K)
                seconds = time.process_time() - begun
                every: dict[str, tuple[int, Ask]] = {
                    "day": (DAY, repeat_day),
                    "hour": (DAY, repeat_hour),
                    "line": (solved.T, partial(ask_line, solved)),
                }
                for kind, (T, asked_so) in every.items():
                    judged = judge(asked_so, t, T, K)
                    for found in round_measurement(f"{key}.{kind}", judged):
                        yield found._replace(seed=None)
                about = {
                    "validation": round(solved.validation, 4),
                    "T": solved.T,
                    "penalty": solved.penalty,
                    "seconds": round(seconds, 1),
                }
                yield Measurement(f"{key}.line.about", about, "as chosen", None)


def run_tuning(asked: Options) -> Iterator[Measurement]:
    """Validation errors on ETTh1, one thing changed at a time; seed 0."""
    found = {}
    for columns, K in (("one", 24), ("all", 48)):
        for other in TUNING:
            setting = SETTING | {"rate": 0.01, "keep": 1.0} | other
            _, score, _ = train(
                read_table("ETTh1", columns), K, setting, 0, asked.steps or STEPS
            )
            label = ", ".join(f"{k} {v:g}" for k, v in setting.items())
            found[f"{columns}, {K} hours: {label}"] = round(score, 4)
    yield Measurement("real.ett.tuning", found, f"MSE {UNIT}, validation", 0)


RUNS: dict[str, Callable[[int, Options], Iterator[Measurement]]] = {
    f"{name}-{columns}": partial(run, name, columns)
    for name in SETS
    for columns in COLUMNS
}
TRAINING = Training(
    "ett", __doc__, RUNS, {"baselines": run_baselines, "tuning": run_tuning}, "real.ett"
)
