"""What a film's network has to beat: the same eye, which knows no order."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnncore.application import train_module
from rnncore.apps.video import changes, seen
from rnncore.apps.video.plan import FilmPlan, Network, build_classifier, film_recipe
from rnncore.train import Schedule


class BagOfChanges(changes.ChangeClassifier):
    """The same eye, which sees each frame and the change to it; no order.

    Shapes: frames (T, B, S, S) -> logits (1, B, K)

    Raises ValueError where the frames are of another size.
    """

    def __init__(self, S: int, D: int, H: int, K: int, dropout: float = 0.0):
        super().__init__(S, D, H, K, dropout)
        seen = nn.Linear(D, 2 * H), nn.ReLU()
        self.loop = nn.Sequential(*seen)  # type: ignore[assignment]

    def look(self, frames: Tensor) -> Tensor:
        """The views (T, B, 2, S, S) that are put in the bag."""
        return changes.changes(frames)

    def forward(self, frames: Tensor) -> Tensor:
        """Logits of the mean over all frames."""
        x = self.see(self.look(frames).flatten(0, 1))
        read: nn.Module = self.loop
        y = read(x).unflatten(0, frames.shape[:2])
        return self.readout(self.drop(y.mean(dim=0, keepdim=True)))


class BagOfFrames(BagOfChanges):
    """The same eye, which sees single frames, and no change.

    Shapes: frames (T, B, S, S) -> logits (1, B, K)

    Raises ValueError where the frames are of another size.
    """

    def look(self, frames: Tensor) -> Tensor:
        """Each frame less the film's mean; nothing in place of changes."""
        views = changes.changes(frames).clone()
        views[:, :, 1] = 0
        return views


RIVALS: dict[str, type[Network]] = {
    "the same eye, frames in any order": BagOfFrames,
    "the same eye, pairs of frames in any order": BagOfChanges,
}
OF_FEATURES: dict[str, type[Network]] = dict(
    zip(RIVALS, (seen.FeatureBag, seen.FeaturePairs), strict=True)
)
Part = Sequence[int] | np.ndarray  # which films


def train_rival(
    make: type[Network],
    frames: np.ndarray,
    labels: np.ndarray,
    parts: tuple[Part, Part],
    plan: FilmPlan,
    device: torch.device | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] | None = None,
) -> Network:
    """A rival that has learned as the network did: training, validation.

    Shapes: frames (N, T, S, S); labels (N,)
    """
    model = build_classifier(make, plan, int(labels.max()) + 1).to(device)
    train_module(
        model,
        **film_recipe(frames, labels, *parts, plan, device),
        schedule=Schedule(
            plan.steps, 1.0, plan.evaluate_every, plan.patience, progress=progress
        ),
        rng=np.random.default_rng(plan.seed),
    )
    return model


def nearest(
    frames: np.ndarray,
    known: Sequence[int] | np.ndarray,
    asked: Sequence[int] | np.ndarray,
    progress: Callable[[Any], Iterable] = iter,
) -> list[int]:
    """For each film asked for, the known one that is most like it.

    The means of their frames are compared, so that no order counts.

    Shapes: frames (N, T, S, S)
    """
    learned, others = (
        frames[list(part)].mean(axis=1, dtype=np.float32).reshape(len(part), -1)
        for part in (known, asked)
    )
    return [
        known[((film - learned) ** 2).sum(axis=1).argmin()] for film in progress(others)
    ]
