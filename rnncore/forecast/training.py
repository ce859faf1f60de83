"""Training a forecaster on windows, and asking it."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnncore.application import train_module
from rnncore.forecast.heads import Head
from rnncore.forecast.models import Recursive
from rnncore.forecast.windows import Windows
from rnncore.optim import adam
from rnncore.train import Fit

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
    steps: int = 600,
    batch: int = 64,
    rate: float = 3e-3,
    clip: float = 1.0,
    evaluate_every: int = 50,
    patience: int | None = 6,
    checkpoint: Any = None,
    progress: Callable[[Iterable[int]], Iterable[int]] | None = None,
) -> Fit:
    """Fit in place; the best weights by the validation windows are kept.

    What is judged is always the whole horizon, also where a `Recursive`
    learns one step.
    """
    like = next(module.parameters())
    train, held_out = (
        as_tensors(training, like),
        as_tensors(validation, like),
    )
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
        optimizer=adam(rate),
        steps=steps,
        rng=rng,
        clip=clip,
        evaluate=evaluate,
        evaluate_every=evaluate_every,
        patience=patience,
        checkpoint=checkpoint,
        progress=progress,
    )


def ask(module: torch.nn.Module, windows: Windows) -> Tensor:
    """The network's numbers for every window, without a graph.

    Shapes: windows -> out (K, B, P)
    """
    given = as_tensors(windows, next(module.parameters()))
    with torch.no_grad():
        return module.eval()(given.past, given.known)


def as_tensors(windows: Windows, like: Tensor) -> Windows:
    """The windows in the dtype and on the device of `like`."""
    return Windows(
        *(
            torch.as_tensor(a, dtype=like.dtype, device=like.device)
            for a in windows
        )
    )
