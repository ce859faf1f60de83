"""What a film's network has to beat: the same eye, which knows no order."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from rnncore.application import cooling, seeded, train_module
from rnncore.train import Schedule
from rnncore.video import changes
from rnncore.video.model import film_batch


class BagOfChanges(changes.ChangeClassifier):
    """The same eye, which sees each frame and the change to it; no order.

    Shapes: frames (T, B, S, S) -> logits (1, B, K)

    Raises ValueError where the frames are of another size.
    """

    def __init__(
        self, S: int, D: int, H: int, K: int, dropout: float = 0.0
    ):
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


RIVALS: dict[str, type[BagOfChanges]] = {
    "the same eye, frames in any order": BagOfFrames,
    "the same eye, pairs of frames in any order": BagOfChanges,
}


def train_rival(
    make: type[BagOfChanges],
    frames: np.ndarray,
    labels: np.ndarray,
    training: Sequence[int],
    validation: Sequence[int],
    how: dict[str, Any],
    progress: Callable[[Iterable[int]], Iterable[int]] | None = None,
) -> BagOfChanges:
    """A rival that has learned the training films as the network did.

    `how` has the network's hidden, dropout, D, batch, rate, steps,
    evaluate_every, patience, seed and device.

    """
    sizes = frames.shape[2], how["D"], how["hidden"], int(labels.max()) + 1
    with seeded(how["seed"]):
        model = make(*sizes, how["dropout"]).to(how["device"])
    held_out = film_batch(
        frames[validation], labels[validation], how["device"]
    )
    known = frames[training], labels[training]
    train_module(
        model,
        changes.smoothed_loss,
        changes.varied_batches(*known, how["batch"], how["device"]),
        optimizer=cooling(how["rate"], how["steps"], 1.0),
        schedule=Schedule(
            how["steps"],
            1.0,
            how["evaluate_every"],
            how["patience"],
            progress=progress,
        ),
        rng=np.random.default_rng(how["seed"]),
        evaluate=lambda model: changes.error(model, held_out),
    )
    return model
