"""Training a forecaster on windows, and asking it."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnncore.application import train_module
from rnncore.forecast.heads import Head
from rnncore.forecast.models import Recursive
from rnncore.forecast.windows import Windows
from rnncore.optim import Optimizer, adam
from rnncore.train import Fit, Schedule

Loss = Callable[[torch.nn.Module, Windows, Any], tuple[Tensor, Any]]


def whole_horizon(head: Head) -> Loss:
    """The loss of all K steps, for what forecasts them together."""

    def loss(module, batch, carry):
        return head.loss(
            module(batch.past, batch.known), batch.target
        ), carry

    return loss


def next_step(head: Head) -> Loss:
    """The loss one step ahead, at every step of the past.

    With the truth as input: `Recursive` learns so, and is then asked for
    more than it learnt.
    """

    def loss(module, batch, carry):
        out = module.one_step(batch.past, batch.known)
        target = torch.cat([batch.past[1:, :, 0], batch.target[:1]])
        return head.loss(out, target), carry

    return loss


def train_forecaster(
    module: torch.nn.Module,
    head: Head,
    training: Windows,
    validation: Windows,
    *,
    rng: np.random.Generator,
    batch: int = 64,
    rate: float = 3e-3,
    optimizer: Optimizer | None = None,
    **plan: Any,
) -> Fit:
    """Fit in place; the best weights by the validation windows are kept.

    The optimizer is Adam at this rate, unless there is another.

    `plan` is what a `Schedule` is to have other than 600 steps, a clipped
    gradient, and patience for 6 evaluations, one every 50 steps.

    What is judged is always the whole horizon, also where a `Recursive`
    learns one step.
    """
    like = next(module.parameters())
    train, held_out = (
        as_tensors(training, like),
        as_tensors(validation, like),
    )
    usual = {"steps": 600, "clip": 1.0, "evaluate_every": 50, "patience": 6}
    learn = next_step if isinstance(module, Recursive) else whole_horizon

    def next_batch(rng: np.random.Generator, step: int) -> Windows:
        chosen = rng.integers(train.target.shape[1], size=batch)
        index = torch.as_tensor(chosen, device=like.device)
        return Windows(*(a[:, index] for a in train))

    def evaluate(module: torch.nn.Module) -> float:
        out = module(held_out.past, held_out.known)
        return float(head.loss(out, held_out.target))

    return train_module(
        module,
        learn(head),
        next_batch,
        optimizer=optimizer or adam(rate),
        schedule=Schedule(**(usual | plan)),
        rng=rng,
        evaluate=evaluate,
    )


def ask(module: torch.nn.Module, windows: Windows) -> Tensor:
    """The network's numbers for every window, without a graph.

    Shapes: windows -> out (K, B, P)
    """
    given = as_tensors(windows, next(module.parameters()))
    with torch.no_grad():
        return module.eval()(given.past, given.known)


def futures(
    module: Recursive,
    head: Head,
    windows: Windows,
    levels: Sequence[float],
    paths: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Many futures of each window: every step is drawn, then handed back.

    A draw lies between two neighbouring quantiles, nowhere outside them.

    Shapes: windows -> values (paths, K, B)
    """
    known_levels = torch.as_tensor(levels, dtype=torch.double)
    drawn: list[Tensor] = []

    def draw(out: Tensor) -> Tensor:
        q = head.quantiles(out, levels)  # (Q, 1, N)
        level = torch.as_tensor(rng.random(q.shape[1:]))
        level = level.clip(levels[0], levels[-1])
        above = torch.searchsorted(known_levels, level).clip(
            1, len(levels) - 1
        )
        low, high = known_levels[above - 1], known_levels[above]
        share = ((level - low) / (high - low)).to(q)
        ends = (
            q.gather(0, k[None].to(q.device)) for k in (above - 1, above)
        )
        below, top = (end[0] for end in ends)
        drawn.append(below + share * (top - below))
        return drawn[-1]

    walker = copy.copy(module)  # the same weights
    walker.point = draw
    many = Windows(*(np.repeat(a, paths, axis=1) for a in windows))
    draw(ask(walker, many)[-1:])
    values = torch.cat(drawn).cpu().numpy()  # (K, B*paths)
    return np.moveaxis(values.reshape(len(values), -1, paths), 2, 0)


def as_tensors(windows: Windows, like: Tensor) -> Windows:
    """The windows in the dtype and on the device of `like`."""
    return Windows(
        *(
            torch.as_tensor(a, dtype=like.dtype, device=like.device)
            for a in windows
        )
    )
