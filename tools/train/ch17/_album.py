"""What a captioner of photographs is made with, and how it learns."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from rnncore.application import cooling
from rnncore.seq2seq import translation_loss
from rnncore.translate.recipe import tie_readout
from tools.train.ch17._photographs import (
    AlbumEncoder,
    PhotoCaptioner,
    PhotoEncoder,
    draw_captions,
)

NETWORK = "photographs"  # as a model's file calls it
DROPOUT = 0.3
SMOOTHING = 0.1  # of the targets
FALLING = 0.8  # the part of the steps in which the rate falls to 0
WIDTH = 5  # of the beam
PENALTIES = 0.0, 0.6, 1.0  # of which validation chooses one
AT_ONCE = 100  # photographs
Coded = Sequence[Sequence[Sequence[int]]]  # the captions of each photograph
MakeBatch = Callable[[list[int], list], Any]  # of rows, a caption each


def build_captioner(
    G: int, F: int, H: int, K: int, encoder: type[PhotoEncoder] = AlbumEncoder
) -> PhotoCaptioner:
    """The network: what writes a word also reads it."""
    model = PhotoCaptioner(G, F, H, H, K, DROPOUT, encoder)
    return tie_readout(model)


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
