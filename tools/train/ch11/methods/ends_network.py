"""One network for all series that are forecast at their ends.

It reads logarithms, several steps at once, and is trained by the very
score: OWA. Its output and that of a straight line on the same steps are
added to the last season.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnncore.application import cooling, seeded, train_module
from rnncore.storage.weights import place
from rnncore.train import Fit as Run
from rnncore.train import Schedule
from tools.train.ch11.methods.ends import (
    Ask,
    Ends,
    Fit,
    cut_ends,
    hold_out,
    measure_points,
)
from tools.train.ch11.methods.segments import FromLast, Segments, line

LINE, SEGMENTS = "line", "segments"  # the parts of a sum
LINE_RATE = 0.01  # of a line alone


class EndsPlan(NamedTuple):
    """What the network is made with."""

    horizon: int = 48
    history: int = 336
    segment: int = 24  # steps that are read at once
    period: int = 24  # steps of a season; 1 where there is none
    hidden: int = 64  # units
    keep: float = 1.0  # share of the last state that dropout leaves
    rate: float = 0.006  # before it falls to 0
    batch: int = 64  # windows an update
    steps: int = 2400
    looks: int = 6  # at the ends that are held out
    parts: tuple[str, ...] = (LINE, SEGMENTS)
    origins: int = 200  # of a series, whose errors make a spread


def cut_parts(series: Mapping[str, np.ndarray], plan: EndsPlan) -> tuple[Ends, Ends]:
    """The series a horizon earlier, which choose, and those to be judged."""
    ends = cut_ends(series, plan.horizon, plan.period, plan.origins)
    return hold_out(ends), ends


def plan_line(plan: EndsPlan) -> EndsPlan:
    """The straight line alone, with the rate that suits it."""
    return plan._replace(parts=(LINE,), rate=LINE_RATE)


def build_network(plan: EndsPlan, seed: int) -> FromLast:
    """What the plan's parts add to the last season."""
    T, K = plan.history, plan.horizon
    with seeded(seed):
        parts: list[torch.nn.Module] = []
        if LINE in plan.parts:
            parts.append(line(T, K))
        if SEGMENTS in plan.parts:
            given = "GRU", plan.segment, plan.hidden, K, plan.keep
            parts.append(Segments(*given))
        return FromLast(K, plan.period, *parts)


class Batch(NamedTuple):
    """Logarithms of the past, and what the loss wants."""

    past: Tensor  # (T, B, 1)
    target: Tensor  # (B, K)
    unit: Tensor  # (B,)


def draw_windows(ends: Ends, plan: EndsPlan, like: Tensor) -> Callable:
    """Batches of windows from anywhere before the ends."""
    T, K, B = plan.history, plan.horizon, plan.batch
    every = [*ends.series.values()]
    lengths = np.array([len(values) for values in every])
    begins = np.cumsum(lengths) - lengths
    rooms = lengths - T - K + 1
    whose = np.repeat(np.arange(len(every)), rooms)
    first = np.cumsum(rooms) - rooms
    at = np.arange(len(whose)) - first[whose] + begins[whose] + T
    values = np.concatenate(every)

    def next_batch(rng: np.random.Generator, step: int) -> Batch:
        i = rng.integers(len(at), size=B)
        past = values[at[i] + np.arange(-T, 0)[:, None]]
        target = values[at[i][:, None] + np.arange(K)]
        return Batch(
            _to_logs(past, like),
            _to_floats(target, like),
            _to_floats(ends.unit[whose[i]], like),
        )

    return next_batch


def _to_floats(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype, device=like.device)


def _to_logs(past: np.ndarray, like: Tensor) -> Tensor:
    """From (T, B) to (T, B, 1)."""
    return _to_floats(np.log(past), like)[..., None]


def _forecast(module: torch.nn.Module, past: Tensor) -> Tensor:
    """From logarithms (T, B, 1) to values (B, K)."""
    sizes: Any = module.sizes
    known = past.new_zeros(sizes[0], past.shape[1], 0)
    said: Tensor = module(past, known)[..., 0].T.exp()
    return said


def ask_network(module: torch.nn.Module, past: np.ndarray) -> np.ndarray:
    """Its forecasts (B, K) from values (T, B)."""
    x = _to_logs(past, next(module.parameters()))
    with torch.no_grad():
        return _forecast(module.eval(), x).double().numpy()


def fit_network(module: torch.nn.Module, plan: EndsPlan) -> Fit:
    """A trained network, as a method of one series is asked."""

    def fit(values: np.ndarray) -> Ask:
        def ask(at: np.ndarray) -> np.ndarray:
            past = values[at + np.arange(-plan.history, 0)[:, None]]
            return ask_network(module, past).T

        return ask

    return fit


def owa_loss(ends: Ends) -> Callable:
    """What OWA is, of training windows."""

    def loss(module: torch.nn.Module, batch: Batch, carry: Any) -> tuple:
        said = _forecast(module, batch.past)
        error = (said - batch.target).abs()
        size = (said.detach() + batch.target) / 2
        percent = 100 * (error / size) / ends.naive2[0]
        missed = error / batch.unit[:, None] / ends.naive2[1]
        return (percent + missed).mean() / 2, carry

    return loss


def measure_owa(module: torch.nn.Module, ends: Ends, plan: EndsPlan) -> float:
    """A network's OWA."""
    every = ends.series.values()
    past = np.stack([v[-plan.history :] for v in every], axis=1)
    return measure_points(ends, ask_network(module, past))["owa"]


def train_once(
    ends: Ends,
    plan: EndsPlan,
    *,
    seed: int,
    looks: bool = False,
    progress: Callable[[Any], Any] | None = None,
) -> tuple[FromLast, Run]:
    """The network after its last step, whatever it scored on the way.

    It learns from what stands before the ends; with `looks` its OWA there
    is found on the way, which changes nothing.

    Raises FloatingPointError where the training diverges.
    """
    module = build_network(plan, seed)

    def look(module: torch.nn.Module) -> float:
        return measure_owa(module, ends, plan)

    every = max(1, plan.steps // plan.looks)
    run = train_module(
        module,
        owa_loss(ends),
        draw_windows(ends, plan, next(module.parameters())),
        optimizer=cooling(plan.rate, plan.steps),
        schedule=Schedule(plan.steps, 1.0, every, progress=progress),
        rng=np.random.default_rng(seed),
        evaluate=look if looks else None,
    )
    place(dict(module.named_parameters()), run.last_params)
    return module, run


class Trained(NamedTuple):
    """A network of all that stands before the ends, and one of less."""

    held: torch.nn.Module  # it knows nothing of the last horizon there
    module: torch.nn.Module
    course: list[float]  # the first one's OWA on that horizon


def train_twice(before: Ends, ends: Ends, plan: EndsPlan, **how: Any) -> Trained:
    """The plan's network, once without the last horizon before the ends.

    `how` is what `train_once` takes besides.
    """
    held, run = train_once(before, plan, looks=True, **how)
    module, _ = train_once(ends, plan, **how)
    return Trained(held, module, run.history.score)
