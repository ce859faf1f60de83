"""How far a price may move: Student's distribution, begun at EWMA.

A network reads changes in units of the deviation that is known when the
forecast is made, and says how wide a distribution around today's price is.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from rnncore.application import cooling, seeded
from rnncore.backend import check_shape
from rnncore.forecast.backtest import Method, Outcome, backtest
from rnncore.forecast.heads import Head
from rnncore.forecast.models import Direct, check_inputs
from rnncore.forecast.plan import NINE
from rnncore.forecast.prices import find_deviations
from rnncore.forecast.rivals import FEW, repeat_last, with_own_errors
from rnncore.forecast.training import ask, train_forecaster
from rnncore.forecast.windows import Split, Windows, cut, origins
from tools.train.ch11.methods.segments import line

FREE = 6.0  # degrees of freedom where a network has learnt none
BOUND = 5.0  # of a logarithm's size: what is beyond says no more
SPANS = 1, 5, 22  # steps: a day, a week, a month
FLOOR = 0.01  # of a squared change in units of its variance
TINY = 1e-8  # a deviation is no smaller
HISTORY, H, BATCH, RATE = 60, 32, 64, 0.003
LEVELS = NINE


def student_head() -> Head:
    """Two numbers, a and b, of a price's change over its known deviation.

    The change over k steps has Student's distribution about 0: with 2 +
    4 exp(b) degrees of freedom, and a scale of exp(a) times that which
    has the known deviation times the root of k where both are 0. So a
    network whose outputs are 0 says what EWMA says.

    The loss is -log p of the target.

    Source: GARCH with such changes, Bollerslev 1987.
    """

    def parts(out: Tensor) -> tuple[Tensor, Tensor]:
        check_shape("out", out, "K", "B", 2)
        steps = torch.arange(1.0, len(out) + 1).to(out)[:, None]
        unit = (steps * (FREE - 2) / FREE).sqrt()
        free = 2 + (FREE - 2) * torch.exp(out[..., 1].clamp(-BOUND, BOUND))
        return unit * torch.exp(out[..., 0].clamp(-BOUND, BOUND)), free

    def loss(out: Tensor, target: Tensor) -> Tensor:
        scale, free = parts(out)
        check_shape("target", target, *scale.shape)
        law = torch.distributions.StudentT(free, 0.0, scale)
        return -law.log_prob(target).mean()

    def quantiles(out: Tensor, levels: Sequence[float]) -> Tensor:
        from scipy.stats import t

        scale, free = (part.detach().cpu().numpy() for part in parts(out))
        level = np.asarray(levels)[:, None, None]
        return torch.as_tensor(scale * t.ppf(level, free)).to(out)

    return Head(2, loss, lambda out: 0 * out[..., 0], quantiles)


class Widths(torch.nn.Module):
    """A network for `student_head`, and a straight line beside it.

    The past is changes in units of the deviation that is known at its
    end. The network reads them and the logarithms of their sizes; the line
    reads how wild the last day, week and month and the whole past were.
    At first all outputs are 0.

    Shapes: past (T, B, 1); known (K, B, 0) -> out (K, B, 2)

    Source: the line, Corsi 2009.
    """

    def __init__(self, H: int, K: int):
        super().__init__()
        self.reader = Direct("GRU", 1, H, K, 2)
        torch.nn.init.zeros_(self.reader.readout.weight)
        torch.nn.init.zeros_(self.reader.readout.bias)
        self.line = line(len(SPANS) + 1, 2 * K)

    def forward(self, past: Tensor, known: Tensor) -> Tensor:
        """What both say together."""
        check_inputs(past, known, 0)
        squares = past[..., 0] ** 2
        spans = [squares[-n:].mean(0) for n in (*SPANS, len(past))]
        wild = torch.log(torch.stack(spans, dim=-1) + FLOOR)
        size = torch.log(squares + FLOOR) / 2
        none = known.new_zeros(*known.shape[:2], 1)  # of steps to come
        out = self.reader(torch.cat([past, size[..., None]], dim=-1), none)
        beside = self.line(wild).unflatten(1, (len(known), 2)).transpose(0, 1)
        return out + beside


def cut_changes(logs: np.ndarray, at: np.ndarray, K: int) -> tuple[Windows, np.ndarray]:
    """Changes of logarithms in units of a known deviation; that deviation.

    Shapes: logs (N,); at (B,) -> windows; unit (B,)
    """
    steps = np.diff(logs, prepend=np.nan)
    past, known, _ = cut(steps, at, HISTORY, K)
    unit = np.maximum(find_deviations(logs)[at - 1], TINY)
    target = logs[at + np.arange(K)[:, None]] - logs[at - 1]
    return Windows(past / unit[:, None], known, target / unit), unit


def train_widths(
    prices: np.ndarray, parts: Split, K: int, seed: int, steps: int
) -> Widths:
    """The network with the weights that the validation part likes best."""
    logs = np.log(prices)
    training, validation = (
        cut_changes(logs, found[found > HISTORY], K)[0]
        for found in (origins(part, HISTORY, K) for part in parts[:2])
    )
    with seeded(seed):
        module = Widths(H, K)
    train_forecaster(
        module,
        student_head(),
        training,
        validation,
        rng=np.random.default_rng(seed),
        steps=steps,
        batch=BATCH,
        optimizer=cooling(RATE, steps, 1.0),
    )
    return module


def say_widths(module: Widths) -> Method:
    """The network as a method of a back-test, of logarithms of prices."""

    def method(logs: np.ndarray, horizon: int) -> np.ndarray:
        padded = np.concatenate([logs, np.full(horizon, np.nan)])
        windows, unit = cut_changes(padded, np.array([len(logs)]), horizon)
        said = student_head().quantiles(ask(module, windows), LEVELS).numpy()
        return (said * unit)[..., 0] + logs[-1]

    return method


def judge_widths(
    prices: np.ndarray, modules: Iterable[Widths], starts: np.ndarray, K: int
) -> tuple[np.ndarray, dict[str, Outcome]]:
    """What came, and what two rules and the networks' mean said of it.

    Shapes: prices (N,); starts (B,) -> actual (K, B); outcomes
    """
    rules = {
        "persistence": with_own_errors(repeat_last, LEVELS, 1),
        "ewma": with_own_errors(repeat_last, LEVELS, FEW, find_deviations),
    }
    every = {f"{k}": say_widths(module) for k, module in enumerate(modules)}
    methods = {name: _of_prices(method) for name, method in (rules | every).items()}
    actual, said = backtest(prices, methods, starts, K, LEVELS)
    each = [np.array(said.pop(name).quantiles) for name in every]
    mean = np.mean(each, axis=0)
    return actual, {**said, "student": Outcome(mean[LEVELS.index(0.5)], mean)}


def _of_prices(method: Method) -> Method:
    """A method of logarithms, asked with prices."""
    return lambda values, horizon: np.exp(method(np.log(values), horizon))
