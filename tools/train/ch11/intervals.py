"""Whose distribution is best, and what makes an interval keep its promise?

On the sunspots and on Seattle's weather: the direct GRU with three heads, and
two published rivals, DeepAR (a recursive LSTM whose futures are drawn) and
N-BEATS (no recurrence), all with tuned rates, equal updates and five seeds.
A run keeps the weights with the lowest loss on the validation windows; DeepAR
does so by the loss that it is trained with, the likelihood of the next step,
and once more by that of all steps with its means fed back (on the weather so
alone). The rate is chosen
by, and reported is, the CRPS of seven levels; what DeepAR scores at the other
rates is recorded too, and chooses nothing. Then the intervals of the
GRU's quantiles and those of a straight line, as they are, widened once by the
misses of the validation part, and with a margin that follows the misses. Half
an hour of one core.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch

from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.forecast.classical import ask_linear, best_linear, with_past_errors
from rnncore.forecast.conformal import follow, margin, miss
from rnncore.forecast.examples import LEVELS, Example, sunspots, weather
from rnncore.forecast.heads import Head, gaussian_head, mixture_head, quantile_head
from rnncore.forecast.models import Direct, Recursive
from rnncore.forecast.scores import coverage, crps, pinball_loss
from rnncore.forecast.training import ask, futures
from rnncore.forecast.windows import Windows
from tools.train.ch11.forecast import StudyPlan, WindowParts, run
from tools.train.ch11.methods.nbeats import NBeats
from tools.train.runner import Measurement, Options, Training

H, DEEP = 32, 64  # units of the recurrent networks, and of N-BEATS
RATES = [0.001, 0.003, 0.01]
SEEDS = (0, 1, 2, 3, 4)
STEPS = {"sunspots": 800, "weather": 500}
EXAMPLES: dict[str, Callable[[], Example]] = {"sunspots": sunspots, "weather": weather}
PROMISED, LOW, HIGH = 0.8, 1, 5  # of LEVELS
FOLLOWED = [0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64]  # 0: not at all
PATHS = 200
FINE = tuple((np.arange(100) + 0.5) / 100)  # levels to draw from


def select_all_steps(windows: Windows) -> Windows:
    """All steps ahead."""
    return windows


def one_step(windows: Windows) -> Windows:
    """The next step alone: no forecast is fed back.

    Shapes: windows -> past (T, B, 1+F); known (1, B, F); target (1, B)
    """
    return windows._replace(known=windows.known[:1], target=windows.target[:1])


class Rival(NamedTuple):
    """A network, how it says its quantiles, and what its weights are kept by."""

    make: Callable[[Example], torch.nn.Module]
    head: Head
    says: Callable[[torch.nn.Module, Windows], np.ndarray]  # (Q, K, B)
    kept_by: Callable[[Windows], Windows] = (
        select_all_steps  # of the validation windows
    )


def of_head(head: Head) -> Callable[[torch.nn.Module, Windows], np.ndarray]:
    """Quantiles without a draw."""
    return lambda module, w: head.quantiles(ask(module, w), LEVELS).numpy()


def of_draws(module: torch.nn.Module, windows: Windows) -> np.ndarray:
    """Quantiles of futures that were drawn."""
    assert isinstance(module, Recursive)
    rng = np.random.default_rng(0)
    drawn = futures(module, gaussian_head(), windows, FINE, PATHS, rng)
    return np.quantile(drawn, LEVELS, axis=0)


def train_direct(head: Head) -> Rival:
    """Chapter 11's direct network."""

    def make(e: Example) -> torch.nn.Module:
        _, _, F = e.test.known.shape
        return Direct("GRU", F, H, len(e.actual), head.P)

    return Rival(make, head, of_head(head))


def train_deepar(kept_by: Callable[[Windows], Windows]) -> Rival:
    """A recursive LSTM with a Gaussian of each step, and drawn futures."""
    head = gaussian_head()

    def make(e: Example) -> torch.nn.Module:
        F = e.test.known.shape[2]
        return Recursive("LSTM", F, H, head.P, point=head.point)

    return Rival(make, head, of_draws, kept_by)


def train_nbeats() -> Rival:
    """Residual blocks of dense layers."""
    head = quantile_head(LEVELS)

    def make(e: Example) -> torch.nn.Module:
        T, _, F = e.test.past.shape
        return NBeats(T, F - 1, DEEP, len(e.actual), head.P)

    return Rival(make, head, of_head(head))


RIVALS = {
    "GRU, quantiles": train_direct(quantile_head(LEVELS)),
    "GRU, Gaussian": train_direct(gaussian_head()),
    "GRU, three Gaussians": train_direct(mixture_head(3)),
    "DeepAR": train_deepar(one_step),
    "DeepAR, means fed back": train_deepar(select_all_steps),
    "N-BEATS": train_nbeats(),
}


def rivals_on(data: str) -> dict[str, Rival]:
    """All on the sunspots; on the weather DeepAR with its means fed back alone."""
    left_out = "DeepAR" if data == "weather" else ""
    return {name: rival for name, rival in RIVALS.items() if name != left_out}


@cache
def make_example(data: str) -> Example:
    """One of the two series."""
    return EXAMPLES[data]()


@cache
def train_network(data: str, name: str, rate: float, seed: int, steps: int):
    """One run; the best weights by the validation loss."""
    make, head, _, kept_by = RIVALS[name]
    e = make_example(data)
    windows = WindowParts(e.training, kept_by(e.validation))
    score, options = partial(score_module, data, name), {"evaluate_every": 25}
    plan = StudyPlan(partial(make, e), head, windows, score, steps, options)
    return run(plan, rate, seed, Options()).module


def make_contender(data: str, name: str) -> Callable[[Setting, int, int], Trained]:
    """What `compare` asks for."""
    says, e = RIVALS[name].says, make_example(data)

    def train(setting: Setting, seed: int, steps: int) -> Trained:
        module = train_network(data, name, setting["rate"], seed, steps)
        said = says(module, e.validation)
        return Trained(
            crps(e.validation.target, said, LEVELS),
            steps,
            lambda: score_module(data, name, module),
        )

    return train


def score_module(data: str, name: str, module: torch.nn.Module) -> float:
    """The CRPS on the test windows, in units of persistence's error."""
    e = make_example(data)
    said = e.back(RIVALS[name].says(module, e.test))
    return crps(e.actual, said, LEVELS) / e.unit


class Said(NamedTuple):
    """Quantiles of validation and test windows, in the network's units."""

    validation: np.ndarray
    test: np.ndarray


def correct_intervals(e: Example, said: Said) -> dict[str, Any]:
    """The promised interval as it is, widened once, and followed.

    "rates" has the last with each rate, "rate" that which the validation
    part chose.
    """
    misses = miss(e.validation.target, said.validation[LOW], said.validation[HIGH])
    later = miss(e.test.target, said.test[LOW], said.test[HIGH])
    once = margin(misses, PROMISED)
    moving = {rate: move_margins(later, rate, once) for rate in FOLLOWED}
    rate = chosen_rate(e, said.validation, misses)
    return {
        "rate": rate,
        "as it is": judge_intervals(e, said, 0 * later),
        "widened once": judge_intervals(e, said, moving[0.0]),
        "followed": judge_intervals(e, said, moving[rate]),
        "rates": [judge_intervals(e, said, moving[rate]) for rate in FOLLOWED],
    }


def move_margins(misses: np.ndarray, rate: float, first: np.ndarray) -> np.ndarray:
    """Margins that follow, or stay where they are."""
    if not rate:
        return np.repeat(first[:, None], misses.shape[1], axis=1)
    return follow(misses, PROMISED, rate, first)


def judge_intervals(e: Example, said: Said, margins: np.ndarray) -> dict[str, float]:
    """Test intervals with a margin: share that held, width, loss."""
    ends = e.back(np.stack([said.test[LOW] - margins, said.test[HIGH] + margins]))
    return {
        "held": coverage(e.actual, *ends),
        "width": float((ends[1] - ends[0]).mean() / e.unit),
        "loss": interval_loss(e.actual, ends) / e.unit,
    }


def interval_loss(actual: np.ndarray, ends: np.ndarray) -> float:
    """The pinball losses of both ends. Shapes: actual (K, B); ends (2, K, B)"""
    levels = [(1 - PROMISED) / 2, (1 + PROMISED) / 2]
    return float(pinball_loss(actual, ends, levels).sum())


def chosen_rate(e: Example, said: np.ndarray, misses: np.ndarray) -> float:
    """Where margins that follow from zero lose least on the validation part."""

    def loss(rate: float) -> float:
        more = move_margins(misses, rate, np.zeros(len(misses)))
        return interval_loss(
            e.validation.target, np.stack([said[LOW] - more, said[HIGH] + more])
        )

    return min(FOLLOWED, key=loss)


def straight_line(e: Example) -> Said:
    """A linear autoregression with its errors on the validation part."""
    model = best_linear(e.training, e.validation)
    line = ask_linear(model, e.validation)
    errors = e.validation.target - line
    return Said(
        with_past_errors(line, errors, LEVELS),
        with_past_errors(ask_linear(model, e.test), errors, LEVELS),
    )


def run_study(data: str, asked: Options) -> Iterator[Measurement]:
    """One series: the comparison, then the intervals."""
    e, steps = make_example(data), asked.steps or STEPS[data]
    rivals = rivals_on(data)
    names = {name: make_contender(data, name) for name in rivals}
    grid = {"rate": RATES}
    found = compare(names, grid, steps=steps, seeds=SEEDS, headline=True, extensions=4)
    unit = "CRPS of seven levels, in units of persistence's error a step ahead"
    yield Measurement(f"intervals.{data}", to_json(found), unit, list(SEEDS))
    if "DeepAR" in rivals:
        every = {
            f"{rate:g}": [
                score_module(
                    data, "DeepAR", train_network(data, "DeepAR", rate, seed, steps)
                )
                for seed in SEEDS
            ]
            for rate in found.grid["rate"]
        }
        yield Measurement(
            f"intervals.{data}.deepar", every, f"{unit}, by rate", list(SEEDS)
        )
    line = straight_line(e)
    facts: dict[str, Any] = {
        "line": crps(e.actual, e.back(line.test), LEVELS) / e.unit,
        "weights": {},
        "held": {},
    }
    for name, rival in rivals.items():
        rate = found.results[name].chosen["rate"]
        modules = [train_network(data, name, rate, seed, steps) for seed in SEEDS]
        ends = [e.back(rival.says(m, e.test))[[LOW, HIGH]] for m in modules]
        facts["held"][name] = [coverage(e.actual, *pair) for pair in ends]
        facts["weights"][name] = sum(p.numel() for p in modules[0].parameters())
    unit = "CRPS of a straight line; weights; share of 80 % intervals that held"
    yield Measurement(f"intervals.{data}.facts", facts, unit, list(SEEDS))
    name = "GRU, quantiles"
    rate = found.results[name].chosen["rate"]
    fixed: dict[str, Any] = {"line": correct_intervals(e, line), "network": []}
    for seed in SEEDS:
        module = train_network(data, name, rate, seed, steps)
        says = RIVALS[name].says
        said = Said(says(module, e.validation), says(module, e.test))
        fixed["network"].append(correct_intervals(e, said))
    unit = "share held; width and pinball loss of both ends, as the CRPS"
    yield Measurement(f"intervals.{data}.corrected", fixed, unit, list(SEEDS))


TRAINING = Training(
    "intervals", __doc__, {}, {data: partial(run_study, data) for data in EXAMPLES}
)
