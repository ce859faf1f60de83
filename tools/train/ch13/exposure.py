"""What does a network learn that reads its own words in training?

"source": a coin writes ababab or bababa. The distance of what a network learns from
that, over all strings of six letters, by the share of own tokens; five learning
rates for each share, of which the one with the smallest distance counts. In the
control the targets are those that belong to what was fed. Three seeds, new strings
in every batch. About five minutes of one core.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise, product

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from rnncore.application import seeded
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.seq2seq import Encoder, Translator, VectorDecoder, translation_loss
from rnncore.translate.scheduled import constant_share, mixed_inputs, sampled_loss
from rnncore.translate.training import Batch, batch_of
from tools.train.runner import Measurement, Options, Training, fit_module

SEEDS = (0, 1, 2)
LETTERS = 3, 4  # the tokens a and b
LENGTH = 6
H, STEPS = 16, 200
RATES = [0.003, 0.01, 0.03, 0.1]


def coin_strings(rng: np.random.Generator, step: int) -> Batch:
    """Thirty-two strings, ababab or bababa by a coin each; nothing to read."""
    firsts = rng.integers(2, size=32)
    rows = [[LETTERS[(f + t) % 2] for t in range(LENGTH)] for f in firsts]
    return batch_of([[LETTERS[0]]] * len(rows), rows)


def make_writer(seed: int) -> Translator:
    """A small network with weights of this seed."""
    with seeded(seed):
        encoder = Encoder(4, 2, 2)
        return Translator(encoder, VectorDecoder(5, 4, H, 4))


@torch.no_grad()
def compute_probabilities(model: Translator) -> np.ndarray:
    """The probability of each string of LENGTH letters, in product's order."""
    rows = [list(row) for row in product(LETTERS, repeat=LENGTH)]
    batch = batch_of([[LETTERS[0]]] * len(rows), rows)
    log_p = model(batch.ids, batch.lengths, batch.read).log_softmax(dim=2)
    each = log_p.gather(2, batch.targets[..., None])[..., 0]
    return np.exp(each.numpy().sum(axis=0))


def measure_variation(p: np.ndarray) -> float:
    """Total variation from the source; what is on other strings counts."""
    rows = list(product(LETTERS, repeat=LENGTH))
    true = [0.5 * all(a != b for a, b in pairwise(r)) for r in rows]
    return float(0.5 * (np.abs(p - true).sum() + 1 - p.sum()))


def corrected_loss(rng: np.random.Generator) -> Callable:
    """All tokens its own, and the targets are what the source writes after them."""

    def loss(model: Translator, batch: Batch, step: int) -> tuple[Tensor, int]:
        source, decoder = model.encoder(*batch[:2]), model.decoder
        read = mixed_inputs(rng, decoder, source, batch.read, 1.0)
        targets = batch.targets.clone()
        letter = read[1:-1] >= LETTERS[0]
        other = sum(LETTERS) - read[1:-1]
        targets[1:-1] = torch.where(letter, other, targets[1:-1])
        logits, _ = decoder(read, decoder.start(source), source)
        return translation_loss(logits, targets), step + 1

    return loss


def loss_of(share: float, rng: np.random.Generator) -> Callable:
    """Scheduled sampling with a constant share."""
    return sampled_loss(constant_share(share), rng)


LOSSES: dict[str, Callable[[np.random.Generator], Callable]] = {
    **{f"{share:g}": partial(loss_of, share) for share in (0.0, 0.25, 0.5, 1.0)},
    "corrected": corrected_loss,
}


def train_writer(name: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run; its score is exact, so there is nothing to hold out."""
    model = make_writer(seed)
    fit_module(
        model,
        LOSSES[name](np.random.default_rng(seed + 100)),
        coin_strings,
        setting["rate"],
        steps,
        seed,
        f"{name} {setting['rate']}",
        carry=0,
    )
    found = measure_variation(compute_probabilities(model))
    tqdm.write(f"{name} {setting} {seed}: {found:.4f}")
    return Trained(found, steps, lambda: found)


def measure_source(asked: Options) -> Iterator[Measurement]:
    """The distance, by the share of own tokens."""
    found = compare(
        {name: partial(train_writer, name) for name in LOSSES},
        {"rate": RATES},
        steps=asked.steps or STEPS,
        seeds=SEEDS,
    )
    unit = "total variation from the source"
    yield Measurement("exposure.source", to_json(found), unit, list(SEEDS))


TRAINING = Training("exposure", __doc__, {}, {"source": measure_source})
