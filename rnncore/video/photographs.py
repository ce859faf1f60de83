"""Captions of photographs, from what a published network saw in them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from rnncore.backend import check_shape
from rnncore.data.public.pictures import Photograph
from rnncore.seq2seq import END, START, AttentionDecoder, Encoded, pad
from rnncore.translate.recipe import write_by_beam


class Seen(NamedTuple):
    """What is known of N photographs, side by side."""

    grid: Tensor  # (N, P, G): P places
    pooled: Tensor  # (N, F): all places together


class PhotoBatch(NamedTuple):
    """Photographs, what the decoder reads and what it should then say."""

    seen: Seen
    read: Tensor  # (T, N)
    targets: Tensor  # (T, N)


class PhotoEncoder(nn.Module):
    """A photograph as what a decoder looks at: its places, and the whole.

    Shapes: grid (N, P, G); pooled (N, F) -> states (P + 1, N, H); mask
        (P + 1, N); summary (N, H)
    """

    def __init__(self, G: int, F: int, H: int, rate: float = 0.0):
        super().__init__()
        self.place = nn.Linear(G, H)
        self.whole = nn.Linear(F, H)
        self.rate = rate

    def forward(self, seen: Seen) -> Encoded:
        """The whole is one more place to look at."""
        check_shape("grid", seen.grid, "N", "P", self.place.in_features)
        N = len(seen.grid)
        check_shape("pooled", seen.pooled, N, self.whole.in_features)
        whole = dropout(seen.pooled, self.rate, self.training)
        summary = torch.tanh(self.whole(whole))
        places = torch.tanh(self.place(seen.grid.transpose(0, 1)))
        states = torch.cat([places, summary[None]])
        mask = torch.ones(states.shape[:2], dtype=torch.bool)
        return Encoded(states, mask.to(states.device), summary)


class PhotoCaptioner(nn.Module):
    """Chapter 17's decoder, looking at places instead of frames.

    Shapes: read (T, N) -> logits (T, N, K)

    Source: Xu et al. 2015 (soft attention).
    """

    def __init__(
        self, G: int, F: int, D: int, H: int, K: int, rate: float = 0.0
    ):
        super().__init__()
        self.encoder = PhotoEncoder(G, F, H, rate)
        self.decoder = AttentionDecoder(K, D, H, H, rate=rate)

    def forward(self, seen: Seen, read: Tensor) -> Tensor:
        """Teacher forcing: logits after each true token that was read."""
        source = self.encoder(seen)
        return self.decoder(read, self.decoder.start(source), source)[0]


def see(photographs: Sequence[Photograph], scale: np.ndarray) -> Seen:
    """The features of an album's part, as the network reads them.

    Both are scaled so that a photograph's mean square is 1; of the pooled
    ones, which are never negative, the square roots are taken first, so
    that a strong one does not drown the others.

    Shapes: scale (G,) -> grid (N, P, G); pooled (N, F)
    """
    grid = np.stack([p.grid for p in photographs]) * scale
    pooled = np.stack([p.pooled for p in photographs])
    root = np.sqrt(np.maximum(pooled.astype(np.float32), 0))
    return Seen(*(torch.from_numpy(_even(each)) for each in (grid, root)))


def _even(features: np.ndarray) -> np.ndarray:
    """Each row with a mean square of 1; one of zeros stays as it is."""
    rows = features.reshape(len(features), -1)
    size = np.sqrt((rows**2).mean(axis=1, keepdims=True))
    even = rows / np.where(size > 0, size, 1)
    return even.reshape(features.shape).astype(np.float32)


def photo_batch(
    seen: Seen, rows: Sequence[int], captions: Sequence[Sequence[int]]
) -> PhotoBatch:
    """One encoded caption each of the photographs in these rows."""
    chosen = torch.as_tensor(np.asarray(rows))
    read, _ = pad([[START, *c] for c in captions])
    said, _ = pad([[*c, END] for c in captions])
    return PhotoBatch(
        Seen(seen.grid[chosen], seen.pooled[chosen]), read, said
    )


def photo_batches(
    seen: Seen, captions: Sequence[Sequence[Sequence[int]]], B: int
) -> Callable[[np.random.Generator, int], PhotoBatch]:
    """The `next_batch` that draws B photographs, and a caption of each.

    Raises ValueError where not every photograph has captions.
    """
    if len(captions) != len(seen.grid) or not all(captions):
        raise ValueError(
            f"captions: expected some for each of {len(seen.grid)} "
            f"photographs, got {sum(map(bool, captions))}"
        )

    def next_batch(rng: np.random.Generator, step: int) -> PhotoBatch:
        rows = rng.integers(len(captions), size=B).tolist()
        said = [
            captions[k][int(rng.integers(len(captions[k])))] for k in rows
        ]
        return photo_batch(seen, rows, said)

    return next_batch


@torch.no_grad()
def describe(
    model: PhotoCaptioner,
    seen: Seen,
    width: int = 5,
    alpha: float = 0.6,
    limit: int = 30,
    B: int = 100,
) -> list[list[int]]:
    """The best caption that a beam finds for each photograph, as tokens."""
    model.eval()
    write = write_by_beam(width, alpha)
    said: list[list[int]] = []
    for start in range(0, len(seen.grid), B):
        part = Seen(*(each[start : start + B] for each in seen))
        source = model.encoder(part)
        said += write(model.decoder, source, limit)
    return said
