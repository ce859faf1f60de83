"""Training a translator, and how good it is."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnncore.data.translation import Pair
from rnncore.seq2seq import (
    END,
    START,
    AdditiveScore,
    AttentionDecoder,
    DotScore,
    Encoded,
    Encoder,
    Hypothesis,
    StateDecoder,
    Translator,
    VectorDecoder,
    beam_search,
    greedy,
    pad,
    translation_loss,
)
from rnncore.translate.subwords import SubWords

DECODERS = "state", "vector", "dot", "additive"
ROOM = 60  # tokens that a translation may be longer than twice its source


class Batch(NamedTuple):
    """Sources, what the decoder reads, and what it should then say."""

    ids: Tensor  # (S, B)
    lengths: list[int]
    read: Tensor  # (T, B) START and the target
    targets: Tensor  # (T, B) the target and END


class Quality(NamedTuple):
    """How near translations come to the references, 0 to 100."""

    exact: float  # share that is equal, in percent
    chrf: float
    bleu: float


def build_translator(
    K_source: int,
    K_target: int,
    D: int,
    H: int,
    decoder: str = "dot",
    rate: float = 0.1,
) -> Translator:
    """A bidirectional encoder and one of the four decoders.

    Raises ValueError where the decoder is unknown.
    """
    if decoder not in DECODERS:
        raise ValueError(
            f"decoder: expected {', '.join(DECODERS)}, got {decoder!r}"
        )
    encoder = Encoder(K_source, D, H, rate)
    sizes = K_target, D, H, 2 * H
    if decoder in ("state", "vector"):
        kind = StateDecoder if decoder == "state" else VectorDecoder
        return Translator(encoder, kind(*sizes, rate))
    score = {"dot": DotScore, "additive": AdditiveScore}[decoder]
    return Translator(encoder, AttentionDecoder(*sizes, score, rate))


def batch_of(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    device: torch.device | None = None,
) -> Batch:
    """Encoded pairs side by side, padded.

    Raises ValueError where a sentence is empty.
    """
    ids, lengths = pad(sources)
    read, _ = pad([[START, *t] for t in targets])
    said, _ = pad([[*t, END] for t in targets])
    return Batch(ids.to(device), lengths, read.to(device), said.to(device))


def shuffled_batches(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    B: int,
    device: torch.device | None = None,
) -> Callable[[np.random.Generator, int], Batch]:
    """The `next_batch` that draws B pairs at a time, of similar length.

    Eight batches are drawn together and sorted by length, so that little
    is padding; one of the eight is taken.
    """
    size = np.array([len(s) for s in sources])

    def next_batch(rng: np.random.Generator, step: int) -> Batch:
        drawn = rng.integers(len(sources), size=8 * B)
        drawn = drawn[np.argsort(size[drawn], kind="stable")]
        start = B * rng.integers(8)
        chosen = drawn[start : start + B]
        return batch_of(
            [sources[k] for k in chosen],
            [targets[k] for k in chosen],
            device,
        )

    return next_batch


def translate_loss(
    model: Translator, batch: Batch, carry: None, epsilon: float = 0.0
) -> tuple[Tensor, None]:
    """`translation_loss` of the target's tokens under teacher forcing."""
    logits = model(batch.ids, batch.lengths, batch.read)
    return translation_loss(logits, batch.targets, epsilon), None


@torch.no_grad()
def mean_loss(
    model: Translator,
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    B: int = 256,
) -> float:
    """Teacher forcing's mean of -log p per token, over encoded pairs.

    Raises ValueError where there is none.
    """
    if not pairs:
        raise ValueError("pairs: expected at least one, got none")
    device = next(model.parameters()).device
    ranked = sorted(pairs, key=lambda pair: len(pair[0]))
    total, count = 0.0, 0
    for start in range(0, len(ranked), B):
        sources, targets = zip(*ranked[start : start + B], strict=True)
        tokens = sum(map(len, targets)) + len(targets)  # END is one
        batch = batch_of(sources, targets, device)
        loss, _ = translate_loss(model, batch, None)
        total, count = total + tokens * float(loss), count + tokens
    return total / count


@torch.no_grad()
def translate(
    model: Translator,
    source: SubWords,
    target: SubWords,
    sentences: Sequence[str],
    B: int = 256,
    write: Callable[[Any, Encoded, int], list[list[int]]] = greedy,
) -> list[str]:
    """Translations, greedy ones by default, in the sentences' order.

    Raises ValueError where a sentence is empty.
    """
    device = next(model.parameters()).device
    encoded = [source.encode(s) for s in sentences]
    order = np.argsort([len(e) for e in encoded], kind="stable")
    said: list[str] = [""] * len(sentences)
    model.eval()
    for start in range(0, len(order), B):
        chosen = order[start : start + B]
        ids, lengths = pad([encoded[k] for k in chosen])
        read = model.encoder(ids.to(device), lengths)
        limits = [2 * n + ROOM for n in lengths]
        written = write(model.decoder, read, max(limits))
        for k, tokens, limit in zip(chosen, written, limits, strict=True):
            said[k] = target.decode(tokens[:limit])
    return said


def search(
    model: Translator,
    source: SubWords,
    target: SubWords,
    sentence: str,
    width: int,
    alpha: float = 0.6,
) -> list[tuple[str, Hypothesis]]:
    """The best translations that a beam finds, best first.

    Raises ValueError where the sentence is empty, or as `beam_search`.
    """
    device = next(model.parameters()).device
    ids, lengths = pad([source.encode(sentence)])
    model.eval()
    with torch.no_grad():
        read = model.encoder(ids.to(device), lengths)
        limit = 2 * max(lengths) + ROOM
        found = beam_search(model.decoder, read, width, limit, alpha)
    return [(target.decode(h.tokens), h) for h in found]


def quality(said: Sequence[str], pairs: Sequence[Pair]) -> Quality:
    """Exact match, chrF and BLEU of translations, by sacrebleu.

    Raises ValueError where their numbers differ, or there is none.
    """
    from sacrebleu.metrics import BLEU, CHRF

    if not pairs or len(said) != len(pairs):
        raise ValueError(
            f"said: expected {max(1, len(pairs))} translations, "
            f"got {len(said)}"
        )
    wanted = [pair.target for pair in pairs]
    equal = [a == b for a, b in zip(said, wanted, strict=True)]
    return Quality(
        100 * float(np.mean(equal)),
        CHRF().corpus_score(list(said), [wanted]).score,
        BLEU().corpus_score(list(said), [wanted]).score,
    )
