"""Captions of photographs, from what a published network saw in them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from rnncore.application import cooling
from rnncore.backend import check_shape
from rnncore.data.public.pictures import Photograph
from rnncore.seq2seq import END, START, AttentionDecoder, Encoded, pad, translation_loss
from rnncore.translate.recipe import tie_readout, write_by_beam

LIMIT = 30  # pieces of a caption, at most
DROPOUT = 0.3
SMOOTHING = 0.1  # of the targets
FALLING = 0.8  # the part of the steps in which the rate falls to 0
WIDTH = 5  # of the beam
PENALTIES = 0.0, 0.6, 1.0  # of which validation chooses one
AT_ONCE = 100  # photographs
Coded = Sequence[Sequence[Sequence[int]]]  # the captions of each photograph
MakeBatch = Callable[[list[int], list], Any]  # of rows, a caption each


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

    def __init__(self, G: int, F: int, D: int, H: int, K: int, rate: float = 0.0):
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
    return PhotoBatch(Seen(seen.grid[chosen], seen.pooled[chosen]), read, said)


def draw_captions(
    captions: Sequence[Sequence[Sequence[int]]], B: int
) -> Callable[[np.random.Generator], tuple[list[int], list]]:
    """What draws B photographs by their rows, and a caption of each."""

    def draw(rng: np.random.Generator) -> tuple[list[int], list]:
        rows = rng.integers(len(captions), size=B).tolist()
        return rows, [captions[k][int(rng.integers(len(captions[k])))] for k in rows]

    return draw


@torch.no_grad()
def describe(
    model: PhotoCaptioner,
    seen: Seen,
    width: int = 5,
    alpha: float = 0.6,
    limit: int = LIMIT,
    B: int = 100,
) -> list[list[int]]:
    """The best caption that a beam finds for each photograph, as tokens."""
    model.eval()
    write = write_by_beam(width, alpha)
    said: list[list[int]] = []
    for start in range(0, len(seen.grid), B):
        part = Seen(*(each[start : start + B] for each in seen))
        said += write(model.decoder, model.encoder(part), limit)
    return said


def build_captioner(G: int, F: int, H: int, K: int) -> PhotoCaptioner:
    """The network: what writes a word also reads it."""
    return tie_readout(PhotoCaptioner(G, F, H, H, K, DROPOUT))


def album_recipe(
    learned: tuple[MakeBatch, Coded],
    held_out: tuple[MakeBatch, Coded],
    batch: int,
    steps: int,
    rate: float,
) -> dict[str, Any]:
    """The loss, next_batch, evaluate and optimizer of `train_module`.

    Each part is what makes a batch of some of its rows, and its encoded
    captions. The first caption of each photograph held out is scored. The
    rate falls to 0.
    """
    (make, captions), (make_held, held) = learned, held_out
    draw = draw_captions(captions, batch)
    rows = np.array_split(np.arange(len(held)), -(-len(held) // AT_ONCE))
    looked = [make_held(part.tolist(), [held[k][0] for k in part]) for part in rows]

    def next_batch(rng: np.random.Generator, step: int) -> Any:
        return make(*draw(rng))

    def evaluate(model: Any) -> float:
        nats = [float(measure_nats(model, batch)) for batch in looked]
        return float(np.mean(nats))

    return {
        "loss": smoothed_loss,
        "next_batch": next_batch,
        "evaluate": evaluate,
        "optimizer": cooling(rate, steps, FALLING),
    }


def smoothed_loss(model: Any, batch: Any, carry: Any) -> tuple[Tensor, Any]:
    """The loss of targets that are not quite sure."""
    return measure_nats(model, batch, SMOOTHING), carry


def measure_nats(model: Any, batch: Any, epsilon: float = 0.0) -> Tensor:
    """The loss of a batch under teacher forcing.

    Its first field is what the network sees.
    """
    logits = model(batch[0], batch.read)
    return translation_loss(logits, batch.targets, epsilon)
