"""A loss over many words that looks at few: sampled softmax."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding

from rnncore.backend import check_shape
from rnncore.text.model import LanguageModel, States


def inclusion(counts: np.ndarray, draws: float) -> np.ndarray:
    """The probability that a word is drawn: draws times its share, or 1.

    So at most `draws` words are expected, frequent ones always among them.

    Shapes: counts (K,) -> included (K,)

    Raises ValueError unless draws and all counts are positive.
    """
    check_shape("counts", counts, "K")
    if not draws > 0:
        raise ValueError(f"draws: expected more than 0, got {draws}")
    if not counts.min() > 0:
        raise ValueError(
            f"counts: expected more than 0 of each, got {counts.min()}"
        )
    return np.minimum(1.0, draws * counts / counts.sum())


def draw_words(
    rng: np.random.Generator, included: np.ndarray
) -> np.ndarray:
    """The words that a coin each has chosen: Poisson sampling.

    Shapes: included (K,) -> drawn (S,)
    """
    check_shape("included", included, "K")
    return np.flatnonzero(rng.random(len(included)) < included)


def sampled_cross_entropy(
    y: Tensor,
    targets: Tensor,
    weight: Tensor,
    bias: Tensor,
    drawn: Tensor,
    log_included: Tensor,
) -> Tensor:
    """Mean -log p(target) where only it and the drawn words have logits.

    From each logit goes the log of the probability that its word is
    drawn. With every word drawn for certain it is the cross-entropy.

    Shapes: y (N, H); targets (N,); weight (K, H); bias (K,); drawn (S,);
        log_included (K,) -> loss ()

    Raises ValueError where a shape does not fit.
    Source: Bengio & Senecal 2003; Jean et al. 2015.
    """
    check_shape("y", y, "N", "H")
    check_shape("weight", weight, "K", y.shape[1])
    check_shape("targets", targets, len(y))
    if drawn.ndim != 1:  # (S,); it may be empty
        check_shape("drawn", drawn, "S")
    for name, row in ("bias", bias), ("log_included", log_included):
        check_shape(name, row, len(weight))
    correction = bias - log_included
    own = (y * embedding(targets, weight)).sum(1) + correction[targets]
    others = y @ embedding(drawn, weight).T + correction[drawn]
    twice = drawn == targets[:, None]  # (N, S): `own` has it already
    others = others.masked_fill(twice, -torch.inf)
    logits = torch.cat([own[:, None], others], dim=1)
    return (logits.logsumexp(dim=1) - own).mean()


def candidate_loss(
    included: np.ndarray, log_included: np.ndarray, rng: np.random.Generator
) -> Callable[[LanguageModel, np.ndarray, States], tuple[Tensor, States]]:
    """A loss for `train_module`: one draw for all tokens of a window.

    `log_included` is what is subtracted; with zeros nothing is corrected.
    """
    correction = torch.from_numpy(log_included).float()

    def loss(
        model: LanguageModel, ids: np.ndarray, state: States
    ) -> tuple[Tensor, States]:
        tokens = torch.as_tensor(ids)
        y, state = model.hidden(tokens[:-1], state)
        nats = sampled_cross_entropy(
            y.flatten(0, 1),
            tokens[1:].flatten(),
            model.readout.weight,
            model.readout.bias,
            torch.from_numpy(draw_words(rng, included)),
            correction,
        )
        return nats, state

    return loss
