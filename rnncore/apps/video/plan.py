"""What a film's network is made with, and how it learns."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from rnncore.application import cooling, seeded
from rnncore.apps.video import changes, seen
from rnncore.video.model import film_batch

Network = changes.ChangeClassifier | seen.FeatureClassifier


class FilmPlan(NamedTuple):
    """What a film's network is made with; the defaults are the recipe."""

    frames: int = 24  # of a film
    size: int = 24  # width and height of a frame
    features: int = 0  # numbers of a frame, in place of its pixels
    hidden: int = 128  # units
    batch: int = 32  # films an update
    steps: int = 1500
    rate: float = 0.002  # falls to 0 from the first step on
    evaluate_every: int = 50  # updates
    patience: int | None = 20  # looks without anything better
    seen: int = 64  # numbers that a frame becomes
    dropout: float = 0.5  # of what the readout reads
    seed: int = 0


def build_classifier(make: type[Network], plan: FilmPlan, classes: int) -> Network:
    """A network of this kind with its first weights."""
    first, K = plan.features or plan.size, classes
    sizes = first, plan.seen, plan.hidden, K, plan.dropout
    with seeded(plan.seed):
        return make(*sizes)


def film_recipe(
    frames: np.ndarray,
    labels: np.ndarray,
    training: Sequence[int] | np.ndarray,
    validation: Sequence[int] | np.ndarray,
    plan: FilmPlan,
    device: torch.device | None = None,
) -> dict[str, Any]:
    """The loss, next_batch, evaluate and optimizer of `train_module`.

    Of features they may be (N, T, F).

    Shapes: frames (N, T, S, S); labels (N,)
    """
    draw: Callable[..., Any] = changes.varied_batches
    if plan.features:
        draw = seen.varied_features
    held_out = film_batch(frames[validation], labels[validation], device)
    known = frames[training], labels[training]

    def evaluate(model: nn.Module) -> float:
        return changes.error(model, held_out)

    return {
        "loss": changes.smoothed_loss,
        "next_batch": draw(*known, plan.batch, device),
        "evaluate": evaluate,
        "optimizer": cooling(plan.rate, plan.steps, 1.0),
    }
