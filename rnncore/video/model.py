"""Frames as a sequence: a small convolution in front of the loop."""

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnncore.backend import check_shape
from rnncore.nn import GRU
from rnncore.storage.weights import load_module

KIND = "video"  # of weights


class FrameEncoder(nn.Module):
    """One frame at a time: S x S pixels to D numbers.

    A fine one sees small things: its first layer looks at every pixel, not
    at every second, and has twice the kernels, for four times the work.

    Shapes: frames (T, B, S, S) -> x (T, B, D)

    Raises ValueError where the frames are of another size.
    """

    def __init__(self, S: int, D: int, fine: bool = False):
        super().__init__()
        self.S = S
        kernels, strides = [1, 8, 16, 32], [2, 2, 1]
        if fine:
            kernels, strides = [1, 16, 32, 32], [1, 2, 2]
        layers: list[nn.Module] = []
        for pair, stride in zip(pairwise(kernels), strides, strict=True):
            layers += [nn.Conv2d(*pair, 3, stride, padding=1), nn.ReLU()]
        self.see = nn.Sequential(
            *layers,
            nn.Flatten(),
            nn.Linear(32 * (-(-S // 4)) ** 2, D),
            nn.ReLU(),
        )
        for layer in self.see:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                # what comes out varies as much as what went in
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def forward(self, frames: Tensor) -> Tensor:
        """All frames of all films at once."""
        check_shape("frames", frames, "T", "B", self.S, self.S)
        T, B = frames.shape[:2]
        x = self.see(frames.flatten(0, 1)[:, None])
        return x.unflatten(0, (T, B))


class FilmClassifier(nn.Module):
    """What happens, as believed after each frame.

    Shapes: frames (T, B, S, S) -> logits (T, B, K)

    Source: Donahue et al. 2015.
    """

    def __init__(self, S: int, D: int, H: int, K: int, fine: bool = False):
        super().__init__()
        self.encoder = FrameEncoder(S, D, fine)
        self.loop = GRU(D, H)
        self.readout = nn.Linear(H, K)

    def forward(self, frames: Tensor) -> Tensor:
        """Logits after each frame, of what was seen until then."""
        y, _ = self.loop(self.encoder(frames))
        return self.readout(y)


class SingleFrame(nn.Module):
    """The baseline that sees one frame at a time and remembers none.

    Shapes: frames (T, B, S, S) -> logits (T, B, K)
    """

    def __init__(self, S: int, D: int, H: int, K: int, fine: bool = False):
        super().__init__()
        self.encoder = FrameEncoder(S, D, fine)
        self.think = nn.Linear(D, H)
        self.readout = nn.Linear(H, K)

    def forward(self, frames: Tensor) -> Tensor:
        """Logits of each frame alone."""
        x = self.encoder(frames)
        return self.readout(torch.tanh(self.think(x)))


class BagOfFrames(SingleFrame):
    """The baseline that sees all frames, but not their order.

    Shapes: frames (T, B, S, S) -> logits (T, B, K)
    """

    def forward(self, frames: Tensor) -> Tensor:
        """Logits after each frame: of the mean of all until then."""
        x = self.encoder(frames)
        count = torch.arange(1, len(x) + 1, device=x.device)
        mean = x.cumsum(dim=0) / count[:, None, None]
        return self.readout(torch.tanh(self.think(mean)))


class FilmBatch(NamedTuple):
    """Films side by side, and what each of them is."""

    frames: Tensor  # (T, B, S, S)
    labels: Tensor  # (B,), or (B, Q, K) where Q things are asked


def film_batches(
    frames: np.ndarray,
    labels: np.ndarray,
    B: int,
    device: torch.device | None = None,
) -> Callable[[np.random.Generator, int], FilmBatch]:
    """The `next_batch` that draws B films at a time.

    Instead of frames it takes what an encoder made of them, (N, T, D).

    Shapes: frames (N, T, S, S); labels (N,)
    """
    check_shape("frames", frames, "N", "T", *frames.shape[2:])
    check_shape("labels", labels, len(frames), *labels.shape[1:])

    def next_batch(rng: np.random.Generator, step: int) -> FilmBatch:
        chosen = rng.integers(len(frames), size=B)
        return film_batch(frames[chosen], labels[chosen], device)

    return next_batch


def film_batch(
    frames: np.ndarray,
    labels: np.ndarray,
    device: torch.device | None = None,
) -> FilmBatch:
    """Films as a network reads them: time first."""
    return FilmBatch(
        torch.as_tensor(frames).transpose(0, 1).to(device),
        torch.as_tensor(labels).to(device),
    )


def film_loss(
    model: nn.Module, batch: FilmBatch, carry: Any
) -> tuple[Tensor, Any]:
    """The mean surprise of the label, after every frame alike.

    A network that is asked after each frame learns to answer early.
    """
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry


def seen_loss(
    model: nn.Module, batch: FilmBatch, carry: Any
) -> tuple[Tensor, Any]:
    """The mean surprise of what is seen: answers to Q questions.

    The labels are (B, Q, K), 1 for each right answer. A question may have
    several; they share its probability.
    """
    logits = model(batch.frames).unflatten(2, batch.labels.shape[1:])
    share = batch.labels / batch.labels.sum(dim=2, keepdim=True)
    share = share.expand(len(logits), -1, -1, -1)
    return cross_entropy(logits.flatten(0, 2), share.flatten(0, 2)), carry


def logits_of(model: nn.Module, frames: Tensor, count: int = 250) -> Tensor:
    """A network's logits of many films, `count` at a time.

    Shapes: frames (T, N, S, S) -> logits (T, N, K)
    """
    model.eval()
    with torch.no_grad():
        parts = [model(part) for part in frames.split(count, dim=1)]
    return torch.cat(parts, dim=1).cpu()


def accuracy_by_frame(
    model: nn.Module, batch: FilmBatch, count: int = 250
) -> np.ndarray:
    """The share of films that are named rightly after each frame.

    Shapes: -> accuracy (T,)
    """
    best = logits_of(model, batch.frames, count).argmax(dim=2)
    right = best == batch.labels.cpu()
    return right.double().mean(dim=1).numpy()


def within_pairs(model: nn.Module, batch: FilmBatch) -> np.ndarray:
    """The same where only the two actions of its pair are compared.

    Labels 0 and 1 are a pair, 2 and 3, and so on.

    Shapes: -> accuracy (T,)
    """
    logits = logits_of(model, batch.frames)
    label = batch.labels.cpu().expand(len(logits), -1)[..., None]
    ahead = logits.gather(2, label) - logits.gather(2, label ^ 1)
    right = torch.heaviside(ahead, ahead.new_tensor(0.5))  # a tie is half
    return right.double().mean(dim=(1, 2)).numpy()


def load_classifier(
    path: str | os.PathLike,
) -> tuple[FilmClassifier, dict[str, Any]]:
    """A stored classifier, and what is known of it.

    Raises Refused naming the file where it is no such model.
    """

    def build(about: dict[str, Any]) -> FilmClassifier:
        S, D, H = (about[name] for name in "SDH")
        fine = about.get("fine", False)
        return FilmClassifier(S, D, H, len(about["classes"]), fine)

    return load_module(path, KIND, build, "classifier of films")
