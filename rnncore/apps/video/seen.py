"""Networks that read features in place of frames, and their rivals."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnncore.apps.video import changes
from rnncore.apps.video.changes import STRETCH, ChangeClassifier
from rnncore.backend import check_shape
from rnncore.nn import GRU
from rnncore.seq2seq import Encoded
from rnncore.storage.weights import load_module, read_about
from rnncore.video import captions
from rnncore.video.model import KIND, FilmBatch, film_batch, load_classifier

NETWORK = "features"  # as a model's file calls a classifier of them


class Reader(nn.Module):
    """Features as D numbers: each film's with a mean square of 1, mixed.

    Shapes: features (T, B, F) -> x (T, B, D)

    Raises ValueError where there are more or fewer than F.
    """

    def __init__(self, F: int, D: int):
        super().__init__()
        self.F = F
        self.mix = nn.Linear(F, D)
        nn.init.kaiming_normal_(self.mix.weight, nonlinearity="relu")

    def forward(self, features: Tensor) -> Tensor:
        """A film of zeros stays one."""
        check_shape("features", features, "T", "B", self.F)
        x = features.float()
        size = x.square().mean(dim=(0, 2), keepdim=True).sqrt()
        return (self.mix(x / size.clamp(min=1e-6))).relu()


class FeatureClassifier(nn.Module):
    """What happens in a film, by its features, forward and backward.

    The mean of all states is read out: one answer a film.

    Shapes: features (T, B, F) -> logits (1, B, K)

    Source: Donahue et al. 2015.
    """

    def __init__(self, F: int, D: int, H: int, K: int, dropout: float = 0.0):
        super().__init__()
        self.see = Reader(F, D)
        self.loop: nn.Module = GRU(D, H, bidirectional=True)
        self.drop = nn.Dropout(dropout)
        self.readout = nn.Linear(2 * H, K)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of the film as a whole."""
        y, _ = self.loop(self.see(features))
        return self.readout(self.drop(y.mean(dim=0, keepdim=True)))


class FeatureBag(FeatureClassifier):
    """The rival that sees each frame's features alone, in no order.

    Shapes: features (T, B, F) -> logits (1, B, K)
    """

    reach = 1  # frames that are seen together

    def __init__(self, F: int, D: int, H: int, K: int, dropout: float = 0.0):
        super().__init__(F, D, H, K, dropout)
        seen = nn.Linear(self.reach * D, 2 * H), nn.ReLU()
        self.loop = nn.Sequential(*seen)

    def forward(self, features: Tensor) -> Tensor:
        """Logits of the mean over all frames."""
        x = self.see(features)
        before = torch.cat([x[:1], x[:-1]])
        y = self.loop(torch.cat([x, before][: self.reach], dim=2))
        return self.readout(self.drop(y.mean(dim=0, keepdim=True)))


class FeaturePairs(FeatureBag):
    """The rival that sees each frame and the one before it; no order else.

    Shapes: features (T, B, F) -> logits (1, B, K)
    """

    reach = 2


class FeatureEncoder(nn.Module):
    """Films by their features, as what a decoder looks at.

    Shapes: features (T, B, F) -> states (T, B, H); mask (T, B);
        summary (B, H)
    """

    def __init__(self, F: int, D: int, H: int):
        super().__init__()
        self.see = Reader(F, D)
        self.loop = GRU(D, H)

    def forward(self, features: Tensor) -> Encoded:
        """All films are equally long: nothing is masked."""
        y, last = self.loop(self.see(features))
        return Encoded(y, _everywhere(y), last[0])


def varied_features(
    features: np.ndarray, labels: np.ndarray, B: int, device: torch.device | None = None
) -> Callable[[np.random.Generator, int], FilmBatch]:
    """The `next_batch` that draws B films, which begin and end elsewhere.

    Up to a tenth earlier or later, as `varied_batches` has them.

    Shapes: features (N, T, F); labels (N,)
    """
    check_shape("features", features, "N", "T", "F")
    check_shape("labels", labels, len(features))
    T = features.shape[1]

    def next_batch(rng: np.random.Generator, step: int) -> FilmBatch:
        chosen = rng.integers(len(features), size=B)
        films = []
        for k in chosen:
            first, last = rng.uniform(-STRETCH, STRETCH, size=2)
            times = np.linspace(first, 1 + last, T).clip(0, 1) * (T - 1)
            films.append(features[k][times.round().astype(int)])
        return film_batch(np.stack(films), labels[chosen], device)

    return next_batch


def load_feature_model(
    path: str | os.PathLike,
) -> tuple[FeatureClassifier, dict[str, Any]]:
    """A stored classifier of features, and what is known of it.

    Raises Refused naming the file where it is no such model.
    """

    def build(about: dict[str, Any]) -> FeatureClassifier:
        F, D, H = (about[name] for name in ("features", "D", "H"))
        return FeatureClassifier(F, D, H, len(about["classes"]))

    return load_module(path, KIND, build, "classifier of features")


def build_captioner(about: dict[str, Any], K: int) -> Any:
    """A network for what is known of a model: frames, or features of them."""
    S, D, H = (about[name] for name in "SDH")
    if "features" not in about:
        return captions.Captioner(S, D, H, K)
    return captions.Captioner(about["features"], D, H, K, FeatureEncoder)


def load_captioner(path: str | os.PathLike) -> tuple[Any, Any, dict[str, Any]]:
    """A stored captioner of any kind, its words, what is known of it.

    Raises Refused naming the file where it is no such model.
    """
    if "features" not in read_about(path, captions.KIND):
        return captions.load_captioner(path)

    def build(about: dict[str, Any]) -> Any:
        return build_captioner(about, words_of(about).size)

    given = path, captions.KIND, build, "captioner of features"
    model, about = load_module(*given)
    return model, words_of(about), about


def words_of(about: dict[str, Any]) -> Any:
    """The words that a model writes, or pieces of words."""
    if "pieces" in about:
        from rnncore.translate.subwords import SubWords

        return SubWords(about["pieces"])
    return captions.Words(tuple(map(str, about["words"])))


def _everywhere(states: Tensor) -> Tensor:
    shape = states.shape[:2]
    return torch.ones(shape, dtype=torch.bool, device=states.device)


def load_film_model(path: str | os.PathLike) -> tuple[nn.Module, dict[str, Any]]:
    """A stored classifier of any kind, and what is known of it.

    Raises Refused naming the file where it is no such model.
    """
    network = read_about(path, KIND).get("network")
    if network == NETWORK:
        return load_feature_model(path)
    if network != changes.NETWORK:
        return load_classifier(path)

    def build(about: dict[str, Any]) -> ChangeClassifier:
        S, D, H = (about[name] for name in "SDH")
        return ChangeClassifier(S, D, H, len(about["classes"]))

    return load_module(path, KIND, build, "classifier of films")
