"""What changes in a film: the network that `video train` trains."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnncore.backend import check_shape
from rnncore.nn import GRU
from rnncore.video.model import FilmBatch, film_batch, logits_of

NETWORK = "changes"  # as a model's file calls it
LEAST = 1 / 256  # of white: contrast that a file cannot show
SHIFT = 2  # pixels by which a film in training is moved, at most
STRETCH = 0.1  # of a film, by which its ends are moved
SMOOTH = 0.1  # of a label's probability that all classes share


def changes(frames: Tensor) -> Tensor:
    """Two views of each frame: less the film's mean, and less the last.

    Each view of each film is divided by its own contrast, so that neither
    the place nor the light of a film is in them, and still films are 0.

    Shapes: frames (T, B, S, S) -> views (T, B, 2, S, S)
    """
    check_shape("frames", frames, "T", "B", "S", "S")
    moved = torch.zeros_like(frames)
    moved[1:] = frames[1:] - frames[:-1]
    views = torch.stack([frames - frames.mean(dim=0), moved], dim=2)
    contrast = views.square().mean(dim=(0, 3, 4), keepdim=True).sqrt()
    return views / (contrast + LEAST)


class ChangeClassifier(nn.Module):
    """What happens in a whole film, read forward and backward.

    The mean of all states is read out: one answer a film, not one after
    each frame. In training a part of it is left out: `dropout`.

    Shapes: frames (T, B, S, S) -> logits (1, B, K)

    Raises ValueError where the frames are of another size.
    """

    def __init__(self, S: int, D: int, H: int, K: int, dropout: float = 0.0):
        super().__init__()
        self.S = S
        self.see = nn.Sequential(
            nn.Conv2d(2, 8, 3, 2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * (-(-S // 4)) ** 2, D),
            nn.ReLU(),
        )
        for layer in self.see:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.loop = GRU(D, H, bidirectional=True)
        self.drop = nn.Dropout(dropout)
        self.readout = nn.Linear(2 * H, K)

    def forward(self, frames: Tensor) -> Tensor:
        """Logits of the film as a whole."""
        check_shape("frames", frames, "T", "B", self.S, self.S)
        x = self.see(changes(frames).flatten(0, 1))
        y, _ = self.loop(x.unflatten(0, frames.shape[:2]))
        return self.readout(self.drop(y.mean(dim=0, keepdim=True)))


def varied_batches(
    frames: np.ndarray, labels: np.ndarray, B: int, device: torch.device | None = None
) -> Callable[[np.random.Generator, int], FilmBatch]:
    """As `film_batches`, but a film drawn again looks a little different.

    Each film drawn is moved by up to two pixels, and begins and ends up to
    a tenth earlier or later. What leaves it is lost; what lies at its
    edges is repeated.

    Shapes: frames (N, T, S, S); labels (N,)
    """
    check_shape("frames", frames, "N", "T", "S", "S")
    check_shape("labels", labels, len(frames))
    T, S = frames.shape[1:3]
    sides = (SHIFT, SHIFT)
    wide = np.pad(frames, ((0, 0), (0, 0), sides, sides), mode="edge")

    def varied(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        first, last = rng.uniform(-STRETCH, STRETCH, size=2)
        times = np.linspace(first, 1 + last, T).clip(0, 1) * (T - 1)
        top, left = rng.integers(2 * SHIFT + 1, size=2)
        moved = film[:, top : top + S, left : left + S]
        return moved[times.round().astype(int)]

    def next_batch(rng: np.random.Generator, step: int) -> FilmBatch:
        chosen = rng.integers(len(frames), size=B)
        films = np.stack([varied(wide[k], rng) for k in chosen])
        return film_batch(films, labels[chosen], device)

    return next_batch


def smoothed_loss(model: nn.Module, batch: FilmBatch, carry: Any) -> tuple[Tensor, Any]:
    """As `film_loss`, where each label is wrong with a small probability.

    Source: Szegedy et al. 2016, section 7.
    """
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1).flatten()
    loss = cross_entropy(logits.flatten(0, 1), labels, label_smoothing=SMOOTH)
    return loss, carry


@torch.no_grad()
def error(model: nn.Module, batch: FilmBatch) -> float:
    """The mean probability that the wrong classes have after a film.

    Unlike the loss it does not grow without bound where a network is too
    sure, and unlike the number of wrong answers it has no steps.
    """
    p = logits_of(model, batch.frames)[-1].softmax(dim=1)
    label = batch.labels.cpu()[:, None]
    return float(1 - p.gather(1, label).mean())


def logits_by_frame(model: nn.Module, frames: Tensor) -> Tensor:
    """What is believed of films that end with their first frame, and so on.

    Shapes: frames (T, B, S, S) -> logits (T, B, K)
    """
    ends = range(1, len(frames) + 1)
    return torch.stack([logits_of(model, frames[:t])[-1] for t in ends])
