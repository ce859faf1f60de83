"""Captions of photographs, from what a published network saw in them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from rnncore.backend import check_shape
from rnncore.data.public.pictures import Photograph
from rnncore.seq2seq import END, START, AttentionDecoder, Encoded, pad
from rnncore.translate.recipe import write_by_beam

LIMIT = 30  # pieces of a caption, at most


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


class AlbumEncoder(PhotoEncoder):
    """The same of photographs of which each place has all F numbers.

    Shapes: features (P, B, F) -> states (P + 1, B, H); mask (P + 1, B);
        summary (B, H)
    """

    def forward(self, features: Tensor) -> Encoded:  # type: ignore[override]
        """The whole is the mean over all places."""
        return super().forward(look(features))


class PhotoCaptioner(nn.Module):
    """Chapter 17's decoder, looking at places instead of frames.

    Shapes: read (T, N) -> logits (T, N, K)

    Source: Xu et al. 2015 (soft attention).
    """

    def __init__(
        self,
        G: int,
        F: int,
        D: int,
        H: int,
        K: int,
        rate: float = 0.0,
        encoder: type[PhotoEncoder] = PhotoEncoder,
    ):
        super().__init__()
        self.encoder = encoder(G, F, H, rate)
        self.decoder = AttentionDecoder(K, D, H, H, rate=rate)

    def forward(self, seen: Any, read: Tensor) -> Tensor:
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


def look(features: Tensor) -> Seen:
    """The same of photographs of one's own: F numbers at each place.

    Shapes: features (P, B, F) -> grid (B, P, F); pooled (B, F)
    """
    check_shape("features", features, "P", "B", "F")
    x = features.float()
    root = x.mean(dim=0).clamp(min=0).sqrt()
    parts = []
    for each in x.transpose(0, 1), root:
        rows = each.flatten(1)
        size = rows.square().mean(dim=1, keepdim=True).sqrt()
        parts.append((rows / torch.where(size > 0, size, 1)).view_as(each))
    return Seen(*parts)


def photo_batch(
    seen: Seen, rows: Sequence[int], captions: Sequence[Sequence[int]]
) -> PhotoBatch:
    """One encoded caption each of the photographs in these rows."""
    chosen = torch.as_tensor(np.asarray(rows))
    read, _ = pad([[START, *c] for c in captions])
    said, _ = pad([[*c, END] for c in captions])
    return PhotoBatch(Seen(seen.grid[chosen], seen.pooled[chosen]), read, said)


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

    draw = draw_captions(captions, B)

    def next_batch(rng: np.random.Generator, step: int) -> PhotoBatch:
        return photo_batch(seen, *draw(rng))

    return next_batch


def draw_captions(
    captions: Sequence[Sequence[Sequence[int]]], B: int
) -> Callable[[np.random.Generator], tuple[list[int], list]]:
    """What draws B photographs by their rows, and a caption of each."""

    def draw(rng: np.random.Generator) -> tuple[list[int], list]:
        rows = rng.integers(len(captions), size=B).tolist()
        return rows, [captions[k][int(rng.integers(len(captions[k])))] for k in rows]

    return draw


def describe(
    model: PhotoCaptioner,
    seen: Seen,
    width: int = 5,
    alpha: float = 0.6,
    limit: int = LIMIT,
    B: int = 100,
) -> list[list[int]]:
    """The best caption that a beam finds for each photograph, as tokens."""
    parts = (
        Seen(*(each[start : start + B] for each in seen))
        for start in range(0, len(seen.grid), B)
    )
    return describe_parts(model, parts, width, alpha, limit)


@torch.no_grad()
def describe_parts(
    model: Any, parts: Iterable[Any], width: int, alpha: float, limit: int = LIMIT
) -> list[list[int]]:
    """The same of photographs that come in parts, as the encoder reads."""
    model.eval()
    write = write_by_beam(width, alpha)
    said: list[list[int]] = []
    for part in parts:
        said += write(model.decoder, model.encoder(part), limit)
    return said
