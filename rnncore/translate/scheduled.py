"""Scheduled sampling: a translator trained partly on its own words."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnncore.backend import check_shape
from rnncore.seq2seq import (
    PAD,
    Encoded,
    Translator,
    next_token,
    translation_loss,
)
from rnncore.text.sampling import draw_tokens
from rnncore.translate.training import Batch


@torch.no_grad()
def mixed_inputs(
    rng: np.random.Generator,
    decoder: Any,
    source: Encoded,
    read: Tensor,
    share: float,
) -> Tensor:
    """`read`, where the decoder's own draws replace a share of the tokens.

    A coin is tossed for each token after START; the draw at a place is
    made after everything before it, true or drawn, was read.

    Shapes: read (T, B) -> mixed (T, B)

    Raises ValueError where the share is not 0 to 1, or a shape does not
    fit.
    Source: Bengio et al. 2015.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: expected 0 to 1, got {share}")
    check_shape("read", read, "T", source.summary.shape[0])
    T, B = read.shape
    own = torch.from_numpy(rng.random((T, B)) < share).to(read.device)
    own &= read != PAD
    own[:1] = False  # START is never drawn
    mixed, h = read.clone(), decoder.start(source)
    for t in range(1, T if own.any() else 1):
        log_p, h = next_token(decoder, mixed[t - 1 : t], h, source)
        drawn = torch.from_numpy(
            draw_tokens(rng, log_p.exp().cpu().numpy())
        )
        mixed[t] = torch.where(own[t], drawn.to(read.device), mixed[t])
    return mixed


def constant_share(share: float) -> Callable[[int], float]:
    """The share of own tokens at each step of training: always this one."""
    return lambda step: share


def rising_share(end: float, steps: int) -> Callable[[int], float]:
    """A share that rises in a straight line, from 0 to `end`.

    Source: Bengio et al. 2015, the linear schedule.
    """
    return lambda step: end * min(1.0, step / steps)


def sampled_loss(
    share: Callable[[int], float], rng: np.random.Generator
) -> Callable[[Translator, Batch, int], tuple[Tensor, int]]:
    """A loss for `train_module` whose carry is the step, from 0 on.

    The draws are constants: no gradient flows back through one.
    """

    def loss(
        model: Translator, batch: Batch, step: int
    ) -> tuple[Tensor, int]:
        source, decoder = model.encoder(*batch[:2]), model.decoder
        read = mixed_inputs(rng, decoder, source, batch.read, share(step))
        logits, _ = decoder(read, decoder.start(source), source)
        return translation_loss(logits, batch.targets), step + 1

    return loss
