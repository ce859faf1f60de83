"""Eight currencies in dollars, day by day, by the protocol of Lai et al. 2018.

Three fifths of the days to learn from, a fifth to choose by, a fifth to be judged
on; each of the last is forecast from 3, 6, 12 and 24 days before, by up to 168
days. The score is RSE: the root of the mean squared error over the spread of all
values, whichever their currency. "network" sees logarithms, counted from the last
one in units of a day's change, and says all 24 days at once; of its weights the
best on the validation days are kept, which may be the first: the last value
again. "baselines" are that value, a straight line on the same days, with a
penalty that the validation days choose, and each currency's mean in training.
Around each forecast stand the quantiles of its own errors on the validation days,
currency by currency, in percent: CRPS, coverage, bias.
About a minute of one core.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.data.public.series import exchange_rate
from rnncore.forecast.classical import with_past_errors
from rnncore.forecast.examples import LEVELS
from rnncore.forecast.scores import coverage, crps
from tools.train.ch11.methods.columns import ColumnPlan, train_columns
from tools.train.runner import Measurement, Options, Training, show_progress

HORIZONS = (3, 6, 12, 24)
K, T, S = 24, 168, 7  # days
STEPS, BATCH = 300, 32  # windows of each currency
SETTING: dict[str, Any] = {"H": 32, "rate": 0.001, "keep": 0.7}
TUNING: list[dict[str, Any]] = [{}, {"rate": 0.0003}, {"rate": 0.003}, {"keep": 1.0}]
PENALTIES = 10.0 ** np.arange(0, 9)
UNIT = "RSE"
Predict = Callable[[str], np.ndarray]  # part -> said (B, 8), in dollars


class Rates(NamedTuple):
    """Values (N, 8); their logarithms in units of a day's change in training."""

    values: np.ndarray
    logs: np.ndarray
    unit: np.ndarray  # (8,)
    parts: dict[str, range]


@cache
def read_rates() -> Rates:
    """The set and its parts."""
    found = exchange_rate()
    pieces = found.train, found.validation, found.test
    ends = np.cumsum([0, *map(len, pieces)]).tolist()
    spans = map(range, ends[:-1], ends[1:])
    parts = dict(zip(("train", "validation", "test"), spans, strict=True))
    values = np.concatenate(pieces)
    unit = np.diff(np.log(found.train), axis=0).std(axis=0)
    logs = (np.log(values) / unit).astype(np.float32)
    return Rates(values, logs, unit, parts)


def cut_pasts(r: Rates, part: range, ahead: int) -> np.ndarray:
    """What came before each day of the part, up to `ahead` days before it.

    Shapes: -> (T, B, 8)
    """
    at = np.array(part) - ahead + 1
    return r.logs[at + np.arange(-T, 0)[:, None]]


def judge(r: Rates, predict: Predict) -> dict[str, float]:
    """On the test days its RSE; in percent the CRPS and bias of its logarithm.

    Its spread is that of its errors on the validation days, of each currency.
    """
    said, before = predict("test"), predict("validation")
    came, held = (r.values[r.parts[part]] for part in ("test", "validation"))
    truth, point = (100 * np.log(v).T for v in (came, said))  # (8, B)
    quantiles = with_past_errors(point, 100 * np.log(held / before).T, LEVELS)
    return {
        "rse": measure_rse(r, "test", said),
        "crps": crps(truth, quantiles, LEVELS),
        "inside_90": coverage(truth, quantiles[0], quantiles[-1]),
        "bias": float((point - truth).mean()),
    }


def list_scores(
    key: str, found: dict[str, float], **more: Any
) -> Iterator[Measurement]:
    units = {"rse": UNIT, "inside_90": "share inside 90 %"}
    for name, value in found.items():
        unit = units.get(name, "percent")
        yield Measurement(f"{key}.{name}", round(value, 5), unit, **more)


def measure_rse(r: Rates, part: str, said: np.ndarray) -> float:
    """Shapes: said (B, 8), in dollars"""
    came = r.values[r.parts[part]]
    return float(np.sqrt(((said - came) ** 2).mean()) / came.std())


def predict_by_network(
    r: Rates, module: torch.nn.Module, part: str, ahead: int
) -> np.ndarray:
    """Shapes: -> (B, 8)"""
    past = torch.as_tensor(cut_pasts(r, r.parts[part], ahead)).flatten(1)[..., None]
    with torch.no_grad():
        said = module.eval()(past, past.new_zeros(K, past.shape[1], 0))
    logs = said[ahead - 1, :, 0].double().numpy().reshape(-1, len(r.unit))
    return np.exp(logs * r.unit)


def train(
    r: Rates, setting: dict[str, Any], seed: int, steps: int
) -> tuple[torch.nn.Module, list[float], float]:
    """The module, its mean RSE on the validation days by evaluation, seconds."""
    plan = ColumnPlan(K, T, S, hidden=setting["H"], keep=setting["keep"], looks=6)
    plan = plan._replace(rate=setting["rate"], batch=BATCH, steps=steps)

    def score(module: torch.nn.Module) -> float:
        scored = "validation"
        every = [
            measure_rse(r, scored, predict_by_network(r, module, scored, ahead))
            for ahead in HORIZONS
        ]
        return float(np.mean(every))

    begun = time.process_time()
    module, fit = train_columns(
        r.logs,
        r.parts["train"],
        plan,
        evaluate=score,
        seed=seed,
        progress=show_progress(f"rates {seed}"),
    )
    return module, fit.history.score, time.process_time() - begun


def run(seed: int, asked: Options) -> Iterator[Measurement]:
    """One network for all horizons."""
    r, key = read_rates(), "real.exchange"
    module, course, seconds = train(r, SETTING, seed, asked.steps or STEPS)
    for ahead in HORIZONS:
        judged = judge(r, partial(predict_by_network, r, module, ahead=ahead))
        yield from list_scores(f"{key}.{ahead}", judged)
    yield Measurement(
        f"{key}.course", np.round(course, 5).tolist(), f"{UNIT}, validation"
    )
    yield Measurement(f"{key}.seconds", round(seconds, 1), "seconds of one core")
    count = sum(w.numel() for w in module.parameters())
    yield Measurement(f"{key}.weights", count, "weights", 0)


def split_seen(r: Rates, part: range, ahead: int) -> np.ndarray:
    """The past less its last value, and a one. Shapes: -> (B, 8, T+1)"""
    past = np.moveaxis(cut_pasts(r, part, ahead), 0, 2)
    ones = np.ones((*past.shape[:2], 1), past.dtype)
    return np.concatenate([past - past[..., -1:], ones], axis=2).astype(float)


def fit_line(r: Rates, ahead: int) -> tuple[Predict, float]:
    """How it predicts a part, and the penalty that the validation days chose."""
    room = range(T + ahead - 1, r.parts["train"].stop)
    x = split_seen(r, room, ahead).reshape(-1, T + 1)
    moved = r.logs[np.array(room)] - r.logs[np.array(room) - ahead]
    squares, products = x.T @ x, x.T @ moved.ravel()

    def predict(part: str, w: np.ndarray) -> np.ndarray:
        days = r.parts[part]
        last = r.logs[np.array(days) - ahead]
        return np.exp((last + split_seen(r, days, ahead) @ w) * r.unit)

    lines = [np.linalg.solve(squares + p * np.eye(T + 1), products) for p in PENALTIES]
    held = "validation"
    best = int(np.argmin([measure_rse(r, held, predict(held, w)) for w in lines]))
    return partial(predict, w=lines[best]), float(PENALTIES[best])


def repeat_last(r: Rates, ahead: int, part: str) -> np.ndarray:
    """Shapes: -> (B, 8)"""
    return r.values[np.array(r.parts[part]) - ahead]


def run_baselines(asked: Options) -> Iterator[Measurement]:
    """The last value, a straight line, the mean in training."""
    r = read_rates()
    mean = r.values[r.parts["train"]].mean(axis=0)
    for ahead in HORIZONS:
        key = f"real.exchange.{ahead}"
        line, penalty = fit_line(r, ahead)
        methods: dict[str, Predict] = {
            "last": partial(repeat_last, r, ahead),
            "line": line,
            "mean": lambda part: np.tile(mean, (len(r.parts[part]), 1)),
        }
        for name, predict in methods.items():
            yield from list_scores(f"{key}.{name}", judge(r, predict), seed=None)
            if name != "mean":
                held = "validation"
                score = round(measure_rse(r, held, predict(held)), 5)
                yield Measurement(f"{key}.{name}.{held}", score, UNIT, None)
        yield Measurement(f"{key}.line.penalty", penalty, "on squared weights", None)


def run_tuning(asked: Options) -> Iterator[Measurement]:
    """The best of a run on the validation days, one thing changed; seed 0."""
    found = {}
    for other in TUNING:
        setting = SETTING | other
        _, course, _ = train(read_rates(), setting, 0, asked.steps or STEPS)
        label = ", ".join(f"{k} {v:g}" for k, v in setting.items())
        found[label] = round(min(course), 5)
    yield Measurement("real.exchange.tuning", found, f"{UNIT}, validation", 0)


TRAINING = Training(
    "exchange",
    __doc__,
    {"network": run},
    {"baselines": run_baselines, "tuning": run_tuning},
    "real.exchange",
)
